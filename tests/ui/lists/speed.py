"""What shows one page, at 10,000, 100,000 and a million interventions, each beside its floor in the same run.

A list's first page, a jump to any place, a typed filter, words in all that is written, a form opened and saved, on a
cache; then the list in a real window, beside a bare view of as many rows. Growth from 100,000 to a million is what
matters: what shows one page costs what it shows.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QApplication, QTableView
from sqlalchemy.orm import Session

from erp_desktop.db.session import transaction
from erp_desktop.db.worker import DbWorker
from erp_desktop.domain.enums import Role
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import Intervention, User
from erp_desktop.services import interventions
from erp_desktop.services.search import answers, words
from erp_desktop.services.shared.lists import ListQuery
from erp_desktop.settings import Settings
from erp_desktop.ui.bus import Bus
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.drafts import Drafts
from erp_desktop.ui.interventions.list import LISTE
from erp_desktop.ui.kit import i18n, theme
from erp_desktop.ui.kit.table import FIRST, WINDOW
from erp_desktop.ui.lists.page import ListPage
from erp_desktop.ui.tasks import Tasks
from erp_desktop.upgrade.start.startup import open_local
from tests.benchmarks.sync_speed import Figure
from tests.reports.many import fill

SIZES = (10_000, 100_000, 1_000_000)
_ORDERS = ("sla", "numero", "statut", "titre", "client", "technicien", "date_planifiee", "priorite", "")
_FILTERS = ("statut:en_attente", "priorite:haute", "client:cimenterie", "technicien:nadia avant:30/11")
_TURNS = 9
_PAGE = f"SELECT * FROM interventions WHERE numero >= ? ORDER BY numero, id LIMIT {WINDOW}"


def measure(rows: int) -> Iterator[Figure]:
    """A cache made for it."""
    with tempfile.TemporaryDirectory(prefix="erp-mif-ecrans-") as folder:
        engine = open_local(Path(folder) / "cache.sqlite")
        fill(engine, rows)
        yield from read(engine, rows)
        engine.dispose()


def read(engine: sa.Engine, rows: int) -> Iterator[Figure]:
    """A cache that is filled already; milliseconds, the median of nine turns."""
    more = True
    while more:
        with transaction(engine) as session:
            more = words.catch_up(session)
    with transaction(engine, write=False) as session:
        user = session.scalars(sa.select(User.id).order_by(User.id)).first() or 0
        who = Acteur(user, "Salma Bennis", Role.ADMIN, None, "")
        numbers = list(session.scalars(sa.select(Intervention.numero).limit(500)))
        raw: Any = session.connection().connection.dbapi_connection
        floor = _median(lambda: raw.execute(_PAGE, (random.choice(numbers),)).fetchall())
        yield from _lists(session, who, rows, floor)
        yield from _words(session, who, rows, raw)
    yield from _forms(engine, who, rows)
    yield from _window(engine, who, rows)


def _lists(session: Session, who: Acteur, rows: int, floor: float) -> Iterator[Figure]:
    worst: dict[str, float] = {}
    counted = _median(lambda: session.scalar(sa.select(sa.func.count()).select_from(Intervention)), 3)
    for order in _ORDERS:
        for down in (False, True):
            query = ListQuery("", order, down)
            first = _median(partial(_first, session, who, ListQuery("", order, down, FIRST)))
            begun = time.perf_counter()
            walk = interventions.PLACES.walk(session, who, query)
            walked = (time.perf_counter() - begun) * 1e3
            jump = _median(partial(_jump, session, who, query, walk.marks)) if walk.marks else first
            for what, took in (("premières lignes", first), ("saut", jump), ("compter et jalonner", walked)):
                worst[what] = max(worst.get(what, 0.0), took)
    for what, took in worst.items():
        told = f"{rows:,}, {what}, le plus lent de {2 * len(_ORDERS)} ordres"
        yield Figure(told, took, counted if what.startswith("compter") else floor, "ms")
    for text in _FILTERS:
        took = _median(partial(_first, session, who, ListQuery(text, "sla", False, FIRST)))
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
        bare = _median(lambda asked=asked, sql=sql: raw.execute(sql, (asked,)).fetchall())  # type: ignore[misc]
        ours = _median(partial(answers.search, session, who, "interventions", text, 7))
        yield Figure(f"{rows:,}, mots « {text} »", ours, bare, "ms")


def _forms(engine: sa.Engine, who: Acteur, rows: int) -> Iterator[Figure]:
    with transaction(engine, write=False) as session:
        some = list(session.scalars(sa.select(Intervention.id).limit(500)))
        raw: Any = session.connection().connection.dbapi_connection
        bare = _median(lambda: raw.execute("SELECT * FROM interventions WHERE id = ?", (some[3],)).fetchall())
        opened = _median(lambda: interventions.get(session, who, random.choice(some)))
        yield Figure(f"{rows:,}, ouvrir une fiche", opened, bare, "ms")

    def save(*, mute: bool) -> None:
        with transaction(engine, who.user_id) as session:
            session.execute(sa.text("UPDATE _sync_session SET muet = :m"), {"m": int(mute)})
            change = {"d": f"essai {random.random()}", "i": random.choice(some)}
            session.execute(sa.text("UPDATE interventions SET description = :d WHERE id = :i"), change)

    loud = _median(partial(save, mute=False))
    yield Figure(f"{rows:,}, enregistrer une description", loud, _median(partial(save, mute=True)), "ms")


class _Bare(QAbstractTableModel):
    """As many rows, known without asking anybody."""

    def __init__(self, rows: int) -> None:
        super().__init__()
        self._rows = rows

    def rowCount(self, _parent: QModelIndex | QPersistentModelIndex | None = None) -> int:  # noqa: N802
        return self._rows

    def columnCount(self, _parent: QModelIndex | QPersistentModelIndex | None = None) -> int:  # noqa: N802
        return 8

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = 0) -> Any:
        return f"{index.row()} {index.column()}" if role == Qt.ItemDataRole.DisplayRole else None


def _window(engine: sa.Engine, who: Acteur, rows: int) -> Iterator[Figure]:
    app = QApplication.instance() or QApplication(["bench"])
    assert isinstance(app, QApplication)
    i18n.set_language(app, "fr")
    theme.install(app, theme.LIGHT)
    bare = QTableView()
    bare.setModel(_Bare(rows))
    bare.resize(1440, 900)
    bare.show()
    floor, _work = _acted(app, bare.scrollToBottom, lambda: True)
    bare.close()
    worker = DbWorker(engine)
    tasks = Tasks(worker)
    with tempfile.TemporaryDirectory(prefix="erp-mif-ecrans-") as folder:
        drafts = Drafts(Path(folder) / "brouillons", who.user_id)
        contexte = Contexte(who, Settings(data_dir=Path(folder)), tasks, Bus(), drafts, lambda *_a, **_k: None,
                            lambda *_a: None)  # fmt: skip
        held = _resident_mb()
        page = ListPage(LISTE, contexte)
        page.resize(1440, 900)
        model = page.model
        shown, worked = _acted(app, page.show, lambda: model.rowCount() > 0)
        whole, walking = _acted(app, lambda: None, lambda: not model.busy)
        yield Figure(f"{rows:,}, fenêtre : premières lignes", shown, floor, "ms")
        yield Figure(f"{rows:,}, fenêtre : nombre et jalons ensuite", whole, floor, "ms")
        longest = max(worked, walking)
        jumps = []
        for place in (rows - 1, rows // 2, rows // 3, 5, rows - 300, rows // 7):
            index = min(place, model.rowCount() - 1)
            took, work = _acted(app, partial(page.view.select_place, index), partial(_there, model, index))
            jumps.append(took)
            longest = max(longest, work)
        yield Figure(f"{rows:,}, fenêtre : saut, médiane", sorted(jumps)[len(jumps) // 2], floor, "ms")
        yield Figure(f"{rows:,}, fenêtre : saut, le plus lent", max(jumps), floor, "ms")
        yield Figure(f"{rows:,}, fenêtre : plus long travail d'un tour", longest, floor, "ms")
        yield Figure(f"{rows:,}, mémoire de la liste", max(0.0, _resident_mb() - held), 1.0, "Mo")
        page.close()
        page.deleteLater()
        app.processEvents()
        tasks.stop()
        drafts.close()
        worker.close()


def _there(model: Any, place: int) -> bool:
    return model.row_at(place) is not None


def _acted(app: QApplication, act: Callable[[], object], done: Callable[[], bool]) -> tuple[float, float]:
    """Milliseconds until it is done, and the longest turn of the window's own work."""
    begun, worked = time.perf_counter(), time.thread_time()
    act()
    app.processEvents()
    longest = time.thread_time() - worked
    while not done():
        worked = time.thread_time()
        app.processEvents()
        longest = max(longest, time.thread_time() - worked)
        time.sleep(0.0005)
    return (time.perf_counter() - begun) * 1e3, longest * 1e3


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def _median(work: Callable[[], object], turns: int = _TURNS) -> float:
    """Milliseconds."""
    took = []
    for _turn in range(turns):
        begun = time.perf_counter()
        work()
        took.append(time.perf_counter() - begun)
    return sorted(took)[turns // 2] * 1e3
