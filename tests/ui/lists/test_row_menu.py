"""The menu of a row, by the right button and by the menu key."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from erp_desktop.ui.lists.columns import ColumnsPanel
from erp_desktop.ui.lists.page import ListPage
from tests.ui.company import Monde, remplir
from tests.ui.window import Bureau


@pytest.fixture
def page(bureau: Bureau) -> ListPage:
    return bureau.liste()


def asked(page: ListPage, place: int, column: str) -> dict[str, object]:
    """The acts of the menu that the right button opens over a cell."""
    view = page.view
    (section,) = (n for n, one in enumerate(page.model.columns) if one.key == column)
    spot = view.visualRect(page.model.index(place, section)).center()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.RightButton, pos=spot)
    where = view.viewport().mapToGlobal(spot)
    QApplication.sendEvent(view.viewport(), QContextMenuEvent(QContextMenuEvent.Reason.Mouse, spot, where))
    return offered(page)


def offered(page: ListPage) -> dict[str, object]:
    menu = page.selection.row_menu.menu
    assert menu is not None
    assert menu.isVisible()
    said = {act: act.text().split("\t")[0] for act in menu.actions() if act.text()}
    return {words.replace("\u202f", " ").replace("\u00a0", " "): act for act, words in said.items()}


def done(page: ListPage, bureau: Bureau, acts: dict[str, object], words: str) -> None:
    acts[words].trigger()  # type: ignore[attr-defined]
    menu = page.selection.row_menu.menu
    assert menu is not None
    menu.close()
    bureau.settle()


def test_the_right_button_marks_the_row_and_opens_no_form_until_it_is_asked(bureau: Bureau, page: ListPage) -> None:
    acts = asked(page, 1, "client")
    assert page.view.selected_ids() == [page.model.id_at(1)]
    bureau.settle()
    assert not page.beside.open
    assert [*acts][:3] == ["Ouvrir", "Ouvrir dans un onglet", "Copier le lien"]
    done(page, bureau, acts, "Ouvrir")
    assert page.form.row_id == page.model.id_at(1)
    # With a form open it follows the row that is marked.
    done(page, bureau, asked(page, 2, "client"), "Ouvrir dans un onglet")
    assert f"interventions/{page.model.id_at(2)}" in bureau.workspace.tabs.keys
    bureau.liste()
    assert page.form.row_id == page.model.id_at(2)


def test_a_cell_is_copied_whole_and_narrows_the_list(bureau: Bureau, page: ListPage, monde: Monde) -> None:
    board = QApplication.clipboard()
    row = page.model.row_at(0)
    acts = asked(page, 0, "numero")
    done(page, bureau, acts, f"Copier « {row.numero} »")
    assert board.text() == row.numero, "not the short form of the cell"
    done(page, bureau, asked(page, 0, "numero"), "Copier le lien")
    assert board.text() == f"{row.numero} — {row.titre}\nerp-mif:interventions/{row.id}"
    done(page, bureau, asked(page, 0, "numero"), "Copier la ligne")
    assert board.text().startswith(f"{row.numero}\t") or f"\t{row.numero}\t" in board.text()
    page.search("fuite")
    bureau.settle()
    status = page.model.row_at(0).statut
    assert status == "ouverte"
    done(page, bureau, asked(page, 0, "statut"), "Filtrer : Statut « Ouverte »")
    assert page.filter.text() == "fuite statut:ouverte"
    page.search("")
    bureau.settle()
    client = page.model.row_at(0).client
    done(page, bureau, asked(page, 0, "client"), f"Filtrer : Client « {client} »")
    assert page.filter.text() == f'client:"{client}"'
    assert {page.model.row_at(n).client for n in range(page.model.rowCount())} == {client}
    # What is no word of the filter narrows nothing.
    assert not [words for words in asked(page, 0, "sla") if words.startswith("Filtrer")]


def test_over_several_rows_it_is_of_them_all(bureau: Bureau, page: ListPage) -> None:
    for place in (0, 2):
        spot = page.view.visualRect(page.model.index(place, 3)).center()
        QTest.mouseClick(page.view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier, spot)
    page.form.close_panel()
    bureau.settle()
    acts = asked(page, 2, "titre")
    assert page.view.selected_ids() == [page.model.id_at(0), page.model.id_at(2)]
    assert {"Copier les 2 lignes", "Modifier les 2 lignes…", "Imprimer les 2 lignes…"} <= set(acts)
    done(page, bureau, acts, "Copier les 2 lignes")
    assert len(QApplication.clipboard().text().splitlines()) == 2
    done(page, bureau, asked(page, 2, "titre"), "Modifier les 2 lignes…")
    assert page.selection.editing


def test_the_menu_key_asks_for_the_current_row_and_the_head_for_the_columns(bureau: Bureau, page: ListPage) -> None:
    view = page.view
    view.setFocus()
    view.select_place(1)
    bureau.settle()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(), view.mapToGlobal(QPoint()))
    QApplication.sendEvent(view, event)
    acts = offered(page)
    done(page, bureau, acts, "Choisir toutes les lignes")
    assert page.selection.size == page.model.rowCount()
    header = view.horizontalHeader()
    spot = QPoint(40, 8)
    ask = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, spot, header.viewport().mapToGlobal(spot))
    QApplication.sendEvent(header.viewport(), ask)
    (panel,) = page.findChildren(ColumnsPanel)
    assert panel.isVisible()


def test_home_and_end_go_to_the_first_and_the_last_row(
    bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine
) -> None:
    """Of a list whose last rows are not read yet."""
    remplir(sqlite_engine, monde, 3_000)
    page = bureau.liste()
    assert page.model.rowCount() > 3_000
    view = page.view
    view.setFocus()
    view.select_place(2)
    for key, place in ((Qt.Key.Key_End, page.model.rowCount() - 1), (Qt.Key.Key_Home, 0)):
        QTest.keyClick(view, key)
        bureau.settle()
        assert view.currentIndex().row() == place
        assert view.selected_ids() == [page.model.id_at(place)]
        assert page.form.row_id == page.model.id_at(place)
    view.select_place(2)
    QTest.keyClick(view, Qt.Key.Key_End, Qt.KeyboardModifier.ShiftModifier)
    bureau.settle()
    assert view.chosen_spans() == [(2, page.model.rowCount())]
    assert page.selection.size == page.model.rowCount() - 2
