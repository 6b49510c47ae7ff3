"""The bad lines of a file: where, what is written there, why it is refused; the value is mended in place."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableWidget, QTableWidgetItem

from erp_desktop.services.importation.wizard import Faute
from erp_desktop.ui.kit.i18n import said, tr
from erp_desktop.ui.kit.theme import theme

SHOWN = 1_000
"""Bad lines shown; the others are counted, and are in the exported file."""
_LINE, _COLUMN, _VALUE, _REASON = range(4)


class Faults(QTableWidget):
    """F2 or Enter on a value writes another one, which is tried at once."""

    mended = Signal(int, str, str)
    """Line of the file, column, what is written there from now on."""

    def __init__(self) -> None:
        super().__init__(0, 4)
        self.setHorizontalHeaderLabels([tr("Ligne"), tr("Colonne"), tr("Valeur"), tr("Raison")])
        self.setAccessibleName(tr("Lignes refusées"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.verticalHeader().hide()
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)
        triggers = QAbstractItemView.EditTrigger
        self.setEditTriggers(triggers.EditKeyPressed | triggers.AnyKeyPressed | triggers.DoubleClicked)
        header = self.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignVCenter)
        header.setHighlightSections(False)
        header.setSectionResizeMode(_REASON, QHeaderView.ResizeMode.Stretch)
        for place, width in ((_LINE, 64), (_COLUMN, 120), (_VALUE, 140)):
            self.setColumnWidth(place, width)
        self.itemChanged.connect(self._changed)
        self._filling = False

    def show_faults(self, faults: Sequence[Faute]) -> None:
        """The first of them, in the order of the file."""
        self._filling = True
        row, column = self.currentRow(), self.currentColumn()
        self.setRowCount(min(SHOWN, len(faults)))
        look = theme()
        for place, one in enumerate(faults[:SHOWN]):
            words = (
                str(one.ligne),
                one.colonne,
                one.valeur or (tr("(vide)") if one.colonne else ""),
                said(one.raison),
            )
            for at, text in enumerate(words):
                item = QTableWidgetItem(text)
                flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
                if at == _VALUE and one.colonne:
                    flags |= Qt.ItemFlag.ItemIsEditable
                    item.setBackground(QColor(look.color("semantic.danger.soft")))
                    item.setForeground(QColor(look.color("semantic.danger.text")))
                item.setFlags(flags)
                item.setToolTip(text if "<" not in text else "")
                self.setItem(place, at, item)
        if 0 <= row < self.rowCount():
            self.setCurrentCell(row, max(0, column))
        self._filling = False

    def mend_first(self) -> None:
        """Begin to write in the first value that can be mended."""
        for row in range(self.rowCount()):
            item = self.item(row, _VALUE)
            if item is not None and item.flags() & Qt.ItemFlag.ItemIsEditable:
                self.setCurrentCell(row, _VALUE)
                self.setFocus(Qt.FocusReason.ShortcutFocusReason)
                self.editItem(item)
                return

    def _changed(self, item: QTableWidgetItem) -> None:
        if not self._filling and item.column() == _VALUE:
            line, column = self.item(item.row(), _LINE), self.item(item.row(), _COLUMN)
            if line is not None and column is not None:
                self.mended.emit(int(line.text()), column.text(), item.text())
