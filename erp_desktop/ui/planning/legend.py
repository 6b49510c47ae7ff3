"""What the colours of cards mean; each card has its statut's icon besides."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from erp_desktop.domain.enums import Statut
from erp_desktop.ui.kit import paint
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.planning.drawing import Pen
from erp_desktop.ui.wording import value_labels

_SHOWN = (Statut.AFFECTEE, Statut.EN_COURS, Statut.EN_ATTENTE, Statut.CLOTUREE)


class Legend(QWidget):
    """Four squares with their words; of a day, the dots of a travel before them.

    Args:
        day: the button that is pressed while the board shows one day.
    """

    def __init__(self, day: QAbstractButton, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self.update)
        day.toggled.connect(self._show_travel)
        self._show_travel(day.isChecked())

    def _show_travel(self, shown: bool) -> None:
        self.travel = tr("Trajet") if shown else ""
        words = (value_labels.label(Statut, s) for s in _SHOWN)
        self.setAccessibleName(", ".join(filter(None, (self.travel, *words))))
        self.updateGeometry()
        self.update()

    def _road(self) -> int:
        return paint.metrics("caption").horizontalAdvance(self.travel) + 42 if self.travel else 0

    def _width(self, statut: Statut) -> int:
        return paint.metrics("caption").horizontalAdvance(value_labels.label(Statut, statut)) + 30

    def sizeHint(self) -> QSize:
        return QSize(self._road() + sum(map(self._width, _SHOWN)), 24)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        pen = Pen(painter, self.rect())
        x = self._road()
        if self.travel:
            painter.setPen(QPen(theme().color("text.tertiary"), 2, Qt.PenStyle.DotLine))
            dots = pen.place(QRect(0, 12, 20, 1))
            painter.drawLine(dots.left(), 12, dots.right(), 12)
            pen.text(QRect(26, 0, x - 26, self.height()), self.travel, "caption", "text.secondary")
        for statut in _SHOWN:
            pen.box(QRect(x, 8, 9, 9), 2, theme().color(f"status.{statut}.solid"))
            room = QRect(x + 14, 0, self._width(statut) - 14, self.height())
            pen.text(room, value_labels.label(Statut, statut), "caption", "text.secondary")
            x += self._width(statut)
        painter.end()
