"""What the colours of cards mean; each card has its statut's icon besides."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from erp_desktop.domain.enums import Statut
from erp_desktop.ui.kit import paint
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.planning.drawing import Pen
from erp_desktop.ui.wording import value_labels

_SHOWN = (Statut.AFFECTEE, Statut.EN_COURS, Statut.EN_ATTENTE, Statut.CLOTUREE)


class Legend(QWidget):
    """Four squares with their words."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(", ".join(value_labels.label(Statut, s) for s in _SHOWN))
        theme().changed.connect(self.update)

    def _width(self, statut: Statut) -> int:
        return paint.metrics("caption").horizontalAdvance(value_labels.label(Statut, statut)) + 30

    def sizeHint(self) -> QSize:
        return QSize(sum(map(self._width, _SHOWN)), 24)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        pen = Pen(painter, self.rect())
        x = 0
        for statut in _SHOWN:
            pen.box(QRect(x, 8, 9, 9), 2, theme().color(f"status.{statut}.solid"))
            room = QRect(x + 14, 0, self._width(statut) - 14, self.height())
            pen.text(room, value_labels.label(Statut, statut), "caption", "text.secondary")
            x += self._width(statut)
        painter.end()
