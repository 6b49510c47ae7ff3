"""Add is_verified to users, false for every existing account.

Revision ID: 1d7b3a5c9e42
Revises: 4c0e6f8a2b31
Create Date: 2025-01-29 09:00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import helpers as h

revision = "1d7b3a5c9e42"
down_revision = "4c0e6f8a2b31"
branch_labels = None
depends_on = None

perd_au_retour: str | None = "L'état de vérification des comptes."


def upgrade() -> None:
    # sa.false(), not 'false': SQLite would store text that reads as true.
    op.add_column("users", sa.Column("is_verified", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    with h.alterer("users") as lot:
        lot.drop_column("is_verified")
