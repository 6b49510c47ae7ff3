from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from erp_desktop.domain.enums import (
    HoraireSla,
    ModeFacturation,
    NiveauService,
    Priorite,
    Reconduction,
    StatutContrat,
    TypeClient,
    TypeContrat,
)
from erp_desktop.models.base import LOTS, SUIVI, Base, LigneAgence, cle_naturelle
from erp_desktop.models.declare import Group, Noun, Policy, choice, field, link
from erp_desktop.models.expressions.sorting import sorted_by
from erp_desktop.models.types import Jour, Montant

CONTRATS = "d2b6f0a4c8e3"
"""Revision that completed the contracts."""
REVISION_DES_PRIX = "c4e8a2d6f0b5"
"""Revision that gave contracts their yearly revision."""


class Client(LigneAgence, Base):
    __tablename__ = "clients"
    __noun__ = Noun(
        "Client",
        "users-three",
        name="nom_entreprise",
        known_by=("ice", "nom_entreprise"),
        groups=(
            Group("adresse", ("adresse", "ville")),
            Group("registre", ("registre_commerce", "ville_rc"), label="Registre du commerce"),
        ),
    )
    __table_args__ = (
        sa.CheckConstraint("ice IS NULL OR length(ice) = 15", name="ice_longueur"),
        *cle_naturelle("uq_clients_ice", "ice"),
    )

    nom_entreprise: Mapped[str] = field("Raison sociale", sa.String(200), index=True)
    type_client: Mapped[str] = choice("Type", TypeClient, "entreprise")
    niveau_service: Mapped[str] = choice("Niveau de service", NiveauService, "standard", policy=Policy.ASK)
    ice: Mapped[str | None] = field("ICE", sa.String(15), code=True)
    identifiant_fiscal: Mapped[str | None] = field("Identifiant fiscal", sa.String(20))
    registre_commerce: Mapped[str | None] = field("N° du RC", sa.String(30))
    ville_rc: Mapped[str | None] = field("Ville du RC", sa.String(80))
    taxe_professionnelle: Mapped[str | None] = field("Taxe prof.", sa.String(20))
    cnss: Mapped[str | None] = field("CNSS", sa.String(20))
    contact: Mapped[str | None] = field("Contact", sa.String(120))
    email: Mapped[str | None] = field("Courriel", sa.String(255), code=True)
    telephone: Mapped[str | None] = field("Téléphone", sa.String(20), code=True)
    adresse: Mapped[str | None] = field("Adresse", sa.Text)
    ville: Mapped[str | None] = field("Ville", sa.String(80))
    notes: Mapped[str | None] = field("Notes", sa.Text)
    user_id: Mapped[int | None] = link("Compte", "users.id")
    is_active: Mapped[bool] = field("Actif", server_default=sa.true(), default=True)


sorted_by(Client, "nom_entreprise", "type_client", "niveau_service", "ville", "telephone", "ice")


class Contrat(LigneAgence, Base):
    __tablename__ = "contrats"
    __noun__ = Noun(
        "Contrat",
        "file-text",
        name="numero_contrat",
        follows=("client_id",),
        # What was typed into a draft is not put into a contract that was validated meanwhile.
        witness="statut",
        groups=(
            # A contract without an end is not renewed.
            Group(
                "periode",
                ("date_debut", "date_fin", "reconduction", "duree_mois", "preavis_jours"),
                label="Durée et reconduction",
            ),
            # Hours of opening, or of the clock.
            Group("delais", ("temps_reponse_urgence", "temps_reponse_normal", "horaire_sla"), label="Délais"),
            Group("quota", ("nb_interventions_incluses", "heures_incluses"), label="Quota"),
            Group("revision", ("revision_pct", "indice"), label="Révision"),
            Group("facturation", ("montant_annuel", "mode_facturation"), label="Facturation"),
            Group("etat", ("statut", "motif", "date_resiliation"), label="État"),
        ),
    )
    __table_args__ = (sa.CheckConstraint("date_fin IS NULL OR date_fin >= date_debut", name="dates"),)

    numero_contrat: Mapped[str] = field("Numéro de contrat", sa.String(40), unique=True)
    client_id: Mapped[int] = link("Client", "clients.id")
    type_contrat: Mapped[str] = choice("Type", TypeContrat, length=30)
    statut: Mapped[str] = choice("Statut", StatutContrat, "brouillon")
    date_debut: Mapped[date] = field("Date de début")
    date_fin: Mapped[date | None] = field("Date de fin")
    montant_annuel: Mapped[Decimal | None] = field("Montant annuel")
    mode_facturation: Mapped[str] = choice("Facturation", ModeFacturation, "mensuel")
    temps_reponse_urgence: Mapped[int | None] = field("Délai urgent (h)")
    """Hours."""
    temps_reponse_normal: Mapped[int | None] = field("Délai normal (h)")
    """Hours."""
    nb_interventions_incluses: Mapped[int | None] = field("Interventions par an")
    heures_incluses: Mapped[int | None] = field("Heures par an")
    penalites_retard: Mapped[Decimal | None] = field("Pénalités (MAD)", policy=Policy.ASK)
    objet: Mapped[str | None] = field("Objet", sa.String(200), since=CONTRATS)
    reconduction: Mapped[str] = choice("Reconduction", Reconduction, "aucune", length=10, since=CONTRATS)
    duree_mois: Mapped[int | None] = field("Durée (mois)", sa.Integer, since=CONTRATS)
    """How long a renewal lasts."""
    preavis_jours: Mapped[int | None] = field("Préavis (jours)", sa.Integer, since=CONTRATS)
    date_signature: Mapped[date | None] = field("Signé le", Jour(), policy=Policy.ASK, since=CONTRATS)
    date_resiliation: Mapped[date | None] = field("Date de résiliation", Jour(), since=CONTRATS)
    motif: Mapped[str | None] = field("Motif", sa.String(200), since=CONTRATS)
    """Why it is suspended or ended."""
    delai_paiement_jours: Mapped[int | None] = field(
        "Paiement (jours)", sa.Integer, policy=Policy.ASK, since=CONTRATS
    )
    horaire_sla: Mapped[str] = choice("Heures couvertes", HoraireSla, "agence", length=10, since=CONTRATS)
    seuil_alerte_pct: Mapped[int | None] = field("Alerte à (%)", sa.Integer, policy=Policy.ASK, since=CONTRATS)
    """Share of a quota from which it is said to be nearly used up."""
    revision_pct: Mapped[Decimal | None] = field("Révision par an (%)", Montant(5, 2), since=REVISION_DES_PRIX)
    """Percent that each anniversary adds to the annual amount of the year before."""
    indice: Mapped[str | None] = field("Indice de révision", sa.String(80), since=REVISION_DES_PRIX)
    """What the revision follows: a clause or a published index, in words."""


sorted_by(Contrat, "numero_contrat", "type_contrat", "date_fin", "client_id")
sa.Index(
    "idx_contrats_etat_liste", *(Contrat.__table__.c[name] for name in ("statut", "date_fin", "id", "agence_id"))
)


class ContratEquipement(LigneAgence, Base):
    """A machine covered by a contract, from a day and, when it left the contract, to another.

    Machines whose form names the contract are covered as well, without a row here.
    """

    __tablename__ = "contrat_equipements"
    __noun__ = Noun(
        "Équipement couvert",
        "factory",
        root="contrat_id",
        key=("contrat_id", "equipement_id"),
        groups=(Group("couverture", ("du", "au"), label="Couverture"),),
        since=CONTRATS,
    )
    __table_args__ = (
        sa.UniqueConstraint("contrat_id", "equipement_id"),
        sa.CheckConstraint("au IS NULL OR au >= du", name="dates"),
    )

    contrat_id: Mapped[int] = link("Contrat", "contrats.id")
    equipement_id: Mapped[int] = link("Équipement", "equipements.id")
    du: Mapped[date] = field("Du")
    au: Mapped[date | None] = field("Au")


class ContratPeriode(LigneAgence, Base):
    """What a contract includes from one day to another. What is used up is counted from the work, never stored."""

    __tablename__ = "contrat_periodes"
    __noun__ = Noun(
        "Période de contrat",
        "calendar-dots",
        root="contrat_id",
        key=("contrat_id", "numero"),
        groups=(
            # What is included, and for how much, is so for these days.
            Group("periode", ("du", "au", "interventions_incluses", "heures_incluses", "montant"), label="Période"),
        ),
        since=CONTRATS,
    )
    __table_args__ = (
        sa.UniqueConstraint("contrat_id", "numero"),
        sa.CheckConstraint("au >= du", name="dates"),
    )

    contrat_id: Mapped[int] = link("Contrat", "contrats.id")
    numero: Mapped[int] = field("Numéro", code=True)
    du: Mapped[date] = field("Du")
    au: Mapped[date] = field("Au")
    interventions_incluses: Mapped[int | None] = field("Interventions incluses")
    heures_incluses: Mapped[int | None] = field("Heures incluses")
    montant: Mapped[Decimal | None] = field("Montant")


class SlaRegle(LigneAgence, Base):
    """How soon work of a priority is begun and done under a contract, in minutes of the hours that it covers.

    A priority without a row, or without a time, has that of the contract's two delays, else its own.
    """

    __tablename__ = "sla_regles"
    __noun__ = Noun(
        "Délai de SLA",
        "clock",
        root="contrat_id",
        key=("contrat_id", "priorite"),
        groups=(Group("delais", ("prise_en_charge_min", "resolution_min"), label="Délais"),),
        since=LOTS,
    )
    __table_args__ = (sa.UniqueConstraint("contrat_id", "priorite"),)

    contrat_id: Mapped[int] = link("Contrat", "contrats.id")
    priorite: Mapped[str] = choice("Priorité", Priorite)
    prise_en_charge_min: Mapped[int | None] = field("Prise en charge", sa.Integer, minutes=True)
    resolution_min: Mapped[int | None] = field("Résolution", sa.Integer, minutes=True)


class Avenant(LigneAgence, Base):
    """A signed amendment of a contract: which term changes, from what to what, and from which day.

    ``terme`` is a column of the contract; without one the amendment is words only. ``applique_le``: the contract has
    the new value since then; until the day has come it has the former one.
    """

    __tablename__ = "avenants"
    __noun__ = Noun(
        "Avenant",
        "note-pencil",
        name="objet",
        root="contrat_id",
        groups=(Group("changement", ("terme", "valeur_avant", "valeur_apres", "date_effet"), label="Changement"),),
        since=SUIVI,
    )

    contrat_id: Mapped[int] = link("Contrat", "contrats.id")
    numero: Mapped[int] = field("Numéro", code=True)
    objet: Mapped[str] = field("Objet", sa.String(200))
    date_effet: Mapped[date] = field("Date d'effet")
    date_signature: Mapped[date | None] = field("Signé le", Jour())
    terme: Mapped[str | None] = field("Ce qui change", sa.String(40))
    valeur_avant: Mapped[str | None] = field("Ancienne valeur", sa.String(120))
    valeur_apres: Mapped[str | None] = field("Nouvelle valeur", sa.String(120))
    applique_le: Mapped[datetime | None] = field("Appliqué le")
