"""Opening a centre from its address to the first answer of a window, at 0 and 300 ms of round-trip time."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

import psycopg2
import sqlalchemy as sa

from erp_desktop.db.embedded import EmbeddedPostgres
from erp_desktop.db.engine import create_pg_engine
from erp_desktop.db.session import transaction
from erp_desktop.models import Intervention
from erp_desktop.upgrade.migrate import upgrade
from erp_desktop.upgrade.start.startup import open_central
from tests.ui.lists.far_line import far_line

_TURNS = 3


def measure() -> Iterator[tuple[str, int, float, float, int]]:
    """Who opens it, round-trip time in ms, seconds, seconds of two bare lines with one question each, round trips."""
    with EmbeddedPostgres() as server:
        owner = create_pg_engine(server.create_database("ouverture"))
        with owner.connect() as connection:
            upgrade(connection)
        with owner.begin() as connection:
            connection.exec_driver_sql("CREATE ROLE personne LOGIN IN ROLE erp_central")
        with far_line("127.0.0.1", owner.url.port or 0) as line:
            for name, delay in ((n, d) for n in ("personne", owner.url.username) for d in (0, 300)):
                line.delay_s = delay / 2_000
                url = owner.url.set(username=name, host="127.0.0.1", port=line.port)
                took, bare, trips = [], [], 0
                for _turn in range(_TURNS):
                    before, began = line.turns, time.perf_counter()
                    _first_answer(url)
                    took.append(time.perf_counter() - began)
                    trips = line.turns - before
                    began = time.perf_counter()
                    _bare(url)
                    bare.append(time.perf_counter() - began)
                who = "une personne" if name == "personne" else "un migrateur"
                yield who, delay, statistics.median(took), statistics.median(bare), trips
        owner.dispose()


def _first_answer(url: sa.URL) -> None:
    engine = open_central(url.render_as_string(hide_password=False))
    with transaction(engine, write=False) as session:
        session.scalars(sa.select(Intervention.id).limit(1)).all()
    engine.dispose()


def _bare(url: sa.URL) -> None:
    for _line in range(2):
        connection = psycopg2.connect(host=url.host, port=url.port, user=url.username, dbname=url.database)
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        connection.close()
