"""The SQL of SQLite revisions, as it runs on an empty database in memory.

SQLite rebuilds tables, which needs a table to read: SQL cannot be written without running it.
"""

from __future__ import annotations

import sys
from typing import Any

import sqlalchemy as sa
import sqlcipher3.dbapi2
from sqlalchemy import event
from sqlalchemy.pool import StaticPool

from erp_desktop.db import migrate

# Reads, and the triggers that every program start checks anyway.
_QUIET = ("PRAGMA", "SELECT", "BEGIN", "CREATE TRIGGER", "DROP TRIGGER", "INSERT OR IGNORE", "INSERT INTO JOURNAL")


def sqlite_statements(start: str, end: str) -> list[str]:
    """Statements that bring an empty cache from revision ``start`` ("base" or an id) to ``end``."""
    engine = sa.create_engine("sqlite://", module=sqlcipher3.dbapi2, poolclass=StaticPool)
    collected: list[str] = []

    def collect(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        if not statement.lstrip().upper().startswith(_QUIET):
            collected.append(_inline(statement, parameters).strip())

    try:
        with engine.connect() as connection:
            if start != "base":
                migrate.upgrade(connection, start)
            event.listen(engine, "before_cursor_execute", collect)
            migrate.upgrade(connection, end)
            return collected
    finally:
        engine.dispose()


def _inline(statement: str, parameters: Any) -> str:
    values = parameters if isinstance(parameters, (tuple, list)) else ()
    for value in values:
        shown = str(value) if isinstance(value, (int, float)) else "'" + str(value).replace("'", "''") + "'"
        statement = statement.replace("?", shown, 1)
    return statement


def main() -> None:
    start, end = sys.argv[1], sys.argv[2]
    sys.stdout.write("".join(f"{statement};\n\n" for statement in sqlite_statements(start, end)))


if __name__ == "__main__":
    main()
