"""What a list sorts by, and how its first page is read: along an index where one holds the order.

A list of any length needs an index for each order that it offers (``models.expressions.sorting.sorted_by``); what is
computed from other rows has none, and is sorted whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.models.expressions.sorting import sort_index, sort_key
from erp_desktop.services.shared.lists import Colonne, ListQuery, est_sqlite, identifiants, ordonner
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
    """

    keys: Sequence[Colonne]
    join: Join = _alone
    strata: Callable[[bool], list[Stratum]] | None = None

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
        filled = Stratum(key.is_not(None) if stored.nullable else sa.true(), keys, down, index, join=join or _alone)
        return [filled, Stratum(key.is_(None), (), down, index)] if stored.nullable else [filled]

    return Sort(keys, join or _alone, strata)


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


def sorted_ids(session: Session, request: sa.Select[int], ident: Colonne, sort: Sort, query: ListQuery) -> list[int]:
    """The identifiers that ``request`` selects, in order, ``query.limite`` at most."""
    whole = ordonner(sort.join(request), sort.keys, ident, descendant=query.descendant).limit(query.limite)
    order = sort.order(query)
    if query.limite is None or order is None:
        return identifiants(session, whole)
    if query.texte.strip() and est_sqlite(session):
        # PostgreSQL weighs the words against the order by itself.
        some = identifiants(session, request.limit(_FEW + 1))
        if len(some) <= _FEW:
            return identifiants(session, whole.where(ident.in_(some)))
    return beginning(session, request, ident, iter(order), query.limite)[0]
