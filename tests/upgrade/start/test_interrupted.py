"""Starts that were killed or met by others at any step: the next one completes with every row."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from erp_desktop.db.engine import connect_sqlite
from erp_desktop.errors import DatabaseBusyError, UpgradeError
from erp_desktop.registry import revisions as history
from erp_desktop.upgrade import backup
from erp_desktop.upgrade.start import startup
from tests.processes import Program
from tests.upgrade.start import kills
from tests.upgrade.start.old_caches import OLD, RECENT, make, run, whole


def test_a_file_held_by_another_program_at_the_swap_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows refuses to replace an open file; an antivirus lets go after a moment."""
    path = tmp_path / "cache.sqlite"
    rows = make(path, RECENT)
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
    rows = make(path, RECENT)
    viewer = connect_sqlite(path)
    viewer.execute("BEGIN")
    viewer.execute("SELECT count(*) FROM clients").fetchone()
    writer = connect_sqlite(path)
    writer.execute("PRAGMA journal_mode = WAL")
    writer.close()
    with pytest.raises((DatabaseBusyError, UpgradeError)):
        startup.open_local(path)
    viewer.close()
    assert startup.read_revision(path) == RECENT
    engine = startup.open_local(path)
    whole(engine, rows)
    engine.dispose()


def test_kills_at_random_instants_lose_nothing(tmp_path: Path) -> None:
    verdict = kills.play(1, seed=20261122, rows=600, folder=tmp_path)
    assert verdict.fautes == []
    assert sum(verdict.instants.values()) == 1


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_three_hundred_kills_lose_nothing(tmp_path: Path) -> None:
    verdict = kills.play(300, seed=1, rows=100_000, folder=tmp_path)
    assert verdict.fautes == []


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_a_hot_journal_is_rolled_back_before_the_upgrade(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    rows = make(path, RECENT)
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
    [
        *(pytest.param(p, marks=pytest.mark.soak) for p in ("Contrôle", "révision 1 ", "révision 5 ")),
        "Sauvegarde",
        "Copie",
        "révision 3 ",
        "Vérification",
        "Mise en place",
    ],
)
def test_killed_anywhere_the_next_start_completes_with_every_row(tmp_path: Path, point: str) -> None:
    path = tmp_path / "cache.sqlite"
    rows = make(path, RECENT)
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
    assert startup.read_revision(path) == RECENT
    engine = startup.open_local(path)
    whole(engine, rows)
    engine.dispose()
    assert not list(tmp_path.glob("*.upgrading*"))


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
@pytest.mark.parametrize("delay_s", [0.0, 0.02, 0.1, 0.3])
def test_killed_at_any_moment_of_the_swap_the_file_opens(tmp_path: Path, delay_s: float) -> None:
    path = tmp_path / "cache.sqlite"
    rows = make(path, RECENT)
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
    assert startup.read_revision(path) in {RECENT, history.head()}
    engine = startup.open_local(path)
    whole(engine, rows)
    engine.dispose()
