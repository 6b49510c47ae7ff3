"""Create stock, invoices, reports, preferences and reference tables.

Revision ID: 7f3a9b1d5c2e
Revises: 6e2f8a0c4b1d
Create Date: 2025-02-17 09:00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import helpers as h

revision = "7f3a9b1d5c2e"
down_revision = "6e2f8a0c4b1d"
branch_labels = None
depends_on = None

perd_au_retour: str | None = (
    "Le stock, les factures, les paiements, les contenus des documents, les rapports, les "
    "préférences et les tables de référence."
)


def upgrade() -> None:
    op.create_table(
        "contenus",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("contenu", sa.LargeBinary(), nullable=False),
        sa.Column("dernier_acces", h.instant(), nullable=True),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_contenus")),
    )
    op.create_table(
        "journal_migrations",
        sa.Column("id", h.entier_long(), autoincrement=True, nullable=False),
        sa.Column("qui", sa.String(120), nullable=False),
        sa.Column("quand", h.instant(), nullable=False),
        sa.Column("de", sa.String(40), nullable=True),
        sa.Column("vers", sa.String(40), nullable=False),
        sa.Column("duree_s", sa.Double(), nullable=False),
        sa.Column("app_version", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_migrations")),
    )
    op.create_table(
        "jours_feries",
        sa.Column("id", h.entier_long(), autoincrement=False, nullable=False),
        sa.Column("agence_id", h.entier_long(), nullable=True),
        sa.Column("jour", sa.Date(), nullable=False),
        sa.Column("libelle", sa.String(120), nullable=False),
        sa.Column("provisoire", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", h.instant(), nullable=False),
        sa.Column("updated_at", h.instant(), nullable=False),
        sa.Column("created_by_id", h.entier_long(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jours_feries")),
        sa.ForeignKeyConstraint(["agence_id"], ["agences.id"], name=op.f("fk_jours_feries_agence_id")),
        sa.UniqueConstraint("jour", name=op.f("uq_jours_feries_jour")),
    )
    op.create_index("idx_jours_feries_agence_id", "jours_feries", ["agence_id"])
    op.create_table(
        "pieces_detachees",
        sa.Column("id", h.entier_long(), autoincrement=False, nullable=False),
        sa.Column("agence_id", h.entier_long(), nullable=True),
        sa.Column("reference", sa.String(60), nullable=False),
        sa.Column("designation", sa.String(200), nullable=False),
        sa.Column("unite", sa.String(12), server_default="u", nullable=False),
        sa.Column("stock_minimum", h.montant(12, 3), server_default="0.000", nullable=False),
        sa.Column("prix_unitaire", h.montant(), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("created_at", h.instant(), nullable=False),
        sa.Column("updated_at", h.instant(), nullable=False),
        sa.Column("created_by_id", h.entier_long(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pieces_detachees")),
        sa.ForeignKeyConstraint(["agence_id"], ["agences.id"], name=op.f("fk_pieces_detachees_agence_id")),
    )
    op.create_index("idx_pieces_detachees_agence_id", "pieces_detachees", ["agence_id"])
    h.cle_naturelle("uq_pieces_detachees_reference", "pieces_detachees", "reference")
    op.create_table(
        "rapports",
        sa.Column("id", h.entier_long(), autoincrement=False, nullable=False),
        sa.Column("agence_id", h.entier_long(), nullable=True),
        sa.Column("nom", sa.String(120), nullable=False),
        sa.Column("type_rapport", sa.String(40), nullable=False),
        sa.Column("parametres", h.json(), nullable=False),
        sa.Column("created_at", h.instant(), nullable=False),
        sa.Column("updated_at", h.instant(), nullable=False),
        sa.Column("created_by_id", h.entier_long(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rapports")),
        sa.ForeignKeyConstraint(["agence_id"], ["agences.id"], name=op.f("fk_rapports_agence_id")),
    )
    op.create_index("idx_rapports_agence_id", "rapports", ["agence_id"])
    op.create_table(
        "taux_tva",
        sa.Column("id", h.entier_long(), autoincrement=False, nullable=False),
        sa.Column("agence_id", h.entier_long(), nullable=True),
        sa.Column("taux", h.montant(5, 2), nullable=False),
        sa.Column("libelle", sa.String(80), nullable=False),
        sa.Column("date_debut", sa.Date(), nullable=False),
        sa.Column("date_fin", sa.Date(), nullable=True),
        sa.Column("created_at", h.instant(), nullable=False),
        sa.Column("updated_at", h.instant(), nullable=False),
        sa.Column("created_by_id", h.entier_long(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_taux_tva")),
        sa.ForeignKeyConstraint(["agence_id"], ["agences.id"], name=op.f("fk_taux_tva_agence_id")),
        sa.UniqueConstraint("taux", "date_debut", name=op.f("uq_taux_tva_taux_date_debut")),
    )
    op.create_index("idx_taux_tva_agence_id", "taux_tva", ["agence_id"])
    op.create_table(
        "preferences",
        sa.Column("id", h.entier_long(), autoincrement=False, nullable=False),
        sa.Column("agence_id", h.entier_long(), nullable=True),
        sa.Column("user_id", h.entier_long(), nullable=False),
        sa.Column("cle", sa.String(80), nullable=False),
        sa.Column("valeur", h.json(), nullable=True),
        sa.Column("created_at", h.instant(), nullable=False),
        sa.Column("updated_at", h.instant(), nullable=False),
        sa.Column("created_by_id", h.entier_long(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_preferences")),
        sa.ForeignKeyConstraint(["agence_id"], ["agences.id"], name=op.f("fk_preferences_agence_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_preferences_user_id")),
        sa.UniqueConstraint("user_id", "cle", name=op.f("uq_preferences_user_id_cle")),
    )
    op.create_index("idx_preferences_agence_id", "preferences", ["agence_id"])
    op.create_index("idx_preferences_user_id", "preferences", ["user_id"])
    op.create_table(
        "rapports_planifies",
        sa.Column("id", h.entier_long(), autoincrement=False, nullable=False),
        sa.Column("agence_id", h.entier_long(), nullable=True),
        sa.Column("rapport_id", h.entier_long(), nullable=False),
        sa.Column("cron", sa.String(80), nullable=False),
        sa.Column("format", sa.String(10), nullable=False),
        sa.Column("destination", sa.String(255), nullable=True),
        sa.Column("derniere_execution", h.instant(), nullable=True),
        sa.Column("dernier_resultat", sa.Text(), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("created_at", h.instant(), nullable=False),
        sa.Column("updated_at", h.instant(), nullable=False),
        sa.Column("created_by_id", h.entier_long(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rapports_planifies")),
        sa.ForeignKeyConstraint(["agence_id"], ["agences.id"], name=op.f("fk_rapports_planifies_agence_id")),
        sa.ForeignKeyConstraint(["rapport_id"], ["rapports.id"], name=op.f("fk_rapports_planifies_rapport_id")),
    )
    op.create_index("idx_rapports_planifies_agence_id", "rapports_planifies", ["agence_id"])
    op.create_index("idx_rapports_planifies_rapport_id", "rapports_planifies", ["rapport_id"])
    op.create_table(
        "vues_enregistrees",
        sa.Column("id", h.entier_long(), autoincrement=False, nullable=False),
        sa.Column("agence_id", h.entier_long(), nullable=True),
        sa.Column("user_id", h.entier_long(), nullable=False),
        sa.Column("liste", sa.String(40), nullable=False),
        sa.Column("nom", sa.String(80), nullable=False),
        sa.Column("definition", h.json(), nullable=False),
        sa.Column("created_at", h.instant(), nullable=False),
        sa.Column("updated_at", h.instant(), nullable=False),
        sa.Column("created_by_id", h.entier_long(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vues_enregistrees")),
        sa.ForeignKeyConstraint(["agence_id"], ["agences.id"], name=op.f("fk_vues_enregistrees_agence_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_vues_enregistrees_user_id")),
        sa.UniqueConstraint("user_id", "liste", "nom", name=op.f("uq_vues_enregistrees_user_id_liste_nom")),
    )
    op.create_index("idx_vues_enregistrees_agence_id", "vues_enregistrees", ["agence_id"])
    op.create_index("idx_vues_enregistrees_user_id", "vues_enregistrees", ["user_id"])
    op.create_table(
        "depots",
        sa.Column("id", h.entier_long(), autoincrement=False, nullable=False),
        sa.Column("agence_id", h.entier_long(), nullable=True),
        sa.Column("nom", sa.String(80), nullable=False),
        sa.Column("type_depot", sa.String(20), server_default="agence", nullable=False),
        sa.Column("technicien_id", h.entier_long(), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("created_at", h.instant(), nullable=False),
        sa.Column("updated_at", h.instant(), nullable=False),
        sa.Column("created_by_id", h.entier_long(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_depots")),
        sa.ForeignKeyConstraint(["agence_id"], ["agences.id"], name=op.f("fk_depots_agence_id")),
        sa.ForeignKeyConstraint(["technicien_id"], ["techniciens.id"], name=op.f("fk_depots_technicien_id")),
        sa.UniqueConstraint("agence_id", "nom", name=op.f("uq_depots_agence_id_nom")),
        sa.CheckConstraint("type_depot IN ('agence', 'vehicule')", name=op.f("ck_depots_type_depot")),
    )
    op.create_index("idx_depots_agence_id", "depots", ["agence_id"])
    op.create_index("idx_depots_technicien_id", "depots", ["technicien_id"])
    op.create_table(
        "factures",
        sa.Column("id", h.entier_long(), autoincrement=False, nullable=False),
        sa.Column("agence_id", h.entier_long(), nullable=True),
        sa.Column("numero", sa.String(40), nullable=False),
        sa.Column("type_facture", sa.String(20), server_default="facture", nullable=False),
        sa.Column("statut", sa.String(20), server_default="brouillon", nullable=False),
        sa.Column("client_id", h.entier_long(), nullable=False),
        sa.Column("contrat_id", h.entier_long(), nullable=True),
        sa.Column("facture_origine_id", h.entier_long(), nullable=True),
        sa.Column("date_facture", sa.Date(), nullable=True),
        sa.Column("date_echeance", sa.Date(), nullable=True),
        sa.Column("total_ht", h.montant(), server_default="0.00", nullable=False),
        sa.Column("total_tva", h.montant(), server_default="0.00", nullable=False),
        sa.Column("timbre", h.montant(), server_default="0.00", nullable=False),
        sa.Column("total_ttc", h.montant(), server_default="0.00", nullable=False),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("created_at", h.instant(), nullable=False),
        sa.Column("updated_at", h.instant(), nullable=False),
        sa.Column("created_by_id", h.entier_long(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_factures")),
        sa.ForeignKeyConstraint(["agence_id"], ["agences.id"], name=op.f("fk_factures_agence_id")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_factures_client_id")),
        sa.ForeignKeyConstraint(["contrat_id"], ["contrats.id"], name=op.f("fk_factures_contrat_id")),
        sa.ForeignKeyConstraint(["facture_origine_id"], ["factures.id"], name=op.f("fk_factures_facture_origine_id")),
        sa.UniqueConstraint("numero", name=op.f("uq_factures_numero")),
        sa.CheckConstraint(
            "statut IN ('brouillon', 'a_transmettre', 'validee', 'envoyee', 'payee', 'en_retard', 'annulee', "
            "'rejetee')",
            name=op.f("ck_factures_statut"),
        ),
        sa.CheckConstraint("type_facture IN ('facture', 'avoir')", name=op.f("ck_factures_type_facture")),
    )
    op.create_index("idx_factures_agence_id", "factures", ["agence_id"])
    op.create_index("idx_factures_client_id", "factures", ["client_id"])
    op.create_index("idx_factures_contrat_id", "factures", ["contrat_id"])
    op.create_index("idx_factures_facture_origine_id", "factures", ["facture_origine_id"])
    op.create_table(
        "paiements",
        sa.Column("id", h.entier_long(), autoincrement=False, nullable=False),
        sa.Column("agence_id", h.entier_long(), nullable=True),
        sa.Column("facture_id", h.entier_long(), nullable=False),
        sa.Column("date_paiement", sa.Date(), nullable=False),
        sa.Column("montant", h.montant(), nullable=False),
        sa.Column("mode_paiement", sa.String(20), nullable=False),
        sa.Column("reference", sa.String(80), nullable=True),
        sa.Column("created_at", h.instant(), nullable=False),
        sa.Column("updated_at", h.instant(), nullable=False),
        sa.Column("created_by_id", h.entier_long(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paiements")),
        sa.ForeignKeyConstraint(["agence_id"], ["agences.id"], name=op.f("fk_paiements_agence_id")),
        sa.ForeignKeyConstraint(["facture_id"], ["factures.id"], name=op.f("fk_paiements_facture_id")),
        sa.CheckConstraint(
            "mode_paiement IN ('virement', 'cheque', 'effet', 'especes', 'carte')",
            name=op.f("ck_paiements_mode_paiement"),
        ),
    )
    op.create_index("idx_paiements_agence_id", "paiements", ["agence_id"])
    op.create_index("idx_paiements_facture_id", "paiements", ["facture_id"])
    op.create_table(
        "lignes_facture",
        sa.Column("id", h.entier_long(), autoincrement=False, nullable=False),
        sa.Column("agence_id", h.entier_long(), nullable=True),
        sa.Column("facture_id", h.entier_long(), nullable=False),
        sa.Column("intervention_id", h.entier_long(), nullable=True),
        sa.Column("designation", sa.String(200), nullable=False),
        sa.Column("quantite", h.montant(12, 3), nullable=False),
        sa.Column("prix_unitaire", h.montant(), nullable=False),
        sa.Column("taux_tva", h.montant(5, 2), nullable=False),
        sa.Column("created_at", h.instant(), nullable=False),
        sa.Column("updated_at", h.instant(), nullable=False),
        sa.Column("created_by_id", h.entier_long(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lignes_facture")),
        sa.ForeignKeyConstraint(["agence_id"], ["agences.id"], name=op.f("fk_lignes_facture_agence_id")),
        sa.ForeignKeyConstraint(["facture_id"], ["factures.id"], name=op.f("fk_lignes_facture_facture_id")),
        sa.ForeignKeyConstraint(
            ["intervention_id"], ["interventions.id"], name=op.f("fk_lignes_facture_intervention_id")
        ),
    )
    op.create_index("idx_lignes_facture_agence_id", "lignes_facture", ["agence_id"])
    op.create_index("idx_lignes_facture_facture_id", "lignes_facture", ["facture_id"])
    op.create_index("idx_lignes_facture_intervention_id", "lignes_facture", ["intervention_id"])
    op.create_table(
        "lignes_intervention",
        sa.Column("id", h.entier_long(), autoincrement=False, nullable=False),
        sa.Column("agence_id", h.entier_long(), nullable=True),
        sa.Column("intervention_id", h.entier_long(), nullable=False),
        sa.Column("type_ligne", sa.String(20), nullable=False),
        sa.Column("piece_id", h.entier_long(), nullable=True),
        sa.Column("designation", sa.String(200), nullable=False),
        sa.Column("quantite", h.montant(12, 3), nullable=False),
        sa.Column("prix_unitaire", h.montant(), nullable=False),
        sa.Column("taux_tva", h.montant(5, 2), nullable=False),
        sa.Column("created_at", h.instant(), nullable=False),
        sa.Column("updated_at", h.instant(), nullable=False),
        sa.Column("created_by_id", h.entier_long(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lignes_intervention")),
        sa.ForeignKeyConstraint(["agence_id"], ["agences.id"], name=op.f("fk_lignes_intervention_agence_id")),
        sa.ForeignKeyConstraint(
            ["intervention_id"], ["interventions.id"], name=op.f("fk_lignes_intervention_intervention_id")
        ),
        sa.ForeignKeyConstraint(["piece_id"], ["pieces_detachees.id"], name=op.f("fk_lignes_intervention_piece_id")),
        sa.CheckConstraint(
            "type_ligne IN ('piece', 'main_oeuvre', 'deplacement', 'autre')",
            name=op.f("ck_lignes_intervention_type_ligne"),
        ),
    )
    op.create_index("idx_lignes_intervention_agence_id", "lignes_intervention", ["agence_id"])
    op.create_index("idx_lignes_intervention_intervention_id", "lignes_intervention", ["intervention_id"])
    op.create_index("idx_lignes_intervention_piece_id", "lignes_intervention", ["piece_id"])
    op.create_table(
        "mouvements_stock",
        sa.Column("id", h.entier_long(), autoincrement=False, nullable=False),
        sa.Column("agence_id", h.entier_long(), nullable=True),
        sa.Column("piece_id", h.entier_long(), nullable=False),
        sa.Column("depot_id", h.entier_long(), nullable=False),
        sa.Column("type_mouvement", sa.String(20), nullable=False),
        sa.Column("quantite", h.montant(12, 3), nullable=False),
        sa.Column("prix_unitaire", h.montant(), nullable=True),
        sa.Column("intervention_id", h.entier_long(), nullable=True),
        sa.Column("remarque", sa.Text(), nullable=True),
        sa.Column("horodatage", h.instant(), nullable=False),
        sa.Column("created_at", h.instant(), nullable=False),
        sa.Column("updated_at", h.instant(), nullable=False),
        sa.Column("created_by_id", h.entier_long(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mouvements_stock")),
        sa.ForeignKeyConstraint(["agence_id"], ["agences.id"], name=op.f("fk_mouvements_stock_agence_id")),
        sa.ForeignKeyConstraint(["depot_id"], ["depots.id"], name=op.f("fk_mouvements_stock_depot_id")),
        sa.ForeignKeyConstraint(
            ["intervention_id"], ["interventions.id"], name=op.f("fk_mouvements_stock_intervention_id")
        ),
        sa.ForeignKeyConstraint(["piece_id"], ["pieces_detachees.id"], name=op.f("fk_mouvements_stock_piece_id")),
        sa.CheckConstraint(
            "type_mouvement IN ('entree', 'sortie', 'ajustement', 'retour', 'transfert')",
            name=op.f("ck_mouvements_stock_type_mouvement"),
        ),
    )
    op.create_index("idx_mouvements_stock_agence_id", "mouvements_stock", ["agence_id"])
    op.create_index("idx_mouvements_stock_depot_id", "mouvements_stock", ["depot_id"])
    op.create_index("idx_mouvements_stock_intervention_id", "mouvements_stock", ["intervention_id"])
    op.create_index("idx_mouvements_stock_piece_depot", "mouvements_stock", ["piece_id", "depot_id"])
    op.create_index("idx_mouvements_stock_piece_id", "mouvements_stock", ["piece_id"])


def downgrade() -> None:
    op.drop_table("mouvements_stock")
    op.drop_table("lignes_intervention")
    op.drop_table("lignes_facture")
    op.drop_table("paiements")
    op.drop_table("factures")
    op.drop_table("depots")
    op.drop_table("vues_enregistrees")
    op.drop_table("rapports_planifies")
    op.drop_table("preferences")
    op.drop_table("taux_tva")
    op.drop_table("rapports")
    op.drop_table("pieces_detachees")
    op.drop_table("jours_feries")
    op.drop_table("journal_migrations")
    op.drop_table("contenus")
