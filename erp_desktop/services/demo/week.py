"""Where the work of a branch stands this week and the next: who is at what hour with somebody's machine."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from erp_desktop import clock
from erp_desktop.domain import sla
from erp_desktop.domain.enums import Priorite, Statut, TypeIntervention

_QUARTER = timedelta(minutes=15)
_MINUTES = (60, 90, 120, 150, 180, 210, 240, 300, 360)
_SHARES = (0.88, 0.4)
"""How many half-days or days of a technicien hold work: of this week, and of the next."""
_ON_SATURDAY = 0.3
_WAITING, _AGREED = 0.14, 0.65
_SOON = timedelta(days=2)
"""Beyond that, what is planned was asked for in time: a visit, an improvement."""


@dataclass(frozen=True, slots=True)
class Place:
    """One slot of the board before it has its work."""

    technicien: int
    debut: datetime
    fin: datetime
    waits: bool
    """Whether it is not done with once it was begun."""
    visit: bool
    """Whether it was agreed on long before, when it is still to come."""

    def statut(self, now: datetime) -> Statut:
        """What its work has come to."""
        if self.debut > now:
            return Statut.AFFECTEE
        if self.fin > now:
            return Statut.EN_COURS
        return Statut.EN_ATTENTE if self.waits else Statut.CLOTUREE

    def asked(self, now: datetime, alea: random.Random) -> datetime:
        """When its work was asked for: before it began, and before now."""
        later = self.debut - now >= _SOON
        hours = alea.randrange(24, 400) if later and self.visit else alea.randrange(2, 14 if later else 36)
        return min(self.debut, now) - timedelta(hours=hours, minutes=5 * alea.randrange(12))

    def kind(self, now: datetime, alea: random.Random) -> tuple[TypeIntervention, Priorite] | None:
        """Of what is planned for later; None where anything may be."""
        if self.debut - now < _SOON:
            return None
        if self.visit:
            return TypeIntervention.PREVENTIVE, Priorite.PROGRAMMEE
        return alea.choice((TypeIntervention.AMELIORATIVE, TypeIntervention.DIAGNOSTIC)), Priorite.BASSE


def places(
    techniciens: Sequence[int], horaire: sla.Horaire, away: Sequence[dict[str, Any]], alea: random.Random,
    now: datetime, most: int,
) -> list[Place]:  # fmt: skip
    """At most ``most`` of the places of both weeks, none of which crosses another or an absence."""
    today = clock.local(now).date()
    days = [today + timedelta(days=n - today.weekday()) for n in range(13)]
    made = (
        place for n, day in enumerate(days) for who in techniciens for place in _of_day(who, day, n, horaire, alea)
    )
    found = [
        place for place in made
        if not any(a["technicien_id"] == place.technicien and a["debut"] < place.fin and place.debut < a["fin"]
                   for a in away)
    ]  # fmt: skip
    return found if len(found) <= most else alea.sample(found, most)


def _of_day(who: int, jour: date, rank: int, horaire: sla.Horaire, alea: random.Random) -> Iterator[Place]:
    share = _ON_SATURDAY if jour.weekday() == 5 else _SHARES[rank // 7]
    for begin, end in horaire.ouvertures(jour):
        works, at = alea.random() < share, begin + _QUARTER * alea.randrange(14)
        for length in alea.sample(_MINUTES, 2 if alea.random() < 0.45 else 1):
            until = at + timedelta(minutes=length)
            if works and until <= end:
                yield Place(who, at, until, alea.random() < _WAITING, alea.random() < _AGREED)
            at = until + _QUARTER * alea.randrange(2, 8)
