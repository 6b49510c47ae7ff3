"""Start-up on a cache: at once, by an upgrade, or refused; killed, doubled, without room, always with every row.

Long on purpose: the scenarios share the old caches and the killed processes that stand at the top.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import sqlcipher3.dbapi2 as sqlcipher

from erp_desktop import paths
from erp_desktop.db.engine import connect_sqlite, create_sqlite_engine
from erp_desktop.db.locks import CacheLock
from erp_desktop.errors import DatabaseBusyError, DatabaseRefusedError, DiskFullError, UpgradeError
from erp_desktop.registry import revisions as history
from erp_desktop.upgrade import backup, fingerprint, migrate
from erp_desktop.upgrade.start import by_copy, restore, startup
from tests.migrations.rows import contenu, remplir
from tests.processes import Program
from tests.upgrade.start import kills

KEY = "5a" * 32
OLD = "8a4b0c2e6d3f"
"""Some revisions behind, with an outbox."""


@cache
def _made(revision: str, key: str | None) -> tuple[bytes, dict[str, list[dict[str, Any]]]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cache.sqlite"
        engine = create_sqlite_engine(path, key)
        with engine.connect() as connection:
            migrate.upgrade(connection, revision)
            remplir(connection, 1000, 4)
            rows = contenu(connection)
        engine.dispose()
        assert not backup.siblings(path)
        return path.read_bytes(), rows


def make(path: Path, revision: str, key: str | None = None) -> dict[str, list[dict[str, Any]]]:
    """A cache at ``revision`` with rows; its content."""
    content, rows = _made(revision, key)
    path.write_bytes(content)
    return rows


def whole(engine: sa.Engine, rows: dict[str, list[dict[str, Any]]], but: tuple[str, ...] = ()) -> None:
    """The cache has every row and the structure of the models."""
    with engine.connect() as connection:
        now = contenu(connection)
        assert fingerprint.check(connection) == []
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    for table, old in rows.items():
        if table not in but:
            assert len(now[table]) == len(old), table


def mark(path: Path) -> dict[str, tuple[str, int]]:
    """Content and time of every file of the folder."""
    return {
        p.name: (hashlib.sha256(p.read_bytes()).hexdigest(), p.stat().st_mtime_ns)
        for p in path.parent.iterdir()
        if p.is_file()
    }


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


@pytest.mark.parametrize("key", [None, KEY])
@pytest.mark.parametrize("revision", ["bb94288d88f3", "2a1f3c8d7c1b", "5d1e7f9b3a0c", OLD])
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
    make(path, OLD)
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


def run(code: str, *arguments: str) -> Program:
    return Program(["-c", code, *arguments])


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


def _foreign(path: Path) -> None:
    connection = sqlcipher.connect(str(path), isolation_level=None)
    connection.execute("CREATE TABLE recettes (nom TEXT)")
    connection.execute("INSERT INTO recettes VALUES ('tajine')")
    connection.close()


FOREIGN_WAL = """
import os, sys
import sqlcipher3.dbapi2 as sqlcipher
c = sqlcipher.connect(sys.argv[1], isolation_level=None)
c.execute("PRAGMA journal_mode = WAL"); c.execute("PRAGMA wal_autocheckpoint = 0")
c.execute("CREATE TABLE recettes (nom TEXT)")
c.execute("INSERT INTO recettes VALUES ('tajine')")
os.kill(os.getpid(), 9)
"""


def _foreign_in_wal(path: Path, *, killed: bool) -> None:
    """Another program's database in WAL mode: closed as it should, or with its rows in the WAL only."""
    if killed:
        run(FOREIGN_WAL, str(path)).communicate()
        assert path.with_name(path.name + "-wal").stat().st_size > 0
        return
    connection = sqlcipher.connect(str(path), isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    _foreign(path)


def _newer(path: Path) -> None:
    connection = sqlcipher.connect(str(path), isolation_level=None)
    connection.execute("UPDATE alembic_version SET version_num = 'abcdefabcdef'")
    connection.close()


def _stamps(path: Path, *revisions: str) -> None:
    connection = sqlcipher.connect(str(path), isolation_level=None)
    connection.execute("DELETE FROM alembic_version")
    connection.executemany("INSERT INTO alembic_version VALUES (?)", [(r,) for r in revisions])
    connection.close()


@pytest.mark.parametrize("locked_before", [False, True])
@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("foreign", "n'est pas une base ERP MIF"),
        ("foreign in wal", "n'est pas une base ERP MIF"),
        ("foreign with its wal", "n'est pas une base ERP MIF"),
        ("text", "n'est pas une base ERP MIF"),
        ("newer", "plus récente"),
        ("none", "aucune révision"),
        ("two", "plusieurs révisions"),
        ("keyed", "clé"),
    ],
)
def test_a_file_that_is_not_ours_is_refused_untouched(
    sqlite_path: Path, change: str, told: str, locked_before: bool
) -> None:
    if change not in {"newer", "none", "two"}:
        sqlite_path.unlink()
    if change == "foreign":
        _foreign(sqlite_path)
    elif change.startswith("foreign "):
        _foreign_in_wal(sqlite_path, killed="its" in change)
    elif change == "text":
        sqlite_path.write_text("liste de courses\n" * 500, encoding="utf-8")
    elif change == "newer":
        _newer(sqlite_path)
    elif change == "none":
        _stamps(sqlite_path)
    elif change == "two":
        _stamps(sqlite_path, OLD, history.head())
    else:
        connection = connect_sqlite(sqlite_path, KEY)
        connection.execute("CREATE TABLE t (x)")
        connection.close()
    if locked_before:
        CacheLock(sqlite_path).path.touch()
    before = mark(sqlite_path)
    with pytest.raises(DatabaseRefusedError, match=told) as caught:
        startup.open_local(sqlite_path)
    assert "\n" not in str(caught.value)
    assert mark(sqlite_path) == before


@pytest.mark.parametrize("wal", [False, True])
@pytest.mark.parametrize(
    ("structure", "stamp", "told"),
    [
        (OLD, history.head(), "absent.*celle de 0c6d2e4f8a5b"),
        ("5d1e7f9b3a0c", history.head(), "table absente.*celle de 5d1e7f9b3a0c.*db stamp"),
        (history.head(), OLD, f"en trop.*celle de {history.head()}"),
        ("2a1f3c8d7c1b", "5d1e7f9b3a0c", "absent.*celle de 2a1f3c8d7c1b"),
    ],
)
def test_a_cache_without_the_structure_of_its_stamp_is_refused_untouched(
    tmp_path: Path, structure: str, stamp: str, told: str, wal: bool
) -> None:
    path = tmp_path / "cache.sqlite"
    make(path, structure)
    _stamps(path, stamp)
    if not wal:
        backup.settle(path, None)
    before = mark(path)
    with pytest.raises(DatabaseRefusedError, match=told):
        startup.open_local(path)
    assert mark(path) == before
    assert not (tmp_path / backup.FOLDER).exists()


def test_a_hand_made_column_stops_the_upgrade_and_is_named(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    make(path, OLD)
    connection = connect_sqlite(path)
    connection.execute("ALTER TABLE clients ADD COLUMN bricolage TEXT")
    connection.close()
    before = mark(path)
    with pytest.raises(DatabaseRefusedError, match="« bricolage » en trop"):
        startup.open_local(path)
    assert mark(path) == before


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


@pytest.mark.parametrize("revision", [OLD, "9b5c1d3f7e4a"])
def test_a_damaged_cache_is_refused_with_the_way_out(tmp_path: Path, revision: str) -> None:
    path = tmp_path / "cache.sqlite"
    make(path, revision)
    backup.settle(path, None)
    content = bytearray(path.read_bytes())
    pages = slice(4096 * 3, 4096 * 150)
    content[pages] = b"\xff" * len(content[pages])
    path.write_bytes(content)
    before = mark(path)
    with pytest.raises(DatabaseRefusedError, match="restaurez une sauvegarde"):
        startup.open_local(path)
    assert mark(path) == before


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


def test_without_room_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "cache.sqlite"
    make(path, OLD)
    before = mark(path)
    full = shutil._ntuple_diskusage(10**9, 10**9 - 1000, 1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: full)
    with pytest.raises(DiskFullError, match="Mo"):
        startup.open_local(path)
    after = mark(path)
    assert after.pop("cache.sqlite.verrou")
    assert after == before


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "donnees").write_text("un fichier à la place du dossier", encoding="utf-8")
    with pytest.raises(DatabaseRefusedError, match="donnees n'est pas accessible"):
        startup.open_local(tmp_path / "donnees" / "cache.sqlite")


FULL = """
import resource, sys
from pathlib import Path
from erp_desktop.upgrade.start import startup
from erp_desktop.errors import DiskFullError
path, point, bytes_left = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
def tell(step):
    if point in step.texte:
        # From here on the system refuses to write past this size, as a full disk does.
        resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_left, resource.RLIM_INFINITY))
try:
    startup.open_local(path, progress=tell)
except DiskFullError as error:
    print(error)
"""


@pytest.mark.skipif(os.name != "posix", reason="RLIMIT_FSIZE")
@pytest.mark.parametrize(
    ("point", "bytes_left"),
    [("Sauvegarde", 4096), ("Copie de travail", 4096), ("révision 1 ", 8192), ("révision 9 ", 8192)],
    ids=["backup", "copy", "rebuild", "late rebuild"],
)
def test_a_disk_that_fills_leaves_the_old_file_and_no_half_backup(
    tmp_path: Path, point: str, bytes_left: int
) -> None:
    path = tmp_path / "cache.sqlite"
    rows = make(path, "5d1e7f9b3a0c" if "9" not in point else "2a1f3c8d7c1b")
    old = startup.read_revision(path)
    out, errors = run(FULL, str(path), point, str(bytes_left)).communicate()
    assert "disque" in out, errors
    assert "\n" not in out.strip()
    assert startup.read_revision(path) == old
    assert not list(tmp_path.glob("*.upgrading*"))
    for saved in backup.backups(path):
        backup.verify(saved.chemin, None)
    engine = startup.open_local(path)
    whole(engine, rows)
    engine.dispose()
    assert not list((tmp_path / backup.FOLDER).glob("*.partiel"))


def test_another_cache_of_the_same_folder_keeps_the_backup_that_it_is_making(tmp_path: Path) -> None:
    path, other = tmp_path / "cache.sqlite", tmp_path / "cache2.sqlite"
    make(path, OLD)
    make(other, OLD)

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


@pytest.mark.skipif(os.name != "posix", reason="user ids")
def test_a_read_only_folder_is_refused_with_its_name() -> None:
    code = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from erp_desktop.upgrade import migrate\n"
        "from erp_desktop.upgrade.start import comparison, startup\n"
        "if os.geteuid() == 0: os.seteuid(65534)\n"
        "try: startup.open_local(Path(sys.argv[1]))\n"
        "except Exception as error: print(type(error).__name__, error)\n"
    )
    # Not below pytest's folder, which nobody else may enter.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "cache.sqlite"
        make(path, OLD)
        before = mark(path)
        folder.chmod(0o555)
        try:
            out, errors = run(code, str(path)).communicate()
        finally:
            folder.chmod(0o755)
        assert out.startswith("DatabaseRefusedError"), out + errors
        assert f"{folder} n'est pas accessible en écriture" in out
        assert mark(path) == before


def test_a_file_held_by_another_program_at_the_swap_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows refuses to replace an open file; an antivirus lets go after a moment."""
    path = tmp_path / "cache.sqlite"
    rows = make(path, OLD)
    refusals = iter([PermissionError(13, "held")] * 3)
    real = Path.replace

    def held(self: Path, target: Path) -> Path:
        if Path(target) == path and (refusal := next(refusals, None)) is not None:
            raise refusal
        return real(self, target)

    monkeypatch.setattr(Path, "replace", held)
    engine = startup.open_local(path)
    whole(engine, rows)
    engine.dispose()
    assert next(refusals, None) is None, "every refusal was met"


def test_a_program_that_keeps_the_file_open_stops_the_upgrade_untouched(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    rows = make(path, OLD)
    viewer = connect_sqlite(path)
    viewer.execute("BEGIN")
    viewer.execute("SELECT count(*) FROM clients").fetchone()
    writer = connect_sqlite(path)
    writer.execute("PRAGMA journal_mode = WAL")
    writer.close()
    with pytest.raises((DatabaseBusyError, UpgradeError)):
        startup.open_local(path)
    viewer.close()
    assert startup.read_revision(path) == OLD
    engine = startup.open_local(path)
    whole(engine, rows)
    engine.dispose()


def test_a_newer_database_after_a_rollback_is_refused_and_its_backup_brings_work_back(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    rows = make(path, OLD)
    startup.open_local(path).dispose()
    _newer(path)
    before = mark(path)
    with pytest.raises(DatabaseRefusedError, match="plus récente"):
        startup.open_local(path)
    assert mark(path) == before
    saved = backup.backups(path)[0]
    assert saved.revision == OLD
    restore.restore(path, saved.chemin)
    engine = startup.open_local(path)
    whole(engine, rows)
    engine.dispose()


def test_kills_at_random_instants_lose_nothing(tmp_path: Path) -> None:
    verdict = kills.play(2, seed=20261122, rows=600, folder=tmp_path)
    assert verdict.fautes == []
    assert sum(verdict.instants.values()) == 2


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_three_hundred_kills_lose_nothing(tmp_path: Path) -> None:
    verdict = kills.play(300, seed=1, rows=100_000, folder=tmp_path)
    assert verdict.fautes == []


def test_what_an_old_crash_left_is_cleared_away(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    rows = make(path, OLD)
    connection = connect_sqlite(path)
    connection.execute("CREATE TABLE _alembic_tmp_clients AS SELECT * FROM clients")
    connection.close()
    path.with_name("cache.sqlite.upgrading").write_bytes(b"reste" * 1000)
    path.with_name("cache.sqlite.upgrading-wal").write_bytes(b"reste")
    engine = startup.open_local(path)
    whole(engine, rows)
    engine.dispose()
    assert not list(tmp_path.glob("*.upgrading*"))


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_a_hot_journal_is_rolled_back_before_the_upgrade(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    rows = make(path, OLD)
    backup.settle(path, None)
    writer = run(
        "import sys, os\n"
        "from erp_desktop.db.engine import connect_sqlite\n"
        "c = connect_sqlite(sys.argv[1])\n"
        "c.execute('PRAGMA cache_size = 1'); c.execute('PRAGMA cache_spill = 1'); c.execute('BEGIN IMMEDIATE')\n"
        "c.execute('DELETE FROM historiques_interventions')\n"
        "c.execute('CREATE TABLE gros (x)')\n"
        "c.execute('INSERT INTO gros WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<3000)'\n"
        "          ' SELECT randomblob(500) FROM n')\n"
        "print('prêt', flush=True); os.kill(os.getpid(), 9)\n",
        str(path),
    )
    writer.communicate()
    assert path.with_name("cache.sqlite-journal").stat().st_size > 0
    engine = startup.open_local(path)
    whole(engine, rows)
    engine.dispose()


def test_rows_still_in_the_wal_are_upgraded_too(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    rows = make(path, OLD)
    writer = run(
        "import sys, os\n"
        "from erp_desktop.db.engine import connect_sqlite\n"
        "c = connect_sqlite(sys.argv[1])\n"
        "c.execute('PRAGMA journal_mode = WAL'); c.execute('PRAGMA wal_autocheckpoint = 0')\n"
        "c.execute(\"INSERT INTO contenus (sha256, contenu) VALUES ('w', x'00')\")\n"
        "print('prêt', flush=True); os.kill(os.getpid(), 9)\n",
        str(path),
    )
    assert writer.stdout is not None
    assert writer.stdout.readline().strip() == "prêt"
    writer.communicate()
    assert path.with_name("cache.sqlite-wal").stat().st_size > 0
    engine = startup.open_local(path)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM contenus WHERE sha256 = 'w'").scalar() == 1
    whole(engine, rows, but=("contenus",))
    engine.dispose()


UPGRADE = """
import sys
from pathlib import Path
from erp_desktop.upgrade.start import startup
def tell(step):
    print(step.texte, flush=True)
    sys.stdin.readline()
engine = startup.open_local(Path(sys.argv[1]), progress=tell)
engine.dispose()
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
@pytest.mark.parametrize(
    "point",
    ["Contrôle", "Sauvegarde", "Copie", "révision 1 ", "révision 3 ", "révision 5 ", "Vérification", "Mise en place"],
)
def test_killed_anywhere_the_next_start_completes_with_every_row(tmp_path: Path, point: str) -> None:
    path = tmp_path / "cache.sqlite"
    rows = make(path, "5b1f7e9a3c86")
    child = Program(["-c", UPGRADE, path], stdin=subprocess.PIPE, stderr=None)
    assert child.stdin is not None
    assert child.stdout is not None
    reached = False
    for line in child.stdout:
        if point in line:
            reached = True
            child.send_signal(signal.SIGKILL)
            break
        child.stdin.write("\n")
        child.stdin.flush()
    child.wait()
    child.stdin.close()
    child.stdout.close()
    assert reached
    assert startup.read_revision(path) == "5b1f7e9a3c86"
    engine = startup.open_local(path)
    whole(engine, rows)
    engine.dispose()
    assert not list(tmp_path.glob("*.upgrading*"))


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
@pytest.mark.parametrize("delay_s", [0.0, 0.02, 0.1, 0.3])
def test_killed_at_any_moment_of_the_swap_the_file_opens(tmp_path: Path, delay_s: float) -> None:
    path = tmp_path / "cache.sqlite"
    rows = make(path, OLD)
    code = UPGRADE.replace("sys.stdin.readline()", "").replace("Etape", "Etape")
    child = run(code, str(path))
    assert child.stdout is not None
    for line in child.stdout:
        if "Mise en place" in line:
            break
    try:
        child.wait(delay_s)
    except subprocess.TimeoutExpired:
        child.send_signal(signal.SIGKILL)
    child.communicate()
    assert startup.read_revision(path) in {OLD, history.head()}
    engine = startup.open_local(path)
    whole(engine, rows)
    engine.dispose()


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
    [(6, True), (6, False), *(pytest.param(20, there, marks=pytest.mark.soak) for there in (True, False))],
)
def test_many_starts_at_once_upgrade_once(tmp_path: Path, count: int, existing: bool) -> None:
    path = tmp_path / "cache.sqlite"
    rows = make(path, OLD) if existing else {}
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
    make(path, OLD)
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
