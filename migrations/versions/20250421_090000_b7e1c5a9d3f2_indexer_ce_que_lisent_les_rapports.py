"""Index closings and cancellations by date, so that a report reads its period and not the years before it.

Revision ID: b7e1c5a9d3f2
Revises: b5e9d3c7a1f6
Create Date: 2025-04-21 10:00:00
"""

from __future__ import annotations

from alembic import op

from migrations import helpers as h

revision = "b7e1c5a9d3f2"
down_revision = "b5e9d3c7a1f6"
branch_labels = None
depends_on = None

perd_au_retour: str | None = None

# Nothing but indexes: PostgreSQL builds them outside any transaction, and each may be built again after a stop.
hors_transaction = True


def upgrade() -> None:
    h.indexer_sans_bloquer("idx_intervention_cloture", "interventions", ["date_cloture", "date_creation"])
    h.indexer_sans_bloquer(
        "idx_historique_annulation", "historiques_interventions", ["horodatage", "intervention_id"],
        condition="statut = 'annulee'",
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("idx_historique_annulation", "historiques_interventions")
    op.drop_index("idx_intervention_cloture", "interventions")
