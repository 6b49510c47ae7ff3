"""Contracts: list and form."""

from __future__ import annotations

from typing import Any

from erp_desktop.domain.contrats import cycle
from erp_desktop.domain.contrats.saisie import ContratInput
from erp_desktop.domain.dates import Sens
from erp_desktop.domain.enums import StatutContrat, TypeContrat
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.services import contrats
from erp_desktop.services.contrats import ContratLigne
from erp_desktop.services.shared import choices as choix
from erp_desktop.ui.contrats import marks
from erp_desktop.ui.contrats.amendments import AmendmentsTab
from erp_desktop.ui.contrats.bar import ContractBar
from erp_desktop.ui.contrats.delays import DelaysTab
from erp_desktop.ui.contrats.history import ContractHistoryTab
from erp_desktop.ui.contrats.jobs import JobsTab
from erp_desktop.ui.contrats.machines import MachinesTab
from erp_desktop.ui.contrats.periods import PeriodsTab
from erp_desktop.ui.contrats.schedule import ScheduleTab
from erp_desktop.ui.documents.tab import DocumentsTab
from erp_desktop.ui.forms.choices import choices
from erp_desktop.ui.forms.spec import (
    REPLACE,
    Choices,
    FieldSpec,
    FormSpec,
    Group,
    Head,
    Values,
    ecrit_les_fiches,
    lecture,
)
from erp_desktop.ui.kit.i18n import isolate, tr
from erp_desktop.ui.kit.table import LABEL, Column
from erp_desktop.ui.lists.spec import Facet, ListSpec, Shortcut
from erp_desktop.ui.printing.contracts import print_contracts
from erp_desktop.ui.wording import value_labels as labels


def short_number(numero: str) -> str:
    """``2025-0117`` of ``CTR-CAS-04-2025-0117``."""
    parts = numero.split("-")
    return isolate("-".join(parts[-2:]) if len(parts) == 5 else numero)


COLUMNS: list[Column[ContratLigne]] = [
    Column("numero_contrat", "N°", 92, lambda r: short_number(r.numero_contrat), "code",
           full=lambda r: r.numero_contrat, numeric=True),
    Column("client", "Client", 180, lambda r: r.client, "strong", stretch=True),
    Column("type_contrat", LABEL, 150, lambda r: labels.label(TypeContrat, r.type_contrat), wide=190),
    Column("etat", "Statut", 116, lambda r: labels.label(StatutContrat, r.etat), "pill",
           value=lambda r: marks.PILLS[r.etat]),
    Column("date_fin", "Échéance", 136, marks.end, "code", numeric=True, draw=marks.draw_end, wide=160),
    Column("", "Quota", 92, lambda r: marks.share(r.part), "sla", numeric=True,
           value=lambda r: marks.quota(r.part, r.alerte)),
]  # fmt: skip


def _clients(session: Any, acteur: Acteur, text: str, _values: Values) -> Choices:
    return choices(choix.clients(session, acteur, text))


def _may_write(acteur: Acteur, record: Any) -> bool:
    return contrats.modifiable(acteur, None if record is None else record.statut)


def _why_not(acteur: Acteur, record: Any) -> str:
    if record is not None and record.statut == StatutContrat.RESILIE:
        return "Ce contrat est résilié : il ne se modifie plus."
    if record is not None and record.statut != StatutContrat.BROUILLON and ecrit_les_fiches(acteur):
        return "Ce contrat est validé : un responsable ou un administrateur le modifie, ou y met un avenant."
    return lecture(acteur, record)


def _draft(_acteur: Acteur, record: Any) -> bool:
    return record is None or record.statut == StatutContrat.BROUILLON


def _head(record: Any) -> Head:
    kind = labels.label(TypeContrat, record.type_contrat)
    return Head(
        code=record.numero_contrat, title=f"{record.client} — {record.objet or kind}", tab=record.numero_contrat,
        status=(marks.PILLS[record.etat], labels.label(StatutContrat, record.etat)),
        plain=tr("jusqu'au {jour}", jour=isolate(labels.day(record.date_fin))) if record.date_fin else "",
    )  # fmt: skip


FORM = FormSpec(
    kind="contrats",
    table="contrats",
    icon="file-text",
    new_title="Nouveau contrat",
    groups=[
        Group("Contrat", [
            FieldSpec("client_id", search=_clients, shown=lambda r: r.client, writable=_draft),
            FieldSpec("type_contrat",
                      initial="maintenance_complete"),
            FieldSpec("objet", placeholder="Ce qui est entretenu, en une ligne"),
            FieldSpec("date_debut"),
            FieldSpec("date_fin", sens=Sens.FUTUR),
            FieldSpec("date_signature"),
        ]),
        Group("Engagements (SLA)", [
            FieldSpec("temps_reponse_urgence", placeholder="2", bulk=REPLACE),
            FieldSpec("temps_reponse_normal", placeholder="24", bulk=REPLACE),
            FieldSpec("horaire_sla", bulk=REPLACE),
            FieldSpec("penalites_retard"),
        ]),
        Group("Montant et quotas", [
            FieldSpec("montant_annuel"),
            FieldSpec("mode_facturation", bulk=REPLACE),
            FieldSpec("revision_pct", placeholder="2,5"),
            FieldSpec("indice", placeholder="Clause ou indice publié"),
            FieldSpec("delai_paiement_jours", placeholder="60", bulk=REPLACE),
            FieldSpec("nb_interventions_incluses", writable=_draft),
            FieldSpec("heures_incluses", writable=_draft),
            FieldSpec("seuil_alerte_pct", placeholder=str(cycle.SEUIL_ALERTE), bulk=REPLACE),
        ]),
        Group("Renouvellement", [
            FieldSpec("reconduction", bulk=REPLACE),
            FieldSpec("duree_mois", placeholder="12"),
            FieldSpec("preavis_jours", bulk=REPLACE),
        ]),
    ],
    load=contrats.get,
    create=lambda session, acteur, values: contrats.create(session, acteur, ContratInput(**values)),
    update=contrats.update,
    head=_head,
    saved="Contrat enregistré",
    created="Contrat créé",
    may_write=_may_write,
    why_not=_why_not,
    bar=ContractBar,
    printing=print_contracts,
    tabs=[("Équipements", MachinesTab), ("Délais", DelaysTab), ("Interventions", JobsTab),
          ("Périodes et quotas", PeriodsTab),
          ("Échéancier", ScheduleTab), ("Avenants", AmendmentsTab), ("Documents", DocumentsTab),
          ("Historique", ContractHistoryTab)],
)  # fmt: skip

LISTE: ListSpec[ContratLigne] = ListSpec(
    title="Contrats",
    icon="file-text",
    placeholder="Filtrer : client:atlas renouveler:60 quota:depasse, un numéro",
    columns=COLUMNS,
    row_id=lambda row: row.id,
    ids=contrats.ids,
    first=contrats.first,
    places=contrats.PLACES,
    rows=contrats.rows,
    one="1 contrat",
    many="{n} contrats",
    hints=contrats.indices,
    empty="Aucun contrat ne répond à ces critères",
    blank="Aucun contrat",
    serves="Un contrat fixe les équipements couverts, les délais et les quotas.",
    new="Nouveau contrat",
    form=FORM,
    sort="date_fin",
    shortcuts=[
        Shortcut("renouveler", str(cycle.PROCHE), "À renouveler", "calendar-dots", tone=""),
        Shortcut("quota", "depasse", "Quota dépassé", "warning"),
    ],
    facets=[
        Facet("statut", "Statut", options=lambda: labels.options(StatutContrat)),
        Facet("type", "Type", options=lambda: labels.options(TypeContrat)),
        Facet("renouveler", "À renouveler",
              options=lambda: [(str(d), tr("Sous {n} jours", n=d)) for d in reversed(cycle.RAPPELS)], shown=False),
        Facet("quota", "Quota", options=lambda: [("depasse", tr("Dépassé"))], shown=False),
        Facet("client", "Client"),
        Facet("agence", "Agence"),
        Facet("contrat", "Contrat", shown=False),
        Facet("debut_avant", "Commencé avant", shown=False),
    ],
    also=("interventions", "contrat_periodes"),
)  # fmt: skip
