"""A technicien's absences: the list, and the form of one, over the board or the technicien's form."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from erp_desktop import clock
from erp_desktop.domain import enums
from erp_desktop.domain.dates import Sens
from erp_desktop.errors import ErpError, ValidationError
from erp_desktop.services.planning import absences
from erp_desktop.services.planning.absences import AbsenceInput, AbsenceLigne
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.forms import entry
from erp_desktop.ui.forms.date_editors import DateEditor, InstantEditor
from erp_desktop.ui.forms.editors import ChoiceEditor, TextEditor, Unreadable
from erp_desktop.ui.forms.part import RecordPart
from erp_desktop.ui.kit.controls import Button, Elided, Field, IconLabel, Text, clear
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.kit.surfaces import Surface
from erp_desktop.ui.planning import words
from erp_desktop.ui.planning.drawing import AWAY_ICONS
from erp_desktop.ui.planning.panels import Panel
from erp_desktop.ui.wording import value_labels

_RIGHTS = (enums.Role.ADMIN, enums.Role.RESPONSABLE)
_NONE = {"type": "", "statut": "", "recurrence": ""}
"""What no choice shows: each is in :meth:`AbsencesBox.draft`."""


class AbsencesBox(QWidget):
    """The absences of one technicien; a clerk asks, a manager decides."""

    changed = Signal()
    """The person typed in the form."""
    done = Signal(object)
    """Something was written for this technicien."""

    def __init__(self, contexte: Contexte) -> None:
        super().__init__()
        self._contexte = contexte
        self.box = QVBoxLayout(self)
        self.box.setContentsMargins(0, 0, 0, 0)
        self.box.setSpacing(8)
        self.technicien_id = 0
        self._row: AbsenceLigne | None = None
        self._writing = False
        self._blank: dict[str, Any] = {}
        self._kept: dict[str, Any] = {}
        self.lines: list[tuple[AbsenceLigne, QWidget]] = []
        self.buttons: dict[tuple[int, str], Button] = {}
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setFixedHeight(190)
        inside = QWidget()
        inside.setObjectName("corps")
        self.list = QVBoxLayout(inside)
        self.list.setContentsMargins(0, 0, 0, 0)
        self.list.setSpacing(4)
        area.setWidget(inside)
        self.box.addWidget(area)
        self._form()

    def _form(self) -> None:
        self.heading = Text(tr("Nouvelle absence"), "strong")
        self.box.addWidget(self.heading)
        decides = self._contexte.acteur.role in _RIGHTS
        self.kind = ChoiceEditor(value_labels.options(enums.TypeAbsence))
        self.begin, self.end = InstantEditor(Sens.FUTUR), InstantEditor(Sens.FUTUR)
        self.state = ChoiceEditor(value_labels.options(enums.StatutAbsence))
        self.state.setEnabled(decides)
        self.again = ChoiceEditor([("", tr("Une seule fois")), *value_labels.options(enums.RecurrenceAbsence)])
        self.until = DateEditor(Sens.FUTUR)
        self.note = TextEditor(tr("Remarque"))
        self.fields = {
            "type": Field(tr("Type"), self.kind), "statut": Field(tr("Statut"), self.state),
            "debut": Field(tr("Du"), self.begin), "fin": Field(tr("Jusqu'au (retour)"), self.end),
            "recurrence": Field(tr("Répétition"), self.again),
            "recurrence_fin": Field(tr("Dernière semaine"), self.until), "remarque": Field(tr("Remarque"), self.note),
        }  # fmt: skip
        for names in (("type", "statut"), ("debut", "fin"), ("recurrence", "recurrence_fin"), ("remarque",)):
            row = QHBoxLayout()
            row.setSpacing(12)
            for name in names:
                row.addWidget(self.fields[name], 1)
            self.box.addLayout(row)
        self.again.changed.connect(lambda: self.until.set_read_only(not self.again.value()))
        for field in self.fields.values():
            field.editor.changed.connect(self.changed)  # type: ignore[attr-defined]
        foot = QHBoxLayout()
        self.delete = Button(tr("Supprimer"), "danger", icon="trash", on_click=self._delete)
        foot.addWidget(self.delete)
        foot.addStretch()
        self.fresh = Button(tr("Nouvelle"), icon="plus", on_click=lambda: self._aim(None))
        foot.addWidget(self.fresh)
        self.ok = Button(tr("Enregistrer l'absence"), "primary", on_click=self.save)
        foot.addWidget(self.ok)
        self.box.addLayout(foot)
        self._blank = entry.typed(self.fields, _NONE)

    def show_of(self, technicien_id: int, when: datetime | None = None) -> None:
        """Show a technicien's absences and a blank form, at a day when one was pointed at."""
        self.technicien_id = technicien_id
        self.lines = []
        self._edit(None, when)
        self._reload()

    def _reload(self) -> None:
        acteur, who = self._contexte.acteur, self.technicien_id
        since = clock.now() - timedelta(days=120)
        self._contexte.tasks.run(
            lambda session: absences.rows(session, acteur, who, since),
            lambda found: self._fill(found) if who == self.technicien_id else None, owner=self,
        )  # fmt: skip

    def _fill(self, found: list[AbsenceLigne]) -> None:
        clear(self.list)
        self.lines, self.buttons = [], {}
        if not found:
            self.list.addWidget(Text(tr("Aucune absence notée."), "body", "text.tertiary"))
        for row in found:
            widget = self._line(row)
            self.lines.append((row, widget))
            self.list.addWidget(widget)
        self.list.addStretch()
        if self._kept:
            # An absence that is gone is noted anew: its words are not lost.
            self._take_up(next((row for row, _ in self.lines if row.id == self._kept.get("absence")), None))

    def draft(self) -> dict[str, Any]:
        """What is typed and not written yet, with the absence that it changes."""
        typed = entry.typed(self.fields, _NONE)
        if typed == self._blank:
            return dict(self._kept)
        return {"absence": self._row.id if self._row is not None else None, **typed}

    def restore(self, kept: dict[str, Any]) -> None:
        """Show what :meth:`draft` gave."""
        if not kept and not self.draft():
            return
        self._edit(None)
        self._kept = dict(kept)
        row = next((row for row, _ in self.lines if row.id == kept.get("absence")), None)
        if kept and (row is not None or kept["absence"] is None):
            self._take_up(row)
        elif kept:
            self._reload()

    def _take_up(self, row: AbsenceLigne | None) -> None:
        kept = self._kept
        self._edit(row)
        entry.put_back(self.fields, kept, _NONE)
        self.until.set_read_only(not self.again.value())

    def _line(self, row: AbsenceLigne) -> QWidget:
        line = Surface("surface.sunken", "border.subtle", 6)
        across = QHBoxLayout(line)
        across.setContentsMargins(10, 4, 6, 4)
        across.setSpacing(8)
        across.addWidget(IconLabel(AWAY_ICONS[enums.TypeAbsence(row.type)], "text.secondary", 15))
        kind = value_labels.label(enums.TypeAbsence, row.type)
        told = f"{kind} · {words.span(row.debut, row.fin)}"
        if clock.local(row.debut).date() == clock.local(row.fin).date():
            told = f"{kind} · {value_labels.instant(row.debut)} – {words.hour(row.fin)}"
        if row.recurrence:
            told += f" · {value_labels.label(enums.RecurrenceAbsence, row.recurrence).lower()}"
        across.addWidget(Elided(told), 1)
        ink = {"acceptee": "semantic.success.text", "refusee": "semantic.danger.text"}
        across.addWidget(Text(value_labels.label(enums.StatutAbsence, row.statut), "caption",
                              ink.get(row.statut, "semantic.warning.text")))  # fmt: skip
        if row.statut == enums.StatutAbsence.DEMANDE and self._contexte.acteur.role in _RIGHTS:
            for value, icon, name in (("acceptee", "check", "Accepter"), ("refusee", "prohibit", "Refuser")):
                button = Button("", "icon", icon=icon, tip=tr(name), on_click=partial(self._decide, row, value))
                self.buttons[row.id, value] = button
                across.addWidget(button)
        edit = Button("", "icon", icon="pencil-simple", tip=tr("Modifier"), on_click=lambda: self._aim(row))
        self.buttons[row.id, "modifier"] = edit
        across.addWidget(edit)
        return line

    def _aim(self, row: AbsenceLigne | None) -> None:
        """The person asked for another form; what stood in this one is given up, the toast brings it back."""
        kept, who = self.draft(), self.technicien_id
        self._edit(row)
        self.changed.emit()
        if kept:
            self._contexte.say(
                tr("Saisie abandonnée"), lambda: self.restore(kept) if self.technicien_id == who else None, "info"
            )

    def _edit(self, row: AbsenceLigne | None, when: datetime | None = None) -> None:
        self._row, self._kept = row, {}
        self.heading.setText(tr("Modifier l'absence") if row else tr("Nouvelle absence"))
        self.delete.setVisible(row is not None)
        decides = self._contexte.acteur.role in _RIGHTS
        self.kind.show_value(row.type if row else "conge")
        self.state.show_value(row.statut if row else ("acceptee" if decides else "demande"))
        self.begin.show_value(row.debut if row else when)
        self.end.show_value(row.fin if row else None)
        self.again.show_value((row.recurrence if row else None) or "")
        self.until.show_value(row.recurrence_fin if row else None)
        self.until.set_read_only(not self.again.value())
        self.note.show_value(row.remarque if row else None)
        for field in self.fields.values():
            field.say("")
        self._blank = entry.typed(self.fields, _NONE)

    def values(self) -> dict[str, Any]:
        """What is typed.

        Raises:
            ValidationError: a field that cannot be read.
        """
        found: dict[str, Any] = {"technicien_id": self.technicien_id}
        wrong = {}
        editors = {
            "type": self.kind, "statut": self.state, "debut": self.begin, "fin": self.end,
            "recurrence": self.again, "recurrence_fin": self.until, "remarque": self.note,
        }  # fmt: skip
        for name, editor in editors.items():
            try:
                found[name] = editor.value() or None
            except Unreadable as error:
                wrong[name] = str(error)
        for name in ("debut", "fin"):
            if found.get(name) is None and name not in wrong:
                wrong[name] = tr("Ce champ est obligatoire.")
        if wrong:
            raise ValidationError(wrong)
        return found

    def save(self) -> None:
        """Write the absence; what is wrong is said under its field."""
        for field in self.fields.values():
            field.say("")
        try:
            saisie = AbsenceInput(**self.values())
        except ValidationError as error:
            self._wrong(error)
            return
        acteur, row = self._contexte.acteur, self._row
        if row is None:
            self._run(lambda s: absences.create(s, acteur, saisie), tr("Absence notée"))
        else:
            changes = saisie.model_dump()
            self._run(lambda s: absences.update(s, acteur, row.id, changes), tr("Absence enregistrée"))

    def _decide(self, row: AbsenceLigne, statut: str) -> None:
        acteur = self._contexte.acteur
        done = tr("Absence acceptée") if statut == "acceptee" else tr("Absence refusée")
        self._run(lambda s: absences.update(s, acteur, row.id, {"statut": statut}), done, beside=True)

    def _delete(self) -> None:
        acteur, row = self._contexte.acteur, self._row
        if row is not None:
            self._run(lambda s: absences.delete(s, acteur, row.id), tr("Absence supprimée"))

    def _run(self, act: Callable[[Any], object], done: str, *, beside: bool = False) -> None:
        """``beside`` the form: what is typed there is another absence, and stays."""
        if self._writing:
            return
        self._writing = True
        who = self.technicien_id

        def finished(_answer: object) -> None:
            self._writing = False
            self._contexte.say(done, None, "success")
            if who == self.technicien_id:
                if not (beside and self.draft()):
                    self._edit(None)
                self._reload()
            self.done.emit(who)
            self._contexte.bus.publish("absences", initiator=self)

        self._contexte.tasks.run(act, finished, self._wrong, write=True, owner=self)

    def _wrong(self, error: Exception) -> None:
        self._writing = False
        if isinstance(error, ValidationError):
            for name, sentence in error.champs.items():
                self.fields.get(name, self.fields["remarque"]).say(sentence)
        else:
            self.fields["remarque"].say(str(error) if isinstance(error, ErpError) else tr("Rien n'a été enregistré."))


class AbsencesPanel(Panel):
    """The absences of the technicien whose row was pointed at, over the board."""

    def __init__(self, parent: QWidget, contexte: Contexte) -> None:
        super().__init__(parent, tr("Absences"), "calendar-blank", 560)
        self.inside = AbsencesBox(contexte)
        self.box.addWidget(self.inside)

    def open_for(self, technicien_id: int, nom: str, when: datetime | None = None) -> None:
        self.title.setText(tr("Absences de {nom}", nom=nom))
        self.inside.show_of(technicien_id, when)
        self.show_over()
        self.inside.begin.setFocus(Qt.FocusReason.ShortcutFocusReason)


class AbsencesTab(RecordPart):
    """The same in the technicien's form."""

    unsaved = "Absence non enregistrée"

    def __init__(self, panel: Any) -> None:
        super().__init__()
        self._panel = panel
        self._row_id: int | None = None
        self.inside = AbsencesBox(panel.contexte)
        self.inside.changed.connect(self.changed)
        self.inside.done.connect(self._done)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.addWidget(self.inside)
        column.addStretch()

    def show_record(self, row_id: int | None, record: Any) -> None:  # noqa: ARG002 - as inherited
        self._row_id = row_id
        self.setEnabled(row_id is not None)
        if row_id is not None and row_id != self.inside.technicien_id:
            self.inside.show_of(row_id)

    def draft(self) -> dict[str, Any]:
        return self.inside.draft()

    def restore(self, kept: dict[str, Any]) -> None:
        self.inside.restore(kept)

    def _done(self, technicien_id: int) -> None:
        if technicien_id == self._row_id:
            self.changed.emit()
        else:
            self._panel.forget_part(technicien_id, self)
