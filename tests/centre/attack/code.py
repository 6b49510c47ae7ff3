"""Code of the caller run under another's rights, and roles that one might climb to."""

from __future__ import annotations

from contextlib import closing, suppress
from typing import Any

import psycopg2
import pytest
from psycopg2 import errors

from erp_desktop.centre import isolation
from erp_desktop.domain import transitions
from erp_desktop.errors import UpgradeError
from erp_desktop.registry import revisions
from erp_desktop.registry.tables import TABLES
from erp_desktop.sync.device import enrolment
from erp_desktop.upgrade.central import checklist, report
from tests.centre.attack.stage import Target, case, health, push, refused
from tests.sync.lab import T


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
      EXECUTE format('CREATE FUNCTION {place}.piege(a %%1$s, b %%2$s) RETURNS text LANGUAGE plpgsql SET search_path = pg_catalog AS $f$ BEGIN '
        'IF current_user <> %%3$L THEN PERFORM pg_catalog.nextval(''public.preuve''); END IF; '
        'RETURN ''true''; END $f$', l, r, current_user);
      EXECUTE format('CREATE FUNCTION {place}.piege_vrai(a %%1$s, b %%2$s) RETURNS boolean LANGUAGE plpgsql SET search_path = pg_catalog AS $f$ BEGIN '
        'IF current_user <> %%3$L THEN PERFORM pg_catalog.nextval(''public.preuve''); END IF; '
        'RETURN true; END $f$', l, r, current_user);
      FOREACH o IN ARRAY %(operators)s LOOP
        EXECUTE format('CREATE OPERATOR {place}.%%1$s (FUNCTION = public.%%4$s, LEFTARG = %%2$s, RIGHTARG = %%3$s)',
          o, l, r, CASE WHEN o IN ('=', '<>', '<', '>', '~', '@>', '?') THEN 'piege_vrai' ELSE 'piege' END);
      END LOOP;
    END LOOP;
    FOREACH f IN ARRAY %(traps)s LOOP
      EXECUTE format('CREATE FUNCTION {place}.%%1$I(a %%2$s) RETURNS text LANGUAGE plpgsql SET search_path = pg_catalog AS $f$ BEGIN '
        'IF current_user <> %%3$L THEN PERFORM pg_catalog.nextval(''public.preuve''); END IF; RETURN NULL; END $f$',
        f, l, current_user);
      EXECUTE format('CREATE FUNCTION {place}.%%1$I(VARIADIC a %%2$s[]) RETURNS text LANGUAGE plpgsql SET search_path = pg_catalog AS $f$ BEGIN '
        'IF current_user <> %%3$L THEN PERFORM pg_catalog.nextval(''public.preuve''); END IF; RETURN NULL; END $f$',
        f, l, current_user);
    END LOOP;
  END LOOP;
  CREATE TYPE {place}.vole AS ENUM ('a');
  FOREACH l IN ARRAY ARRAY['text', 'bigint', 'jsonb'] LOOP
    EXECUTE format('CREATE FUNCTION {place}.vers_vole(a %%1$s) RETURNS {place}.vole LANGUAGE plpgsql SET search_path = pg_catalog AS $f$ BEGIN '
      'PERFORM pg_catalog.nextval(''public.preuve''); RETURN ''a''; END $f$', l);
    EXECUTE format('CREATE CAST (%%1$s AS {place}.vole) WITH FUNCTION {place}.vers_vole(%%1$s) AS IMPLICIT', l);
  END LOOP;
  FOREACH f IN ARRAY ARRAY['xid8', 'int4range', 'jsonb', 'regclass', 'timestamptz', 'bytea'] LOOP
    EXECUTE format('CREATE DOMAIN {place}.%%1$I AS text', f);
  END LOOP;
END $plant$
"""


def plant(line: Any, place: str) -> None:
    """Operators, functions, casts and types that match more closely than ``pg_catalog``'s, each with a trap in it."""
    line.execute("SET search_path = pg_catalog")
    names = {"types": list(_TYPES), "operators": list(_OPERATORS), "traps": list(_TRAPS)}
    line.execute(_PLANT.replace("{place}", place), names)


def hostile_session(line: Any) -> None:
    """Everything else that a session may bring along: a temporary schema full of it, and a search path of its own."""
    plant(line, "pg_temp")
    for table in (*(t.name for t in TABLES), "devices", "row_state", "lots", "pg_class"):
        line.execute(f"CREATE TEMP TABLE {table} (id bigint, agence_id bigint, etat text, login text)")
    line.execute("CREATE TEMP VIEW registre AS SELECT 1::pg_catalog.int8 AS id")
    line.execute("CREATE FUNCTION pg_temp.poste() RETURNS integer LANGUAGE sql AS 'SELECT 1'")
    line.execute("CREATE FUNCTION pg_temp.agence() RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint'")
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
    "empreintes": "()", "instantane_suite": "(0)", "signaler": "('1', 'x', 0, NULL)", "adieu": "('{\"n\": 0}')", "inscrire": "()",
    "annoncer": "('{}')", "confier_cle": f"('{'a' * 64}')",
    "poste": "()", "agence": "()", "toutes_agences": "()", "epoque": "()", "auteur": "()",
    "connexion_sel": "('cas_1')", "connexion": "('cas_1', 'x')",
    "changer_secret": f"('cas_1', 'x', '$argon2id$v=19$m=65536,t=3,p=4${'A' * 22}${'A' * 43}')", "documents_manquants": "('{a}')",
    "document_lire": "('a', 0, 1)", "adieu_manquants": "('{a}')", **{name: "()" for t in TABLES for name, _ in t.generations},
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
        lab.sql("CREATE SEQUENCE public.preuve; GRANT ALL ON SEQUENCE public.preuve TO PUBLIC")
        lab.sql("GRANT CREATE ON SCHEMA public TO PUBLIC")
        with target.line() as line:
            plant(line, "public")
            # Open to everybody: it serves nobody, and says so.
            line.execute("SET search_path = public, sync, pg_catalog")
            for entry in ("tirer('0'::pg_catalog.xid8, 0, 10)", "debut_copie()",
                          "pousser('{\"n\": 0}'::pg_catalog.jsonb, 1, 'x')"):  # fmt: skip
                refused(line, "EM013", f"SELECT sync.{entry}")
        assert health(target)["isolation"].niveau == "panne"
        lab.sql("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        with target.line() as line:
            hostile_session(line)
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
        # Who compares, plans or upgrades asks nothing that would run it, and says what to do.
        lab.sql("SELECT setval('public.preuve', 1, false)")
        with target.engine() as engine:
            with pytest.raises(UpgradeError, match="DROP OWNED BY"):
                enrolment.init_centre(engine)
            assert checklist.check_central(engine).etat == "incoherent"
            report.plan(engine, revisions.head(), revisions.head())
            with isolation.pinned(engine) as connection:
                report.survey(connection)
        assert lab.value("SELECT is_called FROM public.preuve") is False
    finally:
        lab.sql("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        lab.sql(f'DROP OWNED BY "{target.thief.login}" CASCADE')
        lab.sql("DROP SEQUENCE public.preuve")
        lab.sql(f'GRANT CONNECT ON DATABASE "{base}" TO "{target.thief.login}"')
    with target.engine() as engine:
        enrolment.init_centre(engine)
    assert health(target)["isolation"].niveau == "ok"


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
