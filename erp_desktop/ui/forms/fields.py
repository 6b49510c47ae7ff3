"""The fields of one form: made from their specs, read, compared, refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from erp_desktop.domain import nombres
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.forms import editors
from erp_desktop.ui.forms.date_editors import DateEditor, InstantEditor
from erp_desktop.ui.forms.neighbours import Neighbours, Understood
from erp_desktop.ui.forms.part import look_at
from erp_desktop.ui.forms.picker import PickerEditor, Search
from erp_desktop.ui.forms.proposals import Proposals
from erp_desktop.ui.forms.spec import Choices, FieldSpec, FormSpec
from erp_desktop.ui.kit.controls import Field, Text
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.tasks import Task

WORDS = "$mots"
"""Suffix under which drafts keep what a picker showed."""
TYPED = "$saisi"
"""Suffix under which drafts keep words that are no value yet."""


class Fields(QObject):
    """Editors by field name.

    Attributes:
        base: values as last read from the database, what changes are measured against.
    """

    changed = Signal()

    def __init__(self, spec: FormSpec, contexte: Contexte, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._spec, self._contexte = spec, contexte
        self._specs = {one.name: one for one in spec.fields}
        self.editors: dict[str, editors.Editor] = {}
        self.rows: dict[str, Field] = {}
        self.base: dict[str, Any] = {}
        self._seen: dict[str, Any] = {}
        self._neighbours: list[Neighbours] = []
        self._proposals: list[Proposals] = []
        self.understood: dict[str, Understood] = {}

    def build(self, column: QVBoxLayout, label_width: int) -> Iterator[None]:
        """Lay the groups out in ``column``, before what ends it; a step for each field, then one for their ties."""
        for number, group in enumerate(self._spec.groups):
            if number:
                column.insertSpacing(column.count() - 1, 4)
            column.insertWidget(column.count() - 1, Text(tr(group.title), "section"))
            for one in group.fields:
                row = self.make_row(one, 0 if one.kind == "area" else label_width)
                column.insertWidget(column.count() - 1, row)
                yield
        for one in self._specs.values():
            if one.proposes is not None:
                target = self.editors[one.proposes_for], self.rows[one.proposes_for]
                watch = Proposals(one, self.editors[one.name], target, self._contexte)
                watch.filled.connect(self.changed)
                self._proposals.append(watch)
        self._tab_order()
        yield

    def _tab_order(self) -> None:
        previous: QWidget | None = None
        for editor in self.editors.values():
            if previous is not None:
                QWidget.setTabOrder(previous, editor.inner)
            previous = editor.inner

    def make_row(self, one: FieldSpec, label_width: int) -> Field:
        """One field with its label, to be laid out by the caller."""
        editor = self._editor(one)
        label = "" if one.kind == "flag" else tr(one.label)
        row = Field(label, editor, label_width=label_width)
        editor.setAccessibleName(tr(one.label))
        editor.changed.connect(lambda: self._edited(one))
        editor.doubted.connect(row.say)
        self.editors[one.name], self.rows[one.name] = editor, row
        if one.near is not None:
            self._neighbours.append(Neighbours(one, editor, row, self._contexte))
        if one.reads is not None:
            self.understood[one.name] = Understood(one.reads, editor, row)
        return row

    def _editor(self, one: FieldSpec) -> editors.Editor:
        hint = tr(one.placeholder) if one.placeholder else ""
        made: dict[str, Callable[[], editors.Editor]] = {
            "text": lambda: editors.TextEditor(hint),
            "area": lambda: editors.AreaEditor(hint, one.lines),
            "choice": lambda: editors.ChoiceEditor(one.options() if one.options else []),
            "picker": lambda: PickerEditor(self._searcher(one), hint),
            "date": lambda: DateEditor(one.sens),
            "instant": lambda: InstantEditor(one.sens),
            "whole": lambda: editors.WholeEditor(hint),
            "decimal": lambda: editors.MoneyEditor(hint, units=nombres.DEVISES),
            "flag": lambda: editors.FlagEditor(tr(one.label)),
            "info": editors.InfoEditor,
        }
        return made[one.kind]()

    def _searcher(self, one: FieldSpec) -> Search:
        search, contexte = one.search, self._contexte
        if search is None:
            raise ValueError(f"{one.name}: a picker needs a search")

        def ask(text: str, offer: Callable[[Choices | None], object]) -> Task:
            values = self.readable()

            def failed(error: Exception) -> None:
                contexte.tasks.failed.emit(error)
                offer(None)

            return contexte.tasks.run(
                lambda session: search(session, contexte.acteur, text, values), offer, failed, owner=self
            )  # fmt: skip

        return ask

    def _edited(self, one: FieldSpec) -> None:
        self._clear_after(one)
        self.rows[one.name].say("")
        self.changed.emit()

    def _clear_after(self, one: FieldSpec) -> None:
        """Empty what depends on a field once it has another value; a letter on the way to it empties nothing."""
        if not one.clears:
            return
        try:
            value = self.editors[one.name].value()
        except editors.Unreadable:
            return
        if self._same(value, self._seen.get(one.name)):
            return
        self._seen[one.name] = value
        for name in one.clears:
            if name not in self.editors:
                continue
            if self.editors[name].typed():
                self.editors[name].ask_again()
            else:
                self.editors[name].show_value(None)
                self.rows[name].say("")

    def _note(self) -> None:
        """Remember the values shown, against which :meth:`_clear_after` judges."""
        found = self.readable()
        self._seen = {one.name: found.get(one.name) for one in self._specs.values() if one.clears}

    def settle(self) -> bool:
        """Decide what every field's words mean; False while one of them is still being looked up."""
        for name in self.base:
            self.editors[name].settle()
        return not any(self.editors[name].pending for name in self.base)

    def once_settled(self, act: Callable[[], object]) -> None:
        """Call ``act`` when the next field that was pending is decided."""
        for name in self.base:
            if self.editors[name].pending:
                self.editors[name].settled.connect(act, Qt.ConnectionType.SingleShotConnection)
                return

    def show_record(self, record: Any) -> None:
        """Show a record's values, or a blank form's for None."""
        acteur = self._contexte.acteur
        allowed = self._spec.writes(acteur, record)
        self.base = {}
        for name, one in self._specs.items():
            editor = self.editors[name]
            value = one.initial if record is None else getattr(record, name, None)
            words = one.shown(record) if one.shown is not None and record is not None else ""
            editor.show_value(value, words)
            editor.set_read_only(not (allowed and one.writable(acteur, record)))
            self.rows[name].setVisible(record is not None or one.on_create)
            self.rows[name].say("")
            if one.kind != "info":
                self.base[name] = value
        for watch in self._neighbours:
            watch.forget(getattr(record, "id", None))
        for proposal in self._proposals:
            proposal.forget()
        for reading in self.understood.values():
            reading.tell()
        self._note()

    def readable(self) -> dict[str, Any]:
        """The values that can be read; others are left out."""
        found = {}
        for name in self.base:
            try:
                found[name] = self.editors[name].value()
            except editors.Unreadable:
                continue
        return found

    def values(self) -> dict[str, Any] | None:
        """Every value, or None after marking the fields that cannot be read."""
        found, good = {}, True
        for name in self.base:
            try:
                found[name] = self.editors[name].value()
            except editors.Unreadable as error:
                self.rows[name].say(str(error))
                if good:
                    look_at(self.editors[name].inner)
                good = False
        return found if good else None

    def changes(self) -> dict[str, Any]:
        """Fields whose readable value differs from the base."""
        return {name: value for name, value in self.readable().items() if not self._same(value, self.base[name])}

    @staticmethod
    def _same(one: Any, other: Any) -> bool:
        return one == other or (one in (None, "") and other in (None, ""))

    @property
    def dirty(self) -> bool:
        if self.changes():
            return True
        return any(name not in self.readable() for name in self.base)

    def refuse(self, champs: Mapping[str, str]) -> list[str]:
        """Put the domain's sentences under their fields; returns those that have no field here."""
        orphans = []
        for name, words in champs.items():
            if name in self.rows and not self.rows[name].isHidden():
                self.rows[name].say(words)
            else:
                orphans.append(words)
        # The first as the form shows them, whatever order the rules were tried in.
        first = next((name for name in self.editors if name in champs and not self.rows[name].isHidden()), None)
        if first is not None:
            look_at(self.editors[first].inner)
        return orphans

    def refuse_besides(self, champs: Mapping[str, str]) -> None:
        """Add the domain's sentences to fields that have none; the keyboard goes to the first field with one."""
        held = [name for name in self.base if self.editors[name].inner.hasFocus() and self._is_wrong(name)]
        readable = self.readable()
        for name, words in champs.items():
            if name in readable and not self.rows[name].isHidden():
                self.rows[name].say(words)
        first = next((name for name in self.base if self._is_wrong(name)), None)
        if held and first is not None:
            look_at(self.editors[first].inner)

    def _is_wrong(self, name: str) -> bool:
        return bool(self.rows[name].error.label.text()) and not self.rows[name].isHidden()

    def draft(self) -> dict[str, Any]:
        """Changed values, with the words that pickers show."""
        kept = self.changes()
        for name in list(kept):
            words = self.editors[name].words()
            if words:
                kept[name + WORDS] = words
        for name in self.base:
            typed = self.editors[name].typed()
            if typed:
                kept[name + TYPED] = typed
        return kept

    def restore(self, kept: Mapping[str, Any]) -> bool:
        """Show a draft over the base; tells whether anything differs."""
        for name, value in kept.items():
            if name in self.base:
                self.editors[name].show_value(value, str(kept.get(name + WORDS, "")))
        typed = {name[: -len(TYPED)]: str(words) for name, words in kept.items() if name.endswith(TYPED)}
        for name in typed.keys() & self.base.keys():
            self.editors[name].show_typed(typed[name])
        self._note()
        return self.dirty

    def label(self, name: str) -> str:
        return tr(self._specs[name].label)

    def rebase(self, record: Any) -> dict[str, tuple[Any, Any, bool]]:
        """Take a fresher record under what is typed.

        Returns:
            field → (old base, new base, whether the person changed it too); fields not touched here show the new
            value at once.
        """
        mine = set(self.changes()) | {name for name in self.base if self.editors[name].typed()}
        moved = {}
        for name, old in self.base.items():
            new = getattr(record, name, None)
            if self._same(old, new):
                continue
            moved[name] = (old, new, name in mine)
            if name not in mine:
                one = self._specs[name]
                self.editors[name].show_value(new, one.shown(record) if one.shown is not None else "")
            self.base[name] = new
        self._note()
        return moved
