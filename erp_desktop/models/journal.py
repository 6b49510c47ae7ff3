from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_desktop.models.base import Base
from erp_desktop.models.types import big_int


class JournalMigration(Base):
    """Audit of upgrades: who, when, from, to, how long; on both engines, not synchronised."""

    __tablename__ = "journal_migrations"

    id: Mapped[int] = mapped_column(big_int(), primary_key=True, autoincrement=True)
    qui: Mapped[str] = mapped_column(sa.String(120))
    quand: Mapped[datetime]
    de: Mapped[str | None] = mapped_column(sa.String(40))
    vers: Mapped[str] = mapped_column(sa.String(40))
    duree_s: Mapped[float]
    app_version: Mapped[str] = mapped_column(sa.String(40))
