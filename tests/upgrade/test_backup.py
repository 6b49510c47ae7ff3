from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path

import pytest

from erp_desktop.db.engine import connect_sqlite
from erp_desktop.db.locks import CacheLock
from erp_desktop.errors import DatabaseBusyError, DatabaseRefusedError, UserError
from erp_desktop.registry import revisions
from erp_desktop.upgrade import backup
from erp_desktop.upgrade.start import restore, startup


def add_client(path: Path, name: str, *, captured: bool = False) -> None:
    connection = connect_sqlite(path)
    connection.execute("UPDATE _sync_session SET muet = ?", (0 if captured else 1,))
    connection.execute(
        "INSERT INTO clients (id, nom_entreprise, created_at, updated_at) "
        "SELECT coalesce(max(id), 0) + 50, ?1, ?2, ?2 FROM clients",
        (name, "2026-01-01T00:00:00.000000Z"),
    )
    connection.execute("UPDATE _sync_session SET muet = 0")
    connection.close()


def clients(path: Path) -> list[str]:
    connection = connect_sqlite(path, read_only=True)
    try:
        return [row[0] for row in connection.execute("SELECT nom_entreprise FROM clients ORDER BY id")]
    finally:
        connection.close()


def test_a_backup_holds_what_is_still_in_the_wal(sqlite_path: Path) -> None:
    holder = connect_sqlite(sqlite_path)
    holder.execute("PRAGMA journal_mode = WAL")
    add_client(sqlite_path, "Cosumar")
    made = backup.create(sqlite_path)
    holder.close()
    assert made.revision == revisions.head()
    assert clients(made.chemin) == ["Cosumar"]


def test_only_the_newest_are_kept(sqlite_path: Path) -> None:
    made = [backup.create(sqlite_path, keep=2).chemin for _ in range(4)]
    assert [s.chemin for s in backup.backups(sqlite_path)] == [made[3], made[2]]


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_a_copy_killed_on_its_way_is_no_backup(sqlite_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = backup.create(sqlite_path, keep=1).chemin
    child = os.fork()
    if not child:
        monkeypatch.setattr(backup, "verify", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
        backup.create(sqlite_path, keep=1)
        os._exit(0)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
    assert [s.chemin for s in backup.backups(sqlite_path)] == [good]
    (begun,) = good.parent.glob("*.partiel")
    os.utime(begun, (time.time() - 4000,) * 2)
    made = backup.create(sqlite_path, keep=1).chemin
    assert [file.name for file in made.parent.iterdir()] == [made.name]


def test_a_foreign_file_is_not_backed_up(tmp_path: Path) -> None:
    path = tmp_path / "autre.sqlite"
    connection = connect_sqlite(path)
    connection.execute("CREATE TABLE t (x)")
    connection.close()
    with pytest.raises(DatabaseRefusedError, match="pas une base ERP MIF"):
        backup.create(path)
    assert not (tmp_path / backup.FOLDER).exists()


def test_restoring_brings_the_rows_back_and_keeps_the_replaced_file(sqlite_path: Path) -> None:
    add_client(sqlite_path, "Cosumar")
    made = backup.create(sqlite_path)
    add_client(sqlite_path, "Lesieur")
    kept = restore.restore(sqlite_path, made.chemin).remplacee
    assert clients(sqlite_path) == ["Cosumar"]
    assert kept is not None
    assert clients(kept) == ["Cosumar", "Lesieur"]
    startup.open_local(sqlite_path).dispose()


def journal(path: Path) -> list[tuple[str, str]]:
    connection = connect_sqlite(path, read_only=True)
    try:
        return list(connection.execute("SELECT de, vers FROM journal_migrations ORDER BY id"))
    finally:
        connection.close()


def test_unsent_changes_are_carried_over_unless_their_loss_is_accepted(sqlite_path: Path) -> None:
    made = backup.create(sqlite_path)
    add_client(sqlite_path, "Lesieur", captured=True)
    done = restore.restore(sqlite_path, made.chemin)
    assert (clients(sqlite_path), done.reportees) == (["Lesieur"], 1)
    assert done.remplacee is not None
    assert journal(sqlite_path)[-1] == (done.remplacee.name[-40:], revisions.head())
    startup.open_local(sqlite_path).dispose()
    done = restore.restore(sqlite_path, made.chemin, accept_data_loss=True)
    assert (clients(sqlite_path), done.reportees) == ([], 0)


def test_a_damaged_backup_is_not_restored(sqlite_path: Path) -> None:
    add_client(sqlite_path, "Cosumar")
    made = backup.create(sqlite_path)
    content = bytearray(made.chemin.read_bytes())
    content[4096 * 20 : 4096 * 60] = b"\xff" * 4096 * 40
    made.chemin.write_bytes(content)
    with pytest.raises(DatabaseRefusedError, match="abîmée"):
        restore.restore(sqlite_path, made.chemin)
    assert clients(sqlite_path) == ["Cosumar"]


def test_a_damaged_cache_is_replaced_and_kept(sqlite_path: Path) -> None:
    add_client(sqlite_path, "Cosumar")
    made = backup.create(sqlite_path)
    sqlite_path.write_bytes(b"\0" * 5000)
    with pytest.raises(UserError, match="illisible"):
        restore.restore(sqlite_path, made.chemin)
    kept = restore.restore(sqlite_path, made.chemin, accept_data_loss=True).remplacee
    assert clients(sqlite_path) == ["Cosumar"]
    assert kept is not None
    assert kept.read_bytes() == b"\0" * 5000


def test_a_cache_in_use_is_not_replaced(sqlite_path: Path) -> None:
    made = backup.create(sqlite_path)
    lock = CacheLock(sqlite_path)
    lock.shared()
    with pytest.raises(DatabaseBusyError):
        restore.restore(sqlite_path, made.chemin)
    lock.release()


def test_an_encrypted_cache_is_backed_up_under_its_own_key(tmp_path: Path) -> None:
    key = "c3" * 32
    path = tmp_path / "cache.sqlite"
    startup.open_local(path, key).dispose()
    made = backup.create(path, key)
    backup.verify(made.chemin, key)
    with pytest.raises(DatabaseRefusedError):
        backup.verify(made.chemin, None)
    copy = tmp_path / "copie.sqlite"
    shutil.copyfile(path, copy)
    restore.restore(path, made.chemin, key)
    startup.open_local(path, key).dispose()


def test_a_file_behind_a_link_is_replaced_where_it_is(sqlite_path: Path, tmp_path: Path) -> None:
    real = tmp_path / "ailleurs" / "vraie.sqlite"
    real.parent.mkdir()
    sqlite_path.replace(real)
    link = tmp_path / "lien.sqlite"
    link.symlink_to(real)
    saved = backup.create(link)
    restore.restore(link, saved.chemin)
    assert link.is_symlink()
    assert link.resolve() == real
    assert not list(real.parent.glob("*.restauration"))
    backup.verify(real, None)
