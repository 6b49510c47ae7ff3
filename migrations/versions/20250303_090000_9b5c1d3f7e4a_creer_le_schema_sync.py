"""Create schema sync: row states, devices, batches, conflicts, compatibility window (PostgreSQL only).

Revision ID: 9b5c1d3f7e4a
Revises: 8a4b0c2e6d3f
Create Date: 2025-03-03 09:00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations import helpers as h

revision = "9b5c1d3f7e4a"
down_revision = "8a4b0c2e6d3f"
branch_labels = None
depends_on = None

perd_au_retour: str | None = (
    "Les états d'échange, les postes inscrits, les lots, les conflits et les groupes garés du centre."
)


class Xid8(sa.types.UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction identifier."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "xid8"


def upgrade() -> None:
    if h.est_sqlite():
        return
    op.execute("CREATE SCHEMA IF NOT EXISTS sync")
    op.create_table(
        "row_state",
        sa.Column("nom_table", sa.Text(), nullable=False),
        sa.Column("pk", sa.BigInteger(), nullable=False),
        sa.Column("scope", sa.BigInteger(), nullable=False),
        sa.Column("ver", sa.BigInteger(), nullable=False),
        sa.Column("xid", Xid8(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("origine", sa.Integer(), server_default="0", nullable=False),
        sa.Column("auteur", sa.BigInteger(), nullable=True),
        sa.Column("quand", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("etat", sa.Text(), server_default="live", nullable=False),
        sa.Column("contenu", JSONB(), nullable=True),
        sa.PrimaryKeyConstraint("nom_table", "pk", "scope", name=op.f("pk_row_state")),
        sa.CheckConstraint("etat IN ('live', 'deleted', 'evicted')", name=op.f("ck_row_state_etat")),
        schema="sync",
    )
    op.create_index("idx_row_state_curseur", "row_state", ["scope", "xid", "seq"], schema="sync")
    op.create_table(
        "schema_compat",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("min_client_revision", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("par", sa.Text(), nullable=False),
        sa.Column("app_version", sa.Text(), nullable=False),
        sa.Column("a", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schema_compat")),
        schema="sync",
    )
    op.create_table(
        "devices",
        sa.Column("poste", sa.Integer(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("nom", sa.Text(), nullable=False),
        sa.Column("agence_id", sa.BigInteger(), nullable=False),
        sa.Column("etat", sa.Text(), server_default="actif", nullable=False),
        sa.Column("dernier_lot", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("inscrit_a", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("vu_a", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Text(), nullable=True),
        sa.Column("revision", sa.Text(), nullable=True),
        sa.Column("en_attente", sa.Integer(), nullable=True),
        sa.Column("curseur_xid", Xid8(), nullable=True),
        sa.Column("curseur_seq", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("poste", name=op.f("pk_devices")),
        sa.ForeignKeyConstraint(["agence_id"], ["agences.id"], name=op.f("fk_devices_agence_id")),
        sa.UniqueConstraint("login", name=op.f("uq_devices_login")),
        sa.CheckConstraint("etat IN ('actif', 'vole', 'retire', 'remplace')", name=op.f("ck_devices_etat")),
        schema="sync",
    )
    op.create_table(
        "conflits",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("poste", sa.Integer(), nullable=False),
        sa.Column("lot", sa.BigInteger(), nullable=False),
        sa.Column("agence_id", sa.BigInteger(), nullable=True),
        sa.Column("nom_table", sa.Text(), nullable=False),
        sa.Column("pk", sa.BigInteger(), nullable=False),
        sa.Column("colonne", sa.Text(), nullable=True),
        sa.Column("politique", sa.Text(), nullable=False),
        sa.Column("base", JSONB(), nullable=True),
        sa.Column("mien", JSONB(), nullable=True),
        sa.Column("leur", JSONB(), nullable=True),
        sa.Column("auteur_mien", sa.BigInteger(), nullable=True),
        sa.Column("auteur_leur", sa.BigInteger(), nullable=True),
        sa.Column("quand", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("a_decider", sa.Boolean(), nullable=False),
        sa.Column("resolu", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conflits")),
        sa.ForeignKeyConstraint(["poste"], ["sync.devices.poste"], name=op.f("fk_conflits_poste")),
        schema="sync",
    )
    op.create_table(
        "gares",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("poste", sa.Integer(), nullable=False),
        sa.Column("lot", sa.BigInteger(), nullable=False),
        sa.Column("unite", sa.Integer(), nullable=False),
        sa.Column("agence_id", sa.BigInteger(), nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("raison", sa.Text(), nullable=False),
        sa.Column("contenu", JSONB(), nullable=False),
        sa.Column("quand", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gares")),
        sa.ForeignKeyConstraint(["poste"], ["sync.devices.poste"], name=op.f("fk_gares_poste")),
        schema="sync",
    )
    op.create_table(
        "logins",
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("login", name=op.f("pk_logins")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_logins_user_id")),
        schema="sync",
    )
    op.create_table(
        "lots",
        sa.Column("poste", sa.Integer(), nullable=False),
        sa.Column("numero", sa.BigInteger(), nullable=False),
        sa.Column("empreinte", sa.Text(), nullable=False),
        sa.Column("resultat", JSONB(), nullable=False),
        sa.Column("recu_a", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("poste", "numero", name=op.f("pk_lots")),
        sa.ForeignKeyConstraint(["poste"], ["sync.devices.poste"], name=op.f("fk_lots_poste")),
        schema="sync",
    )
    op.create_table(
        "instantanes",
        sa.Column("scope", sa.BigInteger(), nullable=False),
        sa.Column("morceau", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("epoque", sa.Text(), nullable=False),
        sa.Column("xid", Xid8(), nullable=False),
        sa.Column("lignes", sa.BigInteger(), nullable=False),
        sa.Column("contenu", sa.LargeBinary(), nullable=False),
        sa.Column("a", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("scope", "morceau", name=op.f("pk_instantanes")),
        schema="sync",
    )


def downgrade() -> None:
    if h.est_sqlite():
        return
    op.drop_table("instantanes", schema="sync")
    op.drop_table("lots", schema="sync")
    op.drop_table("logins", schema="sync")
    op.drop_table("gares", schema="sync")
    op.drop_table("conflits", schema="sync")
    op.drop_table("devices", schema="sync")
    op.drop_table("schema_compat", schema="sync")
    op.drop_table("row_state", schema="sync")
    op.execute("DROP SCHEMA sync CASCADE")
