from __future__ import annotations

from datetime import date
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from erp_desktop.domain.enums import ModePaiement, StatutFacture, TypeFacture, TypeTarif
from erp_desktop.models.base import ADMINISTRATION, Base, LigneAgence
from erp_desktop.models.declare import Group, Noun, Policy, choice, field, link
from erp_desktop.models.types import Montant


class Facture(LigneAgence, Base):
    """``numero`` is ``PROV-…`` until the centre validates the document and draws the legal number."""

    __tablename__ = "factures"
    __noun__ = Noun(
        "Facture",
        "receipt",
        name="numero",
        follows=("client_id",),
        groups=(
            Group("objet", ("type_facture", "client_id", "contrat_id", "facture_origine_id"), label="Objet"),
            Group("echeance", ("date_facture", "date_echeance"), label="Dates de la facture"),
        ),
    )

    numero: Mapped[str] = field(
        "Numéro", sa.String(40), unique=True, policy=Policy.CENTRE_SEUL, allowed="^PROV-", code=True
    )
    type_facture: Mapped[str] = choice("Type de facture", TypeFacture, "facture")
    statut: Mapped[str] = choice(
        "Statut", StatutFacture, "brouillon", policy=Policy.CENTRE_SEUL, allowed="^(brouillon|a_transmettre|annulee)$"
    )
    client_id: Mapped[int] = link("Client", "clients.id")
    contrat_id: Mapped[int | None] = link("Contrat", "contrats.id")
    facture_origine_id: Mapped[int | None] = link("Facture d'origine", "factures.id")
    date_facture: Mapped[date | None] = field("Date de facture")
    date_echeance: Mapped[date | None] = field("Échéance")
    total_ht: Mapped[Decimal] = field("Total HT", server_default="0.00", default=Decimal(0), policy=Policy.DERIVE)
    total_tva: Mapped[Decimal] = field("Total TVA", server_default="0.00", default=Decimal(0), policy=Policy.DERIVE)
    timbre: Mapped[Decimal] = field("Timbre", server_default="0.00", default=Decimal(0), policy=Policy.ASK)
    total_ttc: Mapped[Decimal] = field("Total TTC", server_default="0.00", default=Decimal(0), policy=Policy.DERIVE)
    notes: Mapped[str | None] = field("Notes", sa.Text)


class LigneFacture(LigneAgence, Base):
    __tablename__ = "lignes_facture"
    __noun__ = Noun(
        "Ligne de facture",
        "receipt",
        root="facture_id",
        groups=(
            Group(
                "ligne", ("intervention_id", "designation", "quantite", "prix_unitaire", "taux_tva"), label="Ligne"
            ),
        ),
    )

    facture_id: Mapped[int] = link("Facture", "factures.id")
    intervention_id: Mapped[int | None] = link("Intervention", "interventions.id")
    designation: Mapped[str] = field("Désignation", sa.String(200))
    quantite: Mapped[Decimal] = field("Quantité", Montant(12, 3))
    prix_unitaire: Mapped[Decimal] = field("Prix unitaire")
    taux_tva: Mapped[Decimal] = field("TVA %", Montant(5, 2))


class Paiement(LigneAgence, Base):
    """Append-only."""

    __tablename__ = "paiements"
    __noun__ = Noun("Paiement", "receipt", append_only=True, root="facture_id")

    facture_id: Mapped[int] = link("Facture", "factures.id")
    date_paiement: Mapped[date] = field("Date de paiement")
    montant: Mapped[Decimal] = field("Montant")
    mode_paiement: Mapped[str] = choice("Mode de paiement", ModePaiement)
    reference: Mapped[str | None] = field("Référence", sa.String(80), code=True)


class TauxTva(LigneAgence, Base):
    """VAT rates with their validity; shared."""

    __tablename__ = "taux_tva"
    __noun__ = Noun("Taux de TVA", "file-text", device_writes=False)
    __table_args__ = (sa.UniqueConstraint("taux", "date_debut"),)

    taux: Mapped[Decimal] = field("Taux", Montant(5, 2))
    libelle: Mapped[str] = field("Libellé", sa.String(80))
    date_debut: Mapped[date] = field("Date de début")
    date_fin: Mapped[date | None] = field("Date de fin")


class Tarif(LigneAgence, Base):
    """What an hour of labour or a kilometre costs a client between two dates; without an agency, everywhere."""

    __tablename__ = "tarifs"
    __noun__ = Noun("Tarif", "tag", name="libelle", device_writes=False)
    __table_args__ = (
        sa.CheckConstraint("date_fin IS NULL OR date_fin >= date_debut", name="dates"),
        {"info": {"since": ADMINISTRATION}},
    )

    type_ligne: Mapped[str] = choice("Type de ligne", TypeTarif)
    libelle: Mapped[str] = field("Libellé", sa.String(80))
    unite: Mapped[str] = field("Unité", sa.String(20))
    prix_unitaire: Mapped[Decimal] = field("Prix unitaire")
    """Before tax, MAD."""
    taux_tva: Mapped[Decimal] = field("TVA %", Montant(5, 2))
    """Percent."""
    date_debut: Mapped[date] = field("Date de début")
    date_fin: Mapped[date | None] = field("Date de fin")
