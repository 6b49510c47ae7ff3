"""A person who works a window by its keys alone: each goes to the widget that has the focus."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from tests.ui.window import Bureau

_MOST_TABS = 160
CTRL = Qt.KeyboardModifier.ControlModifier


class Keyboard:
    """Ten fingers and no mouse."""

    def __init__(self, bureau: Bureau) -> None:
        self.bureau = bureau

    @property
    def focus(self) -> QWidget:
        found = QApplication.focusWidget()
        assert found is not None, "the focus is lost"
        return found

    def press(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        QTest.keyClick(self.focus, key, modifiers)
        self.bureau.settle()

    def type(self, words: str) -> None:
        QTest.keyClicks(self.focus, words)
        self.bureau.settle()

    def act(self, name: str, *, back: bool = False) -> None:
        """Press a button, and wait until the row of acts hears again."""
        self.go_to(name, back=back)
        self.press(Qt.Key.Key_Return)
        self.bureau.qtbot.wait(QApplication.doubleClickInterval() + 20)

    def choose(self, name: str) -> None:
        """An entry of the menu that the focused button opens."""
        self.press(Qt.Key.Key_Return)
        menu = QApplication.activePopupWidget()
        assert isinstance(menu, QMenu), "no menu opened"
        for _ in menu.actions():
            QTest.keyClick(menu, Qt.Key.Key_Down)
            found = menu.activeAction()
            if found is not None and found.text() == name:
                QTest.keyClick(menu, Qt.Key.Key_Return)
                self.bureau.settle()
                return
        pytest.fail(f"no {name} in {[a.text() for a in menu.actions()]}")

    def go_to(self, name: str, *, back: bool = False) -> QWidget:
        """Tab until the widget of that name has the focus."""
        passed = []
        for _ in range(_MOST_TABS):
            if self.focus.accessibleName() == name and self.focus.isVisible():
                return self.focus
            passed.append(self.focus.accessibleName() or type(self.focus).__name__)
            QTest.keyClick(self.focus, Qt.Key.Key_Backtab if back else Qt.Key.Key_Tab)
        pytest.fail(f"no way to {name} by Tab, past {passed}")

    def go_to_kind(self, kind: type[QWidget]) -> QWidget:
        """Tab until a widget of that kind has the focus."""
        for _ in range(_MOST_TABS):
            if isinstance(self.focus, kind) and self.focus.isVisible():
                return self.focus
            QTest.keyClick(self.focus, Qt.Key.Key_Tab)
        pytest.fail(f"no way to a {kind.__name__} by Tab")

    def command(self, words: str) -> None:
        """The first command of Ctrl+K that these words name."""
        self.press(Qt.Key.Key_K, CTRL)
        QTest.keyClicks(self.focus, f"> {words}")
        self.press(Qt.Key.Key_Return)

    def find(self, words: str) -> None:
        """Open the first record that Ctrl+K finds, once it was found."""
        self.press(Qt.Key.Key_K, CTRL)
        QTest.keyClicks(self.focus, words)
        QTest.keyClick(self.focus, Qt.Key.Key_Return)
        box = self.bureau.workspace.palette_box
        self.bureau.qtbot.waitUntil(lambda: not box.isVisible())
        self.bureau.settle()

    def open_part(self, name: str, key: Qt.Key) -> None:
        """Walk along the tabs of the record to one of them."""
        self.go_to("Parties de la fiche")
        for _ in range(12):
            bar = self.focus
            if bar.tabText(bar.currentIndex()).startswith(name):  # type: ignore[attr-defined]
                return
            self.press(key)
        pytest.fail(f"no part {name}")
