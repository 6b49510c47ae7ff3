"""Keep what is to be done in an index by itself, and the days of what nobody does in another.

Revision ID: a6f3c8b1d7e4
Revises: d5c1a7e3f9b4
Create Date: 2025-09-16 09:00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import helpers as h

revision = "a6f3c8b1d7e4"
down_revision = "d5c1a7e3f9b4"
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


def upgrade() -> None:
    h.indexer_sans_bloquer(
        "idx_intervention_a_faire", "interventions",
        ["statut", "priorite", "agence_id", "client_id", "equipement_id", "technicien_id", "date_creation",
         "date_limite", "date_planifiee", "numero", _titre()],
        "(statut = 'ouverte') OR (statut = 'affectee') OR (statut = 'en_cours') OR (statut = 'en_attente')",
    )  # fmt: skip
    h.indexer_sans_bloquer(
        "idx_intervention_sans_technicien", "interventions", ["date_planifiee"], "technicien_id IS NULL"
    )


def downgrade() -> None:
    op.drop_index("idx_intervention_sans_technicien", "interventions")
    op.drop_index("idx_intervention_a_faire", "interventions")
