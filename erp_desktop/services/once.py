"""What is asked for again because nobody heard what became of it is done once.

The first row that it makes is noted before it is committed: where that row is there, all of it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.db.session import first_made, make_first
from erp_desktop.models import Base

T = TypeVar("T")
Row = tuple[str, int]
"""A table and an identifier in it."""


def done(session: Session, row: Row) -> bool:
    """Whether what was to make a row did; if not, whatever is done next in this transaction makes that one first.

    Should the former still be under way, one of the two is refused.
    """
    table = Base.metadata.tables[row[0]]
    if session.scalar(sa.select(table.c.id).where(table.c.id == row[1])) is not None:
        return True
    make_first(session, row[1])
    return False


def noted(session: Session, act: Callable[[Session], T], note: Callable[[Row, T], object]) -> T:
    """Do what makes rows; ``note`` is told of the first one before it is committed, and keeps it."""
    answer = act(session)
    session.flush()
    if (row := first_made(session)) is not None:
        note(row, answer)
    return answer
