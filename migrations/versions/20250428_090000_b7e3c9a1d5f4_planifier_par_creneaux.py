"""Slots of interventions, absences, what a plan may break and the skills that work needs.

Revision ID: b7e3c9a1d5f4
Revises: b7e1c5a9d3f2
Create Date: 2025-04-28 09:00:00
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from migrations import helpers as h

revision = "b7e3c9a1d5f4"
down_revision = "b7e1c5a9d3f2"
branch_labels = None
depends_on = None

perd_au_retour: str | None = (
    "Les créneaux du planning (il en reste la date planifiée et le technicien), les absences, les règles de "
    "planification et les compétences requises."
)

ecarts_de_lignes = ("creneaux",)


def upgrade() -> None:
    _creer(
        "creneaux",
        sa.Column("intervention_id", h.entier_long(), nullable=False),
        sa.Column("technicien_id", h.entier_long(), nullable=False),
        sa.Column("debut", h.instant(), nullable=False),
        sa.Column("fin", h.instant(), nullable=False),
        sa.Column("zone", sa.String(40), nullable=False),
        sa.Column("trajet_avant_min", sa.Integer(), nullable=True),
        sa.Column("role", sa.String(20), server_default="principal", nullable=False),
        sa.Column("etat", sa.String(20), server_default="confirme", nullable=False),
        sa.Column("verrouille", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("ordre", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["intervention_id"], ["interventions.id"], name=op.f("fk_creneaux_intervention_id")),
        sa.ForeignKeyConstraint(["technicien_id"], ["techniciens.id"], name=op.f("fk_creneaux_technicien_id")),
        sa.CheckConstraint("role IN ('principal', 'renfort')", name=op.f("ck_creneaux_role")),
        sa.CheckConstraint("etat IN ('propose', 'confirme', 'fait', 'annule')", name=op.f("ck_creneaux_etat")),
        sa.CheckConstraint("fin > debut", name=op.f("ck_creneaux_duree")),
        sa.UniqueConstraint("intervention_id", "ordre", name=op.f("uq_creneaux_intervention_id_ordre")),
    )
    for colonne in ("agence_id", "intervention_id", "technicien_id"):
        op.create_index(f"idx_creneaux_{colonne}", "creneaux", [colonne])
    op.create_index("idx_creneau_debut", "creneaux", ["debut"])
    op.create_index("idx_creneau_technicien_debut", "creneaux", ["technicien_id", "debut"])
    _creer(
        "absences",
        sa.Column("technicien_id", h.entier_long(), nullable=False),
        sa.Column("debut", h.instant(), nullable=False),
        sa.Column("fin", h.instant(), nullable=False),
        sa.Column("zone", sa.String(40), nullable=False),
        sa.Column("type", sa.String(20), nullable=False),
        sa.Column("statut", sa.String(20), server_default="demande", nullable=False),
        sa.Column("remarque", sa.Text(), nullable=True),
        sa.Column("recurrence", sa.String(20), nullable=True),
        sa.Column("recurrence_fin", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["technicien_id"], ["techniciens.id"], name=op.f("fk_absences_technicien_id")),
        sa.CheckConstraint(
            "type IN ('conge', 'maladie', 'formation', 'astreinte', 'autre')", name=op.f("ck_absences_type")
        ),
        sa.CheckConstraint("statut IN ('demande', 'acceptee', 'refusee')", name=op.f("ck_absences_statut")),
        sa.CheckConstraint("recurrence IN ('hebdomadaire')", name=op.f("ck_absences_recurrence")),
        sa.CheckConstraint("fin > debut", name=op.f("ck_absences_duree")),
    )
    for colonne in ("agence_id", "technicien_id"):
        op.create_index(f"idx_absences_{colonne}", "absences", [colonne])
    op.create_index("idx_absence_technicien_debut", "absences", ["technicien_id", "debut"])
    _creer(
        "regles_planning",
        sa.Column("regle", sa.String(20), nullable=False),
        sa.Column("verdict", sa.String(20), nullable=False),
        sa.CheckConstraint(
            "regle IN ('chevauchement', 'absence', 'indisponible', 'competence', 'horaires', 'ferie', 'sla', "
            "'equipement_retire')",
            name=op.f("ck_regles_planning_regle"),
        ),
        sa.CheckConstraint("verdict IN ('refuser', 'avertir', 'ignorer')", name=op.f("ck_regles_planning_verdict")),
        sa.UniqueConstraint("agence_id", "regle", name=op.f("uq_regles_planning_agence_id_regle")),
    )
    op.create_index("idx_regles_planning_agence_id", "regles_planning", ["agence_id"])
    _creer(
        "competences_requises",
        sa.Column("type_equipement", sa.String(80), nullable=False),
        sa.Column("competence_id", h.entier_long(), nullable=False),
        sa.Column("niveau", sa.String(20), server_default="debutant", nullable=False),
        sa.ForeignKeyConstraint(
            ["competence_id"], ["competences.id"], name=op.f("fk_competences_requises_competence_id")
        ),
        sa.CheckConstraint(
            "niveau IN ('debutant', 'intermediaire', 'avance', 'expert')", name=op.f("ck_competences_requises_niveau")
        ),
        sa.UniqueConstraint(
            "agence_id", "type_equipement", "competence_id",
            name=op.f("uq_competences_requises_agence_id_type_equipement_competence_id"),
        ),
    )  # fmt: skip
    for colonne in ("agence_id", "competence_id"):
        op.create_index(f"idx_competences_requises_{colonne}", "competences_requises", [colonne])
    _reprendre()


def _creer(table: str, *elements: Any) -> None:
    op.create_table(
        table,
        sa.Column("id", h.entier_long(), autoincrement=False, nullable=False),
        sa.Column("agence_id", h.entier_long(), nullable=True),
        *(e for e in elements if isinstance(e, sa.Column)),
        sa.Column("created_at", h.instant(), nullable=False),
        sa.Column("updated_at", h.instant(), nullable=False),
        sa.Column("created_by_id", h.entier_long(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.ForeignKeyConstraint(["agence_id"], ["agences.id"], name=op.f(f"fk_{table}_agence_id")),
        *(e for e in elements if not isinstance(e, sa.Column)),
    )


def _reprendre() -> None:
    """A slot for each planned intervention that is not over, an hour long unless somebody estimated it.

    Under the intervention's own identifier. A branch's cache gets them from the centre, which knows what the others
    planned meanwhile; until then it shows the plan of the intervention.
    """
    if h.est_sqlite():
        fin = (
            "strftime('%Y-%m-%dT%H\\:%M\\:%f', i.date_planifiee, '+' || coalesce(nullif(i.duree_estimee, 0), 60) "
            "|| ' minutes') || '000Z'"
        )
        seul = "AND datetime(i.date_planifiee) IS NOT NULL AND NOT EXISTS (SELECT 1 FROM sync_meta WHERE cle = 'url')"
    else:
        fin, seul = "i.date_planifiee + make_interval(mins => coalesce(nullif(i.duree_estimee, 0), 60))", ""
    op.execute(
        sa.text(
            "INSERT INTO creneaux (id, agence_id, intervention_id, technicien_id, debut, fin, zone, created_at, "
            f"updated_at) SELECT i.id, i.agence_id, i.id, i.technicien_id, i.date_planifiee, {fin}, "
            f"coalesce(i.zone_planifiee, 'Africa/Casablanca'), {h.maintenant()}, {h.maintenant()} "
            "FROM interventions i WHERE i.technicien_id IS NOT NULL AND i.date_planifiee IS NOT NULL "
            "AND i.statut IN ('affectee', 'en_cours', 'en_attente') "
            f"AND coalesce(nullif(i.duree_estimee, 0), 60) BETWEEN 1 AND 44640 {seul}"
        )
    )


def downgrade() -> None:
    for table in ("competences_requises", "regles_planning", "absences", "creneaux"):
        op.drop_table(table)
