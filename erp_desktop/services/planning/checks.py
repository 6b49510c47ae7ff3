"""What a plan breaks: judged in memory, so that a card under the pointer is judged before it is let go.

Each rule refuses, warns or does not look, as the agency decided; what cannot be undone by a setting (a closed
intervention, another agency's technicien, an end before its beginning) is always refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

from erp_desktop import clock
from erp_desktop.domain import sla
from erp_desktop.domain.enums import Niveau, ReglePlanning, Statut, TypeAbsence, VerdictPlanning
from erp_desktop.domain.transitions import TERMINES
from erp_desktop.services.planning import availability
from erp_desktop.services.planning.data import LONGEST, SHORTEST, Card, Facts, Person, Problem, Visit

DEFAULTS: dict[ReglePlanning, VerdictPlanning] = {
    ReglePlanning.CHEVAUCHEMENT: VerdictPlanning.AVERTIR,
    ReglePlanning.ABSENCE: VerdictPlanning.REFUSER,
    ReglePlanning.INDISPONIBLE: VerdictPlanning.AVERTIR,
    ReglePlanning.COMPETENCE: VerdictPlanning.AVERTIR,
    ReglePlanning.HORAIRES: VerdictPlanning.AVERTIR,
    ReglePlanning.FERIE: VerdictPlanning.AVERTIR,
    ReglePlanning.SLA: VerdictPlanning.AVERTIR,
    ReglePlanning.EQUIPEMENT_RETIRE: VerdictPlanning.REFUSER,
}
_LEVELS = [n.value for n in Niveau]
_AWAY = {
    TypeAbsence.CONGE: "{nom} est en congé jusqu'au {date}.",
    TypeAbsence.MALADIE: "{nom} est en arrêt maladie jusqu'au {date}.",
    TypeAbsence.FORMATION: "{nom} est en formation jusqu'au {date}.",
    TypeAbsence.AUTRE: "{nom} n'est pas disponible jusqu'au {date}.",
}
CLOSED = "L'intervention {numero} est close : elle ne se planifie plus."
ELSEWHERE = "{nom} n'est pas de l'agence de cette intervention."
GONE = "{nom} n'est plus en activité : choisissez un autre technicien."
BACKWARDS = "La fin d'un créneau vient après son début."
LENGTH = "Un créneau dure de 5 minutes à 31 jours."
LOCKED = "Ce créneau est verrouillé : déverrouillez-le d'abord."
SENTENCES = (
    CLOSED, ELSEWHERE, GONE, BACKWARDS, LENGTH, LOCKED, *_AWAY.values(),
    "{nom} est déjà pris de {debut} à {fin} par {numero}.",
    "{nom} n'a pas la compétence {competence}.",
    "La compétence {competence} de {nom} a expiré le {date}.",
    "{nom} n'a que le niveau {niveau} en {competence}.",
    "L'agence est fermée ce jour-là.",
    "En dehors des heures d'ouverture ({plages}).",
    "{nom} ne travaille pas ce jour-là.",
    "En dehors des heures de {nom} ({plages}).",
    "Jour férié : {libelle}.",
    "Se termine après l'échéance du {date}.",
    "La machine « {equipement} » est retirée du service.",
)  # fmt: skip


def _day(instant: datetime) -> str:
    return clock.local(instant).strftime("%d/%m/%Y")


def _time(instant: datetime) -> str:
    return clock.local(instant).strftime("%H:%M")


def judge(
    facts: Facts, visit: Visit, technicien_id: int, debut: datetime, fin: datetime, card: Card | None = None
) -> list[Problem]:
    """What planning ``visit`` there breaks, the refusals first.

    Args:
        card: the slot that would move there, which does not stand in its own way.
    """
    person = facts.people.get(technicien_id)
    found = list(_always(visit, person, debut, fin, card))
    if person is not None and not found:
        for rule, model, values in _rules(facts, visit, person, debut, fin, card):
            verdict = facts.verdicts.get(rule, DEFAULTS[rule])
            if verdict is not VerdictPlanning.IGNORER:
                found.append(Problem(rule, verdict, model, tuple(values.items())))
    return sorted(found, key=lambda p: p.verdict is not VerdictPlanning.REFUSER)


def refused(problems: Sequence[Problem]) -> bool:
    return any(p.verdict is VerdictPlanning.REFUSER for p in problems)


def stays(card: Card) -> Problem | None:
    """Why a card does not move at all, wherever to; None when it may."""
    if card.verrouille:
        return Problem(None, VerdictPlanning.REFUSER, LOCKED)
    if Statut(card.visit.statut) in TERMINES:
        return Problem(None, VerdictPlanning.REFUSER, CLOSED, (("numero", card.visit.numero),))
    return None


def _always(
    visit: Visit, person: Person | None, debut: datetime, fin: datetime, card: Card | None
) -> Iterator[Problem]:  # fmt: skip
    def no(model: str, **values: str) -> Problem:
        return Problem(None, VerdictPlanning.REFUSER, model, tuple(values.items()))

    if card is not None and card.verrouille:
        yield no(LOCKED)
    if Statut(visit.statut) in TERMINES:
        yield no(CLOSED, numero=visit.numero)
    if person is None or (person.agence_id is not None and person.agence_id != visit.agence_id):
        yield no(ELSEWHERE, nom=person.nom if person else "Ce technicien")
    elif person.parti:
        yield no(GONE, nom=person.nom)
    if fin <= debut:
        yield no(BACKWARDS)
    elif not SHORTEST <= fin - debut <= LONGEST:
        yield no(LENGTH)


Broken = tuple[ReglePlanning, str, dict[str, str]]


def _rules(
    facts: Facts, visit: Visit, person: Person, debut: datetime, fin: datetime, card: Card | None
) -> Iterator[Broken]:
    if visit.retire:
        yield (
            ReglePlanning.EQUIPEMENT_RETIRE, "La machine « {equipement} » est retirée du service.",
            {"equipement": visit.equipement},
        )  # fmt: skip
    for away in availability.blocking(facts.away_of.get(person.id, ())):
        if away.debut < fin and away.fin > debut:
            hard = away.type in (TypeAbsence.CONGE, TypeAbsence.MALADIE)
            values = {"nom": person.nom, "date": _day(away.fin - timedelta(seconds=1))}
            yield ReglePlanning.ABSENCE if hard else ReglePlanning.INDISPONIBLE, _AWAY[TypeAbsence(away.type)], values
            break
    for other in facts.cards_of.get(person.id, ()):
        same = card is not None and other.key == card.key
        if not same and other.debut < fin and other.fin > debut and Statut(other.visit.statut) not in TERMINES:
            yield (
                ReglePlanning.CHEVAUCHEMENT, "{nom} est déjà pris de {debut} à {fin} par {numero}.",
                {"nom": person.nom, "debut": _time(other.debut), "fin": _time(other.fin),
                 "numero": other.visit.numero},
            )  # fmt: skip
            break
    yield from _skills(visit, person, clock.local(debut).date())
    yield from _hours(facts, person, debut, fin)
    if visit.date_limite is not None and fin > visit.date_limite and visit.statut != Statut.EN_ATTENTE:
        told = clock.local(visit.date_limite).strftime("%d/%m %H:%M")
        yield ReglePlanning.SLA, "Se termine après l'échéance du {date}.", {"date": told}


def _skills(visit: Visit, person: Person, jour: date) -> Iterator[Broken]:
    has = {s.competence_id: s for s in person.competences}
    for needed in visit.requises:
        own = has.get(needed.competence_id)
        values = {"nom": person.nom, "competence": needed.nom}
        if own is None:
            yield ReglePlanning.COMPETENCE, "{nom} n'a pas la compétence {competence}.", values
        elif own.valable_au is not None and own.valable_au < jour:
            values["date"] = own.valable_au.strftime("%d/%m/%Y")
            yield ReglePlanning.COMPETENCE, "La compétence {competence} de {nom} a expiré le {date}.", values
        elif _LEVELS.index(own.niveau) < _LEVELS.index(needed.niveau):
            values["niveau"] = own.niveau
            yield ReglePlanning.COMPETENCE, "{nom} n'a que le niveau {niveau} en {competence}.", values


def _hours(facts: Facts, person: Person, debut: datetime, fin: datetime) -> Iterator[Broken]:
    horaire = facts.horaire_de(person.id)
    duty = availability.on_call(facts.away_of.get(person.id, ()))
    first, last = debut.astimezone(horaire.zone).date(), (fin - timedelta(seconds=1)).astimezone(horaire.zone).date()
    jour = first
    while jour <= last:
        a, b = availability.day_span(horaire, jour)
        part = [(max(a, debut), min(b, fin))]
        opened = horaire.ouvertures(jour)
        closed = availability.without(part, [*opened, *duty])
        # Days that a long job only passes through are counted by their hours, not reproached; nor is the break within
        # a day that a job longer than any of its stretches goes on behind.
        if first == last and fin - debut > max((y - x for x, y in opened), default=LONGEST):
            closed = [(x, y) for x, y in closed if x <= debut or y >= fin]
        if closed and (first == last or (jour in (first, last) and closed == part)):
            yield _closed(facts, person, jour)
            return
        jour += timedelta(days=1)


def _closed(facts: Facts, person: Person, jour: date) -> Broken:
    horaire, own = facts.horaire, facts.horaire_de(person.id)
    holiday = facts.feries.get(jour)
    if holiday is not None and not horaire.ouvert(jour):
        return ReglePlanning.FERIE, "Jour férié : {libelle}.", {"libelle": holiday}
    if not horaire.ouvert(jour):
        return ReglePlanning.HORAIRES, "L'agence est fermée ce jour-là.", {}
    if not own.ouvert(jour):
        return ReglePlanning.HORAIRES, "{nom} ne travaille pas ce jour-là.", {"nom": person.nom}
    if own.plages(jour) != horaire.plages(jour):
        model = "En dehors des heures de {nom} ({plages})."
        return ReglePlanning.HORAIRES, model, {"nom": person.nom, "plages": _told(own.plages(jour))}
    told = _told(horaire.plages(jour))
    return ReglePlanning.HORAIRES, "En dehors des heures d'ouverture ({plages}).", {"plages": told}


def _told(spans: Iterable[sla.Plage]) -> str:
    return ", ".join(f"{sla.ecrire_heure(a)} - {sla.ecrire_heure(b)}" for a, b in spans)


def margin(facts: Facts, visit: Visit, fin: datetime) -> int | None:
    """Opening minutes between the end of a plan and the deadline; negative past it."""
    if visit.date_limite is None:
        return None
    return sla.minutes_ouvertes(facts.horaire, fin.astimezone(UTC), visit.date_limite)
