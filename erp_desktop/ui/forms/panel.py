"""The life of one record in its form: shown, typed, kept, saved, refused, overtaken; beside its list or in a tab."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import shiboken6
from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QWidget

from erp_desktop import clock
from erp_desktop.errors import DuplicateError, ErpError, OvertakenError, ValidationError
from erp_desktop.ui.bus import Changes
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.forms.spec import FormSpec, Head
from erp_desktop.ui.forms.view import BEGUN, PARTS, FormView
from erp_desktop.ui.kit.i18n import colon, comma, isolate, said, tr
from erp_desktop.ui.tasks import Task

_DRAFT_PAUSE_MS = 700
Action = Callable[[], None]


class FormPanel(FormView):
    """Shows, edits and saves one record of a spec; keeps drafts; never overwrites what is typed.

    Attributes:
        row_id: the record shown; None for a blank form or an empty panel.
    """

    closed = Signal()
    tab_asked = Signal(object)
    saved = Signal(object)
    title_changed = Signal(str)
    dirty_changed = Signal(bool)
    shown = Signal()
    """A record was read and is on screen."""

    def __init__(
        self, spec: FormSpec, contexte: Contexte, *, beside_list: bool, parent: QWidget | None = None
    ) -> None:
        super().__init__(spec, contexte, beside_list=beside_list, parent=parent)
        self.row_id: int | None = None
        self._slot = contexte.drafts.fresh(spec.kind)
        self._dirty = False
        self._saving = self._told = False
        self._loading: Task | None = None
        self.fields.changed.connect(self._edited)
        if self.bar is not None:
            self.bar.changed.connect(self._edited)
        self._draft_pause = QTimer(self)
        self._draft_pause.setSingleShot(True)
        self._draft_pause.setInterval(_DRAFT_PAUSE_MS)
        self._draft_pause.timeout.connect(self._keep_draft)
        contexte.bus.data_changed.connect(self._data_changed)
        contexte.drafts.told.unwritten.connect(self._unwritten)

    def print_out(self) -> bool:
        """Show the record's paper; False when it has none, or is not saved."""
        return self._print(self.row_id, unsaved=self.dirty)

    # Showing

    def open_record(self, row_id: int | None, slot: int | None = None) -> None:
        """Show a record, or a blank form (the one of ``slot``); what was typed in the present one is its draft."""
        self._leave_parts()
        self._drop_banners()
        if self._loading is not None:
            self._loading.cancel()
            self._loading = None
        if row_id is None:
            self.row_id, self._slot = None, slot or self.contexte.drafts.fresh(self.spec.kind)
            self._show(None)
            self._offer_unfinished(self._slot)
            return
        spec, acteur = self.spec, self.contexte.acteur
        self._loading = self.contexte.tasks.run(
            lambda session: spec.load(session, acteur, row_id),
            lambda record: self._loaded(row_id, record),
            self._failed,
            owner=self,
        )

    def title(self) -> str:
        """The record in words, for who does not see the form: a new one by the first text typed."""
        if self.record is not None:
            head = self.spec.head(self.record)
            return " — ".join(filter(None, [head.code, head.title]))
        typed = next((v for v in self._draft().values() if isinstance(v, str) and v.strip()), "")
        return colon().join(filter(None, [tr(self.spec.new_title), typed]))

    @property
    def draft_id(self) -> int:
        """What the draft is kept under: the record, or the slot of one that is not created yet."""
        return self.row_id if self.row_id is not None else self._slot

    def _loaded(self, row_id: int, record: Any) -> None:
        self._loading = None
        self.row_id = row_id
        self._show(record)

    def _show(self, record: Any) -> None:
        self.record, self._told = record, False
        self.fields.show_record(record)
        head = self.spec.head(record) if record is not None else Head("", tr(self.spec.new_title))
        self.head.show_head(head, existing=record is not None, around=bool(self.around(record)))
        self.title_changed.emit(head.tab or head.code or head.title)
        self._let_write(record)
        self.tabs.setVisible(bool(self.parts) and record is not None)
        if record is None:
            self.tabs.set_current(0)
        self._show_parts(self.row_id, record)
        draft = self.contexte.drafts.find(self.spec.kind, self.draft_id) if self.writes else None
        if self._restore(draft.values if draft is not None else {}) and draft is not None:
            when = clock.written(clock.local(draft.saved_at), tr("%d/%m à %H:%M"))
            words = draft.values.get(BEGUN) or tr("Brouillon du {quand} repris.", quand=when)
            self._banner("info", str(words), tr("Abandonner"), self.cancel)
            self._say_draft(draft.saved_at)
        else:
            self._say_draft(None)
        self._set_dirty(self.fields.dirty)
        self.shown.emit()

    def _leave_parts(self) -> None:
        """Keep the draft of the record left, and name what its parts still hold."""
        self.keep_now()
        names = [tr(part.unsaved) for part in self._all_parts() if part.draft()]
        if names:
            fiche = self.spec.head(self.record).code if self.record is not None else tr(self.spec.new_title)
            words = tr("{quoi} : gardé en brouillon avec {fiche}.", quoi=comma().join(names), fiche=isolate(fiche))
            self.contexte.say(words, kind="info")

    # Editing

    def _set_dirty(self, dirty: bool) -> None:
        self.save_button.setEnabled(dirty and not self._saving)
        dirty = dirty or bool(self._part_drafts())
        self.cancel_button.setEnabled(dirty or self.record is None)
        self._let_print(saved=self.row_id is not None)
        if dirty != self._dirty:
            self._dirty = dirty
            self.dirty_changed.emit(dirty)

    @property
    def dirty(self) -> bool:
        return self._dirty

    def _edited(self) -> None:
        self._set_dirty(self.fields.dirty)
        self._draft_pause.start()

    def _keep_draft(self) -> None:
        kept = self._draft()
        if kept:
            self._say_draft(self.contexte.drafts.keep(self.spec.kind, self.draft_id, kept))
        else:
            self.contexte.drafts.drop(self.spec.kind, self.draft_id)
            self._say_draft(None)

    def _unwritten(self, kind: str, draft_id: int, cause: str) -> None:
        if (kind, draft_id) == (self.spec.kind, self.draft_id):
            self._say_unwritten(cause)

    def keep_now(self) -> None:
        """Write the draft without waiting for a pause in the typing."""
        if self._draft_pause.isActive():
            self._draft_pause.stop()
            self._keep_draft()

    def cancel(self) -> None:
        """Give up what was typed since the last save; the toast can bring it back."""
        self._draft_pause.stop()
        given_up, row_id = self._draft(), self.draft_id
        self.contexte.drafts.drop(self.spec.kind, row_id)
        self._drop_banners()
        self.fields.show_record(self.record)
        self._restore({})
        self._say_draft(None)
        self._set_dirty(False)
        if given_up:
            self.contexte.say(tr("Saisie abandonnée"), lambda: self._bring_back(row_id, given_up), "info")
        if self.record is None:
            self.close_panel()

    def _bring_back(self, row_id: int, kept: dict[str, Any]) -> None:
        if row_id == self.draft_id:
            self._restore(kept)
            self._edited()
        else:
            self.contexte.drafts.keep(self.spec.kind, row_id, kept)

    def _ask_tab(self) -> None:
        if self.row_id is not None:
            self.keep_now()
            self.tab_asked.emit(self.row_id)

    def holds(self, kind: str, slot: int) -> bool:
        """Whether the unfinished new record of that slot is the one typed here."""
        return self.spec.kind == kind and self.row_id is None and self.draft_id == slot

    def escape(self) -> bool:
        """Close the innermost thing open in the form: an entry of the acts, a message; False when there is none."""
        if any(part.escape() for part in self._all_parts() if part.isVisible()):
            return True
        return self._close_banner()

    def close_panel(self) -> None:
        """Leave the form; its draft stays."""
        self._leave_parts()
        self.closed.emit()

    # Saving

    def save(self) -> None:
        """Save what changed; refusals go under their fields."""
        if self._saving or not self.writes:
            return
        if not self.fields.dirty:
            place = self.tabs.current() - 1
            if self.row_id is not None and place in range(len(self.parts)):
                self.parts[place].save_typed()
            return
        if not self.settled(self.save):
            return
        values = self.fields.values()
        if values is None:
            self._rehearse()
            return
        spec, acteur, row_id = self.spec, self.contexte.acteur, self.row_id
        self._begin_save()
        if row_id is None:
            slot = self._slot
            shown = {name: value for name, value in values.items() if value is not None}
            self.contexte.tasks.run(
                self.contexte.drafts.once(spec.kind, slot, values, lambda s: spec.create(s, acteur, shown)),
                lambda done: self._saved(slot, done.answer, done.values, done.said(tr(spec.created))),
                lambda error: self._refused(slot, error), write=True,
            )  # fmt: skip
            return
        changes = self.fields.changes()
        before = {name: self.fields.base[name] for name in changes}
        seen, self._told = {} if self._told else before, False
        self.contexte.tasks.run(
            lambda session: spec.change(session, acteur, row_id, changes, seen),
            lambda kept: self._saved(
                row_id, row_id, changes, tr(spec.saved), lambda: self._undo(row_id, before, kept)),
            lambda error: self._refused(row_id, error), write=True,
        )  # fmt: skip

    def settled(self, act: Action) -> bool:
        """Whether every field's words are decided; if not, ``act`` is called for the same record once they are."""
        if self.fields.settle():
            return True
        asked = self.draft_id
        self.fields.once_settled(lambda: act() if self.draft_id == asked else None)
        return False

    def _rehearse(self) -> None:
        """Have the fields that can be read judged too, in a transaction that is undone: every error at once."""
        spec, acteur, row_id, asked = self.spec, self.contexte.acteur, self.row_id, self.draft_id
        values = self.fields.readable() if row_id is None else self.fields.changes()
        shown = {name: value for name, value in values.items() if value is not None or row_id is not None}

        def judged(error: Exception) -> None:
            if isinstance(error, ValidationError) and self.draft_id == asked:
                self.fields.refuse_besides(error.champs)

        self.contexte.tasks.run(
            lambda session: spec.rehearse(session, acteur, row_id, shown), lambda _none: None, judged, write=True,
            owner=self,
        )  # fmt: skip

    def run_act(self, work: Callable[[Any], Any], words: str, undo: Callable[[Any], None] | None = None) -> None:
        """Run an act on the record shown in one transaction, then show the record afresh.

        Args:
            work: ``work(session)``, which may also save what is typed.
            words: the toast.
            undo: called with what ``work`` returned when the person takes the act back.
        """
        row_id = self.row_id
        if self._saving or row_id is None:
            return
        changes = self.fields.changes()
        self._begin_save()
        self.contexte.tasks.run(
            work,
            lambda found: self._saved(
                row_id, row_id, changes, words, None if undo is None else lambda: undo(found)),
            lambda error: self._refused(row_id, error), write=True,
        )  # fmt: skip

    def _begin_save(self) -> None:
        self._draft_pause.stop()
        # Should the record be refused after the panel went on to another one, the draft still holds it.
        self._keep_draft()
        self._drop_banners()
        self._saving = True
        self.save_button.setEnabled(False)

    def _saved(self, asked: int, row_id: int, saved: dict[str, Any], words: str, undo: Action | None = None) -> None:
        """The transaction is committed. ``asked`` is the record that the panel showed when it began."""
        draft = self.contexte.drafts.find(self.spec.kind, asked)
        parts = draft.values.get(PARTS) if draft is not None else None
        self.contexte.drafts.drop(self.spec.kind, asked)
        if parts:
            self.contexte.drafts.keep(self.spec.kind, asked, {PARTS: parts})
        self.contexte.say(words, undo)
        if not shiboken6.isValid(self):
            self.contexte.bus.publish(self.spec.table, row_id)
            return
        self._saving = False
        with self.contexte.tasks.together():
            if self.draft_id == asked:
                self.row_id = row_id
                self.fields.base.update(saved)
                # Keys struck while the save was under way are a new draft, never lost to the reload.
                self._keep_draft()
                self._set_dirty(self.fields.dirty)
                self.reload(row_id)
            self.contexte.bus.publish(self.spec.table, row_id, initiator=self)
        self.saved.emit(row_id)

    def reload(self, row_id: int, *, quiet: bool = True) -> None:
        spec, acteur = self.spec, self.contexte.acteur
        self.contexte.tasks.run(
            lambda session: spec.load(session, acteur, row_id),
            lambda record: self._fresher(row_id, record, quiet=quiet), self._failed, owner=self,
        )  # fmt: skip

    def _undo(self, row_id: int, before: dict[str, Any], saved: dict[str, Any]) -> None:
        spec, contexte = self.spec, self.contexte

        def done(_kept: object) -> None:
            contexte.say(tr("Enregistrement défait"), kind="info")
            contexte.bus.publish(spec.table, row_id)

        contexte.tasks.run(
            lambda session: spec.change(session, contexte.acteur, row_id, before, saved), done,
            lambda error: contexte.say(said(str(error)), kind="danger"), write=True,
        )  # fmt: skip

    def _refused(self, asked: int, error: Exception) -> None:
        if not shiboken6.isValid(self) or self.draft_id != asked:
            if shiboken6.isValid(self):
                self._saving = False
                self._set_dirty(self.fields.dirty)
            self.contexte.say(
                tr("Enregistrement refusé, brouillon gardé : {cause}", cause=said(str(error))), kind="danger"
            )
            return
        self._saving = False
        self._set_dirty(self.fields.dirty)
        if isinstance(error, ValidationError | DuplicateError) and error.champs:
            orphans = self.fields.refuse(error.champs)
            if orphans:
                self._banner("danger", " ".join(orphans))
            self.tabs.set_current(0)
        elif isinstance(error, OvertakenError) and self.row_id is not None:
            # Shown what is there now, the person decides: saved again, it is written.
            self._told = True
            self.reload(self.row_id, quiet=False)
        else:
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        self._loading = None
        if isinstance(error, ErpError):
            self._banner("danger", str(error))
        else:
            self.contexte.tasks.failed.emit(error)

    # Someone else's change

    def _data_changed(self, changes: Changes, initiator: object) -> None:
        ids = frozenset[int]() if changes.keys() & self.spec.follows else changes.get(self.spec.table)
        if initiator is not self and ids is not None and self.row_id is not None and (not ids or self.row_id in ids):
            self.reload(self.row_id, quiet=False)

    def _fresher(self, row_id: int, record: Any, *, quiet: bool = False) -> None:
        if row_id != self.row_id or self._loading is not None:
            return
        self.keep_now()
        if not self.fields.dirty:
            self._show(record)
            return
        moved = self.fields.rebase(record)
        self.record = record
        self.head.show_head(self.spec.head(record), existing=True, around=bool(self.around(record)))
        self._show_parts(row_id, record)
        self._set_dirty(self.fields.dirty)
        if not moved or quiet:
            return
        names = comma().join(self.fields.label(name) for name in moved)
        clashing = [self.fields.label(name) for name, (_old, _new, mine) in moved.items() if mine]
        words = tr("Un autre poste a changé : {champs}.", champs=names)
        if clashing:
            words += " " + tr("Votre saisie de {champs} est gardée.", champs=comma().join(clashing))
        self._banner("info", words)
