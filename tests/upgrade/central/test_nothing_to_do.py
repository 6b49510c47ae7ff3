"""An upgrade of a centre that is up to date: compared first, without a lock, while others read and write."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from erp_desktop.centre import machinery, mark
from erp_desktop.cli.db import app
from erp_desktop.errors import UpgradeError
from erp_desktop.registry import revisions
from erp_desktop.upgrade.central import attempts, checklist
from tests.processes import together


@contextmanager
def at_work(engine: sa.Engine) -> Iterator[None]:
    """A clerk who reads, and another who writes, for as long as the block lasts."""
    with engine.connect() as reader, engine.connect() as writer:
        reader.exec_driver_sql("SELECT count(*) FROM interventions")
        writer.exec_driver_sql("LOCK TABLE clients, sync.row_state IN ROW EXCLUSIVE MODE")
        yield


def upgrade(engine: sa.Engine) -> checklist.Bilan:
    return checklist.upgrade_central(engine, lambda _state: True)


def address(engine: sa.Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


def test_nothing_is_locked_while_clerks_work(pg_engine: sa.Engine) -> None:
    told: list[str] = []
    with at_work(pg_engine):
        done = checklist.upgrade_central(pg_engine, lambda _state: False, told.append)
    assert (done.avant, done.apres, done.refait) == (revisions.head(), revisions.head(), False)
    assert told == ["Le centre est déjà à jour"]


def test_each_command_says_so_while_clerks_work(pg_engine: sa.Engine) -> None:
    with at_work(pg_engine):
        answer = CliRunner().invoke(app, ["upgrade", "--url", address(pg_engine), "--yes"])
        assert answer.exit_code == 0, answer.output
        assert "déjà à jour" in answer.output
        answer = CliRunner().invoke(app, ["upgrade", "--url", address(pg_engine), "--dry-run"])
        assert "déjà à jour" in answer.output
        command = ["alembic", "upgrade", "head"]
        (done,) = together([command], env={**os.environ, "DATABASE_URL": address(pg_engine)})
    assert done.returncode == 0, done.stderr
    assert "déjà à jour" in done.stdout


BROKEN = {
    "function": "CREATE OR REPLACE FUNCTION sync.epoque() RETURNS text LANGUAGE sql AS 'SELECT ''autre'''",
    "trigger": "ALTER TABLE clients DISABLE TRIGGER erp_capture",
    "right": "REVOKE EXECUTE ON FUNCTION sync.epoque() FROM erp_device",
    "program": "COMMENT ON SCHEMA sync IS NULL",
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_differs_is_put_back(pg_engine: sa.Engine, what: str) -> None:
    with pg_engine.begin() as connection:
        before = connection.exec_driver_sql("SELECT pg_get_functiondef('sync.epoque()'::regprocedure)").scalar()
        connection.exec_driver_sql(BROKEN[what])
    assert upgrade(pg_engine).refait
    with pg_engine.connect() as connection:
        assert mark.stands(connection, machinery.statements())
        after = connection.exec_driver_sql("SELECT pg_get_functiondef('sync.epoque()'::regprocedure)").scalar()
        assert after == before
        assert connection.exec_driver_sql(
            "SELECT has_function_privilege('erp_device', 'sync.epoque()', 'EXECUTE')"
        ).scalar()
    assert not upgrade(pg_engine).refait


def test_what_differs_waits_for_its_tables(pg_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "_TRIES", 1)
    with pg_engine.begin() as connection:
        connection.exec_driver_sql("COMMENT ON SCHEMA sync IS NULL")
    with at_work(pg_engine), pytest.raises(UpgradeError):
        upgrade(pg_engine)
