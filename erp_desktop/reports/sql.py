"""SQL that gives the same figures on SQLite and PostgreSQL.

SQLite keeps instants and exact decimals as TEXT; what cannot be said alike on both engines is compiled here once,
into integers (centimes), so that no float rounding can tell the engines apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from erp_desktop import clock
from erp_desktop.db.pg_line import WITHOUT_JIT
from erp_desktop.services.shared.lists import hors_index as hors_index


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


class secondes(FunctionElement[int]):  # noqa: N801
    """``secondes(instant)``: whole seconds since 1970, what is left of a second cut off."""

    type = sa.BigInteger()
    inherit_cache = True


@compiles(secondes, "sqlite")
def _s_sqlite(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    # Without the fraction, which SQLite rounds to milliseconds and so, now and then, to the next second.
    (colonne,) = (compiler.process(c, **kw) for c in element.clauses)
    return f"unixepoch(substr({colonne}, 1, 19))"


@compiles(secondes, "postgresql")
def _s_postgresql(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    (colonne,) = (compiler.process(c, **kw) for c in element.clauses)
    return f"CAST(floor(extract(epoch FROM {colonne})) AS bigint)"


def sans_jit(session: Session) -> None:
    """From here on, where the line could not begin so: compiling a report's statements takes longer than running."""
    if session.get_bind().dialect.name != "postgresql" or session.info.get("sans_jit"):
        return
    session.info["sans_jit"] = True
    line: Any = session.connection().connection.dbapi_connection
    if WITHOUT_JIT not in line.info.options:
        session.execute(sa.text("SET jit = off"))


@lru_cache(4096)
def minuit(jour: date) -> datetime:
    """The instant at which a local day begins in Morocco, in UTC."""
    return datetime.combine(jour, time(), clock.CASABLANCA).astimezone(UTC)


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


def code(colonne: sa.SQLColumnExpression[str], valeurs: Iterable[str]) -> sa.ColumnElement[int]:
    """The place of the column's value in a closed list."""
    choix = {v: sa.literal_column(str(n), sa.Integer) for n, v in enumerate(map(str, valeurs))}
    return sa.case(choix, value=colonne)


def _raw(session: Session, query: sa.Select[Any]) -> Iterable[tuple[Any, ...]]:
    """Rows straight from the driver."""
    cursor: Any = session.connection().execute(query).cursor
    return cursor  # type: ignore[no-any-return]


Dimension = tuple[sa.ColumnElement[int], Sequence[Any]]
"""A code of each row, from 0, and what each code stands for."""


def denombrer(
    session: Session,
    dimensions: Sequence[Dimension],
    conditions: Iterable[sa.ColumnElement[bool]],
    source: sa.FromClause | None = None,
    by: Sequence[Any] = (),
) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...], int]]:
    """How many rows there are of each combination that occurs, and of the columns ``by``.

    The codes travel as one integer. PostgreSQL counts in a hash table; SQLite could only sort all rows, which takes
    three times as long as counting them here.
    """
    key: sa.ColumnElement[int] | None = None
    for column, values in dimensions:
        # Of one value it is always the first; so the key begins with what tells rows apart.
        if len(values) > 1:
            key = column if key is None else key * sa.literal_column(str(len(values)), sa.Integer) + column
    if key is None:
        key = sa.literal_column("0", sa.Integer)
    columns = [key.label("cle"), *(c.label(f"c{n}") for n, c in enumerate(by))]
    query = sa.select(*columns).where(*conditions)
    if source is not None:
        query = query.select_from(source)
    if session.get_bind().dialect.name == "sqlite":
        counted: Iterable[tuple[tuple[Any, ...], int]] = Counter(_raw(session, query)).items()
    else:
        grouped = query.add_columns(sa.func.count()).group_by(*(sa.literal_column(c.name) for c in columns))
        counted = [(tuple(r[:-1]), r[-1]) for r in session.execute(grouped)]
    for (codes, *told_apart), number in counted:
        found, rest = [], codes
        for _, values in reversed(dimensions):
            rest, n = divmod(rest, len(values))
            found.append(values[n])
        yield tuple(reversed(found)), tuple(told_apart), number
