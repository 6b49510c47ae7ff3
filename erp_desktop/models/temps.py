"""Who worked when on an intervention, and when a machine stood still."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from erp_desktop.domain.enums import CauseArret, TypeTemps
from erp_desktop.models.base import TRAVAUX, Base, LigneAgence
from erp_desktop.models.declare import Group, Noun, choice, field, link
from erp_desktop.models.types import Montant, big_int


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
            Group("temps", ("technicien_id", "debut", "fin", "type"), label="Temps passé"),
            Group(
                "prix", ("tarif_id", "unite", "quantite", "prix_unitaire", "cout_horaire"), label="Tarif", asks=False
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
        "Arrêt",
        "pause-circle",
        root="equipement_id",
        groups=(Group("arret", ("debut", "fin"), label="Arrêt"),),
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
