"""SQL that gives the same figures on SQLite and PostgreSQL.

SQLite keeps instants and exact decimals as TEXT; what cannot be said alike on both engines is compiled here once,
into integers (centimes), so that no float rounding can tell the engines apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from erp_desktop import clock


class centimes(FunctionElement[int]):  # noqa: N801
    """``centimes(montant)``: a two-decimal ``Montant`` column as integer centimes."""

    type = sa.BigInteger()
    inherit_cache = True


@compiles(centimes, "sqlite")
def _c_sqlite(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    # Twelve digits fit a double with room to spare: the rounding recovers the exact integer.
    (colonne,) = (compiler.process(c, **kw) for c in element.clauses)
    return f"CAST(round(CAST({colonne} AS REAL) * 100) AS INTEGER)"


@compiles(centimes, "postgresql")
def _c_postgresql(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    (colonne,) = (compiler.process(c, **kw) for c in element.clauses)
    return f"CAST({colonne} * 100 AS bigint)"


class centimes_ligne(FunctionElement[int]):  # noqa: N801
    """``centimes_ligne(quantite, prix)``: quantity (3 decimals) times price, rounded half up to the centime."""

    type = sa.BigInteger()
    inherit_cache = True


@compiles(centimes_ligne, "sqlite")
def _l_sqlite(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    quantite, prix = (compiler.process(c, **kw) for c in element.clauses)
    # In hundred-thousandths the product is a whole number, recovered exactly up to ten thousand million MAD.
    return f"CAST(round(round(CAST({quantite} AS REAL) * CAST({prix} AS REAL) * 100000) / 1000) AS INTEGER)"


@compiles(centimes_ligne, "postgresql")
def _l_postgresql(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    quantite, prix = (compiler.process(c, **kw) for c in element.clauses)
    return f"CAST(round({quantite} * {prix}, 2) * 100 AS bigint)"


class hors_index(FunctionElement[Any]):  # noqa: N801
    """``hors_index(colonne)``: the column itself, whose index SQLite then leaves alone.

    A condition that most rows meet costs one jump into the table per row by an index, and one pass without.
    """

    inherit_cache = True


@compiles(hors_index, "sqlite")
def _h_sqlite(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    return "+" + ", ".join(compiler.process(c, **kw) for c in element.clauses)


@compiles(hors_index, "postgresql")
def _h_postgresql(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    return ", ".join(compiler.process(c, **kw) for c in element.clauses)


def sans_jit(session: Session) -> None:
    """Until the end of the transaction: compiling a report's statements takes longer than running them."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text("SET LOCAL jit = off"))


def minuit(jour: date) -> datetime:
    """The instant at which a local day begins in Morocco, in UTC."""
    return datetime.combine(jour, time(), clock.CASABLANCA).astimezone(clock.now().tzinfo)


def rang(colonne: sa.SQLColumnExpression[Any], bornes: Sequence[datetime]) -> sa.ColumnElement[int]:
    """How many of the ascending ``bornes`` are ≤ the column: 0 before the first, ``len(bornes)`` after the last.

    A balanced CASE costs log₂(n) comparisons per row, so that one scan splits twelve years into months.
    """
    if not bornes:
        return sa.literal_column("0", sa.Integer)

    def entre(bas: int, haut: int) -> Any:
        if bas == haut:
            return sa.literal_column(str(bas), sa.Integer)
        milieu = (bas + haut) // 2
        return sa.case((colonne < bornes[milieu], entre(bas, milieu)), else_=entre(milieu + 1, haut))

    arbre: sa.ColumnElement[int] = entre(0, len(bornes))
    return arbre
