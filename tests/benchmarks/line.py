"""Cycles over lines of 0, 50 and 300 ms of round-trip time: seconds, round trips, bytes, peak memory."""

from __future__ import annotations

import resource
import statistics
import tempfile
import time
from pathlib import Path

from erp_desktop.db.embedded import EmbeddedPostgres
from erp_desktop.db.engine import create_pg_engine, normalise_url
from erp_desktop.sync import enrolment
from erp_desktop.sync.cache import Cache
from erp_desktop.sync.cycle import CycleResult, Syncer
from tests.benchmarks.data import fill
from tests.sync.proxy import ChaosProxy


def _shown(what: str, rtt_ms: int, result: CycleResult, seconds: float) -> str:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return (
        f"{rtt_ms:>4} ms  {what:<22} {seconds:8.3f} s  {result.round_trips:>3} allers-retours  "
        f"{result.bytes_out / 1e3:>9,.1f} ko envoyés  {result.bytes_in / 1e3:>9,.1f} ko reçus  mémoire {peak:,.0f} Mo"
    )


def measure(server: EmbeddedPostgres, interventions: int) -> list[str]:
    """One line a figure."""
    url = server.create_database(f"bench_ligne_{interventions}")
    engine = create_pg_engine(url)
    enrolment.init_centre(engine)
    fill(engine, enrolment.add_agence(engine, "CAS", "Casablanca"), interventions)
    engine.dispose()
    host, lines = normalise_url(url), []
    with tempfile.TemporaryDirectory() as folder, ChaosProxy(host.host or "127.0.0.1", host.port or 5432) as proxy:
        path, store = Path(folder) / "c.sqlite", Path(folder) / "s.json"
        through = host.set(port=proxy.port).render_as_string(hide_password=False)
        started = time.perf_counter()
        done = enrolment.enroll(through, "CAS", "banc", path, secrets_file=store, encrypted=False)
        lines.append(f"   0 ms  première copie de {done.rows:,} lignes en {time.perf_counter() - started:.2f} s, "
                     f"{proxy.passed['in'] / 1e6:.1f} Mo reçus")  # fmt: skip
        with Cache(path) as cache:
            for rtt_ms in (0, 50, 300):
                proxy.delay_s = rtt_ms / 2_000
                syncer = Syncer(cache, enrolment.device_link(cache, store))
                lines += _cycles(cache, syncer, rtt_ms, min(5_000, interventions))
                syncer.link.close()
    return lines


def _cycles(cache: Cache, syncer: Syncer, rtt_ms: int, edits: int) -> list[str]:
    def timed() -> tuple[CycleResult, float]:
        started = time.perf_counter()
        return syncer.run(), time.perf_counter() - started

    lines = [_shown("à froid, rien à faire", rtt_ms, *timed())]
    idle = [timed() for _ in range(9)]
    lines.append(_shown("rien à faire", rtt_ms, idle[0][0], statistics.median(s for _, s in idle)))
    ones = []
    for turn in range(5):
        cache.db.execute(
            "UPDATE interventions SET titre = ? WHERE id = (SELECT min(id) FROM interventions)", (f"{rtt_ms}-{turn}",)
        )
        ones.append(timed())
    lines.append(_shown("un changement", rtt_ms, ones[0][0], statistics.median(s for _, s in ones)))
    cache.db.execute(
        "UPDATE interventions SET diagnostic = ? WHERE id IN (SELECT id FROM interventions ORDER BY id LIMIT ?)",
        (f"Revu à {rtt_ms}", edits),
    )
    return [*lines, _shown(f"{edits:,} changements", rtt_ms, *timed())]
