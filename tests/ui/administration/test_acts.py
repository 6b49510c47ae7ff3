"""What an administrator does with a row beside its form: where the keyboard goes on, and what can be taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import sqlalchemy as sa
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from erp_desktop import clock
from erp_desktop.db.engine import create_pg_engine
from erp_desktop.db.session import transaction
from erp_desktop.db.worker import DbWorker
from erp_desktop.domain.enums import MotifHoraire, Role
from erp_desktop.models import Competence, CompetenceRequise, IdentiteSociete, JourFerie, User
from erp_desktop.registry import revisions
from erp_desktop.services import auth, calendrier
from erp_desktop.services.administration import calendar
from erp_desktop.ui.administration.account_bar import AccountBar
from erp_desktop.ui.administration.holiday_bar import HolidayBar
from erp_desktop.ui.administration.hours_tab import HoursTab
from erp_desktop.ui.administration.logo_bar import LogoBar
from erp_desktop.ui.administration.remove_bar import RemoveBar
from erp_desktop.ui.administration.upkeep import SchemaPage
from erp_desktop.upgrade.central import checklist
from tests.ui.administration.office import WAIT, chosen, opened, room
from tests.ui.company import Monde, creer
from tests.ui.window import Bureau


def _inside(widget: QWidget, holder: QWidget) -> bool:
    """Whether all of a widget is in sight of its holder, with room for its words."""
    place = widget.mapTo(holder, widget.rect().topLeft())
    within = place.x() >= 0 and place.x() + widget.width() <= holder.width()
    return within and widget.width() >= widget.sizeHint().width()


def test_the_keyboard_stays_with_an_account_whose_acts_change_below_it(
    bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine, qtbot: QtBot
) -> None:
    assert monde.agent is not None
    with transaction(sqlite_engine) as session:
        salma = session.get_one(User, monde.agent.user_id)
        salma.hashed_password = auth.hacher("celui-de-salma")
        salma.failed_login_attempts, salma.locked_until = 9, clock.now().replace(year=clock.now().year + 1)
    users = room(bureau, opened(bureau), "utilisateurs")
    chosen(bureau, qtbot, users, "salma")
    bar = users.form.bar
    assert isinstance(bar, AccountBar)
    assert list(bar.buttons) == ["inviter", "deverrouiller", "desactiver"]
    assert all(_inside(button, bar) for button in bar.buttons.values()), "the words of three buttons are not cut"
    bar.buttons["deverrouiller"].setFocus()
    qtbot.keyClick(bar.buttons["deverrouiller"], Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: "deverrouiller" not in bar.buttons, timeout=WAIT)
    bureau.settle()
    assert QApplication.focusWidget() is bar.buttons["inviter"]
    qtbot.keyClick(bar.buttons["inviter"], Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: not bar.secret.isHidden(), timeout=WAIT)
    bureau.settle()
    assert QApplication.focusWidget() is bar.shown
    assert bar.shown.selectedText() == bar.shown.text() != ""


def test_a_week_is_kept_by_enter_and_can_be_taken_back(bureau: Bureau, qtbot: QtBot) -> None:
    agencies = room(bureau, opened(bureau), "agences")
    chosen(bureau, qtbot, agencies, "cas")
    hours = agencies.form.parts[0]
    assert isinstance(hours, HoursTab)
    qtbot.waitUntil(lambda: bool(hours._shown), timeout=WAIT)
    before = [week.texte for week in hours._shown]

    def keep(text: str) -> None:
        hours.week.line.setText(text)
        qtbot.keyClick(hours.week.line, Qt.Key.Key_Return)

    keep("1-4=07:00-15:00")
    qtbot.waitUntil(lambda: "1=07:00-15:00" in hours._shown[0].texte, timeout=WAIT)
    bureau.settle()
    bureau.window.toaster.toasts[-1].undo()
    qtbot.waitUntil(lambda: [week.texte for week in hours._shown] == before, timeout=WAIT)
    # A season that was not there goes again.
    hours.motive.show_value(MotifHoraire.RAMADAN.value)
    keep("1-5=09:00-15:00")
    qtbot.waitUntil(lambda: "un premier et un dernier jour" in hours.begin_field.error.label.text(), timeout=WAIT)
    hours.begin.show_value(date(2027, 2, 8))
    hours.end.show_value(date(2027, 3, 9))
    qtbot.keyClick(hours.end.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: hours._shown[0].motif == "ramadan", timeout=WAIT)
    bureau.settle()
    bureau.window.toaster.toasts[-1].undo()
    qtbot.waitUntil(lambda: [week.texte for week in hours._shown] == before, timeout=WAIT)


def test_what_is_half_typed_stays_while_another_week_goes(bureau: Bureau, qtbot: QtBot) -> None:
    agencies = room(bureau, opened(bureau), "agences")
    chosen(bureau, qtbot, agencies, "cas")
    hours = agencies.form.parts[0]
    assert isinstance(hours, HoursTab)
    hours.week.line.setText("1-4=07:00-15:00")
    hours.motive.show_value(MotifHoraire.RAMADAN.value)
    hours.begin.show_value(date(2027, 2, 8))
    hours.end.show_value(date(2027, 3, 9))
    hours.add()
    qtbot.waitUntil(lambda: any(week.motif == "ramadan" for week in hours._shown), timeout=WAIT)
    bureau.settle()
    # A day that cannot be read is said under it, each of two, and nothing is written.
    hours.week.line.setText("1-5=09:00-15:00")
    for line, typed in ((hours.begin.line, "31/02/2027"), (hours.end.line, "01/01/0001")):
        line.setText(typed)
    hours.changed.emit()
    hours.add()
    bureau.settle()
    assert hours.begin_field.error.label.text().startswith("Date attendue")
    assert hours.end_field.error.label.text() == "Une date est hors du calendrier admis, de 1900 à 2199."
    typed = {"semaine": "1-5=09:00-15:00", "du": "31/02/2027", "au": "01/01/0001"}
    assert hours.draft() == typed
    own = next(week for week in hours._shown if week.motif == "ramadan")
    hours._remove(own)
    qtbot.waitUntil(lambda: own not in hours._shown, timeout=WAIT)
    bureau.settle()
    assert hours.draft() == typed
    # Hours taken up to be changed give up what stood there, and the toast brings it back.
    hours._take(own)
    assert (hours.week.line.text(), hours.begin.value()) == (own.texte, own.du)
    bureau.window.toaster.toasts[-1].undo()
    assert hours.draft() == typed
    # A number as long as a page is no weekday.
    for field in (hours.begin, hours.end):
        field.line.clear()
    hours.week.line.setText("1" * 5_000 + "=08:00-12:00")
    hours.add()
    bureau.settle()
    told = hours.week_field.error.label.text().replace("\u00a0", " ")
    assert told.startswith("« 11111")
    assert told.endswith("ne se lit pas : 1-5=08:30-18:30 6=08:30-12:30 (1 est lundi).")
    assert len(told) < 160
    holidays = room(bureau, opened(bureau), "feries")
    holidays.filter.set_text("annee:" + "2" * 5_000)
    bureau.settle()
    assert holidays.model.rowCount() == 0


def test_a_half_day_is_shown_and_its_deletion_taken_back(
    bureau: Bureau, sqlite_engine: sa.Engine, qtbot: QtBot
) -> None:
    with transaction(sqlite_engine) as session:
        calendrier.ajouter_ferie(session, date(2027, 12, 31), "Veille du jour de l'an", ouvert="08:30-12:30")
    holidays = room(bureau, opened(bureau), "feries")
    chosen(bureau, qtbot, holidays, "veille")
    place = next(n for n, column in enumerate(holidays.model.columns) if column.key == "duree")
    assert holidays.model.index(0, place).data() == "Demi-journée"
    assert holidays.form.fields.editors["ouvert"].value() == "08:30-12:30"
    bar = holidays.form.bar
    assert isinstance(bar, HolidayBar)
    bar.remove_button.click()
    qtbot.waitUntil(lambda: holidays.model.rowCount() == 0, timeout=WAIT)
    bureau.settle()
    bureau.window.toaster.toasts[-1].undo()
    qtbot.waitUntil(lambda: holidays.model.rowCount() == 1, timeout=WAIT)
    bureau.settle()
    with transaction(sqlite_engine, write=False) as session:
        (again,) = session.scalars(sa.select(JourFerie).where(JourFerie.jour == date(2027, 12, 31))).all()
        assert calendar.reste_ouvert(session, again) == "08:30-12:30"


def test_a_date_of_the_moon_is_confirmed_by_enter_and_nothing_dangerous_is_below_the_next_key(
    bureau: Bureau, qtbot: QtBot
) -> None:
    holidays = room(bureau, opened(bureau), "feries")
    holidays.filter.set_text("etat:provisoire")
    bureau.settle()
    before = holidays.model.rowCount()
    holidays.view.select_place(0)
    qtbot.waitUntil(lambda: holidays.form.record is not None, timeout=WAIT)
    bureau.settle()
    bar = holidays.form.bar
    assert isinstance(bar, HolidayBar)
    bar.day.line.setFocus()
    qtbot.keyClick(bar.day.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: holidays.model.rowCount() == before - 1, timeout=WAIT)
    bureau.settle()
    assert QApplication.focusWidget() is not bar.remove_button


def test_a_skill_that_is_needed_is_not_deleted_and_the_reason_is_in_words(
    bureau: Bureau, sqlite_engine: sa.Engine, qtbot: QtBot
) -> None:
    with transaction(sqlite_engine) as session:
        skill = Competence(nom="Soudure TIG")
        session.add(skill)
        session.flush()
        session.add(CompetenceRequise(type_equipement="Four", competence_id=skill.id, niveau="debutant"))
        held = skill.id
    skills = room(bureau, opened(bureau), "competences")
    skills.form.open_record(held)
    qtbot.waitUntil(lambda: skills.form.record is not None, timeout=WAIT)
    bureau.settle()
    bar = skills.form.bar
    assert isinstance(bar, RemoveBar)
    bar.button.click()
    qtbot.waitUntil(lambda: bool(bar.trouble.label.text()), timeout=WAIT)
    assert bar.trouble.label.text() == "Une fiche s’en sert encore : rien n’est supprimé."


def test_a_long_logo_leaves_the_buttons_whole_and_is_read_off_the_window(
    bureau: Bureau, sqlite_engine: sa.Engine, qtbot: QtBot, tmp_path: Path
) -> None:
    with transaction(sqlite_engine) as session:
        session.execute(sa.delete(IdentiteSociete))
        session.add(IdentiteSociete(raison_sociale="MIF Maroc"))
    heads = room(bureau, opened(bureau), "entetes")
    chosen(bureau, qtbot, heads, "mif")
    bar = heads.form.bar
    assert isinstance(bar, LogoBar)
    for size in (QSize(2400, 200), QSize(200, 4000)):
        file = tmp_path / f"{size.width()}.jpg"
        picture = QImage(size, QImage.Format.Format_RGB32)
        picture.fill(QColor("navy"))
        assert picture.save(str(file))
        before = heads.form.record.logo
        bar.set_logo(file)
        assert heads.form.record.logo == before, "nothing was read on this thread"
        qtbot.waitUntil(lambda: heads.form.record.logo not in (None, before), timeout=WAIT)  # noqa: B023
        bureau.settle()
        kept = QImage()
        assert kept.loadFromData(heads.form.record.logo)
        assert kept.width() <= 800
        assert kept.height() <= 400
        shown = bar.picture.pixmap()
        assert (shown.width() <= 300, shown.height() <= 48) == (True, True)
        assert _inside(bar.picture, bar)
        assert _inside(bar.choose, bar)
        assert _inside(bar.take_off, bar)
    bar.set_logo(tmp_path / "absent.png")
    qtbot.waitUntil(lambda: "pas une image" in bar.trouble.label.text(), timeout=WAIT)


def test_an_upgrade_of_the_centre_is_asked_once_done_once_and_tells_its_steps(
    qtbot: QtBot, pg_url: str, tmp_path: Path
) -> None:
    engine = create_pg_engine(pg_url)
    people = creer(engine)
    assert people.responsable is not None
    former = revisions.before(revisions.head())[-1]
    checklist.downgrade_central(engine, former)
    worker = DbWorker(engine)
    made = Bureau(qtbot, worker, replace(people.responsable, role=Role.ADMIN), tmp_path)
    page = SchemaPage(made.workspace.contexte)
    qtbot.addWidget(page)
    page.show()
    qtbot.waitUntil(lambda: not page.upgrade_button.isHidden(), timeout=WAIT)
    told: list[str] = []
    page.stepped.connect(told.append)
    page.upgrade_button.click()
    page.upgrade_button.click()
    questions = [b for b in page.findChildren(QPushButton) if b.text() == "Mettre à niveau maintenant"]
    assert len(questions) == 1
    questions[0].click()
    assert page.step.isVisible()
    assert not questions[0].isVisible(), "what was asked is under way"
    questions[0].click()
    qtbot.waitUntil(page.upgrade_button.isHidden, timeout=WAIT)
    assert page.step.isHidden()
    assert told[0] == "Sauvegarde du centre"
    assert told.count("Sauvegarde du centre") == 1
    assert told[-1] == "Vérification de la structure et des valeurs"
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == revisions.head()
    made.finish()
    worker.close()
    engine.dispose()


def test_what_another_row_has_already_is_said_under_the_field_that_repeats_it(
    bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine, qtbot: QtBot
) -> None:
    assert monde.agent is not None
    with transaction(sqlite_engine, write=False) as session:
        salma = session.get_one(User, monde.agent.user_id)
        taken, name = salma.username, salma.full_name
    users = room(bureau, opened(bureau), "utilisateurs")
    assert users.new_record()
    editors = users.form.fields.editors
    for field, words in (("full_name", "Hajar Tazi"), ("username", taken), ("email", "h.tazi@exemple.ma")):
        editors[field].line.setText(words)  # type: ignore[attr-defined]
        editors[field].changed.emit()
    users.save()
    qtbot.waitUntil(lambda: bool(users.form.fields.rows["username"].error.label.text()), timeout=WAIT)
    assert name in users.form.fields.rows["username"].error.label.text()
    bureau.settle()
    assert QApplication.focusWidget() is editors["username"].inner
