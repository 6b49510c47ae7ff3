"""Keep what a report counts of each month beside the rows, on every replica for itself.

Revision ID: c9f3b7d1e5a4
Revises: c4e8a2d6f0b5
Create Date: 2025-05-26 09:00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import helpers as h

revision = "c9f3b7d1e5a4"
down_revision = "c4e8a2d6f0b5"
branch_labels = None
depends_on = None

# Counted from the rows, and counted again by the next report.
perd_au_retour: str | None = None


def upgrade() -> None:
    if h.est_sqlite():
        op.create_table(
            "_rapports_mois",
            sa.Column("debut", sa.Text(), nullable=False),
            sa.Column("mesure", sa.Text(), nullable=False),
            sa.Column("fin", sa.Text(), nullable=False),
            sa.Column("marque", sa.Text(), nullable=False),
            sa.Column("horloges", sa.Text(), nullable=False),
            sa.Column("contenu", sa.Text(), nullable=False),
            sa.PrimaryKeyConstraint("debut", "mesure", name=op.f("pk__rapports_mois")),
        )
        return
    op.create_table(
        "rapports_mois",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("debut", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mesure", sa.Text(), nullable=False),
        sa.Column("fin", sa.DateTime(timezone=True), nullable=False),
        sa.Column("marque", sa.Text(), nullable=True),
        sa.Column("horloges", sa.Text(), nullable=True),
        sa.Column("contenu", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rapports_mois")),
        sa.UniqueConstraint("debut", "mesure", name=op.f("uq_rapports_mois_debut_mesure")),
        schema="sync",
    )
    op.create_table("rapports_touches", sa.Column("mois_id", sa.BigInteger(), nullable=False), schema="sync")


def downgrade() -> None:
    if h.est_sqlite():
        op.drop_table("_rapports_mois")
        return
    op.drop_table("rapports_touches", schema="sync")
    op.drop_table("rapports_mois", schema="sync")
