"""The periods of a contract: what each includes and what is used up."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLayout, QVBoxLayout, QWidget

from erp_desktop import clock
from erp_desktop.domain import nombres
from erp_desktop.domain.contrats import cycle
from erp_desktop.domain.contrats.quotas import Prevision
from erp_desktop.domain.contrats.saisie import PeriodeInput
from erp_desktop.domain.dates import Sens
from erp_desktop.services.contrats import Periode, periods
from erp_desktop.ui.contrats import marks
from erp_desktop.ui.contrats.gauge import Gauge
from erp_desktop.ui.forms import entry
from erp_desktop.ui.forms.date_editors import DateEditor
from erp_desktop.ui.forms.editors import MoneyEditor, WholeEditor
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.kit.controls import Field, Text, clear, icon_button
from erp_desktop.ui.kit.i18n import isolate, number, tr
from erp_desktop.ui.wording import value_labels as labels

_TITLES = {
    "du": "Du", "au": "Au", "interventions_incluses": "Interventions", "heures_incluses": "Heures",
    "montant": "Montant HT",
}  # fmt: skip


class PeriodsTab(entry.EntryPart):
    """Gauges of each period, and a small form that adds one."""

    unsaved = "Période non ajoutée"
    blamed = "du"

    def __init__(self, panel: FormPanel) -> None:
        self._alert = cycle.SEUIL_ALERTE
        self._writable = False
        super().__init__(panel, tr("Ajouter une période"), 10)

    def make_fields(self) -> list[QLayout | QWidget]:
        made = {
            "du": DateEditor(), "au": DateEditor(Sens.FUTUR), "interventions_incluses": WholeEditor(),
            "heures_incluses": WholeEditor(), "montant": MoneyEditor("0,00", units=nombres.DEVISES),
        }  # fmt: skip
        self.fields = {name: Field(tr(_TITLES[name]), editor) for name, editor in made.items()}
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        for place, (name, editor) in enumerate(made.items()):
            editor.changed.connect(self.changed)
            grid.addWidget(self.fields[name], *((0, 3 * place, 1, 3) if place < 2 else (1, 2 * place - 4, 1, 2)))
        self._editors = made
        return [grid]

    def show_record(self, row_id: int | None, record: Any) -> None:
        self._row_id = row_id
        self._writable = record is not None and self._panel.spec.writes(self._panel.contexte.acteur, record)
        self.form.setVisible(self._writable)
        if row_id is None:
            self._show(None, [])
            return
        self._alert = record.seuil_alerte_pct or cycle.SEUIL_ALERTE
        acteur = self._panel.contexte.acteur
        self._panel.contexte.tasks.run(
            lambda session: periods.lister(session, acteur, row_id), lambda found: self._show(row_id, found),
            owner=self,
        )  # fmt: skip

    def _show(self, row_id: int | None, found: list[Periode]) -> None:
        if row_id != self._row_id:
            return
        clear(self.lines)
        for place, one in enumerate(found):
            self.lines.addWidget(self._period(one, last=place == 0))
        if not found:
            words = tr("Aucune période : les interventions de ce contrat ne sont pas comptées.")
            self.lines.addWidget(Text(words, "body", "text.tertiary", wrap=True))
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
            figures = marks.used(number(one.interventions), one.interventions_incluses)
            told = self._forecast(one.prevision, one.interventions_incluses, number)
            gauges.addWidget(self._gauge(
                "Interventions incluses", figures, one.interventions, one.interventions_incluses, gone, told
            ))  # fmt: skip
        if one.heures_incluses is not None:
            included = 60 * one.heures_incluses
            figures = marks.used(marks.hours(one.minutes), one.heures_incluses)
            told = self._forecast(one.prevision_minutes, included, marks.hours)
            gauges.addWidget(self._gauge("Heures incluses", figures, one.minutes, included, gone, told))
        if gauges.count():
            column.addLayout(gauges)
        else:
            words = tr("Sans quota : {n} interventions faites.", n=number(one.interventions))
            column.addWidget(Text(words, "body", "text.secondary", wrap=True))
        return holder

    def _gauge(
        self, name: str, figures: str, used: int, included: int, gone: float | None, told: tuple[str, bool]
    ) -> Gauge:
        share = used / included if included else float(used > 0)
        state = "late" if share > 1 else "soon" if 100 * share >= self._alert else "ok"
        forecast, short = told
        return Gauge(tr(name), figures, state, share, gone, forecast, short=short)

    @staticmethod
    def _forecast(found: Prevision | None, included: int, written: Callable[[int], str]) -> tuple[str, bool]:
        """Where the pace leads, in words, and whether it is beyond what is included."""
        if found is None:
            return "", False
        end = isolate(written(found.a_la_fin))
        if found.epuise is not None:
            day = isolate(labels.day(found.epuise))
            return tr("épuisé vers le {jour} au rythme actuel ; {quoi} à la fin", jour=day, quoi=end), True
        if found.a_la_fin > included:
            return tr("épuisé ; {quoi} à la fin au rythme actuel", quoi=end), True
        return tr("rythme tenu : {quoi} à la fin", quoi=end), False

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

    def begin_next(self) -> None:
        self._editors["du"].inner.setFocus()

    def add(self) -> None:
        values = entry.read(self.fields)
        if values is not None:
            self.submit(
                lambda session, acteur, row_id: periods.ajouter(session, acteur, row_id, PeriodeInput(**values)),
                tr("Période ajoutée"),
            )

    def _remove(self, one: Periode) -> None:
        values = {name: getattr(one, name) for name in self.fields}
        self.take_away(
            lambda session, acteur, _row_id: periods.supprimer(session, acteur, one.id),
            tr("Période retirée"),
            lambda session, acteur, row_id: periods.ajouter(session, acteur, row_id, PeriodeInput(**values)),
        )
