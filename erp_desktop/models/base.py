"""What every mapped class shares: names of constraints, identifiers, agency, instants.

``created_by_id`` names the claimed author and carries no foreign key: the author may be unknown to a cache, and a
key to ``users`` from every table would tie all tables into one cycle.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

from erp_desktop import clock
from erp_desktop.models.declare import Noun, link, said
from erp_desktop.models.types import Instant, Jour, Montant, big_int

NAMING = {
    "ix": "idx_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

ADMINISTRATION = "e5c9a3f7b1d4"
"""The revision that made what administrators keep and what notices tell."""
TRAVAUX = "f7a1c5e9b3d6"
"""The revision that made times, downtime and why work waits."""
SUIVI = "b1d5f9a3c7e2"
"""The revision that made stretches of waiting, models of interventions and amendments of contracts."""
LOTS = "c8b2e6a0d4f7"
"""Revision that told units of parts apart, and gave contracts delays by priority and documents."""
COUNTED_LOTS = "d3a9e7f1b5c8"
"""Revision that told lots apart in counts."""
GIVEN_PASSWORDS = "a2f6c0e8b4d9"
"""Revision that told passwords which somebody else gave from those that people chose."""


class Base(DeclarativeBase):
    metadata = sa.MetaData(naming_convention=NAMING)
    type_annotation_map = {
        datetime: Instant(),
        date: Jour(),
        Decimal: Montant(12, 2),
        bool: sa.Boolean(create_constraint=False),
    }

    def __init_subclass__(cls, **options: Any) -> None:
        """Keeps the ``__noun__`` with the table and CHECKs its closed lists, as ``ck_<table>_<column>``."""
        super().__init_subclass__(**options)
        if "__noun__" not in cls.__dict__:
            return
        table: sa.Table = cls.__table__  # type: ignore[assignment]
        noun: Noun = cls.__dict__["__noun__"]
        table.info["noun"] = noun
        if noun.since is not None:
            table.info["since"] = noun.since
        for column in table.columns:
            field = said(column)
            if field is not None and field.values is not None and field.checked:
                listed = ", ".join(f"'{v.value}'" for v in field.values)
                table.append_constraint(sa.CheckConstraint(f"{column.name} IN ({listed})", name=column.name))


class Ligne:
    """Identifier and instants; ``id`` is a Snowflake (see ``db.ids``) from the session or the server's default."""

    id: Mapped[int] = mapped_column(big_int(), primary_key=True, autoincrement=False, sort_order=-10)
    created_at: Mapped[datetime] = mapped_column(default=clock.now, sort_order=90)
    updated_at: Mapped[datetime] = mapped_column(default=clock.now, onupdate=clock.now, sort_order=91)
    created_by_id: Mapped[int | None] = mapped_column(big_int(), sort_order=92)


class LigneAgence(Ligne):
    """A row that belongs to one agency, or to all when ``agence_id`` is NULL."""

    @declared_attr
    def agence_id(cls) -> Mapped[int | None]:  # noqa: N805
        return link("Agence", "agences.id", sort_order=-9)


def cle_naturelle(nom: str, colonne: str) -> tuple[sa.Index, sa.Index]:
    """A natural key: UNIQUE at the centre, a plain index in caches, where services check it.

    Two branches may type the same key while cut off; the centre parks the second as a duplicate, and no cache may
    refuse a row that the centre holds.
    """
    unique = sa.Index(nom, colonne, unique=True, info={"engine": "postgresql"})
    plain = sa.Index(nom, colonne, info={"engine": "sqlite"})
    return unique.ddl_if(dialect="postgresql"), plain.ddl_if(dialect="sqlite")
