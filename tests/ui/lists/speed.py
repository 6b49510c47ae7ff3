"""What shows one page, at 10,000, 100,000 and a million interventions, each beside its floor in the same run.

A list's first page, a jump to any place, a typed filter, words in all that is written, a form opened and saved, on a
cache; the list in a real window, beside a bare view of as many rows; the lists of the other nouns; a week of the
planning; and a window straight on a centre, at 0 and 300 ms of round-trip time. The floor of what a service reads are
its own statements, asked by the driver alone. Growth from 100,000 to a million is what matters: what shows
one page costs what it shows.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterator
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
from tests.benchmarks import planning_board
from tests.benchmarks.sync_speed import Figure
from tests.reports.many import fill
from tests.ui.lists import speed_nouns, speed_window
from tests.ui.lists.timing import SOON_MS, Worst, bare, median, now

SIZES = (10_000, 100_000, 1_000_000)
PARTS = ("listes", "mots", "filtres", "fiches", "fenetre", "rubriques", "planning", "centre")
"""What can be measured alone; the first that runs makes the cache, which takes fourteen minutes of a million."""
_ORDERS = ("sla", "numero", "statut", "titre", "client", "equipement", "technicien", "date_planifiee", "priorite", "")
_FILTERS = ("statut:en_attente", "priorite:haute", "client:cimenterie", "technicien:nadia avant:30/11", "client:zzz",
            "fuite")  # fmt: skip
_IN_EVERY_ORDER = (
    "statut:en_attente", "statut:ouverte", "statut:cloturee", "priorite:haute", "priorite:haute,urgente",
    "type:preventive", "sla:depasse", "sla:proche", "sans:technicien", "planifiee:a_planifier", "client:cimenterie",
    "equipement:presse", "technicien:nadia", "technicien:nadia statut:en_cours", "cree_depuis:01/10",
    "statut:cloturee cloture_depuis:01/10", "depuis:01/10", "avant:30/11", "technicien:nadia depuis:01/10",
    "statut:ouverte avant:30/11", "statut:ouverte priorite:urgente", "avant:01/01/2026", "agence:cas",
    "fuite", "p42", "p4", "p42 r1", "fuite statut:ouverte", "zzz",
)  # fmt: skip
"""What people filter by, and words that one row in a hundred, or one in nine, holds at the end of its title."""
_KEY = "5e" * 32
_NOWHERE = "zzz"
"""In no row; what nobody waits a frame for, and no longer than the indexes of its columns take."""


def measure(
    rows: int, folder: Path, parts: Collection[str] = PARTS, *, encrypted: bool = False, years: bool = False
) -> Iterator[Figure]:  # fmt: skip
    """The parts asked for, on a cache of ``folder`` that is made when it is not there yet.

    Args:
        years: of one branch, more rows are of more years; else of the same sixteen months.
    """
    if set(parts) - {"centre"}:
        name = f"ecrans-{rows}{'-annees' * years}{'-chiffre' * encrypted}.sqlite"
        engine = open_local(folder / name, _KEY if encrypted else None)
        if not _filled(engine):
            fill(engine, rows, years=years)
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
    more = bool({"mots", "filtres"} & set(parts))
    while more:
        with transaction(engine) as session:
            more = words.catch_up(session)
    with transaction(engine, write=False) as session:
        who = _who(session)
        raw: Any = session.connection().connection.dbapi_connection
        if "listes" in parts:
            yield from _lists(session, who, rows)
        if "mots" in parts:
            yield from _words(session, who, rows, raw)
        if "filtres" in parts:
            yield from _filters(session, who, rows)
    if "fiches" in parts:
        yield from _forms(engine, who, rows)
    if "fenetre" in parts:
        yield from speed_window.read(engine, who, rows)
    if "rubriques" in parts:
        speed_nouns.fill(engine, rows)
        with transaction(engine, write=False) as session:
            yield from speed_nouns.read(session, who, rows)
    if "planning" in parts:
        app = speed_window.application()
        for what, ours, floor in planning_board.week(app, engine, planning_board.plan(engine, who)):
            yield Figure(f"{rows:,}, planning : {what}", ours, floor, "ms")


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


def _lists(session: Session, who: Acteur, rows: int) -> Iterator[Figure]:
    worst = Worst(session)
    counted = median(lambda: session.scalar(sa.select(sa.func.count()).select_from(Intervention)), 3)
    walked = 0.0
    for order in _ORDERS:
        for down in (False, True):
            query, told = ListQuery("", order, down), f"{order or 'création'} {'↓' if down else '↑'}"
            worst.take("premières lignes", told, partial(_first, session, who, ListQuery("", order, down, FIRST)))
            begun = now()
            walk = interventions.PLACES.walk(session, who, query)
            walked = max(walked, (now() - begun) * 1e3)
            if walk.marks:
                worst.take("saut", told, partial(_jump, session, who, query, walk.marks))
    for text in _FILTERS:
        worst.take(f"« {text} »", "sla ↑", partial(_first, session, who, ListQuery(text, "sla", False, FIRST)))
    yield from worst.figures(f"{rows:,}, interventions")
    took = max(
        median(partial(_first, session, who, ListQuery(_NOWHERE, order, False, FIRST)), 3) for order in _ORDERS
    )
    yield Figure(f"{rows:,}, interventions : « {_NOWHERE} », dans aucune", took, counted, "ms")
    yield Figure(f"{rows:,}, interventions : compter et jalonner, derrière la page", walked, counted, "ms")


def _filters(session: Session, who: Acteur, rows: int) -> Iterator[Figure]:
    """Each filter in the slowest of its orders."""
    worst = Worst(session, 5)
    for text in _IN_EVERY_ORDER:
        for order in _ORDERS:
            for down in (False, True):
                told = f"{order or 'création'} {'↓' if down else '↑'}"
                worst.take(f"« {text} »", told, partial(_first, session, who, ListQuery(text, order, down, FIRST)))
    yield from worst.figures(f"{rows:,}, interventions, tout ordre")


def _first(session: Session, who: Acteur, query: ListQuery) -> None:
    interventions.rows(session, who, interventions.ids(session, who, query)[:WINDOW])


def _jump(session: Session, who: Acteur, query: ListQuery, marks: Any) -> None:
    block = interventions.PLACES.block(session, who, query, random.choice(marks))
    interventions.rows(session, who, block[:WINDOW])


def _words(session: Session, who: Acteur, rows: int, raw: Any) -> Iterator[Figure]:
    for text in ("convoyeur", "joint usé", "convoyeur c", "v4711", "nulle part"):
        asked = words.asked(text.split())
        sql = "SELECT rowid FROM mots.index_mots WHERE index_mots MATCH ? ORDER BY rowid DESC LIMIT 500"
        floor = median(lambda asked=asked, sql=sql: raw.execute(sql, (asked,)).fetchall())  # type: ignore[misc]
        ours = median(partial(answers.search, session, who, "interventions", text, 7))
        yield Figure(f"{rows:,}, mots « {text} »", ours, floor, "ms")


def _opened(session: Session, who: Acteur, ident: int) -> None:
    session.expunge_all()
    interventions.get(session, who, ident)


def _forms(engine: sa.Engine, who: Acteur, rows: int) -> Iterator[Figure]:
    with transaction(engine, write=False) as session:
        some = list(session.scalars(sa.select(Intervention.id).limit(500)))
        opened = median(lambda: _opened(session, who, random.choice(some)))
        floor = median(bare(session, lambda: _opened(session, who, some[3])))
        yield Figure(f"{rows:,}, ouvrir une fiche", opened, floor, "ms", at_most=SOON_MS)

    def save(act: Callable[[Session], object], *, mute: bool) -> None:
        with transaction(engine, who.user_id) as session:
            session.execute(sa.text("UPDATE _sync_session SET muet = :m"), {"m": int(mute)})
            act(session)

    def ours(session: Session) -> None:
        interventions.update(session, who, random.choice(some), {"notes_internes": f"essai {random.random()}"})

    def bare_update(session: Session) -> None:
        change = {"d": f"essai {random.random()}", "i": random.choice(some)}
        session.execute(sa.text("UPDATE interventions SET notes_internes = :d WHERE id = :i"), change)

    took = median(partial(save, ours, mute=False))
    yield Figure(f"{rows:,}, enregistrer une fiche", took, median(partial(save, bare_update, mute=True)), "ms")
