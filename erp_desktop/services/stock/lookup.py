"""Finding parts by code or words, and what the stock as a whole says: its value, what is below zero and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.domain import recherche
from erp_desktop.domain.enums import TypeDepot, TypeMouvement
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import Depot, Intervention, MouvementStock, PieceDetachee, User
from erp_desktop.services.shared.lists import portee, un_de
from erp_desktop.services.stock import quantities, valuation
from erp_desktop.services.stock.quantities import EFFET, thousandths

P, M = PieceDetachee, MouvementStock


def by_code(session: Session, acteur: Acteur, code: str) -> list[int]:
    """Parts whose barcode, reference or supplier's reference this is, the closest kind only."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    code = code.strip()
    base = sa.select(P.id).where(P.is_active.is_(True), *portee(acteur, P.agence_id)).order_by(P.id).limit(2)
    for column in (P.code_barres, P.reference, P.fournisseur_reference):
        found = list(session.scalars(base.where(column == code)))
        if not found and column is not P.code_barres:
            found = list(session.scalars(base.where(sa.func.upper(column) == code.upper())))
        if found:
            return found
    return []


@dataclass(frozen=True, slots=True)
class PartChoice:
    """A part for a picker: its words, what there is of it in the chosen place, and what a line takes over."""

    id: int
    reference: str
    designation: str
    unite: str
    prix_unitaire: Decimal | None
    taux_tva: Decimal
    suivi: str
    stock: Decimal


def choices(
    session: Session, acteur: Acteur, text: str, depot: int | None = None, limit: int = 20
) -> list[PartChoice]:
    """Parts by code or words, those that the place holds first."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    words = [
        un_de(session, word, P.reference, P.designation, P.code_barres, P.fournisseur_reference)
        for word in recherche.plier(text).split()
    ]
    query = sa.select(P.id, P.reference, P.designation, P.unite, P.prix_unitaire, P.taux_tva, P.suivi).where(
        P.is_active.is_(True), *portee(acteur, P.agence_id), *words
    )
    held: Any = sa.literal(0)
    if depot is not None:
        sums = (
            sa.select(M.piece_id, sa.func.sum(thousandths(M.quantite)).label("n"))
            .where(M.depot_id == depot)
            .group_by(M.piece_id)
            .subquery()
        )
        held = sa.func.coalesce(sums.c.n, 0)
        query = query.outerjoin(sums, sums.c.piece_id == P.id)
    query = query.add_columns(held.label("n")).order_by((held > 0).desc(), P.reference, P.id).limit(limit)
    return [PartChoice(*row[:7], quantities.units(row.n)) for row in session.execute(query)]


def total_value(session: Session, acteur: Acteur) -> Decimal:
    """MAD of everything above zero in the person's scope, scrap left out."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    costs = valuation.average_costs(session)
    query = (
        sa.select(M.piece_id, M.agence_id, M.depot_id, quantities.total())
        .join(Depot, Depot.id == M.depot_id)
        .where(Depot.type_depot != TypeDepot.REBUT, *portee(acteur, M.agence_id))
        .group_by(M.piece_id, M.agence_id, M.depot_id)
    )
    value = Decimal("0.00")
    for piece, agence, _, n in session.execute(query):
        cost = costs.get((piece, agence or 0))
        if cost is not None and n > 0:
            value += valuation.amount(quantities.units(n), cost)
    return value


@dataclass(frozen=True, slots=True)
class Negative:
    """A place below zero, with the exits that made it and who entered them."""

    depot: str
    quantite: Decimal
    causes: tuple[tuple[datetime, Decimal, str, str], ...]


def negatives(session: Session, acteur: Acteur, piece: int) -> list[Negative]:
    """Places where a part is below zero; causes are (when, quantity, number or motive, who), newest first."""
    found = []
    names = {p.id: p.nom for p in quantities.places(session, acteur)}
    for depot, n in quantities.by_depot(session, [piece]).get(piece, {}).items():
        if n >= 0 or depot not in names:
            continue
        query = (
            sa.select(EFFET, M.quantite, sa.func.coalesce(Intervention.numero, M.motif, ""), User.full_name)
            .outerjoin(Intervention, Intervention.id == M.intervention_id)
            .outerjoin(User, User.id == M.created_by_id)
            .where(M.piece_id == piece, M.depot_id == depot, M.type_mouvement == TypeMouvement.SORTIE)
            .order_by(EFFET.desc(), M.id.desc())
            .limit(2)
        )
        causes = tuple((when, q, why, who or "") for when, q, why, who in session.execute(query))
        found.append(Negative(names[depot], n, causes))
    return found
