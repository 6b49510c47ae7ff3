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
from erp_desktop.ui.page import Page
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


def pages(bureau: Bureau) -> Iterator[tuple[str, Page]]:
    """Every page of the window, in sight, those of the administration as well."""
    for key in bureau.workspace.sections:
        page = bureau.workspace.open_section(key)
        assert page is not None
        # The administration finds out first where it is written.
        bureau.settle()
        yield key, page
        if isinstance(page, AdministrationPage):
            for room in page.items:
                shown = page.show_room(room)
                bureau.settle()
                assert shown is not None
                yield f"{key}, {room}", shown


@pytest.mark.parametrize("language", list(i18n.LANGUAGES))
def test_no_control_is_cut_off_and_no_list_scrolled_sideways_for_the_form_beside_it(
    qtbot: QtBot, worker: DbWorker, monde: Monde, qapp: QApplication, tmp_path: Path, sqlite_engine: sa.Engine,
    language: str,
) -> None:  # fmt: skip
    i18n.set_language(qapp, language)
    theme.install(qapp, theme.LIGHT)
    assert monde.responsable is not None
    admin = replace(monde.responsable, role=Role.ADMIN)
    with transaction(sqlite_engine, admin.user_id) as session:
        for store in ("Magasin central de Casablanca", "Réserve Aïn Sebaâ, bâtiment C"):
            depots.create(session, admin, DepotInput(nom=store))
        for place, who in enumerate(monde.techniciens, start=1):
            name = f"Fourgon de Mohammed Benjelloun {place}"
            depots.create(session, admin, DepotInput(nom=name, type_depot="vehicule", technicien_id=who))
    bureau = Bureau(qtbot, worker, admin, tmp_path)
    window = bureau.window
    window.setMinimumSize(0, 0)
    hidden, beyond, lists = [], [], 0
    for name, page in pages(bureau):
        window.resize(first_size(SCREEN))
        bureau.settle()
        qapp.processEvents()
        hidden += [f"{name}: {one}" for one in cut(window)]
        assert window.size() == first_size(SCREEN), name
        if not isinstance(page, ListPage):
            continue
        lists += 1
        if page.model.rowCount():
            page.view.select_place(0)
            bureau.settle()
            qapp.processEvents()
            hidden += [f"{name}, with a record: {one}" for one in cut(window)]
            assert window.size() == first_size(SCREEN), name
        page.form.show()
        # The columns of an empty list have the room of those of a full one.
        page.stack.setCurrentWidget(page.view)
        for size in _SIZES:
            window.resize(size)
            bureau.settle()
            qapp.processEvents()
            assert page.form.isVisible()
            assert window.size() == size, name
            if points := page.view.horizontalScrollBar().maximum():
                beyond.append(f"{name} at {size.width()}: {points} points beyond")
    assert lists > 20
    assert (hidden, beyond) == ([], [])
