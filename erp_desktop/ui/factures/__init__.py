"""Invoices and credit notes: list and form."""

from __future__ import annotations

from typing import Any

from erp_desktop.domain.enums import TypeFacture
from erp_desktop.domain.factures.delais import NOMS_DES_TRANCHES
from erp_desktop.domain.factures.enums import EtatFacture
from erp_desktop.domain.factures.etats import BROUILLONS
from erp_desktop.domain.factures.saisie import FactureInput
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.services import factures
from erp_desktop.services.factures import FactureLigne
from erp_desktop.services.shared import choices as choix
from erp_desktop.ui.audit.tab import history_of
from erp_desktop.ui.factures import marks
from erp_desktop.ui.factures.bar import InvoiceBar
from erp_desktop.ui.factures.lines import LinesTab
from erp_desktop.ui.factures.payments import PaymentsTab
from erp_desktop.ui.factures.strip import AGES
from erp_desktop.ui.forms.choices import choices
from erp_desktop.ui.forms.spec import Choices, FieldSpec, FormSpec, Group, Head, Values, ecrit_les_fiches, lecture
from erp_desktop.ui.kit.i18n import isolate, tr
from erp_desktop.ui.kit.table import Column
from erp_desktop.ui.lists.spec import Facet, ListSpec
from erp_desktop.ui.printing.invoices import print_invoices
from erp_desktop.ui.wording import value_labels as labels

COLUMNS: list[Column[FactureLigne]] = [
    Column("numero", "N°", 140, lambda r: isolate(marks.short(r.numero)), "code", numeric=True,
           full=lambda r: isolate(r.numero)),
    Column("client", "Client", 190, lambda r: r.client, "strong", stretch=True),
    Column("etat", "Statut", 122, lambda r: labels.label(EtatFacture, r.etat), "pill",
           value=lambda r: marks.PILLS[EtatFacture(r.etat)]),
    Column("date_facture", "Date", 92, lambda r: labels.day(r.date_facture), "code", numeric=True,
           leaves=2),
    Column("date_echeance", "Échéance", 92, lambda r: labels.day(r.date_echeance), "code", numeric=True),
    Column("retard", "Retard", 96, lambda r: marks.late(r.retard), "sla", numeric=True,
           value=lambda r: marks.late_bar(r.retard)),
    Column("total_ttc", "TTC MAD", 104, lambda r: marks.money(r.total_ttc), "figure", numeric=True),
    Column("regle", "Réglé", 96, lambda r: marks.money(r.regle), "figure", numeric=True, wide=200,
           leaves=1),
    Column("solde", "Solde MAD", 104, lambda r: marks.money(r.solde), "total", numeric=True),
    Column("", "Relance", 96, marks.reminder, "muted", leaves=3),
]  # fmt: skip


def _clients(session: Any, acteur: Acteur, text: str, _values: Values) -> Choices:
    return choices(choix.clients(session, acteur, text))


def _contracts(session: Any, acteur: Acteur, text: str, values: Values) -> Choices:
    client = values.get("client_id")
    return choices(choix.contrats(session, acteur, text, client_id=client)) if client else []


def _may_write(acteur: Acteur, record: Any) -> bool:
    return ecrit_les_fiches(acteur) and (record is None or record.modifiable)


def _why_not(acteur: Acteur, record: Any) -> str:
    if record is None or record.modifiable or not ecrit_les_fiches(acteur):
        return lecture(acteur, record)
    if record.statut in BROUILLONS:
        return "La validation de cette facture est demandée : elle ne se modifie plus d'ici là."
    return "Une facture validée ne se modifie plus : un avoir la corrige."


def _new(_acteur: Acteur, record: Any) -> bool:
    return record is None


def kind(record: Any) -> str:
    """``Facture``, ``Avoir`` or ``Acompte``."""
    return tr("Acompte") if record.acompte else labels.label(TypeFacture, record.type_facture)


def _head(record: Any) -> Head:
    etat = EtatFacture(record.etat)
    due = tr("reste {montant}", montant=marks.mad(record.solde)) if record.solde > 0 and marks.issued(record) else ""
    return Head(
        code=record.numero, title=f"{kind(record)} — {record.client}", tab=record.numero,
        status=(marks.PILLS[etat], labels.label(EtatFacture, etat)), plain=due,
    )  # fmt: skip


FORM = FormSpec(
    kind="factures",
    table="factures",
    icon="receipt",
    new_title="Nouvelle facture",
    groups=[
        Group("Facture", [
            FieldSpec("client_id", search=_clients, shown=lambda r: r.client, writable=_new, clears=("contrat_id",)),
            FieldSpec("contrat_id", search=_contracts, shown=lambda r: r.contrat),
            FieldSpec("intitule", placeholder="Ce qui est facturé, en une ligne"),
            FieldSpec("reference_client", placeholder="BC 2026/4471"),
        ]),
        Group("Dates et règlement", [
            FieldSpec("date_facture", placeholder="Jour de la validation"),
            FieldSpec("date_operation"),
            FieldSpec("conditions_jours", placeholder="60"),
            FieldSpec("mode_reglement"),
            FieldSpec("remise_pct", placeholder="0"),
        ]),
        Group("Notes", [FieldSpec("notes")]),
    ],
    load=factures.get,
    create=lambda session, acteur, values: factures.create(session, acteur, _typed(values)),
    update=factures.update,
    head=_head,
    saved="Facture enregistrée",
    created="Brouillon créé",
    may_write=_may_write,
    why_not=_why_not,
    bar=InvoiceBar,
    tabs=[("Lignes", LinesTab), ("Paiements", PaymentsTab), history_of("factures")],
    printing=print_invoices,
    # A refusal for the client's ICE is over once the client has one.
    follows=frozenset({"clients"}),
)  # fmt: skip


def _typed(values: dict[str, Any]) -> FactureInput:
    """An empty discount is none."""
    return FactureInput(**{name: value for name, value in values.items() if value is not None})


LISTE: ListSpec[FactureLigne] = ListSpec(
    title="Factures",
    icon="receipt",
    placeholder="Filtrer : statut:en_retard client:atlas age:31_60, un numéro",
    columns=COLUMNS,
    row_id=lambda row: row.id,
    ids=factures.ids,
    first=factures.first,
    places=factures.PLACES,
    rows=factures.rows,
    one="1 facture",
    many="{n} factures",
    hints=factures.indices,
    empty="Aucune facture ne répond à ces critères",
    blank="Aucune facture",
    serves="« À facturer » fait un brouillon des interventions clôturées et des échéances de contrat.",
    new="Nouvelle facture",
    form=FORM,
    sort="date_facture",
    descending=True,
    facets=[
        Facet("statut", "Statut", options=lambda: labels.options(EtatFacture)),
        Facet("type", "Type", options=lambda: labels.options(TypeFacture)),
        Facet("age", "Ancienneté", options=lambda: [(name, tr(AGES[name])) for name in NOMS_DES_TRANCHES]),
        Facet("client", "Client"),
        Facet("agence", "Agence"),
        Facet("contrat", "Contrat", shown=False),
        Facet("sans", "Sans", options=lambda: [("contrat", tr("Contrat"))], shown=False),
    ],
    feminine=True,
    ticks=True,
    also=("paiements", "imputations", "relances", "demandes_validation", "lignes_facture"),
)
