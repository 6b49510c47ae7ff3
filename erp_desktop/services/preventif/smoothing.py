"""A week that asks for more hours than there are: which visits may go to a lighter one, within their tolerance.

Proposed only; what is kept of it is moved by ``occurrences.deplacer``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain.enums import EtatOccurrence, Statut
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import Equipement, Intervention, Occurrence, Planning
from erp_desktop.services.preventif import year
from erp_desktop.services.preventif.year import HOUR, Week
from erp_desktop.services.shared.clocks import Horloges


@dataclass(frozen=True, slots=True)
class Deplacable:
    """One visit that would leave the week; ``minutes`` is what it takes."""

    occurrence_id: int
    titre: str
    equipement: str
    minutes: int
    du: date
    au: date


@dataclass(frozen=True, slots=True)
class Lissage:
    """What is proposed of one week, in minutes: what it asks for, what there is, what it asks for afterwards."""

    monday: date
    avant: int
    capacite: int
    apres: int
    visites: tuple[Deplacable, ...]


def motif(monday: date) -> str:
    """What the dates that are moved say of it."""
    return f"Lissage de la semaine {monday.isocalendar().week}"


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def proposer(session: Session, acteur: Acteur, conditions: Sequence[sa.ColumnElement[bool]], monday: date) -> Lissage:
    """The longest visits first, each to the lightest week that its tolerance reaches, until the week holds.

    A visit that is planned, begun or not made yet stays: its day is somebody's, or nobody's.
    """
    roles.exiger(acteur, roles.Droit.PREVENTIF_ECRIRE)
    weeks = {w.monday: w for w in year.load(session, acteur, conditions, monday.year)}
    load = {day: w.done + w.ahead for day, w in weeks.items()}
    week = weeks.get(monday)
    if week is None:
        return Lissage(monday, 0, 0, 0, ())
    clocks, moved = Horloges(session), []
    for occurrence, plan, machine in _movable(session, conditions, monday):
        if load[monday] <= week.capacity:
            break
        minutes = plan.modele_duree_estimee or HOUR
        days = _days(plan, occurrence)
        opened = clocks.de(plan.agence_id).ouvert
        day = _lightest([d for d in days if opened(d)], occurrence.date_cible, minutes, load, weeks)
        if day is not None:
            load[monday] -= minutes
            load[monday_of(day)] += minutes
            moved.append(Deplacable(occurrence.id, plan.modele_titre, machine, minutes, occurrence.date_cible, day))
    return Lissage(monday, week.done + week.ahead, week.capacity, load[monday], tuple(moved))


def _movable(
    session: Session, conditions: Sequence[sa.ColumnElement[bool]], monday: date
) -> list[tuple[Occurrence, Planning, str]]:
    o, i, p = Occurrence, Intervention, Planning
    asked = (
        sa.select(o, p, Equipement.nom)
        .join(p, p.id == o.planning_id)
        .join(Equipement, Equipement.id == p.equipement_id)
        .join(i, i.occurrence_id == o.id)
        .where(
            *conditions, o.etat == EtatOccurrence.GENEREE, o.date_cible.between(monday, monday + timedelta(days=6)),
            i.statut.in_((Statut.OUVERTE, Statut.AFFECTEE)), i.date_planifiee.is_(None),
        )
        .order_by(sa.func.coalesce(p.modele_duree_estimee, HOUR).desc(), o.date_cible, o.id)
    )  # fmt: skip
    return [(row[0], row[1], row[2]) for row in session.execute(asked)]


def _days(plan: Planning, occurrence: Occurrence) -> list[date]:
    """The days on which the visit is on time, counted from the rule's date: moving twice goes no further."""
    first = max(clock.today(), occurrence.date_prevue - timedelta(days=plan.tolerance_avant or 0))
    last = occurrence.date_prevue + timedelta(days=plan.tolerance_apres or 0)
    return [first + timedelta(days=n) for n in range(max(0, (last - first).days + 1))]


def _lightest(
    days: Sequence[date], present: date, minutes: int, load: dict[date, int], weeks: dict[date, Week]
) -> date | None:
    """The day nearest to the present one, in the week with the most room; None when none has enough."""
    room = {
        m: weeks[m].capacity - load[m] for m in {monday_of(d) for d in days}
        if m in weeks and m != monday_of(present)
    }  # fmt: skip
    fits = [d for d in days if room.get(monday_of(d), -1) >= minutes]
    return min(fits, key=lambda d: (-room[monday_of(d)], abs((d - present).days), d), default=None)
