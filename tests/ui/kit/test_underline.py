"""Tabs of a form that has no room for all of them: the one asked for and those beside it are seen whole."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from erp_desktop.ui.kit.underline import UnderlineTabs

TITLES = (
    "Détail", "Équipements 4", "Délais 3", "Interventions 45", "Périodes et quotas 2", "Échéancier 1", "Avenants",
)  # fmt: skip


@pytest.mark.parametrize("direction", [Qt.LayoutDirection.LeftToRight, Qt.LayoutDirection.RightToLeft])
def test_every_tab_in_sight_is_seen_whole(qtbot: QtBot, direction: Qt.LayoutDirection) -> None:
    tabs = UnderlineTabs()
    qtbot.addWidget(tabs)
    tabs.setLayoutDirection(direction)
    for title in TITLES:
        tabs.add(title)
    told: list[int] = []
    tabs.changed.connect(told.append)
    tabs.resize(348, tabs.height())
    with qtbot.waitExposed(tabs):
        tabs.show()
    assert tabs.hidden(), "not all of them have room"
    order = [*range(1, len(TITLES)), 0, len(TITLES) - 1, 2]
    for index in order:
        tabs.set_current(index)
        QApplication.processEvents()
        assert tabs.current() == index
        for shown in (i for i in range(tabs.count()) if tabs.bar.isTabVisible(i)):
            place = tabs.bar.tabRect(shown)
            assert tabs.bar.rect().contains(place), f"{TITLES[shown]} is cut once {TITLES[index]} is chosen"
    assert told == order, "each choice is told once, with what was chosen"
