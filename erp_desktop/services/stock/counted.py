"""The sheet of a count: what a place holds and what was counted there, by part, and by lot of what is followed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.db.abreast import abreast
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.suivi import REPRISE, SuiviPiece
from erp_desktop.models import Depot, Inventaire, LigneInventaire, MouvementStock, PieceDetachee, User
from erp_desktop.services.shared.common import charger, lies
from erp_desktop.services.shared.lists import paquets
from erp_desktop.services.stock import quantities, valuation
from erp_desktop.services.stock.quantities import EFFET, thousandths, units

M, L = MouvementStock, LigneInventaire
LEFT = sa.func.sum(sa.case((L.motif == REPRISE, -1), else_=1))
"""Entries of a part that were not taken back: without any it was not counted, whatever they come to."""
Key = tuple[int, str | None]
"""A part and which of its units: a lot, empty for those without one, None for the part as a whole."""


@dataclass(frozen=True, slots=True)
class Counted:
    """One part of a sheet, or one lot of a part that is followed.

    Attributes:
        attendu: what the ledger holds up to the moment of counting, or now while it is not counted.
        compte: None as long as nothing was entered, which is not zero.
        ecart: counted less expected; None when not counted.
        valeur: MAD of the difference; None without an average cost.
        bouge: movements of this part since the sheet was opened.
        lot: as in :data:`Key`.
    """

    piece_id: int
    reference: str
    designation: str
    code_barres: str
    emplacement: str
    unite: str
    attendu: Decimal
    compte: Decimal | None
    ecart: Decimal | None
    valeur: Decimal | None
    comptee_a: datetime | None
    motif: str
    bouge: int
    lot: str | None = None

    @property
    def key(self) -> Key:
        return self.piece_id, self.lot


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry, newest first on the screen."""

    quand: datetime
    designation: str
    quantite: Decimal
    par: str
    lot: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A count with its parts, by shelf and reference."""

    id: int
    numero: str
    etat: str
    depot_id: int
    depot: str
    ouvert_a: datetime
    lines: tuple[Counted, ...]
    entries: tuple[Entry, ...]

    @property
    def counted(self) -> list[Counted]:
        return [line for line in self.lines if line.compte is not None]

    @property
    def gaps(self) -> list[Counted]:
        return [line for line in self.counted if line.ecart]


def get(session: Session, acteur: Acteur, ident: int) -> Sheet:
    """The sheet: what the place holds or was counted, part by part.

    Expected is read at the moment when a part was counted: what is taken from the shelf afterwards is no difference.
    """
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    row, counts, motives, entries = abreast(
        session, lambda s: charger(s, acteur, Inventaire, ident, "cet inventaire"),
        partial(_counts, ident=ident), partial(_motives, ident=ident), partial(_entries, ident=ident),
    )  # fmt: skip
    counted_at = {key: when for key, (_, when) in counts.items()}
    [depot], now, expected, moved = abreast(
        session, lambda s: lies(s, (Depot, row.depot_id)), partial(_held, depot=row.depot_id),
        lambda s: expected_at(s, row.depot_id, counted_at, without=ident), partial(_moved, sheet=row),
    )  # fmt: skip
    keys = [key for key, held in now.items() if held] + [key for key in counts if not now.get(key)]
    parts = list(dict.fromkeys(piece for piece, _ in keys))
    costs, named = abreast(session, partial(valuation.average_costs, pieces=parts), partial(_named, parts=parts))
    lines = []
    for key in keys:
        part = named.get(key[0])
        if part is None:
            continue
        compte, when = counts.get(key, (None, None))
        attendu = expected[key] if compte is not None else now.get(key, quantities.ZERO)
        cost = costs.get((part.id, depot.agence_id or 0))
        ecart = None if compte is None else compte - attendu
        lines.append(
            Counted(
                part.id, part.reference, part.designation, part.code_barres or "", part.emplacement or "",
                part.unite, attendu, compte, ecart,
                None if ecart is None or cost is None else valuation.amount(ecart, cost), when,
                motives.get(key) or "", moved.get(key, 0), key[1],
            )
        )  # fmt: skip
    lines.sort(key=lambda x: (x.emplacement == "", x.emplacement, x.reference, x.lot or ""))
    return Sheet(row.id, row.numero, row.etat, depot.id, depot.nom, row.ouvert_a, tuple(lines), entries)


def _counts(session: Session, ident: int) -> dict[Key, tuple[Decimal, datetime]]:
    """What was counted of each part or lot, and when last."""
    query = (
        sa.select(
            L.piece_id, L.lot, sa.func.sum(thousandths(L.quantite)),
            sa.func.max(L.comptee_a, type_=L.comptee_a.type),
        )
        .where(L.inventaire_id == ident)
        .group_by(L.piece_id, L.lot)
        .having(LEFT > 0)
    )  # fmt: skip
    return {(piece, lot): (units(n), when) for piece, lot, n, when in session.execute(query)}


def _named(session: Session, parts: Sequence[int]) -> dict[int, Any]:
    d, found = PieceDetachee, {}
    for block in paquets(parts):
        query = sa.select(d.id, d.reference, d.designation, d.code_barres, d.emplacement, d.unite)
        found.update({part.id: part for part in session.execute(query.where(d.id.in_(block)))})
    return found


def _motives(session: Session, ident: int) -> dict[Key, str]:
    """The last motive of each part; one that was given by itself and taken back is not one."""
    given: dict[Key, list[tuple[Decimal, str]]] = {}
    asked = (
        sa.select(L.piece_id, L.lot, L.quantite, L.motif)
        .where(L.inventaire_id == ident, sa.or_(L.motif.is_not(None), L.quantite == 0))
        .order_by(L.id)
    )
    for piece, lot, quantity, motive in session.execute(asked):
        mine = given.setdefault((piece, lot), [])
        if motive != REPRISE:
            mine.append((quantity, motive or ""))
        elif not quantity and (by_itself := [n for n, one in enumerate(mine) if not one[0]]):
            del mine[by_itself[-1]]
    return {key: told[-1] for key, mine in given.items() if (told := [words for _n, words in mine if words])}


def _followed(session: Session, depot: int) -> set[int]:
    """Parts with movements in a place whose units are told apart."""
    here = sa.select(M.piece_id).where(M.depot_id == depot)
    followed = sa.select(PieceDetachee.id).where(
        PieceDetachee.suivi != SuiviPiece.AUCUN.value, PieceDetachee.id.in_(here)
    )
    return set(session.scalars(followed))


def _held(session: Session, depot: int) -> dict[Key, Decimal]:
    """What the ledger holds in a place, by part; of those that are followed, by lot."""
    followed, whole = abreast(session, partial(_followed, depot=depot), partial(quantities.whole_depot, depot=depot))
    found: dict[Key, Decimal] = {(piece, None): n for piece, n in whole.items() if piece not in followed}
    if followed:
        query = (
            sa.select(M.piece_id, M.lot, quantities.total())
            .join(PieceDetachee, PieceDetachee.id == M.piece_id)
            .where(M.depot_id == depot, PieceDetachee.suivi != SuiviPiece.AUCUN.value)
            .group_by(M.piece_id, M.lot)
        )
        found |= {(piece, lot or ""): units(n) for piece, lot, n in session.execute(query)}
    return found


def _moved(session: Session, sheet: Inventaire) -> dict[Key, int]:
    """How many movements there were since the sheet was opened, of each part and of each of its lots."""
    found: dict[Key, int] = {}
    query = (
        sa.select(M.piece_id, M.lot, sa.func.count())
        .where(
            M.depot_id == sheet.depot_id, sheet.ouvert_a < EFFET, M.inventaire_id.is_distinct_from(sheet.id)
        )
        .group_by(M.piece_id, M.lot)
    )  # fmt: skip
    for piece, lot, n in session.execute(query):
        found[piece, lot or ""] = n
        found[piece, None] = found.get((piece, None), 0) + n
    return found


def _entries(session: Session, ident: int) -> tuple[Entry, ...]:
    query = (
        sa.select(L.comptee_a, PieceDetachee.designation, L.quantite, User.full_name, L.lot)
        .join(PieceDetachee, PieceDetachee.id == L.piece_id)
        .outerjoin(User, User.id == L.created_by_id)
        .where(L.inventaire_id == ident)
        .order_by(L.comptee_a.desc(), L.id.desc())
        .limit(8)
    )
    return tuple(Entry(when, name, n, who or "", lot or "") for when, name, n, who, lot in session.execute(query))


def expected_at(session: Session, depot: int, moments: dict[Key, datetime], without: int) -> dict[Key, Decimal]:
    """Part or lot → what the ledger held in a place up to a moment of its own, the count's corrections left out."""
    found = dict.fromkeys(moments, quantities.ZERO)
    for by_lot in (False, True):
        mine = [key for key in moments if (key[1] is not None) == by_lot]
        lot = sa.func.coalesce(M.lot, "") if by_lot else sa.null()
        for block in [mine[i : i + 200] for i in range(0, len(mine), 200)]:
            asked = (
                sa.and_(M.piece_id == key[0], moments[key] >= EFFET, *([lot == key[1]] if by_lot else []))
                for key in block
            )
            query = (
                sa.select(M.piece_id, lot, quantities.total())
                .where(M.depot_id == depot, M.inventaire_id.is_distinct_from(without), sa.or_(*asked))
                .group_by(M.piece_id, *([sa.text("2")] if by_lot else []))
            )
            found.update({(piece, name): units(n) for piece, name, n in session.execute(query)})
    return found
