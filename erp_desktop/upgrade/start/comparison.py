"""What must be the same before and after an upgrade of a cache: rows, money, unsent changes; and its structure."""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from erp_desktop.models import Base
from erp_desktop.models.types import Montant
from erp_desktop.registry import revisions
from erp_desktop.registry.tables import RENAMED, present_name
from erp_desktop.upgrade import fingerprint, migrate

# Moved by the upgrade itself.
_MOVING = {
    "alembic_version",
    "journal_migrations",
    "_sync_session",
    "_allocateur",
    "_rapports_mois",
    "_recherche_attente",
}
_RENAMED_TABLES = {r.table for r in RENAMED}
_UNSENT = ("sync_outbox", "sync_meta", "sync_lots", "sync_gares", "sync_conflits")


@dataclass(frozen=True, slots=True)
class Mesure:
    """Counts per table, exact sums per money column, marks of unsent changes, and the columns behind each mark."""

    revision: str | None
    lignes: dict[str, int]
    sommes: dict[str, Decimal]
    marques: dict[str, tuple[tuple[str, ...], str]]


def _columns(connection: sa.Connection, table: str) -> tuple[str, ...]:
    return tuple(row[1] for row in connection.exec_driver_sql(f'PRAGMA table_info("{table}")'))


def _mark(connection: sa.Connection, table: str, columns: tuple[str, ...]) -> str:
    """A mark of every row, in which renamed columns are called what they are called now."""
    listed = ", ".join(f'"{c}"' for c in columns)
    digest = hashlib.sha256()
    owner = next((columns.index(name) for name in ("nom_table", "cle") if name in columns), None)
    for row in connection.exec_driver_sql(f'SELECT {listed} FROM "{table}" ORDER BY 1'):
        values = tuple(row)
        of_table = str(values[owner]).removeprefix("centre:").split(":")[0] if owner is not None else ""
        if of_table in _RENAMED_TABLES:
            values = tuple(_named_now(of_table, name, value) for name, value in zip(columns, values, strict=True))
        digest.update(repr(values).encode())
    return digest.hexdigest()


def _named_now(table: str, name: str, value: Any) -> Any:
    if name == "colonne":
        return present_name(table, value)
    if name in {"ancien", "valeur"} and isinstance(value, str) and value.startswith("{"):
        with contextlib.suppress(ValueError):
            return sorted((str(present_name(table, key)), repr(v)) for key, v in json.loads(value).items())
    return value


def measure(engine: sa.Engine, columns: dict[str, tuple[str, ...]] | None = None) -> Mesure:
    """Measure a cache.

    Args:
        engine: the cache.
        columns: columns to read for the marks of unsent changes; all present ones when not given.
    """
    with engine.connect().execution_options(write=False) as connection:
        tables = set(sa.inspect(connection).get_table_names()) - _MOVING
        rows = {
            t: int(connection.exec_driver_sql(f'SELECT count(*) FROM "{t}"').scalar_one())
            for t in tables
            if not t.startswith("_alembic_tmp_")
        }
        sums: dict[str, Decimal] = {}
        for table in Base.metadata.sorted_tables:
            present = set(_columns(connection, table.name)) if table.name in tables else set()
            for column in table.columns:
                if isinstance(column.type, Montant) and column.name in present:
                    values = connection.exec_driver_sql(
                        f"SELECT {column.name} FROM {table.name} WHERE {column.name} IS NOT NULL"
                    ).scalars()
                    sums[f"{table.name}.{column.name}"] = sum((Decimal(str(v)) for v in values), Decimal(0))
        marks = {}
        for table_name in _UNSENT:
            if table_name in tables:
                chosen = (columns or {}).get(table_name) or _columns(connection, table_name)
                marks[table_name] = (chosen, _mark(connection, table_name, chosen))
        revision = None
        if sa.inspect(connection).has_table("alembic_version"):
            revision = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        return Mesure(revision, rows, sums, marks)


def declared(before: str | None, after: str) -> set[str]:
    """Tables whose row count the revisions in between change, as each declares in ``ecarts_de_lignes``."""
    scripts = migrate.scripts()
    found: set[str] = set()
    for revision in revisions.between(before, after):
        found |= set(getattr(scripts.get_revision(revision).module, "ecarts_de_lignes", ()))
    return found


def compare(engine: sa.Engine, before: Mesure, *, whole: bool) -> list[str]:
    """What an upgrade lost or left wrong, one French line each.

    Args:
        engine: the upgraded cache.
        before: measured on the same cache before.
        whole: the cache is now at the last revision, so its structure must be that of the models.
    """
    after = measure(engine, {table: columns for table, (columns, _) in before.marques.items()})
    problems = []
    allowed = declared(before.revision, after.revision) if after.revision else set()
    for table, count in sorted(before.lignes.items()):
        if table in after.lignes and after.lignes[table] != count and table not in allowed:
            problems.append(f"{table} : {count} lignes avant, {after.lignes[table]} après")
        if table not in after.lignes and count:
            problems.append(f"{table} : disparue avec {count} lignes")
    problems += [
        f"{name} : somme {total} avant, {after.sommes[name]} après"
        for name, total in sorted(before.sommes.items())
        if name in after.sommes and after.sommes[name] != total
    ]
    problems += [f"{t} : contenu modifié" for t, mark in before.marques.items() if after.marques.get(t) != mark]
    with engine.connect().execution_options(write=False) as connection:
        integrity = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
        problems += [f"intégrité : {line}" for line in integrity if line != "ok"]
        orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        problems += [f"{table} : référence orpheline" for table in sorted({row[0] for row in orphans})]
        if whole:
            problems += fingerprint.check(connection)
    return problems
