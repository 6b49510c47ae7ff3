"""Alters a SQLite table by its text alone when no stored row has to change (docs/adr/0007).

Alembic's batch mode copies a whole table to add a reference, a CHECK, NOT NULL or an empty column. None of these is
stored in rows or indexes, so SQLite documents to edit the text in ``sqlite_schema`` instead
(https://sqlite.org/lang_altertable.html, section 7). The text is the one that batch mode would have left, taken from
its own empty new table. Whatever is not plainly the same on disk is rebuilt as ever.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from alembic.ddl.sqlite import SQLiteImpl
from sqlalchemy import util

_STORED = re.compile(r"\b(AUTOINCREMENT|COLLATE|GENERATED|STRICT|WITHOUT)\b", re.IGNORECASE)


class EditedError(Exception):
    """Leaves batch mode once its work is done; ``helpers.alterer`` ends there."""


@contextmanager
def without_expressions() -> Iterator[None]:
    """Tables are read without their indexes on expressions; ``helpers.alterer`` looks after those: no warning."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Skipped unsupported reflection of expression-based index")
        yield


class InPlaceImpl(SQLiteImpl):
    """Takes the place of Alembic's own."""

    __dialect__ = "sqlite"
    may_edit = False
    """Only on a working copy, whose structure and integrity are proven before anybody uses it."""

    def prep_table_for_batch(self, batch_impl: Any, table: Any) -> None:
        super().prep_table_for_batch(batch_impl, table)
        # Batch mode takes them from a set. In one order every new cache has the same text, which lets SQLite copy
        # rows from one into another as they lie.
        for constraint in sorted(batch_impl.new_table.constraints, key=lambda c: str(c.name)):
            util.set_creation_order(constraint)
        if self.may_edit and self._edit(batch_impl, table.name):
            raise EditedError

    def _all(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        assert self.connection is not None
        done = self.connection.exec_driver_sql(sql, values)
        return [tuple(row) for row in done] if done.returns_rows else []

    def _edit(self, batch: Any, name: str) -> bool:
        temporary = batch.temp_table_name
        # Those of expressions are not read, and stay as they are.
        indexes = {row[0] for row in self._all(
            "SELECT name FROM sqlite_schema s WHERE tbl_name = ? AND type = 'index' AND sql IS NOT NULL "
            "AND NOT EXISTS (SELECT 1 FROM pragma_index_xinfo(s.name) WHERE cid = -2)", name
        )}  # fmt: skip
        if batch.new_indexes or indexes != set(batch.indexes):
            return False
        self.create_table(batch.new_table)
        same = self._stored_alike(name, temporary)
        text = self._text(temporary)
        self.drop_table(batch.new_table)
        begin = f"CREATE TABLE {temporary} ("
        if not same or not text.startswith(begin) or text.count(temporary) > 1:
            return False
        text = f'CREATE TABLE "{name}" ({text.removeprefix(begin)}'
        self._all("SAVEPOINT edition")
        version = self._all("PRAGMA schema_version")[0][0]
        self._all("PRAGMA writable_schema = ON")
        self._all("UPDATE sqlite_schema SET sql = ? WHERE type = 'table' AND name = ?", text, name)
        self._all(f"PRAGMA schema_version = {version + 1}")
        self._all("PRAGMA writable_schema = OFF")
        # Rows that a new rule forbids: the rebuild names the rule that they break.
        broken = self._all(f'PRAGMA quick_check("{name}")') != [("ok",)]
        if broken:
            self._all("ROLLBACK TO edition")
        self._all("RELEASE edition")
        return not broken

    def _text(self, name: str) -> str:
        return str(self._all("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?", name)[0][0])

    def _stored_alike(self, old: str, new: str) -> bool:
        """Same columns with the same defaults, none added but empty ones at the end; same automatic indexes."""
        if _STORED.search(self._text(old)) or _STORED.search(self._text(new)):
            return False
        # Of (rank, name, type, NOT NULL, default, key, hidden) only NOT NULL may change.
        before, after = (
            [(*row[:3], *row[4:]) for row in self._all(f'PRAGMA table_xinfo("{table}")')] for table in (old, new)
        )
        added = after[len(before) :]
        return (
            after[: len(before)] == before
            and all(row[3:] == (None, 0, 0) for row in added)
            and self._automatic(old) == self._automatic(new)
        )

    def _automatic(self, table: str) -> list[tuple[Any, ...]]:
        made = [row for row in self._all(f'PRAGMA index_list("{table}")') if row[3] != "c"]
        return [(row[2:], self._all(f'PRAGMA index_xinfo("{row[1]}")')) for row in made]
