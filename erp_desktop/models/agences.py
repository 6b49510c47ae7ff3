from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from erp_desktop.domain.enums import MotifHoraire
from erp_desktop.models.base import Base, Ligne, LigneAgence
from erp_desktop.models.declare import Noun, choice, field


class Agence(Ligne, Base):
    """A branch office; shared reference data."""

    __tablename__ = "agences"
    __noun__ = Noun("Agence", "buildings", name="code", device_writes=False)
    __table_args__ = (sa.CheckConstraint("length(code) BETWEEN 3 AND 5", name="code"),)

    code: Mapped[str] = field("Code", sa.String(5), unique=True)
    nom: Mapped[str] = field("Nom", sa.String(120))
    ville: Mapped[str | None] = field("Ville", sa.String(80))
    adresse: Mapped[str | None] = field("Adresse", sa.Text)
    telephone: Mapped[str | None] = field("Téléphone", sa.String(20), code=True)
    jours_ouvres: Mapped[str] = field(
        "Jours ouvrés", sa.String(20), server_default="1,2,3,4,5,6", default="1,2,3,4,5,6"
    )
    """ISO weekdays, comma separated."""
    horaires: Mapped[str] = field("Horaires", sa.String(80), server_default="08:30-18:30", default="08:30-18:30")
    """Opening ranges of a working day in local time, comma separated."""
    is_active: Mapped[bool] = field("Actif", server_default=sa.true(), default=True)


class HoraireAgence(LigneAgence, Base):
    """One opening range of a weekday, from one date to another; without an agency, of all of them.

    The rows that share ``motif``, ``valable_du`` and ``valable_au`` are one week: a weekday without a row is closed.
    ``agences.horaires`` is read where no week holds; programs from before this table know nothing else.
    """

    __tablename__ = "horaires_agence"
    __noun__ = Noun("Horaire", "file-text", device_writes=False)
    __table_args__ = (
        sa.CheckConstraint("jour_iso >= 1 AND jour_iso <= 7", name="jour_iso"),
        sa.CheckConstraint(
            "length(debut) = 5 AND length(fin) = 5 AND debut >= '00:00' AND fin <= '24:00' AND debut < fin",
            name="heures",
        ),
        sa.CheckConstraint("valable_au IS NULL OR valable_du IS NULL OR valable_au >= valable_du", name="validite"),
    )

    valable_du: Mapped[date | None] = field("Valable du")
    valable_au: Mapped[date | None] = field("Valable au")
    jour_iso: Mapped[int] = field("Jour de la semaine")
    """1 is Monday."""
    debut: Mapped[str] = field("Début", sa.String(5))
    """Local time, ``08:30``."""
    fin: Mapped[str] = field("Fin", sa.String(5))
    """Local time, up to ``24:00``."""
    motif: Mapped[str] = choice("Motif", MotifHoraire, "normal")
