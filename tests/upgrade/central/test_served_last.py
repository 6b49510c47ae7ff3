"""A centre on its way notes every change and serves nobody; its last revision serves, and one that is cut again."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from erp_desktop.errors import UpgradeError
from erp_desktop.registry import revisions
from erp_desktop.registry.tables import TABLES
from erp_desktop.upgrade import fingerprint, migrate

SERVED = "SELECT has_function_privilege('erp_device', 'sync.debut_copie()', 'EXECUTE')"
NOTED = "SELECT count(*) FROM pg_trigger WHERE tgname = 'erp_capture'"
COLUMNS = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"


def test_only_the_last_revision_serves_and_one_that_is_cut_serves_again(pg_engine: sa.Engine) -> None:
    first, *due = [row.revision for row in revisions.revisions()[-4:]]
    with pg_engine.connect() as connection:
        noted = connection.exec_driver_sql(NOTED).scalar_one()
        connection.rollback()
        migrate.downgrade(connection, first)
    stop_at, seen = due[-1], list[tuple[str, bool, int]]()

    def look(connection: sa.Connection) -> tuple[bool, int]:
        return tuple(connection.exec_driver_sql(question).scalar_one() for question in (SERVED, NOTED))  # type: ignore[return-value]

    with pg_engine.connect() as connection:

        def step(revision: str, _title: str) -> None:
            seen.append((revision, *look(connection)))
            if revision == stop_at:
                raise UpgradeError("coupée")

        with pytest.raises(UpgradeError, match="coupée"):
            migrate.upgrade(connection, on_step=step)
        assert [(revision, served) for revision, served, _ in seen] == [
            (revision, revision == due[-1]) for revision in due
        ]
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one() == due[-2]
        present = {tuple(row) for row in connection.exec_driver_sql(COLUMNS)}
        whole = {(table.name, column) for table in TABLES for column in table.names} <= present
        assert look(connection)[0] is whole
        # Of each revision every table that it has.
        assert {number for *_, number in seen} | {look(connection)[1]} <= {noted, noted - 1, noted - 2}
        connection.rollback()
        stop_at = ""
        migrate.upgrade(connection, on_step=step)
        assert look(connection) == (True, noted)
        connection.rollback()
        assert fingerprint.check(connection) == []
