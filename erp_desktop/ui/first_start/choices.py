"""The step line, the three choice cards and what a step says when it went wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from erp_desktop.errors import ErpError
from erp_desktop.ui.kit import icons, paint
from erp_desktop.ui.kit.i18n import said, tr
from erp_desktop.ui.kit.ring import KeyboardRing
from erp_desktop.ui.kit.surfaces import Banner
from erp_desktop.ui.kit.theme import theme


class Carte(KeyboardRing, QAbstractButton):
    """One way to work: icon, title, two lines, two promises, the key that chooses it."""

    opened = Signal()
    """Double click or Enter: go on with this one."""
    moved = Signal(int)

    def __init__(
        self, key: str, icon: str, title: str, words: str, promises: Sequence[str], *, badge: str = "",
        parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self._key, self._icon, self._words, self._badge = key, icon, words, badge
        self._promises = list(promises)
        self.setText(title)
        self.setCheckable(True)
        self.setAutoExclusive(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(title)
        self.setAccessibleDescription(" ".join([words, *self._promises]))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(113)

    def sizeHint(self) -> QSize:
        return QSize(760, 113)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.setChecked(True)
            self.opened.emit()
        elif event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.moved.emit(1 if event.key() == Qt.Key.Key_Down else -1)
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, look, rtl, box = QPainter(self), theme(), theme().rtl, self.rect()
        on = self.isChecked()
        ground = "surface.selected" if on else "surface.hover" if self.underMouse() else "surface.raised"
        paint.rounded(painter, box, 8, look.color(ground), look.color("accent.fill" if on else "border.default"))
        tile = paint.visual(rtl, box, QRect(20, 32, 48, 48))
        paint.rounded(painter, tile, 8, look.color("accent.fill" if on else "surface.app"))
        icons.draw(painter, tile, self._icon, look.color("text.onAccent" if on else "text.secondary"), 24)
        right = box.width() - 60
        self._title(painter, box, rtl)
        body = look.font("body")
        words = paint.visual(rtl, box, QRect(86, 42, right - 86, 38))
        painter.setFont(body)
        painter.setPen(look.color("text.secondary"))
        flags = int((paint.leading(rtl) & ~Qt.AlignmentFlag.AlignVCenter) | Qt.AlignmentFlag.AlignTop)
        painter.setLayoutDirection(Qt.LayoutDirection.LayoutDirectionAuto)
        painter.drawText(words, flags | int(Qt.TextFlag.TextWordWrap), self._words)
        x = 86
        for promise in self._promises:
            icons.draw(painter, paint.visual(rtl, box, QRect(x, 82, 14, 16)), "check",
                       look.color("semantic.success.solid"), 13, "bold")  # fmt: skip
            wide = paint.metrics("body").horizontalAdvance(promise) + 2
            paint.text(painter, paint.visual(rtl, box, QRect(x + 18, 82, wide, 16)), promise, rtl=rtl, font=body,
                       colour=look.color("text.secondary"))  # fmt: skip
            x += wide + 34
        spot = paint.visual(rtl, box, QRect(box.width() - 42, 46, 20, 20))
        if on:
            paint.rounded(painter, spot, 10, look.color("accent.fill"))
            icons.draw(painter, spot, "check", look.color("text.onAccent"), 12, "bold")
        else:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(look.color("border.control"), 1.4))
            painter.drawEllipse(spot)
        if self._ring:
            paint.focus_ring(painter, box, 7)
        painter.end()

    def _title(self, painter: QPainter, box: QRect, rtl: bool) -> None:
        look = theme()
        font = look.font("title")
        wide = QFontMetrics(font).horizontalAdvance(self.text()) + 4
        place = paint.visual(rtl, box, QRect(86, 14, wide, 26))
        paint.text(painter, place, self.text(), rtl=rtl, font=font, colour=look.color("text.primary"))
        if self._badge:
            strong = look.font("strong")
            badge_wide = QFontMetrics(strong).horizontalAdvance(self._badge) + 14
            badge = paint.visual(rtl, box, QRect(86 + wide + 8, 18, badge_wide, 19))
            paint.rounded(painter, badge, 4, look.color("semantic.info.soft"))
            painter.setFont(strong)
            painter.setPen(look.color("semantic.info.text"))
            painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, self._badge)
        paint.keycap(painter, paint.visual(rtl, box, QRect(box.width() - 84, 18, 22, 18)), self._key)


def trouble(error: Exception, use_file: Callable[[], None]) -> Banner:
    """Why a step did not end; without a keyring, the offer to keep secrets in a file (``use_file``)."""
    known = isinstance(error, ErpError)
    if known and "--secrets" in str(error):
        return Banner(
            "warning", tr("Aucun trousseau de clés ne répond sur ce PC."),
            detail=tr("Les secrets peuvent être gardés dans un fichier que vous seul pouvez lire."),
            action=tr("Utiliser un fichier protégé"), on_action=use_file,
        )  # fmt: skip
    words = said(str(error)) if known else tr("Une erreur inattendue a tout arrêté.")
    return Banner("danger", words, detail=tr("Rien n'a été installé sur ce poste ; corrigez puis recommencez."))
