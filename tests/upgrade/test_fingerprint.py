from __future__ import annotations

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from erp_desktop.cli.db import app
from erp_desktop.upgrade import fingerprint
from erp_desktop.upgrade.central import checklist


def _changed(engine: sa.Engine, *statements: str) -> list[str]:
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    with engine.connect() as connection:
        return fingerprint.check(connection)


def test_the_history_ends_in_exactly_the_models(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        assert fingerprint.check(connection) == []


def test_reading_changes_nothing_and_is_repeatable(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        first = fingerprint.digest(fingerprint.read(connection))
        connection.rollback()
        fingerprint.expected(connection)
        connection.rollback()
        assert fingerprint.digest(fingerprint.read(connection)) == first


@pytest.mark.parametrize(
    ("statement", "line"),
    [
        ("ALTER TABLE clients ADD COLUMN fax TEXT", "clients : colonne « fax » en trop"),
        ("DROP INDEX idx_active_users", "users : index « idx_active_users » absent(e)"),
        ("CREATE INDEX idx_x ON clients (ville)", "clients : index « idx_x » en trop"),
        ("DROP TABLE retenues", "retenues : table absente"),
        ("CREATE TABLE intrus (x INTEGER)", "intrus : table en trop"),
    ],
)
def test_each_difference_is_named(engine: sa.Engine, statement: str, line: str) -> None:
    assert _changed(engine, statement) == [line]


def test_what_another_table_says_of_one_is_read_again(sqlite_engine: sa.Engine) -> None:
    """A table whose text stayed is not read twice, but where a reference leaves its columns to the other's key."""

    def told(key: str) -> tuple[object, object]:
        with sqlite_engine.begin() as connection:
            for statement in (
                "DROP TABLE IF EXISTS mere", f"CREATE TABLE mere ({key} INTEGER PRIMARY KEY)",
                "CREATE TABLE IF NOT EXISTS fille (tacite INTEGER REFERENCES mere, dite INTEGER REFERENCES mere (a))",
            ):  # fmt: skip
                connection.exec_driver_sql(statement)
            content = fingerprint.read(connection)["fille"]
        references = {row["colonnes"][0]: row["vers"] for row in content["référence"].values()}
        return references["tacite"], references["dite"]

    assert told("a") == (["", "mere", "a"], ["", "mere", "a"])
    assert told("b") == (["", "mere", "b"], ["", "mere", "a"])


def test_a_partial_index_with_another_condition_is_seen(engine: sa.Engine) -> None:
    lines = _changed(
        engine, "DROP INDEX idx_active_users", "CREATE INDEX idx_active_users ON users (role) WHERE is_verified"
    )
    assert len(lines) == 1
    assert "condition" in lines[0]


@pytest.mark.parametrize(
    ("statements", "line"),
    [
        (
            ("CREATE INDEX idx_x ON clients (lower(ville))",),
            "clients : index « idx_x » en trop",
        ),
        (
            ("DROP INDEX idx_intervention_date_creation",
             "CREATE INDEX idx_intervention_date_creation ON interventions (date_creation DESC)"),
            "interventions : index « idx_intervention_date_creation » : "
            "colonnes attendu 'date_creation', trouvé 'date_creation DESC'",
        ),
        (
            ("DROP INDEX idx_intervention_date_creation",
             "CREATE INDEX idx_intervention_date_creation ON interventions (lower(numero), date_creation)"),
            "interventions : index « idx_intervention_date_creation » : "
            "colonnes attendu 'date_creation', trouvé 'lower(numero), date_creation'",
        ),
    ],
)  # fmt: skip
def test_an_index_on_an_expression_or_in_another_order_is_seen(
    engine: sa.Engine, statements: tuple[str, ...], line: str
) -> None:
    found = [item.replace("(numero)::text", "numero") for item in _changed(engine, *statements)]
    assert found == [line]


def test_a_collation_a_default_a_type_and_a_reference_are_compared(pg_engine: sa.Engine) -> None:
    lines = _changed(
        pg_engine,
        'ALTER TABLE journal_migrations ALTER COLUMN de TYPE varchar(40) COLLATE "C"',
        "ALTER TABLE agences ALTER COLUMN horaires SET DEFAULT '08:00-18:00'",
        "ALTER TABLE journal_migrations ALTER COLUMN qui TYPE varchar(130)",
        "ALTER TABLE interventions DROP CONSTRAINT fk_intervention_technicien",
        "ALTER TABLE interventions ADD CONSTRAINT fk_intervention_technicien FOREIGN KEY (technicien_id) "
        "REFERENCES techniciens (id) ON DELETE CASCADE",
    )
    assert len(lines) == 4
    for told, line in zip(("défaut", "CASCADE", "collation", "type"), lines, strict=True):
        assert told in line


def _rewritten(engine: sa.Engine, table: str, old: str, new: str) -> list[str]:
    """A table's own text changed, as a program that rebuilt it without care leaves it."""
    with engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        assert raw is not None
        raw.execute("PRAGMA writable_schema = ON")  # type: ignore[attr-defined]
        sql = "UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE name = ?"
        assert raw.execute(sql, (old, new, table)).rowcount == 1  # type: ignore[attr-defined]
        raw.execute("PRAGMA writable_schema = RESET")  # type: ignore[attr-defined]
    engine.dispose()
    with engine.connect() as connection:
        return fingerprint.check(connection)


@pytest.mark.parametrize(
    ("table", "old", "new", "line"),
    [
        (
            "clients", "ville VARCHAR(80)", "ville VARCHAR(80) COLLATE NOCASE",
            "clients : colonne « ville » : collation attendu None, trouvé 'NOCASE'",
        ),
        (
            "interventions", "satisfaction_client <= 5", "satisfaction_client <= 6",
            "interventions : contrainte « ck_satisfaction_range » : attendu "
            "'satisfaction_client >= 1 AND satisfaction_client <= 5', trouvé "
            "'satisfaction_client >= 1 AND satisfaction_client <= 6'",
        ),
        (
            "clients", "ville VARCHAR(80)", "ville VARCHAR(80) CHECK (ville <> '')",
            "clients : contrainte « sans nom : ville <> '' » en trop",
        ),
        (
            "interventions", "(technicien_id) REFERENCES techniciens (id) ON DELETE SET NULL",
            "(technicien_id) REFERENCES techniciens (id) ON DELETE SET NULL ON UPDATE CASCADE",
            "interventions : référence « fk_intervention_technicien » : options attendu {'ondelete': 'SET NULL'}, "
            "trouvé {'ondelete': 'SET NULL', 'onupdate': 'CASCADE'}",
        ),
    ],
)  # fmt: skip
def test_what_a_careless_rebuild_changes_is_seen(
    sqlite_engine: sa.Engine, table: str, old: str, new: str, line: str
) -> None:
    with sqlite_engine.connect() as connection:
        sql = connection.exec_driver_sql("SELECT sql FROM sqlite_schema WHERE name = ?", (table,)).scalar_one()
        connection.rollback()
    assert old in sql.replace('"', ""), sql
    assert _rewritten(sqlite_engine, table, old, new) == [line]


def test_a_rewritten_check_is_seen(pg_engine: sa.Engine) -> None:
    lines = _changed(
        pg_engine,
        "ALTER TABLE interventions DROP CONSTRAINT ck_satisfaction_range",
        "ALTER TABLE interventions ADD CONSTRAINT ck_satisfaction_range CHECK (satisfaction_client <= 6) NOT VALID",
    )
    assert [line.split(" : ")[1] for line in lines] == [
        "contrainte « ck_satisfaction_range »",
        "non validée « ck_satisfaction_range » en trop",
    ]


def test_a_missing_trigger_is_seen(sqlite_engine: sa.Engine) -> None:
    lines = _changed(sqlite_engine, "DROP TRIGGER erp_clients_ins")
    assert lines == ["clients : déclencheur « erp_clients_ins » absent(e)"]


def test_an_index_left_invalid_by_an_interrupted_build_is_seen(pg_engine: sa.Engine) -> None:
    lines = _changed(
        pg_engine, "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'idx_active_users'::regclass"
    )
    assert lines == ["users : index invalide « idx_active_users » en trop"]


@pytest.mark.parametrize(
    ("statement", "line"),
    [
        ("DROP TRIGGER erp_capture ON clients", "clients : déclencheur « erp_capture » absent(e)"),
        (
            "ALTER TABLE clients DISABLE TRIGGER erp_capture",
            "clients : déclencheur « erp_capture » : attendu 'actif', trouvé 'désactivé'",
        ),
        ("DROP POLICY erp_lecture ON clients", "clients : règle d'accès « erp_lecture » absent(e)"),
        ("ALTER TABLE clients DISABLE ROW LEVEL SECURITY", "clients : sécurité par ligne « active » absent(e)"),
    ],
)
def test_a_centre_without_its_defences_is_seen(pg_engine: sa.Engine, statement: str, line: str) -> None:
    assert _changed(pg_engine, statement) == [line]


def test_a_function_whose_body_alone_changed_is_told_apart(pg_engine: sa.Engine) -> None:
    url = pg_engine.url.render_as_string(hide_password=False)
    with pg_engine.connect() as connection:
        assert fingerprint.functions(connection) == []
    other = (
        "CREATE OR REPLACE FUNCTION sync.epoque() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER "
        "SET search_path = pg_catalog, pg_temp AS $f$ SELECT 'une autre' $f$"
    )
    assert _changed(pg_engine, other) == []
    answer = CliRunner().invoke(app, ["check", "--url", url])
    assert (answer.exit_code, answer.output.splitlines()) == (
        1, ["sync : fonction « epoque » : autre que celle de ce programme"],
    )  # fmt: skip
    assert checklist.upgrade_central(pg_engine, lambda _state: True).refait
    with pg_engine.connect() as connection:
        assert fingerprint.functions(connection) == []
