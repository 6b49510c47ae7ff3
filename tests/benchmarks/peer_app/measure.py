"""The same work for us and for morango, on the same PostgreSQL and the same machine, in one run.

Morango runs as it is meant to: Django's HTTP server in front of PostgreSQL, SQLite on the device, a session a cycle.
It is installed into a venv of its own in the user's cache folder, never into the project's. Compared are the first
copy, 5,000 edits, a cycle with nothing to do and with one row, rows lost when the centre's transactions commit out
of order, rows lost or doubled when the line is cut while a push is answered. Both sides go through one proxy.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
import venv
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg2

from erp_desktop.db.embedded import EmbeddedPostgres
from erp_desktop.db.engine import normalise_url
from erp_desktop.errors import CentralUnreachableError
from erp_desktop.sync.device import enrolment
from erp_desktop.sync.exchange.cache import Cache
from erp_desktop.sync.syncer import Syncer
from tests.benchmarks.line import Bench
from tests.benchmarks.sync_speed import BATCH
from tests.sync.proxy import ChaosProxy

ROOT = Path(__file__).resolve().parents[3]
PEER = ("morango==0.8.15", "psycopg2-binary==2.9.*", "setuptools<81")
WRITERS, WRITING_S, HOLD_S = 8, 30.0, 0.12
CUTS, ADDED = 12, 20
EXCHANGE_S = 45.0
"""A small exchange that takes longer never ends: the peer asks for ever about a step that nobody works on."""

Answer = dict[str, Any]


def install() -> str:
    """The interpreter of the peer's venv, made at the first call.

    Raises:
        RuntimeError: pip cannot install the peer here.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "erp-mif-bench" / f"{PEER[0]}-py{sys.version_info[0]}{sys.version_info[1]}"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not (folder / "complet").exists():
        venv.create(folder, clear=True, with_pip=True)
        done = subprocess.run(
            [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *PEER],
            check=False, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"pip cannot install {PEER[0]}: {done.stderr.strip().splitlines()[-1]}")
        (folder / "complet").touch()
    return str(python)


class PeerEndedError(RuntimeError):
    """A process of the peer ended without an answer."""


class _Process:
    """One act of the peer; says JSON lines, hears JSON lines."""

    def __init__(self, python: str, environment: dict[str, str], folder: Path, act: str, **arguments: object) -> None:
        self.log = folder / f"{act}-{time.monotonic_ns()}.log"
        with self.log.open("w") as errors:
            self._process = subprocess.Popen(
                [python, "-m", "tests.benchmarks.peer_app.act", act, json.dumps(arguments)], cwd=ROOT, text=True,
                env={**os.environ, **environment}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
            )  # fmt: skip

    def hear(self, deadline_s: float = 600.0) -> Answer:
        """Its next answer.

        Raises:
            PeerEndedError: it failed, or was ended after ``deadline_s`` without one.
        """
        assert self._process.stdout is not None
        clock = threading.Timer(deadline_s, self._process.kill)
        clock.start()
        line = self._process.stdout.readline()
        clock.cancel()
        if not line:
            raise PeerEndedError("the peer ended: " + self.log.read_text(errors="replace")[-2000:])
        found: Answer = json.loads(line)
        return found

    def tell(self, name: str, **arguments: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([name, arguments]) + "\n")
        self._process.stdin.flush()

    def ask(self, name: str, **arguments: object) -> Answer:
        self.tell(name, **arguments)
        return self.hear()

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


class Morango:
    """A centre served by Django, and devices behind a proxy."""

    def __init__(self, server: EmbeddedPostgres, python: str, folder: Path, rows: int, *, waits: bool) -> None:
        self.python, self.folder, self.rows = python, folder, rows
        self.environment = {"PEER_WAITS": "1"} if waits else {}
        url = normalise_url(server.create_database(f"bench_pair_{rows}_{waits}"))
        self.database = {"PEER_DATABASE": json.dumps(
            {"NAME": url.database, "USER": url.username, "HOST": url.host, "PORT": str(url.port)}
        )}  # fmt: skip
        self._stack = contextlib.ExitStack()
        with contextlib.closing(_listening()) as probe:
            port = int(probe.getsockname()[1])
        self.centre = self._stack.enter_context(self.process(self.database, "serve", port=port, count=rows))
        self.agence = str(self.centre.hear()["root"])
        self.proxy = self._stack.enter_context(ChaosProxy("127.0.0.1", port))

    def process(self, environment: dict[str, str], act: str, **arguments: object) -> _Process:
        return _Process(self.python, self.environment | environment, self.folder, act, **arguments)

    def device(self, name: str) -> _Process:
        made = self._stack.enter_context(
            self.process({"PEER_FILE": str(self.folder / f"{name}.sqlite3")}, "device",
                         url=f"http://127.0.0.1:{self.proxy.port}/", root=self.agence)
        )  # fmt: skip
        made.hear()
        return made

    def numbers(self) -> Answer:
        with self.process(self.database, "numbers") as asked:
            return asked.hear()

    def close(self) -> None:
        self._stack.close()

    def measured(self, device: _Process, name: str, **arguments: object) -> Answer:
        before = dict(self.proxy.passed)
        answer, turns = device.ask(name, **arguments), int(str(arguments.get("turns", 1)))
        return {**answer, **{f"bytes_{way}": (self.proxy.passed[way] - before[way]) / turns for way in ("out", "in")}}

    def speeds(self) -> dict[str, Answer]:
        device = self.device("mesure")
        found = {"première copie": self.measured(device, "pull")}
        if (counted := device.ask("count"))["rows"] != self.rows:
            raise RuntimeError(f"the peer's first copy is not whole: {counted}")
        found["rien à faire"] = self.measured(device, "idle", turns=5)
        found["une ligne"] = self.measured(device, "one", turns=5)
        device.ask("edit", count=min(BATCH, self.rows), mark="revu")
        found["envoi"] = self.measured(device, "push")
        return found

    def out_of_order(self) -> tuple[int, int, int, int]:
        """Rows written at the centre while two devices pull; rows one lacks at the end; cycles; failed ones."""
        devices = [self.device(f"ordre{n}") for n in range(2)]
        for device in devices:
            device.ask("pull")
        cycles = failed = 0
        with self.process(self.database, "write", root=self.agence, writers=WRITERS, seconds=WRITING_S,
                          hold_s=HOLD_S) as writer:  # fmt: skip
            while writer.running:
                for device in devices:
                    device.tell("attempt", direction="pull")
                for number, device in enumerate(devices):
                    cycles += 1
                    try:
                        failed += device.hear(EXCHANGE_S)["failed"] is not None
                    except PeerEndedError:
                        failed += 1
                        devices[number] = self.device(f"ordre{number}")
            written = writer.hear()
        if written["failures"]:
            raise RuntimeError(f"writers failed: {written['failures']}")
        for device in devices * 2:
            device.ask("pull")
        lost = max(self.numbers()["rows"] - device.ask("count")["rows"] for device in devices)
        return written["written"], lost, cycles, failed

    def cut(self) -> tuple[int, int, int]:
        """Rows added on a device whose pushes are cut, those lost at the centre, those there twice."""
        device, before = self.device("coupe"), self.numbers()["rows"]
        device.ask("pull")
        device.ask("add", count=ADDED, series="ENTIER")
        whole = int(self.measured(device, "attempt", direction="push")["bytes_in"])
        for turn in range(CUTS):
            device.ask("add", count=ADDED, series=f"COUPE{turn}")
            self.proxy.cut_after(whole * turn // CUTS, "in")
            device.ask("attempt", direction="push")
            self.proxy.heal()
            device.ask("push")
        added, now = ADDED * (CUTS + 1), self.numbers()
        return added, before + added - now["distinct"], now["rows"] - now["distinct"]


class Ours:
    """Our centre and devices, at the same tasks."""

    def __init__(self, server: EmbeddedPostgres, folder: Path, rows: int) -> None:
        self.folder, self.rows = folder, rows
        self.bench = Bench(server, folder, rows)

    def close(self) -> None:
        self.bench.close()

    def speeds(self) -> dict[str, Answer]:
        known = {"enrolled": str(self.bench.cache), "store": str(self.bench.store)}
        self.bench.publish(False)
        copied = self.bench.act("copy", **self.bench.new_cache(), **known)
        self.bench.publish(True)
        published = self.bench.act("copy", **self.bench.new_cache(), **known)
        done = self.bench.act("cycles", edits=min(BATCH, self.rows), mark="revu", **known)
        return {"première copie": copied, "première copie publiée": published, "rien à faire": done["idle"],
                "une ligne": done["one"], "envoi": done["many"]}  # fmt: skip

    @contextlib.contextmanager
    def _syncer(self, name: str) -> Iterator[Syncer]:
        path, store = self.folder / f"{name}.sqlite", self.folder / f"{name}.json"
        enrolment.enroll(self.bench.url, "CAS", name, path, secrets_file=store, encrypted=False)
        with Cache(path) as cache:
            syncer = Syncer(cache, enrolment.device_link(cache, store))
            syncer.run()
            yield syncer
            syncer.link.close()

    def _write(self, number: int, written: list[int], failures: list[str]) -> None:
        url, chance = self.bench.engine.url, random.Random(number)
        until = time.monotonic() + WRITING_S
        connection = psycopg2.connect(host=url.host, port=url.port, user=url.username, dbname=url.database)
        try:
            while time.monotonic() < until:
                with connection, connection.cursor() as cursor:
                    cursor.execute(
                        "INSERT INTO interventions (agence_id, numero, titre, description, equipement_id, client_id, "
                        "date_creation, created_at, updated_at) SELECT agence_id, %s, titre, description, "
                        "equipement_id, client_id, date_creation, created_at, updated_at FROM interventions "
                        "WHERE id = (SELECT min(id) FROM interventions)",
                        (f"W{number}-{len(written)}",),
                    )
                    written.append(number)
                    # The row stays uncommitted while others commit: this is the case under test.
                    time.sleep(chance.random() * HOLD_S)
        except psycopg2.Error as error:
            failures.append(repr(error))
        finally:
            connection.close()

    def out_of_order(self) -> tuple[int, int, int, int]:
        written: list[int] = []
        failures: list[str] = []
        cycles = failed = 0
        with self._syncer("ordre0") as one, self._syncer("ordre1") as two:
            writers = [threading.Thread(target=self._write, args=(n, written, failures)) for n in range(WRITERS)]
            for writer in writers:
                writer.start()
            while any(writer.is_alive() for writer in writers):
                for syncer in (one, two):
                    cycles += 1
                    try:
                        syncer.run()
                    except CentralUnreachableError:
                        failed += 1
            if failures:
                raise RuntimeError(f"writers failed: {failures}")
            for syncer in (one, two) * 2:
                syncer.run()
            held = self._numbers()[0]
            counted = [s.cache.value("SELECT count(*) FROM interventions") for s in (one, two)]
        return len(written), max(held - count for count in counted), cycles, failed

    def _numbers(self) -> tuple[int, int]:
        with self.bench.engine.connect() as connection:
            row = connection.exec_driver_sql("SELECT count(*), count(DISTINCT numero) FROM interventions").one()
        return int(row[0]), int(row[1])

    def cut(self) -> tuple[int, int, int]:
        proxy, before = self.bench.proxy, self._numbers()[0]
        with self._syncer("coupe") as syncer:
            _add(syncer.cache, "ENTIER")
            whole = syncer.run().bytes_in
            for turn in range(CUTS):
                _add(syncer.cache, f"COUPE{turn}")
                proxy.cut_after(whole * turn // CUTS, "in")
                with contextlib.suppress(CentralUnreachableError):
                    syncer.run()
                proxy.heal()
                syncer.run()
        added, (rows, distinct) = ADDED * (CUTS + 1), self._numbers()
        return added, before + added - distinct, rows - distinct


def _add(cache: Cache, series: str) -> None:
    cache.db.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) INSERT INTO interventions "
        "(id, agence_id, numero, titre, description, equipement_id, client_id, date_creation, created_at, "
        "updated_at) SELECT (SELECT max(id) FROM interventions) + 2 * i, agence_id, ? || i, titre, description, "
        "equipement_id, client_id, date_creation, created_at, updated_at FROM n, "
        "(SELECT * FROM interventions ORDER BY id LIMIT 1)",
        (ADDED, f"{series}-"),
    )


def _listening() -> Any:
    import socket

    return socket.create_server(("127.0.0.1", 0))


def measure(server: EmbeddedPostgres, rows: int) -> Iterator[str]:
    """One line a task, ours beside theirs."""
    python = install()
    listing = subprocess.check_output([python, "-m", "pip", "list", "--format=json"])
    versions = {p["name"].lower(): p["version"] for p in json.loads(listing)}
    yield f"morango {versions['morango']}, Django {versions['django']} ; {rows:,} interventions des deux côtés"
    with tempfile.TemporaryDirectory(prefix="erp-mif-pair-") as folder:
        for name in ("nous", "morango", "morango+attentes"):
            here = Path(folder) / name
            here.mkdir()
            waits = name.endswith("attentes")
            side = Ours(server, here, rows) if name == "nous" else Morango(server, python, here, rows, waits=waits)
            try:
                yield from _told(name, side, rows, faults=not waits)
            finally:
                side.close()


def _told(name: str, side: Ours | Morango, rows: int, *, faults: bool) -> Iterator[str]:
    counts = {"première copie": rows, "première copie publiée": rows, "envoi": min(BATCH, rows)}
    for task, found in side.speeds().items():
        speed = f"{counts[task] / found['seconds']:>10,.0f} lignes/s" if task in counts else " " * 19
        yield (f"{name:<16} {task:<22} {found['seconds']:8.3f} s {speed} {found['round_trips']:>4} allers-retours "
               f"{found['bytes_out'] / 1e3:>9,.1f} ko envoyés {found['bytes_in'] / 1e3:>9,.1f} ko reçus")  # fmt: skip
    if faults:
        written, lost, cycles, failed = side.out_of_order()
        yield (f"{name:<16} validations en désordre : {written:,} lignes écrites, {lost} perdues ; {cycles} échanges "
               f"pendant ce temps, {failed} échoués")  # fmt: skip
        added, lost, doubled = side.cut()
        yield f"{name:<16} ligne coupée {CUTS} fois : {added} lignes ajoutées, {lost} perdues, {doubled} en double"
