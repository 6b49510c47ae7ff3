"""The order of names and titles, the same on both engines and in the indexes that hold it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from erp_desktop.models.declare import said
from erp_desktop.models.types import Montant

TRIABLES = "ÀÂÇÉÈÊËÎÏÔÛÜàâçéèêëîïôûü"
TRIES = "AACEEEEIIOUUaaceeeeiiouu"


class cle_tri(FunctionElement[str]):  # noqa: N801
    """``cle_tri(colonne)``: sort key that puts É beside E and ignores capitals.

    Spelled without parameters, so that the index of a column that is sorted by it is found.
    """

    type = sa.Text()
    inherit_cache = True


def _named(element: Any, compiler: SQLCompiler, kw: dict[str, Any]) -> str:
    return ", ".join(compiler.process(c, **kw) for c in element.clauses)


@compiles(cle_tri, "sqlite")
def _c_sqlite(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    key = _named(element, compiler, kw)
    for accent, plain in zip(TRIABLES, TRIES, strict=True):
        key = f"replace({key}, '{accent}', '{plain}')"
    return f"lower({key})"


@compiles(cle_tri, "postgresql")
def _c_postgresql(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    return folded(_named(element, compiler, kw))


def folded(key: str) -> str:
    """The same in the centre's SQL, of a column by its name."""
    return f"lower(translate({key} COLLATE \"C\", '{TRIABLES}', '{TRIES}'))"


def exact(column: Any, scale: int) -> sa.ColumnElement[int]:
    """A decimal as a whole number of its last digits, which adds up and sorts where a cache keeps text.

    The power of ten is spelled, not bound, so that an index of it is found.
    """
    step: sa.ColumnElement[float] = sa.literal_column(str(10**scale))
    return sa.cast(sa.func.round(sa.type_coerce(column, sa.Float()) * step), sa.BigInteger())


def _stored(column: Any) -> sa.Column[Any] | None:
    """The column of a table that an attribute is mapped to; None of an expression."""
    if isinstance(column, sa.Column):
        return column
    return column.property.columns[0] if isinstance(column, InstrumentedAttribute) else None


def sort_key(column: Any) -> Any:
    """What a column sorts by.

    Texts of a language by their letters, decimals by their value, codes and closed lists as they are stored.
    """
    stored = _stored(column)
    if isinstance(column.type, Montant):
        return exact(column, column.type.scale)
    declared = None if stored is None else said(stored)
    plain = declared is not None and (declared.code or declared.values is not None)
    return column if plain or not isinstance(column.type, sa.String) else cle_tri(column)


def index_name(column: sa.Column[Any]) -> str:
    """What the index that a list sorts by is called."""
    return f"idx_{column.table.name}_{column.name}_liste"


def listed(table: sa.Table) -> list[sa.Column[Any]]:
    """What says whether a row is in somebody's list: held by the indexes of its orders, behind what they sort by.

    A page in such an order is the index alone. Looked up in the table, each identifier passed over is a page of the
    disk that the order does not have.
    """
    return [table.c[name] for name in ("is_active", "agence_id") if name in table.c]


def sorted_by(model: Any, *names: str) -> None:
    """Give columns of a mapped class the indexes that its list sorts by, at any length.

    A reference is such a column too: the rows of what another table sorts come along its index.
    """
    table: sa.Table = model.__table__
    for name in names:
        sa.Index(index_name(table.c[name]), sort_key(table.c[name]), table.c.id, *listed(table))


def sort_index(column: Any) -> str | None:
    """The index by which a column sorts; empty when only its uniqueness has one, None without any."""
    stored = _stored(column)
    if stored is None:
        return None
    indexes, own = stored.table.indexes, index_name(stored)
    if any(index.name == own for index in indexes):
        return own
    if sort_key(column) is not column:
        return None
    for index in indexes:
        whole = index.dialect_kwargs.get("sqlite_where") is None and index.info.get("engine") != "postgresql"
        if whole and list(index.columns) == [stored]:
            return str(index.name)
    return "" if stored.unique else None


_BESIDE_DUE = ("agence_id", "statut", "priorite", "client_id", "equipement_id", "technicien_id", "date_creation",
               "date_limite", "date_planifiee", "numero")  # fmt: skip
"""What interventions are sorted and asked by; the rows of a month are many pages of an encrypted table."""


def due(model: Any) -> sa.ColumnElement[Any]:
    """When an intervention is due: its deadline, else the planned day, else the day of the call; makes its index."""
    # Spelled as PostgreSQL spells it, so that both engines say the same of it.
    spelled = sa.text("COALESCE(date_limite, date_planifiee, date_creation)")
    sa.Index("idx_intervention_quand", spelled, *(model.__table__.c[name] for name in _BESIDE_DUE))
    return sa.func.coalesce(model.date_limite, model.date_planifiee, model.date_creation)


TO_DO: dict[str, tuple[str, ...]] = {
    "numero": ("numero",), "titre": ("titre",), "client": ("client_id",), "equipement": ("equipement_id",),
    "technicien": ("technicien_id",), "priorite": ("priorite", "date_creation"),
    "date_planifiee": ("date_planifiee",), "date_creation": ("date_creation",),
}  # fmt: skip
"""Orders of interventions that have an index of what is not over → its columns."""


def to_do_index(order: str) -> str:
    """The index of what is not over, in one order."""
    return f"idx_intervention_a_faire_{order}"


def to_do(model: Any) -> None:
    """Make the indexes of the interventions that are not over, a few of all: of all that lists ask and sort them by,
    and of each order."""
    table = model.__table__
    where = sa.text(" OR ".join(f"(statut = '{one}')" for one in ("ouverte", "affectee", "en_cours", "en_attente")))

    def some(name: str, *columns: Any) -> None:
        sa.Index(name, *columns, sqlite_where=where, postgresql_where=where)

    names = ("statut", "priorite", *(name for name in _BESIDE_DUE if name not in ("statut", "priorite")))
    some("idx_intervention_a_faire", *(table.c[name] for name in names), cle_tri(table.c.titre))
    for order, keys in TO_DO.items():
        some(to_do_index(order), *(cle_tri(table.c[key]) if key == "titre" else table.c[key] for key in keys))
