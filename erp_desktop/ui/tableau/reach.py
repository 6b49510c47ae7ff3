"""What every chart of the dashboard shares: marks that pointer and keyboard reach, and that open their rows."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPoint, QRect, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from erp_desktop.reports.managers.rows import Place
from erp_desktop.ui.kit import paint
from erp_desktop.ui.kit.controls import plain
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.kit.states import Fading
from erp_desktop.ui.kit.theme import theme


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark: where it is, what a screen reader says of it, and where its rows are."""

    box: QRect
    said: str
    place: Place | None


class Reachable(Fading, QWidget):
    """Tab comes here, arrows go from mark to mark, Enter or a click opens; subclasses paint and tell their marks."""

    opened = Signal(object)
    """A :class:`Place`."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.current = -1
        theme().changed.connect(self.update)

    def show_nothing(self, words: str) -> None:
        """No marks, and why."""
        raise NotImplementedError

    def marks(self) -> list[Mark]:
        """In the order of the arrows."""
        raise NotImplementedError

    def draw(self, painter: QPainter) -> None:
        """Everything but the frame of the current mark."""
        raise NotImplementedError

    def fade(self, faded: bool) -> None:
        said = self.accessibleDescription()
        super().fade(faded)
        if self.current >= 0:
            # What keys are on goes on being said.
            self.setAccessibleDescription(said)

    @property
    def rtl(self) -> bool:
        return self.layoutDirection() == Qt.LayoutDirection.RightToLeft

    def go(self, place: int) -> None:
        """Make a mark the current one, and say it."""
        marks = self.marks()
        self.current = max(-1, min(place, len(marks) - 1))
        if self.current >= 0:
            self.setAccessibleDescription(marks[self.current].said)
            QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.DescriptionChanged))
        self.update()

    def open(self) -> None:
        marks = self.marks()
        place = marks[self.current].place if 0 <= self.current < len(marks) else None
        if place is not None:
            self.opened.emit(place)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, last = event.key(), len(self.marks()) - 1
        ahead = Qt.Key.Key_Left if self.rtl else Qt.Key.Key_Right
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.open()
        elif key in (Qt.Key.Key_Down, ahead):
            self.go(min(self.current + 1, last))
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Left, Qt.Key.Key_Right):
            self.go(max(self.current - 1, 0))
        elif key == Qt.Key.Key_Home:
            self.go(0)
        elif key == Qt.Key.Key_End:
            self.go(last)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if self.current < 0 and event.reason() != Qt.FocusReason.MouseFocusReason:
            self.go(0)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.go(-1)

    def _at(self, where: QPoint) -> int:
        return next((n for n, m in enumerate(self.marks()) if m.box.contains(where)), -1)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        found = self._at(event.position().toPoint())
        if found != self.current and not self.hasFocus():
            self.current = found
            self.update()
        self.setCursor(Qt.CursorShape.PointingHandCursor if found >= 0 else Qt.CursorShape.ArrowCursor)

    def leaveEvent(self, event: QEvent) -> None:
        if not self.hasFocus():
            self.current = -1
            self.update()
        super().leaveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        found = self._at(event.position().toPoint())
        if found >= 0 and event.button() == Qt.MouseButton.LeftButton:
            self.current = found
            self.open()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            found = self._at(event.pos())
            if found >= 0:
                words = tr("{quoi} ; Entrée ouvre les lignes", quoi=self.marks()[found].said)
                old = "\n" + tr(self.OLD) if self.faded else ""
                QToolTip.showText(event.globalPos(), plain(words + old))
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, look = QPainter(self), theme()
        painter.setOpacity(self.PALE if self.faded else 1.0)
        marks = self.marks()
        if 0 <= self.current < len(marks):
            box = marks[self.current].box
            paint.rounded(painter, box, 6, look.color("surface.selected"), look.color("accent.border"))
        self.draw(painter)
        if self.hasFocus() and 0 <= self.current < len(marks):
            paint.focus_ring(painter, marks[self.current].box, 4)
        painter.end()
