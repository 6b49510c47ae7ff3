"""Fills a field in from what was chosen in another one, and says why under it."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from erp_desktop.ui.context import Contexte
from erp_desktop.ui.forms.editors import Editor, Unreadable
from erp_desktop.ui.forms.spec import FieldSpec, Proposal
from erp_desktop.ui.kit.controls import Field
from erp_desktop.ui.tasks import Task


class Proposals(QObject):
    """One field's watch. What a person chose stands: only an empty field is filled in.

    Args:
        target: editor and row of the field that is filled in.
    """

    filled = Signal()

    def __init__(self, one: FieldSpec, editor: Editor, target: tuple[Editor, Field], contexte: Contexte) -> None:
        super().__init__(editor)
        self._one, self._editor, self._contexte = one, editor, contexte
        self._target, self._row = target
        self._asked: Task | None = None
        self._value: object = None
        editor.changed.connect(self._changed)
        self._target.changed.connect(lambda: self._row.notice.say(""))

    def forget(self) -> None:
        """Another record is shown."""
        if self._asked is not None:
            self._asked.cancel()
            self._asked = None
        self._row.notice.say("")
        self._value = self._read()

    def _read(self) -> object:
        try:
            return self._editor.value()
        except Unreadable:
            return None

    def _changed(self) -> None:
        value, proposes, acteur = self._read(), self._one.proposes, self._contexte.acteur
        if value == self._value:
            return
        self._value = value
        self._row.notice.say("")
        if self._asked is not None:
            self._asked.cancel()
            self._asked = None
        if value is not None and proposes is not None:
            self._asked = self._contexte.tasks.run(
                lambda session: proposes(session, acteur, value), self._show, lambda _error: None, owner=self
            )

    def _show(self, found: Proposal | None) -> None:
        self._asked = None
        if found is None:
            return
        try:
            present = self._target.value()
        except Unreadable:
            return
        if present is None and found.value is not None:
            self._target.show_value(found.value, found.words)
            self.filled.emit()
        if present in (None, found.value):
            self._row.notice.say(found.why())
