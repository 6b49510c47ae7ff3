"""Who and when: the first hours that fit, ranked by skill, deadline, place and load. A search and a sum."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain import sla
from erp_desktop.domain.enums import Niveau, ReglePlanning, Statut, VerdictPlanning
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.transitions import TERMINES
from erp_desktop.errors import TransitionError
from erp_desktop.models import Agence, Intervention
from erp_desktop.services.planning import availability, checks, reading
from erp_desktop.services.planning.data import Card, Facts, Person, Problem, Visit

BEST = 5
HORIZON = 14
"""Days looked at."""
_PER_PERSON = 2
_LEVELS = [n.value for n in Niveau]
PARTS = (
    "{competence} {niveau}", "sans la compétence {competence}", "déjà venu {n} fois sur cette machine",
    "déjà venu sur cette machine", "déjà à {ville} ce jour-là", "trajet {n} min", "charge {n} % ce jour-là",
    "échéance tenue avec {reste} d'avance", "{retard} après l'échéance", "aucune échéance",
)  # fmt: skip
"""French pieces of a suggestion's sentence."""
MINUTES = ("reste", "retard")
"""What fills a piece with minutes."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A technicien and hours that fit.

    Attributes:
        score: higher is better; only the order means something.
        parts: why, as French pieces of :data:`PARTS` with what fills them.
        problems: what it would warn of.
    """

    technicien_id: int
    nom: str
    debut: datetime
    fin: datetime
    score: float
    parts: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    problems: tuple[Problem, ...] = ()

    @property
    def phrase(self) -> str:
        """One French sentence."""
        begin, end = clock.local(self.debut), clock.local(self.fin)
        why = ", ".join(model.format(**_french(values)) for model, values in self.parts)
        hours = f"le {begin:%d/%m} de {begin:%H:%M} à {end:%H:%M}"
        if begin.date() != end.date():
            hours = f"du {begin:%d/%m} à {begin:%H:%M} au {end:%d/%m} à {end:%H:%M}"
        return f"{self.nom}, {hours} : {why}."


def _french(values: tuple[tuple[str, str], ...]) -> dict[str, str]:
    return {k: spell(int(v)) if k in MINUTES else v for k, v in values}


def who_and_when(
    session: Session, acteur: Acteur, intervention_id: int, depart: datetime | None = None, minutes: int | None = None
) -> list[Suggestion]:
    """The best few, best first.

    Args:
        depart: no earlier than this; now when left out.
        minutes: how long; what was estimated when left out.

    Raises:
        TransitionError: it is closed.
    """
    roles.exiger(acteur, roles.Droit.INTERVENTION_LIRE)
    start = max(depart or clock.now(), clock.now())
    facts, visit = reading.facts(session, acteur, intervention_id, None, start - timedelta(days=1),
                                 start + timedelta(days=HORIZON))  # fmt: skip
    if Statut(visit.statut) in TERMINES:
        raise TransitionError(checks.CLOSED.format(numero=visit.numero))
    home = session.scalar(sa.select(Agence.ville).where(Agence.id == visit.agence_id))
    return rank(facts, visit, _been(session, visit), home, start, timedelta(minutes=minutes or visit.duree))


def _been(session: Session, visit: Visit) -> dict[int, int]:
    """Technicien → how often they have worked on this machine."""
    i = Intervention
    query = sa.select(i.technicien_id, sa.func.count()).where(
        i.equipement_id == visit.equipement_id, i.technicien_id.is_not(None),
        i.statut.in_((Statut.CLOTUREE, Statut.ARCHIVEE)),
    )  # fmt: skip
    return {who: n for who, n in session.execute(query.group_by(i.technicien_id)) if who is not None}


def rank(
    facts: Facts, visit: Visit, been: dict[int, int], home: str | None, start: datetime, length: timedelta
) -> list[Suggestion]:
    """:func:`who_and_when` on what was read."""
    found: list[Suggestion] = []
    first = start.astimezone(facts.horaire.zone).date()
    days = [first + timedelta(days=n) for n in range(HORIZON)]
    for person in facts.techniciens:
        mine = []
        card = _own(facts, visit, person)
        but = card.key if card is not None else None
        for begin, end in availability.openings(facts, person.id, start, length, days, but=but):
            problems = checks.judge(facts, visit, person.id, begin, end, card)
            if checks.refused(problems):
                continue
            hours = (begin, end, length)
            mine.append(_scored(facts, visit, person, hours, been.get(person.id, 0), home, problems))
            if len(mine) == _PER_PERSON:
                break
        found += mine
    found.sort(key=lambda s: (-s.score, s.debut, s.nom, s.technicien_id))
    return found[:BEST]


def _own(facts: Facts, visit: Visit, person: Person) -> Card | None:
    return next(
        (c for c in facts.cards_of.get(person.id, ()) if c.visit.intervention_id == visit.intervention_id), None
    )


def _scored(
    facts: Facts, visit: Visit, person: Person, hours: tuple[datetime, datetime, timedelta], been: int,
    home: str | None, problems: list[Problem],
) -> Suggestion:  # fmt: skip
    begin, end, length = hours
    jour = begin.astimezone(facts.horaire.zone).date()
    parts: list[tuple[str, dict[str, str]]] = []
    score = 0.0
    for needed in visit.requises:
        own = next((s for s in person.competences if s.competence_id == needed.competence_id), None)
        if own is None or (own.valable_au is not None and own.valable_au < jour):
            score -= 60
            parts.append(("sans la compétence {competence}", {"competence": needed.nom}))
        else:
            score += 10 + 5 * _LEVELS.index(own.niveau)
            parts.append(("{competence} {niveau}", {"competence": needed.nom, "niveau": own.niveau}))
    if been:
        score += min(15, 5 * been)
        parts.append(("déjà venu {n} fois sur cette machine", {"n": str(been)}) if been > 1
                     else ("déjà venu sur cette machine", {}))  # fmt: skip
    score += _place(facts, visit, person, begin, jour, home, parts)
    planned, available = availability.load(facts, person.id, jour)
    hours_of = facts.horaire_de(person.id)
    nights = (end.astimezone(facts.horaire.zone).date() - jour).days
    here = availability.minutes((max(a, begin), b) for a, b in hours_of.ouvertures(jour) if b > begin)
    share = 100 * (planned + (here if nights else length / timedelta(minutes=1))) / available if available else 100
    score -= 0.2 * share
    parts.append(("charge {n} % ce jour-là", {"n": f"{share:.0f}"}))
    score += _deadline(facts, visit, end, parts)
    # Nobody goes twice for what can be done in one day.
    score -= 20 * nights
    # An hour earlier is worth a little, so that equals are told apart by time.
    score -= 0.15 * max(0.0, (begin - clock.now()).total_seconds() / 3600)
    score -= 15 * sum(p.verdict is VerdictPlanning.AVERTIR and p.regle is not ReglePlanning.SLA for p in problems)
    told = tuple((model, tuple(values.items())) for model, values in parts)
    return Suggestion(person.id, person.nom, begin, end, round(score, 3), told, tuple(problems))


def _place(
    facts: Facts, visit: Visit, person: Person, begin: datetime, jour: date, home: str | None,
    parts: list[tuple[str, dict[str, str]]],
) -> float:  # fmt: skip
    zone = facts.horaire.zone
    same_day = [
        c for c in facts.cards_of.get(person.id, ())
        if c.debut.astimezone(zone).date() == jour and c.visit.intervention_id != visit.intervention_id
    ]  # fmt: skip
    if visit.ville and any((c.visit.ville or "").casefold() == visit.ville.casefold() for c in same_day):
        parts.append(("déjà à {ville} ce jour-là", {"ville": visit.ville}))
        return 12
    before = [c for c in same_day if c.fin <= begin]
    road = availability.travel(before[-1] if before else None, visit.client_id, visit.ville, home, visit.deplacement)
    if road:
        parts.append(("trajet {n} min", {"n": str(road)}))
    return -road / 10


def _deadline(facts: Facts, visit: Visit, end: datetime, parts: list[tuple[str, dict[str, str]]]) -> float:
    left = checks.margin(facts, visit, end)
    if left is None:
        parts.append(("aucune échéance", {}))
        return 0
    if end > (visit.date_limite or end):
        late = max(1, sla.minutes_ouvertes(facts.horaire, visit.date_limite or end, end))
        parts.append(("{retard} après l'échéance", {"retard": str(late)}))
        return -40 - min(60.0, late / 10)
    parts.append(("échéance tenue avec {reste} d'avance", {"reste": str(left)}))
    return min(20.0, 5 + left / 30)


def spell(minutes: int) -> str:
    """``1 h 20``, ``45 min``."""
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest:02}" if hours else f"{rest} min"
