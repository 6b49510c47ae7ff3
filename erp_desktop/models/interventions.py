from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped
from sqlalchemy.sql.elements import conv

from erp_desktop.domain.enums import (
    CauseArret,
    Imputation,
    MotifAttente,
    Priorite,
    Statut,
    TypeCodePanne,
    TypeIntervention,
    TypeLigne,
    TypeTemps,
)
from erp_desktop.models.base import ADMINISTRATION, LOTS, SUIVI, TRAVAUX, Base, LigneAgence
from erp_desktop.models.clients import CONTRATS
from erp_desktop.models.declare import Group, Noun, Policy, choice, field, link
from erp_desktop.models.equipements import PREVENTIF
from erp_desktop.models.expressions.sorting import cle_tri, due, to_do
from erp_desktop.models.expressions.words import indexed
from erp_desktop.models.stock import STOCK
from erp_desktop.models.types import Montant, big_int, json_type

# In the brackets that PostgreSQL writes, so that both engines tell the same.
_EN_COURS = sa.text("(statut = 'ouverte') OR (statut = 'affectee') OR (statut = 'en_cours')")
_ANTIDATEE = sa.text("COALESCE(date_limite, date_planifiee, date_creation) < date_creation")


def _link(label: str, cible: str) -> Mapped[Any]:
    """A reference that few rows have, without a whole index."""
    return link(label, cible, index=False, since=PREVENTIF)


def _some(nom: str, *colonnes: str, where: sa.TextClause, unique: bool = False) -> sa.Index:
    """An index of some rows alone."""
    return sa.Index(nom, *colonnes, unique=unique, sqlite_where=where, postgresql_where=where)


def _given(nom: str, *colonnes: str, unique: bool = False) -> sa.Index:
    """An index of the few rows that have a value in its last column."""
    return _some(nom, *colonnes, where=sa.text(f"{colonnes[-1]} IS NOT NULL"), unique=unique)


class Intervention(LigneAgence, Base):
    """A job on a client's machine: the trade's central noun. Durations are minutes."""

    __tablename__ = "interventions"
    __noun__ = Noun(
        "Intervention",
        "wrench",
        name="numero",
        follows=("client_id", "equipement_id"),
        groups=(
            Group(
                "plan", ("technicien_id", "date_planifiee", "zone_planifiee", "duree_estimee"), label="Planification"
            ),
            # CHECK: what is urgent has the priority of that name.
            Group("priorite", ("priorite", "urgence")),
            # The client is the machine's, the contract the client's.
            Group("objet", ("equipement_id", "client_id", "contrat_id"), label="Objet"),
            # CHECK: an end is not before its beginning. Both are stamped with the statut.
            Group("travaux", ("date_debut_travaux", "date_fin_travaux"), label="Travaux", follows="statut"),
            # Beside the dates: a time that a colleague notes moves it, and is no reason to ask about them.
            Group("duree_reelle", ("duree_reelle",), follows="statut"),
            Group("date_cloture", ("date_cloture",), asks=False, follows="statut"),
            Group("motif_attente", ("motif_attente",), asks=False, follows="statut"),
            Group("signature", ("signature", "signataire", "signe_le", "signature_refus")),
            Group("satisfaction", ("satisfaction_client", "satisfaction_commentaire"), label="Satisfaction"),
            Group("imputation", ("imputation", "imputation_motif")),
            Group("panne", ("probleme_id", "cause_id", "remede_id"), label="Panne"),
            Group("checklist", ("checklist_id", "checklist_version"), label="Checklist", asks=False),
        ),
        # Two desktops that generate a visit make one: it has one number, and began once.
        key=("occurrence_id",),
        made=True,
        kept=("numero", "date_creation"),
    )
    __table_args__ = (
        sa.CheckConstraint(
            "satisfaction_client >= 1 AND satisfaction_client <= 5", name=conv("ck_satisfaction_range")
        ),
        sa.CheckConstraint("NOT urgence OR priorite = 'urgente'", name="urgence"),
        sa.CheckConstraint(
            "date_fin_travaux IS NULL OR date_debut_travaux IS NULL OR date_fin_travaux >= date_debut_travaux",
            name="dates_travaux",
        ),
        sa.Index("idx_intervention_status_date", "statut", "date_creation"),
        sa.Index("idx_intervention_statut_priorite", "statut", "priorite", "date_creation", "agence_id"),
        sa.Index("idx_intervention_satisfaction", "satisfaction_client"),
        sa.Index("idx_intervention_agence_numero", "agence_id", "numero"),
        sa.Index("idx_intervention_date_creation", "date_creation"),
        sa.Index("idx_intervention_date_limite", "date_limite"),
        sa.Index("idx_intervention_cloture", "date_cloture", "date_creation"),
        _given("uq_interventions_occurrence_id", "occurrence_id", unique=True),
        _given("idx_interventions_origine_id", "origine_id"),
        # The open visits of plans: all that the list of plans reads to say which is next.
        _given("idx_intervention_visites", "statut", "occurrence_id"),
        # One for each order that the list offers, see ``services.interventions.pages.strata``.
        sa.Index("idx_intervention_date_planifiee", "date_planifiee"),
        # Of what nobody does hardly any has its day.
        _some("idx_intervention_sans_technicien", "date_planifiee", where=sa.text("technicien_id IS NULL")),
        sa.Index("idx_intervention_priorite", "priorite", "date_creation"),
        _some("idx_intervention_echeance", "date_limite", where=_EN_COURS),
        _some("idx_intervention_antidatees", "date_creation", where=_ANTIDATEE),
    )

    numero: Mapped[str] = field("Numéro", sa.String(40), unique=True, code=True)
    titre: Mapped[str] = field("Titre", sa.String(200))
    description: Mapped[str | None] = field("Description", sa.Text)
    type: Mapped[str] = choice("Type", TypeIntervention, "corrective")
    statut: Mapped[str] = choice("Statut", Statut, "ouverte", policy=Policy.STATUT)
    priorite: Mapped[str] = choice("Priorité", Priorite, "normale")
    urgence: Mapped[bool] = field("Urgence", server_default=sa.false(), default=False)
    equipement_id: Mapped[int] = link("Équipement", "equipements.id")
    client_id: Mapped[int] = link("Client", "clients.id")
    contrat_id: Mapped[int | None] = link("Contrat", "contrats.id")
    technicien_id: Mapped[int | None] = field(
        "Technicien",
        big_int(),
        sa.ForeignKey("techniciens.id", name=conv("fk_intervention_technicien"), ondelete="SET NULL"),
        index=True,
    )
    date_creation: Mapped[datetime] = field("Date de création")
    date_planifiee: Mapped[datetime | None] = field("Planifiée le")
    zone_planifiee: Mapped[str | None] = field("Fuseau horaire", sa.String(40))
    """IANA zone in which ``date_planifiee`` was chosen."""
    date_limite: Mapped[datetime | None] = field("Échéance")
    date_affectation: Mapped[datetime | None] = field("Date d'affectation")
    date_debut_travaux: Mapped[datetime | None] = field("Début des travaux")
    date_fin_travaux: Mapped[datetime | None] = field("Fin des travaux")
    date_cloture: Mapped[datetime | None] = field("Date de clôture")
    duree_estimee: Mapped[int | None] = field("Durée estimée", minutes=True)
    duree_reelle: Mapped[int | None] = field("Durée réelle", minutes=True)
    temps_deplacement: Mapped[int | None] = field("Déplacement", minutes=True)
    diagnostic: Mapped[str | None] = field("Diagnostic", sa.Text)
    travaux_realises: Mapped[str | None] = field("Travaux réalisés", sa.Text)
    recommandations: Mapped[str | None] = field("Recommandations", sa.Text)
    notes_internes: Mapped[str | None] = field("Notes internes", sa.Text)
    cout_externe: Mapped[Decimal | None] = field("Coût externe")
    """Cost taken over from an imported work order, MAD."""
    satisfaction_client: Mapped[int | None] = field("Satisfaction")
    signature: Mapped[bytes | None] = field("Signature", sa.LargeBinary)
    """PNG."""
    signataire: Mapped[str | None] = field("Signataire", sa.String(120))
    imputation: Mapped[str | None] = choice("Imputation", Imputation, length=10, since=CONTRATS)
    """What a responsable decided; NULL follows the quota of the contract."""
    imputation_motif: Mapped[str | None] = field("Motif de l'imputation", sa.String(200), since=CONTRATS)
    # ``codes_panne.id``, without a reference in the schema: a code is withdrawn, never deleted, and a reference would
    # rebuild this table, the largest that clerks wait for. Reports that count by code read the whole period anyway.
    probleme_id: Mapped[int | None] = field("Problème", big_int(), since=ADMINISTRATION)
    cause_id: Mapped[int | None] = field("Cause", big_int(), since=ADMINISTRATION)
    remede_id: Mapped[int | None] = field("Remède", big_int(), since=ADMINISTRATION)
    occurrence_id: Mapped[int | None] = _link("Échéance du préventif", "occurrences.id")
    """The due date of a preventive plan that it is the visit of."""
    checklist_id: Mapped[int | None] = _link("Checklist", "checklists.id")
    checklist_version: Mapped[int | None] = field("Version de la checklist", sa.Integer, since=PREVENTIF)
    origine_id: Mapped[int | None] = _link("Suite de", "interventions.id")
    """The intervention that this one follows up."""
    motif_attente: Mapped[str | None] = choice("Motif de l'attente", MotifAttente, checked=False, since=TRAVAUX)
    """Why it is en_attente now; ``attentes`` has each stretch with its reason."""
    satisfaction_commentaire: Mapped[str | None] = field("Avis du client", sa.String(500), since=TRAVAUX)
    signe_le: Mapped[datetime | None] = field("Signé le", since=SUIVI)
    signature_refus: Mapped[str | None] = field("Motif du refus de signer", sa.String(200), since=SUIVI)
    """Why there is no signature although the client was asked for one."""


DUE = due(Intervention)
to_do(Intervention)
sa.Index("idx_intervention_titre_tri", cle_tri(Intervention.__table__.c.titre), Intervention.__table__.c.id)
WORDS = ("titre", "description", "diagnostic", "travaux_realises", "recommandations", "notes_internes",
         "satisfaction_commentaire")  # fmt: skip
"""Columns of an intervention in which a word is looked for."""
indexed("idx_intervention_mots", *(Intervention.__table__.c[name] for name in WORDS))


class LigneIntervention(LigneAgence, Base):
    """Part, labour, travel or other; append-only once the intervention is closed."""

    __tablename__ = "lignes_intervention"
    __noun__ = Noun(
        "Ligne d'intervention",
        "note-pencil",
        name="designation",
        root="intervention_id",
        groups=(
            Group(
                "ligne",
                (
                    "type_ligne",
                    "piece_id",
                    "designation",
                    "quantite",
                    "prix_unitaire",
                    "taux_tva",
                    "depot_id",
                    "prevue",
                    "lot",
                ),
                label="Ligne",
            ),
        ),
        key=("intervention_id", "planning_piece_id"),
        made=True,
    )
    __table_args__ = (
        _given("uq_lignes_intervention_planning_piece", "intervention_id", "planning_piece_id", unique=True),
    )

    intervention_id: Mapped[int] = link("Intervention", "interventions.id")
    type_ligne: Mapped[str] = choice("Type de ligne", TypeLigne)
    piece_id: Mapped[int | None] = link("Pièce", "pieces_detachees.id")
    designation: Mapped[str] = field("Désignation", sa.String(200))
    quantite: Mapped[Decimal] = field("Quantité", Montant(12, 3))
    prix_unitaire: Mapped[Decimal] = field("Prix unitaire")
    taux_tva: Mapped[Decimal] = field("TVA %", Montant(5, 2))
    """Percent."""
    # Without an index: nobody asks for the lines of a place, and this is the largest table after the audit.
    depot_id: Mapped[int | None] = field("Dépôt", big_int(), sa.ForeignKey("depots.id"), since=STOCK)
    """Where a part comes from; without it, the line moves no stock."""
    facturable: Mapped[bool] = field("Facturable", sa.Boolean, server_default=sa.true(), default=True, since=STOCK)
    prevue: Mapped[bool] = field("Prévue", sa.Boolean, server_default=sa.false(), default=False, since=STOCK)
    """A part that is set aside and not taken yet: a reservation, which costs nothing."""
    planning_piece_id: Mapped[int | None] = _link("Pièce du plan", "planning_pieces.id")
    """The part of the plan's model that this line was made of."""
    lot: Mapped[str | None] = field("Lot ou série", sa.String(60), code=True, since=LOTS)
    """Which units of a followed part were built in."""


indexed("idx_lignes_intervention_mots", LigneIntervention.__table__.c.designation)


class HistoriqueIntervention(LigneAgence, Base):
    """Append-only audit. ``poste`` and ``recu_a`` are stamped by the centre beside the claimed user."""

    __tablename__ = "historiques_interventions"
    __noun__ = Noun(
        "Historique", "clock-counter-clockwise", append_only=True, root="intervention_id", made=True,
        # What each desktop writes by itself carries the instant agreed; rows of people have their own.
        key=("intervention_id", "action", "horodatage", "remarque"),
    )  # fmt: skip
    __table_args__ = (
        sa.Index("idx_historique_intervention_date", "intervention_id", "horodatage"),
        _some("idx_historique_annulation", "horodatage", "intervention_id", where=sa.text("statut = 'annulee'")),
    )

    intervention_id: Mapped[int] = field("Intervention", big_int(), sa.ForeignKey("interventions.id"))
    user_id: Mapped[int | None] = field("Auteur", big_int())
    """The claimed user; no foreign key, see ``base``."""
    action: Mapped[str] = field("Action", sa.String(40), policy=Policy.CENTRE)
    statut: Mapped[str | None] = field("Statut", sa.String(20), policy=Policy.CENTRE)
    """Statut after the action."""
    ancienne_valeur: Mapped[Any | None] = field("Ancienne valeur", json_type())
    nouvelle_valeur: Mapped[Any | None] = field("Nouvelle valeur", json_type())
    remarque: Mapped[str | None] = field("Remarque", sa.Text)
    horodatage: Mapped[datetime] = field("Date et heure")
    poste: Mapped[int | None] = field("Poste", policy=Policy.CENTRE_SEUL)
    recu_a: Mapped[datetime | None] = field("Reçu le", policy=Policy.CENTRE_SEUL)


indexed("idx_historique_mots", HistoriqueIntervention.__table__.c.remarque)


class CodePanne(LigneAgence, Base):
    """A problem, a cause or a remedy that a technicien chooses, so that reports can count them.

    ``parent_id`` makes a tree of each kind; ``type_equipement`` keeps a code to machines of one type.
    """

    __tablename__ = "codes_panne"
    __noun__ = Noun("Code de panne", "warning-circle", name="libelle", device_writes=False)
    __table_args__ = (sa.UniqueConstraint("type", "code"), {"info": {"since": ADMINISTRATION}})

    type: Mapped[str] = choice("Type", TypeCodePanne)
    code: Mapped[str] = field("Code", sa.String(20), code=True)
    libelle: Mapped[str] = field("Libellé", sa.String(120))
    parent_id: Mapped[int | None] = link("Code parent", "codes_panne.id")
    type_equipement: Mapped[str | None] = field("Type d'équipement", sa.String(80))
    is_active: Mapped[bool] = field("Actif", server_default=sa.true(), default=True)


class Temps(LigneAgence, Base):
    """One stretch of one technicien's time for one intervention; several people or days are several rows.

    ``interventions.duree_reelle`` and ``temps_deplacement`` are their sums (``registry.worked``). What an hour, a
    kilometre or a zone costs is copied from the tariff of the day when the row is written, and stays.
    """

    __tablename__ = "temps"
    __noun__ = Noun(
        "Temps passé",
        "clock",
        root="intervention_id",
        groups=(
            # The price is that of this kind of time, the cost that of this technicien.
            Group(
                "temps",
                (
                    "technicien_id",
                    "debut",
                    "fin",
                    "type",
                    "tarif_id",
                    "unite",
                    "quantite",
                    "prix_unitaire",
                    "cout_horaire",
                ),
                label="Temps passé",
            ),
        ),
    )
    __table_args__ = (
        sa.CheckConstraint("fin > debut", name="duree"),
        sa.Index("idx_temps_technicien_debut", "technicien_id", "debut"),
        {"info": {"since": TRAVAUX}},
    )

    intervention_id: Mapped[int] = link("Intervention", "interventions.id")
    technicien_id: Mapped[int] = link("Technicien", "techniciens.id")
    debut: Mapped[datetime] = field("Début")
    fin: Mapped[datetime] = field("Fin")
    type: Mapped[str] = choice("Type", TypeTemps, "travail")
    tarif_id: Mapped[int | None] = field("Tarif", big_int())
    """Which tariff the price is from; without a reference, for administrators take old tariffs away."""
    unite: Mapped[str | None] = field("Unité", sa.String(20))
    """Of the price; ``h`` counts the hours of the stretch, any other ``quantite``."""
    quantite: Mapped[Decimal | None] = field("Quantité", Montant(12, 3))
    prix_unitaire: Mapped[Decimal | None] = field("Prix unitaire")
    """Before tax, MAD."""
    cout_horaire: Mapped[Decimal | None] = field("Coût horaire")
    """What an hour of the technicien costs the company, MAD."""


class Arret(LigneAgence, Base):
    """When a machine stood still, whoever worked on it meanwhile; without ``fin`` it still does.

    Two of one machine never overlap: the centre refuses the second (``registry.rules``).
    """

    __tablename__ = "arrets"
    __noun__ = Noun(
        "Arrêt", "pause-circle", root="equipement_id", groups=(Group("arret", ("debut", "fin"), label="Arrêt"),)
    )
    __table_args__ = (
        sa.CheckConstraint("fin IS NULL OR fin > debut", name="duree"),
        sa.Index("idx_arret_equipement_debut", "equipement_id", "debut"),
        {"info": {"since": TRAVAUX}},
    )

    equipement_id: Mapped[int] = link("Équipement", "equipements.id")
    intervention_id: Mapped[int | None] = link("Intervention", "interventions.id")
    debut: Mapped[datetime] = field("Début")
    fin: Mapped[datetime | None] = field("Fin")
    cause: Mapped[str] = choice("Cause", CauseArret, "panne")
    remarque: Mapped[str | None] = field("Remarque", sa.Text)


class Attente(LigneAgence, Base):
    """One stretch that an intervention was en_attente, and why: what reports sum by reason.

    Written with the change of statut that begins or ends it. A stretch without ``fin`` lasts as long as the
    intervention waits: two desktops may each end the wait, so what an open one counts is read from the intervention
    (``services.interventions.waits``) and never mended in the row.
    """

    __tablename__ = "attentes"
    __noun__ = Noun(
        "Attente", "hourglass-medium", root="intervention_id", since=SUIVI,
        groups=(Group("attente", ("debut", "fin"), label="Attente", asks=False),),
    )  # fmt: skip
    __table_args__ = (sa.CheckConstraint("fin IS NULL OR fin >= debut", name="duree"),)

    intervention_id: Mapped[int] = link("Intervention", "interventions.id")
    motif: Mapped[str] = choice("Motif de l'attente", MotifAttente, "autre")
    debut: Mapped[datetime] = field("Début")
    fin: Mapped[datetime | None] = field("Fin")
    remarque: Mapped[str | None] = field("Remarque", sa.String(200))


class ModeleIntervention(LigneAgence, Base):
    """What an intervention that is asked for again and again begins with; the copy is free of it afterwards."""

    __tablename__ = "modeles_intervention"
    __noun__ = Noun("Modèle d'intervention", "copy", name="nom", since=SUIVI)

    nom: Mapped[str] = field("Nom", sa.String(120))
    titre: Mapped[str] = field("Titre", sa.String(200))
    description: Mapped[str | None] = field("Description", sa.Text)
    type: Mapped[str] = choice("Type", TypeIntervention, "corrective")
    priorite: Mapped[str] = choice("Priorité", Priorite, "normale")
    duree_estimee: Mapped[int | None] = field("Durée estimée", minutes=True)
    checklist_id: Mapped[int | None] = link("Checklist", "checklists.id")
    is_active: Mapped[bool] = field("Actif", server_default=sa.true(), default=True)
