"""Lines of an intervention: parts, labour, travel, with the stock that they take."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.domain import argent
from erp_desktop.domain.enums import Statut
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.saisie import LigneInput
from erp_desktop.domain.transitions import LIBELLES, TERMINES
from erp_desktop.errors import NotFoundError, TransitionError
from erp_desktop.models import Depot, Intervention, LigneIntervention, PieceDetachee
from erp_desktop.services.interventions.form import ouvrir, ouvrir_avec
from erp_desktop.services.shared import trace
from erp_desktop.services.shared.common import appliquer, ecrire, lie
from erp_desktop.services.stock import ledger, lots
from erp_desktop.services.stock import lines as stock_lines


@dataclass(frozen=True, slots=True)
class LigneInfo:
    """A line with its amounts in MAD; ``taux_tva`` in percent; ``depot`` names where a part comes from."""

    id: int
    type_ligne: str
    piece_id: int | None
    designation: str
    quantite: Decimal
    prix_unitaire: Decimal
    taux_tva: Decimal
    total_ht: Decimal
    total_tva: Decimal
    depot_id: int | None = None
    depot: str = ""
    unite: str = ""
    facturable: bool = True
    prevue: bool = False
    lot: str = ""


def lignes(session: Session, acteur: Acteur, id: int) -> list[LigneInfo]:  # noqa: A002
    """Lines in the order in which they were added."""
    _, lues = ouvrir_avec(session, acteur, id, lambda s: lignes_de(s, [id]))
    return lues[id]  # type: ignore[no-any-return]


def lignes_de(session: Session, ids: list[int]) -> dict[int, list[LigneInfo]]:
    """Lines of several interventions that the caller may read, by intervention."""
    requete = (
        sa.select(LigneIntervention, Depot.nom, PieceDetachee.unite)
        .outerjoin(Depot, Depot.id == LigneIntervention.depot_id)
        .outerjoin(PieceDetachee, PieceDetachee.id == LigneIntervention.piece_id)
        .where(LigneIntervention.intervention_id.in_(ids))
    )
    infos: dict[int, list[LigneInfo]] = {i: [] for i in ids}
    for ligne, depot, unite in session.execute(requete.order_by(LigneIntervention.id)):
        montant = argent.LigneMontant(ligne.quantite, ligne.prix_unitaire, ligne.taux_tva)
        infos[ligne.intervention_id].append(
            LigneInfo(
                ligne.id, ligne.type_ligne, ligne.piece_id, ligne.designation, ligne.quantite, ligne.prix_unitaire,
                ligne.taux_tva, montant.ht, montant.tva, ligne.depot_id, depot or "", unite or "", ligne.facturable,
                ligne.prevue, ligne.lot or "",
            )
        )  # fmt: skip
    return infos


def _ouvrir_lignes(session: Session, acteur: Acteur, id: int) -> Intervention:  # noqa: A002
    intervention = ouvrir(session, acteur, id, pour_ecrire=True)
    roles.exiger(acteur, roles.Droit.INTERVENTION_EXECUTER)
    return intervention


def _verifier(session: Session, acteur: Acteur, intervention: Intervention, saisie: Any) -> None:
    agence = intervention.agence_id
    lie(session, acteur, PieceDetachee, saisie.piece_id, "piece_id", ledger.NOT_HERE, agence)
    if saisie.depot_id is not None:
        lie(session, acteur, Depot, saisie.depot_id, "depot_id", ledger.NO_DEPOT, agence)
        ledger.depot_of(session, acteur, saisie.depot_id)


def ajouter_ligne(session: Session, acteur: Acteur, id: int, saisie: LigneInput) -> int:  # noqa: A002
    """Add a line; allowed after closing too (lines are only ever added then), not on a cancelled intervention.

    A part of a depot leaves it in the same transaction, unless it is only planned.
    """
    intervention = _ouvrir_lignes(session, acteur, id)
    statut = Statut(intervention.statut)
    if statut in (Statut.ANNULEE, Statut.ARCHIVEE):
        raise TransitionError(f"Cette intervention est {LIBELLES[statut]} : elle ne reçoit plus de lignes.")
    _verifier(session, acteur, intervention, saisie)
    trace.annoncer(session, acteur)
    ligne = LigneIntervention(
        **saisie.model_dump(), intervention_id=id, agence_id=intervention.agence_id, created_by_id=acteur.user_id
    )
    ligne.lot = lots.required(session, ligne)
    session.add(ligne)
    trace.noter(session, acteur, intervention, "ligne_ajoutee", None, _resume(ligne))
    ecrire(session)
    stock_lines.follow(session, acteur, intervention, ligne.id, stock_lines.due(ligne))
    ecrire(session)
    return ligne.id


def _ouvrir_ligne(session: Session, acteur: Acteur, ligne_id: int) -> tuple[LigneIntervention, Intervention]:
    ligne = session.get(LigneIntervention, ligne_id)
    if ligne is None:
        raise NotFoundError("Introuvable : cette ligne n'existe plus.")
    intervention = _ouvrir_lignes(session, acteur, ligne.intervention_id)
    statut = Statut(intervention.statut)
    if statut in TERMINES:
        raise TransitionError(f"Cette intervention est {LIBELLES[statut]} : ses lignes sont définitives.")
    return ligne, intervention


def modifier_ligne(session: Session, acteur: Acteur, ligne_id: int, changes: dict[str, object]) -> None:
    """Change a line while the intervention is open; the stock moves by the difference.

    Raises:
        TransitionError: the intervention is closed; its lines are final.
        ValidationError
    """
    ligne, intervention = _ouvrir_ligne(session, acteur, ligne_id)
    actuel = {nom: getattr(ligne, nom) for nom in LigneInput.model_fields}
    nouvelles = LigneInput.changements(actuel, dict(changes))
    if not nouvelles:
        return
    if {"piece_id", "depot_id", "prevue"} & nouvelles.keys():
        _verifier(session, acteur, intervention, LigneInput.model_construct(**{**actuel, **nouvelles}))
    trace.annoncer(session, acteur)
    avant, apres = appliquer(ligne, nouvelles)
    with session.no_autoflush:
        ligne.lot = lots.required(session, ligne)
    nom = {"designation": ligne.designation}
    trace.noter(session, acteur, intervention, "ligne_modifiee", nom | avant, nom | apres)
    ecrire(session)
    stock_lines.follow(session, acteur, intervention, ligne.id, stock_lines.due(ligne))
    ecrire(session)


def supprimer_ligne(session: Session, acteur: Acteur, ligne_id: int) -> None:
    """Take a line away, while the intervention is open; what it took comes back to its depot.

    Raises:
        TransitionError: the intervention is closed, its lines are final; or that depot is.
    """
    ligne, intervention = _ouvrir_ligne(session, acteur, ligne_id)
    trace.annoncer(session, acteur)
    trace.noter(session, acteur, intervention, "ligne_retiree", _resume(ligne), None)
    stock_lines.follow(session, acteur, intervention, ligne.id, {})
    session.delete(ligne)
    ecrire(session)


def _resume(ligne: LigneIntervention) -> dict[str, Any]:
    return {"designation": ligne.designation, "quantite": ligne.quantite, "prix_unitaire": ligne.prix_unitaire}
