"""Who works where and when: slots of interventions, absences, what a plan may break and which skills work needs."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from erp_desktop.domain.enums import (
    EtatCreneau,
    Niveau,
    RecurrenceAbsence,
    ReglePlanning,
    RoleCreneau,
    StatutAbsence,
    TypeAbsence,
    VerdictPlanning,
)
from erp_desktop.models.base import Base, LigneAgence
from erp_desktop.models.declare import Group, Noun, choice, field, link

PLANNING = "b7e3c9a1d5f4"
"""The revision that made these tables."""


class Creneau(LigneAgence, Base):
    """One technicien's time for one intervention; several days or people are several rows.

    ``interventions.technicien_id`` and ``date_planifiee`` are those of the first live slot (``registry.planned``).
    ``ordre`` numbers the slots of an intervention from 1 and is, with it, the natural key: two branches that plan the
    same visit while cut off make one slot.
    """

    __tablename__ = "creneaux"
    __noun__ = Noun(
        "Créneau",
        "file-text",
        root="intervention_id",
        key=("intervention_id", "ordre"),
        groups=(
            # The road is to these hours of this technicien; who comes beside whom is said by the hours of both.
            Group(
                "creneau",
                ("technicien_id", "debut", "fin", "zone", "verrouille", "etat", "trajet_avant_min", "role"),
                label="Créneau",
            ),
        ),
        since=PLANNING,
    )
    __table_args__ = (
        sa.CheckConstraint("fin > debut", name="duree"),
        sa.UniqueConstraint("intervention_id", "ordre"),
        sa.Index("idx_creneau_debut", "debut"),
        sa.Index("idx_creneau_technicien_debut", "technicien_id", "debut"),
    )

    intervention_id: Mapped[int] = link("Intervention", "interventions.id")
    technicien_id: Mapped[int] = link("Technicien", "techniciens.id")
    debut: Mapped[datetime] = field("Début")
    fin: Mapped[datetime] = field("Fin")
    zone: Mapped[str] = field("Fuseau horaire", sa.String(40))
    """IANA zone in which the hours were chosen."""
    trajet_avant_min: Mapped[int | None] = field("Trajet", minutes=True)
    """Minutes on the road before ``debut``."""
    role: Mapped[str] = choice("Rôle", RoleCreneau, "principal")
    etat: Mapped[str] = choice("État", EtatCreneau, "confirme")
    verrouille: Mapped[bool] = field("Verrouillé", server_default=sa.false(), default=False)
    ordre: Mapped[int] = field("Rang", server_default="1", default=1)


class Absence(LigneAgence, Base):
    """When a technicien is away, or on call (``astreinte``).

    Accepted ones count; ``recurrence`` repeats the same local hours every week up to ``recurrence_fin`` included.
    """

    __tablename__ = "absences"
    __noun__ = Noun(
        "Absence",
        "file-text",
        root="technicien_id",
        groups=(
            # Whoever accepts an absence accepts one of that kind on those days.
            Group(
                "periode", ("debut", "fin", "zone", "recurrence", "recurrence_fin", "type", "statut"), label="Absence"
            ),
        ),
        since=PLANNING,
    )
    __table_args__ = (
        sa.CheckConstraint("fin > debut", name="duree"),
        sa.Index("idx_absence_technicien_debut", "technicien_id", "debut"),
    )

    technicien_id: Mapped[int] = link("Technicien", "techniciens.id")
    debut: Mapped[datetime] = field("Début")
    fin: Mapped[datetime] = field("Fin")
    zone: Mapped[str] = field("Fuseau horaire", sa.String(40))
    type: Mapped[str] = choice("Type", TypeAbsence)
    statut: Mapped[str] = choice("Statut", StatutAbsence, "demande")
    remarque: Mapped[str | None] = field("Remarque", sa.Text)
    recurrence: Mapped[str | None] = choice("Règle de répétition", RecurrenceAbsence)
    recurrence_fin: Mapped[date | None] = field("Dernière semaine")


class ReglePlanningAgence(LigneAgence, Base):
    """What an agency does when a plan breaks a rule; without an agency, what all of them do."""

    __tablename__ = "regles_planning"
    __noun__ = Noun("Règle de planning", "file-text", device_writes=False, since=PLANNING)
    __table_args__ = (sa.UniqueConstraint("agence_id", "regle"),)

    regle: Mapped[str] = choice("Règle", ReglePlanning)
    verdict: Mapped[str] = choice("Verdict", VerdictPlanning)


class CompetenceRequise(LigneAgence, Base):
    """A skill that work on machines of a type needs, at this level or above."""

    __tablename__ = "competences_requises"
    __noun__ = Noun("Compétence requise", "file-text", device_writes=False, since=PLANNING)
    __table_args__ = (sa.UniqueConstraint("agence_id", "type_equipement", "competence_id"),)

    type_equipement: Mapped[str] = field("Type d'équipement", sa.String(80))
    competence_id: Mapped[int] = link("Compétence", "competences.id")
    niveau: Mapped[str] = choice("Niveau", Niveau, "debutant")
