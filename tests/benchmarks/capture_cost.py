"""What capture adds to local writes: the same writes on the same encrypted file with the triggers and without.

The cache holds 100,000 interventions with every column but the signature, on 20 technicians, 200 contracts and
clients, 1,000 machines and a year of days. They are changed, and 20,000 more are inserted, as the program does, in a
transaction that names its group, and once more as a SQL console does, without. Inserts are also timed into a cache
without interventions, where the bare ones cost least, and beside a trigger that does nothing: SQLite then keeps a
journal of every statement's pages, one by index, which no way of capturing by triggers can spare.
"""

from __future__ import annotations

import itertools
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from erp_desktop import clock
from erp_desktop.db import ids, secrets
from erp_desktop.db.engine import connect_sqlite
from erp_desktop.sync.exchange.cache import Cache
from erp_desktop.sync.first_copy import empty_cache
from tests.benchmarks.sync_speed import Figure

T = "2026-11-20T08:00:00.000000Z"
ROWS, MORE, SINGLE, TURNS = 100_000, 20_000, 1_000, 5
CLIENTS, MACHINES, TECHNICIENS = 200, 1_000, 20
_NOTHING = "CREATE TRIGGER rien AFTER INSERT ON interventions BEGIN SELECT 1; END"
_OPEN_GROUP = "UPDATE _sync_session SET groupe = (SELECT coalesce(max(id), 0) + 1 FROM sync_outbox), user_id = 10"
_CLOSE_GROUP = "UPDATE _sync_session SET groupe = NULL, user_id = NULL"


LIMITS: dict[str, tuple[int, float | None]] = {
    "ajouts un à un": (MORE, 1.25),
    "ajouts en une instruction": (MORE, 1.25),
    "une colonne en masse": (ROWS, 1.7),
    "deux colonnes en masse": (ROWS, 1.7),
    "une colonne indexée en masse": (ROWS, 1.7),
    "validations une à une": (SINGLE, 1.4),
    "base vide, ajouts un à un": (MORE, None),
    "base vide, ajouts en une instruction": (MORE, None),
}
"""What is measured: how many writes, and the most that capture may make of them."""


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
        empty, full = here / "vide.sqlite", here / "pleine.sqlite"
        chance = random.Random(1)
        rows = [_intervention(i, chance) for i in range(ROWS + MORE)]
        held, new = rows[:ROWS], [tuple(row.values()) for row in rows[ROWS:]]
        empty_cache.create_cache(empty, key, 9)
        _fill(empty, key, _around)
        shutil.copyfile(empty, full)
        _fill(full, key, lambda db: db.executemany(_insert(held[0]), [tuple(row.values()) for row in held]))
        taken: dict[str, dict[str, list[float]]] = {name: {} for name in LIMITS}
        # Turn about, so that a noisy minute falls on all.
        for _ in range(TURNS):
            for kind in ("sans", "rien", "saisie", "console"):
                for start, prefix in ((full, ""), (empty, "base vide, ")):
                    with _opened(shutil.copyfile(start, here / "essai.sqlite"), key, kind) as writer:
                        acts = [_inserts(writer, _insert(rows[0]), new)]
                        if start is full and kind in {"sans", "saisie"}:
                            acts.append(_changes(writer, [int(str(row["id"])) for row in held[:: ROWS // SINGLE]]))
                        for name, seconds in itertools.chain(*acts):
                            taken[prefix + name].setdefault(kind, []).append(seconds)
        return list(_figures(taken))


def _insert(row: dict[str, object]) -> str:
    return f"INSERT INTO interventions ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})"


def _fill(path: Path, key: str, work: Callable[[Any], object]) -> None:
    with Cache(path, key) as cache:
        with cache.writing(mute=True) as db:
            work(db)
        cache.db.execute("PRAGMA journal_mode = DELETE")


def _figures(taken: dict[str, dict[str, list[float]]]) -> Iterator[Figure]:
    """The ratio is of times: how much longer the captured write takes."""
    for name, (count, limit) in LIMITS.items():
        each = {kind: 1e6 * statistics.median(times) / count for kind, times in taken[name].items()}
        yield Figure(f"capture, {name}", each["saisie"], each["sans"], "µs", limit, less=True)
        if "rien" in each:
            yield Figure(f"… par une console, {name}", each["console"], each["sans"], "µs")
            yield Figure(f"déclencheur vide, {name}", each["rien"], each["sans"], "µs")


@dataclass(frozen=True, slots=True)
class _Writer:
    db: Any
    grouped: bool

    def transaction(self, work: Callable[[], object]) -> None:
        self.db.execute("BEGIN IMMEDIATE")
        if self.grouped:
            self.db.execute(_OPEN_GROUP)
        work()
        if self.grouped:
            self.db.execute(_CLOSE_GROUP)
        self.db.execute("COMMIT")

    def timed(self, work: Callable[[], object]) -> float:
        started = time.perf_counter()
        work()
        return time.perf_counter() - started


@contextmanager
def _opened(path: Path, key: str, kind: str) -> Iterator[_Writer]:
    db = connect_sqlite(path, key)
    if kind in {"sans", "rien"}:
        for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
    if kind == "rien":
        db.execute(_NOTHING)
    # The pages that the triggers took are not to be found again by the rows.
    db.execute("VACUUM")
    db.execute("PRAGMA journal_mode = WAL")
    yield _Writer(db, kind == "saisie")
    db.close()
    path.unlink()


def _inserts(writer: _Writer, insert: str, rows: list[tuple[object, ...]]) -> Iterator[tuple[str, float]]:
    """The same rows twice; they are taken away after each time."""
    db, first = writer.db, rows[0][0]
    one_by_one = writer.timed(lambda: writer.transaction(lambda: db.executemany(insert, rows)))
    yield "ajouts un à un", one_by_one
    db.execute("CREATE TEMP TABLE lot AS SELECT * FROM interventions WHERE id >= ?", (first,))
    _take_away(db, first)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    at_once = "INSERT INTO interventions SELECT * FROM temp.lot"
    yield "ajouts en une instruction", writer.timed(lambda: writer.transaction(lambda: db.execute(at_once)))
    _take_away(db, first)


def _take_away(db: Any, first: object) -> None:
    """Nobody may delete work that was begun: this is the bench's own hand."""
    db.execute("UPDATE _sync_session SET muet = 1")
    db.execute("DELETE FROM interventions WHERE id >= ?", (first,))
    db.execute("UPDATE _sync_session SET muet = 0")


def _changes(writer: _Writer, some: list[int]) -> Iterator[tuple[str, float]]:
    db = writer.db

    def bulk(changes: str) -> float:
        return writer.timed(lambda: writer.transaction(lambda: db.execute(f"UPDATE interventions SET {changes}")))

    def single() -> None:
        for key in some:
            writer.transaction(partial(db.execute, "UPDATE interventions SET diagnostic = 'Vu' WHERE id = ?", (key,)))

    yield "une colonne en masse", bulk("diagnostic = 'Joint à revoir'")
    yield "deux colonnes en masse", bulk("titre = 'Titre revu', updated_at = '2026-11-21T08:00:00.000000Z'")
    yield "une colonne indexée en masse", bulk("priorite = 'haute'")
    yield "validations une à une", writer.timed(single)
