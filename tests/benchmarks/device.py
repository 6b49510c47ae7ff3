"""One act of a device, or of its floor, in a process of its own, so that its memory is its own.

``python -m tests.benchmarks.device ACT '{"arguments": …}'`` prints one JSON object with what the act returns and
``peak_mb``, the process's highest resident memory.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from erp_desktop.db import secrets
from erp_desktop.registry.tables import BY_NAME
from erp_desktop.sync.device import enrolment
from erp_desktop.sync.exchange.cache import Cache
from erp_desktop.sync.exchange.cycle import CycleResult
from erp_desktop.sync.first_copy.published import first_copy
from erp_desktop.sync.syncer import Syncer
from tests.benchmarks import sync_speed

Answer = dict[str, Any]


def peak_mb() -> float:
    """Highest resident memory of this process; the kernel's other figure would count the parent's too."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return next(int(row.split()[1]) for row in status.read_text().splitlines() if row.startswith("VmHWM")) / 1024


def hydrate_floor(url: str, path: str, key: str, tables: list[str]) -> Answer:
    return {"seconds": sync_speed.hydrate_floor(url, Path(path), key, [BY_NAME[name] for name in tables])}


def push_floor(url: str, count: int) -> Answer:
    return {"seconds": sync_speed.push_floor(url, count)}


def copy(enrolled: str, store: str, path: str, key: str) -> Answer:
    """The first copy of an enrolled device, once more, into the new cache at ``path``, over an open line."""
    with _open(enrolled, store) as known:
        link = enrolment.device_link(known, Path(store))
    with Cache(Path(path), key) as cache:
        link.connect()
        trips, started = link.round_trips, time.perf_counter()
        rows = first_copy(cache, link)
        seconds, trips = time.perf_counter() - started, link.round_trips - trips
    link.close()
    return {"seconds": seconds, "rows": rows, "round_trips": trips}


def cycles(enrolled: str, store: str, edits: int, mark: str) -> Answer:
    """Cold, idle, with one change and with ``edits`` changes in one batch; seconds, the idle ones as medians."""
    with _open(enrolled, store) as cache:
        syncer = Syncer(cache, enrolment.device_link(cache, Path(store)))
        cold = _timed(syncer)
        bare = statistics.median(_seconds(lambda: syncer.link.row("SELECT 1")) for _ in range(9))
        idle = [_timed(syncer) for _ in range(9)]
        ones = []
        for turn in range(9):
            _edit(cache, f"{mark}-{turn}", 1)
            ones.append(_timed(syncer))
        _edit(cache, f"{mark}-lot", edits)
        many = _timed(syncer)
        syncer.link.close()
    found = {"cold": [cold], "idle": idle, "one": ones, "many": [many]}
    return {"bare": bare} | {
        name: {**several[-1], "seconds": statistics.median(it["seconds"] for it in several)}
        for name, several in found.items()
    }


def push(enrolled: str, store: str, count: int, mark: str) -> Answer:
    with _open(enrolled, store) as cache:
        syncer = Syncer(cache, enrolment.device_link(cache, Path(store)))
        syncer.run()
        _edit(cache, mark, count)
        done = _timed(syncer)
        syncer.link.close()
    return done


def _open(enrolled: str, store: str) -> Cache:
    return Cache(Path(enrolled), secrets.cache_key(Path(enrolled), Path(store)))


def _edit(cache: Cache, mark: str, count: int) -> None:
    cache.db.execute(
        "UPDATE interventions SET titre = ?, notes_internes = ?, updated_at = '2026-11-21T10:00:00.000000Z' "
        "WHERE id IN (SELECT id FROM interventions ORDER BY id LIMIT ?)",
        (f"Titre {mark}", f"Note {mark}", count),
    )


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _timed(syncer: Syncer) -> Answer:
    results: list[CycleResult] = []
    seconds = _seconds(lambda: results.append(syncer.run()))
    result = results[0]
    if result.conflicts or result.parked or result.waiting:
        raise RuntimeError(f"not a clean cycle: {result}")
    return {
        "seconds": seconds, "pushed": result.pushed, "batches": result.batches, "round_trips": result.round_trips,
        "bytes_out": result.bytes_out, "bytes_in": result.bytes_in,
    }  # fmt: skip


ACTS: dict[str, Callable[..., Answer]] = {
    "hydrate_floor": hydrate_floor, "push_floor": push_floor, "copy": copy, "cycles": cycles, "push": push,
}  # fmt: skip

if __name__ == "__main__":
    answer = ACTS[sys.argv[1]](**json.loads(sys.argv[2]))
    print(json.dumps(answer | {"peak_mb": peak_mb()}))
