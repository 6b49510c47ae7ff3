"""What a form, the command line or a file may type into a text: as much as its column holds, said there alone."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from pydantic import Field

_LONGEST = 20_000
"""Characters of a text that its column does not limit."""


def _length(column: Any) -> int:
    kind = column.property.columns[0].type
    if not isinstance(kind, sa.String):
        raise TypeError(f"no text: {column}")
    return kind.length or _LONGEST


def optional(column: Any) -> Any:
    """A text that may be left out: default and limit of a ``Saisie``'s field."""
    return Field(None, max_length=_length(column))


def required(column: Any) -> Any:
    """A text that is always there: limits of a ``Saisie``'s field."""
    return Field(min_length=1, max_length=_length(column))
