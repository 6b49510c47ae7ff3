"""Start-up on a cache: at once or by an upgrade, alone or beside others, always with every row."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from erp_desktop import paths
from erp_desktop.db.engine import connect_sqlite
from erp_desktop.db.locks import CacheLock
from erp_desktop.errors import DatabaseBusyError, DatabaseRefusedError
from erp_desktop.registry import revisions as history
from erp_desktop.upgrade import backup, fingerprint
from erp_desktop.upgrade.start import by_copy, restore, startup
from tests.processes import Program
from tests.upgrade.start.old_caches import KEY, RECENT, _newer, make, mark, whole


@pytest.mark.parametrize("key", [None, KEY])
def test_a_new_cache_is_made_by_the_migrations(tmp_path: Path, key: str | None) -> None:
    path = tmp_path / "données é" / "cache.sqlite"
    told: list[str] = []
    engine = startup.open_local(path, key, progress=lambda e: told.append(e.texte))
    with engine.connect() as connection:
        assert fingerprint.check(connection) == []
    engine.dispose()
    assert told[0] == "Création de la base locale"
    assert told[-1] == "Mise en place"
    assert path.read_bytes().startswith(b"SQLite format 3") is (key is None)
    assert not path.with_name("cache.sqlite.upgrading").exists()


def test_a_cache_behind_a_link_is_upgraded_where_it_is(tmp_path: Path) -> None:
    real, link = tmp_path / "ailleurs" / "vraie.sqlite", tmp_path / "lien.sqlite"
    real.parent.mkdir()
    make(real, RECENT)
    link.symlink_to(real)
    startup.open_local(link).dispose()
    assert link.is_symlink()
    assert link.resolve() == real
    assert startup.read_revision(real) == history.head()


@pytest.mark.parametrize(
    ("revision", "key"),
    [
        ("bb94288d88f3", None),
        ("bb94288d88f3", KEY),
        (RECENT, KEY),
        *(
            pytest.param(r, k, marks=pytest.mark.soak)
            for r, k in (
                *((one, key) for one in ("2a1f3c8d7c1b", "5d1e7f9b3a0c") for key in (None, KEY)),
                (RECENT, None),
            )
        ),
    ],
)
def test_an_old_cache_is_upgraded_with_every_row(tmp_path: Path, revision: str, key: str | None) -> None:
    path = tmp_path / "cache.sqlite"
    rows = make(path, revision, key)
    steps: list[by_copy.Etape] = []
    engine = startup.open_local(path, key, progress=steps.append)
    whole(engine, rows)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT vers FROM journal_migrations ORDER BY id DESC").scalar() == (
            history.head()
        )
    engine.dispose()
    assert [s.numero for s in steps] == sorted(s.numero for s in steps)
    saved = backup.backups(path)
    assert [s.revision for s in saved] == [revision]
    backup.verify(saved[0].chemin, key)


def test_the_outbox_goes_through_an_upgrade_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    make(path, RECENT)
    connection = connect_sqlite(path)
    before = connection.execute("SELECT * FROM sync_outbox ORDER BY id").fetchall()
    connection.close()
    assert before
    engine = startup.open_local(path)
    with engine.connect() as upgraded:
        rows = upgraded.exec_driver_sql("SELECT * FROM sync_outbox ORDER BY id")
        assert [tuple(row) for row in rows] == before
    engine.dispose()


FAST = """
import sys
from pathlib import Path
from erp_desktop.upgrade.start import startup
engine = startup.open_local(Path(sys.argv[1]))
with engine.connect() as connection:
    connection.exec_driver_sql("SELECT count(*) FROM clients").scalar_one()
engine.dispose()
assert "alembic" not in sys.modules, "alembic"
assert "mako" not in sys.modules, "mako"
"""


def test_a_cache_at_the_head_opens_without_importing_alembic(sqlite_path: Path) -> None:
    child = subprocess.run(
        [sys.executable, "-c", FAST, str(sqlite_path)], env={**os.environ, "PYTHONPATH": str(paths.ROOT)},
        cwd=paths.ROOT, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    assert child.returncode == 0, child.stderr
    assert not (sqlite_path.parent / backup.FOLDER).exists()


@pytest.mark.parametrize("also", [None, "CREATE TRIGGER erp_clients_ins AFTER INSERT ON clients BEGIN SELECT 1; END"])
def test_missing_or_outdated_triggers_are_put_back_at_the_start(sqlite_path: Path, also: str | None) -> None:
    connection = connect_sqlite(sqlite_path)
    connection.execute("DROP TRIGGER erp_clients_ins")
    if also:
        connection.execute(also)
    connection.close()
    engine = startup.open_local(sqlite_path)
    with engine.connect() as checked:
        assert fingerprint.check(checked) == []
    engine.dispose()


def test_a_hand_made_column_at_the_head_keeps_nobody_from_working(sqlite_path: Path) -> None:
    connection = connect_sqlite(sqlite_path)
    connection.execute("ALTER TABLE clients ADD COLUMN bricolage TEXT")
    connection.close()
    startup.open_local(sqlite_path).dispose()
    connection = connect_sqlite(sqlite_path)
    connection.execute("ALTER TABLE clients DROP COLUMN bricolage")
    connection.execute("DROP TABLE sync_fusions")
    connection.close()
    with pytest.raises(DatabaseRefusedError, match="sync_fusions : table absente"):
        startup.open_local(sqlite_path)


def test_cancelling_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    make(path, "5d1e7f9b3a0c")

    def cancel(step: by_copy.Etape) -> None:
        if "révision 3" in step.texte:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        startup.open_local(path, progress=cancel)
    assert startup.read_revision(path) == "5d1e7f9b3a0c"
    assert not path.with_name("cache.sqlite.upgrading").exists()
    engine = startup.open_local(path)
    engine.dispose()


def test_another_cache_of_the_same_folder_keeps_the_backup_that_it_is_making(tmp_path: Path) -> None:
    path, other = tmp_path / "cache.sqlite", tmp_path / "cache2.sqlite"
    make(path, RECENT)
    make(other, RECENT)

    def meanwhile(step: by_copy.Etape) -> None:
        if step.texte == "Sauvegarde":
            (tmp_path / backup.FOLDER).mkdir(exist_ok=True)
            being_made = tmp_path / backup.FOLDER / "cache2.sqlite.partiel"
            being_made.write_bytes(b"en cours")
            leftovers.append(being_made)

    leftovers: list[Path] = []
    startup.open_local(path, progress=meanwhile).dispose()
    assert [p.read_bytes() for p in leftovers] == [b"en cours"]
    startup.open_local(other).dispose()
    assert not leftovers[0].exists()
    assert len(backup.backups(path)) == len(backup.backups(other)) == 1


def test_a_newer_database_after_a_rollback_is_refused_and_its_backup_brings_work_back(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    rows = make(path, RECENT)
    startup.open_local(path).dispose()
    _newer(path)
    before = mark(path)
    with pytest.raises(DatabaseRefusedError, match="plus récente"):
        startup.open_local(path)
    assert mark(path) == before
    saved = backup.backups(path)[0]
    assert saved.revision == RECENT
    restore.restore(path, saved.chemin)
    engine = startup.open_local(path)
    whole(engine, rows)
    engine.dispose()


def test_what_an_old_crash_left_is_cleared_away(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    rows = make(path, RECENT)
    connection = connect_sqlite(path)
    connection.execute("CREATE TABLE _alembic_tmp_clients AS SELECT * FROM clients")
    connection.close()
    path.with_name("cache.sqlite.upgrading").write_bytes(b"reste" * 1000)
    path.with_name("cache.sqlite.upgrading-wal").write_bytes(b"reste")
    engine = startup.open_local(path)
    whole(engine, rows)
    engine.dispose()
    assert not list(tmp_path.glob("*.upgrading*"))


AT_ONCE = """
import os, sys
from pathlib import Path
from erp_desktop.upgrade import migrate
from erp_desktop.upgrade.start import comparison, startup
migrate.scripts()
path, number = Path(sys.argv[1]), int(sys.argv[2])
waiting, go = os.pipe()
children = []
for _ in range(number):
    child = os.fork()
    if child == 0:
        os.close(go)
        os.read(waiting, 1)
        engine = startup.open_local(path)
        with engine.connect() as connection:
            found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
            assert found == sys.argv[3], found
        os.write(1, b"ouverte\\n")
        sys.stdin.read()  # a window stays open
        engine.dispose()
        os._exit(0)
    children.append(child)
os.close(go)
print([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children])
"""
"""Starts that have imported everything and wait for one signal; each keeps its window open until the end."""


@pytest.mark.skipif(os.name != "posix", reason="fork")
@pytest.mark.parametrize(
    ("count", "existing"),
    [
        (6, True),
        *(pytest.param(n, there, marks=pytest.mark.soak) for n, there in ((6, False), (20, True), (20, False))),
    ],
)
def test_many_starts_at_once_upgrade_once(tmp_path: Path, count: int, existing: bool) -> None:
    path = tmp_path / "cache.sqlite"
    rows = make(path, RECENT) if existing else {}
    starts = Program(["-c", AT_ONCE, path, str(count), history.head()], stdin=subprocess.PIPE)
    assert starts.stdout is not None
    opened = [starts.stdout.readline() for _ in range(count)]
    answer, errors = starts.communicate()
    assert opened == ["ouverte\n"] * count, errors
    assert answer.strip() == str([0] * count), errors
    engine = startup.open_local(path)
    whole(engine, rows)
    with engine.connect() as connection:
        count = connection.exec_driver_sql(
            "SELECT count(*) FROM journal_migrations WHERE vers = ?", (history.head(),)
        )
        assert count.scalar() == 1
    engine.dispose()
    assert len(backup.backups(path)) == int(existing)


def test_a_running_program_keeps_its_cache_from_being_upgraded(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    make(path, RECENT)
    lock = CacheLock(path)
    lock.shared()
    with pytest.raises(DatabaseBusyError, match="Une autre fenêtre"):
        startup.open_local(path, wait_s=0.2)
    lock.release()
    engine = startup.open_local(path, wait_s=0.2)
    with pytest.raises(DatabaseBusyError):
        CacheLock(path).exclusive(0.1)
    engine.dispose()
    free = CacheLock(path)
    free.exclusive(0.1)
    free.release()
