"""The screen that nobody watches, and a person's own password, in the running desktop."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import shiboken6
import sqlalchemy as sa
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from erp_desktop.app import Desktop
from erp_desktop.db.session import transaction
from erp_desktop.domain.writing import typography
from erp_desktop.errors import CentralUnreachableError
from erp_desktop.services import auth
from erp_desktop.settings import Mode, Settings
from erp_desktop.sync.exchange.cache import ERASED
from erp_desktop.sync.status import EtatSync
from erp_desktop.ui.kit.states import ErrorState
from erp_desktop.ui.lists.page import ListPage
from erp_desktop.ui.sign_in.first_password import FirstPassword
from erp_desktop.ui.sign_in.page import LockPage, LoginPage
from erp_desktop.upgrade.start.startup import open_local
from tests.ui.company import Monde

SECRET, OTHER = "une phrase assez longue", "une autre phrase"
UNDO = QKeySequence.StandardKey.Undo


@pytest.fixture
def settings(sqlite_path: Path, tmp_path: Path, sqlite_engine: sa.Engine, monde: Monde) -> Settings:
    """A stand-alone desktop on which two people have a password."""
    with transaction(sqlite_engine) as session:
        for name, secret in (("salma.bennis", SECRET), ("nadia.chraibi", OTHER)):
            session.execute(
                sa.text("UPDATE users SET hashed_password = :h WHERE username = :n"),
                {"h": auth.hacher(secret), "n": name},
            )
    sqlite_engine.dispose()
    return Settings(
        mode=Mode.AUTONOME, data_dir=tmp_path, log_dir=tmp_path, cache_name=sqlite_path.name, theme="clair"
    )


@pytest.fixture
def desktop(qapp: QApplication, qtbot: QtBot, settings: Settings) -> Iterator[Desktop]:
    """Salma at work."""
    made = Desktop(qapp, settings)
    qtbot.addWidget(made.window)
    made.start()
    qtbot.waitUntil(lambda: isinstance(made.window.centralWidget(), LoginPage))
    page = made.window.centralWidget()
    assert isinstance(page, LoginPage)
    answer(qtbot, page, "salma.bennis", SECRET)
    qtbot.waitUntil(lambda: made.workspace is not None)
    qtbot.waitUntil(lambda: made.tasks is not None and made.tasks.pending == 0)
    yield made
    made.close()
    made.setParent(None)


def answer(qtbot: QtBot, page: Any, name: str, secret: str) -> None:
    if not page.identifier.isReadOnly():
        page.identifier.setText(name)
    page.password.setText(secret)
    qtbot.mouseClick(page.submit, Qt.MouseButton.LeftButton)


def locked(qtbot: QtBot, desktop: Desktop) -> LockPage:
    qtbot.waitUntil(lambda: isinstance(desktop.window.cover_page, LockPage))
    page = desktop.window.cover_page
    assert isinstance(page, LockPage)
    return page


def begin(qtbot: QtBot, desktop: Desktop, words: str) -> Any:
    """Type into a new record; gives its panel."""
    assert desktop.workspace is not None
    page: Any = desktop.workspace.open_record("interventions", None)
    qtbot.waitUntil(lambda: bool(page.panel.fields.base))
    editor = page.panel.fields.editors["titre"]
    editor.inner.setFocus()
    qtbot.keyClicks(editor.inner, words)
    return page.panel


def test_nobody_at_the_desk_covers_the_work_and_the_password_brings_it_back(qtbot: QtBot, desktop: Desktop) -> None:
    workspace = desktop.workspace
    assert workspace is not None
    assert desktop.idle is not None
    assert desktop.idle.timer.interval() == 15 * 60_000
    panel = begin(qtbot, desktop, "Four froid")
    tabs = workspace.tabs.keys
    assert desktop.worker is not None
    with desktop.worker.engine.begin() as connection:
        connection.execute(sa.text("INSERT OR REPLACE INTO sync_meta (cle, valeur) VALUES ('poste', '3')"))
    desktop.idle.timer.start(1)
    page = locked(qtbot, desktop)
    qtbot.waitUntil(lambda: "poste 03" in page.foot())
    assert not workspace.isVisible()
    assert page.geometry() == desktop.window.rect()
    assert page.identifier.text() == "salma.bennis"
    assert page.identifier.isReadOnly()
    assert [draft.values["titre"] for _kind, _slot, draft in panel.contexte.drafts.unfinished()] == ["Four froid"]
    # The keys of the work behind do nothing meanwhile.
    qtbot.keyClick(desktop.window, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(desktop.window, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)
    assert workspace.tabs.keys == tabs
    answer(qtbot, page, "", "faux mot de passe")
    # The name is given here: only the password is said to be wrong.
    said = page.password_field.error.label
    qtbot.waitUntil(lambda: said.text() == "Mot de passe incorrect.")
    assert desktop.window.cover_page is page
    answer(qtbot, page, "", SECRET)
    qtbot.waitUntil(lambda: desktop.window.cover_page is None)
    assert desktop.workspace is workspace
    assert workspace.isVisible()
    assert workspace.tabs.keys == tabs
    assert panel.fields.editors["titre"].value() == "Four froid"


def test_a_key_or_a_move_puts_the_lock_off_and_zero_means_never(
    qtbot: QtBot, desktop: Desktop, qapp: QApplication
) -> None:
    assert desktop.idle is not None
    timer = desktop.idle.timer
    timer.stop()
    qtbot.keyClick(desktop.window.windowHandle(), Qt.Key.Key_Shift)
    assert timer.isActive()
    timer.stop()
    QTest.mouseMove(desktop.window.windowHandle(), desktop.window.rect().center())
    qtbot.waitUntil(timer.isActive)
    # Qt makes the system's window anew when it has to: the watch goes over to it, and leaving is no error.
    before = desktop.window.windowHandle()
    desktop.window.hide()
    desktop.window.destroy()
    desktop.window.show()
    assert not shiboken6.isValid(before)
    qtbot.wait(1)
    timer.stop()
    qtbot.keyClick(desktop.window.windowHandle(), Qt.Key.Key_Shift)
    assert timer.isActive()
    desktop.log_out()
    desktop.settings = desktop.settings.model_copy(update={"idle_lock_minutes": 0})
    page = desktop.window.centralWidget()
    answer(qtbot, page, "salma.bennis", SECRET)
    qtbot.waitUntil(lambda: desktop.workspace is not None)
    qtbot.keyClick(desktop.window.windowHandle(), Qt.Key.Key_Shift)
    assert desktop.idle is not None
    assert not desktop.idle.timer.isActive()


def test_wrong_attempts_on_the_lock_count_like_those_of_a_login(qtbot: QtBot, desktop: Desktop) -> None:
    desktop.lock()
    page = locked(qtbot, desktop)
    for _ in range(auth.ESSAIS):
        page.password_field.say("")
        answer(qtbot, page, "", "faux mot de passe")
        qtbot.waitUntil(lambda: bool(page.password_field.error.label.text()))
    assert "verrouillé" in page.password_field.error.label.text()
    page.password_field.say("")
    answer(qtbot, page, "", SECRET)
    qtbot.waitUntil(lambda: bool(page.password_field.error.label.text()))
    assert desktop.window.cover_page is page


def test_somebody_else_may_come_in_and_the_drafts_wait(qtbot: QtBot, desktop: Desktop) -> None:
    begin(qtbot, desktop, "Four froid")
    desktop.lock()
    page = locked(qtbot, desktop)
    qtbot.mouseClick(page.switch, Qt.MouseButton.LeftButton)
    assert not page.identifier.isReadOnly()
    assert page.identifier.text() == ""
    answer(qtbot, page, "nadia.chraibi", OTHER)
    qtbot.waitUntil(lambda: desktop.window.cover_page is None)
    workspace = desktop.workspace
    assert workspace is not None
    assert workspace.contexte.acteur.nom != "Salma Bennis"
    assert workspace.contexte.drafts.unfinished() == []
    desktop.log_out()
    answer(qtbot, desktop.window.centralWidget(), "salma.bennis", SECRET)
    qtbot.waitUntil(lambda: desktop.workspace is not None)
    assert desktop.workspace is not None
    [(_kind, _slot, draft)] = desktop.workspace.contexte.drafts.unfinished()
    assert draft.values["titre"] == "Four froid"


def test_an_undo_is_out_of_reach_while_the_screen_is_locked(qtbot: QtBot, desktop: Desktop) -> None:
    undone: list[int] = []
    toast = desktop.window.say("Enregistré", lambda: undone.append(1))
    desktop.lock()
    page = locked(qtbot, desktop)
    assert not toast.isVisible()
    QTest.keySequence(desktop.window, QKeySequence(UNDO))
    assert undone == []
    answer(qtbot, page, "", SECRET)
    qtbot.waitUntil(lambda: desktop.window.cover_page is None)
    assert toast.isVisible()
    QTest.keySequence(desktop.window, QKeySequence(UNDO))
    assert undone == [1]


def test_a_person_changes_their_own_password(qtbot: QtBot, desktop: Desktop, settings: Settings) -> None:
    workspace = desktop.workspace
    assert workspace is not None
    workspace.top.password_asked.emit()
    panel = workspace.password
    assert panel.isVisible()
    assert panel.present.hasFocus()
    panel.present.setText("pas le bon")
    panel.new.setText("encore une phrase")
    panel.again.setText("encore une phrasee")
    qtbot.mouseClick(panel.submit, Qt.MouseButton.LeftButton)
    assert panel.fields["encore"].error.label.text()
    assert panel.again.hasFocus()
    panel.again.setText("encore une phrase")
    qtbot.keyClick(panel.again, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(panel.fields["ancien"].error.label.text()))
    assert panel.present.hasFocus()
    assert panel.isVisible()
    panel.present.setText(SECRET)
    panel.new.setText("court")
    panel.again.setText("court")
    qtbot.mouseClick(panel.submit, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "8" in panel.fields["mot_de_passe"].error.label.text())
    panel.new.setText("encore une phrase")
    panel.again.setText("encore une phrase")
    qtbot.mouseClick(panel.submit, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not panel.isVisible())
    assert panel.present.text() == panel.new.text() == panel.again.text() == ""
    engine = open_local(settings.cache, None)
    with transaction(engine) as session:
        assert auth.login(session, "salma.bennis", "encore une phrase").nom == "Salma Bennis"
        with pytest.raises(auth.LoginRefuseError):
            auth.login(session, "salma.bennis", SECRET)
    engine.dispose()


def give(settings: Settings, name: str, secret: str) -> None:
    """Somebody else gives a person a password."""
    engine = open_local(settings.cache, None)
    with transaction(engine) as session:
        auth.reinitialiser(session, None, name, secret)
    engine.dispose()


def test_a_given_password_leads_to_ones_own_by_the_keyboard_alone(
    qtbot: QtBot, desktop: Desktop, settings: Settings
) -> None:
    give(settings, "salma.bennis", "dit-au-guichet")
    desktop.log_out()
    page = desktop.window.centralWidget()
    assert isinstance(page, LoginPage)
    page.keep.setChecked(True)

    def enter() -> FirstPassword:
        page.password.setFocus()
        qtbot.keyClicks(page.password, "dit-au-guichet")
        qtbot.keyClick(page.password, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: page.choice is not None and page.choice.new.hasFocus())
        assert page.choice is not None
        return page.choice

    page.identifier.setText("salma.bennis")
    choice = enter()
    assert desktop.workspace is None
    said = {name: field.error.label for name, field in choice.fields.items()}
    told = [label.text() for label in choice.findChildren(QLabel)]
    assert any("8 caractères au moins" in words for words in told)
    # Esc goes back, with the name and without the password; whoever comes again finds nothing typed.
    qtbot.keyClicks(choice.new, "rien de bon")
    qtbot.keyClick(choice.new, Qt.Key.Key_Escape)
    assert page.choice is None
    assert (page.identifier.text(), page.password.text()) == ("salma.bennis", "")
    choice = enter()
    said = {name: field.error.label for name, field in choice.fields.items()}
    assert choice.typed == ("", "")
    order = [choice.new]
    for _ in range(3):
        qtbot.keyClick(order[-1], Qt.Key.Key_Tab)
        order.append(desktop.window.focusWidget())
    assert order == [choice.new, choice.again, choice.submit, choice.back]
    choice.new.setFocus()
    qtbot.keyClick(choice.new, Qt.Key.Key_Return)
    assert choice.again.hasFocus()
    qtbot.keyClick(choice.again, Qt.Key.Key_Return)
    assert said["mot_de_passe"].text() == "Indiquez le nouveau mot de passe."
    assert choice.new.hasFocus()
    for new, again, where, why in (
        ("safran bleu", "safran vert", "encore", "Les deux saisies ne sont pas les mêmes."),
        ("court", "court", "mot_de_passe", "Le mot de passe compte au moins 8 caractères."),
        ("dit-au-guichet", "dit-au-guichet", "mot_de_passe", "Le nouveau mot de passe est le même que l'ancien."),
    ):  # fmt: skip
        choice.new.selectAll()
        qtbot.keyClicks(choice.new, new)
        qtbot.keyClick(choice.new, Qt.Key.Key_Return)
        choice.again.selectAll()
        qtbot.keyClicks(choice.again, again)
        qtbot.keyClick(choice.again, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda where=where, why=why: said[where].text() == typography.composer(why))
        assert choice.fields[where].editor.hasFocus()
    # A change of language keeps the page and what is typed.
    page.set_language("en")
    assert page.choice is not None
    assert page.choice.typed == ("dit-au-guichet", "dit-au-guichet")
    page.set_language("fr")
    choice = page.choice
    for field in (choice.new, choice.again):
        field.selectAll()
        qtbot.keyClicks(field, "un safran bien bleu")
        qtbot.keyClick(field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: desktop.workspace is not None)
    assert desktop.window.memory.value("connexion/identifiant") == "salma.bennis"
    # The same from behind a locked screen; the work stays.
    workspace = desktop.workspace
    give(settings, "salma.bennis", "redit-au-guichet")
    desktop.lock()
    cover = locked(qtbot, desktop)
    answer(qtbot, cover, "", "redit-au-guichet")
    qtbot.waitUntil(lambda: cover.choice is not None)
    assert cover.choice is not None
    cover.choice.leave()
    assert cover.identifier.isReadOnly()
    answer(qtbot, cover, "", "redit-au-guichet")
    qtbot.waitUntil(lambda: cover.choice is not None)
    cover.choice.new.setText("deux safrans bien bleus")
    cover.choice.again.setText("deux safrans bien bleus")
    qtbot.mouseClick(cover.choice.submit, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: desktop.window.cover_page is None)
    assert desktop.workspace is workspace


def test_a_desktop_whose_data_was_erased_shows_nothing_more(qtbot: QtBot, desktop: Desktop) -> None:
    """The rows stayed on the screen, and saving spoke of a full disk."""
    workspace = desktop.workspace
    assert workspace is not None
    assert isinstance(workspace.page, ListPage)
    workspace.page.form.open_record(None)
    workspace.page.form.fields.editors["titre"].inner.insert("Pas encore enregistré")
    workspace.page.form.keep_now()
    drafts = desktop.settings.data_dir / "brouillons"
    qtbot.waitUntil(drafts.exists)
    state = EtatSync("agence", False, None, 0, 0, 0, 0, None, None, "CAS", 4, ERASED, efface=True)
    desktop._state_arrived.emit(state)
    qtbot.waitUntil(lambda: isinstance(desktop.window.centralWidget(), ErrorState))
    words = [label.text() for label in desktop.window.centralWidget().findChildren(QLabel)]
    assert "Ce poste a été retiré" in words
    assert any("données ont été effacées" in text for text in words)
    assert (desktop.workspace, desktop.worker) == (None, None)
    assert not drafts.exists()


def test_escape_closes_the_password_panel_alone(qtbot: QtBot, desktop: Desktop) -> None:
    workspace = desktop.workspace
    assert workspace is not None
    assert isinstance(workspace.page, ListPage)
    workspace.page.form.open_record(None)
    workspace.page.form.show()
    workspace.page.view.setFocus()
    workspace.top.password_asked.emit()
    panel = workspace.password
    qtbot.keyClicks(panel.present, "secret")
    # A cut line names no field: the same press asks again.
    panel.submit.setFocus()
    panel._set_busy(True)
    panel._refused(CentralUnreachableError("Le centre ne répond pas."))
    assert panel.submit.hasFocus()
    qtbot.keyClick(panel.present, Qt.Key.Key_Escape)
    assert workspace.page.view.hasFocus()
    assert not workspace.password.isVisible()
    assert workspace.password.present.text() == ""
    assert not workspace.page.form.isHidden()
