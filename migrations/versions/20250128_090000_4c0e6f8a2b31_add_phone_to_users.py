"""Add phone to users.

Revision ID: 4c0e6f8a2b31
Revises: 3b9d5e7f1a20
Create Date: 2025-01-28 09:00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import helpers as h

revision = "4c0e6f8a2b31"
down_revision = "3b9d5e7f1a20"
branch_labels = None
depends_on = None

perd_au_retour: str | None = "Les téléphones des utilisateurs."


def upgrade() -> None:
    op.add_column("users", sa.Column("phone", sa.String(20), nullable=True))


def downgrade() -> None:
    with h.alterer("users") as lot:
        lot.drop_column("phone")
