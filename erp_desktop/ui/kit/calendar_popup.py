"""A month to choose a day in, dropped below a date field."""

from __future__ import annotations

from datetime import date, timedelta

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from erp_desktop.domain.dates import plus_mois
from erp_desktop.ui.kit import paint
from erp_desktop.ui.kit.controls import Button, Text, icon_button
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.kit.theme import theme

_CELL = QSize(36, 30)
_HEAD = 24
DAYS = ("lu", "ma", "me", "je", "ve", "sa", "di")
MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
    "décembre",
)  # fmt: skip


class MonthGrid(QWidget):
    """Six weeks from Monday to Sunday; the arrows move the mark, Enter takes it."""

    moved = Signal(object)
    taken = Signal(object)

    def __init__(self, day: date, today: date, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.day, self._today = day, today
        self._hovered: date | None = None
        self.setFixedSize(7 * _CELL.width(), _HEAD + 6 * _CELL.height())
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)

    def set_day(self, day: date) -> None:
        if 1 <= day.year - 1900 < 8000:
            self.day = day
            self.setAccessibleName(day.strftime("%d/%m/%Y"))
            self.update()
            self.moved.emit(day)

    def first(self) -> date:
        """The Monday at the top."""
        start = self.day.replace(day=1)
        return start - timedelta(days=start.weekday())

    def _box(self, place: int) -> QRect:
        box = QRect(QPoint((place % 7) * _CELL.width(), _HEAD + (place // 7) * _CELL.height()), _CELL)
        return paint.visual(theme().rtl, self.rect(), box)

    def day_at(self, point: QPoint) -> date | None:
        return next((self.first() + timedelta(days=n) for n in range(42) if self._box(n).contains(point)), None)

    def place_of(self, day: date) -> QPoint:
        """The middle of a day's cell."""
        return self._box((day - self.first()).days).center()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, look, middle = QPainter(self), theme(), Qt.AlignmentFlag.AlignCenter
        painter.setFont(look.font("caption"))
        painter.setPen(look.color("text.tertiary"))
        for place, word in enumerate(DAYS):
            box = QRect(place * _CELL.width(), 0, _CELL.width(), _HEAD)
            painter.drawText(paint.visual(look.rtl, self.rect(), box), middle, tr(word))
        for place in range(42):
            day, box = self.first() + timedelta(days=place), self._box(place).adjusted(2, 1, -2, -1)
            ink = "text.primary" if day.month == self.day.month else "text.tertiary"
            if day == self.day:
                paint.rounded(painter, box, 5, look.color("accent.fill"))
                ink = "text.onAccent"
            elif day == self._hovered:
                paint.rounded(painter, box, 5, look.color("surface.hover"))
            if day == self._today and day != self.day:
                paint.rounded(painter, box, 5, None, look.color("accent.fill"))
            painter.setFont(look.font("body", tabular=True))
            painter.setPen(look.color(ink))
            painter.drawText(box, middle, str(day.day))
        painter.end()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, ahead = event.key(), -1 if theme().rtl else 1
        steps = {Qt.Key.Key_Right: ahead, Qt.Key.Key_Left: -ahead, Qt.Key.Key_Down: 7, Qt.Key.Key_Up: -7}
        if key in steps:
            self.set_day(self.day + timedelta(days=steps[Qt.Key(key)]))
        elif key in (Qt.Key.Key_PageDown, Qt.Key.Key_PageUp):
            self.set_day(plus_mois(self.day, 1 if key == Qt.Key.Key_PageDown else -1))
        elif key == Qt.Key.Key_Home:
            self.set_day(self._today)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.taken.emit(self.day)
        else:
            super().keyPressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hovered = self.day_at(event.position().toPoint())
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        day = self.day_at(event.position().toPoint())
        if day is not None:
            self.taken.emit(day)


class CalendarPopup(QFrame):
    """Emits :attr:`chosen` with a date, and closes; Esc closes it alone."""

    chosen = Signal(object)

    def __init__(self, day: date, today: date, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAccessibleName(tr("Calendrier"))
        self.grid = MonthGrid(day, today)
        self._title = Text("", "strong")
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 10, 8)
        column.setSpacing(4)
        head = QHBoxLayout()
        head.addWidget(icon_button("caret-left", tr("Mois précédent"), lambda: self._turn(-1), steps=True))
        head.addStretch()
        head.addWidget(self._title)
        head.addStretch()
        head.addWidget(icon_button("caret-right", tr("Mois suivant"), lambda: self._turn(1), steps=True))
        column.addLayout(head)
        column.addWidget(self.grid)
        now = Button(tr("Aujourd'hui"), "link", on_click=lambda: self._take(today))
        column.addWidget(now, 0, Qt.AlignmentFlag.AlignHCenter)
        self.grid.moved.connect(lambda _day: self._name())
        self.grid.taken.connect(self._take)
        self._name()

    def _name(self) -> None:
        self._title.setText(f"{tr(MONTHS[self.grid.day.month - 1])} {self.grid.day.year}")

    def _turn(self, months: int) -> None:
        self.grid.set_day(plus_mois(self.grid.day, months))

    def _take(self, day: date) -> None:
        self.chosen.emit(day)
        self.close()

    def drop(self, field: QWidget) -> None:
        """Open below a field, within its screen."""
        self.adjustSize()
        room = field.screen().availableGeometry()
        corner = field.mapToGlobal(QPoint(field.width() - self.width() if theme().rtl else 0, field.height() + 2))
        if corner.y() + self.height() > room.bottom():
            corner.setY(field.mapToGlobal(QPoint(0, 0)).y() - self.height() - 2)
        corner.setX(max(room.left(), min(corner.x(), room.right() - self.width())))
        self.move(corner)
        self.show()
        self.grid.setFocus(Qt.FocusReason.PopupFocusReason)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, look = QPainter(self), theme()
        painter.fillRect(self.rect(), look.color("surface.raised"))
        painter.setPen(look.color("border.default"))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()
