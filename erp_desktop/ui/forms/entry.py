"""A small form inside a part or a page: what is typed is read, and refused, field by field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QLayout, QLineEdit, QVBoxLayout, QWidget

from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import DuplicateError, ErpError, ValidationError
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.drafts import Done
from erp_desktop.ui.forms.editors import ChoiceEditor, FlagEditor, Unreadable
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.forms.part import RecordPart, look_at
from erp_desktop.ui.forms.picker import PickerEditor
from erp_desktop.ui.kit.controls import Button, Field, Text
from erp_desktop.ui.kit.i18n import said, tr
from erp_desktop.ui.kit.surfaces import Card

Act = Callable[[Any, Acteur, int], Any]
"""``act(session, acteur, id of the record shown)``, in one transaction."""


def read(fields: Mapping[str, Field]) -> dict[str, Any] | None:
    """The values typed; None when a field cannot be read: all of those say why, and the first has the cursor."""
    values: dict[str, Any] = {}
    wrong: list[str] = []
    for name, field in fields.items():
        editor: Any = field.editor
        field.say("")
        editor.settle()
        try:
            values[name] = editor.value()
        except Unreadable as error:
            field.say(str(error))
            wrong.append(name)
    if wrong:
        _look_at(fields[wrong[0]])
        return None
    return values


def _shown_with(field: Field, other: Field) -> bool:
    """Whether a field is in sight where ``other`` is: a choice may have put it away."""
    place = other.parentWidget()
    while place is not None and not place.isAncestorOf(field):
        place = place.parentWidget()
    return place is None or field.isVisibleTo(place)


def refuse(contexte: Contexte, fields: Mapping[str, Field], error: Exception, otherwise: str) -> None:
    """Show a refusal under the fields that it names; under ``otherwise`` what names a field that is not shown here.

    Whoever looks at something else meanwhile is told by a message too.
    """
    if isinstance(error, ValidationError | DuplicateError) and error.champs:
        last = fields[otherwise]
        shown = {name: field for name, field in fields.items() if _shown_with(field, last)}
        for name, words in error.champs.items():
            shown.get(name, last).say(words)
        _look_at(fields[next((name for name in shown if name in error.champs), otherwise)])
        if not last.isVisibleTo(last.window()):
            contexte.say(said(" ".join(error.champs.values())), kind="danger")
    elif isinstance(error, ErpError):
        contexte.say(said(str(error)), kind="danger")
    else:
        contexte.tasks.failed.emit(error)


def typed(fields: Mapping[str, Field], usual: Mapping[str, Any] = {}) -> dict[str, Any]:
    """What stands in the fields and is not usual there, as :func:`put_back` takes it and a draft keeps it.

    Args:
        usual: what a choice or a tick shows when nobody touched it.
    """
    kept: dict[str, Any] = {}
    for name, field in fields.items():
        editor: Any = field.editor
        if isinstance(editor, ChoiceEditor | FlagEditor):
            if editor.value() != usual.get(name, editor.value()):
                kept[name] = editor.value()
        elif words := editor.line.text().strip():
            chosen = isinstance(editor, PickerEditor) and not editor.unsettled
            kept[name] = {"id": editor.value(), "mots": words} if chosen else words
    return kept


def put_back(fields: Mapping[str, Field], kept: Mapping[str, Any], usual: Mapping[str, Any] = {}) -> None:
    """Show what :func:`typed` gave, blank or usual what it does not hold; refusals are not said any more."""
    for name, field in fields.items():
        editor: Any = field.editor
        field.say("")
        value = kept.get(name)
        if isinstance(editor, ChoiceEditor | FlagEditor):
            editor.show_value(usual.get(name, editor.value()) if value is None else value)
        elif isinstance(value, dict):
            editor.show_value(value["id"], value["mots"])
        else:
            editor.show_value(None)
            editor.show_typed(str(value or ""))


def _look_at(field: Field) -> None:
    look_at(getattr(field.editor, "inner", field.editor))


class EntryPart(RecordPart):
    """Lines of a record, and below them a small form that adds one.

    Attributes:
        lines: place of the lines.
        fields: name → field of the small form.
        blamed: the field under which a refusal is shown that names none of them.
    """

    blamed = ""

    def __init__(self, panel: FormPanel, title: str, spacing: int) -> None:
        super().__init__()
        self._panel = panel
        self._row_id: int | None = None
        self.fields: dict[str, Field] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 14, 12)
        column.setSpacing(8 if spacing < 8 else spacing)
        self.lines = QVBoxLayout()
        self.lines.setSpacing(spacing)
        column.addLayout(self.lines)
        self.between = QVBoxLayout()
        column.addLayout(self.between)
        self.form = Card("surface.sunken")
        self.form.box.addWidget(Text(title, "strong"))
        for one in self.make_fields():
            if isinstance(one, QLayout):
                self.form.box.addLayout(one)
            else:
                self.form.box.addWidget(one)
        for field in self.fields.values():
            if isinstance(line := getattr(field.editor, "line", None), QLineEdit):
                line.returnPressed.connect(self.add)
        row = QHBoxLayout()
        row.addStretch()
        self.add_button = Button(tr("Ajouter"), "soft", icon="plus", on_click=self.add)
        row.addWidget(self.add_button)
        self.form.box.addLayout(row)
        column.addWidget(self.form)
        column.addStretch()

    def make_fields(self) -> list[QLayout | QWidget]:
        """Fill ``fields`` and lay them out."""
        raise NotImplementedError

    def add(self) -> None:
        """Add what is typed; refusals go under its fields."""
        raise NotImplementedError

    def begin_next(self) -> None:
        """Put the cursor where the next line begins."""
        raise NotImplementedError

    def take_focus(self) -> None:
        if self.form.isVisibleTo(self):
            self.begin_next()

    def save_typed(self) -> bool:
        if not self.draft() or not self.form.isVisibleTo(self):
            return False
        self.add()
        return True

    def submit(self, act: Act, words: str) -> None:
        """Add a line to the record shown.

        Args:
            words: the toast.
        """
        row_id, contexte = self._row_id, self._panel.contexte
        if row_id is None or not self.add_button.isEnabled():
            return
        self.add_button.setEnabled(False)
        self._panel.keep_now()
        texts, held = self._texts(), self.draft()
        kind, part, acteur = self._panel.spec.kind, type(self).__name__, contexte.acteur
        work = contexte.drafts.once(kind, row_id, held, lambda session: act(session, acteur, row_id), part)

        def added(done: Done) -> None:
            self.add_button.setEnabled(True)
            contexte.drafts.forget_sent(kind, row_id, part)
            if done.values == held and self._row_id == row_id:
                self._begin_blank(texts)
            elif done.values == held:
                self._panel.forget_part(row_id, self, held)
            self.told(row_id, done.said(words))

        contexte.tasks.run(work, added, self.refused, write=True, owner=self)

    def _texts(self) -> dict[str, str]:
        lines = {name: getattr(field.editor, "line", None) for name, field in self.fields.items()}
        return {name: line.text() for name, line in lines.items() if isinstance(line, QLineEdit)}

    def _begin_blank(self, sent: Mapping[str, str]) -> None:
        """Make place for the next line; what was typed while the last one was written stays."""
        since = {name: text.removeprefix(sent[name]) for name, text in self._texts().items() if text != sent[name]}
        self.restore({})
        for name, text in since.items():
            line: Any = self.fields[name].editor
            line.line.setText(text)
        self.changed.emit()
        if not any(since.values()):
            self.begin_next()

    def take_away(self, act: Act, words: str, bring_back: Act) -> None:
        """Take a line away; the toast brings it back."""
        row_id, contexte = self._row_id, self._panel.contexte
        if row_id is None:
            return

        def undo() -> None:
            contexte.tasks.run(
                lambda session: bring_back(session, contexte.acteur, row_id),
                lambda _id: contexte.bus.publish(self._panel.spec.table, row_id), self.refused, write=True,
            )  # fmt: skip

        contexte.tasks.run(
            lambda session: act(session, contexte.acteur, row_id), lambda _none: self.told(row_id, words, undo),
            self.refused, write=True, owner=self,
        )  # fmt: skip

    def write_over(
        self, before: Any, value: Any, act: Callable[[Any, Acteur, Any], Any], again: Callable[[], None]
    ) -> None:
        """A value of a line was typed over; the toast gives the former one back.

        Args:
            act: ``act(session, acteur, value)`` writes it.
            again: shows the lines as they are after a refusal.
        """
        row_id, contexte = self._row_id, self._panel.contexte
        if row_id is None:
            return

        def write(wanted: Any, undo: Callable[[], None] | None) -> None:
            def refused(error: Exception) -> None:
                self.refused(error)
                again()

            contexte.tasks.run(
                lambda session: act(session, contexte.acteur, wanted),
                lambda _none: self.told(row_id, tr("Ligne modifiée") if undo else tr("Enregistrement défait"), undo),
                refused, write=True, owner=self,
            )  # fmt: skip

        write(value, lambda: write(before, None))

    def told(self, row_id: int, words: str, undo: Callable[[], None] | None = None) -> None:
        """Something of the record changed: say so, and have it shown afresh."""
        self._panel.contexte.say(words, undo)
        self._panel.contexte.bus.publish(self._panel.spec.table, row_id)

    def refused(self, error: Exception) -> None:
        """Show why nothing was added or taken away."""
        self.add_button.setEnabled(True)
        refuse(self._panel.contexte, self.fields, error, self.blamed)
