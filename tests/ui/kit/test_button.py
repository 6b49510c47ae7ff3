"""Where the keyboard stays while a button waits for what it asked for."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from erp_desktop.ui.kit.controls import Button, LineEdit


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
