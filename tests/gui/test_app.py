"""The desktop from its first picture to its last thread: opening, login, work, language, refusal, closing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLineEdit, QMessageBox
from pytestqt.qtbot import QtBot

from erp_desktop.app import Desktop
from erp_desktop.db import secrets
from erp_desktop.db.session import transaction
from erp_desktop.db.startup import open_local
from erp_desktop.services import auth
from erp_desktop.settings import Mode, Settings
from erp_desktop.ui.kit import theme
from erp_desktop.ui.kit.states import ErrorState
from erp_desktop.ui.lists.page import ListPage
from erp_desktop.ui.login import LoginPage
from tests.gui.monde import Monde

SECRET = "une phrase assez longue"


@pytest.fixture
def settings(sqlite_path: Path, tmp_path: Path, sqlite_engine: sa.Engine, monde: Monde) -> Settings:
    """A stand-alone desktop whose clerk has a password."""
    with transaction(sqlite_engine) as session:
        session.execute(
            sa.text("UPDATE users SET hashed_password = :h WHERE username = 'salma.bennis'"),
            {"h": auth.hacher(SECRET)},
        )
    sqlite_engine.dispose()
    return Settings(
        mode=Mode.AUTONOME, data_dir=tmp_path, log_dir=tmp_path, cache_name=sqlite_path.name, theme="clair"
    )


@pytest.fixture
def desktop(qapp: QApplication, qtbot: QtBot, settings: Settings) -> Iterator[Desktop]:
    made = Desktop(qapp, settings)
    qtbot.addWidget(made.window)
    made.start()
    yield made
    made.close()
    made.setParent(None)


def enter(qtbot: QtBot, desktop: Desktop) -> ListPage:
    """Log in as the clerk and wait for the list."""
    qtbot.waitUntil(lambda: isinstance(desktop.window.centralWidget(), LoginPage), timeout=15_000)
    page = desktop.window.centralWidget()
    assert isinstance(page, LoginPage)
    page.identifier.setText("salma.bennis")
    page.password.setText(SECRET)
    qtbot.keyClick(page.password, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: desktop.workspace is not None, timeout=15_000)
    assert desktop.workspace is not None
    shown = desktop.workspace.page
    assert isinstance(shown, ListPage)
    qtbot.waitUntil(lambda: shown.model.rowCount() > 0, timeout=10_000)
    return shown


def test_window_comes_before_the_database_and_login_opens_the_work(qtbot: QtBot, desktop: Desktop) -> None:
    assert desktop.window.isVisible()
    assert desktop.worker is None
    page = enter(qtbot, desktop)
    assert page.model.rowCount() == 6
    workspace = desktop.workspace
    assert workspace is not None
    qtbot.waitUntil(lambda: workspace.top.place.text() == "Agence Casablanca")
    qtbot.waitUntil(lambda: workspace.nav.items["interventions"].count == 2, timeout=3000)
    assert workspace.status.sync.text() == "poste autonome"


def test_language_and_theme_switch_while_working(qtbot: QtBot, desktop: Desktop, qapp: QApplication) -> None:
    enter(qtbot, desktop)
    desktop.set_language("ar")
    workspace = desktop.workspace
    assert workspace is not None
    page = workspace.page
    assert isinstance(page, ListPage)
    qtbot.waitUntil(lambda: page.model.rowCount() == 6, timeout=5000)
    assert qapp.layoutDirection() == Qt.LayoutDirection.RightToLeft
    assert page.count.text() == "6 تدخلا"
    desktop.set_theme(theme.DARK)
    assert desktop.theme.dark
    assert Settings(data_dir=desktop.settings.data_dir).file.exists()
    desktop.set_language("fr")
    desktop.set_theme(theme.LIGHT)


def test_logging_out_keeps_what_was_typed(qtbot: QtBot, desktop: Desktop, monde: Monde) -> None:
    page = enter(qtbot, desktop)
    page.view.select_id(monde.interventions[2])
    qtbot.waitUntil(lambda: page.form.row_id == monde.interventions[2])
    line = page.form.fields.editors["titre"].inner
    assert isinstance(line, QLineEdit)
    line.end(False)
    qtbot.keyClicks(line, " bis")
    desktop.log_out()
    page = enter(qtbot, desktop)
    page.view.select_id(monde.interventions[2])
    qtbot.waitUntil(lambda: page.form.row_id == monde.interventions[2])
    assert page.form.fields.editors["titre"].value().endswith(" bis")


def test_a_file_that_is_no_database_is_refused_untouched(qapp: QApplication, qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "autre.sqlite").write_bytes(b"pas une base" * 200)
    desktop = Desktop(
        qapp, Settings(mode=Mode.AUTONOME, data_dir=tmp_path, log_dir=tmp_path, cache_name="autre.sqlite")
    )
    qtbot.addWidget(desktop.window)
    desktop.start()
    qtbot.waitUntil(lambda: isinstance(desktop.window.centralWidget(), ErrorState), timeout=15_000)
    state = desktop.window.centralWidget()
    assert isinstance(state, ErrorState)
    assert "autre.sqlite" in state.words.text()
    assert (tmp_path / "autre.sqlite").read_bytes() == b"pas une base" * 200
    desktop.close()
    desktop.setParent(None)


def test_the_cache_of_another_desktop_is_refused_untouched(qapp: QApplication, qtbot: QtBot, tmp_path: Path) -> None:
    cache, store = tmp_path / "ailleurs.sqlite", tmp_path / "secrets.json"
    open_local(cache, secrets.new_key()).dispose()
    secrets.store(cache, {"key": secrets.new_key()}, store)
    before = cache.read_bytes()
    desktop = Desktop(
        qapp,
        Settings(mode=Mode.AGENCE, data_dir=tmp_path, log_dir=tmp_path, cache_name=cache.name, secrets_file=store),
    )
    qtbot.addWidget(desktop.window)
    desktop.start()
    qtbot.waitUntil(lambda: isinstance(desktop.window.centralWidget(), ErrorState), timeout=15_000)
    state = desktop.window.centralWidget()
    assert isinstance(state, ErrorState)
    assert "ailleurs.sqlite" in state.words.text()
    assert desktop.sync is None
    assert cache.read_bytes() == before
    desktop.close()
    desktop.setParent(None)


def test_closing_ends_every_thread(qtbot: QtBot, desktop: Desktop) -> None:
    enter(qtbot, desktop)
    page = desktop.workspace.page if desktop.workspace is not None else None
    assert isinstance(page, ListPage)
    desktop.window.close()
    # What a timer of the closed window still wants is dropped; an exception here fails the test.
    page.model.refresh()
    page.model._fetch_window(0, [1])
    names = {thread.name for thread in threading.enumerate() if thread.is_alive()}
    assert not {name for name in names if name.startswith(("base", "brouillons", "synchronisation", "ouverture"))}
    assert desktop.worker is None


def test_an_unexpected_error_opens_one_dialog_that_can_be_copied(qtbot: QtBot, desktop: Desktop) -> None:
    enter(qtbot, desktop)
    desktop.report(ZeroDivisionError("division"))
    box = desktop.window.findChild(QMessageBox, "anomalie")
    assert box is not None
    assert not box.isModal()
    copy = next(button for button in box.buttons() if button.text() == "Copier le détail")
    copy.click()
    assert "ZeroDivisionError" in QApplication.clipboard().text()
    box.close()
