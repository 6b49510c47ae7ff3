"""Several readings side by side: at the centre what they ask at the same time is one round trip.

A page of figures is dozens of small statements, none of which waits for another's answer. Each reading runs until it
asks; what all of them ask then goes over the line together, and they go on. Only one of them runs at a time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.engine.result import IteratorResult, SimpleResultMetaData
from sqlalchemy.orm import InstrumentedAttribute, Session

from erp_desktop import clock
from erp_desktop.models.types import Instant, Jour, Montant

Work = Callable[[Session], Any]
Read = Callable[[Any], Any]


def abreast(session: Session, *works: Work) -> list[Any]:
    """What each work gives, in the order of the works; each is called with the session that it is to ask.

    Raises:
        Exception: whatever the first work that failed raised.
    """
    if _sqlite(session) or len(works) < 2:
        return [work(session) for work in works]
    return _Turns(session, works).run()


def together(session: Session, *queries: sa.Select[*tuple[Any, ...]]) -> list[list[tuple[Any, ...]]]:
    """The rows of several small queries, at the centre in one round trip; of columns whose type is known."""
    if _sqlite(session):
        return [[tuple(row) for row in session.execute(query)] for query in queries]
    found = session.execute(sa.select(*map(_packed, queries))).one()
    return [list(_rows(query, packed)) for query, packed in zip(queries, found, strict=True)]


def _sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"


class _Side:
    """The session of one work: what it selects waits for what the others ask."""

    def __init__(self, turns: _Turns, number: int) -> None:
        self._turns, self._number = turns, number

    def execute(self, query: Any, *arguments: Any, **named: Any) -> Any:
        if arguments or named or _readers(query) is None:
            return self._turns.session.execute(query, *arguments, **named)
        return self._turns.ask(self._number, query)

    def scalar(self, query: Any, *arguments: Any, **named: Any) -> Any:
        return self.execute(query, *arguments, **named).scalar()

    def scalars(self, query: Any, *arguments: Any, **named: Any) -> Any:
        return self.execute(query, *arguments, **named).scalars()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._turns.session, name)


class _Turns:
    """Whose turn it is: each work has a thread of its own, and runs while all the others stand still."""

    def __init__(self, session: Session, works: Sequence[Work]) -> None:
        self.session, self._works = session, works
        self._go = [threading.Semaphore(0) for _ in works]
        self._back = threading.Semaphore(0)
        self._asked: dict[int, sa.Select[Any]] = {}
        self._answers: dict[int, Any] = {}
        self._results: list[Any] = [None] * len(works)
        self._errors: dict[int, BaseException] = {}

    def run(self) -> list[Any]:
        threads = [threading.Thread(target=self._play, args=(n,), daemon=True) for n in range(len(self._works))]
        for thread in threads:
            thread.start()
        turn: Sequence[int] = range(len(threads))
        while turn:
            for number in turn:
                self._go[number].release()
                self._back.acquire()
            turn = sorted(self._asked)
            asked, self._asked = [self._asked[n] for n in turn], {}
            self._answers = dict(zip(turn, self._together(asked), strict=True))
        for thread in threads:
            thread.join()
        if self._errors:
            raise self._errors[min(self._errors)]
        return self._results

    def _play(self, number: int) -> None:
        self._go[number].acquire()
        try:
            self._results[number] = self._works[number](cast("Session", _Side(self, number)))
        except BaseException as error:  # noqa: BLE001
            self._errors[number] = error
        self._back.release()

    def ask(self, number: int, query: sa.Select[Any]) -> Any:
        """Stand still until the answer is there."""
        self._asked[number] = query
        self._back.release()
        self._go[number].acquire()
        answer = self._answers[number]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _together(self, queries: Sequence[sa.Select[Any]]) -> list[Any]:
        if not queries:
            return []
        try:
            if len(queries) == 1:
                return [self.session.execute(queries[0])]
            return [_result(*pair) for pair in zip(queries, together(self.session, *queries), strict=True)]
        except Exception as error:  # noqa: BLE001
            # Every work that waits ends by it, and the first one tells it.
            return [error] * len(queries)


def _packed(query: sa.Select[Any]) -> sa.ScalarSelect[Any]:
    """The rows of a query as one value."""
    rows = _named(query).subquery()
    columns = [sa.cast(c, sa.Text()) if _exact(c.type) else c for c in rows.c]
    array = sa.func.json_agg(sa.func.json_build_array(*columns), type_=sa.JSON())
    return sa.select(array).select_from(rows).scalar_subquery()


def _named(query: sa.Select[Any]) -> sa.Select[Any]:
    """A literal that stands for itself has no name that another query could call it by."""
    columns = [described["expr"] for described in query.column_descriptions]
    bare = [isinstance(c, sa.ColumnClause) and c.is_literal for c in columns]
    if not any(bare):
        return query
    named = (c.label(f"l{n}") if unnamed else c for n, (c, unnamed) in enumerate(zip(columns, bare, strict=True)))
    return query.with_only_columns(*named, maintain_column_froms=True)


def _exact(kind: Any) -> bool:
    return isinstance(kind, sa.Numeric | Montant) and not isinstance(kind, sa.Float)


def _rows(query: sa.Select[Any], packed: list[list[Any]] | None) -> Iterator[tuple[Any, ...]]:
    readers = _readers(query)
    if readers is None:
        raise TypeError("a column whose type does not cross the line in JSON")
    for row in packed or ():
        yield tuple(r(v) if r is not None and v is not None else v for r, v in zip(readers, row, strict=True))


def _result(query: sa.Select[Any], rows: list[tuple[Any, ...]]) -> Any:
    names = [described["name"] for described in query.column_descriptions]
    return IteratorResult(SimpleResultMetaData(names), iter(rows))


def _readers(query: Any) -> list[Read | None] | None:
    """How each column comes back from JSON; None of a query that does not cross the line in it."""
    if not isinstance(query, sa.Select):
        return None
    found: list[Read | None] = []
    for described in query.column_descriptions:
        if not isinstance(described["expr"], sa.ColumnElement | InstrumentedAttribute):
            return None
        kind = described["type"]
        for types, reader in _READ:
            if isinstance(kind, types):
                found.append(reader)
                break
        else:
            return None
    return found


def _day(text: str) -> Any:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return clock.UnreadableDay.of(text)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


_READ: tuple[tuple[Any, Read | None], ...] = (
    ((sa.Integer, sa.Boolean, sa.String, sa.Float, sa.JSON), None),
    ((sa.Date, Jour), _day), ((Instant, sa.DateTime), _moment),
    ((sa.Numeric, Montant), Decimal),
)  # fmt: skip
