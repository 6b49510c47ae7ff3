"""A cache taken back to an older revision on a copy."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from erp_desktop.db.engine import connect_sqlite, create_sqlite_engine
from erp_desktop.errors import UpgradeError
from erp_desktop.upgrade import migrate
from erp_desktop.upgrade.start import by_copy
from tests.migrations.rows import contenu, remplir
from tests.upgrade.start.old_caches import RECENT


@pytest.fixture
def cache(sqlite_path: Path) -> Path:
    engine = create_sqlite_engine(sqlite_path)
    with engine.connect() as connection:
        remplir(connection, 1000, 3)
    engine.dispose()
    return sqlite_path


def _all(path: Path) -> tuple[list[tuple[Any, ...]], dict[str, list[dict[str, Any]]]]:
    """Schema and rows."""
    engine = create_sqlite_engine(path)
    with engine.connect() as connection:
        schema = connection.exec_driver_sql("SELECT type, name, sql FROM sqlite_schema ORDER BY 1, 2").fetchall()
        rows = contenu(connection)
    engine.dispose()
    return [tuple(row) for row in schema], rows


def test_on_a_copy_it_becomes_what_each_step_by_itself_makes_of_it(cache: Path, tmp_path: Path) -> None:
    stepwise = tmp_path / "pas-a-pas.sqlite"
    shutil.copyfile(cache, stepwise)
    by_copy.downgrade_local(cache, None, RECENT)
    engine = create_sqlite_engine(stepwise)
    with engine.connect() as connection:
        migrate.downgrade(connection, RECENT)
    engine.dispose()
    schema, rows = _all(cache)
    assert (schema, rows) == _all(stepwise)
    assert sum(kind == "trigger" for kind, *_ in schema) > 300


def test_a_reference_to_nothing_leaves_it_as_it_was(cache: Path) -> None:
    db = connect_sqlite(cache)
    db.execute("PRAGMA foreign_keys = OFF")
    db.execute("UPDATE techniciens SET user_id = 77 WHERE id = (SELECT min(id) FROM techniciens)")
    db.close()
    before = _all(cache)
    with pytest.raises(UpgradeError, match="orpheline"):
        by_copy.downgrade_local(cache, None, RECENT)
    assert _all(cache) == before
