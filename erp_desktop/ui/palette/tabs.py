"""The sections that answered, in a row below the box."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton

from erp_desktop.ui.kit import paint
from erp_desktop.ui.kit.theme import theme


class SectionTab(QAbstractButton):
    """A section to narrow to, with how many answered in it."""

    def __init__(self, table: str, label: str, count: str, on: bool) -> None:
        super().__init__()
        self.table, self._count, self._on = table, count, on
        self.setText(label)
        self.setAccessibleName(f"{label} {count}")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def sizeHint(self) -> QSize:
        return QSize(paint.metrics("body").horizontalAdvance(self.text()) + self._room() + 22, 24)

    def _room(self) -> int:
        return paint.metrics("caption").horizontalAdvance(self._count) + 10 if self._count else 0

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, look, box, rtl = QPainter(self), theme(), self.rect(), theme().rtl
        paint.rounded(painter, box, 12, look.color("surface.selected" if self._on else "surface.base"),
                      look.color("accent.border" if self._on else "border.default"))  # fmt: skip
        ink = look.color("accent.text" if self._on else "text.primary")
        words = QRect(11, 0, box.width() - self._room() - 20, box.height())
        paint.text(painter, paint.visual(rtl, box, words), self.text(), rtl=rtl, font=look.font("body"), colour=ink)
        if self._count:
            place = QRect(box.width() - self._room() - 6, 0, self._room(), box.height())
            painter.setFont(look.font("caption"))
            painter.setPen(look.color("accent.text" if self._on else "text.secondary"))
            painter.drawText(paint.visual(rtl, box, place), Qt.AlignmentFlag.AlignCenter, self._count)
        painter.end()
