from __future__ import annotations

from datetime import date
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_desktop.domain.enums import ModeFacturation, NiveauService, StatutContrat, TypeClient, TypeContrat
from erp_desktop.models.base import Base, LigneAgence, cle_naturelle, parmi, reference


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
