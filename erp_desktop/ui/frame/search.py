"""The search of the top bar: what answers drops below it, from every noun; Enter opens the first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from erp_desktop.ui.context import Contexte
from erp_desktop.ui.frame.topbar import SearchBox
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.kit.offers import Offer, Offers
from erp_desktop.ui.tasks import Task
from erp_desktop.ui.wording import field_labels

if TYPE_CHECKING:
    from erp_desktop.services.shared.global_search import Reponse

_PAUSE_MS = 150
_LIST = "liste"


class GlobalSearch(QObject):
    """Asks while it is typed; an answer is shown for the question that stands there, never for another.

    Args:
        open_record: ``open_record(kind, id)``.
        filter_list: shows the interventions filtered by words.
    """

    def __init__(
        self, box: SearchBox, contexte: Contexte, open_record: Callable[[str, int], object],
        filter_list: Callable[[str], object],
    ) -> None:  # fmt: skip
        super().__init__(box)
        self._box, self._contexte = box, contexte
        self._open, self._filter = open_record, filter_list
        self._asked: Task | None = None
        self._answered = ""
        self._entered = False
        self.offers = Offers(box.edit, self)
        self.offers.chosen.connect(self._chosen)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self._ask)
        box.edit.textEdited.connect(self._typed)
        box.edit.returnPressed.connect(self._enter)

    def _typed(self, _text: str) -> None:
        self._entered = False
        # What was answered before says nothing of the new words.
        self.offers.hide()
        self.offers.items = []
        self._answered = ""
        self._pause.start()

    def _ask(self) -> None:
        # The window's frame stands before the database libraries are there.
        from erp_desktop.services.shared import global_search

        self._pause.stop()
        if self._asked is not None:
            self._asked.cancel()
        text, acteur = self._box.edit.text().strip(), self._contexte.acteur
        if text:
            self._asked = self._contexte.tasks.run(
                lambda session: global_search.chercher(session, acteur, text),
                lambda found: self._show(text, found), owner=self,
            )  # fmt: skip

    def _show(self, text: str, found: Sequence[Reponse]) -> None:
        self._asked = None
        if text != self._box.edit.text().strip():
            return
        self._answered = text
        rows = [
            Offer(
                (one.table, one.id),
                one.libelle,
                " · ".join(filter(None, [field_labels.table(one.table), one.detail])),
            )
            for one in found
        ] or [Offer(None, tr("aucun résultat"))]
        rows.append(Offer((_LIST, text), tr("Filtrer les interventions par « {texte} »", texte=text)))
        self.offers.items = rows
        if self._entered and found:
            self._chosen(rows[0].key, "")
        elif self._box.edit.hasFocus():
            self.offers.show(rows)

    def _enter(self) -> None:
        marked = self.offers.highlighted()
        first = next((one for one in self.offers.items if one.key is not None and one.key[0] != _LIST), None)
        if marked is not None:
            self._chosen(marked.key, "")
        elif self._answered == self._box.edit.text().strip() and first is not None:
            self._chosen(first.key, "")
        else:
            self._entered = True
            self._ask()

    def _chosen(self, key: tuple[str, int | str], _words: str) -> None:
        self._entered = False
        self._pause.stop()
        self.offers.hide()
        self.offers.items = []
        self._answered = ""
        self._box.edit.clear()
        if key[0] == _LIST:
            self._filter(str(key[1]))
        else:
            self._open(key[0], int(key[1]))
