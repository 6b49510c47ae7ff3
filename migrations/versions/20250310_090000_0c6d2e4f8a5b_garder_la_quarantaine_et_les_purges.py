"""Keep what retired devices hand over, and up to where deletions were forgotten (PostgreSQL only).

Revision ID: 0c6d2e4f8a5b
Revises: 9b5c1d3f7e4a
Create Date: 2025-03-10 09:00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations import helpers as h

revision = "0c6d2e4f8a5b"
down_revision = "9b5c1d3f7e4a"
branch_labels = None
depends_on = None

perd_au_retour: str | None = "Les changements que les postes retirés ont remis et le suivi des purges."


class Xid8(sa.types.UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction identifier."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "xid8"


def upgrade() -> None:
    if h.est_sqlite():
        return
    op.create_table(
        "quarantaine",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("poste", sa.Integer(), nullable=False),
        sa.Column("agence_id", sa.BigInteger(), nullable=False),
        sa.Column("contenu", JSONB(), nullable=False),
        sa.Column("recu_a", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("repris_a", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantaine")),
        sa.ForeignKeyConstraint(["poste"], ["sync.devices.poste"], name=op.f("fk_quarantaine_poste")),
        schema="sync",
    )
    op.create_table(
        "purges",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("scope", sa.BigInteger(), nullable=False),
        sa.Column("xid", Xid8(), nullable=False),
        sa.Column("lignes", sa.BigInteger(), nullable=False),
        sa.Column("a", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_purges")),
        schema="sync",
    )


def downgrade() -> None:
    if h.est_sqlite():
        return
    op.drop_table("purges", schema="sync")
    op.drop_table("quarantaine", schema="sync")
