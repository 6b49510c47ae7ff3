"""Say whose file a device was enrolled with again, whose numbers it still brings (PostgreSQL only).

Revision ID: f4b8d2a6c0e1
Revises: b6e1d9f3a7c2
Create Date: 2025-09-08 09:00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import helpers as h

revision = "f4b8d2a6c0e1"
down_revision = "b6e1d9f3a7c2"
branch_labels = None
depends_on = None

perd_au_retour: str | None = "De quel poste un autre a repris le fichier."

ecarts_de_lignes: tuple[str, ...] = ()


def upgrade() -> None:
    if not h.est_sqlite():
        op.add_column("devices", sa.Column("succede", sa.Integer(), nullable=True), schema="sync")


def downgrade() -> None:
    if not h.est_sqlite():
        op.drop_column("devices", "succede", schema="sync")
