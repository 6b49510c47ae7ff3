"""The way back after an upgrade whose first run failed, or from a damaged file: the last good backup.

An upgrade leaves a small note beside the cache, which the window takes away once it is up. A note that is still there
at the next start says that the first run did not end well.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from erp_desktop import paths
from erp_desktop.db.locks import CacheLock
from erp_desktop.errors import DatabaseRefusedError, ErpError, UnreadableError, UserError
from erp_desktop.registry import revisions
from erp_desktop.upgrade import backup, since_backup
from erp_desktop.upgrade.start import restore
from erp_desktop.upgrade.start.file_state import absent


@dataclass(frozen=True, slots=True)
class Essai:
    """An upgrade that no window has confirmed yet: revisions before and after, and the backup made first."""

    de: str
    vers: str
    sauvegarde: str


def _note(path: Path) -> Path:
    return path.with_name(path.name + ".essai")


def begin(path: Path, before: str, after: str) -> None:
    """Note that the file was just replaced by its upgraded copy."""
    saved = next((s for s in backup.backups(path) if s.revision == before), None)
    if saved is None:
        return
    beside = path.with_name(path.name + ".essai-tmp")
    beside.write_text(json.dumps(asdict(Essai(before, after, saved.chemin.name))), encoding="utf-8")
    paths.put_in_place(beside, _note(path))


def pending(path: Path) -> Essai | None:
    """The unconfirmed upgrade of this cache, if its backup is still there."""
    try:
        trial = Essai(**json.loads(_note(path).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return trial if (path.parent / backup.FOLDER / trial.sauvegarde).is_file() else None


def confirm(path: Path) -> None:
    """The window is up on the upgraded file: the way back is no longer offered."""
    _note(path).unlink(missing_ok=True)


def last_good(path: Path, key: str | None = None) -> backup.Sauvegarde | None:
    """The newest backup of this cache that this program knows and that reads from end to end."""
    for saved in backup.backups(path):
        if revisions.position(saved.revision) is not None:
            try:
                backup.verify(saved.chemin, key)
            except DatabaseRefusedError:
                continue
            return saved
    return None


def go_back(path: Path, key: str | None = None) -> restore.Restauration:
    """Put the backup of the last upgrade back, with everything that the device did since.

    Raises:
        UserError: there is nothing to go back to, or what waits cannot be carried over; nothing was changed.
    """
    trial = pending(path)
    if trial is None:
        raise UserError("Aucune mise à niveau récente à annuler sur cette base.")
    done = restore.restore(path, path.parent / backup.FOLDER / trial.sauvegarde, key)
    confirm(path)
    return done


def salvage(path: Path, key: str | None = None, *, alone: bool = False) -> restore.Restauration:
    """Set a damaged cache aside and put its last good backup in its place, with the changes that still wait.

    Of a cache that is gone or empty only side files are set aside: nothing is left that could be carried over.

    Args:
        path: the cache.
        key: its encryption key.
        alone: take the backup without what waits, which stays in the file that is set aside.

    Raises:
        UserError: there is no good backup.
        UnreadableError: what waits cannot be read; the damaged file is as it was.
        DatabaseBusyError: a program works on the cache.
    """
    saved = last_good(path, key)
    if saved is None:
        raise UserError("La base locale est abîmée et n'a aucune sauvegarde lisible : prévenez l'informatique.")
    lock = CacheLock(path)
    lock.exclusive(2.0)
    ready = path.with_name(path.name + ".restauration")
    kept = backup.name_for(path, "abimee")
    try:
        gone = absent(path)
        backup.need_room(path.parent, (0 if gone else 2 * path.stat().st_size) + saved.taille)
        # Side files come too: they may hold the last changes, and must never be applied to the backup.
        sides = [
            (side, kept.with_name(kept.name + side.name.removeprefix(path.name))) for side in backup.siblings(path)
        ]
        kept.parent.mkdir(parents=True, exist_ok=True)
        for source, target in [*([] if gone else [(path, kept)]), *sides]:
            shutil.copyfile(source, target)
        shutil.copyfile(saved.chemin, ready)
        try:
            carried = 0 if gone or alone else restore.carry_over(kept, saved.chemin, ready, key)
        except ErpError as error:
            for leftover in (kept, *backup.siblings(kept)):
                leftover.unlink(missing_ok=True)
            if str(error) != since_backup.UNREADABLE:
                raise
            raise UnreadableError(
                "Les changements pas encore envoyés ne se lisent plus dans la base abîmée. La dernière sauvegarde "
                "peut être reprise sans eux ; la base abîmée est gardée à côté, pour l'informatique."
            ) from error
        revision = backup.revision_of(ready, key)
        backup.settle(ready, key)
        for source, _ in sides:
            source.unlink(missing_ok=True)
        backup.swap(ready, path)
        confirm(path)
        return restore.Restauration(saved.chemin, revision, None if gone else kept, carried)
    finally:
        for leftover in (ready, *backup.siblings(ready)):
            leftover.unlink(missing_ok=True)
        lock.release()
