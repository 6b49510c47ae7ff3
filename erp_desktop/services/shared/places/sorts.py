"""What a list sorts by, and how its first page is read: along an index where one holds the order.

A list of any length needs an index for each order that it offers (``models.expressions.sorting.sorted_by``); one
without is sorted whole. Such an index holds what says whether a row is listed as well: a page is the index alone.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.models.expressions.sorting import cle_tri, sort_index, sort_key
from erp_desktop.services.shared.lists import Colonne, ListQuery, cle_de, est_sqlite, identifiants, ordonner, parmi
from erp_desktop.services.shared.places import Stratum, beginning

Join = Callable[[sa.Select[Any]], sa.Select[Any]]
_FEW = 2000
"""Answers of a filter that are sorted by themselves; more are met soon enough along the order."""


def _alone(request: sa.Select[Any]) -> sa.Select[Any]:
    return request


@dataclass(frozen=True, slots=True)
class Sort:
    """One order.

    Attributes:
        keys: what it compares, one after the other.
        join: reaches its table.
        strata: the same order as strata of a direction, each along an index; None without.
        text: the column of the list's own table whose sort key is the only one.
    """

    keys: Sequence[Colonne]
    join: Join = _alone
    strata: Callable[[bool], list[Stratum]] | None = None
    text: Colonne | None = None

    def order(self, query: ListQuery) -> list[Stratum] | None:
        """What a list is read along; None: it sorts by what no index holds."""
        return None if self.strata is None else self.strata(query.descendant)


def along(column: Any, join: Join | None = None) -> Sort:
    """By a mapped column, of the list's own table or of one in which ``join`` finds a row for each.

    Of another table the rows of one of its rows stay together, so that equal names need no sorting.
    """
    key, name = sort_key(column), sort_index(column)
    if name is None:
        return Sort([key], join or _alone)
    stored = column.property.columns[0]
    # What is unique has an index that SQLite names by itself.
    index = (column.class_, name) if name else None
    keys = [key] if join is None else [key, column.class_.id]

    def strata(down: bool) -> list[Stratum]:
        filled = Stratum(_filled(key) if stored.nullable else sa.true(), keys, down, index, join=join or _alone)
        return [filled, Stratum(key.is_(None), (), down, index)] if stored.nullable else [filled]

    own = join is None and isinstance(key, cle_tri)
    return Sort(keys, join or _alone, strata, column if own else None)


def _filled(key: Any) -> sa.ColumnElement[bool]:
    """It has a value: of a text as a range of the index, since SQLite passes over every NULL of an expression."""
    return key >= "" if isinstance(key.type, sa.String) else key.is_not(None)  # type: ignore[no-any-return]


def by_identifier(ident: Any) -> Sort:
    """By the identifier alone: in the order in which rows were made."""
    return Sort([ident], strata=lambda down: [Stratum(sa.true(), (), down)])


def ranked(column: Any, key: Any, values: Sequence[str]) -> Sort:
    """By a closed list in the order in which it is declared; ``key`` is the place of a value in it."""
    name = sort_index(column)
    if name is None:
        return Sort([key])

    def strata(down: bool) -> list[Stratum]:
        return [
            Stratum(column == value, (), down, (column.class_, name))
            for value in (reversed(values) if down else values)
        ]

    return Sort([key], strata=strata)


@dataclass(frozen=True, slots=True)
class Part:
    """Rows that stand together in an order, themselves in the order of one key.

    Attributes:
        where: what the first columns of the index say of them.
        filled: their range of the key; None: every row that has one.
        empty: those without a key are of it too, at its end.
    """

    where: sa.ColumnElement[bool]
    filled: sa.ColumnElement[bool] | None = None
    empty: bool = True


def in_parts(key: Any, parts: Sequence[Part], index: tuple[Any, str]) -> Sort:
    """By what is told from the first columns of an index and from a range of its next one, ``key``, then by that.

    What changes with the day is sorted so: which rows are late follows from the day that is stored.
    """

    def filled(part: Part) -> sa.ColumnElement[bool]:
        return key.is_not(None) if part.filled is None else part.filled

    def told(part: Part) -> sa.ColumnElement[bool]:
        return sa.and_(part.where, sa.or_(filled(part), key.is_(None)) if part.empty else filled(part))

    def strata(down: bool) -> list[Stratum]:
        found = []
        for part in reversed(parts) if down else parts:
            found.append(Stratum(sa.and_(part.where, filled(part)), [key], down, index))
            if part.empty:
                found.append(Stratum(sa.and_(part.where, key.is_(None)), (), down, index))
        return found

    rank = sa.case(*((told(part), place) for place, part in enumerate(parts)), else_=len(parts))
    return Sort([rank, key], strata=strata)


def sorted_ids(session: Session, request: sa.Select[int], ident: Colonne, sort: Sort, query: ListQuery) -> list[int]:
    """The identifiers that ``request`` selects, in order, ``query.limite`` at most."""
    whole = ordonner(sort.join(request), sort.keys, ident, descendant=query.descendant).limit(query.limite)
    order = sort.order(query)
    if query.limite is None or order is None:
        return identifiants(session, whole)
    if query.texte.strip() and est_sqlite(session):
        # PostgreSQL weighs the words against the order by itself.
        if sort.text is not None:
            said = texts(session, request, ident, sort.text, _FEW + 1)
            if len(said[0]) <= _FEW:
                return _in_order(*said, query)
        elif len(some := identifiants(session, request.limit(_FEW + 1))) <= _FEW:
            return identifiants(session, whole.where(parmi(session, ident, some)))
    return beginning(session, request, ident, iter(order), query.limite)[0]


def by_text(
    session: Session, request: sa.Select[int], ident: Colonne, text: Colonne, some: Sequence[int], query: ListQuery
) -> list[int]:  # fmt: skip
    """A few, by a text that is made comparable here: on a cache each would be two dozen calls for each row."""
    return _in_order(*texts(session, request.where(parmi(session, ident, some)), ident, text), query)


def texts(
    session: Session, request: sa.Select[int], ident: Colonne, text: Colonne, most: int | None = None
) -> tuple[list[int], list[Any]]:  # fmt: skip
    """The identifiers that a request selects of a cache, and the text of each: each row is looked up once."""
    rows = request.with_only_columns(ident.label("id"), text.label("said")).limit(most).subquery()
    # As two values: of a pair for each row the interpreter would begin to collect its garbage.
    values = sa.select(sa.func.json_group_array(rows.c.id), sa.func.json_group_array(rows.c.said))
    idents, said = (json.loads(value) for value in session.execute(values).one())
    return idents, said


def _in_order(idents: Sequence[int], said: Sequence[str | None], query: ListQuery) -> list[int]:
    keys = {one: cle_de(one or "") for one in set(said)}
    down = query.descendant
    # What has no text stands at the end, both ways.
    keyed = ((one is not None) is down for one in said), map(keys.__getitem__, said), idents
    return [row for *_key, row in firsts(zip(*keyed, strict=True), query.limite, last=down)]


def firsts(keyed: Iterable[tuple[Any, ...]], limit: int | None, *, last: bool) -> list[tuple[Any, ...]]:
    """The first ones in order, or the last ones from the end; only as many are kept as are wanted."""
    if limit is None:
        return sorted(keyed, reverse=last)
    return heapq.nlargest(limit, keyed) if last else heapq.nsmallest(limit, keyed)
