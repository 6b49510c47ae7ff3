"""Preventive plans with their due dates, parts, meters and checklists; what a visit is of, and what it follows up.

Revision ID: f4d8b2c6e0a5
Revises: c9f3b7d1e5a4
Create Date: 2025-06-02 09:00:00
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

from migrations import helpers as h

revision = "f4d8b2c6e0a5"
down_revision = "c9f3b7d1e5a4"
branch_labels = None
depends_on = None

perd_au_retour: str | None = (
    "Les échéances du préventif, les pièces, l'ancrage, les dates, la saison, les tolérances et les seuils de ses "
    "plans ; les compteurs et leurs relevés ; les checklists et leurs réponses ; des interventions, l'échéance, la "
    "checklist et l'origine."
)

ecarts_de_lignes = (
    "checklists", "points_checklist", "compteurs", "planning_pieces", "occurrences", "releves", "reponses_checklist",
)  # fmt: skip

_ANCRES = "ancre IN ('calendrier', 'cloture', 'compteur')"
_REPORTS = "report_ferie IN ('avant', 'apres', 'garder')"
_POINTS = "type_point IN ('oui_non', 'mesure', 'texte', 'photo')"


def _jour(nom: str) -> Callable[[], sa.Column[Any]]:
    return lambda: sa.Column(nom, sa.Date(), nullable=True)


def _entier(nom: str) -> Callable[[], sa.Column[Any]]:
    return lambda: sa.Column(nom, sa.Integer(), nullable=True)


def _cle(nom: str) -> Callable[[], sa.Column[Any]]:
    return lambda: sa.Column(nom, h.entier_long(), nullable=True)


def _choix(nom: str, usuel: str) -> Callable[[], sa.Column[Any]]:
    return lambda: sa.Column(nom, sa.String(10), server_default=usuel, nullable=False)


_COLONNES_DES_PLANS: tuple[tuple[Callable[[], sa.Column[Any]], str | None, tuple[str, str] | None], ...] = (
    (_choix("ancre", "calendrier"), None, ("ancre", _ANCRES)),
    (_jour("date_debut"), None, None),
    (_jour("date_fin"), None, ("dates", "date_fin IS NULL OR date_debut IS NULL OR date_fin >= date_debut")),
    (_jour("rythme_depuis"), None, None),
    (_entier("saison_debut"), None, None),
    (_entier("saison_fin"), None, ("saison", "(saison_debut IS NULL) = (saison_fin IS NULL)")),
    (_choix("report_ferie", "garder"), None, ("report_ferie", _REPORTS)),
    (_entier("tolerance_avant"), None, None),
    (_entier("tolerance_apres"), None, None),
    (_entier("horizon_jours"), None, None),
    (_cle("compteur_id"), "compteurs", None),
    (
        lambda: sa.Column("seuil", h.montant(14, 3), nullable=True), None,
        ("compteur", "ancre <> 'compteur' OR (compteur_id IS NOT NULL AND seuil IS NOT NULL)"),
    ),
    (_cle("checklist_id"), "checklists", None),
    (_cle("competence_id"), "competences", None),
    (_cle("technicien_prefere_id"), "techniciens", None),
    (_jour("genere_jusqu_au"), None, None),
)  # fmt: skip
"""Column, what it refers to, name and text of its CHECK."""


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


def _vers(table: str, colonne: str, cible: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([colonne], [f"{cible}.id"], name=op.f(f"fk_{table}_{colonne}"))


def _creer_les_checklists() -> None:
    _table(
        "checklists",
        sa.Column("nom", sa.String(160), nullable=False),
        sa.Column("type_equipement", sa.String(80), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False),
    )
    _table(
        "points_checklist",
        sa.Column("checklist_id", h.entier_long(), nullable=False),
        sa.Column("ordre", sa.Integer(), nullable=False),
        sa.Column("libelle", sa.String(200), nullable=False),
        sa.Column("type_point", sa.String(10), nullable=False),
        sa.Column("unite", sa.String(12), nullable=True),
        sa.Column("minimum", h.montant(14, 3), nullable=True),
        sa.Column("maximum", h.montant(14, 3), nullable=True),
        sa.Column("obligatoire", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("depuis", sa.Integer(), nullable=False),
        sa.Column("jusqua", sa.Integer(), nullable=True),
        _vers("points_checklist", "checklist_id", "checklists"),
        sa.CheckConstraint(_POINTS, name=op.f("ck_points_checklist_type_point")),
    )
    op.create_index("idx_points_checklist_checklist_id", "points_checklist", ["checklist_id"])


def _completer_les_plans() -> None:
    _table(
        "compteurs",
        sa.Column("equipement_id", h.entier_long(), nullable=False),
        sa.Column("nom", sa.String(60), nullable=False),
        sa.Column("unite", sa.String(12), server_default="h", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False),
        _vers("compteurs", "equipement_id", "equipements"),
        sa.UniqueConstraint("equipement_id", "nom", name=op.f("uq_compteurs_equipement_id_nom")),
    )
    op.create_index("idx_compteurs_equipement_id", "compteurs", ["equipement_id"])
    for colonne, vers, controle in _COLONNES_DES_PLANS:
        nom = None if controle is None else (f"ck_plannings_{controle[0]}", controle[1])
        h.ajouter_sur_place("plannings", colonne(), vers=vers, controle=nom)
    for colonne in ("compteur_id", "checklist_id", "competence_id", "technicien_prefere_id"):
        op.create_index(f"idx_plannings_{colonne}", "plannings", [colonne])
    _table(
        "planning_pieces",
        sa.Column("planning_id", h.entier_long(), nullable=False),
        sa.Column("piece_id", h.entier_long(), nullable=False),
        sa.Column("quantite", h.montant(12, 3), nullable=False),
        _vers("planning_pieces", "planning_id", "plannings"),
        _vers("planning_pieces", "piece_id", "pieces_detachees"),
        sa.UniqueConstraint("planning_id", "piece_id", name=op.f("uq_planning_pieces_planning_id_piece_id")),
    )
    op.create_index("idx_planning_pieces_planning_id", "planning_pieces", ["planning_id"])
    op.create_index("idx_planning_pieces_piece_id", "planning_pieces", ["piece_id"])
    _table(
        "occurrences",
        sa.Column("planning_id", h.entier_long(), nullable=False),
        sa.Column("cle", sa.String(40), nullable=False),
        sa.Column("date_prevue", sa.Date(), nullable=False),
        sa.Column("date_cible", sa.Date(), nullable=False),
        sa.Column("etat", sa.String(10), server_default="generee", nullable=False),
        sa.Column("motif", sa.String(200), nullable=True),
        _vers("occurrences", "planning_id", "plannings"),
        sa.UniqueConstraint("planning_id", "cle", name=op.f("uq_occurrences_planning_id_cle")),
        sa.CheckConstraint("etat IN ('generee', 'sautee', 'retiree')", name=op.f("ck_occurrences_etat")),
        sa.CheckConstraint("etat <> 'sautee' OR motif IS NOT NULL", name=op.f("ck_occurrences_motif")),
    )
    op.create_index("idx_occurrences_planning_id", "occurrences", ["planning_id"])
    op.create_index("idx_occurrences_date_cible", "occurrences", ["date_cible"])
    # Unique at the centre, a plain index in caches.
    vivantes = sa.text("etat <> 'retiree'")
    op.create_index(
        "uq_occurrences_date", "occurrences", ["planning_id", "date_prevue"], unique=not h.est_sqlite(),
        sqlite_where=vivantes, postgresql_where=vivantes,
    )  # fmt: skip


def _relier_les_interventions() -> None:
    for colonne, vers in (
        ("occurrence_id", "occurrences"), ("checklist_id", "checklists"), ("checklist_version", None),
        ("origine_id", "interventions"),
    ):  # fmt: skip
        kind = sa.Integer() if vers is None else h.entier_long()
        h.ajouter_sur_place("interventions", sa.Column(colonne, kind, nullable=True), vers=vers)
    h.ajouter_sur_place(
        "lignes_intervention", sa.Column("planning_piece_id", h.entier_long(), nullable=True), vers="planning_pieces"
    )
    for nom, table, colonnes, unique in (
        ("uq_interventions_occurrence_id", "interventions", ["occurrence_id"], True),
        ("idx_interventions_origine_id", "interventions", ["origine_id"], False),
        (
            "uq_lignes_intervention_planning_piece", "lignes_intervention", ["intervention_id", "planning_piece_id"],
            True,
        ),
    ):  # fmt: skip
        renseigne = sa.text(f"{colonnes[-1]} IS NOT NULL")
        op.create_index(nom, table, colonnes, unique=unique, sqlite_where=renseigne, postgresql_where=renseigne)


def upgrade() -> None:
    _creer_les_checklists()
    _completer_les_plans()
    _relier_les_interventions()
    _table(
        "releves",
        sa.Column("compteur_id", h.entier_long(), nullable=False),
        sa.Column("index_lu", h.montant(14, 3), nullable=False),
        sa.Column("releve_a", h.instant(), nullable=False),
        sa.Column("remise_a_zero", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("intervention_id", h.entier_long(), nullable=True),
        sa.Column("remarque", sa.String(200), nullable=True),
        _vers("releves", "compteur_id", "compteurs"),
        _vers("releves", "intervention_id", "interventions"),
    )
    op.create_index("idx_releves_compteur_quand", "releves", ["compteur_id", "releve_a"])
    op.create_index("idx_releves_intervention_id", "releves", ["intervention_id"])
    _table(
        "reponses_checklist",
        sa.Column("intervention_id", h.entier_long(), nullable=False),
        sa.Column("point_id", h.entier_long(), nullable=False),
        sa.Column("ordre", sa.Integer(), nullable=False),
        sa.Column("libelle", sa.String(200), nullable=False),
        sa.Column("type_point", sa.String(10), nullable=False),
        sa.Column("unite", sa.String(12), nullable=True),
        sa.Column("minimum", h.montant(14, 3), nullable=True),
        sa.Column("maximum", h.montant(14, 3), nullable=True),
        sa.Column("obligatoire", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("valeur", sa.String(2000), nullable=False),
        sa.Column("conforme", sa.Boolean(), nullable=True),
        sa.Column("remarque", sa.String(200), nullable=True),
        sa.Column("document_id", h.entier_long(), nullable=True),
        sa.Column("repondu_a", h.instant(), nullable=False),
        _vers("reponses_checklist", "intervention_id", "interventions"),
        _vers("reponses_checklist", "point_id", "points_checklist"),
        _vers("reponses_checklist", "document_id", "documents"),
    )
    op.create_index(
        "idx_reponses_checklist_intervention_point", "reponses_checklist", ["intervention_id", "point_id"]
    )
    op.create_index("idx_reponses_checklist_point_id", "reponses_checklist", ["point_id"])
    op.create_index("idx_reponses_checklist_document_id", "reponses_checklist", ["document_id"])


def downgrade() -> None:
    op.drop_table("reponses_checklist")
    op.drop_table("releves")
    op.drop_index("uq_lignes_intervention_planning_piece", "lignes_intervention")
    op.drop_index("idx_interventions_origine_id", "interventions")
    op.drop_index("uq_interventions_occurrence_id", "interventions")
    h.retirer_colonnes("lignes_intervention", ["planning_piece_id"])
    h.retirer_colonnes("interventions", ["origine_id", "checklist_version", "checklist_id", "occurrence_id"])
    op.drop_table("occurrences")
    op.drop_table("planning_pieces")
    for colonne in ("technicien_prefere_id", "competence_id", "checklist_id", "compteur_id"):
        op.drop_index(f"idx_plannings_{colonne}", "plannings")
    h.retirer_colonnes("plannings", [colonne().name for colonne, _, _ in reversed(_COLONNES_DES_PLANS)])
    op.drop_table("compteurs")
    op.drop_table("points_checklist")
    op.drop_table("checklists")
