"""Contract: drop plannings.rrule, which recurrence replaces; pending exchanges take the new name.

Revision ID: ce8f4a6c0b7d
Revises: bd7e3f5b9a6c
Create Date: 2025-03-24 09:00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import helpers as h

revision = "ce8f4a6c0b7d"
down_revision = "bd7e3f5b9a6c"
branch_labels = None
depends_on = None

perd_au_retour: str | None = None


def regle(colonne: str) -> str:
    return f"frequence <> 'rrule' OR {colonne} IS NOT NULL"


def upgrade() -> None:
    h.delier("plannings", "recurrence")
    op.execute(sa.text("UPDATE plannings SET recurrence = rrule WHERE recurrence IS NULL AND rrule IS NOT NULL"))
    with h.alterer("plannings") as lot:
        lot.drop_constraint(op.f("ck_plannings_rrule_presente"), type_="check")
        lot.create_check_constraint(op.f("ck_plannings_recurrence_presente"), regle("recurrence"))
        lot.drop_column("rrule")
    h.suivre_renommage("plannings", "rrule", "recurrence")


def downgrade() -> None:
    h.suivre_renommage("plannings", "recurrence", "rrule")
    h.ajouter_colonnes("plannings", [sa.Column("rrule", sa.String(255), nullable=True)])
    op.execute(sa.text("UPDATE plannings SET rrule = recurrence WHERE recurrence IS NOT NULL"))
    with h.alterer("plannings") as lot:
        lot.drop_constraint(op.f("ck_plannings_recurrence_presente"), type_="check")
        lot.create_check_constraint(op.f("ck_plannings_rrule_presente"), regle("rrule"))
    h.lier("plannings", "rrule", "recurrence")
