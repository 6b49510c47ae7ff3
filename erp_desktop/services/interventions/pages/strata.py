"""The order of a list of interventions as strata, each along an index.

One statut after another, one name after another, what has a date before what has none; a stratum that holds none of
what is asked is left out, since it would be walked to its end for nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.domain.enums import Priorite, Statut
from erp_desktop.models import Agence, Client, Equipement, Intervention, Technicien, User
from erp_desktop.models.expressions import sorting
from erp_desktop.models.expressions.sorting import cle_tri
from erp_desktop.services.shared.lists import ListQuery, cle_de, est_sqlite
from erp_desktop.services.shared.places import PACK, Names, Order, Stratum
from erp_desktop.services.shared.places.sorts import along
from erp_desktop.services.shared.places.stretches import held, referred

ACTIFS = (Statut.OUVERTE, Statut.AFFECTEE, Statut.EN_COURS)
A_PLANIFIER = (Statut.OUVERTE, Statut.AFFECTEE, Statut.EN_ATTENTE)
"""What may wait for a place in the planning."""
A_FAIRE = (*ACTIFS, Statut.EN_ATTENTE)
"""What is not over: of a table of years a few."""
I = Intervention  # noqa: E741
ONGOING = sa.text("(" + " OR ".join(f"interventions.statut = '{s.value}'" for s in ACTIFS) + ")")
"""Spelled as in the index of running deadlines, which holds no other rows."""
TO_DO = sa.text("(" + " OR ".join(f"interventions.statut = '{s.value}'" for s in A_FAIRE) + ")")
"""Likewise of the index of what is not over."""
BACKDATED = sa.text(
    "COALESCE(interventions.date_limite, interventions.date_planifiee, interventions.date_creation)"
    " < interventions.date_creation"
)
"""Due before it was called; spelled as in the index of those."""
REST = (Statut.EN_ATTENTE, Statut.CLOTUREE, Statut.ARCHIVEE, Statut.ANNULEE)
"""What does not run, in the order of the list."""
CLOSED: dict[str, Sequence[str]] = {"statut": list(Statut), "priorite": list(Priorite)}
DAYS: dict[str | None, str] = {
    "": "cree", "date_creation": "cree", "statut": "cree", "priorite": "cree", "date_planifiee": "planifiee",
    "date_limite": "echeance",
}  # fmt: skip
"""Order → the day that its strata are sorted by, as ``list.JOURS`` calls it."""
READ = ("technicien", "agence_code")
"""Orders by a few names, which are read before the rows."""
FAR = {
    "client": along(Client.nom_entreprise, lambda r: r.join(Client, Client.id == I.client_id)),
    "equipement": along(Equipement.nom, lambda r: r.join(Equipement, Equipement.id == I.equipement_id)),
}
"""Orders by the name of what each intervention refers to; there may be hundreds of thousands of them."""
OWNERS = 1024
"""Where none of the first names has work, the walk begins with the first of no more than so many that have some."""


@dataclass(frozen=True, slots=True)
class Among:
    """What a request selects among: strata of others would be walked to their end for nothing.

    Attributes:
        values: statuts, and priorities if not all of them.
        agence: the only agency, of a list by number.
        called_since: all of it was called then or later.
        due_before: all of it is due earlier.
        unassigned: none of it has a technicien.
        to_do: none of it is over.
        of: what the agency of a row has to be; of a name too, unless it is of all: the centre refuses any other.
    """

    values: Collection[str] = tuple(Statut)
    agence: int | None = None
    called_since: datetime | None = None
    due_before: datetime | None = None
    unassigned: bool = False
    to_do: bool = False
    of: Callable[[Any], sa.ColumnElement[bool]] | None = None

    def named(self, agence: Any) -> list[sa.ColumnElement[bool]]:
        """What is asked of the agency of a name."""
        return [] if self.of is None else [sa.or_(self.of(agence), agence.is_(None))]

    def open(self, order: str) -> tuple[sa.ColumnElement[bool], tuple[Any, str] | None]:
        """What the rows of an order have to be, and the index of those alone, if there is one."""
        if not (self.to_do and order in sorting.TO_DO):
            return sa.true(), None
        return sa.and_(TO_DO), (I, sorting.to_do_index(order))


ALL = Among()


def order(session: Session, query: ListQuery, among: Among = ALL) -> Order:
    """The strata of ``query``, each in the order of an index."""
    found = _order(session, query, among)
    if isinstance(found, Names):
        return found
    return [part for stratum in found for part in _possible(stratum, among)]


def _possible(stratum: Stratum, among: Among) -> list[Stratum]:
    """Of what is sorted by one of both days only what the other leaves of it: a call comes before what it is due,
    but for the few that were due when they were called."""
    by = stratum.keys[0] if stratum.keys else None
    start, end = among.called_since, among.due_before
    if by is I.date_creation and end is not None:
        usual, few = by < end, sa.and_(by >= end, BACKDATED)
        usual_first = not stratum.descending
    elif by is I.date_limite and start is not None:
        usual, few = by >= start, sa.and_(by < start, I.date_creation >= start, BACKDATED)
        usual_first = stratum.descending
    else:
        return [stratum]
    rest = replace(stratum, where=sa.and_(stratum.where, usual))
    backdated = replace(stratum, where=sa.and_(stratum.where, few), index=(I, "idx_intervention_antidatees"))
    return [rest, backdated] if usual_first else [backdated, rest]


def _order(session: Session, query: ListQuery, among: Among) -> Sequence[Stratum] | Names:
    if query.tri == "sla":
        return list(_by_deadline(query, among.values))
    name, down = (query.tri, query.descendant) if query.tri else ("date_creation", True)
    there, index = among.open(name)
    part = partial(Stratum, descending=down, index=index)
    if name in CLOSED:
        told = [v for v in CLOSED[name] if v in among.values]
        values = told if told or name == "statut" else list(CLOSED[name])
        return [
            part(sa.and_(getattr(I, name) == v, there), [I.date_creation]) for v in (values[::-1] if down else values)
        ]
    if name == "numero" and among.agence is not None and index is None:
        return [Stratum(I.agence_id == among.agence, [I.numero], down, (I, "idx_intervention_agence_numero"))]
    if name in ("numero", "titre"):
        return [part(there, [I.numero if name == "numero" else cle_tri(I.titre)])]
    if name in (*FAR, *READ):
        column, named = _named(session, name, among)
        if name in FAR:
            rows = [[value] for value, _ in sorted(named, key=lambda pair: (pair[1], pair[0]), reverse=down)]
            return Names(column, [*rows, [None]], down, there, index)
        ranked = groupby(sorted(named, key=lambda pair: pair[1], reverse=down), key=lambda pair: pair[1])
        groups: list[list[Any]] = [[value for value, _ in group] for _, group in ranked]
        return Names(column, [*groups, [None]], down, there, index)
    column = {"date_planifiee": I.date_planifiee, "date_limite": I.date_limite}.get(name, I.date_creation)
    if name == "date_planifiee" and among.unassigned:
        # Of what nobody does hardly any has its day; along all days every other row would be passed over.
        theirs = partial(Stratum, descending=down, index=(I, "idx_intervention_sans_technicien"))
        free = I.technicien_id.is_(None)
        return [theirs(sa.and_(free, column.is_not(None)), [column]), theirs(sa.and_(free, column.is_(None)))]
    return [part(sa.and_(column.is_not(None), there), [column]), part(sa.and_(column.is_(None), there))]


def walked(session: Session, query: ListQuery, among: Among) -> Iterator[Stratum]:
    """The same one after the other; on a cache of few names only of those that have work."""
    found = order(session, query, among)
    if not isinstance(found, Names):
        return iter(found)
    works = referred(session, found.column, OWNERS) if est_sqlite(session) else None
    if works is None:
        return found.strata()
    return found.among({*works, None}).strata(held(session, found.column, works, PACK + 1))


def _named(session: Session, name: str, among: Among) -> tuple[Any, list[tuple[Any, str]]]:
    """The column of interventions that refers to a name, and the sort key of each of its values that has one."""
    if name == "agence_code":
        asked = () if among.of is None else (among.of(Agence.id),)
        return I.agence_id, [
            (i, code) for i, code in session.execute(sa.select(Agence.id, Agence.code).where(*asked))
        ]
    column, request = {
        "client": (I.client_id, sa.select(Client.id, Client.nom_entreprise)),
        "equipement": (I.equipement_id, sa.select(Equipement.id, Equipement.nom)),
        "technicien": (
            I.technicien_id, sa.select(Technicien.id, User.full_name).join(User, User.id == Technicien.user_id)
        ),
    }[name]  # fmt: skip
    request = request.where(*among.named(request.selected_columns[0].table.c.agence_id))
    return column, [(i, cle_de(nom)) for i, nom in session.execute(request)]


def _by_deadline(query: ListQuery, statuts: Collection[str]) -> Iterator[Stratum]:
    """What runs, by deadline; then what waits; then done work, newest first."""
    if not set(ACTIFS).isdisjoint(statuts):
        yield Stratum(
            sa.and_(ONGOING, I.date_limite.is_not(None)), [I.date_limite], query.descendant,
            index=(I, "idx_intervention_echeance"),
        )  # fmt: skip
        yield Stratum(sa.and_(ONGOING, I.date_limite.is_(None)), descending=True)
    for statut in REST:
        if statut in statuts:
            yield Stratum(I.statut == statut, [I.date_creation], descending=True)
