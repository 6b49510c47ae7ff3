"""The login screen over the real service and a real database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit
from pytestqt.qtbot import QtBot

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.db.worker import DbWorker
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.services import auth
from erp_desktop.sync.exchange.link import OLDER_CENTRE
from erp_desktop.sync.status import EtatSync
from erp_desktop.ui.kit import i18n
from erp_desktop.ui.sign_in.screen import Connexion
from erp_desktop.ui.tasks import Tasks
from tests.ui.company import Monde

SECRET = "correct cheval pile"


@pytest.fixture
def memory(tmp_path: Path) -> QSettings:
    return QSettings(str(tmp_path / "fenetre.ini"), QSettings.Format.IniFormat)


@pytest.fixture
def page(
    qtbot: QtBot, worker: DbWorker, sqlite_engine: sa.Engine, monde: Monde, memory: QSettings
) -> Iterator[Connexion]:
    """Salma's device: the centre let her in once, her verifier is here."""
    assert monde.agent is not None
    with transaction(sqlite_engine) as session:
        auth.deposer_verificateur(session, monde.agent.user_id, SECRET)
    tasks = Tasks(worker)
    made = Connexion(tasks, auth.login, agence="Casablanca", poste=4, memory=memory)
    qtbot.addWidget(made)
    made.resize(1200, 860)
    made.show()
    yield made
    qtbot.waitUntil(lambda: tasks.pending == 0)


def _enter(qtbot: QtBot, page: Connexion, name: str, secret: str) -> None:
    page.identifier.setText(name)
    page.password.setText(secret)
    qtbot.mouseClick(page.submit, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(page.submit.isEnabled)


def _state(**values: object) -> EtatSync:
    known = {"mode": "agence", "en_ligne": True, "hors_ligne_depuis": None, "en_attente": 0, "conflits": 0,
             "refuses": 0, "rejetes": 0, "dernier_cycle": None, "prochain_essai_s": None, "agence_code": "CAS",
             "poste": 4}  # fmt: skip
    return EtatSync(**{**known, **values})  # type: ignore[arg-type]


def test_the_right_password_opens_and_the_identifier_is_kept(
    qtbot: QtBot, page: Connexion, monde: Monde, memory: QSettings
) -> None:
    page.keep.setChecked(True)
    page.identifier.setText("salma.bennis")
    page.password.setText(SECRET)
    with qtbot.waitSignal(page.connected) as entered:
        qtbot.keyClick(page.password, Qt.Key.Key_Return)
    acteur = entered.args[0]
    assert isinstance(acteur, Acteur)
    assert monde.agent is not None
    assert (acteur.user_id, acteur.nom) == (monde.agent.user_id, "Salma Bennis")
    assert memory.value("connexion/identifiant") == "salma.bennis"
    assert page.password.text() == ""


def test_the_name_is_followed_by_the_password(qtbot: QtBot, page: Connexion) -> None:
    page.activateWindow()
    page.identifier.setFocus()
    qtbot.waitUntil(page.identifier.hasFocus)
    qtbot.keyClick(page.identifier, Qt.Key.Key_Tab)
    assert page.password.hasFocus()


def test_a_forgotten_password_says_who_can_help(qtbot: QtBot, page: Connexion) -> None:
    qtbot.mouseClick(page.forgotten, Qt.MouseButton.LeftButton)
    said = " ".join(text.text() for text in page.findChildren(QLabel))
    assert "erp-admin user reset-password" in said
    assert "Administration" not in said


def test_a_wrong_password_is_told_under_the_field(qtbot: QtBot, page: Connexion) -> None:
    _enter(qtbot, page, "salma.bennis", "autre chose")
    assert page.password_field.error.label.text() == "Identifiant ou mot de passe incorrect."
    assert page.password.property("invalid")
    page.password.setFocus()
    qtbot.keyClick(page.password, Qt.Key.Key_A)
    assert page.password_field.error.isHidden()


def test_enter_pressed_again_is_no_second_attempt(qtbot: QtBot, page: Connexion, sqlite_engine: sa.Engine) -> None:
    page.identifier.setText("salma.bennis")
    page.password.setText("autre chose")
    for _ in range(3):
        qtbot.keyClick(page.password, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page._tasks.pending == 0)
    with sqlite_engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT max(echecs) FROM _verificateurs").scalar() == 1


def test_enter_on_the_box_below_the_password_opens_too(qtbot: QtBot, page: Connexion) -> None:
    page.activateWindow()
    page.identifier.setText("salma.bennis")
    page.password.setText(SECRET)
    page.keep.setFocus()
    qtbot.waitUntil(page.keep.hasFocus)
    with qtbot.waitSignal(page.connected):
        qtbot.keyClick(page.keep, Qt.Key.Key_Return)
    assert not page.keep.isChecked()


def test_nothing_typed_asks_nothing(qtbot: QtBot, page: Connexion) -> None:
    qtbot.mouseClick(page.submit, Qt.MouseButton.LeftButton)
    assert page.id_field.error.label.text() == "Indiquez votre identifiant."
    assert page.password_field.error.label.text() == "Indiquez votre mot de passe."
    assert page.submit.isEnabled()


def test_five_failures_lock_and_the_right_password_waits(qtbot: QtBot, page: Connexion) -> None:
    for _ in range(5):
        _enter(qtbot, page, "salma.bennis", "autre chose")
    assert page.password_field.error.label.text().startswith("Compte verrouillé après 5 essais")
    _enter(qtbot, page, "salma.bennis", SECRET)
    assert page.password_field.error.label.text().startswith("Compte verrouillé")


def test_an_account_never_opened_here_needs_the_line(qtbot: QtBot, page: Connexion) -> None:
    _enter(qtbot, page, "nadia.chraibi", "n'importe quoi")
    assert "demande la ligne avec le centre" in page.password_field.error.label.text()


def test_capitals_are_told_and_the_eye_shows(qtbot: QtBot, page: Connexion) -> None:
    page.password.setFocus()
    qtbot.keyClicks(page.password, "ab")
    assert page.capitals.isHidden()
    qtbot.keyClick(page.password, "C")
    assert not page.capitals.isHidden()
    qtbot.keyClick(page.password, "D", Qt.KeyboardModifier.ShiftModifier)
    assert page.capitals.isHidden()
    assert page.password.echoMode() == QLineEdit.EchoMode.Password
    page.password.eye.trigger()
    assert page.password.echoMode() == QLineEdit.EchoMode.Normal


def test_the_line_that_is_down_is_said_and_taken_back(qtbot: QtBot, page: Connexion) -> None:
    since = clock.now() - timedelta(minutes=3)
    start = "Serveur central injoignable depuis"

    def said() -> list[str]:
        return [label.text() for label in page.findChildren(QLabel) if label.isVisible()]

    page.set_state(_state(en_ligne=False, hors_ligne_depuis=since))
    hour = clock.local(since).strftime("%H:%M")
    qtbot.waitUntil(lambda: any(text.startswith(start) and hour in text for text in said()))
    page.set_state(_state())
    qtbot.waitUntil(lambda: not any(text.startswith(start) for text in said()))


@pytest.mark.parametrize(
    ("language", "start", "why"),
    [("fr", "Rien ne s’échange depuis", "Le centre est d’une version plus ancienne que ce poste"),
     ("ar", "لا تبادل منذ", "إصدار المركز أقدم من إصدار هذا الجهاز"),
     ("en", "Nothing is exchanged since", "The centre is of an older version than this desktop")],
)  # fmt: skip
def test_a_centre_that_answers_is_not_called_away(
    qapp: QApplication, qtbot: QtBot, page: Connexion, language: str, start: str, why: str
) -> None:
    i18n.set_language(qapp, language)
    page.rebuild()
    since = clock.now() - timedelta(minutes=3)
    page.set_state(_state(en_ligne=False, hors_ligne_depuis=since, erreur=OLDER_CENTRE, muet=False))

    def said() -> str:
        return "\n".join(label.text() for label in page.findChildren(QLabel) if label.isVisible())

    qtbot.waitUntil(lambda: start in said())
    assert why in said()
    assert not any(word in said() for word in ("injoignable", "unreachable", "لا يجيب"))
