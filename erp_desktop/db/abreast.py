"""Several readings side by side: at the centre what they ask at the same time is one round trip.

A page of figures is dozens of small statements, none of which waits for another's answer. Each reading runs until it
asks; what all of them ask then goes over the line together, and they go on. Only one of them runs at a time. Rows of
mapped classes come over like values, and are the session's own as if it had read them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, cast

import sqlalchemy as sa
from psycopg2.extensions import TRANSACTION_STATUS_IDLE
from sqlalchemy.engine.result import IteratorResult, SimpleResultMetaData
from sqlalchemy.exc import DBAPIError, InvalidRequestError, NoResultFound
from sqlalchemy.orm import InstrumentedAttribute, Mapper, Session, make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.util import AliasedInsp

from erp_desktop import clock
from erp_desktop.models.types import Instant, Jour, Montant

Work = Callable[[Session], Any]
Read = Callable[[Any], Any]
_Part = tuple["Mapper[Any] | None", list["Read | None"]]
"""One element of what a query selects: a mapped class or None of a value, and how each of its columns is read."""


def abreast(session: Session, *works: Work) -> list[Any]:
    """What each work gives, in the order of the works; each is called with the session that it is to ask.

    Raises:
        Exception: whatever the first work that failed raised.
    """
    if _sqlite(session) or len(works) < 2:
        return [work(session) for work in works]
    results, errors = _Turns(session, works).run()
    if errors:
        raise errors[min(errors)]
    return results


def each_abreast(session: Session, *works: Work) -> list[tuple[Any, BaseException | None]]:
    """What works of several people gave at the centre, or raised: none of them fails by another's fault."""
    if _sqlite(session):
        return [_outcome(work, session) for work in works]
    results, errors = _Turns(session, works).run()
    return [(result, errors.get(number)) for number, result in enumerate(results)]


def _outcome(work: Work, session: Session) -> tuple[Any, BaseException | None]:
    try:
        return work(session), None
    except Exception as error:  # noqa: BLE001
        return None, error


def is_cut(error: BaseException | None) -> bool:
    """Whether the line went with it: nothing more is answered in this transaction."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def together(session: Session, *queries: sa.Select[*tuple[Any, ...]]) -> list[list[tuple[Any, ...]]]:
    """The rows of several small queries, at the centre in one round trip; of columns whose type is known."""
    if _sqlite(session):
        return [[tuple(row) for row in session.execute(query)] for query in queries]
    return _fetched(session, [_Asked(query) for query in queries])


class _Asked:
    """A query with what it selects, which takes SQLAlchemy as long to tell as the query takes to make."""

    def __init__(self, query: Any) -> None:
        self.query = query
        self.described: list[Any] = query.column_descriptions if isinstance(query, sa.Select) else []
        self.parts = _parts(query, self.described)


def _fetched(session: Session, asked: Sequence[_Asked]) -> list[list[tuple[Any, ...]]]:
    found = session.execute(sa.select(*map(_packed, asked))).one()
    return [list(_rows(session, one, packed)) for one, packed in zip(asked, found, strict=True)]


def _sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"


class _Side:
    """The session of one work: what it selects waits for what the others ask."""

    def __init__(self, turns: _Turns, number: int) -> None:
        self._turns, self._number = turns, number

    def execute(self, query: Any, *arguments: Any, **named: Any) -> Any:
        if arguments or named or (asked := _Asked(query)).parts is None:
            return self._turns.session.execute(query, *arguments, **named)
        return self._turns.ask(self._number, asked)

    def scalar(self, query: Any, *arguments: Any, **named: Any) -> Any:
        return self.execute(query, *arguments, **named).scalar()

    def scalars(self, query: Any, *arguments: Any, **named: Any) -> Any:
        return self.execute(query, *arguments, **named).scalars()

    def get(self, entity: Any, ident: Any, **named: Any) -> Any:
        mapper = sa.inspect(entity)
        if any(v is not None for v in named.values()) or not isinstance(ident, int | None):
            return self._turns.session.get(entity, ident, **named)
        known = self._turns.session.identity_map.get(mapper.identity_key_from_primary_key((ident,)))
        if ident is None or (known is not None and not sa.inspect(known).expired_attributes):
            return known
        return self.scalars(self._turns.row_of(mapper, ident)).one_or_none()

    def get_one(self, entity: Any, ident: Any, **named: Any) -> Any:
        found = self.get(entity, ident, **named)
        if found is None:
            raise NoResultFound(f"no {entity.__name__} {ident}")
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._turns.session, name)


class _Turns:
    """Whose turn it is: each work has a thread of its own, and runs while all the others stand still."""

    def __init__(self, session: Session, works: Sequence[Work]) -> None:
        self.session, self._works = session, works
        self._go = [threading.Semaphore(0) for _ in works]
        self._back = threading.Semaphore(0)
        self._asked: dict[int, _Asked] = {}
        self._answers: dict[int, Any] = {}
        self._results: list[Any] = [None] * len(works)
        self._errors: dict[int, BaseException] = {}
        self._cut: BaseException | None = None
        self._got: dict[Any, sa.Select[Any]] = {}

    def run(self) -> tuple[list[Any], dict[int, BaseException]]:
        """The results, and what was raised by the number of the work."""
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
        return self._results, self._errors

    def _play(self, number: int) -> None:
        self._go[number].acquire()
        try:
            self._results[number] = self._works[number](cast("Session", _Side(self, number)))
        except BaseException as error:  # noqa: BLE001
            if is_cut(error):
                self._cut = self._cut or error
            # What a session says that lost its line is no more than that.
            after = self._cut is not None and isinstance(error, InvalidRequestError)
            self._errors[number] = cast("BaseException", self._cut) if after else error
        self._back.release()

    def row_of(self, mapper: Mapper[Any], ident: int) -> sa.Select[Any]:
        """The same statement for whoever gets the same row: it goes over the line once."""
        key = (mapper, ident)
        if key not in self._got:
            self._got[key] = sa.select(mapper.class_).where(mapper.primary_key[0] == ident)
        return self._got[key]

    def ask(self, number: int, asked: _Asked) -> Any:
        """Stand still until the answer is there."""
        self._asked[number] = asked
        self._back.release()
        self._go[number].acquire()
        answer = self._answers[number]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _together(self, asked: Sequence[_Asked]) -> list[Any]:
        """An answer for each, or what it ends by."""
        once = {id(one.query): one for one in asked}
        try:
            if len(asked) < 2:
                return [self.session.execute(one.query) for one in asked]
            found = dict(zip(once, _fetched(self.session, list(once.values())), strict=True))
            return [_result(one, found[id(one.query)]) for one in asked]
        except Exception as error:  # noqa: BLE001
            if is_cut(error) or not self._alone():
                return [error] * len(asked)
            return [self._one(one.query) for one in asked]

    def _one(self, query: sa.Select[Any]) -> Any:
        try:
            return self.session.execute(query)
        except Exception as error:  # noqa: BLE001
            return error

    def _alone(self) -> bool:
        """Whether a statement that failed leaves the others what they were: no transaction is open around them."""
        line: Any = self.session.connection().connection.dbapi_connection
        return bool(line.autocommit and line.info.transaction_status == TRANSACTION_STATUS_IDLE)


def _packed(asked: _Asked) -> sa.ScalarSelect[Any]:
    """The rows of a query as one value."""
    rows = _named(asked).subquery()
    columns = [_sent(c) for c in rows.c]
    array = sa.func.json_agg(sa.func.json_build_array(*columns), type_=sa.JSON())
    return sa.select(array).select_from(rows).scalar_subquery()


def _named(asked: _Asked) -> sa.Select[Any]:
    """What is asked for column by column: a literal that stands for itself has no name that another query could call
    it by, and within another query a row comes with the columns too that are read when they are asked for."""
    query: sa.Select[Any] = asked.query
    columns: list[Any] = []
    for n, (described, (mapper, _)) in enumerate(zip(asked.described, asked.parts or (), strict=True)):
        expr = described["expr"]
        if mapper is not None:
            columns += [getattr(expr, mapper.get_property_by_column(c).key) for c in _loaded(mapper)]
        else:
            unnamed = isinstance(expr, sa.ColumnClause) and expr.is_literal
            columns.append(expr.label(f"l{n}") if unnamed else expr)
    return query.with_only_columns(*columns)


def _sent(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    if isinstance(column.type, sa.LargeBinary):
        return sa.func.encode(column, "hex")
    return sa.cast(column, sa.Text()) if _exact(column.type) else column


def _exact(kind: Any) -> bool:
    return isinstance(kind, sa.Numeric | Montant) and not isinstance(kind, sa.Float)


def _rows(session: Session, asked: _Asked, packed: list[list[Any]] | None) -> Iterator[tuple[Any, ...]]:
    if asked.parts is None:
        raise TypeError("a column whose type does not cross the line in JSON")
    if all(mapper is None and readers == [None] for mapper, readers in asked.parts):
        yield from map(tuple, packed or ())
        return
    for row in packed or ():
        values, told = iter(row), []
        for mapper, readers in asked.parts:
            read = [r(v) if r is not None and v is not None else v for r, v in zip(readers, values, strict=False)]
            told.append(read[0] if mapper is None else _entity(session, mapper, read))
        yield tuple(told)


def _entity(session: Session, mapper: Mapper[Any], values: list[Any]) -> Any:
    """The session's own object of a row; None of one that an outer join did not find."""
    columns = _loaded(mapper)
    told = {mapper.get_property_by_column(c).key: v for c, v in zip(columns, values, strict=True)}
    key = tuple(told[mapper.get_property_by_column(c).key] for c in mapper.primary_key)
    if None in key:
        return None
    known = session.identity_map.get(mapper.identity_key_from_primary_key(key))
    made = mapper.class_manager.new_instance() if known is None else known
    for name in told if known is None else sa.inspect(known).expired_attributes & told.keys():
        set_committed_value(made, name, told[name])
    if known is None:
        make_transient_to_detached(made)
        session.add(made)
    return made


def _loaded(mapper: Mapper[Any]) -> list[Any]:
    """The columns that a row of a mapped class comes with; others are read when they are asked for."""
    return [c for c in mapper.local_table.c if not mapper.get_property_by_column(c).deferred]


def _result(asked: _Asked, rows: list[tuple[Any, ...]]) -> Any:
    names = [described["name"] for described in asked.described]
    return IteratorResult(SimpleResultMetaData(names), iter(rows))


def _parts(query: Any, described: Sequence[Any]) -> list[_Part] | None:
    """What comes back from JSON; None of a query that does not cross the line in it."""
    if not isinstance(query, sa.Select) or query._with_options or query._for_update_arg is not None:  # noqa: SLF001
        return None
    found: list[_Part] = []
    for one in described:
        if isinstance(one["expr"], sa.ColumnElement | InstrumentedAttribute):
            mapper, kinds = None, [one["type"]]
        else:
            about = sa.inspect(one["expr"], raiseerr=False)
            mapper = about.mapper if isinstance(about, Mapper | AliasedInsp) else None
            if mapper is None or mapper.polymorphic_on is not None:
                return None
            kinds = [c.type for c in _loaded(mapper)]
        readers = [_reader(kind) for kind in kinds]
        if _never in readers:
            return None
        found.append((mapper, readers))
    return found


def _reader(kind: Any) -> Read | None:
    return next((reader for types, reader in _READ if isinstance(kind, types)), _never)


def _never(_value: Any) -> Any:
    raise TypeError("a type that does not cross the line in JSON")


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
    ((sa.Numeric, Montant), Decimal), (sa.LargeBinary, bytes.fromhex),
)  # fmt: skip
