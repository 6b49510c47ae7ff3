"""Interventions: everything that the window, the command line and reports ask of them."""

from __future__ import annotations

from erp_desktop.services.interventions.actions import (
    HistoriqueInfo,
    Retour,
    TransitionOffre,
    changer_statut,
    historique,
    revenir,
    transitions,
)
from erp_desktop.services.interventions.form import InterventionFiche, create, get, update
from erp_desktop.services.interventions.lines import (
    LigneInfo,
    ajouter_ligne,
    lignes,
    modifier_ligne,
    supprimer_ligne,
)
from erp_desktop.services.interventions.list import InterventionLigne, conditions, indices, rows
from erp_desktop.services.interventions.pages.central import block, page
from erp_desktop.services.interventions.pages.which import PLACES, ids
from erp_desktop.services.interventions.times import (
    TarifInfo,
    TempsInfo,
    ajouter_temps,
    supprimer_temps,
    tarifs,
    temps,
)
from erp_desktop.services.interventions.waits import AttenteInfo, attentes, durees

__all__ = [
    "PLACES",
    "AttenteInfo",
    "HistoriqueInfo",
    "InterventionFiche",
    "InterventionLigne",
    "LigneInfo",
    "Retour",
    "TarifInfo",
    "TempsInfo",
    "TransitionOffre",
    "ajouter_ligne",
    "ajouter_temps",
    "attentes",
    "block",
    "changer_statut",
    "conditions",
    "create",
    "durees",
    "get",
    "historique",
    "ids",
    "indices",
    "lignes",
    "modifier_ligne",
    "page",
    "revenir",
    "rows",
    "supprimer_ligne",
    "supprimer_temps",
    "tarifs",
    "temps",
    "transitions",
    "update",
]
