"""Contracts: the yearly revision of their amount, and the index that it follows.

Revision ID: c4e8a2d6f0b5
Revises: e5c9a3f7b1d4
Create Date: 2025-05-19 09:00:00
"""

from __future__ import annotations

import sqlalchemy as sa

from migrations import helpers as h

revision = "c4e8a2d6f0b5"
down_revision = "e5c9a3f7b1d4"
branch_labels = None
depends_on = None

# What a downgrade loses, one French sentence; None when nothing.
perd_au_retour: str | None = "La révision annuelle des contrats et leur indice."


def upgrade() -> None:
    with h.alterer("contrats") as batch_op:
        batch_op.add_column(sa.Column("revision_pct", h.montant(5, 2), nullable=True))
        batch_op.add_column(sa.Column("indice", sa.String(length=80), nullable=True))


def downgrade() -> None:
    with h.alterer("contrats") as batch_op:
        batch_op.drop_column("indice")
        batch_op.drop_column("revision_pct")
