"""The times that a machine stood still: listed, noted, ended."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLayout, QVBoxLayout, QWidget

from erp_desktop import clock
from erp_desktop.domain.dates import Sens
from erp_desktop.domain.enums import CauseArret, Role
from erp_desktop.domain.saisie.temps import ArretInput
from erp_desktop.services import arrets
from erp_desktop.services.arrets import ArretInfo
from erp_desktop.ui.bus import Changes
from erp_desktop.ui.forms import entry
from erp_desktop.ui.forms.date_editors import InstantEditor
from erp_desktop.ui.forms.editors import ChoiceEditor, TextEditor
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.kit.controls import Field, IconLabel, Text, clear, icon_button
from erp_desktop.ui.kit.i18n import isolate, tr
from erp_desktop.ui.wording import value_labels


class DowntimeTab(entry.EntryPart):
    """Those of the équipement shown, or of the équipement of the intervention shown."""

    unsaved = "Arrêt non noté"
    blamed = "debut"

    def __init__(self, panel: FormPanel) -> None:
        self._of_machine = panel.spec.table == "equipements"
        self._machine: int | None = None
        self._may = False
        super().__init__(panel, tr("Noter un arrêt"), 6)
        panel.contexte.bus.data_changed.connect(self._data_changed)

    def make_fields(self) -> list[QLayout | QWidget]:
        self.begin, self.end = InstantEditor(Sens.PASSE), InstantEditor(Sens.PASSE)
        self.cause = ChoiceEditor(value_labels.options(CauseArret))
        self.cause.show_value(CauseArret.PANNE.value)
        self.remark = TextEditor()
        self.fields = {
            "debut": Field(tr("Début"), self.begin), "fin": Field(tr("Remise en marche"), self.end),
            "cause": Field(tr("Cause"), self.cause), "remarque": Field(tr("Remarque"), self.remark),
        }  # fmt: skip
        for field in self.fields.values():
            field.editor.changed.connect(self.changed)  # type: ignore[attr-defined]
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        for place, name in enumerate(self.fields):
            grid.addWidget(self.fields[name], place // 2, place % 2)
        return [grid]

    def show_record(self, row_id: int | None, record: Any) -> None:
        self._row_id = row_id
        self._machine = None if row_id is None else row_id if self._of_machine else record.equipement_id
        role = self._panel.contexte.acteur.role
        self._may = row_id is not None and role != Role.CLIENT and not (self._of_machine and role == Role.TECHNICIEN)
        self.form.setVisible(self._may)
        if self._machine is None:
            self._show(None, [])
        else:
            self._read()

    def _data_changed(self, changes: Changes, _initiator: object) -> None:
        if "arrets" in changes:
            self._read()

    def draft(self) -> dict[str, Any]:
        kept = {"debut": self.begin.line.text(), "fin": self.end.line.text(), "remarque": self.remark.line.text()}
        kept = {name: text.strip() for name, text in kept.items() if text.strip()}
        return {**kept, "cause": self.cause.value()} if kept else {}

    def restore(self, kept: dict[str, Any]) -> None:
        for field in self.fields.values():
            field.say("")
        self.cause.show_value(kept.get("cause", CauseArret.PANNE.value))
        for name, editor in (("debut", self.begin), ("fin", self.end), ("remarque", self.remark)):
            editor.line.setText(str(kept.get(name, "")))

    def _read(self) -> None:
        machine, acteur = self._machine, self._panel.contexte.acteur
        if machine is not None:
            self._panel.contexte.tasks.run(
                lambda session: arrets.arrets(session, acteur, machine),
                lambda found: self._show(machine, found), owner=self,
            )  # fmt: skip

    def _show(self, machine: int | None, found: list[ArretInfo]) -> None:
        if machine != self._machine:
            return
        clear(self.lines)
        for one in found:
            self.lines.addWidget(self._line(one))
        if not found:
            self.lines.addWidget(Text(tr("Aucun arrêt noté."), "body", "text.tertiary"))
        mine = found if self._of_machine else [one for one in found if one.intervention_id == self._row_id]
        self.counted.emit(len(mine))

    def _line(self, one: ArretInfo) -> QWidget:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 2, 0, 2)
        row.setSpacing(10)
        colour = "semantic.danger.text" if one.fin is None else "text.tertiary"
        icon = IconLabel("warning-octagon" if one.fin is None else "pause-circle", colour, 16)
        row.addWidget(icon, 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(Text(value_labels.label(CauseArret, one.cause), "strong"))
        begin = value_labels.instant(one.debut, year=True)
        when = tr("depuis le {jour}", jour=begin)
        if one.fin is not None:
            when = tr("du {du} au {au}", du=begin, au=value_labels.instant(one.fin, year=True))
        words.addWidget(Text(when, "caption", "text.secondary", wrap=True))
        more = " · ".join(filter(None, [isolate(one.numero) if one.numero else "", one.remarque]))
        if more:
            words.addWidget(Text(more, "caption", "text.tertiary", wrap=True))
        row.addLayout(words, 1)
        row.addWidget(Text(value_labels.spent(one.minutes), "strong"), 0, Qt.AlignmentFlag.AlignTop)
        if self._may and one.fin is None:
            row.addWidget(icon_button("play-circle", tr("Remise en marche maintenant"), partial(self._end, one)))
        if self._may:
            row.addWidget(icon_button("trash", tr("Retirer cet arrêt"), partial(self._remove, one)))
        return holder

    def begin_next(self) -> None:
        self.begin.inner.setFocus()

    def add(self) -> None:
        machine, job = self._machine, None if self._of_machine else self._row_id
        values = entry.read(self.fields)
        if values is not None and machine is not None:
            told = {name: value for name, value in values.items() if value is not None}
            told |= {"equipement_id": machine, "intervention_id": job}
            self.submit(
                lambda session, acteur, _row_id: arrets.noter(session, acteur, ArretInput(**told)), tr("Arrêt noté")
            )

    def _end(self, one: ArretInfo) -> None:
        self.take_away(
            lambda session, acteur, _row_id: arrets.modifier(session, acteur, one.id, {"fin": clock.now()}),
            tr("Équipement remis en marche"),
            lambda session, acteur, _row_id: arrets.modifier(session, acteur, one.id, {"fin": None}),
        )

    def _remove(self, one: ArretInfo) -> None:
        machine = self._machine
        if machine is None:
            return
        again = ArretInput(
            equipement_id=machine, intervention_id=one.intervention_id, debut=one.debut, fin=one.fin,
            cause=CauseArret(one.cause), remarque=one.remarque or None,
        )  # fmt: skip
        self.take_away(
            lambda session, acteur, _row_id: arrets.supprimer(session, acteur, one.id),
            tr("Arrêt retiré"),
            lambda session, acteur, _row_id: arrets.noter(session, acteur, again),
        )

    def told(self, row_id: int, words: str, undo: Callable[[], None] | None = None) -> None:
        super().told(row_id, words, undo)
        # The form of the machine may be open beside that of the job.
        self._panel.contexte.bus.publish("arrets")
