"""Add satisfaction and internal notes to interventions.

Revision ID: 3b9d5e7f1a20
Revises: 2a1f3c8d7c1b
Create Date: 2025-01-27 10:00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import helpers as h

revision = "3b9d5e7f1a20"
down_revision = "2a1f3c8d7c1b"
branch_labels = None
depends_on = None

perd_au_retour: str | None = "Les notes de satisfaction et les notes internes."


def upgrade() -> None:
    with h.alterer("interventions") as lot:
        lot.add_column(sa.Column("satisfaction_client", sa.Integer(), nullable=True))
        lot.add_column(sa.Column("notes_internes", sa.Text(), nullable=True))
        lot.create_check_constraint(
            op.f("ck_satisfaction_range"), "satisfaction_client >= 1 AND satisfaction_client <= 5"
        )
    op.create_index("idx_intervention_satisfaction", "interventions", ["satisfaction_client"])


def downgrade() -> None:
    op.drop_index("idx_intervention_satisfaction", "interventions")
    with h.alterer("interventions") as lot:
        lot.drop_constraint(op.f("ck_satisfaction_range"), type_="check")
        lot.drop_column("notes_internes")
        lot.drop_column("satisfaction_client")
