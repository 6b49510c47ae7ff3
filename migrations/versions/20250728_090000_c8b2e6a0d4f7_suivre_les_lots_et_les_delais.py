"""Tell units of parts apart by lot or serial number; delays by priority and documents of contracts.

Revision ID: c8b2e6a0d4f7
Revises: b8d4f0a6c2e9
Create Date: 2025-07-28 09:00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import helpers as h

revision = "c8b2e6a0d4f7"
down_revision = "b8d4f0a6c2e9"
branch_labels = None
depends_on = None

perd_au_retour: str | None = (
    "Le suivi des pièces par lot ou par série et les lots des mouvements et des lignes, les délais de SLA par "
    "priorité (ceux du contrat restent), et les documents joints aux seuls contrats."
)

ecarts_de_lignes = ("documents",)

_WITHOUT = "intervention_id IS NOT NULL OR equipement_id IS NOT NULL"
_LOT = {"mouvements_stock", "lignes_intervention"}


def upgrade() -> None:
    op.create_table(
        "sla_regles",
        sa.Column("id", h.entier_long(), autoincrement=False, nullable=False),
        sa.Column("agence_id", h.entier_long(), nullable=True),
        sa.Column("contrat_id", h.entier_long(), nullable=False),
        sa.Column("priorite", sa.String(length=20), nullable=False),
        sa.Column("prise_en_charge_min", sa.Integer(), nullable=True),
        sa.Column("resolution_min", sa.Integer(), nullable=True),
        sa.Column("created_at", h.instant(), nullable=False),
        sa.Column("updated_at", h.instant(), nullable=False),
        sa.Column("created_by_id", h.entier_long(), nullable=True),
        sa.CheckConstraint(
            "priorite IN ('urgente', 'haute', 'normale', 'basse', 'programmee')", name=op.f("ck_sla_regles_priorite")
        ),
        sa.ForeignKeyConstraint(["agence_id"], ["agences.id"], name=op.f("fk_sla_regles_agence_id")),
        sa.ForeignKeyConstraint(["contrat_id"], ["contrats.id"], name=op.f("fk_sla_regles_contrat_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sla_regles")),
        sa.UniqueConstraint("contrat_id", "priorite", name=op.f("uq_sla_regles_contrat_id_priorite")),
    )
    op.create_index(op.f("idx_sla_regles_agence_id"), "sla_regles", ["agence_id"])
    op.create_index(op.f("idx_sla_regles_contrat_id"), "sla_regles", ["contrat_id"])
    h.ajouter_colonnes(
        "pieces_detachees", [sa.Column("suivi", sa.String(10), server_default="aucun", nullable=False)]
    )
    for table in sorted(_LOT):
        h.ajouter_colonnes(table, [sa.Column("lot", sa.String(60), nullable=True)])
    op.create_index(op.f("idx_mouvements_stock_lot"), "mouvements_stock", ["lot"])
    # What it refers to is left unread: its indexes on expressions are not this table's to copy.
    with h.alterer("documents", reflect_kwargs={"resolve_fks": False}) as lot:
        lot.add_column(sa.Column("contrat_id", h.entier_long(), nullable=True))
        lot.create_foreign_key(op.f("fk_documents_contrat_id"), "contrats", ["contrat_id"], ["id"])
        lot.drop_constraint(op.f("ck_documents_rattachement"), type_="check")
        lot.create_check_constraint(op.f("ck_documents_rattachement"), f"{_WITHOUT} OR contrat_id IS NOT NULL")
    op.create_index(op.f("idx_documents_contrat_id"), "documents", ["contrat_id"])


def downgrade() -> None:
    op.execute(f"DELETE FROM documents WHERE NOT ({_WITHOUT})")
    op.drop_index(op.f("idx_documents_contrat_id"), "documents")
    with h.alterer("documents", reflect_kwargs={"resolve_fks": False}) as lot:
        lot.drop_constraint(op.f("ck_documents_rattachement"), type_="check")
        lot.create_check_constraint(op.f("ck_documents_rattachement"), _WITHOUT)
        lot.drop_constraint(op.f("fk_documents_contrat_id"), type_="foreignkey")
        lot.drop_column("contrat_id")
    op.drop_index(op.f("idx_mouvements_stock_lot"), "mouvements_stock")
    for table in sorted(_LOT):
        h.retirer_colonnes(table, ["lot"])
    h.retirer_colonnes("pieces_detachees", ["suivi"])
    op.drop_table("sla_regles")
