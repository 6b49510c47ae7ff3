"""Upgrades as the person at the window lives them: progress, stop, consent, the way back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from erp_desktop.app import Desktop
from erp_desktop.db.engine import connect_sqlite, create_pg_engine
from erp_desktop.domain.writing import revisions as wording
from erp_desktop.domain.writing import typography
from erp_desktop.registry import revisions
from erp_desktop.registry.tables import TABLES
from erp_desktop.settings import Mode, Settings
from erp_desktop.ui.first_start.upgrade_pages import Consentement
from erp_desktop.ui.kit import i18n
from erp_desktop.ui.kit.states import EmptyState, ErrorState
from erp_desktop.ui.main_window import Opening
from erp_desktop.ui.sign_in.page import LoginPage
from erp_desktop.upgrade import backup, migrate
from erp_desktop.upgrade.central.checklist import check_central
from erp_desktop.upgrade.start import file_state, recovery, startup
from tests.upgrade.start.old_caches import OLD, RECENT, make

ANCIENNE = "2a1f3c8d7c1b"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(mode=Mode.AUTONOME, data_dir=tmp_path, log_dir=tmp_path, cache_name="cache.sqlite", theme="clair")


@pytest.fixture
def desktop(qapp: QApplication, qtbot: QtBot, settings: Settings) -> Iterator[Desktop]:
    """Not started yet."""
    made = Desktop(qapp, settings)
    qtbot.addWidget(made.window)
    yield made
    made.close()
    made.setParent(None)


def page(desktop: Desktop) -> object:
    return desktop.window.centralWidget()


def press(qtbot: QtBot, desktop: Desktop, words: str) -> None:
    content = desktop.window.centralWidget()
    assert content is not None
    button = next(b for b in content.findChildren(QPushButton) if b.text() == words)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def open_and_wait(qtbot: QtBot, desktop: Desktop, kind: type[object]) -> None:
    desktop.start()
    qtbot.waitUntil(lambda: isinstance(page(desktop), kind))


def test_a_stopped_upgrade_leaves_the_old_file_and_starts_over(qtbot: QtBot, desktop: Desktop) -> None:
    cache = desktop.settings.cache
    make(cache, ANCIENNE)
    stopped: list[str] = []

    def stop(words: str, _share: object) -> None:
        shown = page(desktop)
        if "révision 2 sur" in words and isinstance(shown, Opening):
            assert 0 < shown.bar.value() < 100
            # What somebody types blind, a password already say, presses nothing: the keyboard is with the page.
            assert desktop.window.focusWidget() is shown
            qtbot.keyClick(shown, Qt.Key.Key_Space)
            assert shown.stop.isEnabled()
            qtbot.mouseClick(shown.stop, Qt.MouseButton.LeftButton)
            # Here, because the page may be gone as soon as the events run again.
            assert not shown.stop.isEnabled()
            stopped.append(words)

    desktop.opening._progress.connect(stop, Qt.ConnectionType.QueuedConnection)
    desktop.start()
    qtbot.waitUntil(lambda: bool(stopped))
    desktop.opening._progress.disconnect(stop)
    qtbot.waitUntil(lambda: isinstance(page(desktop), EmptyState))
    shown = page(desktop)
    assert isinstance(shown, EmptyState)
    assert shown.title.text() == "Mise à niveau arrêtée"
    assert file_state.read_revision(cache) == ANCIENNE
    assert not list(cache.parent.glob("*.upgrading*"))
    press(qtbot, desktop, "Réessayer")
    qtbot.waitUntil(lambda: isinstance(page(desktop), LoginPage))
    assert file_state.read_revision(cache) == revisions.head()


def test_a_window_closed_in_the_middle_leaves_the_old_file(qtbot: QtBot, desktop: Desktop) -> None:
    cache = desktop.settings.cache
    make(cache, ANCIENNE)
    closed: list[str] = []

    def close(words: str, _share: object) -> None:
        if "révision 1 sur" in words and not closed:
            closed.append(words)
            desktop.window.close()

    desktop.opening._progress.connect(close, Qt.ConnectionType.QueuedConnection)
    desktop.start()
    qtbot.waitUntil(lambda: bool(closed))
    opener = desktop.opening.opener
    assert opener is not None
    opener.join(60)
    assert file_state.read_revision(cache) == ANCIENNE
    startup.open_local(cache).dispose()
    assert file_state.read_revision(cache) == revisions.head()


def test_a_first_run_that_failed_offers_the_backup_with_the_outbox(qtbot: QtBot, desktop: Desktop) -> None:
    cache = desktop.settings.cache
    make(cache, OLD)
    # The upgrade went well and something was typed; then the program died before its window was up.
    startup.open_local(cache, on_trial=True).dispose()
    connection = connect_sqlite(cache)
    connection.execute("UPDATE plannings SET recurrence = 'FREQ=DAILY' WHERE id = 1000")
    connection.execute("UPDATE clients SET notes = 'tapé après la mise à niveau' WHERE id = 1000")
    waiting = connection.execute("SELECT count(*) FROM sync_outbox").fetchone()[0]
    connection.close()
    open_and_wait(qtbot, desktop, ErrorState)
    shown = page(desktop)
    assert isinstance(shown, ErrorState)
    assert "premier démarrage" in shown.title.text()
    press(qtbot, desktop, "Revenir à la sauvegarde")
    qtbot.waitUntil(lambda: isinstance(page(desktop), EmptyState))
    assert file_state.read_revision(cache) == OLD
    assert recovery.pending(cache) is None
    back = connect_sqlite(cache)
    assert back.execute("SELECT count(*) FROM sync_outbox").fetchone()[0] == waiting
    assert back.execute("SELECT rrule FROM plannings WHERE id = 1000").fetchone() == ("FREQ=DAILY",)
    assert back.execute("SELECT count(*) FROM sync_outbox WHERE colonne = 'rrule'").fetchone()[0] > 0
    assert back.execute("SELECT notes FROM clients WHERE id = 1000").fetchone() == ("tapé après la mise à niveau",)
    back.close()
    press(qtbot, desktop, "Réessayer")
    qtbot.waitUntil(lambda: isinstance(page(desktop), LoginPage))


def test_an_upgrade_is_confirmed_by_its_first_window(qtbot: QtBot, desktop: Desktop) -> None:
    cache = desktop.settings.cache
    make(cache, RECENT)
    open_and_wait(qtbot, desktop, LoginPage)
    assert recovery.pending(cache) is not None
    desktop.window.close()
    assert recovery.pending(cache) is None


def test_a_damaged_cache_is_set_aside_and_its_outbox_salvaged(qtbot: QtBot, desktop: Desktop) -> None:
    cache = desktop.settings.cache
    make(cache, RECENT)
    startup.open_local(cache).dispose()
    backup.create(cache)
    connection = connect_sqlite(cache)
    connection.execute("UPDATE clients SET notes = 'pas encore envoyé' WHERE id = 1000")
    waiting = connection.execute("SELECT id, nom_table, pk, colonne FROM sync_outbox ORDER BY id").fetchall()
    victim = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'alembic_version'").fetchone()[0]
    connection.close()
    backup.settle(cache, None)
    content = bytearray(cache.read_bytes())
    content[4096 * (victim - 1) : 4096 * victim] = b"\xff" * 4096
    cache.write_bytes(content)
    open_and_wait(qtbot, desktop, ErrorState)
    press(qtbot, desktop, "Reprendre la dernière sauvegarde")
    qtbot.waitUntil(lambda: isinstance(page(desktop), LoginPage))
    back = connect_sqlite(cache)
    assert back.execute("SELECT id, nom_table, pk, colonne FROM sync_outbox ORDER BY id").fetchall() == waiting
    assert back.execute("SELECT notes FROM clients WHERE id = 1000").fetchone() == ("pas encore envoyé",)
    back.close()
    kept = next((cache.parent / backup.FOLDER).glob("*abimee*"))
    assert kept.read_bytes() == bytes(content)


@pytest.mark.parametrize("how", ["deleted", "emptied"])
def test_a_cache_that_is_gone_is_no_first_start(qtbot: QtBot, desktop: Desktop, how: str) -> None:
    cache = desktop.settings.cache
    make(cache, RECENT)
    startup.open_local(cache).dispose()
    backup.create(cache)
    if how == "deleted":
        cache.unlink()
    else:
        cache.write_bytes(b"")
    open_and_wait(qtbot, desktop, ErrorState)
    offered = [b.text() for b in page(desktop).findChildren(QPushButton)]
    assert "Reprendre la dernière sauvegarde" in offered
    assert ("Recommencer sur une base neuve" in offered) is (how == "deleted")
    press(qtbot, desktop, "Reprendre la dernière sauvegarde")
    qtbot.waitUntil(lambda: isinstance(page(desktop), LoginPage))


def test_damage_met_while_working_is_the_same_calm_page(qtbot: QtBot, desktop: Desktop) -> None:
    cache = desktop.settings.cache
    make(cache, RECENT)
    startup.open_local(cache).dispose()
    open_and_wait(qtbot, desktop, LoginPage)
    pages = cache.stat().st_size // 4096
    with cache.open("r+b") as file:
        file.seek(4096 * 12)
        file.write(b"\xff" * 4096 * (pages - 12))
    assert desktop.tasks is not None
    for table in TABLES:
        read = sa.text(f"SELECT * FROM {table.name}")
        desktop.tasks.run(lambda session, read=read: session.execute(read).all(), lambda _rows: None)
    qtbot.waitUntil(lambda: isinstance(page(desktop), ErrorState))
    assert desktop.worker is None


@pytest.mark.parametrize("agreed", [True, pytest.param(False, marks=pytest.mark.soak)])
def test_a_migrator_is_asked_before_the_centre_is_upgraded(
    qtbot: QtBot, qapp: QApplication, pg_empty_url: str, tmp_path: Path, agreed: bool
) -> None:
    engine = create_pg_engine(pg_empty_url)
    with engine.connect() as connection:
        migrate.upgrade(connection, "9b5c1d3f7e4a")
    settings = Settings(mode=Mode.CENTRE, central_url=pg_empty_url, data_dir=tmp_path, log_dir=tmp_path)
    desktop = Desktop(qapp, settings)
    qtbot.addWidget(desktop.window)
    try:
        open_and_wait(qtbot, desktop, Consentement)
        asked = page(desktop)
        assert isinstance(asked, Consentement)
        assert revisions.head() in asked.words.text()
        assert check_central(engine).revision == "9b5c1d3f7e4a"
        qtbot.mouseClick(asked.accept if agreed else asked.decline, Qt.MouseButton.LeftButton)
        wanted = LoginPage if agreed else ErrorState
        qtbot.waitUntil(lambda: isinstance(page(desktop), wanted))
        assert check_central(engine).revision == (revisions.head() if agreed else "9b5c1d3f7e4a")
        assert bool(list(tmp_path.rglob("*.dump"))) is agreed
    finally:
        desktop.close()
        desktop.setParent(None)
        engine.dispose()


def test_every_revision_says_what_it_brings_in_the_language_of_the_window(qapp: QApplication, qtbot: QtBot) -> None:
    titles = [revisions.title(row.revision) for row in revisions.revisions()]
    assert set(titles) == set(wording.FRENCH), "a new revision says in domain/writing/revisions.py what it brings"
    for language in ("fr", "ar", "en"):
        i18n.set_language(qapp, language)
        asked = Consentement("9b5c1d3f7e4a", revisions.head(), titles[-2:], (), lambda _agreed: None)
        qtbot.addWidget(asked)
        shown = " ".join(label.text() for label in asked.findChildren(QLabel))
        catalogue = i18n.texts(language).known if language != "fr" else {}
        told = [catalogue.get(one, one) for one in map(wording.FRENCH.__getitem__, titles[-2:])]
        assert [one for one in told if typography.composer(one) not in shown] == []
        assert language == "en" or titles[-2] not in shown, "its own name is English"
        assert language == "fr" or set(wording.FRENCH.values()) <= set(catalogue)
