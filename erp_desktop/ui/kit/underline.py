"""Tabs inside a form: words with an accent line under the current one."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QTabBar, QToolButton, QWidget

from erp_desktop.ui.kit import paint
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.kit.theme import theme


class UnderlineTabs(QTabBar):
    """A painted tab bar; ``changed`` carries the index."""

    changed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setDrawBase(False)
        self.setExpanding(False)
        self.setFixedHeight(38)
        self.setAccessibleName(tr("Parties de la fiche"))
        self._titles: list[str] = []
        self.currentChanged.connect(self.changed)
        # Arrow keys go through all tabs; what scrolls those that have no room is for the mouse.
        for arrow in self.findChildren(QToolButton):
            arrow.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            arrow.setStyleSheet("QToolButton { border: none; background: palette(base); }")

    def add(self, title: str) -> int:
        self._titles.append(title)
        return self.addTab(title)

    def set_count(self, index: int, number: int) -> None:
        self.setTabText(index, f"{self._titles[index]} {number}" if number else self._titles[index])

    def set_current(self, index: int) -> None:
        self.setCurrentIndex(index)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, look = QPainter(self), theme()
        painter.fillRect(0, self.height() - 1, self.width(), 1, look.color("border.default"))
        for index in range(self.count()):
            tab, on = self.tabRect(index), index == self.currentIndex()
            painter.setFont(look.font("strong" if on else "body"))
            painter.setPen(look.color("accent.text" if on else "text.secondary"))
            painter.drawText(tab, Qt.AlignmentFlag.AlignCenter, self.tabText(index))
            if on:
                painter.fillRect(tab.x() + 4, self.height() - 2, tab.width() - 8, 2, look.color("accent.fill"))
                if self.hasFocus():
                    paint.rounded(painter, tab.adjusted(4, 5, -4, -6), 4, None, look.color("focus"), 2)
        painter.end()
