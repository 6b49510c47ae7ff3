"""The record before and after, in a tab of its own: in the order of the list, which need not be in sight."""

from __future__ import annotations

import sqlalchemy as sa
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from erp_desktop.ui.forms.page import RecordPage
from tests.ui.company import Monde, remplir
from tests.ui.window import Bureau


def pressed(bureau: Bureau, key: Qt.Key) -> None:
    QTest.keyClick(bureau.window, key, Qt.KeyboardModifier.AltModifier)
    bureau.settle()


def test_a_tab_goes_through_its_list_and_keeps_what_is_typed(bureau: Bureau) -> None:
    listed = bureau.liste("clients")
    listed.view.sort_asked.emit("nom_entreprise", True)
    bureau.settle()
    first, second, third = (listed.model.id_at(n) for n in range(3))
    page = bureau.workspace.open_record("clients", first)
    assert isinstance(page, RecordPage)
    bureau.settle()
    page.panel.fields.editors["ville"].inner.setFocus()
    bureau.qtbot.keyClicks(page.panel.fields.editors["ville"].inner, "X")
    pressed(bureau, Qt.Key.Key_PageDown)
    assert (page.panel.row_id, bureau.workspace.tabs.current) == (second, f"clients/{second}")
    assert bureau.workspace.tabs.keys.count(f"clients/{second}") == 1
    assert f"clients/{first}" not in bureau.workspace.tabs.keys
    pressed(bureau, Qt.Key.Key_PageDown)
    pressed(bureau, Qt.Key.Key_PageDown)
    assert page.panel.row_id == third, "there is none after the last"
    pressed(bureau, Qt.Key.Key_PageUp)
    pressed(bureau, Qt.Key.Key_PageUp)
    assert page.panel.row_id == first
    assert page.panel.dirty, "what was typed is its draft"
    # One that has a tab is shown there.
    bureau.workspace.open_record("clients", second)
    bureau.settle()
    bureau.workspace.tabs.show_key(f"clients/{first}")
    pressed(bureau, Qt.Key.Key_PageDown)
    assert bureau.workspace.tabs.current == f"clients/{second}"


def test_of_a_list_that_is_not_open_it_is_said_and_of_a_long_one_it_is_read(
    bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine
) -> None:
    remplir(sqlite_engine, monde, 3_000)
    page = bureau.workspace.open_record("clients", monde.clients[0])
    assert isinstance(page, RecordPage)
    bureau.settle()
    pressed(bureau, Qt.Key.Key_PageDown)
    assert page.panel.row_id == monde.clients[0]
    assert any("Ouvrez la liste" in t.accessibleName() for t in bureau.window.toaster.toasts)
    listed = bureau.liste()
    with sqlite_engine.connect() as connection:
        ids = list(connection.execute(sa.text("SELECT id FROM interventions ORDER BY numero")).scalars())
    listed.view.sort_asked.emit("numero", False)
    bureau.settle()
    page = bureau.workspace.open_record("interventions", ids[1_500])
    assert isinstance(page, RecordPage)
    bureau.settle()
    for place in (1_501, 1_502):
        pressed(bureau, Qt.Key.Key_PageDown)
        bureau.qtbot.waitUntil(lambda place=place: page.panel.row_id == ids[place])  # type: ignore[misc]
