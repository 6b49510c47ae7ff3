"""Tab goes through all that is in sight and takes the keyboard, and comes round, in lists and forms."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QKeySequence, QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget
from pytestqt.qtbot import QtBot

from erp_desktop.db.worker import DbWorker
from erp_desktop.domain.enums import Role
from erp_desktop.domain.writing import bidi
from erp_desktop.domain.writing.texts import texts
from erp_desktop.ui.frame.keys import KEYS
from erp_desktop.ui.frame.navigation import NavItem
from erp_desktop.ui.kit import i18n, theme
from erp_desktop.ui.lists.page import ListPage
from erp_desktop.ui.page import Page
from tests.ui.company import Monde
from tests.ui.test_small_screen import pages
from tests.ui.window import Bureau

_IN_ENGLISH_TOO = {"Part"}
"""A part of stock, which reads like a share in French."""

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


@pytest.mark.parametrize("language", ["ar", *(pytest.param(one, marks=pytest.mark.soak) for one in ("fr", "en"))])
def test_whatever_takes_the_keyboard_is_named_in_the_language_of_the_window(
    qtbot: QtBot, worker: DbWorker, monde: Monde, qapp: QApplication, tmp_path: Path, language: str
) -> None:
    """What a screen reader says of each stop of Tab: never nothing, never the French of a word that has another."""
    i18n.set_language(qapp, language)
    theme.install(qapp, theme.LIGHT)
    assert monde.responsable is not None
    bureau = Bureau(qtbot, worker, replace(monde.responsable, role=Role.ADMIN), tmp_path)
    said = texts(language) if language != "fr" else None
    nameless, french, stops = set[str](), set[str](), 0

    def look(where: str, root: QWidget) -> None:
        nonlocal stops
        for one in root.findChildren(QWidget):
            if not (one.isVisible() and one.isEnabled() and one.focusPolicy() & Qt.FocusPolicy.TabFocus):
                continue
            if one.focusProxy() is not None:
                continue
            stops += 1
            spoken = QAccessible.queryAccessibleInterface(one)
            name = bidi.nu(spoken.text(QAccessible.Text.Name)) if spoken is not None else ""
            if not name.strip():
                nameless.add(f"{where}: {type(one).__name__}")
            elif said is not None and (other := said.of(name)) not in (None, name) and name not in _IN_ENGLISH_TOO:
                french.add(f"{where}: {name}, {other}")

    for where, page in pages(bureau):
        if isinstance(page, ListPage) and page.model.rowCount():
            page.view.select_place(0)
            bureau.settle()
            for part in range(page.form.tabs.count()):
                page.form.tabs.set_current(part)
                bureau.settle()
                look(f"{where}, part {part}", bureau.window)
        look(where, bureau.window)
        if isinstance(page, Page) and page.new_record():
            bureau.settle()
            look(f"{where}, blank", bureau.window)
    for key in ("Ctrl+K", "F1"):
        (bureau.workspace.palette_box.open if key == "Ctrl+K" else bureau.workspace.keys.toggle)()
        bureau.settle()
        look(key, bureau.window)
        bureau.workspace.palette_box.close_box()
    assert (nameless, french) == (set(), set())
    assert stops > 900


_ENGRAVED = {"Return": "Entrée", "Enter": "Entrée", "Esc": "Échap", "Space": "Espace", "Del": "Suppr", "Shift": "Maj"}
"""What Qt calls a key, and what is engraved on it."""


def _engraved(sequence: QKeySequence) -> str:
    plain = sequence.toString(QKeySequence.SequenceFormat.PortableText)
    return " ".join(_ENGRAVED.get(key, key) for key in plain.split("+"))


def test_f1_tells_every_key_that_a_page_listens_to(
    qtbot: QtBot, worker: DbWorker, monde: Monde, tmp_path: Path
) -> None:
    assert monde.responsable is not None
    bureau = Bureau(qtbot, worker, replace(monde.responsable, role=Role.ADMIN), tmp_path)
    everywhere = {key for key, _words in KEYS}
    untold, heard = dict[str, set[str]](), 0

    def listen(where: str, page: Page) -> None:
        nonlocal heard
        told = everywhere | dict(page.keys()).keys()
        keys = {
            *(_engraved(one.key()) for one in page.findChildren(QShortcut) if one.isEnabled()),
            *(
                _engraved(one.shortcut())
                for one in page.findChildren(QAbstractButton)
                if not one.shortcut().isEmpty()
            ),
        }
        heard += len(keys)
        if missing := {key for key in keys if key not in told and f"{key} ↑ ↓" not in told} - {"Alt Up", "Alt Down"}:
            untold[where] = missing

    for where, page in pages(bureau):
        if isinstance(page, Page):
            listen(where, page)
    for kind in ("a_facturer", "interventions", "factures"):
        page = bureau.workspace.open_record(kind, None)
        assert page is not None
        bureau.settle()
        listen(kind, page)
    assert untold == {}
    assert heard > 5
