"""Which columns a list shows, in which order, how wide: told by key, so that one that is gone does no harm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QModelIndex, QPoint, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from erp_desktop.services.views import Column as Kept
from erp_desktop.ui.kit.controls import Text
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.kit.table import Column
from erp_desktop.ui.kit.table_view import ListView

if TYPE_CHECKING:
    from erp_desktop.ui.lists.page import ListPage


def key_of(column: Column[Any]) -> str:
    return column.key or column.title


def present(view: ListView) -> tuple[Kept, ...]:
    """The columns as they stand; widths only once the person chose one, else they follow the window."""
    header, columns = view.horizontalHeader(), view.lazy.columns
    found = []
    for place in range(header.count()):
        n = header.logicalIndex(place)
        # A column that the list is too narrow for stays chosen; its size is 0.
        chosen = not view.fitted and not columns[n].stretch
        found.append(Kept(key_of(columns[n]), header.sectionSize(n) if chosen else 0, view.room.shows(n)))
    return tuple(found)


def arrange(view: ListView, kept: Sequence[Kept]) -> None:
    """Show columns as they were kept; those that are not told come behind them, unknown ones are skipped."""
    header, columns = view.horizontalHeader(), view.lazy.columns
    known = {key_of(column): n for n, column in enumerate(columns)}
    told = [(known[one.key], one) for one in kept if one.key in known]
    view.room.bring_back()
    for place, (n, one) in enumerate(told):
        header.moveSection(header.visualIndex(n), place)
        header.setSectionHidden(n, not one.shown and not columns[n].stretch)
        if one.width and one.shown and not columns[n].stretch:
            header.resizeSection(n, one.width)
    # Hiding a column is nobody's choice of a width.
    view.fitted = not any(one.width for _n, one in told)
    view.fit()


def original(view: ListView) -> tuple[Kept, ...]:
    """The columns as the list is made."""
    return tuple(Kept(key_of(column), 0, not column.hidden) for column in view.lazy.columns)


def swap(view: ListView, at: int, gone: int, new: Sequence[Column[Any]]) -> None:
    """Put columns in the place of ``gone`` others; rows, order and selection stay."""
    model, root = view.lazy, QModelIndex()
    view.room.bring_back()
    if gone:
        model.beginRemoveColumns(root, at, at + gone - 1)
        del model.columns[at : at + gone]
        model.endRemoveColumns()
    if new:
        model.beginInsertColumns(root, at, at + len(new) - 1)
        model.columns[at:at] = new
        model.endInsertColumns()
        view.dress(range(at, at + len(new)))
    view.fit()


class _Names(QListWidget):
    """The columns by name; Space shows or hides one, Ctrl with an arrow moves it."""

    def __init__(self, owner: ColumnsPanel) -> None:
        super().__init__()
        self._owner = owner
        self.setAccessibleName(tr("Colonnes"))
        self.setFrameShape(QFrame.Shape.NoFrame)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()), 0)
        if step and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._owner.move_current(step)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._owner.close()
        else:
            super().keyPressEvent(event)


class ColumnsPanel(QFrame):
    """Drops below a button: which columns are shown, and their order."""

    def __init__(self, page: ListPage) -> None:
        super().__init__(page, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self._page, self._view = page, page.view
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(6)
        self.names = _Names(self)
        column.addWidget(self.names)
        column.addWidget(Text(tr("Espace : montrer ou cacher. Ctrl ↑ ↓ : déplacer."), "caption", "text.secondary"))
        self._fill()
        self.names.itemChanged.connect(self._ticked)

    def drop(self, below: QWidget) -> None:
        self.names.setMinimumHeight(self.names.sizeHintForRow(0) * min(14, self.names.count()) + 4)
        self.adjustSize()
        at = below.mapToGlobal(QPoint(0, below.height() + 2))
        room = self._page.window().frameGeometry()
        self.move(min(at.x(), room.right() - self.width() - 8), at.y())
        self.show()
        self.names.setFocus(Qt.FocusReason.PopupFocusReason)

    def _fill(self) -> None:
        columns = {key_of(column): column for column in self._view.lazy.columns}
        for one in present(self._view):
            column = columns[one.key]
            item = QListWidgetItem(column.heading if column.title else tr("Priorité"))
            item.setData(Qt.ItemDataRole.UserRole, one.key)
            if column.stretch:
                item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
            else:
                item.setCheckState(Qt.CheckState.Checked if one.shown else Qt.CheckState.Unchecked)
            self.names.addItem(item)
        self.names.setCurrentRow(0)

    def move_current(self, step: int) -> None:
        """Move the current column one place on."""
        row = self.names.currentRow()
        if 0 <= row + step < self.names.count():
            item = self.names.takeItem(row)
            self.names.insertItem(row + step, item)
            self.names.setCurrentRow(row + step)
            self._apply()

    def _ticked(self, _item: QListWidgetItem) -> None:
        self._apply()

    def _apply(self) -> None:
        widths = {one.key: one.width for one in present(self._view)}
        stretching = {key_of(column) for column in self._view.lazy.columns if column.stretch}
        made = []
        for row in range(self.names.count()):
            item = self.names.item(row)
            key = str(item.data(Qt.ItemDataRole.UserRole))
            shown = key in stretching or item.checkState() == Qt.CheckState.Checked
            made.append(Kept(key, widths.get(key, 0), shown))
        arrange(self._view, made)
        self._page.columns_changed()
