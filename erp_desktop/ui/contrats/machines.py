"""The machines that a contract covers, and a small form that adds one."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLayout, QVBoxLayout, QWidget

from erp_desktop import clock
from erp_desktop.domain.contrats.saisie import CouvertureInput
from erp_desktop.domain.dates import Sens
from erp_desktop.domain.enums import Criticite
from erp_desktop.services import contrats
from erp_desktop.services.contrats import CouvertInfo
from erp_desktop.services.shared import choices as choix
from erp_desktop.ui.forms import entry
from erp_desktop.ui.forms.choices import choices
from erp_desktop.ui.forms.date_editors import DateEditor
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.forms.picker import PickerEditor
from erp_desktop.ui.kit.controls import Field, IconLabel, Text, clear, icon_button
from erp_desktop.ui.kit.i18n import isolate, tr
from erp_desktop.ui.tasks import Task
from erp_desktop.ui.wording import value_labels as labels


class MachinesTab(entry.EntryPart):
    """One line a machine, those that left the contract in grey."""

    unsaved = "Équipement non ajouté"
    blamed = "equipement_id"

    def __init__(self, panel: FormPanel) -> None:
        self._client: int | None = None
        self._writable = False
        super().__init__(panel, tr("Couvrir un équipement"), 6)

    def make_fields(self) -> list[QLayout | QWidget]:
        self.machine = PickerEditor(self._search)
        self.begin, self.end = DateEditor(), DateEditor(Sens.FUTUR)
        self.fields = {
            "equipement_id": Field(tr("Équipement"), self.machine), "du": Field(tr("Du"), self.begin),
            "au": Field(tr("Au"), self.end),
        }  # fmt: skip
        for field in self.fields.values():
            field.editor.changed.connect(self.changed)  # type: ignore[attr-defined]
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.addWidget(self.fields["equipement_id"], 0, 0, 1, 2)
        grid.addWidget(self.fields["du"], 1, 0)
        grid.addWidget(self.fields["au"], 1, 1)
        return [grid]

    def _search(self, text: str, offer: Any) -> Task:
        acteur, client = self._panel.contexte.acteur, self._client

        def failed(error: Exception) -> None:
            self._panel.contexte.tasks.failed.emit(error)
            offer(None)

        return self._panel.contexte.tasks.run(
            lambda session: choices(choix.equipements(session, acteur, text, client_id=client)), offer, failed,
            owner=self,
        )  # fmt: skip

    def show_record(self, row_id: int | None, record: Any) -> None:
        self._row_id = row_id
        self._client = None if record is None else record.client_id
        self._writable = record is not None and self._panel.spec.writes(self._panel.contexte.acteur, record)
        self.form.setVisible(self._writable)
        if row_id is None:
            self._show(None, [])
            return
        acteur = self._panel.contexte.acteur
        self._panel.contexte.tasks.run(
            lambda session: contrats.couverts(session, acteur, row_id), lambda found: self._show(row_id, found),
            owner=self,
        )  # fmt: skip

    def _show(self, row_id: int | None, found: list[CouvertInfo]) -> None:
        if row_id != self._row_id:
            return
        clear(self.lines)
        today = clock.today()
        for one in found:
            self.lines.addWidget(self._line(one, gone=one.au is not None and one.au < today))
        if not found:
            self.lines.addWidget(Text(tr("Aucun équipement pour le moment."), "body", "text.tertiary"))
        self.counted.emit(sum(one.au is None or one.au >= today for one in found))

    def _line(self, one: CouvertInfo, *, gone: bool) -> QWidget:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 2, 0, 2)
        row.setSpacing(10)
        row.addWidget(IconLabel("factory", "text.tertiary", 16))
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(Text(one.nom, "strong", "text.tertiary" if gone else "text.primary", wrap=True))
        days = tr("selon sa fiche")
        if one.du is not None:
            days = tr("depuis le {jour}", jour=isolate(labels.day(one.du)))
            if one.au is not None:
                days = tr("du {du} au {au}", du=isolate(labels.day(one.du)), au=isolate(labels.day(one.au)))
        words.addWidget(Text(f"{isolate(one.code_interne)} · {days}", "caption", "text.tertiary"))
        row.addLayout(words, 1)
        row.addWidget(Text(labels.label(Criticite, one.criticite), "caption", "text.secondary"))
        if self._writable and not gone:
            row.addWidget(icon_button("trash", tr("Retirer du contrat"), partial(self._remove, one)))
        return holder

    def draft(self) -> dict[str, Any]:
        kept = {"du": self.begin.line.text().strip(), "au": self.end.line.text().strip()}
        machine = self.machine.line.text().strip()
        return {k: v for k, v in {**kept, "equipement": machine}.items() if v}

    def restore(self, kept: dict[str, Any]) -> None:
        for field in self.fields.values():
            field.say("")
        self.machine.show_value(None)
        self.machine.show_typed(str(kept.get("equipement", "")))
        self.begin.line.setText(str(kept.get("du", "")))
        self.end.line.setText(str(kept.get("au", "")))

    def begin_next(self) -> None:
        self.machine.inner.setFocus()

    def add(self) -> None:
        values = entry.read(self.fields)
        if values is not None:
            self.submit(
                lambda session, acteur, row_id: contrats.couvrir(session, acteur, row_id, CouvertureInput(**values)),
                tr("Équipement couvert"),
            )

    def _remove(self, one: CouvertInfo) -> None:
        begin = one.du if one.du is not None else clock.today()
        again = CouvertureInput(equipement_id=one.equipement_id, du=begin, au=one.au)
        self.take_away(
            lambda session, acteur, row_id: contrats.retirer(session, acteur, row_id, one.equipement_id),
            tr("Équipement retiré"),
            lambda session, acteur, row_id: contrats.couvrir(session, acteur, row_id, again),
        )
