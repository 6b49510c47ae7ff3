"""The key that a device and the centre share for what is carried by hand while the line is down (PostgreSQL only).

Revision ID: d9b3e7a1c5f8
Revises: f6c2a8e4b0d3
Create Date: 2025-07-14 09:00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import helpers as h

revision = "d9b3e7a1c5f8"
down_revision = "f6c2a8e4b0d3"
branch_labels = None
depends_on = None

perd_au_retour: str | None = "Les clés des paquets portés à la main ; chaque poste en confie une autre."

ecarts_de_lignes = ()


def upgrade() -> None:
    if h.est_sqlite():
        return
    op.add_column("devices", sa.Column("cle_paquet", sa.LargeBinary(), nullable=True), schema="sync")


def downgrade() -> None:
    if h.est_sqlite():
        return
    op.drop_column("devices", "cle_paquet", schema="sync")
