"""What capture adds to local writes: the same writes on the same encrypted file with the triggers and without.

100,000 interventions with all their columns. A trigger that does nothing is timed beside, on inserts: SQLite then
keeps a journal of every statement's pages, one by index, which no way of capturing by triggers can spare.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from erp_desktop.db import ids, secrets
from erp_desktop.db.engine import connect_sqlite
from erp_desktop.sync import enrolment
from erp_desktop.sync.cache import Cache
from tests.benchmarks.sync_speed import Figure

T = "2026-11-20T08:00:00.000000Z"
ROWS, SINGLE, TURNS = 100_000, 1_000, 3
_VALUES: dict[str, object] = {
    "agence_id": 10, "titre": "Fuite d'huile vérin principal",
    "description": "Signalée par le chef d'équipe à 14 h, arrêt possible.", "type": "corrective",
    "statut": "cloturee", "priorite": "normale", "equipement_id": 10, "client_id": 10, "date_creation": T,
    "date_planifiee": T, "zone_planifiee": "Africa/Casablanca", "date_limite": T, "date_debut_travaux": T,
    "date_fin_travaux": T, "date_cloture": T, "duree_estimee": 60, "duree_reelle": 55, "temps_deplacement": 20,
    "diagnostic": "Joint racleur usé, tige rayée sur 4 cm.",
    "travaux_realises": "Joint remplacé, essai en charge concluant.", "notes_internes": "Prévoir rechromage",
    "cout_externe": "420.00", "satisfaction_client": 4, "created_at": T, "updated_at": T,
}  # fmt: skip
_COLUMNS = ", ".join(["id", "numero", *_VALUES])
_ONE_BY_ONE = f"INSERT INTO interventions ({_COLUMNS}) VALUES ({', '.join('?' * (2 + len(_VALUES)))})"
_NOTHING = "CREATE TRIGGER rien AFTER INSERT ON interventions BEGIN SELECT 1; END"

LIMITS = {
    "ajouts un à un": 1.25,
    "ajouts en une instruction": 1.25,
    "une colonne en masse": 1.7,
    "deux colonnes en masse": 1.7,
    "une colonne indexée en masse": 1.7,
    "validations une à une": 1.4,
}
"""What is measured, and the most that capture may make of it."""


def measure() -> list[Figure]:
    """Microseconds a write, with capture and without; each kind of write in transactions of its own."""
    with tempfile.TemporaryDirectory() as folder:
        here, key = Path(folder), secrets.new_key()
        ready = here / "pret.sqlite"
        enrolment.create_cache(ready, key, 9)
        with Cache(ready, key) as cache, cache.writing(mute=True) as db:
            db.execute(
                "INSERT INTO agences (id, code, nom, created_at, updated_at) VALUES (10, 'CAS', 'Casa', ?, ?)", (T, T)
            )
            db.execute("INSERT INTO clients (id, agence_id, nom_entreprise, created_at, updated_at) "
                       "VALUES (10, 10, 'Client', ?, ?)", (T, T))  # fmt: skip
            db.execute("INSERT INTO equipements (id, agence_id, client_id, nom, code_interne, created_at, "
                       "updated_at) VALUES (10, 10, 10, 'Presse', 'EQ-1', ?, ?)", (T, T))  # fmt: skip
        with Cache(ready, key) as cache:
            cache.db.execute("PRAGMA journal_mode = DELETE")
        rows = [(ids.compose(i, 9), f"INT-{i:07}", *_VALUES.values()) for i in range(ROWS)]
        taken: dict[str, dict[str, list[float]]] = {name: {} for name in LIMITS}
        # Turn about, so that a noisy minute falls on all.
        for turn in range(TURNS):
            for kind in ("sans", "rien", "saisie"):
                for name, seconds in _writes(ready, here / f"{turn}{kind}.sqlite", key, kind, rows).items():
                    taken[name].setdefault(kind, []).append(seconds)
        counts = dict.fromkeys(LIMITS, ROWS) | {"validations une à une": SINGLE}
        figures = []
        # The ratio is of times: how much longer the captured write takes.
        for name, kinds in taken.items():
            each = {kind: 1e6 * statistics.median(times) / counts[name] for kind, times in kinds.items()}
            figures.append(Figure(f"capture, {name}", each["saisie"], each["sans"], "µs", LIMITS[name], less=True))
            if "rien" in each:
                figures.append(Figure(f"déclencheur vide, {name}", each["rien"], each["sans"], "µs"))
        return figures


def _writes(ready: Path, path: Path, key: str, kind: str, rows: list[tuple[Any, ...]]) -> dict[str, float]:
    shutil.copyfile(ready, path)
    db = connect_sqlite(path, key)
    db.execute("PRAGMA journal_mode = WAL")
    if kind != "saisie":
        for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
    if kind == "rien":
        db.execute(_NOTHING)
    done: dict[str, float] = {}

    def timed(name: str, work: Callable[[], object]) -> None:
        started = time.perf_counter()
        db.execute("BEGIN IMMEDIATE")
        work()
        db.execute("COMMIT")
        done[name] = time.perf_counter() - started

    def bulk(changes: str) -> Callable[[], object]:
        return lambda: db.execute(f"UPDATE interventions SET {changes}")

    timed("ajouts un à un", lambda: db.executemany(_ONE_BY_ONE, rows))
    if kind != "rien":
        timed("une colonne en masse", bulk("diagnostic = 'Joint à revoir'"))
        timed("deux colonnes en masse", bulk("titre = 'Titre revu', updated_at = '2026-11-21T08:00:00.000000Z'"))
        timed("une colonne indexée en masse", bulk("priorite = 'haute'"))
        started = time.perf_counter()
        for row in rows[:: ROWS // SINGLE]:
            db.execute("BEGIN IMMEDIATE")
            db.execute("UPDATE interventions SET diagnostic = 'Vu' WHERE id = ?", (row[0],))
            db.execute("COMMIT")
        done["validations une à une"] = time.perf_counter() - started
    db.execute(f"CREATE TEMP TABLE lot AS SELECT {_COLUMNS} FROM interventions")
    db.execute("DELETE FROM interventions")
    timed("ajouts en une instruction", lambda: db.execute(
        f"INSERT INTO interventions ({_COLUMNS}) SELECT {_COLUMNS} FROM temp.lot"
    ))  # fmt: skip
    db.close()
    path.unlink()
    return done
