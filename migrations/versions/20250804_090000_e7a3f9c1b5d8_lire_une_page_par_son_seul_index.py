"""Read a page of a list from the index of its order alone; keep what is due of an invoice beside it.

Revision ID: e7a3f9c1b5d8
Revises: c8b2e6a0d4f7
Create Date: 2025-08-04 09:00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import helpers as h

revision = "e7a3f9c1b5d8"
down_revision = "c8b2e6a0d4f7"
branch_labels = None
depends_on = None

# What is kept of invoices is computed anew.
perd_au_retour: str | None = None

# Columns with a default and indexes: PostgreSQL builds them outside any transaction, and each may be made again.
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
_AUSSI = {
    "clients": ("ice",),
    "contrats": ("client_id",),
    "equipements": ("code_interne", "client_id"),
    "factures": ("numero", "client_id"),
    "pieces_detachees": ("reference",),
    "plannings": ("equipement_id",),
}
"""What had no such index: what is unique, and what the rows of another table's order are found by."""
_MONTANTS = ("regle", "solde")
_ACTIVES = {"clients", "equipements", "pieces_detachees"}
_ATTENDUES = "(etape = 'validee') OR (etape = 'envoyee') OR (etape = 'partielle')"
_AUTRES = {
    "idx_contrats_etat_liste": ("contrats", ["statut", "date_fin", "id", "agence_id"], None),
    "idx_factures_etat_liste": ("factures", ["etape", "type_facture", "date_echeance", "id", "agence_id"], None),
    "idx_intervention_visites": ("interventions", ["statut", "occurrence_id"], "occurrence_id IS NOT NULL"),
    "idx_factures_attendues_liste": (
        "factures",
        ["date_echeance", "id", "agence_id", "etape", "type_facture"],
        _ATTENDUES,
    ),
}


def _tri(colonne: str) -> sa.TextClause:
    if not h.est_sqlite():
        return sa.text(f"lower(translate({colonne} COLLATE \"C\", '{_ACCENTS}', '{_SIMPLES}'))")
    cle = colonne
    for accent, simple in zip(_ACCENTS, _SIMPLES, strict=True):
        cle = f"replace({cle}, '{accent}', '{simple}')"
    return sa.text(f"lower({cle})")


def _montant(colonne: str, unite: int) -> sa.TextClause:
    return sa.text(f"CAST(round({colonne} * {unite}) AS BIGINT)")


def _ordres() -> list[tuple[str, str, str | sa.TextClause]]:
    """Table, column and key of the orders that have an index without what tells whether a row is listed."""
    cles: list[tuple[str, str, str | sa.TextClause]] = [
        (table, colonne, _tri(colonne)) for table, colonnes in _TEXTES.items() for colonne in colonnes
    ]
    cles += [(table, colonne, colonne) for table, colonnes in _CODES.items() for colonne in colonnes]
    return cles + [(table, nom, _montant(nom, unite)) for table, (nom, unite) in _NOMBRES.items()]


def _nouveaux() -> list[tuple[str, str, str | sa.TextClause]]:
    cles: list[tuple[str, str, str | sa.TextClause]] = [
        (table, colonne, colonne) for table, colonnes in _AUSSI.items() for colonne in colonnes
    ]
    return cles + [("factures", colonne, _montant(colonne, 100)) for colonne in _MONTANTS]


def _nom(table: str, colonne: str) -> str:
    return f"idx_{table}_{colonne}_liste"


def upgrade() -> None:
    for colonne, genre, defaut in (
        *((nom, h.montant(), "0.00") for nom in _MONTANTS), ("etape", sa.String(20), "brouillon"),
    ):  # fmt: skip
        op.add_column(
            "factures", sa.Column(colonne, genre, server_default=defaut, nullable=False),
            if_not_exists=None if h.est_sqlite() else True,
        )  # fmt: skip
    for table, colonne, cle in (*_ordres(), *_nouveaux()):
        dite = ["is_active"] if table in _ACTIVES else []
        h.indexer_sans_bloquer(_nom(table, colonne), table, [cle, "id", *dite, "agence_id"])
    for nom, (table, colonnes, condition) in _AUTRES.items():
        h.indexer_sans_bloquer(nom, table, list(colonnes), condition)
    for table, colonne, _cle in _ordres():
        h.retirer_index_sans_bloquer(f"idx_{table}_{colonne}_tri", table)


def downgrade() -> None:
    for table, colonne, cle in _ordres():
        op.create_index(f"idx_{table}_{colonne}_tri", table, [cle, "id"])
    for nom, (table, _colonnes, _condition) in _AUTRES.items():
        op.drop_index(nom, table)
    for table, colonne, _cle in (*_nouveaux(), *_ordres()):
        op.drop_index(_nom(table, colonne), table)
    h.retirer_colonnes("factures", ["etape", *reversed(_MONTANTS)])
