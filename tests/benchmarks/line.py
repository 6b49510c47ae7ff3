"""Copies, pushes and cycles over lines of 0, 50 and 300 ms of round-trip time, beside floors over the same line.

Each act runs in a process of its own behind one proxy in this process, which only relays. The floors work on a copy
of the centre, so that what they write outside of the triggers reaches no device; the hydrate floor is spared the
tables without rows, as a device is.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from erp_desktop.db import secrets
from erp_desktop.db.embedded import EmbeddedPostgres
from erp_desktop.db.engine import create_pg_engine, normalise_url
from erp_desktop.registry import revisions
from erp_desktop.sync.device import enrolment
from erp_desktop.sync.first_copy import empty_cache, published
from tests.benchmarks.data import fill
from tests.benchmarks.sync_speed import BATCH
from tests.sync.proxy import ChaosProxy

RTTS_MS = (0, 50, 300)
TURNS = 3
FILLED = ["agences", "clients", "equipements", "interventions"]


class Bench:
    """A centre, its copy for the floors, an enrolled device, and the line that all go through."""

    def __init__(self, server: EmbeddedPostgres, folder: Path, interventions: int) -> None:
        self.folder = folder
        self.count = interventions
        model, name = f"bench_ligne_{interventions}", f"bench_ligne_{interventions}_p"
        url = server.create_database(model)
        engine = create_pg_engine(url)
        enrolment.init_centre(engine)
        fill(engine, enrolment.add_agence(engine, "CAS", "Casablanca"), interventions)
        engine.dispose()
        copied = server.create_database(name, model)
        here = normalise_url(url)
        self.proxy = ChaosProxy.before(here)
        self.url, self.floor_url = self._through(url), self._through(copied)
        self.engine = create_pg_engine(url)
        published.publish(url, lambda path: empty_cache.create_cache(path, None, 0))
        self.cache, self.store = folder / "poste.sqlite", folder / "poste.json"
        enrolment.enroll(self.url, "CAS", "banc", self.cache, secrets_file=self.store)
        self._ask_for_passwords()
        self.empty, self.key = folder / "vide.sqlite", secrets.new_key()
        empty_cache.create_cache(self.empty, self.key, 99)

    def _through(self, url: str) -> str:
        return normalise_url(url).set(port=self.proxy.port).render_as_string(hide_password=False)

    def _ask_for_passwords(self) -> None:
        """Devices log in by SCRAM, as they do in use: it costs round trips. The wheel's server knows no TLS."""
        with self.engine.begin() as connection:
            path = Path(connection.exec_driver_sql("SHOW hba_file").scalar_one())
            if path.exists():
                path.write_text("host all +erp_device 127.0.0.1/32 scram-sha-256\n" + path.read_text())
                connection.exec_driver_sql("SELECT pg_reload_conf()")

    def publish(self, shown: bool) -> None:
        """Show the published copy to devices, or hide it behind a revision that they do not know."""
        with self.engine.begin() as connection:
            connection.execute(
                sa.text("UPDATE sync.instantanes SET revision = :r"), {"r": revisions.head() if shown else "autre"}
            )

    def act(self, name: str, **arguments: object) -> dict[str, Any]:
        """Run one act in its process; the bytes are those that the proxy saw meanwhile."""
        before = dict(self.proxy.passed)
        command = [sys.executable, "-m", "tests.benchmarks.device", name, json.dumps(arguments)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        answer: dict[str, Any] = json.loads(done.stdout)
        return {"bytes_out": self.proxy.passed["out"] - before["out"],
                "bytes_in": self.proxy.passed["in"] - before["in"], **answer}  # fmt: skip

    def vacuum(self) -> None:
        """As the floor leaves its table: without what the updates before left behind."""
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM interventions, sync.row_state")

    def new_cache(self) -> dict[str, str]:
        """An empty cache, instead of the one before."""
        for leftover in self.folder.glob("copie.sqlite*"):
            leftover.unlink()
        return {"path": shutil.copyfile(self.empty, self.folder / "copie.sqlite").as_posix(), "key": self.key}

    def close(self) -> None:
        self.engine.dispose()
        self.proxy.close()


def measure(server: EmbeddedPostgres, interventions: int) -> Iterator[str]:
    """One line a figure, as they come."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(server, Path(folder), interventions)
        try:
            for rtt_ms in RTTS_MS:
                bench.proxy.delay_s = rtt_ms / 2_000
                yield from _copies(bench, rtt_ms)
                yield from _pushes(bench, rtt_ms)
                yield from _cycles(bench, rtt_ms)
        finally:
            bench.close()


def _copies(bench: Bench, rtt_ms: int) -> Iterator[str]:
    known = {"enrolled": str(bench.cache), "store": str(bench.store)}
    found: dict[str, list[dict[str, Any]]] = {"plancher de la copie": [], "copie par COPY": [], "copie publiée": []}
    # Turn about, so that a noisy minute falls on all.
    for _ in range(TURNS):
        found["plancher de la copie"].append(
            bench.act("hydrate_floor", url=bench.floor_url, tables=FILLED, **bench.new_cache())
        )
        for name, shown in (("copie par COPY", False), ("copie publiée", True)):
            bench.publish(shown)
            found[name].append(bench.act("copy", **bench.new_cache(), **known))
    floor, floor_bytes = _median(found["plancher de la copie"]), found["plancher de la copie"][0]["bytes_in"]
    for name, several in found.items():
        ratio = floor / _median(several)
        yield _line(rtt_ms, name, several[-1], _median(several), f"{ratio:5.2f} × le plancher, "
                    f"{several[-1]['bytes_in'] / floor_bytes:.2f} × ses octets")  # fmt: skip


def _pushes(bench: Bench, rtt_ms: int) -> Iterator[str]:
    known = {"enrolled": str(bench.cache), "store": str(bench.store)}
    count = min(10 * BATCH, bench.count)
    floors, ours = [], []
    for turn in range(TURNS):
        floors.append(bench.act("push_floor", url=bench.floor_url, count=count))
        ours.append(bench.act("push", count=count, mark=f"{rtt_ms}-{turn}", **known))
        bench.vacuum()
    yield _line(rtt_ms, f"plancher de l'envoi de {count:,}", floors[-1], _median(floors), "")
    ratio = _median(floors) / _median(ours)
    yield _line(rtt_ms, f"envoi de {count:,} par {BATCH:,}", ours[-1], _median(ours), f"{ratio:5.2f} × le plancher")


def _cycles(bench: Bench, rtt_ms: int) -> Iterator[str]:
    done = bench.act("cycles", enrolled=str(bench.cache), store=str(bench.store),
                     edits=min(BATCH, bench.count), mark=f"{rtt_ms} ms")  # fmt: skip
    yield f"{rtt_ms:>4} ms  {'un aller-retour nu':<30} {done['bare']:8.3f} s"
    told = {
        "cold": "à froid, rien à faire",
        "idle": "rien à faire",
        "one": "un changement",
        "many": "un lot de 5,000",
    }
    for name, text in told.items():
        ratio = done[name]["seconds"] / done["bare"]
        yield _line(rtt_ms, text, done[name], done[name]["seconds"], f"{ratio:6.2f} × l'aller-retour nu")
    yield f"{rtt_ms:>4} ms  {'mémoire des échanges':<30} {done['peak_mb']:8.0f} Mo"


def _median(several: list[dict[str, Any]]) -> float:
    return statistics.median(it["seconds"] for it in several)


def _line(rtt_ms: int, what: str, last: dict[str, Any], seconds: float, ratio: str) -> str:
    trips = f"{last['round_trips']:>3} allers-retours" if "round_trips" in last else " " * 18
    memory = f"  {last['peak_mb']:4.0f} Mo" if "peak_mb" in last else ""
    return (
        f"{rtt_ms:>4} ms  {what:<30} {seconds:8.3f} s  {trips}  {last['bytes_out'] / 1e3:>9,.1f} ko envoyés  "
        f"{last['bytes_in'] / 1e3:>9,.1f} ko reçus{memory}  {ratio}"
    )
