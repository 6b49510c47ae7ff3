"""One list as a declaration: what its rows show, the words of its filter box, how it sorts.

A row is a frozen dataclass. A field named like a column is that column; what other tables hold is named in ``far``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain import recherche
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models.declare import said
from erp_desktop.models.expressions.sorting import sort_key
from erp_desktop.services.search import exact
from erp_desktop.services.shared.lists import (
    Colonne,
    ListQuery,
    dans_l_ordre,
    paquets,
    portee,
    un_de,
)
from erp_desktop.services.shared.places import Long, Stratum, pages
from erp_desktop.services.shared.places.sorts import Join, Sort, along, ranked, sorted_ids

R = TypeVar("R")
Where = Callable[[Session, Sequence[str]], sa.ColumnElement[bool]]
"""Condition of the values of one typed word."""


@dataclass(frozen=True)
class Word:
    """A typed word of the filter box: its condition, and its closed list when it has one."""

    where: Where
    values: tuple[str, ...] = ()


def closed(column: Any) -> Word:
    """A word that takes its values from the closed list of a column."""
    declared = said(column.property.columns[0])
    if declared is None or declared.values is None:
        raise ValueError(f"no closed list for {column}")
    return Word(lambda _session, values: column.in_(values), tuple(declared.values))


def text(column: Any) -> Word:
    """A word that looks for its values in a text."""
    return Word(lambda session, values: sa.or_(*(exact.text(session, column, v) for v in values)))


def of_client(client_id: Any) -> Word:
    """A word that names the client that a row belongs to."""

    return Word(lambda session, values: exact.client(session, client_id, values))


def of_contract(contrat_id: Any) -> Word:
    """A word that gives the number of a contract."""
    return Word(lambda session, values: exact.contract(session, contrat_id, values))


def of_agency(agence_id: Any) -> Word:
    """A word that gives the code of an agency."""
    return Word(lambda _s, values: exact.agency(agence_id, values))


@dataclass(frozen=True)
class Far:
    """What another table holds: the value, and the join that reaches it.

    Attributes:
        every: each row has one there, so that the list sorts along the index of the value.
        sorts: the list offers it as an order; a long list does not where each row has to be counted for it.
    """

    value: Colonne
    join: Join = lambda request: request
    every: bool = False
    sorts: bool = True


@dataclass(frozen=True)
class Listing(Generic[R]):
    """One list.

    Attributes:
        model: mapped class of the rows; its ``is_active`` rows are listed.
        withdrawn: the others too, or it has no such column.
        row: frozen dataclass of one row.
        sort: field of the row by which the list is sorted when no column is chosen.
        words: typed word → its condition.
        free: columns in which every free word is looked for.
        also: another condition that a free word may meet instead; None: it has none for this word.
        far: field of the row → what another table holds.
        base: joins that every question needs.
        ranked: field of the row → sort key that is not the column itself; ``sort`` of closed lists, say.
        shown: field of the row → how a stored value is shown.
    """

    model: Any
    row: type[R]
    sort: str
    words: Mapping[str, Word]
    free: Sequence[Colonne]
    also: Callable[[Session, str], sa.ColumnElement[bool] | None] = lambda _session, _word: None
    far: Mapping[str, Far] = field(default_factory=dict)
    base: Join = lambda request: request
    ranked: Mapping[str, Colonne] = field(default_factory=dict)
    shown: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    withdrawn: bool = False

    def read(self, typed: str) -> recherche.Filtre:
        """What the filter box understands."""
        lists = {word: list(told.values) for word, told in self.words.items() if told.values}
        open_words = tuple(word for word, told in self.words.items() if not told.values)
        return recherche.analyser(typed, open_words, clock.today(), lists)

    def hints(self, typed: str) -> list[str]:
        """French hints about what the filter box does not understand."""
        return self.read(typed).indices

    def conditions(self, session: Session, acteur: Acteur, typed: str) -> list[sa.ColumnElement[bool]]:
        """WHERE clauses of the filter box and of the person's scope."""
        found = self.read(typed)
        every = [] if self.withdrawn else [self.model.is_active.is_(True)]
        every += portee(acteur, self.model.agence_id)
        every += [self.words[word].where(session, values) for word, values in found.mots.items()]
        for word in found.libre:
            one, other = un_de(session, word, *self.free), self.also(session, word)
            every.append(one if other is None else sa.or_(one, other))
        return every

    def _column(self, name: str) -> Colonne:
        return self.far[name].value if name in self.far else getattr(self.model, name)

    def _sort(self, query: ListQuery) -> Sort:
        known = {f.name for f in fields(self.row)} - {n for n, far in self.far.items() if not far.sorts}  # type: ignore[arg-type]
        name = query.tri if query.tri in known else self.sort
        if name in self.ranked:
            stored = self.model.__table__.c.get(name)
            declared = said(stored) if stored is not None else None
            if declared is not None and declared.values:
                return ranked(self._column(name), self.ranked[name], list(declared.values))
            return Sort([self.ranked[name]], self.far[name].join if name in self.far else lambda request: request)
        if name in self.far:
            far = self.far[name]
            return along(far.value, far.join) if far.every else Sort([sort_key(far.value)], far.join)
        return along(self._column(name))

    def request(self, session: Session, acteur: Acteur, query: ListQuery) -> sa.Select[int]:
        """The identifiers that the filter box asks for, in no order."""
        roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
        asked: sa.Select[int] = self.base(sa.select(self.model.id))
        return asked.where(*self.conditions(session, acteur, query.texte))

    def order(self, _session: Session, query: ListQuery) -> list[Stratum] | None:
        """What the list is read along; None: it sorts by what no index holds."""
        return self._sort(query).order(query)

    def first(self, session: Session, acteur: Acteur, query: ListQuery) -> sa.Select[int] | None:
        """See :data:`pages.First`."""
        return pages.first(self.request(session, acteur, query), self.model.id, self._sort(query), query)

    def ids(self, session: Session, acteur: Acteur, query: ListQuery) -> list[int]:
        """Every matching identifier, in order."""
        return sorted_ids(session, self.request(session, acteur, query), self.model.id, self._sort(query), query)

    @property
    def places(self) -> Long:
        """How any place is reached, of a list that grows with the business."""
        return Long(self.model.id, self.ids, self.request, self.order)

    def rows(self, session: Session, acteur: Acteur, ids: Sequence[int]) -> list[R]:
        """Rows of a visible window, in the order of ``ids``."""
        roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
        names = [f.name for f in fields(self.row)]  # type: ignore[arg-type]
        found: dict[int, R] = {}
        request = self.base(sa.select(*(self._column(name).label(name) for name in names)))
        for far in self.far.values():
            request = far.join(request)
        for block in paquets(ids):
            asked = request.where(self.model.id.in_(block), *portee(acteur, self.model.agence_id))
            for read in session.execute(asked).mappings():
                values = dict(read)
                for name, show in self.shown.items():
                    values[name] = show(values[name])
                found[read["id"]] = self.row(**values)
        return dans_l_ordre(ids, found)


def by_rank(column: Any) -> sa.ColumnElement[Any]:
    """Sort key of a closed list in the order in which it is declared."""
    declared = said(column.property.columns[0])
    if declared is None or declared.values is None:
        raise ValueError(f"no closed list for {column}")
    return sa.case({value.value: place for place, value in enumerate(declared.values)}, value=column)
