"""What the right button offers over a card of the board, and what is never drawn over one."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from PySide6.QtCore import QPoint
from PySide6.QtGui import QAction, QContextMenuEvent
from PySide6.QtWidgets import QApplication

from erp_desktop import clock
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.planning.geometry import DAY, WEEK
from tests.ui.company import Monde
from tests.ui.planning.week import MONDAY, Semaine, at
from tests.ui.window import Bureau


@pytest.fixture
def semaine(bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine) -> Semaine:
    return Semaine(bureau, monde, sqlite_engine)


def asked(s: Semaine, spot: QPoint) -> dict[str, QAction]:
    port = s.view.viewport()
    s.view.mouse.menu = None
    QApplication.sendEvent(port, QContextMenuEvent(QContextMenuEvent.Reason.Mouse, spot, port.mapToGlobal(spot)))
    menu = s.view.mouse.menu
    return {} if menu is None else {act.text().split("\t")[0]: act for act in menu.actions() if act.text()}


def done(s: Semaine, act: QAction) -> None:
    act.trigger()
    assert s.view.mouse.menu is not None
    s.view.mouse.menu.close()
    s.bureau.settle()


def test_a_card_is_locked_unlocked_and_taken_off_by_its_menu(semaine: Semaine) -> None:
    s, one = semaine, semaine.fiches[0]
    acts = asked(s, s.view.at(s.key(one)))
    assert len(acts) == 6
    assert s.view.current == s.key(one)
    done(s, acts["Verrouiller le créneau"])
    acts = asked(s, s.view.at(s.key(one)))
    assert "Verrouiller le créneau" not in acts
    done(s, acts["Déverrouiller le créneau"])
    assert "Verrouiller le créneau" in asked(s, s.view.at(s.key(one)))
    done(s, asked(s, s.view.at(s.key(one)))["Qui et quand"])
    assert s.page.who.isVisible()
    s.page.escape()
    done(s, asked(s, s.view.at(s.key(one)))["Retirer du planning"])
    assert s.slots(one) == []
    # Nothing is offered of the bare ground.
    assert asked(s, s.spot(s.hind, at(10, day=3))) == {}


def test_who_only_reads_opens_a_card_and_changes_nothing(semaine: Semaine) -> None:
    s = semaine
    s.view.writes = False
    acts = asked(s, s.view.at(s.key(s.fiches[0])))
    assert [*acts] == ["Ouvrir l’intervention", "Absences du technicien"]
    done(s, acts["Ouvrir l’intervention"])
    assert f"interventions/{s.fiches[0]}" in s.bureau.workspace.tabs.keys


@pytest.mark.parametrize("mode", [WEEK, DAY])
def test_now_is_behind_the_cards(semaine: Semaine, monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    """Their words were struck through."""
    s, one = semaine, semaine.fiches[0]
    monkeypatch.setattr(clock, "now", lambda: at(9))
    s.page.show_day(MONDAY)
    s.page.set_mode(mode)
    s.bureau.settle()
    picture, (box, *_rest) = s.view.viewport().grab().toImage(), s.view.rects(s.key(one))
    ratio, ink = picture.devicePixelRatio(), theme().color("semantic.danger.solid").rgb()
    red = [QPoint(round(x / ratio), round(y / ratio)) for y in range(picture.height()) for x in range(picture.width())
           if picture.pixel(x, y) == ink]  # fmt: skip
    assert len(red) > 20, "it is drawn where no card is"
    assert not [spot for spot in red if box.adjusted(3, 3, -3, -3).contains(spot)]
