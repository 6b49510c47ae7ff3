"""Why and how long work waits, who signed and when, models of interventions, amendments of contracts.

Revision ID: b1d5f9a3c7e2
Revises: b3f7d1a9c5e8
Create Date: 2025-06-23 09:00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import helpers as h

revision = "b1d5f9a3c7e2"
down_revision = "b3f7d1a9c5e8"
branch_labels = None
depends_on = None

perd_au_retour: str | None = (
    "Les attentes avec leur motif (l'historique garde les changements de statut), les modèles d'intervention, les "
    "avenants (le contrat garde les valeurs en vigueur) ; la date de signature, le refus de signer, et si une photo "
    "est d'avant ou d'après les travaux."
)

ecarts_de_lignes = ()

_COLONNES = {
    "documents": [sa.Column("moment", sa.String(10), nullable=True)],
    "interventions": [
        sa.Column("signe_le", h.instant(), nullable=True),
        sa.Column("signature_refus", sa.String(200), nullable=True),
    ],
}


def upgrade() -> None:
    op.create_table(
        "modeles_intervention",
        sa.Column("id", h.entier_long(), autoincrement=False, nullable=False),
        sa.Column("agence_id", h.entier_long(), nullable=True),
        sa.Column("nom", sa.String(length=120), nullable=False),
        sa.Column("titre", sa.String(length=200), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("type", sa.String(length=20), server_default="corrective", nullable=False),
        sa.Column("priorite", sa.String(length=20), server_default="normale", nullable=False),
        sa.Column("duree_estimee", sa.Integer(), nullable=True),
        sa.Column("checklist_id", h.entier_long(), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("created_at", h.instant(), nullable=False),
        sa.Column("updated_at", h.instant(), nullable=False),
        sa.Column("created_by_id", h.entier_long(), nullable=True),
        sa.CheckConstraint(
            "priorite IN ('urgente', 'haute', 'normale', 'basse', 'programmee')",
            name=op.f("ck_modeles_intervention_priorite"),
        ),
        sa.CheckConstraint(
            "type IN ('corrective', 'preventive', 'ameliorative', 'diagnostic')",
            name=op.f("ck_modeles_intervention_type"),
        ),
        sa.ForeignKeyConstraint(["agence_id"], ["agences.id"], name=op.f("fk_modeles_intervention_agence_id")),
        sa.ForeignKeyConstraint(
            ["checklist_id"], ["checklists.id"], name=op.f("fk_modeles_intervention_checklist_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_modeles_intervention")),
    )
    op.create_index(op.f("idx_modeles_intervention_agence_id"), "modeles_intervention", ["agence_id"])
    op.create_index(op.f("idx_modeles_intervention_checklist_id"), "modeles_intervention", ["checklist_id"])

    op.create_table(
        "avenants",
        sa.Column("id", h.entier_long(), autoincrement=False, nullable=False),
        sa.Column("agence_id", h.entier_long(), nullable=True),
        sa.Column("contrat_id", h.entier_long(), nullable=False),
        sa.Column("numero", sa.Integer(), nullable=False),
        sa.Column("objet", sa.String(length=200), nullable=False),
        sa.Column("date_effet", sa.Date(), nullable=False),
        sa.Column("date_signature", sa.Date(), nullable=True),
        sa.Column("terme", sa.String(length=40), nullable=True),
        sa.Column("valeur_avant", sa.String(length=120), nullable=True),
        sa.Column("valeur_apres", sa.String(length=120), nullable=True),
        sa.Column("applique_le", h.instant(), nullable=True),
        sa.Column("created_at", h.instant(), nullable=False),
        sa.Column("updated_at", h.instant(), nullable=False),
        sa.Column("created_by_id", h.entier_long(), nullable=True),
        sa.ForeignKeyConstraint(["agence_id"], ["agences.id"], name=op.f("fk_avenants_agence_id")),
        sa.ForeignKeyConstraint(["contrat_id"], ["contrats.id"], name=op.f("fk_avenants_contrat_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_avenants")),
    )
    op.create_index(op.f("idx_avenants_agence_id"), "avenants", ["agence_id"])
    op.create_index(op.f("idx_avenants_contrat_id"), "avenants", ["contrat_id"])

    op.create_table(
        "attentes",
        sa.Column("id", h.entier_long(), autoincrement=False, nullable=False),
        sa.Column("agence_id", h.entier_long(), nullable=True),
        sa.Column("intervention_id", h.entier_long(), nullable=False),
        sa.Column("motif", sa.String(length=20), server_default="autre", nullable=False),
        sa.Column("debut", h.instant(), nullable=False),
        sa.Column("fin", h.instant(), nullable=True),
        sa.Column("remarque", sa.String(length=200), nullable=True),
        sa.Column("created_at", h.instant(), nullable=False),
        sa.Column("updated_at", h.instant(), nullable=False),
        sa.Column("created_by_id", h.entier_long(), nullable=True),
        sa.CheckConstraint(
            "motif IN ('piece', 'acces', 'accord', 'securite', 'renfort', 'autre')", name=op.f("ck_attentes_motif")
        ),
        sa.CheckConstraint("fin IS NULL OR fin >= debut", name=op.f("ck_attentes_duree")),
        sa.ForeignKeyConstraint(["agence_id"], ["agences.id"], name=op.f("fk_attentes_agence_id")),
        sa.ForeignKeyConstraint(["intervention_id"], ["interventions.id"], name=op.f("fk_attentes_intervention_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attentes")),
    )
    op.create_index(op.f("idx_attentes_agence_id"), "attentes", ["agence_id"])
    op.create_index(op.f("idx_attentes_intervention_id"), "attentes", ["intervention_id"])

    for table, colonnes in _COLONNES.items():
        h.ajouter_colonnes(table, colonnes)


def downgrade() -> None:
    for table, colonnes in reversed(_COLONNES.items()):
        h.retirer_colonnes(table, [c.name for c in reversed(colonnes)])
    for table in ("attentes", "avenants", "modeles_intervention"):
        op.drop_table(table)
