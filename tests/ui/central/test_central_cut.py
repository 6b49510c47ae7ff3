"""Straight on the centre with the line cut: each section says so calmly, and is read by itself when it is back."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from erp_desktop.app import Desktop
from erp_desktop.ui.administration.page import AdministrationPage
from erp_desktop.ui.kit.states import ErrorState
from erp_desktop.ui.lists.page import ListPage
from erp_desktop.ui.rapports.composer import ComposerPage
from erp_desktop.ui.rapports.page import RapportsPage
from tests.sync.proxy import ChaosProxy
from tests.ui.window import at_rest


def words(page: QWidget) -> list[str]:
    return [label.text() for label in page.findChildren(QLabel) if label.isVisible()]


@pytest.mark.parametrize("keys", [("clients", "stock", "factures"), ("administration", "rapports", "composer")])
def test_sections_opened_without_a_line_are_read_when_it_is_back(
    qtbot: QtBot, far_desktop: Desktop, line: ChaosProxy, keys: tuple[str, ...]
) -> None:
    shown = at_rest(qtbot, far_desktop)
    line.refusing = True
    line.cut()
    opened: dict[str, Any] = {}
    for key in keys:
        opened[key] = shown.open_section(key)
        at_rest(qtbot, far_desktop)
        assert shown.status.sync.text().startswith("hors ligne depuis")
        page = opened[key]
        if isinstance(page, ListPage):
            assert page.findChildren(ErrorState) == [], "nothing is broken"
            assert any("quand la ligne reviendra" in said for said in words(page)), words(page)
        else:
            assert any("ne répond pas" in said for said in (*words(page), *page.status())), words(page)
    line.heal()
    assert far_desktop.line is not None
    far_desktop.line.ask()
    qtbot.waitUntil(lambda: shown.status.sync.text() == "en ligne")
    for key, page in opened.items():
        shown.open_section(key)
        at_rest(qtbot, far_desktop)
        assert not any("ne répond pas" in said for said in words(page)), key
        if isinstance(page, ListPage):
            assert page.model.rowCount() > 0, key
        elif isinstance(page, AdministrationPage):
            assert isinstance(page.room, ListPage)
            assert page.room.model.rowCount() > 0
        elif isinstance(page, ComposerPage):
            assert page.found is not None
        else:
            assert isinstance(page, RapportsPage)
            assert page.rapport is not None
