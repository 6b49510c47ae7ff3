"""Whatever happens to a cache file, the start says so in one sentence, offers its backup, and touches nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from erp_desktop.db.engine import connect_sqlite
from erp_desktop.errors import DamagedError, LostError, UnreadableError
from erp_desktop.upgrade import backup
from erp_desktop.upgrade.start import recovery, startup
from tests.upgrade.start.damage import KEY, make, play

BOTH = pytest.mark.parametrize("key", [None, KEY], ids=["plain", "encrypted"])


@BOTH
@pytest.mark.parametrize("count", [24, pytest.param(60, marks=pytest.mark.soak)])
def test_random_damages_are_told_calmly_and_leave_the_file_alone(
    tmp_path: Path, sqlite_template: Path, key: str | None, count: int
) -> None:
    ended = play(tmp_path, sqlite_template, key, range(count))
    assert ended["refusée"] > count / 3
    assert sum(ended.values()) == count


@BOTH
@pytest.mark.parametrize("how", ["deleted", "emptied"])
def test_a_cache_that_was_here_is_never_begun_anew(
    tmp_path: Path, sqlite_template: Path, key: str | None, how: str
) -> None:
    path = make(tmp_path, sqlite_template, key)
    if how == "deleted":
        path.unlink()
    else:
        path.write_bytes(b"")
    for create in (True, False):
        with pytest.raises(LostError, match="a disparu" if how == "deleted" else "est vide"):
            startup.open_local(path, key, create=create)
    assert path.exists() is (how == "emptied")
    done = recovery.salvage(path, key)
    assert done.reportees == 0
    engine = startup.open_local(path, key, create=False)
    engine.dispose()
    back = connect_sqlite(path, key)
    assert back.execute("SELECT count(*) FROM clients").fetchone() == (300,)
    back.close()


def test_changes_that_lie_beside_an_absent_file_are_set_aside_and_block_nothing(
    tmp_path: Path, sqlite_template: Path
) -> None:
    path = make(tmp_path, sqlite_template, None)
    connection = connect_sqlite(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("UPDATE clients SET notes = 'dans le journal'")
    wal = path.with_name(path.name + "-wal").read_bytes()
    connection.close()
    path.unlink()
    path.with_name(path.name + "-wal").write_bytes(wal)
    path.with_name(path.name + ".verrou").unlink()
    with pytest.raises(LostError):
        startup.open_local(path)
    recovery.salvage(path)
    startup.open_local(path).dispose()
    kept = list((path.parent / backup.FOLDER).glob("*abimee*-wal"))
    assert [k.read_bytes() for k in kept] == [wal]


@BOTH
def test_a_damaged_head_is_damage_and_its_backup_is_taken_without_what_cannot_be_read(
    tmp_path: Path, sqlite_template: Path, key: str | None
) -> None:
    path = make(tmp_path, sqlite_template, key)
    content = bytearray(path.read_bytes())
    content[:200] = b"\xa5" * 200
    path.write_bytes(content)
    with pytest.raises(DamagedError, match="ne s'ouvre plus"):
        startup.open_local(path, key)
    with pytest.raises(UnreadableError, match="sans eux"):
        recovery.salvage(path, key)
    assert path.read_bytes() == bytes(content)
    done = recovery.salvage(path, key, alone=True)
    assert done.remplacee is not None
    assert done.remplacee.read_bytes() == bytes(content)
    startup.open_local(path, key).dispose()
