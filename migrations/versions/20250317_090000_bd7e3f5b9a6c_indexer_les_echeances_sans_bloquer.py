"""Index the deadline of interventions without keeping anybody from writing.

Revision ID: bd7e3f5b9a6c
Revises: ac6d2e4a8f5b
Create Date: 2025-03-17 09:00:00
"""

from __future__ import annotations

from alembic import op

from migrations import helpers as h

revision = "bd7e3f5b9a6c"
down_revision = "ac6d2e4a8f5b"
branch_labels = None
depends_on = None

perd_au_retour: str | None = None

# Alone in its revision: PostgreSQL builds such an index outside any transaction.
hors_transaction = True


def upgrade() -> None:
    h.indexer_sans_bloquer("idx_intervention_date_limite", "interventions", ["date_limite"])


def downgrade() -> None:
    op.drop_index("idx_intervention_date_limite", "interventions")
