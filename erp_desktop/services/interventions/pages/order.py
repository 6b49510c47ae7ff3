"""The beginning of the list of interventions in each order, read straight from an index.

Along the strata of the order (:mod:`~erp_desktop.services.interventions.pages.strata`), so that the first page of a
million rows costs what it shows. The whole answer is one sorted query, in the same order.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.models import Agence, Client, Equipement, Intervention, Technicien, User
from erp_desktop.models.expressions.sorting import cle_tri
from erp_desktop.services.interventions.pages.strata import (
    ACTIFS,
    ALL,
    CLOSED,
    FAR,
    OWNERS,
    READ,
    REST,
    Among,
    walked,
)
from erp_desktop.services.shared.lists import ListQuery, cle_de, est_sqlite, identifiants, ordonner, parmi, rang
from erp_desktop.services.shared.places import Stratum, at_once, beginning
from erp_desktop.services.shared.places.sorts import by_text, texts
from erp_desktop.services.shared.places.stretches import Stretches, referred

I = Intervention  # noqa: E741
_STRATA = 24
"""How many are read at most before the whole order is asked for."""
_TRIED = 1024
"""Names among which one with work is looked for before the walk begins with the first that has some."""
_PLACES = {name: sa.case({v: n for n, v in enumerate(map(str, values))}, value=getattr(I, name), else_=9)
           for name, values in CLOSED.items()}  # fmt: skip


def far(query: ListQuery) -> bool:
    """Whether it sorts by the names of what each intervention refers to."""
    return query.tri in FAR


def ids(session: Session, request: sa.Select[int], query: ListQuery, among: Among = ALL) -> list[int]:
    """The identifiers that ``request`` selects ``among`` others, in the order of ``query``."""
    if query.tri == "sla":
        return beginning(session, request, I.id, walked(session, query, among), query.limite)[0]
    if query.limite is not None:
        if query.tri in FAR:
            if not (query.texte.strip() or est_sqlite(session)):
                return identifiants(session, _name_by_name(request, query, query.limite, among))
            return beginning(session, request, I.id, _far(session, query, among), query.limite)[0]
        strata = islice(walked(session, query, among), _STRATA)
        found, whole = beginning(session, request, I.id, strata, query.limite)
        if whole:
            return found
    return identifiants(session, _sorted(session, request, query).limit(query.limite))


def soon(
    session: Session, request: sa.Select[int], query: ListQuery, among: Among,
    due: Sequence[sa.ColumnElement[bool]] = (), within: sa.Select[int] | None = None,
) -> Stretches:  # fmt: skip
    """The same on a cache one stretch of the order after the other, for as long as somebody goes on.

    Args:
        due: what is asked of a deadline, of the rows that have one.
        within: a set in which all of it is.
    """

    def dated(stratum: Stratum) -> Stratum:
        by_deadline = any(key is I.date_limite for key in stratum.keys)
        return replace(stratum, where=sa.and_(stratum.where, *due)) if by_deadline else stratum

    strata = _far(session, query, among) if query.tri in FAR else walked(session, query, among)
    return Stretches(session, request, I.id, map(dated, strata), query.limite or 0, within)


def _far(session: Session, query: ListQuery, among: Among) -> Iterator[Stratum]:
    """Along the index of the names: reading all of them takes longer than the page. On a cache from the first one
    that has work, since of a quarter of a million machines those without any may come first."""
    named: Any = Client if query.tri == "client" else Equipement
    column, name = (I.client_id, Client.nom_entreprise) if named is Client else (I.equipement_id, Equipement.nom)
    (stratum,) = list(FAR[query.tri].order(query) or ())
    stratum = replace(stratum, where=sa.and_(stratum.where, *among.named(named.agence_id)))
    there, index = among.open(query.tri)
    alone = replace(stratum, keys=stratum.keys[:1], join=lambda request: request)
    some = alone.of(sa.select(named.id), named.id).limit(_TRIED).subquery()
    works = sa.select(some.c.id).where(sa.exists().where(column == some.c.id)).limit(1)
    if est_sqlite(session) and session.scalar(works) is None:
        owners = referred(session, column, OWNERS)
        said = session.scalars(sa.select(name).where(parmi(session, named.id, owners or ())))
        if keys := list(map(cle_de, said)):
            first = stratum.keys[0] <= max(keys) if query.descendant else stratum.keys[0] >= min(keys)
            stratum = replace(stratum, where=sa.and_(stratum.where, first))
    if index is not None and est_sqlite(session):
        join, (of, its_name) = stratum.join, index
        stratum = replace(
            stratum,
            where=sa.and_(stratum.where, there),
            join=lambda request: join(request).with_hint(of, f"INDEXED BY {its_name}", "sqlite"),
        )
    yield stratum


def page(
    session: Session, request: sa.Select[int], query: ListQuery, among: Among,
    named: sa.ColumnElement[bool] | None = None, *, many: bool = False, read: bool = False,
) -> sa.Select[int] | None:  # fmt: skip
    """The same at the centre as one statement, which another may hold; None where names have to be read for it.

    Args:
        named: all that the filter asks, where it asks it of the names that are sorted by; ``request`` is without.
        many: so many answer that each name in turn has some of them.
        read: names may be read for it, where they are few.
    """
    limit = query.limite
    if limit is None or (query.tri in READ and not read):
        return None
    if query.tri in FAR and (many or named is not None or not query.texte.strip()):
        return _name_by_name(request, query, limit, among, *([] if named is None else [named]))
    strata = list((_far if query.tri in FAR else walked)(session, query, among))
    return at_once(request, I.id, strata, limit) if query.tri not in READ or len(strata) <= _STRATA else None


def weighed(
    session: Session, request: sa.Select[int], query: ListQuery, along: sa.Select[int], most: int,
    told: sa.Select[int],
) -> sa.Select[int]:  # fmt: skip
    """At the centre ``along``, or where ``told`` selects no more than ``most`` what answers, sorted by itself.

    PostgreSQL takes what is asked for to be met as soon anywhere along an order; what is due this month stands at the
    end of those by number. It is one statement, of which one half is carried out.
    """
    some = told.limit(most + 1).subquery()
    number = sa.select(sa.func.count().label("n")).select_from(some).cte("nombre").prefix_with("MATERIALIZED")
    they_are_few = sa.select(number.c.n <= most).scalar_subquery()
    parts = []
    for half, taken in ((_apart(session, request, query), they_are_few), (along, sa.not_(they_are_few))):
        rows = half.subquery()
        parts.append(sa.select(rows.c.id.label("id"), sa.func.row_number().over().label("n")).where(taken))
    every = sa.union_all(*parts).subquery()
    return sa.select(every.c.id).order_by(every.c.n).limit(query.limite)


def _apart(session: Session, request: sa.Select[int], query: ListQuery) -> sa.Select[int]:
    """All that answers is found first, with its keys, and then sorted: along no index of the order."""
    if query.tri == "sla":
        keys = _deadline_keys(query)
    else:
        request, columns = _keyed(session, request, query)
        keys = [(column, _down(query)) for column in (*columns, I.id)]
    labels = [key.label(f"k{n}") for n, (key, _) in enumerate(keys)]
    found = request.with_only_columns(I.id.label("id"), *labels).cte("eux").prefix_with("MATERIALIZED")
    ordered = [(found.c[label.name], down) for label, (_, down) in zip(labels, keys, strict=True)]
    return sa.select(found.c.id).order_by(*_turned(ordered)).limit(query.limite)


def _turned(keys: Sequence[tuple[Any, bool]]) -> list[Any]:
    return [(key.desc() if down else key.asc()).nulls_last() for key, down in keys]


def _name_by_name(
    request: sa.Select[int], query: ListQuery, limit: int, among: Among, *where: sa.ColumnElement[bool]
) -> sa.Select[int]:  # fmt: skip
    """At the centre, of each name in turn a page at most: along the names it sorts all that one of them has."""
    named: Any = Client if query.tri == "client" else Equipement
    column, name = (I.client_id, Client.nom_entreprise) if named is Client else (I.equipement_id, Equipement.nom)
    down = query.descendant

    def ordered(*keys: Any) -> list[Any]:
        return [key.desc() if down else key.asc() for key in keys]

    own = request.where(column == named.id).order_by(*ordered(I.id)).limit(limit).correlate(named).lateral("siennes")
    # Of a name without work PostgreSQL would look through every row by its number: one seek says that it has some.
    works = sa.select(sa.func.min(column)).where(column >= named.id).correlate(named).scalar_subquery() == named.id
    names = (
        sa.select(own.c.id)
        .select_from(named)
        .join(own, sa.true())
        .where(works, *among.named(named.agence_id), *where)
    )
    return names.order_by(*ordered(cle_tri(name), named.id, own.c.id)).limit(limit)


def numbered(request: sa.Select[int], query: ListQuery, agences: sa.ColumnElement[bool]) -> sa.Select[int]:
    """At the centre by number, of each agency in turn a page at most: their numbers stand apart, and along all of
    them every row of the others would be passed over."""

    def ordered(*keys: Any) -> list[Any]:
        return [key.desc() if query.descendant else key.asc() for key in keys]

    own = request.with_only_columns(I.id.label("id"), I.numero.label("numero")).where(I.agence_id == Agence.id)
    page = own.order_by(*ordered(I.numero, I.id)).limit(query.limite).correlate(Agence).lateral("siennes")
    every = sa.select(page.c.id).select_from(Agence).join(page, sa.true()).where(agences)
    return every.order_by(*ordered(page.c.numero, page.c.id)).limit(query.limite)


def few(
    session: Session, rows: Sequence[int], query: ListQuery, where: Sequence[sa.ColumnElement[bool]] = ()
) -> list[int]:
    """A few identifiers in the same order: they are looked up and sorted, and no index is walked to meet them.

    Args:
        where: which of them, told of each by itself.
    """
    request = sa.select(I.id).where(*where).with_hint(I, "NOT INDEXED", "sqlite")
    if query.tri == "titre":
        return by_text(session, request, I.id, I.titre, rows, query)
    request = request.where(parmi(session, I.id, rows))
    if query.tri == "sla":
        return identifiants(session, request.order_by(*_turned(_deadline_keys(query))).limit(query.limite))
    return told(session, request, query)


def titles(session: Session, rows: Sequence[int]) -> dict[int, str]:
    """The titles of some rows of a cache, as they are sorted by."""
    asked = sa.select(I.id).where(parmi(session, I.id, rows)).with_hint(I, "NOT INDEXED", "sqlite")
    return {row: cle_de(title) for row, title in zip(*texts(session, asked, I.id, I.titre), strict=True)}


def told(
    session: Session, request: sa.Select[int], query: ListQuery, among: Among = ALL, *, whole: bool = False
) -> list[int]:  # fmt: skip
    """What ``request`` tells by an index of its own, in the same order: each row is looked up once.

    Args:
        whole: the index holds titles too, as they are sorted by.
    """
    if query.tri == "titre" and not whole:
        return few(session, identifiants(session, request), query)
    if query.tri in FAR:
        return _by_name(session, request, query)
    if query.tri == "sla":
        # The first of them has a page most of the time, and nothing else is sorted.
        strata = (replace(stratum, index=None) for stratum in walked(session, query, among))
        return beginning(session, request, I.id, strata, query.limite)[0]
    return identifiants(session, _sorted(session, request, query).limit(query.limite))


def _by_name(session: Session, request: sa.Select[int], query: ListQuery) -> list[int]:
    """Each name is made comparable once, and only the rows of the first ones are compared."""
    named: Any = Client if query.tri == "client" else Equipement
    name = named.nom_entreprise if named is Client else named.nom
    column = I.client_id if named is Client else I.equipement_id
    rows = request.with_only_columns(I.id.label("i"), column.label("n")).subquery()
    values = sa.select(sa.func.json_group_array(rows.c.i), sa.func.json_group_array(rows.c.n))
    idents, owners = (json.loads(value) for value in session.execute(values).one())
    counts = Counter(owners)
    some = sa.select(named.id, name).where(parmi(session, named.id, list(counts)))
    ranked = sorted(((cle_de(said), ident) for ident, said in session.execute(some)), reverse=query.descendant)
    before = accumulate((counts[ident] for _key, ident in ranked), initial=0)
    places = {ident: n for n, (_key, ident) in enumerate(ranked) if next(before) < (query.limite or len(owners))}
    sign = -1 if query.descendant else 1
    found = sorted((places[owner], sign * row) for owner, row in zip(owners, idents, strict=True) if owner in places)
    return [sign * row for _place, row in found[: query.limite]]


def _deadline_keys(query: ListQuery) -> list[tuple[Any, bool]]:
    """The order of :func:`_by_deadline` as one, each key with whether it descends; of a few rows, which are then
    looked up once."""
    runs, dated = I.statut.in_(ACTIFS), I.date_limite.is_not(None)
    rank = sa.case(
        (sa.and_(runs, dated), 0), (runs, 1), *((I.statut == statut, 2 + n) for n, statut in enumerate(REST))
    )
    due, first = sa.case((rank == 0, I.date_limite)), sa.case((rank == 0, I.id))
    made = sa.case((rank > 1, I.date_creation))
    down = query.descendant
    return [(rank, False), (due, down), (first, down), (made, True), (I.id, True)]


def _sorted(session: Session, request: sa.Select[Any], query: ListQuery) -> sa.Select[Any]:
    request, keys = _keyed(session, request, query)
    return ordonner(request, keys, I.id, descendant=_down(query))


def _down(query: ListQuery) -> bool:
    return query.descendant if query.tri else True


def _keyed(session: Session, request: sa.Select[Any], query: ListQuery) -> tuple[sa.Select[Any], list[Any]]:
    """What reaches the keys of an order, and the keys."""
    name = query.tri or "date_creation"
    if name in FAR:
        return FAR[name].join(request), list(FAR[name].keys)
    if name == "technicien":
        names = rang(session, User.id, User.full_name)
        request = request.outerjoin(Technicien, Technicien.id == I.technicien_id)
        return request.outerjoin(names, names.c.id == Technicien.user_id), [names.c.rang]
    if name == "agence_code":
        return request.outerjoin(Agence, Agence.id == I.agence_id), [Agence.code]
    if name == "titre":
        return request, [cle_tri(I.titre)]
    if name in CLOSED:
        return request, [_PLACES[name], I.date_creation]
    column = {"numero": I.numero, "date_planifiee": I.date_planifiee, "date_limite": I.date_limite}.get(
        name, I.date_creation)  # fmt: skip
    return request, [column]
