"""Parts: list with quantities per place, form, creation, edits, thresholds, look-up by code."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db.abreast import abreast
from erp_desktop.domain import recherche
from erp_desktop.domain.enums import StatutDepot, TypeDepot
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.saisie.stock import PieceInput, SeuilInput
from erp_desktop.errors import ValidationError
from erp_desktop.models import Depot, MouvementStock, PieceDetachee, SeuilStock
from erp_desktop.services.search import exact
from erp_desktop.services.shared import edits, trace
from erp_desktop.services.shared.common import agence_de, charger, ecrire, lie, refuser_doublon
from erp_desktop.services.shared.lists import (
    ListQuery,
    contient,
    dans_l_ordre,
    paquets,
    portee,
    un_de,
)
from erp_desktop.services.shared.places import Long
from erp_desktop.services.shared.places.sorts import Sort, along, sorted_ids
from erp_desktop.services.stock import ledger, quantities, valuation
from erp_desktop.services.stock.quantities import EFFET, ZERO, thousandths

STATES = ("negatif", "sous_minimum", "a_commander", "dormant")
"""Below zero somewhere, below the minimum, to order, without movement for a year."""
LISTES: dict[str, list[str]] = {"etat": list(STATES)}
MOTS = ("famille", "depot", "fournisseur", "agence", "piece", "chez")
DORMANT = timedelta(days=365)
_DOUBLON = "La référence {valeur} est déjà celle de « {autre} »."
P, M, S = PieceDetachee, MouvementStock, SeuilStock


@dataclass(frozen=True, slots=True)
class PartRow:
    """One row of the list.

    Attributes:
        magasin, fourgons: what the stores hold, and what the vans hold together.
        total: sum of the places, scrap left out.
        reserve: set aside by planned interventions.
        a_commander: what brings the free stock back to its maximum.
        valeur: MAD at average cost of what is above zero; None when it never had a price.
        cout: the average cost of one unit.
        depots: what each place holds; one that never had any is left out.
        bas: place that holds less than its own minimum, whatever the others have → its kind.
    """

    id: int
    reference: str
    designation: str
    famille: str | None
    unite: str
    magasin: Decimal
    fourgons: Decimal
    total: Decimal
    reserve: Decimal
    minimum: Decimal
    a_commander: Decimal
    valeur: Decimal | None
    negatif: bool
    cout: Decimal | None
    depots: Mapping[int, Decimal]
    bas: Mapping[int, str] = field(default_factory=dict)

    @property
    def short(self) -> bool:
        """Whether all the places together hold too little."""
        return self.total < self.minimum

    @property
    def low(self) -> bool:
        return self.short or bool(self.bas)


@dataclass(frozen=True, slots=True)
class PlaceStock:
    """What one place holds of a part, and how much it should."""

    depot_id: int
    depot: str
    type_depot: str
    quantite: Decimal
    minimum: Decimal | None
    maximum: Decimal | None
    statut: str = StatutDepot.OUVERT.value


@dataclass(frozen=True, slots=True)
class PartCard:
    """Every field of the form, with what there is of the part."""

    id: int
    agence_id: int | None
    reference: str
    designation: str
    famille: str | None
    code_barres: str | None
    unite: str
    prix_unitaire: Decimal | None
    taux_tva: Decimal
    stock_minimum: Decimal
    emplacement: str | None
    suivi: str
    fournisseur: str | None
    fournisseur_reference: str | None
    remplacee_par_id: int | None
    is_active: bool
    created_at: datetime
    updated_at: datetime
    remplacee_par: str
    places: tuple[PlaceStock, ...]
    reservations: tuple[quantities.Reservation, ...]
    total: Decimal
    reserve: Decimal
    minimum: Decimal
    cout_moyen: Decimal | None
    valeur: Decimal | None
    valeur_nette: Decimal | None


def indices(texte: str) -> list[str]:
    """French hints about what the filter box does not understand."""
    return lire_filtre(texte).indices


def lire_filtre(texte: str) -> recherche.Filtre:
    return recherche.analyser(texte, MOTS, clock.today(), LISTES)


def _summed(acteur: Acteur) -> sa.CTE:
    """Of each part: everything, the least of its places, and when it last moved; scrap counts for nothing."""
    places = (
        sa.select(
            M.piece_id, M.depot_id, sa.func.sum(thousandths(M.quantite)).label("n"), sa.func.max(EFFET).label("quand")
        )
        .join(Depot, Depot.id == M.depot_id)
        .where(Depot.type_depot != TypeDepot.REBUT, *portee(acteur, M.agence_id))
        .group_by(M.piece_id, M.depot_id)
        .cte("places")
    )
    return (
        sa.select(
            places.c.piece_id,
            sa.func.sum(places.c.n).label("total"),
            sa.func.min(places.c.n).label("moindre"),
            sa.func.max(places.c.quand).label("quand"),
        )
        .group_by(places.c.piece_id)
        .cte("sommes")
    )


def _wanted(column: Any, fallback: Any) -> Any:
    """The thresholds of a part's places added up, else its own; thousandths."""
    own = quantities.limited(sa.func.sum(thousandths(column))).where(S.piece_id == P.id).correlate(P)
    return sa.func.coalesce(own.scalar_subquery(), fallback, 0)


def _state(acteur: Acteur, sums: sa.CTE, name: str) -> Any:
    total = sa.func.coalesce(sums.c.total, 0)
    minimum = _wanted(S.minimum, thousandths(P.stock_minimum))
    match name:
        case "negatif":
            return sums.c.moindre < 0
        case "sous_minimum":
            return sa.or_(total < minimum, P.id.in_(quantities.low_somewhere(acteur)))
        case "a_commander":
            most = _wanted(sa.func.coalesce(S.maximum, S.minimum), thousandths(P.stock_minimum))
            return total - quantities.set_aside(P.id) < most
        case _:
            limit = sa.literal(clock.now() - DORMANT, M.horodatage.type)
            return sa.or_(sums.c.quand.is_(None), sums.c.quand < limit)


def _request(session: Session, acteur: Acteur, query: ListQuery) -> sa.Select[int]:
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    found = lire_filtre(query.texte)
    request = sa.select(P.id).where(P.is_active.is_(True), *portee(acteur, P.agence_id))
    if "etat" in found.mots:
        sums = _summed(acteur)
        request = request.outerjoin(sums, sums.c.piece_id == P.id)
    texts = {"famille": P.famille, "fournisseur": P.fournisseur}
    for word, values in found.mots.items():
        if word == "etat":
            request = request.where(sa.or_(*(_state(acteur, sums, v) for v in values)))
        elif word in texts:
            request = request.where(sa.or_(*(contient(session, texts[word], v) for v in values)))
        elif word == "depot":
            held = sa.select(M.piece_id).where(exact.depot(session, M.depot_id, values)).group_by(M.piece_id)
            request = request.where(P.id.in_(held.having(sa.func.sum(thousandths(M.quantite)) != 0)))
        elif word == "piece":
            request = request.where(exact.of(P.id, values, lambda names: sa.or_(
                *(un_de(session, v, P.reference, P.designation) for v in names))))  # fmt: skip
        elif word == "chez":
            places = sa.select(Depot.id).where(Depot.type_depot != TypeDepot.REBUT)
            held = sa.select(M.piece_id).where(M.depot_id.in_(places), exact.agency(M.agence_id, values))
            request = request.where(P.id.in_(held))
        else:
            request = request.where(exact.agency(P.agence_id, values))
    for word in found.libre:
        request = request.where(
            un_de(session, word, P.reference, P.designation, P.code_barres, P.fournisseur_reference, P.famille)
        )
    return request


def _sort(query: ListQuery) -> Sort:
    kept = {"reference": P.reference, "emplacement": P.emplacement, "famille": P.famille}
    return along(kept.get(query.tri, P.designation))


def ids(session: Session, acteur: Acteur, query: ListQuery) -> list[int]:
    """Every matching identifier, in order; by designation when no column is chosen."""
    return sorted_ids(session, _request(session, acteur, query), P.id, _sort(query), query)


PLACES = Long(P.id, ids, _request, lambda _session, query: _sort(query).order(query))


def _of(pieces: Sequence[int]) -> list[Callable[[Session], Any]]:
    """What is read of parts beside their own rows: quantities, thresholds, reservations, costs."""
    return [
        partial(quantities.by_depot, pieces=pieces), partial(quantities.thresholds, pieces=pieces),
        partial(quantities.reservations, pieces=pieces), partial(valuation.average_costs, pieces=pieces),
    ]  # fmt: skip


def _parts(session: Session, asked: Any) -> list[Any]:
    return list(session.execute(asked))


def rows(session: Session, acteur: Acteur, ids: Sequence[int]) -> list[PartRow]:
    """Rows of a visible window, in the order of ``ids``."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    found: dict[int, PartRow] = {}
    for block in paquets(ids):
        query = sa.select(P.id, P.reference, P.designation, P.famille, P.unite, P.stock_minimum, P.agence_id).where(
            P.id.in_(block), *portee(acteur, P.agence_id)
        )
        depots, stock, limits, reserved, costs, parts = abreast(
            session, partial(quantities.places, acteur=acteur), *_of(block), partial(_parts, asked=query)
        )
        places = {p.id: p for p in depots}
        opened = {p.id for p in depots if p.statut == StatutDepot.OUVERT}
        held: dict[int, Decimal] = {}
        for r in reserved:
            held[r.piece_id] = held.get(r.piece_id, ZERO) + r.quantite
        for part in parts:
            mine = {d: n for d, n in stock.get(part.id, {}).items() if d in places}
            kept = {d: n for d, n in mine.items() if places[d].type_depot != TypeDepot.REBUT}
            total = sum(kept.values(), ZERO)
            limited = {d: t for (p, d), t in limits.items() if p == part.id and d in opened}
            own = limited.values()
            minimum = sum((t.minimum for t in own), ZERO) if own else part.stock_minimum
            most = sum((t.maximum if t.maximum is not None else t.minimum for t in own), ZERO) if own else minimum
            reserve = held.get(part.id, ZERO)
            cost = _cost(costs, part.id, part.agence_id, acteur)
            above = sum((n for n in kept.values() if n > 0), ZERO)
            of = {kind: sum((n for d, n in mine.items() if places[d].type_depot == kind), ZERO) for kind in TypeDepot}
            found[part.id] = PartRow(
                part.id, part.reference, part.designation, part.famille, part.unite, of[TypeDepot.AGENCE],
                of[TypeDepot.VEHICULE], total, reserve, minimum,
                max(ZERO, most - (total - reserve)), None if cost is None else valuation.amount(above, cost),
                any(n < 0 for n in kept.values()), cost, mine,
                {d: places[d].type_depot for d, t in limited.items() if mine.get(d, ZERO) < t.minimum},
            )  # fmt: skip
    return dans_l_ordre(ids, found)


def _cost(costs: dict[tuple[int, int], Decimal], part: int, agence: int | None, acteur: Acteur) -> Decimal | None:
    """A shared part is worth what the person's agency paid for it."""
    return costs.get((part, agence or acteur.agence_id or 0))


def get(session: Session, acteur: Acteur, id: int) -> PartCard:  # noqa: A002
    """All fields of the form, with quantities per place, reservations and value."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    part, depots, of_all, limits, reserved, costs = abreast(
        session, lambda s: charger(s, acteur, PieceDetachee, id, "cette pièce"),
        partial(quantities.places, acteur=acteur), *_of([id]),
    )  # fmt: skip
    stock, places = of_all.get(id, {}), []
    for p in depots:
        own = limits.get((id, p.id))
        if p.statut == "clos" and not stock.get(p.id):
            continue
        places.append(
            PlaceStock(
                p.id, p.nom, p.type_depot, stock.get(p.id, ZERO), own.minimum if own else None,
                own.maximum if own else None, p.statut,
            )
        )  # fmt: skip
    kept = [p for p in places if p.type_depot != TypeDepot.REBUT]
    cost = _cost(costs, id, part.agence_id, acteur)
    total = sum((p.quantite for p in kept), ZERO)
    mins = [p.minimum for p in kept if p.minimum is not None and p.statut == StatutDepot.OUVERT]
    other = session.get(PieceDetachee, part.remplacee_par_id) if part.remplacee_par_id else None
    return edits.lire(
        PartCard,
        part,
        remplacee_par=f"{other.reference} · {other.designation}" if other is not None else "",
        places=tuple(places),
        reservations=tuple(reserved),
        total=total,
        reserve=sum((r.quantite for r in reserved), ZERO),
        minimum=sum(mins, ZERO) if mins else part.stock_minimum,
        cout_moyen=cost,
        valeur=None if cost is None else valuation.amount(sum((max(p.quantite, ZERO) for p in kept), ZERO), cost),
        valeur_nette=None if cost is None else valuation.amount(total, cost),
    )


def _check(session: Session, acteur: Acteur, values: dict[str, Any], agence: int | None, but: int | None) -> None:
    refuser_doublon(session, P.reference, values.get("reference"), but, P.designation, _DOUBLON)
    other = lie(
        session, acteur, PieceDetachee, values.get("remplacee_par_id"), "remplacee_par_id", ledger.NOT_HERE, agence
    )
    # Two desktops may each replace one part by the other: what they made together is walked once around.
    seen: set[int] = set()
    while other is not None and but is not None and other.id not in seen:
        if other.id == but:
            raise ValidationError({"remplacee_par_id": "Une pièce ne se remplace pas elle-même."})
        seen.add(other.id)
        other = session.get(PieceDetachee, other.remplacee_par_id) if other.remplacee_par_id else None


def create(session: Session, acteur: Acteur, typed: PieceInput) -> int:
    """Add a part to the person's agency; returns its id.

    Raises:
        NotAllowedError, ValidationError, DuplicateError
    """
    roles.exiger(acteur, roles.Droit.FICHIER_ECRIRE)
    agence = agence_de(session, acteur, None, partage=True)
    values = typed.model_dump()
    _check(session, acteur, values, agence, None)
    return edits.creer(session, acteur, PieceDetachee(**values, agence_id=agence))


def update(session: Session, acteur: Acteur, id: int, changes: dict[str, object]) -> None:  # noqa: A002
    """Change fields of the form.

    Raises:
        NotAllowedError, NotFoundError, ValidationError, DuplicateError
    """
    roles.exiger(acteur, roles.Droit.FICHIER_ECRIRE)
    part = charger(session, acteur, PieceDetachee, id, "cette pièce", ecrire=True)
    edits.modifier(
        session, acteur, part, PieceInput, changes,
        lambda now, new: _check(session, acteur, {**now, **new}, part.agence_id, id),
    )  # fmt: skip


def set_threshold(session: Session, acteur: Acteur, piece: int, depot: int, typed: SeuilInput) -> None:
    """Say how much of a part a place should hold.

    Raises:
        NotAllowedError, ValidationError
    """
    roles.exiger(acteur, roles.Droit.FICHIER_ECRIRE)
    place = ledger.depot_of(session, acteur, depot)
    ledger.part_of(session, acteur, piece, place.agence_id)
    trace.annoncer(session, acteur)
    row = session.scalars(sa.select(S).where(S.piece_id == piece, S.depot_id == depot)).first()
    if row is None:
        row = SeuilStock(
            piece_id=piece, depot_id=depot, agence_id=place.agence_id, created_by_id=acteur.user_id or None
        )
        session.add(row)
    row.minimum, row.maximum = typed.minimum, typed.maximum
    ecrire(session)
