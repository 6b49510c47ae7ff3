"""The structure that each revision gives a database: the history run once, in memory.

A cache is compared whole. A centre, whose older structures cannot be built beside it, is compared by the names of its
tables, columns, constraints, indexes and references, which are the same on both engines; of schema ``sync``, which
only a centre has, by the tables.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import sqlcipher3.dbapi2
from sqlalchemy.pool import NullPool, StaticPool

from erp_desktop.db.engine import connect_sqlite
from erp_desktop.models import Base
from erp_desktop.registry import revisions
from erp_desktop.upgrade import fingerprint, migrate
from erp_desktop.upgrade.reading import Structure

LEFTOVER = "_alembic_tmp_"
_NAMED = ("colonne", "contrainte", "index", "référence")
_LOCAL = ("_", "sync_")

Names = dict[str, dict[str, dict[str, bool]]]


@cache
def by_revision() -> dict[str, Structure]:
    """Revision → structure of a cache at that revision, oldest first; with triggers at the last one only."""
    engine = sa.create_engine("sqlite://", module=sqlcipher3.dbapi2, poolclass=StaticPool)
    found: dict[str, Structure] = {}
    texts: dict[str, list[Any]] = {}
    last: Structure = {}
    try:
        with engine.connect() as connection:

            def step(revision: str, _title: str) -> None:
                # A revision changes a few tables of a hundred: the others are as they were read before.
                now: dict[str, list[Any]] = {}
                for table, *text in connection.exec_driver_sql(
                    "SELECT tbl_name, name, sql FROM sqlite_schema ORDER BY name"
                ):
                    now.setdefault(table, []).append(text)
                changed = [table for table, text in now.items() if text != texts.get(table)]
                kept = {table: last[table] for table in last.keys() & now.keys() - set(changed)}
                found[revision] = kept | fingerprint.read_cache(connection, changed)
                texts.clear()
                texts.update(now)
                last.clear()
                last.update(found[revision])

            migrate.upgrade(connection, on_step=step, verified_after=True)
            found[revisions.head()] = fingerprint.read(connection)
    finally:
        engine.dispose()
    return found


def read(path: Path, key: str | None) -> Structure:
    """The structure of a cache file, read without any right to change it."""
    engine = sa.create_engine(
        "sqlite+pysqlite://", module=sqlcipher3.dbapi2, poolclass=NullPool,
        creator=lambda: connect_sqlite(path, key, read_only=True),
    )  # fmt: skip
    try:
        with engine.connect() as connection:
            return fingerprint.read(connection)
    finally:
        engine.dispose()


def without_leftovers(found: Structure) -> Structure:
    return {table: content for table, content in found.items() if not table.startswith(LEFTOVER)}


@cache
def _of_one_engine() -> frozenset[str]:
    """Indexes that only one engine has, such as those of words at the centre."""
    engines: dict[str, set[str | None]] = {}
    for table in Base.metadata.tables.values():
        for index in table.indexes:
            engines.setdefault(str(index.name), set()).add(index.info.get("engine"))
    return frozenset(name for name, known in engines.items() if len(known) == 1 and None not in known)


def names(found: Structure) -> Names:
    """What both engines name alike in a structure."""
    alone = _of_one_engine()
    return {
        table: {kind: {name: True for name in content.get(kind, {}) if name not in alone} for kind in _NAMED}
        for table, content in found.items()
        if not table.startswith((*_LOCAL, "sync."))
    } | {table: {} for table in found if table.startswith("sync.")}


@cache
def _central_tables() -> dict[str, set[str]]:
    """Revision → tables of schema ``sync`` at a centre, read from the SQL that the history writes."""
    present: set[str] = set()
    found: dict[str, set[str]] = {}
    steps = re.split(
        r"^-- Running upgrade .*-> (\w+)$", migrate.postgres_sql("base", revisions.head()), flags=re.MULTILINE
    )
    for revision, text in zip(steps[1::2], steps[2::2], strict=True):
        present |= set(re.findall(r"^CREATE TABLE (sync\.\w+)", text, re.MULTILINE))
        present -= set(re.findall(r"^DROP TABLE (sync\.\w+)", text, re.MULTILINE))
        found[revision] = set(present)
    return found


def differences(revision: str, found: Structure, dialect: str) -> list[str]:
    """How ``found`` differs from the structure of a revision, one French line each; empty when it does not."""
    if dialect == "sqlite":
        lines = fingerprint.differences(by_revision()[revision], found)
        # Triggers of an older revision are those of the program that made it.
        return lines if revision == revisions.head() else fingerprint.without_machinery(lines)
    return fingerprint.differences(_at_centre(revision), names(found))


def _at_centre(revision: str) -> Names:
    central: Names = {table: {} for table in _central_tables()[revision]}
    return names(by_revision()[revision]) | central


@cache
def _bare(revision: str, dialect: str) -> Structure:
    return fingerprint.bare(by_revision()[revision] if dialect == "sqlite" else _at_centre(revision))


def drift(connection: sa.Connection, revision: str) -> list[str]:
    """How a database differs from the revision that it announces; at the last one, from the models.

    A revision that works outside any transaction and was cut leaves some of what it makes under the stamp of the one
    before, and goes on from there: what it makes is none of the differences.
    """
    if revision == revisions.head():
        return fingerprint.check(connection)
    found, dialect = fingerprint.read(connection), connection.dialect.name
    lines = fingerprint.without_machinery(differences(revision, found, dialect))
    following = revisions.revisions()[len(revisions.before(revision)) + 1].revision
    if not lines or dialect == "sqlite" or not outside_transaction(following):
        return lines
    beyond = set(differences(following, found, dialect))
    return [line for line in lines if line in beyond]


def outside_transaction(revision: str) -> bool:
    """Whether a revision commits on its way at a centre, as it says itself."""
    return bool(getattr(migrate.scripts().get_revision(revision).module, "hors_transaction", False))


def matching(found: Structure, dialect: str) -> list[str]:
    """Revisions whose structure this is, apart from triggers, which every start puts back; oldest first."""
    mine = fingerprint.bare(found if dialect == "sqlite" else names(found))
    return [revision for revision in by_revision() if _bare(revision, dialect) == mine]
