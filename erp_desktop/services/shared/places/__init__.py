"""Long lists by place: where each block of an order begins, so that any place of it is one seek away.

An order is a sequence of strata, each in the order of an index. A walk along them, which nobody waits for, leaves a
mark every ``BLOCK`` rows; the rows from a mark to the next are then read by their keys, whatever the length of the
list (``docs/adr/0021-reperes-des-listes.md``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.services.shared.lists import Colonne, ListQuery, est_sqlite, identifiants

BLOCK = 2048
"""Rows from a mark to the next, at most."""
WHOLE = 4 * BLOCK
"""Answers up to which a list is not marked out: its identifiers are few."""
_TOGETHER = 6
"""Strata read in one round trip."""
PACK = 512
"""Rows of several names that are sorted as one stratum: each stratum is a statement."""


@dataclass(frozen=True, slots=True)
class Stratum:
    """Rows under ``where`` in the order of a key, then of their identifiers.

    Attributes:
        keys: none where the identifier is the order.
        descending: of both.
        index: of which mapped class, where SQLite would rather sort what several values of a column hold.
        column, ranks: instead of a key, the rank of each value of a column; equal ranks go by identifier.
        join: reaches the table of the key when it is another one.
    """

    where: sa.ColumnElement[bool]
    keys: Sequence[Any] = ()
    descending: bool = False
    index: tuple[Any, str] | None = None
    column: Any = None
    ranks: Mapping[Any, int] = field(default_factory=dict)
    join: Callable[[sa.Select[Any]], sa.Select[Any]] = lambda request: request

    def order(self, key: Colonne) -> list[Any]:
        """What to order by; ``key`` is the identifier."""
        return [one.desc() if self.descending else one.asc() for one in (*self.keys, key)]

    def of(self, request: sa.Select[Any], key: Colonne) -> sa.Select[Any]:
        """What ``request`` selects of this stratum, in order."""
        if self.index is not None:
            request = request.with_hint(self.index[0], f"INDEXED BY {self.index[1]}", "sqlite")
        return self.join(request).where(self.where).order_by(*self.order(key))

    def onward(self, key: Colonne, first: Sequence[Any]) -> list[Stratum]:
        """Rows from one on, itself included: the values of its keys, then its identifier; nothing: all of them.

        First those of equal keys, then those of an equal first key, and so on: each is a range of the index. Compared
        as a whole with the row, the keys of every row passed over would be looked at, and those of a name made anew.
        """
        if not first:
            return [self]
        columns = [*self.keys, key]
        values = [sa.literal(value, one.type) for value, one in zip(first, columns, strict=True)]
        parts = []
        for equal in range(len(columns) - 1, -1, -1):
            one, value = columns[equal], values[equal]
            if equal == len(self.keys):
                beyond = one <= value if self.descending else one >= value
            else:
                beyond = one < value if self.descending else one > value
            same = [column == there for column, there in zip(columns[:equal], values[:equal], strict=True)]
            # What is the same in all of them orders nothing; SQLite would sort by the expression of it.
            parts.append(replace(self, where=sa.and_(self.where, *same, beyond), keys=self.keys[equal:]))
        return parts

    def before(self, one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
        """Whether a row, by its keys and its identifier, stands before another or is it."""
        return one >= other if self.descending else one <= other


@dataclass(frozen=True, slots=True)
class Names:
    """An order by what many rows refer to: groups of values of a column, those of equal names together.

    Attributes:
        where, index: of the only rows that there are, as of a stratum.
    """

    column: Any
    groups: Sequence[Sequence[Any]]
    descending: bool = False
    where: sa.ColumnElement[bool] = field(default_factory=sa.true)
    index: tuple[Any, str] | None = None

    def among(self, values: Collection[Any]) -> Names:
        """Those groups alone that hold one of these values."""
        return replace(self, groups=[group for group in self.groups if not set(values).isdisjoint(group)])

    def strata(self, sizes: Mapping[Any, int] | None = None) -> Iterator[Stratum]:
        """One for each group, each in the order of an index; several of few rows are one, which is sorted.

        Args:
            sizes: how many rows a value has, where it is known.
        """
        for pack in self._packs(sizes or {}):
            ranks = {value: rank for rank, group in enumerate(pack) for value in group}
            place = sa.case({v: -r if self.descending else r for v, r in ranks.items()}, value=self.column)
            where = sa.and_(holds(self.column, list(ranks)), self.where)
            yield Stratum(where, [place] if len(pack) > 1 else (), self.descending, self.index)

    def _packs(self, sizes: Mapping[Any, int]) -> Iterator[list[Sequence[Any]]]:
        """Groups one after the other of ``PACK`` rows at most; one of more, or of nobody knows how many, alone."""
        rows, pack = 0, list[Sequence[Any]]()
        for group in self.groups:
            size = sum(sizes.get(value, PACK + 1) for value in group)
            if pack and rows + size > PACK:
                yield pack
                rows, pack = 0, []
            rows, pack = rows + size, [*pack, group]
        if pack:
            yield pack


def holds(column: Any, values: Sequence[Any]) -> sa.ColumnElement[bool]:
    """The column is one of these values, or NULL where None is one of them."""
    given = [value for value in values if value is not None]
    ways = [column.in_(given)] if given else []
    return sa.or_(*ways, column.is_(None)) if len(given) < len(values) else ways[0]


Order = Iterable[Stratum] | Names


def beginning(
    session: Session, request: sa.Select[int], key: Colonne, strata: Iterator[Stratum], limit: int | None
) -> tuple[list[int], bool]:
    """What the strata hold, ``limit`` at most, and whether it is as many."""
    found: list[int] = []
    # At the centre a few are read in one round trip; each is cut at the limit, so that none costs more than a page.
    size = 1 if est_sqlite(session) else _TOGETHER
    while group := list(islice(strata, size)):
        rest = None if limit is None else limit - len(found)
        for part in _in_order(session, [stratum.of(request, key).limit(rest) for stratum in group]):
            found += part
        if limit is not None and len(found) >= limit:
            return found[:limit], True
    return found, False


def at_once(request: sa.Select[int], key: Colonne, strata: Sequence[Stratum], limit: int) -> sa.Select[int]:
    """The same of a few strata as one statement, which another may hold; each is cut at the limit."""
    if len(strata) == 1:
        return strata[0].of(request, key).limit(limit)
    parts = []
    for place, stratum in enumerate(strata):
        some = stratum.of(request, key).limit(limit).subquery()
        number = sa.func.row_number().over()
        parts.append(sa.select(some.c.id.label("id"), sa.literal(place).label("s"), number.label("n")))
    every = sa.union_all(*parts).subquery()
    return sa.select(every.c.id).order_by(every.c.s, every.c.n).limit(limit)


def _in_order(session: Session, requests: Sequence[sa.Select[int]]) -> list[list[int]]:
    if len(requests) == 1:
        return [identifiants(session, requests[0])]
    arrays = (sa.func.array(r.scalar_subquery(), type_=sa.ARRAY(sa.BigInteger())) for r in requests)
    return list(session.execute(sa.select(*arrays)).one())


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a block begins.

    Attributes:
        place: of its first row in the whole list.
        size: rows in it.
        first: keys and identifier of its first row; empty at the beginning of the stratum.
    """

    place: int
    size: int
    stratum: Stratum
    first: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Walk:
    """What is known of a list once it was walked: ``marks`` is empty when ``ids`` is all of it.

    Attributes:
        ids: those of the first blocks.
    """

    ids: list[int]
    count: int
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True)
class Long:
    """A list that may have a million rows.

    Attributes:
        key: its identifier.
        ids: the identifiers in order, ``query.limite`` at most, as everywhere.
        request: the same without an order: ``request(session, acteur, query)``.
        order: the strata of ``query``; None: it sorts by what no index holds, and is read whole.
    """

    key: Colonne
    ids: Callable[[Session, Acteur, ListQuery], list[int]]
    request: Callable[[Session, Acteur, ListQuery], sa.Select[Any]]
    order: Callable[[Session, ListQuery], Order | None]

    def walk(self, session: Session, acteur: Acteur, query: ListQuery, first: int = BLOCK) -> Walk:
        """Count the list and mark out its blocks; one that is not long is read whole.

        Args:
            first: identifiers wanted at once.
        """
        order = self.order(session, query)
        most = None if order is None else WHOLE + 1
        begun = self.ids(session, acteur, ListQuery(query.texte, query.tri, query.descendant, most))
        if order is None or len(begun) <= WHOLE:
            return Walk(begun, len(begun))
        request = self.request(session, acteur, query)
        marks = tuple(self._marks(session, request, order))
        whole = [mark for mark in marks if mark.place < first and mark.place + mark.size <= len(begun)]
        end = whole[-1].place + whole[-1].size if whole else 0
        return Walk(begun[:end], marks[-1].place + marks[-1].size if marks else 0, marks)

    def block_at_once(
        self, session: Session, acteur: Acteur, query: ListQuery, mark: Mark
    ) -> sa.Select[int] | None:  # fmt: skip
        """What :meth:`block` reads, as one statement of the centre; None of names whose rows share a block."""
        stratum = mark.stratum
        if stratum.ranks or est_sqlite(session):
            return None
        request = self.request(session, acteur, query)
        return at_once(request, self.key, stratum.onward(self.key, mark.first), mark.size)

    def block(self, session: Session, acteur: Acteur, query: ListQuery, mark: Mark) -> list[int]:
        """The identifiers from a mark to the next, in order."""
        request, stratum = self.request(session, acteur, query), mark.stratum
        if stratum.ranks:
            chosen = request.with_only_columns(stratum.column, self.key).where(stratum.where)
            sign = -1 if stratum.descending else 1
            found = sorted((stratum.ranks[value], sign * one) for value, one in session.execute(chosen))
            return [sign * one for _rank, one in found[: mark.size]]
        return beginning(session, request, self.key, iter(stratum.onward(self.key, mark.first)), mark.size)[0]

    def find(
        self, session: Session, acteur: Acteur, query: ListQuery, marks: Sequence[Mark], row_id: int
    ) -> int | None:
        """The number of the block that holds a row; None when the list does not hold it."""
        request = self.request(session, acteur, query).where(self.key == row_id)
        ranked = next((mark.stratum for mark in marks if mark.stratum.ranks), None)
        if ranked is not None:
            row = session.execute(request.with_only_columns(ranked.column, self.key)).first()
            packs = [n for n, mark in enumerate(marks) if row is not None and row[0] in mark.stratum.ranks]
            if row is None or packs:
                return packs[0] if packs else None
        for _stratum, group in groupby(enumerate(marks), key=lambda one: id(one[1].stratum)):
            blocks = list(group)
            stratum = blocks[0][1].stratum
            if stratum.ranks:
                continue
            there = stratum.join(request).where(stratum.where).with_only_columns(*stratum.keys, self.key)
            keys = session.execute(there).first()
            if keys is not None:
                return [n for n, mark in blocks if not mark.first or stratum.before(mark.first, tuple(keys))][-1]
        return None

    # Marking out

    def _marks(self, session: Session, request: sa.Select[Any], order: Order) -> Iterator[Mark]:
        if isinstance(order, Names):
            yield from self._named(session, request, order)
            return
        place = 0
        strata = list(order)
        for stratum, steps in zip(strata, self._steps(session, request, strata), strict=True):
            yield from _placed(place, stratum, steps)
            place += sum(size for _first, size in steps)

    def _named(self, session: Session, request: sa.Select[Any], names: Names) -> Iterator[Mark]:
        """Groups of few rows share a block; one of many is marked out by itself."""
        counted = request.with_only_columns(names.column, sa.func.count()).group_by(names.column)
        counts: dict[Any, int] = dict(tuple(row) for row in session.execute(counted))
        # What refers to no name that is known stands at the end, with what refers to none.
        named = {value for group in names.groups for value in group}
        groups = [*names.groups[:-1], [*names.groups[-1], *(value for value in counts if value not in named)]]
        sizes = [sum(counts.get(value, 0) for value in group) for group in groups]
        great = [
            Stratum(holds(names.column, group), (), names.descending)
            for group, size in zip(groups, sizes, strict=True) if size > BLOCK
        ]  # fmt: skip
        steps = iter(zip(great, self._steps(session, request, great), strict=True))
        place, size, pack = 0, 0, list[Sequence[Any]]()

        def packed() -> Mark:
            ranks = {value: rank for rank, group in enumerate(pack) for value in group}
            where = holds(names.column, list(ranks))
            return Mark(place, size, Stratum(where, (), names.descending, column=names.column, ranks=ranks))

        for group, held in zip(groups, sizes, strict=True):
            if size and size + held > BLOCK:
                yield packed()
                place, size, pack = place + size, 0, []
            if held > BLOCK:
                stratum, found = next(steps)
                yield from _placed(place, stratum, found)
                place += sum(step[1] for step in found)
            elif held:
                size, pack = size + held, [*pack, group]
        if size:
            yield packed()

    def _steps(
        self, session: Session, request: sa.Select[Any], strata: Sequence[Stratum]
    ) -> list[list[tuple[tuple[Any, ...], int]]]:
        """Of each stratum the first row of each block, with the rows in it; the first block is from the beginning."""
        if not strata:
            return []
        if est_sqlite(session):
            return [self._stepped(session, request, stratum) for stratum in strata]
        return self._numbered(session, request, strata)

    def _stepped(
        self, session: Session, request: sa.Select[Any], stratum: Stratum
    ) -> list[tuple[tuple[Any, ...], int]]:
        """From block to block along the index: SQLite passes over rows faster than it numbers them."""
        chosen = request.with_only_columns(*stratum.keys, self.key)
        found: list[tuple[tuple[Any, ...], int]] = []
        first: tuple[Any, ...] = ()
        while True:
            passed, after = 0, None
            for part in stratum.onward(self.key, first):
                rows = part.of(chosen, self.key)
                after = session.execute(rows.offset(BLOCK - passed).limit(1)).first()
                if after is not None:
                    break
                some = rows.limit(BLOCK - passed).subquery()
                passed += session.scalar(sa.select(sa.func.count()).select_from(some)) or 0
            if after is None:
                return [*found, (first, passed)] if passed else found
            found.append((first, BLOCK))
            first = tuple(after)

    def _numbered(
        self, session: Session, request: sa.Select[Any], strata: Sequence[Stratum]
    ) -> list[list[tuple[tuple[Any, ...], int]]]:
        """All at once: over a line each step would be a round trip."""
        parts: list[sa.Select[Any]] = []
        kinds = [key.type for key in max((stratum.keys for stratum in strata), key=len)]
        none = [sa.cast(sa.null(), kind) for kind in kinds]
        for rank, stratum in enumerate(strata):
            number = sa.func.row_number().over(order_by=stratum.order(self.key)).label("n")
            values = [key.label(f"k{n}") for n, key in enumerate([*stratum.keys, *none[len(stratum.keys) :]])]
            there = stratum.join(request).where(stratum.where)
            rows = there.with_only_columns(*values, self.key.label("i"), number).subquery()
            parts.append(
                sa.select(sa.literal(rank).label("s"), rows.c.n, *(rows.c[v.name] for v in values), rows.c.i)
                .where(rows.c.n % BLOCK == 1)
            )  # fmt: skip
            counted = there.with_only_columns(self.key.label("i")).subquery()
            parts.append(
                sa.select(sa.literal(rank), -sa.func.count(), *none, sa.cast(sa.null(), sa.BigInteger()))
                .select_from(counted)
            )  # fmt: skip
        counts = [0] * len(strata)
        firsts: list[list[tuple[int, tuple[Any, ...]]]] = [[] for _stratum in strata]
        for rank, number, *found_keys, row_id in session.execute(sa.union_all(*parts)):
            if row_id is None:
                counts[rank] = -number
            else:
                firsts[rank].append((number, (*found_keys[: len(strata[rank].keys)], row_id)))
        return [
            [(first, min(BLOCK, count - number + 1)) for number, first in sorted(found, key=lambda one: one[0])]
            for found, count in zip(firsts, counts, strict=True)
        ]


def _placed(place: int, stratum: Stratum, steps: Iterable[tuple[tuple[Any, ...], int]]) -> Iterator[Mark]:
    for first, size in steps:
        yield Mark(place, size, stratum, first)
        place += size
