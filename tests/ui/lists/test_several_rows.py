"""Several rows are chosen in every list, by mouse and by keyboard; the bar counts them and offers what it can do."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.db.worker import DbWorker
from erp_desktop.domain.enums import Role
from erp_desktop.services.administration import demo as references
from erp_desktop.services.factures import demo as invoices
from erp_desktop.services.preventif import demo as plans
from erp_desktop.services.stock import demo as stock
from erp_desktop.ui.kit import i18n
from erp_desktop.ui.lists.page import ListPage
from erp_desktop.ui.main_window import first_size
from tests.ui.company import Monde
from tests.ui.test_small_screen import SCREEN, cut, pages
from tests.ui.window import Bureau

_CTRL, _SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
_NONE = Qt.KeyboardModifier.NoModifier
_EDITED = {"interventions", "clients", "equipements", "stock"}
_WITH_ROWS = _EDITED | {
    "preventif", "modeles", "mouvements", "depots", "factures", "audit", "objectifs",
    "administration, utilisateurs", "administration, codes", "administration, tarifs", "administration, tva",
    "administration, legaux", "administration, numeros", "administration, audit",
}  # fmt: skip


def _filled(engine: sa.Engine, monde: Monde) -> None:
    """Three rows and more of most nouns."""
    assert monde.responsable is not None
    now = clock.now()
    with transaction(engine, monde.responsable.user_id) as session:
        references.fill(session)
        stock.fill(session, monde.agence, monde.techniciens, random.Random(1), now)
        invoices.fill(session, [monde.agence], now)
        plans.fill(session, monde.agence, now)


@pytest.mark.parametrize("language", [pytest.param(one, marks=pytest.mark.soak) for one in ("fr", "ar")])
def test_rows_are_chosen_in_every_list(
    qtbot: QtBot, qapp: QApplication, worker: DbWorker, monde: Monde, tmp_path: Path, sqlite_engine: sa.Engine,
    language: str,
) -> None:  # fmt: skip
    i18n.set_language(qapp, language)
    _filled(sqlite_engine, monde)
    assert monde.responsable is not None
    bureau = Bureau(qtbot, worker, replace(monde.responsable, role=Role.ADMIN), tmp_path)
    bureau.window.setMinimumSize(0, 0)
    bureau.window.resize(first_size(SCREEN))
    seen = set()
    for name, page in pages(bureau):
        if isinstance(page, ListPage) and page.model.rowCount() >= 3:
            seen.add(name)
            # One list of each make is chosen in by every way, the others by the short one; `-m soak` by all.
            _choose(bureau, name, page, whole=name in _EDITED or language != "fr")
    assert seen >= _WITH_ROWS
    assert bureau.failures == []


def _choose(bureau: Bureau, name: str, page: ListPage, *, whole: bool) -> None:
    view, selection, every = page.view, page.selection, page.model.rowCount()

    def click(place: int, keys: Qt.KeyboardModifier = _NONE) -> None:
        spot = view.visualRect(page.model.index(place, view.first_column())).center()
        QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, keys, spot)
        bureau.settle()

    def press(key: Qt.Key, keys: Qt.KeyboardModifier = _NONE) -> None:
        held = QApplication.focusWidget()
        assert held is not None
        QTest.keyClick(held, key, keys)
        bureau.settle()

    def chosen(*places: int) -> None:
        assert view.selected_ids() == [page.model.id_at(place) for place in places], name
        told(len(places))

    def told(count: int) -> None:
        assert selection.size == count, name
        assert selection.bar.isVisible() == (count > 1), name
        if count > 1:
            words = "{n} sélectionnées" if page.spec.feminine else "{n} sélectionnés"
            assert selection.count.text() == i18n.tr(words, n=i18n.number(count)), name
            assert selection.copy_button.isVisible()
            assert selection.export_button.isVisible()
            assert selection.edit_button.isVisible() == (name in _EDITED), name

    # By mouse: the form of the first row stays beside, and goes first when Esc is pressed.
    click(0)
    assert page.beside.open, name
    chosen(0)
    click(2, _SHIFT)
    chosen(0, 1, 2)
    assert list(cut(bureau.window)) == [], name
    left = (0, 1, 2)
    if whole:
        click(1, _CTRL)
        left = (0, 2)
    press(Qt.Key.Key_Escape)
    assert not page.beside.open
    chosen(*left)
    press(Qt.Key.Key_Escape)
    chosen()
    # By keyboard: rows chosen together open no form.
    assert view.hasFocus(), name
    press(Qt.Key.Key_A, _CTRL)
    told(every)
    assert list(cut(bureau.window)) == [], name
    assert not page.beside.open, name
    press(Qt.Key.Key_Escape)
    chosen()
    if not whole:
        return
    press(Qt.Key.Key_Home, _CTRL)
    page.form.close_panel()
    press(Qt.Key.Key_Down, _SHIFT)
    press(Qt.Key.Key_Down, _SHIFT)
    chosen(0, 1, 2)
    press(Qt.Key.Key_Up, _SHIFT)
    chosen(0, 1)
    assert not page.beside.open, name
    press(Qt.Key.Key_Escape)
    chosen()
