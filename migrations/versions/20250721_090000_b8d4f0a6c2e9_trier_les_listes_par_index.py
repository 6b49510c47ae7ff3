"""Sort every list that grows with the business by an index.

Revision ID: b8d4f0a6c2e9
Revises: d9b3e7a1c5f8
Create Date: 2025-07-21 09:00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import helpers as h

revision = "b8d4f0a6c2e9"
down_revision = "d9b3e7a1c5f8"
branch_labels = None
depends_on = None

perd_au_retour: str | None = None

# Nothing but indexes: PostgreSQL builds them outside any transaction, and each may be built again.
hors_transaction = True

_ACCENTS, _SIMPLES = "ÀÂÇÉÈÊËÎÏÔÛÜàâçéèêëîïôûü", "AACEEEEIIOUUaaceeeeiiouu"
_TEXTES = {
    "clients": ("nom_entreprise", "ville"),
    "contrats": ("numero_contrat",),
    "equipements": ("nom", "type_equipement", "marque", "modele", "localisation"),
    "pieces_detachees": ("designation", "famille", "emplacement"),
    "plannings": ("modele_titre",),
}
_CODES = {
    "clients": ("type_client", "niveau_service", "telephone"),
    "contrats": ("type_contrat", "date_fin"),
    "equipements": ("statut", "criticite"),
    "factures": ("date_facture", "date_echeance"),
    "plannings": ("frequence", "modele_duree_estimee", "statut"),
}
_NOMBRES = {"factures": ("total_ttc", 100), "mouvements_stock": ("quantite", 1000)}
"""Table → the amount, and how many of its last digits make one."""


def _tri(colonne: str) -> sa.TextClause:
    if not h.est_sqlite():
        return sa.text(f"lower(translate({colonne} COLLATE \"C\", '{_ACCENTS}', '{_SIMPLES}'))")
    cle = colonne
    for accent, simple in zip(_ACCENTS, _SIMPLES, strict=True):
        cle = f"replace({cle}, '{accent}', '{simple}')"
    return sa.text(f"lower({cle})")


def _nom(table: str, colonne: str) -> str:
    return f"idx_{table}_{colonne}_tri"


def upgrade() -> None:
    for table, colonnes in _TEXTES.items():
        for colonne in colonnes:
            h.indexer_sans_bloquer(_nom(table, colonne), table, [_tri(colonne), "id"])
    for table, colonnes in _CODES.items():
        for colonne in colonnes:
            h.indexer_sans_bloquer(_nom(table, colonne), table, [colonne, "id"])
    for table, (colonne, unite) in _NOMBRES.items():
        cle = sa.text(f"CAST(round({colonne} * {unite}) AS BIGINT)")
        h.indexer_sans_bloquer(_nom(table, colonne), table, [cle, "id"])


def downgrade() -> None:
    for table, (colonne, _) in _NOMBRES.items():
        op.drop_index(_nom(table, colonne), table)
    for table, colonnes in (*_CODES.items(), *_TEXTES.items()):
        for colonne in colonnes:
            op.drop_index(_nom(table, colonne), table)
