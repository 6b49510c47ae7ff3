"""Lines of an invoice by the work that they are of, a free line, and the totals rate by rate."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLayout, QVBoxLayout, QWidget

from erp_desktop.domain import nombres
from erp_desktop.domain.factures.montants import Totaux
from erp_desktop.domain.factures.saisie import LigneFactureInput
from erp_desktop.services import factures
from erp_desktop.services.factures import AFacturer, LigneFactureInfo
from erp_desktop.ui.factures import marks
from erp_desktop.ui.forms import entry
from erp_desktop.ui.forms.editors import MoneyEditor, TextEditor
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.interventions.cell import Cell
from erp_desktop.ui.kit.controls import Button, Field, Text, clear, icon_button
from erp_desktop.ui.kit.i18n import isolate, tr

_TITLES = {
    "designation": "Désignation", "quantite": "Quantité", "unite": "Unité", "prix_unitaire": "Prix HT",
    "remise_pct": "Remise %", "taux_tva": "TVA %",
}  # fmt: skip


_HOURS = ("h", "heure")


def percent(rate: Decimal) -> str:
    return isolate(f"{rate.normalize():f} %".replace(".", ","))


def count(quantity: Decimal, unit: str) -> str:
    """``1 h``, the hour in the language in force; other units are a person's words."""
    figures = f"{quantity.normalize():f}".replace(".", ",")
    return f"{isolate(figures)} {tr('h')}" if unit in _HOURS else isolate(f"{figures} {unit}".strip())


class LinesTab(entry.EntryPart):
    """What is billed. A line that the work gave is changed where the work is, or taken away with it."""

    unsaved = "Ligne non ajoutée"
    blamed = "designation"

    def __init__(self, panel: FormPanel) -> None:
        self._record: Any = None
        super().__init__(panel, tr("Ajouter une ligne libre"), 6)
        self.waiting = QVBoxLayout()
        self.waiting.setSpacing(6)
        self.between.addLayout(self.waiting)
        held = QWidget()
        self.sums = QGridLayout(held)
        self.sums.setContentsMargins(0, 4, 0, 4)
        self.sums.setHorizontalSpacing(14)
        self.sums.setVerticalSpacing(4)
        self.sums.setColumnStretch(0, 1)
        self.between.addWidget(held)
        self.words = Text("", "caption", "text.secondary", wrap=True)
        self.between.addWidget(self.words)

    def make_fields(self) -> list[QLayout | QWidget]:
        made = {
            "designation": TextEditor(), "quantite": MoneyEditor("1", decimals=3), "unite": TextEditor("h"),
            "prix_unitaire": MoneyEditor("0,00", units=nombres.DEVISES),
            "remise_pct": MoneyEditor("0", most=Decimal(100), units=nombres.POURCENT),
            "taux_tva": MoneyEditor("20", most=Decimal(100), units=nombres.POURCENT),
        }  # fmt: skip
        self.fields = {name: Field(tr(_TITLES[name]), editor) for name, editor in made.items()}
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        for place, (name, editor) in enumerate(made.items()):
            editor.changed.connect(self.changed)
            grid.addWidget(self.fields[name], *((0, 0, 1, 5) if not place else (1, place - 1, 1, 1)))
        return [grid]

    def show_record(self, row_id: int | None, record: Any) -> None:
        self._row_id, self._record = row_id, record
        open_ = record is not None and record.modifiable and not record.facture_origine_id
        self.form.setVisible(open_)
        if row_id is None:
            self._show(None, [], None, [])
            return
        acteur, billable = self._panel.contexte.acteur, open_ and not record.acompte

        def read(session: Any) -> tuple[list[LigneFactureInfo], Totaux, list[AFacturer]]:
            waiting = factures.a_facturer(session, acteur, record.client_id) if billable else []
            works = [a for a in waiting if a.genre == "intervention" and not a.brouillon]
            return factures.lignes(session, acteur, row_id), factures.totaux(session, acteur, row_id), works

        self._panel.contexte.tasks.run(read, lambda found: self._show(row_id, *found), owner=self)

    def _show(
        self, row_id: int | None, found: list[LigneFactureInfo], sums: Totaux | None, works: list[AFacturer]
    ) -> None:
        if row_id != self._row_id:
            return
        clear(self.lines)
        shown = None
        for line in found:
            if line.intervention_id != shown and line.intervention_id is not None:
                self.lines.addWidget(self._work(line))
            shown = line.intervention_id
            self.lines.addWidget(self._line(line))
        if not found:
            self.lines.addWidget(Text(tr("Aucune ligne pour le moment."), "body", "text.tertiary"))
        self._offer(works)
        self._total(sums if found else None)
        self.counted.emit(len(found))

    def _work(self, line: LigneFactureInfo) -> QWidget:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 6, 0, 0)
        row.addWidget(Text(isolate(line.intervention), "strong", "accent.text"))
        row.addWidget(Text(line.titre, "body", "text.secondary", wrap=True), 1)
        pk, contexte = line.intervention_id, self._panel.contexte
        if pk is not None:
            row.addWidget(icon_button("arrow-square-out", tr("Ouvrir l'intervention"),
                                      lambda: contexte.open_record("interventions", pk)))  # fmt: skip
            if self._record.modifiable:
                row.addWidget(icon_button("x", tr("Retirer l'intervention"), lambda: self._give_up(pk)))
        return holder

    def _line(self, line: LigneFactureInfo) -> QWidget:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(10 if line.intervention_id is not None else 0, 2, 0, 2)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(Text(line.designation, "body", wrap=True))
        parts = [f"{count(line.quantite, line.unite)} × {marks.money(line.prix_unitaire)}"]
        if line.remise_pct:
            parts.append(tr("remise {taux}", taux=percent(line.remise_pct)))
        parts.append(tr("TVA {taux}", taux=percent(line.taux_tva)))
        words.addWidget(Text(" · ".join(parts), "caption", "text.tertiary"))
        if self._record.modifiable and line.acompte_id is None:
            words.addLayout(self._numbers(line))
        row.addLayout(words, 1)
        row.addWidget(Text(marks.money(line.total_ht), "strong"))
        if self._record.modifiable:
            row.addWidget(icon_button("trash", tr("Retirer la ligne"), lambda: self._remove(line)))
        return holder

    def _numbers(self, line: LigneFactureInfo) -> QHBoxLayout:
        """Numbers of a line, to be typed over; of what a credit note gives back, the quantity alone."""
        cells = QHBoxLayout()
        cells.setSpacing(6)
        told: list[tuple[str, str, int, dict[str, Any]]] = [
            ("quantite", tr("Quantité de {nom}", nom=line.designation), 58, {"decimales": 3})
        ]
        if line.ligne_origine_id is None:
            told += [
                ("prix_unitaire", tr("Prix de {nom}", nom=line.designation), 88, {"unites": nombres.DEVISES}),
                ("remise_pct", tr("Remise de {nom}", nom=line.designation), 52, {"unites": nombres.POURCENT}),
            ]
        for name, words, width, reading in told:
            cells.addWidget(Cell(getattr(line, name), words, width, partial(self._change, line, name), **reading))
        cells.addStretch()
        return cells

    def _change(self, line: LigneFactureInfo, name: str, value: Decimal) -> None:
        """A number of a line was typed over."""
        self.write_over(
            getattr(line, name), value,
            lambda session, acteur, wanted: factures.modifier(session, acteur, line.id, {name: wanted}),
            lambda: self.show_record(self._row_id, self._record),
        )  # fmt: skip

    def _offer(self, works: list[AFacturer]) -> None:
        """Work of this client that no document bills yet, with the reason why it is paid."""
        clear(self.waiting)
        for work in works[:5]:
            holder = QWidget()
            row = QHBoxLayout(holder)
            row.setContentsMargins(0, 0, 0, 0)
            words = f"{isolate(work.reference)} · {marks.told(work)} · {tr(work.raison)}"
            row.addWidget(Text(words, "caption", "text.secondary", wrap=True), 1)
            row.addWidget(Text(marks.mad(work.reste), "caption"))
            row.addWidget(Button(tr("Ajouter"), "default", icon="wrench", on_click=partial(self.take, work.id)))
            self.waiting.addWidget(holder)

    def _total(self, sums: Totaux | None) -> None:
        clear(self.sums)
        self.words.setText("")
        if sums is None:
            return
        rows = [(tr("Total HT"), marks.money(sums.brut))]
        if sums.remise:
            rows += [(tr("Remise"), marks.money(-sums.remise)), (tr("Net HT"), marks.money(sums.ht))]
        rows += [(tr("TVA {taux} sur {base}", taux=percent(r.taux), base=marks.money(r.ht)), marks.money(r.tva))
                 for r in sums.par_taux]  # fmt: skip
        rows.append((tr("Total TTC"), marks.mad(sums.ttc)))
        for line, (told, amount) in enumerate(rows):
            role = "strong" if line == len(rows) - 1 else "body"
            for place, words in enumerate((told, amount)):
                shown = Text(words, role, "text.primary" if role == "strong" else "text.secondary")
                side = Qt.AlignmentFlag.AlignTrailing if place else Qt.AlignmentFlag.AlignLeading
                self.sums.addWidget(shown, line, place, side)
                shown.show()
        if sums.ttc >= 0:
            self.words.setText(marks.in_words(sums.ttc))

    def draft(self) -> dict[str, Any]:
        return entry.typed(self.fields)

    def restore(self, kept: dict[str, Any]) -> None:
        entry.put_back(self.fields, kept)

    def begin_next(self) -> None:
        self.fields["designation"].editor.inner.setFocus()  # type: ignore[attr-defined]

    def add(self) -> None:
        values = entry.read(self.fields)
        if values is None:
            return
        typed = {name: value for name, value in values.items() if value is not None}
        self.submit(
            lambda session, acteur, row_id: factures.ajouter(
                session, acteur, row_id, LigneFactureInput(**{"quantite": Decimal(1), **typed})),
            tr("Ligne ajoutée"),
        )  # fmt: skip

    def take(self, intervention: int) -> None:
        """Take the billable lines and times of a job over."""
        row_id, contexte = self._row_id, self._panel.contexte
        if row_id is not None:
            contexte.tasks.run(
                lambda session: factures.depuis_interventions(session, contexte.acteur, [intervention], row_id),
                lambda _id: self.told(row_id, tr("Intervention ajoutée à la facture")), self.refused, write=True,
                owner=self,
            )  # fmt: skip

    def _give_up(self, intervention: int) -> None:
        self.take_away(
            lambda session, acteur, row_id: factures.retirer_intervention(session, acteur, row_id, intervention),
            tr("Intervention retirée de la facture"),
            lambda session, acteur, row_id: factures.depuis_interventions(session, acteur, [intervention], row_id),
        )

    def _remove(self, line: LigneFactureInfo) -> None:
        names = ("designation", "quantite", "unite", "prix_unitaire", "remise_pct", "taux_tva")
        values = {name: getattr(line, name) or None for name in names}
        given = {name: value for name, value in values.items() if value is not None}
        self.take_away(
            lambda session, acteur, _row_id: factures.supprimer(session, acteur, line.id), tr("Ligne retirée"),
            lambda session, acteur, row_id: factures.ajouter(
                session, acteur, row_id, LigneFactureInput(**{"taux_tva": Decimal(0), "prix_unitaire": Decimal(0),
                                                              **given})),
        )  # fmt: skip
