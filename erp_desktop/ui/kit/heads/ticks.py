"""Boxes at the start of each row, ticked where the row is chosen: another sight of the selection, never its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QRect, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QAbstractButton, QHeaderView, QTableView

from erp_desktop.ui.kit import icons, paint
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.kit.theme import theme

WIDE: Final = 36
_SIDE: Final = 16


def box(painter: QPainter, rect: QRect, state: Qt.CheckState) -> None:
    """A box in the middle of a place: empty, ticked, or with a dash where some are."""
    look = theme()
    place = QRect(0, 0, _SIDE, _SIDE)
    place.moveCenter(rect.center())
    if state == Qt.CheckState.Unchecked:
        paint.rounded(painter, place, 4, look.color("surface.raised"), look.color("border.control"))
        return
    paint.rounded(painter, place, 4, look.color("accent.fill"))
    name = "check" if state == Qt.CheckState.Checked else "minus"
    icons.draw(painter, place, name, look.color("text.onAccent"), 12, "bold")


class RowTicks(QHeaderView):
    """The boxes of a list.

    Args:
        hovered: the row under the pointer.
        ticked: called with the row clicked, and whether Shift was held.
    """

    def __init__(
        self, view: QTableView, hovered: Callable[[], int], ticked: Callable[[int, bool], object]
    ) -> None:  # fmt: skip
        super().__init__(Qt.Orientation.Vertical, view)
        self._view, self._hovered, self._ticked = view, hovered, ticked
        self.setMinimumSectionSize(1)
        self.setFixedWidth(WIDE)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, shown = QPainter(self.viewport()), event.rect()
        painter.fillRect(shown, self._view.palette().color(QPalette.ColorRole.Base))
        first = self.visualIndexAt(max(0, shown.top()))
        for place in range(first, self.count()) if first >= 0 else ():
            top = self.sectionViewportPosition(place)
            if top > shown.bottom():
                break
            self._paint_row(painter, QRect(0, top, self.width(), self.sectionSize(place)), place)
        painter.end()

    def _paint_row(self, painter: QPainter, rect: QRect, place: int) -> None:
        look, rtl = theme(), self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        chosen = self._view.selectionModel().isRowSelected(place, self._view.rootIndex())
        if chosen:
            painter.fillRect(rect, look.color("surface.selected"))
            painter.fillRect(paint.visual(rtl, rect, QRect(0, rect.y(), 3, rect.height())), look.color("accent.fill"))
        elif self._hovered() == place:
            painter.fillRect(rect, look.color("surface.hover"))
        painter.fillRect(rect.x(), rect.bottom(), rect.width(), 1, look.color("border.subtle"))
        box(painter, rect, Qt.CheckState.Checked if chosen else Qt.CheckState.Unchecked)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = self.logicalIndexAt(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and place >= 0:
            self._ticked(place, bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.mousePressEvent(event)


def tick(view: QTableView, place: int, *, all_since: bool) -> None:
    """Take a row in or let it go; ``all_since`` takes in what is between the current row and it."""
    flag, model = QItemSelectionModel.SelectionFlag, view.selectionModel()
    since = view.currentIndex().row()
    if all_since and since >= 0:
        top, bottom = sorted((since, place))
        last = view.model().columnCount() - 1
        rows = QItemSelection(view.model().index(top, 0), view.model().index(bottom, last))
        model.select(rows, flag.Select)
    else:
        model.select(view.model().index(place, 0), flag.Toggle | flag.Rows)
    model.setCurrentIndex(view.model().index(place, view.horizontalHeader().logicalIndex(0)), flag.NoUpdate)


class EveryTick(QAbstractButton):
    """The box over those of the rows: all of the filter, or none any more. ``Ctrl+A`` is its key."""

    def __init__(self, view: QTableView) -> None:
        super().__init__(view)
        self._view = view
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(tr("Tout choisir, ou plus rien"))
        self.setToolTip(tr("Tout choisir, ou plus rien (Ctrl A)"))
        self.clicked.connect(self._chosen)

    def state(self) -> Qt.CheckState:
        """None of the rows, some or all."""
        chosen = self._view.selectionModel().selection()
        size = sum(chosen.at(n).height() for n in range(chosen.count()))
        if size and size == self._view.model().rowCount():
            return Qt.CheckState.Checked
        return Qt.CheckState.PartiallyChecked if size else Qt.CheckState.Unchecked

    def _chosen(self) -> None:
        if self.state() == Qt.CheckState.Checked:
            self._view.clearSelection()
        else:
            self._view.selectAll()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, look = QPainter(self), theme()
        painter.fillRect(self.rect(), look.color("surface.sunken"))
        painter.fillRect(0, self.height() - 1, self.width(), 1, look.color("border.default"))
        box(painter, self.rect(), self.state())
        painter.end()
