"""A backup put in the place of the cache, with what the device did since."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import sqlcipher3.dbapi2 as sqlcipher

from erp_desktop.db.engine import connect_sqlite
from erp_desktop.db.locks import CacheLock
from erp_desktop.errors import DatabaseRefusedError, ErpError, UserError
from erp_desktop.registry import revisions
from erp_desktop.upgrade import audit, backup, since_backup
from erp_desktop.upgrade.start import by_copy


@dataclass(frozen=True, slots=True)
class Restauration:
    """What a restoration did; ``remplacee`` is where the replaced file is now, ``reportees`` rows wait to be sent."""

    restauree: Path
    revision: str
    remplacee: Path | None
    reportees: int


def restore(
    path: Path, chosen: Path, key: str | None = None, *, accept_data_loss: bool = False, keep_revision: bool = False
) -> Restauration:  # fmt: skip
    """Put a backup in the place of the cache; the replaced file is kept as a backup of its own.

    What the device did since the backup (changes that wait, identifiers and batch numbers given) is carried over,
    unless its loss is accepted: then the backup comes back as it was. A backup that is too old for some of it is
    brought up to the cache's revision first, unless its revision is to be kept, for a program of then.

    Raises:
        UserError: unsent changes cannot be carried over, or the cache cannot be read; nothing was changed.
        DatabaseRefusedError: the backup is damaged, or no database of ours.
        DatabaseBusyError: the program is running on the cache.
    """
    if not chosen.is_file():
        raise UserError(f"La sauvegarde {chosen} n'existe pas.")
    backup.verify(chosen, key)
    revision = backup.revision_of(chosen, key)
    lock = CacheLock(path)
    lock.exclusive(2.0)
    started = time.monotonic()
    ready = path.with_name(path.name + ".restauration")
    kept: Path | None = None
    try:
        backup.need_room(path.parent, 2 * chosen.stat().st_size)
        if path.exists():
            kept = _set_aside(path, key, accept_data_loss)
        shutil.copyfile(chosen, ready)
        try:
            carried = 0
            if kept is not None and not accept_data_loss:
                carried = (
                    since_backup.over(kept, ready, key) if keep_revision else carry_over(kept, chosen, ready, key)
                )
        except ErpError:
            if kept is not None:
                kept.unlink()
            raise
        revision = backup.revision_of(ready, key)
        _note(ready, key, kept, revision, time.monotonic() - started)
        backup.settle(ready, key)
        for side in backup.siblings(path):
            # Only beside a file that could not be opened: kept with it, never applied to the backup.
            beside = kept or backup.name_for(path, "remplacee")
            beside.parent.mkdir(parents=True, exist_ok=True)
            side.replace(beside.with_name(beside.name + side.name.removeprefix(path.name)))
        backup.swap(ready, path)
        return Restauration(chosen, revision, kept, carried)
    finally:
        for leftover in (ready, *backup.siblings(ready)):
            leftover.unlink(missing_ok=True)
        lock.release()


def carry_over(kept: Path, chosen: Path, ready: Path, key: str | None) -> int:
    """Carry what the device did from ``kept`` into ``ready``, a copy of ``chosen``; rows that wait to be sent.

    Raises:
        UserError: something cannot be carried over; ``ready`` is to be thrown away.
    """
    try:
        return since_backup.over(kept, ready, key)
    except since_backup.TooOldError:
        before, live = (revisions.position(backup.revision_of(path, key)) for path in (chosen, kept))
        if before is None or live is None or before >= live:
            raise
    shutil.copyfile(chosen, ready)
    by_copy.upgrade_copy(ready, key, revisions.revisions()[live].revision)
    return since_backup.over(kept, ready, key)


def _set_aside(path: Path, key: str | None, accept_data_loss: bool) -> Path:
    kept = backup.name_for(path, "remplacee")
    kept.parent.mkdir(parents=True, exist_ok=True)
    try:
        backup.settle(path, key)
    except (sqlcipher.DatabaseError, DatabaseRefusedError) as error:
        if not accept_data_loss:
            raise UserError(since_backup.UNREADABLE) from error
    shutil.copyfile(path, kept)
    backup.sync_file(kept)
    return kept


def _note(ready: Path, key: str | None, kept: Path | None, revision: str, seconds: float) -> None:
    """Leave a trace of the restoration in the journal of the file that comes back."""
    connection = connect_sqlite(ready, key)
    try:
        audit.note(connection, kept.name if kept else None, revision, seconds)
    finally:
        connection.close()
