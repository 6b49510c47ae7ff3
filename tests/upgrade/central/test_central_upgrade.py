"""The upgrade of a centre in use: clerks at work, twenty migrators, dead lines, archives."""

from __future__ import annotations

import os
import re
import subprocess
import threading
import time
import uuid
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import sqlalchemy as sa

from erp_desktop.centre.lock import upgrade_lock
from erp_desktop.db.embedded import EmbeddedPostgres, find_binaries
from erp_desktop.db.engine import create_pg_engine
from erp_desktop.errors import ErpError, UpgradeError
from erp_desktop.models import Base
from erp_desktop.registry import revisions
from erp_desktop.upgrade import doctor, fingerprint, migrate, structures
from erp_desktop.upgrade.central import attempts, report
from erp_desktop.upgrade.central.checklist import check_central, upgrade_central
from tests.benchmarks.upgrade_speed import Clerk
from tests.migrations.rows import contenu
from tests.processes import child_environment, erp_admin, together
from tests.sync.proxy import ChaosProxy
from tests.upgrade.central.old_centre import APRES, AVANT, yes


def scalar(engine: sa.Engine, query: str) -> Any:
    with engine.connect() as connection:
        return connection.exec_driver_sql(query).scalar()


def test_a_clerk_never_waits_longer_than_two_seconds(centre: sa.Engine) -> None:
    # A forgotten transaction makes the upgrade give way several times while the clerk goes on.
    holder = centre.connect()
    holder.exec_driver_sql("SELECT count(*) FROM interventions")
    told: list[str] = []
    moments = [time.monotonic()]

    def tell(text: str) -> None:
        told.append(text)
        moments.append(time.monotonic())
        if sum("nouvel essai" in line for line in told) == 2:
            holder.close()

    with Clerk(centre) as clerk:
        done = upgrade_central(centre, yes, tell, target=APRES)
    assert done.revisions == tuple(revisions.between(AVANT, APRES))
    assert any("nouvel essai" in text for text in told)
    assert clerk.failures == []
    assert clerk.strokes > 20
    # On a machine so busy that one step takes longer, the clerk waits for that step and no more.
    longest_step = max(after - before for before, after in pairwise(moments))
    assert clerk.longest <= max(2.0, longest_step), clerk.longest


AT_ONCE = """
import os, sys
from erp_desktop.upgrade.central import attempts, checklist
from erp_desktop.upgrade import fingerprint, migrate
from erp_desktop.upgrade.start import comparison
from erp_desktop.db.engine import create_pg_engine
migrate.scripts()
waiting, go = os.pipe()
children = []
for _ in range(int(sys.argv[2])):
    child = os.fork()
    if child == 0:
        os.close(go)
        os.read(waiting, 1)
        engine = create_pg_engine(sys.argv[1])
        done = checklist.upgrade_central(engine, lambda _state: True, target=sys.argv[3])
        assert checklist.check_central(engine).revision == sys.argv[3]
        os._exit(0)
    children.append(child)
os.close(go)
print([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children])
"""


@pytest.mark.skipif(os.name != "posix", reason="fork")
@pytest.mark.parametrize(
    ("count", "target"), [(5, APRES), pytest.param(20, revisions.head(), marks=pytest.mark.soak)]
)
def test_many_migrators_at_once_upgrade_once(centre: sa.Engine, count: int, target: str) -> None:
    url = centre.url.render_as_string(hide_password=False)
    # However slow the machine is: the last one waits for all the others.
    patient = child_environment() | {"ERP_MIGRATION_LOCK_WAIT": "600"}
    (done,) = together([["-c", AT_ONCE, url, str(count), target]], env=patient)
    assert done.stdout.strip() == str([0] * count), done.stderr
    done_by = f"SELECT count(*) FROM journal_migrations WHERE de = '{AVANT}' AND vers = '{target}'"
    assert scalar(centre, done_by) == 1
    assert check_central(centre).revision == target
    if target == revisions.head():
        with centre.connect() as connection:
            assert fingerprint.check(connection) == []


def test_what_is_due_is_told_without_changing_anything(centre: sa.Engine) -> None:
    with centre.connect() as holder:
        holder.exec_driver_sql("SELECT 1")
        plan = report.plan(centre, AVANT, revisions.head())
    assert [name for name, _ in plan.revisions] == revisions.between(AVANT, revisions.head())
    assert "CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_intervention_date_limite" in plan.sql
    there = set(sa.inspect(centre).get_table_names())
    wanted = {t.name for t in Base.metadata.tables.values() if t.schema is None and not t.info.get("engine")}
    assert sorted(re.findall(r"CREATE TABLE (\w+) \(", plan.sql)) == sorted(wanted - there), "only what is due"
    assert len(plan.bloquants) == 1
    assert check_central(centre).revision == AVANT


def test_devices_that_the_window_shuts_out_are_named(centre: sa.Engine) -> None:
    upgrade_central(centre, yes, target=APRES)
    with centre.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO sync.devices (login, nom, agence_id, revision) "
            "SELECT 'poste_' || n, 'Poste ' || n, 1000, r "
            "FROM (VALUES (1, '8a4b0c2e6d3f'), (2, '9b5c1d3f7e4a')) v (n, r)"
        )
    with centre.connect() as connection:
        named = report.excluded(connection)
    assert len(named) == 1
    assert "« Poste 1 » (révision 8a4b0c2e6d3f)" in named[0]


def test_what_there_is_less_of_afterwards_is_reported(centre: sa.Engine) -> None:
    with centre.connect() as connection:
        before = report.survey(connection)
    assert before.remplies["plannings", "recurrence"] == 3
    with centre.begin() as connection:
        connection.exec_driver_sql("UPDATE clients SET notes = NULL WHERE id = 1000")
        connection.exec_driver_sql("DELETE FROM notifications WHERE id = 1000")
    upgrade_central(centre, yes, target=APRES)
    with centre.connect() as connection:
        after = report.survey(connection)
    assert report.missing(before, after) == [
        "notifications : 3 lignes avant, 2 après", "clients.notes : 3 valeurs avant, 2 après",
    ]  # fmt: skip


def test_a_forgotten_transaction_is_named_with_what_to_do(centre: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    with centre.connect() as holder, monkeypatch.context() as hurried:
        hurried.setattr(attempts, "_TRIES", 1)
        holder.exec_driver_sql("SELECT count(*) FROM interventions")
        pid = holder.exec_driver_sql("SELECT pg_backend_pid()").scalar()
        with pytest.raises(UpgradeError, match=rf"(?s){AVANT}.*terminez d'abord processus {pid} .*oubliée"):
            upgrade_central(centre, yes)
    assert upgrade_central(centre, yes, target=APRES).apres == APRES


def test_revisions_kept_by_a_failed_upgrade_are_in_the_journal(centre: sa.Engine) -> None:
    def fail(text: str) -> None:
        if text.startswith("Révision ce8f"):
            raise RuntimeError("panne")

    window = scalar(centre, "SELECT max(id) FROM sync.schema_compat")
    last = "SELECT de || ' > ' || vers FROM journal_migrations ORDER BY id DESC LIMIT 1"
    with pytest.raises(UpgradeError, match="arrêtée à la révision bd7e3f5b9a6c"):
        upgrade_central(centre, yes, fail)
    assert scalar(centre, last) == f"{AVANT} > bd7e3f5b9a6c"
    assert scalar(centre, "SELECT max(id) FROM sync.schema_compat") == window
    upgrade_central(centre, yes, target=APRES)
    assert scalar(centre, last) == f"bd7e3f5b9a6c > {APRES}"


def test_an_index_left_invalid_is_dropped_and_built_again(centre: sa.Engine) -> None:
    upgrade_central(centre, yes, target="ac6d2e4a8f5b")
    with centre.begin() as connection:
        connection.exec_driver_sql("CREATE INDEX idx_intervention_date_limite ON interventions (date_limite)")
        connection.exec_driver_sql(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'idx_intervention_date_limite'::regclass"
        )
    upgrade_central(centre, yes, target=APRES)
    valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'idx_intervention_date_limite'::regclass"
    assert scalar(centre, valid) is True


@pytest.mark.parametrize("whole", [False, pytest.param(True, marks=pytest.mark.soak)])
def test_a_revision_that_was_cut_on_its_way_is_gone_on_with(
    pg_server: EmbeddedPostgres, pg_template: str, whole: bool
) -> None:
    """A revision that commits as it goes, stopped in its midst: what it had made is no foreign structure."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    engine = create_pg_engine(pg_server.create_database(name, pg_template))
    every = [row.revision for row in revisions.revisions()]
    alone = [revision for revision in every if structures.outside_transaction(revision)]
    assert len(alone) >= 7
    if not whole:
        alone = alone[-2:]
    due: list[int] = []

    def cut(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "CONCURRENTLY" in statement or statement.startswith("ALTER TABLE"):
            if not due[0]:
                raise RuntimeError("panne")
            due[0] -= 1

    left = {}
    for revision in reversed(alone):
        before = every[every.index(revision) - 1]
        with engine.connect() as connection:
            migrate.downgrade(connection, before)
        for made in (2, 5):
            due[:] = [made]
            sa.event.listen(engine, "before_cursor_execute", cut)
            try:
                upgrade_central(engine, yes, target=revision)
            except UpgradeError:
                with engine.connect() as connection:
                    found = fingerprint.read(connection)
                left[revision, made] = structures.differences(before, found, "postgresql")
            else:
                break
            finally:
                sa.event.remove(engine, "before_cursor_execute", cut)
        assert check_central(engine).revision in (before, revision)
        assert {one.etat for one in doctor.centre(engine) if one.controle == "structure"} <= {"ok", "attention"}
        upgrade_central(engine, yes, target=revision)
        with engine.connect() as connection:
            assert structures.drift(connection, revision) == []
    assert sum(map(bool, left.values())) > (len(alone) - 1) // 2, "that something was left half made"
    # Another's table is told beside it, and stops.
    revision = alone[0]
    with engine.connect() as connection:
        migrate.downgrade(connection, every[every.index(revision) - 1])
        connection.exec_driver_sql("ALTER TABLE clients ADD COLUMN bricolage text")
        connection.commit()
    with pytest.raises(UpgradeError, match="colonne « bricolage » en trop"):
        upgrade_central(engine, yes, target=revision)
    engine.dispose()
    pg_server.drop_database(name)


def test_capture_goes_on_while_the_index_is_built(centre: sa.Engine) -> None:
    """That revision commits on its way: at no instant may the centre be without its triggers."""
    upgrade_central(centre, yes, target="ac6d2e4a8f5b")
    query = "SELECT count(*) FROM pg_trigger WHERE tgname = 'erp_capture'"
    wanted, seen = scalar(centre, query), []
    holder = centre.connect()
    holder.exec_driver_sql("LOCK TABLE interventions IN ROW EXCLUSIVE MODE")
    building = threading.Thread(target=upgrade_central, args=(centre, yes), kwargs={"target": "bd7e3f5b9a6c"})
    building.start()
    waiting = (
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX CONCURRENTLY%%' AND state = 'active'"
    )
    deadline = time.monotonic() + 30
    while not seen and time.monotonic() < deadline:
        if scalar(centre, waiting):
            seen.append(scalar(centre, query))
    holder.close()
    building.join(60)
    assert seen == [wanted]
    assert wanted > 20


def test_the_archive_made_first_brings_the_centre_back(
    centre: sa.Engine, pg_server: EmbeddedPostgres, tmp_path: Path
) -> None:
    with centre.connect() as connection:
        before = contenu(connection)
    done = upgrade_central(centre, yes, backups=tmp_path, target=APRES)
    assert done.copie is not None
    name = f"{centre.url.database}_revenu"
    engine = create_pg_engine(pg_server.create_database(name))
    binaries = find_binaries()
    assert binaries is not None
    program = binaries / "pg_restore"
    address = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    restored = subprocess.run([program, "-d", address, str(done.copie.chemin)], capture_output=True, check=False)
    assert restored.returncode == 0, restored.stderr
    state = check_central(engine)
    assert (state.etat, state.revision, state.ecriture) == ("ancien", AVANT, False)
    with engine.connect() as connection:
        assert contenu(connection) == before
    assert upgrade_central(engine, yes).avant == AVANT
    assert check_central(engine).etat == "egal"
    engine.dispose()
    pg_server.drop_database(name)


def test_who_waits_for_another_upgrade_longer_than_a_silence_is_told_of_it(
    centre: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERP_MIGRATION_SILENCE", "1")
    monkeypatch.setenv("ERP_MIGRATION_LOCK_WAIT", "2")
    with upgrade_lock(centre, wait_s=0), pytest.raises(ErpError, match="Une autre mise à niveau est en cours"):
        upgrade_central(centre, yes, target=APRES)
    assert check_central(centre).revision == AVANT
    monkeypatch.undo()
    upgrade_central(centre, yes, target=APRES)
    assert check_central(centre).revision == APRES


@pytest.mark.soak
def test_a_migrator_whose_line_died_does_not_keep_its_lock(
    centre: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERP_MIGRATION_SILENCE", "2")
    url = centre.url
    with ChaosProxy.before(url) as proxy:
        far = create_pg_engine(url.set(host="127.0.0.1", port=proxy.port).render_as_string(hide_password=False))
        stuck = threading.Event()
        failures: list[Exception] = []

        def silent(text: str) -> None:
            if text.startswith("Révision"):
                # The line is dead but still open: the server hears nothing any more.
                proxy.frozen = True
                stuck.set()

        def work() -> None:
            try:
                upgrade_central(far, yes, silent)
            except Exception as error:  # noqa: BLE001
                failures.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        assert stuck.wait(60)
        # Alembic keeps its context in a module: the second migrator is a process of its own.
        address = url.render_as_string(hide_password=False)
        second = erp_admin("db", "upgrade", "--yes", "--no-backup", "--url", address)
        assert second.returncode == 0, second.stderr
        proxy.cut()
        thread.join(60)
        far.dispose()
    assert failures
    assert check_central(centre).etat == "egal"


def test_a_server_that_goes_away_is_told_with_what_to_do(centre: sa.Engine) -> None:
    owner = psycopg2.connect(centre.url.set(drivername="postgresql").render_as_string(hide_password=False))
    owner.autocommit = True

    def kick(text: str) -> None:
        if text.startswith("Révision ac6d"):
            with owner.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                    "AND pid <> pg_backend_pid()"
                )

    with pytest.raises(UpgradeError, match=rf"arrêtée à la révision {AVANT}.*relancez"):
        upgrade_central(centre, yes, kick)
    owner.close()
    assert upgrade_central(centre, yes, target=APRES).apres == APRES
