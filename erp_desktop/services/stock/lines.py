"""What intervention lines take from the stock: the ledger follows the line, in the line's transaction."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.domain.enums import StatutDepot, TypeLigne, TypeMouvement
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import TransitionError
from erp_desktop.models import Depot, Intervention, LigneIntervention, MouvementStock, PieceDetachee
from erp_desktop.services.stock import ledger, quantities, valuation

Key = tuple[int, int, str]
"""Part, place, lot; no lot of a part that is not followed is empty."""
Taken = dict[Key, Decimal]


def due(line: LigneIntervention) -> Taken:
    """(part, place, lot) → what a line takes; nothing when it is planned, no part, or a part of no place."""
    taken = line.type_ligne == TypeLigne.PIECE and not line.prevue
    if not taken or line.piece_id is None or line.depot_id is None:
        return {}
    return {(line.piece_id, line.depot_id, line.lot or ""): line.quantite}


def follow(session: Session, acteur: Acteur, intervention: Intervention, line_id: int, wanted: Taken) -> str:
    """Post the difference between what a line took so far and what it takes now.

    A return is worth what the exit was, so that a line taken away leaves the value as it found it.

    Returns:
        A French warning when a place is below zero afterwards; empty else.

    Raises:
        TransitionError: the place has been closed since; nothing comes back to it, nothing leaves it.
    """
    m = MouvementStock
    query = sa.select(m.piece_id, m.depot_id, m.quantite, m.valeur_unitaire, m.lot).where(
        m.ligne_intervention_id == line_id
    )
    taken: Taken = defaultdict(Decimal)
    values: dict[Key, Decimal | None] = {}
    for row in session.execute(query.order_by(m.id)):
        taken[row.piece_id, row.depot_id, row.lot or ""] -= row.quantite
        values[row.piece_id, row.depot_id, row.lot or ""] = row.valeur_unitaire
    warnings = []
    for key in sorted({*taken, *wanted}):
        more = wanted.get(key, Decimal(0)) - taken[key]
        if not more:
            continue
        piece, place = session.get_one(PieceDetachee, key[0]), session.get_one(Depot, key[1])
        if place.statut == StatutDepot.CLOS or not place.is_active:
            raise TransitionError(
                f"« {place.nom} » est clos depuis : rouvrez ce dépôt pour y remettre {piece.reference}." if more < 0
                else f"« {place.nom} » est clos depuis : rouvrez ce dépôt ou prenez {piece.reference} dans un autre."
            )  # fmt: skip
        value = values.get(key)
        if value is None:
            value = valuation.average_cost(session, piece.id, place.agence_id)
        ledger.add(
            session, acteur, place, piece_id=piece.id, quantite=-more, valeur_unitaire=value,
            type_mouvement=(TypeMouvement.SORTIE if more > 0 else TypeMouvement.RETOUR).value,
            intervention_id=intervention.id, ligne_intervention_id=line_id, motif=intervention.numero,
            lot=key[2] or None,
        )  # fmt: skip
        session.flush()
        left = quantities.in_depot(session, piece.id, place.id)
        if more > 0 and left < 0:
            warnings.append(f"{piece.reference} est à {ledger.plain(left)} dans {place.nom} : à compter.")
    return " ".join(warnings)
