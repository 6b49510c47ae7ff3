"""Payments of an invoice: what is due, what came in, what was kept back, and the reminders."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLayout, QVBoxLayout, QWidget

from erp_desktop import clock
from erp_desktop.domain import nombres
from erp_desktop.domain.enums import ModePaiement
from erp_desktop.domain.factures.enums import CanalRelance, EtatFacture
from erp_desktop.domain.factures.etats import OUVERTS
from erp_desktop.domain.factures.saisie import PaiementInput, PartInput
from erp_desktop.services import factures
from erp_desktop.services.factures import Attendu, PaiementInfo, RelanceInfo
from erp_desktop.ui.factures import marks
from erp_desktop.ui.forms import entry
from erp_desktop.ui.forms.date_editors import DateEditor
from erp_desktop.ui.forms.editors import ChoiceEditor, MoneyEditor, TextEditor
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.forms.spec import ecrit_les_fiches
from erp_desktop.ui.kit.controls import Field, Text, clear, icon_button
from erp_desktop.ui.kit.i18n import isolate, number, tr
from erp_desktop.ui.printing.invoices import print_receipts
from erp_desktop.ui.wording import value_labels as labels

_USUAL = {"mode_paiement": ModePaiement.VIREMENT.value}


class PaymentsTab(entry.EntryPart):
    """Lines of money received, and below them what is expected, ready to be noted."""

    unsaved = "Paiement non enregistré"
    blamed = "montant"

    def __init__(self, panel: FormPanel) -> None:
        self._due: Attendu | None = None
        super().__init__(panel, tr("Enregistrer un paiement"), 6)
        self.told_due = Text("", "body", "text.secondary", wrap=True)
        self.between.addWidget(self.told_due)

    def make_fields(self) -> list[QLayout | QWidget]:
        made: dict[str, Any] = {
            "montant": MoneyEditor("0,00", units=nombres.DEVISES),
            "mode_paiement": ChoiceEditor(labels.options(ModePaiement)), "date_paiement": DateEditor(),
            "reference": TextEditor(), "banque": TextEditor(),
            "retenue_tva": MoneyEditor("0,00", units=nombres.DEVISES),
            "retenue_is": MoneyEditor("0,00", units=nombres.DEVISES),
        }  # fmt: skip
        titles = {
            "montant": "Montant réglé", "mode_paiement": "Mode", "date_paiement": "Date", "reference": "Référence",
            "banque": "Banque", "retenue_tva": "Retenue TVA", "retenue_is": "Retenue IS",
        }  # fmt: skip
        self.fields = {name: Field(tr(titles[name]), editor) for name, editor in made.items()}
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        places = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (2, 0), (2, 1))
        for place, (name, editor) in zip(places, made.items(), strict=True):
            editor.changed.connect(self.changed)
            grid.addWidget(self.fields[name], *place)
        return [grid]

    def show_record(self, row_id: int | None, record: Any) -> None:
        self._row_id = row_id
        open_ = record is not None and EtatFacture(record.etat) in OUVERTS and record.type_facture == "facture"
        self.form.setVisible(open_ and ecrit_les_fiches(self._panel.contexte.acteur))
        if row_id is None:
            self._show(None, [], [], None)
            return
        acteur = self._panel.contexte.acteur

        def read(session: Any) -> tuple[list[PaiementInfo], tuple[RelanceInfo, ...], Attendu | None]:
            due = factures.attendu(session, acteur, row_id) if open_ else None
            return factures.paiements(session, acteur, row_id), factures.relances(session, acteur, row_id), due

        self._panel.contexte.tasks.run(read, lambda found: self._show(row_id, *found), owner=self)

    def _show(
        self, row_id: int | None, found: list[PaiementInfo], reminders: Any, due: Attendu | None
    ) -> None:  # fmt: skip
        if row_id != self._row_id:
            return
        self._due = due
        clear(self.lines)
        for one in found:
            self.lines.addWidget(self._payment(one))
        for one in reminders:
            kind = tr("Relance {n}", n=number(one.niveau)) if one.niveau else tr("Envoi")
            words = f"{kind} · {isolate(labels.day(one.date_relance))} · {labels.label(CanalRelance, one.canal)}"
            if one.promesse is not None:
                words += " · " + tr("promesse du {jour}", jour=isolate(labels.day(one.promesse)))
            self.lines.addWidget(Text(words, "caption", "text.secondary", wrap=True))
        if not found:
            self.lines.addWidget(Text(tr("Aucun paiement pour le moment."), "body", "text.tertiary"))
        self.told_due.setText(self._expected(due))
        self.told_due.setVisible(due is not None)
        self.counted.emit(len(found))

    @staticmethod
    def _expected(due: Attendu | None) -> str:
        if due is None:
            return ""
        words = tr("Reste dû : {montant}.", montant=marks.mad(due.solde))
        kept = due.retenue_tva + due.retenue_is
        if kept:
            words += " " + tr("Net attendu après retenues : {montant}.", montant=marks.mad(due.net))
        return words

    def _payment(self, one: PaiementInfo) -> QWidget:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 2, 0, 2)
        words = QVBoxLayout()
        words.setSpacing(0)
        mode = labels.label(ModePaiement, one.mode_paiement)
        words.addWidget(Text(f"{isolate(labels.day(one.date_paiement))} · {mode}", "body"))
        parts = [p for p in (isolate(one.numero), one.reference, one.banque) if p]
        if one.retenu:
            parts.append(tr("retenu {montant}", montant=marks.money(one.retenu)))
        if one.timbre:
            parts.append(tr("timbre {montant}", montant=marks.money(one.timbre)))
        if one.annule:
            parts.append(tr("annulé : {motif}", motif=one.motif))
        words.addWidget(Text(" · ".join(parts), "caption", "text.tertiary", wrap=True))
        row.addLayout(words, 1)
        row.addWidget(Text(marks.money(one.montant), "strong", "text.tertiary" if one.annule else "text.primary"))
        if not one.annule:
            contexte = self._panel.contexte
            row.addWidget(icon_button("printer", tr("Reçu de paiement"),
                                      lambda: print_receipts(contexte, [one.id], self)))  # fmt: skip
        return holder

    def draft(self) -> dict[str, Any]:
        return entry.typed(self.fields, _USUAL)

    def restore(self, kept: dict[str, Any]) -> None:
        entry.put_back(self.fields, kept, _USUAL)

    def begin_next(self) -> None:
        self.fields["montant"].editor.inner.setFocus()  # type: ignore[attr-defined]

    def add(self) -> None:
        """Without an amount, all that is due; without a day, today."""
        values, due = entry.read(self.fields), self._due
        if values is None or due is None:
            return
        part = {name: values[name] or Decimal(0) for name in ("retenue_tva", "retenue_is")}
        amount = values["montant"] or due.solde

        def pay(session: Any, acteur: Any, row_id: int) -> int:
            asked = PaiementInput(
                parts=[PartInput(facture_id=row_id, montant=amount, **part)],
                date_paiement=values["date_paiement"] or clock.today(), mode_paiement=values["mode_paiement"],
                reference=values["reference"], banque=values["banque"],
            )  # fmt: skip
            return factures.encaisser(session, acteur, asked)

        self.submit(pay, tr("Paiement enregistré"))
