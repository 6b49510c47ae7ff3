"""The bad lines of a file: where, what is written there, why it is refused; the value is mended in place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView

from erp_desktop.domain.writing import typography
from erp_desktop.domain.writing.texts import texts
from erp_desktop.services.importation.wizard import Essai, Faute
from erp_desktop.ui.kit.controls import plain
from erp_desktop.ui.kit.heads import PaintedHeader
from erp_desktop.ui.kit.i18n import apart, number, said, tr
from erp_desktop.ui.kit.theme import theme

Index = QModelIndex | QPersistentModelIndex
_LINE, _COLUMN, _VALUE, _REASON = range(4)
_ROLE = Qt.ItemDataRole


def told(reason: str) -> str:
    """A reason in the language in force; those of the services are known as sentences, with their full stop."""
    plain = said(reason)
    if plain != typography.composer(reason) or reason.endswith("."):
        return plain
    return said(f"{reason}.").removesuffix(".")


def teller(code: str) -> Callable[[str], str]:
    """:func:`told` in one language, for a thread that is not the window's."""
    known = texts(code)

    def tell(reason: str) -> str:
        ended = "" if reason.endswith(".") else known.sentence(f"{reason}.") or ""
        return typography.composer(known.sentence(reason) or ended.removesuffix(".") or reason)

    return tell


def noted(trial: Essai) -> str:
    """What becomes of lines that were imported before, then what was understood rather than read."""
    found = {tr("déjà importées, à mettre à jour"): trial.bilan.mises_a_jour,
             tr("déjà importées, laissées comme elles sont"): trial.bilan.existantes}  # fmt: skip
    found |= {told(words): times for words, times in list(trial.remarques().items())[:3]}
    return " · ".join(tr("{quoi} ({n})", quoi=words, n=number(times)) for words, times in found.items() if times)


class _Model(QAbstractTableModel):
    """As many lines as are bad: only those in sight are asked for."""

    mended = Signal(int, str, str)

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[Faute] = []
        self._titles = (tr("Ligne"), tr("Colonne"), tr("Valeur"), tr("Raison"))

    def fill(self, faults: Sequence[Faute]) -> None:
        self.beginResetModel()
        self.faults = list(faults)
        self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.faults)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._titles)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _ROLE.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == _ROLE.DisplayRole:
            return self._titles[section]
        return None

    def can_mend(self, row: int) -> bool:
        """Whether one cell is at fault."""
        return bool(self.faults[row].colonne)

    def near(self, row: int) -> str:
        """The known value that the cell at fault comes near to; empty when there is none."""
        return self.faults[row].proche if self.can_mend(row) else ""

    def take_near(self, row: int) -> None:
        """Write that value in the cell."""
        if near := self.near(row):
            one = self.faults[row]
            self.mended.emit(one.ligne, one.colonne, near)

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if index.column() == _VALUE and self.can_mend(index.row()):
            flags |= Qt.ItemFlag.ItemIsEditable
        return flags

    def data(self, index: Index, role: int = _ROLE.DisplayRole) -> Any:
        one, column = self.faults[index.row()], index.column()
        if role == _ROLE.EditRole:
            return one.valeur
        if role in (_ROLE.DisplayRole, _ROLE.ToolTipRole):
            empty = tr("(vide)") if one.colonne else ""
            reason = told(one.raison)
            if one.proche:
                reason += tr(", proche de « {valeur} »", valeur=apart(one.proche))
            words = (str(one.ligne), one.colonne or tr(one.champ), one.valeur or empty, reason)[column]
            if column == _REASON and role == _ROLE.ToolTipRole and self.near(index.row()):
                words += "\n" + tr("Un clic, ou Entrée, écrit « {valeur} ».", valeur=apart(one.proche))
            return plain(words) if role == _ROLE.ToolTipRole else words
        if column == _REASON and role == _ROLE.ForegroundRole and self.near(index.row()):
            return theme().color("accent.text")
        if column == _VALUE and one.colonne and role in (_ROLE.BackgroundRole, _ROLE.ForegroundRole):
            return theme().color(f"semantic.danger.{'soft' if role == _ROLE.BackgroundRole else 'text'}")
        return None

    def setData(self, index: Index, value: Any, role: int = _ROLE.EditRole) -> bool:
        one = self.faults[index.row()]
        if role != _ROLE.EditRole or str(value) == one.valeur:
            return False
        self.mended.emit(one.ligne, one.colonne, str(value))
        return True


class Faults(QTableView):
    """F2 or a letter on a value writes another one, which is tried at once; the near one is taken by its reason."""

    mended = Signal(int, str, str)
    """Line of the file, column, what is written there from now on."""

    def __init__(self) -> None:
        super().__init__()
        self.lines = _Model()
        self.setModel(self.lines)
        self.lines.mended.connect(self.mended)
        self.setAccessibleName(tr("Lignes refusées"))
        self.clicked.connect(self._clicked)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)
        triggers = QAbstractItemView.EditTrigger
        self.setEditTriggers(triggers.EditKeyPressed | triggers.AnyKeyPressed | triggers.DoubleClicked)
        header = PaintedHeader(self)
        header.setSectionsMovable(False)
        header.setSectionsClickable(False)
        self.setHorizontalHeader(header)
        header.setSectionResizeMode(_REASON, QHeaderView.ResizeMode.Stretch)
        for place, width in ((_LINE, 64), (_COLUMN, 120), (_VALUE, 140)):
            self.setColumnWidth(place, width)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        index = self.currentIndex()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and index.isValid() and index.column() == _REASON:
            self.lines.take_near(index.row())
        else:
            super().keyPressEvent(event)

    def _clicked(self, index: QModelIndex) -> None:
        if index.column() == _REASON:
            self.lines.take_near(index.row())

    def show_faults(self, faults: Sequence[Faute]) -> None:
        """All of them, in the order of the file; the keyboard stays where it was."""
        row, column = self.currentIndex().row(), self.currentIndex().column()
        self.lines.fill(faults)
        if 0 <= row < self.lines.rowCount():
            self.setCurrentIndex(self.lines.index(row, max(0, column)))

    def mend_first(self) -> None:
        """Begin to write in the first value that can be mended."""
        for row in range(self.lines.rowCount()):
            if self.lines.can_mend(row):
                index = self.lines.index(row, _VALUE)
                self.setCurrentIndex(index)
                self.setFocus(Qt.FocusReason.ShortcutFocusReason)
                self.edit(index)
                return
