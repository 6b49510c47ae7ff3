"""Machines of clients, and what is done to them again and again: plans with their due dates, meters, checklists."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from erp_desktop.domain.enums import (
    AncrePlanning,
    Criticite,
    EtatOccurrence,
    Frequence,
    Priorite,
    ReportFerie,
    StatutEquipement,
    StatutPlanning,
    TypeIntervention,
    TypePoint,
)
from erp_desktop.models.base import Base, LigneAgence, cle_naturelle
from erp_desktop.models.declare import Group, Noun, Policy, choice, field, link
from erp_desktop.models.expressions.sorting import sorted_by
from erp_desktop.models.types import Jour, Montant, big_int

PREVENTIF = "f4d8b2c6e0a5"
"""The revision that completed plans and made the tables around them."""


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
            Group("garantie", ("date_mise_en_service", "date_fin_garantie"), label="Garantie"),
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


sorted_by(
    Equipement, "nom", "code_interne", "type_equipement", "marque", "modele", "statut", "criticite", "localisation",
    "client_id",
)  # fmt: skip


class Checklist(LigneAgence, Base):
    """What is looked at on machines of a type, or of one plan. Its points belong to versions of it."""

    __tablename__ = "checklists"
    __noun__ = Noun("Checklist", "list-bullets", name="nom")
    __table_args__ = {"info": {"since": PREVENTIF}}

    nom: Mapped[str] = field("Nom", sa.String(160))
    type_equipement: Mapped[str | None] = field("Type d'équipement", sa.String(80))
    """Of machines whose work takes it without being told; None: only plans that name it."""
    version: Mapped[int] = field("Version", server_default="1", default=1, policy=Policy.MAX)
    """Of two that branches came to apart the higher one stands: it has what both of them began with it or before."""
    is_active: Mapped[bool] = field("Active", server_default=sa.true(), default=True)


class PointChecklist(LigneAgence, Base):
    """One point, in the versions from ``depuis`` to ``jusqua``; a point that changes is ended and made anew."""

    __tablename__ = "points_checklist"
    __noun__ = Noun(
        "Point de checklist",
        "check-circle",
        name="libelle",
        root="checklist_id",
        groups=(Group("mesure", ("unite", "minimum", "maximum"), label="Mesure"),),
    )
    __table_args__ = {"info": {"since": PREVENTIF}}

    checklist_id: Mapped[int] = link("Checklist", "checklists.id")
    ordre: Mapped[int] = field("Rang")
    libelle: Mapped[str] = field("Libellé", sa.String(200))
    type_point: Mapped[str] = choice("Réponse attendue", TypePoint, length=10)
    unite: Mapped[str | None] = field("Unité", sa.String(12))
    minimum: Mapped[Decimal | None] = field("Minimum", Montant(14, 3))
    maximum: Mapped[Decimal | None] = field("Maximum", Montant(14, 3))
    obligatoire: Mapped[bool] = field("Obligatoire", server_default=sa.false(), default=False)
    depuis: Mapped[int] = field("Depuis la version")
    jusqua: Mapped[int | None] = field("Jusqu'à la version")
    """The last version that has it; None: the present one too."""


class Compteur(LigneAgence, Base):
    """A meter of a machine: hours, cycles, kilometres."""

    __tablename__ = "compteurs"
    __noun__ = Noun("Compteur", "gauge", name="nom", root="equipement_id", key=("equipement_id", "nom"))
    __table_args__ = (sa.UniqueConstraint("equipement_id", "nom"), {"info": {"since": PREVENTIF}})

    equipement_id: Mapped[int] = link("Équipement", "equipements.id")
    nom: Mapped[str] = field("Nom", sa.String(60))
    unite: Mapped[str] = field("Unité", sa.String(12), server_default="h", default="h")
    is_active: Mapped[bool] = field("Actif", server_default=sa.true(), default=True)


class Planning(LigneAgence, Base):
    """A preventive plan of a machine and the intervention that it generates."""

    __tablename__ = "plannings"
    __noun__ = Noun(
        "Plan préventif",
        "calendar-check",
        name="modele_titre",
        root="equipement_id",
        groups=(
            # CHECK: a rule of its own needs one, a meter its threshold, a season both ends, an end a beginning.
            Group(
                "rythme",
                (
                    "frequence",
                    "recurrence",
                    "prochaine_date",
                    "derniere_date",
                    "ancre",
                    "date_debut",
                    "date_fin",
                    "rythme_depuis",
                    "saison_debut",
                    "saison_fin",
                    "compteur_id",
                    "seuil",
                ),
                label="Rythme",
            ),
            Group("tolerance", ("tolerance_avant", "tolerance_apres"), label="Tolérance"),
        ),
    )
    __table_args__ = (
        sa.CheckConstraint("frequence <> 'rrule' OR recurrence IS NOT NULL", name="recurrence_presente"),
        sa.CheckConstraint("date_fin IS NULL OR date_debut IS NULL OR date_fin >= date_debut", name="dates"),
        sa.CheckConstraint("(saison_debut IS NULL) = (saison_fin IS NULL)", name="saison"),
        sa.CheckConstraint("ancre <> 'compteur' OR (compteur_id IS NOT NULL AND seuil IS NOT NULL)", name="compteur"),
    )

    equipement_id: Mapped[int] = link("Équipement", "equipements.id")
    frequence: Mapped[str] = choice("Fréquence", Frequence)
    recurrence: Mapped[str | None] = field("Règle de répétition", sa.String(255), code=True)
    """An RFC 5545 RRULE."""
    prochaine_date: Mapped[date | None] = field("Prochaine date")
    """Of plans taken over from elsewhere: what ``date_debut`` is when there is none."""
    derniere_date: Mapped[date | None] = field("Dernière date")
    statut: Mapped[str] = choice("Statut", StatutPlanning, "actif")
    modele_titre: Mapped[str] = field("Titre", sa.String(200))
    modele_description: Mapped[str | None] = field("Description", sa.Text)
    modele_type: Mapped[str] = choice("Type", TypeIntervention, "preventive")
    modele_priorite: Mapped[str] = choice("Priorité", Priorite, "programmee")
    modele_duree_estimee: Mapped[int | None] = field("Durée estimée", minutes=True)
    """Minutes."""
    ancre: Mapped[str] = choice("Compté depuis", AncrePlanning, "calendrier", length=10, since=PREVENTIF)
    date_debut: Mapped[date | None] = field("Première date", Jour(), since=PREVENTIF)
    date_fin: Mapped[date | None] = field("Fin du plan", Jour(), since=PREVENTIF)
    rythme_depuis: Mapped[date | None] = field("Rythme depuis", Jour(), since=PREVENTIF)
    """The day from which the present rule makes visits: none of before is late because a rule was changed."""
    saison_debut: Mapped[int | None] = field("Début de saison", sa.Integer, since=PREVENTIF)
    """1 to 12; past ``saison_fin`` the season goes over the new year."""
    saison_fin: Mapped[int | None] = field("Fin de saison", sa.Integer, since=PREVENTIF)
    report_ferie: Mapped[str] = choice("Jour fermé", ReportFerie, "garder", length=10, since=PREVENTIF)
    tolerance_avant: Mapped[int | None] = field("Jours avant", sa.Integer, since=PREVENTIF)
    """Days before the date in which a visit counts as on time."""
    tolerance_apres: Mapped[int | None] = field("Jours après", sa.Integer, since=PREVENTIF)
    horizon_jours: Mapped[int | None] = field("Horizon en jours", sa.Integer, since=PREVENTIF)
    """How far ahead visits are made; None is ``domain.preventif.rythme.HORIZON``."""
    compteur_id: Mapped[int | None] = link("Compteur", "compteurs.id", since=PREVENTIF)
    seuil: Mapped[Decimal | None] = field("Toutes les (unités)", Montant(14, 3), since=PREVENTIF)
    """Of the meter."""
    checklist_id: Mapped[int | None] = link("Checklist", "checklists.id", since=PREVENTIF)
    competence_id: Mapped[int | None] = link("Compétence requise", "competences.id", since=PREVENTIF)
    technicien_prefere_id: Mapped[int | None] = link("Technicien préféré", "techniciens.id", since=PREVENTIF)
    genere_jusqu_au: Mapped[date | None] = field(
        "Généré jusqu'au", Jour(), policy=Policy.CENTRE_SEUL, since=PREVENTIF
    )
    """Up to where the centre has made the visits; a device makes those beyond."""


sorted_by(Planning, "modele_titre", "frequence", "modele_duree_estimee", "statut", "equipement_id")


class PlanningPiece(LigneAgence, Base):
    """A part that each visit of a plan sets aside."""

    __tablename__ = "planning_pieces"
    __noun__ = Noun("Pièce du plan", "package", root="planning_id", key=("planning_id", "piece_id"))
    __table_args__ = (sa.UniqueConstraint("planning_id", "piece_id"), {"info": {"since": PREVENTIF}})

    planning_id: Mapped[int] = link("Plan préventif", "plannings.id")
    piece_id: Mapped[int] = link("Pièce", "pieces_detachees.id")
    quantite: Mapped[Decimal] = field("Quantité", Montant(12, 3), policy=Policy.ASK)


class Occurrence(LigneAgence, Base):
    """A due date of a plan, and what was decided of it; its intervention names it.

    ``cle`` says which one it is, whoever generates it and whenever: the rule's date, the visit that it follows, or
    the step of the meter. Two devices that generate one make one.
    """

    __tablename__ = "occurrences"
    __noun__ = Noun(
        "Échéance du préventif",
        "calendar-check",
        root="planning_id",
        key=("planning_id", "cle"),
        made=True,
        # A date that one side skipped and the other moved is one question.
        groups=(Group("decision", ("date_cible", "etat", "motif"), label="Décision"),),
    )
    __table_args__ = (
        sa.CheckConstraint("etat <> 'sautee' OR motif IS NOT NULL", name="motif"),
        sa.UniqueConstraint("planning_id", "cle"),
        sa.Index(
            "uq_occurrences_date", "planning_id", "date_prevue", unique=True, info={"engine": "postgresql"},
            postgresql_where=sa.text("etat <> 'retiree'"),
        ).ddl_if(dialect="postgresql"),
        sa.Index(
            "uq_occurrences_date", "planning_id", "date_prevue", info={"engine": "sqlite"},
            sqlite_where=sa.text("etat <> 'retiree'"),
        ).ddl_if(dialect="sqlite"),
        sa.Index("idx_occurrences_date_cible", "date_cible"),
        {"info": {"since": PREVENTIF}},
    )  # fmt: skip

    planning_id: Mapped[int] = link("Plan préventif", "plannings.id")
    cle: Mapped[str] = field("Clé", sa.String(40))
    date_prevue: Mapped[date] = field("Date prévue")
    """The rule's date; never moved."""
    date_cible: Mapped[date] = field("Date cible")
    """When the visit should be: the date beside a holiday, or the one that it was moved to."""
    etat: Mapped[str] = choice("État", EtatOccurrence, "generee", length=10)
    motif: Mapped[str | None] = field("Motif", sa.String(200))
    """Why it was skipped or moved."""


class Releve(LigneAgence, Base):
    """A reading of a meter, append-only; below the one before it only when the meter was reset."""

    __tablename__ = "releves"
    __noun__ = Noun("Relevé de compteur", "gauge", append_only=True, root="compteur_id")
    __table_args__ = (
        sa.Index("idx_releves_compteur_quand", "compteur_id", "releve_a"),
        {"info": {"since": PREVENTIF}},
    )

    compteur_id: Mapped[int] = field("Compteur", big_int(), sa.ForeignKey("compteurs.id"))
    index_lu: Mapped[Decimal] = field("Index", Montant(14, 3))
    releve_a: Mapped[datetime] = field("Relevé le")
    remise_a_zero: Mapped[bool] = field("Remise à zéro", server_default=sa.false(), default=False)
    """The meter was changed or set back before this reading."""
    intervention_id: Mapped[int | None] = link("Intervention", "interventions.id")
    remarque: Mapped[str | None] = field("Remarque", sa.String(200))


class ReponseChecklist(LigneAgence, Base):
    """An answer to a point, append-only, with the point as it read then; the last one of a point counts."""

    __tablename__ = "reponses_checklist"
    __noun__ = Noun("Réponse de checklist", "check-circle", append_only=True, root="intervention_id")
    __table_args__ = (
        sa.Index("idx_reponses_checklist_intervention_point", "intervention_id", "point_id"),
        {"info": {"since": PREVENTIF}},
    )

    intervention_id: Mapped[int] = field("Intervention", big_int(), sa.ForeignKey("interventions.id"))
    point_id: Mapped[int] = link("Point de checklist", "points_checklist.id")
    ordre: Mapped[int] = field("Rang")
    libelle: Mapped[str] = field("Libellé", sa.String(200))
    type_point: Mapped[str] = field("Réponse attendue", sa.String(10), policy=Policy.CENTRE)
    unite: Mapped[str | None] = field("Unité", sa.String(12))
    minimum: Mapped[Decimal | None] = field("Minimum", Montant(14, 3))
    maximum: Mapped[Decimal | None] = field("Maximum", Montant(14, 3))
    obligatoire: Mapped[bool] = field("Obligatoire", server_default=sa.false(), default=False)
    valeur: Mapped[str] = field("Réponse", sa.String(2000))
    conforme: Mapped[bool | None] = field("Conforme")
    """None: nothing to judge."""
    remarque: Mapped[str | None] = field("Remarque", sa.String(200))
    document_id: Mapped[int | None] = link("Document", "documents.id")
    repondu_a: Mapped[datetime] = field("Répondu le")
