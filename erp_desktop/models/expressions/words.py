"""The words of a record as PostgreSQL's text search finds them; a cache keeps them in a file of its own."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

_SPACES = '-_./:,;()[]{}"«»’!?*+=&#|<>°،؛؟@'
_DROPPED = "".join(map(chr, (
    0x300, 0x301, 0x302, 0x303, 0x304, 0x306, 0x307, 0x308, 0x30A, 0x30B, 0x30C, 0x327, 0x328,
    0x640, *range(0x64B, 0x656), 0x670,
)))  # fmt: skip
"""Accents once they are letters of their own, Arabic vowels, hamzas and the stroke that lengthens."""
_FROM = "ىة" + _SPACES + _DROPPED
_TO = "يه" + " " * len(_SPACES)
_MOST = 100_000
"""Characters of one record; a tsvector holds a megabyte."""


class mots(FunctionElement[Any]):  # noqa: N801
    """``mots(*columns)``: their words, folded as ``domain.recherche.plier`` does, for a GIN index.

    Spelled as in the index, without parameters.
    """

    type = TSVECTOR()
    inherit_cache = True


@compiles(mots, "postgresql")
def _m_postgresql(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    joined = " || ' ' || ".join(f"coalesce({compiler.process(c, **kw)}, '')" for c in element.clauses)
    spelled = f"replace(replace(left({joined}, {_MOST}), 'œ', 'oe'), 'Œ', 'oe')"
    folded = f"lower(translate(normalize({spelled}, NFKD), '{_FROM}', '{_TO}'))"
    return f"to_tsvector('simple'::regconfig, {folded})"


def indexed(name: str, *columns: Any) -> sa.Index:
    """An index of words, at the centre alone."""
    made = sa.Index(name, mots(*columns), postgresql_using="gin", info={"engine": "postgresql"})
    return made.ddl_if(dialect="postgresql")
