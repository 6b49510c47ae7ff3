from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql.elements import conv

from erp_desktop.domain.enums import Imputation, Priorite, Statut, TypeIntervention, TypeLigne
from erp_desktop.models.base import Base, LigneAgence, parmi, reference, since
from erp_desktop.models.clients import CONTRATS
from erp_desktop.models.stock import STOCK
from erp_desktop.models.types import Montant, big_int, json_type


class Intervention(LigneAgence, Base):
    """A job on a client's machine: the trade's central noun. Durations are minutes."""

    __tablename__ = "interventions"
    __table_args__ = (
        parmi("type", TypeIntervention),
        parmi("statut", Statut),
        parmi("priorite", Priorite),
        parmi("imputation", Imputation),
        sa.CheckConstraint(
            "satisfaction_client >= 1 AND satisfaction_client <= 5",
            name=conv("ck_satisfaction_range"),
        ),
        sa.CheckConstraint("NOT urgence OR priorite = 'urgente'", name="urgence"),
        sa.CheckConstraint(
            "date_fin_travaux IS NULL OR date_debut_travaux IS NULL OR date_fin_travaux >= date_debut_travaux",
            name="dates_travaux",
        ),
        sa.Index("idx_intervention_status_date", "statut", "date_creation"),
        sa.Index("idx_intervention_satisfaction", "satisfaction_client"),
        sa.Index("idx_intervention_date_creation", "date_creation"),
        sa.Index("idx_intervention_date_limite", "date_limite"),
        sa.Index("idx_intervention_cloture", "date_cloture", "date_creation"),
    )

    numero: Mapped[str] = mapped_column(sa.String(40), unique=True)
    titre: Mapped[str] = mapped_column(sa.String(200))
    description: Mapped[str | None] = mapped_column(sa.Text)
    type: Mapped[str] = mapped_column(sa.String(20), server_default="corrective", default="corrective")
    statut: Mapped[str] = mapped_column(sa.String(20), server_default="ouverte", default="ouverte")
    priorite: Mapped[str] = mapped_column(sa.String(20), server_default="normale", default="normale")
    urgence: Mapped[bool] = mapped_column(server_default=sa.false(), default=False)
    equipement_id: Mapped[int] = reference("equipements.id")
    client_id: Mapped[int] = reference("clients.id")
    contrat_id: Mapped[int | None] = reference("contrats.id")
    technicien_id: Mapped[int | None] = mapped_column(
        big_int(),
        sa.ForeignKey("techniciens.id", name=conv("fk_intervention_technicien"), ondelete="SET NULL"),
        index=True,
    )
    date_creation: Mapped[datetime]
    date_planifiee: Mapped[datetime | None]
    zone_planifiee: Mapped[str | None] = mapped_column(sa.String(40))
    """IANA zone in which ``date_planifiee`` was chosen."""
    date_limite: Mapped[datetime | None]
    date_affectation: Mapped[datetime | None]
    date_debut_travaux: Mapped[datetime | None]
    date_fin_travaux: Mapped[datetime | None]
    date_cloture: Mapped[datetime | None]
    duree_estimee: Mapped[int | None]
    duree_reelle: Mapped[int | None]
    temps_deplacement: Mapped[int | None]
    diagnostic: Mapped[str | None] = mapped_column(sa.Text)
    travaux_realises: Mapped[str | None] = mapped_column(sa.Text)
    recommandations: Mapped[str | None] = mapped_column(sa.Text)
    notes_internes: Mapped[str | None] = mapped_column(sa.Text)
    cout_externe: Mapped[Decimal | None]
    """Cost taken over from an imported work order, MAD."""
    satisfaction_client: Mapped[int | None]
    signature: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    """PNG."""
    signataire: Mapped[str | None] = mapped_column(sa.String(120))
    imputation: Mapped[str | None] = since(CONTRATS, sa.String(10))
    """What a responsable decided; NULL follows the quota of the contract."""
    imputation_motif: Mapped[str | None] = since(CONTRATS, sa.String(200))


class LigneIntervention(LigneAgence, Base):
    """Part, labour, travel or other; append-only once the intervention is closed."""

    __tablename__ = "lignes_intervention"
    __table_args__ = (parmi("type_ligne", TypeLigne),)

    intervention_id: Mapped[int] = reference("interventions.id")
    type_ligne: Mapped[str] = mapped_column(sa.String(20))
    piece_id: Mapped[int | None] = reference("pieces_detachees.id")
    designation: Mapped[str] = mapped_column(sa.String(200))
    quantite: Mapped[Decimal] = mapped_column(Montant(12, 3))
    prix_unitaire: Mapped[Decimal]
    taux_tva: Mapped[Decimal] = mapped_column(Montant(5, 2))
    """Percent."""
    # Without an index: nobody asks for the lines of a place, and this is the largest table after the audit.
    depot_id: Mapped[int | None] = since(STOCK, big_int(), sa.ForeignKey("depots.id"))
    """Where a part comes from; without it, the line moves no stock."""
    facturable: Mapped[bool] = since(STOCK, sa.Boolean, nullable=False, server_default=sa.true(), default=True)
    prevue: Mapped[bool] = since(STOCK, sa.Boolean, nullable=False, server_default=sa.false(), default=False)
    """A part that is set aside and not taken yet: a reservation, which costs nothing."""


class HistoriqueIntervention(LigneAgence, Base):
    """Append-only audit. ``poste`` and ``recu_a`` are stamped by the centre beside the claimed user."""

    __tablename__ = "historiques_interventions"
    __table_args__ = (
        sa.Index("idx_historique_intervention_date", "intervention_id", "horodatage"),
        sa.Index(
            "idx_historique_annulation", "horodatage", "intervention_id",
            sqlite_where=sa.text("statut = 'annulee'"), postgresql_where=sa.text("statut = 'annulee'"),
        ),
    )  # fmt: skip

    intervention_id: Mapped[int] = mapped_column(big_int(), sa.ForeignKey("interventions.id"))
    user_id: Mapped[int | None] = mapped_column(big_int())
    """The claimed user; no foreign key, see ``base``."""
    action: Mapped[str] = mapped_column(sa.String(40))
    statut: Mapped[str | None] = mapped_column(sa.String(20))
    """Statut after the action."""
    ancienne_valeur: Mapped[Any | None] = mapped_column(json_type())
    nouvelle_valeur: Mapped[Any | None] = mapped_column(json_type())
    remarque: Mapped[str | None] = mapped_column(sa.Text)
    horodatage: Mapped[datetime]
    poste: Mapped[int | None]
    recu_a: Mapped[datetime | None]
