"""The bell of the top bar, with how many notices are unread."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from erp_desktop.ui.kit import icons, paint
from erp_desktop.ui.kit.controls import EnterPresses, plain
from erp_desktop.ui.kit.i18n import number, tr
from erp_desktop.ui.kit.ring import KeyboardRing
from erp_desktop.ui.kit.theme import theme

_MOST = 99


class Bell(KeyboardRing, EnterPresses, QAbstractButton):
    """Opens the notices; the count is in its name too, for who cannot see it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.count = 0
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        theme().changed.connect(self.update)
        self.set_count(0)

    def set_count(self, count: int) -> None:
        self.count = count
        words = tr("Notifications (F8)")
        if count:
            words = f"{words}, {tr('1 non lue') if count == 1 else tr('{n} non lues', n=number(count))}"
        self.setAccessibleName(words)
        self.setToolTip(plain(words))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(36, 32)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, look, rtl, box = QPainter(self), theme(), theme().rtl, self.rect()
        if self.underMouse() or self.isDown():
            paint.rounded(painter, box.adjusted(2, 1, -2, -1), 6, look.color("surface.hover"))
        icons.draw(painter, box, "bell", look.color("text.primary" if self.count else "text.secondary"), 18)
        if self.count:
            words = str(self.count) if self.count <= _MOST else f"{_MOST}+"
            wide = max(16, paint.metrics("caption").horizontalAdvance(words) + 8)
            badge = paint.visual(rtl, box, QRect(box.width() - wide, 0, wide, 16))
            paint.rounded(painter, badge, 8, look.color("semantic.danger.solid"))
            painter.setFont(look.font("caption"))
            painter.setPen(look.color("text.onAccent"))
            painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, words)
        if self._ring:
            paint.focus_ring(painter, box, 6)
        painter.end()
