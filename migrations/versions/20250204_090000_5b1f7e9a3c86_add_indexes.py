"""Add the composite, natural-key and partial indexes.

Revision ID: 5b1f7e9a3c86
Revises: 4a0e6d8f2b75
Create Date: 2025-02-04 09:00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import helpers as h

revision = "5b1f7e9a3c86"
down_revision = "4a0e6d8f2b75"
branch_labels = None
depends_on = None

perd_au_retour: str | None = None


NATURELLES = (
    ("idx_user_email", "users", "email"),
    ("idx_user_username_unique", "users", "username"),
    ("uq_equipements_code_interne", "equipements", "code_interne"),
    ("uq_equipements_numero_serie", "equipements", "numero_serie"),
    ("uq_clients_ice", "clients", "ice"),
)


def upgrade() -> None:
    for nom, table, colonne in NATURELLES:
        if not h.est_sqlite():
            h.interdire(
                f"SELECT {colonne} FROM {table} WHERE {colonne} IS NOT NULL GROUP BY {colonne} HAVING count(*) > 1",
                f"Valeurs en double dans {table}.{colonne}, à corriger avant la mise à niveau :",
            )
        h.cle_naturelle(nom, table, colonne)
    op.create_index("idx_intervention_status_date", "interventions", ["statut", "date_creation"])
    op.create_index("idx_intervention_date_creation", "interventions", ["date_creation"])
    op.create_index(
        "idx_active_users",
        "users",
        ["role"],
        sqlite_where=sa.text("is_active"),
        postgresql_where=sa.text("is_active"),
    )


def downgrade() -> None:
    op.drop_index("idx_active_users", "users")
    op.drop_index("idx_intervention_date_creation", "interventions")
    op.drop_index("idx_intervention_status_date", "interventions")
    for nom, table, _ in reversed(NATURELLES):
        op.drop_index(nom, table)
