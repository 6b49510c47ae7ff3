"""Create clients and contrats, and tie equipements and interventions to them.

Revision ID: 2a1f3c8d7c1b
Revises: df44b376bc8a
Create Date: 2025-01-25 09:00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import helpers as h

revision = "2a1f3c8d7c1b"
down_revision = "df44b376bc8a"
branch_labels = None
depends_on = None

perd_au_retour: str | None = "Les clients, les contrats et leurs liens avec les équipements et les interventions."


def upgrade() -> None:
    op.create_table(
        "clients",
        sa.Column("id", h.entier_long(), autoincrement=False, nullable=False),
        sa.Column("nom_entreprise", sa.String(200), nullable=False),
        sa.Column("type_client", sa.String(20), server_default="entreprise", nullable=False),
        sa.Column("niveau_service", sa.String(20), server_default="standard", nullable=False),
        sa.Column("ice", sa.String(15), nullable=True),
        sa.Column("identifiant_fiscal", sa.String(20), nullable=True),
        sa.Column("registre_commerce", sa.String(30), nullable=True),
        sa.Column("ville_rc", sa.String(80), nullable=True),
        sa.Column("taxe_professionnelle", sa.String(20), nullable=True),
        sa.Column("cnss", sa.String(20), nullable=True),
        sa.Column("contact", sa.String(120), nullable=True),
        sa.Column("email", sa.String(255), nullable=True),
        sa.Column("telephone", sa.String(20), nullable=True),
        sa.Column("adresse", sa.Text(), nullable=True),
        sa.Column("ville", sa.String(80), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("user_id", h.entier_long(), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("created_at", h.instant(), nullable=False),
        sa.Column("updated_at", h.instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clients")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_clients_user_id")),
        sa.CheckConstraint("ice IS NULL OR length(ice) = 15", name=op.f("ck_clients_ice_longueur")),
        sa.CheckConstraint(
            "niveau_service IN ('premium', 'standard', 'basique')", name=op.f("ck_clients_niveau_service")
        ),
        sa.CheckConstraint(
            "type_client IN ('entreprise', 'collectivite', 'association', 'particulier')",
            name=op.f("ck_clients_type_client"),
        ),
    )
    op.create_index("idx_clients_nom_entreprise", "clients", ["nom_entreprise"])
    op.create_index("idx_clients_user_id", "clients", ["user_id"])
    op.create_table(
        "contrats",
        sa.Column("id", h.entier_long(), autoincrement=False, nullable=False),
        sa.Column("numero_contrat", sa.String(40), nullable=False),
        sa.Column("client_id", h.entier_long(), nullable=False),
        sa.Column("type_contrat", sa.String(30), nullable=False),
        sa.Column("statut", sa.String(20), server_default="brouillon", nullable=False),
        sa.Column("date_debut", sa.Date(), nullable=False),
        sa.Column("date_fin", sa.Date(), nullable=True),
        sa.Column("montant_annuel", h.montant(), nullable=True),
        sa.Column("mode_facturation", sa.String(20), server_default="mensuel", nullable=False),
        sa.Column("temps_reponse_urgence", sa.Integer(), nullable=True),
        sa.Column("temps_reponse_normal", sa.Integer(), nullable=True),
        sa.Column("nb_interventions_incluses", sa.Integer(), nullable=True),
        sa.Column("heures_incluses", sa.Integer(), nullable=True),
        sa.Column("penalites_retard", h.montant(), nullable=True),
        sa.Column("created_at", h.instant(), nullable=False),
        sa.Column("updated_at", h.instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contrats")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_contrats_client_id")),
        sa.UniqueConstraint("numero_contrat", name=op.f("uq_contrats_numero_contrat")),
        sa.CheckConstraint("date_fin IS NULL OR date_fin >= date_debut", name=op.f("ck_contrats_dates")),
        sa.CheckConstraint(
            "mode_facturation IN ('mensuel', 'trimestriel', 'annuel')", name=op.f("ck_contrats_mode_facturation")
        ),
        sa.CheckConstraint(
            "statut IN ('brouillon', 'en_cours', 'suspendu', 'expire', 'resilie')", name=op.f("ck_contrats_statut")
        ),
        sa.CheckConstraint(
            "type_contrat IN ('maintenance_preventive', 'maintenance_corrective', 'maintenance_complete', "
            "'support_technique', 'contrat_cadre')",
            name=op.f("ck_contrats_type_contrat"),
        ),
    )
    op.create_index("idx_contrats_client_id", "contrats", ["client_id"])
    with h.alterer("equipements") as lot:
        lot.add_column(sa.Column("client_id", h.entier_long(), nullable=True))
        lot.create_foreign_key(op.f("fk_equipements_client_id"), "clients", ["client_id"], ["id"])
        lot.add_column(sa.Column("contrat_id", h.entier_long(), nullable=True))
        lot.create_foreign_key(op.f("fk_equipements_contrat_id"), "contrats", ["contrat_id"], ["id"])
    op.create_index("idx_equipements_client_id", "equipements", ["client_id"])
    op.create_index("idx_equipements_contrat_id", "equipements", ["contrat_id"])
    with h.alterer("interventions") as lot:
        lot.add_column(sa.Column("client_id", h.entier_long(), nullable=True))
        lot.create_foreign_key(op.f("fk_interventions_client_id"), "clients", ["client_id"], ["id"])
        lot.add_column(sa.Column("contrat_id", h.entier_long(), nullable=True))
        lot.create_foreign_key(op.f("fk_interventions_contrat_id"), "contrats", ["contrat_id"], ["id"])
    op.create_index("idx_interventions_client_id", "interventions", ["client_id"])
    op.create_index("idx_interventions_contrat_id", "interventions", ["contrat_id"])


def downgrade() -> None:
    op.drop_index("idx_interventions_contrat_id", "interventions")
    op.drop_index("idx_interventions_client_id", "interventions")
    with h.alterer("interventions") as lot:
        lot.drop_constraint(op.f("fk_interventions_contrat_id"), type_="foreignkey")
        lot.drop_column("contrat_id")
        lot.drop_constraint(op.f("fk_interventions_client_id"), type_="foreignkey")
        lot.drop_column("client_id")
    op.drop_index("idx_equipements_contrat_id", "equipements")
    op.drop_index("idx_equipements_client_id", "equipements")
    with h.alterer("equipements") as lot:
        lot.drop_constraint(op.f("fk_equipements_contrat_id"), type_="foreignkey")
        lot.drop_column("contrat_id")
        lot.drop_constraint(op.f("fk_equipements_client_id"), type_="foreignkey")
        lot.drop_column("client_id")
    op.drop_table("contrats")
    op.drop_table("clients")
