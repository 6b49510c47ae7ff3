"""Add agences, the agency of every row and the last columns of the first tables.

Revision ID: 6e2f8a0c4b1d
Revises: 5d1e7f9b3a0c
Create Date: 2025-02-10 09:00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import helpers as h

revision = "6e2f8a0c4b1d"
down_revision = "5d1e7f9b3a0c"
branch_labels = None
depends_on = None

perd_au_retour: str | None = (
    "Les agences, l'agence et l'auteur de chaque ligne, les compteurs de connexion, les signatures, "
    "les échéances et les coûts externes."
)

# The client of machines registered before clients existed.
ecarts_de_lignes = ("clients",)


def preparer() -> None:
    """Rows written before the rules of this revision: complete or correct them, and say so in the row."""
    op.execute(sa.text("UPDATE users SET full_name = username WHERE full_name IS NULL"))
    # Machines registered before clients existed: one client to be sorted out by hand.
    op.execute(
        sa.text(
            "INSERT INTO clients (id, nom_entreprise, notes, created_at, updated_at) "
            "SELECT COALESCE((SELECT max(id) FROM clients), 0) + 1, 'Client à préciser', "
            f"'Créé par la mise à niveau : équipements sans client.', {h.maintenant()}, {h.maintenant()} "
            "WHERE EXISTS (SELECT 1 FROM equipements WHERE client_id IS NULL)"
        )
    )
    op.execute(
        sa.text(
            "UPDATE equipements SET client_id = (SELECT max(id) FROM clients "
            "WHERE nom_entreprise = 'Client à préciser') WHERE client_id IS NULL"
        )
    )
    op.execute(
        sa.text(
            "UPDATE interventions SET client_id = (SELECT e.client_id FROM equipements e "
            "WHERE e.id = interventions.equipement_id) WHERE client_id IS NULL"
        )
    )
    op.execute(sa.text("UPDATE interventions SET priorite = 'urgente' WHERE urgence AND priorite <> 'urgente'"))
    op.execute(
        sa.text(
            "UPDATE interventions SET notes_internes = COALESCE(notes_internes || ' ', '') || "
            "'Date de fin saisie avant le début : ' || CAST(date_fin_travaux AS text), date_fin_travaux = NULL "
            "WHERE date_fin_travaux < date_debut_travaux"
        )
    )


def upgrade() -> None:
    op.create_table(
        "agences",
        sa.Column("id", h.entier_long(), autoincrement=False, nullable=False),
        sa.Column("code", sa.String(5), nullable=False),
        sa.Column("nom", sa.String(120), nullable=False),
        sa.Column("ville", sa.String(80), nullable=True),
        sa.Column("adresse", sa.Text(), nullable=True),
        sa.Column("telephone", sa.String(20), nullable=True),
        sa.Column("jours_ouvres", sa.String(20), server_default="1,2,3,4,5,6", nullable=False),
        sa.Column("horaires", sa.String(80), server_default="08:30-18:30", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("created_at", h.instant(), nullable=False),
        sa.Column("updated_at", h.instant(), nullable=False),
        sa.Column("created_by_id", h.entier_long(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agences")),
        sa.UniqueConstraint("code", name=op.f("uq_agences_code")),
        sa.CheckConstraint("length(code) BETWEEN 3 AND 5", name=op.f("ck_agences_code")),
    )
    preparer()
    with h.alterer("competences") as lot:
        lot.add_column(sa.Column("agence_id", h.entier_long(), nullable=True))
        lot.add_column(sa.Column("created_by_id", h.entier_long(), nullable=True))
        lot.create_foreign_key(op.f("fk_competences_agence_id"), "agences", ["agence_id"], ["id"])
    op.create_index("idx_competences_agence_id", "competences", ["agence_id"])
    with h.alterer("users") as lot:
        lot.add_column(sa.Column("agence_id", h.entier_long(), nullable=True))
        lot.add_column(sa.Column("created_by_id", h.entier_long(), nullable=True))
        lot.add_column(sa.Column("failed_login_attempts", sa.Integer(), server_default="0", nullable=False))
        lot.add_column(sa.Column("locked_until", h.instant(), nullable=True))
        lot.add_column(sa.Column("password_changed_at", h.instant(), nullable=True))
        lot.add_column(sa.Column("last_login", h.instant(), nullable=True))
        lot.create_foreign_key(op.f("fk_users_agence_id"), "agences", ["agence_id"], ["id"])
        lot.alter_column("full_name", existing_type=sa.String(255), nullable=False)
    op.create_index("idx_users_agence_id", "users", ["agence_id"])
    with h.alterer("clients") as lot:
        lot.add_column(sa.Column("agence_id", h.entier_long(), nullable=True))
        lot.add_column(sa.Column("created_by_id", h.entier_long(), nullable=True))
        lot.create_foreign_key(op.f("fk_clients_agence_id"), "agences", ["agence_id"], ["id"])
    op.create_index("idx_clients_agence_id", "clients", ["agence_id"])
    with h.alterer("notifications") as lot:
        lot.add_column(sa.Column("agence_id", h.entier_long(), nullable=True))
        lot.add_column(sa.Column("created_by_id", h.entier_long(), nullable=True))
        lot.create_foreign_key(op.f("fk_notifications_agence_id"), "agences", ["agence_id"], ["id"])
    op.create_index("idx_notifications_agence_id", "notifications", ["agence_id"])
    with h.alterer("techniciens") as lot:
        lot.add_column(sa.Column("agence_id", h.entier_long(), nullable=True))
        lot.add_column(sa.Column("created_by_id", h.entier_long(), nullable=True))
        lot.add_column(sa.Column("astreinte", sa.Boolean(), server_default=sa.false(), nullable=False))
        lot.add_column(sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False))
        lot.create_foreign_key(op.f("fk_techniciens_agence_id"), "agences", ["agence_id"], ["id"])
    op.create_index("idx_techniciens_agence_id", "techniciens", ["agence_id"])
    with h.alterer("contrats") as lot:
        lot.add_column(sa.Column("agence_id", h.entier_long(), nullable=True))
        lot.add_column(sa.Column("created_by_id", h.entier_long(), nullable=True))
        lot.create_foreign_key(op.f("fk_contrats_agence_id"), "agences", ["agence_id"], ["id"])
    op.create_index("idx_contrats_agence_id", "contrats", ["agence_id"])
    with h.alterer("technicien_competence") as lot:
        lot.add_column(sa.Column("agence_id", h.entier_long(), nullable=True))
        lot.add_column(sa.Column("created_by_id", h.entier_long(), nullable=True))
        lot.create_foreign_key(op.f("fk_technicien_competence_agence_id"), "agences", ["agence_id"], ["id"])
    op.create_index("idx_technicien_competence_agence_id", "technicien_competence", ["agence_id"])
    with h.alterer("equipements") as lot:
        lot.add_column(sa.Column("agence_id", h.entier_long(), nullable=True))
        lot.add_column(sa.Column("created_by_id", h.entier_long(), nullable=True))
        lot.add_column(sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False))
        lot.create_foreign_key(op.f("fk_equipements_agence_id"), "agences", ["agence_id"], ["id"])
        lot.alter_column("client_id", existing_type=h.entier_long(), nullable=False)
    op.create_index("idx_equipements_agence_id", "equipements", ["agence_id"])
    with h.alterer("interventions") as lot:
        lot.add_column(sa.Column("agence_id", h.entier_long(), nullable=True))
        lot.add_column(sa.Column("created_by_id", h.entier_long(), nullable=True))
        lot.add_column(sa.Column("zone_planifiee", sa.String(40), nullable=True))
        lot.add_column(sa.Column("date_limite", h.instant(), nullable=True))
        lot.add_column(sa.Column("temps_deplacement", sa.Integer(), nullable=True))
        lot.add_column(sa.Column("cout_externe", h.montant(), nullable=True))
        lot.add_column(sa.Column("signature", sa.LargeBinary(), nullable=True))
        lot.add_column(sa.Column("signataire", sa.String(120), nullable=True))
        lot.create_foreign_key(op.f("fk_interventions_agence_id"), "agences", ["agence_id"], ["id"])
        lot.alter_column("client_id", existing_type=h.entier_long(), nullable=False)
        lot.create_check_constraint(op.f("ck_interventions_urgence"), "NOT urgence OR priorite = 'urgente'")
        lot.create_check_constraint(
            op.f("ck_interventions_dates_travaux"),
            "date_fin_travaux IS NULL OR date_debut_travaux IS NULL OR date_fin_travaux >= date_debut_travaux",
        )
    op.create_index("idx_interventions_agence_id", "interventions", ["agence_id"])
    with h.alterer("plannings") as lot:
        lot.add_column(sa.Column("agence_id", h.entier_long(), nullable=True))
        lot.add_column(sa.Column("created_by_id", h.entier_long(), nullable=True))
        lot.create_foreign_key(op.f("fk_plannings_agence_id"), "agences", ["agence_id"], ["id"])
    op.create_index("idx_plannings_agence_id", "plannings", ["agence_id"])
    with h.alterer("documents") as lot:
        lot.add_column(sa.Column("agence_id", h.entier_long(), nullable=True))
        lot.add_column(sa.Column("created_by_id", h.entier_long(), nullable=True))
        lot.create_foreign_key(op.f("fk_documents_agence_id"), "agences", ["agence_id"], ["id"])
    op.create_index("idx_documents_agence_id", "documents", ["agence_id"])
    with h.alterer("historiques_interventions") as lot:
        lot.add_column(sa.Column("agence_id", h.entier_long(), nullable=True))
        lot.add_column(sa.Column("created_by_id", h.entier_long(), nullable=True))
        lot.add_column(sa.Column("ancienne_valeur", h.json(), nullable=True))
        lot.add_column(sa.Column("nouvelle_valeur", h.json(), nullable=True))
        lot.add_column(sa.Column("poste", sa.Integer(), nullable=True))
        lot.add_column(sa.Column("recu_a", h.instant(), nullable=True))
        lot.create_foreign_key(op.f("fk_historiques_interventions_agence_id"), "agences", ["agence_id"], ["id"])
    op.create_index("idx_historiques_interventions_agence_id", "historiques_interventions", ["agence_id"])
    op.create_index(
        "idx_historique_intervention_date", "historiques_interventions", ["intervention_id", "horodatage"]
    )


def downgrade() -> None:
    op.drop_index("idx_historique_intervention_date", "historiques_interventions")
    op.drop_index("idx_historiques_interventions_agence_id", "historiques_interventions")
    with h.alterer("historiques_interventions") as lot:
        lot.drop_constraint(op.f("fk_historiques_interventions_agence_id"), type_="foreignkey")
        lot.drop_column("recu_a")
        lot.drop_column("poste")
        lot.drop_column("nouvelle_valeur")
        lot.drop_column("ancienne_valeur")
        lot.drop_column("created_by_id")
        lot.drop_column("agence_id")
    op.drop_index("idx_documents_agence_id", "documents")
    with h.alterer("documents") as lot:
        lot.drop_constraint(op.f("fk_documents_agence_id"), type_="foreignkey")
        lot.drop_column("created_by_id")
        lot.drop_column("agence_id")
    op.drop_index("idx_plannings_agence_id", "plannings")
    with h.alterer("plannings") as lot:
        lot.drop_constraint(op.f("fk_plannings_agence_id"), type_="foreignkey")
        lot.drop_column("created_by_id")
        lot.drop_column("agence_id")
    op.drop_index("idx_interventions_agence_id", "interventions")
    with h.alterer("interventions") as lot:
        lot.drop_constraint(op.f("ck_interventions_dates_travaux"), type_="check")
        lot.drop_constraint(op.f("ck_interventions_urgence"), type_="check")
        lot.alter_column("client_id", existing_type=h.entier_long(), nullable=True)
        lot.drop_constraint(op.f("fk_interventions_agence_id"), type_="foreignkey")
        lot.drop_column("signataire")
        lot.drop_column("signature")
        lot.drop_column("cout_externe")
        lot.drop_column("temps_deplacement")
        lot.drop_column("date_limite")
        lot.drop_column("zone_planifiee")
        lot.drop_column("created_by_id")
        lot.drop_column("agence_id")
    op.drop_index("idx_equipements_agence_id", "equipements")
    with h.alterer("equipements") as lot:
        lot.alter_column("client_id", existing_type=h.entier_long(), nullable=True)
        lot.drop_constraint(op.f("fk_equipements_agence_id"), type_="foreignkey")
        lot.drop_column("is_active")
        lot.drop_column("created_by_id")
        lot.drop_column("agence_id")
    op.drop_index("idx_technicien_competence_agence_id", "technicien_competence")
    with h.alterer("technicien_competence") as lot:
        lot.drop_constraint(op.f("fk_technicien_competence_agence_id"), type_="foreignkey")
        lot.drop_column("created_by_id")
        lot.drop_column("agence_id")
    op.drop_index("idx_contrats_agence_id", "contrats")
    with h.alterer("contrats") as lot:
        lot.drop_constraint(op.f("fk_contrats_agence_id"), type_="foreignkey")
        lot.drop_column("created_by_id")
        lot.drop_column("agence_id")
    op.drop_index("idx_techniciens_agence_id", "techniciens")
    with h.alterer("techniciens") as lot:
        lot.drop_constraint(op.f("fk_techniciens_agence_id"), type_="foreignkey")
        lot.drop_column("is_active")
        lot.drop_column("astreinte")
        lot.drop_column("created_by_id")
        lot.drop_column("agence_id")
    op.drop_index("idx_notifications_agence_id", "notifications")
    with h.alterer("notifications") as lot:
        lot.drop_constraint(op.f("fk_notifications_agence_id"), type_="foreignkey")
        lot.drop_column("created_by_id")
        lot.drop_column("agence_id")
    op.drop_index("idx_clients_agence_id", "clients")
    with h.alterer("clients") as lot:
        lot.drop_constraint(op.f("fk_clients_agence_id"), type_="foreignkey")
        lot.drop_column("created_by_id")
        lot.drop_column("agence_id")
    op.drop_index("idx_users_agence_id", "users")
    with h.alterer("users") as lot:
        lot.alter_column("full_name", existing_type=sa.String(255), nullable=True)
        lot.drop_constraint(op.f("fk_users_agence_id"), type_="foreignkey")
        lot.drop_column("last_login")
        lot.drop_column("password_changed_at")
        lot.drop_column("locked_until")
        lot.drop_column("failed_login_attempts")
        lot.drop_column("created_by_id")
        lot.drop_column("agence_id")
    op.drop_index("idx_competences_agence_id", "competences")
    with h.alterer("competences") as lot:
        lot.drop_constraint(op.f("fk_competences_agence_id"), type_="foreignkey")
        lot.drop_column("created_by_id")
        lot.drop_column("agence_id")
    op.drop_table("agences")
