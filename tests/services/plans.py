"""What a question reads from one end to the other: counted in its plans, which no machine makes faster."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.db.session import transaction
from tests.services.branch import Monde

_WHOLE = re.compile("SCAN (clients|equipements|interventions USING)")
"""Tables that grow with the business. The last rows, of which a few are looked at, are those of the highest
identifiers: their reading names no index."""


def scanned(monde: Monde, ask: Callable[[Session], object]) -> list[str]:
    """The steps of every statement that ``ask`` makes of a cache which read a whole table or index."""
    asked: list[tuple[str, Any]] = []
    with transaction(monde.engine, write=False) as session:
        connection = session.connection()

        def heard(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
            asked.append((statement, parameters))

        sa.event.listen(connection, "before_cursor_execute", heard)
        ask(session)
        sa.event.remove(connection, "before_cursor_execute", heard)
        raw: Any = connection.connection.dbapi_connection
        plans = (
            raw.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
            for statement, parameters in asked if not statement.startswith(("CREATE", "PRAGMA"))
        )  # fmt: skip
        return [str(row[3]) for plan in plans for row in plan if _WHOLE.match(str(row[3]))]
