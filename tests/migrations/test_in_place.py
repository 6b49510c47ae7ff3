"""A table altered by its text alone is the table that a rebuild would have left, row for row and line for line."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import BatchOperations, Operations
from sqlalchemy import event

from erp_desktop import clock
from erp_desktop.db.engine import connect_sqlite, create_copy_engine
from erp_desktop.errors import UpgradeError
from erp_desktop.upgrade import migrate
from erp_desktop.upgrade.start import startup
from migrations import helpers
from migrations.in_place import InPlaceImpl
from tests.migrations.golden.faire import HERE, KEY
from tests.migrations.rows import contenu


def schema(connection: sa.Connection) -> list[tuple[Any, ...]]:
    """Every object with its text; Alembic writes the constraints of a table in no order of its own."""
    rows = connection.exec_driver_sql("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name")
    return [(*row[:3], sorted(line.strip(" ,") for line in (row[3] or "").splitlines())) for row in rows]


def edits(engine: sa.Engine) -> list[str]:
    """Filled with the tables that are edited from now on."""
    found: list[str] = []

    @event.listens_for(engine, "before_cursor_execute")
    def seen(_c: Any, _cursor: Any, statement: str, parameters: Any, _x: Any, _many: bool) -> None:
        if statement.startswith("UPDATE sqlite_schema"):
            found.append(parameters[1])

    return found


def _then(value: Any, started: str) -> Any:
    """Instants at which a revision filled what was empty are those of the run."""
    return "now" if isinstance(value, str) and started <= value < "3" else value


def climb(path: Path, key: str | None, *, edited: bool) -> tuple[list[Any], dict[str, Any], list[str]]:
    """Upgrade a cache to the head; its structure after each revision, its rows, and the tables edited."""
    engine = create_copy_engine(path, key)
    found = edits(engine)
    structures: list[Any] = []
    started = clock.to_text(clock.now())
    try:
        with engine.connect() as connection:

            def step(_revision: str, _title: str) -> None:
                # A working copy gets its triggers, and the views of theirs, once, at its end.
                structures.append([part for part in schema(connection) if part[0] not in ("trigger", "view")])

            migrate.upgrade(connection, on_step=step, verified_after=edited)
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalars().all() == ["ok"]
            structures.append(schema(connection))
            connection.rollback()
            rows = {
                table: [{name: _then(value, started) for name, value in row.items()} for row in found_rows]
                for table, found_rows in contenu(connection).items()
            }
            return structures, rows, found
    finally:
        engine.dispose()


@pytest.mark.parametrize(
    "name",
    ["bb94288d88f3-chiffree", *(pytest.param(p, marks=pytest.mark.soak) for p in ("3b9d5e7f1a20", "5b1f7e9a3c86"))],
)
def test_every_revision_leaves_the_same_structure_and_rows_edited_or_rebuilt(name: str, tmp_path: Path) -> None:
    key = KEY if "chiffree" in name else None
    results = []
    for edited in (False, True):
        path = tmp_path / f"{edited}.sqlite"
        path.write_bytes(gzip.decompress((HERE / f"{name}.sqlite.gz").read_bytes()))
        results.append(climb(path, key, edited=edited))
    (rebuilt, rows, none), (changed, same_rows, tables) = results
    assert not none
    assert tables.count("interventions") >= 2
    assert rebuilt == changed
    assert rows == same_rows


def test_a_revision_that_fails_after_an_edit_leaves_nothing_of_it(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    path.write_bytes(gzip.decompress((HERE / "5b1f7e9a3c86.sqlite.gz").read_bytes()))
    engine = create_copy_engine(path)
    found, states = edits(engine), []
    with engine.connect() as connection:

        def step(revision: str, _title: str) -> None:
            if revision == "6e2f8a0c4b1d":
                raise RuntimeError("panne")
            states.append(schema(connection))

        with pytest.raises(RuntimeError, match="panne"):
            migrate.upgrade(connection, on_step=step, verified_after=True)
        assert found.count("interventions") == 2
        assert schema(connection) == states[-1]
        with pytest.raises(sa.exc.OperationalError, match="no such column"):
            connection.exec_driver_sql("SELECT signataire FROM interventions")
        connection.rollback()
        migrate.upgrade(connection, verified_after=True)
        assert connection.exec_driver_sql("SELECT signataire FROM interventions LIMIT 1").fetchall() == [(None,)]
    engine.dispose()


def test_rows_that_a_new_rule_forbids_stop_the_upgrade_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    path.write_bytes(gzip.decompress((HERE / "5b1f7e9a3c86.sqlite.gz").read_bytes()))
    connection = connect_sqlite(path)
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("UPDATE interventions SET client_id = NULL, equipement_id = 424242 WHERE id = 1000")
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(UpgradeError, match=r"NOT NULL constraint failed: \w+\.client_id"):
        startup.open_local(path)
    assert path.read_bytes() == before


Change = Callable[[BatchOperations], object]
CHANGES: dict[str, tuple[bool, Change]] = {
    "check": (True, lambda lot: lot.create_check_constraint("ck_b", "b < 100")),
    "check dropped": (True, lambda lot: lot.drop_constraint("ck_a", type_="check")),
    "not null": (True, lambda lot: lot.alter_column("a", nullable=False)),
    "reference": (True, lambda lot: lot.create_foreign_key("fk_p", "parents", ["b"], ["id"])),
    "empty column": (
        True,
        lambda lot: (lot.add_column(sa.Column("n", sa.Text())), lot.create_check_constraint("ck_n", "n <> ''")),
    ),
    "filled column": (
        False,
        lambda lot: (
            lot.add_column(sa.Column("n", sa.Text(), server_default="y")),
            lot.create_check_constraint("ck_n", "n <> ''"),
        ),
    ),
    "column dropped": (False, lambda lot: lot.drop_column("c")),
    "renamed": (False, lambda lot: lot.alter_column("c", new_column_name="z")),
    "type": (False, lambda lot: lot.alter_column("b", type_=sa.Text())),
    "default": (False, lambda lot: lot.alter_column("late", server_default="other")),
    "unique": (False, lambda lot: lot.create_unique_constraint("uq_c", ["c"])),
    "unique dropped": (False, lambda lot: lot.drop_constraint("uq_b", type_="unique")),
    "index": (
        False,
        lambda lot: (lot.create_index("idx_c", ["c"]), lot.create_check_constraint("ck_b", "b < 100")),
    ),
    "index dropped": (
        False,
        lambda lot: (lot.drop_index("idx_a"), lot.create_check_constraint("ck_b", "b < 100")),
    ),
}


def altered(path: Path, change: Change, *, may_edit: bool, options: str = "") -> tuple[Any, Any, list[str]]:
    engine = create_copy_engine(path)
    found = edits(engine)
    with engine.connect() as connection:
        for statement in (
            "CREATE TABLE parents (id INTEGER PRIMARY KEY)",
            f"CREATE TABLE t (id INTEGER NOT NULL, a VARCHAR(5) DEFAULT 'x'{options}, b INTEGER, c TEXT, "
            "CONSTRAINT pk_t PRIMARY KEY (id), CONSTRAINT uq_b UNIQUE (b), CONSTRAINT ck_a CHECK (a <> ''))",
            "CREATE INDEX idx_a ON t (a)",
            "CREATE INDEX idx_bas ON t (lower(a), id)",
            "INSERT INTO parents VALUES (1), (2)",
            "INSERT INTO t (id, b, c) VALUES (7, 1, 'é'), (9, 2, NULL)",
            # Stored without this value: it is read from the column's default.
            "ALTER TABLE t ADD COLUMN late TEXT DEFAULT 'old'",
        ):
            connection.exec_driver_sql(statement)
        connection.commit()
        with connection.begin():
            context = MigrationContext.configure(connection)
            assert isinstance(context.impl, InPlaceImpl)
            context.impl.may_edit = may_edit
            with Operations.context(context), helpers.alterer("t") as lot:
                change(lot)
        rows = connection.exec_driver_sql("SELECT * FROM t ORDER BY id").fetchall()
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalars().all() == ["ok"]
        structure = schema(connection)
    engine.dispose()
    return structure, rows, found


@pytest.mark.parametrize("name", CHANGES)
def test_only_what_rows_do_not_store_is_edited(name: str, tmp_path: Path) -> None:
    wanted, change = CHANGES[name]
    rebuilt, rows, _ = altered(tmp_path / "rebuilt.sqlite", change, may_edit=False)
    edited, same_rows, found = altered(tmp_path / "edited.sqlite", change, may_edit=True)
    assert bool(found) == wanted
    assert (edited, same_rows) == (rebuilt, rows)
    # What cannot be read from an index of an expression is made again as it was.
    assert "idx_bas" in {row[1] for row in rebuilt}


def test_a_collated_column_is_rebuilt_as_ever(tmp_path: Path) -> None:
    _, change = CHANGES["check"]
    _, _, found = altered(tmp_path / "t.sqlite", change, may_edit=True, options=" COLLATE NOCASE")
    assert not found
