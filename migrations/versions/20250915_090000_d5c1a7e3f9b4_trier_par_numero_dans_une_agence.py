"""Sort one agency's interventions by number, tell the urgent open ones, and those due before they were called.

Revision ID: d5c1a7e3f9b4
Revises: f4b8d2a6c0e1
Create Date: 2025-09-15 09:00:00
"""

from __future__ import annotations

from alembic import op

from migrations import helpers as h

revision = "d5c1a7e3f9b4"
down_revision = "f4b8d2a6c0e1"
branch_labels = None
depends_on = None

perd_au_retour: str | None = None

# Nothing but indexes: PostgreSQL builds them outside any transaction, and they may be built again after a stop.
hors_transaction = True


def upgrade() -> None:
    h.indexer_sans_bloquer("idx_intervention_agence_numero", "interventions", ["agence_id", "numero"])
    h.indexer_sans_bloquer(
        "idx_intervention_statut_priorite", "interventions", ["statut", "priorite", "date_creation", "agence_id"]
    )
    h.indexer_sans_bloquer(
        "idx_intervention_antidatees", "interventions", ["date_creation"],
        "COALESCE(date_limite, date_planifiee, date_creation) < date_creation",
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("idx_intervention_antidatees", "interventions")
    op.drop_index("idx_intervention_statut_priorite", "interventions")
    op.drop_index("idx_intervention_agence_numero", "interventions")
