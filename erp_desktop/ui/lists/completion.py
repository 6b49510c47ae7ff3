"""Completes the filter box: known words, then their values, in the words in which they are shown."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, QRect
from PySide6.QtGui import QTextCursor

from erp_desktop.domain.recherche import serrer
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.kit.offers import Offer, Offers
from erp_desktop.ui.lists.filter_box import FilterBox
from erp_desktop.ui.lists.query import Vocabulary, Word, quoted, typed_name, words
from erp_desktop.ui.lists.spec import Facet
from erp_desktop.ui.tasks import Task


class Completion(QObject):
    """Listens to a filter box and drops what may follow below its caret."""

    def __init__(self, box: FilterBox, facets: list[Facet], contexte: Contexte) -> None:
        super().__init__(box)
        self._box, self._contexte = box, contexte
        self._facets = {facet.key: facet for facet in facets}
        self._options = Vocabulary(
            {facet.key: facet.options() if facet.options is not None else [] for facet in facets},
            {tr(facet.label): facet.key for facet in facets},
        )
        self._asked: Task | None = None
        self._quiet = False
        self._place = (0, 0)
        self.offers = Offers(box.edit, self)
        self.offers.chosen.connect(self._take)
        box.edit.offers = self.offers
        box.edit.textChanged.connect(self._typed)

    def _typed(self) -> None:
        if self._asked is not None:
            self._asked.cancel()
            self._asked = None
        # A text that was set, by a chip or a search, is finished: only typing asks for completions.
        if self._quiet or not self._box.edit.hasFocus():
            self.offers.hide()
            return
        caret = self._box.edit.textCursor().position()
        before = self._box.edit.toPlainText()[:caret]
        found = words(before, self._options)
        last = found[-1] if found else Word("", "", caret, caret)
        if last.end != caret or (before[-1:].isspace() and not last.key):
            self.offers.hide()
            return
        self._place = (last.start, caret)
        if last.key:
            self._offer_values(self._facets[last.key], last.value)
        else:
            self._offer_keys(last.value)

    def _offer_keys(self, begun: str) -> None:
        folded = serrer(begun)
        found = [
            Offer(f"{name}:", f"{name}:", tr(facet.label))
            for key, facet in self._facets.items()
            for name in [next((n for n in (key, typed_name(tr(facet.label))) if n.startswith(folded)), "")]
            if folded and name
        ]
        self._show(found)

    def _offer_values(self, facet: Facet, begun: str) -> None:
        if facet.search is None:
            self._show(self._matching(facet, self._options[facet.key], begun))
            return
        search, acteur = facet.search, self._contexte.acteur
        self._asked = self._contexte.tasks.run(
            lambda session: search(session, acteur),
            lambda found: self._show(self._matching(facet, found, begun)), lambda _error: None, owner=self,
        )  # fmt: skip

    @staticmethod
    def _matching(facet: Facet, options: Sequence[tuple[str, str]], begun: str) -> list[Offer]:
        folded = serrer(begun.rpartition(",")[2])
        return [
            Offer(f"{facet.key}:{quoted(value)} ", said)
            for value, said in options
            if folded != serrer(value)
            and (serrer(said).startswith(folded) or any(w.startswith(folded) for w in serrer(said).split()))
        ]

    def _show(self, found: list[Offer]) -> None:
        if found and self._box.edit.hasFocus():
            caret = self._box.edit.cursorRect()
            self.offers.show(found[:30], at=QRect(caret.x(), caret.y(), 180, caret.height() + 6))
        else:
            self.offers.hide()

    def _take(self, written: str, _words: str) -> None:
        cursor = self._box.edit.textCursor()
        start, end = self._place
        cursor.setPosition(start)
        cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        self._quiet = not written.endswith(":")
        cursor.insertText(written)
        self._quiet = False
        self._box.edit.setTextCursor(cursor)
