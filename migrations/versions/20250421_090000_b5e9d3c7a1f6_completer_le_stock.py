"""Stock per depot: thresholds, counts, transfers in two rows, what a line consumes and what a movement is worth.

Revision ID: b5e9d3c7a1f6
Revises: a4d8e2b6c0f5
Create Date: 2025-04-21 09:00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import helpers as h

revision = "b5e9d3c7a1f6"
down_revision = "a4d8e2b6c0f5"
branch_labels = None
depends_on = None

perd_au_retour: str | None = (
    "Les seuils par dépôt et les inventaires ; des mouvements, leur effet, leur valeur, leur motif et ce qu'ils "
    "corrigent ; des lignes d'intervention, le dépôt et ce qui est prévu ; des pièces, code-barres, famille, "
    "fournisseur, emplacement et taux ; les dépôts de transit ou de rebut deviennent des dépôts d'agence."
)

ecarts_de_lignes = ("stock_seuils", "inventaires", "lignes_inventaire")

_TYPES = "type_depot IN ('agence', 'vehicule', 'transit', 'rebut')"


def _table(nom: str, *elements: object) -> None:
    op.create_table(
        nom,
        sa.Column("id", h.entier_long(), autoincrement=False, nullable=False),
        sa.Column("agence_id", h.entier_long(), nullable=True),
        *elements,  # type: ignore[arg-type]
        sa.Column("created_at", h.instant(), nullable=False),
        sa.Column("updated_at", h.instant(), nullable=False),
        sa.Column("created_by_id", h.entier_long(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{nom}")),
        sa.ForeignKeyConstraint(["agence_id"], ["agences.id"], name=op.f(f"fk_{nom}_agence_id")),
    )
    op.create_index(f"idx_{nom}_agence_id", nom, ["agence_id"])


def upgrade() -> None:
    _table(
        "stock_seuils",
        sa.Column("piece_id", h.entier_long(), nullable=False),
        sa.Column("depot_id", h.entier_long(), nullable=False),
        sa.Column("minimum", h.montant(12, 3), nullable=False),
        sa.Column("maximum", h.montant(12, 3), nullable=True),
        sa.ForeignKeyConstraint(["piece_id"], ["pieces_detachees.id"], name=op.f("fk_stock_seuils_piece_id")),
        sa.ForeignKeyConstraint(["depot_id"], ["depots.id"], name=op.f("fk_stock_seuils_depot_id")),
        sa.UniqueConstraint("piece_id", "depot_id", name=op.f("uq_stock_seuils_piece_id_depot_id")),
        sa.CheckConstraint(
            "maximum IS NULL OR CAST(maximum AS REAL) >= CAST(minimum AS REAL)", name=op.f("ck_stock_seuils_bornes")
        ),
    )
    op.create_index("idx_stock_seuils_piece_id", "stock_seuils", ["piece_id"])
    op.create_index("idx_stock_seuils_depot_id", "stock_seuils", ["depot_id"])
    _table(
        "inventaires",
        sa.Column("depot_id", h.entier_long(), nullable=False),
        sa.Column("numero", sa.String(40), nullable=False),
        sa.Column("etat", sa.String(10), server_default="ouvert", nullable=False),
        sa.Column("ouvert_a", h.instant(), nullable=False),
        sa.Column("fige_a", h.instant(), nullable=True),
        sa.Column("remarque", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["depot_id"], ["depots.id"], name=op.f("fk_inventaires_depot_id")),
        sa.UniqueConstraint("numero", name=op.f("uq_inventaires_numero")),
        sa.CheckConstraint("etat IN ('ouvert', 'valide', 'annule')", name=op.f("ck_inventaires_etat")),
    )
    op.create_index("idx_inventaires_depot_id", "inventaires", ["depot_id"])
    _table(
        "lignes_inventaire",
        sa.Column("inventaire_id", h.entier_long(), nullable=False),
        sa.Column("piece_id", h.entier_long(), nullable=False),
        sa.Column("quantite", h.montant(12, 3), nullable=False),
        sa.Column("comptee_a", h.instant(), nullable=False),
        sa.Column("motif", sa.String(200), nullable=True),
        sa.ForeignKeyConstraint(
            ["inventaire_id"], ["inventaires.id"], name=op.f("fk_lignes_inventaire_inventaire_id")
        ),
        sa.ForeignKeyConstraint(["piece_id"], ["pieces_detachees.id"], name=op.f("fk_lignes_inventaire_piece_id")),
    )
    op.create_index("idx_lignes_inventaire_inventaire_id", "lignes_inventaire", ["inventaire_id"])
    op.create_index("idx_lignes_inventaire_piece_id", "lignes_inventaire", ["piece_id"])
    op.create_index("idx_lignes_inventaire_inventaire_piece", "lignes_inventaire", ["inventaire_id", "piece_id"])

    h.ajouter_colonnes(
        "pieces_detachees", [sa.Column("taux_tva", h.montant(5, 2), server_default="20.00", nullable=False)]
    )
    with h.alterer("pieces_detachees") as lot:
        lot.add_column(sa.Column("famille", sa.String(60), nullable=True))
        lot.add_column(sa.Column("code_barres", sa.String(60), nullable=True))
        lot.add_column(sa.Column("fournisseur", sa.String(120), nullable=True))
        lot.add_column(sa.Column("fournisseur_reference", sa.String(60), nullable=True))
        lot.add_column(sa.Column("emplacement", sa.String(40), nullable=True))
        lot.add_column(sa.Column("remplacee_par_id", h.entier_long(), nullable=True))
        lot.create_foreign_key(
            op.f("fk_pieces_detachees_remplacee_par_id"), "pieces_detachees", ["remplacee_par_id"], ["id"]
        )
    op.create_index("idx_pieces_detachees_code_barres", "pieces_detachees", ["code_barres"])
    op.create_index("idx_pieces_detachees_remplacee_par_id", "pieces_detachees", ["remplacee_par_id"])
    h.ajouter_colonnes("depots", [sa.Column("statut", sa.String(10), server_default="ouvert", nullable=False)])
    with h.alterer("depots") as lot:
        lot.drop_constraint(op.f("ck_depots_type_depot"), type_="check")
        lot.create_check_constraint(op.f("ck_depots_type_depot"), _TYPES)
        lot.create_check_constraint(op.f("ck_depots_statut"), "statut IN ('ouvert', 'clos')")
    with h.alterer("mouvements_stock") as lot:
        lot.add_column(sa.Column("date_effet", h.instant(), nullable=True))
        lot.add_column(sa.Column("valeur_unitaire", h.montant(14, 4), nullable=True))
        lot.add_column(sa.Column("motif", sa.String(200), nullable=True))
        lot.add_column(sa.Column("transfert_id", h.entier_long(), nullable=True))
        lot.add_column(sa.Column("ligne_intervention_id", h.entier_long(), nullable=True))
        lot.add_column(sa.Column("inventaire_id", h.entier_long(), nullable=True))
        lot.add_column(sa.Column("annule_id", h.entier_long(), nullable=True))
        lot.create_foreign_key(op.f("fk_mouvements_stock_inventaire_id"), "inventaires", ["inventaire_id"], ["id"])
        lot.create_foreign_key(op.f("fk_mouvements_stock_annule_id"), "mouvements_stock", ["annule_id"], ["id"])
    for colonne in ("transfert_id", "ligne_intervention_id", "inventaire_id"):
        op.create_index(f"idx_mouvements_stock_{colonne}", "mouvements_stock", [colonne])
    h.cle_naturelle("uq_mouvements_stock_annule_id", "mouvements_stock", "annule_id")
    h.ajouter_colonnes(
        "lignes_intervention",
        [
            sa.Column("facturable", sa.Boolean(), server_default=sa.true(), nullable=False),
            sa.Column("prevue", sa.Boolean(), server_default=sa.false(), nullable=False),
        ],
    )
    with h.alterer("lignes_intervention") as lot:
        lot.add_column(sa.Column("depot_id", h.entier_long(), nullable=True))
        lot.create_foreign_key(op.f("fk_lignes_intervention_depot_id"), "depots", ["depot_id"], ["id"])


def downgrade() -> None:
    # The older program knows two kinds of places.
    op.execute(sa.text("UPDATE depots SET type_depot = 'agence' WHERE type_depot IN ('transit', 'rebut')"))
    with h.alterer("lignes_intervention") as lot:
        lot.drop_constraint(op.f("fk_lignes_intervention_depot_id"), type_="foreignkey")
        for colonne in ("prevue", "facturable", "depot_id"):
            lot.drop_column(colonne)
    op.drop_index("uq_mouvements_stock_annule_id", "mouvements_stock")
    for colonne in ("inventaire_id", "ligne_intervention_id", "transfert_id"):
        op.drop_index(f"idx_mouvements_stock_{colonne}", "mouvements_stock")
    with h.alterer("mouvements_stock") as lot:
        lot.drop_constraint(op.f("fk_mouvements_stock_annule_id"), type_="foreignkey")
        lot.drop_constraint(op.f("fk_mouvements_stock_inventaire_id"), type_="foreignkey")
        for colonne in (
            "annule_id", "inventaire_id", "ligne_intervention_id", "transfert_id", "motif", "valeur_unitaire",
            "date_effet",
        ):  # fmt: skip
            lot.drop_column(colonne)
    with h.alterer("depots") as lot:
        lot.drop_constraint(op.f("ck_depots_statut"), type_="check")
        lot.drop_constraint(op.f("ck_depots_type_depot"), type_="check")
        lot.create_check_constraint(op.f("ck_depots_type_depot"), "type_depot IN ('agence', 'vehicule')")
        lot.drop_column("statut")
    op.drop_index("idx_pieces_detachees_remplacee_par_id", "pieces_detachees")
    op.drop_index("idx_pieces_detachees_code_barres", "pieces_detachees")
    with h.alterer("pieces_detachees") as lot:
        lot.drop_constraint(op.f("fk_pieces_detachees_remplacee_par_id"), type_="foreignkey")
        for colonne in (
            "taux_tva", "remplacee_par_id", "emplacement", "fournisseur_reference", "fournisseur", "code_barres",
            "famille",
        ):  # fmt: skip
            lot.drop_column(colonne)
    op.drop_table("lignes_inventaire")
    op.drop_table("inventaires")
    op.drop_table("stock_seuils")
