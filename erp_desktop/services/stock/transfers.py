"""What went from one place to another, as the paper that goes with it: one per day and pair of places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from erp_desktop import clock
from erp_desktop.domain.enums import TypeMouvement
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import Depot, MouvementStock, PieceDetachee, User
from erp_desktop.services.shared.lists import paquets, portee
from erp_desktop.services.stock.quantities import EFFET, ZERO

M = MouvementStock


@dataclass(frozen=True, slots=True)
class Sent:
    """A part that goes along, its quantity positive."""

    reference: str
    designation: str
    lot: str
    unite: str
    quantite: Decimal


@dataclass(frozen=True, slots=True)
class Transfer:
    """One paper.

    Attributes:
        sortie: it leaves for another agency, by an exit; ``vers`` is then the reason that was typed, if any.
        quand: of its first movement.
        par: who entered them.
        agence_id: whose letterhead it carries.
    """

    agence_id: int
    sortie: bool
    depuis: str
    vers: str
    quand: datetime
    par: tuple[str, ...]
    lignes: tuple[Sent, ...]


def lister(session: Session, acteur: Acteur, ids: Sequence[int]) -> list[Transfer]:
    """The papers of these movements, oldest first: transfers, whichever side was chosen, and exits for no job.

    What was reversed, and what reverses, went nowhere.

    Raises:
        NotAllowedError
    """
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    other, there, reversal = aliased(M), aliased(Depot), aliased(M)
    leaves = sa.or_(
        sa.and_(M.type_mouvement == TypeMouvement.TRANSFERT.value, M.quantite < 0),
        sa.and_(M.type_mouvement == TypeMouvement.SORTIE.value, M.intervention_id.is_(None)),
    )
    query = (
        sa.select(
            M.id, M.agence_id, M.type_mouvement, EFFET.label("quand"), Depot.nom, there.nom.label("vers"),
            sa.func.coalesce(M.motif, "").label("motif"), PieceDetachee.reference, PieceDetachee.designation,
            sa.func.coalesce(PieceDetachee.unite, "").label("unite"), sa.func.coalesce(M.lot, "").label("lot"),
            M.quantite, sa.func.coalesce(User.full_name, "").label("par"),
        )
        .join(PieceDetachee, PieceDetachee.id == M.piece_id)
        .join(Depot, Depot.id == M.depot_id)
        .outerjoin(other, sa.and_(other.transfert_id == M.transfert_id, other.id != M.id))
        .outerjoin(there, there.id == other.depot_id)
        .outerjoin(User, User.id == M.created_by_id)
        .where(leaves, M.annule_id.is_(None), ~sa.exists(sa.select(reversal.id).where(reversal.annule_id == M.id)))
        .where(*portee(acteur, M.agence_id))
        .order_by(EFFET, M.id)
    )  # fmt: skip
    found = {}
    for block in paquets(ids):
        chosen = sa.select(M.transfert_id).where(M.id.in_(block), M.transfert_id.is_not(None))
        for row in session.execute(query.where(sa.or_(M.id.in_(block), M.transfert_id.in_(chosen)))):
            found[row.id] = row
    groups: dict[tuple[Any, ...], list[Any]] = {}
    for row in sorted(found.values(), key=lambda r: (r.quand, r.id)):
        out = row.type_mouvement == TypeMouvement.SORTIE.value
        key = (row.agence_id, out, row.nom, row.motif if out else row.vers, clock.local(row.quand).date())
        groups.setdefault(key, []).append(row)
    return [_paper(key, rows) for key, rows in groups.items()]


def _paper(key: tuple[Any, ...], rows: Sequence[Any]) -> Transfer:
    agence, out, origin, target, _day = key
    sums: dict[tuple[str, str, str, str], Decimal] = {}
    for row in rows:
        part = (row.reference, row.designation, row.lot, row.unite)
        sums[part] = sums.get(part, ZERO) - row.quantite
    return Transfer(
        agence, out, origin, target or "", rows[0].quand,
        tuple(dict.fromkeys(row.par for row in rows if row.par)),
        tuple(Sent(*part, quantite) for part, quantite in sums.items()),
    )  # fmt: skip
