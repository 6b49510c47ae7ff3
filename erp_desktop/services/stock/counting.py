"""Counts: a sheet per place, entries that add up, and the difference at the moment of counting posted at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain.enums import EtatInventaire, TypeMouvement
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.saisie.stock import InventaireInput
from erp_desktop.errors import UserError, ValidationError
from erp_desktop.models import Agence, Depot, Inventaire, LigneInventaire, MouvementStock, PieceDetachee, User
from erp_desktop.models.local import compteurs
from erp_desktop.services.interventions.numbers import poste_local
from erp_desktop.services.shared import trace
from erp_desktop.services.shared.common import charger, ecrire
from erp_desktop.services.shared.lists import est_sqlite
from erp_desktop.services.stock import ledger, lookup, quantities, valuation
from erp_desktop.services.stock.quantities import EFFET, thousandths, units

LIMIT = Decimal(1000)
"""MAD of differences that an agent settles alone."""
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


@dataclass(frozen=True, slots=True)
class Counted:
    """One part of a sheet.

    Attributes:
        attendu: what the ledger holds up to the moment of counting, or now while it is not counted.
        compte: None as long as nothing was entered, which is not zero.
        ecart: counted less expected; None when not counted.
        valeur: MAD of the difference; None without an average cost.
        bouge: movements of this part since the sheet was opened.
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


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry, newest first on the screen."""

    quand: datetime
    designation: str
    quantite: Decimal
    par: str


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
    row = charger(session, acteur, Inventaire, ident, "cet inventaire")
    depot = session.get_one(Depot, row.depot_id)
    counts = {
        piece: (units(n), when)
        for piece, n, when in session.execute(
            sa.select(
                L.piece_id, sa.func.sum(thousandths(L.quantite)), sa.func.max(L.comptee_a, type_=L.comptee_a.type)
            )
            .where(L.inventaire_id == ident)
            .group_by(L.piece_id)
        )
    }
    motives = dict(
        session.execute(
            sa.select(L.piece_id, L.motif).where(L.inventaire_id == ident, L.motif.is_not(None)).order_by(L.id)
        ).all()
    )
    now = quantities.whole_depot(session, depot.id)
    expected = expected_at(session, depot.id, {p: when for p, (_, when) in counts.items()}, without=ident)
    moved = dict(
        session.execute(
            sa.select(M.piece_id, sa.func.count())
            .where(M.depot_id == depot.id, row.ouvert_a < EFFET, M.inventaire_id.is_distinct_from(ident))
            .group_by(M.piece_id)
        ).all()
    )
    parts = [p for p, held in now.items() if held] + [p for p in counts if not now.get(p)]
    costs = valuation.average_costs(session, parts)
    d = PieceDetachee
    lines = []
    for block in [parts[i : i + 500] for i in range(0, len(parts), 500)]:
        query = sa.select(d.id, d.reference, d.designation, d.code_barres, d.emplacement, d.unite).where(
            d.id.in_(block)
        )
        for part in session.execute(query):
            compte, when = counts.get(part.id, (None, None))
            attendu = expected[part.id] if compte is not None else now.get(part.id, quantities.ZERO)
            cost = costs.get((part.id, depot.agence_id or 0))
            ecart = None if compte is None else compte - attendu
            lines.append(
                Counted(
                    part.id, part.reference, part.designation, part.code_barres or "", part.emplacement or "",
                    part.unite, attendu, compte, ecart,
                    None if ecart is None or cost is None else valuation.amount(ecart, cost), when,
                    motives.get(part.id) or "", moved.get(part.id, 0),
                )
            )  # fmt: skip
    lines.sort(key=lambda x: (x.emplacement == "", x.emplacement, x.reference))
    return Sheet(
        row.id, row.numero, row.etat, depot.id, depot.nom, row.ouvert_a, tuple(lines), _entries(session, ident)
    )


def _entries(session: Session, ident: int) -> tuple[Entry, ...]:
    query = (
        sa.select(L.comptee_a, PieceDetachee.designation, L.quantite, User.full_name)
        .join(PieceDetachee, PieceDetachee.id == L.piece_id)
        .outerjoin(User, User.id == L.created_by_id)
        .where(L.inventaire_id == ident)
        .order_by(L.comptee_a.desc(), L.id.desc())
        .limit(8)
    )
    return tuple(Entry(when, name, n, who or "") for when, name, n, who in session.execute(query))


def expected_at(session: Session, depot: int, moments: dict[int, datetime], without: int) -> dict[int, Decimal]:
    """Part → what the ledger held in a place up to a moment of its own, the count's own corrections left out."""
    found = dict.fromkeys(moments, quantities.ZERO)
    parts = list(moments)
    for block in [parts[i : i + 200] for i in range(0, len(parts), 200)]:
        query = (
            sa.select(M.piece_id, quantities.total())
            .where(M.depot_id == depot, M.inventaire_id.is_distinct_from(without))
            .where(sa.or_(*(sa.and_(M.piece_id == p, moments[p] >= EFFET) for p in block)))
            .group_by(M.piece_id)
        )
        found.update({piece: units(n) for piece, n in session.execute(query)})
    return found


def enter(
    session: Session,
    acteur: Acteur,
    ident: int,
    piece: int,
    quantity: Decimal,
    motif: str = "",
    *,
    exact: bool = False,
) -> Decimal:
    """Add to what was counted of a part, or with ``exact`` make it that quantity; returns the count so far.

    Raises:
        UserError: the count is over.
        ValidationError: no such part, or a count below zero.
    """
    sheet = open_sheet(session, acteur, ident)
    ledger.part_of(session, acteur, piece, sheet.agence_id)
    so_far = units(
        session.scalar(
            sa.select(sa.func.sum(thousandths(L.quantite))).where(L.inventaire_id == ident, L.piece_id == piece)
        )
    )
    more = quantity - so_far if exact else quantity
    if so_far + more < 0:
        raise ValidationError({"quantite": "On ne compte pas moins que zéro."})
    trace.annoncer(session, acteur)
    session.add(
        LigneInventaire(
            inventaire_id=ident, agence_id=sheet.agence_id, piece_id=piece, quantite=more, comptee_a=clock.now(),
            motif=motif.strip() or None, created_by_id=acteur.user_id or None,
        )
    )  # fmt: skip
    ecrire(session)
    return so_far + more


def find_part(session: Session, acteur: Acteur, code: str) -> int:
    """The part of a scanned or typed code: barcode, reference or the supplier's reference.

    Raises:
        ValidationError: under ``code``, no part or several.
    """
    found = lookup.by_code(session, acteur, code)
    if len(found) == 1:
        return found[0]
    raise ValidationError(
        {
            "code": f"« {code} » n'est le code d'aucune pièce."
            if not found
            else f"« {code} » est celui de plusieurs pièces."
        }
    )


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
