"""Whatever has the keyboard is seen to have it, and it is where one left it when what was over it is gone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QColor, QFocusEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMainWindow, QPushButton, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from erp_desktop.db.worker import DbWorker
from erp_desktop.domain.enums import Role
from erp_desktop.ui.kit import theme
from erp_desktop.ui.kit.controls import Button, LineEdit
from erp_desktop.ui.kit.ring import KeyboardRing, reason_of
from erp_desktop.ui.lists.page import ListPage
from tests.ui.company import Monde
from tests.ui.kit.test_colours import contrast
from tests.ui.test_small_screen import SCREEN, shown
from tests.ui.window import Bureau

_AROUND = 12
"""A field inside a frame is shown by the frame."""
_PLAIN = 2.2
"""How much the light of a pixel changes: the rule asks 3, of a ring that is not smoothed at its corners."""
_LEAST = 40
"""Pixels of a ring around the smallest button, a corner of it left out."""


def _stops(root: QWidget) -> Iterator[QWidget]:
    for one in root.findChildren(QWidget):
        if (
            one.isVisible() and one.isEnabled() and one.focusPolicy() & Qt.FocusPolicy.TabFocus
            and one.focusProxy() is None and not one.visibleRegion().isEmpty()
        ):  # fmt: skip
            yield one


def _around(one: QWidget) -> int:
    """Where a ring is looked for: of a button at its edge, for its words move."""
    return _AROUND + 5 if isinstance(one, QPushButton) else 10_000


def _picture(window: QWidget, one: QWidget) -> QImage:
    here = QRect(one.mapTo(window, QPoint()), one.size()).adjusted(-_AROUND, -_AROUND, _AROUND, _AROUND)
    return window.grab(here.intersected(window.rect())).toImage()


def _changed(before: QImage, after: QImage, around: int = 10_000) -> int:
    """Pixels that are plainly others, as many as tell; no farther than ``around`` from the edges."""
    found, high, wide = 0, before.height(), before.width()
    for y in range(high):
        if before.constScanLine(y) == after.constScanLine(y):
            continue
        edge = y < around or y >= high - around
        for x in range(wide) if edge else (*range(around), *range(wide - around, wide)):
            one, other = before.pixel(x, y), after.pixel(x, y)
            found += one != other and contrast(QColor(one), QColor(other)) >= _PLAIN
        if found > _LEAST:
            break
    return found


@pytest.mark.soak
@pytest.mark.parametrize("mode", [theme.LIGHT, theme.DARK])
def test_every_stop_of_tab_is_seen_to_have_the_keyboard(
    qtbot: QtBot, worker: DbWorker, monde: Monde, qapp: QApplication, tmp_path: Path, mode: str
) -> None:
    theme.install(qapp, mode)
    assert monde.responsable is not None
    bureau = Bureau(qtbot, worker, replace(monde.responsable, role=Role.ADMIN), tmp_path)
    bureau.window.resize(SCREEN)
    faint, tried = dict[tuple[str, ...], str](), set[tuple[str, ...]]()

    def look(where: str) -> None:
        for one in list(_stops(bureau.window)):
            look_of = (type(one).__name__, str(one.property("kind")))
            if look_of in tried:
                continue
            tried.add(look_of)
            kind = (*look_of, one.accessibleName())
            one.setFocus(Qt.FocusReason.OtherFocusReason)
            one.clearFocus()
            qapp.processEvents()
            before = _picture(bureau.window, one)
            one.setFocus(Qt.FocusReason.TabFocusReason)
            qapp.processEvents()
            if not one.hasFocus():
                faint[(where, *kind)] = f"handed on to {type(QApplication.focusWidget()).__name__}"
            elif (seen := _changed(before, _picture(bureau.window, one), _around(one))) < _LEAST:
                faint[(where, *kind)] = f"{seen} pixels"

    for where in shown(bureau):
        look(where)
    assert faint == {}
    assert len(tried) > 30


def test_a_section_opened_by_keys_shows_where_they_go_and_jumps_over_no_row(bureau: Bureau) -> None:
    window = bureau.window
    QTest.keyClick(window, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    page = bureau.workspace.page
    bureau.settle()
    assert isinstance(page, ListPage)
    assert (page.view.hasFocus(), page.view.keyboard, page.view.currentIndex().row()) == (True, True, 0)
    assert page.selection.size == 0
    for expected in (0, 1):
        QTest.keyClick(page.view, Qt.Key.Key_Down)
        assert page.view.selected_ids() == [page.model.id_at(expected)]


def test_what_opened_a_panel_wears_its_ring_again_once_that_is_closed(bureau: Bureau) -> None:
    bureau.liste()
    bell, keys = bureau.workspace.top.bell, bureau.workspace.keys
    bell.setFocus(Qt.FocusReason.TabFocusReason)
    keys.toggle()
    QTest.keyClick(keys, Qt.Key.Key_Escape)
    assert (bell.hasFocus(), bell.keyboard) == (True, True)
    bureau.workspace.palette_box.open()
    bureau.workspace.palette_box.close_box()
    assert (bell.hasFocus(), bell.keyboard) == (True, True)
    bell.clearFocus()
    bell.setFocus(Qt.FocusReason.MouseFocusReason)
    keys.toggle()
    QTest.keyClick(keys, Qt.Key.Key_Escape)
    assert (bell.hasFocus(), bell.keyboard) == (True, False)


@pytest.mark.parametrize("away", [Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason])
def test_the_ring_comes_back_from_another_window_and_from_a_menu(qtbot: QtBot, away: Qt.FocusReason) -> None:
    button = Button("Vues")
    qtbot.addWidget(button)
    assert isinstance(button, KeyboardRing)

    def go(kind: QFocusEvent.Type, why: Qt.FocusReason) -> bool:
        QApplication.sendEvent(button, QFocusEvent(kind, why))
        return bool(button.property("keyboard"))

    into, out = QFocusEvent.Type.FocusIn, QFocusEvent.Type.FocusOut
    assert go(into, Qt.FocusReason.TabFocusReason)
    assert not go(out, away)
    assert reason_of(button) is Qt.FocusReason.ShortcutFocusReason, "what a menu opens was asked by keys"
    assert go(into, away)
    assert not go(out, Qt.FocusReason.MouseFocusReason)
    assert not go(into, away)
    go(out, Qt.FocusReason.MouseFocusReason)
    assert not go(into, Qt.FocusReason.MouseFocusReason)
    assert not go(out, away)
    assert not go(into, away)


def test_a_wrong_field_is_still_seen_to_have_the_keyboard(qtbot: QtBot, qapp: QApplication) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    inside = QWidget()
    window.setCentralWidget(inside)
    field, other = LineEdit(parent=inside), LineEdit(parent=inside)
    field.setGeometry(20, 20, 200, 30)
    other.setGeometry(20, 70, 200, 30)
    field.set_invalid(True)
    window.resize(260, 130)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    other.setFocus()
    before = _picture(window, field)
    field.setFocus(Qt.FocusReason.TabFocusReason)
    qapp.processEvents()
    assert _changed(before, _picture(window, field)) >= _LEAST


def test_the_ring_leaves_nothing_behind_on_rows_that_stay_chosen(qtbot: QtBot, bureau: Bureau) -> None:
    page = bureau.liste()
    view = page.view
    view.setFocus(Qt.FocusReason.ShortcutFocusReason)
    QTest.keyClick(view, Qt.Key.Key_Down)
    for _ in range(2):
        QTest.keyClick(view, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
        bureau.settle()
    qtbot.wait(50)
    here = QRect(view.viewport().mapTo(bureau.window, QPoint()), view.viewport().size())
    shown = bureau.window.screen().grabWindow(bureau.window.winId()).toImage().copy(here)
    assert page.selection.size == 3
    assert shown == bureau.window.grab(here).toImage().convertToFormat(shown.format())


def test_a_page_that_only_scrolls_is_ringed_for_keys_and_not_for_a_click(bureau: Bureau) -> None:
    """Charts have nothing to stop at: the keyboard is in what scrolls them."""
    workspace, ring = bureau.workspace, theme.theme().color("focus").rgb()
    workspace.open_section("clients")
    bureau.settle()
    item = workspace.nav.items["rapports"]

    def ringed() -> bool:
        held = QApplication.focusWidget()
        assert isinstance(held, QScrollArea)
        picture = held.grab().toImage()
        return picture.pixelColor(picture.width() // 2, 0).rgb() == ring

    QTest.mouseClick(item, Qt.MouseButton.LeftButton)
    bureau.settle()
    assert not ringed()
    workspace.open_section("clients")
    bureau.settle()
    workspace.open_section("rapports", Qt.FocusReason.ShortcutFocusReason)
    bureau.settle()
    assert workspace.tabs.current == "rapports"
    assert ringed()
    # Left by Tab and come back to, it is ringed however it was reached first.
    workspace.open_section("clients")
    bureau.settle()
    QTest.mouseClick(item, Qt.MouseButton.LeftButton)
    bureau.settle()
    held = QApplication.focusWidget()
    assert isinstance(held, QScrollArea)
    QTest.keyClick(held, Qt.Key.Key_Tab)
    assert QApplication.focusWidget() is not held
    held.setFocus(Qt.FocusReason.BacktabFocusReason)
    assert ringed()
