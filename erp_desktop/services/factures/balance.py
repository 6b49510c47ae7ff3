"""What is due of an invoice, from facts alone: its total, what credit notes gave back, what payments settled.

Lists and figures read what is kept of them beside the invoice (``registry.invoices.settled``), one invoice its facts.

SQL expressions that mean the same on both engines, in whole centimes; a payment that bounced counts for nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from erp_desktop.domain.enums import StatutFacture, TypeFacture
from erp_desktop.domain.factures.enums import EtatFacture
from erp_desktop.domain.factures.etats import BROUILLONS, OUVERTS, Faits, etat
from erp_desktop.models import DemandeValidation, Facture, Imputation, LigneFacture, Paiement, Relance
from erp_desktop.models.expressions.sorting import exact
from erp_desktop.models.factures import WAITING
from erp_desktop.services.shared.lists import paquets

OPEN = tuple(s.value for s in BROUILLONS)


def centimes(column: Any) -> sa.ColumnElement[int]:
    """A two-decimal amount as a whole number."""
    return exact(column, 2)


def dirhams(found: Any) -> Decimal:
    return Decimal(int(found or 0)).scaleb(-2)


def validated(model: Any = Facture) -> sa.ColumnElement[bool]:
    """Has its legal number."""
    return model.statut.not_in((*OPEN, StatutFacture.ANNULEE.value))  # type: ignore[no-any-return]


def _sum(amount: Any, *where: Any) -> sa.ScalarSelect[int]:
    total = sa.cast(sa.func.coalesce(sa.func.sum(centimes(amount)), 0), sa.BigInteger)
    return sa.select(total).where(*where).correlate(Facture).scalar_subquery()


def counts(payment: Any) -> sa.ColumnElement[bool]:
    """A payment that neither bounced nor says of another that it did."""
    back = aliased(Paiement)
    return sa.and_(payment.annule_id.is_(None), ~sa.exists().where(back.annule_id == payment.id))


def credited() -> sa.ScalarSelect[int]:
    """Centimes that validated credit notes gave back of ``Facture``."""
    a = aliased(Facture)
    return _sum(a.total_ttc, a.facture_origine_id == Facture.id, a.type_facture == TypeFacture.AVOIR.value,
                validated(a))  # fmt: skip


def _paid() -> sa.ColumnElement[int]:
    """Centimes that payments settled of ``Facture``, what was kept back included, from the payments themselves."""
    p, q = aliased(Paiement), aliased(Paiement)
    parts = _sum(Imputation.montant, Imputation.facture_id == Facture.id, Imputation.paiement_id == p.id, counts(p))
    whole = _sum(q.montant, q.facture_id == Facture.id, counts(q))
    return parts + whole


def settled() -> sa.ColumnElement[int]:
    """Centimes that payments settled of ``Facture``, as kept beside it (``registry.invoices.settled``)."""
    return centimes(Facture.regle)


def total() -> sa.ColumnElement[int]:
    return centimes(Facture.total_ttc)


def due() -> sa.ColumnElement[int]:
    """Centimes still due of ``Facture``, as kept beside it; an avoir owes nothing by itself."""
    return centimes(Facture.solde)


def _request() -> sa.ScalarSelect[str]:
    d = DemandeValidation
    return sa.select(d.etat).where(d.facture_id == Facture.id).order_by(d.id.desc()).limit(1).scalar_subquery()


def _sent() -> sa.ColumnElement[bool]:
    return sa.exists().where(Relance.facture_id == Facture.id)


def waiting() -> sa.ColumnElement[bool]:
    """Something is due of it: spelled as in the index of their due dates, which holds no other rows."""
    open_: sa.ColumnElement[bool] = sa.literal_column(f"({WAITING.format('factures.')})")
    return sa.and_(open_, Facture.type_facture == TypeFacture.FACTURE.value)


def in_state(state: str, today: date) -> sa.ColumnElement[bool]:
    """``domain.factures.etats.etat`` is ``state``: as kept beside the invoice, but for what is late by now."""
    due_on = Facture.date_echeance
    if state == EtatFacture.EN_RETARD:
        return sa.and_(waiting(), due_on < today)
    told = Facture.etape == state
    if state not in OUVERTS:
        return told
    still = sa.or_(Facture.type_facture == TypeFacture.AVOIR.value, due_on.is_(None), due_on >= today)
    return sa.and_(told, still)


def state(today: date) -> sa.ColumnElement[str]:
    """``domain.factures.etats.etat`` in SQL."""
    late = EtatFacture.EN_RETARD
    return sa.case((in_state(late, today), late.value), else_=Facture.etape)


@dataclass(frozen=True, slots=True)
class Solde:
    """What is due of one invoice, MAD; ``solde`` below zero: the client paid too much."""

    ttc: Decimal
    credite: Decimal
    regle: Decimal
    solde: Decimal
    etat: EtatFacture


def soldes(session: Session, ids: Sequence[int], today: date) -> dict[int, Solde]:
    """By invoice, for those the caller may read."""
    found: dict[int, Solde] = {}
    for block in paquets(ids):
        asked = sa.select(
            Facture.id, Facture.type_facture, Facture.statut, Facture.total_ttc, Facture.date_echeance,
            credited(), _paid(), _request(), sa.case((_sent(), 1), else_=0),
        ).where(Facture.id.in_(block))  # fmt: skip
        for pk, kind, statut, ttc, until, back, paid, asked_for, sent in session.execute(asked):
            facts = Faits(statut, asked_for, ttc, dirhams(back), dirhams(paid), until, bool(sent), kind)
            found[pk] = Solde(ttc, facts.credite, facts.regle, facts.solde, etat(facts, today))
    return found


def given_back(lines: Sequence[int], session: Session) -> dict[int, Decimal]:
    """Quantity that validated credit notes gave back of lines; those of which none did are left out."""
    found: dict[int, Decimal] = {}
    for block in paquets(lines):
        thousandths = sa.cast(sa.func.round(sa.type_coerce(LigneFacture.quantite, sa.Float()) * 1000), sa.BigInteger)
        asked = (
            sa.select(LigneFacture.ligne_origine_id, sa.func.sum(sa.func.abs(thousandths)))
            .join(Facture, Facture.id == LigneFacture.facture_id)
            .where(LigneFacture.ligne_origine_id.in_(block), validated())
            .group_by(LigneFacture.ligne_origine_id)
        )
        found.update({pk: Decimal(int(n)).scaleb(-3) for pk, n in session.execute(asked)})
    return found
