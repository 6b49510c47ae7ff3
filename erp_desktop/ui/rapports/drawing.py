"""A still chart in the theme's colours: bars, a line, words and an axis, given in the units of the data.

Painted here: a plotting library brought forty megabytes of numbers that four charts do not need.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from erp_desktop.ui.kit.theme import theme

_HIGH, _GAP, _EDGE, _POINT = 230, 8, 6, 2.5
Ticks = Sequence[tuple[float, str]]
Points = Sequence[tuple[float, float | None]]


@dataclass(frozen=True, slots=True)
class _Bar:
    colour: QColor
    left: float
    bottom: float
    right: float
    top: float


@dataclass(frozen=True, slots=True)
class _Line:
    colour: QColor
    points: Points
    marks: bool
    floor: float | None


@dataclass(frozen=True, slots=True)
class _Words:
    x: float
    y: float
    words: str
    anchor: tuple[float, float]
    colour: str
    role: str


class Chart(QWidget):
    """Holds what was drawn in it last; nothing moves, the wheel scrolls the page.

    Time runs left to right and values upwards in every language. What the chart says is its accessible name.
    """

    NONE: Final = "text.tertiary"

    def __init__(self) -> None:
        super().__init__()
        self.setMinimumHeight(_HIGH)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.clear()

    def clear(self) -> None:
        """An empty chart."""
        self._bars: list[_Bar] = []
        self._lines: list[_Line] = []
        self._words: list[_Words] = []
        self._grid: list[tuple[float, str]] = []
        self._ticks: dict[str, list[tuple[float, str]]] = {"left": [], "bottom": []}
        self._range = (0.0, 1.0, 0.0, 1.0)
        self._empty = ""
        self.update()

    def grid(self, at: Sequence[float], write: Callable[[float], str], side: str = "left") -> None:
        """Graduations of one axis, each written and, but for the first, drawn across."""
        self._grid += [(value, side) for value in at[1:]]
        self._ticks[side] = [(value, write(value)) for value in at]

    def ticks(self, side: str, ticks: Ticks) -> None:
        """Words along an axis: ``left`` or ``bottom``."""
        self._ticks[side] = list(ticks)

    def bar(self, colour: QColor | str, left: float, bottom: float, width: float, height: float) -> None:
        self._bars.append(_Bar(QColor(colour), left, bottom, left + width, bottom + height))

    def line(self, colour: QColor | str, points: Points, *, marks: bool = False, floor: float | None = None) -> None:
        """A line through the points, broken where there is no value.

        Args:
            marks: draw the points too.
            floor: tint what is between the line and this value.
        """
        self._lines.append(_Line(QColor(colour), points, marks, floor))

    def label(
        self, x: float, y: float, words: str, anchor: tuple[float, float], colour: str, role: str = "strong"
    ) -> None:
        """Words at a point; ``anchor`` is the place in the words that lies there, (0, 0) their upper left."""
        self._words.append(_Words(x, y, words, anchor, colour, role))

    def show_range(self, left: float, right: float, bottom: float, top: float) -> None:
        """What of the data is seen."""
        self._range = (left, right, bottom, top if top > bottom else bottom + 1)
        self.update()

    def nothing(self, words: str) -> None:
        """Say that there is nothing, in the middle."""
        self.clear()
        self._empty = words
        self.setAccessibleName(words)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, look = QPainter(self), theme()
        painter.fillRect(self.rect(), look.color("surface.raised"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        # Figures and their signs keep their order whatever the language of the window.
        painter.setLayoutDirection(Qt.LayoutDirection.LayoutDirectionAuto)
        if self._empty:
            painter.setFont(look.font("body"))
            painter.setPen(look.color(self.NONE))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._empty)
        else:
            self._paint(painter)
        if self.hasFocus():
            painter.setPen(QPen(look.color("focus"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 4, 4)
        painter.end()

    def _paint(self, painter: QPainter) -> None:
        look = theme()
        metrics = QFontMetricsF(look.font("caption"))
        wide = max((metrics.horizontalAdvance(words) for _value, words in self._ticks["left"]), default=0.0)
        below = metrics.height() + _GAP if self._ticks["bottom"] else _EDGE
        left = wide + _GAP + _EDGE
        area = QRectF(left, _EDGE, self.width() - left - _EDGE, self.height() - below - _EDGE)
        x0, x1, y0, y1 = self._range

        def place(x: float, y: float) -> QPointF:
            return QPointF(
                area.left() + (x - x0) / (x1 - x0) * area.width(),
                area.bottom() - (y - y0) / (y1 - y0) * area.height(),
            )

        painter.setPen(QPen(look.color("border.subtle"), 1))
        for value, side in self._grid:
            spot = place(value, value)
            if side == "left":
                painter.drawLine(QPointF(area.left(), spot.y()), QPointF(area.right(), spot.y()))
            else:
                painter.drawLine(QPointF(spot.x(), area.top()), QPointF(spot.x(), area.bottom()))
        painter.setPen(Qt.PenStyle.NoPen)
        for bar in self._bars:
            painter.setBrush(bar.colour)
            painter.drawRect(QRectF(place(bar.left, bar.top), place(bar.right, bar.bottom)))
        for line in self._lines:
            self._paint_line(painter, line, place)
        painter.setPen(QPen(look.color("border.default"), 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        self._paint_words(painter, area, place)

    @staticmethod
    def _paint_line(painter: QPainter, line: _Line, place: Callable[[float, float], QPointF]) -> None:
        pieces: list[list[QPointF]] = [[]]
        for x, y in line.points:
            if y is None:
                pieces.append([])
            else:
                pieces[-1].append(place(x, y))
        for piece in filter(None, pieces):
            if line.floor is not None:
                ground = place(0, line.floor).y()
                tint = QColor(line.colour)
                tint.setAlpha(30)
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(tint)
                painter.drawPolygon(
                    QPolygonF([QPointF(piece[0].x(), ground), *piece, QPointF(piece[-1].x(), ground)])
                )
            painter.setPen(QPen(line.colour, 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPolyline(QPolygonF(piece))
            # A value between two gaps is seen as a point.
            if line.marks or len(piece) == 1:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(line.colour)
                for spot in piece:
                    painter.drawEllipse(spot, _POINT, _POINT)

    def _paint_words(self, painter: QPainter, area: QRectF, place: Callable[[float, float], QPointF]) -> None:
        look = theme()
        for word in self._words:
            font = look.font(word.role)
            metrics = QFontMetricsF(font)
            wide, high = metrics.horizontalAdvance(word.words), metrics.height()
            spot = place(word.x, word.y)
            box = QRectF(spot.x() - word.anchor[0] * wide, spot.y() - word.anchor[1] * high, wide + 1, high)
            painter.setFont(font)
            painter.setPen(look.color(word.colour))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextSingleLine, word.words)
        font = look.font("caption")
        metrics = QFontMetricsF(font)
        high = metrics.height()
        painter.setFont(font)
        painter.setPen(look.color("text.tertiary"))
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignAbsolute | Qt.TextFlag.TextSingleLine
        for value, words in self._ticks["left"]:
            y = place(0, value).y()
            painter.drawText(
                QRectF(0, y - high / 2, area.left() - _GAP, high), Qt.AlignmentFlag.AlignRight | flags, words
            )
        for value, words in self._ticks["bottom"]:
            x, wide = place(value, 0).x(), metrics.horizontalAdvance(words) + 2
            # The first and the last stay inside the chart.
            start = min(max(x - wide / 2, 0.0), self.width() - wide)
            painter.drawText(
                QRectF(start, area.bottom() + _GAP / 2, wide, high), Qt.AlignmentFlag.AlignHCenter | flags, words
            )
