"""Expand: add plannings.recurrence beside rrule, filled from it; each follows the other until rrule goes.

Revision ID: ac6d2e4a8f5b
Revises: 0c6d2e4f8a5b
Create Date: 2025-03-13 09:00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import helpers as h

revision = "ac6d2e4a8f5b"
down_revision = "0c6d2e4f8a5b"
branch_labels = None
depends_on = None

perd_au_retour: str | None = None


def upgrade() -> None:
    h.ajouter_colonnes("plannings", [sa.Column("recurrence", sa.String(255), nullable=True)])
    op.execute(sa.text("UPDATE plannings SET recurrence = rrule WHERE rrule IS NOT NULL"))
    h.lier("plannings", "rrule", "recurrence")


def downgrade() -> None:
    h.delier("plannings", "recurrence")
    with h.alterer("plannings") as lot:
        lot.drop_column("recurrence")
