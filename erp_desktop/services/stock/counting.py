"""Counts: a sheet per place, entries that add up, and the difference at the moment of counting posted at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NoReturn

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain.enums import EtatInventaire, TypeMouvement
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.saisie import mots
from erp_desktop.domain.saisie.stock import InventaireInput
from erp_desktop.domain.suivi import REPRISE, SuiviPiece, spelled
from erp_desktop.errors import UserError, ValidationError
from erp_desktop.models import Agence, Depot, Inventaire, LigneInventaire, MouvementStock, PieceDetachee
from erp_desktop.models.local import compteurs
from erp_desktop.services.interventions.numbers import poste_local
from erp_desktop.services.shared import trace
from erp_desktop.services.shared.common import charger, ecrire
from erp_desktop.services.shared.lists import est_sqlite, portee
from erp_desktop.services.stock import ledger, lookup
from erp_desktop.services.stock.counted import Counted, Entry, Key, Sheet, get
from erp_desktop.services.stock.quantities import thousandths, units

__all__ = [
    "LIMIT",
    "OVER",
    "Counted",
    "Entry",
    "Found",
    "Key",
    "Sheet",
    "Validated",
    "cancel",
    "create",
    "enter",
    "find",
    "find_part",
    "get",
    "next_number",
    "open_counts",
    "open_sheet",
    "update",
    "validate",
]  # fmt: skip
LIMIT = Decimal(1000)
"""MAD of differences that an agent settles alone."""
_TOO_MANY = Decimal(10) ** 9
OVER = "Cet inventaire est terminé : ouvrez-en un autre."
M, L = MouvementStock, LigneInventaire


def next_number(session: Session, depot: Depot) -> str:
    """The next number of the agency's counts of this year on this desktop."""
    agence = session.get_one(Agence, depot.agence_id)
    year = clock.local(clock.now()).year
    prefix = f"IVT-{agence.code}-{poste_local(session):02d}-{year}-"
    if not est_sqlite(session):
        session.execute(sa.text("SELECT sync.reserver_numeros(:code)"), {"code": agence.code})
    used = session.scalar(sa.select(sa.func.max(Inventaire.numero)).where(Inventaire.numero.startswith(prefix)))
    last = int(used.rpartition("-")[2]) if used else 0
    if est_sqlite(session):
        kept = session.scalar(sa.select(compteurs.c.valeur).where(compteurs.c.nom == prefix))
        last = max(last, kept or 0)
        if kept is None:
            session.execute(sa.insert(compteurs).values(nom=prefix, valeur=last + 1))
        else:
            session.execute(sa.update(compteurs).where(compteurs.c.nom == prefix).values(valeur=last + 1))
    return f"{prefix}{last + 1:05d}"


def create(session: Session, acteur: Acteur, typed: InventaireInput) -> int:
    """Open a sheet for a place.

    Raises:
        NotAllowedError
        ValidationError: a closed place, or one that is being counted already.
    """
    roles.exiger(acteur, roles.Droit.FICHIER_ECRIRE)
    trace.annoncer(session, acteur)
    depot = ledger.depot_of(session, acteur, typed.depot_id)
    same = sa.select(Inventaire.numero).where(
        Inventaire.depot_id == depot.id, Inventaire.etat == EtatInventaire.OUVERT
    )
    begun = session.scalar(same.limit(1))
    if begun is not None:
        raise ValidationError({"depot_id": f"Ce dépôt est déjà en cours de comptage : {begun}."})
    row = Inventaire(
        depot_id=depot.id, agence_id=depot.agence_id, numero=next_number(session, depot), ouvert_a=clock.now(),
        remarque=typed.remarque, created_by_id=acteur.user_id or None,
    )  # fmt: skip
    session.add(row)
    ecrire(session)
    return row.id


def open_sheet(session: Session, acteur: Acteur, ident: int) -> Inventaire:
    """Raises: UserError: the count is over."""
    roles.exiger(acteur, roles.Droit.FICHIER_ECRIRE)
    row = charger(session, acteur, Inventaire, ident, "cet inventaire", ecrire=True)
    if row.etat != EtatInventaire.OUVERT:
        raise UserError(OVER)
    return row


def enter(
    session: Session,
    acteur: Acteur,
    ident: int,
    piece: int,
    quantity: Decimal,
    motif: str = "",
    *,
    exact: bool = False,
    lot: str | None = None,
) -> Decimal:
    """Add to what was counted of a part, or with ``exact`` make it that quantity; returns the count so far.

    Args:
        lot: which units of a followed part; empty for those that carry none.

    Raises:
        UserError: the count is over.
        ValidationError: no such part, a count below zero or that no column holds, a followed part without lot, a
            serial number counted twice.
    """
    sheet = open_sheet(session, acteur, ident)
    part = ledger.part_of(session, acteur, piece, sheet.agence_id)
    lot = _lot(part, lot)
    motif = mots.lire(motif, "motif")
    _countable(quantity)
    so_far = units(
        session.scalar(
            sa.select(sa.func.sum(thousandths(L.quantite))).where(
                L.inventaire_id == ident, L.piece_id == piece, L.lot.is_not_distinct_from(lot)
            )
        )
    )
    more = quantity - so_far if exact else quantity
    if so_far + more < 0:
        raise ValidationError({"quantite": "On ne compte pas moins que zéro."})
    if part.suivi == SuiviPiece.SERIE and lot and so_far + more not in (0, 1):
        raise ValidationError(
            {
                "quantite": f"Le numéro de série {lot} est déjà compté."
                if more == 1
                else "Une pièce suivie par série se compte une à une."
            }
        )
    trace.annoncer(session, acteur)
    session.add(
        LigneInventaire(
            inventaire_id=ident, agence_id=sheet.agence_id, piece_id=piece, quantite=more, comptee_a=clock.now(),
            motif=motif or None, created_by_id=acteur.user_id or None, lot=lot,
        )
    )  # fmt: skip
    ecrire(session)
    return so_far + more


def _countable(quantity: Decimal) -> None:
    if not quantity.is_finite() or abs(quantity) >= _TOO_MANY:
        raise ValidationError({"quantite": "Ce nombre est trop grand."})
    if quantity != round(quantity, 3):
        raise ValidationError({"quantite": "3 décimales au plus."})


def take_back(
    session: Session, acteur: Acteur, ident: int, piece: int, quantity: Decimal, lot: str | None = None
) -> Decimal:
    """Take an entry of this quantity back: what was counted only by it is not counted any more.

    Raises:
        UserError, ValidationError: as :func:`enter`.
    """
    return enter(session, acteur, ident, piece, -quantity, REPRISE, lot=lot)


def _lot(part: PieceDetachee, lot: str | None) -> str | None:
    if part.suivi == SuiviPiece.AUCUN:
        return None
    if lot is None:
        raise ValidationError({"lot": "Cette pièce est suivie : donnez son lot ou son numéro de série."})
    return spelled(mots.lire(lot, "lot", 60))


@dataclass(frozen=True, slots=True)
class Found:
    """What a scanned code names: a part, or units of one.

    Attributes:
        lot: of a lot whose own label was scanned; None otherwise.
        followed: without a lot, it has to be said which units are counted.
    """

    piece_id: int
    reference: str
    designation: str
    followed: bool
    lot: str | None = None


def find(session: Session, acteur: Acteur, code: str, of: int | None = None) -> Found:
    """What a code names: a part by a code of its own, else the units of a lot that the ledger knows.

    Args:
        of: the followed part that was scanned before: what is no part's code is then a lot of its own, new or not.

    Raises:
        ValidationError: under ``code``, no part or several.
    """
    lot = None
    parts = lookup.by_code(session, acteur, code)
    if not parts and of is not None:
        parts, lot = [of], spelled(code)
    elif not parts:
        known = sa.select(M.piece_id).where(M.lot == spelled(code), *portee(acteur, M.agence_id)).distinct().limit(2)
        parts, lot = list(session.scalars(known)), spelled(code)
        if len(parts) > 1:
            raise ValidationError({"code": f"« {code} » est le lot de plusieurs pièces : scannez d'abord la pièce."})
    if len(parts) != 1:
        _none_found(code, parts)
    part = session.get_one(PieceDetachee, parts[0])
    return Found(part.id, part.reference, part.designation, part.suivi != SuiviPiece.AUCUN, lot)


def _none_found(code: str, parts: Sequence[int]) -> NoReturn:
    raise ValidationError(
        {
            "code": f"« {code} » n'est le code d'aucune pièce."
            if not parts
            else f"« {code} » est celui de plusieurs pièces."
        }
    )


def find_part(session: Session, acteur: Acteur, code: str) -> int:
    """The part of a scanned or typed code: barcode, reference or the supplier's reference.

    Raises:
        ValidationError: under ``code``, no part or several.
    """
    found = lookup.by_code(session, acteur, code)
    if len(found) == 1:
        return found[0]
    _none_found(code, found)


@dataclass(frozen=True, slots=True)
class Validated:
    """How many differences were posted, and their value in MAD."""

    posted: int
    value: Decimal


def validate(session: Session, acteur: Acteur, ident: int, *, partial: bool = False) -> Validated:
    """End a count: each difference at its moment of counting becomes an adjustment.

    Should a movement from before the count arrive afterwards from another desktop, the centre corrects it
    (``centre.functions.stock``).

    Args:
        partial: parts that were not counted keep what the ledger says; without it they stop the end.

    Raises:
        NotAllowedError: an agent, and the differences are worth more than :data:`LIMIT`.
        UserError: nothing counted, or not everything.
    """
    sheet = open_sheet(session, acteur, ident)
    view = get(session, acteur, ident)
    if not view.counted:
        raise UserError("Rien n'est compté : scannez ou saisissez au moins une pièce.")
    left = len(view.lines) - len(view.counted)
    if left and not partial:
        raise UserError(f"{left} lignes restent à compter." if left > 1 else "1 ligne reste à compter.")
    value = sum((abs(line.valeur) for line in view.gaps if line.valeur is not None), Decimal("0.00"))
    ledger.may_count(acteur, value, LIMIT)
    trace.annoncer(session, acteur)
    depot = session.get_one(Depot, sheet.depot_id)
    for line in view.gaps:
        ledger.add(
            session, acteur, depot, piece_id=line.piece_id, type_mouvement=TypeMouvement.AJUSTEMENT.value,
            quantite=line.ecart, date_effet=line.comptee_a, inventaire_id=ident, motif=line.motif or sheet.numero,
            lot=line.lot or None,
        )  # fmt: skip
    sheet.etat, sheet.fige_a = EtatInventaire.VALIDE.value, clock.now()
    ecrire(session)
    return Validated(len(view.gaps), sum((x.valeur for x in view.gaps if x.valeur is not None), Decimal("0.00")))


def cancel(session: Session, acteur: Acteur, ident: int) -> None:
    """Give a count up; its entries stay readable and correct nothing."""
    sheet = open_sheet(session, acteur, ident)
    trace.annoncer(session, acteur)
    sheet.etat, sheet.fige_a = EtatInventaire.ANNULE.value, clock.now()
    ecrire(session)


def update(session: Session, acteur: Acteur, ident: int, changes: dict[str, object]) -> None:
    """Change the remark; a count keeps its place.

    Raises:
        ValidationError
    """
    roles.exiger(acteur, roles.Droit.FICHIER_ECRIRE)
    row = charger(session, acteur, Inventaire, ident, "cet inventaire", ecrire=True)
    changed = InventaireInput.changements({"depot_id": row.depot_id, "remarque": row.remarque}, dict(changes))
    if "depot_id" in changed:
        raise ValidationError({"depot_id": "Un inventaire garde son dépôt : annulez-le et ouvrez-en un autre."})
    if changed:
        trace.annoncer(session, acteur)
        row.remarque = changed["remarque"]
        ecrire(session)


def open_counts(session: Session, depots: Sequence[int]) -> dict[int, str]:
    """Place → number of the count under way there."""
    query = sa.select(Inventaire.depot_id, Inventaire.numero).where(
        Inventaire.depot_id.in_(depots), Inventaire.etat == EtatInventaire.OUVERT
    )
    return dict(session.execute(query).all())
