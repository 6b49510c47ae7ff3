"""Rows of slots: the next one of a visit, and the one that follows what a form says."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from erp_desktop import clock
from erp_desktop.domain.enums import EtatCreneau, RoleCreneau, VerdictPlanning
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import NotFoundError, UserError, ValidationError
from erp_desktop.models import Creneau, Intervention
from erp_desktop.services.planning import reading
from erp_desktop.services.planning.checks import judge
from erp_desktop.services.planning.data import Facts, Visit

CHANGED = "Ce créneau a changé entre-temps : regardez sa nouvelle place avant de le déplacer."
FIELDS = ("technicien_id", "debut", "fin", "zone", "trajet_avant_min", "role", "etat", "verrouille")


def live(session: Session, intervention_id: int) -> tuple[int, ...]:
    """Slots of an intervention that are not cancelled."""
    c = Creneau
    query = sa.select(c.id).where(c.intervention_id == intervention_id, c.etat != EtatCreneau.ANNULE)
    return tuple(session.scalars(query.order_by(c.ordre)))


def revive(session: Session, slot_ids: tuple[int, ...]) -> None:
    """Plan again what was taken off."""
    for slot in session.scalars(sa.select(Creneau).where(Creneau.id.in_(slot_ids))):
        session.refresh(slot)
        slot.etat = EtatCreneau.CONFIRME.value


def take_slot(
    session: Session, acteur: Acteur, fiche: Intervention, values: dict[str, Any], *, copy: bool
) -> tuple[Creneau, dict[str, Any] | None]:
    """A slot for ``values``: one that was taken off is taken up again, so that a visit keeps its few rows."""
    slots = list(
        session.scalars(sa.select(Creneau).where(Creneau.intervention_id == fiche.id).order_by(Creneau.ordre))
    )
    free = [s for s in slots if s.etat == EtatCreneau.ANNULE]
    if not copy and len(free) < len(slots):
        raise UserError(CHANGED)
    if free:
        slot = free[0]
        avant: dict[str, Any] | None = {c: getattr(slot, c) for c in FIELDS}
        for name, value in values.items():
            setattr(slot, name, value)
        slot.verrouille = False
        return slot, avant
    now = clock.now()
    slot = Creneau(
        **values, intervention_id=fiche.id, agence_id=fiche.agence_id, created_by_id=acteur.user_id,
        ordre=max((s.ordre for s in slots), default=0) + 1, created_at=now,
        # Later than its making: when two branches plan one visit, both count as meant and the loser is asked.
        updated_at=now + timedelta(microseconds=1),
    )  # fmt: skip
    session.add(slot)
    return slot, None


def follow(session: Session, acteur: Acteur, fiche: Intervention) -> None:
    """The form changed the plan of an intervention: its first slot follows, or is made.

    Called before ``fiche`` is written. A plan that has a slot is written through it alone, so that two sides that
    plan the same work meet in one question.
    """
    c = Creneau
    who, when = fiche.technicien_id, fiche.date_planifiee
    zone = fiche.zone_planifiee or clock.CASABLANCA.key
    with session.no_autoflush:
        slots = list(session.scalars(sa.select(c).where(c.intervention_id == fiche.id).order_by(
            sa.case((c.role == RoleCreneau.RENFORT, 1), else_=0), c.debut, c.id)))  # fmt: skip
    live = [s for s in slots if s.etat != EtatCreneau.ANNULE]
    if who is None or when is None:
        for slot in live:
            slot.etat = EtatCreneau.ANNULE.value
        return
    length = timedelta(minutes=fiche.duree_estimee or 60)
    facts, visit = _facts(session, acteur, fiche, when, when + length)
    card = reading.slot(session, acteur, live[0].id) if live else None
    if live and (live[0].technicien_id, live[0].debut) == (who, when):
        return
    hard = [p for p in judge(facts, visit, who, when, when + length, card) if p.verdict is VerdictPlanning.REFUSER]
    if hard:
        raise ValidationError({"date_planifiee": hard[0].phrase})
    if live:
        slot = live[0]
        slot.fin, slot.debut = when + (slot.fin - slot.debut), when
        slot.technicien_id, slot.zone = who, zone
    else:
        values = {"technicien_id": who, "debut": when, "fin": when + length, "zone": zone,
                  "etat": EtatCreneau.CONFIRME.value, "role": RoleCreneau.PRINCIPAL.value}  # fmt: skip
        slot, _ = take_slot(session, acteur, fiche, values, copy=False)
    for name, value in (("technicien_id", who), ("date_planifiee", when), ("zone_planifiee", zone)):
        set_committed_value(fiche, name, value)


def warnings(session: Session, acteur: Acteur, intervention_id: int) -> list[str]:
    """What the plan of an intervention, as it stands, breaks without being refused."""
    fiche = session.get_one(Intervention, intervention_id)
    who, when = fiche.technicien_id, fiche.date_planifiee
    if who is None or when is None:
        return []
    own = [c for c in (reading.slot(session, acteur, one) for one in live(session, fiche.id)) if c is not None]
    card = next((c for c in own if (c.technicien_id, c.debut) == (who, when)), None)
    end = card.fin if card is not None else when + timedelta(minutes=fiche.duree_estimee or 60)
    facts, visit = _facts(session, acteur, fiche, when, end)
    return [p.phrase for p in judge(facts, visit, who, when, end, card) if p.verdict is VerdictPlanning.AVERTIR]


def _facts(
    session: Session, acteur: Acteur, fiche: Intervention, begin: datetime, end: datetime
) -> tuple[Facts, Visit]:
    """The facts around a plan of a row that is being changed."""
    with session.no_autoflush:
        try:
            return reading.facts(session, acteur, fiche.id, [fiche.technicien_id or 0], begin, end)
        except NotFoundError:
            raise ValidationError({"date_planifiee": "Cette intervention n'est plus là."}) from None
