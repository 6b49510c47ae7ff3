"""A button: where the keyboard stays while it waits, and what a double click is."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from erp_desktop.ui.kit import theme
from erp_desktop.ui.kit.controls import Button, LineEdit, icon_button


def test_a_button_that_its_act_disables_gives_the_keyboard_to_no_neighbour(qtbot: QtBot) -> None:
    page = QWidget()
    qtbot.addWidget(page)
    row = QWidget()
    asked, before, after = Button("Demander"), LineEdit(), LineEdit()
    column, inside = QVBoxLayout(page), QVBoxLayout(row)
    column.addWidget(before)
    column.addWidget(row)
    inside.addWidget(asked)
    column.addWidget(after)
    for first, second in pairwise((before, asked, after)):
        QWidget.setTabOrder(first, second)
    asked.clicked.connect(lambda: asked.setEnabled(False))
    with qtbot.waitActive(page):
        page.show()

    def pressed() -> None:
        asked.setFocus(Qt.FocusReason.TabFocusReason)
        qtbot.keyClick(asked, Qt.Key.Key_Return)
        assert not asked.isEnabled()

    pressed()
    assert page.focusWidget() is row
    asked.setEnabled(True)
    assert page.focusWidget() is asked
    assert asked.property("keyboard"), "the ring is there again"
    # Whoever went on while the answer was awaited is left alone; Tab goes on from the button's place.
    for key, place in ((Qt.Key.Key_Tab, after), (Qt.Key.Key_Backtab, before)):
        pressed()
        qtbot.keyClick(row, key)
        assert page.focusWidget() is place
        asked.setEnabled(True)
        assert page.focusWidget() is place
    asked.hands_to = before
    pressed()
    asked.setEnabled(True)
    assert page.focusWidget() is before


@pytest.mark.parametrize(("button", "acts"), [
    (lambda act: Button("Noter", "primary", on_click=act), 1), (lambda act: icon_button("trash", "Retirer", act), 1),
    (lambda act: icon_button("caret-right", "Mois suivant", act, steps=True), 2),
])  # fmt: skip
def test_a_double_click_is_one_press_but_on_what_steps(
    qtbot: QtBot, button: Callable[[Callable[[], object]], Button], acts: int
) -> None:
    done: list[int] = []
    made = button(lambda: done.append(1))
    qtbot.addWidget(made)
    made.show()
    left, at = Qt.MouseButton.LeftButton, QPointF(made.rect().center())
    QTest.mouseClick(made, left)
    for kind in (QEvent.Type.MouseButtonDblClick, QEvent.Type.MouseButtonRelease):
        event = QMouseEvent(kind, at, made.mapToGlobal(at), left, left, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(made, event)
    assert len(done) == acts


def test_a_button_that_has_the_keyboard_without_a_key_looks_as_ever(qtbot: QtBot, qapp: QApplication) -> None:
    theme.install(qapp, theme.LIGHT)
    page = QWidget()
    qtbot.addWidget(page)
    column = QVBoxLayout(page)
    first, second = Button("Planifier", "primary"), Button("Plus tard")
    for button in (first, second):
        column.addWidget(button)
    with qtbot.waitActive(page):
        page.show()
    for button, other in ((first, second), (second, first)):
        other.setFocus(Qt.FocusReason.OtherFocusReason)
        without = button.grab().toImage()
        # As after a key elsewhere in the window: the style would draw a frame around the words.
        page.setAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange)
        button.setFocus(Qt.FocusReason.OtherFocusReason)
        assert button.hasFocus()
        assert button.grab().toImage() == without
        button.setFocus(Qt.FocusReason.TabFocusReason)
        page.setFocus()
        button.setFocus(Qt.FocusReason.TabFocusReason)
        assert button.grab().toImage() != without, "the ring"
