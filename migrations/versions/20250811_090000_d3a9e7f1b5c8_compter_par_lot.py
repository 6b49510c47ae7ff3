"""Tell the lots of a followed part apart in counts.

Revision ID: d3a9e7f1b5c8
Revises: e7a3f9c1b5d8
Create Date: 2025-08-11 09:00:00
"""

from __future__ import annotations

import sqlalchemy as sa

from migrations import helpers as h

revision = "d3a9e7f1b5c8"
down_revision = "e7a3f9c1b5d8"
branch_labels = None
depends_on = None

perd_au_retour: str | None = "Les lots et numéros de série des lignes d'inventaire : leurs quantités restent."

ecarts_de_lignes: tuple[str, ...] = ()


def upgrade() -> None:
    h.ajouter_colonnes("lignes_inventaire", [sa.Column("lot", sa.String(60), nullable=True)])


def downgrade() -> None:
    h.retirer_colonnes("lignes_inventaire", ["lot"])
