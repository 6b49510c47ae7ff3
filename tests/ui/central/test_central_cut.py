"""Straight on the centre with the line cut: each section says so calmly, and is read by itself when it is back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from erp_desktop import clock
from erp_desktop.app import Desktop
from erp_desktop.db.session import transaction
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.saisie import InterventionInput
from erp_desktop.models import Creneau, Equipement
from erp_desktop.services import interventions
from erp_desktop.services.planning.actions import Wish
from erp_desktop.ui.administration.page import AdministrationPage
from erp_desktop.ui.kit.states import ErrorState
from erp_desktop.ui.lists.page import ListPage
from erp_desktop.ui.planning.page import PlanningPage
from erp_desktop.ui.rapports.composer import ComposerPage
from erp_desktop.ui.rapports.page import RapportsPage
from tests.sync.proxy import ChaosProxy
from tests.ui.window import at_rest


def words(page: QWidget) -> list[str]:
    return [label.text() for label in page.findChildren(QLabel) if label.isVisible()]


@pytest.mark.parametrize("keys", [("clients", "stock", "factures"), ("administration", "rapports", "composer")])
def test_sections_opened_without_a_line_are_read_when_it_is_back(
    qtbot: QtBot, far_desktop: Desktop, line: ChaosProxy, keys: tuple[str, ...]
) -> None:
    shown = at_rest(qtbot, far_desktop)
    line.refusing = True
    line.cut()
    opened: dict[str, Any] = {}
    for key in keys:
        opened[key] = shown.open_section(key)
        at_rest(qtbot, far_desktop)
        assert shown.status.sync.text().startswith("hors ligne depuis")
        page = opened[key]
        if isinstance(page, ListPage):
            assert page.findChildren(ErrorState) == [], "nothing is broken"
            assert any("quand la ligne reviendra" in said for said in words(page)), words(page)
        else:
            assert any("ne répond pas" in said for said in (*words(page), *page.status())), words(page)
    line.heal()
    assert far_desktop.line is not None
    far_desktop.line.ask()
    qtbot.waitUntil(lambda: shown.status.sync.text() == "en ligne")
    for key, page in opened.items():
        shown.open_section(key)
        at_rest(qtbot, far_desktop)
        assert not any("ne répond pas" in said for said in words(page)), key
        if isinstance(page, ListPage):
            assert page.model.rowCount() > 0, key
        elif isinstance(page, AdministrationPage):
            assert isinstance(page.room, ListPage)
            assert page.room.model.rowCount() > 0
        elif isinstance(page, ComposerPage):
            assert page.found is not None
        else:
            assert isinstance(page, RapportsPage)
            assert page.rapport is not None


def test_a_reason_typed_for_a_plan_stays_when_the_line_is_cut(
    qtbot: QtBot, far_desktop: Desktop, line: ChaosProxy, pg_engine: sa.Engine, admin: Acteur
) -> None:
    with transaction(pg_engine, admin.user_id) as session:
        machine = session.scalars(sa.select(Equipement.id).limit(1)).one()
        asked = InterventionInput(titre="Fuite", type="corrective", priorite="normale", equipement_id=machine)
        waiting = interventions.create(session, admin, asked)
    shown = at_rest(qtbot, far_desktop)
    page = shown.open_section("planning")
    assert isinstance(page, PlanningPage)
    at_rest(qtbot, far_desktop)
    assert page.board is not None
    person = page.board.techniciens[0]
    assert waiting in [visit.intervention_id for visit in page.board.waiting.visits]
    days = 7 - clock.today().weekday()
    debut = clock.now().replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=days)
    wish = Wish(waiting, person.id, debut, debut + timedelta(hours=1))
    planned = sa.select(Creneau.technicien_id, Creneau.debut).where(Creneau.intervention_id == waiting)
    line.refusing = True
    line.cut()
    page.desk.plan([wish], "Planifiée", "Client prévenu")
    at_rest(qtbot, far_desktop)
    assert page.reason.isVisible()
    assert page.reason.edit.text() == "Client prévenu"
    line.heal()
    assert far_desktop.line is not None
    far_desktop.line.ask()
    qtbot.waitUntil(lambda: shown.status.sync.text() == "en ligne")
    at_rest(qtbot, far_desktop)
    assert page.reason.edit.text() == "Client prévenu"
    with transaction(pg_engine, write=False) as session:
        assert session.execute(planned).all() == []
    page.reason.accept()
    at_rest(qtbot, far_desktop)
    with transaction(pg_engine, write=False) as session:
        assert [tuple(row) for row in session.execute(planned)] == [(person.id, debut)]
    assert not page.reason.isVisible()


def test_a_window_is_gone_at_once_whatever_its_line_does(qtbot: QtBot, far_desktop: Desktop) -> None:
    """What is under way is still waited for, behind it."""
    at_rest(qtbot, far_desktop)
    seen: list[bool] = []
    far_desktop.window.on_close = lambda: seen.append(far_desktop.window.isVisible())
    assert far_desktop.window.isVisible()
    far_desktop.window.close()
    assert seen == [False]
