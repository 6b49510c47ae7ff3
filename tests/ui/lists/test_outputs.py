"""What leaves a list: a workbook whose cells have types, the rows chosen alone, paper; whole or not at all."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import python_calamine
import sqlalchemy as sa
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QMenu
from pytestqt.qtbot import QtBot

from erp_desktop import clock
from erp_desktop.errors import UserError
from erp_desktop.reports import tableur
from erp_desktop.reports.tableur import XlsxFile
from erp_desktop.ui.printing.preview import PreviewWindow
from tests.ui.company import Monde, remplir
from tests.ui.window import Bureau

_PATIENCE = 30_000


def cells(path: Path, sheet: str = "Interventions") -> list[list[object]]:
    rows: list[list[object]] = python_calamine.load_workbook(str(path)).get_sheet_by_name(sheet).to_python()
    return rows


def test_a_workbook_holds_values_not_their_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "liste.xlsx"
    file = XlsxFile(target, "Clients/Rabat", ["ICE", "Formule", "Jour", "Heure", "Montant", "Nombre"])
    instant = datetime(2026, 11, 22, 9, 30, tzinfo=clock.CASABLANCA)
    file.row(["001234567000089", '=HYPERLINK("x")', date(2026, 11, 22), instant, Decimal("12.50"), 7])
    file.row(["", None, date(1899, 1, 1), None, 10**17, True])
    assert not target.exists()
    file.commit()
    rows = cells(target, "Clients Rabat")
    naive = instant.replace(tzinfo=None)
    assert rows[1] == ["001234567000089", '=HYPERLINK("x")', date(2026, 11, 22), naive, 12.5, 7]
    assert rows[2] == ["", "", "1899-01-01", "", str(10**17), "True"]
    monkeypatch.setattr(tableur, "SHEET_ROWS", 2)
    full = XlsxFile(tmp_path / "pleine.xlsx", "L", ["a"])
    full.row([1])
    with pytest.raises(UserError, match="2 lignes au plus"):
        full.row([2])
    full.drop()
    assert [one.name for one in tmp_path.iterdir()] == ["liste.xlsx"]


def test_the_rows_chosen_go_into_a_workbook(
    bureau: Bureau, monde: Monde, qtbot: QtBot, tmp_path: Path, sqlite_engine: sa.Engine
) -> None:
    remplir(sqlite_engine, monde, 700)
    with sqlite_engine.begin() as connection:
        connection.execute(
            sa.text("UPDATE interventions SET date_planifiee = :d"), {"d": "2026-11-22T09:00:00.000000Z"}
        )
    page = bureau.liste()
    page.view.setFocus()
    page.view.select_place(0)
    for _step in range(2):
        QTest.keyClick(page.view, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    some, whole = tmp_path / "choix.xlsx", tmp_path / "tout.xlsx"
    assert page.export(some) is not None
    qtbot.waitUntil(some.exists, timeout=_PATIENCE)
    rows = cells(some)
    assert len(rows) == 1 + 3
    assert rows[1][rows[0].index("Planifiée")] == datetime(2026, 11, 22, 9, tzinfo=UTC).replace(tzinfo=None)
    QTest.keyClick(page.selection.all_button, Qt.Key.Key_Return)
    assert page.export(whole) is not None
    assert page.outputs.strip.isVisible()
    qtbot.waitUntil(whole.exists, timeout=_PATIENCE)
    assert len(cells(whole)) == 1 + page.model.rowCount()
    qtbot.waitUntil(page.outputs.strip.isHidden, timeout=_PATIENCE)
    stopped = tmp_path / "arret.xlsx"
    assert page.export(stopped) is not None
    QTest.keyClick(page.outputs.strip.stop_button, Qt.Key.Key_Return)
    qtbot.waitUntil(page.outputs.strip.isHidden, timeout=_PATIENCE)
    bureau.settle()
    assert sorted(one.name for one in tmp_path.glob("*xlsx")) == ["choix.xlsx", "tout.xlsx"]


def test_a_record_is_printed_once_it_is_saved_and_as_it_is_saved(bureau: Bureau, monde: Monde, qtbot: QtBot) -> None:
    page = bureau.liste("interventions")
    assert page.new_record()
    bureau.settle()
    assert not page.form.print_button.isEnabled(), "a press would do nothing"
    assert "enregistré" in page.form.print_button.toolTip()
    page.view.select_id(monde.interventions[0])
    bureau.settle()
    assert page.form.print_button.isEnabled()
    page.form.fields.editors["titre"].line.setText("Pas encore enregistré")
    page.form.fields.editors["titre"].changed.emit()
    page.form.print_button.click()
    shown = [label.text() for one in bureau.window.toaster.toasts for label in one.findChildren(QLabel)]
    assert any("la saisie en cours" in words for words in shown)
    qtbot.waitUntil(lambda: bool(bureau.window.findChildren(PreviewWindow)), timeout=_PATIENCE)
    (window,) = bureau.window.findChildren(PreviewWindow)
    window.close()


def test_the_list_is_printed_as_it_is_shown(bureau: Bureau, qtbot: QtBot, tmp_path: Path) -> None:
    page = bureau.liste("clients")
    QTest.keyClick(page.head.export_button, Qt.Key.Key_Return)
    menu = next(one for one in page.findChildren(QMenu) if one.isVisible())
    for _step in range(3):
        QTest.keyClick(menu, Qt.Key.Key_Down)
    QTest.keyClick(menu, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(page.findChildren(PreviewWindow)), timeout=_PATIENCE)
    (window,) = page.findChildren(PreviewWindow)
    qtbot.waitUntil(lambda: len(window.pages) == 1, timeout=_PATIENCE)
    assert window.pages[0].width() > window.pages[0].height()
    target = tmp_path / "clients.pdf"
    window.keep(target)
    qtbot.waitUntil(target.exists, timeout=_PATIENCE)
    assert target.read_bytes().startswith(b"%PDF")
    window.close()
