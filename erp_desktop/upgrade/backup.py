"""Dated, verified copies of a cache, and the way back.

A copy is made by ``VACUUM INTO``, which sees committed rows still in the WAL and keeps the file's encryption key.
Copies lie in ``sauvegardes/`` beside the cache: ``<cache>-<revision>-<UTC instant>.sqlite``.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlcipher3.dbapi2 as sqlcipher

from erp_desktop import clock, paths
from erp_desktop.db.engine import connect_sqlite, private
from erp_desktop.errors import (
    DatabaseBusyError,
    DatabaseRefusedError,
    DiskFullError,
    UpgradeError,
    UserError,
)

FOLDER = "sauvegardes"
_NAME = re.compile(r"-([0-9a-z]+)-(\d{8}T\d{6}\.\d{6}Z)\.sqlite$")
_PARTIAL = ".partiel"
_FORSAKEN_S = 3600
"""Seconds since the last word of a copy after which nobody makes it any more: its program was killed."""
_SIDES = ("-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True)
class Sauvegarde:
    """A copy; ``taille`` in bytes."""

    chemin: Path
    revision: str
    quand: datetime
    taille: int


def siblings(path: Path) -> list[Path]:
    """Files that SQLite left beside a database."""
    return [side for side in (path.with_name(path.name + suffix) for suffix in _SIDES) if side.exists()]


def sync_file(path: Path) -> None:
    """Wait until the file, and on POSIX its folder's entry, are on the disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def need_room(folder: Path, wanted: int) -> None:
    """Raises:
    DiskFullError: fewer than ``wanted`` bytes are free.
    """
    free = paths.free_space(folder)
    if free < wanted:
        raise DiskFullError(
            f"Il manque {max(1, (wanted - free) // 1_000_000)} Mo sur le disque pour une copie de sécurité : "
            "libérez de la place puis réessayez. Rien n'a été modifié."
        )


def vacuum_into(connection: Any, target: Path) -> None:
    """Copy the database of an open connection; a partial copy never stays."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        # SQLite fills an empty file that is there, and leaves it its rights.
        private(target)
        connection.execute("VACUUM INTO ?", (str(target),))
        sync_file(target)
    except (sqlcipher.Error, OSError) as error:
        target.unlink(missing_ok=True)
        # SQLite speaks English everywhere, the system its own language.
        if "full" in str(error) or getattr(error, "errno", None) == errno.ENOSPC:
            raise DiskFullError("Le disque est plein : la copie de sécurité n'a pas pu être faite.") from error
        raise


def verify(path: Path, key: str | None) -> None:
    """Read a copy from end to end.

    Raises:
        DatabaseRefusedError: it cannot be read, or is damaged.
    """
    try:
        connection = connect_sqlite(path, key, read_only=True)
        try:
            problems = [row[0] for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
            if key is not None:
                problems += [row[0] for row in connection.execute("PRAGMA cipher_integrity_check")]
        finally:
            connection.close()
    except sqlcipher.DatabaseError as error:
        problems = [str(error)]
    if problems:
        raise DatabaseRefusedError(f"La copie {path.name} est abîmée ({problems[0]}).")


def name_for(path: Path, revision: str) -> Path:
    stamp = clock.now().strftime("%Y%m%dT%H%M%S.%fZ")
    return path.parent / FOLDER / f"{path.stem}-{revision}-{stamp}.sqlite"


def create(path: Path, key: str | None = None, *, keep: int = 3) -> Sauvegarde:
    """Copy a cache that may be in use, verify the copy, and delete all but the ``keep`` newest.

    Raises:
        DiskFullError: no room; nothing was written.
        DatabaseRefusedError: not a database of ours, or the copy came out damaged.
    """
    _forget_forsaken(path)
    need_room(path.parent, 2 * path.stat().st_size)
    connection = connect_sqlite(path, key)
    try:
        row = connection.execute(
            "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'alembic_version'"
        ).fetchone()
        if not row[0]:
            raise DatabaseRefusedError(f"Le fichier {path.name} n'est pas une base ERP MIF.")
        version = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        made = name_for(path, version[0] if version else "vide")
        # Under its name only once it is whole: a half-made backup must never push out a good one.
        partial = made.with_name(made.name + _PARTIAL)
        vacuum_into(connection, partial)
    finally:
        connection.close()
    try:
        verify(partial, key)
        paths.put_in_place(partial, made)
    finally:
        paths.let_go(partial)
    prune(path, keep)
    return _read(made)


def _read(path: Path) -> Sauvegarde:
    match = _NAME.search(path.name)
    if match is None:
        raise UserError(f"{path.name} n'est pas une sauvegarde.")
    when = datetime.strptime(match[2], "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC)
    return Sauvegarde(path, match[1], when, path.stat().st_size)


def backups(path: Path) -> list[Sauvegarde]:
    """Copies of a cache, newest first."""
    folder = path.parent / FOLDER
    found = [_read(p) for p in folder.glob("*.sqlite") if _NAME.sub("", p.name) == path.stem]
    return sorted(found, key=lambda s: s.quand, reverse=True)


def prune(path: Path, keep: int) -> None:
    for old in backups(path)[max(keep, 1) :]:
        paths.let_go(old.chemin)


def _forget_forsaken(path: Path) -> None:
    """Delete what copies that were killed on their way left."""
    for begun in (path.parent / FOLDER).glob(f"{path.stem}-*{_PARTIAL}"):
        with contextlib.suppress(OSError):
            if time.time() - begun.stat().st_mtime > _FORSAKEN_S:
                begun.unlink()


def swap(ready: Path, live: Path, *, patience_s: float = 20.0) -> None:
    """Put a finished, closed file in the place of the live one in one step of the file system.

    Raises:
        DatabaseBusyError: another program (an antivirus, a viewer) kept the live file open.
        UpgradeError: the live file has pending side files, which would be applied to the new one.
    """
    if live.is_symlink():
        # The link stays; what it leads to is replaced, on the disk where that is.
        live = live.resolve()
        beside = live.with_name(ready.name)
        shutil.move(ready, beside)
        ready = beside
    if siblings(live) or siblings(ready):
        raise UpgradeError("La base locale est encore ouverte ailleurs : rien n'a été changé.")
    sync_file(ready)
    try:
        paths.put_in_place(ready, live, patience_s=patience_s)
    except PermissionError as error:
        raise DatabaseBusyError("Un autre programme tient la base locale ouverte ; réessayez.") from error
    sync_folder(live.parent)


def settle(path: Path, key: str | None) -> None:
    """Fold the WAL into the file and leave WAL mode, so that the file alone is the database.

    Raises:
        DatabaseBusyError: another program has the file open.
    """
    connection = connect_sqlite(path, key)
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        mode = connection.execute("PRAGMA journal_mode = DELETE").fetchone()[0]
    except sqlcipher.OperationalError as error:
        raise DatabaseBusyError("Un autre programme tient la base locale ouverte ; fermez-le.") from error
    finally:
        connection.close()
    if mode != "delete" or siblings(path):
        raise DatabaseBusyError("Un autre programme tient la base locale ouverte ; fermez-le.")


def revision_of(chosen: Path, key: str | None) -> str:
    """The one revision of a readable file.

    Raises:
        DatabaseRefusedError: it has none, or several, or is no database of ours.
    """
    connection = connect_sqlite(chosen, key, read_only=True)
    try:
        rows = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    except sqlcipher.DatabaseError as error:
        raise DatabaseRefusedError(f"Le fichier {chosen.name} n'est pas une base ERP MIF.") from error
    finally:
        connection.close()
    if len(rows) != 1:
        raise DatabaseRefusedError(f"La sauvegarde {chosen.name} n'indique pas sa révision.")
    return str(rows[0][0])
