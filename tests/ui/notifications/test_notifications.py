"""The bell, its drawer and the announcements, through real widgets and by keyboard."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.domain.contrats.saisie import ContratInput
from erp_desktop.domain.enums import CanalNotification, EvenementNotification, StatutContrat
from erp_desktop.models import ContratPeriode, Intervention
from erp_desktop.services import contrats, notifications
from erp_desktop.services.notifications.events import PLUSIEURS, PRISE_EN_CHARGE
from erp_desktop.services.notifications.reading import REPORT_FAILED, NotificationInfo
from erp_desktop.ui.contrats.periods import PeriodsTab
from erp_desktop.ui.kit import i18n
from erp_desktop.ui.notifications import words
from erp_desktop.ui.notifications.panel import NotificationsPanel
from erp_desktop.ui.notifications.watcher import Watcher
from erp_desktop.ui.notifications.wiring import attach_notifications
from tests.ui.company import Monde
from tests.ui.window import Bureau

NOW = clock.now()


def late(engine: sa.Engine, monde: Monde, *places: int) -> None:
    """Let the deadlines of open work pass; all others are far."""
    with transaction(engine) as session:
        for place, ident in enumerate(monde.interventions):
            row = session.get_one(Intervention, ident)
            row.date_limite = NOW + (timedelta(minutes=-5) if place in places else timedelta(days=60))


def watched(bureau: Bureau, said: list[tuple[str, str]]) -> tuple[NotificationsPanel, Watcher]:
    def show(title: str, text: str) -> bool:
        said.append((title, text))
        return True

    return attach_notifications(bureau.workspace, show)


def test_the_bell_counts_announces_once_and_opens_what_it_tells(
    bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine, qtbot: QtBot
) -> None:
    said: list[tuple[str, str]] = []
    late(sqlite_engine, monde, 2)
    panel, watcher = watched(bureau, said)
    bell = bureau.workspace.top.bell
    watcher.look()
    qtbot.waitUntil(lambda: bell.count == 1 and len(said) == 1)
    assert said[0][0] == "Échéance dépassée"
    assert "Fuite d'huile vérin principal" in said[0][1]
    assert bell.accessibleName() == "Notifications (F8), 1 non lue"
    watcher.look()
    bureau.settle()
    assert (bell.count, len(said)) == (1, 1)
    # Three more at once are counted, not read out one by one.
    late(sqlite_engine, monde, 0, 1, 2, 3)
    watcher.look()
    qtbot.waitUntil(lambda: bell.count == 4 and len(said) == 2)
    assert said[1] == ("3 notifications", "3 retards")

    # A page that was opened since stands before what the drawer will hold.
    bureau.liste("clients")
    qtbot.keyClick(bureau.window, Qt.Key.Key_F8)
    qtbot.waitUntil(lambda: len(panel.lines) == 4)
    bureau.settle()
    assert panel.figure.text() == "4 non lues"
    # Tab comes to the lines after the head of the drawer, and stays in it meanwhile.
    line = panel.lines[0]
    for _ in range(8):
        held = bureau.window.focusWidget()
        if held is line:
            break
        assert held is not None
        assert held is panel or panel.isAncestorOf(held)
        qtbot.keyClick(held, Qt.Key.Key_Tab)
    assert bureau.window.focusWidget() is line
    panel.setFocus()
    qtbot.keyClick(panel, Qt.Key.Key_Down)
    assert bureau.window.focusWidget() is line
    assert line.accessibleName().startswith("non lue, Échéance dépassée, INT-CAS-04")
    qtbot.keyClick(line, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: bell.count == 3)
    bureau.settle()
    unread = panel.lines[0].one
    qtbot.keyClick(panel.lines[0], Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bell.count == 2)
    bureau.settle()
    assert panel.isHidden()
    assert bureau.workspace.tabs.current == f"interventions/{unread.objet_id}"
    # All at once, taken back; Esc closes the drawer and nothing below it.
    qtbot.keyClick(bureau.window, Qt.Key.Key_F8)
    qtbot.waitUntil(panel.read_all.isEnabled)
    panel.read_all.click()
    qtbot.waitUntil(lambda: bell.count == 0)
    bureau.settle()
    bureau.window.toaster.toasts[-1].undo()
    qtbot.waitUntil(lambda: bell.count == 2)
    bureau.settle()
    assert not panel.isHidden()
    bureau.workspace._escape()
    assert panel.isHidden()


def test_choices_are_kept_and_what_is_quiet_only_counts(
    bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine, qtbot: QtBot, qapp: QApplication
) -> None:
    said: list[tuple[str, str]] = []
    late(sqlite_engine, monde)
    panel, watcher = watched(bureau, said)
    watcher.look()
    bureau.settle()
    qtbot.keyClick(bureau.window, Qt.Key.Key_F8)
    panel.settings.click()
    kind = EvenementNotification.SLA_DEPASSE
    editor = panel.choices.editors[kind]
    qtbot.waitUntil(editor.isEnabled)
    assert editor.value() == "bureau"
    editor.show_value("fenetre")
    editor.changed.emit()
    bureau.settle()
    with transaction(sqlite_engine, write=False) as session:
        assert notifications.choix(session, bureau.acteur)[kind] is CanalNotification.FENETRE
    late(sqlite_engine, monde, 2)
    watcher.look()
    qtbot.waitUntil(lambda: bureau.workspace.top.bell.count == 1)
    assert said == []
    bureau.window.toaster.toasts[-1].undo()
    qtbot.waitUntil(lambda: editor.value() == "bureau")
    # What opens nothing here opens the inbox; every event has its words and its icon in each language.
    assert set(words.ICONS) == {*EvenementNotification, REPORT_FAILED}
    for language in ("ar", "en"):
        i18n.set_language(qapp, language)
        assert words.announcement([panel.lines[0].one])[0] not in ("", "Échéance dépassée")


def test_what_two_notices_are_about_is_named_once(qapp: QApplication) -> None:
    def notice(event: EvenementNotification, content: str, ident: int) -> NotificationInfo:
        return NotificationInfo(ident, event, content, "interventions", ident, None, "", False, NOW)

    given = notice(EvenementNotification.AFFECTATION, "04-00487 Sertisseuse", 7)
    late = notice(EvenementNotification.SLA_DEPASSE, f"{PRISE_EN_CHARGE}04-00487 Sertisseuse", 7)
    title, text = words.announcement([given, late])
    assert text == "04-00487 Sertisseuse"
    assert title == "Intervention affectée · Échéance dépassée (prise en charge)"
    over = notice(EvenementNotification.SLA_DEPASSE, text, 7)
    assert words.announcement([late, over]) == ("Échéance dépassée (prise en charge et résolution)", text)
    other = notice(EvenementNotification.AFFECTATION, "04-00488 Presse", 8)
    assert words.announcement([given, other])[1].splitlines() == ["04-00487 Sertisseuse", "04-00488 Presse"]
    # What one record lost is one notice with how many fields; all that was lost is what a count of notices says.
    lost = notice(EvenementNotification.CONFLIT, f"2{PLUSIEURS}04-00487 Sertisseuse", 7)
    assert words.announcement([lost]) == (words.event(lost), f"{i18n.isolate('04-00487 Sertisseuse')} · 2 conflits")
    assert words.object_name(notice(EvenementNotification.CONFLIT, f"3{PLUSIEURS}", 7)) == "3 conflits"
    assert words.announcement([lost, given, other])[1] == "2 affectations, 2 conflits"
    refused = notice(EvenementNotification.REFUS, "Donnez le motif.", 9)
    i18n.set_language(qapp, "en")
    assert words.announcement([refused, refused]) == ("Change refused by the centre", i18n.said("Donnez le motif."))
    assert i18n.said("Donnez le motif.") != "Donnez le motif."
    # A sentence is read as the window is; only names and numbers keep a direction of their own.
    i18n.set_language(qapp, "ar")
    assert words.object_name(refused) == i18n.said("Donnez le motif.")
    assert words.object_name(given) == "\u206604-00487 Sertisseuse\u2069"


def test_the_period_after_one_that_is_over_is_laid_out_on_the_same_occasion(
    bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine
) -> None:
    begin = clock.today() - timedelta(days=400)
    assert monde.responsable is not None
    with transaction(sqlite_engine) as session:
        typed = ContratInput(client_id=monde.clients[0], date_debut=begin, nb_interventions_incluses=12)
        contract = contrats.create(session, monde.responsable, typed)
        contrats.changer_statut(session, monde.responsable, contract, StatutContrat.EN_COURS)
        latest = session.scalars(sa.select(ContratPeriode).order_by(ContratPeriode.numero.desc())).first()
        assert latest is not None
        assert latest.numero == 2
        session.delete(latest)
    _panel, watcher = watched(bureau, [])
    page = bureau.workspace.open_record("contrats", contract)
    bureau.settle()
    (tab,) = page.findChildren(PeriodsTab)
    assert tab.lines.count() == 1
    watcher.look(whole=True)
    bureau.settle()
    with transaction(sqlite_engine, write=False) as session:
        assert list(session.scalars(sa.select(ContratPeriode.numero).order_by(ContratPeriode.numero))) == [1, 2]
    assert tab.lines.count() == 2, "the form in sight shows it"
