"""Initial full migration from models.

Revision ID: bb94288d88f3
Revises:
Create Date: 2025-01-01 09:00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import helpers as h

revision = "bb94288d88f3"
down_revision = None
branch_labels = None
depends_on = None

perd_au_retour: str | None = "Toutes les tables et toutes les données."


def upgrade() -> None:
    op.create_table(
        "competences",
        sa.Column("id", h.entier_long(), autoincrement=False, nullable=False),
        sa.Column("nom", sa.String(120), nullable=False),
        sa.Column("domaine", sa.String(80), nullable=True),
        sa.Column("necessite_certification", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("duree_validite_mois", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_competences")),
        sa.UniqueConstraint("nom", name=op.f("uq_competences_nom")),
    )
    op.create_table(
        "users",
        sa.Column("id", h.entier_long(), autoincrement=False, nullable=False),
        sa.Column("first_name", sa.String(100), nullable=True),
        sa.Column("last_name", sa.String(100), nullable=True),
        sa.Column("email", sa.String(255), nullable=False),
        sa.Column("hashed_password", sa.String(255), nullable=True),
        sa.Column("role", sa.String(20), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.CheckConstraint("role IN ('admin', 'user', 'tech')", name=op.f("ck_users_role")),
    )
    op.create_table(
        "notifications",
        sa.Column("id", h.entier_long(), autoincrement=False, nullable=False),
        sa.Column("user_id", h.entier_long(), nullable=False),
        sa.Column("type", sa.String(20), nullable=False),
        sa.Column("contenu", sa.Text(), nullable=False),
        sa.Column("lu", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_notifications_user_id")),
        sa.CheckConstraint(
            "type IN ('affectation', 'cloture', 'rappel', 'retard', 'information')",
            name=op.f("ck_notifications_type"),
        ),
    )
    op.create_index("idx_notifications_user_id", "notifications", ["user_id"])
    op.create_table(
        "techniciens",
        sa.Column("id", h.entier_long(), autoincrement=False, nullable=False),
        sa.Column("user_id", h.entier_long(), nullable=False),
        sa.Column("numero_badge", sa.String(30), nullable=True),
        sa.Column("equipe", sa.String(60), nullable=True),
        sa.Column("niveau", sa.String(20), server_default="intermediaire", nullable=False),
        sa.Column("zone_intervention", sa.String(120), nullable=True),
        sa.Column("disponibilite", sa.String(20), server_default="disponible", nullable=False),
        sa.Column("horaires_travail", sa.String(80), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_techniciens")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_techniciens_user_id")),
        sa.CheckConstraint(
            "disponibilite IN ('disponible', 'occupe', 'conge', 'formation', 'indisponible')",
            name=op.f("ck_techniciens_disponibilite"),
        ),
        sa.CheckConstraint(
            "niveau IN ('debutant', 'intermediaire', 'avance', 'expert')", name=op.f("ck_techniciens_niveau")
        ),
    )
    op.create_index("idx_techniciens_user_id", "techniciens", ["user_id"], unique=True)
    op.create_table(
        "technicien_competence",
        sa.Column("id", h.entier_long(), autoincrement=False, nullable=False),
        sa.Column("technicien_id", h.entier_long(), nullable=False),
        sa.Column("competence_id", h.entier_long(), nullable=False),
        sa.Column("niveau", sa.String(20), server_default="intermediaire", nullable=False),
        sa.Column("date_acquisition", sa.Date(), nullable=True),
        sa.Column("date_validation", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_technicien_competence")),
        sa.ForeignKeyConstraint(
            ["competence_id"], ["competences.id"], name=op.f("fk_technicien_competence_competence_id")
        ),
        sa.ForeignKeyConstraint(
            ["technicien_id"], ["techniciens.id"], name=op.f("fk_technicien_competence_technicien_id")
        ),
        sa.UniqueConstraint(
            "technicien_id", "competence_id", name=op.f("uq_technicien_competence_technicien_id_competence_id")
        ),
        sa.CheckConstraint(
            "niveau IN ('debutant', 'intermediaire', 'avance', 'expert')",
            name=op.f("ck_technicien_competence_niveau"),
        ),
    )
    op.create_index("idx_technicien_competence_competence_id", "technicien_competence", ["competence_id"])
    op.create_index("idx_technicien_competence_technicien_id", "technicien_competence", ["technicien_id"])
    op.create_table(
        "equipements",
        sa.Column("id", h.entier_long(), autoincrement=False, nullable=False),
        sa.Column("parent_id", h.entier_long(), nullable=True),
        sa.Column("nom", sa.String(160), nullable=False),
        sa.Column("code_interne", sa.String(40), nullable=False),
        sa.Column("numero_serie", sa.String(80), nullable=True),
        sa.Column("type_equipement", sa.String(80), nullable=True),
        sa.Column("marque", sa.String(80), nullable=True),
        sa.Column("modele", sa.String(80), nullable=True),
        sa.Column("localisation", sa.String(160), nullable=True),
        sa.Column("statut", sa.String(20), server_default="operationnel", nullable=False),
        sa.Column("criticite", sa.String(20), server_default="standard", nullable=False),
        sa.Column("date_mise_en_service", sa.Date(), nullable=True),
        sa.Column("date_fin_garantie", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_equipements")),
        sa.ForeignKeyConstraint(["parent_id"], ["equipements.id"], name=op.f("fk_equipements_parent_id")),
        sa.CheckConstraint(
            "criticite IN ('critique', 'important', 'standard', 'non_critique')",
            name=op.f("ck_equipements_criticite"),
        ),
        sa.CheckConstraint(
            "statut IN ('operationnel', 'maintenance', 'panne', 'retire')", name=op.f("ck_equipements_statut")
        ),
    )
    op.create_index("idx_equipements_parent_id", "equipements", ["parent_id"])
    op.create_table(
        "interventions",
        sa.Column("id", h.entier_long(), autoincrement=False, nullable=False),
        sa.Column("numero", sa.String(40), nullable=False),
        sa.Column("titre", sa.String(200), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("type", sa.String(20), server_default="corrective", nullable=False),
        sa.Column("statut", sa.String(20), server_default="ouverte", nullable=False),
        sa.Column("priorite", sa.String(20), server_default="normale", nullable=False),
        sa.Column("urgence", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("equipement_id", h.entier_long(), nullable=False),
        sa.Column("technicien_id", h.entier_long(), nullable=True),
        sa.Column("date_creation", h.instant(), nullable=False),
        sa.Column("date_planifiee", h.instant(), nullable=True),
        sa.Column("date_affectation", h.instant(), nullable=True),
        sa.Column("date_debut_travaux", h.instant(), nullable=True),
        sa.Column("date_fin_travaux", h.instant(), nullable=True),
        sa.Column("date_cloture", h.instant(), nullable=True),
        sa.Column("duree_estimee", sa.Integer(), nullable=True),
        sa.Column("duree_reelle", sa.Integer(), nullable=True),
        sa.Column("diagnostic", sa.Text(), nullable=True),
        sa.Column("travaux_realises", sa.Text(), nullable=True),
        sa.Column("recommandations", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interventions")),
        sa.ForeignKeyConstraint(["equipement_id"], ["equipements.id"], name=op.f("fk_interventions_equipement_id")),
        sa.UniqueConstraint("numero", name=op.f("uq_interventions_numero")),
        sa.CheckConstraint(
            "priorite IN ('urgente', 'haute', 'normale', 'basse', 'programmee')",
            name=op.f("ck_interventions_priorite"),
        ),
        sa.CheckConstraint(
            "statut IN ('ouverte', 'affectee', 'en_cours', 'en_attente', 'cloturee', 'archivee', 'annulee')",
            name=op.f("ck_interventions_statut"),
        ),
        sa.CheckConstraint(
            "type IN ('corrective', 'preventive', 'ameliorative', 'diagnostic')", name=op.f("ck_interventions_type")
        ),
    )
    op.create_index("idx_interventions_equipement_id", "interventions", ["equipement_id"])
    op.create_table(
        "plannings",
        sa.Column("id", h.entier_long(), autoincrement=False, nullable=False),
        sa.Column("equipement_id", h.entier_long(), nullable=False),
        sa.Column("frequence", sa.String(20), nullable=False),
        sa.Column("rrule", sa.String(255), nullable=True),
        sa.Column("prochaine_date", sa.Date(), nullable=True),
        sa.Column("derniere_date", sa.Date(), nullable=True),
        sa.Column("statut", sa.String(20), server_default="actif", nullable=False),
        sa.Column("modele_titre", sa.String(200), nullable=False),
        sa.Column("modele_description", sa.Text(), nullable=True),
        sa.Column("modele_type", sa.String(20), server_default="preventive", nullable=False),
        sa.Column("modele_priorite", sa.String(20), server_default="programmee", nullable=False),
        sa.Column("modele_duree_estimee", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plannings")),
        sa.ForeignKeyConstraint(["equipement_id"], ["equipements.id"], name=op.f("fk_plannings_equipement_id")),
        sa.CheckConstraint(
            "frequence IN ('journalier', 'hebdomadaire', 'mensuel', 'trimestriel', 'semestriel', 'annuel', 'rrule')",
            name=op.f("ck_plannings_frequence"),
        ),
        sa.CheckConstraint(
            "modele_priorite IN ('urgente', 'haute', 'normale', 'basse', 'programmee')",
            name=op.f("ck_plannings_modele_priorite"),
        ),
        sa.CheckConstraint(
            "modele_type IN ('corrective', 'preventive', 'ameliorative', 'diagnostic')",
            name=op.f("ck_plannings_modele_type"),
        ),
        sa.CheckConstraint("frequence <> 'rrule' OR rrule IS NOT NULL", name=op.f("ck_plannings_rrule_presente")),
        sa.CheckConstraint(
            "statut IN ('actif', 'suspendu', 'termine', 'en_retard')", name=op.f("ck_plannings_statut")
        ),
    )
    op.create_index("idx_plannings_equipement_id", "plannings", ["equipement_id"])
    op.create_table(
        "documents",
        sa.Column("id", h.entier_long(), autoincrement=False, nullable=False),
        sa.Column("nom_fichier", sa.String(255), nullable=False),
        sa.Column("type_document", sa.String(20), nullable=False),
        sa.Column("mime_type", sa.String(120), nullable=False),
        sa.Column("taille", h.entier_long(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("intervention_id", h.entier_long(), nullable=True),
        sa.Column("equipement_id", h.entier_long(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents")),
        sa.ForeignKeyConstraint(["equipement_id"], ["equipements.id"], name=op.f("fk_documents_equipement_id")),
        sa.ForeignKeyConstraint(["intervention_id"], ["interventions.id"], name=op.f("fk_documents_intervention_id")),
        sa.CheckConstraint(
            "intervention_id IS NOT NULL OR equipement_id IS NOT NULL", name=op.f("ck_documents_rattachement")
        ),
        sa.CheckConstraint(
            "type_document IN ('photo', 'rapport', 'manuel', 'certificat', 'facture')",
            name=op.f("ck_documents_type_document"),
        ),
    )
    op.create_index("idx_documents_equipement_id", "documents", ["equipement_id"])
    op.create_index("idx_documents_intervention_id", "documents", ["intervention_id"])
    op.create_index("idx_documents_sha256", "documents", ["sha256"])
    op.create_table(
        "historiques_interventions",
        sa.Column("id", h.entier_long(), autoincrement=False, nullable=False),
        sa.Column("intervention_id", h.entier_long(), nullable=False),
        sa.Column("user_id", h.entier_long(), nullable=True),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("statut", sa.String(20), nullable=True),
        sa.Column("remarque", sa.Text(), nullable=True),
        sa.Column("horodatage", h.instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_historiques_interventions")),
        sa.ForeignKeyConstraint(
            ["intervention_id"], ["interventions.id"], name=op.f("fk_historiques_interventions_intervention_id")
        ),
    )


def downgrade() -> None:
    op.drop_table("historiques_interventions")
    op.drop_table("documents")
    op.drop_table("plannings")
    op.drop_table("interventions")
    op.drop_table("equipements")
    op.drop_table("technicien_competence")
    op.drop_table("techniciens")
    op.drop_table("notifications")
    op.drop_table("users")
    op.drop_table("competences")
