"""What opens over a page shows whole, or scrolls, in the smallest window: 1366 by 768 at 150 and at 200 %."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QScrollArea,
    QWidget,
)
from pytestqt.qtbot import QtBot

from erp_desktop.db.worker import DbWorker
from erp_desktop.ui.frame.closing import ClosePage
from erp_desktop.ui.notifications.panel import NotificationsPanel
from erp_desktop.ui.planning.page import PlanningPage
from erp_desktop.ui.preventif.page import PlansPage
from erp_desktop.ui.synchro.drawer import Panneau
from tests.ui.company import Monde
from tests.ui.test_small_screen import small


def _area(widget: QWidget, panel: QWidget) -> QScrollArea | None:
    """What of the panel scrolls to a widget."""
    above = widget.parentWidget()
    while above is not None and above is not panel and not isinstance(above, QScrollArea):
        above = above.parentWidget()
    return above if isinstance(above, QScrollArea) and panel.isAncestorOf(above) else None


def _cut(panel: QWidget) -> Iterator[str]:
    """What is typed in, pressed or read in a panel and does not show whole, even when it is scrolled to."""
    window = panel.window()
    for one in panel.findChildren(QWidget):
        if not isinstance(one, QAbstractButton | QLineEdit | QComboBox | QLabel) or not one.isVisible():
            continue
        if isinstance(one, QLabel) and not one.text():
            continue
        name = f"{type(one).__name__} {one.accessibleName() or getattr(one, 'text', str)()}"
        area: QScrollArea | None = _area(one, panel)
        while area is not None:
            at = one.mapTo(area.widget(), one.rect().center())
            area.ensureVisible(at.x(), at.y(), 0, one.height() // 2 + 1)
            area = _area(area, panel)
        here = QRect(one.mapTo(window, QPoint()), one.size())
        if not window.rect().contains(here.center()) or one.visibleRegion().isEmpty():
            yield f"{name}: out of the window, {here.getRect()}"
        elif not isinstance(one, QLabel) and one.visibleRegion().boundingRect().height() < one.height():
            yield f"{name}: cut, {here.getRect()}"
        elif isinstance(one, QLabel) and one.height() < one.fontMetrics().height():
            yield f"{name}: pressed to {one.height()}"


@pytest.mark.parametrize("size", [QSize(683, 344), pytest.param(QSize(910, 472), marks=pytest.mark.soak)])
@pytest.mark.parametrize("language", ["fr", "ar"])
def test_every_panel_is_whole_or_scrolls(
    qtbot: QtBot, worker: DbWorker, monde: Monde, qapp: QApplication, tmp_path: Path, language: str, size: QSize
) -> None:
    bureau = small(qtbot, worker, monde, qapp, tmp_path, language, size)
    window, space = bureau.window, bureau.workspace
    cut = list[str]()

    def look(name: str, panel: QWidget, shut: Callable[[], object]) -> None:
        bureau.settle()
        qapp.processEvents()
        assert panel.isVisible(), name
        cut.extend(f"{name}: {one}" for one in _cut(panel))
        shut()

    bureau.liste()
    space.password.open()
    look("password", space.password, space.password.close_panel)
    space.palette_box.open("fuite")
    look("palette", space.palette_box.box, space.palette_box.close_box)
    notices = NotificationsPanel(space.contexte, space, space.open_section)
    notices.open()
    look("notifications", notices, notices.hide)
    drawer = Panneau(space.contexte, space, retry=lambda: None)
    drawer.toggle()
    look("exchange", drawer, drawer.hide)
    planning = space.open_section("planning")
    assert isinstance(planning, PlanningPage)
    bureau.settle()
    planning.absences.open_for(monde.techniciens[0], "Karim Alaoui")
    look("absences", planning.absences, planning.absences.close_panel)
    planning.reason.ask([], lambda _motif: None)
    look("reason", planning.reason, planning.reason.close_panel)
    plans = space.open_section("preventif")
    assert isinstance(plans, PlansPage)
    bureau.settle()
    plans.forecast.show_rows("26", ("note",), [("01/12/2026", "Presse", "Graissage")] * 26)
    look("visits", plans.forecast, plans.forecast.hide)
    page = bureau.liste("clients")
    page.view.selectAll()
    bureau.settle()
    page.selection.edit()
    bureau.settle()
    assert page.selection.panel is not None
    qapp.processEvents()
    beside = QRect(page.selection.panel.mapTo(window, QPoint()), page.selection.panel.size())
    assert window.rect().left() <= beside.left(), "the whole of it came in sight with its first field"
    assert beside.right() <= window.rect().right()
    held = page.selection.panel.findChildren(QAbstractButton)
    assert held
    for one in held:
        if one.isEnabled() and one.isVisible() and one.focusPolicy() & Qt.FocusPolicy.TabFocus:
            one.setFocus(Qt.FocusReason.TabFocusReason)
            qapp.processEvents()
            if one.visibleRegion().isEmpty():
                cut.append(f"bulk: {one.accessibleName()}")
    asked = ClosePage(["Fuite d'huile vérin principal", "Nouvelle fiche"])
    window.cover(asked)
    look("closing", asked, window.uncover)
    assert cut == []
    assert isinstance(drawer.findChild(QAbstractScrollArea), QAbstractScrollArea)
