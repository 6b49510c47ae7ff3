"""The order of names and titles, the same on both engines and in the indexes that hold it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

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
    return f"lower(translate({_named(element, compiler, kw)} COLLATE \"C\", '{TRIABLES}', '{TRIES}'))"
