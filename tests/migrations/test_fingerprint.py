from __future__ import annotations

import pytest
import sqlalchemy as sa

from erp_desktop.db import fingerprint


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
        ("DROP TABLE paiements", "paiements : table absente"),
        ("CREATE TABLE intrus (x INTEGER)", "intrus : table en trop"),
    ],
)
def test_each_difference_is_named(engine: sa.Engine, statement: str, line: str) -> None:
    assert _changed(engine, statement) == [line]


def test_a_partial_index_with_another_condition_is_seen(engine: sa.Engine) -> None:
    lines = _changed(
        engine, "DROP INDEX idx_active_users", "CREATE INDEX idx_active_users ON users (role) WHERE is_verified"
    )
    assert len(lines) == 1
    assert "condition" in lines[0]


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
