"""The planning's week: how soon it is there, and what one frame of scrolling and of dragging costs."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from PySide6.QtCore import QPoint
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractScrollArea, QApplication

from erp_desktop import clock
from erp_desktop.db import ids
from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import Role
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import Agence, Creneau, Intervention, Technicien, User
from erp_desktop.services.planning import reading
from erp_desktop.services.planning.data import Board
from erp_desktop.ui.kit import i18n, theme
from erp_desktop.ui.planning.geometry import WEEK
from erp_desktop.ui.planning.lift import Lift
from erp_desktop.ui.planning.view import BoardView
from erp_desktop.upgrade.start.startup import open_local
from tests.benchmarks.lists import _fill
from tests.ui.lists.timing import now

PEOPLE, CARDS = 60, 2_000
FRAMES = 400


class Bare(QAbstractScrollArea):
    """The floor: a scroll area that fills as many rectangles as the board has cards in sight."""

    def __init__(self) -> None:
        super().__init__()
        self.verticalScrollBar().setRange(0, 6_000)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's
        painter = QPainter(self.viewport())
        painter.fillRect(self.viewport().rect(), QColor("white"))
        top = self.verticalScrollBar().value() % 24
        for row in range(8):
            for n in range(35):
                painter.fillRect(180 + n * 30, row * 92 - top, 26, 20, QColor("#F5E6F8"))
        painter.end()


def measure(interventions: int) -> Iterator[tuple[str, float, float]]:
    """(what, milliseconds, milliseconds of the floor)."""
    app = QApplication.instance() or QApplication(["bench"])
    assert isinstance(app, QApplication)
    i18n.set_language(app, "fr")
    theme.install(app, theme.LIGHT)
    with tempfile.TemporaryDirectory(prefix="erp-mif-planning-") as folder:
        engine = open_local(Path(folder) / "cache.sqlite")
        try:
            yield from week(app, engine, plan(engine, _fill(engine, interventions)))
        finally:
            engine.dispose()


def plan(engine: sa.Engine, acteur: Acteur) -> Acteur:
    """Sixty techniciens with two thousand visits in this week, unless they are there; who reads them."""
    monday = clock.today() - timedelta(days=clock.today().weekday())
    now = clock.now()
    with transaction(engine, acteur.user_id) as session:
        agence = acteur.agence_id or session.scalar(sa.select(sa.func.min(Agence.id)))
        acteur = replace(acteur, agence_id=agence)
        begun = datetime(monday.year, monday.month, monday.day, tzinfo=clock.CASABLANCA)
        there = sa.select(sa.func.count()).select_from(Creneau).where(Creneau.debut >= begun)
        if session.scalar(there) == CARDS:
            return acteur
        session.execute(sa.text("UPDATE _sync_session SET muet = 1"))
        session.execute(sa.delete(Creneau))
        known = sa.select(Technicien.id).where(Technicien.equipe.like("Équipe%"))
        for n in range(0 if session.scalar(known.limit(1)) else PEOPLE):
            user = User(username=f"t{n}", email=f"t{n}@x.ma", full_name=f"Technicien {n:02}", role=Role.TECHNICIEN,
                        agence_id=agence)  # fmt: skip
            session.add(user)
            session.flush()
            session.add(Technicien(user_id=user.id, agence_id=agence, equipe=f"Équipe {n % 5}"))
        session.flush()
        who = list(session.scalars(known.order_by(Technicien.id.desc()).limit(PEOPLE)))
        session.execute(sa.text("UPDATE techniciens SET is_active = 0 WHERE equipe NOT LIKE 'Équipe%'"))
        alive = sa.select(Intervention.id).where(Intervention.statut != "annulee", Intervention.agence_id == agence)
        fiches = list(session.scalars(alive.limit(CARDS)))
        rows = []
        for n in range(CARDS):
            begin = datetime(monday.year, monday.month, monday.day, 8, tzinfo=clock.CASABLANCA)
            begin += timedelta(days=n % 6, minutes=75 * (n // 6 // PEOPLE % 6))
            rows.append({
                "agence_id": agence, "intervention_id": fiches[n % len(fiches)],
                "technicien_id": who[n // 6 % PEOPLE], "debut": begin, "fin": begin + timedelta(minutes=75),
                "zone": "Africa/Casablanca", "role": "principal", "etat": "confirme", "verrouille": False,
                "ordre": 1 + n // len(fiches), "created_at": now, "updated_at": now,
            })  # fmt: skip
        connection = session.connection()
        for row, ident in zip(rows, ids.allocate(connection, len(rows)), strict=True):
            row["id"] = ident
        connection.execute(sa.insert(Creneau.__table__), rows)  # type: ignore[arg-type]
        session.execute(sa.text("UPDATE _sync_session SET muet = 0"))
    return acteur


def week(app: QApplication, engine: sa.Engine, acteur: Acteur) -> Iterator[tuple[str, float, float]]:
    """(what, milliseconds, milliseconds of the floor) of this week's board."""
    monday = clock.today() - timedelta(days=clock.today().weekday())
    floor_sql = "SELECT c.*, i.* FROM creneaux c CROSS JOIN interventions i ON i.id = c.intervention_id"

    def read() -> Board:
        with transaction(engine, acteur.user_id, write=False) as session:
            return reading.board(session, acteur, monday, 7, acteur.agence_id)

    def bare_read() -> None:
        with engine.connect() as connection:
            connection.exec_driver_sql(floor_sql).fetchall()

    board = read()
    yield f"lire la semaine, {len(board.cards)} créneaux", _median(read, 9), _median(bare_read, 9)
    view, bare = BoardView(), Bare()
    for widget in (view, bare):
        widget.resize(960, 760)
        widget.show()
    app.processEvents()
    begun = now()
    view.show_board(board, board.techniciens, WEEK, monday)
    view.viewport().repaint()
    yield (
        "ranger la semaine et peindre la première image",
        1000 * (now() - begun),
        _median(bare.viewport().repaint, 9),
    )
    app.processEvents()
    floor = _frames(bare)
    told = _frames(view)
    yield f"une image en défilant, médiane de {FRAMES}", statistics.median(told), statistics.median(floor)
    yield "la plus longue", max(told), max(floor)
    view.begin(Lift.of_cards(board, [board.cards[0]]))
    places = [QPoint(200 + 37 * n % 700, 80 + 29 * n % 600) for n in range(FRAMES)]

    def drag() -> None:
        view.drag_to(places.pop())
        view.viewport().repaint()

    dragged = [_timed(drag) for _ in range(FRAMES)]
    yield "une image en glissant une carte, jugée", statistics.median(dragged), statistics.median(floor)
    view.give_up()
    view.close()
    bare.close()


def _frames(widget: QAbstractScrollArea) -> list[float]:
    """Milliseconds of each frame of a scroll from the top to the end, rows coming into sight included."""
    bar = widget.verticalScrollBar()
    step = max(1, bar.maximum() // FRAMES)
    found = []
    for n in range(FRAMES):
        bar.setValue(n * step)
        found.append(_timed(widget.viewport().repaint))
    return found


def _timed(act: Callable[[], object]) -> float:
    begun = now()
    act()
    return 1000 * (now() - begun)


def _median(act: Callable[[], object], times: int) -> float:
    return statistics.median(_timed(act) for _ in range(times))
