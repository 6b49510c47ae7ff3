"""The view of a lazy list: painted cells and header, fixed row height, hover of whole rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from PySide6.QtCore import (
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSignalBlocker,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFocusEvent, QKeyEvent, QKeySequence, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from erp_desktop.ui.kit import icons, paint
from erp_desktop.ui.kit.heads import PaintedHeader, scale
from erp_desktop.ui.kit.heads.room import Room
from erp_desktop.ui.kit.heads.ticks import EveryTick, RowTicks, tick
from erp_desktop.ui.kit.places import ends
from erp_desktop.ui.kit.ring import KEYBOARD
from erp_desktop.ui.kit.table import Column, LazyTableModel
from erp_desktop.ui.kit.theme import theme

_PAD = 8
_INKS = {"muted": "text.tertiary", "code": "text.secondary", "figure": "text.secondary"}


class CellDelegate(QStyledItemDelegate):
    """Paints every cell of a list; the kind of the column says how."""

    def sizeHint(self, _option: QStyleOptionViewItem, _index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(80, theme().px("row.comfortable"))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        view = cast("ListView", option.widget)
        # Plain values, asked of the view: a flag of Qt's costs as much as the text of a cell.
        look, model, place, rtl = theme(), view.lazy, index.row(), view.isRightToLeft()
        rect: QRect = option.rect
        selected = view.selectionModel().isSelected(index)
        painter.save()
        if selected:
            painter.fillRect(rect, look.color("surface.selected"))
        elif view.hovered == place:
            painter.fillRect(rect, look.color("surface.hover"))
        painter.fillRect(rect.x(), rect.bottom(), rect.width(), 1, look.color("border.subtle"))
        if selected and view.every is None and index.column() == view.first_column():
            painter.fillRect(paint.visual(rtl, rect, QRect(rect.x(), rect.y(), 3, rect.height())),
                             look.color("accent.fill"))  # fmt: skip
        column, row = model.columns[index.column()], model.row_at(place)
        inner = rect.adjusted(_PAD, 0, -_PAD, -1)
        if row is not None and column.draw is not None:
            column.draw(painter, inner, row, rtl)
        elif row is None:
            self.placeholder(painter, inner, column, place, rtl)
        else:
            self._cell(painter, inner, column, row, rtl)
        painter.restore()

    @staticmethod
    def placeholder(painter: QPainter, rect: QRect, column: Column[Any], place: int, rtl: bool) -> None:
        share = 0.45 + ((place * 7 + len(column.key) * 3) % 5) * 0.09
        width = 16 if column.kind == "priority" else round(rect.width() * share)
        bar = QRect(rect.x(), rect.y() + rect.height() // 2 - 4, width, 8)
        paint.rounded(painter, paint.visual(rtl, rect, bar), 4, theme().color("border.subtle"))

    def _cell(self, painter: QPainter, rect: QRect, column: Column[Any], row: Any, rtl: bool) -> None:
        look, words = theme(), column.text(row)
        value = column.value(row) if column.value is not None else None
        if column.kind == "pill" and value:
            paint.pill(painter, rect, str(value), words, rtl=rtl)
        elif column.kind == "priority" and value:
            paint.priority(painter, rect, str(value), rtl=rtl)
        elif column.kind == "sla" and value is not None:
            state, share = value
            paint.sla(painter, rect, state, share, words, rtl=rtl)
        elif column.kind == "marks":
            marks = [] if value is None else list(value)
            room = rect.adjusted(0, 0, 0, 0)
            room.setWidth(rect.width() - 20 * len(marks))
            place = paint.visual(rtl, rect, room)
            paint.text(painter, place, words, rtl=rtl, font=look.font("body"), colour=look.color("text.primary"))
            for number, name in enumerate(marks):
                box = QRect(rect.right() - 17 - 20 * number, rect.y(), 18, rect.height())
                ink = "semantic.danger.text" if name == "git-merge" else "text.tertiary"
                icons.draw(painter, paint.visual(rtl, rect, box), name, look.color(ink), 15)
        else:
            ink = _INKS.get(column.kind, "text.primary")
            if value == "muted":
                ink = "text.tertiary"
            font = look.font("strong" if column.kind in ("strong", "total") else "body", tabular=column.numeric)
            end = column.kind in paint.FIGURES
            paint.text(painter, rect, words, rtl=rtl, font=font, colour=look.color(ink), end=end,
                       middle=column.tail or column.kind == "code")  # fmt: skip


class ListView(QTableView):
    """A table of whole rows on a lazy model.

    ``opened`` is for Enter or a double click, ``chosen`` when the current row changes.
    """

    # Identifiers have 63 bits: Signal(int) would cut them to 32.
    opened = Signal(object)
    chosen = Signal(object)
    sort_asked = Signal(str, bool)
    copy_asked = Signal()
    every_chosen = Signal()
    """Ctrl+C: the rows chosen are wanted on the clipboard."""
    sized = Signal()
    """The person gave a column another width."""

    def __init__(self, model: LazyTableModel[Any], parent: QWidget | None = None, *, ticks: bool = False) -> None:
        super().__init__(parent)
        self.hovered = -1
        self.keyboard = self._waiting = False
        self.fitted = True
        """Whether widths follow the window; no longer once the person chose one."""
        self._fitting = self._quiet = False
        self.every: EveryTick | None = None
        """The box over those of the rows, of a list that has them."""
        self._sort: tuple[str, bool] = ("", False)
        self.lazy = model
        self.setModel(model)
        self.setItemDelegate(CellDelegate(self))
        header = PaintedHeader(self)
        self.setHorizontalHeader(header)
        self.painted_header = header
        self.room = Room(model, header)
        header.sectionClicked.connect(self._header_clicked)
        if ticks:
            self.setVerticalHeader(RowTicks(self, lambda: self.hovered, self.tick))
            self.every = EveryTick(self)
        else:
            self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setShowGrid(False)
        self.setFrameShape(QTableView.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.dress(range(len(model.columns)))
        header.sectionResized.connect(self._resized)
        # Laid out at once, what the table would do a turn later, after a paint that would be repeated.
        model.modelReset.connect(self.executeDelayedItemsLayout)
        model.modelReset.connect(self._begin)
        model.rowsInserted.connect(self._inserted)
        self.set_density(compact=False)
        self.doubleClicked.connect(lambda index: self._open(index.row()))
        # The row that is chosen already may be asked for again, once its form was closed.
        self.clicked.connect(lambda _index: self._say_chosen())

    def dress(self, sections: Iterable[int]) -> None:
        """Give columns their own width, and hide those that are only offered."""
        header, self._fitting = self.horizontalHeader(), True
        for section in sections:
            column = self.lazy.columns[section]
            if column.stretch:
                header.setSectionResizeMode(section, QHeaderView.ResizeMode.Stretch)
            header.resizeSection(section, round(column.width * scale(column)))
            header.setSectionHidden(section, column.hidden)
        self._fitting = False

    def tick(self, place: int, all_since: bool = False) -> None:
        """Take a row in or let it go, which opens no form."""
        self._quiet = True
        tick(self, place, all_since=all_since)
        self._quiet = False

    def updateGeometries(self) -> None:
        super().updateGeometries()
        if self.every is not None:
            rows, heads = self.verticalHeader().geometry(), self.horizontalHeader().geometry()
            self.every.setGeometry(rows.x(), heads.y(), rows.width(), heads.height())
            self.every.raise_()
            self.every.show()

    def _show_ticked(self) -> None:
        if self.every is not None:
            self.verticalHeader().viewport().update()
            self.every.update()

    def _resized(self, section: int, old: int, new: int) -> None:
        # The column that stretches follows the window and the others; hidden is 0, said later: nobody's choices.
        if not self._fitting and old and new and not self.lazy.columns[section].stretch:
            self.fitted = False
            self.sized.emit()

    def _inserted(self, _parent: Any, first: int, _last: int) -> None:
        """Rows below those in sight change the scroll bar and nothing that would have to be painted."""
        unseen = 0 <= self.rowAt(self.viewport().height() - 1) < first
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_UpdatesDisabled, unseen)
        self.executeDelayedItemsLayout()
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_UpdatesDisabled, False)
        self._begin()

    def _begin(self) -> None:
        """Rows come after the keyboard: the first is current without being chosen, as when the focus finds it."""
        if self.hasFocus() and self.lazy.rowCount() and not self.currentIndex().isValid():
            index = self.lazy.index(0, self.first_column())
            self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.NoUpdate)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit()

    def fit(self) -> None:
        """Share the width between the columns; those that the person chose stay as they are."""
        if self._fitting:
            return
        self._fitting = True
        (self.room.share if self.fitted else self.room.widen)(self.viewport().width())
        self._fitting = False

    def first_column(self) -> int:
        return self.horizontalHeader().logicalIndex(0)

    def set_density(self, *, compact: bool) -> None:
        self.verticalHeader().setDefaultSectionSize(theme().px("row.compact" if compact else "row.comfortable"))

    def set_sort(self, key: str, descending: bool) -> None:
        self._sort = (key, descending)
        keys = [column.key for column in self.lazy.columns]
        # A list in an order of its own has no column to mark.
        self.painted_header.set_sort(keys.index(key) if key and key in keys else -1, descending)

    def _header_clicked(self, section: int) -> None:
        key = self.lazy.columns[section].key
        if key:
            descending = self._sort[0] == key and not self._sort[1]
            self.set_sort(key, descending)
            self.sort_asked.emit(key, descending)

    def _open(self, place: int) -> None:
        key = self.lazy.id_at(place)
        if key is not None:
            self.opened.emit(key)

    def current_id(self) -> int | None:
        index = self.currentIndex()
        return self.lazy.id_at(index.row()) if index.isValid() else None

    def chosen_spans(self) -> list[tuple[int, int]]:
        """The places chosen, in order: the first of each run, and the one after its last."""
        ranges = self.selectionModel().selection()
        return sorted((ranges.at(n).top(), ranges.at(n).bottom() + 1) for n in range(ranges.count()))

    def selected_ids(self) -> list[int]:
        """The rows chosen whose identifiers are known, in the order of the list."""
        found = (self.lazy.id_at(place) for first, end in self.chosen_spans() for place in range(first, end))
        return [key for key in found if key is not None]

    def select_id(self, row_id: int) -> bool:
        """Make a row current if the list holds it; tells whether it does."""
        place = self.lazy.place_of(row_id)
        if place < 0:
            return False
        self.select_place(place)
        return True

    def select_place(self, place: int) -> None:
        """Select one row; ``selectRow`` finds no column at the edge of a right-to-left table."""
        index = self.lazy.index(place, self.first_column())
        flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
        self.selectionModel().setCurrentIndex(index, flags)
        self.scrollTo(index)

    def selectAll(self) -> None:
        super().selectAll()
        self.every_chosen.emit()

    def select_quietly(self, row_id: int) -> None:
        """Mark a row as current without telling that it was chosen, wherever it is in the list."""

        def mark(place: int) -> None:
            with QSignalBlocker(self):
                self.select_place(place)
            self.viewport().update()

        self.lazy.find(row_id, mark)

    def reselect(self, row_ids: list[int]) -> None:
        """Select again, quietly, the rows that are still there."""
        rows, last = QItemSelection(), self.lazy.columnCount() - 1
        for place in filter(lambda place: place >= 0, map(self.lazy.place_of, row_ids)):
            rows.select(self.lazy.index(place, 0), self.lazy.index(place, last))
        with QSignalBlocker(self):
            self.selectionModel().select(rows, QItemSelectionModel.SelectionFlag.Select)

    def set_waiting(self, waiting: bool) -> None:
        """Draw grey bars while an empty list is being read."""
        if waiting != self._waiting and self.lazy.rowCount() == 0:
            self.viewport().update()
        self._waiting = waiting

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.hasFocus() and self.keyboard and self.currentIndex().isValid():
            self._focus_ring()
        if not (self._waiting and self.lazy.rowCount() == 0):
            return
        painter, header = QPainter(self.viewport()), self.horizontalHeader()
        height, rtl = self.verticalHeader().defaultSectionSize(), theme().rtl
        for place in range(min(14, self.viewport().height() // height)):
            for section, column in enumerate(self.lazy.columns):
                if not header.isSectionHidden(section):
                    x, wide = header.sectionViewportPosition(section), header.sectionSize(section)
                    box = QRect(x + _PAD, place * height, wide - 2 * _PAD, height - 1)
                    CellDelegate.placeholder(painter, box, column, place, rtl)
        painter.end()

    def _focus_ring(self) -> None:
        """Around the whole row, so after its cells."""
        place, painter = self.currentIndex().row(), QPainter(self.viewport())
        box = QRect(0, self.rowViewportPosition(place), self.viewport().width(), self.rowHeight(place) - 1)
        paint.rounded(painter, box, 3, None, theme().color("focus"), 2)
        painter.end()

    def currentChanged(self, current: Any, previous: Any) -> None:
        super().currentChanged(current, previous)
        # The ring goes round whole rows; of one that stays chosen Qt repaints one cell.
        self._paint_again(previous.row(), current.row())
        self._say_chosen()

    def selectionChanged(self, selected: Any, deselected: Any) -> None:
        super().selectionChanged(selected, deselected)
        self._show_ticked()
        self._say_chosen()

    def _say_chosen(self) -> None:
        # Taking the focus makes the first row current without choosing it: chosen means current and selected.
        index = self.currentIndex()
        if self._quiet:
            return
        if index.isValid() and self.selectionModel().isRowSelected(index.row(), index.parent()):
            key = self.lazy.id_at(index.row())
            if key is not None:
                self.chosen.emit(key)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.keyboard = self.keyboard or event.reason() in KEYBOARD
        super().focusInEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self.keyboard = True
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        none = self.currentIndex().isValid() and not self.selectionModel().hasSelection()
        if none and plain and event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            # The ring is on a row that nobody has chosen yet: the first arrow chooses it, none is jumped over.
            self.select_place(self.currentIndex().row())
            return
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open(self.currentIndex().row())
        elif event.matches(QKeySequence.StandardKey.Copy):
            self.copy_asked.emit()
        elif not ends.taken(self, event):
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.keyboard = False
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self.rowAt(event.position().toPoint().y()))
        super().mouseMoveEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(-1)
        super().leaveEvent(event)

    def _paint_again(self, *places: int) -> None:
        for top, height in ((self.rowViewportPosition(one), self.rowHeight(one)) for one in places if one >= 0):
            self.viewport().update(0, top, self.viewport().width(), height)

    def _hover(self, place: int) -> None:
        if place != self.hovered:
            self._paint_again(self.hovered, place)
            self.hovered = place
            self._show_ticked()
