"""A week's planning for demonstration data: slots, absences, skills."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db import ids
from erp_desktop.domain import sla
from erp_desktop.domain.enums import Statut
from erp_desktop.models import Absence, Competence, CompetenceRequise, Creneau, Intervention, TechnicienCompetence
from erp_desktop.services.demo.week import Place

_PER_PERSON = 9
"""Slots of a technicien, at most: a board is read, not filled."""
_DAYS = 9
_SKILLS = ("Mécanique", "Électricité", "Hydraulique", "Automatisme", "Froid")
_OPEN = (Statut.AFFECTEE, Statut.EN_ATTENTE)


def fill(
    session: Session, agence: int, techniciens: list[int], horaire: sla.Horaire, alea: random.Random, now: datetime,
    places: dict[int, Place], away: list[dict[str, Any]],
) -> int:  # fmt: skip
    """Put work on the board where it has its place, what else is assigned in the hours left, and what was done this
    week where it was done; returns how many."""
    monday = now - timedelta(days=now.weekday(), hours=now.hour, minutes=now.minute)
    i = Intervention
    columns = (i.id, i.technicien_id, i.duree_estimee, i.date_debut_travaux, i.date_fin_travaux)
    mine = sa.select(*columns).where(i.agence_id == agence, i.technicien_id.is_not(None))
    planned = sa.select(Creneau.intervention_id)
    ahead = mine.where(i.statut.in_(_OPEN), i.id.not_in(planned)).order_by(i.date_creation.desc())
    ahead = ahead.limit(_PER_PERSON * max(1, len(techniciens)))
    done = mine.where(i.statut.in_((Statut.CLOTUREE, Statut.EN_COURS)), i.date_debut_travaux >= monday,
                      i.id.not_in(planned)).order_by(i.date_debut_travaux).limit(60)  # fmt: skip
    placed = mine.where(i.id.in_(list(places)))
    rows = [_slot(r, agence, places[r.id].debut, places[r.id].fin, now) for r in session.execute(placed)]
    for r, begin, end in _past(session.execute(done), now):
        # Nights, and two at once, are what the planning warns of, not what it is full of.
        opened = any(a <= begin and end <= b for a, b in horaire.ouvertures(clock.local(begin).date()))
        if opened and not any(
            o["technicien_id"] == r.technicien_id and o["debut"] < end and begin < o["fin"] for o in rows
        ):
            rows.append(_slot(r, agence, begin, end, now))
    others = [r for r in session.execute(ahead) if r.id not in places]
    rows += [_slot(r, agence, a, b, now) for r, a, b in _coming(others, horaire, alea, now, [*rows, *away])]
    _insert(session, Creneau, rows)
    _insert(session, Absence, away)
    return len(rows)


def _past(found: Any, now: datetime) -> Iterator[tuple[Any, datetime, datetime]]:
    for r in found:
        begin = r.date_debut_travaux
        end = r.date_fin_travaux or max(now, begin) + timedelta(minutes=45)
        yield r, begin, max(begin + timedelta(minutes=20), min(end, begin + timedelta(hours=8)))


def _coming(
    found: list[Any], horaire: sla.Horaire, alea: random.Random, now: datetime, taken: list[dict[str, Any]]
) -> Iterator[tuple[Any, datetime, datetime]]:
    """One behind the other in the open hours that nothing takes, with a little air between them."""
    free = {r.technicien_id: now + timedelta(minutes=30 * alea.randrange(8)) for r in found}
    for r in found:
        length = timedelta(minutes=max(30, r.duree_estimee or 60))
        spans = [(t["debut"], t["fin"]) for t in taken if t["technicien_id"] == r.technicien_id]
        begin = _next_opening(horaire, free[r.technicien_id], length, now, sorted(spans))
        if begin is None:
            continue
        yield r, begin, begin + length
        free[r.technicien_id] = begin + length + timedelta(minutes=alea.choice((15, 30, 60, 180)))


def _next_opening(
    horaire: sla.Horaire, at: datetime, length: timedelta, now: datetime, taken: list[tuple[datetime, datetime]]
) -> datetime | None:
    quarter = timedelta(minutes=15)
    jour = clock.local(at).date()
    for n in range(_DAYS):
        for a, b in horaire.ouvertures(jour + timedelta(days=n)):
            begin = max(a, at)
            for other, until in taken:
                if other < begin + length and begin < until:
                    begin = until
            begin += (datetime(2000, 1, 1, tzinfo=now.tzinfo) - begin) % quarter
            if begin + length <= b:
                return begin
    return None


def _slot(r: Any, agence: int, begin: datetime, end: datetime, now: datetime) -> dict[str, Any]:
    return {
        "agence_id": agence, "intervention_id": r.id, "technicien_id": r.technicien_id, "debut": begin, "fin": end,
        "zone": clock.CASABLANCA.key, "trajet_avant_min": 15 + 15 * (r.id // 8 % 3), "role": "principal",
        "etat": "confirme", "verrouille": False, "ordre": 1, "created_at": now, "created_by_id": None,
        "updated_at": now + timedelta(microseconds=1),
    }  # fmt: skip


def absences(
    session: Session, agence: int, techniciens: list[int], horaire: sla.Horaire, now: datetime
) -> list[dict[str, Any]]:
    """Who is away in the coming days, of an agency where nobody is."""
    a = Absence
    if session.scalar(sa.select(a.id).where(a.agence_id == agence, a.fin > now).limit(1)) is not None:
        return []
    return list(_absences(techniciens[3:5] or techniciens[-1:], agence, horaire, now))


def _absences(
    people: list[int], agence: int, horaire: sla.Horaire, now: datetime
) -> Iterator[dict[str, Any]]:  # fmt: skip
    """A leave of two days for one, a morning's course for another."""
    jours = [d for d in (clock.local(now).date() + timedelta(days=n) for n in range(1, 12)) if horaire.ouvert(d)]
    for who, kind, first, last in ((0, "conge", 0, 1), (1, "formation", 1, 1)):
        if who < len(people) and last < len(jours):
            spans = horaire.ouvertures(jours[first]), horaire.ouvertures(jours[last])
            end = spans[1][-1][1] if kind == "conge" else spans[1][0][0] + timedelta(hours=4)
            yield {
                "agence_id": agence, "technicien_id": people[who], "debut": spans[0][0][0], "fin": end,
                "zone": clock.CASABLANCA.key, "type": kind, "statut": "acceptee", "remarque": None,
                "recurrence": None, "recurrence_fin": None, "created_at": now, "updated_at": now,
                "created_by_id": None,
            }  # fmt: skip


def skills(session: Session, agence: int, techniciens: list[int], kinds: list[str], alea: random.Random) -> None:
    """What the techniciens can do, and what work on each kind of machine needs; never over what is there."""
    known = dict(iter(session.execute(sa.select(Competence.nom, Competence.id))))
    now = clock.now()
    stamps = {"created_at": now, "updated_at": now, "created_by_id": None}
    fresh: list[dict[str, Any]] = [
        stamps | {"agence_id": None, "nom": nom, "domaine": None, "necessite_certification": False,
                  "duree_validite_mois": None}
        for nom in _SKILLS if nom not in known
    ]  # fmt: skip
    _insert(session, Competence, fresh)
    known |= {row["nom"]: row["id"] for row in fresh}
    held = set(session.scalars(sa.select(TechnicienCompetence.technicien_id)))
    rows: list[dict[str, Any]] = [
        stamps | {
            "agence_id": agence, "technicien_id": who, "competence_id": known[nom],
            "niveau": alea.choice(("intermediaire", "avance", "expert")), "date_acquisition": None,
            "date_validation": None,
        }
        for n, who in enumerate(t for t in techniciens if t not in held)
        for nom in sorted({_SKILLS[n % len(_SKILLS)], alea.choice(_SKILLS)})
    ]  # fmt: skip
    _insert(session, TechnicienCompetence, rows)
    asked = set(session.scalars(sa.select(CompetenceRequise.type_equipement)))
    _insert(session, CompetenceRequise, [
        stamps | {"agence_id": None, "type_equipement": kind, "competence_id": known[_SKILLS[n % len(_SKILLS)]],
                  "niveau": "debutant"}
        for n, kind in enumerate(sorted(set(kinds) - asked))
    ])  # fmt: skip


def _insert(session: Session, mapped: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection = session.connection()
        for row, identifier in zip(rows, ids.allocate(connection, len(rows)), strict=True):
            row["id"] = identifier
        connection.execute(sa.insert(mapped.__table__), rows)
