"""What is in the way where it was let go, and what work under way presses: offered later hours, taken in one go."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.models import Intervention
from erp_desktop.services.planning import actions
from erp_desktop.services.planning.actions import Wish
from erp_desktop.ui.kit import i18n, paint, theme
from erp_desktop.ui.planning import air
from erp_desktop.ui.planning.geometry import DAY
from tests.ui.company import Monde
from tests.ui.planning.week import CTRL, LEFT, MONDAY, NONE, Semaine, at
from tests.ui.window import Bureau


@pytest.fixture
def semaine(bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine) -> Semaine:
    return Semaine(bureau, monde, sqlite_engine)


def plain(said: str) -> str:
    """Without the marks that keep figures together."""
    return re.sub("[\u2066-\u2069]", "", said)


def limit(s: Semaine, fiche: int, when: object) -> None:
    with transaction(s.engine) as session:
        session.execute(sa.update(Intervention).where(Intervention.id == fiche).values(date_limite=when))


def test_what_overlaps_is_put_off_by_one_click_to_the_next_free_hours(semaine: Semaine) -> None:
    s, k, reason = semaine, Qt.Key, semaine.page.reason
    one, _two, three = s.fiches
    # Two hours over Karim's 9 to 11: his morning has an hour left, his afternoon is free.
    s.choose(one)
    s.press(k.Key_Return, k.Key_Down, k.Key_Return)
    assert "Karim Alaoui est déjà pris" in reason.said.text()
    assert reason.said.height() <= 2 * reason.said.fontMetrics().lineSpacing(), "no room is left empty"
    assert plain(reason.later.text()) == "Repousser de 6 h : 14:00 – 16:00"
    assert reason.still.isHidden()
    assert reason.edit.hasFocus(), "the reason is what keys go on with"
    QTest.mouseClick(reason.later, LEFT)
    assert s.view.hasFocus()
    s.bureau.settle()
    assert s.slots(one) == [(s.karim, at(14), at(16))]
    assert s.view.current == s.key(one)
    QTest.keyClick(s.bureau.window, k.Key_Z, CTRL)
    s.bureau.settle()
    assert s.slots(one) == [(s.hind, at(8), at(10))]
    # Past its deadline there: said, and the reason is asked as anywhere.
    limit(s, one, at(12))
    s.page.reload()
    s.bureau.settle()
    s.choose(one)
    s.press(k.Key_Return, k.Key_Down, k.Key_Return)
    assert reason.still.text().startswith("Se termine après l’échéance du "), reason.still.text()
    assert reason.later.accessibleName().endswith(reason.still.text())
    reason.later.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(reason.later, k.Key_Return)
    assert reason.said.text().startswith("Se termine après l’échéance du ")
    s.bureau.settle()
    assert reason.later.isHidden(), "no other hour helps"
    QTest.keyClicks(reason.edit, "Accord du client")
    QTest.keyClick(reason.edit, k.Key_Return)
    s.bureau.settle()
    assert s.slots(one) == [(s.karim, at(14), at(16))]
    # A reason takes the place that was asked for, whatever was offered.
    s.choose(three)
    s.press(k.Key_Return, k.Key_Up, k.Key_End, *[k.Key_Left] * 4, k.Key_Return)
    assert plain(reason.later.text()) == "Repousser de 1 h : 16:00 – 18:00"
    QTest.keyClicks(reason.edit, "Deux personnes")
    QTest.keyClick(reason.edit, k.Key_Return)
    s.bureau.settle()
    assert s.slots(three) == [(s.hind, at(15), at(17))]


def test_what_an_absence_refuses_is_offered_after_it(semaine: Semaine) -> None:
    s, k, reason = semaine, Qt.Key, semaine.page.reason
    one = s.fiches[0]
    s.choose(one)
    s.press(k.Key_Return, k.Key_Down, *[(k.Key_Right, CTRL)] * 4)
    assert "en congé" in s.view.accessibleDescription()
    s.press(k.Key_Return)
    assert s.slots(one) == [(s.hind, at(8), at(10))]
    assert reason.isVisible()
    assert reason.title.text() == "Refusé à cette heure"
    assert "en congé" in reason.said.text()
    assert reason.field.isHidden(), "no reason passes over it"
    saturday = MONDAY + timedelta(days=5)
    assert plain(reason.later.text()) == f"Repousser : Sam {saturday:%d/%m} · 08:00 – 10:00"
    assert reason.later.hasFocus()
    QTest.keyClick(reason.later, k.Key_Return)
    s.bureau.settle()
    assert s.slots(one) == [(s.karim, at(8, day=5), at(10, day=5))]
    # Left alone, it goes with Esc or with the next card that is lifted.
    s.choose(one)
    s.press(k.Key_Return, (k.Key_Left, CTRL), k.Key_Return)
    assert reason.isVisible()
    s.choose(one)
    s.press(k.Key_Return)
    assert not reason.isVisible()
    s.press(k.Key_Escape)
    assert s.slots(one) == [(s.karim, at(8, day=5), at(10, day=5))]


def test_a_card_on_the_board_is_put_off_by_its_key(semaine: Semaine) -> None:
    s, k, reason = semaine, Qt.Key, semaine.page.reason
    three = s.fiches[2]
    s.choose(three)
    s.press(k.Key_P)
    assert reason.title.text() == "Repousser ?"
    assert "Visite 2" in reason.said.text()
    assert plain(reason.later.text()) == "Repousser de 1 h : 10:00 – 12:00"
    QTest.keyClick(reason.later, k.Key_Return)
    s.bureau.settle()
    assert s.slots(three) == [(s.karim, at(10), at(12))]
    # A locked one says why it stays.
    s.choose(three)
    s.press(k.Key_V)
    s.choose(three)
    s.press(k.Key_P)
    assert not reason.isVisible()
    assert "verrouillé" in s.view.accessibleDescription()


def test_work_of_more_than_half_a_day_goes_on_behind_the_break(semaine: Semaine) -> None:
    s = semaine
    assert s.monde.agent is not None
    with transaction(s.engine, s.monde.agent.user_id) as session:
        long = s.visit(session, "Révision", duree_estimee=360)
        actions.plan(session, s.monde.agent, [Wish(long, s.karim, at(9, day=1), at(17, day=1))])
    s.page.reload()
    s.bureau.settle()
    s.choose(long)
    s.press(Qt.Key.Key_P)
    # Six hours of work from ten: two before the break, four behind it.
    assert plain(s.page.reason.later.text()) == "Repousser de 1 h : 10:00 – 18:00"
    QTest.mouseClick(s.page.reason.later, LEFT)
    s.bureau.settle()
    assert s.slots(long) == [(s.karim, at(10, day=1), at(18, day=1))]


@pytest.mark.parametrize("langue", ["fr", "ar"])
def test_work_past_its_end_offers_to_put_off_what_comes_next(
    semaine: Semaine, monkeypatch: pytest.MonkeyPatch, qapp: QApplication, langue: str
) -> None:
    s = semaine
    assert s.monde.agent is not None
    with transaction(s.engine, s.monde.agent.user_id) as session:
        next_ = s.visit(session, "Flexibles presse")
        actions.plan(session, s.monde.agent, [Wish(next_, s.karim, at(15), at(17))])
        session.execute(sa.update(Intervention).where(Intervention.id == s.fiches[2]).values(statut="en_cours"))
    monkeypatch.setattr(clock, "now", lambda: at(14, 40))
    i18n.set_language(qapp, langue)
    theme.install(qapp, theme.LIGHT)
    s.page.set_mode(DAY)
    s.page.show_day(MONDAY)
    s.page.reload()
    s.bureau.settle()
    key = s.key(next_)
    assert list(s.view.pressed) == [key]
    # Who may not plan is offered nothing.
    s.view.writes = False
    s.page.reload()
    s.bureau.settle()
    assert s.view.pressed == {}
    s.view.writes = True
    s.page.reload()
    s.bureau.settle()
    place = s.view.pressed[key]
    assert (place.debut, place.fin) == (at(16), at(18))
    said = {"fr": "repousser de 1 h ?", "ar": f"تأجيل بـ {i18n.isolate('1')} س؟"}[langue]
    s.view.set_current(key)
    assert s.view.accessibleDescription().endswith(said)
    logical = air.offer_rect(s.view, key)
    assert logical is not None
    port = s.view.viewport()
    spot = paint.visual(theme.theme().rtl, port.rect(), logical).center()
    assert not port.grab().toImage().isNull()
    # Beside the words, a click only chooses.
    QTest.mouseClick(port, LEFT, NONE, spot + QPoint(0, -14))
    s.bureau.settle()
    assert s.slots(next_) == [(s.karim, at(15), at(17))]
    QTest.mouseMove(port, spot)
    assert port.cursor().shape() == Qt.CursorShape.PointingHandCursor
    QTest.mouseClick(port, LEFT, NONE, spot)
    s.bureau.settle()
    assert s.slots(next_) == [(s.karim, at(16), at(18))]
    assert s.view.pressed == {}, "no more in anybody's way within the hour"
