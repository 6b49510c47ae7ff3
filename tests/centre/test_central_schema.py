"""The centre: what a client concludes from its structure, and how a migrator upgrades it."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from erp_desktop import app
from erp_desktop.centre import lock, preflight
from erp_desktop.db.embedded import EmbeddedPostgres
from erp_desktop.db.engine import create_pg_engine
from erp_desktop.errors import (
    CentralUnreachableError,
    DatabaseBusyError,
    DatabaseRefusedError,
    NotAllowedError,
    UpgradeError,
)
from erp_desktop.registry import revisions
from erp_desktop.registry.tables import TABLES
from erp_desktop.settings import CentralUpgrade, Mode, Settings
from erp_desktop.upgrade import fingerprint
from erp_desktop.upgrade.central import attempts, checklist
from erp_desktop.upgrade.central.checklist import check_central, upgrade_central
from erp_desktop.upgrade.start import startup
from tests.migrations.rows import contenu
from tests.processes import Program
from tests.upgrade.start.old_caches import RECENT

OLD = RECENT
"""Every revision takes its time, and what is tried here is as true of five as of forty."""


def yes(_state: object) -> bool:
    return True


def no(_state: object) -> bool:
    return False


@pytest.fixture
def old(pg_server: EmbeddedPostgres, pg_older: Callable[[str], str]) -> Iterator[sa.Engine]:
    """A centre several revisions behind, with rows."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    engine = create_pg_engine(pg_server.create_database(name, pg_older(OLD)))
    yield engine
    engine.dispose()
    pg_server.drop_database(name)


@pytest.fixture
def clerk(pg_engine: sa.Engine, pg_server: EmbeddedPostgres) -> Iterator[sa.Engine]:
    """The same centre through a role that may only read the compatibility window."""
    name = f"commis_{pg_engine.url.database}"
    with pg_engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {name} LOGIN")
        connection.exec_driver_sql(f"GRANT erp_central TO {name}")
    engine = create_pg_engine(pg_engine.url.set(username=name).render_as_string(hide_password=False))
    yield engine
    engine.dispose()
    with pg_engine.begin() as connection:
        connection.exec_driver_sql(f"DROP ROLE {name}")


def run(engine: sa.Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def journal(connection: sa.Connection) -> list[tuple[str, str]]:
    """What the centre says of its upgrades."""
    rows = connection.exec_driver_sql("SELECT de, vers FROM journal_migrations ORDER BY id").all()
    return [(row.de, row.vers) for row in rows]


def test_an_up_to_date_centre_is_equal_for_everyone(pg_engine: sa.Engine, clerk: sa.Engine) -> None:
    for engine, migrator in ((pg_engine, True), (clerk, False)):
        state = check_central(engine)
        assert (state.etat, state.revision, state.ecriture, state.migrateur) == (
            "egal", revisions.head(), True, migrator,
        )  # fmt: skip


def test_an_empty_database_is_told_apart(pg_empty_url: str) -> None:
    engine = create_pg_engine(pg_empty_url)
    state = check_central(engine)
    engine.dispose()
    assert (state.etat, state.revision, state.ecriture) == ("vide", None, False)


def test_a_structure_that_differs_from_its_stamp_stops_every_write(pg_engine: sa.Engine, clerk: sa.Engine) -> None:
    run(pg_engine, "ALTER TABLE clients ADD COLUMN bricolage text")
    owner, other = check_central(pg_engine), check_central(clerk)
    assert (owner.etat, owner.ecriture) == ("incoherent", False)
    assert owner.differences == ("clients : colonne « bricolage » en trop",)
    assert (other.etat, other.ecriture) == ("incoherent", False)


def test_a_stamp_without_the_work_is_seen(old: sa.Engine) -> None:
    run(old, f"UPDATE alembic_version SET version_num = '{revisions.head()}'")
    state = check_central(old)
    assert state.etat == "incoherent"
    structure = [d for d in state.differences if "déclencheur" not in d and "règle d'accès" not in d]
    assert any("absent(e)" in one for one in structure), "a column, a table or an index of what was not run"
    with pytest.raises(UpgradeError, match="structure annoncée"):
        upgrade_central(old, yes)


def test_two_stamps_are_refused(pg_engine: sa.Engine) -> None:
    run(pg_engine, "INSERT INTO alembic_version VALUES ('5d1e7f9b3a0c')")
    state = check_central(pg_engine)
    assert state.etat == "incoherent"
    assert "2 révisions" in state.differences[0]


@pytest.mark.parametrize(("least", "writes"), [("9b5c1d3f7e4a", True), ("abcdefabcdef", False)])
def test_a_newer_centre_decides_which_clients_may_write(pg_engine: sa.Engine, least: str, writes: bool) -> None:
    run(
        pg_engine,
        "UPDATE alembic_version SET version_num = 'abcdefabcdef'",
        "INSERT INTO sync.schema_compat (revision, min_client_revision, fingerprint, par, app_version) "
        f"VALUES ('abcdefabcdef', '{least}', 'x', 'x', '9')",
    )
    state = check_central(pg_engine)
    assert (state.etat, state.ecriture) == ("recent", writes)
    with pytest.raises(UpgradeError):
        upgrade_central(pg_engine, yes)


def test_an_upgrade_keeps_every_row_and_publishes_the_window(old: sa.Engine, tmp_path: Path) -> None:
    with old.connect() as connection:
        before = {t: len(r) for t, r in contenu(connection).items()}
        upgraded = journal(connection)
    told: list[str] = []
    done = upgrade_central(old, yes, told.append, backups=tmp_path)
    assert (done.avant, done.apres) == (OLD, revisions.head())
    assert done.copie is not None
    assert done.copie.chemin.stat().st_size == done.copie.taille
    assert done.copie.sha256 in done.copie.chemin.with_suffix(".sha256").read_text(encoding="utf-8")
    with old.connect() as connection:
        after = {t: len(r) for t, r in contenu(connection).items()}
        assert {t: after[t] for t in before} == before
        window = connection.exec_driver_sql(
            "SELECT revision, min_client_revision, fingerprint FROM sync.schema_compat ORDER BY id DESC LIMIT 1"
        ).one()
        assert tuple(window) == (
            revisions.head(), revisions.minimum_client(), fingerprint.digest(fingerprint.read(connection)),
        )  # fmt: skip
        connection.rollback()
        assert journal(connection) == [*upgraded, (OLD, revisions.head())]
    assert check_central(old).etat == "egal"
    assert told[0] == "Sauvegarde du centre"


def test_nothing_happens_without_consent_or_right(old: sa.Engine, clerk: sa.Engine) -> None:
    asked: list[str] = []
    with pytest.raises(NotAllowedError, match="acceptée"):
        upgrade_central(old, lambda state: bool(asked.append(state.etat)))
    assert asked == ["ancien"]
    assert check_central(old).revision == OLD
    with pytest.raises(NotAllowedError, match="droit"):
        upgrade_central(clerk, yes)

    # Tables that another migrator is changing are compared by him alone: half-read, they looked like no revision's.
    def compared() -> bool:
        return "structure" in {c.controle for c in checklist.examine(old, OLD)}

    assert compared()
    with lock.upgrade_lock(old, wait_s=5.0):
        assert not compared()
    assert compared()


@pytest.mark.soak
def test_two_upgrades_at_once_both_end_well(old: sa.Engine) -> None:
    failures: list[BaseException] = []
    with old.connect() as connection:
        before = journal(connection)

    def work() -> None:
        try:
            upgrade_central(old, yes)
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    # Alembic keeps its context in a module: one of the two runs as a process of its own.
    url = old.url.render_as_string(hide_password=False)
    child = Program(["erp-admin", "db", "upgrade", "--url", url, "--yes", "--no-backup"])
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    _, errors = child.communicate()
    assert failures == []
    assert child.returncode == 0, errors
    with old.connect() as connection:
        assert fingerprint.check(connection) == []
        connection.rollback()
        assert journal(connection) == [*before, (OLD, revisions.head())]


def test_a_held_table_delays_the_upgrade_without_failing_it(old: sa.Engine) -> None:
    holder = old.connect()
    holder.exec_driver_sql("LOCK TABLE interventions IN ACCESS SHARE MODE")
    release = threading.Timer(2.5, holder.close)
    release.start()
    upgrade_central(old, yes)
    release.join()
    assert check_central(old).etat == "egal"


def test_a_forgotten_transaction_stops_the_upgrade_with_its_revision(
    old: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "_TRIES", 1)
    with old.connect() as holder:
        holder.exec_driver_sql("LOCK TABLE interventions IN ACCESS SHARE MODE")
        with pytest.raises(UpgradeError, match=OLD):
            upgrade_central(old, yes)
    upgrade_central(old, yes)


def test_upgrading_an_up_to_date_centre_puts_its_triggers_back(pg_engine: sa.Engine) -> None:
    query = "SELECT count(*) FROM pg_trigger WHERE tgname = 'erp_capture'"
    with pg_engine.connect() as connection:
        wanted = connection.exec_driver_sql(query).scalar_one()
    run(pg_engine, "DROP TRIGGER erp_capture ON clients")
    upgrade_central(pg_engine, no)
    with pg_engine.connect() as connection:
        assert connection.exec_driver_sql(query).scalar_one() == wanted > 0


def test_the_desktop_upgrades_its_centre_only_as_its_setting_says(old: sa.Engine, tmp_path: Path) -> None:
    url = old.url.render_as_string(hide_password=False)
    run(old, "TRUNCATE jours_feries, taux_tva")
    for policy, consent in ((CentralUpgrade.NEVER, yes), (CentralUpgrade.ASK, None), (CentralUpgrade.ASK, no)):
        with pytest.raises(DatabaseRefusedError, match="erp-admin db upgrade"):
            startup.open_central(url, policy=policy, consent=consent)
    assert check_central(old).revision == OLD
    settings = Settings(mode=Mode.CENTRE, central_url=url, central_upgrade=CentralUpgrade.AUTO, data_dir=tmp_path)
    app.open_engine(settings, lambda _told, _part: None).dispose()
    assert check_central(old).etat == "egal"
    # As erp-admin does it: holidays, rates and hours that the revisions only made tables for.
    seeded = "SELECT (SELECT count(*) FROM jours_feries), (SELECT count(*) FROM taux_tva)"
    with old.connect() as connection:
        holidays, rates = connection.exec_driver_sql(seeded).one()
    assert holidays >= 30
    assert rates == 5
    assert list(settings.archives.glob("*.dump"))
    startup.open_central(url, policy=CentralUpgrade.NEVER).dispose()


def test_room_on_the_servers_disk_is_told_or_said_to_be_unknown(pg_engine: sa.Engine) -> None:
    (place,) = (c for c in checklist.examine(pg_engine, None) if c.controle == "place")
    # This server runs here, so its disk is seen: as much as the test's own folder has.
    assert place.etat == "ok"
    assert re.fullmatch(r"base de \d+ Mo, \d+ Mo libres sur le disque du serveur", place.detail)
    giga = 10**9
    told = {free: preflight.room(10 * giga, free) for free in (20 * giga, 5 * giga, giga // 2, None)}
    assert [c.etat for c in told.values()] == ["ok", "attention", "erreur", "attention"]
    assert "10000 Mo suffisent" in told[giga // 2].remede
    assert "ne se voit pas d'ici" in told[None].detail
    assert preflight.room(1_000_000, 2_000_000).etat == "erreur"


def test_an_absent_centre_is_unreachable_not_a_bug() -> None:
    with pytest.raises(CentralUnreachableError):
        startup.open_central("postgresql://x@127.0.0.1:1/x")


def test_a_centre_that_answered_is_not_said_to_be_silent(pg_engine: sa.Engine) -> None:
    impatient = pg_engine.url.set(query={"options": "-c lock_timeout=200"}).render_as_string(hide_password=False)
    with pg_engine.begin() as holder:
        holder.exec_driver_sql("LOCK TABLE alembic_version")
        with pytest.raises(DatabaseBusyError, match=r"répond.*55P03"):
            startup.open_central(impatient)


def test_a_downgrade_publishes_the_older_revision(pg_engine: sa.Engine) -> None:
    checklist.downgrade_central(pg_engine, "5b1f7e9a3c86")
    state = check_central(pg_engine)
    assert (state.etat, state.revision) == ("ancien", "5b1f7e9a3c86")
    upgrade_central(pg_engine, yes)
    assert check_central(pg_engine).etat == "egal"


def test_no_connection_reads_the_registry_to_learn_what_a_view_is(pg_engine: sa.Engine) -> None:
    """A view's query is read whole by each connection that names the view: 1.6 MB and 7 ms with the lines in it."""
    with pg_engine.connect() as connection:
        longest, lines = connection.exec_driver_sql(
            "SELECT max(length(ev_action::text)), (SELECT count(*) FROM sync.registre) FROM pg_rewrite "
            "JOIN pg_class c ON c.oid = ev_class WHERE relnamespace IN ('public'::regnamespace, 'sync'::regnamespace)"
        ).one()
    assert longest < 50_000
    assert lines == sum(len(t.columns) for t in TABLES)
