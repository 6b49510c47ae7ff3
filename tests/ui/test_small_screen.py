"""On the smallest screen that offices have, and enlarged to 200 %, whatever is on a page can be reached."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import combinations
from pathlib import Path

import pytest
import sqlalchemy as sa
from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QWidget,
)
from pytestqt.qtbot import QtBot

from erp_desktop.db.session import transaction
from erp_desktop.db.worker import DbWorker
from erp_desktop.domain.enums import Role
from erp_desktop.domain.saisie.stock import DepotInput, InventaireInput, MouvementInput, PieceInput
from erp_desktop.services.stock import counting, depots, ledger, parts
from erp_desktop.ui.administration.page import AdministrationPage
from erp_desktop.ui.frame.tabs import Shelf
from erp_desktop.ui.kit import i18n, theme
from erp_desktop.ui.lists.page import ListPage
from erp_desktop.ui.main_window import MainWindow, first_size
from erp_desktop.ui.page import Page
from erp_desktop.ui.stock.count_page import CountPage
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
        while above is not None and (not isinstance(above, QAbstractScrollArea) or isinstance(above, Shelf)):
            above = above.parentWidget()
        seen = widget.visibleRegion().boundingRect().size()
        here = QRect(widget.mapTo(window, QPoint()), widget.size())
        if above is None and (not window.rect().contains(here) or seen != widget.size()):
            yield f"{type(widget).__name__} {widget.accessibleName()} {here.getRect()} {seen.toTuple()}"


def scrolls(bureau: Bureau) -> bool:
    """Whether some of the page in sight has no room."""
    shelf = bureau.workspace.tabs.stack.currentWidget()
    assert isinstance(shelf, Shelf)
    return shelf.scrolls


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


def shown(bureau: Bureau) -> Iterator[str]:
    """Where one is, in each of these pages: then on every part of its first record, and in a blank one."""
    for where, page in pages(bureau):
        yield where
        if isinstance(page, ListPage) and page.model.rowCount():
            page.view.select_place(0)
            bureau.settle()
            for part in range(page.form.tabs.count()):
                page.form.tabs.set_current(part)
                bureau.settle()
                yield f"{where}, part {part}"
        if isinstance(page, Page) and page.new_record():
            bureau.settle()
            yield f"{where}, blank"


def small(
    qtbot: QtBot, worker: DbWorker, monde: Monde, qapp: QApplication, folder: Path, language: str, size: QSize
) -> Bureau:  # fmt: skip
    """A window of an administrator in a language, as small as asked."""
    i18n.set_language(qapp, language)
    theme.install(qapp, theme.LIGHT)
    assert monde.responsable is not None
    bureau = Bureau(qtbot, worker, replace(monde.responsable, role=Role.ADMIN), folder)
    bureau.window.setMinimumSize(0, 0)
    bureau.window.resize(size)
    return bureau


@pytest.mark.parametrize("language", ["ar", *(pytest.param(one, marks=pytest.mark.soak) for one in ("fr", "en"))])
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
        assert (window.size(), scrolls(bureau)) == (first_size(SCREEN), False), name
        if not isinstance(page, ListPage):
            continue
        lists += 1
        if page.model.rowCount():
            page.view.select_place(0)
            bureau.settle()
            qapp.processEvents()
            hidden += [f"{name}, with a record: {one}" for one in cut(window)]
            assert (window.size(), scrolls(bureau)) == (first_size(SCREEN), False), name
        page.form.show()
        # The columns of an empty list have the room of those of a full one.
        page.stack.setCurrentWidget(page.view)
        for size in _SIZES:
            window.resize(size)
            bureau.settle()
            qapp.processEvents()
            assert page.form.isVisible()
            assert (window.size(), scrolls(bureau)) == (size, False), name
            if points := page.view.horizontalScrollBar().maximum():
                beyond.append(f"{name} at {size.width()}: {points} points beyond")
    assert lists > 20
    assert (hidden, beyond) == ([], [])
    window.resize(first_size(SCREEN))
    bureau.settle()
    assert bureau.workspace.nav._area.verticalScrollBar().maximum() == 0


@pytest.mark.parametrize(("language", "size"), [
    ("fr", QSize(683, 344)),
    *(pytest.param(*one, marks=pytest.mark.soak) for one in (("en", QSize(960, 500)), ("ar", QSize(910, 472)))),
])  # fmt: skip
def test_enlarged_to_two_hundred_per_cent_the_window_fits_and_scrolls_to_what_does_not(
    qtbot: QtBot, worker: DbWorker, monde: Monde, qapp: QApplication, tmp_path: Path, language: str, size: QSize
) -> None:
    """1920 by 1080 at 200 %, 1366 by 768 at 150 and at 200 %."""
    bureau = small(qtbot, worker, monde, qapp, tmp_path, language, size)
    window = bureau.window
    hidden, outgrown, far = [], [], 0
    for name, page in pages(bureau):
        if isinstance(page, ListPage) and page.model.rowCount():
            page.view.select_place(0)
            bureau.settle()
        qapp.processEvents()
        if window.size() != size:
            outgrown.append(f"{name}: {window.size().toTuple()}")
            window.resize(size)
        bars = (bureau.workspace.top, bureau.workspace.status)
        for bar in bars:
            shown = [one for one in bar.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly)
                     if one.isVisible()]  # fmt: skip
            hidden += [f"{name}: {one}" for one in shown if not bar.rect().contains(one.geometry())]
            hidden += [f"{name}: {one} over {other}" for one, other in combinations(shown, 2)
                       if one.geometry().intersects(other.geometry())]  # fmt: skip
        for one in page.findChildren(QWidget):
            if not (isinstance(one, QAbstractButton | QLineEdit | QComboBox) and one.isVisible() and one.isEnabled()):
                continue
            if one.focusPolicy() & Qt.FocusPolicy.TabFocus and one.visibleRegion().isEmpty():
                far += 1
                one.setFocus(Qt.FocusReason.TabFocusReason)
                qapp.processEvents()
                held = QApplication.focusWidget()
                if held is None or held.visibleRegion().isEmpty():
                    hidden.append(f"{name}: {type(one).__name__} {one.accessibleName()}")
    keys = bureau.workspace.keys
    keys.toggle()
    qapp.processEvents()
    last = keys.findChildren(QLabel)[-1]
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Left if theme.theme().rtl else Qt.Key.Key_Right):
        for _ in range(40):
            QTest.keyClick(keys, key)
    if not window.rect().contains(keys.geometry()) or last.visibleRegion().isEmpty():
        hidden.append(f"F1: {keys.geometry().getRect()}, {last.text()}")
    assert (hidden, outgrown) == ([], [])
    assert far > 10, "much of the pages has no room here"


@pytest.mark.parametrize("language", list(i18n.LANGUAGES))
def test_the_sheet_of_a_count_fits_the_smallest_screen(
    qtbot: QtBot, worker: DbWorker, monde: Monde, qapp: QApplication, tmp_path: Path, sqlite_engine: sa.Engine,
    language: str,
) -> None:  # fmt: skip
    i18n.set_language(qapp, language)
    theme.install(qapp, theme.LIGHT)
    who = monde.responsable
    assert who is not None
    with transaction(sqlite_engine, who.user_id) as session:
        depot = depots.create(session, who, DepotInput(nom="Fourgon 1"))
        made = [
            parts.create(session, who, PieceInput(reference=f"P-{place}", designation=f"Pièce {place}"))
            for place in range(8)
        ]
        for part in made:
            moved = {"piece_id": part, "depot_id": depot, "quantite": "3", "valeur_unitaire": "900"}
            ledger.post(session, who, MouvementInput(type_mouvement="entree", **moved))
        count = counting.create(session, who, InventaireInput(depot_id=depot))
        for part in made:
            counting.enter(session, who, count, part, Decimal(1))
    bureau = Bureau(qtbot, worker, who, tmp_path)
    bureau.window.setMinimumSize(0, 0)
    bureau.window.resize(first_size(SCREEN))
    page = bureau.workspace.open_record("inventaires", count)
    assert isinstance(page, CountPage)
    bureau.settle()
    qapp.processEvents()
    assert (bureau.window.size(), scrolls(bureau)) == (first_size(SCREEN), False)
    short = [
        one.text() for one in page.side.findChildren(QLabel)
        if one.height() < (one.heightForWidth(one.width()) if one.wordWrap() else one.fontMetrics().height())
    ]  # fmt: skip
    assert short == []
