"""When a technicien can work: their hours within the agency's, less absences, and what is left of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain

from erp_desktop.domain import sla
from erp_desktop.domain.enums import StatutAbsence, TypeAbsence
from erp_desktop.services.planning.data import Away, Card, Facts

Span = tuple[datetime, datetime]
SNAP = timedelta(minutes=15)


def occurrences(
    away: Away, zone: str, recurrence: str | None, until: date | None, begin: datetime, end: datetime
) -> Iterator[Away]:
    """The times that an absence is, within ``begin`` and ``end``: the same local hours every week when it repeats."""
    from zoneinfo import ZoneInfo

    if recurrence is None:
        if away.debut < end and away.fin > begin:
            yield away
        return
    place = ZoneInfo(zone)
    debut, fin = away.debut.astimezone(place), away.fin.astimezone(place)
    week = max(0, (begin.astimezone(place).date() - fin.date()).days // 7)
    while True:
        shift = timedelta(days=7 * week)
        # Wall-clock arithmetic: a change of the clock does not move the hour.
        here = replace(away, debut=(debut + shift).astimezone(UTC), fin=(fin + shift).astimezone(UTC))
        if here.debut >= end or (until is not None and (debut + shift).date() > until):
            return
        if here.fin > begin:
            yield here
        week += 1


def blocking(absences: Iterable[Away]) -> list[Away]:
    """Those that take a technicien's time: accepted, and not being on call."""
    return [a for a in absences if a.statut == StatutAbsence.ACCEPTEE and a.type != TypeAbsence.ASTREINTE]


def on_call(absences: Iterable[Away]) -> list[Span]:
    return [
        (a.debut, a.fin) for a in absences if a.type == TypeAbsence.ASTREINTE and a.statut == StatutAbsence.ACCEPTEE
    ]


def without(spans: Iterable[Span], taken: Iterable[Span]) -> list[Span]:
    """``spans`` less ``taken``; both in order or not."""
    left = sorted(spans)
    for begin, end in sorted(taken):
        cut: list[Span] = []
        for a, b in left:
            if end <= a or begin >= b:
                cut.append((a, b))
                continue
            if a < begin:
                cut.append((a, begin))
            if end < b:
                cut.append((end, b))
        left = cut
    return left


def hours(facts: Facts, technicien_id: int, jour: date) -> list[Span]:
    """A technicien's working hours of a day, absences out; none of who left."""
    person = facts.people.get(technicien_id)
    if person is not None and person.parti:
        return []
    away = [(a.debut, a.fin) for a in blocking(facts.away_of.get(technicien_id, ()))]
    return without(facts.horaire_de(technicien_id).ouvertures(jour), away)


def _planned(facts: Facts, technicien_id: int, but: tuple[int, int] | None) -> list[Span]:
    return [(c.debut, c.fin) for c in facts.cards_of.get(technicien_id, ()) if c.key != but]


def free(facts: Facts, technicien_id: int, jour: date, *, but: tuple[int, int] | None = None) -> list[Span]:
    """Hours of a day that nothing takes yet; ``but`` leaves one card out."""
    return without(hours(facts, technicien_id, jour), _planned(facts, technicien_id, but))


def taken(facts: Facts, technicien_id: int, *, but: tuple[int, int] | None = None) -> list[Span]:
    """What takes a technicien's time: absences and cards, ``but`` one."""
    away = [(a.debut, a.fin) for a in blocking(facts.away_of.get(technicien_id, ()))]
    return away + _planned(facts, technicien_id, but)


def openings(
    facts: Facts, technicien_id: int, start: datetime, length: timedelta, days: Sequence[date],
    *, but: tuple[int, int] | None = None,
) -> Iterator[Span]:  # fmt: skip
    """The earliest fitting hours of each day from ``start`` on, some before noon's gap and some behind it at most.

    Work that is longer than any stretch of that day goes on behind noon's gap, and on the days that follow.
    """
    opened = {jour: facts.horaire_de(technicien_id).ouvertures(jour) for jour in days}
    others = taken(facts, technicien_id, but=but)
    for jour in days:
        long = length > _longest(opened[jour])
        for a, b in free(facts, technicien_id, jour, but=but):
            begin = snapped(max(a, start.astimezone(UTC)))
            end = _worked(opened, begin, length) if long else begin + length
            if end is not None and (not any(x < end and y > begin for x, y in others) if long else end <= b):
                yield begin, end


def _longest(opened: Iterable[Span]) -> timedelta:
    return max((b - a for a, b in opened), default=timedelta())


def _worked(opened: dict[date, list[Span]], begin: datetime, length: timedelta) -> datetime | None:
    """When so long a work is done that rests while the agency is closed; None: not within the days looked at."""
    for a, b in chain.from_iterable(opened.values()):
        if b <= begin:
            continue
        here = max(a, begin)
        if here + length <= b:
            return here + length
        length -= b - here
    return None


def work(facts: Facts, technicien_id: int, debut: datetime, fin: datetime) -> timedelta:
    """What is worked between two instants: all of it, or what is open of what no stretch of its first day holds."""
    horaire, zone = facts.horaire_de(technicien_id), facts.horaire.zone
    first, last = debut.astimezone(zone).date(), fin.astimezone(zone).date()
    if fin - debut <= _longest(horaire.ouvertures(first)):
        return fin - debut
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    parts = ((max(a, debut), min(b, fin)) for jour in days for a, b in horaire.ouvertures(jour))
    return timedelta(minutes=minutes((a, b) for a, b in parts if b > a)) or fin - debut


def day_span(horaire: sla.Horaire, jour: date) -> Span:
    """Midnight to midnight in the agency's zone."""
    begin = datetime.combine(jour, time(), horaire.zone)
    return begin.astimezone(UTC), datetime.combine(jour + timedelta(days=1), time(), horaire.zone).astimezone(UTC)


def minutes(spans: Iterable[Span]) -> int:
    return int(sum((b - a for a, b in spans), timedelta()).total_seconds() // 60)


def union(spans: Iterable[Span]) -> list[Span]:
    """The same time, told without overlap."""
    made: list[Span] = []
    for a, b in sorted(spans):
        if made and a <= made[-1][1]:
            made[-1] = (made[-1][0], max(b, made[-1][1]))
        else:
            made.append((a, b))
    return made


def load(facts: Facts, technicien_id: int, jour: date) -> tuple[int, int]:
    """(planned minutes, available minutes) of a day; two visits at once count twice."""
    begin, end = day_span(facts.horaire, jour)
    planned = timedelta()
    for card in facts.cards_of.get(technicien_id, ()):
        if card.debut < end and card.fin > begin:
            planned += min(card.fin, end) - max(card.debut, begin)
    return int(planned.total_seconds() // 60), minutes(hours(facts, technicien_id, jour))


def snapped(instant: datetime, step: timedelta = SNAP) -> datetime:
    """The next multiple of ``step`` at or after an instant."""
    rest = (instant - datetime(2000, 1, 1, tzinfo=UTC)) % step
    return instant if not rest else instant + step - rest


def travel(card_before: Card | None, client_id: int, ville: str | None, home: str | None, said: int | None) -> int:
    """Minutes on the road before a visit: as typed, none within a site, else by whether the town is the same.

    An estimate: no map is asked.
    """
    if card_before is not None and card_before.visit.client_id == client_id:
        return 0
    if said is not None:
        return said
    origin = card_before.visit.ville if card_before is not None else home
    if not origin or not ville:
        return 0
    return 20 if origin.casefold() == ville.casefold() else 60
