"""The panel that changes several records alike: only ticked fields, tried before they are written, one undo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QVBoxLayout, QWidget

from erp_desktop.errors import ErpError
from erp_desktop.services.shared.bulk import Editing, MovedError, Progress, RowRefusedError, Trial
from erp_desktop.ui.bulk import values as bulk_values
from erp_desktop.ui.bulk.preview import Preview
from erp_desktop.ui.bus import Changes
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.forms.editors import Unreadable
from erp_desktop.ui.forms.fields import Fields
from erp_desktop.ui.forms.spec import ADD, FieldSpec, Group
from erp_desktop.ui.kit.controls import Button, Field, LineEdit, Text, icon_button
from erp_desktop.ui.kit.i18n import number, said, tr
from erp_desktop.ui.kit.surfaces import Banner, Surface
from erp_desktop.ui.lists.spec import ListSpec

CHUNK = 50
"""Records tried in one turn of the database worker, between which lists and forms are read."""
_PAUSE_MS = 350
_LABEL = 108


def editable(spec: ListSpec[Any]) -> list[FieldSpec]:
    """The fields of a list's form that may be changed in many records at once."""
    return [one for one in spec.form.fields if one.bulk]


class _Row(QWidget):
    """A box to tick, and beside it what the records hold or, ticked, the field."""

    changed = Signal()

    def __init__(self, one: FieldSpec, field: Field) -> None:
        super().__init__()
        self.spec, self.field = one, field
        editor: Any = field.editor
        self.editor = editor
        self.records: Sequence[Any] = ()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        self.box = QCheckBox(tr(one.label))
        self.box.setFixedWidth(_LABEL + 22)
        self.box.setMinimumHeight(30)
        self.held = LineEdit()
        self.held.set_read_only(True)
        self.held.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.held.setAccessibleName(tr(one.label))
        field.label.hide()
        row.addWidget(self.box, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.held, 1)
        row.addWidget(field, 1)
        field.hide()
        self.box.toggled.connect(self._toggled)
        editor.changed.connect(self.changed)
        editor.settled.connect(self.changed)
        editor.doubted.connect(lambda _words: field.say("") if bulk_values.shift(editor, one) else None)
        if one.kind in ("date", "instant"):
            hint = tr("jj/mm/aaaa, ou +1 jour ouvré") if one.kind == "date" else tr("jj/mm 9h, ou +1 jour ouvré")
            editor.line.setPlaceholderText(hint)

    @property
    def ticked(self) -> bool:
        return self.box.isChecked()

    def _toggled(self, on: bool) -> None:
        self.held.setVisible(not on)
        self.field.setVisible(on)
        self.field.say("")
        if on:
            values = {repr(getattr(record, self.spec.name, None)) for record in self.records}
            first = self.records[0] if self.records else None
            common = first if len(values) == 1 and self.spec.bulk != ADD else None
            shown = self.spec.shown(common) if common is not None and self.spec.shown is not None else ""
            self.editor.show_value(getattr(common, self.spec.name, None), shown)
            self.editor.inner.setFocus(Qt.FocusReason.OtherFocusReason)
        self.changed.emit()

    def show_held(self, records: Sequence[Any], *, whole: bool) -> None:
        """Say what the records hold: one value, or how many."""
        self.records = records if whole else ()
        if self.spec.bulk == ADD:
            self.held.setText(tr("ajouter à la suite…"))
            return
        found = {bulk_values.words(self.spec, record) for record in records}
        if not whole:
            self.held.setText(tr("lecture en cours…"))
        elif len(found) == 1:
            self.held.setText(next(iter(found)))
        else:
            self.held.setText(tr("{n} valeurs différentes", n=number(len(found))))
        self.held.setCursorPosition(0)


class BulkPanel(Surface):
    """Changes records of one list; :attr:`closed` when it is done or given up."""

    closed = Signal()

    def __init__(self, spec: ListSpec[Any], contexte: Contexte) -> None:
        super().__init__("surface.base", "border.subtle", sides="s")
        self._spec, self._contexte = spec, contexte
        self._editing = Editing(spec.form.table, spec.form.load, spec.form.update, spec.form.warns)
        self.ids: list[int] = []
        self._records: list[Any] = []
        self._generation = 0
        self._writing: Progress | None = None
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self.preview)
        self._clock = QTimer(self)
        self._clock.setInterval(100)
        self._clock.timeout.connect(self._say_written)
        shown = [
            replace(one, near=None, clears=(), proposes=None, search=self._search(one)) for one in editable(spec)
        ]
        self._fields = Fields(replace(spec.form, groups=[Group("", shown)]), contexte, self)
        self.rows = {one.name: _Row(one, self._fields.make_row(one, 0)) for one in shown}
        self._fields.base = dict.fromkeys(self.rows)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._head())
        self.banners = QVBoxLayout()
        self.banners.setContentsMargins(16, 0, 14, 0)
        column.addLayout(self.banners)
        self.trial = Preview(spec.form)
        self.trial.chosen.connect(self._say_count)
        column.addWidget(self.trial, 1)
        column.addWidget(self._foot())
        contexte.bus.data_changed.connect(self._data_changed)

    def _head(self) -> QVBoxLayout:
        top = QVBoxLayout()
        top.setContentsMargins(16, 10, 14, 8)
        top.setSpacing(5)
        line = QHBoxLayout()
        self.title = Text("", "title")
        line.addWidget(self.title, 1)
        line.addWidget(icon_button("x", tr("Fermer"), self.close_panel))
        top.addLayout(line)
        top.addWidget(Text(tr("Cochez ce qui change ; le reste n'est pas touché."), "caption", "text.secondary"))
        for row in self.rows.values():
            row.changed.connect(self._edited)
            top.addWidget(row)
        return top

    def _foot(self) -> QWidget:
        foot = Surface("surface.sunken", "border.subtle", sides="t")
        row = QHBoxLayout(foot)
        row.setContentsMargins(16, 8, 16, 8)
        row.setSpacing(8)
        self.foot_words = Text(tr("annulable d'un Ctrl Z"), "caption", "text.tertiary")
        row.addWidget(self.foot_words)
        row.addStretch()
        row.addWidget(Button(tr("Annuler"), on_click=self.close_panel))
        self.apply_button = Button("", "primary", tip="Ctrl+S", on_click=self.apply)
        row.addWidget(self.apply_button)
        return foot

    def _search(self, one: FieldSpec) -> Any:
        """The search of a picker, told what all the records have in common."""
        search = one.search
        if search is None:
            return None
        return lambda session, acteur, text, values: search(session, acteur, text, {**self._common(), **values})

    def _common(self) -> dict[str, Any]:
        first = self._records[0] if len(self._records) == len(self.ids) and self._records else None
        names = [one.name for one in self._spec.form.fields]
        values = {name: getattr(first, name, None) for name in names} if first is not None else {}
        return {k: v for k, v in values.items() if all(getattr(r, k, None) == v for r in self._records)}

    # Opening

    def open_for(self, ids: Sequence[int]) -> None:
        """Begin with these records; nothing is ticked."""
        self.ids, self._records = list(ids), []
        self.trial.begin()
        self._generation += 1
        self.title.setText(tr("Modifier {quoi}", quoi=self._spec.counted(len(self.ids))))
        for row in self.rows.values():
            row.box.setChecked(False)
            row.show_held((), whole=False)
        self._drop_banners()
        self._ask_nothing()
        self._read(self._generation, 0)
        first = next(iter(self.rows.values()), None)
        if first is not None:
            first.box.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _read(self, generation: int, at: int) -> None:
        acteur, load, part = self._contexte.acteur, self._spec.form.load, self.ids[at : at + CHUNK]

        def arrived(found: list[Any]) -> None:
            if generation != self._generation:
                return
            self._records += found
            if at + CHUNK < len(self.ids):
                self._read(generation, at + CHUNK)
                return
            for row in self.rows.values():
                row.show_held(self._records, whole=True)

        self._contexte.tasks.run(
            lambda session: [load(session, acteur, one) for one in part], arrived, self._failed, owner=self
        )  # fmt: skip

    # Trying

    def changes(self) -> dict[str, Any] | None:
        """What is ticked, with its value; None while a field cannot be read, which says why."""
        found, good = {}, True
        for name, row in self.rows.items():
            if not row.ticked:
                continue
            try:
                if bulk_values.shift(row.editor, row.spec) is None:
                    row.editor.settle()
                if row.editor.pending:
                    return None
                found[name] = bulk_values.read(row.editor, row.spec)
                row.field.say("")
            except Unreadable as error:
                row.field.say(str(error))
                good = False
        return found if good else None

    def _edited(self) -> None:
        self._generation += 1
        self.trial.trials = []
        self._say_count()
        self._pause.start()

    def preview(self) -> None:
        """Try what is ticked on every record."""
        self._pause.stop()
        if self._writing is not None or not self.ids or self.isHidden():
            return
        ticked = any(row.ticked for row in self.rows.values())
        changes = self.changes() if ticked else None
        if changes is None:
            self._ask_nothing()
            return
        self._generation += 1
        self._try(self._generation, changes, [], 0)

    def _try(self, generation: int, changes: dict[str, Any], found: list[Trial], at: int) -> None:
        acteur, part = self._contexte.acteur, self.ids[at : at + CHUNK]

        def arrived(more: list[Trial]) -> None:
            if generation != self._generation or self.isHidden():
                return
            found.extend(more)
            self.trial.reading(len(found), len(self.ids))
            if len(found) < len(self.ids):
                self._try(generation, changes, found, at + CHUNK)
                return
            self.trial.show_trials(found, set(changes))
            self._say_count()

        self._contexte.tasks.run(
            lambda session: self._editing.trials(session, acteur, part, changes), arrived, self._failed,
            write=True, owner=self,
        )  # fmt: skip

    def _ask_nothing(self) -> None:
        self.trial.empty(tr("Cochez un champ et donnez sa valeur : chaque fiche est essayée avant d'être écrite."))
        self._say_count()

    def _say_count(self) -> None:
        count = len(self.trial.writable())
        words = tr("Appliquer à {n}", n=number(count)) if count else tr("Appliquer")
        self.apply_button.setText(words)
        self.apply_button.setAccessibleName(words)
        self.apply_button.setEnabled(bool(count) and self._writing is None)

    # Writing

    def apply(self) -> None:
        """Write what the preview counts, in one transaction."""
        changes, tried, acteur = self.changes(), self.trial.writable(), self._contexte.acteur
        if self._writing is not None or not changes or not tried:
            return
        self._drop_banners()
        progress = self._writing = Progress()
        self._say_count()
        self._clock.start()
        editing = self._editing
        self._contexte.tasks.run(
            lambda session: editing.write(session, acteur, tried, changes, progress), self._written, self._refused,
            write=True,
        )  # fmt: skip

    def _say_written(self) -> None:
        if self._writing is not None:
            self.foot_words.setText(tr("{n} fiches écrites…", n=number(self._writing.done)))

    def _end(self) -> None:
        self._writing = None
        self._clock.stop()
        self.foot_words.setText(tr("annulable d'un Ctrl Z"))

    def _written(self, kept: list[tuple[int, dict[str, Any]]]) -> None:
        self._end()
        spec, contexte, editing = self._spec, self._contexte, self._editing
        ids = [ident for ident, _values in kept]

        def undone(_none: None) -> None:
            contexte.say(tr("Modification groupée défaite"), kind="info")
            contexte.bus.publish(spec.table, *ids)

        def undo() -> None:
            contexte.tasks.run(
                lambda session: editing.restore(session, contexte.acteur, kept), undone,
                lambda error: contexte.say(said(str(error)), kind="danger"), write=True,
            )  # fmt: skip

        contexte.say(tr("Modification enregistrée : {quoi}", quoi=spec.counted(len(kept))), undo)
        self.closed.emit()
        contexte.bus.publish(spec.table, *ids)

    def _refused(self, error: Exception) -> None:
        self._end()
        if isinstance(error, MovedError):
            known = {trial.id: trial.before for trial in self.trial.trials}
            self.trial.moved |= {one: known[one] for one in error.ids if one in known and one not in self.trial.moved}
            words = tr("Rien n'est écrit : {n} fiches ont changé depuis l'aperçu. Relisez, puis appliquez.",
                       n=number(len(error.ids)))  # fmt: skip
            self.banners.addWidget(Banner("warning", words, closable=True))
            self.preview()
        elif isinstance(error, RowRefusedError):
            words = tr("Rien n'est écrit, une fiche a changé entre-temps : {cause}", cause=said(str(error)))
            self.banners.addWidget(Banner("danger", words, closable=True))
            self.preview()
        else:
            self._failed(error)
        self._say_count()

    def _failed(self, error: Exception) -> None:
        if isinstance(error, ErpError):
            self._drop_banners()
            self.banners.addWidget(Banner("danger", said(str(error)), closable=True))
        else:
            self._contexte.tasks.failed.emit(error)

    # Leaving

    def close_panel(self) -> None:
        """Give up; while records are being written, stop that: nothing of it stays."""
        if self._writing is not None:
            self._writing.stop.set()
            return
        self._generation += 1
        self._pause.stop()
        self.closed.emit()

    def _drop_banners(self) -> None:
        while self.banners.count():
            item = self.banners.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()

    def _data_changed(self, changes: Changes, _initiator: object) -> None:
        if self._spec.table in changes and self.isVisible():
            self._pause.start()
