"""What people call the rows that the audit speaks of, and which rows a typed word may mean."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.db.abreast import abreast, together
from erp_desktop.models import Base, User
from erp_desktop.models.declare import said
from erp_desktop.registry import technicien_names
from erp_desktop.registry.tables import BY_NAME, TABLES
from erp_desktop.services.shared.lists import paquets, un_de

_MANY = 500
"""Records that one word means at most: more is no name."""


def people_named(session: Session, word: str) -> frozenset[int]:
    """Accounts whose name or login holds a folded word."""
    return frozenset(session.scalars(sa.select(User.id).where(un_de(session, word, User.full_name, User.username))))


def records_named(session: Session, word: str) -> dict[str, frozenset[int]]:
    """Rows of each table that a folded word may name: by what they are known by, or by their identifier."""
    queries: dict[str, sa.Select[int]] = {}
    for table in TABLES:
        t = Base.metadata.tables[table.name]
        known = [t.c[c] for c in dict.fromkeys((table.name_column, *table.known_by)) if c in t.c]
        tests = [un_de(session, word, *known)] if known else []
        if word.isascii() and word.isdecimal() and len(word) < 19:
            tests.append(t.c.id == int(word))
        if tests:
            queries[table.name] = sa.select(t.c.id).where(sa.or_(*tests)).limit(_MANY)
    answers = zip(queries, together(session, *queries.values()), strict=True)
    return {name: frozenset(pk for (pk,) in rows) for name, rows in answers if rows}


def labels(session: Session, wanted: Iterable[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """(table, key) → what people call the row: its number or name, else that of the row it belongs to."""
    by_table: dict[str, set[int]] = defaultdict(set)
    for table, pk in wanted:
        by_table[table].add(pk)

    def of(table: str, pks: set[int]) -> Callable[[Any], dict[int, str]]:
        return lambda side: _labels(side, table, pks)

    named = abreast(session, *(of(table, pks) for table, pks in by_table.items()))
    pairs = zip(by_table, named, strict=True)
    return {(table, pk): name for table, names in pairs for pk, name in names.items()}


def _labels(session: Session, table: str, pks: set[int]) -> dict[int, str]:
    if table == "techniciens":
        return technicien_names.noms(session, pks)
    if table not in BY_NAME:
        return {}
    known, t = BY_NAME[table], Base.metadata.tables[table]
    column = known.name_column or (known.root.column if known.root is not None else _first_text(table))
    if not column:
        return {}

    def values(side: Any) -> dict[int, object]:
        read: dict[int, object] = {}
        for block in paquets(list(pks)):
            found = side.execute(sa.select(t.c.id, t.c[column].label("value")).where(t.c.id.in_(block)))
            read |= {row.id: row.value for row in found}
        return read

    if not known.name_column and known.root is not None and known.root.target == "techniciens":
        # Their names are made of all of them, whoever is asked for.
        of_row, every = abreast(session, values, technicien_names.tous)
        whose = {pk: p for pk, p in of_row.items() if isinstance(p, int)}
        named = technicien_names.dire(every, whose.values())
        return {pk: named[p] for pk, p in whose.items() if p in named}
    read = values(session)
    if known.name_column or known.root is None:
        return {pk: str(name) for pk, name in read.items() if name}
    parents = _labels(session, known.root.target, {p for p in read.values() if isinstance(p, int)})
    return {pk: parents[p] for pk, p in read.items() if isinstance(p, int) and p in parents}


def _first_text(table: str) -> str:
    """The first typed text of a table whose rows have no name of their own; empty when there is none."""
    for column in Base.metadata.tables[table].columns:
        declared = said(column)
        if isinstance(column.type, sa.String) and declared is not None and declared.values is None:
            return column.name
    return ""


def targets(session: Session, wanted: Iterable[tuple[str, str, int]]) -> dict[tuple[str, str, int], str]:
    """(table, column, value) → what people call the row that a reference points at."""
    asked: dict[str, set[int]] = defaultdict(set)
    pairs: list[tuple[tuple[str, str, int], str]] = []
    for table, column, value in wanted:
        found = next((r.target for r in BY_NAME[table].references if r.column == column), "") if (
            table in BY_NAME) else ""  # fmt: skip
        target = found or {"agence_id": "agences", "created_by_id": "users", "user_id": "users"}.get(column, "")
        if target:
            asked[target].add(value)
            pairs.append(((table, column, value), target))
    named = labels(session, ((target, pk) for target, pks in asked.items() for pk in pks))
    return {key: named[target, key[2]] for key, target in pairs if (target, key[2]) in named}
