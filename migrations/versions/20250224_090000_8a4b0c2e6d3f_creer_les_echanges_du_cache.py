"""Create what a cache needs to exchange with the centre (SQLite only).

Revision ID: 8a4b0c2e6d3f
Revises: 7f3a9b1d5c2e
Create Date: 2025-02-24 09:00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import helpers as h

revision = "8a4b0c2e6d3f"
down_revision = "7f3a9b1d5c2e"
branch_labels = None
depends_on = None

perd_au_retour: str | None = "La boîte d'envoi, les conflits et l'état des échanges de ce poste."


def upgrade() -> None:
    if not h.est_sqlite():
        return
    op.create_table(
        "_allocateur",
        sa.Column("un", sa.Integer(), nullable=False),
        sa.Column("poste", sa.Integer(), nullable=False),
        sa.Column("suivant", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("un", name=op.f("pk__allocateur")),
        sa.CheckConstraint("un = 1", name=op.f("ck__allocateur_un")),
    )
    op.create_table(
        "_compteurs",
        sa.Column("nom", sa.Text(), nullable=False),
        sa.Column("valeur", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("nom", name=op.f("pk__compteurs")),
    )
    op.create_table(
        "_sync_session",
        sa.Column("un", sa.Integer(), nullable=False),
        sa.Column("groupe", sa.Integer(), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("muet", sa.Integer(), server_default="0", nullable=False),
        sa.Column("remarque", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("un", name=op.f("pk__sync_session")),
        sa.CheckConstraint("un = 1", name=op.f("ck__sync_session_un")),
    )
    op.create_table(
        "_verificateurs",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("empreinte", sa.Text(), nullable=False),
        sa.Column("en_ligne_a", sa.Text(), nullable=False),
        sa.Column("echecs", sa.Integer(), server_default="0", nullable=False),
        sa.Column("verrou_jusqu_a", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk__verificateurs")),
    )
    op.create_table(
        "sync_conflits",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("nom_table", sa.Text(), nullable=False),
        sa.Column("pk", sa.Integer(), nullable=False),
        sa.Column("colonne", sa.Text(), nullable=True),
        sa.Column("politique", sa.Text(), nullable=False),
        sa.Column("base", sa.Text(), nullable=True),
        sa.Column("mien", sa.Text(), nullable=True),
        sa.Column("leur", sa.Text(), nullable=True),
        sa.Column("auteur_mien", sa.Integer(), nullable=True),
        sa.Column("auteur_leur", sa.Text(), nullable=True),
        sa.Column("quand", sa.Text(), nullable=False),
        sa.Column("a_decider", sa.Integer(), nullable=False),
        sa.Column("resolu", sa.Text(), nullable=True),
        sa.Column("resolu_a", sa.Text(), nullable=True),
        sa.Column("avant_resolution", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_conflits")),
    )
    op.create_table(
        "sync_gares",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("raison", sa.Text(), nullable=False),
        sa.Column("contenu", sa.Text(), nullable=False),
        sa.Column("quand", sa.Text(), nullable=False),
        sa.Column("etat", sa.Text(), server_default="gare", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_gares")),
    )
    op.create_table(
        "sync_journal",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("quand", sa.Text(), nullable=False),
        sa.Column("duree_s", sa.Float(), nullable=False),
        sa.Column("envoyes", sa.Integer(), nullable=False),
        sa.Column("recus", sa.Integer(), nullable=False),
        sa.Column("conflits", sa.Integer(), nullable=False),
        sa.Column("gares", sa.Integer(), nullable=False),
        sa.Column("erreur", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_journal")),
    )
    op.create_table(
        "sync_lots",
        sa.Column("numero", sa.Integer(), nullable=False),
        sa.Column("empreinte", sa.Text(), nullable=False),
        sa.Column("contenu", sa.LargeBinary(), nullable=False),
        sa.Column("sortants", sa.Text(), nullable=False),
        sa.Column("cree_a", sa.Text(), nullable=False),
        sa.Column("repondu_a", sa.Text(), nullable=True),
        sa.Column("reponse", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("numero", name=op.f("pk_sync_lots")),
    )
    op.create_table(
        "sync_meta",
        sa.Column("cle", sa.Text(), nullable=False),
        sa.Column("valeur", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("cle", name=op.f("pk_sync_meta")),
    )
    op.create_table(
        "sync_outbox",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("groupe", sa.Integer(), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("nom_table", sa.Text(), nullable=False),
        sa.Column("pk", sa.Integer(), nullable=False),
        sa.Column("op", sa.Text(), nullable=False),
        sa.Column("colonne", sa.Text(), nullable=True),
        sa.Column("ancien", sa.LargeBinary(), nullable=True),
        sa.Column("quand", sa.Text(), nullable=False),
        sa.Column("refus", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_outbox")),
        sa.CheckConstraint("op IN ('I', 'U', 'D')", name=op.f("ck_sync_outbox_op")),
    )
    op.create_index("idx_sync_outbox_ligne", "sync_outbox", ["nom_table", "pk"])
    op.create_table(
        "sync_recus_rejetes",
        sa.Column("nom_table", sa.Text(), nullable=False),
        sa.Column("pk", sa.Integer(), nullable=False),
        sa.Column("raison", sa.Text(), nullable=False),
        sa.Column("contenu", sa.Text(), nullable=False),
        sa.Column("quand", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("nom_table", "pk", name=op.f("pk_sync_recus_rejetes")),
    )
    op.create_table(
        "sync_versions",
        sa.Column("nom_table", sa.Text(), nullable=False),
        sa.Column("pk", sa.Integer(), nullable=False),
        sa.Column("ver", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("nom_table", "pk", name=op.f("pk_sync_versions")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    if not h.est_sqlite():
        return
    op.drop_table("sync_versions")
    op.drop_table("sync_recus_rejetes")
    op.drop_table("sync_outbox")
    op.drop_table("sync_meta")
    op.drop_table("sync_lots")
    op.drop_table("sync_journal")
    op.drop_table("sync_gares")
    op.drop_table("sync_conflits")
    op.drop_table("_verificateurs")
    op.drop_table("_sync_session")
    op.drop_table("_compteurs")
    op.drop_table("_allocateur")
