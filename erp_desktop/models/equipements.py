from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_desktop.domain.enums import (
    Criticite,
    Frequence,
    Priorite,
    StatutEquipement,
    StatutPlanning,
    TypeIntervention,
)
from erp_desktop.models.base import Base, LigneAgence, cle_naturelle, parmi, reference


class Equipement(LigneAgence, Base):
    """A machine of a client; ``parent_id`` makes a tree."""

    __tablename__ = "equipements"
    __table_args__ = (
        parmi("statut", StatutEquipement),
        parmi("criticite", Criticite),
        *cle_naturelle("uq_equipements_code_interne", "code_interne"),
        *cle_naturelle("uq_equipements_numero_serie", "numero_serie"),
    )

    client_id: Mapped[int] = reference("clients.id")
    contrat_id: Mapped[int | None] = reference("contrats.id")
    parent_id: Mapped[int | None] = reference("equipements.id")
    nom: Mapped[str] = mapped_column(sa.String(160))
    code_interne: Mapped[str] = mapped_column(sa.String(40))
    numero_serie: Mapped[str | None] = mapped_column(sa.String(80))
    type_equipement: Mapped[str | None] = mapped_column(sa.String(80))
    marque: Mapped[str | None] = mapped_column(sa.String(80))
    modele: Mapped[str | None] = mapped_column(sa.String(80))
    localisation: Mapped[str | None] = mapped_column(sa.String(160))
    statut: Mapped[str] = mapped_column(sa.String(20), server_default="operationnel", default="operationnel")
    criticite: Mapped[str] = mapped_column(sa.String(20), server_default="standard", default="standard")
    date_mise_en_service: Mapped[date | None]
    date_fin_garantie: Mapped[date | None]
    is_active: Mapped[bool] = mapped_column(server_default=sa.true(), default=True)


class Planning(LigneAgence, Base):
    """A preventive schedule and the intervention that it generates."""

    __tablename__ = "plannings"
    __table_args__ = (
        parmi("frequence", Frequence),
        parmi("statut", StatutPlanning),
        parmi("modele_type", TypeIntervention),
        parmi("modele_priorite", Priorite),
        sa.CheckConstraint("frequence <> 'rrule' OR recurrence IS NOT NULL", name="recurrence_presente"),
    )

    equipement_id: Mapped[int] = reference("equipements.id")
    frequence: Mapped[str] = mapped_column(sa.String(20))
    recurrence: Mapped[str | None] = mapped_column(sa.String(255))
    """An RFC 5545 RRULE."""
    prochaine_date: Mapped[date | None]
    derniere_date: Mapped[date | None]
    statut: Mapped[str] = mapped_column(sa.String(20), server_default="actif", default="actif")
    modele_titre: Mapped[str] = mapped_column(sa.String(200))
    modele_description: Mapped[str | None] = mapped_column(sa.Text)
    modele_type: Mapped[str] = mapped_column(sa.String(20), server_default="preventive", default="preventive")
    modele_priorite: Mapped[str] = mapped_column(sa.String(20), server_default="programmee", default="programmee")
    modele_duree_estimee: Mapped[int | None]
    """Minutes."""
