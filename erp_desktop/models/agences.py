from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_desktop.models.base import Base, Ligne


class Agence(Ligne, Base):
    """A branch office; shared reference data."""

    __tablename__ = "agences"
    __table_args__ = (sa.CheckConstraint("length(code) BETWEEN 3 AND 5", name="code"),)

    code: Mapped[str] = mapped_column(sa.String(5), unique=True)
    nom: Mapped[str] = mapped_column(sa.String(120))
    ville: Mapped[str | None] = mapped_column(sa.String(80))
    adresse: Mapped[str | None] = mapped_column(sa.Text)
    telephone: Mapped[str | None] = mapped_column(sa.String(20))
    jours_ouvres: Mapped[str] = mapped_column(sa.String(20), server_default="1,2,3,4,5,6", default="1,2,3,4,5,6")
    """ISO weekdays, comma separated."""
    horaires: Mapped[str] = mapped_column(sa.String(80), server_default="08:30-18:30", default="08:30-18:30")
    """Opening ranges of a working day in local time, comma separated."""
    is_active: Mapped[bool] = mapped_column(server_default=sa.true(), default=True)
