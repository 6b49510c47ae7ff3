"""Writing the ledger: entries, exits, returns, adjustments, transfers, reversals. Rows are only ever added."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db import ids
from erp_desktop.domain.enums import EtatInventaire, StatutDepot, TypeMouvement
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.saisie import mots
from erp_desktop.domain.saisie.stock import MouvementInput
from erp_desktop.domain.suivi import SuiviPiece
from erp_desktop.errors import NotAllowedError, UserError, ValidationError
from erp_desktop.models import Depot, Inventaire, LigneInventaire, MouvementStock, PieceDetachee
from erp_desktop.services.shared import trace
from erp_desktop.services.shared.common import charger, ecrire, lie
from erp_desktop.services.stock import lots, quantities, valuation

NOT_HERE = "Cette pièce n'existe pas dans cette agence."
NO_DEPOT = "Ce dépôt n'existe pas dans cette agence."
CLOSED = "Ce dépôt est clos : rouvrez-le ou choisissez-en un autre."
SAME = "Choisissez un autre dépôt que celui de départ."


@dataclass(frozen=True, slots=True)
class Posted:
    """What a movement did.

    Attributes:
        ids: the rows added; two for a transfer.
        stock: what its place then holds.
        warning: French, when that is below zero.
    """

    ids: tuple[int, ...]
    stock: Decimal
    warning: str = ""


def depot_of(session: Session, acteur: Acteur, ident: int, field: str = "depot_id") -> Depot:
    """An open depot of the person's agency.

    Raises:
        ValidationError: under ``field``.
    """
    depot = lie(session, acteur, Depot, ident, field, NO_DEPOT, acteur.agence_id if acteur.agence_id else _agence(
        session, ident))  # fmt: skip
    if depot is None or depot.agence_id is None:
        raise ValidationError({field: NO_DEPOT})
    if depot.statut == StatutDepot.CLOS or not depot.is_active:
        raise ValidationError({field: CLOSED})
    return depot


def _agence(session: Session, depot: int) -> int | None:
    return session.scalar(sa.select(Depot.agence_id).where(Depot.id == depot))


def part_of(session: Session, acteur: Acteur, ident: int, agence: int | None) -> PieceDetachee:
    part = lie(session, acteur, PieceDetachee, ident, "piece_id", NOT_HERE, agence)
    if part is None:
        raise ValidationError({"piece_id": NOT_HERE})
    return part


def add(session: Session, acteur: Acteur, depot: Depot, **values: Any) -> MouvementStock:
    """One row of the ledger, as it is; callers have checked it."""
    row = MouvementStock(
        agence_id=depot.agence_id, depot_id=depot.id, horodatage=clock.now(), created_by_id=acteur.user_id or None,
        **values,
    )  # fmt: skip
    session.add(row)
    return row


def post(session: Session, acteur: Acteur, typed: MouvementInput) -> Posted:
    """Enter what a person types: the quantity is positive, its sign comes from the kind.

    An adjustment alone is signed as it is typed. An exit below zero is made and said: the shelf knows better than
    the ledger. A transfer of what is not there is refused, it would only move the error to another place.

    Raises:
        NotAllowedError, ValidationError
    """
    roles.exiger(acteur, roles.Droit.FICHIER_ECRIRE)
    trace.annoncer(session, acteur)
    depot = depot_of(session, acteur, typed.depot_id)
    part = part_of(session, acteur, typed.piece_id, depot.agence_id)
    kind = TypeMouvement(typed.type_mouvement)
    if typed.lot and part.suivi == SuiviPiece.AUCUN:
        raise ValidationError({"lot": "Cette pièce n'est suivie ni par lot ni par série : videz ce champ."})
    if typed.date_effet is not None:
        _refuse_before_count(session, part.id, depot.id, typed.date_effet)
    if kind is TypeMouvement.TRANSFERT:
        return _transfer(session, acteur, part, depot, typed)
    signed = -typed.quantite if kind is TypeMouvement.SORTIE else typed.quantite
    lot = lots.named(session, part, depot, signed, typed.lot)
    value = typed.valeur_unitaire
    if value is None and kind in (TypeMouvement.SORTIE, TypeMouvement.RETOUR):
        value = valuation.average_cost(session, part.id, depot.agence_id)
    row = add(
        session, acteur, depot, piece_id=part.id, type_mouvement=kind.value, quantite=signed, valeur_unitaire=value,
        motif=typed.motif, remarque=typed.remarque, date_effet=typed.date_effet, lot=lot,
    )  # fmt: skip
    ecrire(session)
    return _told(session, part, depot, (row.id,))


def _transfer(session: Session, acteur: Acteur, part: PieceDetachee, depot: Depot, typed: MouvementInput) -> Posted:
    if typed.vers_depot_id is None:
        raise ValidationError({"vers_depot_id": "Choisissez le dépôt d'arrivée."})
    if typed.vers_depot_id == depot.id:
        raise ValidationError({"vers_depot_id": SAME})
    target = depot_of(session, acteur, typed.vers_depot_id, "vers_depot_id")
    if typed.date_effet is not None:
        _refuse_before_count(session, part.id, target.id, typed.date_effet)
    if target.agence_id != depot.agence_id:
        raise ValidationError({"vers_depot_id": "Ce dépôt est celui d'une autre agence."})
    lot = lots.named(session, part, depot, -typed.quantite, typed.lot)
    there = quantities.in_depot(session, part.id, depot.id)
    if lot is not None:
        there = min(there, lots.held(session, part.id, lot).get((lot, depot.id), quantities.ZERO))
    if there < typed.quantite:
        words = f"{depot.nom} n'en a que {plain(there)} : comptez-le avant de transférer."
        raise ValidationError({"quantite": words})
    value = valuation.average_cost(session, part.id, depot.agence_id)
    first, second = ids.allocate(session.connection(), 2)
    for ident, place, signed in ((first, depot, -typed.quantite), (second, target, typed.quantite)):
        add(
            session, acteur, place, id=ident, piece_id=part.id, type_mouvement=TypeMouvement.TRANSFERT.value,
            quantite=signed, valeur_unitaire=value, motif=typed.motif, remarque=typed.remarque, transfert_id=first,
            date_effet=typed.date_effet, lot=lot,
        )  # fmt: skip
    ecrire(session)
    return _told(session, part, depot, (first, second))


def _told(session: Session, part: PieceDetachee, depot: Depot, rows: tuple[int, ...]) -> Posted:
    stock = quantities.in_depot(session, part.id, depot.id)
    warning = f"{part.reference} est à {plain(stock)} dans {depot.nom} : à compter." if stock < 0 else ""
    return Posted(rows, stock, warning)


def plain(quantity: Decimal) -> str:
    """``2``, ``2,5``, ``-1``."""
    return f"{quantity.normalize():f}".replace(".", ",")


def _refuse_before_count(session: Session, piece: int, depot: int, when: datetime) -> None:
    """What is entered under an earlier date than a validated count would change what was counted."""
    counted = _counted(session, LigneInventaire.piece_id == piece, Inventaire.depot_id == depot)
    if counted is not None and when <= counted:
        day = clock.local(counted).strftime("%d/%m/%Y")
        raise ValidationError({"date_effet": f"Cette pièce a été comptée le {day} : la date doit être après."})
    if when > clock.now():
        raise ValidationError({"date_effet": "Cette date est à venir."})


def _counted(session: Session, *of: sa.ColumnElement[bool]) -> datetime | None:
    """When a validated count last counted something."""
    return session.scalar(
        sa.select(sa.func.max(LigneInventaire.comptee_a, type_=LigneInventaire.comptee_a.type))
        .join(Inventaire, Inventaire.id == LigneInventaire.inventaire_id)
        .where(Inventaire.etat == EtatInventaire.VALIDE, *of)
    )


def _refuse_counted(session: Session, row: MouvementStock) -> None:
    """What was counted since a movement is right with it: undoing it would make it wrong."""
    counted = _counted(
        session, LigneInventaire.piece_id == row.piece_id, Inventaire.depot_id == row.depot_id,
        sa.or_(LigneInventaire.lot.is_(None), LigneInventaire.lot == (row.lot or "")),
    )  # fmt: skip
    if counted is not None and (row.date_effet or row.horodatage) <= counted:
        day = clock.local(counted).strftime("%d/%m/%Y")
        raise UserError(f"Cette pièce a été comptée le {day}, après ce mouvement : le comptage en a tenu compte.")


def reverse(session: Session, acteur: Acteur, ident: int, motif: str = "") -> tuple[int, ...]:
    """Undo a movement by its opposite, which names it; both rows of a transfer.

    Raises:
        NotAllowedError, NotFoundError
        UserError: reversed already, a reversal itself, one that a line or a count keeps in step, or counted since.
    """
    roles.exiger(acteur, roles.Droit.FICHIER_ECRIRE)
    row = charger(session, acteur, MouvementStock, ident, "ce mouvement")
    if row.annule_id is not None:
        raise UserError("Ce mouvement en contre-passe un autre : saisissez un nouveau mouvement.")
    if row.ligne_intervention_id is not None:
        raise UserError("Ce mouvement suit une ligne d'intervention : retirez ou corrigez la ligne.")
    if row.inventaire_id is not None:
        raise UserError("Ce mouvement suit un inventaire : comptez de nouveau.")
    rows = [row]
    if row.transfert_id is not None:
        same = sa.select(MouvementStock).where(MouvementStock.transfert_id == row.transfert_id)
        rows = list(session.scalars(same.order_by(MouvementStock.id)))
    done = sa.select(MouvementStock.id).where(MouvementStock.annule_id.in_([r.id for r in rows]))
    if session.scalar(done.limit(1)) is not None:
        raise UserError("Ce mouvement a déjà été contre-passé.")
    for one in rows:
        _refuse_counted(session, one)
    motif = mots.lire(motif, "motif")
    trace.annoncer(session, acteur)
    made = ids.allocate(session.connection(), len(rows))
    for new, old in zip(made, rows, strict=True):
        opposite = {"entree": "ajustement", "retour": "ajustement", "sortie": "retour"}
        depot = session.get_one(Depot, old.depot_id)
        add(
            session, acteur, depot, id=new, piece_id=old.piece_id, quantite=-old.quantite,
            type_mouvement=opposite.get(old.type_mouvement, old.type_mouvement), valeur_unitaire=old.valeur_unitaire,
            motif=motif or "Contre-passation", annule_id=old.id, intervention_id=old.intervention_id,
            transfert_id=made[0] if old.transfert_id is not None else None, lot=old.lot,
        )  # fmt: skip
    ecrire(session)
    return tuple(made)


def may_count(acteur: Acteur, difference: Decimal, limit: Decimal) -> None:
    """Raises: NotAllowedError: the difference is worth more than an agent settles alone."""
    if abs(difference) > limit and not roles.peut(acteur.role, roles.Droit.VALIDER):
        raise NotAllowedError(f"Un écart de plus de {plain(limit)} MAD est validé par un responsable.")
