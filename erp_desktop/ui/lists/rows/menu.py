"""What can be done with the row under the pointer, by the right button or the menu key."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, QPoint, QSignalBlocker, Qt
from PySide6.QtGui import QContextMenuEvent, QGuiApplication, QMouseEvent
from PySide6.QtWidgets import QMenu

from erp_desktop.ui.kinds import KINDS, related, title_of
from erp_desktop.ui.kit.i18n import apart, colon, number, tr
from erp_desktop.ui.kit.table import Column
from erp_desktop.ui.lists.query import value_of, with_word
from erp_desktop.ui.palette.recents import link
from erp_desktop.ui.wording import value_labels as labels

if TYPE_CHECKING:
    from erp_desktop.ui.lists.page import ListPage
    from erp_desktop.ui.lists.rows.selection import Selection

_SHOWN = 40
"""Letters of a cell that the menu repeats."""


def _short(words: str) -> str:
    # An ampersand would underline the letter after it.
    cut = words if len(words) <= _SHOWN else f"{words[:_SHOWN]}…"
    return apart(cut.replace("&", "&&"))


class RowMenu(QObject):
    """The menu of a page's rows."""

    def __init__(self, page: ListPage, selection: Selection) -> None:
        super().__init__(page)
        self._page, self._selection = page, selection
        self.menu: QMenu | None = None
        page.view.installEventFilter(self)
        page.view.viewport().installEventFilter(self)
        header = page.view.horizontalHeader()
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(lambda _spot: page.head.chooser.click())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        view, viewport = self._page.view, self._page.view.viewport()
        if isinstance(event, QMouseEvent) and watched is viewport and event.button() == Qt.MouseButton.RightButton:
            if event.type() is not QEvent.Type.MouseButtonPress:
                return False
            # It marks the row that is meant, unless it is one of those chosen: no form opens under what is aimed at.
            index = view.indexAt(event.position().toPoint())
            if index.isValid() and not view.selectionModel().isSelected(index):
                with QSignalBlocker(view):
                    view.select_place(index.row())
                view.viewport().update()
            view.setFocus(Qt.FocusReason.MouseFocusReason)
            return True
        if not isinstance(event, QContextMenuEvent):
            return False
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        if watched is not (view if by_key else viewport):
            return False
        index = view.currentIndex() if by_key else view.indexAt(event.pos())
        if index.isValid():
            spot = view.visualRect(index).center() if by_key else event.pos()
            self.offer(index.row(), index.column(), viewport.mapToGlobal(spot))
        return True

    def offer(self, place: int, section: int, where: QPoint) -> None:
        """Show the menu; nothing waits for the answer."""
        page, model = self._page, self._page.model
        row, row_id = model.row_at(place), model.id_at(place)
        if row is None or row_id is None:
            return
        if page.beside.open and self._selection.size == 1:
            # The form stays that of the row that is marked.
            page.view.chosen.emit(row_id)
        menu = self.menu = QMenu(page)
        self._record(menu, row, row_id)
        column = model.columns[section]
        if column.title:
            self._cell(menu, column, row)
        self._several(menu)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(where)

    @staticmethod
    def _add(menu: QMenu, words: str, act: Callable[[], object], keys: str = "") -> None:
        menu.addAction(f"{words}\t{keys}" if keys else words, act)

    def _record(self, menu: QMenu, row: Any, row_id: int) -> None:
        page, kind = self._page, self._page.spec.form.kind
        self._add(menu, tr("Ouvrir"), lambda: page.view.opened.emit(row_id), tr("Entrée"))
        if kind in KINDS:
            self._add(menu, tr("Ouvrir dans un onglet"), lambda: page.contexte.open_record(kind, row_id))
            self._add(menu, tr("Copier le lien"), lambda: self._copy_link(row, (kind, row_id)))
        for section, words in related(page.contexte.acteur, kind, row):
            self._add(menu, tr("Voir : {liste}", liste=tr(title_of(section))),
                      partial(page.contexte.open_list, section, words))  # fmt: skip
        menu.addSeparator()

    def _copy_link(self, row: Any, record: tuple[str, int]) -> None:
        head = [(c.full or c.text)(row) for c in self._page.spec.columns if c.kind in ("code", "strong", "marks")]
        self._copy("\n".join([" — ".join(head[:2]), link(record)]), tr("Lien copié."))

    def _copy(self, text: str, told: str) -> None:
        QGuiApplication.clipboard().setText(text)
        self._page.contexte.say(told)

    def _cell(self, menu: QMenu, column: Column[Any], row: Any) -> None:
        page, words = self._page, (column.full or column.text)(row)
        if not words or words == labels.NONE:
            return
        self._add(menu, tr("Copier « {texte} »", texte=_short(words)), lambda: self._copy(words, tr("Copié.")))
        facet = next((one for one in page.spec.facets if one.key == column.key), None)
        if facet is None:
            return
        options = facet.options() if facet.options else []
        value = value_of(options, words) if options else words
        if options and value not in dict(options):
            return
        text = with_word(page.filter.text(), facet.key, value, page.spec.words)
        narrowed = tr("Filtrer{deux_points}{nom} « {texte} »", deux_points=colon(), nom=tr(facet.label),
                      texte=_short(words))  # fmt: skip
        self._add(menu, narrowed, lambda: page.filter.set_text(text))

    def _several(self, menu: QMenu) -> None:
        selection, size = self._selection, self._selection.size
        if size > 1:
            menu.addSeparator()
            self._add(menu, tr("Copier les {n} lignes", n=number(size)), selection.copy, "Ctrl C")
            if not selection.edit_button.isHidden():
                self._add(menu, tr("Modifier les {n} lignes…", n=number(size)), selection.edit)
        else:
            self._add(menu, tr("Copier la ligne"), selection.copy, "Ctrl C")
            menu.addSeparator()
        if self._page.spec.form.printing is not None:
            printed = tr("Imprimer les {n} lignes…", n=number(size)) if size > 1 else tr("Imprimer…")
            self._add(menu, printed, selection.print_out, "Ctrl P")
        self._add(menu, tr("Choisir toutes les lignes"), self._page.view.selectAll, "Ctrl A")
