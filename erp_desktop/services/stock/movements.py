"""Reading the ledger: the list of movements, and the running balance of one part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain import recherche
from erp_desktop.domain.enums import TypeMouvement
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import Depot, Intervention, Inventaire, MouvementStock, PieceDetachee, User
from erp_desktop.services.search import exact
from erp_desktop.services.shared.common import charger
from erp_desktop.services.shared.lists import (
    ListQuery,
    contient,
    dans_l_ordre,
    identifiants,
    marques,
    paquets,
    portee,
    un_de,
)
from erp_desktop.services.shared.places import Long, Stratum
from erp_desktop.services.stock.quantities import EFFET, thousandths, units

LISTES: dict[str, list[str]] = {"type": list(TypeMouvement)}
MOTS = ("depot", "piece", "par", "lot")
DATES = ("avant", "apres", "le")
M = MouvementStock


@dataclass(frozen=True, slots=True)
class MoveRow:
    """One movement.

    Attributes:
        autre: of a transfer, the other place.
        origine: number of the intervention, the count or the reversed movement's motive.
        solde: what the place (of the list) or all places (of one part) held after it; None when not asked.
        attente: not sent yet.
    """

    id: int
    quand: datetime
    type_mouvement: str
    piece_id: int
    reference: str
    designation: str
    depot: str
    autre: str
    quantite: Decimal
    valeur_unitaire: Decimal | None
    origine: str
    motif: str
    par: str
    solde: Decimal | None
    attente: bool
    annule: bool
    lot: str


def _filter(texte: str) -> recherche.Filtre:
    return recherche.analyser(texte, MOTS, clock.today(), LISTES, DATES)


def indices(texte: str) -> list[str]:
    """French hints about what the filter box does not understand."""
    return _filter(texte).indices


def _begins(day: date) -> sa.ColumnElement[datetime]:
    return sa.literal(datetime.combine(day, time(), clock.CASABLANCA).astimezone(UTC), M.horodatage.type)


def _request(session: Session, acteur: Acteur, query: ListQuery) -> sa.Select[int]:
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    found = _filter(query.texte)
    request = sa.select(M.id).where(*portee(acteur, M.agence_id))
    part = sa.select(PieceDetachee.id)
    for word, values in found.mots.items():
        if word == "type":
            request = request.where(M.type_mouvement.in_(values))
        elif word == "depot":
            request = request.where(exact.depot(session, M.depot_id, values))
        elif word == "piece":
            request = request.where(exact.of(M.piece_id, values, lambda names: M.piece_id.in_(part.where(
                sa.or_(*(un_de(session, v, PieceDetachee.reference, PieceDetachee.designation) for v in names))
            ))))  # fmt: skip
        elif word == "lot":
            request = request.where(sa.or_(*(contient(session, M.lot, v) for v in values)))
        else:
            named = sa.or_(*(contient(session, User.full_name, v) for v in values))
            request = request.where(M.created_by_id.in_(sa.select(User.id).where(named)))
    for word, day in found.dates.items():
        start, end = _begins(day), _begins(day + timedelta(days=1))
        if word == "avant":
            request = request.where(start > EFFET)
        elif word == "apres":
            request = request.where(end <= EFFET)
        else:
            request = request.where(start <= EFFET, end > EFFET)
    for word in found.libre:
        request = request.where(
            sa.or_(
                M.piece_id.in_(part.where(un_de(session, word, PieceDetachee.reference, PieceDetachee.designation))),
                contient(session, M.motif, word),
                M.intervention_id.in_(sa.select(Intervention.id).where(contient(session, Intervention.numero, word))),
            )
        )
    return request


def _order(_session: Session, query: ListQuery) -> list[Stratum]:
    key: Any = {"type_mouvement": M.type_mouvement, "quantite": thousandths(M.quantite)}.get(query.tri, EFFET)
    return [Stratum(sa.true(), [key], query.descendant if query.tri else True)]


def ids(session: Session, acteur: Acteur, query: ListQuery) -> list[int]:
    """Every matching identifier, newest first unless a column is chosen."""
    [every] = _order(session, query)
    return identifiants(session, every.of(_request(session, acteur, query), M.id).limit(query.limite))


def first(session: Session, acteur: Acteur, query: ListQuery) -> sa.Select[int] | None:
    """See :data:`pages.First`."""
    [every] = _order(session, query)
    return every.of(_request(session, acteur, query), M.id).limit(query.limite)


PLACES = Long(M.id, ids, _request, _order)


def _select(balances: Any = None) -> sa.Select[*tuple[Any, ...]]:
    other, other_depot = sa.orm.aliased(M), sa.orm.aliased(Depot)
    reversal = sa.orm.aliased(M)
    return (
        sa.select(
            M.id, EFFET.label("quand"), M.type_mouvement, M.piece_id, PieceDetachee.reference,
            PieceDetachee.designation, Depot.nom, sa.func.coalesce(other_depot.nom, "").label("autre"), M.quantite,
            M.valeur_unitaire,
            sa.func.coalesce(Intervention.numero, Inventaire.numero, "").label("origine"),
            sa.func.coalesce(M.motif, "").label("motif"), sa.func.coalesce(User.full_name, "").label("par"),
            (sa.literal(None, sa.BigInteger()) if balances is None else balances.c.solde).label("solde"),
            sa.exists(sa.select(reversal.id).where(reversal.annule_id == M.id)).label("annule"),
            sa.func.coalesce(M.lot, "").label("lot"),
        )
        .join(PieceDetachee, PieceDetachee.id == M.piece_id)
        .join(Depot, Depot.id == M.depot_id)
        .outerjoin(other, sa.and_(other.transfert_id == M.transfert_id, other.id != M.id))
        .outerjoin(other_depot, other_depot.id == other.depot_id)
        .outerjoin(Intervention, Intervention.id == M.intervention_id)
        .outerjoin(Inventaire, Inventaire.id == M.inventaire_id)
        .outerjoin(User, User.id == M.created_by_id)
    )  # fmt: skip


def _row(r: Any, waiting: set[int]) -> MoveRow:
    return MoveRow(
        r.id, r.quand, r.type_mouvement, r.piece_id, r.reference, r.designation, r.nom, r.autre, r.quantite,
        r.valeur_unitaire, r.origine, r.motif, r.par, None if r.solde is None else units(r.solde), r.id in waiting,
        bool(r.annule), r.lot,
    )  # fmt: skip


def rows(session: Session, acteur: Acteur, ids: Sequence[int]) -> list[MoveRow]:
    """Rows of a visible window, in the order of ``ids``."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    waiting, _ = marques(session, "mouvements_stock", ids)
    found: dict[int, MoveRow] = {}
    for block in paquets(ids):
        for r in session.execute(_select().where(M.id.in_(block), *portee(acteur, M.agence_id))):
            found[r.id] = _row(r, waiting)
    return dans_l_ordre(ids, found)


def get(session: Session, acteur: Acteur, id: int) -> MoveRow:  # noqa: A002
    """One movement with what it belongs to."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    charger(session, acteur, MouvementStock, id, "ce mouvement")
    return rows(session, acteur, [id])[0]


def of_part(session: Session, acteur: Acteur, piece: int, *, limit: int = 200) -> tuple[list[MoveRow], int]:
    """The latest movements of a part with the balance of all its places after each, and how many there are."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    mine = [M.piece_id == piece, *portee(acteur, M.agence_id)]
    balances = (
        sa.select(M.id, sa.func.sum(thousandths(M.quantite)).over(order_by=(EFFET, M.id)).label("solde"))
        .where(*mine)
        .cte("soldes")
    )
    query = _select(balances).join(balances, balances.c.id == M.id).where(M.piece_id == piece)
    found = list(session.execute(query.order_by(EFFET.desc(), M.id.desc()).limit(limit)))
    waiting, _ = marques(session, "mouvements_stock", [r.id for r in found])
    count = session.scalar(sa.select(sa.func.count()).where(*mine)) or 0
    return [_row(r, waiting) for r in found], count
