"""Tabs inside a form: words with an accent line under the current one; those without room wait in a menu."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QTabBar, QWidget

from erp_desktop.ui.kit import paint
from erp_desktop.ui.kit.controls import Button
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.kit.theme import theme

_HEIGHT = 38


class _Bar(QTabBar):
    """The painted words."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setDrawBase(False)
        self.setExpanding(False)
        self.setUsesScrollButtons(False)
        self.setElideMode(Qt.TextElideMode.ElideNone)
        self.setFixedHeight(_HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, _HEIGHT)

    def tabSizeHint(self, index: int) -> QSize:
        return QSize(paint.metrics("strong").horizontalAdvance(self.tabText(index)) + 20, _HEIGHT)

    def minimumTabSizeHint(self, index: int) -> QSize:
        return self.tabSizeHint(index)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, look = QPainter(self), theme()
        painter.fillRect(0, self.height() - 1, self.width(), 1, look.color("border.default"))
        for index in range(self.count()):
            if not self.isTabVisible(index):
                continue
            tab, on = self.tabRect(index), index == self.currentIndex()
            painter.setFont(look.font("strong" if on else "body"))
            painter.setPen(look.color("accent.text" if on else "text.secondary"))
            painter.drawText(tab, Qt.AlignmentFlag.AlignCenter, self.tabText(index))
            if on:
                painter.fillRect(tab.x() + 4, self.height() - 2, tab.width() - 8, 2, look.color("accent.fill"))
                if self.hasFocus():
                    paint.rounded(painter, tab.adjusted(4, 5, -4, -6), 4, None, look.color("focus"), 2)
        painter.end()


class UnderlineTabs(QWidget):
    """A painted tab bar; ``changed`` carries the index.

    What has no room is in the menu at the end, in its order; a tab chosen there takes the last place in sight.
    Arrow keys walk through all of them.
    """

    changed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(_HEIGHT)
        self.bar = _Bar(self)
        self.bar.setAccessibleName(tr("Parties de la fiche"))
        self.bar.installEventFilter(self)
        self.setFocusProxy(self.bar)
        self.more = Button(
            "", "ghost", icon="dots-three", tip=tr("Autres parties de la fiche"), on_click=self.open_menu
        )
        self.more.setFixedSize(36, 30)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.bar, 1)
        row.addWidget(self.more)
        self.more.hide()
        self._titles: list[str] = []
        self._offered: list[bool] = []
        self.bar.currentChanged.connect(self._moved)

    def add(self, title: str) -> int:
        self._titles.append(title)
        self._offered.append(True)
        index = self.bar.addTab(title)
        self._fit()
        return index

    def count(self) -> int:
        return self.bar.count()

    def tabText(self, index: int) -> str:
        return self.bar.tabText(index)

    def set_count(self, index: int, number: int) -> None:
        self.bar.setTabText(index, f"{self._titles[index]} {number}" if number else self._titles[index])
        self._fit()

    def set_offered(self, index: int, on: bool) -> None:
        """Whether the record has anything for this tab."""
        if self._offered[index] == on:
            return
        self._offered[index] = on
        if not on and self.bar.currentIndex() == index:
            self.bar.setCurrentIndex(0)
        self._fit()

    def offered(self, index: int) -> bool:
        return self._offered[index]

    def current(self) -> int:
        return self.bar.currentIndex()

    def set_current(self, index: int) -> None:
        if self._offered[index] and index != self.bar.currentIndex():
            # What leaves goes first: the bar would scroll to a tab without room, and not come back.
            with QSignalBlocker(self.bar):
                self._fit(index)
                self.bar.setCurrentIndex(index)
            self._moved(index)

    def hidden(self) -> list[int]:
        """Tabs that the record has and that wait in the menu."""
        return [i for i, on in enumerate(self._offered) if on and not self.bar.isTabVisible(i)]

    def _moved(self, index: int) -> None:
        self._fit()
        self.changed.emit(index)

    def _fit(self, current: int | None = None) -> None:
        """Show as many as there is room for, ``current`` among them, else the one that is."""
        wanted = [i for i, on in enumerate(self._offered) if on]
        widths = {i: self.bar.tabSizeHint(i).width() for i in wanted}
        room, current = self.width(), self.bar.currentIndex() if current is None else current
        shown = list(wanted)
        if sum(widths.values()) > room:
            room -= self.more.width()
            shown = [current] if current in widths else []
            for i in (i for i in wanted if i != current):
                if sum(widths[j] for j in shown) + widths[i] > room:
                    break
                shown.append(i)
        changed = [i for i in range(self.bar.count()) if self.bar.isTabVisible(i) != (i in shown)]
        for i in sorted(changed, key=shown.__contains__):
            self.bar.setTabVisible(i, i in shown)
        self.more.setVisible(len(shown) < len(wanted))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(0, self.height() - 1, self.width(), 1, theme().color("border.default"))
        painter.end()

    def open_menu(self) -> None:
        menu = QMenu(self)
        for index in self.hidden():
            entry = menu.addAction(self.bar.tabText(index))
            entry.triggered.connect(lambda _on=False, index=index: self._chosen(index))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.more.mapToGlobal(self.more.rect().bottomLeft()))

    def _chosen(self, index: int) -> None:
        self.set_current(index)
        self.bar.setFocus(Qt.FocusReason.OtherFocusReason)

    def step(self, by: int) -> None:
        """Go to the next tab that the record has, or the one before, whether it is in sight or in the menu."""
        wanted = [i for i, on in enumerate(self._offered) if on]
        place = wanted.index(self.bar.currentIndex()) + by if self.bar.currentIndex() in wanted else 0
        if 0 <= place < len(wanted):
            self.set_current(wanted[place])

    def eventFilter(self, watched: QWidget, event: QEvent) -> bool:  # type: ignore[override]
        if watched is self.bar and event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
            forward = Qt.Key.Key_Left if rtl else Qt.Key.Key_Right
            if event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right):
                self.step(1 if event.key() == forward else -1)
                return True
        return False
