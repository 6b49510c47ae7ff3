"""Where the acts on every table are kept, and those that the filter box asks for, newest first.

The audit rows of interventions and the making of every row are on each database. Changes of the other tables are in
the centre's journal (``sync.modifications``); a cache has those that it has not sent yet. A row is found by the time
in its identifier, which needs no index of its own.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import IntEnum
from itertools import chain
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db.abreast import abreast, together
from erp_desktop.domain import recherche
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import ValidationError
from erp_desktop.models import Base
from erp_desktop.models import HistoriqueIntervention as Historique
from erp_desktop.models.centre import modifications
from erp_desktop.models.local import sync_outbox
from erp_desktop.registry.bounds import OLDEST_ID
from erp_desktop.registry.tables import TABLES
from erp_desktop.services.audit.names import people_named, records_named
from erp_desktop.services.interventions.actions import ACTIONS as OF_INTERVENTIONS
from erp_desktop.services.shared.lists import ListQuery, est_sqlite, portee

MOST = 50_000
"""Acts of one list; a period narrows it."""
_SECOND = timedelta(microseconds=999_999)
WITHOUT_PERIOD = timedelta(days=90)
"""How far a list goes back that names no period and no record."""
ACTIONS = {**OF_INTERVENTIONS, "suppression": "Suppression"}


class Source(IntEnum):
    """What keeps an act."""

    HISTORY = 0
    MADE = 1
    CHANGED = 2
    WAITING = 3


_RANK = {t.name: rank for rank, t in enumerate(TABLES)}
_SMALL = 1 << 62
"""Above every identifier that an allocator gives before 2059."""
SILENT = frozenset({"historiques_interventions", "notifications", "preferences", "vues_enregistrees"})
"""Audit themselves, or a person's own comfort."""
_TOLD = frozenset({"interventions", "lignes_intervention", "temps", "creneaux", "attentes"})
"""The history of an intervention tells of them; shown beside it only when the table is asked for."""
TABLE_NAMES = tuple(sorted(t.name for t in TABLES if t.name not in SILENT))


Rows = frozenset[int] | sa.Select[int]
"""Rows of a table: by their numbers, or at the centre as the query that finds them, which is no trip of its own."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a list is narrowed to; ``words``: (authors, records by table), one of which each free word meets."""

    since: datetime | None = None
    until: datetime | None = None
    tables: frozenset[str] | None = None
    actions: frozenset[str] | None = None
    authors: frozenset[int] | None = None
    records: Mapping[str, Rows] | None = None
    words: tuple[tuple[frozenset[int], dict[str, frozenset[int]]], ...] = ()

    def takes(self, table: str) -> bool:
        if self.tables is not None:
            return table in self.tables
        return table not in SILENT and (self.records is not None or table not in _TOLD)


def read(typed: str) -> recherche.Filtre:
    """What the filter box understands."""
    lists = {"table": TABLE_NAMES, "acte": tuple(ACTIONS)}
    return recherche.analyser(typed, ("auteur", "fiche"), clock.today(), lists, ("du", "au"))


def hints(typed: str) -> list[str]:
    """French hints about what the filter box does not understand."""
    return read(typed).indices


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), clock.CASABLANCA).astimezone(UTC)


def _asked(session: Session, typed: str) -> Asked:
    found = read(typed)
    since, until = found.dates.get("du"), found.dates.get("au")
    if since is not None and until is not None and until < since:
        raise ValidationError({"au": "La fin de la période est avant son début."})
    authors = [people_named(session, word) for word in found.mots.get("auteur", ())]
    records = [records_named(session, word) for word in found.mots.get("fiche", ())]
    if since is None and not records:
        since = (until or clock.today()) - WITHOUT_PERIOD
    return Asked(
        _begin(since) if since is not None else None,
        _begin(until + timedelta(days=1)) if until is not None else None,
        frozenset(found.mots["table"]) if "table" in found.mots else None,
        frozenset(found.mots["acte"]) if "acte" in found.mots else None,
        frozenset().union(*authors) if authors else None,
        _joined(records) if records else None,
        tuple((people_named(session, word), records_named(session, word)) for word in found.libre),
    )


def _joined(parts: Iterable[dict[str, frozenset[int]]]) -> dict[str, frozenset[int]]:
    made: dict[str, frozenset[int]] = defaultdict(frozenset)
    for part in parts:
        for table, pks in part.items():
            made[table] |= pks
    return dict(made)


def ids(session: Session, acteur: Acteur, query: ListQuery) -> list[int]:
    """Every act that the filter box asks for, at most ``MOST`` of the latest, in order.

    Raises:
        NotAllowedError, ValidationError
    """
    roles.exiger(acteur, roles.Droit.AUDITER)
    # A first page of the newest needs no more of any source than itself.
    most = MOST if query.limite is None or (query.tri and not query.descendant) else min(MOST, query.limite)
    found = places(session, acteur, _asked(session, query.texte), most)
    # Sorted by its one sortable column, the time; the newest first unless asked otherwise.
    found.sort(reverse=query.descendant or not query.tri)
    return [place for _, place in found][: query.limite]


def places(session: Session, acteur: Acteur, asked: Asked, most: int = MOST) -> list[tuple[datetime, int]]:
    """The latest acts, ``most`` at most, newest first."""

    return [(when, key(*kept)) for when, kept in found(session, acteur, asked, most)]


Kept = tuple[Source, str, int]
"""Where an act is kept: the source, the table that has the row, its number there."""


def found(session: Session, acteur: Acteur, asked: Asked, most: int = MOST) -> list[tuple[datetime, Kept]]:
    """The same by where each is kept."""

    def of(source: Callable[..., Iterator[tuple[datetime, Kept]]]) -> Callable[[Any], list[tuple[datetime, Kept]]]:
        return lambda side: list(source(side, acteur, asked, most))

    parts = abreast(session, *map(of, (_history, _made, _changed, _waiting)))
    return sorted(chain(*parts), key=lambda one: (one[0], key(*one[1])), reverse=True)[:most]


def key(source: Source, table: str, ident: int) -> int:
    """One number of 63 bits for an act, wherever it is kept.

    Identifiers given by an allocator are one of a kind across all tables; small ones, taken over from elsewhere, take
    their table along. What the journal or the outbox numbers is below zero.
    """
    if source in (Source.CHANGED, Source.WAITING):
        return -ident
    if ident >= OLDEST_ID:
        return ident
    return _SMALL | _RANK[table] << 32 | ident


def located(session: Session, keys: Iterable[int]) -> dict[int, Kept]:
    """Where each act is kept: the source, the table that has the row, its number there."""
    found: dict[int, Kept] = {}
    given: list[int] = []
    for one in keys:
        if one < 0:
            found[one] = (Source.WAITING if est_sqlite(session) else Source.CHANGED, "", -one)
        elif one >= _SMALL:
            table = TABLES[one >> 32 & 0xFFFF].name
            found[one] = (_source(table), table, one & OLDEST_ID - 1)
        else:
            given.append(one)
    if given:
        asked = "SELECT value FROM json_each(:ids)" if est_sqlite(session) else (
            "SELECT value::bigint FROM json_array_elements_text(CAST(:ids AS json))")  # fmt: skip
        every = " UNION ALL ".join(
            f"SELECT '{t.name}' AS nom_table, id FROM {t.name} WHERE id IN ({asked})" for t in TABLES
        )
        for table, ident in session.execute(sa.text(every), {"ids": json.dumps(given)}):
            found[ident] = (_source(table), table, ident)
    return found


def _source(table: str) -> Source:
    return Source.HISTORY if table == Historique.__tablename__ else Source.MADE


def _met(asked: Asked, table: str, author: Any, pk: Any) -> list[sa.ColumnElement[bool]]:
    """Conditions on who did it and to what."""
    conditions = []
    if asked.authors is not None:
        conditions.append(author.in_(asked.authors))
    if asked.records is not None:
        conditions.append(_among(pk, asked.records.get(table, frozenset())))
    conditions += [sa.or_(author.in_(who), pk.in_(what.get(table, ()))) for who, what in asked.words]
    return conditions


def _minted(asked: Asked, ident: Any) -> list[sa.ColumnElement[bool]]:
    """The period, by the milliseconds that an identifier begins with."""

    def first(moment: datetime) -> int:
        return max(0, round(moment.timestamp() * 1000) - clock.EPOCH_MS) << 22

    lower = [ident >= first(asked.since)] if asked.since is not None else []
    return lower + ([ident < first(asked.until)] if asked.until is not None else [])


def _history(session: Session, acteur: Acteur, asked: Asked, most: int) -> Iterator[tuple[datetime, Kept]]:
    h = Historique
    if asked.tables is not None and "interventions" not in asked.tables:
        return
    query = sa.select(h.horodatage, h.id).where(
        *_minted(asked, h.id), *portee(acteur, h.agence_id),
        *_met(asked, "interventions", h.user_id, h.intervention_id),
    )  # fmt: skip
    if asked.actions is not None:
        query = query.where(h.action.in_(asked.actions))
    for when, ident in session.execute(query.order_by(h.id.desc()).limit(most)):
        yield when, (Source.HISTORY, Historique.__tablename__, ident)


def _made(session: Session, acteur: Acteur, asked: Asked, most: int) -> Iterator[tuple[datetime, Kept]]:
    if asked.actions is not None and "creation" not in asked.actions:
        return
    # The audit row of an intervention says it already.
    tables = [t for t in TABLES if asked.takes(t.name) and t.name != "interventions"]
    tables = [t for t in tables if asked.records is None or t.name in asked.records]
    queries = []
    for table in tables:
        t = Base.metadata.tables[table.name]
        query = sa.select(t.c.created_at, t.c.id).where(
            *_minted(asked, t.c.id), *_met(asked, table.name, t.c.created_by_id, t.c.id)
        )
        if table.scoped:
            query = query.where(*portee(acteur, t.c.agence_id))
        queries.append(query.order_by(t.c.id.desc()).limit(most))
    for table, found in zip(tables, together(session, *queries) if queries else [], strict=True):
        for when, ident in found:
            yield when, (Source.MADE, table.name, ident)


OPERATIONS = {"U": "modification", "D": "suppression"}


def _changed(session: Session, acteur: Acteur, asked: Asked, most: int) -> Iterator[tuple[datetime, Kept]]:
    if est_sqlite(session):
        return
    m = modifications.c
    tables = [t.name for t in TABLES if asked.takes(t.name)]
    query = sa.select(m.quand, m.nom_table, m.id).where(m.nom_table.in_(tables), *portee(acteur, m.agence_id))
    if asked.since is not None:
        query = query.where(m.quand >= asked.since)
    if asked.until is not None:
        query = query.where(m.quand < asked.until)
    if asked.actions is not None:
        query = query.where(m.operation.in_([o for o, a in OPERATIONS.items() if a in asked.actions]))
    if asked.authors is not None:
        query = query.where(m.auteur.in_(asked.authors))
    if asked.records is not None:
        query = query.where(_one_of(asked.records, m.nom_table, m.pk))
    for who, what in asked.words:
        query = query.where(sa.or_(m.auteur.in_(who), _one_of(what, m.nom_table, m.pk)))
    for when, _table, ident in session.execute(query.order_by(m.quand.desc()).limit(most)):
        yield when, (Source.CHANGED, "", ident)


def _one_of(records: Mapping[str, Rows], table: Any, pk: Any) -> sa.ColumnElement[bool]:
    return sa.or_(sa.false(), *(sa.and_(table == name, _among(pk, pks)) for name, pks in records.items()))


def _among(pk: Any, rows: Rows) -> sa.ColumnElement[bool]:
    # Read once, before what it narrows: an index is looked into as with numbers.
    same: sa.ColumnElement[bool] = (
        pk == sa.any_(sa.func.array(rows.scalar_subquery())) if isinstance(rows, sa.Select) else pk.in_(rows)
    )
    return same


def _waiting(session: Session, _acteur: Acteur, asked: Asked, _most: int) -> Iterator[tuple[datetime, Kept]]:
    """What a cache has not sent; its own agency's by nature."""
    if not est_sqlite(session):
        return
    o = sync_outbox.c
    first = sa.func.min(o.id)
    query = (
        sa.select(sa.func.min(o.quand), o.nom_table, first, o.pk, o.user_id)
        .where(o.op != "I", o.nom_table.in_([t.name for t in TABLES if asked.takes(t.name)]))
        .where(sa.or_(o.op == "D", o.colonne != "updated_at"))
        .group_by(o.groupe, o.nom_table, o.pk).order_by(first.desc()).limit(MOST)
    )  # fmt: skip
    if asked.actions is not None:
        query = query.where(o.op.in_([op for op, a in OPERATIONS.items() if a in asked.actions]))
    for text, table, ident, pk, author in session.execute(query):
        # Kept to the second: at its end, behind what the same second made.
        when = clock.from_text(text) + _SECOND
        if (asked.since and when < asked.since) or (asked.until and when >= asked.until):
            continue
        if asked.authors is not None and author not in asked.authors:
            continue
        known = frozenset() if asked.records is None else asked.records.get(table, frozenset())
        if asked.records is not None and (isinstance(known, sa.Select) or pk not in known):
            continue
        if all(author in who or pk in what.get(table, ()) for who, what in asked.words):
            yield when, (Source.WAITING, "", ident)
