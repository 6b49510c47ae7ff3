"""The planning board by mouse and keyboard, on a real cache."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pypdfium2
import pytest
import sqlalchemy as sa
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QTextLayout
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import VerdictPlanning
from erp_desktop.services.planning import actions
from erp_desktop.services.planning.actions import Wish
from erp_desktop.services.planning.data import Problem
from erp_desktop.ui.conflits.page import ConflitsPage
from erp_desktop.ui.kit import i18n, theme
from erp_desktop.ui.kit.surfaces import CountChip
from erp_desktop.ui.planning import air, printing, words
from erp_desktop.ui.planning.absences import AbsencesTab
from erp_desktop.ui.planning.geometry import DAY, HEAD_HEIGHT, WEEK
from erp_desktop.ui.planning.legend import Legend
from erp_desktop.ui.planning.page import PlanningPage
from tests.ui.company import Monde
from tests.ui.planning.week import CTRL, LEFT, MONDAY, NONE, SHIFT, Semaine, at
from tests.ui.window import Bureau


@pytest.fixture
def semaine(bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine) -> Semaine:
    return Semaine(bureau, monde, sqlite_engine)


def toasts(s: Semaine) -> list[str]:
    return [t.accessibleName() for t in s.bureau.window.toaster.toasts]


def lines(label: QLabel, wide: int) -> list[str]:
    """The words of a label as they are wrapped to a width."""
    layout = QTextLayout(label.text(), label.font())
    layout.beginLayout()
    found = []
    while (line := layout.createLine()).isValid():
        line.setLineWidth(wide)
        found.append(label.text()[line.textStart() : line.textStart() + line.textLength()])
    layout.endLayout()
    return found


def test_the_mouse_moves_stretches_and_plans(semaine: Semaine) -> None:
    s, port = semaine, semaine.view.viewport()
    one, two, three = s.fiches
    [(who, begin, end)] = s.slots(one)
    # Held in its middle, an hour below its beginning: it lands where the ghost was, to the pixel's few minutes.
    s.drag(one, s.spot(s.karim, at(15, day=1)), drop=False)
    assert s.view.lift is not None
    ghost = s.view.lift.first
    QTest.mouseRelease(port, LEFT, NONE, s.spot(s.karim, at(15, day=1)))
    s.bureau.settle()
    assert s.slots(one) == [(s.karim, ghost.debut, ghost.fin)]
    assert abs(ghost.debut - at(14, day=1)) <= timedelta(minutes=15)
    assert ghost.fin - ghost.debut == timedelta(hours=2)
    QTest.keyClick(s.bureau.window, Qt.Key.Key_Z, CTRL)
    s.bureau.settle()
    assert s.slots(one) == [(who, begin, end)]
    # By day, the end is stretched to eleven.
    s.page.show_day(MONDAY)
    s.page.set_mode(DAY)
    rect = s.view.rects(s.key(one))[0]
    edge = QPoint(rect.right() - 2, rect.center().y())
    QTest.mousePress(port, LEFT, NONE, edge)
    QTest.mouseMove(port, edge + QPoint(9, 0))
    QTest.mouseMove(port, s.spot(s.hind, at(11)))
    QTest.mouseRelease(port, LEFT, NONE, s.spot(s.hind, at(11)))
    s.bureau.settle()
    assert s.slots(one) == [(s.hind, at(8), at(11))]
    # Over another card the ghost warns before it is let go; a reason is asked, and kept.
    s.page.set_mode(WEEK)
    s.drag(two, s.spot(s.karim, at(10, 30)), drop=False)
    assert s.view.lift is not None
    assert "Karim Alaoui est déjà pris" in s.view.accessibleDescription()
    QTest.mouseRelease(port, LEFT, NONE, s.spot(s.karim, at(10, 30)))
    s.bureau.settle()
    assert s.slots(two) == [(s.hind, at(14), at(16))], "not without a reason"
    s.page.reason.accept()
    assert not s.page.reason.isHidden(), "an empty reason is none"
    QTest.keyClicks(s.page.reason.edit, "Client au courant")
    QTest.keyClick(s.page.reason.edit, Qt.Key.Key_Return)
    assert s.page.view.hasFocus(), "the keyboard is back on the board"
    s.bureau.settle()
    assert s.slots(two)[0][0] == s.karim
    assert "crossing" in s.page.chips.chips
    crossing = s.page.chips.chips["crossing"]
    assert (crossing.text(), isinstance(crossing, CountChip)) == ("Chevauchements 2", True)
    QTest.mouseClick(crossing, LEFT)
    assert s.view.current in {s.key(two), s.key(three)}
    # Into a leave it is refused, and everything stays.
    before = s.slots(three)
    s.drag(three, s.spot(s.karim, at(9, day=4)), drop=False)
    assert s.view.lift is not None
    told = [words for _icon, _ink, words in air.lines(s.view.lift)]
    assert told[0].startswith("Refusé : ")
    assert "en congé" in told[1]
    assert told[-1] == "Peuvent la prendre à cette heure : Hind Berrada", told
    QTest.mouseRelease(port, LEFT, NONE, s.spot(s.karim, at(9, day=4)))
    s.bureau.settle()
    assert s.slots(three) == before
    assert "en congé" in s.view.accessibleDescription()
    # Two cards together keep their distance.
    QTest.mouseClick(port, LEFT, CTRL, s.view.at(s.key(one)))
    QTest.mouseClick(port, LEFT, CTRL, s.view.at(s.key(two)))
    start = s.view.at(s.key(two))
    shift = s.spot(s.karim, at(9, day=3)).x() - s.spot(s.karim, at(9)).x()
    QTest.mousePress(port, LEFT, NONE, start)
    QTest.mouseMove(port, start + QPoint(9, 3))
    QTest.mouseMove(port, start + QPoint(shift, 0))
    QTest.mouseRelease(port, LEFT, NONE, start + QPoint(shift, 0))
    s.bureau.settle()
    assert {x[1].astimezone(clock.CASABLANCA).date() for f in (one, two) for x in s.slots(f)} == {
        MONDAY + timedelta(days=3)
    }
    # From the side: dragged over the board, it is planned and leaves the list.
    first = s.page.backlog.visits[0].intervention_id
    port_ = s.page.backlog.viewport()
    start = s.page.backlog.rect_of(0).center()
    target = port_.mapFromGlobal(port.mapToGlobal(s.spot(s.hind, at(8, day=1))))
    QTest.mousePress(port_, LEFT, NONE, start)
    QTest.mouseMove(port_, start + QPoint(-9, 0))
    QTest.mouseMove(port_, target)
    QTest.mouseRelease(port_, LEFT, NONE, target)
    s.bureau.settle()
    assert s.slots(first) == [(s.hind, at(8, day=1), at(10, day=1))]
    assert first not in [v.intervention_id for v in s.page.backlog.visits]
    # A double click opens the record.
    QTest.mouseDClick(port, LEFT, NONE, s.view.at(s.key(first)))
    s.bureau.settle()
    assert f"interventions/{first}" in s.bureau.workspace.tabs.keys


def test_the_legend_names_the_travels_of_a_day_alone(semaine: Semaine) -> None:
    (legend,) = semaine.page.findChildren(Legend)
    semaine.page.set_mode(DAY)
    assert legend.accessibleName() == "Trajet, Affectée, En cours, En attente, Clôturée"
    wide = legend.sizeHint().width()
    semaine.page.set_mode(WEEK)
    assert legend.accessibleName() == "Affectée, En cours, En attente, Clôturée"
    assert legend.sizeHint().width() < wide


def test_the_keyboard_does_all_of_it(semaine: Semaine) -> None:
    s, k = semaine, Qt.Key
    one, two, three = s.fiches
    s.choose(one)
    assert s.view.accessibleDescription().startswith("Hind Berrada, Lundi ")
    s.press(k.Key_Return, k.Key_Right, k.Key_Down)
    assert "Karim Alaoui" in s.view.accessibleDescription()
    assert "déjà pris" in s.view.accessibleDescription(), "the verdict comes before the drop"
    s.press((k.Key_Right, CTRL), (k.Key_Right, SHIFT), k.Key_Plus)
    assert s.view.accessibleDescription().endswith("Rien ne s’y oppose.")
    s.press(k.Key_Return)
    assert s.slots(one) == [(s.karim, at(8, 15, day=1), at(10, 45, day=1))]
    assert s.view.current == s.key(one), "keys go on with the same card"
    # To the closing, to the opening, given up.
    s.press(k.Key_Return, k.Key_End)
    assert s.view.lift is not None
    assert s.view.lift.first.fin == at(18, day=1)
    s.press(k.Key_Home)
    assert s.view.lift.first.debut == at(8, day=1)
    s.bureau.workspace._escape()
    assert s.view.lift is None
    assert s.slots(one) == [(s.karim, at(8, 15, day=1), at(10, 45, day=1))]
    # Off the board and back with Ctrl+Z.
    s.choose(two)
    s.press(k.Key_Delete)
    assert s.slots(two) == []
    assert two in [v.intervention_id for v in s.page.backlog.visits]
    QTest.keyClick(s.bureau.window, k.Key_Z, CTRL)
    s.bureau.settle()
    assert s.slots(two) == [(s.hind, at(14), at(16))]
    # Tab goes through the cards in their order; arrows walk between rows.
    s.view.set_current(None)
    seen = []
    for _ in range(3):
        QTest.keyClick(s.view, k.Key_Tab)
        seen.append(s.view.current)
    assert seen == s.view.keys.order()
    s.choose(two)
    s.press(k.Key_Down)
    assert s.view.current is not None
    assert s.view.current[0] in {one, three}
    # A locked card stays.
    s.choose(three)
    s.press(k.Key_V)
    s.choose(three)
    s.press(k.Key_Return, k.Key_Right, k.Key_Return)
    assert s.slots(three) == [(s.karim, at(9), at(11))]
    # From the list beside, lifted with Enter, dropped with Enter.
    s.page.backlog.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(s.page.backlog, k.Key_Down)
    second = s.page.backlog.visit
    assert second is not None
    assert second.titre in s.page.backlog.accessibleDescription()
    QTest.keyClick(s.page.backlog, k.Key_Return)
    assert s.view.lift is not None
    assert s.view.hasFocus()
    s.press(k.Key_Return)
    assert len(s.slots(second.intervention_id)) == 1
    # Over a week that is gone, it goes to the first one that is not; given up, the list has the keys again.
    s.page.show_day(MONDAY - timedelta(days=21))
    s.bureau.settle()
    s.page.backlog.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(s.page.backlog, k.Key_Return)
    s.bureau.settle()
    assert s.view.lift is not None
    assert s.view.lift.first.debut >= clock.now()
    QTest.keyClick(s.view, k.Key_Escape)
    assert s.view.lift is None
    assert s.page.backlog.hasFocus()
    s.page.show_day(MONDAY)
    s.bureau.settle()
    # Who and when, taken from the panel.
    left = s.page.backlog.visits[0]
    s.page.backlog.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(s.page.backlog, k.Key_R)
    s.bureau.settle()
    assert s.page.who.isVisible()
    assert 1 <= len(s.page.who.rows) <= 5
    QTest.keyClick(s.page.who.rows[0], k.Key_Return)
    s.bureau.settle()
    assert len(s.slots(left.intervention_id)) == 1
    # Day and week, today, days on.
    s.view.setFocus()
    s.press(k.Key_J)
    assert s.page.mode == DAY
    s.page.go(1)
    assert s.page.jour == MONDAY + timedelta(days=1)
    s.press(k.Key_S, k.Key_T)
    assert (s.page.mode, s.page.jour) == (WEEK, clock.today())


def test_what_changes_during_a_drag_waits(semaine: Semaine) -> None:
    s = semaine
    one = s.fiches[0]
    board = s.page.board
    s.drag(one, s.spot(s.hind, at(9, day=1)), drop=False)
    moved = "UPDATE creneaux SET debut = :a, fin = :b WHERE intervention_id = :i"
    with transaction(s.engine) as session:
        hours = {"a": clock.to_text(at(15, day=3)), "b": clock.to_text(at(17, day=3))}
        session.execute(sa.text(moved), hours | {"i": one})
    s.bureau.bus.publish("creneaux")
    s.bureau.settle()
    assert s.page.board is board, "the board stays under a card in the air"
    assert s.view.lift is not None
    QTest.mouseRelease(s.view.viewport(), LEFT, NONE, s.spot(s.hind, at(9, day=1)))
    s.bureau.settle()
    assert s.slots(one) == [(s.hind, at(15, day=3), at(17, day=3))], "the other's change is not overwritten"
    assert any("a changé pendant le déplacement" in said for said in toasts(s))
    assert any("a changé entre-temps" in said for said in toasts(s))
    assert s.page.board is not board


def test_absences_filters_papers_and_the_other_way_round(
    semaine: Semaine, tmp_path: Path, qapp: QApplication
) -> None:
    s, k = semaine, Qt.Key
    s.choose(s.fiches[0])
    s.press(k.Key_A)
    box = s.page.absences.inside
    assert s.page.absences.isVisible()
    box.end.line.setText("hier")
    box.save()
    assert not box.fields["fin"].error.isHidden()
    box.begin.show_value(at(8, day=3))
    box.end.show_value(at(18, day=3))
    # A second press while the first is being written notes no second absence.
    QTest.mouseClick(box.ok, LEFT)
    QTest.mouseClick(box.ok, LEFT)
    s.bureau.settle()
    assert [row.statut for row, _ in box.lines] == ["acceptee"]
    QTest.mouseClick(box.buttons[box.lines[0][0].id, "modifier"], LEFT)
    QTest.mouseClick(box.delete, LEFT)
    s.bureau.settle()
    assert box.lines == []
    assert s.page.escape()
    assert s.page.absences.isHidden()
    # In the technicien's form as well.
    page = s.bureau.liste("techniciens")
    page.open_row(s.karim) if hasattr(page, "open_row") else page.form.open_record(s.karim)
    s.bureau.settle()
    tab = page.findChild(AbsencesTab)
    assert tab is not None
    assert [row.type for row, _ in tab.inside.lines] == ["conge"]
    # Two in one place: the inbox says so, until one moves.
    with transaction(s.engine) as session:
        text = "UPDATE creneaux SET debut = :a, fin = :b, technicien_id = :t WHERE intervention_id = :i"
        session.execute(sa.text(text), {"a": clock.to_text(at(10)), "b": clock.to_text(at(12)), "t": s.karim,
                                        "i": s.fiches[0]})  # fmt: skip
    s.bureau.bus.publish("creneaux")
    inbox = s.bureau.workspace.open_section("conflits")
    assert isinstance(inbox, ConflitsPage)
    s.bureau.settle()
    told = inbox.collisions.banners[0].label
    assert "Karim Alaoui" in told.text()
    # However narrow the inbox, no line ends within a number.
    for wide in range(120, 320, 10):
        assert not [one for one in lines(told, wide) if one.rstrip("\u2060").endswith("-")], wide
    s.bureau.workspace.open_section("planning")
    s.bureau.settle()
    # Narrowed by team: nobody of another one is left.
    s.page.chips.choose("equipe", "Sud")
    assert s.view.grid is not None
    assert s.view.grid.rows == []
    s.page.chips.choose("equipe", "")
    assert len(s.view.grid.rows) == 2
    # On paper.
    assert s.page.board is not None
    for paper, wide in (("a4", 842), ("a3", 1191)):
        target = tmp_path / f"{paper}.pdf"
        shown = printing.preview(s.page, s.page._contexte, s.page.board, s.view.people, paper)
        s.bureau.qtbot.waitUntil(lambda shown=shown: len(shown.pages) == 1, timeout=30_000)
        assert shown.pages[0].width() > shown.pages[0].height()
        shown.keep(target)
        s.bureau.qtbot.waitUntil(target.exists, timeout=30_000)
        shown.close()
        document = pypdfium2.PdfDocument(target)
        assert round(document[0].get_width()) == wide
        read = document[0].get_textpage().get_text_range()
        assert "Karim Alaoui" in read
        assert "Visite 2" in read
        document.close()
    # In Arabic the board reads from the right, and a drag lands where it points.
    i18n.set_language(qapp, "ar")
    theme.install(qapp, theme.DARK)
    s.page.set_mode(DAY)
    s.page.show_day(MONDAY)
    s.bureau.settle()
    grid = s.view.grid
    assert grid is not None
    assert s.spot(s.karim, at(9)).x() > s.spot(s.karim, at(15)).x()
    s.drag(s.fiches[1], s.spot(s.hind, at(9)))
    assert s.slots(s.fiches[1]) == [(s.hind, at(8), at(10))]
    assert words.length(90) == f"{i18n.isolate('1:30')} س"
    picture = s.view.viewport().grab()
    assert picture.height() > HEAD_HEIGHT


def test_short_visits_that_follow_each_other_hide_none(semaine: Semaine) -> None:
    """A quarter of an hour is drawn taller than it is: what would cover the next card stands beside it."""
    s = semaine
    with transaction(s.engine, s.monde.agent.user_id) as session:
        for n, minute in enumerate((0, 20, 40)):
            ident = s.visit(session, f"Courte {n}")
            begin = at(8, minute, day=1)
            actions.plan(session, s.monde.agent, [Wish(ident, s.hind, begin, begin + timedelta(minutes=20))])
    s.page.reload()
    s.bureau.settle()
    for shown in (WEEK, DAY):
        if shown == DAY:
            s.page.show_day(MONDAY + timedelta(days=1))
            s.page.set_mode(DAY)
            s.bureau.settle()
        grid = s.view.grid
        assert grid is not None
        assert grid.mode == shown
        row = grid.rows[grid.row_of(s.hind) or 0]
        rects = [
            grid.rect(row, p.day, p.begin, p.end, p.lane, p.lanes)
            for p in row.pieces if grid.days[p.day] == MONDAY + timedelta(days=1)
        ]  # fmt: skip
        assert len(rects) == 3
        assert not any(a.intersects(b) for n, a in enumerate(rects) for b in rects[n + 1 :]), rects


def test_a_delay_is_not_cut_between_two_lines() -> None:
    found = Problem(None, VerdictPlanning.AVERTIR, "{retard} après l'échéance", (("retard", "1230"),))
    assert words.problem(found) == "20\u00a0h\u00a030 après l’échéance"


def test_the_keyboard_that_comes_before_the_board_finds_a_card(semaine: Semaine) -> None:
    workspace = semaine.bureau.workspace
    semaine.bureau.liste()
    workspace.close_tab("planning")
    QTest.keyClick(semaine.bureau.window, Qt.Key.Key_3, CTRL)
    again = workspace.page
    assert isinstance(again, PlanningPage)
    assert again is not semaine.page
    again.show_day(MONDAY)
    semaine.bureau.settle()
    assert again.view.hasFocus()
    assert (again.view.current, again.view.ring) == (again.view.keys.order()[0], True)
