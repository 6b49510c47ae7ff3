"""A report of one's own in a real window: chosen, shown, kept, shared, planned, written, previewed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QApplication, QLabel
from python_calamine import CalamineWorkbook

from erp_desktop.db.session import transaction
from erp_desktop.domain.rapports import definition as definitions
from erp_desktop.models import RapportPlanifie
from erp_desktop.services import rapports
from erp_desktop.ui.kit import i18n, theme
from erp_desktop.ui.lists.page import ListPage
from erp_desktop.ui.printing.preview import PreviewWindow
from erp_desktop.ui.rapports.composer import ComposerPage
from tests.ui.company import Monde
from tests.ui.window import Bureau


@pytest.fixture
def page(bureau: Bureau) -> ComposerPage:
    found = bureau.workspace.open_section("composer")
    assert isinstance(found, ComposerPage)
    bureau.settle()
    return found


def _cells(page: ComposerPage) -> list[list[str]]:
    model = page.answer.table.modele
    return [[str(model.index(r, c).data()) for c in range(model.columnCount())] for r in range(model.rowCount())]


def _check(page: ComposerPage, key: str, on: bool) -> None:
    item = next(i for n in range(page.chosen.figures.count())
                if (i := page.chosen.figures.item(n)).data(Qt.ItemDataRole.UserRole) == key)  # fmt: skip
    item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)


def test_what_is_chosen_is_shown_kept_and_opened_again(bureau: Bureau, page: ComposerPage, monde: Monde) -> None:
    assert _cells(page) == [["Casablanca", "4", "0,0\u202f%", "–"], ["Total", "4", "0,0\u202f%", "–"]]
    assert "Casablanca : 4" in page.answer.chart.accessibleDescription()
    client = page.chosen.narrow.editors["client"]
    client.choose(monde.clients[0], "Conserveries Atlas")
    bureau.settle()
    assert _cells(page)[-1][:2] == ["Total", "1"]
    # The number opens its rows, with the same filter.
    page.answer.table.clicked.emit(page.answer.table.modele.index(0, 1))
    bureau.settle()
    shown = bureau.workspace.page
    assert isinstance(shown, ListPage)
    assert shown.model.rowCount() == 1
    bureau.workspace.open_section("composer")
    client.show_value(None)
    client.changed.emit()
    assert page.definition.client_id is None
    # Two days of one's own; what is not two days is refused in words.
    page.chosen.period.show_value("dates")
    page.chosen.period.changed.emit()
    first, last = page.chosen.days
    first.show_value(date(2026, 3, 31))
    last.show_value(date(2026, 3, 1))
    last.changed.emit()
    assert page.refusal.label.text() == "La fin de la période précède son début."
    first.show_value(None)
    first.changed.emit()
    assert page.refusal.label.text() == "Indiquez les deux dates de la période."
    first.show_value(date(2026, 3, 1))
    last.show_value(date(2026, 3, 31))
    last.changed.emit()
    bureau.settle()
    assert page.found is not None
    assert (page.found.scope.debut, page.found.scope.fin) == (date(2026, 3, 1), date(2026, 3, 31))
    assert page.definition == definitions.read(page.definition.written())
    page.chosen.period.show_value("30j")
    page.chosen.period.changed.emit()
    # A figure that the filter does not know says why, before and after it is asked for.
    tech = page.chosen.narrow.editors["technicien"]
    tech.choose(monde.techniciens[0], "K. Alaoui")
    item = next(i for n in range(page.chosen.figures.count()) if (i := page.chosen.figures.item(n)).text() == "MTBF")
    assert "ne sont celles d'aucun technicien" in item.toolTip().replace("’", "'")
    _check(page, "mtbf", on=True)
    bureau.settle()
    assert "ne sont celles d'aucun technicien" in page.refusal.label.text().replace("’", "'")
    _check(page, "mtbf", on=False)
    tech.show_value(None)
    tech.changed.emit()
    _check(page, "mttr", on=False)
    _check(page, "creees", on=True)
    page.chosen.group.show_value("priorite")
    page.chosen.group.changed.emit()
    bureau.settle()
    assert [row[0] for row in _cells(page)] == ["Haute", "Normale", "Urgente", "Basse", "Total"]
    page.chosen.group.show_value("piece")
    page.chosen.group.changed.emit()
    assert "regroupement" in page.refusal.label.text()
    page.chosen.group.show_value("priorite")
    page.chosen.group.changed.emit()
    page.save()
    bureau.settle()
    assert page.refusal.label.text() == "Donnez un nom à ce rapport."
    page.name.setText("Priorités")
    page.shared.setChecked(True)
    page.save()
    bureau.settle()
    assert page.saved.value() == str(page.kept[0].id)
    assert monde.agent is not None
    with transaction(bureau.worker.engine, write=False) as session:
        (seen,) = rapports.saved(session, monde.agent)
    assert (seen.name, seen.definition.group, seen.owner) == ("Priorités", "priorite", "Nadia Chraibi")
    # Another beside it, and back.
    page.saved.show_value("")
    page.saved.changed.emit()
    assert page.times.isHidden()
    page.chosen.group.show_value("")
    page.chosen.group.changed.emit()
    bureau.settle()
    page.saved.show_value(str(seen.id))
    page.saved.changed.emit()
    bureau.settle()
    assert page.chosen.group.value() == "priorite"
    page.times.hour.setText("25:00")
    page.times.plan()
    assert "08:00" in page.times.refusal.label.text()
    page.times.hour.setText("7:30")
    page.times.rhythm.show_value("1")
    page.times.where.setText("chef@mif")
    page.times.plan()
    bureau.settle()
    assert "adresse" in page.times.refusal.label.text()
    page.times.where.setText("chef@mif.ma")
    page.times.plan()
    bureau.settle()
    assert [s.rhythm.written() for s in page.times.schedules] == ["30 7 * * 1"]
    page._delete()
    bureau.settle()
    assert page.kept == []
    with transaction(bureau.worker.engine, write=False) as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(RapportPlanifie)) == 0


def test_it_goes_into_files_and_under_the_eye(
    bureau: Bureau, page: ComposerPage, tmp_path: Path, qapp: QApplication
) -> None:
    page.export(tmp_path / "rapport.xlsx")
    bureau.settle()
    rows = CalamineWorkbook.from_path(tmp_path / "rapport.xlsx").get_sheet_by_index(0).to_python()
    assert rows[:2] == [["Agence", "Encours", "SLA tenus (%)", "MTTR (h)"], ["Casablanca", 4.0, 0.0, ""]]
    page.export(tmp_path / "absent" / "rapport.csv")
    bureau.settle()
    toast = bureau.window.toaster.toasts[-1].findChild(QLabel)
    assert "ce dossier n’existe pas" in toast.text()
    # In the dark, the table's ground is the card's.
    theme.install(qapp, theme.DARK)
    ground = page.answer.table.viewport().palette().color(QPalette.ColorRole.Base)
    assert ground == theme.theme().color("surface.raised")
    page.print_out()
    bureau.settle()
    (preview,) = page.findChildren(PreviewWindow)
    bureau.qtbot.waitUntil(lambda: bool(preview.pages), timeout=30_000)
    preview.close()


def test_the_notes_of_a_latin_figure_are_read_from_the_right_in_arabic(bureau: Bureau, qapp: QApplication) -> None:
    i18n.set_language(qapp, "ar")
    page = bureau.workspace.open_section("composer")
    assert isinstance(page, ComposerPage)
    bureau.settle()
    (note,) = [line for line in page.answer.notes.text().splitlines() if "MTTR" in line]
    # Kept apart, or the number behind it would be read as a part of the name.
    assert note.startswith("\u2068MTTR\u2069: 0 ")
