"""Widen the phone of users from 20 to 50 characters.

Revision ID: 2e8c4b6d0f53
Revises: 1d7b3a5c9e42
Create Date: 2025-01-30 09:00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import helpers as h

revision = "2e8c4b6d0f53"
down_revision = "1d7b3a5c9e42"
branch_labels = None
depends_on = None

perd_au_retour: str | None = "La fin des téléphones de plus de 20 caractères."


def upgrade() -> None:
    with h.alterer("users") as lot:
        lot.alter_column("phone", existing_type=sa.String(20), type_=sa.String(50))


def downgrade() -> None:
    op.execute(sa.text("UPDATE users SET phone = substr(phone, 1, 20) WHERE length(phone) > 20"))
    with h.alterer("users") as lot:
        lot.alter_column("phone", existing_type=sa.String(50), type_=sa.String(20))
