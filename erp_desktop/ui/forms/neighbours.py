"""Tells, while a field is typed, which records on file it may already be, or what the program reads in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QGridLayout

from erp_desktop.services.shared.duplicates import Proche
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.forms.editors import Editor, Unreadable
from erp_desktop.ui.forms.spec import FieldSpec
from erp_desktop.ui.kit.controls import Field, Text
from erp_desktop.ui.kit.i18n import comma, tr
from erp_desktop.ui.tasks import Task

_PAUSE_MS = 300


class Neighbours(QObject):
    """One field's watch; it warns and never refuses.

    Attributes:
        row_id: the record shown, which is no neighbour of itself.
    """

    def __init__(self, one: FieldSpec, editor: Editor, row: Field, contexte: Contexte) -> None:
        super().__init__(editor)
        self._one, self._editor, self._row, self._contexte = one, editor, row, contexte
        self.row_id: int | None = None
        self._asked: Task | None = None
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self._ask)
        editor.changed.connect(self._typed)

    def forget(self, row_id: int | None) -> None:
        """Another record is shown."""
        self.row_id = row_id
        self._stop()
        self._row.notice.say("")

    def _stop(self) -> None:
        self._pause.stop()
        if self._asked is not None:
            self._asked.cancel()
            self._asked = None

    def _typed(self) -> None:
        self._stop()
        self._row.notice.say("")
        self._pause.start()

    def _ask(self) -> None:
        try:
            value = self._editor.value()
        except Unreadable:
            return
        near, contexte, name, row_id = self._one.near, self._contexte, self._one.name, self.row_id
        if near is not None and value:
            self._asked = contexte.tasks.run(
                lambda session: near(session, contexte.acteur, name, str(value), row_id), self._show,
                lambda _error: None, owner=self,
            )  # fmt: skip

    def _show(self, found: Sequence[Proche]) -> None:
        self._asked = None
        same = [one.libelle for one in found if one.meme]
        if same:
            self._row.notice.say(tr("Déjà au fichier : {noms}.", noms=comma().join(same)))
        elif found:
            names = comma().join(one.libelle for one in found)
            self._row.notice.say(tr("Ressemble à {noms} : est-ce la même fiche ?", noms=names))


Reading = Callable[[str], tuple[str, bool]]
"""What a text is read as, in the language in force, and whether it could be read; no words: nothing to say."""


class Understood(QObject):
    """One field's reading.

    Attributes:
        line: what was understood; what was not is the field's notice.
    """

    def __init__(self, reads: Reading, editor: Editor, row: Field) -> None:
        super().__init__(editor)
        self._reads, self._editor, self._row = reads, editor, row
        self.line = Text("", "caption", "text.secondary", wrap=True)
        grid = row.layout()
        if isinstance(grid, QGridLayout):
            grid.addWidget(self.line, grid.rowCount(), grid.columnCount() - 1)
        self.line.hide()
        editor.changed.connect(self.tell)

    def tell(self) -> None:
        """Say how the text in the field reads now."""
        try:
            value = self._editor.value()
        except Unreadable:
            value = None
        words, good = self._reads(str(value)) if value else ("", True)
        self._row.notice.say("" if good else words)
        self.line.setText(words if good else "")
        self.line.setVisible(bool(words) and good)
