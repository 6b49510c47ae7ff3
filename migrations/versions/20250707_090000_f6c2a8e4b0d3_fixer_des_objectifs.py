"""What each figure should reach, by agency and from a day on.

Revision ID: f6c2a8e4b0d3
Revises: e3a7c1d5f9b4
Create Date: 2025-07-07 09:00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import helpers as h

revision = "f6c2a8e4b0d3"
down_revision = "e3a7c1d5f9b4"
branch_labels = None
depends_on = None

perd_au_retour: str | None = "Les objectifs fixés aux chiffres ; ceux du catalogue restent."

ecarts_de_lignes = ()


def upgrade() -> None:
    op.create_table(
        "objectifs",
        sa.Column("id", h.entier_long(), autoincrement=False, nullable=False),
        sa.Column("agence_id", h.entier_long(), nullable=True),
        sa.Column("chiffre", sa.String(length=30), nullable=False),
        sa.Column("cible", h.montant(12, 2), nullable=False),
        sa.Column("date_debut", sa.Date(), nullable=False),
        sa.Column("created_at", h.instant(), nullable=False),
        sa.Column("updated_at", h.instant(), nullable=False),
        sa.Column("created_by_id", h.entier_long(), nullable=True),
        sa.ForeignKeyConstraint(["agence_id"], ["agences.id"], name=op.f("fk_objectifs_agence_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objectifs")),
    )
    op.create_index(op.f("idx_objectifs_agence_id"), "objectifs", ["agence_id"])


def downgrade() -> None:
    op.drop_table("objectifs")
