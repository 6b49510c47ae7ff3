from __future__ import annotations

from datetime import date
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_desktop.domain.enums import (
    HoraireSla,
    ModeFacturation,
    NiveauService,
    Reconduction,
    StatutContrat,
    TypeClient,
    TypeContrat,
)
from erp_desktop.models.base import Base, LigneAgence, cle_naturelle, parmi, reference, since
from erp_desktop.models.types import Jour

CONTRATS = "d2b6f0a4c8e3"
"""Revision that completed the contracts."""


class Client(LigneAgence, Base):
    __tablename__ = "clients"
    __table_args__ = (
        parmi("type_client", TypeClient),
        parmi("niveau_service", NiveauService),
        sa.CheckConstraint("ice IS NULL OR length(ice) = 15", name="ice_longueur"),
        *cle_naturelle("uq_clients_ice", "ice"),
    )

    nom_entreprise: Mapped[str] = mapped_column(sa.String(200), index=True)
    type_client: Mapped[str] = mapped_column(sa.String(20), server_default="entreprise", default="entreprise")
    niveau_service: Mapped[str] = mapped_column(sa.String(20), server_default="standard", default="standard")
    ice: Mapped[str | None] = mapped_column(sa.String(15))
    identifiant_fiscal: Mapped[str | None] = mapped_column(sa.String(20))
    registre_commerce: Mapped[str | None] = mapped_column(sa.String(30))
    ville_rc: Mapped[str | None] = mapped_column(sa.String(80))
    taxe_professionnelle: Mapped[str | None] = mapped_column(sa.String(20))
    cnss: Mapped[str | None] = mapped_column(sa.String(20))
    contact: Mapped[str | None] = mapped_column(sa.String(120))
    email: Mapped[str | None] = mapped_column(sa.String(255))
    telephone: Mapped[str | None] = mapped_column(sa.String(20))
    adresse: Mapped[str | None] = mapped_column(sa.Text)
    ville: Mapped[str | None] = mapped_column(sa.String(80))
    notes: Mapped[str | None] = mapped_column(sa.Text)
    user_id: Mapped[int | None] = reference("users.id")
    is_active: Mapped[bool] = mapped_column(server_default=sa.true(), default=True)


class Contrat(LigneAgence, Base):
    __tablename__ = "contrats"
    __table_args__ = (
        parmi("type_contrat", TypeContrat),
        parmi("statut", StatutContrat),
        parmi("mode_facturation", ModeFacturation),
        parmi("reconduction", Reconduction),
        parmi("horaire_sla", HoraireSla),
        sa.CheckConstraint("date_fin IS NULL OR date_fin >= date_debut", name="dates"),
    )

    numero_contrat: Mapped[str] = mapped_column(sa.String(40), unique=True)
    client_id: Mapped[int] = reference("clients.id")
    type_contrat: Mapped[str] = mapped_column(sa.String(30))
    statut: Mapped[str] = mapped_column(sa.String(20), server_default="brouillon", default="brouillon")
    date_debut: Mapped[date]
    date_fin: Mapped[date | None]
    montant_annuel: Mapped[Decimal | None]
    mode_facturation: Mapped[str] = mapped_column(sa.String(20), server_default="mensuel", default="mensuel")
    temps_reponse_urgence: Mapped[int | None]
    """Hours."""
    temps_reponse_normal: Mapped[int | None]
    """Hours."""
    nb_interventions_incluses: Mapped[int | None]
    heures_incluses: Mapped[int | None]
    penalites_retard: Mapped[Decimal | None]
    objet: Mapped[str | None] = since(CONTRATS, sa.String(200))
    reconduction: Mapped[str] = since(
        CONTRATS, sa.String(10), nullable=False, server_default="aucune", default="aucune"
    )
    duree_mois: Mapped[int | None] = since(CONTRATS, sa.Integer)
    """How long a renewal lasts."""
    preavis_jours: Mapped[int | None] = since(CONTRATS, sa.Integer)
    date_signature: Mapped[date | None] = since(CONTRATS, Jour())
    date_resiliation: Mapped[date | None] = since(CONTRATS, Jour())
    motif: Mapped[str | None] = since(CONTRATS, sa.String(200))
    """Why it is suspended or ended."""
    delai_paiement_jours: Mapped[int | None] = since(CONTRATS, sa.Integer)
    horaire_sla: Mapped[str] = since(
        CONTRATS, sa.String(10), nullable=False, server_default="agence", default="agence"
    )
    seuil_alerte_pct: Mapped[int | None] = since(CONTRATS, sa.Integer)
    """Share of a quota from which it is said to be nearly used up."""


class ContratEquipement(LigneAgence, Base):
    """A machine covered by a contract, from a day and, when it left the contract, to another.

    Machines whose form names the contract are covered as well, without a row here.
    """

    __tablename__ = "contrat_equipements"
    __table_args__ = (
        sa.UniqueConstraint("contrat_id", "equipement_id"),
        sa.CheckConstraint("au IS NULL OR au >= du", name="dates"),
        {"info": {"since": CONTRATS}},
    )

    contrat_id: Mapped[int] = reference("contrats.id")
    equipement_id: Mapped[int] = reference("equipements.id")
    du: Mapped[date]
    au: Mapped[date | None]


class ContratPeriode(LigneAgence, Base):
    """What a contract includes from one day to another. What is used up is counted from the work, never stored."""

    __tablename__ = "contrat_periodes"
    __table_args__ = (
        sa.UniqueConstraint("contrat_id", "numero"),
        sa.CheckConstraint("au >= du", name="dates"),
        {"info": {"since": CONTRATS}},
    )

    contrat_id: Mapped[int] = reference("contrats.id")
    numero: Mapped[int]
    du: Mapped[date]
    au: Mapped[date]
    interventions_incluses: Mapped[int | None]
    heures_incluses: Mapped[int | None]
    montant: Mapped[Decimal | None]
