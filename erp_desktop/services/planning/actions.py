"""Planning a visit, moving it, taking it off, and taking that back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.domain.enums import EtatCreneau, Priorite, RoleCreneau, Statut
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.saisie import mots
from erp_desktop.domain.transitions import TERMINES
from erp_desktop.errors import UserError
from erp_desktop.models import Agence, Contrat, Creneau, Intervention
from erp_desktop.services.interventions.actions import Retour, changer_statut, revenir, traces
from erp_desktop.services.interventions.form import ouvrir
from erp_desktop.services.planning import availability, reading
from erp_desktop.services.planning.checks import CLOSED, LOCKED, judge, refused
from erp_desktop.services.planning.data import Card, Facts, Problem, Visit
from erp_desktop.services.planning.slots import CHANGED, FIELDS, live, take_slot
from erp_desktop.services.shared import trace
from erp_desktop.services.shared.clocks import echeance
from erp_desktop.services.shared.common import charger, ecrire


class PlanRefusedError(UserError):
    """A plan that breaks a rule; ``problems`` say which ones, ``needs_reason`` that a reason would do."""

    def __init__(self, problems: Sequence[Problem], *, needs_reason: bool) -> None:
        super().__init__(" ".join(p.phrase for p in problems))
        self.problems = tuple(problems)
        self.needs_reason = needs_reason


@dataclass(frozen=True, slots=True)
class Wish:
    """Where a visit should go.

    Attributes:
        slot_id: the slot that moves; None plans anew.
        seen: the card as it was shown when it was lifted; what changed since is not overwritten.
        copy: one more slot beside those that there are: another day, or a second person.
    """

    intervention_id: int
    technicien_id: int
    debut: datetime
    fin: datetime
    slot_id: int | None = None
    seen: Card | None = None
    copy: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """What was done to one slot, and what takes it back.

    Attributes:
        avant: the slot's columns before, None when it did not exist.
        apres: those that it has now; taken back only while it still has them.
        plan: technicien and date of the intervention before.
        retour: the change of statut that came with it.
        limite: its deadline before and after.
    """

    slot_id: int
    intervention_id: int
    avant: dict[str, Any] | None
    apres: dict[str, Any]
    plan: dict[str, Any]
    retour: Retour | None = None
    limite: tuple[datetime | None, datetime | None] | None = None
    problems: tuple[Problem, ...] = ()


def plan(session: Session, acteur: Acteur, wishes: Sequence[Wish], motif: str = "") -> list[Done]:
    """Plan or move visits, all of them or none.

    Args:
        motif: why a warning is passed over; kept in the history of the intervention with what was warned of.

    Raises:
        PlanRefusedError: a rule refuses, or warns and no reason was given.
        NotAllowedError, NotFoundError, UserError
    """
    roles.exiger(acteur, roles.Droit.INTERVENTION_ECRIRE)
    moving = {w.slot_id for w in wishes if w.slot_id is not None}
    judged = [(wish, *_judge(session, acteur, wish, moving)) for wish in wishes]
    every = [p for *_, problems in judged for p in problems]
    if refused(every):
        raise PlanRefusedError(every, needs_reason=False)
    motif = mots.lire(motif, "motif")
    if every and not motif:
        raise PlanRefusedError(every, needs_reason=True)
    return [_place(session, acteur, *one, motif) for one in judged]


def _judge(session: Session, acteur: Acteur, wish: Wish, moving: set[int]) -> tuple[Facts, Visit, list[Problem]]:
    around = timedelta(days=1)
    begin, end = min(wish.debut, wish.fin) - around, max(wish.debut, wish.fin) + around
    facts, visit = reading.facts(session, acteur, wish.intervention_id, [wish.technicien_id], begin, end)
    card = None
    if wish.slot_id is not None and not wish.copy:
        card = reading.slot(session, acteur, wish.slot_id)
        if card is None or (wish.seen is not None and card.version != wish.seen.version):
            raise UserError(CHANGED)
    elif wish.seen is not None and not wish.copy:
        card = wish.seen
    # What moves along does not stand in the way of where it was.
    others = tuple(c for c in facts.cards if c.slot_id is None or c.slot_id not in moving or wish.copy)
    facts = Facts(facts.horaire, facts.feries, facts.techniciens, others, facts.absences, facts.verdicts)
    return facts, visit, judge(facts, visit, wish.technicien_id, wish.debut, wish.fin, card)


def check(session: Session, acteur: Acteur, wish: Wish) -> list[Problem]:
    """What a plan would break, without making it."""
    roles.exiger(acteur, roles.Droit.INTERVENTION_LIRE)
    return _judge(session, acteur, wish, set())[2]


def _place(
    session: Session, acteur: Acteur, wish: Wish, facts: Facts, visit: Visit, problems: list[Problem],
    motif: str,
) -> Done:  # fmt: skip
    fiche = ouvrir(session, acteur, wish.intervention_id, pour_ecrire=True)
    trace.annoncer(session, acteur)
    zone = facts.horaire.zone.key
    slot = session.get(Creneau, wish.slot_id) if wish.slot_id is not None and not wish.copy else None
    values: dict[str, Any] = {
        "technicien_id": wish.technicien_id, "debut": wish.debut, "fin": wish.fin, "zone": zone,
        "etat": EtatCreneau.CONFIRME.value,
    }  # fmt: skip
    before = _plan_of(fiche)
    if slot is None or wish.technicien_id != slot.technicien_id or wish.debut != slot.debut:
        values["trajet_avant_min"] = _travel(session, facts, visit, wish)
    if slot is None:
        values["role"] = _role(session, wish)
        slot, avant = take_slot(session, acteur, fiche, values, copy=wish.copy)
    else:
        avant = {c: getattr(slot, c) for c in FIELDS}
        for name, value in values.items():
            setattr(slot, name, value)
    _settle(session, fiche)
    retour = None
    if fiche.statut == Statut.OUVERTE:
        retour = changer_statut(session, acteur, fiche.id, Statut.AFFECTEE)
    limite = _deadline(session, fiche)
    words = " ".join(p.phrase for p in problems)
    remark = f"{words} Motif : {motif}" if problems else None
    trace.noter(session, acteur, fiche, "planification", before, _plan_of(fiche), remark)
    ecrire(session)
    if retour is not None:
        # What is noted here belongs to the same act.
        retour = replace(retour, traces=traces(session, fiche.id))
    now = {c: getattr(slot, c) for c in FIELDS}
    return Done(slot.id, fiche.id, avant, now, before, retour, limite, tuple(problems))


def _plan_of(fiche: Intervention) -> dict[str, Any]:
    return {"date_planifiee": fiche.date_planifiee, "technicien_id": fiche.technicien_id}


def _travel(session: Session, facts: Facts, visit: Visit, wish: Wish) -> int:
    day = wish.debut.astimezone(facts.horaire.zone).date()
    earlier = [
        c for c in facts.cards_of.get(wish.technicien_id, ())
        if c.fin <= wish.debut and c.debut.astimezone(facts.horaire.zone).date() == day
        and c.visit.intervention_id != visit.intervention_id
    ]  # fmt: skip
    home = session.scalar(sa.select(Agence.ville).where(Agence.id == visit.agence_id))
    return availability.travel(
        earlier[-1] if earlier else None, visit.client_id, visit.ville, home, visit.deplacement
    )


def _role(session: Session, wish: Wish) -> str:
    """A copy over the hours of another slot of the same work is a second person; at other hours, another day."""
    c = Creneau
    same = sa.select(c.id).where(
        c.intervention_id == wish.intervention_id, c.etat != EtatCreneau.ANNULE, c.debut < wish.fin,
        c.fin > wish.debut, c.technicien_id != wish.technicien_id,
    )  # fmt: skip
    beside = wish.copy and session.scalar(same.limit(1)) is not None
    return (RoleCreneau.RENFORT if beside else RoleCreneau.PRINCIPAL).value


def _settle(session: Session, fiche: Intervention) -> None:
    """Write slots, and read what the database made of the plan."""
    ecrire(session)
    session.refresh(fiche, ["technicien_id", "date_planifiee", "zone_planifiee"])


def _deadline(session: Session, fiche: Intervention) -> tuple[datetime | None, datetime | None] | None:
    """The deadline of programmed work is the end of its planned day."""
    if fiche.priorite != Priorite.PROGRAMMEE or Statut(fiche.statut) in TERMINES:
        return None
    before = fiche.date_limite
    contrat = session.get(Contrat, fiche.contrat_id) if fiche.contrat_id else None
    fiche.date_limite = echeance(session, fiche, contrat)
    return before, fiche.date_limite


def _slot(session: Session, acteur: Acteur, slot_id: int) -> tuple[Creneau, Intervention]:
    slot = charger(session, acteur, Creneau, slot_id, "ce créneau", ecrire=True)
    return slot, ouvrir(session, acteur, slot.intervention_id, pour_ecrire=True)


def unplan(session: Session, acteur: Acteur, card: Card) -> Done:
    """Take a visit off the board; it waits among what is to be planned, with its technicien."""
    roles.exiger(acteur, roles.Droit.INTERVENTION_ECRIRE)
    slot_id = adopt(session, acteur, card) if card.slot_id is None else card.slot_id
    slot, fiche = _slot(session, acteur, slot_id)
    if Statut(fiche.statut) in TERMINES:
        raise UserError(CLOSED.format(numero=fiche.numero))
    if slot.verrouille:
        raise UserError(LOCKED)
    if card.slot_id is not None and (slot.debut, slot.fin, slot.technicien_id) != (
        card.debut,
        card.fin,
        card.technicien_id,
    ):
        raise UserError(CHANGED)
    return _write(session, acteur, slot, fiche, {"etat": EtatCreneau.ANNULE.value})


def lock(session: Session, acteur: Acteur, slot_id: int, *, locked: bool) -> Done:
    """Nobody moves a locked slot by mistake."""
    roles.exiger(acteur, roles.Droit.INTERVENTION_ECRIRE)
    slot, fiche = _slot(session, acteur, slot_id)
    return _write(session, acteur, slot, fiche, {"verrouille": locked})


def _write(
    session: Session, acteur: Acteur, slot: Creneau, fiche: Intervention, values: dict[str, Any]
) -> Done:  # fmt: skip
    trace.annoncer(session, acteur)
    avant = {c: getattr(slot, c) for c in FIELDS}
    before = _plan_of(fiche)
    for name, value in values.items():
        setattr(slot, name, value)
    _settle(session, fiche)
    limite = _deadline(session, fiche)
    if _plan_of(fiche) != before:
        trace.noter(session, acteur, fiche, "planification", before, _plan_of(fiche))
    ecrire(session)
    return Done(slot.id, fiche.id, avant, {c: getattr(slot, c) for c in FIELDS}, before, None, limite)


def adopt(session: Session, acteur: Acteur, card: Card) -> int:
    """Give a plan without a slot the slot that it shows as."""
    fiche = ouvrir(session, acteur, card.visit.intervention_id, pour_ecrire=True)
    values = {"technicien_id": card.technicien_id, "debut": card.debut, "fin": card.fin, "zone": card.zone,
              "etat": EtatCreneau.CONFIRME.value, "role": RoleCreneau.PRINCIPAL.value}  # fmt: skip
    slot, _ = take_slot(session, acteur, fiche, values, copy=False)
    ecrire(session)
    return slot.id


def undo(session: Session, acteur: Acteur, dones: Sequence[Done]) -> None:
    """Take back what was done, while nothing else happened to it.

    Raises:
        UserError: something did.
    """
    roles.exiger(acteur, roles.Droit.INTERVENTION_ECRIRE)
    for done in reversed(dones):
        slot, fiche = _slot(session, acteur, done.slot_id)
        if any(getattr(slot, c) != v for c, v in done.apres.items()):
            raise UserError("Ce créneau a changé depuis : le déplacement n'est pas défait.")
        if done.retour is not None:
            # Takes the technicien off, and with them every slot.
            revenir(session, acteur, done.retour)
            session.refresh(slot)
        _write(session, acteur, slot, fiche, done.avant or {"etat": EtatCreneau.ANNULE.value})
        if not live(session, fiche.id):
            # No slot says it any more: as it was written before there was one.
            fiche.technicien_id, fiche.date_planifiee = done.plan["technicien_id"], done.plan["date_planifiee"]
            fiche.zone_planifiee = slot.zone if fiche.date_planifiee is not None else None
        if done.limite is not None and fiche.date_limite == done.limite[1]:
            fiche.date_limite = done.limite[0]
    ecrire(session)
