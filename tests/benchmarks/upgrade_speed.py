"""Starts and upgrades beside their floors: ``python -m tests.benchmarks upgrade [--interventions N]``.

Floors: *start* is opening the same file and reading one row; *ten revisions* is two plain copies of the same file and
the pragmas of the verification (quick_check, twice integrity_check, foreign_key_check) on it. A clerk's wait has no
floor but its limit.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg2
import sqlalchemy as sa

from erp_desktop import paths
from erp_desktop.db.embedded import EmbeddedPostgres
from erp_desktop.db.engine import connect_sqlite, create_pg_engine, create_sqlite_engine
from erp_desktop.registry import revisions
from erp_desktop.upgrade import backup, migrate
from erp_desktop.upgrade.central import checklist
from erp_desktop.upgrade.start import startup
from tests.benchmarks.sync_speed import Figure
from tests.migrations.rows import remplir


class Clerk:
    """Somebody who changes an intervention at the centre over and over, and how long each change took at most."""

    def __init__(self, engine: sa.Engine) -> None:
        url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._connection = psycopg2.connect(url)
        self._connection.autocommit = True
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="commis")
        self.longest = 0.0
        self.strokes = 0
        self.failures: list[str] = []

    def _work(self) -> None:
        with self._connection.cursor() as cursor:
            while not self._stop.is_set():
                started = time.perf_counter()
                try:
                    cursor.execute(
                        "UPDATE interventions SET titre = 'Frappe ' || %s "
                        "WHERE id = (SELECT min(id) FROM interventions)",
                        (self.strokes,),
                    )
                except psycopg2.Error as error:
                    self.failures.append(str(error))
                self.longest = max(self.longest, time.perf_counter() - started)
                self.strokes += 1
                self._stop.wait(0.01)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, _t: type[BaseException] | None, _e: BaseException | None, _b: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()
        self._connection.close()


START = """
import sys, time
from pathlib import Path
from erp_desktop.upgrade.start import startup
from erp_desktop.db.engine import create_sqlite_engine
path, times = Path(sys.argv[1]), []
def read(engine):
    with engine.connect().execution_options(write=False) as connection:
        connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
    engine.dispose()
for turn in range(41):
    for name, work in (("sol", create_sqlite_engine), ("nous", startup.open_local)):
        started = time.perf_counter()
        read(work(path))
        if turn:
            times.append((name, time.perf_counter() - started))
assert "alembic" not in sys.modules
print([[s for n, s in times if n == name] for name in ("sol", "nous")])
"""


def start_times(path: Path) -> tuple[float, float]:
    """Median seconds of opening a cache at the head: bare, and by a start that has nothing to do."""
    done = subprocess.run(
        [sys.executable, "-c", START, str(path)], capture_output=True, text=True, check=True, cwd=paths.ROOT
    )
    floor, ours = (statistics.median(map(float, t.split(", "))) for t in done.stdout.strip("[]\n").split("], ["))
    return floor, ours


def grow(path: Path, revision: str, interventions: int) -> None:
    """A cache at ``revision`` with ``interventions`` rows."""
    engine = create_sqlite_engine(path)
    with engine.connect() as connection:
        migrate.upgrade(connection, revision)
        remplir(connection, 1000, 3)
        connection.commit()
        with connection.begin():
            for (name,) in connection.exec_driver_sql(
                "SELECT name FROM sqlite_schema WHERE type = 'trigger'"
            ).fetchall():
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
            info = connection.exec_driver_sql("PRAGMA table_info(interventions)").fetchall()
            listed = ", ".join(row[1] for row in info if row[1] not in {"id", "numero", "occurrence_id"})
            connection.exec_driver_sql(
                f"INSERT INTO interventions (id, numero, {listed}) "
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
                f"SELECT 1000000 + i * 8, 'INT-' || i, {listed} FROM n, "
                "(SELECT * FROM interventions ORDER BY id LIMIT 1)",
                (interventions,),
            )
    engine.dispose()
    backup.settle(path, None)


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def upgrade_floor(path: Path) -> float:
    """Seconds for two copies of the file, made lasting, and the pragmas of the verification."""

    def work() -> None:
        for number in (1, 2):
            copy = path.with_name(f"copie-{number}.sqlite")
            shutil.copyfile(path, copy)
            backup.sync_file(copy)
        for pragmas in (("quick_check",), ("integrity_check",), ("integrity_check", "foreign_key_check")):
            connection = connect_sqlite(path)
            for pragma in pragmas:
                connection.execute(f"PRAGMA {pragma}").fetchall()
            connection.close()

    seconds = _timed(work)
    for number in (1, 2):
        path.with_name(f"copie-{number}.sqlite").unlink()
    return seconds


def measure(interventions: int, server: EmbeddedPostgres) -> list[Figure]:
    """All figures, on caches and on a centre of ``interventions`` rows."""
    figures = []
    ten_back = revisions.revisions()[-11].revision
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cache.sqlite"
        grow(path, ten_back, interventions)
        floor = upgrade_floor(path)
        ours = _timed(lambda: startup.open_local(path).dispose())
        figures.append(Figure("dix révisions, cache", ours, floor, "s", wanted=2.0, less=True))
        bare, start = start_times(path)
        figures.append(Figure("démarrage sans rien à faire", start * 1000, bare * 1000, "ms"))
        figures.append(Figure("… de plus que l'ouverture", (start - bare) * 1000, 5.0, "ms", wanted=1.0, less=True))
    engine = create_pg_engine(server.create_database(f"bench_maj_{interventions}"))
    with engine.connect() as connection:
        migrate.upgrade(connection)
        remplir(connection, 1000, 3)
        # Due: an expansion, an index on the large table, and a contraction.
        migrate.downgrade(connection, "0c6d2e4f8a5b")
    with engine.begin() as connection:
        names = ", ".join(
            row[0]
            for row in connection.exec_driver_sql(
                "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' "
                "AND table_name = 'interventions' AND column_name NOT IN ('id', 'numero', 'occurrence_id')"
            )
        )
        connection.exec_driver_sql("ALTER TABLE interventions DISABLE TRIGGER USER")
        connection.exec_driver_sql(
            f"INSERT INTO interventions (id, numero, {names}) SELECT 1000000 + i * 8, 'INT-' || i, {names} "
            f"FROM generate_series(1, {interventions}) i, (SELECT * FROM interventions ORDER BY id LIMIT 1) un"
        )
        connection.exec_driver_sql("ALTER TABLE interventions ENABLE TRIGGER USER")
    with Clerk(engine) as clerk:
        done = checklist.upgrade_central(engine, lambda _state: True)
    engine.dispose()
    if clerk.failures:
        raise RuntimeError(clerk.failures[0])
    figures.append(Figure("attente d'un commis, centre", clerk.longest, 2.0, "s", wanted=1.0, less=True))
    figures.append(Figure("… pendant une mise à niveau de", done.secondes, done.secondes, "s"))
    return figures
