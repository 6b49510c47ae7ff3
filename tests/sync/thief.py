"""What a thief does with a stolen desktop's login beyond ``tests.sync.attack``, on one centre for all cases.

Every operator, function, cast and type that matches more closely than the server's own; what holds others up
(connections, open transactions, locks, notifications); what a batch costs. ``python -m tests.sync.thief`` prints the
verdicts, ``test_thief`` runs them with every other test, ``TEST_PG_URL`` names another server.

Long on purpose: one list of attacks, all on the same three desktops.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import sqlalchemy as sa
from psycopg2 import errors
from sqlalchemy.orm import Session

from erp_desktop.db import central_envelope, central_watch, migrate
from erp_desktop.db.embedded import EmbeddedPostgres
from erp_desktop.db.engine import create_pg_engine, create_sqlite_engine
from erp_desktop.db.registry import TABLES
from erp_desktop.domain import transitions
from erp_desktop.errors import UpgradeError
from erp_desktop.services import _numeros
from erp_desktop.sync import enrolment, registration, surveillance
from tests.sync.lab import Device, Lab, T, cache_maker, seed

PATIENCE_S = 30.0
KINDS = ("fresh", "carried")


@dataclass
class Target:
    """A centre under attack.

    Attributes:
        thief: whose login the attacker has; of CAS.
        colleague: another device of CAS.
        other: a device of TNG.
        victim: another one of TNG, whose batches are made by hand.
    """

    kind: str
    lab: Lab
    thief: Device
    colleague: Device
    other: Device
    victim: Device

    @contextmanager
    def line(self, device: Device | None = None) -> Iterator[Any]:
        with closing((device or self.thief).connect()) as connection, connection.cursor() as cursor:
            yield cursor

    @contextmanager
    def engine(self) -> Iterator[sa.Engine]:
        made = create_pg_engine(self.lab.url)
        try:
            yield made
        finally:
            made.dispose()

    def next_batch(self, device: Device | None = None) -> int:
        login = (device or self.thief).login
        return int(self.lab.value("SELECT dernier_lot + 1 FROM sync.devices WHERE login = %s", login))


CASES: dict[str, Callable[[Target], None]] = {}


def case(function: Callable[[Target], None]) -> Callable[[Target], None]:
    CASES[function.__name__] = function
    return function


@contextmanager
def target(server: EmbeddedPostgres, template: str, kind: str, folder: Path) -> Iterator[Target]:
    """A centre copied from a seeded one, with three devices; ``carried`` as PostgreSQL 14 would have left it."""
    name = f"attaque_{uuid.uuid4().hex[:12]}"
    lab = Lab(server.create_database(name, template), folder)
    try:
        made = Target(kind, lab, lab.device("CAS"), lab.device("CAS"), lab.device("TNG"), lab.device("TNG"))
        with made.engine() as engine:
            if kind == "carried":
                lab.sql("GRANT CREATE ON SCHEMA public TO PUBLIC")
                assert {c.niveau for c in health(made) if c.sujet == "isolation"} == {"panne"}
                with made.line() as line:
                    refused(line, "EM013", "SELECT sync.tirer('0'::xid8, 0, 10)")
            # A database made by copy has its template's rights on schemas, and nobody's on itself.
            enrolment.init_centre(engine)
        yield made
    finally:
        lab.close()
        server.drop_database(name)


def refused(line: Any, code: str, statement: str, *parameters: object) -> None:
    """Fail unless the statement is refused with an SQLSTATE that begins so."""
    try:
        line.execute(statement, parameters or None)
    except psycopg2.Error as error:
        found = error.pgcode or ""
        assert found.startswith(code), f"{statement[:80]} : {found} {error}"
        return
    raise AssertionError(f"taken: {statement[:120]}")


def push(line: Any, number: int, payload: dict[str, Any]) -> dict[str, Any]:
    content = json.dumps({"n": 1, "i": {}, "m": {}, "d": {}, "r": []} | payload)
    digest = hashlib.sha256(content.encode()).hexdigest()
    line.execute(
        "SELECT sync.pousser(%s::pg_catalog.jsonb, %s::pg_catalog.int8, %s::pg_catalog.text)",
        (content, number, digest),
    )
    outcome: dict[str, Any] = line.fetchone()[0]
    return outcome


def eventually(condition: Callable[[], bool], told: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, told
        time.sleep(0.2)


# --- code of the caller run under another's rights


@case
def nothing_can_be_created_where_the_centre_looks(target: Target) -> None:
    with target.line() as line:
        for schema in ("public", "sync", "pg_catalog"):
            for made in (
                "TABLE {}.x (a int)", "FUNCTION {}.f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "TYPE {}.t AS ENUM ('a')",
                "OPERATOR {}.|| (FUNCTION = pg_catalog.int8pl, LEFTARG = bigint, RIGHTARG = bigint)",
                "DOMAIN {}.d AS text", "VIEW {}.v AS SELECT 1", "SEQUENCE {}.s",
            ):  # fmt: skip
                refused(line, "42501", f"CREATE {made.format(schema)}")
        refused(line, "42501", "CREATE SCHEMA intrus")
        refused(line, "42501", "CREATE EXTENSION dblink")


_OPERATORS = ("=", "<>", "<", ">", "||", "->", "->>", "~", "+", "-", "%", "&", ">>", "<<", "@>", "?")
_TYPES = ("text", "varchar", "name", "bigint", "integer", "jsonb", "numeric", "timestamptz", "boolean", "xid8")
_TRAPS = ("lower", "length", "btrim", "left", "encode", "decode", "format", "concat_ws", "md5", "to_char", "nextval",
          "jsonb_build_object", "jsonb_build_array", "to_jsonb", "pg_notify", "setval", "current_setting", "greatest",
          "row_security_active", "has_schema_privilege", "jsonb_array_elements", "jsonb_typeof", "substring", "strpos",
          "translate", "rtrim", "split_part", "generate_series", "cardinality", "int4range", "coalesce", "now")  # fmt: skip
_PLANT = """
DO $plant$
DECLARE o text; l text; r text; f text;
BEGIN
  FOREACH l IN ARRAY %(types)s LOOP
    FOREACH r IN ARRAY %(types)s LOOP
      EXECUTE format('CREATE FUNCTION public.piege(a %%1$s, b %%2$s) RETURNS text LANGUAGE plpgsql SET search_path = pg_catalog AS $f$ BEGIN '
        'IF current_user <> %%3$L THEN PERFORM pg_catalog.nextval(''public.preuve''); END IF; '
        'RETURN ''true''; END $f$', l, r, current_user);
      EXECUTE format('CREATE FUNCTION public.piege_vrai(a %%1$s, b %%2$s) RETURNS boolean LANGUAGE plpgsql SET search_path = pg_catalog AS $f$ BEGIN '
        'IF current_user <> %%3$L THEN PERFORM pg_catalog.nextval(''public.preuve''); END IF; '
        'RETURN true; END $f$', l, r, current_user);
      FOREACH o IN ARRAY %(operators)s LOOP
        EXECUTE format('CREATE OPERATOR public.%%1$s (FUNCTION = public.%%4$s, LEFTARG = %%2$s, RIGHTARG = %%3$s)',
          o, l, r, CASE WHEN o IN ('=', '<>', '<', '>', '~', '@>', '?') THEN 'piege_vrai' ELSE 'piege' END);
      END LOOP;
    END LOOP;
    FOREACH f IN ARRAY %(traps)s LOOP
      EXECUTE format('CREATE FUNCTION public.%%1$I(a %%2$s) RETURNS text LANGUAGE plpgsql SET search_path = pg_catalog AS $f$ BEGIN '
        'IF current_user <> %%3$L THEN PERFORM pg_catalog.nextval(''public.preuve''); END IF; RETURN NULL; END $f$',
        f, l, current_user);
      EXECUTE format('CREATE FUNCTION public.%%1$I(VARIADIC a %%2$s[]) RETURNS text LANGUAGE plpgsql SET search_path = pg_catalog AS $f$ BEGIN '
        'IF current_user <> %%3$L THEN PERFORM pg_catalog.nextval(''public.preuve''); END IF; RETURN NULL; END $f$',
        f, l, current_user);
    END LOOP;
  END LOOP;
  CREATE TYPE public.vole AS ENUM ('a');
  FOREACH l IN ARRAY ARRAY['text', 'bigint', 'jsonb'] LOOP
    EXECUTE format('CREATE FUNCTION public.vers_vole(a %%1$s) RETURNS public.vole LANGUAGE plpgsql SET search_path = pg_catalog AS $f$ BEGIN '
      'PERFORM pg_catalog.nextval(''public.preuve''); RETURN ''a''; END $f$', l);
    EXECUTE format('CREATE CAST (%%1$s AS public.vole) WITH FUNCTION public.vers_vole(%%1$s) AS IMPLICIT', l);
  END LOOP;
  FOREACH f IN ARRAY ARRAY['xid8', 'int4range', 'jsonb', 'regclass', 'timestamptz', 'bytea'] LOOP
    EXECUTE format('CREATE DOMAIN public.%%1$I AS text', f);
  END LOOP;
END $plant$
"""


def plant(target: Target) -> None:
    """Operators, functions, casts and types that match more closely than ``pg_catalog``'s, each with a trap in it."""
    target.lab.sql("GRANT CREATE ON SCHEMA public TO PUBLIC")
    with target.line() as line:
        line.execute("CREATE SEQUENCE public.preuve; GRANT ALL ON SEQUENCE public.preuve TO PUBLIC")
        line.execute("SET search_path = pg_catalog")
        line.execute(
            _PLANT, {"types": list(_TYPES), "operators": list(_OPERATORS), "traps": list(_TRAPS)}
        )  # fmt: skip
    target.lab.sql("REVOKE CREATE ON SCHEMA public FROM PUBLIC")


def hostile_session(target: Target, line: Any) -> None:
    """Everything else that a session may bring along: a temporary schema and a search path of its own."""
    for table in (*(t.name for t in TABLES), "devices", "row_state", "lots", "pg_class"):
        line.execute(f"CREATE TEMP TABLE {table} (id bigint, agence_id bigint, etat text, login text)")
    line.execute("CREATE FUNCTION pg_temp.poste() RETURNS integer LANGUAGE sql AS 'SELECT 1'")
    line.execute("CREATE FUNCTION pg_temp.agence() RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint'")
    for name in ("xid8", "int4range", "jsonb", "timestamptz"):
        line.execute(f"CREATE DOMAIN pg_temp.{name} AS text")
    line.execute("SET search_path = pg_temp, public, sync, pg_catalog")


def batch(target: Target, agence: str, key: int) -> dict[str, Any]:
    """One insert, update and deletion each, of rows that are there."""
    lab = target.lab
    client = lab.ids("clients", agence)[0]
    intervention = lab.ids("interventions", agence)[0]
    gone = lab.ids("lignes_intervention", agence)[-1]
    return {
        "n": 4,
        "i": {"clients": {"c": ["id", "agence_id", "nom_entreprise", "created_at", "updated_at"],
                          "r": [[0, None, key, lab.agence(agence), f"Nouveau {key}", T, T]]}},
        "m": {"clients": [{"c": ["ville"], "r": [[1, None, client, 1, lab.get("clients", client, "ville"), "Settat"]]}],
              "interventions": [{"c": ["titre"], "r": [[2, None, intervention, 1, "Fuite 1", "Fuite du vérin"]]}]},
        "d": {"lignes_intervention": [[3, None, gone, 1]]},
    }  # fmt: skip


CALLS = {
    "tirer": "('0'::pg_catalog.xid8, 0::pg_catalog.int8, 1000)", "debut_copie": "()", "instantane": "()",
    "empreintes": "()", "instantane_suite": "(0)", "signaler": "('1', 'x', 0, NULL)", "adieu": "('{\"n\": 0}')",
    "poste": "()", "agence": "()", "toutes_agences": "()", "epoque": "()", "auteur": "()",
    "connexion_sel": "('cas_1')", "connexion": "('cas_1', 'x')",
    "changer_secret": f"('cas_1', 'x', '$argon2id$v=19$m=65536,t=3,p=4${'A' * 22}${'A' * 43}')", "documents_manquants": "('{a}')",
    "document_lire": "('a', 0, 1)", "adieu_manquants": "('{a}')", **{f"copie_{t.name}": "()" for t in TABLES},
}  # fmt: skip


def call_everything(line: Any, number: int, payload: dict[str, Any]) -> None:
    """Every function that a device may execute, and every trigger that its batch sets off."""
    outcome = push(line, number, payload)
    assert outcome["gares"] == [], outcome
    for name, arguments in CALLS.items():
        line.execute(f"SELECT pg_catalog.count(*) FROM sync.{name}{arguments}")
    refused(line, "EM007", "SELECT sync.document_deposer('a', 0, 'AA==')")
    refused(line, "EM007", "SELECT sync.adieu_document('a', 0, 'AA==')")
    line.execute(
        "CALL sync.cycle('{\"n\": 0}'::pg_catalog.jsonb, %s::pg_catalog.int8, 'x'::pg_catalog.text, "
        "'0'::pg_catalog.xid8, 0::pg_catalog.int8, 10, NULL::pg_catalog.jsonb)", (number + 1,),
    )  # fmt: skip


def edit_everything(cursor: Any, tng: int) -> None:
    """The owner's edits of every row of every table, rows that move away and come to nothing; taken back."""
    moved = 0
    for before, after in sorted(transitions.reachable_pairs()):
        cursor.execute("SAVEPOINT avant")
        with suppress(errors.CheckViolation, errors.DatabaseError):
            cursor.execute("UPDATE public.interventions SET statut = %s WHERE statut = %s", (after, before))
            moved += cursor.rowcount
        cursor.execute("ROLLBACK TO avant")
    assert moved, "no step of statut was made"
    for table in TABLES:
        for statement in (
            f"UPDATE public.{table.name} SET updated_at = updated_at + interval '1 second'",
            *([f"UPDATE public.{table.name} SET agence_id = {tng} WHERE id = (SELECT min(id) FROM "
               f"public.{table.name})"] if table.scoped else []),
            f"DELETE FROM public.{table.name}",
        ):  # fmt: skip
            cursor.execute("SAVEPOINT avant")
            try:
                cursor.execute(statement)
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            except psycopg2.Error as error:
                # Moves that would tear a branch, rows that others need, a ledger.
                assert (error.pgcode or "")[:2] in {"23", "EM"}, error
            cursor.execute("ROLLBACK TO avant")


@case
def hostile_operators_functions_casts_and_types_run_nowhere(target: Target) -> None:
    lab = target.lab
    base = lab.value("SELECT current_database()")
    may = {
        r[0] for r in lab.sql(
            "SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'sync'::regnamespace "
            "AND has_function_privilege(%s, p.oid, 'EXECUTE')", target.thief.login)
    }  # fmt: skip
    assert {*CALLS, "pousser", "document_deposer", "adieu_document", "cycle"} == may
    # All that these statements themselves look for is found before the traps are laid: they look in public.
    ready = {d.poste: (target.next_batch(d), batch(target, d.agence, d.poste)) for d in (target.thief, target.victim)}
    tng, user = lab.agence("TNG"), lab.ids("users")[0]
    lab.sql(f'GRANT TEMPORARY ON DATABASE "{base}" TO "{target.thief.login}"')
    try:
        plant(target)
        with target.line() as line:
            hostile_session(target, line)
            call_everything(line, *ready[target.thief.poste])
        with target.line(target.victim) as line:
            call_everything(line, *ready[target.victim.poste])
        with closing(lab.connect()) as connection, connection.cursor() as cursor:
            connection.autocommit = False
            cursor.execute("SET search_path = pg_catalog")
            cursor.execute("SELECT set_config('erp.user_id', %s, false)", (str(user),))
            edit_everything(cursor, tng)
            connection.rollback()
            cursor.execute("SELECT is_called FROM public.preuve")
            assert cursor.fetchone() == (False,)
            connection.rollback()
            # The trap does close on whoever looks in public.
            cursor.execute("SET search_path = public")
            cursor.execute("SELECT 'a'::varchar || 1::bigint")
            cursor.execute("SELECT is_called FROM public.preuve")
            assert cursor.fetchone() == (True,)
        with target.engine() as engine, pytest.raises(UpgradeError, match="DROP OWNED BY"):
            enrolment.init_centre(engine)
    finally:
        lab.sql(f'DROP OWNED BY "{target.thief.login}" CASCADE')
        lab.sql(f'GRANT CONNECT ON DATABASE "{base}" TO "{target.thief.login}"')
    with target.engine() as engine:
        enrolment.init_centre(engine)
    assert {c.niveau for c in health(target) if c.sujet == "isolation"} == {"ok"}


def health(target: Target) -> list[surveillance.Constat]:
    with target.engine() as engine:
        return surveillance.sante_centre(engine)


@case
def every_function_of_the_centre_pins_where_it_looks(target: Target) -> None:
    loose = target.lab.sql(
        "SELECT proname, proconfig::text FROM pg_proc WHERE pronamespace = 'sync'::regnamespace "
        "AND prosqlbody IS NULL AND NOT coalesce(proconfig @> ARRAY['search_path=pg_catalog, pg_temp'], false)"
    )
    # A procedure that commits may not have settings; it has its caller's rights and names everything in full.
    assert loose == [("cycle", None)]
    named = target.lab.sql(
        "SELECT DISTINCT d.refobjid::regclass::text FROM pg_depend d JOIN pg_proc p ON p.oid = d.objid "
        "WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_class'::regclass AND p.prosqlbody IS NOT NULL"
    )
    assert named == [], "a body that is parsed when made would keep a revision from changing what it names"


@case
def no_role_can_be_climbed(target: Target) -> None:
    pid = target.lab.value("SELECT pg_backend_pid()")
    with target.line() as line:
        for statement in (
            "SET ROLE erp_sync", "SET ROLE erp_central", "SET ROLE postgres", "SET SESSION AUTHORIZATION postgres",
            "CREATE ROLE intrus LOGIN", "COPY (SELECT 1) TO PROGRAM 'true'", "COPY (SELECT 1) TO '/tmp/x'",
            "ALTER SYSTEM SET log_statement = 'all'", "SELECT rolpassword FROM pg_authid", "SELECT pg_read_file('PG_VERSION')",
            "SET session_replication_role = replica", "SET temp_file_limit = -1", "SELECT pg_reload_conf()",
            f'ALTER ROLE "{target.other.login}" PASSWORD \'x\'', f'GRANT erp_sync TO "{target.thief.login}"',
            f"SELECT pg_terminate_backend({pid})", f"SELECT pg_cancel_backend({pid})", "SELECT pg_ls_dir('.')",
            "SELECT pg_create_restore_point('x')", "CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p",
            f'ALTER ROLE "{target.thief.login}" CONNECTION LIMIT 1000', "SECURITY LABEL ON TABLE public.users IS 'x'",
        ):  # fmt: skip
            try:
                line.execute(statement)
            except psycopg2.Error:
                continue
            raise AssertionError(f"taken: {statement}")
        line.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE usename <> current_user AND query NOT LIKE '<insuff%'"
        )
        assert line.fetchone()[0] == 0, "what others ask is not shown"


# --- work out of proportion to what was sent


def counted(target: Target, payload: dict[str, Any]) -> tuple[int, int, int]:
    """(refusals that were looked into, parked rows, bytes) of one batch that is sent and taken back."""
    with closing(target.thief.connect()) as connection, connection.cursor() as line:
        connection.autocommit = False
        content = json.dumps({"i": {}, "m": {}, "d": {}, "r": []} | payload)
        number = target.next_batch()
        try:
            line.execute("SELECT sync.pousser(%s::jsonb, %s, 'x')", (content, number))
            parked = len(line.fetchone()[0]["gares"])
        except psycopg2.Error as error:
            assert error.pgcode == "EM014", error
            connection.rollback()
            parked = 0
        line.execute(
            "SELECT coalesce(sum(calls), 0)::int FROM pg_stat_xact_user_functions "
            "WHERE schemaname = 'sync' AND funcname = 'unites'"
        )
        calls = line.fetchone()[0]
        connection.rollback()
        return calls, parked, len(content)


@case
def a_claim_of_sixteen_thousand_units_costs_no_more_than_its_bytes(target: Target) -> None:
    lab = target.lab
    base = lab.value("SELECT current_database()")
    lab.sql(f"ALTER DATABASE \"{base}\" SET track_functions = 'all'")
    calls, parked, size = counted(target, {"n": 16_000, "d": {"users": [[7, None, 1, 1]]}})
    assert (calls, parked) == (1, 1), (calls, parked)
    assert size < 100
    found = [counted(target, {"n": n, "d": {"users": [[u, None, 1, 1] for u in range(n)]}}) for n in (50, 100, 200)]
    for (calls, parked, _size), n in zip(found, (50, 100, 200), strict=True):
        assert parked == n
        # A tree that is halved down to n leaves has 2 n - 1 knots.
        assert calls == 2 * n - 1


@case
def a_batch_of_another_shape_is_weighed_and_leaves_nothing(target: Target) -> None:
    lab, number = target.lab, target.next_batch()
    deep: Any = "x"
    for _ in range(900):
        deep = [deep]
    before = lab.sql("SELECT (SELECT count(*) FROM sync.gares), (SELECT count(*) FROM sync.lots)")
    wrong: list[Any] = [
        [], "x", {"n": 0, "o": []}, {"n": -1}, {"n": "1"}, {"n": 1.5}, {"n": 1e9}, {"n": 99_999_999}, {}, {"n": 1, "i": []}, {"n": 1, "m": 3},
        {"n": 1, "d": {"clients": [[1, None, 1, 1]]}}, {"n": 1, "d": {"clients": [["0", None, 1, 1]]}},
        {"n": 1, "d": {"clients": [[0, None, 1]]}}, {"n": 1, "d": {"clients": [0]}}, {"n": 1, "d": {"clients": {}}},
        {"n": 1, "i": {"clients": {"c": ["id"], "r": [[0, None, 1, 2]]}}},
        {"n": 1, "m": {"clients": {"c": ["id"], "r": []}}}, {"n": 1, "r": {}},
        {"n": 1, "m": {"clients": [{"c": ["ville"], "r": [[0, None, 1, 1, "a"]]}]}},
        {"n": 1, "m": {"clients": [{"c": ["ville"], "r": []}] * (central_envelope.MOST_BLOCKS + 1)}},
        {"n": 1, "i": {"historiques_interventions": {"c": ["nouvelle_valeur"], "r": [[0, None, deep]]}}},
    ]  # fmt: skip
    with target.line() as line:
        for payload in wrong:
            refused(line, "EM014", "SELECT sync.pousser(%s::jsonb, %s, 'x')", json.dumps(payload), number)
        refused(line, "EM014", "SELECT sync.pousser('{\"n\": 0}', %s, %s)", number, "x" * 65)
        for statement in (
            "SELECT sync.documents_manquants(ARRAY(SELECT 'a' FROM generate_series(1, 1001)))",
            "SELECT sync.adieu_manquants(ARRAY(SELECT 'a' FROM generate_series(1, 1001)))",
            "SELECT sync.document_deposer('a', 0, repeat('A', 6000000))",
            "SELECT sync.adieu_document('a', 0, repeat('A', 6000000))",
        ):  # fmt: skip
            refused(line, "EM014", statement)
    assert lab.sql("SELECT (SELECT count(*) FROM sync.gares), (SELECT count(*) FROM sync.lots)") == before
    assert target.next_batch() == number


@case
def a_hundred_megabytes_are_refused(target: Target) -> None:
    with target.line() as line:
        refused(
            line, "EM014",
            "SELECT sync.pousser(jsonb_build_object('n', 1, 'x', repeat('x', 100000000)), %s, 'x')", target.next_batch(),
        )  # fmt: skip


@case
def an_error_that_no_unit_caused_is_not_looked_for_in_units(target: Target) -> None:
    lab = target.lab
    lab.sql("ALTER FUNCTION sync.supprimer(text, jsonb, int4range, integer, bigint, bigint) RENAME TO absente")
    try:
        with closing(target.thief.connect()) as connection, connection.cursor() as line:
            content = json.dumps({"n": 50, "d": {"clients": [[u, None, u, 1] for u in range(50)]}})
            refused(line, "42883", "SELECT sync.pousser(%s::jsonb, %s, 'x')", content, target.next_batch())
    finally:
        lab.sql("ALTER FUNCTION sync.absente(text, jsonb, int4range, integer, bigint, bigint) RENAME TO supprimer")


# --- one device that holds up all


@case
def connections_of_one_login_are_counted(target: Target) -> None:
    lines = [target.colleague.connect() for _ in range(central_watch.CONNECTIONS)]
    try:
        with pytest.raises(psycopg2.OperationalError, match="too many connections"):
            target.colleague.connect()
        with target.line(target.other) as line:
            line.execute("SELECT sync.poste()")
    finally:
        for line in lines:
            line.close()


@case
def limits_are_set_on_the_login_and_put_back_by_an_upgrade(target: Target) -> None:
    def settings() -> set[str]:
        return set(
            target.lab.value(
                "SELECT setconfig FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole WHERE r.rolname = %s",
                target.thief.login,
            )
            or []
        )

    wanted = {"statement_timeout=30min", "idle_in_transaction_session_timeout=5min"}
    assert wanted <= settings()
    with target.line() as line:
        line.execute(f'ALTER ROLE "{target.thief.login}" SET statement_timeout = 0')
        line.execute("SHOW statement_timeout")
        assert line.fetchone() == ("30min",)
    with target.engine() as engine:
        enrolment.init_centre(engine)
    assert wanted <= settings()


@case
def an_open_transaction_is_named_and_ended_by_whoever_pulls(target: Target) -> None:
    lab = target.lab
    with closing(target.thief.connect()) as connection, connection.cursor() as held:
        held.execute("SET idle_in_transaction_session_timeout = 0; SET statement_timeout = 0")
        held.execute("BEGIN")
        held.execute("SELECT pg_current_xact_id()")
        offenders = lab.sql(central_watch.OFFENDERS)
        assert (target.thief.login, target.thief.poste) in {(o[1], o[2]) for o in offenders}
        pk = lab.ids("clients", "TNG")[0]
        mark = f"Derrière {uuid.uuid4().hex[:6]}"
        lab.set("clients", pk, nom_entreprise=mark)

        def arrived() -> bool:
            target.other.sync()
            return bool(target.other.get("clients", pk, "nom_entreprise") == mark)

        assert not arrived(), "nothing stands behind an open transaction"
        eventually(arrived, "the pull of another agency stays behind a device's transaction")
        with pytest.raises(psycopg2.OperationalError):
            held.execute("SELECT 1")


@case
def known_lock_numbers_stop_neither_work_nor_upgrade(target: Target) -> None:
    lab = target.lab
    agence = lab.agence("CAS")
    with target.line() as line, target.engine() as engine:
        for key in (
            "hashtext('sync.seq_id')", "hashtext('erp.install')", "5278143321",
            *(f"hashtextextended('INT-CAS-00-{year}-', 0)" for year in (2025, 2026, 2027)),
        ):  # fmt: skip
            line.execute(f"SELECT pg_advisory_lock({key})")
        for table in ("public.agences", "public.alembic_version", "sync.schema_compat", "sync.devices"):
            line.execute("BEGIN")
            refused(line, "42501", f"LOCK TABLE {table} IN SHARE UPDATE EXCLUSIVE MODE NOWAIT")
            line.execute("ROLLBACK")
        with closing(lab.connect()) as owner, owner.cursor() as cursor:
            cursor.execute("SET lock_timeout = '10s'")
            cursor.execute("SELECT setval('sync.seq_id', 8)")
            cursor.execute("SELECT sync.nouvel_id(), sync.nouvel_id()")
            first, second = cursor.fetchone()
            assert first < second
            cursor.execute("SELECT setval('sync.seq_id', 8)")
            # A trigger writes a line of history, which takes a number.
            cursor.execute("INSERT INTO depots (agence_id, nom, created_at, updated_at) VALUES (%s, 'B', now(), now())",
                           (agence,))  # fmt: skip
        with Session(engine) as session:
            session.execute(sa.text("SET LOCAL lock_timeout = '10s'"))
            assert _numeros.tirer(session, "CAS", 2026, 2)
        enrolment.init_centre(engine)


@case
def no_temporary_table_and_no_large_object(target: Target) -> None:
    with target.line() as line:
        refused(line, "42501", "CREATE TEMP TABLE x AS SELECT 1")
        for call in (
            "lo_create(0)",
            "lo_creat(-1)",
            "lo_from_bytea(0, 'x')",
            "lo_open(1, 131072)",
            "lo_import('/x')",
        ):
            refused(line, "42501", f"SELECT {call}")
    assert target.lab.value("SELECT count(*) FROM pg_largeobject_metadata") == 0


@case
def what_is_said_on_channels_tells_and_moves_nothing(target: Target) -> None:
    """A LISTEN cannot be refused: it hears numbers of devices, and a lie on a channel is one question more."""
    lab, other = target.lab, target.other
    with closing(target.thief.connect()) as connection, connection.cursor() as line:
        line.execute(f'LISTEN "erp_{lab.agence("TNG")}"; LISTEN erp_0')
        other.set("clients", other.value("SELECT min(id) FROM clients"), ville="Secrète")
        other.sync()
        connection.poll()
        assert {n.payload for n in connection.notifies} <= {"", str(other.poste)}
        link = other.link()
        link.listen("erp_0", f"erp_{lab.agence('TNG')}")
        for n in range(500):
            line.execute("SELECT pg_notify('erp_0', %s)", (f"{n}" + "x" * 5_000,))
        eventually(link.heard, "notifications")
        assert link.row("SELECT sync.poste()") == (other.poste,)
        link.close()
    other.sync()
    assert lab.value("SELECT pg_notification_queue_usage()") < 0.05


# --- other agencies, other devices


@case
def a_guessed_hash_opens_nothing(target: Target) -> None:
    lab = target.lab
    sha = hashlib.sha256(b"%PDF contrat").hexdigest()
    pk = lab.value("SELECT sync.nouvel_id()")
    lab.sql(
        "INSERT INTO documents (id, agence_id, intervention_id, nom_fichier, type_document, mime_type, taille, sha256, "
        "created_at, updated_at) VALUES (%s, %s, %s, 'c.pdf', 'rapport', 'application/pdf', 12, %s, now(), now())",
        pk, lab.agence("TNG"), lab.ids("interventions", "TNG")[0], sha,
    )  # fmt: skip
    with target.line(target.other) as line:
        line.execute("SELECT sync.document_deposer(%s, 0, encode('%%PDF contrat', 'base64'))", (sha,))
        assert line.fetchone() == ("complet",)
    with target.line() as line:
        line.execute("SELECT sync.documents_manquants(ARRAY[%s]), sync.document_lire(%s, 0, 1)", (sha, sha))
        assert line.fetchone() == ({}, None)
        refused(line, "EM007", "SELECT sync.document_deposer(%s, 0, 'AAAA')", sha)
        for number in (-1, 1, 2**31 - 1):
            line.execute("SELECT sync.document_lire(%s, %s, %s)", (sha, number, number))
            assert line.fetchone() == (None,)
    with target.line(target.other) as line:
        line.execute("SELECT sync.document_lire(%s, 0, 2147483647)", (sha,))
        assert line.fetchone()[0] is not None


@case
def another_devices_batch_is_neither_seen_nor_replayed(target: Target) -> None:
    lab, colleague = target.lab, target.colleague
    pk = lab.ids("interventions")[1]
    colleague.sync()
    colleague.set("interventions", pk, titre="De l'autre poste")
    frozen = colleague.syncer.outbox.next_batch(5000)
    assert frozen is not None
    colleague.sync()
    with target.line() as line:
        try:
            line.execute("SELECT sync.pousser(%s::jsonb, %s, %s)", (frozen.content, frozen.numero, frozen.digest))
            assert "rejoue" not in line.fetchone()[0]
        except psycopg2.Error as error:
            assert error.pgcode == "EM012", error
    owned = lab.value(
        "SELECT count(*) FROM sync.lots WHERE empreinte = %s AND poste = %s", frozen.digest, colleague.poste
    )
    assert owned == 1


@case
def nothing_of_another_agency_is_served_or_written(target: Target) -> None:
    lab = target.lab
    theirs = {pk for table in TABLES if table.scoped for pk in lab.ids(table.name, "TNG")}
    client = lab.ids("clients", "TNG")[0]
    before = lab.get("clients", client, "nom_entreprise")
    with target.line() as line:
        line.execute("SELECT sync.tirer('0'::xid8, 0, 50000)")
        answer = json.dumps(line.fetchone()[0])
        # Keys that batches made by hand took are small: the same figures stand for versions and counts.
        assert [pk for pk in theirs if pk > 10**9 and str(pk) in answer] == []
        assert "secret-hash" not in answer
        assert len([pk for pk in theirs if pk > 10**9]) > 10
        for table in TABLES:
            line.execute(f"SELECT * FROM sync.copie_{table.name}()")
            names = [c.name for c in line.description]
            assert not theirs & {r[names.index("id")] for r in line.fetchall()}
            refused(line, "42501", f"SELECT 1 FROM public.{table.name}")
            refused(line, "42501", f"DELETE FROM public.{table.name}")
        change = {"m": {"clients": [{"c": ["nom_entreprise"], "r": [[0, None, client, 1, before, "Pirate"]]}]}}
        assert len(push(line, target.next_batch(), change)["gares"]) == 1
        assert len(push(line, target.next_batch(), {"d": {"users": [[0, None, 1, 1]]}})["gares"]) == 1
    assert lab.get("clients", client, "nom_entreprise") == before


@case
def a_revoked_login_learns_that_it_is_revoked_and_no_more(target: Target) -> None:
    lab = target.lab
    stolen = lab.device("CAS")
    with closing(stolen.connect()) as connection, connection.cursor() as held, target.engine() as engine:
        held.execute("BEGIN")
        held.execute("SELECT pg_current_xact_id()")
        done = registration.revoke(engine, stolen.poste, stolen=True)
        assert done.sessions >= 1
        with pytest.raises(psycopg2.OperationalError):
            held.execute("SELECT 1")
        lines = [stolen.connect() for _ in range(central_watch.CONNECTIONS_REVOKED)]
        with pytest.raises(psycopg2.OperationalError, match="too many connections"):
            stolen.connect()
        with lines[0].cursor() as line:
            for call in (
                "tirer('0'::xid8, 0, 10)",
                "debut_copie()",
                "pousser('{\"n\": 0}', 1, 'x')",
                "copie_users()",
            ):
                refused(line, "EM011", f"SELECT sync.{call}")
            line.execute("SELECT sync.adieu('{\"n\": 1}')")
            assert line.fetchone() == ("vole",)
        for each in lines:
            each.close()


def main() -> int:
    """Run every case on both centres and print the verdicts."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres() as server, pytest.MonkeyPatch.context() as patch:
        cache = Path(folder) / "modele.sqlite"
        engine = create_sqlite_engine(cache)
        with engine.connect() as connection:
            migrate.upgrade(connection)
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        engine.dispose()
        patch.setattr(enrolment, "create_cache", cache_maker(cache))
        name = f"modele_{uuid.uuid4().hex[:8]}"
        seed(server.create_database(name))
        failed = 0
        for kind in KINDS:
            room = Path(folder) / kind
            room.mkdir()
            with target(server, name, kind, room) as under:
                version = under.lab.value("SHOW server_version")
                for title, attack in CASES.items():
                    try:
                        attack(under)
                        verdict = "repoussée"
                    except (AssertionError, psycopg2.Error, pytest.fail.Exception) as error:
                        failed += 1
                        verdict = f"RÉUSSIE : {error}".splitlines()[0]
                    sys.stdout.write(f"{kind:<8} PostgreSQL {version.split()[0]:<6} {title:<70} {verdict}\n")
        server.drop_database(name)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
