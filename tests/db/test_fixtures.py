"""The databases that all other tests start from."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from erp_desktop.db.engine import create_sqlite_engine
from erp_desktop.models import Base


def test_both_engines_hold_every_table_of_the_models(engine: sa.Engine) -> None:
    name = engine.dialect.name
    inspector = sa.inspect(engine)
    wanted = {
        table.fullname for table in Base.metadata.tables.values() if table.info.get("engine", name) == name
    } | {"alembic_version"}  # fmt: skip
    found = set(inspector.get_table_names())
    if name == "postgresql":
        found |= {f"sync.{table}" for table in inspector.get_table_names(schema="sync")}
    assert found == wanted


def test_a_copied_cache_is_captured(sqlite_path: Path) -> None:
    made = create_sqlite_engine(sqlite_path)
    with made.begin() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        assert connection.exec_driver_sql("SELECT count(*) FROM sqlite_master WHERE type='trigger'").scalar()
    made.dispose()
