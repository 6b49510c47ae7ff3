"""A reading, and the visits that it calls for."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.domain.enums import AncrePlanning, StatutPlanning
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import Planning
from erp_desktop.services import compteurs
from erp_desktop.services.compteurs import ReleveInput
from erp_desktop.services.preventif.generation import Bilan, suivre


def relever(
    session: Session, acteur: Acteur, compteur_id: int, saisie: ReleveInput, *, intervention_id: int | None = None
) -> Bilan:
    """Write a reading down; plans that count on the meter make their visit when its threshold is passed.

    Raises:
        NotAllowedError, NotFoundError, ValidationError
    """
    compteurs.relever(session, acteur, compteur_id, saisie, intervention_id=intervention_id)
    p = Planning
    plans = session.scalars(
        sa.select(p).where(
            p.compteur_id == compteur_id, p.ancre == AncrePlanning.COMPTEUR, p.statut == StatutPlanning.ACTIF
        )
    )
    return suivre(session, acteur, plans)
