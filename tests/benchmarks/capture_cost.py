"""What capture adds to local writes: the same writes on the same encrypted file with the triggers and without.

100,000 interventions with every column but the signature, on 20 technicians, 200 contracts and clients, 1,000
machines and a year of days. Written as the program does, in a transaction that names its group, and once more as a
SQL console does, without. A trigger that does nothing is timed beside, on inserts: SQLite then keeps a journal of
every statement's pages, one by index, which no way of capturing by triggers can spare.
"""

from __future__ import annotations

import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from erp_desktop import clock
from erp_desktop.db import ids, secrets
from erp_desktop.db.engine import connect_sqlite
from erp_desktop.sync import enrolment
from erp_desktop.sync.cache import Cache
from tests.benchmarks.sync_speed import Figure

T = "2026-11-20T08:00:00.000000Z"
ROWS, SINGLE, TURNS = 100_000, 1_000, 5
CLIENTS, MACHINES, TECHNICIENS = 200, 1_000, 20
_NOTHING = "CREATE TRIGGER rien AFTER INSERT ON interventions BEGIN SELECT 1; END"
_OPEN_GROUP = "UPDATE _sync_session SET groupe = (SELECT coalesce(max(id), 0) + 1 FROM sync_outbox), user_id = 10"
_CLOSE_GROUP = "UPDATE _sync_session SET groupe = NULL, user_id = NULL"


LIMITS = {
    "ajouts un à un": 1.25,
    "ajouts en une instruction": 1.25,
    "une colonne en masse": 1.7,
    "deux colonnes en masse": 1.7,
    "une colonne indexée en masse": 1.7,
    "validations une à une": 1.4,
}
"""What is measured, and the most that capture may make of it."""


def _intervention(i: int, chance: random.Random) -> dict[str, object]:
    created = datetime(2026, 1, 1, 6, tzinfo=UTC) + timedelta(minutes=chance.randrange(400_000))
    machine = chance.randrange(MACHINES)

    def after(minutes: int) -> str:
        return clock.to_text(created + timedelta(minutes=minutes))

    return {
        "id": ids.compose(i, 9), "agence_id": 10, "numero": f"INT-CAS-09-2026-{i:07}",
        "titre": f"Fuite d'huile vérin principal {i}",
        "description": f"Signalée par le chef d'équipe à {created.hour} h, arrêt possible.",
        "type": chance.choice(["corrective", "preventive"]), "statut": chance.choice(["cloturee"] * 4 + ["affectee"]),
        "priorite": chance.choice(["haute", "normale", "normale", "basse"]), "urgence": 0,
        "equipement_id": 10 + machine, "client_id": 10 + machine % CLIENTS, "contrat_id": 10 + machine % CLIENTS,
        "technicien_id": 10 + chance.randrange(TECHNICIENS), "created_by_id": 10, "date_creation": after(0),
        "date_planifiee": after(60), "zone_planifiee": "Africa/Casablanca", "date_limite": after(240),
        "date_affectation": after(5), "date_debut_travaux": after(90), "date_fin_travaux": after(145),
        "date_cloture": after(200), "duree_estimee": 60, "duree_reelle": 55, "temps_deplacement": 20,
        "diagnostic": "Joint racleur usé, tige rayée sur 4 cm.",
        "travaux_realises": "Joint remplacé, essai en charge concluant.", "notes_internes": "Prévoir rechromage",
        "recommandations": "Surveiller la température du palier.", "signataire": "M. Alaoui",
        "cout_externe": f"{i % 900}.00", "satisfaction_client": 1 + i % 5, "created_at": T, "updated_at": T,
    }  # fmt: skip


def _around(db: Any) -> None:
    """What interventions refer to."""

    def add(table: str, count: int, row: Callable[[int], dict[str, object]]) -> None:
        for i in range(count):
            values = {"id": 10 + i, "created_at": T, "updated_at": T, **row(i)}
            db.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})",
                       tuple(values.values()))  # fmt: skip

    add("agences", 1, lambda _: {"code": "CAS", "nom": "Casablanca"})
    add("users", TECHNICIENS, lambda i: {"agence_id": 10, "username": f"u{i}", "email": f"u{i}@mif.ma",
                                         "full_name": "Agent", "role": "technicien"})  # fmt: skip
    add("techniciens", TECHNICIENS, lambda i: {"agence_id": 10, "user_id": 10 + i})
    add("clients", CLIENTS, lambda i: {"agence_id": 10, "nom_entreprise": f"Client {i}"})
    add("contrats", CLIENTS, lambda i: {"agence_id": 10, "numero_contrat": f"C-{i}", "client_id": 10 + i,
                                        "type_contrat": "contrat_cadre", "date_debut": "2026-01-01"})  # fmt: skip
    add("equipements", MACHINES, lambda i: {"agence_id": 10, "client_id": 10 + i % CLIENTS, "nom": "Presse",
                                            "code_interne": f"EQ-{i}"})  # fmt: skip


def measure() -> list[Figure]:
    """Microseconds a write, with capture and without; each kind of write in transactions of its own."""
    with tempfile.TemporaryDirectory() as folder:
        here, key = Path(folder), secrets.new_key()
        ready = here / "pret.sqlite"
        enrolment.create_cache(ready, key, 9)
        with Cache(ready, key) as cache, cache.writing(mute=True) as db:
            _around(db)
        with Cache(ready, key) as cache:
            cache.db.execute("PRAGMA journal_mode = DELETE")
        chance = random.Random(1)
        rows = [_intervention(i, chance) for i in range(ROWS)]
        taken: dict[str, dict[str, list[float]]] = {name: {} for name in LIMITS}
        # Turn about, so that a noisy minute falls on all.
        for turn in range(TURNS):
            for kind in ("sans", "rien", "saisie", "console"):
                for name, seconds in _writes(ready, here / f"{turn}{kind}.sqlite", key, kind, rows):
                    taken[name].setdefault(kind, []).append(seconds)
        return list(_figures(taken))


def _figures(taken: dict[str, dict[str, list[float]]]) -> Iterator[Figure]:
    """The ratio is of times: how much longer the captured write takes."""
    for name, limit in LIMITS.items():
        count = SINGLE if name == "validations une à une" else ROWS
        each = {kind: 1e6 * statistics.median(times) / count for kind, times in taken[name].items()}
        yield Figure(f"capture, {name}", each["saisie"], each["sans"], "µs", limit, less=True)
        if "rien" in each:
            yield Figure(f"… par une console, {name}", each["console"], each["sans"], "µs")
            yield Figure(f"déclencheur vide, {name}", each["rien"], each["sans"], "µs")


def _writes(
    ready: Path, path: Path, key: str, kind: str, rows: list[dict[str, object]]
) -> Iterator[tuple[str, float]]:
    shutil.copyfile(ready, path)
    db = connect_sqlite(path, key)
    if kind in {"sans", "rien"}:
        for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
    if kind == "rien":
        db.execute(_NOTHING)
    # The pages that the triggers took are not to be found again by the rows.
    db.execute("VACUUM")
    db.execute("PRAGMA journal_mode = WAL")
    columns = ", ".join(rows[0])
    one_by_one = f"INSERT INTO interventions ({columns}) VALUES ({', '.join('?' * len(rows[0]))})"
    values = [tuple(row.values()) for row in rows]

    def transaction(work: Callable[[], object]) -> None:
        db.execute("BEGIN IMMEDIATE")
        if kind == "saisie":
            db.execute(_OPEN_GROUP)
        work()
        if kind == "saisie":
            db.execute(_CLOSE_GROUP)
        db.execute("COMMIT")

    def timed(name: str, work: Callable[[], object]) -> tuple[str, float]:
        started = time.perf_counter()
        work()
        return name, time.perf_counter() - started

    def bulk(changes: str) -> Callable[[], None]:
        return lambda: transaction(lambda: db.execute(f"UPDATE interventions SET {changes}"))

    def single() -> None:
        for row in values[:: ROWS // SINGLE]:
            transaction(
                lambda key=row[0]: db.execute("UPDATE interventions SET diagnostic = 'Vu' WHERE id = ?", (key,))  # type: ignore[misc]
            )

    yield timed("ajouts un à un", lambda: transaction(lambda: db.executemany(one_by_one, values)))
    if kind in {"sans", "saisie"}:
        yield timed("une colonne en masse", bulk("diagnostic = 'Joint à revoir'"))
        yield timed(
            "deux colonnes en masse", bulk("titre = 'Titre revu', updated_at = '2026-11-21T08:00:00.000000Z'")
        )
        yield timed("une colonne indexée en masse", bulk("priorite = 'haute'"))
        yield timed("validations une à une", single)
    db.execute(f"CREATE TEMP TABLE lot AS SELECT {columns} FROM interventions")
    db.execute("DELETE FROM interventions")
    at_once = f"INSERT INTO interventions ({columns}) SELECT {columns} FROM temp.lot"
    yield timed("ajouts en une instruction", lambda: transaction(lambda: db.execute(at_once)))
    db.close()
    path.unlink()
