"""Lines of a draft, and their amounts; of a validated document they are read only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain.factures import montants
from erp_desktop.domain.factures.saisie import LigneFactureInput
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import NotFoundError, TransitionError, ValidationError
from erp_desktop.models import Facture, Intervention, LigneFacture
from erp_desktop.services.factures.form import ouvrir, refresh
from erp_desktop.services.shared import edits, trace
from erp_desktop.services.shared.common import charger, ecrire

GIVEN = "Cette ligne d'un avoir ou d'un acompte ne change que par sa quantité : retirez-la, ou refaites le document."


@dataclass(frozen=True, slots=True)
class LigneFactureInfo:
    """A line with its amounts in MAD, rates in percent.

    Attributes:
        intervention: number of the work it was taken over from, with its title and day; empty for a free line.
        total_ht: what the line says, before the document's discount; ``net_ht`` after it.
    """

    id: int
    ordre: int
    intervention_id: int | None
    intervention: str
    titre: str
    jour: date | None
    designation: str
    quantite: Decimal
    unite: str
    prix_unitaire: Decimal
    remise_pct: Decimal
    taux_tva: Decimal
    exoneration: str
    total_ht: Decimal
    net_ht: Decimal
    total_tva: Decimal
    ligne_intervention_id: int | None
    temps_id: int | None
    acompte_id: int | None
    ligne_origine_id: int | None


def _amounts(row: LigneFacture, discount: Decimal) -> montants.Ligne:
    return montants.Ligne(row.quantite, row.prix_unitaire, row.taux_tva, row.remise_pct, discount)


def rows_of(session: Session, facture_id: int) -> list[LigneFacture]:
    """Mapped lines in the order in which they are printed."""
    line = LigneFacture
    asked = sa.select(line).where(line.facture_id == facture_id).order_by(line.ordre, line.id)
    return list(session.scalars(asked))


def lignes(session: Session, acteur: Acteur, id: int) -> list[LigneFactureInfo]:  # noqa: A002
    """Lines in the order in which they are printed."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    facture = charger(session, acteur, Facture, id, "cette facture")
    rows = rows_of(session, id)
    works = {r.intervention_id for r in rows if r.intervention_id}
    i = Intervention
    done = sa.func.coalesce(i.date_fin_travaux, i.date_cloture, type_=i.date_cloture.type)
    asked = session.execute(sa.select(i.id, i.numero, i.titre, done).where(i.id.in_(works)))
    told = {pk: (n, t, clock.local(when).date() if when is not None else None) for pk, n, t, when in asked}
    found = []
    for row in rows:
        amounts = _amounts(row, facture.remise_pct)
        number, title, day = told.get(row.intervention_id or 0, ("", "", None))
        found.append(
            LigneFactureInfo(
                row.id, row.ordre, row.intervention_id, number, title, day, row.designation, row.quantite,
                row.unite or "", row.prix_unitaire, row.remise_pct, row.taux_tva, row.exoneration or "", amounts.ht,
                amounts.net, amounts.tva, row.ligne_intervention_id, row.temps_id, row.acompte_id,
                row.ligne_origine_id,
            )
        )  # fmt: skip
    return found


def totaux(session: Session, acteur: Acteur, id: int) -> montants.Totaux:  # noqa: A002
    """Totals with the part of each rate; the same as the document's own."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    facture = charger(session, acteur, Facture, id, "cette facture")
    return montants.totaux(_amounts(row, facture.remise_pct) for row in rows_of(session, id))


def next_rank(session: Session, facture_id: int) -> int:
    last = session.scalar(sa.select(sa.func.max(LigneFacture.ordre)).where(LigneFacture.facture_id == facture_id))
    return (last or 0) + 1


def add(session: Session, acteur: Acteur, facture: Facture, **columns: Any) -> LigneFacture:
    """One more line, at the end; the caller has opened the draft and judged the columns."""
    row = LigneFacture(
        facture_id=facture.id, agence_id=facture.agence_id, created_by_id=acteur.user_id or None,
        **({"ordre": next_rank(session, facture.id)} | columns),
    )  # fmt: skip
    session.add(row)
    ecrire(session)
    return row


def ajouter(session: Session, acteur: Acteur, facture_id: int, saisie: LigneFactureInput) -> int:
    """Add a free line to a draft; returns its id.

    Raises:
        NotAllowedError, NotFoundError, TransitionError, ValidationError
    """
    facture = ouvrir(session, acteur, facture_id)
    if facture.facture_origine_id is not None and facture.type_facture == "avoir":
        _rate_of_origin(session, facture, saisie.taux_tva)
    trace.annoncer(session, acteur)
    row = add(session, acteur, facture, **saisie.model_dump())
    refresh(session, facture)
    return row.id


def _rate_of_origin(session: Session, facture: Facture, rate: Decimal) -> None:
    line = LigneFacture
    asked = sa.select(line.id).where(line.facture_id == facture.facture_origine_id, line.taux_tva == rate).limit(1)
    if session.scalar(asked) is None:
        raise ValidationError({"taux_tva": "La facture corrigée n'a aucune ligne à ce taux."})


def _charger(session: Session, acteur: Acteur, ligne_id: int) -> tuple[Facture, LigneFacture]:
    row = session.get(LigneFacture, ligne_id)
    if row is None:
        raise NotFoundError("Introuvable : cette ligne n'existe plus.")
    return ouvrir(session, acteur, row.facture_id), row


def modifier(session: Session, acteur: Acteur, ligne_id: int, changes: dict[str, object]) -> None:
    """Change a line of a draft.

    Raises:
        NotAllowedError, NotFoundError, TransitionError, ValidationError
    """
    facture, row = _charger(session, acteur, ligne_id)
    if row.acompte_id is not None or (row.ligne_origine_id is not None and set(changes) - {"quantite"}):
        raise TransitionError(GIVEN)
    edits.modifier(session, acteur, row, LigneFactureInput, changes, lambda _now, _new: None)
    refresh(session, facture)


def supprimer(session: Session, acteur: Acteur, ligne_id: int) -> None:
    """Take a line away from a draft.

    Raises:
        NotAllowedError, NotFoundError, TransitionError
    """
    facture, row = _charger(session, acteur, ligne_id)
    trace.annoncer(session, acteur)
    session.delete(row)
    ecrire(session)
    refresh(session, facture)


def retirer_intervention(session: Session, acteur: Acteur, facture_id: int, intervention_id: int) -> None:
    """Take all lines of one intervention away from a draft."""
    facture = ouvrir(session, acteur, facture_id)
    trace.annoncer(session, acteur)
    for row in rows_of(session, facture_id):
        if row.intervention_id == intervention_id:
            session.delete(row)
    ecrire(session)
    refresh(session, facture)


def deplacer(session: Session, acteur: Acteur, facture_id: int, ordre: list[int]) -> None:
    """Put the lines of a draft in the order of their identifiers in ``ordre``; those left out come last."""
    ouvrir(session, acteur, facture_id)
    trace.annoncer(session, acteur)
    rows = rows_of(session, facture_id)
    place = {pk: rank for rank, pk in enumerate(ordre)}
    for rank, row in enumerate(sorted(rows, key=lambda r: place.get(r.id, len(place))), 1):
        if row.ordre != rank:
            row.ordre = rank
    ecrire(session)
