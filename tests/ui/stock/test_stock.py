"""Stock through real widgets: movements by keyboard, a count with a scanner, lines that take parts, bons."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pypdf
import sqlalchemy as sa
from PySide6.QtCore import Qt
from PySide6.QtPrintSupport import QPrinter
from PySide6.QtWidgets import QLabel, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.domain.writing import bidi
from erp_desktop.services.stock import quantities
from erp_desktop.ui.printing.preview import PreviewWindow
from erp_desktop.ui.stock.count_page import CountPage
from erp_desktop.ui.stock.count_table import COUNTED, EXPECTED, LOT, MOTIVE
from erp_desktop.ui.stock.ledger_tab import LedgerTab, origin
from erp_desktop.ui.stock.movements import MovesPage
from erp_desktop.ui.stock.part_bar import PartBar
from erp_desktop.ui.stock.threshold_tab import ThresholdTab
from tests.reports.papers.invoices import pages
from tests.ui.company import Monde
from tests.ui.window import Bureau


def held(engine: sa.Engine, piece: int, depot: int) -> Decimal:
    with transaction(engine, write=False) as session:
        return quantities.in_depot(session, piece, depot)


def said(widget: QWidget) -> str:
    return widget.error.label.text() if widget.error.isVisibleTo(widget) else ""  # type: ignore[attr-defined]


def choose(combo: QWidget, value: object) -> None:
    combo.combo.setCurrentIndex(combo.combo.findData(value))  # type: ignore[attr-defined]
    combo.changed.emit()  # type: ignore[attr-defined]


def test_movements_by_keyboard_and_what_is_refused_under_its_field(
    bureau: Bureau, magasin: dict[str, int], qtbot: QtBot, sqlite_engine: sa.Engine
) -> None:
    page = bureau.liste("stock")
    assert page.model.rowCount() == 1
    page.view.select_id(magasin["joint"])
    bureau.settle()
    bar = page.form.bar
    assert isinstance(bar, PartBar)
    bar.buttons["transfert"].click()
    strip = bar.strip
    strip.post()
    bureau.settle()
    assert said(strip.fields["quantite"]) == "Ce champ est obligatoire."
    qtbot.keyClicks(strip.quantity.line, "3")
    choose(strip.depot, magasin["magasin"])
    choose(strip.target, magasin["magasin"])
    qtbot.keyClick(strip.quantity.line, Qt.Key.Key_Return)
    bureau.settle()
    assert "autre dépôt" in said(strip.fields["vers_depot_id"])
    choose(strip.target, magasin["fourgon"])
    qtbot.keyClick(strip.quantity.line, Qt.Key.Key_Return)
    bureau.settle()
    assert held(sqlite_engine, magasin["joint"], magasin["fourgon"]) == 3
    assert not strip.isVisibleTo(bar)
    tab, _lots, limits = page.form.parts[:3]
    assert isinstance(tab, LedgerTab)
    assert isinstance(limits, ThresholdTab)
    least, most = limits.rows[magasin["fourgon"]]
    qtbot.keyClicks(least.editor.line, "5")  # type: ignore[attr-defined]
    qtbot.keyClicks(most.editor.line, "4")  # type: ignore[attr-defined]
    limits.save(magasin["fourgon"])
    bureau.settle()
    assert "inférieur" in said(most)
    qtbot.keyClicks(most.editor.line, "0")  # type: ignore[attr-defined]
    qtbot.keyClick(most.editor.line, Qt.Key.Key_Return)  # type: ignore[attr-defined]
    bureau.settle()
    assert [p.maximum for p in page.form.record.places if p.depot_id == magasin["fourgon"]] == [Decimal(40)]
    # The bar of the ledger: scan, quantity, Enter; an exit below zero is made and said.
    moves = bureau.workspace.open_section("mouvements")
    assert isinstance(moves, MovesPage)
    bureau.settle()
    assert moves.model.rowCount() == 3
    strip = moves.strip
    strip.show_kind("sortie")
    choose(strip.depot, magasin["fourgon"])
    qtbot.keyClicks(strip.code, "inconnu")
    qtbot.keyClick(strip.code, Qt.Key.Key_Return)
    qtbot.keyClicks(strip.quantity.line, "5")
    qtbot.keyClick(strip.quantity.line, Qt.Key.Key_Return)
    bureau.settle()
    assert "aucune pièce" in said(strip.fields["code"])
    strip.code.clear()
    qtbot.keyClicks(strip.code, "3606480012204")
    qtbot.keyClick(strip.code, Qt.Key.Key_Return)
    qtbot.keyClick(strip.quantity.line, Qt.Key.Key_Return)
    # A slow centre: what is typed of the next one meanwhile is not cleared with the first.
    qtbot.keyClicks(strip.motive.line, "BL 8")
    bureau.settle()
    assert held(sqlite_engine, magasin["joint"], magasin["fourgon"]) == -2
    assert moves.model.rowCount() == 4
    assert (strip.code.text(), strip.quantity.line.text(), strip.motive.line.text()) == ("", "", "BL 8")
    strip.show_typed({})
    strip.start()
    # Of a job, the ledger of a part has room for what tells it from others.
    taken = replace(
        moves.model.row_at(0), autre="", origine=f"INT-CAS-04-{clock.today().year}-00487", motif="", lot=""
    )
    assert origin(taken, short=True) == "04-00487"
    assert origin(taken) == taken.origine
    assert bureau.window.focusWidget() is strip.code
    # Ctrl+P on rows of the ledger is the paper that goes with them.
    moves.view.reselect(list(moves.model.ids))
    moves.print_out()
    bureau.settle()
    (preview,) = bureau.window.findChildren(PreviewWindow)
    qtbot.waitUntil(lambda: bool(preview.pages), timeout=30_000)
    assert preview.windowTitle() in {"Bon de transfert", "Bons de transfert"}
    preview.close()
    page = bureau.liste("stock")
    page.filter.set_text("etat:negatif")
    bureau.settle()
    assert page.model.rowCount() == 1


def test_a_count_by_scanner_and_keyboard(
    bureau: Bureau, magasin: dict[str, int], qtbot: QtBot, sqlite_engine: sa.Engine, tmp_path: Path
) -> None:
    page = bureau.liste("inventaires")
    page.new_record()
    bureau.settle()
    picker = page.form.fields.editors["depot_id"]
    qtbot.keyClicks(picker.inner, "magasin")
    qtbot.keyClick(picker.inner, Qt.Key.Key_Return)
    bureau.settle()
    page.form.save()
    bureau.settle()
    assert page.form.row_id is not None
    remark = page.form.fields.rows["remarque"]
    assert remark.height() == remark.sizeHint().height(), "no hole in a short form"
    page.form.bar.open()  # type: ignore[union-attr]
    bureau.settle()
    sheet = bureau.workspace.page
    assert isinstance(sheet, CountPage)
    assert not sheet.finish_button.isEnabled()
    qtbot.keyClicks(sheet.code, "999")
    qtbot.keyClick(sheet.code, Qt.Key.Key_Return)
    bureau.settle()
    assert "aucune pièce" in sheet.error.label.text()
    assert sheet.code.selectedText() == "999"
    # A scanner does not wait: the refused code neither mixes with the next one nor is lost under it.
    for typed in ("998", "jnt-63"):
        qtbot.keyClicks(sheet.code, typed)
        qtbot.keyClick(sheet.code, Qt.Key.Key_Return)
    qtbot.keyClicks(sheet.code, "3606")
    bureau.settle()
    assert sheet.code.text() == "3606"
    assert (sheet.model.rows[0].compte, "1 compté" in sheet.told.text()) == (1, True)
    assert all(code in sheet.error.label.text() for code in ("999", "998"))
    sheet.code.clear()
    qtbot.keyClick(sheet.code, Qt.Key.Key_Escape)
    assert sheet.error.label.text() == ""
    assert bureau.workspace.page is sheet
    qtbot.keyClick(sheet.code, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    bureau.settle()
    for typed in ("3606480012204", "3*jnt-63"):
        sheet.code.clear()
        qtbot.keyClicks(sheet.code, typed)
        qtbot.keyClick(sheet.code, Qt.Key.Key_Return)
        bureau.settle()
    assert "4" in sheet.told.text()
    qtbot.keyClick(sheet.code, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    bureau.settle()
    assert sheet.code.text() == ""
    qtbot.keyClick(sheet.code, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    bureau.settle()
    assert sheet.model.rows[0].compte is None, "taken back, it was not counted: that is not zero"
    qtbot.keyClicks(sheet.code, "jnt-63")
    qtbot.keyClick(sheet.code, Qt.Key.Key_Return)
    bureau.settle()
    assert sheet.model.rows[0].compte == 1
    sheet.table.setCurrentIndex(sheet.model.index(0, COUNTED))
    assert sheet.model.setData(sheet.model.index(0, COUNTED), "8,5")
    bureau.settle()
    assert (sheet.model.rows[0].compte, sheet.model.rows[0].ecart) == (Decimal("8.5"), Decimal("-1.5"))
    assert not sheet.model.setData(sheet.model.index(0, COUNTED), "huit")
    assert "nombre" in sheet.error.label.text()
    assert sheet.model.forget()
    # A followed part: its code, then the lots on the shelf one after the other, until Esc.
    assert sheet.table.isColumnHidden(LOT)
    with sqlite_engine.begin() as connection:
        connection.execute(sa.text(
            "INSERT INTO pieces_detachees (id, agence_id, reference, designation, suivi, created_at, updated_at) "
            "SELECT 9, agence_id, 'GRS-1', 'Graisse', 'lot', created_at, updated_at FROM pieces_detachees LIMIT 1"
        ))  # fmt: skip
    for typed in ("grs-1", "2*g-1", "g-2", "g-1"):
        qtbot.keyClicks(sheet.code, typed)
        qtbot.keyClick(sheet.code, Qt.Key.Key_Return)
    bureau.settle()
    assert sheet.error.label.text() == ""
    assert not sheet.table.isColumnHidden(LOT)
    assert [(r.lot, r.compte) for r in sheet.model.rows if r.lot] == [("G-1", 3), ("G-2", 1)]
    assert "G-1" in sheet.told.text()
    assert "GRS-1" in sheet.code.placeholderText()
    qtbot.keyClick(sheet.code, Qt.Key.Key_Escape)
    assert "GRS-1" not in sheet.code.placeholderText()
    # By keyboard in the table: one line further after each figure, also where the counted line leaves the choice.
    sheet.show_only("ecarts")
    sheet.table.setFocus()
    for typed, row, then in (("2", 0, 1), ("0", 1, 1)):
        sheet.table.setCurrentIndex(sheet.model.index(row, COUNTED))
        qtbot.keyClicks(sheet.table, typed)
        (editor,) = (x for x in sheet.table.viewport().findChildren(QLineEdit) if x.isVisible())
        qtbot.keyClick(editor, Qt.Key.Key_Return)
        bureau.settle()
        assert sheet.table.currentIndex() == sheet.model.index(then, COUNTED)
    assert [(r.lot, r.compte) for r in sheet.model.rows] == [("G-1", 2), (None, Decimal("8.5"))]

    # F2 writes over, Tab goes to the motive; what is being typed outlives the lines that come back meanwhile.
    def writing() -> QLineEdit:
        (editor,) = (x for x in sheet.table.viewport().findChildren(QLineEdit) if x.isVisible())
        return editor

    sheet.table.setCurrentIndex(sheet.model.index(0, COUNTED))
    qtbot.keyClick(sheet.table, Qt.Key.Key_F2)
    qtbot.keyClicks(writing(), "1")
    qtbot.keyClick(writing(), Qt.Key.Key_Tab)
    assert sheet.table.currentIndex() == sheet.model.index(0, MOTIVE)
    qtbot.keyClicks(writing(), "Casse")
    bureau.settle()
    assert writing().text() == "Casse"
    qtbot.keyClick(writing(), Qt.Key.Key_Return)
    bureau.settle()
    assert (sheet.model.rows[0].compte, sheet.model.rows[0].motif) == (1, "Casse")
    assert sheet.table.currentIndex() == sheet.model.index(1, COUNTED)
    assert (sheet.side.bar.value(), sheet.side.bar.maximum()) == (3, len(sheet.sheet.lines))  # type: ignore[union-attr]
    read = sheet.sheet
    assert read is not None
    sheet.side.show_sheet(replace(read, lines=tuple(replace(x, bouge=1) for x in read.lines)), blind=False)
    sheet.side.grab()
    assert "Mouvement pendant le comptage" in [label.text() for label in sheet.side.findChildren(QLabel)]
    for _ in range(4):
        qtbot.keyClick(sheet.table, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        bureau.settle()
    sheet.show_only("tout")
    qtbot.keyClick(sheet.table, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    for _ in range(3):
        qtbot.keyClick(sheet.code, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        bureau.settle()
    assert [(r.lot, r.compte) for r in sheet.model.rows if r.lot] == []
    sheet.blind.click()
    assert sheet.table.isColumnHidden(EXPECTED)
    qtbot.keyClick(sheet.code, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
    bureau.settle()
    (preview,) = bureau.window.findChildren(PreviewWindow)
    qtbot.waitUntil(lambda: bool(preview.pages), timeout=30_000)
    assert (preview.windowTitle(), preview.code) == ("Feuille de comptage", "fr")
    preview.keep(tmp_path / "feuille.pdf")
    qtbot.waitUntil((tmp_path / "feuille.pdf").exists, timeout=30_000)
    (told,) = pages((tmp_path / "feuille.pdf").read_bytes())
    assert any("8,5" in line for line in told)
    assert not any("Attendu" in line for line in told)
    preview.close()
    sheet.finish_button.click()
    bureau.settle()
    assert held(sqlite_engine, magasin["joint"], magasin["magasin"]) == Decimal("8.5")
    assert not sheet.finish_button.isVisibleTo(sheet)
    # A closed place is counted by nobody.
    with sqlite_engine.begin() as connection:
        connection.execute(sa.text("UPDATE depots SET statut = 'clos' WHERE nom = 'Fourgon 1'"))
    page = bureau.liste("inventaires")
    page.new_record()
    bureau.settle()
    picker = page.form.fields.editors["depot_id"]
    picker.show_value(magasin["fourgon"], "Fourgon 1")
    picker.changed.emit()
    page.form.save()
    bureau.settle()
    assert "clos" in said(page.form.fields.rows["depot_id"])


def test_a_line_takes_its_part_from_the_van_and_the_bon_tells_it(
    bureau: Bureau, monde: Monde, magasin: dict[str, int], qtbot: QtBot, sqlite_engine: sa.Engine, tmp_path: Path
) -> None:
    page = bureau.liste()
    page.view.select_id(monde.interventions[0])
    bureau.settle()
    lines = page.form.parts[0]
    choose(lines.kind, "piece")  # type: ignore[attr-defined]
    fields = lines.parts  # type: ignore[attr-defined]
    # The technicien's van comes first; the work has begun, so the part is taken at once.
    assert fields.depot.value() == magasin["fourgon"]
    assert fields.planned.value() is False
    qtbot.keyClicks(fields.part.inner, "jnt")
    qtbot.keyClick(fields.part.inner, Qt.Key.Key_Return)
    bureau.settle()
    assert lines.designation.value() == "Kit joints Ø63"  # type: ignore[attr-defined]
    assert lines.price.value() == Decimal(120)  # type: ignore[attr-defined]
    qtbot.keyClicks(lines.quantity.line, "2")  # type: ignore[attr-defined]
    lines.add()  # type: ignore[attr-defined]
    bureau.settle()
    assert held(sqlite_engine, magasin["joint"], magasin["fourgon"]) == -2
    # Two rows of the list, one batch.
    for row in monde.interventions[:2]:
        page.view.selectionModel().select(
            page.model.index(page.model.place_of(row), 0),
            page.view.selectionModel().SelectionFlag.Select | page.view.selectionModel().SelectionFlag.Rows,
        )
    assert page.print_out()
    qtbot.waitUntil(lambda: bool(bureau.window.findChildren(PreviewWindow)))
    window = bureau.window.findChildren(PreviewWindow)[0]
    qtbot.waitUntil(lambda: len(window.pages) == 2)
    assert not window.pages[0].isNull()
    target = tmp_path / "bons.pdf"
    choose(window.languages, "ar")
    window.keep(target)
    qtbot.waitUntil(target.exists)
    texts = [bidi.nu(page.extract_text()) for page in pypdf.PdfReader(target).pages]
    assert len(texts) == 2
    both = "\n".join(texts)
    assert "Kit joints Ø63" in both
    assert "Fourgon 1" in both
    assert all(text.count("1 / 1") == 1 for text in texts)
    printer = QPrinter()
    printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
    printer.setOutputFileName(str(tmp_path / "imprimes.pdf"))
    window.print_on(printer)
    qtbot.waitUntil((tmp_path / "imprimes.pdf").exists)
    window.close()
