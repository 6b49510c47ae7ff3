"""The beginning of the list of interventions in each order, read straight from an index.

An order is a sequence of strata: one statut after another, one client after another in the order of their names, what
has a date before what has none. Each is in the order of an index, so that the first page of a million rows costs what
it shows. The whole answer is one sorted query, in the same order.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import accumulate, groupby, islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.domain.enums import Priorite, Statut
from erp_desktop.models import Agence, Client, Equipement, Intervention, Technicien, User
from erp_desktop.models.expressions.sorting import cle_tri
from erp_desktop.services.shared.lists import ListQuery, cle_de, est_sqlite, identifiants, ordonner, parmi, rang
from erp_desktop.services.shared.places import Names, Order, Stratum, at_once, beginning
from erp_desktop.services.shared.places.sorts import along, by_text, texts
from erp_desktop.services.shared.places.stretches import Stretches, referred

ACTIFS = (Statut.OUVERTE, Statut.AFFECTEE, Statut.EN_COURS)
A_PLANIFIER = (Statut.OUVERTE, Statut.AFFECTEE, Statut.EN_ATTENTE)
"""What may wait for a place in the planning."""
I = Intervention  # noqa: E741
ONGOING = sa.text("(" + " OR ".join(f"interventions.statut = '{s.value}'" for s in ACTIFS) + ")")
"""Spelled as in the index of running deadlines, which holds no other rows."""
BACKDATED = sa.text(
    "COALESCE(interventions.date_limite, interventions.date_planifiee, interventions.date_creation)"
    " < interventions.date_creation"
)
"""Due before it was called; spelled as in the index of those."""
_REST = (Statut.EN_ATTENTE, Statut.CLOTUREE, Statut.ARCHIVEE, Statut.ANNULEE)
"""What does not run, in the order of the list."""
_STRATA = 24
"""How many are read at most before the whole order is asked for."""
_NAMES, _OWNERS = 1024, 1024
"""Where none of the first names has work, the walk begins with the first of no more than so many that have some."""
_CLOSED: dict[str, Sequence[str]] = {"statut": list(Statut), "priorite": list(Priorite)}
DAYS: dict[str | None, str] = {
    "": "cree", "date_creation": "cree", "statut": "cree", "priorite": "cree", "date_planifiee": "planifiee",
    "date_limite": "echeance",
}  # fmt: skip
"""Order → the day that its strata are sorted by, as ``list.JOURS`` calls it."""
_PLACES = {name: sa.case({v: n for n, v in enumerate(map(str, values))}, value=getattr(I, name), else_=9)
           for name, values in _CLOSED.items()}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Among:
    """What a request selects among: strata of others would be walked to their end for nothing.

    Attributes:
        values: statuts, and priorities if not all of them.
        agence: the only agency.
        due_before: all of it is due earlier.
    """

    values: Collection[str] = tuple(Statut)
    agence: int | None = None
    due_before: datetime | None = None


ALL = Among()
_READ = ("technicien", "agence_code")
"""Orders by a few names, which are read before the rows."""
_FAR = {
    "client": along(Client.nom_entreprise, lambda r: r.join(Client, Client.id == I.client_id)),
    "equipement": along(Equipement.nom, lambda r: r.join(Equipement, Equipement.id == I.equipement_id)),
}
"""Orders by the name of what each intervention refers to; there may be hundreds of thousands of them."""


def far(query: ListQuery) -> bool:
    """Whether it sorts by the names of what each intervention refers to."""
    return query.tri in _FAR


def ids(session: Session, request: sa.Select[int], query: ListQuery, among: Among = ALL) -> list[int]:
    """The identifiers that ``request`` selects ``among`` others, in the order of ``query``."""
    if query.tri == "sla":
        return beginning(session, request, I.id, _strata(session, query, among), query.limite)[0]
    if query.limite is not None:
        if query.tri in _FAR:
            if not (query.texte.strip() or est_sqlite(session)):
                return identifiants(session, _name_by_name(request, query, query.limite))
            return beginning(session, request, I.id, _far(session, query), query.limite)[0]
        strata = islice(_strata(session, query, among), _STRATA)
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

    strata = _far(session, query) if query.tri in _FAR else _strata(session, query, among)
    return Stretches(session, request, I.id, map(dated, strata), query.limite or 0, within)


def _far(session: Session, query: ListQuery) -> Iterator[Stratum]:
    """Along the index of the names: reading all of them takes longer than the page. On a cache from the first one
    that has work, since of a quarter of a million machines those without any may come first."""
    named: Any = Client if query.tri == "client" else Equipement
    column, name = (I.client_id, Client.nom_entreprise) if named is Client else (I.equipement_id, Equipement.nom)
    (stratum,) = list(_FAR[query.tri].order(query) or ())
    alone = replace(stratum, keys=stratum.keys[:1], join=lambda request: request)
    some = alone.of(sa.select(named.id), named.id).limit(_NAMES).subquery()
    works = sa.select(some.c.id).where(sa.exists().where(column == some.c.id)).limit(1)
    if est_sqlite(session) and session.scalar(works) is None:
        owners = referred(session, column, _OWNERS)
        said = session.scalars(sa.select(name).where(parmi(session, named.id, owners or ())))
        if keys := list(map(cle_de, said)):
            first = stratum.keys[0] <= max(keys) if query.descendant else stratum.keys[0] >= min(keys)
            stratum = replace(stratum, where=first)
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
    if limit is None or (query.tri in _READ and not read):
        return None
    if query.tri in _FAR and (many or named is not None or not query.texte.strip()):
        return _name_by_name(request, query, limit, *([] if named is None else [named]))
    strata = list(_FAR[query.tri].order(query) or ()) if query.tri in _FAR else list(_strata(session, query, among))
    return at_once(request, I.id, strata, limit) if query.tri not in _READ or len(strata) <= _STRATA else None


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
    request: sa.Select[int], query: ListQuery, limit: int, *where: sa.ColumnElement[bool]
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
    names = sa.select(own.c.id).select_from(named).join(own, sa.true()).where(works, *where)
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


def told(session: Session, request: sa.Select[int], query: ListQuery, among: Among = ALL) -> list[int]:
    """What ``request`` tells by an index of its own, in the same order: each row is looked up once."""
    if query.tri == "titre":
        return few(session, identifiants(session, request), query)
    if query.tri in _FAR:
        return _by_name(session, request, query)
    if query.tri == "sla":
        # The first of them has a page most of the time, and nothing else is sorted.
        strata = (replace(stratum, index=None) for stratum in _strata(session, query, among))
        return beginning(session, request, I.id, strata, query.limite)[0]
    return identifiants(session, _sorted(session, request, query).limit(query.limite))


def _by_deadline(query: ListQuery, statuts: Collection[str]) -> Iterator[Stratum]:
    """What runs, by deadline; then what waits; then done work, newest first."""
    if not set(ACTIFS).isdisjoint(statuts):
        yield Stratum(
            sa.and_(ONGOING, I.date_limite.is_not(None)), [I.date_limite], query.descendant,
            index=(I, "idx_intervention_echeance"),
        )  # fmt: skip
        yield Stratum(sa.and_(ONGOING, I.date_limite.is_(None)), descending=True)
    for statut in _REST:
        if statut in statuts:
            yield Stratum(I.statut == statut, [I.date_creation], descending=True)


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
        (sa.and_(runs, dated), 0), (runs, 1), *((I.statut == statut, 2 + n) for n, statut in enumerate(_REST))
    )
    due, first = sa.case((rank == 0, I.date_limite)), sa.case((rank == 0, I.id))
    made = sa.case((rank > 1, I.date_creation))
    down = query.descendant
    return [(rank, False), (due, down), (first, down), (made, True), (I.id, True)]


def order(session: Session, query: ListQuery, among: Among = ALL) -> Order:
    """The strata of ``query``, each in the order of an index."""
    found = _order(session, query, among)
    if among.due_before is None or isinstance(found, Names):
        return found
    return [part for stratum in found for part in _called_before(stratum, among.due_before)]


def _called_before(stratum: Stratum, end: datetime) -> list[Stratum]:
    """What is due before an instant was called before it, but for the few that were due when they were called."""
    if not any(key is I.date_creation for key in stratum.keys[:1]):
        return [stratum]
    called = replace(stratum, where=sa.and_(stratum.where, I.date_creation < end))
    later = sa.and_(stratum.where, BACKDATED, I.date_creation >= end)
    few = replace(stratum, where=later, index=(I, "idx_intervention_antidatees"))
    return [few, called] if stratum.descending else [called, few]


def _order(session: Session, query: ListQuery, among: Among) -> Sequence[Stratum] | Names:
    if query.tri == "sla":
        return list(_by_deadline(query, among.values))
    name, down = (query.tri, query.descendant) if query.tri else ("date_creation", True)
    if name in _CLOSED:
        told = [v for v in _CLOSED[name] if v in among.values]
        values = told if told or name == "statut" else list(_CLOSED[name])
        return [Stratum(getattr(I, name) == v, [I.date_creation], down) for v in (values[::-1] if down else values)]
    if name == "numero" and among.agence is not None:
        return [Stratum(I.agence_id == among.agence, [I.numero], down, (I, "idx_intervention_agence_numero"))]
    if name in ("numero", "titre"):
        return [Stratum(sa.true(), [I.numero if name == "numero" else cle_tri(I.titre)], down)]
    if name in (*_FAR, *_READ):
        column, named = _named(session, name)
        if name in _FAR:
            rows = [[value] for value, _ in sorted(named, key=lambda pair: (pair[1], pair[0]), reverse=down)]
            return Names(column, [*rows, [None]], down)
        ranked = groupby(sorted(named, key=lambda pair: pair[1], reverse=down), key=lambda pair: pair[1])
        groups: list[list[Any]] = [[value for value, _ in group] for _, group in ranked]
        return Names(column, [*groups, [None]], down)
    column = {"date_planifiee": I.date_planifiee, "date_limite": I.date_limite}.get(name, I.date_creation)
    return [Stratum(column.is_not(None), [column], down), Stratum(column.is_(None), (), down)]


def _strata(session: Session, query: ListQuery, among: Among) -> Iterator[Stratum]:
    found = order(session, query, among)
    if not isinstance(found, Names):
        return iter(found)
    works = referred(session, found.column, _OWNERS) if est_sqlite(session) else None
    return (found if works is None else found.among({*works, None})).strata()


def _named(session: Session, name: str) -> tuple[Any, list[tuple[Any, str]]]:
    """The column of interventions that refers to a name, and the sort key of each of its values that has one."""
    if name == "agence_code":
        return I.agence_id, [(i, code) for i, code in session.execute(sa.select(Agence.id, Agence.code))]
    column, request = {
        "client": (I.client_id, sa.select(Client.id, Client.nom_entreprise)),
        "equipement": (I.equipement_id, sa.select(Equipement.id, Equipement.nom)),
        "technicien": (
            I.technicien_id, sa.select(Technicien.id, User.full_name).join(User, User.id == Technicien.user_id)
        ),
    }[name]  # fmt: skip
    return column, [(i, cle_de(nom)) for i, nom in session.execute(request)]


def _sorted(session: Session, request: sa.Select[Any], query: ListQuery) -> sa.Select[Any]:
    request, keys = _keyed(session, request, query)
    return ordonner(request, keys, I.id, descendant=_down(query))


def _down(query: ListQuery) -> bool:
    return query.descendant if query.tri else True


def _keyed(session: Session, request: sa.Select[Any], query: ListQuery) -> tuple[sa.Select[Any], list[Any]]:
    """What reaches the keys of an order, and the keys."""
    name = query.tri or "date_creation"
    if name in _FAR:
        return _FAR[name].join(request), list(_FAR[name].keys)
    if name == "technicien":
        names = rang(session, User.id, User.full_name)
        request = request.outerjoin(Technicien, Technicien.id == I.technicien_id)
        return request.outerjoin(names, names.c.id == Technicien.user_id), [names.c.rang]
    if name == "agence_code":
        return request.outerjoin(Agence, Agence.id == I.agence_id), [Agence.code]
    if name == "titre":
        return request, [cle_tri(I.titre)]
    if name in _CLOSED:
        return request, [_PLACES[name], I.date_creation]
    column = {"numero": I.numero, "date_planifiee": I.date_planifiee, "date_limite": I.date_limite}.get(
        name, I.date_creation)  # fmt: skip
    return request, [column]
