"""What is asked of a figure, what answers, and the pieces of SQL that the figures are made of.

Every figure is four integers: numerator, denominator, rows counted, rows left out. Sums of integers tell the same on
both engines; the value is made of them once, in :meth:`Value.number`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement, count

from erp_desktop import clock
from erp_desktop.domain.enums import Priorite
from erp_desktop.domain.rapports.figures import AGES, RATIOS, Unit
from erp_desktop.errors import ValidationError
from erp_desktop.models import Equipement, Intervention
from erp_desktop.reports.modele import mois_touches
from erp_desktop.reports.sql import code, hors_index, minuit, rang, secondes
from erp_desktop.services.search.exact import below

I, E = Intervention, Equipement  # noqa: E741
DAY = 86_400
BY_AGE = "age_priorite"
"""A group of the backlog alone: the rank of the age, times as many priorities as there are, plus the priority's."""
Key = Any
"""What a sum is told apart by: an identifier, a word, a month's or an age's rank; None when nobody knows."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What of the work is looked at; what is None narrows nothing.

    Attributes:
        debut, fin: first and last local day (Africa/Casablanca), both included.
        equipement_id: a machine with all its parts, as deep as they go.
        type_equipement: machines of one type.

    Raises:
        ValidationError: when ``fin`` precedes ``debut``.
    """

    debut: date
    fin: date
    agence_id: int | None = None
    client_id: int | None = None
    contrat_id: int | None = None
    equipement_id: int | None = None
    type_equipement: str | None = None
    technicien_id: int | None = None

    def __post_init__(self) -> None:
        if self.fin < self.debut:
            raise ValidationError({"fin": "La fin de la période précède son début."})

    @property
    def filters(self) -> dict[str, Any]:
        """Name of a group → the one value that is looked at."""
        named = {
            "agence": self.agence_id, "client": self.client_id, "contrat": self.contrat_id,
            "equipement": self.equipement_id, "type_equipement": self.type_equipement,
            "technicien": self.technicien_id,
        }  # fmt: skip
        return {name: value for name, value in named.items() if value is not None}

    def before(self) -> Scope:
        """The same for the period of equal length just before."""
        days = (self.fin - self.debut).days + 1
        return replace(self, debut=self.debut - timedelta(days=days), fin=self.fin - timedelta(days=days))


@dataclass(frozen=True, slots=True)
class Value:
    """What a figure is made of."""

    num: int = 0
    den: int = 0
    n: int = 0
    exclues: int = 0

    def __add__(self, other: Value) -> Value:
        return Value(self.num + other.num, self.den + other.den, self.n + other.n, self.exclues + other.exclues)

    def number(self, unit: Unit) -> float | None:
        """The figure in its unit: per cent, minutes, seconds, MAD; None when there is nothing to divide by."""
        if unit in RATIOS:
            if not self.den:
                return None
            return (100 * self.num if unit is Unit.PERCENT else self.num) / self.den
        return self.num / 100 if unit is Unit.MONEY else self.num


Values = dict[Key, Value]


@dataclass(frozen=True)
class Ask:
    """One question: a scope, the group, and the moment from which the past is judged."""

    scope: Scope
    now: datetime
    group: str | None = None

    @cached_property
    def t0(self) -> datetime:
        return minuit(self.scope.debut)

    @cached_property
    def t1(self) -> datetime:
        return minuit(self.scope.fin + timedelta(days=1))

    @cached_property
    def end(self) -> datetime:
        """The end of the period, or now when that is earlier; never before its beginning."""
        return max(self.t0, min(self.t1, self.now))

    @cached_property
    def months(self) -> list[date]:
        return mois_touches(self.scope.debut, self.scope.fin)

    @cached_property
    def machines(self) -> sa.Select[Any]:
        """The machine of the scope and what is part of it, in a tree that may be broken by a circle."""
        return below(E.id == self.scope.equipement_id)

    def inside(self, column: Any, end: datetime | None = None) -> list[sa.ColumnElement[bool]]:
        return [column >= self.t0, column < (end or self.t1)]

    def month(self, column: Any, *, dated: bool = False) -> sa.ColumnElement[int]:
        """The rank of the month of the period that an instant, or a ``dated`` day, falls in."""
        bounds: list[Any] = list(self.months[1:])
        return rang(column, bounds if dated else [minuit(m) for m in bounds])

    def ages(self) -> list[datetime]:
        """What begins each age but the oldest, oldest first, counted back from the last day."""
        last = min(self.scope.fin, clock.local(self.now).date())
        return [minuit(last - timedelta(days=least - 1)) for least, _ in reversed(AGES[1:])]


class jour_de(FunctionElement[int]):  # noqa: N801
    """``jour_de(date)``: days since 1970 of a calendar date."""

    type = sa.Integer()
    inherit_cache = True


@compiles(jour_de, "sqlite")
def _j_sqlite(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    (column,) = (compiler.process(c, **kw) for c in element.clauses)
    return f"CAST(julianday({column}) - 2440587.5 AS INTEGER)"


@compiles(jour_de, "postgresql")
def _j_postgresql(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    (column,) = (compiler.process(c, **kw) for c in element.clauses)
    return f"({column} - DATE '1970-01-01')"


@lru_cache(maxsize=64)
def offsets(first: date, last: date) -> tuple[tuple[datetime, int], ...]:
    """Morocco's offsets in seconds, each with the instant from which it holds; the first holds before as well.

    From this program's time-zone data: a server's own may not know the change of 2026.
    """

    def offset(instant: datetime) -> int:
        gap = instant.astimezone(clock.CASABLANCA).utcoffset() or timedelta()
        return int(gap.total_seconds())

    at = datetime(first.year, first.month, first.day, tzinfo=UTC)
    found = [(at, offset(at))]
    until = datetime(last.year, last.month, last.day, tzinfo=UTC)
    while at < until:
        later = at + timedelta(days=1)
        if offset(later) != found[-1][1]:
            # Clocks change on a whole hour.
            hour = next(h for h in range(1, 25) if offset(at + timedelta(hours=h)) != found[-1][1])
            found.append((at + timedelta(hours=hour), offset(at + timedelta(hours=hour))))
        at = later
    return tuple(found)


def _by_rank(index: sa.ColumnElement[int], values: Sequence[int]) -> sa.ColumnElement[int]:
    literal = [sa.literal_column(str(v), sa.Integer) for v in values]
    if len(set(values)) == 1:
        return literal[0]
    return sa.case(dict(enumerate(literal)), value=index)


def _span(ask: Ask) -> tuple[tuple[datetime, int], ...]:
    around = timedelta(days=400)
    return offsets(ask.scope.debut - around, ask.scope.fin + around)


def local_day(ask: Ask, column: Any) -> sa.ColumnElement[int]:
    """Days since 1970 of an instant's local day, within 400 days of the period."""
    known = _span(ask)
    shift = _by_rank(rang(column, [at for at, _ in known[1:]]), [seconds for _, seconds in known])
    # Both positive: the division cuts off on either engine.
    return (secondes(column) + shift) // sa.literal_column(str(DAY), sa.Integer)


def day_begins(ask: Ask, column: Any) -> sa.ColumnElement[int]:
    """Seconds since 1970 of the local midnight that begins a calendar date of the period."""
    known = _span(ask)
    days: list[Any] = [clock.local(at).date() + timedelta(days=1) for at, _ in known[1:]]
    shift = _by_rank(rang(column, days), [seconds for _, seconds in known])
    return jour_de(column) * DAY - shift


def seconds_of(instant: datetime) -> int:
    return int((instant - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())


def number(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    """1 or 0."""
    return sa.case((condition, sa.literal_column("1")), else_=sa.literal_column("0"))


def least(a: Any, b: Any) -> sa.ColumnElement[Any]:
    return sa.case((a < b, a), else_=b)


def most(a: Any, b: Any) -> sa.ColumnElement[Any]:
    return sa.case((a > b, a), else_=b)


@dataclass(frozen=True)
class Rows:
    """Where a part of a figure comes from.

    Attributes:
        source: the FROM clause.
        columns: name of a group → column; a group that is not named here is of nobody.
        when: places a row in a month.
        dated: whether ``when`` is a day, not an instant.
    """

    source: Any
    columns: dict[str, Any]
    when: Any = None
    dated: bool = False


def work(when: Any, *, machine: bool = False) -> Rows:
    """Interventions, placed in a month by ``when``; ``machine`` joins what they are about."""
    source: Any = sa.join(I, E, E.id == I.equipement_id) if machine else I
    return Rows(source, work_columns(), when)


def work_columns() -> dict[str, Any]:
    return {
        "agence": I.agence_id, "client": I.client_id, "contrat": I.contrat_id, "equipement": I.equipement_id,
        "type_equipement": E.type_equipement, "technicien": I.technicien_id, "type": I.type, "priorite": I.priorite,
        "probleme": I.probleme_id, "cause": I.cause_id,
    }  # fmt: skip


def of_machine() -> dict[str, Any]:
    return {
        "agence": E.agence_id, "client": E.client_id, "contrat": E.contrat_id, "equipement": E.id,
        "type_equipement": E.type_equipement,
    }  # fmt: skip


def needs_machine(ask: Ask) -> bool:
    return ask.group == "type_equipement" or ask.scope.type_equipement is not None


def part(
    ask: Ask, rows: Rows, where: Sequence[Any], *, num: Any = 0, den: Any = 0, n: Any = 0, exclues: Any = 0,
    counted: Any = None,
) -> sa.Select[Any]:  # fmt: skip
    """One statement that adds up the four integers of some rows, by the group of the question.

    Args:
        num, den, n, exclues: what is summed of each row; an aggregate stands as it is (:func:`times`, ``count``).
        counted: in place of ``n`` and ``exclues``: an aggregate of what is counted; the other rows are left out.
    """
    key: Any
    if ask.group is None:
        key = sa.literal_column("0", sa.Integer)
    elif ask.group == "mois":
        key = ask.month(rows.when, dated=rows.dated)
    elif ask.group in ("age", BY_AGE):
        key = rang(I.date_creation, ask.ages())
        if ask.group == BY_AGE:
            key = key * len(Priorite) + code(hors_index(I.priorite), Priorite)
    else:
        # By no index of its own, which would jump into the table for each row of it.
        key = hors_index(rows.columns[ask.group])
    summed: list[Any] = [_summed(x) for x in (num, den, n, exclues)]
    if counted is not None:
        summed[2:] = [counted, sa.func.count() - counted]
    sums = (x.label(name) for name, x in zip("abcd", summed, strict=True))
    query = (
        sa.select(key.label("groupe_"), *sums).select_from(rows.source).where(*where, *narrowed(ask, rows.columns))
    )
    return query if ask.group is None else query.group_by(sa.literal_column("groupe_"))


def narrowed(ask: Ask, columns: dict[str, Any]) -> list[Any]:
    """What the scope asks of the rows."""
    found: list[Any] = []
    for name, value in ask.scope.filters.items():
        column = columns[name]
        found.append(column.in_(ask.machines) if name == "equipement" else column == value)
    return found


def times(condition: sa.ColumnElement[bool]) -> Any:
    """How many rows meet a condition; both engines stop at the first part of it that says no."""
    return sa.func.count().filter(condition)


def _summed(x: Any) -> Any:
    if isinstance(x, int):
        return sa.literal_column(str(x), sa.Integer)
    return x if isinstance(x, (sa.FunctionFilter, count)) else sa.func.coalesce(sa.func.sum(x), 0)


def added(parts: Sequence[sa.Select[Any]]) -> sa.Select[Any]:
    """One statement of several parts, added up by group."""
    if len(parts) == 1:
        return parts[0]
    all_ = sa.union_all(*parts).subquery("parties")
    sums = (sa.func.sum(all_.c[name]) for name in "abcd")
    return sa.select(all_.c.groupe_, *sums).group_by(all_.c.groupe_)
