"""The row of chips under the filter box: the same query, to click."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu, QWidget

from erp_desktop.ui.context import Contexte
from erp_desktop.ui.kit.controls import clear
from erp_desktop.ui.kit.i18n import colon, tr
from erp_desktop.ui.kit.surfaces import Chip
from erp_desktop.ui.lists.query import Word, value_of, with_word, without, without_free_text, words
from erp_desktop.ui.lists.spec import Facet


def value_words(facet: Facet, value: str) -> str:
    """The words of the options, else each value as typed: ``Clôturée, Archivée``."""
    options = facet.options() if facet.options else []
    parts = [part.strip() for part in value.split(",")] if options else [value]
    said = dict(options)
    return tr(", ").join(said.get(value_of(options, part), part) for part in parts)


class ChipRow(QWidget):
    """Shows a query as chips; :attr:`changed` carries the query after a click."""

    changed = Signal(str)

    def __init__(self, facets: list[Facet], contexte: Contexte, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._facets = {facet.key: facet for facet in facets}
        self._words = {facet.key: facet.options() if facet.options is not None else [] for facet in facets}
        self._contexte = contexte
        self._text = ""
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(6)
        self.setFixedHeight(26)
        self.show_query("")

    def minimumSizeHint(self) -> QSize:
        return QSize(0, 26)

    def chips(self) -> list[Chip]:
        return [chip for chip in self.findChildren(Chip) if not chip.isHidden()]

    def show_query(self, text: str) -> None:
        """Rebuild the chips for a query."""
        self._text = text
        clear(self._row)
        set_keys = set()
        for word in words(text, self._words):
            if word.key:
                set_keys.add(word.key)
                self._row.addWidget(self.chip(word))
        free = " ".join(word.value for word in words(text, self._words) if not word.key)
        if free:
            chip = Chip(tr("Texte :"), tr("« {texte} »", texte=free))
            chip.removed.connect(lambda: self.changed.emit(without_free_text(text, self._words)))
            self._row.addWidget(chip)
        for facet in self._facets.values():
            if facet.shown and facet.key not in set_keys and (facet.options or facet.search):
                chip = Chip(tr(facet.label), caret=True)
                chip.clicked.connect(lambda _on=False, chip=chip, facet=facet: self._offer(chip, facet))
                self._row.addWidget(chip)
        self._row.addStretch()

    def chip(self, word: Word) -> Chip:
        """A chip that removes one word of the present query; a click offers its other values."""
        facet = self._facets[word.key]
        chip = Chip(f"{tr(facet.label)}{colon().rstrip()}", value_words(facet, word.value))
        text = self._text
        chip.removed.connect(lambda: self.changed.emit(without(text, word)))
        if facet.options or facet.search:
            chip.clicked.connect(lambda: self._offer(chip, facet))
        return chip

    def _offer(self, chip: Chip, facet: Facet) -> None:
        if facet.options is not None:
            self._menu(chip, facet, facet.options())
        elif facet.search is not None:
            search, acteur = facet.search, self._contexte.acteur
            self._contexte.tasks.run(
                lambda session: search(session, acteur), lambda found: self._menu(chip, facet, found), owner=chip
            )  # fmt: skip

    def _menu(self, chip: Chip, facet: Facet, options: list[tuple[str, str]]) -> None:
        menu = QMenu(self)
        for value, said in options:
            menu.addAction(said, self._setter(facet.key, value))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(chip.mapToGlobal(chip.rect().bottomLeft()))

    def _setter(self, key: str, value: str) -> Callable[[], None]:
        return lambda: self.changed.emit(with_word(self._text, key, value, self._words))
