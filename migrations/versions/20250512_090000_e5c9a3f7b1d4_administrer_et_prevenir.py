"""Identity of the company, failure codes, rates of labour and travel; what notices are about.

Revision ID: e5c9a3f7b1d4
Revises: d2b6f0a4c8e3
Create Date: 2025-05-12 09:00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import helpers as h

revision = "e5c9a3f7b1d4"
down_revision = "d2b6f0a4c8e3"
branch_labels = None
depends_on = None

perd_au_retour: str | None = (
    "L'en-tête de la société et des agences, les codes de panne, les tarifs ; le problème, la cause et le remède des "
    "interventions ; de quoi chaque notification parle, sa clé et sa lecture."
)

ecarts_de_lignes = ()

_NOTIFICATION = {
    "evenement": sa.String(20), "objet_table": sa.String(40), "objet_id": h.entier_long(), "cle": sa.String(36),
    "auteur_id": h.entier_long(), "lu_a": h.instant(),
}  # fmt: skip
_CODES = ("probleme_id", "cause_id", "remede_id")


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


def upgrade() -> None:
    _table(
        "identite_societe",
        sa.Column("raison_sociale", sa.String(160), nullable=False),
        sa.Column("forme_juridique", sa.String(40), nullable=True),
        sa.Column("capital", h.montant(14, 2), nullable=True),
        sa.Column("ice", sa.String(15), nullable=True),
        sa.Column("identifiant_fiscal", sa.String(20), nullable=True),
        sa.Column("registre_commerce", sa.String(20), nullable=True),
        sa.Column("ville_rc", sa.String(80), nullable=True),
        sa.Column("taxe_professionnelle", sa.String(20), nullable=True),
        sa.Column("cnss", sa.String(20), nullable=True),
        sa.Column("adresse", sa.Text(), nullable=True),
        sa.Column("ville", sa.String(80), nullable=True),
        sa.Column("telephone", sa.String(20), nullable=True),
        sa.Column("email", sa.String(255), nullable=True),
        sa.Column("site_web", sa.String(120), nullable=True),
        sa.Column("banque", sa.String(80), nullable=True),
        sa.Column("rib", sa.String(24), nullable=True),
        sa.Column("mentions", sa.Text(), nullable=True),
        sa.Column("logo", sa.LargeBinary(), nullable=True),
    )
    _table(
        "codes_panne",
        sa.Column("type", sa.String(20), nullable=False),
        sa.Column("code", sa.String(20), nullable=False),
        sa.Column("libelle", sa.String(120), nullable=False),
        sa.Column("parent_id", h.entier_long(), nullable=True),
        sa.Column("type_equipement", sa.String(80), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["codes_panne.id"], name=op.f("fk_codes_panne_parent_id")),
        sa.CheckConstraint("type IN ('probleme', 'cause', 'remede')", name=op.f("ck_codes_panne_type")),
        sa.UniqueConstraint("type", "code", name=op.f("uq_codes_panne_type_code")),
    )
    op.create_index("idx_codes_panne_parent_id", "codes_panne", ["parent_id"])
    _table(
        "tarifs",
        sa.Column("type_ligne", sa.String(20), nullable=False),
        sa.Column("libelle", sa.String(80), nullable=False),
        sa.Column("unite", sa.String(20), nullable=False),
        sa.Column("prix_unitaire", h.montant(12, 2), nullable=False),
        sa.Column("taux_tva", h.montant(5, 2), nullable=False),
        sa.Column("date_debut", sa.Date(), nullable=False),
        sa.Column("date_fin", sa.Date(), nullable=True),
        sa.CheckConstraint("type_ligne IN ('main_oeuvre', 'deplacement')", name=op.f("ck_tarifs_type_ligne")),
        sa.CheckConstraint("date_fin IS NULL OR date_fin >= date_debut", name=op.f("ck_tarifs_dates")),
    )
    h.ajouter_colonnes("agences", [sa.Column("email", sa.String(255), nullable=True)])
    h.ajouter_colonnes("notifications", [sa.Column(nom, kind, nullable=True) for nom, kind in _NOTIFICATION.items()])
    with h.alterer("notifications") as lot:
        lot.create_check_constraint(
            op.f("ck_notifications_evenement"),
            "evenement IN ('affectation', 'sla_proche', 'sla_depasse', 'conflit', 'refus', 'stock_minimum', "
            "'contrat_echeance')",
        )
    op.create_index("idx_notification_cle", "notifications", ["cle"], unique=True)
    h.ajouter_colonnes("interventions", [sa.Column(colonne, h.entier_long(), nullable=True) for colonne in _CODES])


def downgrade() -> None:
    with h.alterer("interventions") as lot:
        for colonne in reversed(_CODES):
            lot.drop_column(colonne)
    op.drop_index("idx_notification_cle", "notifications")
    with h.alterer("notifications") as lot:
        lot.drop_constraint(op.f("ck_notifications_evenement"), type_="check")
        for colonne in reversed(_NOTIFICATION):
            lot.drop_column(colonne)
    with h.alterer("agences") as lot:
        lot.drop_column("email")
    for table in ("tarifs", "codes_panne", "identite_societe"):
        op.drop_table(table)
