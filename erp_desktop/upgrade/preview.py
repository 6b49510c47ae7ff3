"""The SQL of SQLite revisions, as it runs on an empty database in memory or on a copy of a cache.

SQLite rebuilds tables, which needs a table to read: SQL cannot be written without running it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import sqlcipher3.dbapi2
from sqlalchemy import event
from sqlalchemy.pool import StaticPool

from erp_desktop.db.engine import connect_sqlite, create_sqlite_engine
from erp_desktop.errors import UpgradeError
from erp_desktop.upgrade import backup, migrate

# Reads, and the triggers that every program start checks anyway.
_QUIET = ("PRAGMA", "SELECT", "BEGIN", "CREATE TRIGGER", "DROP TRIGGER", "INSERT OR IGNORE", "INSERT INTO JOURNAL")


def sqlite_statements(start: str, end: str, *, back: bool = False) -> list[str]:
    """Statements that bring an empty cache from revision ``start`` ("base" or an id) to ``end``; ``back``: older."""
    engine = sa.create_engine("sqlite://", module=sqlcipher3.dbapi2, poolclass=StaticPool)
    try:
        with engine.connect() as connection:
            if start != "base":
                migrate.upgrade(connection, start)
            return _collected(engine, connection, end, back=back)
    finally:
        engine.dispose()


def on_copy(path: Path, key: str | None, end: str) -> list[str]:
    """Statements that bring this cache, with its rows, to ``end``: they are run on a copy that is thrown away.

    Raises:
        DiskFullError: no room for the copy.
        UpgradeError: the upgrade would not succeed, and why.
    """
    copy = path.with_name(path.name + ".apercu")
    _discard(copy)
    backup.need_room(path.parent, 3 * path.stat().st_size)
    try:
        source = connect_sqlite(path, key, read_only=True)
        try:
            backup.vacuum_into(source, copy)
        finally:
            source.close()
        engine = create_sqlite_engine(copy, key)
        try:
            with engine.connect() as connection:
                return _collected(engine, connection, end)
        except (sa.exc.DBAPIError, RuntimeError) as error:
            cause = str(getattr(error, "orig", None) or error).splitlines()[0]
            raise UpgradeError(f"Cette mise à niveau échouerait : {cause} Rien n'a été modifié.") from error
        finally:
            engine.dispose()
    finally:
        _discard(copy)


def _discard(copy: Path) -> None:
    for leftover in (copy, *backup.siblings(copy)):
        leftover.unlink(missing_ok=True)


def _collected(engine: sa.Engine, connection: sa.Connection, end: str, *, back: bool = False) -> list[str]:
    collected: list[str] = []

    def collect(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        if not statement.lstrip().upper().startswith(_QUIET):
            collected.append(_inline(statement, parameters).strip())

    event.listen(engine, "before_cursor_execute", collect)
    (migrate.downgrade if back else migrate.upgrade)(connection, end)
    return collected


def _inline(statement: str, parameters: Any) -> str:
    values = parameters if isinstance(parameters, (tuple, list)) else ()
    for value in values:
        shown = str(value) if isinstance(value, (int, float)) else "'" + str(value).replace("'", "''") + "'"
        statement = statement.replace("?", shown, 1)
    return statement


def main() -> None:
    start, end, *command = sys.argv[1:]
    statements = sqlite_statements(start, end, back=command == ["downgrade"])
    sys.stdout.write("".join(f"{statement};\n\n" for statement in statements))


if __name__ == "__main__":
    main()
