"""The upgrade of a cache, and its way back to an older revision: copy, change, verify, swap.

Killing the process at any instant leaves a file that opens, old or new, with every row: the live file is only ever
replaced whole, by a copy that was verified. Alembic is imported only when an upgrade is due.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
import sqlcipher3.dbapi2 as sqlcipher

from erp_desktop import paths
from erp_desktop.db.engine import connect_sqlite, create_copy_engine, create_sqlite_engine
from erp_desktop.db.locks import CacheLock
from erp_desktop.errors import DiskFullError, ErpError, UpgradeError
from erp_desktop.registry import revisions
from erp_desktop.upgrade import backup
from erp_desktop.upgrade.start.file_state import absent, damaged, known_revision

_STEPS = 6


@dataclass(frozen=True, slots=True)
class Etape:
    """Where an upgrade stands; ``texte`` is for the person who waits. Raising in the callback cancels."""

    numero: int
    total: int
    texte: str
    fait: float = 0.0
    """Share of this step that is done."""

    @property
    def part(self) -> float:
        """Share of the whole that is done, 0 to 1."""
        return (self.numero - 1 + self.fait) / self.total


Progress = Callable[[Etape], object]


def upgrade_local(
    path: Path, key: str | None = None, *, progress: Progress | None = None, keep: int = 3, target: str | None = None
) -> tuple[str | None, str]:
    """Create or upgrade a cache; the caller holds the exclusive lock.

    Returns:
        Revision before (None: there was no file) and after.
    """
    tell = progress or (lambda _etape: None)
    wanted = target or revisions.head()
    working = path.with_name(path.name + ".upgrading")
    _discard(working)
    try:
        return _upgrade(path, key, wanted, working, tell, keep)
    except (OSError, sqlcipher.OperationalError) as error:
        raise _failed("La mise à niveau a échoué, la base est comme avant", error) from error
    finally:
        _discard(working)


def _upgrade(
    path: Path, key: str | None, wanted: str, working: Path, tell: Progress, keep: int
) -> tuple[str | None, str]:
    before: str | None = None
    if absent(path):
        tell(Etape(4, _STEPS, "Création de la base locale"))
        path.parent.mkdir(parents=True, exist_ok=True)
        revisions.verify()
        _run(working, key, wanted, tell)
    else:
        before = known_revision(path, key)
        if before == wanted:
            return before, before
        revisions.verify()
        _copy(path, key, before, working, tell, keep)
        stat = path.stat()
        _run(working, key, wanted, tell)
        now = path.stat()
        if (stat.st_mtime_ns, stat.st_size) != (now.st_mtime_ns, now.st_size):
            raise UpgradeError("La base locale a changé pendant sa mise à niveau : rien n'a été remplacé.")
    tell(Etape(_STEPS, _STEPS, "Mise en place"))
    backup.swap(working, path)
    return before, wanted


def downgrade_local(path: Path, key: str | None, target: str, *, keep: int = 3) -> tuple[str, str]:
    """Take a cache back to an older revision on a copy, then swap; what the revisions lose is lost.

    Args:
        path: an existing cache that no program works on.
        key: its encryption key.
        target: a known revision, or ``base``.
        keep: dated backups to keep; one of the present state is made first.

    Returns:
        Revision before and after.

    Raises:
        DatabaseBusyError: a program works on the cache.
        UpgradeError: nothing was changed.
    """
    lock = CacheLock(path)
    lock.exclusive(2.0)
    working = path.with_name(path.name + ".upgrading")
    _discard(working)
    try:
        before = known_revision(path, key)
        revisions.verify()
        _copy(path, key, before, working, lambda _etape: None, keep)
        _take_back(working, key, target)
        backup.swap(working, path)
        return before, target
    finally:
        _discard(working)
        lock.release()


def upgrade_copy(working: Path, key: str | None, wanted: str) -> None:
    """Bring a file that nobody else uses to a later revision, proven as an upgrade is, without any way back.

    Raises:
        UpgradeError: it failed; the file is to be thrown away.
    """
    revisions.verify()
    _run(working, key, wanted, lambda _etape: None)


def _take_back(working: Path, key: str | None, target: str) -> None:
    from erp_desktop.upgrade import migrate

    engine = create_sqlite_engine(working, key)
    try:
        with engine.connect() as connection:
            migrate.downgrade(connection, target, verified_after=True)
            problems = [
                line for line in connection.exec_driver_sql("PRAGMA integrity_check").scalars() if line != "ok"
            ]
            orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
            problems += [f"{len(orphans)} référence(s) orpheline(s), dont {orphans[0][0]}"] if orphans else []
    except (sa.exc.SQLAlchemyError, RuntimeError) as error:
        raise _failed("Le retour en arrière a échoué, la base est comme avant", error) from error
    finally:
        engine.dispose()
    if problems:
        raise UpgradeError(f"Le retour en arrière a abîmé la copie, la base est comme avant : {problems[0]}")
    backup.settle(working, key)


def _failed(told: str, error: Exception) -> ErpError:
    cause = str(getattr(error, "orig", None) or error).splitlines()[0]
    without_room = isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EFBIG}
    if without_room or "disk is full" in cause or "disk I/O" in cause:
        return DiskFullError(f"{told} : le disque est plein. Libérez de la place puis réessayez.")
    return UpgradeError(f"{told} : {cause}")


def _discard(working: Path) -> None:
    for leftover in (working, *backup.siblings(working)):
        leftover.unlink(missing_ok=True)


def _copy(path: Path, key: str | None, revision: str, working: Path, tell: Progress, keep: int) -> None:
    """Check the live file, back it up, and copy the backup to work on."""
    tell(Etape(1, _STEPS, "Contrôle de la base locale"))
    backup.need_room(path.parent, 3 * path.stat().st_size)
    try:
        connection = connect_sqlite(path, key)
        try:
            problems = [row[0] for row in connection.execute("PRAGMA quick_check") if row[0] != "ok"]
        finally:
            connection.close()
    except sqlcipher.DatabaseError as error:
        problems = [str(error)]
    if problems:
        raise damaged(path, problems[0])
    backup.settle(path, key)
    tell(Etape(2, _STEPS, "Sauvegarde"))
    connection = connect_sqlite(path, key)
    saved = backup.name_for(path, revision)
    # Under its name only once it is whole: a half-made backup must never push out a good one.
    partial = saved.with_name(path.name + ".partiel")
    partial.unlink(missing_ok=True)
    try:
        backup.vacuum_into(connection, partial)
    finally:
        connection.close()
    backup.verify(partial, key)
    paths.put_in_place(partial, saved)
    backup.prune(path, keep)
    tell(Etape(3, _STEPS, "Copie de travail"))
    shutil.copyfile(saved, working)


def _run(working: Path, key: str | None, wanted: str, tell: Progress) -> None:
    """Bring the working copy to ``wanted`` and prove that nothing was lost."""
    from erp_desktop.upgrade import migrate
    from erp_desktop.upgrade.start import comparison

    engine = create_copy_engine(working, key)
    try:
        before = comparison.measure(engine)
        with engine.connect() as connection:
            for table in sa.inspect(connection).get_table_names():
                if table.startswith("_alembic_tmp_"):
                    connection.exec_driver_sql(f'DROP TABLE "{table}"')
            connection.commit()

            due = revisions.between(before.revision, wanted)

            def step(revision: str, _title: str) -> None:
                rank = due.index(revision) + 1
                tell(Etape(4, _STEPS, f"Mise à niveau : révision {rank} sur {len(due)}", rank / len(due)))

            try:
                migrate.upgrade(connection, wanted, on_step=step, verified_after=True)
            except (sa.exc.SQLAlchemyError, RuntimeError) as error:
                raise _failed("La mise à niveau a échoué, la base est comme avant", error) from error
        tell(Etape(5, _STEPS, "Vérification"))
        problems = comparison.compare(engine, before, whole=wanted == revisions.head())
        if problems:
            shown = " ; ".join(problems[:5])
            raise UpgradeError(f"La mise à niveau n'est pas fidèle, la base est comme avant : {shown}")
    finally:
        engine.dispose()
    backup.settle(working, key)
