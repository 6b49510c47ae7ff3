"""Setting a database's revision by hand, only where its structure is the one of that revision.

The repair for a stamp that is missing, empty, doubled or wrong. On another structure it is refused: it would hide the
trouble until the next upgrade fails in the middle.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from erp_desktop.centre import isolation
from erp_desktop.centre import lock as central_lock
from erp_desktop.db.engine import POOLER, connect_sqlite, is_direct
from erp_desktop.db.locks import CacheLock
from erp_desktop.errors import DatabaseRefusedError, NotAllowedError
from erp_desktop.registry import revisions
from erp_desktop.upgrade import audit, fingerprint, structures
from erp_desktop.upgrade.central import checklist

_TABLE = (
    "CREATE TABLE IF NOT EXISTS alembic_version "
    "(version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
)


def _refuse(revision: str, wrong: list[str], really: list[str]) -> None:
    wrong = fingerprint.without_machinery(wrong)
    if not wrong:
        return
    told = f" La structure est celle de {' ou '.join(really)}." if really else ""
    more = f" (et {len(wrong) - 5} autres)" if len(wrong) > 5 else ""
    raise DatabaseRefusedError(
        f"Révision {revision} refusée, la structure n'est pas la sienne : {' ; '.join(wrong[:5])}{more}.{told} "
        "Rien n'a été modifié."
    )


def stamps_of(path: Path, key: str | None) -> list[str] | None:
    """Rows of a cache's ``alembic_version``; None when it has no such table."""
    connection = connect_sqlite(path, key, read_only=True)
    try:
        if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'alembic_version'").fetchone():
            return None
        return sorted(str(row[0]) for row in connection.execute("SELECT version_num FROM alembic_version"))
    finally:
        connection.close()


def cache(path: Path, key: str | None, revision: str) -> list[str]:
    """Stamp a cache that no program works on.

    Returns:
        The revisions that it indicated before.

    Raises:
        DatabaseRefusedError: its structure is not the one of ``revision``; not one byte was changed.
        DatabaseBusyError: a program works on it.
    """
    before = stamps_of(path, key) or []
    found = structures.read(path, key)
    _refuse(revision, structures.differences(revision, found, "sqlite"), structures.matching(found, "sqlite"))
    if before == [revision]:
        return before
    lock = CacheLock(path)
    lock.exclusive(2.0)
    connection = connect_sqlite(path, key)
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(_TABLE)
        connection.execute("DELETE FROM alembic_version")
        connection.execute("INSERT INTO alembic_version VALUES (?)", (revision,))
        audit.note(connection, ",".join(before), revision, 0.0)
        connection.execute("COMMIT")
    finally:
        connection.close()
        lock.release()
    return before


def centre(engine: sa.Engine, revision: str) -> list[str]:
    """Stamp a centre at the last revision, the only one whose structure is compared there in full.

    Returns:
        The revisions that it indicated before.

    Raises:
        NotAllowedError: not a migrator.
        UpgradeError: others have left objects there that these questions would run.
        DatabaseRefusedError: an older revision, or another structure; nothing was changed.
        DatabaseBusyError: an upgrade is running.
    """
    with engine.connect() as connection:
        isolation.refuse_planted(connection)
    if not checklist.check_central(engine).migrateur:
        raise NotAllowedError("Ce compte n'a pas le droit de modifier la structure de la base centrale.")
    with engine.connect() as connection:
        wrong = fingerprint.check(connection)
        found = fingerprint.read(connection)
        connection.rollback()
        _refuse(revisions.head(), wrong, structures.matching(found, "postgresql"))
        if revision != revisions.head():
            raise DatabaseRefusedError(f"La structure du centre est celle de {revisions.head()}, pas de {revision}.")
        if not is_direct(connection):
            raise DatabaseRefusedError(POOLER)
    # No stamp in the middle of an upgrade.
    with central_lock.upgrade_lock(engine, wait_s=0.0), engine.connect() as connection:
        before = sorted(connection.exec_driver_sql("SELECT version_num FROM public.alembic_version").scalars())
        if before != [revision]:
            connection.exec_driver_sql("DELETE FROM public.alembic_version")
            connection.execute(
                sa.text("INSERT INTO public.alembic_version VALUES (:revision)"), {"revision": revision}
            )
        connection.commit()
        if before != [revision]:
            audit.record(connection, ",".join(before) or None, revision, 0.0)
    return before
