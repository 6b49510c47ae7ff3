"""The year: what each plan has and will have in it, and how many hours each week asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db.abreast import abreast
from erp_desktop.domain.enums import AncrePlanning, EtatOccurrence, StatutPlanning
from erp_desktop.domain.people import horaires, roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.preventif import etats, rythme
from erp_desktop.domain.preventif.etats import Etat
from erp_desktop.models import Intervention, Occurrence, Planning, Technicien
from erp_desktop.services.preventif import list as plans
from erp_desktop.services.preventif.dues import rythme_de
from erp_desktop.services.preventif.list import PlanLigne
from erp_desktop.services.shared.clocks import Horloges
from erp_desktop.services.shared.common import en_activite
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


def rows(session: Session, acteur: Acteur, ids: Sequence[int], year: int) -> list[tuple[PlanLigne, list[Mark]]]:
    """Rows of a visible window, in the order of ``ids``, each with its dates of the year."""
    found, lines = abreast(session, lambda s: marks(s, acteur, ids, year), lambda s: plans.rows(s, acteur, ids))
    return [(line, found.get(line.id, [])) for line in lines]


def figures(session: Session, acteur: Acteur, typed: str, year: int) -> tuple[list[Week], plans.Resume]:
    """The load of the weeks of what the filter box asks for, and the head of the page."""
    load_, told = abreast(
        session, lambda s: load(s, acteur, plans.conditions(s, acteur, typed), year),
        lambda s: plans.resume(s, acteur, year),
    )  # fmt: skip
    return load_, told


def marks(session: Session, acteur: Acteur, ids: Sequence[int], year: int) -> dict[int, list[Mark]]:
    """Plan → its dates of the year, ascending; skipped ones included, withdrawn ones left out."""
    roles.exiger(acteur, roles.Droit.INTERVENTION_LIRE)
    found: dict[int, list[Mark]] = {}
    for block in paquets(ids):
        query = sa.select(Planning).where(Planning.id.in_(block), *portee(acteur, Planning.agence_id))
        visits = _visits(Occurrence.planning_id.in_(block), year)
        read, of_year, clocks = abreast(
            session, partial(_scalars, asked=query), partial(_rows, asked=visits), Horloges
        )
        found |= _marks(read, of_year, clocks, year)
    return found


def _scalars(session: Session, asked: Any) -> list[Any]:
    return list(session.scalars(asked))


def _rows(session: Session, asked: Any) -> list[Any]:
    return list(session.execute(asked))


def _visits(chosen: sa.ColumnElement[bool], year: int) -> Any:
    """The visits of some plans in a year, withdrawn ones left out, each with what became of it."""
    o, i, first, last = Occurrence, Intervention, date(year, 1, 1), date(year, 12, 31)
    return (
        sa.select(o, i.id, i.statut)
        .outerjoin(i, i.occurrence_id == o.id)
        .where(
            chosen, o.etat != EtatOccurrence.RETIREE,
            sa.or_(o.date_cible.between(first, last), o.date_prevue.between(first, last)),
        )
        .order_by(o.date_cible, o.id)
    )  # fmt: skip


def _marks(read: Sequence[Planning], visits: Sequence[Any], clocks: Horloges, year: int) -> dict[int, list[Mark]]:
    today, first, last = clock.today(), date(year, 1, 1), date(year, 12, 31)
    rows: dict[int, list[tuple[Occurrence, int | None, str | None]]] = {p.id: [] for p in read}
    for occurrence, ident, statut in visits:
        # Of plans of another agency as well.
        if occurrence.planning_id in rows:
            rows[occurrence.planning_id].append((occurrence, ident, statut))
    found: dict[int, list[Mark]] = {}
    for plan in read:
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
    asked = sa.select(Planning).where(*conditions).order_by(Planning.id)
    visits = _visits(Occurrence.planning_id.in_(sa.select(Planning.id).where(*conditions)), year)
    chosen, of_year, clocks, people = abreast(
        session, partial(_scalars, asked=asked), partial(_rows, asked=visits), Horloges,
        partial(_people, acteur=acteur),
    )  # fmt: skip
    minutes = {p.id: p.modele_duree_estimee or HOUR for p in chosen}
    done, ahead = dict.fromkeys(weeks(year), 0), dict.fromkeys(weeks(year), 0)
    for plan, found in _marks(chosen, of_year, clocks, year).items():
        for mark in found:
            monday = mark.day - timedelta(days=mark.day.weekday())
            if mark.state in (Etat.SAUTEE, Etat.MANQUEE) or monday not in done:
                continue
            (done if mark.state is Etat.FAITE else ahead)[monday] += minutes[plan]
    agencies = {p.agence_id for p in chosen}
    capacity = _capacity(clocks, [one for one in people if one[0] in agencies], weeks(year))
    return [Week(m, done[m], ahead[m], capacity[m]) for m in done]


def _people(session: Session, acteur: Acteur) -> list[tuple[int, str | None, int]]:
    """Active techniciens by agency and by the hours that they keep: how many."""
    t = Technicien
    counts = sa.select(t.agence_id, t.horaires_travail, sa.func.count()).where(
        en_activite(), t.agence_id.is_not(None), *portee(acteur, t.agence_id)
    )
    found: Any = session.execute(counts.group_by(t.agence_id, t.horaires_travail))
    return list(found)


def _capacity(
    clocks: Horloges, people: Sequence[tuple[int, str | None, int]], mondays: Sequence[date]
) -> dict[date, int]:
    total = dict.fromkeys(mondays, 0)
    for agence, written, count in people:
        horaire, own = clocks.de(agence), horaires.lire(written)
        horaire = horaire if own is None else horaire.dans(own)
        for monday in mondays:
            total[monday] += count * sum(horaire.minutes(monday + timedelta(days=n)) for n in range(7))
    return total
