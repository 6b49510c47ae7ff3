"""A transaction of a window at the centre in few round trips: it begins with its first words, a flush goes at once.

The driver opens a transaction by a trip of its own, and the unit of work sends one statement after another though it
needs no answer but how many rows each one met. Here BEGIN goes with what names the author, and what a flush writes
goes as one text whose last answer tells those numbers; COMMIT stays by itself, so that a line that is cut then is
known to have been cut then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from psycopg2 import extensions
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from erp_desktop.db.patience import Patience

_MET = "erp.lignes_touchees"
"""Setting of the transaction that counts the rows which each statement met."""


@dataclass(slots=True)
class _Held:
    """What a flush has to say.

    Attributes:
        said: its statements, values included.
        names: the same without values, as an error may show them.
        wanted: rows that each statement has to meet; None: any number.
    """

    said: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    wanted: list[int | None] = field(default_factory=list)


class Asking(extensions.cursor):
    """Says while it waits for an answer that it does."""

    def execute(self, *said: Any) -> None:
        line: Any = self.connection
        with line.waiting():
            super().execute(*said)


class Line(extensions.connection):
    """A line that may begin its transactions by itself: the driver, left in autocommit, then knows of none."""

    held: _Held | None = None
    gathers = flushing = False
    patience: Patience | None = None

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.cursor_factory = Asking

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Something is asked of the server in the block."""
        if self.patience is None:
            yield
            return
        self.patience.begins(self)
        try:
            yield
        finally:
            self.patience.ends(self)

    def commit(self) -> None:
        with self.waiting():
            self._end("COMMIT", super().commit)

    def rollback(self) -> None:
        self.held = None
        with self.waiting():
            self._end("ROLLBACK", super().rollback)

    @property
    def at_rest(self) -> bool:
        """Whether no transaction is open; costs no trip."""
        return bool(self.info.transaction_status == extensions.TRANSACTION_STATUS_IDLE)

    def _end(self, word: str, usual: Any) -> None:
        if not self.autocommit or self.closed or self.at_rest:
            usual()
            return
        with self.cursor() as cursor:
            cursor.execute(word)


def begins_itself(connection: sa.Connection) -> bool:
    """Whether :data:`BEGIN` may be the first words of a transaction on it."""
    return isinstance(connection.connection.dbapi_connection, Line)


BEGIN = "BEGIN; "
"""Before the first statement of a transaction on a line in autocommit."""


class HoldingSession(Session):
    """A session whose flush is one trip on such a line, on any other what it always is."""

    def flush(self, objects: Sequence[Any] | None = None) -> None:
        """See :class:`sqlalchemy.orm.Session`.

        Raises:
            DBAPIError: the database refused a row.
            StaleDataError: a row that was to be changed is no longer there.
        """
        # Before each reading it is asked whether there is anything.
        line = None if self._is_clean() else _line(self.connection())
        if line is None or line.at_rest or line.flushing:
            super().flush(objects)
            return
        line.held = line.held or _Held()
        line.flushing = True
        try:
            super().flush(objects)
        finally:
            line.flushing = False
            if not line.gathers:
                line.held = None


@event.listens_for(HoldingSession, "after_flush")
def _release(session: HoldingSession, _context: object) -> None:
    line = _line(session.connection())
    if line is not None and not line.gathers:
        _send(session.connection(), line)


@dataclass(slots=True)
class Gathering:
    """What is asked once everything is written.

    Attributes:
        asked: one value.
        answer: it, behind the block.
    """

    asked: sa.Select[Any] | None = None
    answer: Any = None


@contextmanager
def gathered(session: Session) -> Iterator[Gathering]:
    """What the flushes of a block write, one after the other, is one trip on such a line; a reading sends it at once.

    Raises:
        DBAPIError: the database refused a row, which may be one that was flushed before.
        StaleDataError: a row that was to be changed is no longer there.
    """
    asks, line = Gathering(), _line(session.connection())
    if line is None or line.at_rest or line.gathers or line.flushing:
        yield asks
        session.flush()
        if asks.asked is not None:
            asks.answer = session.scalar(asks.asked)
        return
    line.held, line.gathers = _Held(), True
    try:
        yield asks
        session.flush()
        if line.held is not None and line.held.said:
            asks.answer = _send(session.connection(), line, asks.asked)
        elif asks.asked is not None:
            asks.answer = session.scalar(asks.asked)
    finally:
        line.held, line.gathers = None, False


def _line(connection: sa.Connection) -> Line | None:
    line = connection.connection.dbapi_connection
    return line if isinstance(line, Line) else None


def _send(connection: sa.Connection, line: Line, asked: sa.Select[Any] | None = None) -> Any:
    """Say what is held, then ask one value, if any; it is the answer."""
    held, line.held = line.held, None
    if held is None or not held.said:
        return None
    counted = [place for place, wanted in enumerate(held.wanted) if wanted is not None]
    words = [_counting(one) if place in counted else one for place, one in enumerate(held.said)]
    if counted:
        words = [f"SELECT set_config('{_MET}', '', true)", *words]
    if counted or asked is not None:
        value = "NULL" if asked is None else f"({_spelled(connection, line, asked)})"
        words.append(f"SELECT current_setting('{_MET}', true), {value}")
    try:
        answer = connection.exec_driver_sql("; ".join(words), execution_options={"no_parameters": True})
    except DBAPIError as error:
        # What people wrote stays out of the log.
        error.statement = "; ".join(held.names)
        raise
    if not (counted or asked is not None):
        return None
    told, value = answer.one()
    met = [int(number) for number in told.split()] if counted else []
    for place, number in zip(counted, met, strict=True):
        if number != held.wanted[place]:
            raise StaleDataError(f"{number} rows met where one was to be: {held.names[place]}")
    return value


def _spelled(connection: sa.Connection, line: Line, query: sa.Select[Any]) -> str:
    said: Any = query.compile(dialect=connection.dialect)
    with line.cursor() as cursor:
        return cursor.mogrify(said.string, said.params).decode()


def _counting(statement: str) -> str:
    return (
        f"WITH touchees AS ({statement} RETURNING 1) SELECT set_config('{_MET}', current_setting('{_MET}') || ' ' || "
        "(SELECT count(*) FROM touchees), true)"
    )


def listen(engine: sa.Engine) -> None:
    """Have the lines of an engine hold what a flush writes."""

    @event.listens_for(engine, "do_execute")
    def one(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
        line = cursor.connection
        held = line.held if isinstance(line, Line) else None
        if held is None:
            return False
        if not line.flushing or not _written(context):
            # The whole flush is undone: what it has not said yet is not said at all.
            if statement.startswith("ROLLBACK"):
                line.held = _Held() if line.gathers else None
                return False
            _send(context.root_connection, line)
            line.held = _Held()
            return False
        held.said.append(cursor.mogrify(statement, parameters).decode())
        held.names.append(statement)
        # One that is deleted may be gone already.
        held.wanted.append(1 if context.isupdate else None)
        # What the unit of work is told now is checked when it is sent.
        context._rowcount = 1  # noqa: SLF001
        return True

    @event.listens_for(engine, "do_executemany")
    def many(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
        line = cursor.connection
        held = line.held if isinstance(line, Line) else None
        if held is None:
            return False
        if not line.flushing or not _written(context):
            _send(context.root_connection, line)
            line.held = _Held()
            return False
        for values in parameters:
            held.said.append(cursor.mogrify(statement, values).decode())
            held.names.append(statement)
            held.wanted.append(None)
        context._rowcount = len(parameters)  # noqa: SLF001
        return True


def _written(context: Any) -> bool:
    """A statement of the unit of work that answers nothing but how many rows it met."""
    if not (context.isinsert or context.isupdate or context.isdelete) or context.compiled is None:
        return False
    return not context.compiled.effective_returning
