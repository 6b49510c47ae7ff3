"""Tie interventions to techniciens; a technicien that is gone leaves NULL.

Revision ID: 5d1e7f9b3a0c
Revises: 5b1f7e9a3c86
Create Date: 2025-02-05 09:00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import helpers as h

revision = "5d1e7f9b3a0c"
down_revision = "5b1f7e9a3c86"
branch_labels = None
depends_on = None

perd_au_retour: str | None = None


def upgrade() -> None:
    op.execute(
        sa.text(
            "UPDATE interventions SET technicien_id = NULL WHERE technicien_id IS NOT NULL AND NOT EXISTS "
            "(SELECT 1 FROM techniciens t WHERE t.id = interventions.technicien_id)"
        )
    )
    with h.alterer("interventions") as lot:
        lot.create_foreign_key(
            op.f("fk_intervention_technicien"), "techniciens", ["technicien_id"], ["id"], ondelete="SET NULL"
        )
    op.create_index("idx_interventions_technicien_id", "interventions", ["technicien_id"])


def downgrade() -> None:
    op.drop_index("idx_interventions_technicien_id", "interventions")
    with h.alterer("interventions") as lot:
        lot.drop_constraint(op.f("fk_intervention_technicien"), type_="foreignkey")
