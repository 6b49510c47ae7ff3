"""Visits of rows: an intervention as the planning sees it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain import sla
from erp_desktop.domain.enums import Niveau, Statut, StatutEquipement
from erp_desktop.domain.transitions import TERMINES
from erp_desktop.models import (
    Client,
    Competence,
    CompetenceRequise,
    Equipement,
    Intervention,
    Occurrence,
    Planning,
)
from erp_desktop.services.planning.data import HOUR, Skill, Visit
from erp_desktop.services.shared.clocks import Due

_OF_PLAN = (
    sa.select(Planning.competence_id)
    .join(Occurrence, Occurrence.planning_id == Planning.id)
    .where(Occurrence.id == Intervention.occurrence_id)
    .correlate(Intervention)
    .scalar_subquery()
)
"""The skill that the preventive plan of an intervention asks for."""
VISIT = (
    Intervention.id, Intervention.numero, Intervention.titre, Intervention.client_id, Client.nom_entreprise,
    Client.ville, Intervention.equipement_id, Equipement.nom, Equipement.type_equipement,
    Equipement.statut.label("statut_equipement"), Intervention.agence_id, Intervention.technicien_id,
    Intervention.statut, Intervention.priorite, Intervention.duree_estimee, Intervention.temps_deplacement,
    Intervention.date_creation, Intervention.date_limite, Intervention.date_planifiee, Intervention.zone_planifiee,
    _OF_PLAN.label("competence_du_plan"),
)  # fmt: skip


Needs = dict[str, tuple[Skill, ...]]
"""Type of machine, folded → the skills that work on it needs."""


class Visits:
    """Makes visits of rows; skills and clocks are read once.

    Args:
        needs: what :func:`required` gave, where it was read already.
    """

    def __init__(
        self, session: Session, horaire: sla.Horaire, agence_id: int | None, needs: Needs | None = None
    ) -> None:
        self._horaire, self._now = horaire, clock.now()
        self._needs = required(session, agence_id) if needs is None else needs
        self._session = session
        self._skills: dict[int, Skill] = {}

    def make(self, row: Any) -> Visit:
        statut = Statut(row.statut)
        if statut in TERMINES:
            state = sla.Situation(sla.EtatSla.NONE)
        else:
            state = sla.situation(self._horaire, statut, row.date_creation, row.date_limite, None, self._now)
        part = Due(state.etat.value, state.reste_min, row.date_limite).part(row.date_creation, self._now)
        return Visit(
            row.id, row.numero, row.titre, row.client_id, row.nom_entreprise, row.ville, row.equipement_id, row.nom,
            row.agence_id, row.technicien_id, row.statut, row.priorite, row.duree_estimee or HOUR,
            row.temps_deplacement, row.date_limite, state.etat.value, state.reste_min, part,
            self._needed(row.type_equipement, row.competence_du_plan),
            row.statut_equipement == StatutEquipement.RETIRE,
        )  # fmt: skip

    def _needed(self, kind: str | None, plan: int | None) -> tuple[Skill, ...]:
        """What the type of the machine asks for, and the plan that the visit is of."""
        needs = self._needs.get((kind or "").casefold(), ())
        if plan is None or any(skill.competence_id == plan for skill in needs):
            return needs
        if plan not in self._skills:
            # All at once: each of another plan would be a round trip of its own.
            every = self._session.execute(sa.select(Competence.id, Competence.nom))
            self._skills = {ident: Skill(ident, nom, Niveau.DEBUTANT.value) for ident, nom in every}
        return (*needs, self._skills[plan])


def required(session: Session, agence_id: int | None) -> Needs:
    """Type of machine, folded → the skills that work on it needs, in this agency."""
    r = CompetenceRequise
    query = sa.select(r.type_equipement, r.competence_id, Competence.nom, r.niveau)
    query = query.join(Competence, Competence.id == r.competence_id)
    query = query.where(sa.or_(r.agence_id.is_(None), r.agence_id == agence_id)).order_by(r.agence_id, r.id)
    found: dict[str, dict[int, Skill]] = {}
    for kind, skill, nom, niveau in session.execute(query):
        found.setdefault(kind.casefold(), {})[skill] = Skill(skill, nom, niveau)
    return {kind: tuple(skills.values()) for kind, skills in found.items()}
