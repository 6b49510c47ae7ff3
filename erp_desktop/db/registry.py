"""What is synchronised: tables, columns, kinds and merge policies, in foreign-key order.

Derived once from the mapped classes plus the few facts that they cannot say. Capture triggers, the centre's merge and
every generated statement read it; an identifier that is not in it never reaches SQL.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache, cached_property

import sqlalchemy as sa

from erp_desktop.models import Base
from erp_desktop.models.types import Instant, Jour, Montant


class Policy(StrEnum):
    """What the centre does when both sides changed one field (see docs/sync.md)."""

    ASK = "ask"
    STATUT = "statut"
    CENTRE = "centre"
    MAX = "max"


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
    name: str
    kind: Kind
    policy: Policy


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
    """

    name: str
    columns: tuple[SyncColumn, ...]
    references: tuple[Reference, ...]
    root: Reference | None
    follows: tuple[Reference, ...]
    scoped: bool
    device_writes: bool
    append_only: bool

    def column(self, name: str) -> SyncColumn:
        return _by_name(self)[name]

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.columns)


@cache
def _by_name(table: SyncTable) -> dict[str, SyncColumn]:
    return {c.name: c for c in table.columns}


_NOT_SYNCED = {"contenus", "contenus_morceaux", "journal_migrations"}
_CENTRE_ONLY_COLUMNS = {
    "users": {"hashed_password", "failed_login_attempts", "locked_until", "last_login", "password_changed_at"},
}
_READ_ONLY = {"agences", "users", "competences", "taux_tva", "jours_feries"}
_APPEND_ONLY = {"historiques_interventions", "mouvements_stock", "paiements"}
_ROOTS = {
    "lignes_intervention": "intervention_id",
    "historiques_interventions": "intervention_id",
    "lignes_facture": "facture_id",
    "paiements": "facture_id",
    "technicien_competence": "technicien_id",
    "plannings": "equipement_id",
    "mouvements_stock": "depot_id",
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
_ASK = {
    "interventions": {
        "titre", "description", "diagnostic", "travaux_realises", "recommandations", "notes_internes",
        "technicien_id", "date_planifiee", "priorite",
    },
    "clients": {
        "nom_entreprise", "niveau_service", "ice", "identifiant_fiscal", "registre_commerce", "contact", "email",
        "telephone", "adresse", "ville", "notes",
    },
    "contrats": {
        "date_debut", "date_fin", "montant_annuel", "mode_facturation", "temps_reponse_urgence",
        "temps_reponse_normal", "nb_interventions_incluses", "heures_incluses", "penalites_retard",
    },
    "equipements": {"nom", "localisation"},
}  # fmt: skip


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


def _policy(table: str, column: str) -> Policy:
    if column == "updated_at":
        return Policy.MAX
    if table == "interventions" and column == "statut":
        return Policy.STATUT
    return Policy.ASK if column in _ASK.get(table, set()) else Policy.CENTRE


def _describe(table: sa.Table) -> SyncTable:
    hidden = _CENTRE_ONLY_COLUMNS.get(table.name, set())
    columns = tuple(
        SyncColumn(c.name, _kind(c), _policy(table.name, c.name)) for c in table.columns if c.name not in hidden
    )
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
        table.name in _APPEND_ONLY,
    )  # fmt: skip


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
