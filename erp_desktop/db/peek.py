"""What a cache file says of itself, read without changing one byte of it or beside it.

A database in WAL mode gets ``-wal`` and ``-shm`` files from its first reader, even a read-only one. So the file is
first read as if nobody could change it; only when side files say that it does not stand alone is more needed: our own
file is then opened as usual, a stranger's is read from a copy.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import sqlcipher3.dbapi2 as sqlcipher

from erp_desktop.db import backup, history
from erp_desktop.db.engine import connect_sqlite
from erp_desktop.db.locks import CacheLock
from erp_desktop.errors import DamagedError, DatabaseRefusedError


def absent(path: Path) -> bool:
    return not path.exists() or path.stat().st_size == 0


def read_revision(path: Path, key: str | None = None) -> str:
    """The revision of an existing file.

    Raises:
        DatabaseRefusedError: not a database of this program, or with no or several revisions; nothing was changed.
        DamagedError: it cannot be read as it should.
    """
    try:
        revision = _glance(path, key)
    except DatabaseRefusedError:
        if not backup.siblings(path):
            raise
        revision = ""
    if not backup.siblings(path):
        return revision
    return _read(path, key) if history.position(revision) is not None else _read_copy(path, key)


def known_revision(path: Path, key: str | None = None) -> str:
    """The same, for a file that this program may work on.

    Raises:
        DatabaseRefusedError: also when a newer program made it.
    """
    revision = read_revision(path, key)
    if history.position(revision) is None:
        raise _newer(revision)
    return revision


def refuse_stranger(path: Path, key: str | None = None) -> None:
    """Refuse what is not ours before the lock gets its file beside it; takes no lock and waits for nobody.

    Raises:
        DatabaseRefusedError: as :func:`known_revision`.
    """
    if absent(path) or CacheLock(path).path.exists():
        return
    try:
        revision = _glance(path, key)
        if history.position(revision) is None:
            raise _newer(revision)
    except DatabaseRefusedError:
        # Another start may be at work since: it has made the lock, under which the file is read again.
        if CacheLock(path).path.exists():
            return
        if not backup.siblings(path):
            raise
        known = _read_copy(path, key)
        if history.position(known) is None:
            raise _newer(known) from None


def damaged(path: Path, cause: str) -> DamagedError:
    return DamagedError(
        f"La base locale {path.name} est abîmée ({cause}) : restaurez une sauvegarde (erp-admin db restore)."
    )


def _newer(revision: str) -> DatabaseRefusedError:
    return DatabaseRefusedError(
        f"La base locale vient d'une version plus récente du programme (révision {revision}) : "
        "installez cette version. Rien n'a été modifié."
    )


def _glance(path: Path, key: str | None) -> str:
    try:
        connection = connect_sqlite(path, key, immutable=True)
        try:
            return _stamp(connection, path)
        finally:
            connection.close()
    except sqlcipher.DatabaseError as error:
        raise damaged(path, str(error)) from error


def _read(path: Path, key: str | None) -> str:
    try:
        try:
            connection = connect_sqlite(path, key, read_only=True)
        except sqlcipher.OperationalError:
            # A transaction was cut short: only a writer can roll it back.
            connection = connect_sqlite(path, key)
        try:
            return _stamp(connection, path)
        finally:
            connection.close()
    except sqlcipher.DatabaseError as error:
        raise damaged(path, str(error)) from error


def _read_copy(path: Path, key: str | None) -> str:
    with tempfile.TemporaryDirectory(prefix="erp-mif-") as folder:
        copy = Path(folder) / path.name
        for file in (path, *backup.siblings(path)):
            if not file.name.endswith("-shm"):
                shutil.copyfile(file, copy.with_name(file.name))
        return _read(copy, key)


def _stamp(connection: Any, path: Path) -> str:
    known = connection.execute(
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'alembic_version'"
    ).fetchone()[0]
    if not known:
        raise DatabaseRefusedError(f"Le fichier {path.name} n'est pas une base ERP MIF ; il n'a pas été modifié.")
    rows = [str(row[0]) for row in connection.execute("SELECT version_num FROM alembic_version")]
    if len(rows) != 1:
        told = "n'indique aucune révision" if not rows else f"indique plusieurs révisions ({', '.join(sorted(rows))})"
        raise DatabaseRefusedError(f"La base locale {path.name} {told} ; elle n'a pas été modifiée.")
    return rows[0]
