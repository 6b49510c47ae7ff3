"""The periods of a contract: what each includes, what is used up, and who pays for each job."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Any

from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from erp_desktop import clock
from erp_desktop.domain import nombres
from erp_desktop.domain.contrats import cycle
from erp_desktop.domain.contrats.saisie import PeriodeInput
from erp_desktop.domain.dates import Sens
from erp_desktop.services import contrats
from erp_desktop.services.contrats import Periode, TravailInfo, periods
from erp_desktop.ui.contrats import marks
from erp_desktop.ui.contrats.gauge import Gauge
from erp_desktop.ui.contrats.jobs import JobsView
from erp_desktop.ui.forms import entry
from erp_desktop.ui.forms.date_editors import DateEditor
from erp_desktop.ui.forms.editors import MoneyEditor, WholeEditor
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.forms.part import RecordPart
from erp_desktop.ui.kit.controls import Button, Field, Text, clear, icon_button
from erp_desktop.ui.kit.i18n import isolate, number, tr
from erp_desktop.ui.kit.surfaces import Card
from erp_desktop.ui.wording import value_labels as labels

_TITLES = {
    "du": "Du", "au": "Au", "interventions_incluses": "Interventions", "heures_incluses": "Heures",
    "montant": "Montant HT",
}  # fmt: skip


class PeriodsTab(RecordPart):
    """Gauges of each period, the jobs of the one that is open, and a small form that adds a period."""

    unsaved = "Période non ajoutée"

    def __init__(self, panel: FormPanel) -> None:
        super().__init__()
        self._panel = panel
        self._row_id: int | None = None
        self._alert = cycle.SEUIL_ALERTE
        self._writable = False
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 14, 12)
        column.setSpacing(10)
        self.lines = QVBoxLayout()
        self.lines.setSpacing(10)
        column.addLayout(self.lines)
        self.jobs = JobsView(panel)
        column.addWidget(self.jobs)
        self._form = self._make_form()
        column.addWidget(self._form)
        column.addStretch()

    def _make_form(self) -> QWidget:
        card = Card("surface.sunken")
        card.box.addWidget(Text(tr("Ajouter une période"), "strong"))
        made = {
            "du": DateEditor(), "au": DateEditor(Sens.FUTUR), "interventions_incluses": WholeEditor(),
            "heures_incluses": WholeEditor(), "montant": MoneyEditor("0,00", units=nombres.DEVISES),
        }  # fmt: skip
        self.fields = {name: Field(tr(_TITLES[name]), editor) for name, editor in made.items()}
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        for place, (name, editor) in enumerate(made.items()):
            editor.changed.connect(self.changed)
            editor.line.returnPressed.connect(self.add)
            grid.addWidget(self.fields[name], *((0, 3 * place, 1, 3) if place < 2 else (1, 2 * place - 4, 1, 2)))
        self._editors = made
        card.box.addLayout(grid)
        row = QHBoxLayout()
        row.addStretch()
        self.add_button = Button(tr("Ajouter"), "soft", icon="plus", on_click=self.add)
        row.addWidget(self.add_button)
        card.box.addLayout(row)
        return card

    def show_record(self, row_id: int | None, record: Any) -> None:
        if row_id != self._row_id:
            self.jobs.show_jobs(None, [])
        self._row_id = row_id
        self._writable = record is not None and contrats.modifiable(self._panel.contexte.acteur, record.statut)
        self._form.setVisible(self._writable)
        if row_id is None:
            self._show(None, [], [])
            return
        self._alert = record.seuil_alerte_pct or cycle.SEUIL_ALERTE
        acteur, today = self._panel.contexte.acteur, clock.today()

        def read(session: Any) -> tuple[list[Periode], list[TravailInfo]]:
            found = periods.lister(session, acteur, row_id)
            now = next((p for p in found if p.du <= today <= p.au), found[0] if found else None)
            return found, contrats.travaux(session, acteur, now.id) if now is not None else []

        self._panel.contexte.tasks.run(read, lambda answer: self._show(row_id, *answer), owner=self)

    def _show(self, row_id: int | None, found: list[Periode], jobs: list[TravailInfo]) -> None:
        if row_id != self._row_id:
            return
        clear(self.lines)
        for place, one in enumerate(found):
            self.lines.addWidget(self._period(one, last=place == 0))
        if not found:
            words = tr("Aucune période : les interventions de ce contrat ne sont pas comptées.")
            self.lines.addWidget(Text(words, "body", "text.tertiary", wrap=True))
        self.jobs.show_jobs(row_id, jobs)
        self.counted.emit(len(found))

    def _period(self, one: Periode, *, last: bool) -> QWidget:
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        row = QHBoxLayout()
        days = tr("du {du} au {au}", du=isolate(labels.day(one.du)), au=isolate(labels.day(one.au)))
        row.addWidget(Text(f"{tr('Période {n}', n=one.numero)} · {days}", "section", wrap=True), 1)
        if self._writable and last:
            row.addWidget(icon_button("trash", tr("Retirer la période"), partial(self._remove, one)))
        column.addLayout(row)
        if isinstance(one.montant, Decimal):
            amount = isolate(f"{number(int(one.montant))} MAD")
            column.addWidget(Text(tr("Montant HT : {montant}", montant=amount), "caption", "text.secondary"))
        if one.hors_quota:
            words = tr("{n} hors quota, à facturer", n=number(one.hors_quota))
            column.addWidget(Text(words, "strong", "semantic.danger.text", wrap=True))
        gauges = QVBoxLayout()
        gauges.setSpacing(6)
        gone = self._gone(one)
        if one.interventions_incluses is not None:
            figures = isolate(f"{number(one.interventions)} / {number(one.interventions_incluses)}")
            self._gauge(
                gauges, "Interventions incluses", figures, one.interventions, one.interventions_incluses, gone
            )
        if one.heures_incluses is not None:
            figures = f"{isolate(marks.hours(one.minutes))} / {isolate(number(one.heures_incluses))}"
            self._gauge(gauges, "Heures incluses", figures, one.minutes, 60 * one.heures_incluses, gone)
        if gauges.count():
            column.addLayout(gauges)
        else:
            words = tr("Sans quota : {n} interventions faites.", n=number(one.interventions))
            column.addWidget(Text(words, "body", "text.secondary", wrap=True))
        return holder

    def _gauge(
        self, column: QVBoxLayout, name: str, figures: str, used: int, included: int, gone: float | None
    ) -> None:
        share = used / included if included else float(used > 0)
        state = "late" if share > 1 else "soon" if 100 * share >= self._alert else "ok"
        column.addWidget(Gauge(tr(name), figures, state, share, gone))

    @staticmethod
    def _gone(one: Periode) -> float | None:
        today = clock.today()
        if not one.du <= today <= one.au:
            return None
        return ((today - one.du).days + 1) / ((one.au - one.du).days + 1)

    def draft(self) -> dict[str, Any]:
        return {name: text for name, editor in self._editors.items() if (text := editor.line.text().strip())}

    def restore(self, kept: dict[str, Any]) -> None:
        for name, editor in self._editors.items():
            self.fields[name].say("")
            editor.line.setText(str(kept.get(name, "")))

    def add(self) -> None:
        """Add the period typed; refusals go under its fields."""
        row_id, acteur, contexte = self._row_id, self._panel.contexte.acteur, self._panel.contexte
        values = entry.read(self.fields)
        if row_id is None or values is None or not self.add_button.isEnabled():
            return
        self.add_button.setEnabled(False)

        def added(_id: int) -> None:
            self.add_button.setEnabled(True)
            if self._row_id == row_id:
                self.restore({})
                self.changed.emit()
                self._editors["du"].inner.setFocus()
            else:
                self._panel.forget_part(row_id, self)
            self._changed(row_id, tr("Période ajoutée"))

        contexte.tasks.run(
            lambda session: periods.ajouter(session, acteur, row_id, PeriodeInput(**values)),
            added, self._refused, write=True, owner=self,
        )  # fmt: skip

    def _refused(self, error: Exception) -> None:
        self.add_button.setEnabled(True)
        entry.refuse(self._panel.contexte, self.fields, error, "du")

    def _remove(self, one: Periode) -> None:
        row_id, acteur, contexte = self._row_id, self._panel.contexte.acteur, self._panel.contexte
        if row_id is None:
            return
        names = ("du", "au", "interventions_incluses", "heures_incluses", "montant")
        values = {name: getattr(one, name) for name in names}

        def bring_back() -> None:
            contexte.tasks.run(
                lambda session: periods.ajouter(session, acteur, row_id, PeriodeInput(**values)),
                lambda _id: contexte.bus.publish("contrats", row_id), self._refused, write=True,
            )  # fmt: skip

        contexte.tasks.run(
            lambda session: periods.supprimer(session, acteur, one.id),
            lambda _none: self._changed(row_id, tr("Période retirée"), bring_back), self._refused, write=True,
            owner=self,
        )  # fmt: skip

    def _changed(self, row_id: int, words: str, undo: Any = None) -> None:
        self._panel.contexte.say(words, undo)
        self._panel.contexte.bus.publish("contrats", row_id)
