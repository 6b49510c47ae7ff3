"""Invoices as the law wants them: snapshots, empreinte, periods, advances, requests, payments over several of them.

Revision ID: b3f7d1a9c5e8
Revises: f7a1c5e9b3d6
Create Date: 2025-06-16 09:00:00
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from migrations import helpers as h

revision = "b3f7d1a9c5e8"
down_revision = "f7a1c5e9b3d6"
branch_labels = None
depends_on = None

perd_au_retour: str | None = (
    "Les demandes de validation, les imputations et les retenues des paiements (il en reste la première facture de "
    "chacun ; ceux qui n'en ont aucune sont supprimés), les relances et les taux légaux ; des factures, la date de "
    "l'opération, l'objet, les conditions, la remise, les périodes, les retenues, la transmission, l'empreinte et "
    "l'identité du client et de la société à la validation ; de leurs lignes, l'unité, la remise, l'exonération et "
    "ce dont elles viennent ; des paiements, le reçu, le timbre, la banque, la date de valeur et l'annulation ; la "
    "série des numéros légaux."
)

ecarts_de_lignes = ("demandes_validation", "imputations", "retenues", "relances", "taux_legaux", "paiements")

_MODES = "mode_reglement IN ('virement', 'cheque', 'effet', 'especes', 'carte')"
_TRANSMISSIONS = "statut_transmission IN ('sans', 'a_transmettre', 'transmise', 'acceptee', 'rejetee')"
_CODES = "code IN ('ras_tva', 'ras_is', 'timbre', 'taux_directeur', 'marge_retard', 'amende_mois', 'ice')"

_LIENS = {
    "ligne_intervention_id": "lignes_intervention", "temps_id": "temps", "acompte_id": "factures",
    "ligne_origine_id": "lignes_facture",
}  # fmt: skip
"""Column of a line → the table that it refers to."""


def _table(nom: str, *elements: object) -> None:
    op.create_table(
        nom,
        sa.Column("id", h.entier_long(), autoincrement=False, nullable=False),
        sa.Column("agence_id", h.entier_long(), nullable=True),
        *(e for e in elements if isinstance(e, sa.Column)),
        sa.Column("created_at", h.instant(), nullable=False),
        sa.Column("updated_at", h.instant(), nullable=False),
        sa.Column("created_by_id", h.entier_long(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{nom}")),
        sa.ForeignKeyConstraint(["agence_id"], ["agences.id"], name=op.f(f"fk_{nom}_agence_id")),
        *(e for e in elements if not isinstance(e, sa.Column)),  # type: ignore[arg-type]
    )
    op.create_index(f"idx_{nom}_agence_id", nom, ["agence_id"])


def _vers(table: str, colonne: str, cible: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([colonne], [f"{cible}.id"], name=op.f(f"fk_{table}_{colonne}"))


def _facultative(nom: str, genre: Any) -> sa.Column[Any]:
    return sa.Column(nom, genre, nullable=True)


def _montant_nul(nom: str, precision: int) -> sa.Column[Any]:
    return sa.Column(nom, h.montant(precision, 2), server_default="0.00", nullable=False)


def _colonnes_des_factures() -> list[sa.Column[Any]]:
    return [
        _facultative("intitule", sa.String(200)),
        _facultative("date_operation", sa.Date()),
        _facultative("conditions_jours", sa.Integer()),
        _facultative("reference_client", sa.String(80)),
        _montant_nul("remise_pct", 5),
        sa.Column("acompte", sa.Boolean(), server_default=sa.false(), nullable=False),
        _facultative("periode_du", sa.Date()),
        _facultative("periode_au", sa.Date()),
        sa.Column("periode_rang", sa.Integer(), server_default="0", nullable=False),
        _facultative("retenue_tva_pct", h.montant(5, 2)),
        _facultative("retenue_is_pct", h.montant(5, 2)),
        _facultative("motif_rejet", sa.String(500)),
        _facultative("transmise_le", h.instant()),
        _facultative("uuid", sa.String(36)),
        _facultative("empreinte", sa.String(64)),
        _facultative("validee_par", h.entier_long()),
        _facultative("validee_le", h.instant()),
        _facultative("client_fige", h.json()),
        _facultative("societe_figee", h.json()),
    ]


def _colonnes_des_lignes() -> list[sa.Column[Any]]:
    return [
        sa.Column("ordre", sa.Integer(), server_default="0", nullable=False),
        _facultative("unite", sa.String(20)),
        _montant_nul("remise_pct", 5),
        _facultative("exoneration", sa.String(200)),
        _facultative("cle", sa.String(20)),
    ]


def _colonnes_des_paiements() -> list[sa.Column[Any]]:
    return [
        _facultative("numero", sa.String(40)),
        _montant_nul("timbre", 12),
        _facultative("banque", sa.String(80)),
        _facultative("date_valeur", sa.Date()),
        _facultative("motif", sa.String(200)),
    ]


def _index(nom: str, table: str, colonnes: list[str], *, unique: bool = False) -> None:
    """Of the rows that have a value in the last column."""
    renseigne = sa.text(f"{colonnes[-1]} IS NOT NULL")
    op.create_index(nom, table, colonnes, unique=unique, sqlite_where=renseigne, postgresql_where=renseigne)


def _completer() -> None:
    h.ajouter_colonnes("factures", _colonnes_des_factures())
    h.ajouter_sur_place(
        "factures", _facultative("mode_reglement", sa.String(20)), controle=("ck_factures_mode_reglement", _MODES)
    )
    h.ajouter_sur_place(
        "factures",
        sa.Column("statut_transmission", sa.String(20), server_default="sans", nullable=False),
        controle=("ck_factures_statut_transmission", _TRANSMISSIONS),
    )
    _index("uq_factures_periode", "factures", ["contrat_id", "periode_rang", "periode_du"], unique=True)
    h.ajouter_colonnes("lignes_facture", _colonnes_des_lignes())
    for colonne, cible in _LIENS.items():
        h.ajouter_sur_place("lignes_facture", _facultative(colonne, h.entier_long()), vers=cible)
        _index(f"idx_lignes_facture_{colonne}", "lignes_facture", [colonne])
    _index("uq_lignes_facture_cle", "lignes_facture", ["facture_id", "cle"], unique=True)
    # First: a rebuild would put the references of the columns below into a form that SQLite does not drop.
    with h.alterer("paiements") as lot:
        lot.alter_column("facture_id", existing_type=h.entier_long(), nullable=True)
    h.ajouter_colonnes("paiements", _colonnes_des_paiements())
    for colonne, cible in (("client_id", "clients"), ("annule_id", "paiements")):
        h.ajouter_sur_place("paiements", _facultative(colonne, h.entier_long()), vers=cible)
        op.create_index(f"idx_paiements_{colonne}", "paiements", [colonne])


def upgrade() -> None:
    _completer()
    _table(
        "demandes_validation",
        sa.Column("facture_id", h.entier_long(), nullable=False),
        sa.Column("total_ttc", h.montant(), nullable=False),
        sa.Column("etat", sa.String(20), server_default="en_attente", nullable=False),
        sa.Column("numero", sa.String(40), nullable=True),
        sa.Column("motif", sa.String(500), nullable=True),
        sa.Column("repondu_le", h.instant(), nullable=True),
        _vers("demandes_validation", "facture_id", "factures"),
        sa.CheckConstraint("etat IN ('en_attente', 'acceptee', 'refusee')", name=op.f("ck_demandes_validation_etat")),
    )
    op.create_index("idx_demandes_validation_facture_id", "demandes_validation", ["facture_id"])
    _table(
        "imputations",
        sa.Column("paiement_id", h.entier_long(), nullable=False),
        sa.Column("facture_id", h.entier_long(), nullable=False),
        sa.Column("montant", h.montant(), nullable=False),
        _vers("imputations", "paiement_id", "paiements"),
        _vers("imputations", "facture_id", "factures"),
    )
    _table(
        "retenues",
        sa.Column("paiement_id", h.entier_long(), nullable=False),
        sa.Column("facture_id", h.entier_long(), nullable=False),
        sa.Column("type", sa.String(20), nullable=False),
        sa.Column("base", h.montant(), nullable=False),
        sa.Column("taux", h.montant(5, 2), nullable=False),
        sa.Column("montant", h.montant(), nullable=False),
        sa.Column("attestation", sa.String(80), nullable=True),
        _vers("retenues", "paiement_id", "paiements"),
        _vers("retenues", "facture_id", "factures"),
        sa.CheckConstraint("type IN ('ras_tva', 'ras_is')", name=op.f("ck_retenues_type")),
    )
    for table in ("imputations", "retenues"):
        for colonne in ("paiement_id", "facture_id"):
            op.create_index(f"idx_{table}_{colonne}", table, [colonne])
    _table(
        "relances",
        sa.Column("facture_id", h.entier_long(), nullable=False),
        sa.Column("niveau", sa.Integer(), nullable=False),
        sa.Column("date_relance", sa.Date(), nullable=False),
        sa.Column("canal", sa.String(20), server_default="courriel", nullable=False),
        sa.Column("promesse", sa.Date(), nullable=True),
        sa.Column("note", sa.String(500), nullable=True),
        _vers("relances", "facture_id", "factures"),
        sa.CheckConstraint(
            "canal IN ('courriel', 'courrier', 'telephone', 'remise')", name=op.f("ck_relances_canal")
        ),
        sa.CheckConstraint("niveau >= 0 AND niveau <= 3", name=op.f("ck_relances_niveau")),
    )
    op.create_index("idx_relances_facture_id", "relances", ["facture_id"])
    _table(
        "taux_legaux",
        sa.Column("code", sa.String(20), nullable=False),
        sa.Column("libelle", sa.String(120), nullable=False),
        sa.Column("taux", h.montant(5, 2), nullable=False),
        sa.Column("seuil", h.montant(), nullable=True),
        sa.Column("date_debut", sa.Date(), nullable=False),
        sa.Column("date_fin", sa.Date(), nullable=True),
        sa.UniqueConstraint("code", "libelle", "date_debut", name=op.f("uq_taux_legaux_code_libelle_date_debut")),
        sa.CheckConstraint("date_fin IS NULL OR date_fin >= date_debut", name=op.f("ck_taux_legaux_dates")),
        sa.CheckConstraint(_CODES, name=op.f("ck_taux_legaux_code")),
    )
    if not h.est_sqlite():
        op.create_table(
            "series",
            sa.Column("code", sa.Text(), nullable=False),
            sa.Column("annee", sa.Integer(), nullable=False),
            sa.Column("dernier", sa.BigInteger(), nullable=False),
            sa.Column("derniere_date", sa.Date(), nullable=True),
            sa.Column("empreinte", sa.Text(), nullable=True),
            sa.PrimaryKeyConstraint("code", name=op.f("pk_series")),
            schema="sync",
        )


def downgrade() -> None:
    if not h.est_sqlite():
        op.drop_table("series", schema="sync")
    op.execute(
        sa.text(
            "UPDATE paiements SET facture_id = (SELECT min(i.facture_id) FROM imputations i "
            "WHERE i.paiement_id = paiements.id) WHERE facture_id IS NULL"
        )
    )
    for table in ("taux_legaux", "relances", "retenues", "imputations", "demandes_validation"):
        op.drop_table(table)
    for colonne in ("annule_id", "client_id"):
        op.drop_index(f"idx_paiements_{colonne}", "paiements")
    h.retirer_colonnes("paiements", ["annule_id", "client_id"])
    op.execute(sa.text("DELETE FROM paiements WHERE facture_id IS NULL"))
    h.retirer_colonnes("paiements", [c.name for c in reversed(_colonnes_des_paiements())])
    with h.alterer("paiements") as lot:
        lot.alter_column("facture_id", existing_type=h.entier_long(), nullable=False)
    op.drop_index("uq_lignes_facture_cle", "lignes_facture")
    for colonne in reversed(_LIENS):
        op.drop_index(f"idx_lignes_facture_{colonne}", "lignes_facture")
        h.retirer_colonnes("lignes_facture", [colonne])
    h.retirer_colonnes("lignes_facture", [c.name for c in reversed(_colonnes_des_lignes())])
    op.drop_index("uq_factures_periode", "factures")
    h.retirer_colonnes("factures", ["statut_transmission", "mode_reglement"])
    h.retirer_colonnes("factures", [c.name for c in reversed(_colonnes_des_factures())])
