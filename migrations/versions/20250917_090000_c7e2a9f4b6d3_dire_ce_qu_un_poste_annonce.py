"""Keep what a device tells of itself at each exchange, and who enrolled it (PostgreSQL only).

Revision ID: c7e2a9f4b6d3
Revises: a6f3c8b1d7e4
Create Date: 2025-09-17 09:00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations import helpers as h

revision = "c7e2a9f4b6d3"
down_revision = "a6f3c8b1d7e4"
branch_labels = None
depends_on = None

perd_au_retour: str | None = "Ce que chaque poste a annoncé de lui-même, et qui l'a inscrit."

ecarts_de_lignes: tuple[str, ...] = ()


def upgrade() -> None:
    if not h.est_sqlite():
        op.add_column("devices", sa.Column("details", JSONB(), nullable=True), schema="sync")


def downgrade() -> None:
    if not h.est_sqlite():
        op.drop_column("devices", "details", schema="sync")
