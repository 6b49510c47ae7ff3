"""Times of techniciens, downtime of machines; why work waits and what the client thinks of it.

Revision ID: f7a1c5e9b3d6
Revises: d7a1e5c3f9b6
Create Date: 2025-05-26 09:00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import helpers as h

revision = "f7a1c5e9b3d6"
down_revision = "d7a1e5c3f9b6"
branch_labels = None
depends_on = None

perd_au_retour: str | None = (
    "Les temps passés (il en reste la durée réelle et le déplacement) et les arrêts des équipements ; le coût "
    "horaire des techniciens, le motif de l'attente et l'avis du client."
)

ecarts_de_lignes = ()

_INTERVENTION = {"motif_attente": sa.String(20), "satisfaction_commentaire": sa.String(500)}


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
        "temps",
        sa.Column("intervention_id", h.entier_long(), nullable=False),
        sa.Column("technicien_id", h.entier_long(), nullable=False),
        sa.Column("debut", h.instant(), nullable=False),
        sa.Column("fin", h.instant(), nullable=False),
        sa.Column("type", sa.String(20), server_default="travail", nullable=False),
        sa.Column("tarif_id", h.entier_long(), nullable=True),
        sa.Column("unite", sa.String(20), nullable=True),
        sa.Column("quantite", h.montant(12, 3), nullable=True),
        sa.Column("prix_unitaire", h.montant(12, 2), nullable=True),
        sa.Column("cout_horaire", h.montant(12, 2), nullable=True),
        sa.ForeignKeyConstraint(["intervention_id"], ["interventions.id"], name=op.f("fk_temps_intervention_id")),
        sa.ForeignKeyConstraint(["technicien_id"], ["techniciens.id"], name=op.f("fk_temps_technicien_id")),
        sa.CheckConstraint("type IN ('travail', 'trajet', 'attente')", name=op.f("ck_temps_type")),
        sa.CheckConstraint("fin > debut", name=op.f("ck_temps_duree")),
    )
    for colonne in ("intervention_id", "technicien_id"):
        op.create_index(f"idx_temps_{colonne}", "temps", [colonne])
    op.create_index("idx_temps_technicien_debut", "temps", ["technicien_id", "debut"])
    _table(
        "arrets",
        sa.Column("equipement_id", h.entier_long(), nullable=False),
        sa.Column("intervention_id", h.entier_long(), nullable=True),
        sa.Column("debut", h.instant(), nullable=False),
        sa.Column("fin", h.instant(), nullable=True),
        sa.Column("cause", sa.String(20), server_default="panne", nullable=False),
        sa.Column("remarque", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["equipement_id"], ["equipements.id"], name=op.f("fk_arrets_equipement_id")),
        sa.ForeignKeyConstraint(["intervention_id"], ["interventions.id"], name=op.f("fk_arrets_intervention_id")),
        sa.CheckConstraint(
            "cause IN ('panne', 'entretien', 'piece', 'energie', 'securite', 'autre')", name=op.f("ck_arrets_cause")
        ),
        sa.CheckConstraint("fin IS NULL OR fin > debut", name=op.f("ck_arrets_duree")),
    )
    for colonne in ("equipement_id", "intervention_id"):
        op.create_index(f"idx_arrets_{colonne}", "arrets", [colonne])
    op.create_index("idx_arret_equipement_debut", "arrets", ["equipement_id", "debut"])
    h.ajouter_colonnes("techniciens", [sa.Column("cout_horaire", h.montant(12, 2), nullable=True)])
    h.ajouter_colonnes("interventions", [sa.Column(nom, kind, nullable=True) for nom, kind in _INTERVENTION.items()])


def downgrade() -> None:
    # Without a rebuild: it would put the references of the columns before into a form that SQLite does not drop.
    h.retirer_colonnes("interventions", list(reversed(_INTERVENTION)))
    h.retirer_colonnes("techniciens", ["cout_horaire"])
    for table in ("arrets", "temps"):
        op.drop_table(table)
