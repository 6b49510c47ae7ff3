"""The rooms of administration, opened as its user opens them."""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa
from pytestqt.qtbot import QtBot

from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import Role
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import User
from erp_desktop.services import calendrier
from erp_desktop.ui.administration.page import AdministrationPage
from erp_desktop.ui.lists.page import ListPage
from tests.ui.company import Monde
from tests.ui.window import Bureau

WAIT = 30_000


def administrator(engine: sa.Engine, monde: Monde) -> Acteur:
    assert monde.responsable is not None
    with transaction(engine) as session:
        session.get_one(User, monde.responsable.user_id).role = "admin"
        calendrier.semer(session)
    return replace(monde.responsable, role=Role.ADMIN)


def opened(bureau: Bureau) -> AdministrationPage:
    page = bureau.workspace.open_section("administration")
    assert isinstance(page, AdministrationPage)
    bureau.settle()
    return page


def room(bureau: Bureau, page: AdministrationPage, key: str) -> ListPage:
    page.show_room(key)
    bureau.settle()
    assert isinstance(page.room, ListPage)
    return page.room


def chosen(bureau: Bureau, qtbot: QtBot, listed: ListPage, words: str) -> None:
    """Open the form of the only row that answers."""
    listed.filter.set_text(words)
    qtbot.waitUntil(lambda: listed.model.rowCount() == 1, timeout=WAIT)
    listed.view.select_place(0)
    qtbot.waitUntil(lambda: listed.form.record is not None and not listed.form.isHidden(), timeout=WAIT)
    bureau.settle()
