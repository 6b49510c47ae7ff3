"""Failures by code, the most frequent first, with the share that they make together."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetricsF, QPainter, QPen, QPolygonF

from erp_desktop.reports import palette
from erp_desktop.reports.graduations import paliers
from erp_desktop.reports.managers.rows import Place
from erp_desktop.reports.presentation import FINE, entier
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.tableau.reach import Mark, Reachable

_LEFT, _RIGHT, _TOP, _BOTTOM = 34, 48, 18, 24
VITAL = 80
"""Per cent that the few codes in colour make together."""


@dataclass(frozen=True, slots=True)
class Column:
    """One code."""

    name: str
    count: int
    named: bool
    said: str
    place: Place | None


class Pareto(Reachable):
    """Columns and the line of their running share, both read left to right in every language."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.columns: tuple[Column, ...] = ()
        self._nothing = ""
        self.setMinimumHeight(190)

    def show_columns(self, columns: tuple[Column, ...], nothing: str) -> None:
        self.columns, self._nothing = columns, nothing
        self.current = -1
        self.setAccessibleDescription("; ".join(c.said for c in columns) or nothing)
        self.update()

    def show_nothing(self, words: str) -> None:
        self.show_columns((), words)

    @property
    def shares(self) -> list[float]:
        """Running per cent."""
        whole, sum_, found = sum(c.count for c in self.columns), 0, []
        for column in self.columns:
            sum_ += column.count
            found.append(100 * sum_ / whole)
        return found

    def vital(self) -> int:
        """How many codes it takes to make ``VITAL`` per cent, or all that have a name."""
        named = sum(c.named for c in self.columns)
        return min(next((n for n, share in enumerate(self.shares, start=1) if share >= VITAL), 0), named)

    def _area(self) -> QRectF:
        return QRectF(_LEFT, _TOP, self.width() - _LEFT - _RIGHT, self.height() - _TOP - _BOTTOM)

    def _slot(self, n: int) -> QRectF:
        area = self._area()
        wide = area.width() / max(len(self.columns), 1)
        return QRectF(area.x() + n * wide, 0, wide, self.height())

    def marks(self) -> list[Mark]:
        return [Mark(self._slot(n).toRect(), c.said, c.place) for n, c in enumerate(self.columns)]

    def draw(self, painter: QPainter) -> None:
        look, area = theme(), self._area()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setLayoutDirection(Qt.LayoutDirection.LayoutDirectionAuto)
        if not self.columns:
            painter.setPen(look.color("text.tertiary"))
            painter.setFont(look.font("body"))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._nothing)
            return
        steps = paliers(max(c.count for c in self.columns))
        top = max(steps[-1], *(c.count for c in self.columns))
        caption = look.font("caption")
        painter.setFont(caption)
        for step in steps:
            y = area.bottom() - step / top * area.height()
            painter.setPen(QPen(look.color("border.subtle"), 1))
            painter.drawLine(QPointF(area.x(), y), QPointF(area.right(), y))
            painter.setPen(look.color("text.tertiary"))
            self._words(painter, QRectF(0, y - 9, _LEFT - 6, 18), entier(round(step)), Qt.AlignmentFlag.AlignRight)
        for share in (0, 50, 100):
            y = area.bottom() - share / 100 * area.height()
            box = QRectF(area.right() + 6, y - 9, _RIGHT - 6, 18)
            painter.setPen(look.color("text.tertiary"))
            self._words(painter, box, f"{share}{FINE}%", Qt.AlignmentFlag.AlignLeft)
        series = palette.lire(look.dark).series
        self._bars(painter, area, top, QColor(series[0]), look.color("border.default"))
        self._line(painter, area, QColor(series[1]))
        y = area.bottom() - VITAL / 100 * area.height()
        painter.setPen(QPen(look.color("chart.target"), 1.2, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(area.x(), y), QPointF(area.right(), y))
        box = QRectF(area.right() + 6, y - 9, _RIGHT - 6, 18)
        self._words(painter, box, f"{VITAL}{FINE}%", Qt.AlignmentFlag.AlignLeft)

    def _bars(self, painter: QPainter, area: QRectF, top: float, strong: QColor, pale: QColor) -> None:
        look, few = theme(), self.vital()
        names, counts = QFontMetricsF(look.font("caption")), look.font("strong", tabular=True)
        for n, column in enumerate(self.columns):
            slot = self._slot(n)
            wide = slot.width() * 0.6
            high = column.count / top * area.height()
            bar = QRectF(slot.center().x() - wide / 2, area.bottom() - high, wide, high)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(strong if n < few else pale)
            painter.drawRoundedRect(bar, 2, 2)
            if n >= few:
                # Told apart without colour as well, on paper and in grey.
                painter.setBrush(QBrush(look.color("text.tertiary"), Qt.BrushStyle.BDiagPattern))
                painter.drawRect(bar)
            painter.setFont(counts)
            painter.setPen(look.color("text.primary"))
            self._words(painter, QRectF(slot.x(), bar.y() - 18, slot.width(), 17), entier(column.count),
                        Qt.AlignmentFlag.AlignHCenter)  # fmt: skip
            painter.setFont(look.font("caption"))
            painter.setPen(look.color("text.secondary"))
            name = names.elidedText(column.name, Qt.TextElideMode.ElideRight, slot.width() - 4)
            self._words(painter, QRectF(slot.x(), area.bottom() + 4, slot.width(), 18), name,
                        Qt.AlignmentFlag.AlignHCenter)  # fmt: skip

    def _line(self, painter: QPainter, area: QRectF, colour: QColor) -> None:
        points = [
            QPointF(self._slot(n).center().x(), area.bottom() - share / 100 * area.height())
            for n, share in enumerate(self.shares)
        ]
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(colour, 2))
        painter.drawPolyline(QPolygonF(points))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        for point in points:
            painter.drawEllipse(point, 3, 3)

    @staticmethod
    def _words(painter: QPainter, box: QRectF, words: str, side: Qt.AlignmentFlag) -> None:
        flags = side | Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignAbsolute | Qt.TextFlag.TextSingleLine
        painter.drawText(box, flags, words)
