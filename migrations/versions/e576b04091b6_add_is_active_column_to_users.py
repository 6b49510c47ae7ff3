"""Add is_active column to users.

Revision ID: e576b04091b6
Revises: 5bd306f33b2b
Create Date: 2025-01-20 09:00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import helpers as h

revision = "e576b04091b6"
down_revision = "5bd306f33b2b"
branch_labels = None
depends_on = None

perd_au_retour: str | None = "Les comptes désactivés redeviennent actifs."


def upgrade() -> None:
    op.add_column("users", sa.Column("is_active", sa.Boolean(), nullable=False, server_default=sa.true()))


def downgrade() -> None:
    with h.alterer("users") as lot:
        lot.drop_column("is_active")
