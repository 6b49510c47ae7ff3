"""On the smallest screen that offices have, whatever is on a page can be reached."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtWidgets import QAbstractButton, QAbstractScrollArea, QApplication, QComboBox, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from erp_desktop.db.session import transaction
from erp_desktop.db.worker import DbWorker
from erp_desktop.domain.enums import Role
from erp_desktop.domain.saisie.stock import DepotInput
from erp_desktop.services.stock import depots
from erp_desktop.ui.administration.page import AdministrationPage
from erp_desktop.ui.kit import i18n, theme
from erp_desktop.ui.lists.page import ListPage
from erp_desktop.ui.main_window import MainWindow, first_size
from tests.ui.company import Monde
from tests.ui.window import Bureau

_SIZES = (QSize(1440, 900), QSize(1366, 728))
SCREEN = QSize(1366, 728)
"""1366×768 less a task bar."""


def cut(window: MainWindow) -> Iterator[str]:
    """What is typed in or pressed and does not show whole, unless the page scrolls to it."""
    for widget in window.findChildren(QWidget):
        if not isinstance(widget, QAbstractButton | QLineEdit | QComboBox) or not widget.isVisible():
            continue
        above: QWidget | None = widget
        while above is not None and not isinstance(above, QAbstractScrollArea):
            above = above.parentWidget()
        seen = widget.visibleRegion().boundingRect().size()
        here = QRect(widget.mapTo(window, QPoint()), widget.size())
        if above is None and (not window.rect().contains(here) or seen != widget.size()):
            yield f"{type(widget).__name__} {widget.accessibleName()} {here.getRect()} {seen.toTuple()}"


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_no_control_is_cut_off(
    qtbot: QtBot, worker: DbWorker, monde: Monde, qapp: QApplication, tmp_path: Path, language: str
) -> None:
    i18n.set_language(qapp, language)
    assert monde.responsable is not None
    bureau = Bureau(qtbot, worker, monde.responsable, tmp_path)
    bureau.window.setMinimumSize(0, 0)
    bureau.window.resize(first_size(SCREEN))
    found = []
    for key in bureau.workspace.sections:
        page = bureau.workspace.open_section(key)
        bureau.settle()
        qapp.processEvents()
        found += [f"{key}: {one}" for one in cut(bureau.window)]
        if isinstance(page, ListPage) and page.model.rowCount():
            page.view.select_place(0)
            bureau.settle()
            qapp.processEvents()
            found += [f"{key}, with a record: {one}" for one in cut(bureau.window)]
    assert bureau.window.size() == first_size(SCREEN)
    assert found == []


def lists(bureau: Bureau) -> Iterator[tuple[str, ListPage]]:
    """Every list of the window, in sight, those of the administration as well."""
    for key in bureau.workspace.sections:
        page = bureau.workspace.open_section(key)
        # The administration finds out first where it is written.
        bureau.settle()
        if isinstance(page, ListPage):
            yield key, page
        if isinstance(page, AdministrationPage):
            for room in page.items:
                shown = page.show_room(room)
                bureau.settle()
                if isinstance(shown, ListPage):
                    yield f"{key}, {room}", shown


@pytest.mark.parametrize("language", list(i18n.LANGUAGES))
def test_no_list_is_scrolled_sideways_for_the_form_beside_it(
    qtbot: QtBot, worker: DbWorker, monde: Monde, qapp: QApplication, tmp_path: Path, sqlite_engine: sa.Engine,
    language: str,
) -> None:  # fmt: skip
    i18n.set_language(qapp, language)
    theme.install(qapp, theme.LIGHT)
    assert monde.responsable is not None
    admin = replace(monde.responsable, role=Role.ADMIN)
    with transaction(sqlite_engine, admin.user_id) as session:
        depots.create(session, admin, DepotInput(nom="Magasin"))
        for place, who in enumerate(monde.techniciens, start=1):
            van = DepotInput(nom=f"Fourgon {place}", type_depot="vehicule", technicien_id=who)
            depots.create(session, admin, van)
    bureau = Bureau(qtbot, worker, admin, tmp_path)
    found, seen = [], 0
    for name, page in lists(bureau):
        seen += 1
        page.form.show()
        for size in _SIZES:
            bureau.window.resize(size)
            bureau.settle()
            qapp.processEvents()
            assert page.form.isVisible()
            beyond = page.view.horizontalScrollBar().maximum()
            if beyond:
                found.append(f"{name} at {size.width()}: {beyond} points beyond")
    assert seen > 20
    assert found == []
