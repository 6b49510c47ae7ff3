"""While the board is read for the first time: grey bars, then a sentence with a way out."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QPushButton, QWidget
from pytestqt.qtbot import QtBot

from erp_desktop.ui.kit.controls import Button
from erp_desktop.ui.kit.states import ErrorState, Reading
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.planning.page import PlanningPage
from tests.ui.window import Bureau


def test_what_lasts_says_so_and_can_be_given_up(qtbot: QtBot) -> None:
    board = QWidget()
    qtbot.addWidget(board)
    reading = Reading(board, "Lecture…", 83, 176)
    board.resize(900, 400)
    board.show()
    given: list[int] = []
    reading.given_up.connect(lambda: given.append(1))
    reading.start()
    assert not reading.isVisible(), "nothing under 150 ms"
    qtbot.waitUntil(reading.isVisible)
    assert not reading.card.isVisible()
    assert reading.geometry() == board.rect()
    assert reading.grab().toImage().pixelColor(27, 27) == QColor(theme().color("border.subtle"))
    qtbot.waitUntil(reading.card.isVisible, timeout=4000)
    qtbot.mouseClick(reading.card.findChild(QPushButton), Qt.MouseButton.LeftButton)
    assert given == [1]
    reading.stop()
    assert not reading.isVisible()


def test_a_reading_given_up_is_dropped_and_asked_for_again(bureau: Bureau, qtbot: QtBot) -> None:
    page = bureau.workspace.open_section("planning")
    assert isinstance(page, PlanningPage)
    page.view.reading.given_up.emit()
    bureau.settle()
    assert page.board is None, "its answer came too late"
    state = page.stack.currentWidget()
    assert isinstance(state, ErrorState)
    assert state.title.text() == "Lecture du planning interrompue"
    (again,) = state.findChildren(Button)
    qtbot.mouseClick(again, Qt.MouseButton.LeftButton)
    bureau.settle()
    assert page.board is not None
    assert page.stack.currentWidget() is page.view
    assert not page.view.reading.isVisible()
