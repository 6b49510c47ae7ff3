"""A new cache with its structure and no row."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from erp_desktop.db.engine import create_sqlite_engine
from erp_desktop.upgrade import migrate


def create_cache(path: Path, key: str | None, poste: int) -> None:
    """A new cache at the head revision whose identifiers carry ``poste``."""
    engine = create_sqlite_engine(path, key)
    try:
        with engine.connect() as connection:
            migrate.upgrade(connection, verified_after=True)
            connection.commit()
        with engine.begin() as connection:
            connection.execute(sa.text("UPDATE _allocateur SET poste = :p"), {"p": poste})
    finally:
        engine.dispose()
