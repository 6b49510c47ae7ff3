"""Duplicates: two rows typed apart that have one natural key, of which the centre took the first.

A cache has most natural keys as plain indexes, and then both rows are here. Where the key is unique in the cache too
(numéro de contrat), the centre's row waits in ``sync_recus_rejetes``. ``sync.fusion`` makes one row of the two.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.models import Base
from erp_desktop.registry.tables import BY_NAME, TABLES, Kind, SyncTable
from erp_desktop.sync.exchange.reasons import refused_by
from erp_desktop.sync.status import Gare, gares, libelle

_FIXED = {"id", "agence_id", "created_at", "created_by_id", "updated_at"}
"""Never carried over; the statut of an intervention neither, for it is only reached by its steps."""
_SAME = {"equipements": "client_id", "contrats": "client_id"}
"""Rows that differ here describe two things: merging them would part children from their own parent."""


@dataclass(frozen=True, slots=True)
class ChampFusion:
    """One field of both rows, in stored form; ``libre``: either value may be kept."""

    champ: str
    mien: Any
    leur: Any
    libre: bool


@dataclass(frozen=True, slots=True)
class Doublon:
    """A parked row and the one that has its natural key.

    Attributes:
        autre: None when it is not here: another agency's.
        cle: the columns that clash.
        champs: fields that are filled in on either side, in table order.
        enfants: table → rows that will point at the other row.
        noms: (field, identifier) → what a person calls the row it points at.
        obstacle: why the two cannot be merged, in French.
    """

    gare: int
    table: str
    mienne: int
    autre: int | None
    cle: tuple[str, ...]
    libelle: str
    quand: datetime
    champs: tuple[ChampFusion, ...]
    enfants: Mapping[str, int]
    noms: Mapping[tuple[str, int], str]
    obstacle: str | None


@dataclass(slots=True)
class Paire:
    """Both rows as column → stored value.

    Attributes:
        connue: the centre knows mine, under another key.
        rejetee: theirs is set aside, not in its table.
        enfants: (table, row, column) of everything that points at mine.
    """

    table: SyncTable
    cle: tuple[str, ...]
    mienne: dict[str, Any]
    leur: dict[str, Any]
    connue: bool
    rejetee: bool
    enfants: list[tuple[SyncTable, int, str]] = field(default_factory=list)


@cache
def cles(name: str) -> dict[str, tuple[str, ...]]:
    """Constraint → columns that the centre holds unique, the primary key left out."""
    table = Base.metadata.tables[name]
    unique: list[sa.Index | sa.UniqueConstraint] = [index for index in table.indexes if index.unique]
    unique += [one for one in table.constraints if isinstance(one, sa.UniqueConstraint)]
    return {str(one.name): tuple(c.name for c in one.columns) for one in unique}


@cache
def _constraints() -> dict[str, str]:
    """Constraint → table."""
    return {constraint: table.name for table in TABLES for constraint in cles(table.name)}


def lignes(session: Session, sql: str, **parameters: object) -> list[Any]:
    return list(session.execute(sa.text(sql), parameters).all())


def fiche(session: Session, table: SyncTable, pk: int) -> dict[str, Any] | None:
    found = lignes(session, f"SELECT {', '.join(table.names)} FROM {table.name} WHERE id = :pk", pk=pk)
    return dict(zip(table.names, found[0], strict=True)) if found else None


def _holder(
    session: Session, table: SyncTable, key: tuple[str, ...], mine: dict[str, Any]
) -> tuple[dict[str, Any], bool] | None:
    """(the row with this key, whether it is set aside), None when it is not on this device."""
    same = " AND ".join(f"{c} = :{c}" for c in key)
    values = {c: mine[c] for c in key}
    found = lignes(session, f"SELECT id FROM {table.name} WHERE {same} AND id <> :id", **values, id=mine["id"])
    # Two rows of this device may share the key: the one the centre took is not among those that wait.
    for (pk,) in found:
        if not nee_ici(session, table.name, pk):
            row = fiche(session, table, pk)
            return (row, False) if row is not None else None
    aside = mise_de_cote(session, table, values)
    return (aside, True) if aside is not None else None


def mise_de_cote(session: Session, table: SyncTable, values: Mapping[str, Any]) -> dict[str, Any] | None:
    """The centre's row with these values that this cache could not take."""
    for (content,) in lignes(session, "SELECT contenu FROM sync_recus_rejetes WHERE nom_table = :t", t=table.name):
        stored = json.loads(content)
        if isinstance(stored, list):
            row = lue(table, dict(zip(table.names, stored, strict=True)))
            if all(row[c] == v for c, v in values.items()):
                return row
    return None


def nee_ici(session: Session, table: str, pk: int) -> bool:
    """Inserted here and never taken by the centre."""
    sql = "SELECT 1 FROM sync_outbox WHERE nom_table = :t AND pk = :pk AND op = 'I' LIMIT 1"
    return bool(lignes(session, sql, t=table, pk=pk))


def _references(session: Session, table: str, pk: int) -> Iterator[tuple[SyncTable, int, str]]:
    """(table, row, column) of everything that points at a row, but for the row itself."""
    for child in TABLES:
        for reference in child.references:
            if reference.target == table:
                for (identifier,) in lignes(
                    session, f"SELECT id FROM {child.name} WHERE {reference.column} = :pk", pk=pk
                ):
                    if (child.name, identifier) != (table, pk):
                        yield child, identifier, reference.column


def paire(session: Session, name: str, key: tuple[str, ...], pk: int) -> Paire | None:
    """A parked row and the one that has its natural key; None when that one is not on this device."""
    table = BY_NAME[name]
    mine = fiche(session, table, pk)
    if mine is None or any(mine[c] is None for c in key):
        return None
    holder = _holder(session, table, key, mine)
    if holder is None:
        return None
    found = Paire(table, key, mine, holder[0], not nee_ici(session, name, pk), holder[1])
    found.enfants = list(_references(session, name, pk))
    return found


def doublons(session: Session) -> list[Doublon]:
    """Every duplicate that the centre refused, oldest first."""
    found = []
    for gare in gares(session):
        constraint = refused_by(gare.raison) if gare.code == "doublon" else None
        name = _constraints().get(constraint or "")
        if constraint is None or name is None:
            continue
        key = cles(name)[constraint]
        mine = [pk for table, pk in gare.lignes if table == name and fiche(session, BY_NAME[name], pk) is not None]
        pairs = [pair for pk in mine if (pair := paire(session, name, key, pk)) is not None]
        if pairs:
            found += [_describe(session, gare, pair) for pair in pairs]
        elif mine:
            found.append(_elsewhere(session, gare, name, key, mine[0]))
    return found


def _elsewhere(session: Session, gare: Gare, name: str, key: tuple[str, ...], pk: int) -> Doublon:
    return Doublon(
        gare.id, name, pk, None, key, libelle(session, name, pk), gare.quand, (), {}, {},
        "L'autre fiche appartient à une autre agence : corrigez la valeur en double, ou abandonnez ce changement.",
    )  # fmt: skip


def _free(pair: Paire, column: str) -> bool:
    if column in _FIXED or column in pair.cle or pair.leur.get("agence_id") is None:
        return False
    if pair.table.name == "interventions" and column in {"statut", "numero"}:
        return False
    # The centre would see both rows with that key until mine is gone.
    return not (pair.connue and any(column in key for key in cles(pair.table.name).values()))


def _describe(session: Session, gare: Gare, pair: Paire) -> Doublon:
    table, names = pair.table, {}
    champs = tuple(
        ChampFusion(c, pair.mienne[c], pair.leur[c], _free(pair, c))
        for c in table.names
        if c not in _FIXED and (pair.mienne[c], pair.leur[c]) != (None, None)
    )
    for reference in table.references:
        for value in {pair.mienne[reference.column], pair.leur[reference.column]} - {None}:
            names[reference.column, value] = libelle(session, reference.target, value)
    counts: dict[str, int] = {}
    for child, _, _ in pair.enfants:
        counts[child.name] = counts.get(child.name, 0) + 1
    return Doublon(
        gare.id, table.name, pair.mienne["id"], pair.leur["id"], pair.cle,
        libelle(session, table.name, pair.mienne["id"]), gare.quand, champs, counts, names, _obstacle(session, pair),
    )  # fmt: skip


def _obstacle(session: Session, pair: Paire) -> str | None:
    same = _SAME.get(pair.table.name)
    if same is not None and pair.mienne[same] != pair.leur[same]:
        return "Ces deux fiches sont chez deux clients différents : fusionnez d'abord les clients, ou corrigez l'une."
    if any(child.append_only and not nee_ici(session, child.name, pk) for child, pk, _ in pair.enfants):
        return (
            "Des mouvements déjà enregistrés au centre tiennent à votre fiche et ne changent jamais : "
            "corrigez la valeur en double."
        )
    return None


def ecrite(row: Mapping[str, Any]) -> dict[str, Any]:
    """Stored values as JSON takes them: bytes in hexadecimal."""
    return {c: v.hex() if isinstance(v, bytes) else v for c, v in row.items()}


def lue(table: SyncTable, row: Mapping[str, Any]) -> dict[str, Any]:
    """Inverse of :func:`ecrite`."""
    return {
        c: bytes.fromhex(v) if v is not None and table.column(c).kind is Kind.BYTES else v for c, v in row.items()
    }
