"""Straight on the centre with the line cut: each section says so calmly, and is read by itself when it is back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot
from sqlalchemy import event

from erp_desktop import clock
from erp_desktop.app import Desktop
from erp_desktop.db import session as sessions
from erp_desktop.db.session import transaction
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.saisie import InterventionInput
from erp_desktop.models import Client, Creneau, Equipement
from erp_desktop.services import interventions
from erp_desktop.services.planning.actions import Wish
from erp_desktop.ui.administration.page import AdministrationPage
from erp_desktop.ui.forms.page import RecordPage
from erp_desktop.ui.kit.controls import Button
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


def test_every_room_of_administration_says_the_cut_and_is_read_when_the_line_is_back(
    qtbot: QtBot, far_desktop: Desktop, line: ChaosProxy
) -> None:
    shown = at_rest(qtbot, far_desktop)
    page = shown.open_section("administration")
    assert isinstance(page, AdministrationPage)
    at_rest(qtbot, far_desktop)
    line.refusing = True
    line.cut()
    rooms = {}
    for key in ("agences", "journaux", "audit", "regles", "schema"):
        rooms[key] = page.show_room(key)
        at_rest(qtbot, far_desktop)
        assert any("ne répond pas" in said for said in words(rooms[key])), key
    assert far_desktop.window.toaster.toasts == []
    healed(qtbot, far_desktop, line)
    for key, room in rooms.items():
        page.show_room(key)
        at_rest(qtbot, far_desktop)
        assert not any("ne répond pas" in said or "Hors ligne" in said for said in words(room)), key
    assert rooms["audit"].model.rowCount() > 0
    assert rooms["regles"].agency.combo.count() == 2, "all of them, and one agency"


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


def unanswered(desktop: Desktop, line: ChaosProxy) -> None:
    """The next commit reaches the centre, and nothing comes back, nor can anybody be asked."""
    assert desktop.worker is not None

    def cut(_connection: sa.Connection) -> None:
        line.cut_after(0, "in")
        line.refusing = True

    event.listen(desktop.worker.engine, "commit", cut, once=True)


def healed(qtbot: QtBot, desktop: Desktop, line: ChaosProxy) -> None:
    line.heal()
    assert desktop.line is not None
    desktop.line.ask()
    assert desktop.workspace is not None
    status = desktop.workspace.status.sync
    qtbot.waitUntil(lambda: status.text() == "en ligne")
    at_rest(qtbot, desktop)


def test_a_record_saved_again_after_a_commit_without_answer_is_there_once(
    qtbot: QtBot, far_desktop: Desktop, line: ChaosProxy, pg_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "_ASK_AGAIN_S", 0.5)
    shown = at_rest(qtbot, far_desktop)
    page = shown.open_record("clients", None)
    assert isinstance(page, RecordPage)
    at_rest(qtbot, far_desktop)
    panel = page.panel

    def there(name: str) -> int:
        with transaction(pg_engine, write=False) as session:
            return session.scalar(sa.select(sa.func.count()).where(Client.nom_entreprise == name)) or 0

    def type_name(name: str) -> None:
        panel.fields.editors["nom_entreprise"].show_value("")
        qtbot.keyClicks(panel.fields.editors["nom_entreprise"].inner, name)

    type_name("Atlas Marine")
    unanswered(far_desktop, line)
    panel.save()
    at_rest(qtbot, far_desktop)
    assert any("Relisez la fiche" in said for said in words(page)), words(page)
    assert panel.fields.readable()["nom_entreprise"] == "Atlas Marine"
    assert panel.dirty
    # Still without a line: nothing is lost, nothing is done twice.
    panel.save()
    at_rest(qtbot, far_desktop)
    assert panel.dirty
    healed(qtbot, far_desktop, line)
    assert there("Atlas Marine") == 1
    panel.save()
    at_rest(qtbot, far_desktop)
    assert there("Atlas Marine") == 1
    assert not panel.dirty
    assert panel.record.nom_entreprise == "Atlas Marine"


def test_a_record_whose_answer_was_lost_is_known_to_the_next_window(
    qtbot: QtBot, far_desktop: Desktop, line: ChaosProxy, pg_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch,
    another_window: Callable[[], Desktop],
) -> None:  # fmt: skip
    monkeypatch.setattr(sessions, "_ASK_AGAIN_S", 0.5)
    shown = at_rest(qtbot, far_desktop)
    page = shown.open_record("clients", None)
    assert isinstance(page, RecordPage)
    at_rest(qtbot, far_desktop)
    qtbot.keyClicks(page.panel.fields.editors["nom_entreprise"].inner, "Atlas Marine")
    unanswered(far_desktop, line)
    page.panel.save()
    at_rest(qtbot, far_desktop)
    assert page.panel.dirty
    far_desktop.close()
    line.heal()
    later = another_window()
    try:
        shown = at_rest(qtbot, later)
        page = shown.open_record("clients", None)
        assert isinstance(page, RecordPage)
        at_rest(qtbot, later)
        next(one for one in page.findChildren(Button) if one.text() == "Reprendre").click()
        at_rest(qtbot, later)
        panel = shown.page.panel
        assert panel.fields.readable()["nom_entreprise"] == "Atlas Marine"
        qtbot.keyClicks(panel.fields.editors["ville"].inner, "Agadir")
        panel.save()
        at_rest(qtbot, later)
        names = sa.select(Client.id, Client.nom_entreprise, Client.ville).where(
            Client.nom_entreprise == "Atlas Marine"
        )
        with transaction(pg_engine, write=False) as session:
            ((row_id, _, ville),) = session.execute(names).all()
        # What was typed since is kept with the record that was there, and is saved as a change of it.
        assert (panel.row_id, ville, panel.dirty) == (row_id, None, True)
        panel.save()
        at_rest(qtbot, later)
        assert not panel.dirty
        with transaction(pg_engine, write=False) as session:
            assert session.execute(names).all() == [(row_id, "Atlas Marine", "Agadir")]
    finally:
        later.close()
        later.setParent(None)


def test_a_window_is_gone_at_once_whatever_its_line_does(qtbot: QtBot, far_desktop: Desktop) -> None:
    """What is under way is still waited for, behind it."""
    at_rest(qtbot, far_desktop)
    seen: list[bool] = []
    far_desktop.window.on_close = lambda: seen.append(far_desktop.window.isVisible())
    assert far_desktop.window.isVisible()
    far_desktop.window.close()
    assert seen == [False]
