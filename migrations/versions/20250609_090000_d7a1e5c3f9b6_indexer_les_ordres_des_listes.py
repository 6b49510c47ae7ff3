"""Index the orders in which a list of interventions is offered, so that its first page costs what it shows.

Revision ID: d7a1e5c3f9b6
Revises: f4d8b2c6e0a5
Create Date: 2025-06-09 09:00:00
"""

from __future__ import annotations

from alembic import op

from migrations import helpers as h

revision = "d7a1e5c3f9b6"
down_revision = "f4d8b2c6e0a5"
branch_labels = None
depends_on = None

perd_au_retour: str | None = None

# Nothing but indexes: PostgreSQL builds them outside any transaction, and each may be built again after a stop.
hors_transaction = True

_ORDRES = {
    "idx_intervention_date_planifiee": (["date_planifiee"], None),
    "idx_intervention_priorite": (["priorite", "date_creation"], None),
    "idx_intervention_titre": (["titre"], None),
    "idx_intervention_echeance": (
        ["date_limite"], "(statut = 'ouverte') OR (statut = 'affectee') OR (statut = 'en_cours')",
    ),
}  # fmt: skip


def upgrade() -> None:
    for nom, (colonnes, condition) in _ORDRES.items():
        h.indexer_sans_bloquer(nom, "interventions", colonnes, condition=condition)


def downgrade() -> None:
    for nom in reversed(_ORDRES):
        op.drop_index(nom, "interventions")
