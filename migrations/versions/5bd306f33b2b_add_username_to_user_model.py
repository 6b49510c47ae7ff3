"""Add username to user model.

Revision ID: 5bd306f33b2b
Revises: bb94288d88f3
Create Date: 2025-01-15 09:00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import helpers as h

revision = "5bd306f33b2b"
down_revision = "bb94288d88f3"
branch_labels = None
depends_on = None

perd_au_retour: str | None = "Les noms d'utilisateur."


def upgrade() -> None:
    op.add_column("users", sa.Column("username", sa.String(60), nullable=True))
    # The part of the address before the at sign; its identifier makes a repeated or empty one different.
    debut = "substr(email, 1, instr(email, '@') - 1)" if h.est_sqlite() else "split_part(email, '@', 1)"
    op.execute(sa.text(f"UPDATE users SET username = substr({debut}, 1, 40)"))
    op.execute(
        sa.text(
            "UPDATE users SET username = COALESCE(username, '') || '-' || id WHERE COALESCE(username, '') = '' "
            "OR EXISTS (SELECT 1 FROM users autre WHERE autre.username = users.username AND autre.id < users.id)"
        )
    )
    with h.alterer("users") as lot:
        lot.alter_column("username", existing_type=sa.String(60), nullable=False)


def downgrade() -> None:
    with h.alterer("users") as lot:
        lot.drop_column("username")
