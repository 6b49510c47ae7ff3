"""The parts of a plan's model, which each visit sets aside."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.preventif.saisie import PieceInput
from erp_desktop.errors import ValidationError
from erp_desktop.models import LigneIntervention, PieceDetachee, Planning, PlanningPiece
from erp_desktop.services.preventif.form import ouvrir
from erp_desktop.services.shared import trace
from erp_desktop.services.shared.common import charger, ecrire, lie


@dataclass(frozen=True, slots=True)
class PieceInfo:
    """One part of the model."""

    id: int
    piece_id: int
    reference: str
    designation: str
    unite: str
    quantite: Decimal


def lister(session: Session, acteur: Acteur, planning_id: int) -> list[PieceInfo]:
    """The parts of a plan, in the order in which they were added."""
    roles.exiger(acteur, roles.Droit.INTERVENTION_LIRE)
    charger(session, acteur, Planning, planning_id, "ce plan")
    q, p = PlanningPiece, PieceDetachee
    requete = (
        sa.select(q.id, q.piece_id, p.reference, p.designation, p.unite, q.quantite)
        .join(p, p.id == q.piece_id)
        .where(q.planning_id == planning_id)
        .order_by(q.id)
    )
    return [PieceInfo(*ligne) for ligne in session.execute(requete)]


def ajouter(session: Session, acteur: Acteur, planning_id: int, saisie: PieceInput) -> int:
    """Add a part to the model, or give the one that is there this quantity.

    Raises:
        NotAllowedError, NotFoundError, UserError, ValidationError
    """
    plan = ouvrir(session, acteur, planning_id)
    lie(session, acteur, PieceDetachee, saisie.piece_id, "piece_id", "Cette pièce n'existe pas dans cette agence.",
        plan.agence_id)  # fmt: skip
    trace.annoncer(session, acteur)
    q = PlanningPiece
    ligne = session.scalar(sa.select(q).where(q.planning_id == planning_id, q.piece_id == saisie.piece_id))
    if ligne is None:
        ligne = PlanningPiece(**saisie.model_dump(), planning_id=planning_id, agence_id=plan.agence_id,
                              created_by_id=acteur.user_id)  # fmt: skip
        session.add(ligne)
    else:
        ligne.quantite = saisie.quantite
    ecrire(session)
    return ligne.id


def retirer(session: Session, acteur: Acteur, id: int) -> None:  # noqa: A002
    """Take a part out of the model; visits that were made keep it, and then so does the model.

    Raises:
        NotAllowedError, NotFoundError, UserError, ValidationError
    """
    ligne = charger(session, acteur, PlanningPiece, id, "cette pièce", ecrire=True)
    ouvrir(session, acteur, ligne.planning_id)
    servie = sa.select(LigneIntervention.id).where(LigneIntervention.planning_piece_id == id).limit(1)
    if session.scalar(servie) is not None:
        raise ValidationError({"quantite": "Des visites ont déjà cette pièce : changez sa quantité, ou le plan."})
    trace.annoncer(session, acteur)
    session.delete(ligne)
    ecrire(session)
