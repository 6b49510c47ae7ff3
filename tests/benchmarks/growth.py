"""A cycle's cost when there is little to do, beside the size of the database."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from erp_desktop.db.embedded import EmbeddedPostgres
from erp_desktop.db.engine import create_pg_engine
from erp_desktop.sync import enrolment
from erp_desktop.sync.cache import Cache
from erp_desktop.sync.cycle import Syncer
from tests.benchmarks.data import fill


def measure(server: EmbeddedPostgres, sizes: tuple[int, ...]) -> list[str]:
    """One line a size: medians of a cycle with nothing to do, of the centre's part of it, and with one change."""
    lines = []
    for size in sizes:
        name = f"bench_taille_{size}"
        url = server.create_database(name)
        engine = create_pg_engine(url)
        enrolment.init_centre(engine)
        fill(engine, enrolment.add_agence(engine, "CAS", "Casablanca"), size)
        engine.dispose()
        with tempfile.TemporaryDirectory() as folder:
            path, store = Path(folder) / "c.sqlite", Path(folder) / "s.json"
            enrolment.enroll(url, "CAS", "banc", path, secrets_file=store, encrypted=False)
            with Cache(path) as cache:
                lines.append(f"{size:>9,} interventions  " + _cycles(cache, Syncer(
                    cache, enrolment.device_link(cache, store))))  # fmt: skip
        server.drop_database(name)
    return lines


def _cycles(cache: Cache, syncer: Syncer) -> str:
    def timed() -> float:
        started = time.perf_counter()
        syncer.run()
        return 1_000 * (time.perf_counter() - started)

    syncer.run()
    idle = statistics.median(timed() for _ in range(50))
    cursor = (cache.require("curseur_xid"), int(cache.require("curseur_seq")))
    centre = []
    for _ in range(20):
        plan = syncer.link.row("SELECT clock_timestamp(), sync.tirer(%s::xid8, %s, 5000), clock_timestamp()", cursor)
        centre.append(1_000 * (plan[2] - plan[0]).total_seconds())
    ones = []
    for turn in range(20):
        cache.db.execute(
            "UPDATE interventions SET titre = ? WHERE id = (SELECT max(id) FROM interventions)", (f"Un {turn}",)
        )
        ones.append(timed())
    syncer.link.close()
    return (f"rien à faire {idle:6.2f} ms, dont centre {statistics.median(centre):5.2f} ms ; "
            f"un changement {statistics.median(ones):6.2f} ms")  # fmt: skip
