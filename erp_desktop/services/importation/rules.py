"""What a table asks of a line beyond the types of its cells: what its service would refuse, said of the line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from erp_desktop.domain import ice
from erp_desktop.domain.contrats.saisie import ContratInput
from erp_desktop.domain.enums import Role, Statut, StatutContrat, StatutDepot, StatutEquipement, TypeMouvement
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.preventif.saisie import PlanInput
from erp_desktop.domain.saisie import LigneInput, Saisie
from erp_desktop.domain.saisie.stock import DepotInput
from erp_desktop.errors import ValidationError
from erp_desktop.registry.rules import RETIRED_PLAN
from erp_desktop.services.clients import ClientInput
from erp_desktop.services.equipements import EquipementInput
from erp_desktop.services.importation.values import Lecteur
from erp_desktop.services.stock.ledger import CLOSED
from erp_desktop.services.techniciens import TechnicienInput

SAISIES: dict[str, type[Saisie]] = {
    "clients": ClientInput,
    "contrats": ContratInput,
    "depots": DepotInput,
    "equipements": EquipementInput,
    "lignes_intervention": LigneInput,
    "plannings": PlanInput,
    "techniciens": TechnicienInput,
}
_USEFUL = {
    "contrats": "client_id", "depots": "statut", "equipements": "client_id", "interventions": "statut",
    "users": "role",
}  # fmt: skip
_USEFUL_TO = {("plannings", "equipements"): "statut"}
_FERMEES = {Statut.ANNULEE.value, Statut.ARCHIVEE.value}
Row = sa.Row[Any, Any, Any, Any]
"""id, agence_id, cle, utile"""


@dataclass(slots=True)
class Ligne:
    """``cles``: reference column → (by key of people, text); ``parent``: the line of the file that is its parent."""

    numero: int
    valeurs: dict[str, Any]
    cles: dict[str, tuple[bool, str]] = field(default_factory=dict)
    refs: dict[str, Row] = field(default_factory=dict)
    fautes: list[str] = field(default_factory=list)
    parent: Ligne | None = None


def useful(table: str, target: str) -> str | None:
    """The column of a referenced row that a check of ``table`` needs."""
    return _USEFUL_TO.get((table, target)) or _USEFUL.get(target)


def rang(ligne: Ligne) -> int:
    """How many lines of the file stand above this one in its tree; -1 when they go round in a circle."""
    vus, found, haut = {id(ligne)}, 0, ligne.parent
    while haut is not None:
        if id(haut) in vus:
            return -1
        vus.add(id(haut))
        found, haut = found + 1, haut.parent
    return found


def juger(
    table: str, ligne: Ligne, lecteurs: Mapping[str, Lecteur], notes: Counter[str], acteur: Acteur | None
) -> None:
    """Judge a line whose cells could all be read; what is wrong is added to its faults.

    Args:
        notes: counts what was understood rather than read.
        acteur: who imports; None for whoever may do everything.
    """
    if ligne.fautes:
        return
    v, saisie = ligne.valeurs, SAISIES.get(table)
    if saisie is not None:
        try:
            lu = saisie(**{c: v[c] for c in saisie.model_fields if c in v}).model_dump()
        except ValidationError as error:
            ligne.fautes += [f"{champ} : {phrase.rstrip('.')}" for champ, phrase in error.champs.items()]
            return
        v.update({c: lu[c] for c in lu if c in v})
    if table == "clients" and ice.avertissement(v["ice"]):
        notes["ICE dont la clé n'est pas cohérente, gardé tel quel"] += 1
    if table == "mouvements_stock":
        _movement(ligne)
    else:
        nombres = (c for c, lecteur in lecteurs.items() if lecteur.nombre and v.get(c) is not None)
        ligne.fautes += [f"{c} : nombre négatif" for c in nombres if v[c] < 0 and c != "revision_pct"]
    if table == "contrats" and v["statut"] != StatutContrat.BROUILLON and acteur is not None and not roles.peut(
        acteur.role, roles.Droit.VALIDER
    ):  # fmt: skip
        ligne.fautes.append("statut : un contrat se valide par un responsable, importez-le en brouillon")
    if table == "plannings" and ligne.refs["equipement_id"].utile == StatutEquipement.RETIRE:
        ligne.fautes.append(f"equipement : {RETIRED_PLAN.rstrip('.')}")
    if table == "techniciens" and ligne.refs["user_id"].utile != Role.TECHNICIEN.value:
        ligne.fautes.append("ce compte n'a pas le rôle technicien")
    if table == "lignes_intervention" and ligne.refs["intervention_id"].utile in _FERMEES:
        ligne.fautes.append("cette intervention est annulée ou archivée : elle ne reçoit plus de lignes")
    if table == "equipements":
        _machine(ligne)


def _movement(ligne: Ligne) -> None:
    v = ligne.valeurs
    sortie = v["type_mouvement"] == TypeMouvement.SORTIE.value
    entree = v["type_mouvement"] in (TypeMouvement.ENTREE.value, TypeMouvement.RETOUR.value)
    if v["quantite"] == 0 or (sortie and v["quantite"] > 0) or (entree and v["quantite"] < 0):
        ligne.fautes.append(
            "quantite : positive pour une entrée ou un retour, négative pour une sortie, jamais nulle"
        )
    if ligne.refs["depot_id"].utile == StatutDepot.CLOS:
        ligne.fautes.append(f"depot : {CLOSED.rstrip('.')}")


def _machine(ligne: Ligne) -> None:
    v, contrat, parent = ligne.valeurs, ligne.refs.get("contrat_id"), ligne.refs.get("parent_id")
    if contrat is not None and contrat.utile != v["client_id"]:
        ligne.fautes.append("ce contrat est celui d'un autre client")
    client = ligne.parent.valeurs.get("client_id") if ligne.parent else parent.utile if parent else None
    if client is not None and client != v["client_id"]:
        ligne.fautes.append("son parent appartient à un autre client")
    if ligne.parent is not None and rang(ligne) < 0:
        ligne.fautes.append("un équipement ne peut pas faire partie de lui-même")
