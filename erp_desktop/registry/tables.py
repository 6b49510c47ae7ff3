"""What is synchronised: tables, columns, kinds and merge policies, in foreign-key order.

Derived once from the mapped classes and what they declare (``models.declare``). Capture triggers, the centre's merge
and every generated statement read it; an identifier that is not in it never reaches SQL.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, cached_property

import sqlalchemy as sa

from erp_desktop.models import Base
from erp_desktop.models.declare import Noun, noun, said
from erp_desktop.models.types import Instant, Jour, Montant
from erp_desktop.registry.policies import Group, Policy, groups, policy


class Kind(StrEnum):
    """A column's type, as the PostgreSQL cast that reads its textual form."""

    INT = "bigint"
    TEXT = "text"
    BOOL = "boolean"
    DATE = "date"
    INSTANT = "timestamptz"
    DECIMAL = "numeric"
    JSON = "jsonb"
    BYTES = "bytea"
    FLOAT = "double precision"


@dataclass(frozen=True, slots=True)
class SyncColumn:
    """A column; ``allowed`` is the regular expression of ``Field.allowed``."""

    name: str
    kind: Kind
    policy: Policy
    group: Group | None = None
    allowed: str | None = None

    @property
    def asks(self) -> bool:
        """Whether a person decides when this column lost."""
        return self.policy in {Policy.ASK, Policy.STATUT} or (self.group is not None and self.group.asks)


@dataclass(frozen=True, slots=True)
class Reference:
    column: str
    target: str


@dataclass(frozen=True)
class SyncTable:
    """One synchronised table.

    Attributes:
        columns: synchronised columns in table order; ``id`` first.
        references: foreign keys to synchronised tables, ``agence_id`` left out.
        root: the column through which the row takes its ``agence_id`` from a parent, if any.
        follows: references to rows that take this one along when they move to another agency; ``root`` among them.
        scoped: has ``agence_id``; False is shared by nature.
        device_writes: devices may change it; False is written by administrators at the centre only.
        append_only: devices only ever add rows.
        taken_back: and take one away again, while a rule lets them.
        groups: columns decided together, those that are here.
        witness: the column that is told with every change of a row, where it is here; empty for none.
        key: the natural key by which two rows are one row; empty when a person settles duplicates.
        made, kept: what ``Noun`` says of rows with that key.
        added: (revision, columns before it) for each revision that gave columns to the table, oldest first.
        name_column: by which a person knows a row; empty when there is none.
        known_by: columns by which a file names a row, the surest first.
    """

    name: str
    columns: tuple[SyncColumn, ...]
    references: tuple[Reference, ...]
    root: Reference | None
    follows: tuple[Reference, ...]
    scoped: bool
    device_writes: bool
    append_only: bool
    taken_back: bool
    groups: tuple[Group, ...] = ()
    witness: str = ""
    key: tuple[str, ...] = ()
    made: bool = False
    kept: tuple[str, ...] = ()
    added: tuple[tuple[str, int], ...] = ()
    name_column: str = ""
    known_by: tuple[str, ...] = ()

    def column(self, name: str) -> SyncColumn:
        return _by_name(self)[name]

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.columns)

    @cached_property
    def sent(self) -> tuple[str, ...]:
        """Columns that a device tells the centre."""
        return tuple(c.name for c in self.columns if c.policy is not Policy.DERIVE)

    @cached_property
    def copy(self) -> str:
        """The centre's function that copies the table with the columns that this program knows."""
        return f"copie_{self.name}_{self.added[-1][0]}" if self.added else f"copie_{self.name}"

    @cached_property
    def generations(self) -> tuple[tuple[str, int], ...]:
        """(name of the copying function, columns) for each set of columns that a program in use may know."""
        last, found, name = len(self.columns), [], f"copie_{self.name}"
        for revision, known in self.added:
            found.append((name, known))
            name = f"copie_{self.name}_{revision}"
        return (*found, (name, last))

    @cached_property
    def group_of(self) -> dict[str, Group]:
        """Column → the group that it is decided with."""
        return {c: g for g in self.groups for c in g.columns}

    def together(self, columns: Iterable[str]) -> set[str]:
        """``columns`` with those that are decided with them."""
        found = set(columns)
        for name in tuple(found):
            if (group := self.group_of.get(name)) is not None:
                found.update(group.columns)
        return found


@cache
def _by_name(table: SyncTable) -> dict[str, SyncColumn]:
    return {c.name: c for c in table.columns}


_OF_EVERY_ROW = {"id", "created_at", "updated_at", "created_by_id"}


def _kind(column: sa.Column[object]) -> Kind:
    kind = column.type
    if isinstance(kind, Instant):
        return Kind.INSTANT
    if isinstance(kind, Montant):
        return Kind.DECIMAL
    if isinstance(kind, Jour):
        return Kind.DATE
    for base, answer in (
        (sa.Boolean, Kind.BOOL), (sa.Date, Kind.DATE), (sa.JSON, Kind.JSON), (sa.LargeBinary, Kind.BYTES),
        (sa.Float, Kind.FLOAT), (sa.Integer, Kind.INT), (sa.String, Kind.TEXT),
    ):  # fmt: skip
        if isinstance(kind, base):
            return answer
    raise TypeError(f"{column}: {kind!r} has no synchronised form")


def _column(noun: Noun, column: sa.Column[object], groups: dict[str, Group]) -> SyncColumn:
    field, kind = said(column), _kind(column)
    if column.name not in _OF_EVERY_ROW and (field is None or not field.label):
        raise TypeError(f"{column}: declare its label, as docs/guide_developpeur.md says")
    found = policy(noun, column, grouped=column.name in groups, text=kind is Kind.TEXT)
    return SyncColumn(column.name, kind, found, groups.get(column.name), field.allowed if field else None)


def _describe(table: sa.Table, noun: Noun) -> SyncTable:
    kept = groups(noun, table)
    of = {c: g for g in kept for c in g.columns}
    shown = [c for c in table.columns if (field := said(c)) is None or not field.stays]
    columns = tuple(_column(noun, c, of) for c in shown)
    references = tuple(
        sorted(
            (
                Reference(key.parent.name, key.column.table.name)
                for key in table.foreign_keys
                if key.parent.name != "agence_id"
            ),
            key=lambda r: r.column,
        )
    )
    root = next((r for r in references if r.column == noun.root), None)
    follows = tuple(r for r in references if r == root or r.column in noun.follows)
    return SyncTable(
        table.name, columns, references, root, follows, "agence_id" in table.columns, noun.device_writes,
        noun.append_only, noun.taken_back, kept, noun.witness if noun.witness in table.columns else "", noun.key,
        noun.made, noun.kept,
        _added(table, [c.name for c in columns]),
        noun.name, noun.known_by or tuple(filter(None, [noun.name])),
    )  # fmt: skip


def _added(table: sa.Table, names: list[str]) -> tuple[tuple[str, int], ...]:
    """When the table got its later columns, and how many it had before."""
    told = {c.name: c.info.get("since") for c in table.columns}
    since = [told[n] for n in names]
    return tuple((r, n) for n, r in enumerate(since) if r is not None and r != since[n - 1])


TABLES: tuple[SyncTable, ...] = tuple(
    _describe(t, declared) for t in Base.metadata.sorted_tables if (declared := noun(t)) is not None
)
"""Every synchronised table, parents before children."""

BY_NAME = {t.name: t for t in TABLES}


@dataclass(frozen=True, slots=True)
class Renamed:
    """A column under another name: programs from before ``revision`` still speak of ``old``.

    The column keeps its rank in the table, because rows cross the line as plain lists of values.
    """

    table: str
    old: str
    new: str
    revision: str


RENAMED = (Renamed("plannings", "rrule", "recurrence", "ce8f4a6c0b7d"),)

_PRESENT_NAMES = {(r.table, r.old): r.new for r in RENAMED}


def present_name(table: str, column: str | None) -> str | None:
    """The name that a column has now; None stays None."""
    return _PRESENT_NAMES.get((table, column), column) if column is not None else None
