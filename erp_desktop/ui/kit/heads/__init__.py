"""The head of a list, and how wide its columns have to be."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import QEvent, QRect, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QHelpEvent, QPainter
from PySide6.QtWidgets import QHeaderView, QToolTip, QWidget

from erp_desktop.ui.kit import icons, paint
from erp_desktop.ui.kit.controls import plain
from erp_desktop.ui.kit.table import Column, LazyTableModel
from erp_desktop.ui.kit.theme import theme

PAD: Final = 8
_CARET: Final = 14
_NAMED: Final = 84
"""Room that a title which is somebody's word has at most, where room lacks."""


class PaintedHeader(QHeaderView):
    """A header painted from tokens; the sorted column is told by colour and caret."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setSectionsClickable(True)
        self.setHighlightSections(False)
        self.setSectionsMovable(True)
        self.setFixedHeight(theme().px("row.header"))
        self.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.setMinimumSectionSize(32)
        self.sort_section = -1
        self.descending = False

    def set_sort(self, section: int, descending: bool) -> None:
        self.sort_section, self.descending = section, descending
        self.viewport().update()

    def paintSection(self, painter: QPainter, rect: QRect, logicalIndex: int) -> None:
        look, rtl = theme(), self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        painter.save()
        painter.fillRect(rect, look.color("surface.sunken"))
        painter.fillRect(rect.x(), rect.bottom(), rect.width(), 1, look.color("border.default"))
        model = self.model()
        head = model.columns[logicalIndex].head if isinstance(model, LazyTableModel) else None
        if head is not None:
            head(painter, rect.adjusted(PAD, 0, -PAD, -1))
            painter.restore()
            return
        words = str(model.headerData(logicalIndex, Qt.Orientation.Horizontal) or "")
        sorted_here = logicalIndex == self.sort_section
        end = not rtl and isinstance(model, LazyTableModel) and model.columns[logicalIndex].kind in paint.FIGURES
        inner = rect.adjusted(PAD, 0, (-PAD if end else -4) - (_CARET if end and sorted_here else 0), 0)
        font: QFont = look.font("strong")
        colour: QColor = look.color("accent.text" if sorted_here else "text.tertiary")
        paint.text(painter, paint.visual(rtl, rect, inner), words, rtl=rtl, font=font, colour=colour, end=end,
                   # Two vans differ by the end of their name.
                   middle=isinstance(model, LazyTableModel) and model.columns[logicalIndex].named)  # fmt: skip
        if sorted_here:
            wide = inner.width() if end else min(QFontMetrics(font).horizontalAdvance(words), inner.width() - 14)
            box = QRect(inner.x() + wide + 3, rect.y(), 12, rect.height())
            icons.draw(painter, paint.visual(rtl, rect, box), "caret-down" if self.descending else "caret-up",
                       colour, 11, "bold")  # fmt: skip
        painter.restore()

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), plain(self.cut_title(self.logicalIndexAt(event.pos()))))
            return True
        return super().viewportEvent(event)

    def cut_title(self, section: int) -> str:
        """The title of a column whose head has no room for it; nothing of one that shows whole."""
        words = str(self.model().headerData(section, Qt.Orientation.Horizontal) or "") if section >= 0 else ""
        wide = paint.metrics("strong").horizontalAdvance(words) + PAD + 4
        return words if wide > self.sectionSize(section) else ""


def scale(column: Column[Any]) -> float:
    """How much wider figures are in Arabic: they have 14 pixels for 13, and a delay says its unit in a word."""
    if not (theme().rtl and column.numeric):
        return 1.0
    return 1.12 if column.kind == "sla" else 1.08


def full_width(model: LazyTableModel[Any], section: int) -> int:
    """What a column takes, in pixels: as it is declared, and never less than its title."""
    column = model.columns[section]
    title = str(model.headerData(section, Qt.Orientation.Horizontal) or "") if column.head is None else ""
    # Figures keep the same distance from both edges.
    beside = 2 * PAD + 1 if column.kind in paint.FIGURES else PAD + 5
    heading = paint.metrics("strong").horizontalAdvance(title) + beside + (_CARET if column.key else 0)
    return max(round(column.width * scale(column)), heading if title else 0)


def least_width(model: LazyTableModel[Any], section: int) -> int:
    """What a column takes at least: the title of one named by somebody is cut where it is long."""
    column, whole = model.columns[section], full_width(model, section)
    return min(whole, round(_NAMED * scale(column))) if column.named else whole
