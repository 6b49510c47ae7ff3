"""On the smallest screen that offices have, whatever is on a page can be reached."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtWidgets import QAbstractButton, QAbstractScrollArea, QApplication, QComboBox, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from erp_desktop.db.worker import DbWorker
from erp_desktop.ui.kit import i18n
from erp_desktop.ui.lists.page import ListPage
from erp_desktop.ui.main_window import MainWindow, first_size
from tests.ui.company import Monde
from tests.ui.window import Bureau

_SCREEN = QSize(1366, 728)
"""1366×768 less a task bar."""


def cut(window: MainWindow) -> Iterator[str]:
    """What is typed in or pressed and does not show whole, unless the page scrolls to it."""
    for widget in window.findChildren(QWidget):
        if not isinstance(widget, QAbstractButton | QLineEdit | QComboBox) or not widget.isVisible():
            continue
        above: QWidget | None = widget
        while above is not None and not isinstance(above, QAbstractScrollArea):
            above = above.parentWidget()
        seen = widget.visibleRegion().boundingRect().size()
        here = QRect(widget.mapTo(window, QPoint()), widget.size())
        if above is None and (not window.rect().contains(here) or seen != widget.size()):
            yield f"{type(widget).__name__} {widget.accessibleName()} {here.getRect()} {seen.toTuple()}"


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_no_control_is_cut_off(
    qtbot: QtBot, worker: DbWorker, monde: Monde, qapp: QApplication, tmp_path: Path, language: str
) -> None:
    i18n.set_language(qapp, language)
    assert monde.responsable is not None
    bureau = Bureau(qtbot, worker, monde.responsable, tmp_path)
    bureau.window.setMinimumSize(0, 0)
    bureau.window.resize(first_size(_SCREEN))
    found = []
    for key in bureau.workspace.sections:
        page = bureau.workspace.open_section(key)
        bureau.settle()
        qapp.processEvents()
        found += [f"{key}: {one}" for one in cut(bureau.window)]
        if isinstance(page, ListPage) and page.model.rowCount():
            page.view.select_place(0)
            bureau.settle()
            qapp.processEvents()
            found += [f"{key}, with a record: {one}" for one in cut(bureau.window)]
    assert bureau.window.size() == first_size(_SCREEN)
    assert found == []
