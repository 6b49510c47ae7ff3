"""What a stolen desktop tries at the centre: named cases, each with a device's own login and straight SQL.

A case fails (``AssertionError`` or pytest's own failure) when its attack succeeds. Those of other test files are
taken over from there as they are, so that one list names every attack::

    python -m tests.sync.attack          # every case on both kinds of centre; exit status 1 if one succeeds

A centre is either fresh, or carried over from PostgreSQL 14 defaults: a database of an earlier revision in whose
schema ``public`` everybody might create, where a stranger had planted code before the upgrade.
"""

from __future__ import annotations

import contextlib
import inspect
import json
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import sqlalchemy as sa
from psycopg2 import errors

from erp_desktop.db import history, migrate
from erp_desktop.db.embedded import EmbeddedPostgres
from erp_desktop.db.engine import create_pg_engine, create_sqlite_engine
from erp_desktop.errors import ErpError, UpgradeError
from erp_desktop.sync import enrolment
from tests.sync import test_envelope, test_rules, test_security
from tests.sync.lab import Device, Lab, cache_maker, seed

KINDS = ("neuf", "repris")
"""Fresh; carried over from PostgreSQL 14 defaults."""

CASES: dict[str, Callable[..., None]] = {}
OWN: list[str] = []
"""Cases that no other test file runs."""

_BORROWED: dict[str, str] = {}
"""File that each other case comes from."""


def of_module(module: Any) -> list[str]:
    """Cases that were taken over from a test file."""
    return [name for name, origin in _BORROWED.items() if origin == module.__name__]


def case(name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register an attack; its parameters are any of lab, device, line (a cursor of the device) and thief."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        CASES[name] = function
        OWN.append(name)
        return function

    return register


def _borrow(module: Any) -> None:
    """Register every test of another file, once for each of its parameters."""
    for name, function in vars(module).items():
        if not name.startswith("test_") or not inspect.isfunction(function):
            continue
        sets: list[dict[str, Any]] = [{}]
        for mark in getattr(function, "pytestmark", []):
            names = [mark.args[0]] if isinstance(mark.args[0], str) and "," not in mark.args[0] else mark.args[0]
            names = [n.strip() for n in names.split(",")] if isinstance(names, str) else names
            values = [v if len(names) > 1 else (v,) for v in mark.args[1]]
            sets = [{**s, **dict(zip(names, v, strict=True))} for s in sets for v in values]
        title = name.removeprefix("test_").replace("_", " ")
        for given in sets:
            shown = "".join(f" [{str(v)[:50]}]" for v in given.values())

            def run(function: Any = function, given: dict[str, Any] = given, **found: Any) -> None:
                function(**given, **found)

            wanted = [p for p in inspect.signature(function).parameters if p not in given]
            run.wanted = wanted  # type: ignore[attr-defined]
            CASES[title + shown] = run
            _BORROWED[title + shown] = module.__name__


_borrow(test_security)
_borrow(test_envelope)
_borrow(test_rules)


# --- Code of the caller under somebody else's rights ------------------------------------------------------------

TYPES = ("text", "bigint", "integer", "name", "jsonb", "timestamptz")
OPERATORS = ("||", "=", "<>", "->", "->>", "+", "<")
FUNCTIONS = (
    "poste()", "agence()", "auteur()", "noter(text, bigint, bigint, text, jsonb)", "format(text, text)",
    "length(text)", "now()", "left(text, integer)", "pg_notify(text, text)", "jsonb_array_length(jsonb)",
    "current_setting(text, boolean)", "exiger_poste()", "exiger_isolation()", "to_jsonb(text)", "nextval(text)",
)  # fmt: skip
SHADOWS = ("clients", "users", "devices", "row_state", "interventions", "agences", "registre", "pg_roles")


def _plant(line: Any, schema: str) -> int:
    """As the thief, leave code under every name that the centre uses; returns how many objects there are.

    Whatever of it runs under another role's rights draws from the sequence ``public.butin``, which none undoes.
    """
    line.execute("SELECT session_user")
    trap = (
        f"BEGIN IF current_user OPERATOR(pg_catalog.<>) '{line.fetchone()[0]}' "
        "THEN PERFORM pg_catalog.nextval('public.butin'); END IF; "
    )
    made = 0

    def attempt(statement: str) -> None:
        nonlocal made
        try:
            line.execute(statement)
        except psycopg2.Error as error:
            # A name that the server keeps for itself; anything else is a fault of this test.
            if isinstance(error, errors.InsufficientPrivilege):
                raise
            return
        made += 1

    for signature in FUNCTIONS:
        attempt(
            f"CREATE FUNCTION {schema}.{signature} RETURNS text LANGUAGE plpgsql AS $t$ {trap} RETURN 'x'; END $t$"
        )
    for left in TYPES:
        for right in TYPES:
            attempt(
                f"CREATE FUNCTION {schema}.piege({left}, {right}) RETURNS boolean LANGUAGE plpgsql AS "
                f"$t$ {trap} RETURN true; END $t$"
            )
            for operator in OPERATORS:
                attempt(
                    f"CREATE OPERATOR {schema}.{operator} (FUNCTION = {schema}.piege, LEFTARG = {left}, "
                    f"RIGHTARG = {right})"
                )
    attempt(
        f"CREATE FUNCTION {schema}.piege(text) RETURNS boolean LANGUAGE plpgsql AS $t$ {trap} RETURN true; END $t$"
    )
    for name in ("text", "bigint", "jsonb", "integer", "int4range", "timestamptz"):
        attempt(f"CREATE DOMAIN {schema}.{name} AS pg_catalog.text CHECK ({schema}.piege(VALUE::pg_catalog.text))")
    attempt(f"CREATE TYPE {schema}.faux AS (a integer)")
    attempt(
        f"CREATE FUNCTION {schema}.en_entier({schema}.faux) RETURNS pg_catalog.int8 LANGUAGE plpgsql AS "
        f"$t$ {trap} RETURN 1; END $t$"
    )
    attempt(
        f"CREATE CAST ({schema}.faux AS pg_catalog.int8) WITH FUNCTION {schema}.en_entier({schema}.faux) AS IMPLICIT"
    )
    for name in SHADOWS:
        attempt(f"CREATE VIEW {schema}.{name} AS SELECT 1::pg_catalog.int8 AS id, {schema}.piege('x'::text) AS poste")
    return made


def _every_entry(lab: Lab, device: Device, line: Any) -> int:
    """Call all that a device may execute, with arguments of no account; returns how many answered."""
    found = lab.sql(
        "SELECT p.proname, ARRAY(SELECT t.typname::text FROM unnest(p.proargtypes) WITH ORDINALITY a(oid, i) "
        "JOIN pg_type t ON t.oid = a.oid ORDER BY a.i) FROM pg_proc p "
        "WHERE p.pronamespace = 'sync'::regnamespace AND p.prokind = 'f' AND p.prorettype <> 'trigger'::regtype "
        "AND has_function_privilege(%s, p.oid, 'EXECUTE') ORDER BY 1", device.login,
    )  # fmt: skip
    sample = {"text": "'x'", "jsonb": "'{\"n\": 0}'", "xid8": "'0'", "_text": "'{x}'", "_int8": "'{1}'"}
    answered, one = 0, "'1'"
    for name, arguments in found:
        values = ", ".join(f"{sample.get(a, one)}::pg_catalog.{a}" for a in arguments)
        try:
            line.execute(f"SELECT sync.{name}({values})")
        except psycopg2.Error:
            continue
        answered += 1
    assert len(found) > 25
    return answered


def _owners_day(lab: Lab) -> None:
    """An administrator's edits: every kind of trigger runs."""
    pk, client = lab.ids("interventions")[0], lab.ids("clients")[0]
    lab.set("clients", client, ville="Fès")
    lab.set("interventions", pk, titre="Du centre", technicien_id=lab.ids("techniciens")[0], statut="affectee")
    new = lab.value(
        "INSERT INTO clients (agence_id, nom_entreprise, created_at, updated_at) "
        "VALUES (%s, 'Nouveau', now(), now()) RETURNING id", lab.agence("CAS"),
    )  # fmt: skip
    lab.set("clients", new, agence_id=lab.agence("TNG"))
    lab.sql("DELETE FROM clients WHERE id = %s", new)


def _loot(lab: Lab) -> None:
    lab.sql("CREATE SEQUENCE public.butin; GRANT ALL ON SEQUENCE public.butin TO PUBLIC")


def _nothing_ran(lab: Lab) -> None:
    assert lab.value("SELECT is_called FROM public.butin") is False, (
        "the thief's code ran under somebody else's rights"
    )


@case("opérateurs, fonctions, types et vues plantés dans pg_temp")
def temporary_code(lab: Lab, device: Device, line: Any) -> None:
    _loot(lab)
    lab.sql(f"GRANT TEMPORARY ON DATABASE {lab.value('SELECT current_database()')} TO PUBLIC")
    assert _plant(line, "pg_temp") > 100
    line.execute("SET search_path = pg_temp, public, sync, pg_catalog")
    assert _every_entry(lab, device, line) > 20
    pk = lab.ids("clients")[0]
    change = {"n": 1, **test_security.update("clients", "ville", pk, "Casablanca", "Salé")}
    line.execute("SELECT sync.pousser(%s::pg_catalog.jsonb, 2::pg_catalog.int8, 'y')", (json.dumps(change),))
    assert lab.get("clients", pk, "ville") == "Salé"
    _owners_day(lab)
    _nothing_ran(lab)


@case("opérateurs, fonctions, types et vues plantés dans public, resté ouvert à tous")
def code_in_an_open_public(lab: Lab, device: Device, line: Any) -> None:
    _loot(lab)
    lab.sql("GRANT CREATE ON SCHEMA public TO PUBLIC")
    assert _plant(line, "public") > 100
    line.execute("SET search_path = public, sync, pg_catalog")
    for call in ("sync.tirer('0'::pg_catalog.xid8, 0, 10)", "sync.debut_copie()",
                 "sync.pousser('{\"n\": 0}'::pg_catalog.jsonb, 1, 'x')"):  # fmt: skip
        with pytest.raises(psycopg2.Error) as refused:
            line.execute(f"SELECT {call}")
        assert refused.value.pgcode == "EM013", "a centre whose isolation is not whole serves nobody"
    _every_entry(lab, device, line)
    _owners_day(lab)
    # Closed again, with what was planted still there: it serves, and still runs nothing of it.
    lab.sql("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    assert _every_entry(lab, device, line) > 20
    _owners_day(lab)
    _nothing_ran(lab)
    engine = create_pg_engine(lab.url)
    with pytest.raises(UpgradeError, match="n'a rien à y créer"):
        enrolment.init_centre(engine)
    engine.dispose()
    _nothing_ran(lab)


@case("créer dans public, sync, un schéma à soi ou les catalogues")
def nowhere_to_create(line: Any) -> None:
    for schema in ("public", "sync", "pg_catalog"):
        for statement in (
            f"CREATE FUNCTION {schema}.f() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
            f"CREATE OPERATOR {schema}.|| (FUNCTION = pg_catalog.int8pl, LEFTARG = text, RIGHTARG = bigint)",
            f"CREATE TYPE {schema}.t AS (a integer)", f"CREATE TABLE {schema}.t (a integer)",
            f"CREATE VIEW {schema}.v AS SELECT 1", f"CREATE DOMAIN {schema}.d AS integer",
        ):  # fmt: skip
            with pytest.raises(errors.InsufficientPrivilege):
                line.execute(statement)
    for statement in ("CREATE SCHEMA intrus", "CREATE CAST (text AS bigint) WITH INOUT", "CREATE EXTENSION dblink",
                      "CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION pg_catalog.now()"):  # fmt: skip
        with pytest.raises(psycopg2.Error):
            line.execute(statement)


# --- Documents and published copies -----------------------------------------------------------------------------


@case("documents par empreinte devinée, morceaux sans fin")
def guessed_documents(lab: Lab, line: Any) -> None:
    for key in ("0" * 64, "", "x" * 1_000_000, "../../etc/passwd", "%"):
        line.execute("SELECT sync.document_lire(%s, 0, 2147483647), sync.documents_manquants(%s)", (key, [key]))
        assert line.fetchone() == (None, {})
        for number in (0, -1, 2**31 - 1):
            with pytest.raises(psycopg2.Error) as refused:
                line.execute("SELECT sync.document_deposer(%s, %s, 'AAAA')", (key, number))
            assert refused.value.pgcode == "EM007"
    assert lab.value("SELECT count(*) FROM contenus") == lab.value("SELECT count(*) FROM contenus_morceaux") == 0


@case("publier une copie piégée")
def planted_copy(line: Any) -> None:
    for statement in ("INSERT INTO sync.instantanes DEFAULT VALUES", "UPDATE sync.instantanes SET contenu = '\\x00'",
                      "DELETE FROM sync.instantanes"):  # fmt: skip
        with pytest.raises(errors.InsufficientPrivilege):
            line.execute(statement)


@case("écouter les canaux des autres")
def foreign_channels(lab: Lab, line: Any) -> None:
    tng = lab.agence("TNG")
    line.execute(f'LISTEN "erp_{tng}"')
    lab.set("clients", lab.ids("clients", "TNG")[0], ville="Secret")
    line.execute("SELECT 1")
    line.connection.poll()
    assert {n.payload for n in line.connection.notifies} <= {""}, "that something changed, never what"


# --- The stage --------------------------------------------------------------------------------------------------


def make_centre(server: EmbeddedPostgres, kind: str) -> str:
    """Name of a seeded centre of that kind, to be copied; a carried-over one has refused to upgrade while planted.

    Raises:
        AssertionError: the upgrade ran, or let run, what a stranger had planted.
    """
    name = f"attaque_{kind}_{uuid.uuid4().hex[:8]}"
    url = server.create_database(name)
    if kind == "repris":
        _carry_over(url, name)
    seed(url)
    return name


def _carry_over(url: str, name: str) -> None:
    stranger = f"intrus_{uuid.uuid4().hex[:8]}"
    engine = create_pg_engine(url)
    try:
        with engine.connect() as connection:
            migrate.upgrade(connection, history.between(None, history.head())[-2])
        with engine.begin() as connection:
            connection.exec_driver_sql("GRANT CREATE ON SCHEMA public TO PUBLIC")
            connection.exec_driver_sql(f"CREATE ROLE {stranger}")
            connection.exec_driver_sql("CREATE SEQUENCE public.butin; GRANT ALL ON SEQUENCE public.butin TO PUBLIC")
            connection.exec_driver_sql(f"SET LOCAL ROLE {stranger}")
            connection.exec_driver_sql(
                "CREATE FUNCTION public.piege(text, bigint) RETURNS text LANGUAGE plpgsql AS "
                "$t$ BEGIN PERFORM pg_catalog.nextval('public.butin'); RETURN $1; END $t$"
            )
            connection.exec_driver_sql(
                "CREATE OPERATOR public.|| (FUNCTION = public.piege, LEFTARG = text, RIGHTARG = bigint)"
            )
        with pytest.raises(UpgradeError, match="D'autres comptes ont créé"):
            enrolment.init_centre(engine)
        with engine.begin() as connection:
            assert connection.execute(sa.text("SELECT is_called FROM public.butin")).scalar() is False
            connection.exec_driver_sql(f"DROP OWNED BY {stranger}; DROP ROLE {stranger}; DROP SEQUENCE public.butin")
    finally:
        engine.dispose()


def wanted(name: str) -> list[str]:
    """What a case is given."""
    function = CASES[name]
    found: list[str] = getattr(function, "wanted", None) or list(inspect.signature(function).parameters)
    return found


def play(name: str, lab: Lab) -> None:
    """Run one case on a laboratory of its own.

    Raises:
        AssertionError: the attack succeeded.
    """
    needed = wanted(name)
    given: dict[str, Any] = {"lab": lab}
    with contextlib.ExitStack() as stack:
        if {"device", "line", "thief"} & set(needed):
            given["device"] = lab.device("CAS")
            stack.callback(lab.sql, f"DROP OWNED BY {given['device'].login} CASCADE")
        if {"line", "thief"} & set(needed):
            connection = given["device"].connect()
            stack.callback(connection.close)
            given["line"] = connection.cursor()
        if "thief" in needed:
            given["thief"] = test_rules.Thief(lab, given["device"], given["line"])
        CASES[name](**{k: given[k] for k in needed})


@contextlib.contextmanager
def stage(server: EmbeddedPostgres, template: str, folder: Path) -> Iterator[Lab]:
    """A laboratory copied from a centre of :func:`make_centre`."""
    base = f"attaque_{uuid.uuid4().hex[:12]}"
    lab = Lab(server.create_database(base, template), folder)
    try:
        yield lab
    finally:
        lab.close()
        server.drop_database(base)


def main() -> int:
    """Every case on every kind of centre, one line each."""
    lost = 0
    with tempfile.TemporaryDirectory() as name, EmbeddedPostgres() as server:
        folder = Path(name)
        engine = create_sqlite_engine(folder / "modele.sqlite")
        with engine.connect() as connection:
            migrate.upgrade(connection)
        engine.dispose()
        enrolment.create_cache = cache_maker(folder / "modele.sqlite")  # type: ignore[assignment]
        for kind in KINDS:
            template = make_centre(server, kind)
            for number, attack in enumerate(CASES):
                place = folder / f"{kind}{number}"
                place.mkdir()
                try:
                    with stage(server, template, place) as lab:
                        play(attack, lab)
                except (AssertionError, ErpError, psycopg2.Error, pytest.fail.Exception) as error:
                    lost += 1
                    print(f"RÉUSSIE   {kind} : {attack} : {' '.join(str(error).split())[:200]}", flush=True)
                else:
                    print(f"repoussée {kind} : {attack}", flush=True)
    print(f"{lost} attaque(s) réussie(s) sur {len(CASES) * len(KINDS)}")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
