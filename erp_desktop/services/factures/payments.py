"""Payments: in parts, over several invoices, in cash with stamp duty, with what was kept back; bounced ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain.argent import format_montant
from erp_desktop.domain.enums import ModePaiement, StatutFacture, TypeFacture
from erp_desktop.domain.factures import montants
from erp_desktop.domain.factures.enums import CodeTaux, TypeRetenue
from erp_desktop.domain.factures.etats import BROUILLONS
from erp_desktop.domain.factures.saisie import PaiementInput, PartInput
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.saisie import mots
from erp_desktop.errors import TransitionError, ValidationError
from erp_desktop.models import Client, Facture, Imputation, Paiement, Retenue
from erp_desktop.services.factures import balance, numbers, rates
from erp_desktop.services.shared import edits, trace
from erp_desktop.services.shared.common import charger, ecrire


@dataclass(frozen=True, slots=True)
class PartInfo:
    """What a payment settles of one invoice; MAD."""

    facture_id: int
    numero: str
    montant: Decimal
    retenue_tva: Decimal
    retenue_is: Decimal
    attestation: str


@dataclass(frozen=True, slots=True)
class PaiementInfo:
    """One payment.

    Attributes:
        montant: what it settles; ``retenu`` of it the client kept back for the State.
        encaisse: what was received, stamp duty included.
        annule: it bounced; ``motif`` says why.
    """

    id: int
    numero: str
    client_id: int | None
    client: str
    date_paiement: date
    mode_paiement: str
    reference: str
    banque: str
    montant: Decimal
    retenu: Decimal
    timbre: Decimal
    encaisse: Decimal
    annule: bool
    motif: str
    parts: tuple[PartInfo, ...]


@dataclass(frozen=True, slots=True)
class Attendu:
    """What is expected for one invoice; MAD.

    Attributes:
        net: what the client pays once ``retenue_tva`` and ``retenue_is`` are kept back.
    """

    facture_id: int
    numero: str
    solde: Decimal
    retenue_tva: Decimal
    retenue_is: Decimal
    net: Decimal


def attendu(session: Session, acteur: Acteur, facture_id: int) -> Attendu:
    """What the client is to pay now: the balance, less what the document's rates have it keep back of it."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    row = charger(session, acteur, Facture, facture_id, "cette facture")
    due = balance.soldes(session, [facture_id], clock.today())[facture_id].solde
    kept = montants.retenues(row.total_ht, row.total_tva, row.retenue_tva_pct, row.retenue_is_pct)
    r = Retenue
    back = sa.select(sa.func.coalesce(sa.func.sum(balance.centimes(r.montant)), 0)).join(
        Paiement, Paiement.id == r.paiement_id
    )
    back = back.where(r.facture_id == facture_id, balance.counts(Paiement))
    before = {kind: balance.dirhams(session.scalar(back.where(r.type == kind.value))) for kind in TypeRetenue}
    tva = max(min(kept.tva - before[TypeRetenue.RAS_TVA], due), montants.ZERO)
    impot = max(min(kept.impot - before[TypeRetenue.RAS_IS], due - tva), montants.ZERO)
    return Attendu(facture_id, row.numero, due, tva, impot, max(due - tva - impot, montants.ZERO))


def repartir(session: Session, acteur: Acteur, ids: list[int], encaisse: Decimal) -> list[PartInput]:
    """What is received spread over invoices, the one due first first, with what each has the client keep back.

    Raises:
        ValidationError: more than all of them owe.
    """
    found = [attendu(session, acteur, i) for i in ids]
    dates = {i: session.get_one(Facture, i).date_echeance or date.max for i in ids}
    found.sort(key=lambda a: (dates[a.facture_id], a.numero))
    parts = montants.repartir(encaisse, [a.net for a in found])
    if sum(parts) < encaisse:
        raise ValidationError({"parts": f"Ces factures n'attendent que {format_montant(sum(parts, Decimal(0)))}."})
    return [
        PartInput(facture_id=a.facture_id, montant=part + kept[0] + kept[1], retenue_tva=kept[0], retenue_is=kept[1])
        for a, part in zip(found, parts, strict=True) if part > 0
        # Kept back with the payment that ends it.
        for kept in [(a.retenue_tva, a.retenue_is) if part == a.net else (montants.ZERO, montants.ZERO)]
    ]  # fmt: skip


def _invoice(session: Session, acteur: Acteur, part: PartInput) -> Facture:
    row = charger(session, acteur, Facture, part.facture_id, "cette facture")
    if row.statut in BROUILLONS or row.statut == StatutFacture.ANNULEE or row.type_facture != TypeFacture.FACTURE:
        raise TransitionError(f"{row.numero} n'est pas une facture validée : elle ne s'encaisse pas.")
    due = balance.soldes(session, [row.id], clock.today())[row.id].solde
    if part.montant > due:
        told = f"{row.numero} n'attend plus que {format_montant(max(due, montants.ZERO))}."
        raise ValidationError({"montant": f"Le paiement dépasse ce qui reste dû : {told}"})
    if part.retenue_tva > row.total_tva:
        raise ValidationError({"retenue_tva": f"La retenue dépasse la TVA de {row.numero}."})
    return row


def encaisser(session: Session, acteur: Acteur, saisie: PaiementInput) -> int:
    """Note a payment of one client; returns its id. In cash, its stamp duty is what the law says of that day.

    Raises:
        NotAllowedError, NotFoundError
        TransitionError: an invoice that is not validated.
        ValidationError: more than what is due, several clients, a day to come, no rate that day.
    """
    roles.exiger(acteur, roles.Droit.FICHIER_ECRIRE)
    if saisie.date_paiement > clock.today():
        raise ValidationError({"date_paiement": "Ce paiement n'est pas encore reçu."})
    rows = [_invoice(session, acteur, part) for part in saisie.parts]
    if len({r.client_id for r in rows}) > 1:
        raise ValidationError({"parts": "Un paiement est d'un seul client : ces factures en ont plusieurs."})
    if len({r.agence_id for r in rows}) > 1:
        raise ValidationError({"parts": "Ces factures sont de plusieurs agences : encaissez-les séparément."})
    settled = sum((p.montant for p in saisie.parts), montants.ZERO)
    kept = sum((p.retenue_tva + p.retenue_is for p in saisie.parts), montants.ZERO)
    stamp = montants.ZERO
    if saisie.mode_paiement == ModePaiement.ESPECES:
        rate = rates.required(session, CodeTaux.TIMBRE, saisie.date_paiement, "mode_paiement")
        stamp = montants.timbre(settled - kept, rate)
    trace.annoncer(session, acteur)
    agence = rows[0].agence_id
    row = Paiement(
        agence_id=agence, client_id=rows[0].client_id, numero=numbers.receipt(session, agence), montant=settled,
        timbre=stamp, created_by_id=acteur.user_id or None, **saisie.model_dump(exclude={"parts"}),
    )  # fmt: skip
    session.add(row)
    ecrire(session)
    for invoice, part in zip(rows, saisie.parts, strict=True):
        session.add(
            Imputation(paiement_id=row.id, facture_id=invoice.id, montant=part.montant, agence_id=agence,
                       created_by_id=acteur.user_id or None)
        )  # fmt: skip
        for kind, base, amount in (
            (TypeRetenue.RAS_TVA, invoice.total_tva, part.retenue_tva),
            (TypeRetenue.RAS_IS, invoice.total_ht, part.retenue_is),
        ):
            if amount > 0:
                share = (amount * 100 / base).quantize(Decimal("0.01")) if base else Decimal(0)
                session.add(
                    Retenue(paiement_id=row.id, facture_id=invoice.id, type=kind.value, base=base, taux=share,
                            montant=amount, attestation=part.attestation, agence_id=agence,
                            created_by_id=acteur.user_id or None)
                )  # fmt: skip
    ecrire(session)
    return row.id


def annuler(session: Session, acteur: Acteur, id: int, motif: str) -> int:  # noqa: A002
    """Say that a payment bounced or was noted by mistake: what it settled is due again. Returns the new row's id.

    Raises:
        NotAllowedError, NotFoundError
        TransitionError: it was said already.
        ValidationError: no reason.
    """
    roles.exiger(acteur, roles.Droit.VALIDER)
    row = charger(session, acteur, Paiement, id, "ce paiement")
    p = Paiement
    if row.annule_id is not None or session.scalar(sa.select(p.id).where(p.annule_id == id).limit(1)) is not None:
        raise TransitionError("Ce paiement est déjà annulé.")
    motif = mots.lire(motif, "motif", exige="Donnez le motif de l'annulation.")
    return edits.creer(
        session, acteur,
        Paiement(agence_id=row.agence_id, client_id=row.client_id, annule_id=id, montant=row.montant,
                 mode_paiement=row.mode_paiement, reference=row.reference, banque=row.banque,
                 date_paiement=clock.today(), motif=motif),
    )  # fmt: skip


def _infos(session: Session, rows: list[Paiement]) -> list[PaiementInfo]:
    ids = [r.id for r in rows]
    bounced = sa.select(Paiement).where(Paiement.annule_id.in_(ids))
    back = {r.annule_id: r.motif or "" for r in session.scalars(bounced)}
    kept: dict[tuple[int, int, str], tuple[Decimal, str]] = {}
    for one in session.scalars(sa.select(Retenue).where(Retenue.paiement_id.in_(ids))):
        key = (one.paiement_id, one.facture_id, one.type)
        before = kept.get(key, (montants.ZERO, ""))
        kept[key] = (before[0] + one.montant, one.attestation or before[1])
    parts: dict[int, list[PartInfo]] = {i: [] for i in ids}

    def part(payment: int, invoice: int, number: str, amount: Decimal) -> None:
        tva = kept.get((payment, invoice, TypeRetenue.RAS_TVA.value), (montants.ZERO, ""))
        impot = kept.get((payment, invoice, TypeRetenue.RAS_IS.value), (montants.ZERO, ""))
        parts[payment].append(PartInfo(invoice, number, amount, tva[0], impot[0], tva[1] or impot[1]))

    asked = sa.select(Imputation.paiement_id, Facture.id, Facture.numero, Imputation.montant)
    asked = asked.join(Facture, Facture.id == Imputation.facture_id).where(Imputation.paiement_id.in_(ids))
    for payment, invoice, number, amount in session.execute(asked.order_by(Imputation.id)):
        part(payment, invoice, number, amount)
    for row in rows:
        if row.facture_id is not None:
            part(row.id, row.facture_id, session.get_one(Facture, row.facture_id).numero, row.montant)
    wanted = {r.client_id for r in rows if r.client_id}
    c = Client
    names = dict(session.execute(sa.select(c.id, c.nom_entreprise).where(c.id.in_(wanted))).all())
    found = []
    for row in rows:
        withheld = sum((p.retenue_tva + p.retenue_is for p in parts[row.id]), montants.ZERO)
        found.append(
            PaiementInfo(
                row.id, row.numero or "", row.client_id, names.get(row.client_id or 0, ""), row.date_paiement,
                row.mode_paiement, row.reference or "", row.banque or "", row.montant, withheld, row.timbre,
                row.montant - withheld + row.timbre, row.id in back, back.get(row.id, ""), tuple(parts[row.id]),
            )
        )  # fmt: skip
    return found


def paiements(session: Session, acteur: Acteur, facture_id: int) -> list[PaiementInfo]:
    """Payments of an invoice in the order in which they came, bounced ones too."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    charger(session, acteur, Facture, facture_id, "cette facture")
    p = Paiement
    over = sa.select(Imputation.paiement_id).where(Imputation.facture_id == facture_id)
    asked = sa.select(p).where(sa.or_(p.facture_id == facture_id, p.id.in_(over)), p.annule_id.is_(None))
    return _infos(session, list(session.scalars(asked.order_by(p.date_paiement, p.id))))


def recu(session: Session, acteur: Acteur, id: int) -> PaiementInfo:  # noqa: A002
    """One payment, for its receipt."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    return _infos(session, [charger(session, acteur, Paiement, id, "ce paiement")])[0]
