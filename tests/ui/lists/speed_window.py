"""The list of interventions in a real window, on a cache, or straight on a centre at 0 and 300 ms of round trip."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QApplication, QTableView
from sqlalchemy.engine import make_url

from erp_desktop.db.session import transaction
from erp_desktop.db.window_line import create_window_engine
from erp_desktop.db.worker import DbWorker
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import Intervention
from erp_desktop.settings import Settings
from erp_desktop.ui.bus import Bus
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.drafts import Drafts
from erp_desktop.ui.garbage import Collector
from erp_desktop.ui.interventions.list import LISTE
from erp_desktop.ui.kit import i18n, theme
from erp_desktop.ui.lists.page import ListPage
from erp_desktop.ui.tasks import Tasks
from tests.benchmarks.sync_speed import Figure
from tests.ui.lists.far_line import FarLine, far_line
from tests.ui.lists.timing import acted, resident_mb

RTTS_MS = (0, 300)


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


def application() -> QApplication:
    app = QApplication.instance() or QApplication(["bench"])
    assert isinstance(app, QApplication)
    if app.findChild(Collector) is None:
        # As in the program: on the thread of a database the collector would destroy widgets there.
        Collector(app)
        i18n.set_language(app, "fr")
        theme.install(app, theme.LIGHT)
    return app


def _bare_view(app: QApplication, rows: int) -> tuple[float, float]:
    """Milliseconds to its first rows, and to its end; the second of two, as the list's are."""
    for _turn in range(2):
        bare = QTableView()
        bare.setModel(_Bare(rows))
        bare.resize(1440, 900)
        shown, _, _ = acted(app, bare.show, lambda: True)
        jumped, _, _ = acted(app, bare.scrollToBottom, lambda: True)
        bare.close()
    return shown, jumped


@contextmanager
def _page(engine: sa.Engine, who: Acteur) -> Iterator[Any]:
    """What makes a page of the list over an engine."""
    # As in the program once somebody has logged in.
    worker = DbWorker(engine, who.user_id)
    tasks = Tasks(worker)
    with tempfile.TemporaryDirectory(prefix="erp-mif-ecrans-") as folder:
        drafts = Drafts(Path(folder) / "brouillons", who.user_id)
        contexte = Contexte(who, Settings(data_dir=Path(folder)), tasks, Bus(), drafts, lambda *_a, **_k: None,
                            lambda *_a: None)  # fmt: skip

        def make() -> ListPage:
            page = ListPage(LISTE, contexte)
            page.resize(1440, 900)
            return page

        yield make
        tasks.stop()
        drafts.close()
        worker.close()


def read(engine: sa.Engine, who: Acteur, rows: int) -> Iterator[Figure]:
    """On a cache; the first page of a process is not counted: it loads fonts and modules."""
    app = application()
    first_floor, jump_floor = _bare_view(app, rows)
    held = resident_mb()
    with _page(engine, who) as make:
        told = f"{rows:,}, fenêtre"
        for turn in range(2):
            begun = time.perf_counter()
            page = make()
            made = (time.perf_counter() - begun) * 1e3
            model = page.model
            shown, longest, own = acted(app, page.show, lambda model=model: model.rowCount() > 0)  # type: ignore[misc]
            whole, *walking = acted(app, lambda: None, lambda model=model: not model.busy)  # type: ignore[misc]
            if turn == 0:
                page.close()
                page.deleteLater()
        yield Figure(f"{told} : ouvrir la rubrique, fiche comprise", made, first_floor, "ms")
        yield Figure(f"{told} : premières lignes", shown, first_floor, "ms")
        yield Figure(f"{told} : nombre et jalons ensuite", whole, first_floor, "ms")
        longest, own, jumps = max(longest, walking[0]), max(own, walking[1]), []
        for place in (rows - 1, rows // 2, rows // 3, 5, rows - 300, rows // 7):
            index = min(place, model.rowCount() - 1)
            took, stood, work = acted(app, partial(page.view.select_place, index), partial(_there, model, index))
            jumps.append(took)
            longest, own = max(longest, stood), max(own, work)
        yield Figure(f"{told} : saut, médiane", sorted(jumps)[len(jumps) // 2], jump_floor, "ms")
        yield Figure(f"{told} : saut, le plus lent", max(jumps), jump_floor, "ms")
        for text in ("statut:en_attente", "client:cimenterie", ""):
            first = _First(model, text, "sla", False)
            took, stood, work = acted(app, first.ask, first.answered)
            longest, own = max(longest, stood), max(own, work)
            if text:
                yield Figure(f"{told} : filtrer « {text} »", took, first_floor, "ms")
            acted(app, lambda: None, lambda: not model.busy)
        yield Figure(f"{told} : plus long tour", longest, jump_floor, "ms")
        yield Figure(f"{told} : plus long travail d'un tour", own, jump_floor, "ms")
        yield Figure(f"{told} : mémoire", max(0.0, resident_mb() - held), 1.0, "Mo")
        page.close()
        page.deleteLater()
        app.processEvents()


def _there(model: Any, place: int) -> bool:
    return model.row_at(place) is not None


class _First:
    """A question whose first page is there, though how many rows answer may not be known yet."""

    def __init__(self, model: Any, *question: Any) -> None:
        self._model, self._question, self.shown = model, question, False

    def ask(self) -> None:
        self._model.first_shown.connect(self._arrived)
        self._model.loaded.connect(self._arrived)
        self._model.ask(*self._question)

    def _arrived(self, _count: int = 0) -> None:
        self.shown = True

    def answered(self) -> bool:
        if self.shown:
            self._model.first_shown.disconnect(self._arrived)
            self._model.loaded.disconnect(self._arrived)
        return self.shown


def read_central(url: str, who: Acteur, rows: int) -> Iterator[Figure]:
    """Straight on a centre, over a line that is delayed; the floor is one bare page over the same line."""
    app, address = application(), make_url(url)
    # What a bare view of as many rows takes to show them: no turn of a window is shorter.
    stands = max(_bare_view(app, rows))
    with far_line(address.host or "127.0.0.1", address.port or 5432) as line:
        engine = create_window_engine(
            address.set(host="127.0.0.1", port=line.port).render_as_string(hide_password=False)
        )
        for rtt in RTTS_MS:
            with _page(engine, who) as make:
                page = make()
                model = page.model
                acted(app, page.show, lambda: model.rowCount() > 0)  # noqa: B023
                acted(app, lambda: None, lambda: not model.busy)  # noqa: B023
                line.delay_s = rtt / 2_000
                floor = _bare_page(engine)
                longest = own = 0.0
                told = f"{rows:,}, centre à {rtt} ms"
                for what, text, sort in (
                    ("premières lignes", "", "numero"), ("« statut:en_attente »", "statut:en_attente", "sla"),
                    ("« client:cimenterie »", "client:cimenterie", "sla"), ("trier par client", "", "client"),
                ):  # fmt: skip
                    turns = line.turns
                    first = _First(model, text, sort, False)
                    took, stood, work = acted(app, first.ask, first.answered)
                    longest, own = max(longest, stood), max(own, work)
                    yield Figure(f"{told} : {what}, {line.turns - turns} aller-retour", took, floor, "ms")
                    _, stood, work = acted(app, lambda: None, lambda: not model.busy)  # noqa: B023
                    longest, own = max(longest, stood), max(own, work)
                for place in (model.rowCount() // 2, model.rowCount() - 300):
                    turns = line.turns
                    there = partial(_there, model, place)
                    took, stood, work = acted(app, partial(page.view.select_place, place), there)
                    longest, own = max(longest, stood), max(own, work)
                yield Figure(f"{told} : saut, {line.turns - turns} aller-retour", took, floor, "ms")
                for figure, stood, work in _saved(app, page, line, told, floor):
                    longest, own = max(longest, stood), max(own, work)
                    yield figure
                yield Figure(f"{told} : plus long tour de la fenêtre", longest, stands, "ms")
                yield Figure(f"{told} : plus long travail d'un tour", own, stands, "ms")
                line.delay_s = 0.0
                page.close()
                page.deleteLater()
                app.processEvents()
        engine.dispose()


def _saved(
    app: QApplication, page: ListPage, line: FarLine, told: str, floor: float
) -> Iterator[tuple[Figure, float, float]]:
    """A form opened from the list, and its title saved."""
    row_id, turns = page.model.id_at(0), line.turns
    assert row_id is not None
    page.form.show()
    tasks = page.contexte.tasks
    took, stood, work = acted(
        app, partial(page.form.open_record, row_id), lambda: page.form.row_id == row_id and tasks.pending == 0
    )
    yield Figure(f"{told} : ouvrir une fiche, {line.turns - turns} aller-retour", took, floor, "ms"), stood, work
    editor: Any = page.form.fields.editors["titre"]
    editor.inner.setText(f"Essai {time.time_ns()}")
    turns = line.turns
    took, stood, work = acted(app, page.form.save, lambda: not page.form.dirty and tasks.pending == 0)
    yield Figure(f"{told} : enregistrer, {line.turns - turns} aller-retour", took, floor, "ms"), stood, work


def _bare_page(engine: sa.Engine) -> float:
    """Milliseconds of one page of rows by one statement."""
    page = sa.select(Intervention.id, Intervention.numero, Intervention.titre).order_by(Intervention.numero).limit(64)
    took = []
    for _turn in range(5):
        with transaction(engine, write=False) as session:
            begun = time.perf_counter()
            session.execute(page).all()
            took.append(time.perf_counter() - begun)
    return sorted(took)[2] * 1e3
