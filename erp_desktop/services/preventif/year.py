"""The year: what each plan has and will have in it, and how many hours each week asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain.enums import AncrePlanning, EtatOccurrence, StatutPlanning
from erp_desktop.domain.people import horaires, roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.preventif import etats, rythme
from erp_desktop.domain.preventif.etats import Etat
from erp_desktop.models import Intervention, Occurrence, Planning, Technicien
from erp_desktop.services.preventif.dues import rythme_de
from erp_desktop.services.shared.clocks import Horloges
from erp_desktop.services.shared.lists import paquets, portee

HOUR = 60


@dataclass(frozen=True, slots=True)
class Mark:
    """One date of a plan in the year; without identifiers it is still to be generated.

    Attributes:
        day: when the visit should be.
        due: the rule's date, which is what is skipped.
    """

    day: date
    due: date
    state: Etat
    occurrence_id: int | None = None
    intervention_id: int | None = None


@dataclass(frozen=True, slots=True)
class Week:
    """The load of one week that begins on a Monday, in minutes; ``capacity`` is what the techniciens have."""

    monday: date
    done: int
    ahead: int
    capacity: int


def weeks(year: int) -> list[date]:
    """The Mondays of the weeks that have a day of the year."""
    first = date(year, 1, 1)
    monday = first - timedelta(days=first.weekday())
    return [m for n in range(54) if (m := monday + timedelta(weeks=n)) <= date(year, 12, 31)]


def marks(session: Session, acteur: Acteur, plans: Sequence[int], year: int) -> dict[int, list[Mark]]:
    """Plan → its dates of the year, ascending; skipped ones included, withdrawn ones left out."""
    roles.exiger(acteur, roles.Droit.INTERVENTION_LIRE)
    found: dict[int, list[Mark]] = {}
    for block in paquets(plans):
        query = sa.select(Planning).where(Planning.id.in_(block), *portee(acteur, Planning.agence_id))
        found |= _marks(session, list(session.scalars(query)), year)
    return found


def _marks(session: Session, plans: list[Planning], year: int) -> dict[int, list[Mark]]:
    o, i, today = Occurrence, Intervention, clock.today()
    first, last = date(year, 1, 1), date(year, 12, 31)
    rows: dict[int, list[tuple[Occurrence, int | None, str | None]]] = {p.id: [] for p in plans}
    for block in paquets(list(rows)):
        query = (
            sa.select(o, i.id, i.statut)
            .outerjoin(i, i.occurrence_id == o.id)
            .where(
                o.planning_id.in_(block), o.etat != EtatOccurrence.RETIREE,
                sa.or_(o.date_cible.between(first, last), o.date_prevue.between(first, last)),
            )
            .order_by(o.date_cible, o.id)
        )  # fmt: skip
        for row in session.execute(query):
            rows[row[0].planning_id].append((row[0], row[1], row[2]))
    clocks = Horloges(session)
    found: dict[int, list[Mark]] = {}
    for plan in plans:
        mine, made = rows[plan.id], []
        newest = max((x.date_cible for x, _, _ in mine if x.date_cible <= today), default=None)
        for occurrence, ident, statut in mine:
            state = etats.etat(
                occurrence.etat, statut, occurrence.date_cible, plan.tolerance_apres, today,
                suivie=newest is not None and occurrence.date_cible < newest,
            )  # fmt: skip
            if first <= occurrence.date_cible <= last:
                made.append(Mark(occurrence.date_cible, occurrence.date_prevue, state, occurrence.id, ident))
        taken = {x.date_prevue for x, _, _ in mine}
        opened = clocks.de(plan.agence_id).ouvert
        made += [
            Mark(rythme.decaler(due, plan.report_ferie, opened), due, Etat.A_GENERER)
            for due in _to_come(plan, today, first, last) if due not in taken
        ]  # fmt: skip
        found[plan.id] = sorted(made, key=lambda m: (m.day, m.due))
    return found


def _to_come(plan: Planning, today: date, first: date, last: date) -> list[date]:
    if plan.statut != StatutPlanning.ACTIF or plan.ancre != AncrePlanning.CALENDRIER:
        return []
    try:
        return rythme.dates(rythme_de(plan, today), max(first, today, plan.rythme_depuis or today), last)
    except ValueError:
        return []


def load(session: Session, acteur: Acteur, conditions: Sequence[sa.ColumnElement[bool]], year: int) -> list[Week]:
    """Minutes of preventive work of each week of the year, of the plans that fulfil the conditions.

    The capacity is the opening hours of the active techniciens of those agencies, holidays taken off.
    """
    roles.exiger(acteur, roles.Droit.INTERVENTION_LIRE)
    plans = list(session.scalars(sa.select(Planning).where(*conditions).order_by(Planning.id)))
    minutes = {p.id: p.modele_duree_estimee or HOUR for p in plans}
    done, ahead = dict.fromkeys(weeks(year), 0), dict.fromkeys(weeks(year), 0)
    for plan, found in _marks(session, plans, year).items():
        for mark in found:
            monday = mark.day - timedelta(days=mark.day.weekday())
            if mark.state in (Etat.SAUTEE, Etat.MANQUEE) or monday not in done:
                continue
            (done if mark.state is Etat.FAITE else ahead)[monday] += minutes[plan]
    capacity = _capacity(session, acteur, {p.agence_id for p in plans}, weeks(year))
    return [Week(m, done[m], ahead[m], capacity[m]) for m in done]


def _capacity(session: Session, acteur: Acteur, agences: set[int | None], mondays: Sequence[date]) -> dict[date, int]:
    clocks, t = Horloges(session), Technicien
    counts = session.execute(
        sa.select(t.agence_id, t.horaires_travail, sa.func.count())
        .where(t.is_active.is_(True), t.agence_id.in_([a for a in agences if a is not None]))
        .where(*portee(acteur, t.agence_id))
        .group_by(t.agence_id, t.horaires_travail)
    ).all()
    total = dict.fromkeys(mondays, 0)
    for agence, written, people in counts:
        horaire, own = clocks.de(agence), horaires.lire(written)
        horaire = horaire if own is None else horaire.dans(own)
        for monday in mondays:
            total[monday] += people * sum(horaire.minutes(monday + timedelta(days=n)) for n in range(7))
    return total
