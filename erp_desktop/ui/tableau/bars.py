"""Rows of horizontal bars: one column with a target, or several beside each other; each row opens its rows."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from erp_desktop.reports.managers.rows import Place
from erp_desktop.ui.kit import icons, paint
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.tableau.reach import Mark, Reachable

_HEAD, _FOOT, _BAR, _END, _EXTRA = 20, 24, 14, 54, 44


@dataclass(frozen=True, slots=True)
class Cell:
    """A bar: the parts that it is made of, each a length and a colour of the theme, and the words at its end."""

    parts: tuple[tuple[float, str], ...]
    words: str
    tone: str = "text.primary"


@dataclass(frozen=True, slots=True)
class Row:
    """One row; ``extra`` stands at its end, an ``icon`` behind its name."""

    name: str
    cells: tuple[Cell, ...]
    said: str
    place: Place | None
    extra: str = ""
    tone: str = "text.tertiary"
    icon: str = ""


@dataclass(frozen=True, slots=True)
class Scale:
    """What a column goes from and to.

    Attributes:
        head: above the column.
        target: a dashed line across, with its words below.
        track: whether the whole length is tinted behind each bar.
    """

    top: float
    floor: float = 0.0
    head: str = ""
    target: float | None = None
    target_words: str = ""
    floor_words: str = ""
    track: bool = False


class Bars(Reachable):
    """The rows given last; without any, the words that say so."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.rows: tuple[Row, ...] = ()
        self.scales: tuple[Scale, ...] = ()
        self.legend: tuple[tuple[str, str], ...] = ()
        self._nothing = ""
        self.setMinimumHeight(150)

    def show_rows(
        self, rows: tuple[Row, ...], scales: tuple[Scale, ...], nothing: str, legend: tuple[tuple[str, str], ...] = ()
    ) -> None:
        """Args: legend: colour and name of each part."""
        self.rows, self.scales, self.legend, self._nothing = rows, scales, legend, nothing
        self.current = -1
        self.setAccessibleDescription("; ".join(row.said for row in rows) or nothing)
        self.update()

    def show_nothing(self, words: str) -> None:
        self.show_rows((), (), words)

    def _head(self) -> int:
        return _HEAD if any(s.head for s in self.scales) else 2

    def _foot(self) -> int:
        if self.legend:
            return self.height() - self._legend_boxes()[0][0].y() + 3
        return _FOOT if any(s.target_words or s.floor_words for s in self.scales) else 2

    def _row_box(self, n: int) -> QRect:
        room = self.height() - self._head() - self._foot()
        high = min(38, max(20, room // max(len(self.rows), 1)))
        return QRect(0, self._head() + n * high, self.width(), high)

    def marks(self) -> list[Mark]:
        return [Mark(self._row_box(n), row.said, row.place) for n, row in enumerate(self.rows)]

    def _columns(self) -> tuple[int, list[QRect]]:
        """Width of the names, and where each column's bars go, in left-to-right coordinates."""
        metrics = paint.metrics("body")
        named = max((metrics.horizontalAdvance(r.name) + (20 if r.icon else 0) for r in self.rows), default=0)
        left = min(named + 10, self.width() * 2 // 5) + 8
        extra = _EXTRA if any(r.extra for r in self.rows) else 4
        each = (self.width() - left - extra) // max(len(self.scales), 1)
        return left, [QRect(left + n * each, 0, max(each - _END, 20), 0) for n in range(len(self.scales))]

    def draw(self, painter: QPainter) -> None:
        look, outer, rtl = theme(), self.rect(), self.rtl
        if not self.rows:
            painter.setPen(look.color("text.tertiary"))
            painter.setFont(look.font("body"))
            painter.drawText(outer, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._nothing)
            return
        left, columns = self._columns()
        for scale, column in zip(self.scales, columns, strict=True):
            if scale.head:
                box = QRect(column.x(), 0, column.width() + _END, _HEAD)
                paint.text(painter, paint.visual(rtl, outer, box), scale.head, rtl=rtl, font=look.font("caption"),
                           colour=look.color("text.secondary"))  # fmt: skip
        for n, row in enumerate(self.rows):
            self._draw_row(painter, self._row_box(n), row, left, columns, rtl)
        self._draw_foot(painter, columns, rtl)

    def _draw_row(self, painter: QPainter, box: QRect, row: Row, left: int, columns: list[QRect], rtl: bool) -> None:
        look, outer = theme(), self.rect()
        name = QRect(8, box.y(), left - 12 - (20 if row.icon else 0), box.height())
        paint.text(painter, paint.visual(rtl, outer, name), row.name, rtl=rtl, font=look.font("body"),
                   colour=look.color("text.secondary"))  # fmt: skip
        if row.icon:
            place = QRect(left - 24, box.y(), 14, box.height())
            icons.draw(painter, paint.visual(rtl, outer, place), row.icon, look.color("semantic.warning.text"), 14)
        top = box.y() + (box.height() - _BAR) // 2
        for scale, column, cell in zip(self.scales, columns, row.cells, strict=True):
            if scale.track:
                track = QRect(column.x(), top, column.width(), _BAR)
                paint.rounded(painter, paint.visual(rtl, outer, track), 3, look.color("sla.track"))
            x = column.x()
            for length, colour in cell.parts:
                wide = self._length(length, scale, column)
                if wide > 0:
                    part = QRect(x, top, max(wide - 1, 2), _BAR)
                    paint.rounded(painter, paint.visual(rtl, outer, part), 2, _tint(colour))
                    x += max(wide, 3)
            end = column.right() + 1 if scale.track else x
            words = QRect(end + 6, box.y(), _END - 8 + (column.right() - end if not scale.track else 0), box.height())
            paint.text(painter, paint.visual(rtl, outer, words), cell.words, rtl=rtl,
                       font=look.font("strong", tabular=True), colour=look.color(cell.tone))  # fmt: skip
        if row.extra:
            place = QRect(self.width() - _EXTRA, box.y(), _EXTRA - 4, box.height())
            paint.text(painter, paint.visual(rtl, outer, place), row.extra, rtl=rtl, font=look.font("body"),
                       colour=look.color(row.tone))  # fmt: skip

    @staticmethod
    def _length(value: float, scale: Scale, column: QRect) -> int:
        part = (value - scale.floor) / (scale.top - scale.floor) if scale.top > scale.floor else 0.0
        return round(min(max(part, 0.0), 1.0) * column.width())

    def _draw_foot(self, painter: QPainter, columns: list[QRect], rtl: bool) -> None:
        look, outer = theme(), self.rect()
        last = self._row_box(len(self.rows) - 1).bottom()
        for scale, column in zip(self.scales, columns, strict=True):
            if scale.floor_words:
                box = QRect(column.x(), last + 3, 50, _FOOT - 4)
                paint.text(painter, paint.visual(rtl, outer, box), scale.floor_words, rtl=rtl,
                           font=look.font("caption"), colour=look.color("text.tertiary"))  # fmt: skip
            if scale.target is None:
                continue
            x = column.x() + self._length(scale.target, scale, column)
            line = paint.visual(rtl, outer, QRect(x, self._head(), 1, last - self._head())).x()
            painter.setPen(QPen(look.color("chart.target"), 1.5, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(line, self._head()), QPointF(line, last))
            wide = paint.metrics("caption").horizontalAdvance(scale.target_words) + 4
            start = min(max(x - wide // 2, 0), self.width() - wide)
            box = paint.visual(rtl, outer, QRect(start, last + 3, wide, _FOOT - 4))
            paint.text(painter, box, scale.target_words, rtl=rtl, font=look.font("caption"),
                       colour=look.color("chart.target"))  # fmt: skip
        for box, colour, name in self._legend_boxes():
            dot = QRect(box.x(), box.y() + 5, 9, 9)
            paint.rounded(painter, paint.visual(rtl, outer, dot), 2, _tint(colour))
            words = box.adjusted(13, 0, 0, 0)
            paint.text(painter, paint.visual(rtl, outer, words), name, rtl=rtl, font=look.font("caption"),
                       colour=look.color("text.secondary"))  # fmt: skip

    def _legend_boxes(self) -> list[tuple[QRect, str, str]]:
        """Where each part is named, on as many lines as it takes."""
        x, line, found = 4, 0, []
        for colour, name in self.legend:
            wide = paint.metrics("caption").horizontalAdvance(name) + 16
            if x > 4 and x + wide > self.width():
                x, line = 4, line + 1
            found.append((x, line, wide, colour, name))
            x += wide + 10
        top = self.height() - 19 * (line + 1)
        return [(QRect(x, top + 19 * n, wide, 19), colour, name) for x, n, wide, colour, name in found]


def _tint(path: str) -> QColor:
    """A colour of the theme, or of the charts' series by its number."""
    if path.isdigit():
        from erp_desktop.reports import palette

        return QColor(palette.lire(theme().dark).series[int(path)])
    return theme().color(path)
