"""A cycle's cost when there is little to do, beside the size of the database."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from erp_desktop.db import secrets
from erp_desktop.db.embedded import EmbeddedPostgres
from erp_desktop.db.engine import create_pg_engine
from erp_desktop.sync.device import enrolment
from erp_desktop.sync.exchange.cache import Cache
from erp_desktop.sync.exchange.cycle import CycleResult
from erp_desktop.sync.syncer import Syncer
from tests.benchmarks.data import fill

SIZES = (10_000, 100_000, 1_000_000)
TURNS = 25

_INSERT = (
    "INSERT INTO interventions (id, agence_id, numero, titre, description, equipement_id, client_id, date_creation, "
    "created_at, updated_at) SELECT {pk}, agence_id, 'NEUF-' || {pk}, titre, description, equipement_id, client_id, "
    "date_creation, created_at, updated_at FROM interventions WHERE id = {model}"
)


@dataclass(frozen=True, slots=True)
class Reading:
    """One kind of cycle: milliseconds (median, and at best), and what crossed the line in the last one."""

    size: int
    act: str
    ms: float
    best_ms: float
    round_trips: int = 0
    bytes_out: int = 0
    bytes_in: int = 0

    def __str__(self) -> str:
        told = f"{self.size:>9,}  {self.act:<26} {self.ms:8.2f} ms (au mieux {self.best_ms:6.2f})"
        if not self.round_trips:
            return told
        return (
            f"{told}  {self.round_trips} aller-retour  {self.bytes_out:>6,} octets envoyés  {self.bytes_in:>6,} reçus"
        )


def measure(server: EmbeddedPostgres, sizes: tuple[int, ...]) -> Iterator[Reading]:
    """Readings of each size, the smallest first; caches are encrypted as they are in use."""
    for size in sizes:
        name = f"bench_taille_{size}"
        url = server.create_database(name)
        engine = create_pg_engine(url)
        enrolment.init_centre(engine)
        fill(engine, enrolment.add_agence(engine, "CAS", "Casablanca"), size)
        with tempfile.TemporaryDirectory() as folder:
            path, store = Path(folder) / "c.sqlite", Path(folder) / "s.json"
            enrolment.enroll(url, "CAS", "banc", path, secrets_file=store)
            with Cache(path, secrets.cache_key(path, store)) as cache:
                syncer = Syncer(cache, enrolment.device_link(cache, store))
                yield from _cycles(size, cache, syncer, engine)
                syncer.link.close()
        engine.dispose()
        server.drop_database(name)


def _cycles(size: int, cache: Cache, syncer: Syncer, engine: sa.Engine) -> Iterator[Reading]:
    def cycle(act: str, before: Callable[[int], object], moved: Callable[[CycleResult], int], turns: int) -> Reading:
        taken, result = [], CycleResult()
        for turn in range(turns):
            before(turn)
            started = time.perf_counter()
            result = syncer.run()
            taken.append(1_000 * (time.perf_counter() - started))
            if moved(result) != 1:
                raise RuntimeError(f"{act}: the cycle moved {moved(result)} rows")
        return Reading(
            size, act, statistics.median(taken), min(taken), result.round_trips, result.bytes_out, result.bytes_in
        )

    def central(statement: str) -> Callable[[int], None]:
        def run(turn: int) -> None:
            with engine.begin() as connection:
                connection.exec_driver_sql(statement.format(pk=known[turn], new=f"{size}-{turn}"))

        return run

    def local(statement: str, keys: list[int]) -> Callable[[int], object]:
        return lambda turn: cache.db.execute(statement.format(pk=keys[turn], model=model, new=f"ici {turn}"))

    for _ in range(5):
        syncer.run()
    pks = [r[0] for r in cache.all("SELECT id FROM interventions ORDER BY id LIMIT ?", 3 * TURNS + 1)]
    model, known, mine, gone = pks[0], pks[1 : TURNS + 1], pks[TURNS + 1 : 2 * TURNS + 1], pks[2 * TURNS + 1 :]
    born = [cache.value("SELECT max(id) FROM interventions") + 2 * turn + 2 for turn in range(TURNS)]

    yield cycle("rien à faire", lambda _: None, lambda _: 1, 4 * TURNS)
    yield _bare_round_trip(size, syncer)
    yield _centre_alone(size, cache, syncer)
    yield cycle(
        "un changement envoyé",
        local("UPDATE interventions SET titre = '{new}' WHERE id = {pk}", mine),
        _pushed,
        TURNS,
    )
    yield cycle("un ajout envoyé", local(_INSERT, born), _pushed, TURNS)
    yield cycle("une suppression envoyée", local("DELETE FROM interventions WHERE id = {pk}", gone), _pushed, TURNS)
    yield cycle(
        "un changement reçu", central("UPDATE interventions SET titre = '{new}' WHERE id = {pk}"), _pulled, TURNS
    )
    yield cycle("une suppression reçue", central("DELETE FROM interventions WHERE id = {pk}"), _pulled, TURNS)


def _pushed(result: CycleResult) -> int:
    return result.pushed


def _pulled(result: CycleResult) -> int:
    return result.pulled


def _bare_round_trip(size: int, syncer: Syncer) -> Reading:
    taken = []
    for _ in range(4 * TURNS):
        started = time.perf_counter()
        syncer.link.row("SELECT 1")
        taken.append(1_000 * (time.perf_counter() - started))
    return Reading(size, "… un aller-retour nu", statistics.median(taken), min(taken))


def _centre_alone(size: int, cache: Cache, syncer: Syncer) -> Reading:
    """A pull that finds nothing, by the server's clock."""
    cursor = (cache.require("curseur_xid"), int(cache.require("curseur_seq")))
    taken = []
    for _ in range(4 * TURNS):
        before, found, after = syncer.link.row(
            "SELECT clock_timestamp(), sync.tirer(%s::xid8, %s, 5000), clock_timestamp()", cursor
        )
        if found["n"]:
            raise RuntimeError("the pull was not idle")
        taken.append(1_000 * (after - before).total_seconds())
    return Reading(size, "… le centre seul", statistics.median(taken), min(taken))
