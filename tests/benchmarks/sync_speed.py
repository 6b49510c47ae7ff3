"""Hydrate, push and idle cycles beside their floors, in one run on one machine.

Floors: *hydrate* is COPY TO STDOUT in text form, split in Python, into one executemany per table in one transaction
of the same kind of cache (encrypted, indexes and foreign keys on, capture triggers off). *push* is, as owner and
without sync triggers or row-level security, COPY into a temporary table plus one set-based UPDATE per 5,000
rows.
"""

from __future__ import annotations

import io
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2

from erp_desktop.db import secrets
from erp_desktop.db.embedded import EmbeddedPostgres
from erp_desktop.db.engine import create_pg_engine, normalise_url
from erp_desktop.registry.tables import TABLES, SyncTable
from erp_desktop.sync.device import enrolment
from erp_desktop.sync.exchange.cache import Cache
from erp_desktop.sync.first_copy import empty_cache, published
from erp_desktop.sync.first_copy.by_rows import unescape
from erp_desktop.sync.syncer import Syncer
from tests.benchmarks.data import fill
from tests.benchmarks.difference import difference
from tests.sync.proxy import ChaosProxy

BATCH = 5_000
REPEATS = 3


@dataclass
class Figure:
    """One line of the result: ours and floor in rows (or cycles) per second unless ``unit`` says otherwise."""

    name: str
    ours: float | None
    """None: a difference that the noise of its measures covers."""
    floor: float
    unit: str = "lignes/s"
    wanted: float | None = None
    less: bool = False
    """The ratio is to stay under ``wanted``, not over it."""
    at_most: float | None = None
    """What ``ours`` is to stay under, whatever the floor."""

    @property
    def ratio(self) -> float | None:
        return None if self.ours is None else self.ours / self.floor


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _owner(url: str) -> Any:
    parsed = normalise_url(url)
    connection = psycopg2.connect(
        host=parsed.host, port=parsed.port, dbname=parsed.database, user=parsed.username, password=parsed.password
    )
    connection.autocommit = True
    return connection


def hydrate_floor(url: str, path: Path, key: str, tables: Sequence[SyncTable] = TABLES) -> float:
    """Seconds for the plain copy of every synchronised table, or of ``tables``, into the new cache at ``path``."""
    cache = Cache(path, key)
    for (name,) in cache.all("SELECT name FROM sqlite_schema WHERE type = 'trigger'"):
        cache.db.execute(f"DROP TRIGGER {name}")
    connection = _owner(url)

    def copy() -> None:
        cache.db.execute("BEGIN IMMEDIATE")
        for table in tables:
            sink = io.StringIO()
            names = ", ".join(table.names)
            with connection.cursor() as cursor:
                cursor.copy_expert(f"COPY (SELECT {names} FROM {table.name} ORDER BY id) TO STDOUT", sink)
            rows = [
                [None if f == r"\N" else unescape(f) if "\\" in f else f for f in line.split("\t")]
                for line in sink.getvalue().splitlines()
            ]
            marks = ", ".join("?" * len(table.names))
            cache.db.executemany(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", rows)
        cache.db.execute("COMMIT")

    seconds = _timed(copy)
    cache.close()
    connection.close()
    return seconds


def push_floor(url: str, count: int) -> float:
    """Seconds for the owner's COPY and set-based UPDATE of ``count`` interventions, 5,000 at a time."""
    connection = _owner(url)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE interventions DISABLE TRIGGER USER")
        cursor.execute("SELECT id FROM interventions ORDER BY id LIMIT %s", (count,))
        ids = [r[0] for r in cursor.fetchall()]

        def push() -> None:
            for start in range(0, count, BATCH):
                text = "".join(
                    f"{i}\tTitre revu\tNote du floor\t2026-11-20 10:00:00+00\n" for i in ids[start : start + BATCH]
                )
                # As few round trips as a COPY allows.
                cursor.execute(
                    "BEGIN; CREATE TEMP TABLE lot (id bigint, titre text, notes text, maj timestamptz) ON COMMIT DROP"
                )
                cursor.copy_expert("COPY lot FROM STDIN", io.StringIO(text))
                cursor.execute(
                    "UPDATE interventions i SET titre = l.titre, notes_internes = l.notes, updated_at = l.maj "
                    "FROM lot l WHERE l.id = i.id; COMMIT"
                )

        seconds = _timed(push)
        cursor.execute("ALTER TABLE interventions ENABLE TRIGGER USER")
        cursor.execute("VACUUM interventions")
    connection.close()
    return seconds


def _figures_of_a_branch(url: str, here: Path, interventions: int) -> list[Figure]:
    figures: list[Figure] = []
    engine = create_pg_engine(url)
    key = secrets.new_key()
    # Before the copies, which must start from what the floor leaves behind.
    floor_push = push_floor(url, interventions)
    floors = []
    for turn in range(REPEATS):
        path = here / f"floor{turn}.sqlite"
        empty_cache.create_cache(path, key, 99)
        floors.append(hydrate_floor(url, path, key))
    floor = statistics.median(floors)
    store = here / "secrets.json"
    # Enrolment also makes the login and the empty file: the time of an empty agency is taken off.
    enrolment.add_agence(engine, "VID", "Vide")
    rate = _copied(url, interventions, here, store)
    size = _bytes_of_a_copy(url, here, store)
    figures.append(Figure("première copie", rate, interventions / floor, wanted=1.0))
    published.publish(url, lambda path: empty_cache.create_cache(path, None, 0))
    rate = _copied(url, interventions, here, store)
    packed = _bytes_of_a_copy(url, here, store)
    figures.append(Figure("première copie publiée", rate, interventions / floor, wanted=3.0))
    figures.append(Figure("octets de la copie publiée", packed / 1e6, size / 1e6, "Mo", wanted=0.35, less=True))
    path = here / "CAS0.sqlite"
    with Cache(path, secrets.cache_key(path, store)) as cache:
        syncer = Syncer(cache, enrolment.device_link(cache, store))
        syncer.run()
        cache.db.execute(
            "UPDATE interventions SET titre = 'Titre de l''agence', notes_internes = 'Note de l''agence', "
            "updated_at = '2026-11-21T10:00:00.000000Z'"
        )
        seconds = _timed(syncer.run)
        figures.append(
            Figure("envoi par lots de 5 000", interventions / seconds, interventions / floor_push, wanted=0.5)
        )
        syncer.link.close()
    engine.dispose()
    return figures


def _copied(url: str, rows: int, here: Path, store: Path) -> float | None:
    """Rows per second of an enrolment, the time of an empty agency's taken off; None when that cannot be told."""
    taken = difference(lambda: _enrolments(url, "CAS", here, store), lambda: _enrolments(url, "VID", here, store))
    return None if taken is None else rows / taken


def _enrolments(url: str, agence: str, here: Path, store: Path) -> list[float]:
    """Seconds of a few enrolments of an agency."""
    taken = []
    for turn in range(REPEATS):
        path = here / f"{agence}{turn}.sqlite"
        path.unlink(missing_ok=True)
        taken.append(_timed(lambda path=path: enrolment.enroll(url, agence, "banc", path, secrets_file=store)))  # type: ignore[misc]
    return taken


def _bytes_of_a_copy(url: str, here: Path, store: Path) -> int:
    """Bytes that the centre sends for one enrolment."""
    host = normalise_url(url)
    with ChaosProxy.before(host) as proxy:
        path = here / "octets.sqlite"
        through = host.set(port=proxy.port).render_as_string(hide_password=False)
        enrolment.enroll(through, "CAS", "octets", path, secrets_file=store)
        path.unlink()
        return proxy.passed["in"]


def measure(interventions: int, server: EmbeddedPostgres) -> list[Figure]:
    """Copies and push of a branch of ``interventions`` rows beside their floors."""
    url = server.create_database(f"bench_{interventions}")
    engine = create_pg_engine(url)
    enrolment.init_centre(engine)
    fill(engine, enrolment.add_agence(engine, "CAS", "Casablanca"), interventions)
    engine.dispose()
    with tempfile.TemporaryDirectory() as folder:
        return _figures_of_a_branch(url, Path(folder), interventions)
