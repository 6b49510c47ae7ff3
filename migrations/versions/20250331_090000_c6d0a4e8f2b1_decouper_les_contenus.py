"""Cut the bytes of documents into pieces of 64 KB, and keep what merging duplicates changed (SQLite).

Revision ID: c6d0a4e8f2b1
Revises: ce8f4a6c0b7d
Create Date: 2025-03-31 09:00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import helpers as h

revision = "c6d0a4e8f2b1"
down_revision = "ce8f4a6c0b7d"
branch_labels = None
depends_on = None

perd_au_retour: str | None = (
    "Les documents reçus ou envoyés en partie seulement (ils repartent du début), et la possibilité d'annuler les "
    "fusions de doublons déjà faites."
)

ecarts_de_lignes = ("contenus_morceaux",)

MORCEAU = 65536


def upgrade() -> None:
    op.create_table(
        "contenus_morceaux",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("numero", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("octets", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", "numero", name=op.f("pk_contenus_morceaux")),
        sa.ForeignKeyConstraint(
            ["sha256"], ["contenus.sha256"], name=op.f("fk_contenus_morceaux_sha256"), ondelete="CASCADE"
        ),
    )
    if h.est_sqlite():
        suite = (
            "WITH RECURSIVE suite(sha256, numero, total) AS (SELECT sha256, 0, length(contenu) FROM contenus "
            f"UNION ALL SELECT sha256, numero + 1, total FROM suite WHERE (numero + 1) * {MORCEAU} < total) "
            f"SELECT s.sha256, s.numero, substr(c.contenu, s.numero * {MORCEAU} + 1, {MORCEAU}) "
            "FROM suite s JOIN contenus c ON c.sha256 = s.sha256"
        )
    else:
        suite = (
            f"SELECT c.sha256, n, substring(c.contenu FROM n * {MORCEAU} + 1 FOR {MORCEAU}) "
            f"FROM contenus c, generate_series(0, greatest(length(c.contenu) - 1, 0) / {MORCEAU}) n"
        )
    op.execute(sa.text(f"INSERT INTO contenus_morceaux (sha256, numero, octets) {suite}"))
    h.ajouter_colonnes(
        "contenus",
        [
            sa.Column("taille", h.entier_long(), nullable=True),
            sa.Column("complet", sa.Boolean(), server_default=sa.false(), nullable=False),
            sa.Column("au_centre", sa.Boolean(), server_default=sa.false(), nullable=False),
            sa.Column("demande_le", h.instant(), nullable=True),
        ],
    )
    op.execute(
        sa.text(f"UPDATE contenus SET taille = length(contenu), complet = {'1' if h.est_sqlite() else 'true'}")
    )
    with h.alterer("contenus") as lot:
        lot.alter_column("taille", existing_type=h.entier_long(), nullable=False)
        lot.drop_column("contenu")
    if h.est_sqlite():
        op.create_table(
            "sync_fusions",
            sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
            sa.Column("nom_table", sa.Text(), nullable=False),
            sa.Column("gardee", sa.Integer(), nullable=False),
            sa.Column("retiree", sa.Integer(), nullable=False),
            sa.Column("contenu", sa.Text(), nullable=False),
            sa.Column("quand", sa.Text(), nullable=False),
            sa.Column("annulee_a", sa.Text(), nullable=True),
            sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_fusions")),
        )


def downgrade() -> None:
    op.execute(sa.text(f"DELETE FROM contenus WHERE {'NOT complet' if not h.est_sqlite() else 'complet = 0'}"))
    op.add_column("contenus", sa.Column("contenu", sa.LargeBinary(), nullable=True))
    if h.est_sqlite():
        # Text of SQLite is bytes that are only believed to be text: joined and cast back, they are the same bytes.
        ensemble = "CAST(group_concat(octets, '') AS BLOB)"
        source = "(SELECT octets FROM contenus_morceaux m WHERE m.sha256 = contenus.sha256 ORDER BY numero)"
    else:
        ensemble = "string_agg(octets, ''::bytea ORDER BY numero)"
        source = "contenus_morceaux m WHERE m.sha256 = contenus.sha256"
    op.execute(sa.text(f"UPDATE contenus SET contenu = (SELECT {ensemble} FROM {source})"))
    vide = "x''" if h.est_sqlite() else "''::bytea"
    op.execute(sa.text(f"UPDATE contenus SET contenu = {vide} WHERE contenu IS NULL"))
    op.drop_table("contenus_morceaux")
    with h.alterer("contenus") as lot:
        for colonne in ("demande_le", "au_centre", "complet", "taille"):
            lot.drop_column(colonne)
        lot.alter_column("contenu", existing_type=sa.LargeBinary(), nullable=False)
    if h.est_sqlite():
        op.drop_table("sync_fusions")
