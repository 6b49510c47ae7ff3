"""Texts of a whole database in which a person is named, found and taken out, on both engines alike.

Values are found by SQL and changed here, so that a text, JSON in either engine's spelling and a list inside JSON are
all judged by one pattern (``domain.people.mentions``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from erp_desktop.domain.people import mentions

Ask = Callable[[str, Sequence[Any]], Sequence[Sequence[Any]]]
"""Runs one statement of SQLite with ``?``; its rows."""
_TEXT = re.compile("CHAR|TEXT|CLOB|JSON|BLOB", re.IGNORECASE)
_LENGTH = re.compile(r"CHAR\((\d+)\)", re.IGNORECASE)
_OURS = ("public", "sync")


@dataclass(frozen=True, slots=True)
class Found:
    """Where a person is named.

    Attributes:
        table: led by ``sync.`` in the centre's own schema.
        columns: those of one row that name the person.
        row: what identifies the row for its engine.
        pk: ``id`` of a table that has one, else 0.
    """

    table: str
    columns: tuple[str, ...]
    row: str
    pk: int


def sqlite_ask(connection: sa.Connection) -> Ask:
    """The statements of a SQLAlchemy connection to SQLite."""

    def ask(sql: str, parameters: Sequence[Any]) -> Sequence[Sequence[Any]]:
        result = connection.exec_driver_sql(sql, tuple(parameters))
        return result.fetchall() if result.returns_rows else []

    return ask


def erase_sqlite(ask: Ask, pattern: str, kept: Mapping[str, str], *, count_only: bool = False) -> list[Found]:
    """Take a person out of every text of a cache; capture is the caller's to mute.

    Args:
        kept: table → condition of the rows that stay as they are.
        count_only: only find them.
    """
    found: list[Found] = []
    for table, columns in _sqlite_texts(ask).items():
        shown = ", ".join(f'"{c}"' for c, _ in columns)
        pk = "id" if ask(f"SELECT 1 FROM pragma_table_info('{table}') WHERE name = 'id'", ()) else "0"
        where = f" WHERE NOT coalesce(({kept[table]}), 0)" if table in kept else ""
        changes = []
        for rowid, ident, *values in ask(f'SELECT rowid, {pk}, {shown} FROM "{table}"{where}', ()):
            new = {c: _without(v, pattern, limit) for (c, limit), v in zip(columns, values, strict=True)
                   if _names(v, pattern)}  # fmt: skip
            if new:
                found.append(Found(table, tuple(new), str(rowid), int(ident) if isinstance(ident, int) else 0))
                changes.append((rowid, new))
        if not count_only:
            for rowid, new in changes:
                sets = ", ".join(f'"{c}" = ?' for c in new)
                ask(f'UPDATE "{table}" SET {sets} WHERE rowid = ?', (*new.values(), rowid))
    return found


def _sqlite_texts(ask: Ask) -> dict[str, list[tuple[str, int | None]]]:
    """Table → its columns that may hold text, with their length."""
    made: dict[str, list[tuple[str, int | None]]] = {}
    tables = ask(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' "
        "AND name <> 'contenus_morceaux' AND sql NOT LIKE '%WITHOUT ROWID%' AND sql NOT LIKE 'CREATE VIRTUAL%'", (),
    )  # fmt: skip
    for (table,) in tables:
        columns = [
            (str(name), int(length[1]) if (length := _LENGTH.search(kind or "")) else None)
            for _, name, kind, *_ in ask(f'PRAGMA table_info("{table}")', ())
            if _TEXT.search(kind or "TEXT")
        ]
        if columns:
            made[table] = columns
    return made


def _read(value: Any) -> tuple[str | None, bool]:
    """The text of a value, and whether it was bytes; None of what is no text."""
    if isinstance(value, (bytes, memoryview)):
        try:
            return bytes(value).decode(), True
        except UnicodeDecodeError:
            return None, True
    return (value, False) if isinstance(value, str) else (None, False)


def _json(text: str) -> Any:
    """What JSON says; None of any other text."""
    if text[:1] not in ("{", "[", '"'):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def _names(value: Any, pattern: str) -> bool:
    text, _ = _read(value)
    if text is None:
        return False
    # JSON may spell its letters by their numbers.
    held = _json(text) if "\\u" in text else None
    return mentions.names(text, pattern) or (held is not None and mentions.erased(held, pattern) != held)


def _without(value: Any, pattern: str, limit: int | None) -> Any:
    text, binary = _read(value)
    held = _json(text or "")
    told = mentions.erased(text, pattern) if held is None else (
        json.dumps(mentions.erased(held, pattern), ensure_ascii=False, separators=(",", ":")))  # fmt: skip
    told = told[:limit] if limit is not None else told
    return told.encode() if binary else told


# --- the centre


def erase_postgres(
    connection: sa.Connection, pattern: str, kept: Mapping[str, str], *, count_only: bool = False
) -> list[Found]:
    """Take a person out of every text of the centre, its own schema included, in the caller's transaction."""
    found: list[Found] = []
    for schema, table, columns in _postgres_texts(connection):
        name = table if schema == "public" else f"{schema}.{table}"
        tests = " OR ".join(f'"{c}"::text ~* %(p)s' for c, *_ in columns)
        shown = ", ".join(f'"{c}"' for c, *_ in columns)
        has_id = connection.execute(
            sa.text("SELECT 1 FROM information_schema.columns WHERE table_schema = :s AND table_name = :t "
                    "AND column_name = 'id' AND data_type IN ('bigint', 'integer')"), {"s": schema, "t": table},
        ).scalar()  # fmt: skip
        pk = "id" if has_id else "0"
        where = f"NOT coalesce(({kept[name]}), false) AND ({tests})" if name in kept else tests
        lock = "" if count_only else " FOR UPDATE"
        rows = connection.exec_driver_sql(
            f'SELECT ctid::text, {pk}, {shown} FROM {schema}."{table}" WHERE {where}{lock}', {"p": pattern}
        ).fetchall()
        for ctid, ident, *values in rows:
            new = {c: (v, kind) for (c, kind, limit), value in zip(columns, values, strict=True)
                   if (v := _plain(value, pattern, limit)) != value}  # fmt: skip
            if not new:
                continue
            found.append(Found(name, tuple(new), str(ctid), int(ident)))
            if not count_only:
                _update(connection, f'{schema}."{table}"', str(ctid), new)
    return found


def _plain(value: Any, pattern: str, limit: int | None) -> Any:
    told = mentions.erased(value, pattern)
    return told[:limit] if limit is not None and isinstance(told, str) else told


def _update(connection: sa.Connection, table: str, ctid: str, new: Mapping[str, tuple[Any, str]]) -> None:
    sets = ", ".join(f'"{c}" = CAST(%(c{n})s AS {kind})' for n, (c, (_, kind)) in enumerate(new.items()))
    values = {
        f"c{n}": json.dumps(v, ensure_ascii=False) if kind in ("jsonb", "json") else v
        for n, (v, kind) in enumerate(new.values())
    }
    connection.exec_driver_sql(f"UPDATE {table} SET {sets} WHERE ctid = CAST(%(t)s AS tid)", {**values, "t": ctid})


def _postgres_texts(connection: sa.Connection) -> Iterator[tuple[str, str, list[tuple[str, str, int | None]]]]:
    rows = connection.execute(
        sa.text(
            "SELECT c.table_schema, c.table_name, c.column_name, c.data_type, c.character_maximum_length "
            "FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name) "
            "WHERE c.table_schema IN ('public', 'sync') AND t.table_type = 'BASE TABLE' "
            "AND c.data_type IN ('text', 'character varying', 'jsonb', 'json') AND c.is_generated = 'NEVER' "
            "ORDER BY 1, 2, c.ordinal_position"
        )
    ).fetchall()
    tables: dict[tuple[str, str], list[tuple[str, str, int | None]]] = {}
    for schema, table, column, kind, limit in rows:
        tables.setdefault((schema, table), []).append(
            (column, "text" if kind == "character varying" else kind, limit)
        )
    for (schema, table), columns in tables.items():
        yield schema, table, columns
