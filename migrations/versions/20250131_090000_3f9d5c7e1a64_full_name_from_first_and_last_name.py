"""Replace first_name and last_name of users by full_name.

A missing half leaves the other; both missing leave NULL. The way back splits at the first space.

Revision ID: 3f9d5c7e1a64
Revises: 2e8c4b6d0f53
Create Date: 2025-01-31 09:00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import helpers as h

revision = "3f9d5c7e1a64"
down_revision = "2e8c4b6d0f53"
branch_labels = None
depends_on = None

perd_au_retour: str | None = "La limite entre prénom et nom : le premier mot redevient le prénom."


def upgrade() -> None:
    op.add_column("users", sa.Column("full_name", sa.String(255), nullable=True))
    op.execute(
        sa.text(
            "UPDATE users SET full_name = "
            "NULLIF(trim(COALESCE(first_name, '') || ' ' || COALESCE(last_name, '')), '')"
        )
    )
    with h.alterer("users") as lot:
        lot.drop_column("first_name")
        lot.drop_column("last_name")


def downgrade() -> None:
    with h.alterer("users") as lot:
        lot.add_column(sa.Column("first_name", sa.String(100), nullable=True))
        lot.add_column(sa.Column("last_name", sa.String(100), nullable=True))
    espace = "instr(full_name, ' ')" if h.est_sqlite() else "strpos(full_name, ' ')"
    op.execute(
        sa.text(
            f"UPDATE users SET first_name = CASE WHEN {espace} > 0 THEN substr(full_name, 1, {espace} - 1) END, "
            f"last_name = substr(substr(full_name, {espace} + 1), 1, 100) WHERE full_name IS NOT NULL"
        )
    )
    with h.alterer("users") as lot:
        lot.drop_column("full_name")
