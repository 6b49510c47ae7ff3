"""Find interventions by the day on which they are due, without looking at every one.

Revision ID: b6e1d9f3a7c2
Revises: b6d2f8a4c0e7
Create Date: 2025-09-01 09:00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import helpers as h

revision = "b6e1d9f3a7c2"
down_revision = "b6d2f8a4c0e7"
branch_labels = None
depends_on = None

perd_au_retour: str | None = None

# Nothing but an index: PostgreSQL builds it outside any transaction, and it may be built again after a stop.
hors_transaction = True

_QUAND = "COALESCE(date_limite, date_planifiee, date_creation)"
_LUES = (
    "agence_id", "statut", "priorite", "client_id", "equipement_id", "technicien_id", "date_creation", "date_limite",
    "date_planifiee", "numero",
)  # fmt: skip
"""What the list sorts by, so that the rows of a month are not looked up in the table."""


def upgrade() -> None:
    h.indexer_sans_bloquer("idx_intervention_quand", "interventions", [sa.text(_QUAND), *_LUES])


def downgrade() -> None:
    op.drop_index("idx_intervention_quand", "interventions")
