"""What each agency refuses, warns of or ignores, and which skills work needs: decided by administrators."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.domain.enums import Niveau, ReglePlanning, VerdictPlanning
from erp_desktop.models import Competence, CompetenceRequise, ReglePlanningAgence


def decide(session: Session, agence_id: int | None, rule: ReglePlanning, verdict: VerdictPlanning | None) -> None:
    """Say what a broken rule does in an agency, or in all of them; None takes the decision away."""
    r = ReglePlanningAgence
    row = session.scalar(
        sa.select(r).where(r.regle == rule, r.agence_id.is_(None) if agence_id is None else r.agence_id == agence_id)
    )
    if verdict is None:
        if row is not None:
            session.delete(row)
    elif row is None:
        session.add(r(agence_id=agence_id, regle=rule.value, verdict=verdict.value))
    else:
        row.verdict = verdict.value
    session.flush()


def require(
    session: Session, agence_id: int | None, kind: str, competence: Competence, niveau: Niveau | None
) -> None:  # fmt: skip
    """Say that work on machines of a type needs a skill; a ``niveau`` of None takes it away."""
    r = CompetenceRequise
    own = r.agence_id.is_(None) if agence_id is None else r.agence_id == agence_id
    query = sa.select(r).where(
        own, sa.func.lower(r.type_equipement) == kind.lower(), r.competence_id == competence.id
    )
    row = session.scalar(query)
    if niveau is None:
        if row is not None:
            session.delete(row)
    elif row is None:
        session.add(r(agence_id=agence_id, type_equipement=kind, competence_id=competence.id, niveau=niveau.value))
    else:
        row.niveau = niveau.value
    session.flush()
