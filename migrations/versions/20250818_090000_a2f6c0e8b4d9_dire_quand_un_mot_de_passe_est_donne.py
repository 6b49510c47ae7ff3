"""Say when somebody else gave an account its password, and for which one a cache answers offline.

Revision ID: a2f6c0e8b4d9
Revises: d3a9e7f1b5c8
Create Date: 2025-08-18 09:00:00
"""

from __future__ import annotations

import sqlalchemy as sa

from migrations import helpers as h

revision = "a2f6c0e8b4d9"
down_revision = "d3a9e7f1b5c8"
branch_labels = None
depends_on = None

perd_au_retour: str | None = (
    "Quels mots de passe ont été donnés et restent à remplacer : ils valent de nouveau sans limite."
)

ecarts_de_lignes: tuple[str, ...] = ()


def upgrade() -> None:
    # Nobody's present password was given: whoever works today is asked for nothing.
    h.ajouter_colonnes("users", [sa.Column("password_given_at", h.instant(), nullable=True)])
    if h.est_sqlite():
        h.ajouter_colonnes("_verificateurs", [sa.Column("donne_a", sa.Text(), nullable=True)])


def downgrade() -> None:
    if h.est_sqlite():
        h.retirer_colonnes("_verificateurs", ["donne_a"])
    h.retirer_colonnes("users", ["password_given_at"])
