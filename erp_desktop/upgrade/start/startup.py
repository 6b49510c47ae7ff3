"""Opens a cache: at once when it is at this program's revision, else after copy – upgrade – verify – swap.

Killing the process at any instant leaves a file that opens, old or new, with every row: the live file is only ever
replaced whole, by a copy that was verified. Alembic is imported only when an upgrade is due.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import sqlalchemy as sa
import sqlcipher3.dbapi2 as sqlcipher
from sqlalchemy import event

from erp_desktop.db import pg_line
from erp_desktop.db.engine import connect_sqlite, create_pg_engine, create_sqlite_engine
from erp_desktop.db.locks import CacheLock
from erp_desktop.db.window_line import create_window_engine
from erp_desktop.errors import (
    DatabaseBusyError,
    DatabaseRefusedError,
    ErpError,
    NotADatabaseError,
)
from erp_desktop.registry import capture, revisions
from erp_desktop.registry.tables import TABLES
from erp_desktop.settings import CentralUpgrade
from erp_desktop.upgrade import backup
from erp_desktop.upgrade.central import report
from erp_desktop.upgrade.central.checklist import EtatSchema, check_central, upgrade_central
from erp_desktop.upgrade.start import by_copy, recovery
from erp_desktop.upgrade.start.file_state import absent, damaged, known_revision, lost, read_revision, refuse_stranger

__all__ = ["EtatSchema", "check_central", "open_central", "open_local", "read_revision", "upgrade_central"]

log = logging.getLogger(__name__)


def open_local(
    path: Path,
    key: str | None = None,
    *,
    progress: by_copy.Progress | None = None,
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
        on_trial: keep the way back of an upgrade until ``recovery.confirm`` says that the first run went well.
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
                recovery.begin(path, before, after)
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
    if recovery.last_good(path, key) is not None:
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
    return f"{revisions.head()} {now.st_dev} {now.st_ino} {now.st_size} {now.st_mtime_ns}"


def _due(path: Path, key: str | None) -> bool:
    return absent(path) or known_revision(path, key) != revisions.head()


def _upgrade_or_wait(
    lock: CacheLock, path: Path, key: str | None, progress: by_copy.Progress | None, keep: int, wait_s: float
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
                return revisions.head(), revisions.head()
            if time.monotonic() > deadline:
                raise
    done = by_copy.upgrade_local(path, key, progress=progress, keep=keep)
    lock.shared(wait_s)
    return done


def open_central(
    url: str,
    *,
    policy: CentralUpgrade = CentralUpgrade.ASK,
    consent: Callable[[EtatSchema], bool] | None = None,
    progress: Callable[[str], object] | None = None,
    backups: Path | None = None,
    seed: Callable[[sa.Engine], object] | None = None,
) -> sa.Engine:
    """An engine on a centre whose structure was checked; a migrator's centre is upgraded first as ``policy`` says.

    Args:
        url: the centre's address.
        policy: ``auto`` upgrades, ``ask`` upgrades when ``consent`` agrees, ``never`` only checks.
        consent: asked with what was found.
        progress: told each step.
        backups: folder of the archive made before an upgrade.
        seed: called after an upgrade, to fill the tables that the revisions made.

    Raises:
        CentralUnreachableError: no answer.
        DatabaseBusyError: it answered that others hold what is needed.
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
            if seed is not None and state.ecriture:
                seed(engine)
        if not state.ecriture:
            waits = state.etat == "ancien" and not state.en_cours
            remedy = " Un administrateur la lance par « erp-admin db upgrade »." if waits else ""
            raise DatabaseRefusedError(state.message + remedy)
    except sa.exc.OperationalError as error:
        raise pg_line.told(error.orig) from error
    finally:
        engine.dispose()
    return create_window_engine(url)


def _agreed(
    engine: sa.Engine, state: EtatSchema, policy: CentralUpgrade, consent: Callable[[EtatSchema], bool] | None
) -> bool:
    if policy is not CentralUpgrade.ASK or consent is None:
        return policy is CentralUpgrade.AUTO
    found = report.plan(engine, state.revision, revisions.head())
    warnings = (
        *(f"Transaction en cours, attendue au besoin : {line}." for line in found.bloquants),
        *(f"Ne pourra plus synchroniser avant sa propre mise à jour : {line}." for line in found.exclus),
    )
    return consent(replace(state, revisions=tuple(title for _, title in found.revisions), avertissements=warnings))


def _heal_triggers(engine: sa.Engine) -> None:
    """Capture with missing or outdated triggers would lose changes silently: put back what differs."""
    local: dict[str, set[str]] = {"_rapports_mois": set(), "_recherche_attente": set()}
    wanted = capture.triggers({table.name: set(table.names) for table in TABLES} | local)
    with engine.connect().execution_options(write=False) as connection:
        rows = connection.exec_driver_sql(
            f"SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND name LIKE '{capture.PREFIX}%'"
        )
        found = {row[0]: row[1] for row in rows}
    if found != wanted:
        log.warning("%d déclencheurs remis en place", len(dict(found.items() ^ wanted.items())))
        with engine.begin() as connection:
            capture.install(connection)
