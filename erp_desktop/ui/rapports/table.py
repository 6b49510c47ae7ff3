"""A short table that shows whole inside a page: no scrolling of its own, sorted by a click on a heading."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QRect, Qt, Signal
from PySide6.QtGui import QKeySequence, QPainter, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QFrame,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from erp_desktop.reports.presentation import ecrire
from erp_desktop.reports.tableaux import Tableau
from erp_desktop.ui.kit import paint
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.wording import value_labels

Index = QModelIndex | QPersistentModelIndex
_GAUCHE = {"texte", "mois"}


class TableauModele(QAbstractTableModel):
    """The rows of one table; the total, when there is one, stays last."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.tableau: Tableau | None = None
        self._lignes: list[tuple[Any, ...]] = []

    def montrer(self, tableau: Tableau) -> None:
        self.beginResetModel()
        self.tableau, self._lignes = tableau, list(tableau.lignes)
        self.endResetModel()

    def a_droite(self, colonne: int) -> bool:
        return self.tableau is not None and self.tableau.colonnes[colonne].genre not in _GAUCHE

    def place(self, ligne: int) -> int:
        """Where a shown line was given; -1 for the total."""
        if self.est_total(ligne) or self.tableau is None:
            return -1
        return next(n for n, one in enumerate(self.tableau.lignes) if one is self._lignes[ligne])

    def est_total(self, ligne: int) -> bool:
        return ligne >= len(self._lignes)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self.layoutAboutToBeChanged.emit()
        absents = [x for x in self._lignes if x[column] is None]
        presents = [x for x in self._lignes if x[column] is not None]
        presents.sort(key=lambda x: x[column], reverse=order == Qt.SortOrder.DescendingOrder)
        self._lignes = presents + absents
        self.layoutChanged.emit()

    def rowCount(self, parent: Index | None = None) -> int:
        if self.tableau is None or (parent is not None and parent.isValid()):
            return 0
        return len(self._lignes) + bool(self.tableau.pied and self._lignes)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if self.tableau is None or (parent is not None and parent.isValid()) else len(self.tableau.colonnes)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if self.tableau is None or not index.isValid() or role != Qt.ItemDataRole.DisplayRole:
            return None
        ligne = (self.tableau.pied or ()) if self.est_total(index.row()) else self._lignes[index.row()]
        valeur = ligne[index.column()]
        genre = "texte" if isinstance(valeur, str) else self.tableau.colonnes[index.column()].genre
        return value_labels.measured(ecrire(genre, valeur))

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if self.tableau is None or orientation != Qt.Orientation.Horizontal or role != Qt.ItemDataRole.DisplayRole:
            return None
        return tr(self.tableau.colonnes[section].nom)


class _Entete(QHeaderView):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setSectionsClickable(True)
        self.setHighlightSections(False)
        self.setFixedHeight(theme().px("row.header"))

    def paintSection(self, painter: QPainter, rect: QRect, logicalIndex: int) -> None:
        look = theme()
        painter.save()
        painter.fillRect(rect, look.color("surface.sunken"))
        painter.fillRect(rect.x(), rect.bottom(), rect.width(), 1, look.color("border.default"))
        trie = self.isSortIndicatorShown() and self.sortIndicatorSection() == logicalIndex
        mots = str(self.model().headerData(logicalIndex, Qt.Orientation.Horizontal) or "")
        if trie:
            mots += " ↓" if self.sortIndicatorOrder() == Qt.SortOrder.DescendingOrder else " ↑"
        _ecrire(painter, rect, mots, "strong", "accent.text" if trie else "text.tertiary", self.model(), logicalIndex)
        painter.restore()


class _Cellule(QStyledItemDelegate):
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        look, modele = theme(), index.model()
        rect: QRect = option.rect
        total = isinstance(modele, TableauModele) and modele.est_total(index.row())
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, look.color("surface.selected"))
        painter.fillRect(rect.x(), rect.bottom(), rect.width(), 1, look.color("border.subtle"))
        mots = str(index.data() or "")
        _ecrire(painter, rect, mots, "strong" if total else "body", "text.primary", modele, index.column())
        painter.restore()


def _ecrire(painter: QPainter, rect: QRect, mots: str, role: str, couleur: str, modele: object, colonne: int) -> None:
    droite = isinstance(modele, TableauModele) and modele.a_droite(colonne)
    # A number ends where its column ends, whichever way the page reads.
    paint.text(painter, rect.adjusted(10, 0, -10, 0), mots, rtl=droite != theme().rtl,
               font=theme().font(role, tabular=True), colour=theme().color(couleur))  # fmt: skip


class TableauVue(QTableView):
    """As high as its rows."""

    opened = Signal(int, int)
    """A cell was clicked or entered: the place of its line as it was given, -1 for the total, and its column."""

    def __init__(self, nom: str) -> None:
        super().__init__()
        self.modele = TableauModele(self)
        self.setModel(self.modele)
        self.setHorizontalHeader(_Entete(self))
        self.setItemDelegate(_Cellule(self))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(theme().px("row.compact"))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabKeyNavigation(False)
        self.setAccessibleName(nom)
        self.horizontalHeader().sectionClicked.connect(self._trier)
        self.clicked.connect(self._open)
        self._trie: tuple[int, Qt.SortOrder] | None = None
        self._fond()
        theme().changed.connect(self._fond)

    def _fond(self) -> None:
        """The card's own ground shows through."""
        couleurs = self.palette()
        couleurs.setColor(QPalette.ColorRole.Base, theme().color("surface.raised"))
        self.setPalette(couleurs)
        # In sight, the viewport keeps the ground of the look before.
        self.viewport().setPalette(couleurs)

    def montrer(self, tableau: Tableau) -> None:
        """Show a table, in its own order until a heading is clicked."""
        self.modele.montrer(tableau)
        entete = self.horizontalHeader()
        entete.setSortIndicatorShown(False)
        self._trie = None
        for n, colonne in enumerate(tableau.colonnes):
            etire = colonne.genre in _GAUCHE
            mode = QHeaderView.ResizeMode.Stretch if etire else QHeaderView.ResizeMode.Fixed
            entete.setSectionResizeMode(n, mode)
            if not etire:
                title = paint.metrics("strong").horizontalAdvance(tr(colonne.nom)) + 36
                self.setColumnWidth(n, max(title, {"mad": 142, "duree": 90}.get(colonne.genre, 80)))
        lignes = self.modele.rowCount()
        self.setFixedHeight(theme().px("row.header") + max(lignes, 1) * theme().px("row.compact") + 2)

    def _trier(self, colonne: int) -> None:
        ordre = Qt.SortOrder.DescendingOrder if self.modele.a_droite(colonne) else Qt.SortOrder.AscendingOrder
        if self._trie == (colonne, ordre):
            croissant = ordre == Qt.SortOrder.AscendingOrder
            ordre = Qt.SortOrder.DescendingOrder if croissant else Qt.SortOrder.AscendingOrder
        self._trie = (colonne, ordre)
        entete = self.horizontalHeader()
        entete.setSortIndicatorShown(True)
        entete.setSortIndicator(colonne, ordre)
        self.modele.sort(colonne, ordre)

    def _open(self, index: QModelIndex) -> None:
        if index.isValid():
            self.opened.emit(self.modele.place(index.row()), index.column())

    def keyPressEvent(self, event: Any) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open(self.currentIndex())
            return
        if event.matches(QKeySequence.StandardKey.Copy):
            lignes = sorted({i.row() for i in self.selectedIndexes()})
            colonnes = range(self.modele.columnCount())
            texte = "\n".join("\t".join(str(self.modele.index(n, c).data()) for c in colonnes) for n in lignes)
            QApplication.clipboard().setText(texte)
            return
        super().keyPressEvent(event)
