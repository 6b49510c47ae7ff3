"""Keep who changed what at the centre, and tell every device whose personal data was erased.

Revision ID: e3a7c1d5f9b4
Revises: c4e8a2d6b0f7
Create Date: 2025-06-30 09:00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations import helpers as h

revision = "e3a7c1d5f9b4"
down_revision = "c4e8a2d6b0f7"
branch_labels = None
depends_on = None

perd_au_retour: str | None = (
    "Le journal des changements tenu au centre, et la liste des effacements : les données effacées le restent."
)

ecarts_de_lignes = ()


def upgrade() -> None:
    op.create_table(
        "effacements",
        sa.Column("id", h.entier_long(), autoincrement=False, nullable=False),
        sa.Column("agence_id", h.entier_long(), nullable=True),
        sa.Column("nom_table", sa.String(length=40), nullable=False),
        sa.Column("fiche_id", h.entier_long(), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=True),
        sa.Column("created_at", h.instant(), nullable=False),
        sa.Column("updated_at", h.instant(), nullable=False),
        sa.Column("created_by_id", h.entier_long(), nullable=True),
        sa.ForeignKeyConstraint(["agence_id"], ["agences.id"], name=op.f("fk_effacements_agence_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_effacements")),
        sa.UniqueConstraint("nom_table", "fiche_id", name=op.f("uq_effacements_nom_table_fiche_id")),
    )
    op.create_index(op.f("idx_effacements_agence_id"), "effacements", ["agence_id"])
    if h.est_sqlite():
        return
    op.create_table(
        "modifications",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("nom_table", sa.Text(), nullable=False),
        sa.Column("pk", sa.BigInteger(), nullable=False),
        sa.Column("agence_id", sa.BigInteger(), nullable=True),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("auteur", sa.BigInteger(), nullable=True),
        sa.Column("poste", sa.Integer(), server_default="0", nullable=False),
        sa.Column("quand", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("avant", postgresql.JSONB(), nullable=True),
        sa.Column("apres", postgresql.JSONB(), nullable=True),
        sa.CheckConstraint("operation IN ('U', 'D')", name=op.f("ck_modifications_operation")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_modifications")),
        schema="sync",
    )
    op.create_index("idx_modifications_fiche", "modifications", ["nom_table", "pk"], schema="sync")
    op.create_index("idx_modifications_quand", "modifications", ["quand"], schema="sync")


def downgrade() -> None:
    if not h.est_sqlite():
        op.drop_table("modifications", schema="sync")
    op.drop_table("effacements")
