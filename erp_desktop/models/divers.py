"""Small tables around the work: notices, saved reports and views, preferences, holidays."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_desktop.domain.enums import DureeFerie, TypeNotification
from erp_desktop.models.base import Base, LigneAgence, parmi, reference
from erp_desktop.models.types import json_type


class Notification(LigneAgence, Base):
    __tablename__ = "notifications"
    __table_args__ = (parmi("type", TypeNotification),)

    user_id: Mapped[int] = reference("users.id")
    type: Mapped[str] = mapped_column(sa.String(20))
    contenu: Mapped[str] = mapped_column(sa.Text)
    lu: Mapped[bool] = mapped_column(server_default=sa.false(), default=False)


class Rapport(LigneAgence, Base):
    """A saved report definition."""

    __tablename__ = "rapports"

    nom: Mapped[str] = mapped_column(sa.String(120))
    type_rapport: Mapped[str] = mapped_column(sa.String(40))
    parametres: Mapped[Any] = mapped_column(json_type())


class RapportPlanifie(LigneAgence, Base):
    __tablename__ = "rapports_planifies"

    rapport_id: Mapped[int] = reference("rapports.id")
    cron: Mapped[str] = mapped_column(sa.String(80))
    format: Mapped[str] = mapped_column(sa.String(10))
    destination: Mapped[str | None] = mapped_column(sa.String(255))
    derniere_execution: Mapped[datetime | None]
    dernier_resultat: Mapped[str | None] = mapped_column(sa.Text)
    is_active: Mapped[bool] = mapped_column(server_default=sa.true(), default=True)


class VueEnregistree(LigneAgence, Base):
    """Filter, columns and sort of a list, saved by one user."""

    __tablename__ = "vues_enregistrees"
    __table_args__ = (sa.UniqueConstraint("user_id", "liste", "nom"),)

    user_id: Mapped[int] = reference("users.id")
    liste: Mapped[str] = mapped_column(sa.String(40))
    nom: Mapped[str] = mapped_column(sa.String(80))
    definition: Mapped[Any] = mapped_column(json_type())


class Preference(LigneAgence, Base):
    __tablename__ = "preferences"
    __table_args__ = (sa.UniqueConstraint("user_id", "cle"),)

    user_id: Mapped[int] = reference("users.id")
    cle: Mapped[str] = mapped_column(sa.String(80))
    valeur: Mapped[Any | None] = mapped_column(json_type())


class JourFerie(LigneAgence, Base):
    """A closed day, of every agency or of one. Two may fall on one date.

    ``duree``, ``source`` and ``confirme_le`` stay at the centre: what a half day leaves open is told to devices by
    hours of that date, which win over the holiday, so that programs from before these columns go on exchanging.
    """

    __tablename__ = "jours_feries"
    __table_args__ = (parmi("duree", DureeFerie), sa.UniqueConstraint("jour", "libelle", "agence_id"))

    jour: Mapped[date]
    libelle: Mapped[str] = mapped_column(sa.String(120))
    provisoire: Mapped[bool] = mapped_column(server_default=sa.false(), default=False)
    duree: Mapped[str] = mapped_column(sa.String(10), server_default="jour", default="jour")
    source: Mapped[str | None] = mapped_column(sa.String(120))
    confirme_le: Mapped[date | None]
