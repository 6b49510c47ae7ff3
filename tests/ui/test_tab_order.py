"""Tab goes through all that is in sight and takes the keyboard, and comes round, in lists and forms."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from erp_desktop.ui.frame.navigation import NavItem
from erp_desktop.ui.lists.page import ListPage
from tests.ui.company import Monde
from tests.ui.window import Bureau

_SHOWN = (("interventions", True), ("contrats", False), ("clients", False), ("depots", True))
"""Sections, with a blank form or without; of contracts there are none here."""


def _waiting(window: QWidget) -> dict[int, str]:
    """What should be reached: widgets in sight that take the keyboard by Tab; sections are one stop, with arrows."""
    return {
        id(one): f"{type(one).__name__} {one.accessibleName()}" for one in window.findChildren(QWidget)
        if one.isVisibleTo(window) and one.isEnabled() and one.focusPolicy() & Qt.FocusPolicy.TabFocus
        and one.focusProxy() is None and not one.visibleRegion().isEmpty() and not isinstance(one, NavItem)
    }  # fmt: skip


def _missed(window: QWidget) -> set[str]:
    """Go round by Tab; what was in sight and not come by."""
    waiting, seen = _waiting(window), set[int]()
    for _ in range(len(waiting) + 40):
        at = QApplication.focusWidget()
        assert at is not None
        seen.add(id(at))
        QTest.keyClick(at, Qt.Key.Key_Tab)
    return {name for one, name in waiting.items() if one not in seen}


def test_tab_comes_by_everything_in_sight(bureau: Bureau, monde: Monde) -> None:
    bureau.window.resize(1366, 768)
    missed = dict[str, set[str]]()
    for name, blank in _SHOWN:
        page = bureau.workspace.open_section(name)
        assert isinstance(page, ListPage)
        bureau.settle()
        if blank:
            page.new_record()
        elif page.model.rowCount():
            page.view.select_place(0)
        bureau.settle()
        page.take_focus()
        if lost := _missed(bureau.window):
            missed[name] = lost
        bureau.workspace.close_tab(name)
        bureau.settle()
    assert missed == {}
