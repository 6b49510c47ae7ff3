"""The fence around the centre: what it takes away from every login, and how it is known to stand.

Row-level security, owners and grants keep a device to its agency. A restoration without owners, a hand-made GRANT or a
database carried over from PostgreSQL 14 (where everybody may create in schema ``public``) takes them away in silence:
so the entries of the exchange look at it themselves (``sync.exiger_isolation``), and whoever may read the catalogues
can have it told (:func:`faults`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from erp_desktop.centre.preflight import GROUP_ROLES
from erp_desktop.errors import UpgradeError
from erp_desktop.registry.search_path import PATH, PIN
from erp_desktop.registry.tables import TABLES

# Roles belong to the whole server: two databases may be installed at once, so a duplicate is no error.
ROLES = "\n".join(
    f"""DO $$ BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{role}') THEN CREATE ROLE {role} NOLOGIN; END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;"""
    for role in GROUP_ROLES
)

# An owner who is no superuser gives functions to a role only as its member. PostgreSQL 16 and newer tell being one
# from having its rights and from acting as it, and let only who has ADMIN (its creator) change that.
_MEMBERSHIP = """DO $$ DECLARE suffix text := ''; BEGIN
  IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN RETURN; END IF;
  IF current_setting('server_version_num')::int >= 160000 THEN
    IF pg_has_role('erp_sync', 'USAGE') AND pg_has_role('erp_sync', 'SET') THEN RETURN; END IF;
    suffix := ' WITH INHERIT TRUE, SET TRUE';
  ELSIF pg_has_role('erp_sync', 'USAGE') THEN RETURN;
  END IF;
  EXECUTE format('GRANT erp_sync TO %I', current_user) || suffix;
END $$;"""

# A temporary table and a large object are room for somebody else's data; neither is of use to the exchange. Functions
# of large objects belong to the server's superuser, and the database's TEMP to its owner: others only say so.
TAKEN_AWAY = """
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
DO $$
DECLARE f regprocedure;
BEGIN
  IF has_database_privilege('erp_device', current_database(), 'TEMP') THEN
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
  END IF;
  FOR f IN SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace
      AND (p.proname ~ '^lo_' OR p.proname IN ('loread', 'lowrite'))
      AND has_function_privilege('erp_device', p.oid, 'EXECUTE') LOOP
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f);
  END LOOP;
EXCEPTION WHEN insufficient_privilege THEN NULL;
END $$;
"""

# Whatever a function's own text says, and those that an older program left behind too.
SWEEP = f"""
DO $$
DECLARE f regprocedure;
BEGIN
  FOR f IN SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'sync'::regnamespace AND p.prokind = 'f'
      AND p.prosqlbody IS NULL AND p.proconfig IS DISTINCT FROM ARRAY['search_path={PATH}'] LOOP
    EXECUTE format('ALTER FUNCTION %s {PIN}', f);
  END LOOP;
END $$
"""


def guard(*, documents: bool) -> str:
    """SQL that creates ``sync.exiger_isolation()``: it fails unless the caller is held back by row-level security."""
    names = [f"public.{t.name}" for t in TABLES]
    names += [f"sync.{name}" for name in ("row_state", "devices", "lots", "conflits", "gares", "instantanes")]
    names += ["public.contenus", "public.contenus_morceaux"] if documents else []
    return f"""
CREATE OR REPLACE FUNCTION sync.exiger_isolation() RETURNS boolean LANGUAGE plpgsql STABLE {PIN} AS $f$
BEGIN
  IF current_user <> 'erp_sync' OR has_schema_privilege('erp_device', 'public', 'CREATE') OR NOT (
      SELECT bool_and(row_security_active(c)) FROM unnest('{{{",".join(names)}}}'::regclass[]) c) THEN
    RAISE EXCEPTION 'l''isolation des agences n''est pas entière au centre' USING ERRCODE = 'EM013';
  END IF;
  RETURN true;
END $f$;
"""


def fence() -> list[str]:
    """The first statements of an installation."""
    return [ROLES, _MEMBERSHIP, TAKEN_AWAY]


@contextlib.contextmanager
def pinned(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection that looks for names in no schema where another login may ever have created something.

    For whoever examines a centre with its owner's rights; every table is asked for with its schema.
    """
    with engine.connect() as connection:
        # For each transaction anew: behind a pooler a session's setting would stay for somebody else.
        sa.event.listen(connection, "begin", lambda begun: begun.exec_driver_sql(f"SET LOCAL search_path = {PATH}"))
        yield connection


@contextlib.contextmanager
def own_names(connection: sa.Connection) -> Iterator[None]:
    """Questions to the catalogues in no schema of others: theirs would run their operators as whoever asks."""
    before = str(connection.exec_driver_sql("SHOW search_path").scalar())
    connection.exec_driver_sql(f"SET LOCAL search_path = {PATH}")
    yield
    connection.exec_driver_sql(f"SET LOCAL search_path = {before}")


def open_to_all(connection: sa.Connection) -> bool:
    """Whether any login may create in schema ``public``."""
    return bool(
        connection.exec_driver_sql(
            "SELECT EXISTS (SELECT 1 FROM pg_namespace n, aclexplode(n.nspacl) a "
            "WHERE n.nspname = 'public' AND a.grantee = 0 AND a.privilege_type = 'CREATE')"
        ).scalar()
    )


# Who administers the group of devices (on PostgreSQL 16 and newer, whoever made it is its member) is no device.
_STRANGERS = """
WITH maitre AS (
  SELECT coalesce((SELECT relowner FROM pg_catalog.pg_class WHERE oid = to_regclass('public.alembic_version')),
                  (SELECT datdba FROM pg_catalog.pg_database WHERE datname = current_database())) AS oid),
roles AS (
  SELECT r.oid, r.rolname, EXISTS (SELECT 1 FROM pg_catalog.pg_auth_members m
      JOIN pg_catalog.pg_roles g ON g.oid = m.roleid WHERE m.member = r.oid AND g.rolname IN ('erp_device', 'erp_revoque')
        AND NOT m.admin_option) AS poste
    FROM pg_catalog.pg_roles r, maitre
   WHERE NOT r.rolsuper AND r.rolname NOT LIKE 'pg\\_%%' AND r.rolname <> 'erp_sync'
     AND NOT pg_has_role(r.oid, maitre.oid, 'MEMBER')),
lieux AS (SELECT oid, nspname FROM pg_catalog.pg_namespace WHERE nspname IN ('public', 'sync')),
objets AS (
  SELECT 'fonction' AS genre, p.proname::text AS nom, p.proowner AS proprietaire, p.pronamespace AS lieu, p.oid,
         'pg_proc'::regclass AS classe FROM pg_catalog.pg_proc p
  UNION ALL SELECT 'opérateur', o.oprname, o.oprowner, o.oprnamespace, o.oid, 'pg_operator'::regclass
    FROM pg_catalog.pg_operator o
  UNION ALL SELECT 'type', t.typname, t.typowner, t.typnamespace, t.oid, 'pg_type'::regclass FROM pg_catalog.pg_type t
   WHERE t.typrelid = 0 AND t.typelem = 0
  UNION ALL SELECT 'collation', c.collname, c.collowner, c.collnamespace, c.oid, 'pg_collation'::regclass
    FROM pg_catalog.pg_collation c
  UNION ALL SELECT 'classe d''opérateurs', c.opcname, c.opcowner, c.opcnamespace, c.oid, 'pg_opclass'::regclass
    FROM pg_catalog.pg_opclass c
  UNION ALL SELECT 'table', c.relname, c.relowner, c.relnamespace, c.oid, 'pg_class'::regclass
    FROM pg_catalog.pg_class c)
SELECT o.genre, l.nspname, o.nom, r.rolname FROM objets o JOIN lieux l ON l.oid = o.lieu
  JOIN roles r ON r.oid = o.proprietaire
 WHERE (r.poste OR o.genre <> 'table') AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d
     WHERE d.classid = o.classe AND d.objid = o.oid AND d.deptype = 'e')
 ORDER BY 1, 2, 3 LIMIT 20
"""

_RIGHTS = """
SELECT r.rolname, concat_ws(', ', CASE WHEN r.rolsuper THEN 'SUPERUSER' END,
    CASE WHEN r.rolbypassrls THEN 'BYPASSRLS' END, CASE WHEN r.rolcreaterole THEN 'CREATEROLE' END,
    CASE WHEN r.rolcreatedb THEN 'CREATEDB' END, CASE WHEN r.rolreplication THEN 'REPLICATION' END,
    (SELECT string_agg('membre de ' || g.rolname, ', ' ORDER BY g.rolname) FROM pg_auth_members m
       JOIN pg_roles g ON g.oid = m.roleid WHERE m.member = r.oid
        AND g.rolname NOT IN ('erp_device', 'erp_revoque'))) AS droits
  FROM pg_roles r
 WHERE r.rolname IN ('erp_sync', 'erp_device', 'erp_central', 'erp_revoque')
    OR EXISTS (SELECT 1 FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
                WHERE m.member = r.oid AND g.rolname IN ('erp_device', 'erp_revoque') AND NOT m.admin_option)
    OR r.rolname IN (SELECT login FROM sync.devices)
"""


def planted(connection: sa.Connection) -> list[str]:
    """Objects of others in the program's schemas, one French line each: an upgrade might run them."""
    with own_names(connection):
        rows = connection.exec_driver_sql(_STRANGERS).fetchall()
    return [
        f"centre : isolation « {schema}.{name} » : {kind} de {owner}, qui n'a rien à y créer"
        for kind, schema, name, owner in rows
    ]


_FUNCTIONS = """
SELECT p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' AS nom,
  CASE WHEN p.prosqlbody IS NULL AND p.proconfig IS DISTINCT FROM ARRAY[%(pin)s] THEN 'chemin de recherche non fixé'
       WHEN p.proname = ANY(%(entries)s) AND NOT p.prosecdef THEN 'exécutée avec les droits de qui l''appelle'
       WHEN p.proname = ANY(%(entries)s) AND r.rolname <> 'erp_sync' THEN 'appartient à ' || r.rolname
       WHEN p.proname <> ALL(%(entries)s) AND r.rolname = 'erp_sync' THEN 'appartient à erp_sync'
       WHEN p.proacl IS NULL OR EXISTS (SELECT 1 FROM aclexplode(p.proacl) a WHERE a.grantee = 0)
         THEN 'exécutable par tous' END AS tort
  FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner
 WHERE p.pronamespace = 'sync'::regnamespace AND p.prokind = 'f'
"""
_GRANTS = """
SELECT c.oid::regclass::text, g.rolname, a.privilege_type
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname IN ('public', 'sync'),
       aclexplode(c.relacl) a LEFT JOIN pg_roles g ON g.oid = a.grantee
 WHERE c.relkind IN ('r', 'p', 'v', 'S') AND (a.grantee = 0 OR g.rolname IN ('erp_device', 'erp_revoque') OR EXISTS (
     SELECT 1 FROM pg_auth_members m JOIN pg_roles d ON d.oid = m.roleid AND d.rolname IN ('erp_device', 'erp_revoque')
      WHERE m.member = a.grantee AND NOT m.admin_option) OR a.grantee IN (
     SELECT to_regrole(quote_ident(login)) FROM sync.devices))
   AND c.oid <> 'sync.schema_compat'::regclass ORDER BY 1, 2, 3 LIMIT 20
"""


def faults(connection: sa.Connection, entries: Sequence[str]) -> list[str]:
    """Why the fence does not stand, one French line each; empty when it does.

    Args:
        connection: may read the catalogues.
        entries: functions of schema ``sync`` that run as ``erp_sync``, with their arguments.
    """
    with own_names(connection):
        return _faults(connection, entries)


def _faults(connection: sa.Connection, entries: Sequence[str]) -> list[str]:
    found = []
    names = sorted({entry.partition("(")[0] for entry in entries})
    asked = {"pin": f"search_path={PATH}", "entries": names}
    found += [
        f"centre : isolation « sync.{name} » : {wrong}"
        for name, wrong in connection.exec_driver_sql(_FUNCTIONS, asked).fetchall()
        if wrong
    ]
    found += [
        f"centre : isolation « {table} » : {right} donné à {role or 'tous'}"
        for table, role, right in connection.exec_driver_sql(_GRANTS).fetchall()
    ]
    if open_to_all(connection):
        found.append(
            "centre : isolation « schéma public » : tout compte peut y créer (REVOKE CREATE ON SCHEMA public FROM PUBLIC)"
        )
    found += planted(connection)
    found += [
        f"centre : isolation « {role} » : {rights} de trop"
        for role, rights in connection.exec_driver_sql(_RIGHTS).fetchall()
        if rights
    ]
    return found


def weaknesses(connection: sa.Connection) -> list[str]:
    """What only the server's superuser or the database's owner may take away from devices, one French line each."""
    if connection.exec_driver_sql("SELECT to_regrole('erp_device')").scalar() is None:
        return []
    temporary, large = connection.exec_driver_sql(
        "SELECT has_database_privilege('erp_device', current_database(), 'TEMP'), "
        "has_function_privilege('erp_device', 'pg_catalog.lo_from_bytea(oid, bytea)', 'EXECUTE')"
    ).one()
    found = []
    if temporary:
        found.append("un poste peut créer des tables temporaires (REVOKE TEMPORARY ON DATABASE … FROM PUBLIC)")
    if large:
        found.append("un poste peut créer des objets larges (REVOKE EXECUTE ON FUNCTION pg_catalog.lo_… FROM PUBLIC)")
    return found


def close(connection: sa.Connection) -> None:
    """Take the right to create in ``public`` from everybody, before anything of the history runs; commits.

    Raises:
        UpgradeError: this login may not take it away, or others have left something there that would be run.
    """
    refuse_planted(connection)
    if open_to_all(connection):
        connection.exec_driver_sql("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        if open_to_all(connection):
            connection.rollback()
            raise UpgradeError(
                "Tout compte peut créer des objets dans le schéma public, que ce compte ne peut pas fermer : un "
                "superutilisateur exécute d'abord « GRANT CREATE ON SCHEMA public TO le compte migrateur ; "
                "REVOKE CREATE ON SCHEMA public FROM PUBLIC »."
            )
    connection.commit()


def refuse_planted(connection: sa.Connection) -> None:
    """The first question of whoever is about to ask others with an owner's rights; ends its transaction.

    Raises:
        UpgradeError: others have left something that would be run.
    """
    left = planted(connection)
    connection.commit()
    if left:
        raise UpgradeError(others_left(left))


def others_left(left: list[str]) -> str:
    """One French sentence of what :func:`planted` found."""
    more = f" (et {len(left) - 5} autres)" if len(left) > 5 else ""
    return (
        f"D'autres comptes ont créé des objets dans les schémas du programme : {' ; '.join(left[:5])}{more}. "
        "Rien n'est exécuté avant qu'ils soient retirés (DROP OWNED BY …)."
    )
