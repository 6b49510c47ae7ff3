"""The list of interventions."""

from __future__ import annotations

from typing import Any

from erp_desktop.domain.enums import Priorite, Statut, TypeIntervention
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.services import interventions
from erp_desktop.services.interventions import InterventionLigne
from erp_desktop.services.shared import choices
from erp_desktop.ui.interventions.form import FORM
from erp_desktop.ui.interventions.sla import deadline, sla_told
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.kit.table import Column
from erp_desktop.ui.lists.spec import Facet, ListSpec, Shortcut
from erp_desktop.ui.wording import value_labels


def short_name(name: str | None) -> str:
    """``K. Alaoui`` for ``Karim Alaoui``."""
    first, _space, rest = (name or "").partition(" ")
    return f"{first[0]}. {rest}" if rest else first


def marks(row: InterventionLigne) -> list[str]:
    return ["git-merge"] * row.en_conflit + ["cloud-arrow-up"] * row.en_attente_sync


COLUMNS: list[Column[InterventionLigne]] = [
    Column(
        "priorite", "", 34, lambda r: value_labels.label(Priorite, r.priorite), "priority", value=lambda r: r.priorite
    ),
    Column("numero", "N°", 80, lambda r: value_labels.short_number(r.numero), "code",
           full=lambda r: r.numero, numeric=True),
    Column("statut", "Statut", 116, lambda r: value_labels.label(Statut, r.statut), "pill", value=lambda r: r.statut),
    Column("titre", "Intervention", 200, lambda r: r.titre, "marks", stretch=True, wide=250,
           value=marks),
    Column("client", "Client", 130, lambda r: r.client, wide=230),
    Column("equipement", "Équipement", 112, lambda r: r.equipement or value_labels.NONE, "code", wide=190),
    Column("technicien", "Technicien", 88, lambda r: short_name(r.technicien) or tr("non affecté"), wide=130,
           value=lambda r: None if r.technicien else "muted", full=lambda r: r.technicien or ""),
    Column("sla", "SLA restant", 92, lambda r: deadline(r)[2], "sla", numeric=True,
           value=lambda r: deadline(r)[:2], full=sla_told),
    Column("date_planifiee", "Planifiée", 84, lambda r: value_labels.instant(r.date_planifiee), "code", numeric=True,
           full=lambda r: value_labels.instant(r.date_planifiee, year=True)),
]  # fmt: skip


def _technicians(session: Any, acteur: Acteur) -> list[tuple[str, str]]:
    return [(one.libelle, one.libelle) for one in choices.techniciens(session, acteur, "", limite=30)]


def _lacking() -> list[tuple[str, str]]:
    named = (("technicien", "Technicien"), ("famille", "Famille"), ("probleme", "Problème"), ("cause", "Cause"),
             ("contrat", "Contrat"), ("agence", "Agence"))  # fmt: skip
    return [(key, tr(name)) for key, name in named]


FACETS = [
    Facet("agence", "Agence"),
    Facet("statut", "Statut", options=lambda: value_labels.options(Statut)),
    Facet("technicien", "Technicien", search=_technicians),
    Facet("priorite", "Priorité", options=lambda: value_labels.options(Priorite)),
    Facet("type", "Type", options=lambda: value_labels.options(TypeIntervention)),
    Facet(
        "sla",
        "SLA",
        options=lambda: [("depasse", tr("Dépassé")), ("proche", tr("Moins de 4 h")), ("echu", tr("Échu"))],
    ),
    Facet("sans", "Sans", options=_lacking, shown=False),
    Facet("client", "Client"),
    Facet("equipement", "Équipement"),
    Facet("contrat", "Contrat", shown=False),
    Facet("arbre", "Équipement et ses parties", shown=False),
    Facet("famille", "Famille", shown=False),
    Facet("probleme", "Problème", shown=False),
    Facet("cause", "Cause", shown=False),
    Facet("piece", "Pièce", shown=False),
    Facet("avec", "Avec", options=lambda: [("pieces", tr("Pièces"))], shown=False),
    Facet("depuis", "Depuis"),
    Facet("avant", "Avant"),
    Facet("cree_depuis", "Créée depuis"),
    Facet("cree_avant", "Créée avant"),
    Facet("cloture_depuis", "Clôturée depuis", shown=False),
    Facet("cloture_avant", "Clôturée avant", shown=False),
    Facet("echeance_depuis", "Échéance depuis", shown=False),
    Facet("echeance_avant", "Échéance avant", shown=False),
    Facet("ouverte_le", "Ouverte le", shown=False),
    Facet(
        "planifiee",
        "Planifiée",
        shown=False,
        options=lambda: [("passee", tr("Passée")), ("a_planifier", tr("À planifier"))],
    ),
    Facet("planifiee_depuis", "Planifiée depuis", shown=False),
    Facet("planifiee_avant", "Planifiée avant", shown=False),
    Facet("visite_depuis", "Visite due depuis", shown=False),
    Facet("visite_avant", "Visite due avant", shown=False),
]

LISTE: ListSpec[InterventionLigne] = ListSpec(
    title="Interventions",
    icon="wrench",
    placeholder="Filtrer : statut:ouverte technicien:alaoui avant:30/11, ou du texte libre",
    columns=COLUMNS,
    row_id=lambda row: row.id,
    ids=interventions.ids,
    places=interventions.PLACES,
    rows=interventions.rows,
    page=interventions.page,
    block=interventions.block,
    one="1 intervention",
    many="{n} interventions",
    feminine=True,
    hints=interventions.indices,
    empty="Aucune intervention ne répond à ces critères",
    new="Créer une intervention",
    form=FORM,
    sort="sla",
    facets=FACETS,
    shortcuts=[Shortcut("sla", "depasse", "SLA dépassé", "warning")],
)
