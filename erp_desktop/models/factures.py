from __future__ import annotations

from datetime import date
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_desktop.domain.enums import ModePaiement, StatutFacture, TypeFacture
from erp_desktop.models.base import Base, LigneAgence, parmi, reference
from erp_desktop.models.types import Montant


class Facture(LigneAgence, Base):
    """``numero`` is ``PROV-…`` until the centre validates the document and draws the legal number."""

    __tablename__ = "factures"
    __table_args__ = (parmi("statut", StatutFacture), parmi("type_facture", TypeFacture))

    numero: Mapped[str] = mapped_column(sa.String(40), unique=True)
    type_facture: Mapped[str] = mapped_column(sa.String(20), server_default="facture", default="facture")
    statut: Mapped[str] = mapped_column(sa.String(20), server_default="brouillon", default="brouillon")
    client_id: Mapped[int] = reference("clients.id")
    contrat_id: Mapped[int | None] = reference("contrats.id")
    facture_origine_id: Mapped[int | None] = reference("factures.id")
    date_facture: Mapped[date | None]
    date_echeance: Mapped[date | None]
    total_ht: Mapped[Decimal] = mapped_column(server_default="0.00", default=Decimal(0))
    total_tva: Mapped[Decimal] = mapped_column(server_default="0.00", default=Decimal(0))
    timbre: Mapped[Decimal] = mapped_column(server_default="0.00", default=Decimal(0))
    total_ttc: Mapped[Decimal] = mapped_column(server_default="0.00", default=Decimal(0))
    notes: Mapped[str | None] = mapped_column(sa.Text)


class LigneFacture(LigneAgence, Base):
    __tablename__ = "lignes_facture"

    facture_id: Mapped[int] = reference("factures.id")
    intervention_id: Mapped[int | None] = reference("interventions.id")
    designation: Mapped[str] = mapped_column(sa.String(200))
    quantite: Mapped[Decimal] = mapped_column(Montant(12, 3))
    prix_unitaire: Mapped[Decimal]
    taux_tva: Mapped[Decimal] = mapped_column(Montant(5, 2))


class Paiement(LigneAgence, Base):
    """Append-only."""

    __tablename__ = "paiements"
    __table_args__ = (parmi("mode_paiement", ModePaiement),)

    facture_id: Mapped[int] = reference("factures.id")
    date_paiement: Mapped[date]
    montant: Mapped[Decimal]
    mode_paiement: Mapped[str] = mapped_column(sa.String(20))
    reference: Mapped[str | None] = mapped_column(sa.String(80))


class TauxTva(LigneAgence, Base):
    """VAT rates with their validity; shared."""

    __tablename__ = "taux_tva"
    __table_args__ = (sa.UniqueConstraint("taux", "date_debut"),)

    taux: Mapped[Decimal] = mapped_column(Montant(5, 2))
    libelle: Mapped[str] = mapped_column(sa.String(80))
    date_debut: Mapped[date]
    date_fin: Mapped[date | None]
