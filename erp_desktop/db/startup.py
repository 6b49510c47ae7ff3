"""Opens a cache: at once when it is at this program's revision, else after copy – upgrade – verify – swap.

Killing the process at any instant leaves a file that opens, old or new, with every row: the live file is only ever
replaced whole, by a copy that was verified. Alembic is imported only when an upgrade is due.
"""

from __future__ import annotations

import errno
import logging
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

import sqlalchemy as sa
import sqlcipher3.dbapi2 as sqlcipher
from sqlalchemy import event

from erp_desktop.db import backup, capture, central_report, history, rescue
from erp_desktop.db.central_schema import EtatSchema, check_central, upgrade_central
from erp_desktop.db.engine import connect_sqlite, create_copy_engine, create_pg_engine, create_sqlite_engine
from erp_desktop.db.locks import CacheLock
from erp_desktop.db.peek import absent, damaged, known_revision, lost, read_revision, refuse_stranger
from erp_desktop.db.pg_line import LineRefusedError
from erp_desktop.db.registry import TABLES
from erp_desktop.errors import (
    CentralUnreachableError,
    DatabaseBusyError,
    DatabaseRefusedError,
    DiskFullError,
    ErpError,
    NotADatabaseError,
    UpgradeError,
)
from erp_desktop.settings import CentralUpgrade

__all__ = ["Etape", "EtatSchema", "check_central", "open_local", "read_revision", "upgrade_central", "upgrade_local"]

log = logging.getLogger(__name__)
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


def open_local(
    path: Path,
    key: str | None = None,
    *,
    progress: Progress | None = None,
    keep: int = 3,
    wait_s: float = 60.0,
    on_trial: bool = False,
    create: bool = True,
) -> sa.Engine:
    """An engine on a cache at this program's revision, created or upgraded first when needed.

    The engine holds a share of the cache's lock until it is disposed of.

    Args:
        path: the cache file.
        key: 64 hexadecimal digits for an encrypted file.
        progress: told before each step of an upgrade.
        keep: dated backups to keep.
        wait_s: seconds to wait for another process that is upgrading the same file.
        on_trial: keep the way back of an upgrade until ``rescue.confirm`` says that the first run went well.
        create: make a file that is not there; one that was opened here before is lost and never made anew.

    Raises:
        DatabaseRefusedError: foreign, newer or wrongly keyed file; not one byte was changed.
        DamagedError: ours, but it cannot be read, or is no more there; not one byte was changed.
        DatabaseBusyError: another window or command works on the file and an upgrade is due.
        DiskFullError: no room for the safety copies.
        UpgradeError: the upgrade did not succeed; the file is as it was.
    """
    try:
        refuse_stranger(path, key)
    except NotADatabaseError as error:
        _refuse_head(path, key, error)
    lock = CacheLock(path)
    lock.shared(wait_s)
    try:
        if absent(path) and (not create or lock.noted() or _orphaned(path)):
            raise lost(path)
        if lock.noted() != _state(path) and _due(path, key):
            before, after = _upgrade_or_wait(lock, path, key, progress, keep, wait_s)
            if on_trial and before is not None and before != after:
                rescue.begin(path, before, after)
        engine = create_sqlite_engine(path, key)
        try:
            _heal_triggers(engine)
        except BaseException:
            engine.dispose()
            raise
    except NotADatabaseError as error:
        lock.release()
        _refuse_head(path, key, error)
    except Exception as error:
        lock.release()
        if not isinstance(error, ErpError) and (cause := _broken(path, key)) is not None:
            raise damaged(path, cause) from error
        raise
    except BaseException:
        lock.release()
        raise

    def closed(_engine: sa.Engine) -> None:
        lock.note(_state(path))
        lock.release()

    event.listen(engine, "engine_disposed", closed)
    return engine


def _orphaned(path: Path) -> bool:
    """Whether changes lie beside a file that is not there to take them."""
    return any(side.stat().st_size for side in backup.siblings(path))


def _refuse_head(path: Path, key: str | None, error: NotADatabaseError) -> NoReturn:
    """A damaged head looks like another key or another program's file; a backup that our key opens says which."""
    if rescue.last_good(path, key) is not None:
        raise damaged(path, "elle ne s'ouvre plus, ses sauvegardes s'ouvrent") from error
    raise error


def _broken(path: Path, key: str | None) -> str | None:
    """What is wrong with the bytes of a file; None when they are in order."""
    try:
        connection = connect_sqlite(path, key, read_only=True)
        try:
            found = [str(row[0]) for row in connection.execute("PRAGMA quick_check(1)")]
        finally:
            connection.close()
    except (sqlcipher.DatabaseError, DatabaseRefusedError, UnicodeError) as error:
        return str(error)
    return None if found == ["ok"] else found[0].replace("\n", " ")


def _state(path: Path) -> str:
    """What tells that nobody touched the file since it was closed at the head; never equal while in doubt."""
    if absent(path) or backup.siblings(path):
        return f"?{time.monotonic_ns()}"
    now = path.stat()
    return f"{history.head()} {now.st_dev} {now.st_ino} {now.st_size} {now.st_mtime_ns}"


def _due(path: Path, key: str | None) -> bool:
    return absent(path) or known_revision(path, key) != history.head()


def _upgrade_or_wait(
    lock: CacheLock, path: Path, key: str | None, progress: Progress | None, keep: int, wait_s: float
) -> tuple[str | None, str]:
    """Upgrade alone, or find that another start did: it then keeps its share for as long as it runs."""
    deadline = time.monotonic() + wait_s
    while True:
        try:
            lock.exclusive(min(0.2, wait_s))
            break
        except DatabaseBusyError:
            lock.shared(wait_s)
            if not _due(path, key):
                return history.head(), history.head()
            if time.monotonic() > deadline:
                raise
    done = upgrade_local(path, key, progress=progress, keep=keep)
    lock.shared(wait_s)
    return done


def open_central(
    url: str,
    *,
    policy: CentralUpgrade = CentralUpgrade.ASK,
    consent: Callable[[EtatSchema], bool] | None = None,
    progress: Callable[[str], object] | None = None,
    backups: Path | None = None,
) -> sa.Engine:
    """An engine on a centre whose structure was checked; a migrator's centre is upgraded first as ``policy`` says.

    Args:
        url: the centre's address.
        policy: ``auto`` upgrades, ``ask`` upgrades when ``consent`` agrees, ``never`` only checks.
        consent: asked with what was found.
        progress: told each step.
        backups: folder of the archive made before an upgrade.

    Raises:
        CentralUnreachableError: no answer.
        DatabaseRefusedError: this program must not write to that centre; the sentence says what to do.
        UpgradeError: the upgrade stopped at the last committed revision.
    """
    engine = create_pg_engine(url)
    try:
        state = check_central(engine)
        due = state.etat in {"ancien", "vide"} and state.migrateur
        if due and _agreed(engine, state, policy, consent):
            upgrade_central(engine, lambda _state: True, progress, backups=backups)
            state = check_central(engine)
        if not state.ecriture:
            remedy = " Un administrateur la lance par « erp-admin db upgrade »." if state.etat == "ancien" else ""
            raise DatabaseRefusedError(state.message + remedy)
    except sa.exc.OperationalError as error:
        engine.dispose()
        if isinstance(error.orig, LineRefusedError):
            raise error.orig.told() from error
        raise CentralUnreachableError("Le serveur central ne répond pas : vérifiez le réseau.") from error
    except BaseException:
        engine.dispose()
        raise
    return engine


def _agreed(
    engine: sa.Engine, state: EtatSchema, policy: CentralUpgrade, consent: Callable[[EtatSchema], bool] | None
) -> bool:
    if policy is not CentralUpgrade.ASK or consent is None:
        return policy is CentralUpgrade.AUTO
    found = central_report.plan(engine, state.revision, history.head())
    warnings = (
        *(f"Transaction en cours, attendue au besoin : {line}." for line in found.bloquants),
        *(f"Ne pourra plus synchroniser avant sa propre mise à jour : {line}." for line in found.exclus),
    )
    return consent(replace(state, revisions=tuple(title for _, title in found.revisions), avertissements=warnings))


def _heal_triggers(engine: sa.Engine) -> None:
    """Capture with missing or outdated triggers would lose changes silently: put back what differs."""
    wanted = capture.triggers({table.name: set(table.names) for table in TABLES})
    with engine.connect().execution_options(write=False) as connection:
        rows = connection.exec_driver_sql(
            f"SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND name LIKE '{capture.PREFIX}%'"
        )
        found = {row[0]: row[1] for row in rows}
    if found != wanted:
        log.warning("%d déclencheurs remis en place", len(dict(found.items() ^ wanted.items())))
        with engine.begin() as connection:
            capture.install(connection)


def upgrade_local(
    path: Path, key: str | None = None, *, progress: Progress | None = None, keep: int = 3, target: str | None = None
) -> tuple[str | None, str]:
    """Create or upgrade a cache; the caller holds the exclusive lock.

    Returns:
        Revision before (None: there was no file) and after.
    """
    tell = progress or (lambda _etape: None)
    wanted = target or history.head()
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
        history.verify()
        _run(working, key, wanted, tell)
    else:
        before = known_revision(path, key)
        if before == wanted:
            return before, before
        history.verify()
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
        history.verify()
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
    history.verify()
    _run(working, key, wanted, lambda _etape: None)


def _take_back(working: Path, key: str | None, target: str) -> None:
    from erp_desktop.db import migrate

    engine = create_sqlite_engine(working, key)
    try:
        with engine.connect() as connection:
            migrate.downgrade(connection, target)
            problems = [
                line for line in connection.exec_driver_sql("PRAGMA integrity_check").scalars() if line != "ok"
            ]
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
    partial.replace(saved)
    backup.prune(path, keep)
    tell(Etape(3, _STEPS, "Copie de travail"))
    shutil.copyfile(saved, working)


def _run(working: Path, key: str | None, wanted: str, tell: Progress) -> None:
    """Bring the working copy to ``wanted`` and prove that nothing was lost."""
    from erp_desktop.db import migrate, proof

    engine = create_copy_engine(working, key)
    try:
        before = proof.measure(engine)
        with engine.connect() as connection:
            for table in sa.inspect(connection).get_table_names():
                if table.startswith("_alembic_tmp_"):
                    connection.exec_driver_sql(f'DROP TABLE "{table}"')
            connection.commit()

            due = history.between(before.revision, wanted)

            def step(revision: str, _title: str) -> None:
                rank = due.index(revision) + 1
                tell(Etape(4, _STEPS, f"Mise à niveau : révision {rank} sur {len(due)}", rank / len(due)))

            try:
                migrate.upgrade(connection, wanted, on_step=step, verified_after=True)
            except (sa.exc.SQLAlchemyError, RuntimeError) as error:
                raise _failed("La mise à niveau a échoué, la base est comme avant", error) from error
        tell(Etape(5, _STEPS, "Vérification"))
        problems = proof.compare(engine, before, whole=wanted == history.head())
        if problems:
            shown = " ; ".join(problems[:5])
            raise UpgradeError(f"La mise à niveau n'est pas fidèle, la base est comme avant : {shown}")
    finally:
        engine.dispose()
    backup.settle(working, key)
