"""Mark of which agency and technicien the kept figures of a month are wrong.

Revision ID: b6d2f8a4c0e7
Revises: a2f6c0e8b4d9
Create Date: 2025-08-25 09:00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import helpers as h

revision = "b6d2f8a4c0e7"
down_revision = "a2f6c0e8b4d9"
branch_labels = None
depends_on = None

# Counted from the rows, and counted again by the next report.
perd_au_retour: str | None = None

ecarts_de_lignes: tuple[str, ...] = ()

_COLUMNS = ("agence_id", "technicien_id")


def upgrade() -> None:
    # A cache takes its months away at once.
    if not h.est_sqlite():
        for column in _COLUMNS:
            op.add_column("rapports_touches", sa.Column(column, sa.BigInteger(), nullable=True), schema="sync")


def downgrade() -> None:
    if not h.est_sqlite():
        for column in reversed(_COLUMNS):
            op.drop_column("rapports_touches", column, schema="sync")
