from __future__ import annotations

import sqlalchemy as sa


def install(connection: sa.Connection) -> None:
    """Nothing yet."""
