"""Hours by weekday with their dates, and several holidays on one date, of all agencies or of one.

Revision ID: a4d8e2b6c0f5
Revises: e8f2c6a0d4b3
Create Date: 2025-04-14 09:00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import helpers as h

revision = "a4d8e2b6c0f5"
down_revision = "e8f2c6a0d4b3"
branch_labels = None
depends_on = None

perd_au_retour: str | None = (
    "Les horaires datés des agences, les jours fériés tombant un même jour qu'un autre, et la durée, la source et la "
    "confirmation des autres."
)

ecarts_de_lignes = ("horaires_agence", "jours_feries")


def upgrade() -> None:
    op.create_table(
        "horaires_agence",
        sa.Column("id", h.entier_long(), autoincrement=False, nullable=False),
        sa.Column("agence_id", h.entier_long(), nullable=True),
        sa.Column("valable_du", sa.Date(), nullable=True),
        sa.Column("valable_au", sa.Date(), nullable=True),
        sa.Column("jour_iso", sa.Integer(), nullable=False),
        sa.Column("debut", sa.String(5), nullable=False),
        sa.Column("fin", sa.String(5), nullable=False),
        sa.Column("motif", sa.String(20), server_default="normal", nullable=False),
        sa.Column("created_at", h.instant(), nullable=False),
        sa.Column("updated_at", h.instant(), nullable=False),
        sa.Column("created_by_id", h.entier_long(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_horaires_agence")),
        sa.ForeignKeyConstraint(["agence_id"], ["agences.id"], name=op.f("fk_horaires_agence_agence_id")),
        sa.CheckConstraint(
            "motif IN ('normal', 'ramadan', 'ete', 'exception')", name=op.f("ck_horaires_agence_motif")
        ),
        sa.CheckConstraint("jour_iso >= 1 AND jour_iso <= 7", name=op.f("ck_horaires_agence_jour_iso")),
        sa.CheckConstraint(
            "length(debut) = 5 AND length(fin) = 5 AND debut >= '00:00' AND fin <= '24:00' AND debut < fin",
            name=op.f("ck_horaires_agence_heures"),
        ),
        sa.CheckConstraint(
            "valable_au IS NULL OR valable_du IS NULL OR valable_au >= valable_du",
            name=op.f("ck_horaires_agence_validite"),
        ),
    )
    op.create_index("idx_horaires_agence_agence_id", "horaires_agence", ["agence_id"])
    with h.alterer("jours_feries") as lot:
        lot.add_column(sa.Column("duree", sa.String(10), server_default="jour", nullable=False))
        lot.add_column(sa.Column("source", sa.String(120), nullable=True))
        lot.add_column(sa.Column("confirme_le", sa.Date(), nullable=True))
        lot.drop_constraint(op.f("uq_jours_feries_jour"), type_="unique")
        lot.create_unique_constraint(op.f("uq_jours_feries_jour_libelle_agence_id"), ["jour", "libelle", "agence_id"])
        lot.create_check_constraint(op.f("ck_jours_feries_duree"), "duree IN ('jour', 'demi')")


def downgrade() -> None:
    # The older table holds one holiday a date.
    op.execute(
        sa.text(
            "DELETE FROM jours_feries WHERE EXISTS "
            "(SELECT 1 FROM jours_feries f WHERE f.jour = jours_feries.jour AND f.id < jours_feries.id)"
        )
    )
    with h.alterer("jours_feries") as lot:
        lot.drop_constraint(op.f("ck_jours_feries_duree"), type_="check")
        lot.drop_constraint(op.f("uq_jours_feries_jour_libelle_agence_id"), type_="unique")
        lot.create_unique_constraint(op.f("uq_jours_feries_jour"), ["jour"])
        for colonne in ("confirme_le", "source", "duree"):
            lot.drop_column(colonne)
    op.drop_table("horaires_agence")
