"""Tab goes through a page as it is laid out, whatever of it was made first."""

from __future__ import annotations

import gc
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from erp_desktop.db.worker import DbWorker
from erp_desktop.domain.enums import Role
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.kit.paint import KeyCap
from erp_desktop.ui.kit.ring import order
from erp_desktop.ui.kit.ring.order import Order
from erp_desktop.ui.lists.page import ListPage
from erp_desktop.ui.page import Page
from tests.ui.company import Monde
from tests.ui.test_small_screen import SCREEN, pages
from tests.ui.window import Bureau


def test_what_is_made_last_is_reached_where_it_stands(qtbot: QtBot) -> None:
    window, page = QWidget(), Page()
    qtbot.addWidget(window)
    outer = QVBoxLayout(window)
    fields = {name: QLineEdit() for name in ("avant", "pied", "milieu", "tête", "après")}
    column, row = QVBoxLayout(page), QHBoxLayout()
    fields["pied"].setParent(page)
    column.addLayout(row)
    for name in ("tête", "milieu"):
        row.addWidget(fields[name])
    column.addWidget(fields["pied"])
    for one in (fields["avant"], page, fields["après"]):
        outer.addWidget(one)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    fields["tête"].setFocus()
    passed = []
    for _ in fields:
        here = QApplication.focusWidget()
        assert here is not None
        passed.append(next(name for name, one in fields.items() if one is here))
        QTest.keyClick(here, Qt.Key.Key_Tab)
    assert passed == ["tête", "milieu", "pied", "après", "avant"]
    assert QApplication.focusWidget() is fields["tête"]


def _after(widget: QWidget, page: QWidget) -> QWidget:
    """The next stop of Tab."""
    Order(page).follow()
    widget.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(widget, Qt.Key.Key_Tab)
    found = QApplication.focusWidget()
    assert found is not None
    return found


def test_the_last_field_of_a_form_is_followed_by_its_foot(
    qtbot: QtBot, worker: DbWorker, monde: Monde, tmp_path: Path
) -> None:
    assert monde.responsable is not None
    bureau = Bureau(qtbot, worker, replace(monde.responsable, role=Role.ADMIN), tmp_path)
    bureau.window.resize(SCREEN)
    tried = set[str]()
    for where, page in pages(bureau):
        if not isinstance(page, ListPage) or not page.new_record():
            continue
        bureau.settle()
        form = page.form
        assert isinstance(form, FormPanel)
        foot = {form.print_button, form.cancel_button, form.save_button}
        last = [one.inner for one in form.fields.editors.values() if one.inner.isEnabled() and one.inner.isVisible()]
        if not last:
            continue
        tried.add(where)
        form.save_button.setEnabled(True)
        assert _after(last[-1], page) in foot, where
        held = form.save_button
        held.setFocus(Qt.FocusReason.TabFocusReason)
        QTest.keyClick(held, Qt.Key.Key_Tab)
        beyond = QApplication.focusWidget()
        assert beyond is not None
        assert not page.isAncestorOf(beyond), where
    assert len(tried) > 8


def test_going_round_by_tab_leaves_every_widget_what_it_is(bureau: Bureau) -> None:
    """Asked for one after the other along Qt's own chain, widgets that nobody else held lost their Python side."""
    for name in ("rapports", "clients"):
        page = bureau.workspace.open_section(name)
        assert page is not None
        bureau.settle()
        page.take_focus()
        for _ in range(30):
            QTest.keyClick(bureau.window.focusWidget(), Qt.Key.Key_Tab)
            gc.collect()
        bureau.workspace.close_tab(name)
        bureau.settle()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        del page
        gc.collect()
    caps = bureau.window.findChildren(KeyCap)
    assert len(caps) > 3
    assert [one for one in caps if not hasattr(one, "_keys")] == []


def test_what_is_laid_out_is_told_without_its_items(qtbot: QtBot) -> None:
    """PySide kept them after Qt had deleted them: the next object made at such an address ended the window, after
    some forty lists without an answer."""
    page = QWidget()
    qtbot.addWidget(page)
    column, row = QVBoxLayout(page), QHBoxLayout()
    column.addLayout(row)
    last, first, below = QPushButton(), QPushButton(), QPushButton()
    for layout, button in ((row, first), (row, last), (column, below)):
        layout.addWidget(button)
    assert (order.laid(row), order.laid(column)) == ([first, last], [below])
    room = Path(order.__file__).parents[2]
    assert [f.name for f in room.rglob("*.py") if ".itemAt(" in f.read_text(encoding="utf-8")] == []
