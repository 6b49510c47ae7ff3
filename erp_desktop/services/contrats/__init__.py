"""Contracts: list, form, life cycle, machines covered, periods and quotas."""

from __future__ import annotations

from erp_desktop.services.contrats.actions import (
    ActeOffert,
    Retour,
    barre,
    changer_statut,
    offres,
    renouveler,
    revenir,
)
from erp_desktop.services.contrats.coverage import (
    CouvertInfo,
    couverts,
    couvrir,
    retirer,
)
from erp_desktop.services.contrats.form import ContratFiche, create, echeances, get, modifiable, update
from erp_desktop.services.contrats.list import PLACES, ContratLigne, first, ids, indices, rows
from erp_desktop.services.shared.proposals import Proposition, proposer
from erp_desktop.services.shared.quotas import Periode, TravailInfo, imputer, travaux

__all__ = [
    "PLACES", "ActeOffert", "ContratFiche", "ContratLigne", "CouvertInfo", "Periode", "Proposition", "Retour",
    "TravailInfo", "barre",
    "changer_statut", "couverts", "couvrir", "create", "echeances", "first", "get", "ids", "imputer", "indices",
    "modifiable", "offres", "proposer", "renouveler", "retirer", "revenir", "rows", "travaux", "update",
]  # fmt: skip
