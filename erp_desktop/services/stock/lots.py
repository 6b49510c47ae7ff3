"""Units of a followed part: what a movement has to say of them, and where each lot or serial number is.

Nothing is stored of a lot but what its movements say: two desktops that enter the same one offline mean the same one.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.suivi import SuiviPiece, spelled
from erp_desktop.errors import ValidationError
from erp_desktop.models import Depot, Equipement, Intervention, LigneIntervention, MouvementStock, PieceDetachee
from erp_desktop.services.shared.common import charger
from erp_desktop.services.shared.lists import portee
from erp_desktop.services.stock.quantities import total, units

M = MouvementStock
ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Held:
    """What a place has of a lot; ``trouble``: less than nothing, or a serial number that is elsewhere too."""

    lot: str
    depot_id: int
    depot: str
    quantite: Decimal
    trouble: bool


@dataclass(frozen=True, slots=True)
class Built:
    """Units that work has taken: for which intervention, into which machine."""

    lot: str
    quantite: Decimal
    intervention_id: int
    numero: str
    equipement: str
    quand: datetime


def held(session: Session, piece: int, lot: str | None = None) -> dict[tuple[str, int], Decimal]:
    """(lot, place) → quantity, of one lot or of all."""
    which = M.lot.is_not(None) if lot is None else M.lot == lot
    query = sa.select(M.lot, M.depot_id, total()).where(M.piece_id == piece, which).group_by(M.lot, M.depot_id)
    return {(str(name), depot): units(n) for name, depot, n in session.execute(query)}


def named(session: Session, part: PieceDetachee, depot: Depot, signed: Decimal, lot: str | None) -> str | None:
    """The lot that a movement of a part carries.

    Args:
        signed: what enters the place, or leaves it.
        lot: as it is typed.

    Raises:
        ValidationError: a followed part without one, several units of one serial number, one that is elsewhere.
    """
    if part.suivi == SuiviPiece.AUCUN:
        return None
    lot = spelled(lot)
    if not lot:
        raise ValidationError({"lot": "Cette pièce est suivie : donnez son lot ou son numéro de série."})
    if part.suivi == SuiviPiece.SERIE:
        if abs(signed) != ONE:
            raise ValidationError({"quantite": "Une pièce suivie par série se déplace une à une."})
        there = {place: n for (_, place), n in held(session, part.id, lot).items() if n > 0}
        other = next((place for place in there if signed > 0 or place != depot.id), None)
        if other is not None and (signed > 0 or depot.id not in there):
            place = session.get_one(Depot, other).nom
            raise ValidationError({"lot": f"Le numéro de série {lot} est dans {place}."})
    return lot


def of_part(session: Session, acteur: Acteur, piece: int) -> tuple[list[Held], list[Built]]:
    """Where the units of a part are, and what work took of them, the latest first."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    part = charger(session, acteur, PieceDetachee, piece, "cette pièce")
    mine_only = sa.select(Depot.id, Depot.nom).where(*portee(acteur, Depot.agence_id))
    names = {row.id: row.nom for row in session.execute(mine_only)}
    mine = {key: n for key, n in held(session, piece).items() if n and key[1] in names}
    places: dict[str, int] = defaultdict(int)
    for (lot, _), n in mine.items():
        places[lot] += n > 0
    serial = part.suivi == SuiviPiece.SERIE
    found = [
        Held(lot, depot, names[depot], n, n < 0 or (serial and (places[lot] > 1 or n > 1)))
        for (lot, depot), n in sorted(mine.items(), key=lambda one: (one[0][0], names[one[0][1]]))
    ]
    return found, _built(session, acteur, piece)


def _built(session: Session, acteur: Acteur, piece: int) -> list[Built]:
    last = sa.func.max(M.horodatage, type_=M.horodatage.type)
    query = (
        sa.select(M.lot, -total(), M.intervention_id, Intervention.numero, Equipement.nom, last)
        .join(Intervention, Intervention.id == M.intervention_id)
        .outerjoin(Equipement, Equipement.id == Intervention.equipement_id)
        .where(M.piece_id == piece, M.lot.is_not(None), M.ligne_intervention_id.is_not(None))
        .where(*portee(acteur, M.agence_id))
        .group_by(M.lot, M.intervention_id, Intervention.numero, Equipement.nom)
        .having(total() != 0)
        .order_by(last.desc(), M.lot)
    )
    return [
        Built(str(lot), units(n), int(ident or 0), numero, nom or "", when)
        for lot, n, ident, numero, nom, when in session.execute(query)
    ]


def required(session: Session, line: LigneIntervention) -> str | None:
    """The lot of an intervention's line that takes a part from a place; None of a part that is not followed.

    Raises:
        ValidationError
    """
    if line.piece_id is None or line.depot_id is None or line.prevue:
        return spelled(line.lot) or None
    part, depot = session.get_one(PieceDetachee, line.piece_id), session.get_one(Depot, line.depot_id)
    taken = -sa.func.coalesce(total(), 0)
    mine = sa.select(taken).where(M.ligne_intervention_id == line.id, M.lot == line.lot, M.depot_id == depot.id)
    if line.id is not None and line.lot and units(session.scalar(mine)) == line.quantite:
        return line.lot
    return named(session, part, depot, -line.quantite, line.lot)
