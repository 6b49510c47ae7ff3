"""Reading the planning: a board of some days, the facts that judge one plan, one card."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db.abreast import abreast
from erp_desktop.domain import sla
from erp_desktop.domain.enums import (
    EtatCreneau,
    ReglePlanning,
    Statut,
    StatutAbsence,
    VerdictPlanning,
)
from erp_desktop.domain.people import horaires, roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import NotFoundError
from erp_desktop.models import (
    Absence,
    Agence,
    Client,
    Competence,
    Creneau,
    Equipement,
    Intervention,
    JourFerie,
    ReglePlanningAgence,
    Technicien,
    TechnicienCompetence,
)
from erp_desktop.registry import technicien_names
from erp_desktop.services.planning import backlog
from erp_desktop.services.planning.availability import occurrences
from erp_desktop.services.planning.checks import DEFAULTS
from erp_desktop.services.planning.data import HOUR, LONGEST, Away, Board, Card, Facts, Person, Skill, Visit
from erp_desktop.services.planning.visits import VISIT, Visits, required
from erp_desktop.services.shared.clocks import Horloges
from erp_desktop.services.shared.common import en_activite
from erp_desktop.services.shared.lists import hors_index, portee

_LIVE = Creneau.etat != EtatCreneau.ANNULE


def verdicts(session: Session, agence_id: int | None) -> dict[ReglePlanning, VerdictPlanning]:
    """What this agency does about each rule: its own decision, else that of all agencies, else the usual one."""
    r = ReglePlanningAgence
    query = sa.select(r.agence_id, r.regle, r.verdict).where(sa.or_(r.agence_id.is_(None), r.agence_id == agence_id))
    found = dict(DEFAULTS)
    for _own, rule, verdict in sorted(session.execute(query), key=lambda row: row[0] is not None):
        found[ReglePlanning(rule)] = VerdictPlanning(verdict)
    return found


def people(session: Session, agence_id: int | None, ids: Sequence[int] | None = None) -> tuple[Person, ...]:
    """Techniciens of an agency by team and name, with their skills; those who left as well."""
    t = Technicien
    query = sa.select(
        t.id, t.equipe, t.niveau, t.zone_intervention, t.agence_id, t.horaires_travail,
        en_activite().label("en_activite"),
    )  # fmt: skip
    query = query.where(t.id.in_(ids)) if ids is not None else query.where(t.agence_id == agence_id)
    skills: dict[int, list[Skill]] = {}
    k = TechnicienCompetence
    held = sa.select(
        k.technicien_id, k.competence_id, Competence.nom, k.niveau, k.date_validation, Competence.duree_validite_mois
    )
    held = held.join(Competence, Competence.id == k.competence_id).join(t, t.id == k.technicien_id)
    held = held.where(k.technicien_id.in_(ids)) if ids is not None else held.where(t.agence_id == agence_id)
    held = held.order_by(Competence.nom)
    rows, every, known = abreast(
        session, partial(_rows, asked=query), technicien_names.tous, partial(_rows, asked=held)
    )
    names = technicien_names.dire(every, [r.id for r in rows])
    for who, skill, nom, niveau, since, months in known:
        until = _months_later(since, months) if since is not None and months else None
        skills.setdefault(who, []).append(Skill(skill, nom, niveau, until))
    made = [
        Person(r.id, names.get(r.id, ""), r.equipe, r.niveau, r.zone_intervention, r.agence_id,
               tuple(skills.get(r.id, ())), horaires.lire(r.horaires_travail), not r.en_activite) for r in rows
    ]  # fmt: skip
    return tuple(sorted(made, key=lambda p: (p.equipe or "", p.nom, p.id)))


def _rows(session: Session, asked: Any) -> list[Any]:
    return list(session.execute(asked))


def _months_later(jour: date, months: int) -> date:
    year, month = divmod(jour.year * 12 + jour.month - 1 + months, 12)
    for last in (jour.day, 30, 29, 28):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    raise AssertionError("a month has 28 days")


def _slots(acteur: Acteur, agence_id: int | None) -> Any:
    c = Creneau
    return (
        sa.select(*VISIT, c.id.label("slot_id"), c.technicien_id.label("who"), c.debut, c.fin, c.zone,
                  c.trajet_avant_min, c.role, c.etat, c.verrouille, c.ordre)
        .join(Intervention, Intervention.id == c.intervention_id)
        .join(Client, Client.id == Intervention.client_id)
        .join(Equipement, Equipement.id == Intervention.equipement_id)
        .where(_LIVE, Intervention.statut != Statut.ANNULEE, c.agence_id == agence_id,
               *portee(acteur, Intervention.agence_id))
    )  # fmt: skip


def _planned(
    session: Session, acteur: Acteur, agence_id: int | None, begin: datetime, end: datetime,
    technicien_id: int | None = None,
) -> list[list[Any]]:  # fmt: skip
    """Slots that touch a span of time, then planned interventions without a slot, as they are read."""
    c, i = Creneau, Intervention
    query = _slots(acteur, agence_id).where(c.debut > begin - LONGEST, c.debut < end, c.fin > begin)
    loose = (
        sa.select(*VISIT)
        .join(Client, Client.id == i.client_id)
        .join(Equipement, Equipement.id == i.equipement_id)
        # By the days that are looked at: an agency has as many interventions as there are.
        .where(hors_index(i.agence_id) == agence_id, *portee(acteur, hors_index(i.agence_id)),
               i.technicien_id.is_not(None),
               i.statut != Statut.ANNULEE, i.date_planifiee > begin - LONGEST, i.date_planifiee < end,
               ~sa.exists().where(c.intervention_id == i.id, _LIVE))
    )  # fmt: skip
    if technicien_id is not None:
        query, loose = query.where(c.technicien_id == technicien_id), loose.where(i.technicien_id == technicien_id)
    return abreast(session, partial(_rows, asked=query), partial(_rows, asked=loose))


def _cards(visits: Visits, planned: Sequence[Sequence[Any]], begin: datetime) -> list[Card]:
    """Cards of what :func:`_planned` read."""
    slots, loose = planned
    found = [card(visits, row) for row in slots]
    for row in loose:
        until = row.date_planifiee + timedelta(minutes=row.duree_estimee or HOUR)
        if until > begin:
            zone = row.zone_planifiee or clock.CASABLANCA.key
            found.append(Card(visits.make(row), None, row.technicien_id, row.date_planifiee, until, zone))
    return found


def card(visits: Visits, row: Any) -> Card:
    return Card(
        visits.make(row), row.slot_id, row.who, row.debut, row.fin, row.zone, row.trajet_avant_min, row.role,
        row.etat, row.verrouille, row.ordre,
    )  # fmt: skip


def away(
    session: Session, agence_id: int | None, begin: datetime, end: datetime, technicien_id: int | None = None
) -> list[Away]:
    """Absences of an agency that touch a span of time, refused ones left out."""
    a = Absence
    reach = sa.or_(a.fin > begin, sa.and_(a.recurrence.is_not(None), sa.or_(
        a.recurrence_fin.is_(None), a.recurrence_fin >= (begin - LONGEST).date())))  # fmt: skip
    query = sa.select(a).where(a.debut < end, reach, a.statut != StatutAbsence.REFUSEE)
    query = query.where(a.technicien_id == technicien_id) if technicien_id else query.where(a.agence_id == agence_id)
    found: list[Away] = []
    for row in session.scalars(query.order_by(a.debut, a.id)):
        one = Away(row.id, row.technicien_id, row.debut, row.fin, row.type, row.statut, row.remarque)
        found += occurrences(one, row.zone, row.recurrence, row.recurrence_fin, begin, end)
    return found


def holidays(session: Session, agence_id: int | None, first: date, last: date) -> dict[date, str]:
    j = JourFerie
    query = sa.select(j.jour, j.libelle).where(j.jour >= first, j.jour <= last)
    query = query.where(sa.or_(j.agence_id.is_(None), j.agence_id == agence_id))
    return dict(iter(session.execute(query.order_by(j.id.desc()))))


def board(
    session: Session, acteur: Acteur, premier: date, jours: int, agence_id: int | None = None,
    asked: tuple[str, int] = ("", backlog.PAGE),
) -> Board:  # fmt: skip
    """Everything that a board of these days shows, and what judges a card that moves on it.

    Args:
        agence_id: which agency's, for people who see all of them; the first one when left out.
        asked: what waits to be planned is to answer these words, and how many visits of it are shown.
    """
    roles.exiger(acteur, roles.Droit.INTERVENTION_LIRE)
    agences, horloges = abreast(session, partial(_agences, acteur=acteur), Horloges)
    chosen = next((a for a in agences if a[0] == agence_id), agences[0] if agences else None)
    ident = chosen[0] if chosen else acteur.agence_id
    horaire = horloges.de(ident)
    begin = _midnight(horaire, premier)
    end = _midnight(horaire, premier + timedelta(days=jours))
    last, (texte, first) = premier + timedelta(days=jours), asked
    needs, planned, waits, judged = abreast(
        session, partial(required, agence_id=ident),
        lambda s: _planned(s, acteur, ident, begin, end),
        lambda s: backlog.waiting(s, acteur, ident, texte, first),
        lambda s: _judged(s, ident, premier, last, begin, end),
    )  # fmt: skip
    visits = Visits(session, horaire, ident, needs)
    cards = _cards(visits, planned, begin)
    judged["techniciens"] = _seen(judged["techniciens"], {c.technicien_id for c in cards})
    made = Board(
        horaire=horaire, cards=tuple(cards), **judged,
        agence_id=ident, agence=chosen[1] if chosen else "", premier=premier, jours=jours,
        waiting=backlog.told(visits, horloges, waits, texte), lu_a=clock.now(), agences=agences,
    )  # fmt: skip
    # Put in order here, not on the thread of a window.
    _ = made.crossing, made.away_of, made.people
    return made


def _seen(every: Sequence[Person], busy: Container[int] = ()) -> tuple[Person, ...]:
    """Who still works there, and who left and has something planned in the days that are read."""
    return tuple(p for p in every if not p.parti or p.id in busy)


def _judged(
    session: Session, agence_id: int | None, first: date, last: date, begin: datetime, end: datetime,
    ids: Sequence[int] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """What judges plans of an agency beside the plans themselves: the fields of a board that it gives."""
    one = ids[0] if ids is not None and len(ids) == 1 else None
    feries, techniciens, absences, rules = abreast(
        session, lambda s: holidays(s, agence_id, first, last), lambda s: people(s, agence_id, ids),
        lambda s: away(s, agence_id, begin, end, one), partial(verdicts, agence_id=agence_id),
    )  # fmt: skip
    return {"feries": feries, "techniciens": techniciens, "absences": tuple(absences), "verdicts": rules}


def _midnight(horaire: sla.Horaire, jour: date) -> datetime:
    from erp_desktop.services.planning.availability import day_span

    return day_span(horaire, jour)[0]


def _agences(session: Session, acteur: Acteur) -> tuple[tuple[int, str], ...]:
    query = sa.select(Agence.id, Agence.nom).where(Agence.is_active.is_(True)).order_by(Agence.code)
    if not roles.voit_tout(acteur):
        query = query.where(Agence.id == acteur.agence_id)
    return tuple((ident, nom) for ident, nom in session.execute(query))


def facts(
    session: Session, acteur: Acteur, intervention_id: int, technicien_ids: Iterable[int] | None, begin: datetime,
    end: datetime,
) -> tuple[Facts, Visit]:  # fmt: skip
    """What judges plans of one intervention between two instants; every technicien of its agency unless named."""
    asked = (
        sa.select(*VISIT)
        .join(Client, Client.id == Intervention.client_id)
        .join(Equipement, Equipement.id == Intervention.equipement_id)
        .where(Intervention.id == intervention_id, *portee(acteur, Intervention.agence_id))
    )
    row, horloges = abreast(session, lambda s: s.execute(asked).first(), Horloges)
    if row is None:
        raise NotFoundError("Introuvable : cette intervention n'existe pas, ou appartient à une autre agence.")
    agence = row.agence_id
    horaire = horloges.de(agence)
    first, last = begin.astimezone(horaire.zone).date(), end.astimezone(horaire.zone).date()
    ids = list(technicien_ids) if technicien_ids is not None else None
    one = ids[0] if ids is not None and len(ids) == 1 else None
    needs, planned, judged = abreast(
        session, partial(required, agence_id=agence), lambda s: _planned(s, acteur, agence, begin, end, one),
        lambda s: _judged(s, agence, first, last, begin, end, ids),
    )  # fmt: skip
    if ids is None:
        judged["techniciens"] = _seen(judged["techniciens"])
    visits = Visits(session, horaire, agence, needs)
    made = Facts(horaire=horaire, cards=tuple(_cards(visits, planned, begin)), **judged)
    return made, visits.make(row)


def slot(session: Session, acteur: Acteur, slot_id: int) -> Card | None:
    """One live slot as a card; None when it is gone."""
    row = session.execute(
        sa.select(Creneau.agence_id).where(Creneau.id == slot_id, *portee(acteur, Creneau.agence_id))
    ).first()
    if row is None:
        return None
    visits = Visits(session, Horloges(session).de(row.agence_id), row.agence_id)
    found = session.execute(_slots(acteur, row.agence_id).where(Creneau.id == slot_id)).first()
    return card(visits, found) if found is not None else None
