"""A count by what it says of itself: its state, its limit, its sound, and what Ctrl+Z takes back."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QModelIndex, QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit
from pytestqt.qtbot import QtBot

from erp_desktop.db.session import transaction
from erp_desktop.domain.saisie.stock import InventaireInput
from erp_desktop.services.stock import counting
from erp_desktop.ui.stock.count_page import CountPage
from erp_desktop.ui.stock.count_scanner import Scanner
from erp_desktop.ui.stock.count_table import COUNTED, MOTIVE
from tests.ui.window import Bureau


def opened(bureau: Bureau, depot: int) -> CountPage:
    """A count that was just begun in a depot."""
    who = bureau.acteur
    with transaction(bureau.worker.engine, who.user_id) as session:
        ident = counting.create(session, who, InventaireInput(depot_id=depot))
    sheet = bureau.workspace.open_record("inventaires", ident)
    assert isinstance(sheet, CountPage)
    bureau.settle()
    return sheet


def test_a_motive_given_by_itself_is_taken_back_and_so_is_what_was_said_before_it(
    bureau: Bureau, magasin: dict[str, int], qtbot: QtBot
) -> None:
    sheet = opened(bureau, magasin["magasin"])
    counted, motive = sheet.model.index(0, COUNTED), sheet.model.index(0, MOTIVE)
    for place, typed in ((counted, "8"), (motive, "Casse"), (motive, "Vol")):
        assert sheet.model.setData(place, typed)
        bureau.settle()
    assert sheet.model.rows[0].motif == "Vol"
    told = []
    for _ in range(3):
        qtbot.keyClick(sheet.code, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        told.append(sheet.told.text())
        bureau.settle()
        told.append(sheet.model.rows[0].motif)
    assert told == ["Motif annulé", "Casse", "Motif annulé", "", "Frappe annulée", ""]
    assert sheet.model.rows[0].compte is None


def test_a_count_says_its_state_and_its_limit_and_its_refusals_may_be_silent(
    bureau: Bureau, magasin: dict[str, int], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    beeps = list[int]()
    monkeypatch.setattr(QApplication, "beep", lambda: beeps.append(1))
    sheet = opened(bureau, magasin["magasin"])
    assert sheet.pill.accessibleName() == "Comptage en cours"

    def told() -> str:
        return " ".join(label.text() for label in sheet.side.findChildren(QLabel) if not label.isHidden())

    sound = sheet.findChild(Scanner).sound  # type: ignore[union-attr]
    for heard in (1, 1, 2):
        qtbot.keyClicks(sheet.code, "999")
        qtbot.keyClick(sheet.code, Qt.Key.Key_Return)
        bureau.settle()
        assert len(beeps) == heard
        sheet.code.clear()
        sound.click()
    assert sound.accessibleName() == "Rétablir le son des refus"
    # Another count on this desktop keeps silent too.
    again = Scanner(bureau.workspace.contexte, sheet.row_id)
    qtbot.addWidget(again)
    assert again.muted
    assert "dépassé" not in told()
    assert sheet.model.setData(sheet.model.index(0, COUNTED), "200")
    bureau.settle()
    assert "dépassé, un responsable valide" in told()
    sheet.finish_button.click()
    bureau.settle()
    assert sheet.pill.accessibleName() == "Validé"


def test_what_is_not_counted_stays_in_its_cell_with_its_reason(
    bureau: Bureau, magasin: dict[str, int], qtbot: QtBot
) -> None:
    sheet = opened(bureau, magasin["magasin"])
    cell, motive = sheet.model.index(0, COUNTED), sheet.model.index(0, MOTIVE)

    def typed(words: str) -> tuple[str, str]:
        sheet.table.setCurrentIndex(cell)
        qtbot.keyClick(sheet.table, Qt.Key.Key_F2)
        (editor,) = (x for x in sheet.table.viewport().findChildren(QLineEdit) if x.isVisible())
        editor.selectAll()
        editor.insert(words)
        qtbot.keyClick(editor, Qt.Key.Key_Return)
        bureau.settle()
        return cell.data(), sheet.error.label.text()

    assert typed("huit") == ("huit", "Kit joints Ø63 : «\xa0huit\xa0» n’est pas un nombre.")
    assert sheet.table.currentIndex() == cell, "the cursor waits where it is wrong"
    assert not sheet.model.setData(motive, "Casse")
    assert "Comptez d’abord" in motive.data(Qt.ItemDataRole.ToolTipRole)
    assert sheet.model.setData(motive, "")
    assert typed("-5")[1] == "Kit joints Ø63 : On ne compte pas moins que zéro."
    assert cell.data(Qt.ItemDataRole.EditRole) == "−5"
    assert typed("8") == ("8", "")
    assert "tapez 0" in typed("")[1]
    # The count does not end over what is said there; Esc gives it up.
    sheet.show_only("a_compter")
    sheet.finish_button.click()
    bureau.settle()
    assert sheet.sheet is not None
    assert (sheet.sheet.etat, "tapez 0" in sheet.error.label.text()) == ("ouvert", True)
    qtbot.keyClick(sheet.table, Qt.Key.Key_Escape)
    assert (cell.data(), sheet.error.label.text(), bureau.workspace.page) == ("8", "", sheet)


@pytest.mark.parametrize("wide", [1440, 1366])
def test_the_state_of_a_count_is_cut_by_none_of_its_acts(bureau: Bureau, magasin: dict[str, int], wide: int) -> None:
    bureau.window.resize(wide, 768)
    sheet = opened(bureau, magasin["magasin"])
    for shown in (sheet.pill, sheet.number_line, sheet.reason, sheet.print_button, sheet.finish_button):
        assert shown.isVisible()
        assert shown.visibleRegion().boundingRect().size() == shown.size()
        assert shown.width() >= shown.sizeHint().width()
        here = QRect(shown.mapTo(sheet, QPoint()), shown.size())
        others = {sheet.pill, sheet.print_button, sheet.cancel_button, sheet.partial_button} - {shown}
        assert not any(here.intersects(QRect(one.mapTo(sheet, QPoint()), one.size())) for one in others)


@pytest.mark.parametrize("left_with", ["finish_button", "print_button", "table"])
def test_a_scan_belongs_to_the_code_wherever_a_click_left_the_keyboard(
    bureau: Bureau, magasin: dict[str, int], qtbot: QtBot, left_with: str
) -> None:
    sheet = opened(bureau, magasin["magasin"])
    # All is counted: Enter on the button would end it.
    assert sheet.model.setData(sheet.model.index(0, COUNTED), "1")
    bureau.settle()
    holder = getattr(sheet, left_with)
    if left_with == "table":
        holder.setCurrentIndex(QModelIndex())
    holder.setFocus()
    qtbot.waitUntil(holder.hasFocus)
    for sign in f"3*{sheet.model.rows[0].reference}":
        QTest.keyClick(QApplication.focusWidget(), sign)
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    bureau.settle()
    assert sheet.model.rows[0].compte == 4
    assert sheet.sheet is not None
    assert sheet.sheet.etat == "ouvert"
    assert sheet.code.hasFocus()
