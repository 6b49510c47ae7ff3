"""What capture adds to local writes: the same writes on the same encrypted file with the triggers and without."""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from erp_desktop.db import secrets
from erp_desktop.db.engine import connect_sqlite
from erp_desktop.sync import enrolment
from erp_desktop.sync.cache import Cache
from tests.benchmarks.sync_speed import Figure

NOW = "2026-11-20T08:00:00.000000Z"
ROWS, SINGLE = 20_000, 400
_INSERT = (
    "INSERT INTO interventions (id, agence_id, numero, titre, description, equipement_id, client_id, date_creation, "
    "created_at, updated_at) VALUES (?, 10, ?, 'Fuite du vérin', 'Signalée par le chef', 10, 10, ?, ?, ?)"
)


def measure() -> list[Figure]:
    """Inserts, bulk updates and single commits in writes a second; the floor is the bare write."""
    with tempfile.TemporaryDirectory() as folder:
        here, key = Path(folder), secrets.new_key()
        ready = here / "pret.sqlite"
        enrolment.create_cache(ready, key, 9)
        with Cache(ready, key) as cache:
            cache.db.execute("INSERT INTO agences (id, code, nom, created_at, updated_at) "
                             "VALUES (10, 'CAS', 'Casablanca', ?, ?)", (NOW, NOW))  # fmt: skip
            cache.db.execute("INSERT INTO clients (id, agence_id, nom_entreprise, created_at, updated_at) "
                             "VALUES (10, 10, 'Client', ?, ?)", (NOW, NOW))  # fmt: skip
            cache.db.execute("INSERT INTO equipements (id, agence_id, client_id, nom, code_interne, created_at, "
                             "updated_at) VALUES (10, 10, 10, 'Presse', 'EQ-1', ?, ?)", (NOW, NOW))  # fmt: skip
            cache.db.execute("PRAGMA journal_mode = DELETE")
        taken: dict[str, dict[bool, list[float]]] = {}
        # Turn about, so that a noisy minute falls on both.
        for turn in range(5):
            for captured in (True, False):
                for name, seconds in _writes(ready, here / f"{turn}{captured}.sqlite", key, captured).items():
                    taken.setdefault(name, {True: [], False: []})[captured].append(seconds)
    limits = {"ajouts": 1.25, "mise à jour en masse": 1.7, "validations une à une": 1.4}
    counts = {"ajouts": ROWS, "mise à jour en masse": ROWS, "validations une à une": SINGLE}
    # The ratio is of times: how much longer the captured write takes.
    return [
        Figure(f"capture, {name}", 1e6 * statistics.median(both[True]) / counts[name],
               1e6 * statistics.median(both[False]) / counts[name], "µs", limits[name], less=True)
        for name, both in taken.items()
    ]  # fmt: skip


def _writes(ready: Path, path: Path, key: str, captured: bool) -> dict[str, float]:
    shutil.copyfile(ready, path)
    db = connect_sqlite(path, key)
    db.execute("PRAGMA journal_mode = WAL")
    if not captured:
        for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")

    def timed(work: Callable[[], object]) -> float:
        started = time.perf_counter()
        work()
        return time.perf_counter() - started

    def inserts() -> None:
        db.execute("BEGIN IMMEDIATE")
        db.executemany(_INSERT, [(1 << 40 | 2 * i, f"N-{i}", NOW, NOW, NOW) for i in range(ROWS)])
        db.execute("COMMIT")

    def bulk() -> None:
        db.execute("BEGIN IMMEDIATE")
        db.execute("UPDATE interventions SET titre = 'Titre revu', updated_at = '2026-11-21T08:00:00.000000Z'")
        db.execute("COMMIT")

    def single() -> None:
        for i in range(SINGLE):
            db.execute("BEGIN IMMEDIATE")
            db.execute("UPDATE interventions SET diagnostic = ? WHERE id = ?", (f"Vu {i}", 1 << 40 | 2 * i))
            db.execute("COMMIT")

    done = {"ajouts": timed(inserts), "mise à jour en masse": timed(bulk), "validations une à une": timed(single)}
    db.close()
    path.unlink()
    return done
