"""The sheet of a count as a table: digits go straight into what was counted, Enter goes to the next line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemDelegate,
    QAbstractItemView,
    QApplication,
    QFrame,
    QHeaderView,
    QTableView,
    QWidget,
)

from erp_desktop.domain import nombres
from erp_desktop.services.stock.counting import Counted, Key
from erp_desktop.ui.kit import icons, paint
from erp_desktop.ui.kit.controls import plain
from erp_desktop.ui.kit.i18n import apart, isolate, said, tr
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.stock.figures import money, quantity

Index = QModelIndex | QPersistentModelIndex
REFERENCE, DESIGNATION, SHELF, EXPECTED, COUNTED, GAP, VALUE, MOTIVE, LOT = range(9)
BLIND = (EXPECTED, GAP, VALUE)
_NUMBERS = (EXPECTED, COUNTED, GAP, VALUE)
_TEXTS: tuple[Callable[[Counted], str], ...] = (
    lambda x: isolate(x.reference), lambda x: apart(x.designation), lambda x: isolate(x.emplacement),
    lambda x: quantity(x.attendu), lambda x: "—" if x.compte is None else quantity(x.compte),
    lambda x: "" if x.ecart is None else quantity(x.ecart, signed=True),
    lambda x: "" if not x.ecart else money(x.valeur), lambda x: x.motif,
    lambda x: "" if x.lot is None else isolate(x.lot) or tr("sans numéro"),
)  # fmt: skip


EMPTY = "Un comptage ne s'efface pas : tapez 0 s'il n'y en a pas."
FIRST = "Comptez d'abord la pièce : le motif dit pourquoi elle manque ou dépasse."


class CountModel(QAbstractTableModel):
    """Rows of the sheet, as they were read last.

    Attributes:
        refused: (part and lot, column) → what was typed there, which stays, and why it is not counted.
    """

    entered = Signal(object, object, str)
    """(part and lot, quantity or None, motive): a person typed into the table."""
    wrong = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.rows: list[Counted] = []
        self.refused: dict[tuple[Key, int], tuple[str, str]] = {}
        self.writable = True

    def show_rows(self, rows: list[Counted]) -> None:
        """Replace what is shown; the place of the cursor is the view's matter."""
        if [r.key for r in rows] == [r.key for r in self.rows]:
            self.rows = rows
            if rows:
                self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, LOT))
            return
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(_TEXTS)

    def flags(self, index: Index) -> Qt.ItemFlag:
        base = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        edits = self.writable and index.column() in (COUNTED, MOTIVE)
        return base | Qt.ItemFlag.ItemIsEditable if edits else base

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.rows):
            return None
        row, column = self.rows[index.row()], index.column()
        refused = self.refused.get((row.key, column))
        if refused is not None and role in _REFUSED:
            return _REFUSED[role](*refused)
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return _TEXTS[column](row)
            case Qt.ItemDataRole.EditRole:
                return row.motif if column == MOTIVE else "" if row.compte is None else quantity(row.compte)
            case Qt.ItemDataRole.TextAlignmentRole:
                return _side(column)
            case Qt.ItemDataRole.FontRole:
                return theme().font("strong" if column in (DESIGNATION, COUNTED, GAP) else "body", tabular=True)
            case Qt.ItemDataRole.ForegroundRole:
                tone = "text.primary"
                if column == GAP and row.ecart:
                    tone = "semantic.danger.text" if row.ecart < 0 else "semantic.warning.text"
                elif column in (REFERENCE, SHELF, EXPECTED, LOT):
                    tone = "text.secondary"
                return theme().color(tone)
        return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.EditRole:
            return False
        row, text, column = self.rows[index.row()], str(value).strip(), index.column()
        self.refused.pop((row.key, column), None)
        if column == MOTIVE:
            if text == row.motif:
                return True
            if row.compte is None:
                return self.refuse(row.key, column, text, FIRST)
            self.entered.emit(row.key, row.compte, text)
            return True
        if not text:
            return row.compte is not None and self.refuse(row.key, column, text, EMPTY)
        try:
            counted: Decimal = nombres.lire_saisie(text, decimales=3)
        except ValueError as error:
            return self.refuse(row.key, column, text, str(error))
        if counted != row.compte:
            self.entered.emit(row.key, counted, "")
            # Shown until the sheet is read again, and what a motive typed meanwhile goes with.
            self.rows[index.row()] = replace(row, compte=counted, ecart=counted - row.attendu, valeur=None)
        return True

    def refuse(self, key: Key, column: int, typed: str, why: str) -> bool:
        """Keep what was typed in its cell, and say why it is not counted; always False."""
        self.refused[key, column] = (typed, why)
        place = next((n for n, x in enumerate(self.rows) if x.key == key), None)
        if place is not None:
            self.dataChanged.emit(self.index(place, column), self.index(place, column))
        self.say(key, column)
        return False

    def say(self, key: Key, column: int) -> None:
        """Say what is wrong in a cell, if anything is."""
        wrong = self.refused.get((key, column))
        name = next((x.designation for x in self.rows if x.key == key), "")
        if wrong is not None:
            self.wrong.emit(tr("{champ} : {raison}", champ=apart(name), raison=said(wrong[1])))

    def forget(self) -> bool:
        """Give up what was refused; False when nothing was."""
        if not self.refused:
            return False
        self.refused.clear()
        if self.rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self.rows) - 1, LOT))
        return True

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        heads = (tr("Référence"), tr("Désignation"), tr("Casier"), tr("Attendu"), tr("Compté"), tr("Écart"),
                 tr("Valeur MAD"), tr("Motif"), tr("Lot ou série"))  # fmt: skip
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return heads[section]
        return _side(section) if role == Qt.ItemDataRole.TextAlignmentRole else None


_REFUSED: dict[int, Callable[[str, str], Any]] = {
    Qt.ItemDataRole.DisplayRole: lambda typed, _why: isolate(typed),
    Qt.ItemDataRole.EditRole: lambda typed, _why: typed,
    Qt.ItemDataRole.ForegroundRole: lambda _typed, _why: theme().color("semantic.danger.text"),
    Qt.ItemDataRole.DecorationRole: lambda _typed, _why: icons.icon("warning-circle", "semantic.danger.text"),
    Qt.ItemDataRole.ToolTipRole: lambda _typed, why: plain(said(why)),
    Qt.ItemDataRole.AccessibleDescriptionRole: lambda _typed, why: said(why),
}


def _side(column: int) -> int:
    """Figures, and what stands over them, end where they are compared."""
    right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignAbsolute
    side = right if column in _NUMBERS else Qt.AlignmentFlag.AlignLeading
    return int(side | Qt.AlignmentFlag.AlignVCenter)


class CountTable(QTableView):
    """The cursor stands in the counted column; typing edits it, Enter goes on."""

    written = Signal()
    """What was typed into a line is given to the model, or given up."""

    def __init__(self, model: CountModel) -> None:
        super().__init__()
        self.setModel(model)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.AnyKeyPressed | QAbstractItemView.EditTrigger.EditKeyPressed
            | QAbstractItemView.EditTrigger.DoubleClicked
        )  # fmt: skip
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(theme().px("row.comfortable"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        head = self.horizontalHeader()
        head.setFixedHeight(theme().px("row.header"))
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignVCenter)
        head.setFont(theme().font("strong"))
        self._dress()
        theme().changed.connect(self._dress)
        head.setHighlightSections(False)
        head.setSectionResizeMode(DESIGNATION, QHeaderView.ResizeMode.Stretch)
        for section, width in ((REFERENCE, 112), (SHELF, 64), (EXPECTED, 78), (COUNTED, 78), (GAP, 70), (VALUE, 100),
                               (MOTIVE, 120), (LOT, 110)):  # fmt: skip
            title = str(model.headerData(section, Qt.Orientation.Horizontal))
            self.setColumnWidth(section, max(width, paint.metrics("strong").horizontalAdvance(title) + 24))
        head.moveSection(head.visualIndex(LOT), head.visualIndex(DESIGNATION) + 1)
        self._place: tuple[Key, int] | None = None
        model.modelAboutToBeReset.connect(self._note_place)
        model.modelReset.connect(self._take_place)
        model.modelReset.connect(self._show_lots)
        self._show_lots()

    def _show_lots(self) -> None:
        model = self.model()
        followed = isinstance(model, CountModel) and any(row.lot is not None for row in model.rows)
        self.setColumnHidden(LOT, not followed)

    def _dress(self) -> None:
        ground, line, ink, chosen = (
            theme().color(token).name() for token in (
                "surface.sunken", "border.subtle", "text.tertiary", "surface.selected",
            )
        )  # fmt: skip
        self.setStyleSheet(
            f"QHeaderView::section {{ background: {ground}; color: {ink}; border: none; "
            f"border-bottom: 1px solid {line}; padding: 0 9px; }}"
            f"QTableView::item {{ border-bottom: 1px solid {line}; padding: 0 6px; }}"
            f"QTableView::item:selected {{ background: {chosen}; }}"
        )

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab from what was counted to its motive, from there to the next line; Shift+Tab leaves the table."""
        here = self.currentIndex()
        model = self.model()
        if forward and isinstance(model, CountModel) and model.writable and here.isValid():
            if here.column() != MOTIVE and model.rows[here.row()].compte is not None:
                self._write_motive(here.row())
                return True
            if here.row() + 1 < model.rowCount():
                self.go_on()
                return True
        return super().focusNextPrevChild(forward)

    def write_over(self, row: int) -> None:
        """Open what was counted of a line."""
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.setCurrentIndex(self.model().index(row, COUNTED))
        self.edit(self.currentIndex())

    def _write_motive(self, row: int) -> None:
        self.setCurrentIndex(self.model().index(row, MOTIVE))
        self.edit(self.currentIndex())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            # From an open editor it is what its delegate ends with: closeEditor() goes on, once.
            if not self.writing:
                self.go_on()
            return
        typed = event.text() if event.text().isprintable() else ""
        if typed and not self.currentIndex().isValid():
            # No line that it could be typed into: it is for the page.
            event.ignore()
            return
        super().keyPressEvent(event)
        if typed:
            # Qt passes on what has opened an editor.
            event.accept()

    def go_on(self) -> None:
        """To the next line, in the counted column."""
        row = min(self.currentIndex().row() + 1, self.model().rowCount() - 1)
        self.setCurrentIndex(self.model().index(row, COUNTED))

    @property
    def writing(self) -> bool:
        """A line is being written into."""
        return self.state() == QAbstractItemView.State.EditingState

    @property
    def in_use(self) -> bool:
        """The keyboard is with the table, or with what is written into it."""
        place = QApplication.focusWidget()
        return place is not None and (place is self or self.isAncestorOf(place))

    def closeEditor(self, editor: QWidget, hint: QAbstractItemDelegate.EndEditHint) -> None:
        here, model = self.currentIndex(), self.model()
        if isinstance(model, CountModel) and here.isValid():
            refused = (model.rows[here.row()].key, here.column()) in model.refused
            hint = QAbstractItemDelegate.EndEditHint.NoHint if refused else hint
        on = hint == QAbstractItemDelegate.EndEditHint.EditNextItem
        # The next cell in which something can be written is not the one beside it.
        super().closeEditor(editor, QAbstractItemDelegate.EndEditHint.NoHint if on else hint)
        if on and here.column() == COUNTED:
            self._write_motive(here.row())
        elif on or hint == QAbstractItemDelegate.EndEditHint.SubmitModelCache:
            self.go_on()
        self.written.emit()

    def _note_place(self) -> None:
        model, here = self.model(), self.currentIndex()
        if isinstance(model, CountModel) and here.isValid() and here.row() < len(model.rows):
            self._place = (model.rows[here.row()].key, here.row())

    def _take_place(self) -> None:
        """Rows that left the choice, counted meanwhile say, take no cursor with them."""
        model = self.model()
        if self._place is None or not isinstance(model, CountModel) or not model.rows:
            return
        key, row = self._place
        found = next((n for n, x in enumerate(model.rows) if x.key == key), min(row, len(model.rows) - 1))
        self.setCurrentIndex(model.index(found, COUNTED))
