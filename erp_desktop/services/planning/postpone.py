"""Later, with the same person: the next hours in which what stands in a visit's way is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from erp_desktop.domain.enums import ReglePlanning, Statut
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.transitions import TERMINES
from erp_desktop.services.planning import availability, checks, reading
from erp_desktop.services.planning.actions import Wish
from erp_desktop.services.planning.data import Board, Card, Facts, Problem, Visit

STEP = timedelta(hours=1)
"""How much later, at least, work goes that stands where it is."""
_DAYS = 14
"""Days looked at, as for who and when."""
_SETTLED = {
    ReglePlanning.CHEVAUCHEMENT, ReglePlanning.ABSENCE, ReglePlanning.INDISPONIBLE, ReglePlanning.HORAIRES,
    ReglePlanning.FERIE,
}  # fmt: skip
"""Rules that another hour of the same person no longer breaks."""


@dataclass(frozen=True, slots=True)
class Later:
    """A place further on.

    Attributes:
        wish: what plans it there.
        asked: when it should have begun.
        nom: whose hours they are.
        problems: what it would still warn of: a skill, a deadline.
    """

    wish: Wish
    asked: datetime
    nom: str
    problems: tuple[Problem, ...] = ()

    @property
    def debut(self) -> datetime:
        return self.wish.debut

    @property
    def fin(self) -> datetime:
        return self.wish.fin


def settles(problems: Sequence[Problem]) -> bool:
    """Whether another hour could do: something is in the way, and nothing that stays there."""
    return any(p.regle in _SETTLED for p in problems) and all(p.regle is not None for p in problems)


def offer(
    session: Session, acteur: Acteur, wish: Wish, now: datetime, *, at_least: timedelta | None = None
) -> Later | None:
    """The next free hours of the same technicien for what was planned there, as the database has it.

    Args:
        at_least: how much later it goes in any case.
    """
    roles.exiger(acteur, roles.Droit.INTERVENTION_LIRE)
    begin = max(wish.debut + (at_least or timedelta()), now)
    facts, visit = reading.facts(session, acteur, wish.intervention_id, [wish.technicien_id],
                                 begin - timedelta(days=1), begin + timedelta(days=_DAYS))  # fmt: skip
    first = begin.astimezone(facts.horaire.zone).date()
    return _first(facts, visit, wish, begin, [first + timedelta(days=n) for n in range(_DAYS)])


def _first(facts: Facts, visit: Visit, wish: Wish, begin: datetime, days: Sequence[date]) -> Later | None:
    person = facts.people.get(wish.technicien_id)
    if person is None:
        return None
    own = None if wish.copy else wish.seen
    but = own.key if own is not None else None
    length = availability.work(facts, person.id, wish.debut, wish.fin)
    for debut, fin in availability.openings(facts, person.id, begin, length, days, but=but):
        problems = checks.judge(facts, visit, person.id, debut, fin, own)
        if not checks.refused(problems) and not any(p.regle in _SETTLED for p in problems):
            return Later(replace(wish, debut=debut, fin=fin), wish.debut, person.nom, tuple(problems))
    return None


def pressed(board: Board, now: datetime) -> dict[tuple[int, int], Later]:
    """By card: where what comes next could go, whose technicien is still at work past the planned end.

    Only what begins within the hour, on the day that it is.
    """
    zone = board.horaire.zone
    today = now.astimezone(zone).date()
    found: dict[tuple[int, int], Later] = {}
    for cards in board.cards_of.values():
        late = [c for c in cards if c.visit.statut == Statut.EN_COURS and c.fin < now and _day(c, board) == today]
        if not late:
            continue
        after = (c for c in cards if c.debut >= late[-1].fin and c.debut < now + STEP and _waits(c))
        card = next((c for c in after if _day(c, board) == today), None)
        if card is None:
            continue
        days = [d for d in board.days if d >= today]
        place = _first(board, card.visit, wish_of(card), max(card.debut + STEP, now), days)
        if place is not None:
            found[card.key] = place
    return found


def wish_of(card: Card) -> Wish:
    """A card where it is."""
    return Wish(card.visit.intervention_id, card.technicien_id, card.debut, card.fin, card.slot_id, card)


def _day(card: Card, board: Board) -> date:
    return card.debut.astimezone(board.horaire.zone).date()


def _waits(card: Card) -> bool:
    statut = Statut(card.visit.statut)
    return not card.verrouille and statut not in TERMINES and statut is not Statut.EN_COURS
