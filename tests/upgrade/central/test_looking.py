"""Opening a centre: one mark tells that it is as it was when compared in full, and never when something differs."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

import erp_desktop
from erp_desktop.db.engine import create_pg_engine
from erp_desktop.models import Base
from erp_desktop.registry import revisions
from erp_desktop.upgrade import audit, fingerprint, migrate
from erp_desktop.upgrade.central import checklist, looking
from tests.sync.proxy import ChaosProxy


@pytest.fixture
def clerk(pg_engine: sa.Engine) -> Iterator[sa.Engine]:
    """The same centre through a login that works straight on it."""
    name = f"commis_{uuid.uuid4().hex[:8]}"
    run(pg_engine, f"CREATE ROLE {name} LOGIN IN ROLE erp_central")
    engine = create_pg_engine(pg_engine.url.set(username=name).render_as_string(hide_password=False))
    yield engine
    engine.dispose()
    run(pg_engine, f"DROP OWNED BY {name}", f"DROP ROLE {name}")


def run(engine: sa.Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement.replace("%", "%%"))


def full(engine: sa.Engine) -> list[str]:
    """What a full comparison says."""
    with engine.connect() as connection:
        return fingerprint.check(connection)


SEEN = {
    "column dropped": "ALTER TABLE users DROP COLUMN locked_until",
    "column added": "ALTER TABLE clients ADD COLUMN bricolage text",
    "column added to the exchange": "ALTER TABLE sync.devices ADD COLUMN bricolage text",
    "type": "ALTER TABLE users ALTER COLUMN failed_login_attempts TYPE bigint",
    "length": "ALTER TABLE users ALTER COLUMN hashed_password TYPE varchar(256)",
    "collation": 'ALTER TABLE users ALTER COLUMN hashed_password TYPE varchar(255) COLLATE "C"',
    "null": "ALTER TABLE clients ALTER COLUMN nom_entreprise DROP NOT NULL",
    "default": "ALTER TABLE users ALTER COLUMN is_active SET DEFAULT false",
    "default of the exchange": "ALTER TABLE sync.schema_compat ALTER COLUMN a SET DEFAULT '2000-01-01'",
    "index dropped": "DROP INDEX idx_intervention_satisfaction",
    "index of another column": "DROP INDEX idx_intervention_satisfaction; "
    "CREATE INDEX idx_intervention_satisfaction ON interventions (titre)",
    "index of another order": "DROP INDEX idx_intervention_satisfaction; "
    "CREATE INDEX idx_intervention_satisfaction ON interventions (satisfaction_client DESC)",
    "index of some rows": "DROP INDEX idx_intervention_satisfaction; "
    "CREATE INDEX idx_intervention_satisfaction ON interventions (satisfaction_client) WHERE id > 1",
    "index invalid": "UPDATE pg_index SET indisvalid = false "
    "WHERE indexrelid = 'idx_intervention_satisfaction'::regclass",
    "check dropped": "ALTER TABLE interventions DROP CONSTRAINT ck_satisfaction_range",
    "check of another text": "ALTER TABLE interventions DROP CONSTRAINT ck_satisfaction_range, "
    "ADD CONSTRAINT ck_satisfaction_range CHECK (satisfaction_client >= 0 AND satisfaction_client <= 5)",
    "check not validated": "UPDATE pg_constraint SET convalidated = false WHERE conname = 'ck_satisfaction_range'",
    "reference of another end": "ALTER TABLE interventions DROP CONSTRAINT fk_intervention_technicien, "
    "ADD CONSTRAINT fk_intervention_technicien FOREIGN KEY (technicien_id) REFERENCES techniciens (id) "
    "ON DELETE CASCADE",
    "trigger dropped": "DROP TRIGGER erp_capture ON clients",
    "trigger off": "ALTER TABLE clients DISABLE TRIGGER erp_capture",
    "policy dropped": "DROP POLICY erp_lecture ON clients",
    "rows without security": "ALTER TABLE clients DISABLE ROW LEVEL SECURITY",
    "table right of devices": "GRANT SELECT ON users TO erp_device",
    "table right of everybody": "GRANT SELECT ON clients TO PUBLIC",
    "function of everybody": "GRANT EXECUTE ON FUNCTION sync.epoque() TO PUBLIC",
    "function of another owner": "ALTER FUNCTION sync.tirer(xid8, bigint, integer) OWNER TO CURRENT_USER",
    "function without its path": "ALTER FUNCTION sync.epoque() RESET search_path",
    "schema open": "GRANT CREATE ON SCHEMA public TO PUBLIC",
    "table of somebody": "CREATE TABLE bricolage (id bigint)",
}  # fmt: skip
"""What a full comparison refuses."""
BESIDE = {
    "body of a trigger function": "DO $$ BEGIN EXECUTE replace(pg_get_functiondef('sync.capturer()'::regprocedure), "
    "'BEGIN', 'BEGIN /* autre */'); END $$",
    "trigger of another moment": "DROP TRIGGER erp_capture ON clients; CREATE TRIGGER erp_capture AFTER DELETE ON "
    "clients FOR EACH ROW EXECUTE FUNCTION sync.capturer()",
    "policy of another text": "ALTER POLICY erp_lecture ON clients USING (true)",
    "right taken away": "REVOKE INSERT ON clients FROM erp_central",
}
"""What it does not look at: told apart from what was compared, then let be."""


_FIRST = {"column dropped", "type", "null", "index of some rows", "index invalid", "check of another text",
          "trigger dropped", "policy dropped", "table right of everybody", "function of another owner"}  # fmt: skip


@pytest.mark.parametrize(
    "what", [one if one in _FIRST else pytest.param(one, marks=pytest.mark.soak) for one in SEEN]
)
def test_what_a_full_comparison_refuses_is_never_taken_for_compared(
    pg_engine: sa.Engine, clerk: sa.Engine, what: str
) -> None:
    assert looking.look(pg_engine).compared
    assert looking.look(clerk).compared
    run(pg_engine, SEEN[what])
    wrong = full(pg_engine)
    assert wrong
    assert not looking.look(pg_engine).compared
    assert not looking.look(clerk).compared
    state = checklist.check_central(pg_engine)
    assert (state.etat, state.ecriture) == ("incoherent", False)
    assert list(state.differences) == wrong


@pytest.mark.parametrize(
    "what", [pytest.param(one, marks=[pytest.mark.soak] if one.startswith("tr") else []) for one in BESIDE]
)
def test_what_it_does_not_look_at_is_compared_in_full(pg_engine: sa.Engine, clerk: sa.Engine, what: str) -> None:
    run(pg_engine, BESIDE[what])
    assert not looking.look(pg_engine).compared
    assert not looking.look(clerk).compared
    assert full(pg_engine) == []
    assert checklist.check_central(pg_engine).etat == checklist.check_central(clerk).etat == "egal"
    # The next upgrade puts it back, and what it leaves is compared.
    assert checklist.upgrade_central(pg_engine, lambda _state: True).refait
    assert looking.look(pg_engine).compared
    assert looking.look(clerk).compared


@pytest.mark.parametrize("right", ["pg_read_all_data", "erp_sync"])
def test_what_a_device_may_is_looked_at_each_time(pg_engine: sa.Engine, right: str) -> None:
    """It is no part of the structure: roles are the server's."""
    name = f"poste_{uuid.uuid4().hex[:8]}"
    run(pg_engine, f"CREATE ROLE {name} LOGIN IN ROLE erp_device")
    try:
        assert looking.look(pg_engine).compared
        run(pg_engine, f"GRANT {right} TO {name}")
        assert not looking.look(pg_engine).compared
        state = checklist.check_central(pg_engine)
        assert state.etat == "incoherent"
        assert state.differences == (f"centre : isolation « {name} » : membre de {right} de trop",)
    finally:
        run(pg_engine, f"DROP ROLE {name}")


def test_rights_on_a_table_follow_who_becomes_a_device(pg_engine: sa.Engine) -> None:
    name = f"poste_{uuid.uuid4().hex[:8]}"
    run(pg_engine, f"CREATE ROLE {name} LOGIN", f"GRANT SELECT ON clients TO {name}")
    try:
        assert checklist.upgrade_central(pg_engine, lambda _state: True).refait
        assert looking.look(pg_engine).compared, "an account of IT that may read clients"
        run(pg_engine, f"GRANT erp_device TO {name}")
        assert not looking.look(pg_engine).compared
        assert checklist.check_central(pg_engine).differences == (
            f"centre : isolation « public.clients » : SELECT donné à {name}",
        )
    finally:
        run(pg_engine, f"DROP OWNED BY {name}", f"DROP ROLE {name}")


def test_a_mark_is_of_one_program_and_of_what_was_published(
    pg_engine: sa.Engine, clerk: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(erp_desktop, "__version__", "999.0")
        assert not looking.look(pg_engine).compared
    with monkeypatch.context() as patch:
        other = Base.metadata.tables["interventions"]
        patch.setattr(other.c.titre.type, "length", 201)
        assert not looking.look(pg_engine).compared
    assert looking.look(clerk).compared
    # A window that somebody published beside what was compared: a full comparison refuses it to a clerk.
    run(
        pg_engine,
        "INSERT INTO sync.schema_compat (revision, min_client_revision, fingerprint, par, app_version) "
        f"VALUES ('{revisions.head()}', '{revisions.head()}', 'x', 'x', '{erp_desktop.__version__}')",
    )
    assert not looking.look(clerk).compared
    assert checklist.check_central(clerk).etat == "incoherent"


def test_only_what_was_found_right_is_noted(pg_engine: sa.Engine) -> None:
    run(pg_engine, "ALTER TABLE clients ADD COLUMN bricolage text")
    with pg_engine.connect() as connection:
        audit.record_window(connection, revisions.head())
    assert not looking.look(pg_engine).compared
    assert checklist.check_central(pg_engine).differences == ("clients : colonne « bricolage » en trop",)
    run(pg_engine, "ALTER TABLE clients DROP COLUMN bricolage")
    assert checklist.check_central(pg_engine).etat == "egal"
    assert not looking.look(pg_engine).compared
    # With nothing else to do, an upgrade notes that it was compared.
    assert not checklist.upgrade_central(pg_engine, lambda _state: True).refait
    assert looking.look(pg_engine).compared


def test_a_way_back_forgets_and_an_upgrade_notes_anew(pg_engine: sa.Engine) -> None:
    before = revisions.revisions()[-2].revision
    with pg_engine.connect() as connection:
        migrate.downgrade(connection, before)
    with pg_engine.connect() as connection:
        assert (
            connection.exec_driver_sql("SELECT obj_description('sync.schema_compat'::regclass, 'pg_class')").scalar()
            is None
        )
    assert not looking.look(pg_engine).compared
    assert checklist.check_central(pg_engine).etat == "ancien"
    checklist.upgrade_central(pg_engine, lambda _state: True)
    assert looking.look(pg_engine).compared


def test_two_round_trips_tell_that_a_centre_is_as_it_was(pg_engine: sa.Engine, clerk: sa.Engine) -> None:
    for engine in (pg_engine, clerk):
        with ChaosProxy.before(engine.url) as line:
            address = engine.url.set(host="127.0.0.1", port=line.port).render_as_string(hide_password=False)
            far, beside = create_pg_engine(address), create_pg_engine(address)
            with beside.connect():
                opened = line.turns
            said = at_rest(line)
            assert checklist.check_central(far).etat == "egal"
            # An end, which nobody waits for, may be told apart from what was said before it.
            assert 2 <= at_rest(line) - said - opened <= 3
            assert line.connections == 2


def at_rest(line: ChaosProxy) -> int:
    """The round trips until nothing was said for a while."""
    seen = -1
    while seen != line.turns:
        seen = line.turns
        time.sleep(0.2)
    return seen
