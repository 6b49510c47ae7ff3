"""The statement of a client's account: invoices, credit notes and payments in their order, with what is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from erp_desktop.domain.enums import TypeFacture
from erp_desktop.domain.factures import delais, montants
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import ValidationError
from erp_desktop.models import Client, Facture, Paiement
from erp_desktop.services.factures import balance
from erp_desktop.services.factures.list import Tranche
from erp_desktop.services.shared.common import charger
from erp_desktop.services.shared.lists import portee


@dataclass(frozen=True, slots=True)
class Ecriture:
    """One line; ``debit`` is owed by the client, ``credit`` in his favour, ``solde`` what is due after it; MAD.

    Attributes:
        genre: ``facture``, ``avoir``, ``paiement`` or ``annulation`` (of a payment that bounced).
    """

    jour: date
    genre: str
    numero: str
    libelle: str
    date_echeance: date | None
    debit: Decimal
    credit: Decimal
    solde: Decimal


@dataclass(frozen=True, slots=True)
class Releve:
    """A statement from ``du`` to ``au``; ``tranches`` is the ageing of what is due at its end."""

    client_id: int
    client: str
    du: date
    au: date
    report: Decimal
    ecritures: tuple[Ecriture, ...]
    solde: Decimal
    tranches: tuple[Tranche, ...]


def releve(session: Session, acteur: Acteur, client_id: int, du: date, au: date) -> Releve:
    """The account of a client, what came before ``du`` summed up in ``report``.

    Raises:
        NotAllowedError, NotFoundError, ValidationError
    """
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    client = charger(session, acteur, Client, client_id, "ce client")
    if au < du:
        raise ValidationError({"au": "Le relevé finit avant de commencer."})
    told = sorted(_invoices(session, acteur, client_id, au) + _payments(session, acteur, client_id, au))
    report = balance_now = montants.ZERO
    entries = []
    for day, _, genre, number, label, until, amount in told:
        balance_now += amount
        if day < du:
            report = balance_now
            continue
        debit, credit = max(amount, montants.ZERO), max(-amount, montants.ZERO)
        entries.append(Ecriture(day, genre, number, label, until, debit, credit, balance_now))
    return Releve(client_id, client.nom_entreprise, du, au, report, tuple(entries), balance_now,
                  _ageing(session, acteur, client_id, au))  # fmt: skip


_Entry = tuple[date, int, str, str, str, "date | None", Decimal]


def _invoices(session: Session, acteur: Acteur, client_id: int, au: date) -> list[_Entry]:
    f = Facture
    asked = sa.select(f).where(f.client_id == client_id, balance.validated(), f.date_facture <= au,
                               *portee(acteur, f.agence_id))  # fmt: skip
    found: list[_Entry] = []
    for row in session.scalars(asked):
        assert row.date_facture is not None  # noqa: S101 - asked for above
        back = row.type_facture == TypeFacture.AVOIR
        amount = -row.total_ttc if back else row.total_ttc
        until = None if back else row.date_echeance
        found.append((row.date_facture, 0, row.type_facture, row.numero, row.intitule or "", until, amount))
    return found


def _payments(session: Session, acteur: Acteur, client_id: int, au: date) -> list[_Entry]:
    p, invoice = Paiement, aliased(Facture)
    asked = sa.select(p).outerjoin(invoice, invoice.id == p.facture_id).where(
        sa.func.coalesce(p.client_id, invoice.client_id) == client_id, p.date_paiement <= au,
        *portee(acteur, p.agence_id),
    )  # fmt: skip
    found: list[_Entry] = []
    for row in session.scalars(asked):
        back = row.annule_id is not None
        number = row.numero or (session.get_one(p, row.annule_id).numero if row.annule_id is not None else None)
        label = (row.motif if back else row.reference) or ""
        amount = row.montant if back else -row.montant
        found.append((row.date_paiement, 2 if back else 1, "annulation" if back else "paiement", number or "", label,
                      None, amount))  # fmt: skip
    return found


def _ageing(session: Session, acteur: Acteur, client_id: int, day: date) -> tuple[Tranche, ...]:
    f = Facture
    asked = sa.select(f.id, f.date_echeance).where(
        f.client_id == client_id, balance.validated(), f.type_facture == TypeFacture.FACTURE.value,
        f.date_facture <= day, *portee(acteur, f.agence_id),
    )  # fmt: skip
    dues = dict(session.execute(asked).all())
    sums = [(0, montants.ZERO)] * len(delais.NOMS_DES_TRANCHES)
    for pk, found in balance.soldes(session, [*dues], day).items():
        if found.solde > 0:
            rank = delais.tranche(delais.retard(dues[pk], day))
            sums[rank] = (sums[rank][0] + 1, sums[rank][1] + found.solde)
    return tuple(Tranche(name, *sums[rank]) for rank, name in enumerate(delais.NOMS_DES_TRANCHES))
