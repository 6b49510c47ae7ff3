"""What every mapped class shares: names of constraints, identifiers, agency, instants.

``created_by_id`` names the claimed author and carries no foreign key: the author may be unknown to a cache, and a
key to ``users`` from every table would tie all tables into one cycle.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

from erp_desktop import clock
from erp_desktop.models.types import Instant, Jour, Montant, big_int

NAMING = {
    "ix": "idx_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    metadata = sa.MetaData(naming_convention=NAMING)
    type_annotation_map = {
        datetime: Instant(),
        date: Jour(),
        Decimal: Montant(12, 2),
        bool: sa.Boolean(create_constraint=False),
    }


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
        return mapped_column(big_int(), sa.ForeignKey("agences.id"), index=True, sort_order=-9)


def parmi(colonne: str, valeurs: type[StrEnum]) -> sa.CheckConstraint:
    """``CHECK (colonne IN (…))`` named ``ck_<table>_<colonne>``."""
    liste = ", ".join(f"'{v.value}'" for v in valeurs)
    return sa.CheckConstraint(f"{colonne} IN ({liste})", name=colonne)


def reference(cible: str, **options: Any) -> Mapped[Any]:
    """A BIGINT foreign key with its index; options go to ``mapped_column``."""
    return mapped_column(big_int(), sa.ForeignKey(cible), index=True, **options)


def since(revision: str, *arguments: Any, **options: Any) -> Mapped[Any]:
    """A column that a later revision gave to a table which devices exchange already.

    Rows cross the line as plain lists of values: such columns stand behind all others, in the order of their
    revisions, and a program from before ``revision`` is served rows that end before them (``registry.ADDED``).
    """
    return mapped_column(*arguments, sort_order=100, info={"since": revision}, **options)


def reference_since(revision: str, cible: str, **options: Any) -> Mapped[Any]:
    """:func:`reference` for a column of :func:`since`."""
    return since(revision, big_int(), sa.ForeignKey(cible), index=True, **options)


def cle_naturelle(nom: str, colonne: str) -> tuple[sa.Index, sa.Index]:
    """A natural key: UNIQUE at the centre, a plain index in caches, where services check it.

    Two branches may type the same key while cut off; the centre parks the second as a duplicate, and no cache may
    refuse a row that the centre holds.
    """
    unique = sa.Index(nom, colonne, unique=True, info={"engine": "postgresql"})
    plain = sa.Index(nom, colonne, info={"engine": "sqlite"})
    return unique.ddl_if(dialect="postgresql"), plain.ddl_if(dialect="sqlite")
