"""Takes triggers of a SQLite file away and makes others, all of them at once.

``CREATE TRIGGER`` and ``DROP TRIGGER`` each read the whole schema: a thousand of them cost a hundred times what their
text does. SQLite documents how to edit ``sqlite_schema`` instead (https://sqlite.org/pragma.html#pragma_writable_schema);
the schema is read anew at once, so that a wrong text fails here, inside the caller's transaction.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

_TABLE = re.compile(r"CREATE TRIGGER \w+\s.*?\sON (\w+)\s", re.DOTALL)


def replace(db: Any, gone: Iterable[str], made: Mapping[str, str]) -> None:
    """Replace triggers of the main database.

    Args:
        db: the driver's own connection, in a transaction.
        gone: names of triggers to take away.
        made: name → ``CREATE TRIGGER …`` of those to make.

    Raises:
        sqlcipher3.DatabaseError: a text that SQLite cannot read; the transaction must be rolled back.
    """
    names = json.dumps(sorted(gone))
    rows = []
    for name, sql in made.items():
        found = _TABLE.match(sql)
        if found is None:
            raise ValueError(f"no trigger: {sql[:60]}")
        rows.append((name, found.group(1), sql))
    (version,) = db.execute("PRAGMA main.schema_version").fetchone()
    db.execute("PRAGMA writable_schema = ON")
    try:
        db.execute(
            "DELETE FROM main.sqlite_schema WHERE type = 'trigger' AND name IN (SELECT value FROM json_each(?))",
            (names,),
        )
        db.executemany("INSERT INTO main.sqlite_schema VALUES ('trigger', ?, ?, 0, ?)", rows)
        db.execute(f"PRAGMA main.schema_version = {version + 1}")
    finally:
        db.execute("PRAGMA writable_schema = OFF")
    db.execute("SELECT 1 FROM main.sqlite_schema").fetchone()
