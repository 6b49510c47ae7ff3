"""Who works where and when: slots of interventions, absences, what a plan may break and which skills work needs."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

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
from erp_desktop.models.base import Base, LigneAgence, parmi, reference

PLANNING = "b7e3c9a1d5f4"
"""The revision that made these tables."""


class Creneau(LigneAgence, Base):
    """One technicien's time for one intervention; several days or people are several rows.

    ``interventions.technicien_id`` and ``date_planifiee`` are those of the first live slot (``registry.planned``).
    ``ordre`` numbers the slots of an intervention from 1 and is, with it, the natural key: two branches that plan the
    same visit while cut off make one slot.
    """

    __tablename__ = "creneaux"
    __table_args__ = (
        parmi("role", RoleCreneau),
        parmi("etat", EtatCreneau),
        sa.CheckConstraint("fin > debut", name="duree"),
        sa.UniqueConstraint("intervention_id", "ordre"),
        sa.Index("idx_creneau_debut", "debut"),
        sa.Index("idx_creneau_technicien_debut", "technicien_id", "debut"),
        {"info": {"since": PLANNING}},
    )

    intervention_id: Mapped[int] = reference("interventions.id")
    technicien_id: Mapped[int] = reference("techniciens.id")
    debut: Mapped[datetime]
    fin: Mapped[datetime]
    zone: Mapped[str] = mapped_column(sa.String(40))
    """IANA zone in which the hours were chosen."""
    trajet_avant_min: Mapped[int | None]
    """Minutes on the road before ``debut``."""
    role: Mapped[str] = mapped_column(sa.String(20), server_default="principal", default="principal")
    etat: Mapped[str] = mapped_column(sa.String(20), server_default="confirme", default="confirme")
    verrouille: Mapped[bool] = mapped_column(server_default=sa.false(), default=False)
    ordre: Mapped[int] = mapped_column(server_default="1", default=1)


class Absence(LigneAgence, Base):
    """When a technicien is away, or on call (``astreinte``).

    Accepted ones count; ``recurrence`` repeats the same local hours every week up to ``recurrence_fin`` included.
    """

    __tablename__ = "absences"
    __table_args__ = (
        parmi("type", TypeAbsence),
        parmi("statut", StatutAbsence),
        parmi("recurrence", RecurrenceAbsence),
        sa.CheckConstraint("fin > debut", name="duree"),
        sa.Index("idx_absence_technicien_debut", "technicien_id", "debut"),
        {"info": {"since": PLANNING}},
    )

    technicien_id: Mapped[int] = reference("techniciens.id")
    debut: Mapped[datetime]
    fin: Mapped[datetime]
    zone: Mapped[str] = mapped_column(sa.String(40))
    type: Mapped[str] = mapped_column(sa.String(20))
    statut: Mapped[str] = mapped_column(sa.String(20), server_default="demande", default="demande")
    remarque: Mapped[str | None] = mapped_column(sa.Text)
    recurrence: Mapped[str | None] = mapped_column(sa.String(20))
    recurrence_fin: Mapped[date | None]


class ReglePlanningAgence(LigneAgence, Base):
    """What an agency does when a plan breaks a rule; without an agency, what all of them do."""

    __tablename__ = "regles_planning"
    __table_args__ = (
        parmi("regle", ReglePlanning),
        parmi("verdict", VerdictPlanning),
        sa.UniqueConstraint("agence_id", "regle"),
        {"info": {"since": PLANNING}},
    )

    regle: Mapped[str] = mapped_column(sa.String(20))
    verdict: Mapped[str] = mapped_column(sa.String(20))


class CompetenceRequise(LigneAgence, Base):
    """A skill that work on machines of a type needs, at this level or above."""

    __tablename__ = "competences_requises"
    __table_args__ = (
        parmi("niveau", Niveau),
        sa.UniqueConstraint("agence_id", "type_equipement", "competence_id"),
        {"info": {"since": PLANNING}},
    )

    type_equipement: Mapped[str] = mapped_column(sa.String(80))
    competence_id: Mapped[int] = reference("competences.id")
    niveau: Mapped[str] = mapped_column(sa.String(20), server_default="debutant", default="debutant")
