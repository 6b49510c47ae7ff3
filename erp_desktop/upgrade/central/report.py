"""What an upgrade of the centre is told beforehand, and checked against afterwards."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import sqlalchemy as sa

from erp_desktop.centre import isolation
from erp_desktop.registry import revisions as history
from erp_desktop.registry.tables import present_name


@dataclass(frozen=True, slots=True)
class Releve:
    """Rows of each table, and filled values of each column that may be empty, under the names of today."""

    lignes: dict[str, int]
    remplies: dict[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Plan:
    """What an upgrade would do; nothing was changed to know it.

    Attributes:
        revisions: (revision, first line of its description), in order.
        sql: the statements, as they would run from the present revision.
        bloquants: transactions open now that it would have to wait for.
        exclus: devices whose program would be too old afterwards; they go on offline.
    """

    de: str | None
    vers: str
    revisions: list[tuple[str, str]]
    sql: str
    bloquants: list[str]
    exclus: list[str]


def plan(engine: sa.Engine, current: str | None, wanted: str) -> Plan:
    """Read what an upgrade from ``current`` (None: empty) to ``wanted`` would do."""
    from erp_desktop.upgrade import migrate

    due = history.between(current, wanted)
    scripts = migrate.scripts()
    titles = [(name, str(scripts.get_revision(name).doc)) for name in due]
    sql = migrate.postgres_sql(current or "base", wanted) if due else ""
    with isolation.pinned(engine) as connection:
        return Plan(current, wanted, titles, sql, blockers(connection), excluded(connection))


def blockers(connection: sa.Connection) -> list[str]:
    """Open transactions of others on this database, oldest first, one French line each."""
    rows = connection.exec_driver_sql(
        "SELECT pid, usename, coalesce(nullif(application_name, ''), '?'), "
        "extract(epoch FROM now() - xact_start)::int, state LIKE 'idle in%%' FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL "
        "AND backend_type = 'client backend' ORDER BY xact_start LIMIT 5"
    ).fetchall()
    return [
        f"processus {pid} de {user} ({program}) : transaction ouverte depuis {seconds} s{', oubliée' if idle else ''}"
        for pid, user, program, seconds, idle in rows
    ]


def excluded(connection: sa.Connection) -> list[str]:
    """Active devices that last reported a revision older than what a centre at the head still serves."""
    if connection.exec_driver_sql("SELECT to_regclass('sync.devices')").scalar() is None:
        return []
    least = history.position(history.minimum_client()) or 0
    rows = connection.exec_driver_sql(
        "SELECT nom, poste, revision FROM sync.devices WHERE etat = 'actif' AND revision IS NOT NULL ORDER BY poste"
    ).fetchall()
    return [
        f"poste {number} « {name} » (révision {revision})"
        for name, number, revision in rows
        if (rank := history.position(revision)) is not None and rank < least
    ]


def survey(connection: sa.Connection) -> Releve:
    """Count what the centre holds; one pass over each table, each let go before the next is taken."""
    columns: dict[str, list[str]] = defaultdict(list)
    for table, column, nullable in connection.exec_driver_sql(
        "SELECT c.table_name, c.column_name, c.is_nullable = 'YES' FROM information_schema.columns c "
        "JOIN pg_tables t ON t.schemaname = 'public' AND t.tablename = c.table_name "
        "WHERE c.table_schema = 'public' AND c.table_name <> 'alembic_version'"
    ).fetchall():
        columns[table] += [column] if nullable else []
    rows, filled = {}, {}
    quote = connection.dialect.identifier_preparer.quote
    for table, names in columns.items():
        counts = ", ".join(["count(*)", *(f"count({quote(name)})" for name in names)])
        connection.rollback()
        found = connection.exec_driver_sql(f"SELECT {counts} FROM public.{quote(table)}").one()
        rows[table] = int(found[0])
        for name, count in zip(names, found[1:], strict=True):
            filled[table, str(present_name(table, name))] = int(count)
    connection.rollback()
    return Releve(rows, filled)


def missing(before: Releve, after: Releve) -> list[str]:
    """What there is less of than before, one French line each; clerks may have deleted meanwhile."""
    lines = [
        f"{table} : {count} lignes avant, {after.lignes.get(table, 0)} après"
        for table, count in sorted(before.lignes.items())
        if after.lignes.get(table, 0) < count
    ]
    lines += [
        f"{table}.{column} : {count} valeurs avant, {after.remplies[table, column]} après"
        for (table, column), count in sorted(before.remplies.items())
        if (table, column) in after.remplies
        and after.remplies[table, column] < count
        and after.lignes.get(table, 0) >= before.lignes[table]
    ]
    return lines
