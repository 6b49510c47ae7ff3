"""Find rows by their place and by their words.

A title sorts by an index of its sort key, movements of stock by when they took place; PostgreSQL indexes the words of
interventions, and a cache notes which rows a search has to read again.

Revision ID: c4e8a2d6b0f7
Revises: a9c4e7b2d6f1
Create Date: 2025-06-30 09:00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import helpers as h

revision = "c4e8a2d6b0f7"
down_revision = "a9c4e7b2d6f1"
branch_labels = None
depends_on = None

perd_au_retour: str | None = None

# Nothing but indexes at the centre: PostgreSQL builds them outside any transaction, and each may be built again.
hors_transaction = True

_ACCENTS, _SIMPLES = "ÀÂÇÉÈÊËÎÏÔÛÜàâçéèêëîïôûü", "AACEEEEIIOUUaaceeeeiiouu"
_SIGNES = '-_./:,;()[]{}"«»’!?*+=&#|<>°،؛؟@'
_TUS = (
    "\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030b\u030c\u0327\u0328"
    "\u0640\u064b\u064c\u064d\u064e\u064f\u0650\u0651\u0652\u0653\u0654\u0655\u0670"
)
"""Accents, Arabic vowels and hamzas once they are letters of their own."""
_MOTS = {
    "idx_intervention_mots": (
        "interventions",
        ("titre", "description", "diagnostic", "travaux_realises", "recommandations", "notes_internes",
         "satisfaction_commentaire"),
    ),
    "idx_lignes_intervention_mots": ("lignes_intervention", ("designation",)),
    "idx_historique_mots": ("historiques_interventions", ("remarque",)),
}  # fmt: skip
"""Index → table, columns."""


def _tri(colonne: str) -> sa.TextClause:
    if not h.est_sqlite():
        return sa.text(f"lower(translate({colonne} COLLATE \"C\", '{_ACCENTS}', '{_SIMPLES}'))")
    cle = colonne
    for accent, simple in zip(_ACCENTS, _SIMPLES, strict=True):
        cle = f"replace({cle}, '{accent}', '{simple}')"
    return sa.text(f"lower({cle})")


def _mots(colonnes: tuple[str, ...]) -> sa.TextClause:
    texte = " || ' ' || ".join(f"coalesce({c}, '')" for c in colonnes)
    texte = f"replace(replace(left({texte}, 100000), 'œ', 'oe'), 'Œ', 'oe')"
    de, vers = f"ىة{_SIGNES}{_TUS}", "يه" + " " * len(_SIGNES)
    plie = f"lower(translate(normalize({texte}, NFKD), '{de}', '{vers}'))".replace(":", "\\:")
    return sa.text(f"to_tsvector(CAST('simple' AS regconfig), {plie})")


def upgrade() -> None:
    h.indexer_sans_bloquer("idx_intervention_titre_tri", "interventions", [_tri("titre"), "id"])
    h.indexer_sans_bloquer(
        "idx_mouvements_stock_effet", "mouvements_stock", [sa.text("coalesce(date_effet, horodatage)")]
    )
    h.indexer_sans_bloquer("idx_mouvements_stock_type", "mouvements_stock", ["type_mouvement"])
    if h.est_sqlite():
        op.create_table(
            "_recherche_attente",
            sa.Column("nom_table", sa.Text(), nullable=False),
            sa.Column("pk", sa.Integer(), nullable=False),
            sa.PrimaryKeyConstraint("nom_table", "pk", name=op.f("pk__recherche_attente")),
            sqlite_with_rowid=False,
        )
    else:
        for nom, (table, colonnes) in _MOTS.items():
            h.indexer_sans_bloquer(nom, table, [_mots(colonnes)], sorte="gin")
    h.retirer_index_sans_bloquer("idx_intervention_titre", "interventions")


def downgrade() -> None:
    op.create_index("idx_intervention_titre", "interventions", ["titre"])
    if h.est_sqlite():
        op.drop_table("_recherche_attente")
    else:
        for nom, (table, _) in _MOTS.items():
            op.drop_index(nom, table)
    op.drop_index("idx_mouvements_stock_type", "mouvements_stock")
    op.drop_index("idx_mouvements_stock_effet", "mouvements_stock")
    op.drop_index("idx_intervention_titre_tri", "interventions")
