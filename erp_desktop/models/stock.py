"""Parts, the places that hold them, the ledger of their movements and the counts.

No column holds a quantity in stock: it is the sum of the movements, on every replica.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from erp_desktop.domain.enums import EtatInventaire, StatutDepot, TypeDepot, TypeMouvement
from erp_desktop.domain.suivi import SuiviPiece
from erp_desktop.models.base import COUNTED_LOTS, LOTS, Base, LigneAgence, cle_naturelle
from erp_desktop.models.declare import Group, Noun, choice, field, link
from erp_desktop.models.expressions.sorting import sorted_by
from erp_desktop.models.types import Instant, Montant, big_int

STOCK = "b5e9d3c7a1f6"
"""Revision that completed these tables."""


class PieceDetachee(LigneAgence, Base):
    __tablename__ = "pieces_detachees"
    __noun__ = Noun(
        "Pièce",
        "package",
        name="reference",
        groups=(
            Group("prix", ("unite", "prix_unitaire"), label="Unité et prix"),
            Group("fournisseur", ("fournisseur", "fournisseur_reference")),
        ),
    )
    __table_args__ = (*cle_naturelle("uq_pieces_detachees_reference", "reference"),)

    reference: Mapped[str] = field("Référence", sa.String(60), code=True)
    designation: Mapped[str] = field("Désignation", sa.String(200))
    unite: Mapped[str] = field("Unité", sa.String(12), server_default="u", default="u")
    stock_minimum: Mapped[Decimal] = field(
        "Stock minimum", Montant(12, 3), server_default="0.000", default=Decimal(0)
    )
    prix_unitaire: Mapped[Decimal | None] = field("Prix de vente HT")
    is_active: Mapped[bool] = field("Actif", server_default=sa.true(), default=True)
    famille: Mapped[str | None] = field("Famille", sa.String(60), since=STOCK)
    code_barres: Mapped[str | None] = field("Code-barres", sa.String(60), index=True, code=True, since=STOCK)
    fournisseur: Mapped[str | None] = field("Fournisseur", sa.String(120), since=STOCK)
    fournisseur_reference: Mapped[str | None] = field("Réf. fournisseur", sa.String(60), code=True, since=STOCK)
    emplacement: Mapped[str | None] = field("Emplacement", sa.String(40), since=STOCK)
    """Where it lies in the agency's store."""
    remplacee_par_id: Mapped[int | None] = link("Remplacée par", "pieces_detachees.id", since=STOCK)
    taux_tva: Mapped[Decimal] = field(
        "TVA %", Montant(5, 2), server_default="20.00", default=Decimal("20.00"), since=STOCK
    )
    """Percent."""
    suivi: Mapped[str] = choice("Suivi", SuiviPiece, "aucun", length=10, checked=False, since=LOTS)
    """By what its units are told apart: a movement of it then says which."""


sorted_by(PieceDetachee, "designation", "reference", "famille", "emplacement")


class Depot(LigneAgence, Base):
    """A place that holds stock: the agency's store, a van, what is on its way, or what is scrapped."""

    __tablename__ = "depots"
    __noun__ = Noun(
        "Dépôt",
        "package",
        name="nom",
        groups=(Group("affectation", ("type_depot", "technicien_id"), label="Affectation"),),
    )
    __table_args__ = (sa.UniqueConstraint("agence_id", "nom"),)

    nom: Mapped[str] = field("Nom", sa.String(80))
    type_depot: Mapped[str] = choice("Type", TypeDepot, "agence")
    technicien_id: Mapped[int | None] = link("Technicien", "techniciens.id")
    is_active: Mapped[bool] = field("Actif", server_default=sa.true(), default=True)
    statut: Mapped[str] = choice("État", StatutDepot, "ouvert", length=10, since=STOCK)


class SeuilStock(LigneAgence, Base):
    """How much of a part a place should hold; without one, a part's own minimum is that of the agency's stores."""

    __tablename__ = "stock_seuils"
    __noun__ = Noun(
        "Seuil de stock",
        "package",
        root="depot_id",
        key=("piece_id", "depot_id"),
        groups=(Group("seuils", ("minimum", "maximum"), label="Seuils"),),
        since=STOCK,
    )
    __table_args__ = (
        sa.UniqueConstraint("piece_id", "depot_id"),
        sa.CheckConstraint("maximum IS NULL OR CAST(maximum AS REAL) >= CAST(minimum AS REAL)", name="bornes"),
    )

    piece_id: Mapped[int] = link("Pièce", "pieces_detachees.id")
    depot_id: Mapped[int] = link("Dépôt", "depots.id")
    minimum: Mapped[Decimal] = field("Minimum", Montant(12, 3))
    maximum: Mapped[Decimal | None] = field("Maximum", Montant(12, 3))


class Inventaire(LigneAgence, Base):
    """A count of one place. Validated, it leaves the stock at the moment of counting equal to what was counted."""

    __tablename__ = "inventaires"
    __noun__ = Noun(
        "Inventaire", "package", root="depot_id", groups=(Group("etat", ("etat", "fige_a")),), since=STOCK
    )

    depot_id: Mapped[int] = link("Dépôt", "depots.id")
    numero: Mapped[str] = field("Numéro", sa.String(40), unique=True, code=True)
    etat: Mapped[str] = choice("État", EtatInventaire, "ouvert", length=10)
    ouvert_a: Mapped[datetime] = field("Ouvert le")
    fige_a: Mapped[datetime | None] = field("Terminé le")
    """When it was validated or given up."""
    remarque: Mapped[str | None] = field("Remarque", sa.Text)


class LigneInventaire(LigneAgence, Base):
    """One entry of a count, append-only: what was counted of a part is the sum of its entries.

    Two people who count different shelves of one place add up, on any number of devices; correcting an entry is
    another one, with the difference. A part without entry was not counted, which is not zero; of a followed part each
    lot is counted for itself.
    """

    __tablename__ = "lignes_inventaire"
    __noun__ = Noun("Ligne d'inventaire", "package", append_only=True, root="inventaire_id", since=STOCK)
    __table_args__ = (sa.Index("idx_lignes_inventaire_inventaire_piece", "inventaire_id", "piece_id"),)

    inventaire_id: Mapped[int] = link("Inventaire", "inventaires.id")
    piece_id: Mapped[int] = link("Pièce", "pieces_detachees.id")
    quantite: Mapped[Decimal] = field("Quantité", Montant(12, 3))
    """Signed; zero says that nothing was found."""
    comptee_a: Mapped[datetime] = field("Compté le")
    motif: Mapped[str | None] = field("Motif", sa.String(200))
    lot: Mapped[str | None] = field("Lot ou série", sa.String(60), code=True, since=COUNTED_LOTS)
    """Which units of a followed part were counted, empty for those that carry none; NULL: the part as a whole."""


class MouvementStock(LigneAgence, Base):
    """Append-only ledger; the stock is the signed sum of ``quantite``."""

    __tablename__ = "mouvements_stock"
    __noun__ = Noun("Mouvement", "package", append_only=True, root="depot_id")
    __table_args__ = (
        sa.Index("idx_mouvements_stock_piece_depot", "piece_id", "depot_id"),
        sa.Index("idx_mouvements_stock_type", "type_mouvement"),
        *cle_naturelle("uq_mouvements_stock_annule_id", "annule_id"),
    )

    piece_id: Mapped[int] = link("Pièce", "pieces_detachees.id")
    depot_id: Mapped[int] = link("Dépôt", "depots.id")
    type_mouvement: Mapped[str] = choice("Type de mouvement", TypeMouvement)
    quantite: Mapped[Decimal] = field("Quantité", Montant(12, 3))
    """Signed: entries positive, exits negative."""
    prix_unitaire: Mapped[Decimal | None] = field("Prix unitaire")
    intervention_id: Mapped[int | None] = link("Intervention", "interventions.id")
    remarque: Mapped[str | None] = field("Remarque", sa.Text)
    horodatage: Mapped[datetime] = field("Date et heure")
    date_effet: Mapped[datetime | None] = field("Date d'effet", Instant(), since=STOCK)
    """When it took place, if that is not when it was written; NULL is ``horodatage``."""
    valeur_unitaire: Mapped[Decimal | None] = field("Valeur unitaire", Montant(14, 4), since=STOCK)
    """What one unit is worth in MAD: paid for an entry, the average then for an exit, the exit's for a return."""
    motif: Mapped[str | None] = field("Motif", sa.String(200), since=STOCK)
    transfert_id: Mapped[int | None] = field("Transfert", big_int(), index=True, since=STOCK)
    """Shared by the two rows of a transfer, whose quantities cancel out; the identifier of the first."""
    ligne_intervention_id: Mapped[int | None] = field("Ligne d'intervention", big_int(), index=True, since=STOCK)
    """The line that consumed it; no foreign key, a line that is taken away leaves its movements."""
    inventaire_id: Mapped[int | None] = link("Inventaire", "inventaires.id", since=STOCK)
    """The count whose difference it posts."""
    annule_id: Mapped[int | None] = field(
        "Mouvement contre-passé", big_int(), sa.ForeignKey("mouvements_stock.id"), since=STOCK
    )
    """The movement that this one reverses."""
    lot: Mapped[str | None] = field("Lot ou série", sa.String(60), index=True, code=True, since=LOTS)
    """Which units moved, of a part that is followed; the quantity of a lot in a place is the sum of its rows."""


sorted_by(MouvementStock, "quantite")
sa.Index(
    "idx_mouvements_stock_effet",
    sa.func.coalesce(MouvementStock.__table__.c.date_effet, MouvementStock.__table__.c.horodatage),
)
