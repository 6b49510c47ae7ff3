"""Keep what is to be done in the order of each column that lists sort by.

Revision ID: e9b4c1d7a2f6
Revises: c7e2a9f4b6d3
Create Date: 2025-09-18 09:00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import helpers as h

revision = "e9b4c1d7a2f6"
down_revision = "c7e2a9f4b6d3"
branch_labels = None
depends_on = None

perd_au_retour: str | None = None

# Nothing but indexes: PostgreSQL builds them outside any transaction, and they may be built again after a stop.
hors_transaction = True

_ACCENTS, _SIMPLES = "ÀÂÇÉÈÊËÎÏÔÛÜàâçéèêëîïôûü", "AACEEEEIIOUUaaceeeeiiouu"


def _titre() -> sa.TextClause:
    """A title as it is sorted by."""
    if not h.est_sqlite():
        return sa.text(f"lower(translate(titre COLLATE \"C\", '{_ACCENTS}', '{_SIMPLES}'))")
    cle = "titre"
    for accent, simple in zip(_ACCENTS, _SIMPLES, strict=True):
        cle = f"replace({cle}, '{accent}', '{simple}')"
    return sa.text(f"lower({cle})")


def _ordres() -> dict[str, list[str | sa.TextClause]]:
    return {
        "numero": ["numero"],
        "titre": [_titre()],
        "client": ["client_id"],
        "equipement": ["equipement_id"],
        "technicien": ["technicien_id"],
        "priorite": ["priorite", "date_creation"],
        "date_planifiee": ["date_planifiee"],
        "date_creation": ["date_creation"],
    }


def upgrade() -> None:
    for ordre, colonnes in _ordres().items():
        h.indexer_sans_bloquer(
            f"idx_intervention_a_faire_{ordre}", "interventions", colonnes,
            "(statut = 'ouverte') OR (statut = 'affectee') OR (statut = 'en_cours') OR (statut = 'en_attente')",
        )  # fmt: skip


def downgrade() -> None:
    for ordre in reversed(_ordres()):
        op.drop_index(f"idx_intervention_a_faire_{ordre}", "interventions")
