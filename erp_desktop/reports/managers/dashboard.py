"""The manager's first screen in figures: tiles with what they were before, five charts, what waits for a decision.

One reading, one snapshot: every number is of the same moment. What takes longer, the months that led here, is asked
for apart (:func:`trends`), so that the page is there first. A figure that cannot be computed leaves the others.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db.abreast import abreast
from erp_desktop.db.session import trouble
from erp_desktop.domain.enums import Priorite
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.rapports.figures import AGES, BY_KEY
from erp_desktop.errors import ErpError
from erp_desktop.reports import interventions
from erp_desktop.reports.catalogue import compute
from erp_desktop.reports.catalogue.ask import BY_AGE, Ask, Key, Scope, Value, Values, narrowed, work_columns
from erp_desktop.reports.figures.measures import Spans, backlog
from erp_desktop.reports.managers import decisions
from erp_desktop.reports.managers.decisions import Decision
from erp_desktop.reports.sql import minuit
from erp_desktop.services import objectifs

T = TypeVar("T")
_log = logging.getLogger(__name__)
NOTHING = Value()
TILES = ("encours", "sla_tenus", "mttr", "mtbf", "premier_passage", "satisfaction")
FAMILIES, CODES, PEOPLE = 6, 9, 7
"""How many a chart shows at most."""
OTHERS = -1
"""The key of what a chart gathers."""
MONTHS = 6
"""How many lead to a tile's figure."""
CHARTS = {
    "ages": ("encours",), "sla": ("sla_tenus",), "families": ("mttr", "mtbf", "pannes"), "pareto": ("pannes",),
    "load": ("charge",),
}  # fmt: skip
"""Each chart with the figures that it shows."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure, what it was in the period before, and what it should be; see ``domain.rapports.figures``."""

    figure: str
    value: Value
    before: Value
    target: float | None
    refused: str = ""
    """Why the figure cannot be asked of this scope; empty when it can."""

    @property
    def number(self) -> float | None:
        return self.value.number(BY_KEY[self.figure].unite)

    @property
    def change(self) -> float | None:
        was, now = self.before.number(BY_KEY[self.figure].unite), self.number
        return None if was is None or now is None else now - was


@dataclass(frozen=True, slots=True)
class Age:
    """Open interventions of an age in days, by priority in the order of ``Priorite``."""

    least: int
    most: int | None
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class Share:
    """A figure of one agency, family, code or technicien; ``before`` and ``second`` where a chart shows them.

    Attributes:
        count: of a family, its failures in the period.
        keys: what is gathered in the one that is called ``OTHERS``.
    """

    key: object
    name: str
    value: Value
    before: Value = NOTHING
    second: Value = NOTHING
    count: int = 0
    keys: tuple[int | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Everything that the first screen shows.

    Attributes:
        scope, before: the period and the one it is compared with.
        donnees_du: of when the data are: the last exchange with the centre on a cache.
        codes: failures by code of problem, the most frequent first; the last one gathers the others.
        week: first day of the week of ``load``.
        named: what the rows are called that the scope is narrowed to, by filter.
        refused: figure → why it cannot be asked of this scope.
        targets: figure → what it should reach on the last day, in its unit.
        took_s: how long the reading took.
        failed: the tiles, the charts and ``decisions`` that could not be computed; what they hold means nothing.
    """

    scope: Scope
    before: Scope
    agency: str
    calcule_a: datetime
    donnees_du: datetime
    tiles: tuple[Tile, ...]
    ages: tuple[Age, ...]
    agencies: tuple[Share, ...]
    families: tuple[Share, ...]
    codes: tuple[Share, ...]
    load: tuple[Share, ...]
    week: date
    decisions: tuple[Decision, ...]
    choices: tuple[tuple[int, str], ...]
    named: dict[str, str]
    refused: dict[str, str]
    targets: dict[str, float]
    took_s: float
    failed: frozenset[str] = frozenset()


def read(
    session: Session, acteur: Acteur, scope: Scope, *, now: datetime | None = None
) -> Dashboard:  # fmt: skip
    """The dashboard of a scope, as far as the person may see it.

    Raises:
        NotAllowedError
    """
    begun, at = time.perf_counter(), now or clock.now()
    asked = compute.permitted(session, acteur, scope)
    f = _Figures(session, asked, at)
    today = clock.local(at).date()
    week = today - timedelta(days=today.weekday())
    this_week = replace(asked, debut=week, fin=week + timedelta(days=6))
    by_agency = {"sla_tenus": "agence"}
    groups = {**by_agency, "mttr": "type_equipement", "mtbf": "type_equipement", "encours": BY_AGE}
    before = asked.before()
    now_of, was_of, charge, targets, named, agency, fresh, choices = abreast(
        session,
        lambda s: dict(zip(TILES, abreast(s, *(f.asking(n, groups.get(n)) for n in TILES)), strict=True)),
        lambda s: dict(zip(TILES, abreast(s, *(f.asking(n, by_agency.get(n), before) for n in TILES)), strict=True)),
        f.asking("charge", "technicien", this_week),
        lambda s: objectifs.of_day(s, asked.agence_id, min(asked.fin, today)),
        lambda s: compute.filter_names(s, asked),
        lambda s: interventions.agence(s, asked.agence_id),
        lambda s: interventions.freshness(s, at),
        interventions.agences,
    )
    pairs = {name: (now_of[name], was_of[name]) for name in TILES}
    sums = {name: [compute.total(x.values()) for x in pair] for name, pair in pairs.items()}
    tiles = tuple(
        Tile(name, sums[name][0], sums[name][1], targets.get(name), f.refused.get(name, "")) for name in TILES
    )
    agencies, families, codes, load, waiting = abreast(
        session,
        f.alone("sla", lambda s: f.by(s).agencies(now_of["sla_tenus"], was_of["sla_tenus"]), ()),
        f.alone("families", lambda s: f.by(s).families(now_of["mttr"], now_of["mtbf"]), ()),
        f.alone("pareto", lambda s: f.by(s).codes(), ()),
        f.alone("load", lambda s: f.by(s).load(charge), ()),
        f.alone("decisions", lambda s: decisions.read(s, acteur, asked, named, at), ()),
    )
    failed = f.failed | {chart for chart, of in CHARTS.items() if f.failed.intersection(of)}
    return Dashboard(
        asked, before, agency, at, fresh, tiles, _ages(now_of["encours"]), agencies, families, codes, load,
        week, waiting, choices, named, f.refused, targets, time.perf_counter() - begun, frozenset(failed),
    )  # fmt: skip


class _Figures:
    """The figures of one scope at one moment."""

    def __init__(self, session: Session, scope: Scope, at: datetime) -> None:
        self.session, self.scope, self.at = session, scope, at
        self.refused: dict[str, str] = {}
        self.failed: set[str] = set()

    def alone(self, part: str, ask: Callable[[Session], T], nothing: T) -> Callable[[Session], T]:
        """``ask``, or ``nothing`` and :attr:`failed` where it fails by itself.

        Whatever the database says of itself (cut, full, damaged, busy, given up) is of the whole page.
        """

        def asked(session: Session) -> T:
            try:
                return ask(session)
            except ErpError:
                raise
            except Exception as error:
                if isinstance(error, DBAPIError) and (
                    trouble(session.get_bind().engine, error) is not None or "interrupted" in str(error.orig)
                ):
                    raise
                _log.exception("dashboard without %s", part)
                self.failed.add(part)
                return nothing

        return asked

    def of(self, figure: str, group: str | None = None, scope: Scope | None = None) -> Values:
        why = compute.may_ask(figure, scope or self.scope, group)
        if why is not None:
            self.refused[figure] = BY_KEY[figure].limite
            return {}
        nothing: Values = {}
        asked, at = scope or self.scope, self.at
        return self.alone(figure, lambda s: compute.compute(s, figure, asked, group, now=at), nothing)(self.session)

    def by(self, session: Session) -> _Figures:
        """The same figures, asked of another session."""
        other = copy(self)
        other.session = session
        return other

    def asking(
        self, figure: str, group: str | None = None, scope: Scope | None = None
    ) -> Callable[[Session], Values]:
        """:meth:`of`, to be asked beside others."""
        return lambda session: self.by(session).of(figure, group, scope)

    def _names(self, group: str, keys: Iterable[Key]) -> dict[Key, str]:
        return compute.names(self.session, group, keys, self.scope)

    def agencies(self, sla: Values, before: Values) -> tuple[Share, ...]:
        """The best first; those where nothing fell due are left out."""
        names = self._names("agence", sla)
        made = [Share(k, names[k], v, before.get(k, Value())) for k, v in sla.items() if v.den]
        return tuple(sorted(made, key=lambda s: (-s.value.num / s.value.den, s.name)))

    def families(self, mttr: Values, mtbf: Values) -> tuple[Share, ...]:
        """Types of machines with the most failures; ``second`` is the time between two."""
        failures = self.of("pannes", "type_equipement")
        names = self._names("type_equipement", {**mttr, **mtbf, **failures})
        made = [Share(k, names[k], mttr.get(k, NOTHING), second=mtbf.get(k, NOTHING),
                      count=failures.get(k, NOTHING).num) for k in names]  # fmt: skip
        seen = [s for s in made if s.value.den or s.second.den or s.count]
        return tuple(sorted(seen, key=lambda s: (-s.count, s.name))[:FAMILIES])

    def codes(self) -> tuple[Share, ...]:
        """Failures by code, the rest in one."""
        found = {k: v for k, v in self.of("pannes", "probleme").items() if v.num}
        first = sorted(found, key=lambda k: (k is None, -found[k].num, k or 0))
        kept = first if len(first) <= CODES else first[: CODES - 1]
        names = self._names("probleme", kept)
        made = [Share(k, names[k], found[k]) for k in kept]
        gathered = tuple(first[len(kept) :])
        rest = compute.total(found[k] for k in gathered)
        return (*made, Share(OTHERS, "Autres", rest, keys=gathered)) if gathered else tuple(made)

    def load(self, charge: Values) -> tuple[Share, ...]:
        """Who has most planned, of whoever has hours."""
        known = {k: v for k, v in charge.items() if v.den}
        first = sorted(known, key=lambda k: (-known[k].num / known[k].den, k))[:PEOPLE]
        names = self._names("technicien", first)
        return tuple(Share(k, names[k], known[k]) for k in first)


def _ages(values: Values) -> tuple[Age, ...]:
    """Youngest first; the key of a value is as ``BY_AGE`` says."""
    width = len(Priorite)
    counts = [[0] * width for _ in AGES]
    for key, value in values.items():
        counts[key // width][key % width] += value.num
    return tuple(Age(*age, tuple(row)) for age, row in zip(AGES, reversed(counts), strict=True))


def trends(session: Session, scope: Scope, *, now: datetime | None = None) -> dict[str, tuple[float | None, ...]]:
    """What each tile's figure was in each of the last local months, the one of the period's end included."""
    at = now or clock.now()
    months = [_earlier(scope.fin.replace(day=1), n) for n in range(MONTHS - 1, -1, -1)]
    wide = replace(scope, debut=months[0])
    found: dict[str, tuple[float | None, ...]] = {}

    def monthly(name: str) -> Callable[[Session], Values]:
        return lambda s: compute.compute(s, name, wide, "mois", now=at)

    ends = [*(m - timedelta(days=1) for m in months[1:]), scope.fin]

    def up_in(a: date, b: date) -> Callable[[Session], int]:
        return lambda s: compute.one(s, "disponibilite", replace(scope, debut=a, fin=b), now=at).num

    known = [name for name in TILES if "mois" in BY_KEY[name].groupes]
    apart = [] if "mtbf" in known or compute.may_ask("mtbf", scope) is not None else [
        monthly("pannes"), *(up_in(a, b) for a, b in zip(months, ends, strict=True))
    ]  # fmt: skip
    found["encours"], *rest = abreast(
        session, lambda s: _backlogs(s, wide, months, at), *map(monthly, known), *apart
    )  # fmt: skip
    for name, values in zip(known, rest, strict=False):
        found[name] = tuple(values.get(n, Value()).number(BY_KEY[name].unite) for n in range(MONTHS))
    for name in TILES:
        if compute.may_ask(name, scope) is not None:
            found[name] = (None,) * MONTHS
    if "mtbf" in found:
        return found
    failures, *up = rest[len(known) :]
    found["mtbf"] = tuple(
        seconds / failures[n].num if failures.get(n, Value()).num else None for n, seconds in enumerate(up)
    )
    return found


def _earlier(month: date, n: int) -> date:
    rank = month.year * 12 + month.month - 1 - n
    return date(rank // 12, rank % 12 + 1, 1)


def _backlogs(session: Session, scope: Scope, months: Sequence[date], at: datetime) -> tuple[float | None, ...]:
    """The backlog at the end of each month: that of the end, less what came and went since."""
    last = compute.one(session, "encours", scope, now=at).num
    bounds = [*(minuit(m) for m in months), minuit(scope.fin + timedelta(days=1))]
    where = narrowed(Ask(scope, at), work_columns())
    moved = backlog(session, Spans(bounds, where))
    found: list[float | None] = []
    for rank in range(len(months) - 1, -1, -1):
        found.append(last)
        last -= moved.get((rank,), [0])[0]
    return tuple(reversed(found))
