"""Quantities in stock: sums of the ledger, in thousandths of a unit, exact on both engines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.domain.enums import StatutDepot, TypeDepot
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.transitions import TERMINES
from erp_desktop.models import Depot, Intervention, LigneIntervention, MouvementStock, SeuilStock
from erp_desktop.models.expressions.sorting import exact
from erp_desktop.services.shared.lists import paquets, portee

Stock = dict[int, dict[int, Decimal]]
"""Part → place → quantity; a place without any movement of the part is left out."""

M = MouvementStock
EFFET = sa.func.coalesce(M.date_effet, M.horodatage, type_=M.horodatage.type)
"""When a movement took place."""
ZERO = Decimal("0.000")


def thousandths(column: Any) -> sa.ColumnElement[int]:
    """A quantity as an integer, which adds up exactly where a cache keeps text."""
    return exact(column, 3)


def units(value: Any) -> Decimal:
    """What :func:`thousandths` counted."""
    return Decimal(int(value or 0)).scaleb(-3)


def total() -> sa.ColumnElement[int]:
    return sa.func.sum(thousandths(M.quantite))


def by_depot(session: Session, pieces: Sequence[int]) -> Stock:
    """Quantities of some parts in every place."""
    found: Stock = defaultdict(dict)
    for block in paquets(pieces):
        query = sa.select(M.piece_id, M.depot_id, total()).where(M.piece_id.in_(block))
        for piece, depot, n in session.execute(query.group_by(M.piece_id, M.depot_id)):
            found[piece][depot] = units(n)
    return found


def in_depot(session: Session, piece: int, depot: int) -> Decimal:
    """The quantity of one part in one place."""
    return units(session.scalar(sa.select(total()).where(M.piece_id == piece, M.depot_id == depot)))


def whole_depot(session: Session, depot: int) -> dict[int, Decimal]:
    """Part → quantity of everything that was ever moved in a place."""
    query = sa.select(M.piece_id, total()).where(M.depot_id == depot).group_by(M.piece_id)
    return {piece: units(n) for piece, n in session.execute(query)}


def references(session: Session, depots: Sequence[int]) -> dict[int, int]:
    """Place → how many parts it has, or owes, some of."""
    found: dict[int, int] = defaultdict(int)
    for block in paquets(depots):
        query = sa.select(M.depot_id, total()).where(M.depot_id.in_(block)).group_by(M.depot_id, M.piece_id)
        for depot, n in session.execute(query):
            found[depot] += bool(n)
    return found


@dataclass(frozen=True, slots=True)
class Reservation:
    """What open interventions have set aside of a part and not taken yet."""

    piece_id: int
    depot_id: int
    intervention_id: int
    numero: str
    quantite: Decimal


def reservations(session: Session, pieces: Sequence[int]) -> list[Reservation]:
    """Planned lines of interventions that are not over; nothing is stored, so nothing can go stale."""
    li, found = LigneIntervention, []
    for block in paquets(pieces):
        query = _planned(li.piece_id, li.depot_id, li.intervention_id, Intervention.numero, li.quantite)
        query = query.where(li.piece_id.in_(block)).order_by(Intervention.numero)
        found += [Reservation(*cast("tuple[Any, ...]", row)) for row in session.execute(query)]
    return found


def _planned(*columns: Any) -> sa.Select[Any]:
    li = LigneIntervention
    return (
        sa.select(*columns)
        .join_from(li, Intervention, Intervention.id == li.intervention_id)
        .where(li.prevue.is_(True), li.depot_id.is_not(None))
        .where(Intervention.statut.not_in([s.value for s in TERMINES]))
    )


def set_aside(piece: Any) -> sa.ColumnElement[int]:
    """The sum of :func:`reservations` of the part of an outer query; thousandths."""
    li = LigneIntervention
    total = _planned(sa.func.coalesce(sa.func.sum(thousandths(li.quantite)), 0))
    return total.where(li.piece_id == piece).correlate(piece.class_).scalar_subquery()


@dataclass(frozen=True, slots=True)
class Threshold:
    """What should be there: of one place, or of the whole agency."""

    minimum: Decimal
    maximum: Decimal | None


def thresholds(session: Session, pieces: Iterable[int]) -> dict[tuple[int, int], Threshold]:
    """(part, place) → its own threshold."""
    s, found = SeuilStock, {}
    for block in paquets(list(pieces)):
        query = sa.select(s.piece_id, s.depot_id, s.minimum, s.maximum).where(s.piece_id.in_(block))
        found.update({(p, d): Threshold(least, most) for p, d, least, most in session.execute(query)})
    return found


def limited(*columns: Any) -> sa.Select[Any]:
    """Thresholds of the places that are open: a closed one keeps its own and asks for nothing."""
    s, d = SeuilStock, Depot
    opened = sa.and_(d.id == s.depot_id, d.is_active.is_(True), d.statut == StatutDepot.OUVERT.value)
    return sa.select(*columns).join_from(s, d, opened)


def low_somewhere(acteur: Acteur) -> sa.Select[Any]:
    """Parts of which a place holds less than its own minimum, whatever the others have."""
    s = SeuilStock
    held = (
        sa.select(M.piece_id, M.depot_id, total().label("n"))
        .where(M.piece_id.in_(sa.select(s.piece_id)), *portee(acteur, M.agence_id))
        .group_by(M.piece_id, M.depot_id)
        .subquery()
    )
    same = sa.and_(held.c.piece_id == s.piece_id, held.c.depot_id == s.depot_id)
    less = sa.func.coalesce(held.c.n, 0) < thousandths(s.minimum)
    return limited(s.piece_id).outerjoin(held, same).where(less, *portee(acteur, Depot.agence_id))


@dataclass(frozen=True, slots=True)
class Place:
    """A depot as lists and pickers show it."""

    id: int
    nom: str
    type_depot: str
    statut: str
    technicien_id: int | None


def places(session: Session, acteur: Acteur, *, open_only: bool = False) -> list[Place]:
    """Depots of the person's agency: stores, then vans, then what is on its way and what is scrapped."""
    rank = {kind.value: n for n, kind in enumerate(TypeDepot)}
    d = Depot
    query = sa.select(d.id, d.nom, d.type_depot, d.statut, d.technicien_id).where(
        d.is_active.is_(True), *portee(acteur, d.agence_id)
    )
    if open_only:
        query = query.where(d.statut == StatutDepot.OUVERT)
    found = [Place(*row) for row in session.execute(query)]
    return sorted(found, key=lambda p: (rank.get(p.type_depot, 9), p.nom, p.id))
