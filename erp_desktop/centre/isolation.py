"""The fence around the centre: what it takes away from every login, and how it is known to stand.

Row-level security, owners and grants keep a device to its agency. A restoration without owners, a hand-made GRANT or
a database carried over from PostgreSQL 14 (where everybody may create in schema ``public``) takes them away in
silence: so the entries of the exchange look at it themselves (``sync.exiger_isolation``), and whoever may read the
catalogues can have it told (:func:`faults`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence

import sqlalchemy as sa

from erp_desktop.centre.preflight import GROUP_ROLES
from erp_desktop.centre.sql import sql
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
_MEMBERSHIP = sql("isolation/membership")

# A temporary table and a large object are room for somebody else's data; neither is of use to the exchange. Functions
# of large objects belong to the server's superuser, and the database's TEMP to its owner: others only say so.
TAKEN_AWAY = sql("isolation/taken_away")

# Whatever a function's own text says, and those that an older program left behind too.
SWEEP = sql("isolation/sweep", PATH=PATH, PIN=PIN)


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
STRANGERS = sql("isolation/strangers")

RIGHTS = sql("isolation/rights")


def planted(connection: sa.Connection) -> list[str]:
    """Objects of others in the program's schemas, one French line each: an upgrade might run them."""
    with own_names(connection):
        rows = connection.exec_driver_sql(STRANGERS).fetchall()
    return told_planted(tuple(row) for row in rows)


def told_planted(rows: Iterable[tuple[str, ...]]) -> list[str]:
    """One French line of each row of :data:`STRANGERS`."""
    return [
        f"centre : isolation « {schema}.{name} » : {kind} de {owner}, qui n'a rien à y créer"
        for kind, schema, name, owner in rows
    ]


_FUNCTIONS = sql("isolation/functions")
GRANTS = sql("isolation/grants")


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
        for table, role, right in connection.exec_driver_sql(GRANTS).fetchall()
    ]
    if open_to_all(connection):
        found.append(
            "centre : isolation « schéma public » : tout compte peut y créer "
            "(REVOKE CREATE ON SCHEMA public FROM PUBLIC)"
        )
    found += planted(connection)
    found += [
        f"centre : isolation « {role} » : {rights} de trop"
        for role, rights in connection.exec_driver_sql(RIGHTS).fetchall()
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
