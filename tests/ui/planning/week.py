"""A week at work, by mouse and keyboard."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.domain.saisie import InterventionInput
from erp_desktop.models import Agence, Intervention, JourFerie
from erp_desktop.services import calendrier, interventions
from erp_desktop.services.planning import absences, actions
from erp_desktop.services.planning.actions import Wish
from erp_desktop.ui.kit import theme
from erp_desktop.ui.planning.geometry import WEEK
from erp_desktop.ui.planning.page import PlanningPage
from tests.ui.company import Monde
from tests.ui.window import Bureau

MONDAY = clock.today() + timedelta(days=7 - clock.today().weekday())
"""Next week: nothing on it is past."""
LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def at(hour: int, minute: int = 0, day: int = 0) -> datetime:
    there = datetime(MONDAY.year, MONDAY.month, MONDAY.day, hour, minute, tzinfo=clock.CASABLANCA)
    return (there + timedelta(days=day)).astimezone(UTC)


class Semaine:
    """A week with three visits planned, two waiting, a holiday on Wednesday and a leave on Friday."""

    def __init__(self, bureau: Bureau, monde: Monde, engine: sa.Engine) -> None:
        self.bureau, self.monde, self.engine = bureau, monde, engine
        assert monde.agent is not None
        assert monde.responsable is not None
        usual = dict.fromkeys(range(1, 6), ((480, 720), (840, 1080))) | {6: ((480, 720),)}
        with transaction(engine, monde.agent.user_id) as session:
            calendrier.definir_horaires(session, session.get_one(Agence, monde.agence), usual)
            session.add(JourFerie(jour=MONDAY + timedelta(days=2), libelle="Fête du Trône"))
            session.execute(sa.update(Intervention).values(statut="annulee", technicien_id=None))
            self.hind, self.karim = monde.techniciens[1], monde.techniciens[0]
            self.fiches = []
            for n, (who, hour, end) in enumerate([(self.hind, 8, 10), (self.hind, 14, 16), (self.karim, 9, 11)]):
                ident = self.visit(session, f"Visite {n}")
                actions.plan(session, monde.agent, [Wish(ident, who, at(hour), at(end))])
                self.fiches.append(ident)
            self.waiting = [self.visit(session, f"Attente {n}", duree_estimee=120) for n in range(2)]
            absences.create(session, monde.responsable, absences.AbsenceInput(
                technicien_id=self.karim, statut="acceptee", debut=at(0, day=4), fin=at(0, day=5)))  # fmt: skip
        page = bureau.workspace.open_section("planning")
        assert isinstance(page, PlanningPage)
        self.page, self.view = page, page.view
        page.show_day(MONDAY)
        bureau.settle()

    def visit(self, session: Any, titre: str, **values: Any) -> int:
        saisie = InterventionInput(titre=titre, equipement_id=self.monde.machines[0], priorite="basse", **values)
        ident = interventions.create(session, self.monde.agent, saisie)
        late = datetime(2030, 1, 1, tzinfo=UTC)
        session.execute(sa.update(Intervention).where(Intervention.id == ident).values(date_limite=late))
        return ident

    def key(self, fiche: int) -> tuple[int, int]:
        assert self.page.board is not None
        return next(c.key for c in self.page.board.cards if c.visit.intervention_id == fiche)

    def spot(self, who: int, when: datetime) -> QPoint:
        """Where a technicien's instant is on the viewport."""
        grid = self.view.grid
        assert grid is not None
        row = grid.rows[grid.row_of(who) or 0]
        local = when.astimezone(grid.zone)
        day, minute = grid.days.index(local.date()), local.hour * 60 + local.minute
        rect = self.view.visible(grid.rect(row, day, minute, minute + 15))
        x = rect.center().x() if grid.mode == WEEK else rect.x()
        y = rect.y() if grid.mode == WEEK else rect.center().y()
        return QPoint(self.view.viewport().width() - 1 - x if theme.theme().rtl else x, y)

    def slots(self, fiche: int) -> list[tuple[int, datetime, datetime]]:
        text = "SELECT technicien_id, debut, fin FROM creneaux WHERE intervention_id = :i AND etat <> 'annule'"
        with self.engine.connect() as connection:
            return [(who, clock.from_text(a), clock.from_text(b))
                    for who, a, b in connection.execute(sa.text(text), {"i": fiche})]  # fmt: skip

    def drag(self, fiche: int, target: QPoint, *, drop: bool = True) -> None:
        """From the card's head, as a hand does it: pressed, moved in steps, let go."""
        port = self.view.viewport()
        start = self.view.at(self.key(fiche))
        QTest.mousePress(port, LEFT, NONE, start)
        QTest.mouseMove(port, start + QPoint(9, 3))
        QTest.mouseMove(port, target)
        if drop:
            QTest.mouseRelease(port, LEFT, NONE, target)
            self.bureau.settle()

    def press(self, *keys: Any) -> None:
        for one in keys:
            key, modifier = one if isinstance(one, tuple) else (one, NONE)
            QTest.keyClick(self.view, key, modifier)
        self.bureau.settle()

    def choose(self, fiche: int) -> None:
        self.view.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.view.set_current(self.key(fiche))
