"""What shows one page, at 10,000, 100,000 and a million interventions, each beside its floor in the same run.

A list's first page, a jump to any place, a typed filter, words in all that is written, a form opened and saved, on a
cache; the list in a real window, beside a bare view of as many rows; the lists of the other nouns; and a window
straight on a centre, at 0 and 300 ms of round-trip time. Growth from 100,000 to a million is what matters: what shows
one page costs what it shows.
"""

from __future__ import annotations

import random
import time
from collections.abc import Collection, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.db.embedded import EmbeddedPostgres
from erp_desktop.db.engine import create_pg_engine
from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import Role
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import Intervention, User
from erp_desktop.services import interventions
from erp_desktop.services.search import answers, words
from erp_desktop.services.shared.lists import ListQuery
from erp_desktop.ui.kit.table import FIRST, WINDOW
from erp_desktop.upgrade.migrate import upgrade
from erp_desktop.upgrade.start.startup import open_local
from tests.benchmarks.sync_speed import Figure
from tests.reports.many import fill
from tests.ui.lists import speed_nouns, speed_window
from tests.ui.lists.timing import median

SIZES = (10_000, 100_000, 1_000_000)
PARTS = ("listes", "mots", "fiches", "fenetre", "rubriques", "centre")
"""What can be measured alone; the first that runs makes the cache, which takes fourteen minutes of a million."""
_ORDERS = ("sla", "numero", "statut", "titre", "client", "technicien", "date_planifiee", "priorite", "")
_FILTERS = ("statut:en_attente", "priorite:haute", "client:cimenterie", "technicien:nadia avant:30/11")
_PAGE = f"SELECT * FROM interventions WHERE numero >= ? ORDER BY numero, id LIMIT {WINDOW}"


def measure(rows: int, folder: Path, parts: Collection[str] = PARTS) -> Iterator[Figure]:
    """The parts asked for, on a cache of ``folder`` that is made when it is not there yet."""
    if set(parts) - {"centre"}:
        engine = open_local(folder / f"ecrans-{rows}.sqlite")
        if not _filled(engine):
            fill(engine, rows)
        yield from read(engine, rows, parts)
        engine.dispose()
    if "centre" in parts:
        yield from _centre(rows)


def _filled(engine: sa.Engine) -> bool:
    with transaction(engine, write=False) as session:
        return session.scalar(sa.select(Intervention.id).limit(1)) is not None


def _who(session: Session) -> Acteur:
    user = session.scalars(sa.select(User.id).order_by(User.id)).first() or 0
    return Acteur(user, "Salma Bennis", Role.ADMIN, None, "")


def read(engine: sa.Engine, rows: int, parts: Collection[str] = PARTS) -> Iterator[Figure]:
    """A cache that is filled already; milliseconds, medians."""
    more = "mots" in parts
    while more:
        with transaction(engine) as session:
            more = words.catch_up(session)
    with transaction(engine, write=False) as session:
        who = _who(session)
        numbers = list(session.scalars(sa.select(Intervention.numero).limit(500)))
        raw: Any = session.connection().connection.dbapi_connection
        floor = median(lambda: raw.execute(_PAGE, (random.choice(numbers),)).fetchall())
        if "listes" in parts:
            yield from _lists(session, who, rows, floor)
        if "mots" in parts:
            yield from _words(session, who, rows, raw)
    if "fiches" in parts:
        yield from _forms(engine, who, rows)
    if "fenetre" in parts:
        yield from speed_window.read(engine, who, rows)
    if "rubriques" in parts:
        speed_nouns.fill(engine, rows)
        with transaction(engine, write=False) as session:
            yield from speed_nouns.read(session, who, rows)


def _centre(rows: int) -> Iterator[Figure]:
    with EmbeddedPostgres(options={"shared_buffers": "512MB", "max_wal_size": "4GB"}) as server:
        url = server.create_database(f"ecrans_{rows}")
        engine = create_pg_engine(url)
        with engine.connect() as connection:
            upgrade(connection)
        fill(engine, rows)
        with transaction(engine, write=False) as session:
            who = _who(session)
        engine.dispose()
        yield from speed_window.read_central(url, who, rows)


def _lists(session: Session, who: Acteur, rows: int, floor: float) -> Iterator[Figure]:
    worst: dict[str, float] = {}
    counted = median(lambda: session.scalar(sa.select(sa.func.count()).select_from(Intervention)), 3)
    for order in _ORDERS:
        for down in (False, True):
            query = ListQuery("", order, down)
            first = median(partial(_first, session, who, ListQuery("", order, down, FIRST)))
            begun = time.perf_counter()
            walk = interventions.PLACES.walk(session, who, query)
            walked = (time.perf_counter() - begun) * 1e3
            jump = median(partial(_jump, session, who, query, walk.marks)) if walk.marks else first
            for what, took in (("premières lignes", first), ("saut", jump), ("compter et jalonner", walked)):
                worst[what] = max(worst.get(what, 0.0), took)
    for what, took in worst.items():
        told = f"{rows:,}, {what}, le plus lent de {2 * len(_ORDERS)} ordres"
        yield Figure(told, took, counted if what.startswith("compter") else floor, "ms")
    for text in _FILTERS:
        took = median(partial(_first, session, who, ListQuery(text, "sla", False, FIRST)))
        yield Figure(f"{rows:,}, « {text} »", took, floor, "ms")


def _first(session: Session, who: Acteur, query: ListQuery) -> None:
    interventions.rows(session, who, interventions.ids(session, who, query)[:WINDOW])


def _jump(session: Session, who: Acteur, query: ListQuery, marks: Any) -> None:
    block = interventions.PLACES.block(session, who, query, random.choice(marks))
    interventions.rows(session, who, block[:WINDOW])


def _words(session: Session, who: Acteur, rows: int, raw: Any) -> Iterator[Figure]:
    for text in ("convoyeur", "joint usé", "v4711", "nulle part"):
        asked = words.asked(text.split())
        sql = "SELECT rowid FROM mots.index_mots WHERE index_mots MATCH ? ORDER BY rowid DESC LIMIT 500"
        bare = median(lambda asked=asked, sql=sql: raw.execute(sql, (asked,)).fetchall())  # type: ignore[misc]
        ours = median(partial(answers.search, session, who, "interventions", text, 7))
        yield Figure(f"{rows:,}, mots « {text} »", ours, bare, "ms")


def _forms(engine: sa.Engine, who: Acteur, rows: int) -> Iterator[Figure]:
    with transaction(engine, write=False) as session:
        some = list(session.scalars(sa.select(Intervention.id).limit(500)))
        raw: Any = session.connection().connection.dbapi_connection
        bare = median(lambda: raw.execute("SELECT * FROM interventions WHERE id = ?", (some[3],)).fetchall())
        opened = median(lambda: interventions.get(session, who, random.choice(some)))
        yield Figure(f"{rows:,}, ouvrir une fiche", opened, bare, "ms")

    def save(*, mute: bool) -> None:
        with transaction(engine, who.user_id) as session:
            session.execute(sa.text("UPDATE _sync_session SET muet = :m"), {"m": int(mute)})
            change = {"d": f"essai {random.random()}", "i": random.choice(some)}
            session.execute(sa.text("UPDATE interventions SET description = :d WHERE id = :i"), change)

    loud = median(partial(save, mute=False))
    yield Figure(f"{rows:,}, enregistrer une description", loud, median(partial(save, mute=True)), "ms")
