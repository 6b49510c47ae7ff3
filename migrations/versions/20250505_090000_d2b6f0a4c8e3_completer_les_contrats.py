"""Contracts: machines covered, periods with their quotas, renewal, notice, hours of the SLA, who pays for a job.

Revision ID: d2b6f0a4c8e3
Revises: b7e3c9a1d5f4
Create Date: 2025-05-05 09:00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import helpers as h

revision = "d2b6f0a4c8e3"
down_revision = "b7e3c9a1d5f4"
branch_labels = None
depends_on = None

perd_au_retour: str | None = (
    "Les équipements couverts et les périodes des contrats ; leur objet, leur reconduction, leur préavis, leur "
    "signature, leur résiliation, leur motif, leur délai de paiement, leur couverture et leur seuil d'alerte ; "
    "l'imputation décidée des interventions."
)

ecarts_de_lignes = ("contrat_equipements", "contrat_periodes")


def _table(nom: str, *elements: object) -> None:
    op.create_table(
        nom,
        sa.Column("id", h.entier_long(), autoincrement=False, nullable=False),
        sa.Column("agence_id", h.entier_long(), nullable=True),
        *elements,  # type: ignore[arg-type]
        sa.Column("created_at", h.instant(), nullable=False),
        sa.Column("updated_at", h.instant(), nullable=False),
        sa.Column("created_by_id", h.entier_long(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{nom}")),
        sa.ForeignKeyConstraint(["agence_id"], ["agences.id"], name=op.f(f"fk_{nom}_agence_id")),
        sa.ForeignKeyConstraint(["contrat_id"], ["contrats.id"], name=op.f(f"fk_{nom}_contrat_id")),
    )
    op.create_index(f"idx_{nom}_agence_id", nom, ["agence_id"])
    op.create_index(f"idx_{nom}_contrat_id", nom, ["contrat_id"])


def upgrade() -> None:
    _table(
        "contrat_equipements",
        sa.Column("contrat_id", h.entier_long(), nullable=False),
        sa.Column("equipement_id", h.entier_long(), nullable=False),
        sa.Column("du", sa.Date(), nullable=False),
        sa.Column("au", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["equipement_id"], ["equipements.id"], name=op.f("fk_contrat_equipements_equipement_id")
        ),
        sa.UniqueConstraint(
            "contrat_id", "equipement_id", name=op.f("uq_contrat_equipements_contrat_id_equipement_id")
        ),
        sa.CheckConstraint("au IS NULL OR au >= du", name=op.f("ck_contrat_equipements_dates")),
    )
    op.create_index("idx_contrat_equipements_equipement_id", "contrat_equipements", ["equipement_id"])
    _table(
        "contrat_periodes",
        sa.Column("contrat_id", h.entier_long(), nullable=False),
        sa.Column("numero", sa.Integer(), nullable=False),
        sa.Column("du", sa.Date(), nullable=False),
        sa.Column("au", sa.Date(), nullable=False),
        sa.Column("interventions_incluses", sa.Integer(), nullable=True),
        sa.Column("heures_incluses", sa.Integer(), nullable=True),
        sa.Column("montant", h.montant(12, 2), nullable=True),
        sa.UniqueConstraint("contrat_id", "numero", name=op.f("uq_contrat_periodes_contrat_id_numero")),
        sa.CheckConstraint("au >= du", name=op.f("ck_contrat_periodes_dates")),
    )
    h.ajouter_colonnes(
        "contrats",
        [
            sa.Column("objet", sa.String(200), nullable=True),
            sa.Column("reconduction", sa.String(10), server_default="aucune", nullable=False),
            sa.Column("duree_mois", sa.Integer(), nullable=True),
            sa.Column("preavis_jours", sa.Integer(), nullable=True),
            sa.Column("date_signature", sa.Date(), nullable=True),
            sa.Column("date_resiliation", sa.Date(), nullable=True),
            sa.Column("motif", sa.String(200), nullable=True),
            sa.Column("delai_paiement_jours", sa.Integer(), nullable=True),
            sa.Column("horaire_sla", sa.String(10), server_default="agence", nullable=False),
            sa.Column("seuil_alerte_pct", sa.Integer(), nullable=True),
        ],
    )
    with h.alterer("contrats") as lot:
        lot.create_check_constraint(
            op.f("ck_contrats_reconduction"), "reconduction IN ('aucune', 'tacite', 'expresse')"
        )
        lot.create_check_constraint(op.f("ck_contrats_horaire_sla"), "horaire_sla IN ('agence', 'continu')")
    h.ajouter_colonnes(
        "interventions",
        [
            sa.Column("imputation", sa.String(10), nullable=True),
            sa.Column("imputation_motif", sa.String(200), nullable=True),
        ],
    )
    with h.alterer("interventions") as lot:
        lot.create_check_constraint(op.f("ck_interventions_imputation"), "imputation IN ('contrat', 'a_facturer')")


def downgrade() -> None:
    with h.alterer("interventions") as lot:
        lot.drop_constraint(op.f("ck_interventions_imputation"), type_="check")
        lot.drop_column("imputation_motif")
        lot.drop_column("imputation")
    with h.alterer("contrats") as lot:
        lot.drop_constraint(op.f("ck_contrats_horaire_sla"), type_="check")
        lot.drop_constraint(op.f("ck_contrats_reconduction"), type_="check")
        for colonne in (
            "seuil_alerte_pct", "horaire_sla", "delai_paiement_jours", "motif", "date_resiliation", "date_signature",
            "preavis_jours", "duree_mois", "reconduction", "objet",
        ):  # fmt: skip
            lot.drop_column(colonne)
    op.drop_table("contrat_periodes")
    op.drop_table("contrat_equipements")
