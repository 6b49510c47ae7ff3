"""What a start refuses and leaves as it was: foreign files, wrong stamps, damage, folders that take nothing."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
import sqlcipher3.dbapi2 as sqlcipher

from erp_desktop.db.engine import connect_sqlite
from erp_desktop.db.locks import CacheLock
from erp_desktop.errors import DatabaseRefusedError, DiskFullError
from erp_desktop.registry import revisions as history
from erp_desktop.upgrade import backup
from erp_desktop.upgrade.start import startup
from tests.upgrade.start.old_caches import KEY, OLD, RECENT, _newer, make, mark, run, whole


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
        _stamps(sqlite_path, RECENT, history.head())
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
    make(path, RECENT)
    connection = connect_sqlite(path)
    connection.execute("ALTER TABLE clients ADD COLUMN bricolage TEXT")
    connection.close()
    before = mark(path)
    with pytest.raises(DatabaseRefusedError, match="« bricolage » en trop"):
        startup.open_local(path)
    assert mark(path) == before


@pytest.mark.parametrize("revision", [RECENT, "9b5c1d3f7e4a"])
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


def test_without_room_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "cache.sqlite"
    make(path, RECENT)
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
        make(path, RECENT)
        before = mark(path)
        folder.chmod(0o555)
        try:
            out, errors = run(code, str(path)).communicate()
        finally:
            folder.chmod(0o755)
        assert out.startswith("DatabaseRefusedError"), out + errors
        assert f"{folder} n'est pas accessible en écriture" in out
        assert mark(path) == before
