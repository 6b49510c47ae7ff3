"""Parts, the places that hold them, the ledger of their movements and the counts.

No column holds a quantity in stock: it is the sum of the movements, on every replica.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_desktop.domain.enums import EtatInventaire, StatutDepot, TypeDepot, TypeMouvement
from erp_desktop.models.base import Base, LigneAgence, cle_naturelle, parmi, reference, reference_since, since
from erp_desktop.models.types import Instant, Montant, big_int

STOCK = "b5e9d3c7a1f6"
"""Revision that completed these tables."""


class PieceDetachee(LigneAgence, Base):
    __tablename__ = "pieces_detachees"
    __table_args__ = (*cle_naturelle("uq_pieces_detachees_reference", "reference"),)

    reference: Mapped[str] = mapped_column(sa.String(60))
    designation: Mapped[str] = mapped_column(sa.String(200))
    unite: Mapped[str] = mapped_column(sa.String(12), server_default="u", default="u")
    stock_minimum: Mapped[Decimal] = mapped_column(Montant(12, 3), server_default="0.000", default=Decimal(0))
    prix_unitaire: Mapped[Decimal | None]
    is_active: Mapped[bool] = mapped_column(server_default=sa.true(), default=True)
    famille: Mapped[str | None] = since(STOCK, sa.String(60))
    code_barres: Mapped[str | None] = since(STOCK, sa.String(60), index=True)
    fournisseur: Mapped[str | None] = since(STOCK, sa.String(120))
    fournisseur_reference: Mapped[str | None] = since(STOCK, sa.String(60))
    emplacement: Mapped[str | None] = since(STOCK, sa.String(40))
    """Where it lies in the agency's store."""
    remplacee_par_id: Mapped[int | None] = reference_since(STOCK, "pieces_detachees.id")
    taux_tva: Mapped[Decimal] = since(
        STOCK, Montant(5, 2), nullable=False, server_default="20.00", default=Decimal("20.00")
    )
    """Percent."""


class Depot(LigneAgence, Base):
    """A place that holds stock: the agency's store, a van, what is on its way, or what is scrapped."""

    __tablename__ = "depots"
    __table_args__ = (
        parmi("type_depot", TypeDepot),
        parmi("statut", StatutDepot),
        sa.UniqueConstraint("agence_id", "nom"),
    )

    nom: Mapped[str] = mapped_column(sa.String(80))
    type_depot: Mapped[str] = mapped_column(sa.String(20), server_default="agence", default="agence")
    technicien_id: Mapped[int | None] = reference("techniciens.id")
    is_active: Mapped[bool] = mapped_column(server_default=sa.true(), default=True)
    statut: Mapped[str] = since(STOCK, sa.String(10), nullable=False, server_default="ouvert", default="ouvert")


class SeuilStock(LigneAgence, Base):
    """How much of a part a place should hold; without one, a part's own minimum is that of the agency's stores."""

    __tablename__ = "stock_seuils"
    __table_args__ = (
        sa.UniqueConstraint("piece_id", "depot_id"),
        sa.CheckConstraint("maximum IS NULL OR CAST(maximum AS REAL) >= CAST(minimum AS REAL)", name="bornes"),
        {"info": {"since": STOCK}},
    )

    piece_id: Mapped[int] = reference("pieces_detachees.id")
    depot_id: Mapped[int] = reference("depots.id")
    minimum: Mapped[Decimal] = mapped_column(Montant(12, 3))
    maximum: Mapped[Decimal | None] = mapped_column(Montant(12, 3))


class Inventaire(LigneAgence, Base):
    """A count of one place. Validated, it leaves the stock at the moment of counting equal to what was counted."""

    __tablename__ = "inventaires"
    __table_args__ = (parmi("etat", EtatInventaire), {"info": {"since": STOCK}})

    depot_id: Mapped[int] = reference("depots.id")
    numero: Mapped[str] = mapped_column(sa.String(40), unique=True)
    etat: Mapped[str] = mapped_column(sa.String(10), server_default="ouvert", default="ouvert")
    ouvert_a: Mapped[datetime]
    fige_a: Mapped[datetime | None]
    """When it was validated or given up."""
    remarque: Mapped[str | None] = mapped_column(sa.Text)


class LigneInventaire(LigneAgence, Base):
    """One entry of a count, append-only: what was counted of a part is the sum of its entries.

    Two people who count different shelves of one place add up, on any number of devices; correcting an entry is
    another one, with the difference. A part without entry was not counted, which is not zero.
    """

    __tablename__ = "lignes_inventaire"
    __table_args__ = (
        sa.Index("idx_lignes_inventaire_inventaire_piece", "inventaire_id", "piece_id"),
        {"info": {"since": STOCK}},
    )

    inventaire_id: Mapped[int] = reference("inventaires.id")
    piece_id: Mapped[int] = reference("pieces_detachees.id")
    quantite: Mapped[Decimal] = mapped_column(Montant(12, 3))
    """Signed; zero says that nothing was found."""
    comptee_a: Mapped[datetime]
    motif: Mapped[str | None] = mapped_column(sa.String(200))


class MouvementStock(LigneAgence, Base):
    """Append-only ledger; the stock is the signed sum of ``quantite``."""

    __tablename__ = "mouvements_stock"
    __table_args__ = (
        parmi("type_mouvement", TypeMouvement),
        sa.Index("idx_mouvements_stock_piece_depot", "piece_id", "depot_id"),
        *cle_naturelle("uq_mouvements_stock_annule_id", "annule_id"),
    )

    piece_id: Mapped[int] = reference("pieces_detachees.id")
    depot_id: Mapped[int] = reference("depots.id")
    type_mouvement: Mapped[str] = mapped_column(sa.String(20))
    quantite: Mapped[Decimal] = mapped_column(Montant(12, 3))
    """Signed: entries positive, exits negative."""
    prix_unitaire: Mapped[Decimal | None]
    intervention_id: Mapped[int | None] = reference("interventions.id")
    remarque: Mapped[str | None] = mapped_column(sa.Text)
    horodatage: Mapped[datetime]
    date_effet: Mapped[datetime | None] = since(STOCK, Instant())
    """When it took place, if that is not when it was written; NULL is ``horodatage``."""
    valeur_unitaire: Mapped[Decimal | None] = since(STOCK, Montant(14, 4))
    """What one unit is worth in MAD: paid for an entry, the average then for an exit, the exit's for a return."""
    motif: Mapped[str | None] = since(STOCK, sa.String(200))
    transfert_id: Mapped[int | None] = since(STOCK, big_int(), index=True)
    """Shared by the two rows of a transfer, whose quantities cancel out; the identifier of the first."""
    ligne_intervention_id: Mapped[int | None] = since(STOCK, big_int(), index=True)
    """The line that consumed it; no foreign key, a line that is taken away leaves its movements."""
    inventaire_id: Mapped[int | None] = reference_since(STOCK, "inventaires.id")
    """The count whose difference it posts."""
    annule_id: Mapped[int | None] = since(STOCK, big_int(), sa.ForeignKey("mouvements_stock.id"))
    """The movement that this one reverses."""
