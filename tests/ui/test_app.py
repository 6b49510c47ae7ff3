"""The desktop from its first picture to its last thread: opening, login, work, language, refusal, closing.

Long on purpose: every test is of the whole desktop, which one fixture opens.
"""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import weakref
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QLineEdit, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

import erp_desktop
from erp_desktop.app import Desktop, running, single
from erp_desktop.app.new_version import NewVersion
from erp_desktop.db import secrets
from erp_desktop.db.session import transaction
from erp_desktop.registry import revisions
from erp_desktop.services import auth
from erp_desktop.services.releases import installing, updates
from erp_desktop.settings import Mode, Settings
from erp_desktop.ui.bug import show_bundle
from erp_desktop.ui.drafts import Drafts
from erp_desktop.ui.frame.closing import ClosePage
from erp_desktop.ui.frame.version import BackPage
from erp_desktop.ui.kit import theme
from erp_desktop.ui.kit.controls import Text
from erp_desktop.ui.kit.states import ErrorState
from erp_desktop.ui.kit.surfaces import CountChip
from erp_desktop.ui.lists.page import ListPage
from erp_desktop.ui.palette.commands import commands
from erp_desktop.ui.sign_in.page import LoginPage
from erp_desktop.upgrade.start.startup import open_local
from tests.services.releases.depot import NEXT, Place, says, tree
from tests.ui.company import Monde

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
    qtbot.waitUntil(lambda: isinstance(desktop.window.centralWidget(), LoginPage))
    page = desktop.window.centralWidget()
    assert isinstance(page, LoginPage)
    page.identifier.setText("salma.bennis")
    page.password.setText(SECRET)
    qtbot.keyClick(page.password, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: desktop.workspace is not None)
    assert desktop.workspace is not None
    shown = desktop.workspace.page
    assert isinstance(shown, ListPage)
    qtbot.waitUntil(lambda: shown.model.rowCount() > 0)
    return shown


def test_what_the_program_consists_of_is_not_collected_over_and_over(
    qapp: QApplication, qtbot: QtBot, settings: Settings
) -> None:
    """Looking through it was the longest turn of the window; a page that is closed is collected as ever."""
    gc.unfreeze()
    desktop = Desktop(qapp, settings)
    qtbot.addWidget(desktop.window)
    desktop.start()
    enter(qtbot, desktop)
    assert len(gc.get_objects()) < gc.get_freeze_count() / 2
    # A thread that reads gives way to the window's before a paint stands still.
    assert sys.getswitchinterval() <= 0.001
    gc.collect()
    gone = weakref.ref(circle := _Circle())
    del circle
    assert gone() is not None
    gc.collect()
    assert gone() is None
    desktop.close()
    desktop.setParent(None)


class _Circle:
    def __init__(self) -> None:
        self.itself = self


def second_start(cache: Path) -> subprocess.Popen[str]:
    """Starts again for each target that it is told: as in life, and since Qt's waiting holds Python's lock."""
    asking = "import sys, pathlib; from erp_desktop.app import single\nfor line in sys.stdin:" \
             " print(single.handed_over(pathlib.Path(sys.argv[1]), line.strip()), flush=True)"  # fmt: skip
    command = [sys.executable, "-c", asking, str(cache)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_window_comes_before_the_database_and_login_opens_the_work(
    qtbot: QtBot, desktop: Desktop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert desktop.window.isVisible()
    assert desktop.worker is None
    running.tell_of_abrupt_end(desktop)
    lies = Place(tmp_path)
    lies.sign()
    where = {"update_source": lies.settings.update_source, "update_key": lies.public}
    settings = desktop.settings.model_copy(update=where)
    former = str(tree(lies.program.with_name("erp-mif.ancien"), "0.0.9"))
    kept = {"version": "0.0.9", "revision": "ffff0000ffff", "dossier": former}
    updates.remember(settings, avant=kept)
    newer = NewVersion(settings, desktop.window, desktop)
    desktop.built.connect(newer.attach)
    desktop.logged_in.connect(lambda _acteur: newer.look())
    page = enter(qtbot, desktop)
    qtbot.waitUntil(lambda: newer.ready is not None, timeout=30_000)
    told = [label.text() for toast in desktop.window.toaster.toasts for label in toast.findChildren(QLabel)]
    assert told == [
        "Le programme s’était arrêté sans se fermer. Rien n’était en cours de saisie.",
        f"La version {NEXT} est prête : elle s’installera à la fermeture.",
    ]
    assert page.model.rowCount() == 6
    workspace = desktop.workspace
    assert workspace is not None
    qtbot.waitUntil(lambda: workspace.top.place.text() == "Agence Casablanca")
    qtbot.waitUntil(lambda: workspace.nav.items["interventions"].count == 2)
    assert workspace.status.sync.text() == "poste autonome"
    notice = workspace.status.version
    assert (notice.isVisible(), notice.text()) == (True, f"Version {NEXT} : à la fermeture")
    for wanted, words in ((False, f"Version {NEXT} prête"), (True, f"Version {NEXT} : à la fermeture")):
        (act,) = notice.choose().actions()
        assert (act.text(), act.isChecked()) == ("Installer à la fermeture", not wanted)
        act.trigger()
        assert (notice.text(), newer.wanted) == (words, wanted)
    assert not newer.go_back()
    # The way back is one command, and says first what it does.
    assert workspace.top.former == "0.0.9"
    (back,) = [c.act for c in commands(workspace) if c.words == "Revenir à la version précédente…"]
    for agreed in (False, True):
        back()
        asked = desktop.window.cover_page
        assert isinstance(asked, BackPage)
        (asked.back if agreed else asked.stay).click()
        qtbot.waitUntil(lambda: desktop.window.cover_page is None or not desktop.window.isVisible())
        assert (newer.going_back, desktop.window.isVisible()) == (agreed, not agreed)
    # Refused, nothing has changed, and the next window says why.
    assert newer.go_back(lies.program)
    assert says(lies.program) == f"ERP MIF {erp_desktop.__version__}"
    again = NewVersion(settings, desktop.window, desktop)
    again.attach(workspace)
    told = [label.text() for toast in desktop.window.toaster.toasts for label in toast.findChildren(QLabel)]
    assert told[-1] == "Aucune sauvegarde de la base d’avant la mise à jour n’est gardée : rien n’a été changé."
    updates.remember(settings, avant=kept | {"revision": revisions.head()})
    assert newer.go_back(lies.program)
    assert (says(lies.program), installing.former(settings)) == ("ERP MIF 0.0.9", "")
    # Who starts the program while it is put in place is answered, and gets the new one once it stands.
    newer.going_back = False
    entrance = single.Entrance(desktop)
    other = second_start(settings.cache)
    own = newer.install

    def slowly(folder: Path | None = None) -> None:
        assert other.communicate("erp-mif:clients/1\n")[0] == "True\n"
        own(folder)

    monkeypatch.setattr(newer, "install", slowly)
    monkeypatch.setenv("ESSAI_LANCE", str(tmp_path / "lancee"))
    newer.finish(entrance, lies.program)
    started, told = tmp_path / "lancee", f"{NEXT} erp-mif:clients/1\n"
    qtbot.waitUntil(lambda: started.exists() and started.read_text() == told, timeout=30_000)
    monkeypatch.delenv("ESSAI_LANCE")
    assert says(lies.program) == f"ERP MIF {NEXT}"
    assert not single.handed_over(settings.cache, ""), "the next start is not held back"
    updates.remember(settings, reprise=NEXT)  # taken back: it waits for somebody to ask for it
    again.look()
    qtbot.waitUntil(lambda: again.ready is not None, timeout=30_000)
    assert not again.wanted


def test_language_and_theme_switch_while_working(qtbot: QtBot, desktop: Desktop, qapp: QApplication) -> None:
    enter(qtbot, desktop)
    assert desktop.workspace is not None
    place = desktop.workspace.top.place
    assert "CAS" not in place.text()
    qtbot.waitUntil(lambda: place.text() == "Agence Casablanca")
    desktop.set_language("ar")
    workspace = desktop.workspace
    # At once: the name is known.
    assert (workspace.top.place.text(), "CAS" in workspace.status.place.text()) == ("وكالة Casablanca", False)
    page = workspace.page
    assert isinstance(page, ListPage)
    qtbot.waitUntil(lambda: page.model.rowCount() == 6)
    assert qapp.layoutDirection() == Qt.LayoutDirection.RightToLeft
    assert page.count.text() == "6 تدخلات"
    desktop.set_theme(theme.DARK)
    assert desktop.theme.dark
    assert Settings(data_dir=desktop.settings.data_dir).file.exists()
    desktop.set_language("fr")
    desktop.set_theme(theme.LIGHT)


def test_changing_the_language_keeps_tabs_filters_and_the_open_form(
    qtbot: QtBot, desktop: Desktop, monde: Monde
) -> None:
    page = enter(qtbot, desktop)
    first = desktop.workspace
    assert first is not None
    page.filter.set_text("statut:ouverte")
    qtbot.waitUntil(lambda: page.model.rowCount() == 2 and not page.model.busy)
    assert page.view.select_id(monde.interventions[2])
    qtbot.waitUntil(lambda: page.form.row_id == monde.interventions[2])
    first.open_section("equipements")
    first.open_record("clients", monde.clients[1])
    first.open_section("interventions")
    keys = first.tabs.keys
    desktop.set_language("en")
    second = desktop.workspace
    assert second is not None
    assert second is not first
    assert second.tabs.keys == keys == ["interventions", "equipements", f"clients/{monde.clients[1]}"]
    assert second.tabs.current == "interventions"
    again = second.tabs.page("interventions")
    assert isinstance(again, ListPage)
    qtbot.waitUntil(lambda: again.model.rowCount() == 2 and not again.model.busy)
    assert again.filter.text() == "statut:ouverte"
    qtbot.waitUntil(lambda: again.form.row_id == monde.interventions[2])
    assert not again.form.isHidden()
    desktop.set_language("fr")


def test_a_stand_alone_desktop_speaks_of_no_head_office_and_waits_for_none(
    qtbot: QtBot, desktop: Desktop, settings: Settings, sqlite_path: Path
) -> None:
    qtbot.waitUntil(lambda: isinstance(desktop.window.centralWidget(), LoginPage))

    def words() -> str:
        return " ".join(label.text() for label in desktop.window.findChildren(QLabel)).lower()

    assert "siège" not in words()
    page = enter(qtbot, desktop)
    assert desktop.workspace is not None
    assert desktop.worker is not None
    change = sa.text("UPDATE interventions SET titre = titre || '.'")
    desktop.worker.submit(lambda session: session.execute(change).rowcount, write=True).result(30)
    page.reload()
    qtbot.waitUntil(lambda: not page.model.busy)
    rows = [page.model.row_at(place) for place in range(6)]
    assert not any(row is not None and row.en_attente_sync for row in rows)
    page.filter.set_text("introuvable")
    qtbot.waitUntil(lambda: page.model.rowCount() == 0 and not page.model.busy)
    assert "siège" not in words()
    assert "autre agence" not in words()
    assert "conflits" not in desktop.workspace.sections


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


def test_closing_over_unsaved_work_names_it_and_esc_goes_back(qtbot: QtBot, desktop: Desktop, monde: Monde) -> None:
    page = enter(qtbot, desktop)
    page.view.select_id(monde.interventions[2])
    qtbot.waitUntil(lambda: page.form.row_id == monde.interventions[2])
    line = page.form.fields.editors["titre"].inner
    assert isinstance(line, QLineEdit)
    line.setFocus()
    line.end(False)
    qtbot.keyClicks(line, " bis")
    window = desktop.window
    assert not window.close()
    notice = window.cover_page
    assert isinstance(notice, ClosePage)
    told = " ".join(label.text() for label in notice.findChildren(Text))
    assert "Une saisie n’est pas enregistrée" in told
    assert page.form.record.titre in told
    qtbot.keyClick(notice, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: window.cover_page is None)
    assert desktop.worker is not None
    assert line.text().endswith(" bis")
    # Closed all the same, by Enter: the draft is there the next time.
    assert not window.close()
    assert isinstance(window.cover_page, ClosePage)
    qtbot.keyClick(window.cover_page.close_button, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: desktop.worker is None)
    assert not window.isVisible()


def test_who_was_cut_off_while_typing_is_told_that_it_is_there(qtbot: QtBot, desktop: Desktop, monde: Monde) -> None:
    running.tell_of_abrupt_end(desktop)
    qtbot.waitUntil(lambda: isinstance(desktop.window.centralWidget(), LoginPage))
    assert monde.agent is not None
    left = Drafts(desktop.settings.data_dir / "brouillons", monde.agent.user_id, desktop._drafts_key())
    left.keep("interventions", -1, {"titre": "Fuite au presse-étoupe"})
    left.close()
    enter(qtbot, desktop)
    (toast,) = desktop.window.toaster.toasts
    assert [label.text() for label in toast.findChildren(QLabel)] == [
        "Le programme s’était arrêté sans se fermer. Ce qui était saisi est là, en brouillon."
    ]
    assert desktop.workspace is not None
    assert desktop.workspace.unsaved() == ["Nouvelle intervention : Fuite au presse-étoupe"]


def test_a_file_that_is_no_database_is_refused_untouched(qapp: QApplication, qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "autre.sqlite").write_bytes(b"pas une base" * 200)
    desktop = Desktop(
        qapp, Settings(mode=Mode.AUTONOME, data_dir=tmp_path, log_dir=tmp_path, cache_name="autre.sqlite")
    )
    qtbot.addWidget(desktop.window)
    desktop.start()
    qtbot.waitUntil(lambda: isinstance(desktop.window.centralWidget(), ErrorState))
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
    qtbot.waitUntil(lambda: isinstance(desktop.window.centralWidget(), ErrorState))
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
    page.model._fetch_window(0)
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


def test_the_file_for_support_is_shown_before_it_is_saved(
    qtbot: QtBot, desktop: Desktop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    qtbot.waitUntil(lambda: isinstance(desktop.window.centralWidget(), LoginPage))
    target = tmp_path / "envoi.zip"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    box = show_bundle(desktop.window, {"versions.json": b"{}", "journaux/erp-mif.log": "é".encode() * 2000})
    assert "versions.json" in box.informativeText()
    assert "é" in box.detailedText()
    assert not target.exists()
    save = next(button for button in box.buttons() if button.text() == "Enregistrer")
    qtbot.mouseClick(save, Qt.MouseButton.LeftButton)
    with zipfile.ZipFile(target) as archive:
        assert archive.namelist() == ["versions.json", "journaux/erp-mif.log"]


def test_a_list_that_cannot_be_read_offers_the_file_for_it(
    qtbot: QtBot, desktop: Desktop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = enter(qtbot, desktop)
    target = tmp_path / "envoi.zip"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    assert desktop.worker is not None
    with desktop.worker.engine.begin() as connection:
        connection.execute(sa.text("PRAGMA legacy_alter_table = ON"))
        connection.execute(sa.text("ALTER TABLE interventions RENAME TO interventions_perdue"))
    page.reload()
    qtbot.waitUntil(lambda: page.banners.count() > 0)
    assert [one.number for one in page.chips.findChildren(CountChip)] == [""], "no number of a list that is not read"
    item = page.banners.itemAt(0)
    banner = item.widget() if item is not None else None
    assert banner is not None
    tell = next(one for one in banner.findChildren(QPushButton) if one.text() == "Prévenir l’informatique")
    qtbot.mouseClick(tell, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: desktop.window.findChild(QMessageBox, "diagnostic") is not None, timeout=20_000)
    box = desktop.window.findChild(QMessageBox, "diagnostic")
    assert box is not None
    assert "ecran.txt" in box.informativeText()
    save = next(button for button in box.buttons() if button.text() == "Enregistrer")
    qtbot.mouseClick(save, Qt.MouseButton.LeftButton)
    with zipfile.ZipFile(target) as archive:
        told = archive.read("ecran.txt").decode()
        assert "versions.json" in archive.namelist()
    assert "lecture « interventions »" in told
    assert "no such table: " in told
    assert str(Path.home()) not in told
    said = " ".join(label.text() for label in desktop.window.toaster.toasts[-1].findChildren(QLabel))
    assert "envoi.zip est enregistré" in said
    with desktop.worker.engine.begin() as connection:
        connection.execute(sa.text("PRAGMA legacy_alter_table = ON"))
        connection.execute(sa.text("ALTER TABLE interventions_perdue RENAME TO interventions"))


def test_a_second_start_shows_this_window_and_hands_its_link_over(
    qtbot: QtBot, desktop: Desktop, monde: Monde
) -> None:
    cache = desktop.settings.cache
    assert not single.handed_over(cache, ""), "nobody is there yet"
    single.Entrance(desktop)
    other = second_start(cache)
    answers: list[str] = []

    def start_again(target: str) -> None:
        assert other.stdin is not None
        other.stdin.write(target + "\n")
        other.stdin.flush()

    def listen() -> None:
        assert other.stdout is not None
        answers.extend(line.strip() for line in iter(other.stdout.readline, ""))

    listening = threading.Thread(target=listen)
    listening.start()

    def shown() -> str | None:
        return desktop.workspace.tabs.current if desktop.workspace is not None else None

    intervention, client = f"interventions/{monde.interventions[2]}", f"clients/{monde.clients[0]}"
    start_again(f"erp-mif:{intervention}")
    # Nobody is logged in: the link waits.
    qtbot.waitUntil(lambda: isinstance(desktop.window.centralWidget(), LoginPage))
    page = desktop.window.centralWidget()
    assert isinstance(page, LoginPage)
    page.identifier.setText("salma.bennis")
    page.password.setText(SECRET)
    qtbot.keyClick(page.password, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: shown() == intervention)
    desktop.window.hide()
    start_again(f"erp-mif:{client}")
    qtbot.waitUntil(lambda: shown() == client)
    start_again("autre chose")
    qtbot.waitUntil(desktop.window.isVisible)
    assert other.stdin is not None
    other.stdin.close()
    qtbot.waitUntil(lambda: other.poll() is not None)
    listening.join(30)
    assert other.stdout is not None
    other.stdout.close()
    assert answers == ["True", "True", "True"]
    assert shown() == client


def test_who_has_signed_in_has_the_keyboard_in_the_list(qtbot: QtBot, desktop: Desktop) -> None:
    desktop.window.activateWindow()
    qtbot.waitUntil(desktop.window.isActiveWindow)
    page = enter(qtbot, desktop)
    assert page.view.hasFocus()
    assert desktop.workspace is not None
    desktop.set_language("ar")
    qtbot.waitUntil(lambda: isinstance(desktop.workspace and desktop.workspace.page, ListPage))
    again = desktop.workspace.page
    assert isinstance(again, ListPage)
    assert again is not page
    assert again.view.hasFocus()
