"""Ensure all timestamps columns exist.

Revision ID: df44b376bc8a
Revises: e576b04091b6
Create Date: 2025-01-22 09:00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import helpers as h

revision = "df44b376bc8a"
down_revision = "e576b04091b6"
branch_labels = None
depends_on = None

perd_au_retour: str | None = "Les dates de création et de modification des lignes."


TABLES = (
    "users",
    "techniciens",
    "competences",
    "technicien_competence",
    "equipements",
    "interventions",
    "historiques_interventions",
    "plannings",
    "documents",
    "notifications",
)
CONNUES = {"interventions": "date_creation", "historiques_interventions": "horodatage"}


def upgrade() -> None:
    for table in TABLES:
        source = CONNUES.get(table, h.maintenant())
        for colonne in ("created_at", "updated_at"):
            op.add_column(table, sa.Column(colonne, h.instant(), nullable=True))
        op.execute(sa.text(f"UPDATE {table} SET created_at = {source}, updated_at = {source}"))
        with h.alterer(table) as lot:
            for colonne in ("created_at", "updated_at"):
                lot.alter_column(colonne, existing_type=h.instant(), nullable=False)


def downgrade() -> None:
    for table in reversed(TABLES):
        with h.alterer(table) as lot:
            lot.drop_column("updated_at")
            lot.drop_column("created_at")
