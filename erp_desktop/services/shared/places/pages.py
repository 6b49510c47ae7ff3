"""The first page of a list, or a place of it: at the centre its identifiers and its rows in one round trip."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.db.abreast import abreast
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.services.shared.lists import Colonne, Found, ListQuery, est_sqlite, ordonner
from erp_desktop.services.shared.places import at_once
from erp_desktop.services.shared.places.sorts import Sort

R = TypeVar("R")
First = Callable[[Session, Acteur, ListQuery], "sa.Select[int] | None"]
"""The first identifiers of a list as one statement of the centre; None of a question that takes several."""
Rows = Callable[[Any, Acteur, Any], list[R]]
_MOST = 6
"""Strata of one statement: of each a whole page is looked for."""


def first(request: sa.Select[int], ident: Colonne, sort: Sort, query: ListQuery) -> sa.Select[int] | None:
    """What :func:`sorts.sorted_ids` reads of a first page, as one statement of the centre."""
    order = sort.order(query)
    if query.limite is None:
        return None
    if order is None:
        return ordonner(sort.join(request), sort.keys, ident, descendant=query.descendant).limit(query.limite)
    return at_once(request, ident, order, query.limite) if len(order) <= _MOST else None


def page(
    session: Session, acteur: Acteur, query: ListQuery, shown: int,
    ids: Callable[[Any, Acteur, ListQuery], list[int]], rows: Rows[R], asked: First | None,
) -> tuple[list[int], list[R]]:  # fmt: skip
    """The identifiers of the beginning and the rows of the first ones."""
    some = None if asked is None or est_sqlite(session) else asked(session, acteur, query)
    if some is not None:
        return both(session, acteur, some, rows, 0, shown)
    found = ids(session, acteur, query)
    return found, rows(session, acteur, found[:shown])


def both(
    session: Session, acteur: Acteur, asked: sa.Select[int], rows: Rows[R], skipped: int, shown: int
) -> tuple[list[int], list[R]]:
    """What a statement of the centre selects, and the rows of ``shown`` of them behind what is ``skipped``."""
    chosen = asked.subquery()
    # Found once for all that asks for it: PostgreSQL keeps what is named so and asked twice.
    one = sa.select(chosen.c.id, sa.func.row_number().over().label("n")).cte("page")
    seen = Found(sa.select(one.c.id).where(one.c.n > skipped, one.c.n <= skipped + shown))

    def which(side: Any) -> Sequence[int]:
        found = list(side.scalars(sa.select(one.c.id).order_by(one.c.n)))
        seen.known = found[skipped : skipped + shown]
        return found

    # In this order: rows are put in theirs by what was found.
    found, read = abreast(session, which, lambda side: rows(side, acteur, seen))
    return found, read
