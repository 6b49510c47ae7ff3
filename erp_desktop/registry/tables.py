"""What is synchronised: tables, columns, kinds and merge policies, in foreign-key order.

Derived once from the mapped classes plus the few facts that they cannot say. Capture triggers, the centre's merge and
every generated statement read it; an identifier that is not in it never reaches SQL.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache, cached_property

import sqlalchemy as sa

from erp_desktop.models import Base
from erp_desktop.models.types import Instant, Jour, Montant
from erp_desktop.registry.policies import RULES, Group, Policy, Rules


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
    """A column; ``allowed`` is the regular expression of ``policies.Rules.centre_only``."""

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
        groups: columns decided together, those that are here.
        key: the natural key by which two rows are one row; empty when a person settles duplicates.
        added: (revision, columns before it) for each revision that gave columns to the table, oldest first.
    """

    name: str
    columns: tuple[SyncColumn, ...]
    references: tuple[Reference, ...]
    root: Reference | None
    follows: tuple[Reference, ...]
    scoped: bool
    device_writes: bool
    append_only: bool
    groups: tuple[Group, ...] = ()
    key: tuple[str, ...] = ()
    added: tuple[tuple[str, int], ...] = ()

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


_NOT_SYNCED = {"contenus", "contenus_morceaux", "journal_migrations"}
_CENTRE_ONLY_COLUMNS = {
    "users": {"hashed_password", "failed_login_attempts", "locked_until", "last_login", "password_changed_at"},
    "jours_feries": {"duree", "source", "confirme_le"},
}
_READ_ONLY = {"agences", "users", "competences", "taux_tva", "jours_feries", "horaires_agence", "regles_planning",
              "competences_requises"}  # fmt: skip
_APPEND_ONLY = {"historiques_interventions", "lignes_inventaire", "mouvements_stock", "paiements"}
_ROOTS = {
    "lignes_intervention": "intervention_id",
    "historiques_interventions": "intervention_id",
    "lignes_facture": "facture_id",
    "paiements": "facture_id",
    "technicien_competence": "technicien_id",
    "plannings": "equipement_id",
    "mouvements_stock": "depot_id",
    "stock_seuils": "depot_id",
    "inventaires": "depot_id",
    "contrat_equipements": "contrat_id",
    "contrat_periodes": "contrat_id",
    "lignes_inventaire": "inventaire_id",
    "creneaux": "intervention_id",
    "absences": "technicien_id",
}
_FOLLOWS = {
    "techniciens": {"user_id"},
    "contrats": {"client_id"},
    "equipements": {"client_id"},
    "factures": {"client_id"},
    "interventions": {"client_id", "equipement_id"},
    "documents": {"equipement_id", "intervention_id"},
    "preferences": {"user_id"},
    "vues_enregistrees": {"user_id"},
    "notifications": {"user_id"},
    "rapports_planifies": {"rapport_id"},
}
"""Besides ``_ROOTS``. What only lends itself to the row (a technicien, a part, a depot, a contract) is not here."""


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


def _column(table: sa.Table, column: sa.Column[object], rules: Rules, groups: dict[str, Group]) -> SyncColumn:
    name, kind = column.name, _kind(column)
    policy = Policy.CENTRE
    if name == "updated_at":
        policy = Policy.MAX
    elif table.name in _READ_ONLY or name in rules.centre_only:
        policy = Policy.CENTRE_SEUL
    elif name in rules.derived:
        policy = Policy.DERIVE
    elif name in groups:
        policy = Policy.GROUPE
    elif (table.name, name) == ("interventions", "statut"):
        policy = Policy.STATUT
    elif name in rules.ask or (kind is Kind.TEXT and name not in rules.centre):
        policy = Policy.ASK
    return SyncColumn(name, kind, policy, groups.get(name), rules.centre_only.get(name))


def _describe(table: sa.Table) -> SyncTable:
    hidden = _CENTRE_ONLY_COLUMNS.get(table.name, set())
    rules = RULES.get(table.name, Rules())
    # A program of before a renaming has the column under another name: outside its group, as it was then.
    present = (replace(g, columns=tuple(c for c in g.columns if c in table.columns)) for g in rules.groups)
    groups = tuple(g for g in present if len(g.columns) > 1)
    of = {c: g for g in groups for c in g.columns}
    columns = tuple(_column(table, c, rules, of) for c in table.columns if c.name not in hidden)
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
    root = next((r for r in references if r.column == _ROOTS.get(table.name)), None)
    follows = tuple(r for r in references if r == root or r.column in _FOLLOWS.get(table.name, set()))
    return SyncTable(
        table.name, columns, references, root, follows, "agence_id" in table.columns, table.name not in _READ_ONLY,
        table.name in _APPEND_ONLY, groups, rules.key, _added(table, [c.name for c in columns]),
    )  # fmt: skip


def _added(table: sa.Table, names: list[str]) -> tuple[tuple[str, int], ...]:
    """When the table got its later columns, and how many it had before."""
    told = {c.name: c.info.get("since") for c in table.columns}
    since = [told[n] for n in names]
    return tuple((r, n) for n, r in enumerate(since) if r is not None and r != since[n - 1])


TABLES: tuple[SyncTable, ...] = tuple(
    _describe(t)
    for t in Base.metadata.sorted_tables
    if t.schema is None and "engine" not in t.info and t.name not in _NOT_SYNCED
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
