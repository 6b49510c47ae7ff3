"""Home and End of a list of rows: its first and its last one, where a table would go along the row."""

from __future__ import annotations

from PySide6.QtCore import QItemSelection, QItemSelectionModel, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QTableView

_HELD = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.KeypadModifier


def taken(view: QTableView, event: QKeyEvent) -> bool:
    """Go to the first or the last row, with Shift choosing what lies between; False of another key."""
    model, last = view.model(), view.model().rowCount() - 1
    if event.key() not in (Qt.Key.Key_Home, Qt.Key.Key_End) or event.modifiers() & ~_HELD or last < 0:
        return False
    column = view.horizontalHeader().logicalIndex(0)
    place = 0 if event.key() == Qt.Key.Key_Home else last
    target, from_ = model.index(place, column), max(0, view.currentIndex().row())
    chosen, flag = view.selectionModel(), QItemSelectionModel.SelectionFlag
    rows = flag.ClearAndSelect | flag.Rows
    if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
        chosen.setCurrentIndex(target, flag.NoUpdate)
        top, bottom = sorted((from_, place))
        chosen.select(QItemSelection(model.index(top, column), model.index(bottom, column)), rows)
    else:
        chosen.setCurrentIndex(target, rows)
    view.scrollTo(target)
    return True
