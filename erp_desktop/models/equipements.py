from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from erp_desktop.domain.enums import (
    Criticite,
    Frequence,
    Priorite,
    StatutEquipement,
    StatutPlanning,
    TypeIntervention,
)
from erp_desktop.models.base import Base, LigneAgence, cle_naturelle
from erp_desktop.models.declare import Group, Noun, choice, field, link


class Equipement(LigneAgence, Base):
    """A machine of a client; ``parent_id`` makes a tree."""

    __tablename__ = "equipements"
    __noun__ = Noun(
        "Équipement",
        "factory",
        name="nom",
        known_by=("code_interne",),
        follows=("client_id",),
        groups=(
            Group("rattachement", ("client_id", "contrat_id", "parent_id"), label="Rattachement"),
            Group("modele", ("marque", "modele")),
        ),
    )
    __table_args__ = (
        *cle_naturelle("uq_equipements_code_interne", "code_interne"),
        *cle_naturelle("uq_equipements_numero_serie", "numero_serie"),
    )

    client_id: Mapped[int] = link("Client", "clients.id")
    contrat_id: Mapped[int | None] = link("Contrat", "contrats.id")
    parent_id: Mapped[int | None] = link("Fait partie de", "equipements.id")
    nom: Mapped[str] = field("Nom", sa.String(160))
    code_interne: Mapped[str] = field("Code interne", sa.String(40), code=True)
    numero_serie: Mapped[str | None] = field("N° de série", sa.String(80), code=True)
    type_equipement: Mapped[str | None] = field("Type", sa.String(80))
    marque: Mapped[str | None] = field("Marque", sa.String(80))
    modele: Mapped[str | None] = field("Modèle", sa.String(80))
    localisation: Mapped[str | None] = field("Localisation", sa.String(160))
    statut: Mapped[str] = choice("État", StatutEquipement, "operationnel")
    criticite: Mapped[str] = choice("Criticité", Criticite, "standard")
    date_mise_en_service: Mapped[date | None] = field("Mis en service")
    date_fin_garantie: Mapped[date | None] = field("Fin de garantie")
    is_active: Mapped[bool] = field("Actif", server_default=sa.true(), default=True)


class Planning(LigneAgence, Base):
    """A preventive schedule and the intervention that it generates."""

    __tablename__ = "plannings"
    __noun__ = Noun(
        "Planning",
        "calendar-dots",
        root="equipement_id",
        groups=(Group("rythme", ("frequence", "recurrence", "prochaine_date", "derniere_date"), label="Rythme"),),
    )
    __table_args__ = (
        sa.CheckConstraint("frequence <> 'rrule' OR recurrence IS NOT NULL", name="recurrence_presente"),
    )

    equipement_id: Mapped[int] = link("Équipement", "equipements.id")
    frequence: Mapped[str] = choice("Fréquence", Frequence)
    recurrence: Mapped[str | None] = field("Règle de répétition", sa.String(255))
    """An RFC 5545 RRULE."""
    prochaine_date: Mapped[date | None] = field("Prochaine date")
    derniere_date: Mapped[date | None] = field("Dernière date")
    statut: Mapped[str] = choice("Statut", StatutPlanning, "actif")
    modele_titre: Mapped[str] = field("Titre du modèle", sa.String(200))
    modele_description: Mapped[str | None] = field("Description du modèle", sa.Text)
    modele_type: Mapped[str] = choice("Type du modèle", TypeIntervention, "preventive")
    modele_priorite: Mapped[str] = choice("Priorité du modèle", Priorite, "programmee")
    modele_duree_estimee: Mapped[int | None] = field("Durée estimée du modèle", minutes=True)
    """Minutes."""
