from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_desktop.domain.enums import TypeDepot, TypeMouvement
from erp_desktop.models.base import Base, LigneAgence, cle_naturelle, parmi, reference
from erp_desktop.models.types import Montant


class PieceDetachee(LigneAgence, Base):
    __tablename__ = "pieces_detachees"
    __table_args__ = (*cle_naturelle("uq_pieces_detachees_reference", "reference"),)

    reference: Mapped[str] = mapped_column(sa.String(60))
    designation: Mapped[str] = mapped_column(sa.String(200))
    unite: Mapped[str] = mapped_column(sa.String(12), server_default="u", default="u")
    stock_minimum: Mapped[Decimal] = mapped_column(Montant(12, 3), server_default="0.000", default=Decimal(0))
    prix_unitaire: Mapped[Decimal | None]
    is_active: Mapped[bool] = mapped_column(server_default=sa.true(), default=True)


class Depot(LigneAgence, Base):
    """A place that holds stock: the agency's store or a van."""

    __tablename__ = "depots"
    __table_args__ = (parmi("type_depot", TypeDepot), sa.UniqueConstraint("agence_id", "nom"))

    nom: Mapped[str] = mapped_column(sa.String(80))
    type_depot: Mapped[str] = mapped_column(sa.String(20), server_default="agence", default="agence")
    technicien_id: Mapped[int | None] = reference("techniciens.id")
    is_active: Mapped[bool] = mapped_column(server_default=sa.true(), default=True)


class MouvementStock(LigneAgence, Base):
    """Append-only ledger; the stock is the signed sum of ``quantite``."""

    __tablename__ = "mouvements_stock"
    __table_args__ = (
        parmi("type_mouvement", TypeMouvement),
        sa.Index("idx_mouvements_stock_piece_depot", "piece_id", "depot_id"),
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
