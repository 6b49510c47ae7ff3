"""Clients, équipements and techniciens on the same list and form classes; the frame's keys."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from erp_desktop.db.session import transaction
from erp_desktop.ui.forms import view as form_view
from erp_desktop.ui.forms.fields import Fields
from erp_desktop.ui.kit import i18n
from erp_desktop.ui.kit.paint import metrics
from erp_desktop.ui.lists.beside.form import PIECE_S, Beside
from erp_desktop.ui.lists.page import ListPage
from tests.ui.company import Monde
from tests.ui.window import Bureau


def test_a_client_with_a_short_ice_is_refused_under_the_field(bureau: Bureau, monde: Monde, qtbot: QtBot) -> None:
    bureau.window.resize(1366, 600)
    page = bureau.liste("clients")
    assert page.model.rowCount() == 3
    page.view.select_id(monde.clients[0])
    bureau.settle()
    row = page.form.fields.rows["ice"]
    assert row.visibleRegion().isEmpty(), "under the edge of a low window"
    qtbot.keyClicks(page.form.fields.editors["ice"].inner, "00153208700004")
    page.form.save()
    bureau.settle()
    assert "15" in row.error.label.text()
    # The form is scrolled to it, and to the sentence.
    qtbot.waitUntil(lambda: row.visibleRegion().boundingRect() == row.rect())


def test_a_client_is_created_from_its_list(bureau: Bureau, qtbot: QtBot, sqlite_engine: sa.Engine) -> None:
    page = bureau.liste("clients")
    bureau.workspace._new()
    bureau.settle()
    assert page.form.isVisible()
    qtbot.keyClicks(page.form.fields.editors["nom_entreprise"].inner, "Laiterie Doukkala")
    bureau.workspace._page_does("save")
    bureau.settle()
    assert page.form.row_id is not None
    with transaction(sqlite_engine, write=False) as session:
        found = session.execute(sa.text("SELECT agence_id FROM clients WHERE nom_entreprise = 'Laiterie Doukkala'"))
        assert found.scalar_one() is not None
    assert page.model.rowCount() == 4


def test_an_equipement_shows_its_client_and_saves_a_date(
    bureau: Bureau, monde: Monde, qtbot: QtBot, sqlite_engine: sa.Engine
) -> None:
    page = bureau.liste("equipements")
    page.view.select_id(monde.machines[0])
    bureau.settle()
    assert page.form.fields.editors["client_id"].inner.text() == "Conserveries Atlas"  # type: ignore[attr-defined]
    qtbot.keyClicks(page.form.fields.editors["date_fin_garantie"].inner, "31/12/2027")
    page.form.save()
    bureau.settle()
    with transaction(sqlite_engine, write=False) as session:
        sql = sa.text("SELECT date_fin_garantie FROM equipements WHERE id = :i")
        assert str(session.execute(sql, {"i": monde.machines[0]}).scalar_one()) == "2027-12-31"


def test_a_technicien_is_put_on_leave(bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine) -> None:
    page = bureau.liste("techniciens")
    page.view.select_id(monde.techniciens[1])
    bureau.settle()
    editor = page.form.fields.editors["disponibilite"]
    editor.show_value("conge")
    editor.changed.emit()
    page.form.save()
    bureau.settle()
    with transaction(sqlite_engine, write=False) as session:
        sql = sa.text("SELECT disponibilite FROM techniciens WHERE id = :i")
        assert session.execute(sql, {"i": monde.techniciens[1]}).scalar_one() == "conge"


def test_keys_move_between_sections_tabs_and_help(bureau: Bureau, qtbot: QtBot) -> None:
    bureau.liste()
    qtbot.keyClick(bureau.window, Qt.Key.Key_7, Qt.KeyboardModifier.ControlModifier)
    bureau.settle()
    assert bureau.workspace.tabs.current == "clients"
    assert bureau.workspace.nav.items["clients"].isChecked()
    qtbot.keyClick(bureau.window, Qt.Key.Key_F1)
    assert bureau.workspace.keys.isVisible()
    bureau.workspace._escape()
    # Whatever opens over the page gives the keyboard back to who had it.
    held = bureau.workspace.tabs.page("clients")
    assert isinstance(held, ListPage)
    held.view.setFocus()
    qtbot.keyClick(bureau.window, Qt.Key.Key_F1)
    assert not held.view.hasFocus()
    bureau.workspace._escape()
    assert held.view.hasFocus()
    # On a low window, or in a script that needs more room, all of them are in sight too.
    bureau.window.resize(1366, 600)
    bureau.settle()
    qtbot.keyClick(bureau.window, Qt.Key.Key_F1)
    assert bureau.workspace.rect().contains(bureau.workspace.keys.geometry())
    bureau.workspace._escape()
    assert not bureau.workspace.keys.isVisible()
    for key, modifiers, shown in (
        (Qt.Key.Key_Tab, Qt.KeyboardModifier.ControlModifier, "interventions"),
        (Qt.Key.Key_PageUp, Qt.KeyboardModifier.ControlModifier, "clients"),
        (Qt.Key.Key_Tab, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier, "interventions"),
        (Qt.Key.Key_PageDown, Qt.KeyboardModifier.ControlModifier, "clients"),
    ):
        qtbot.keyClick(bureau.window, key, modifiers)
        assert bureau.workspace.tabs.current == shown
    qtbot.keyClick(bureau.window, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)
    assert bureau.workspace.tabs.keys == ["interventions"]


def test_narrow_windows_get_a_rail_and_tight_rows(bureau: Bureau) -> None:
    page = bureau.liste()
    assert not bureau.workspace.nav.narrow
    bureau.window.resize(1366, 768)
    bureau.settle()
    assert bureau.workspace.nav.narrow
    assert page.view.verticalHeader().defaultSectionSize() == 28
    nav = bureau.workspace.nav
    last = nav.items["conflits"]
    assert nav.rect().bottom() - 34 > last.mapTo(nav, last.rect().bottomLeft()).y()


def test_a_large_window_gives_room_to_the_client_too(bureau: Bureau) -> None:
    page = bureau.liste()
    header = page.view.horizontalHeader()
    bureau.window.resize(1700, 900)
    bureau.settle()
    wide = {column.key: header.sectionSize(n) for n, column in enumerate(page.spec.columns)}
    assert wide["client"] == 230
    assert wide["titre"] >= 250
    bureau.window.resize(1180, 700)
    bureau.settle()
    narrow = {column.key: header.sectionSize(n) for n, column in enumerate(page.spec.columns)}
    assert 130 <= narrow["client"] <= 230
    # No title is cut, and a name is never squeezed to a few letters: figures keep their width, words give way.
    titles = [column.title for column in page.spec.columns]
    for n, column in enumerate(page.spec.columns):
        shown = 0 if header.isSectionHidden(n) else header.sectionSize(n)
        assert not shown or shown >= metrics("strong").horizontalAdvance(titles[n]), titles[n]
        assert not (shown and column.numeric) or shown >= column.width
    assert narrow["titre"] >= 140
    bureau.window.resize(1180, 700)
    people = bureau.liste("techniciens")
    people.view.select_place(0)
    bureau.settle()
    assert people.form.isVisible()
    assert people.view.horizontalHeader().sectionSize(0) >= 140
    bureau.liste()
    header.resizeSection(4, 333)
    bureau.window.resize(1700, 900)
    bureau.settle()
    assert header.sectionSize(4) == 333


@pytest.mark.usefixtures("forms_beforehand")
def test_the_form_is_made_in_pieces_once_the_list_is_there(
    bureau: Bureau, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_rows: list[int] = []
    hour = SimpleNamespace(perf_counter=lambda: 0.4 * PIECE_S * sum(made_rows))
    piece, row = Beside._piece, Fields.make_row

    def counted(beside: Beside) -> None:
        made_rows.append(0)
        piece(beside)

    def noted(fields: Fields, *about: Any) -> Any:
        made_rows[-1:] = [made_rows[-1] + 1] if made_rows else []
        return row(fields, *about)

    monkeypatch.setattr(form_view, "time", hour)
    monkeypatch.setattr(Beside, "_piece", counted)
    monkeypatch.setattr(Fields, "make_row", noted)
    page = bureau.workspace.open_section("clients")
    assert isinstance(page, ListPage)
    assert page.beside.made is None
    qtbot.waitUntil(lambda: page.beside.made is not None, timeout=30_000)
    # No turn of the window makes more fields than there is time for.
    assert sum(made_rows) == len(page.form.fields.editors) > 3
    assert max(made_rows) == 3
    assert made_rows[0] == 0, "the form is in its place before anything is in it"
    assert not page.form.whole
    assert page.form.isHidden()
    qtbot.waitUntil(lambda: page.form.whole, timeout=30_000)
    sooner = bureau.workspace.open_section("equipements")
    assert isinstance(sooner, ListPage)
    assert sooner.beside.made is None
    assert sooner.new_record()
    assert sooner.form.isVisible()
    bureau.settle()
    assert sooner.form.fields.editors["nom"].inner.isVisible()
    # Whoever asks for a tab makes them all, in front of the piece that was to come.
    third = bureau.workspace.open_section("contrats")
    assert isinstance(third, ListPage)
    qtbot.waitUntil(lambda: third.beside.made is not None, timeout=30_000)
    assert not third.form.whole
    made = [*third.form.parts]
    with qtbot.captureExceptions() as raised:
        qtbot.wait(100)
    assert raised == []
    assert third.form.parts == made


def test_columns_and_their_widths_are_remembered(bureau: Bureau) -> None:
    page = bureau.liste("clients")
    page.view.horizontalHeader().resizeSection(3, 211)
    page.view.horizontalHeader().setSectionHidden(4, True)
    page.look.keep()
    bureau.workspace.open_section("interventions")
    bureau.workspace.close_tab("clients")
    again = bureau.liste("clients")
    assert again is not page
    assert again.view.horizontalHeader().sectionSize(3) == 211
    assert again.view.horizontalHeader().isSectionHidden(4)


def test_each_direction_remembers_its_own_widths(bureau: Bureau, qapp: QApplication) -> None:
    page = bureau.liste()
    page.view.horizontalHeader().resizeSection(8, 60)
    page.look.keep()
    bureau.workspace.open_section("clients")
    bureau.workspace.close_tab("interventions")
    i18n.set_language(qapp, "ar")
    arabic = bureau.liste()
    assert arabic.view.horizontalHeader().sectionSize(8) == round(arabic.spec.columns[8].width * 1.08)
    arabic.look.keep()
    bureau.workspace.open_section("clients")
    bureau.workspace.close_tab("interventions")
    i18n.set_language(qapp, "fr")
    assert bureau.liste().view.horizontalHeader().sectionSize(8) == 60


class _Shown(QObject):
    """Remembers every top-level widget that appears."""

    def __init__(self) -> None:
        super().__init__()
        self.windows: list[str] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow():
            self.windows.append(type(watched).__name__)
        return False


def test_no_part_of_a_screen_flashes_as_a_window(bureau: Bureau, qapp: QApplication) -> None:
    shown = _Shown()
    qapp.installEventFilter(shown)
    for key in ("interventions", "clients", "equipements", "techniciens"):
        bureau.liste(key).new_record()
        bureau.settle()
    bureau.workspace.open_record("interventions", None)
    bureau.settle()
    qapp.removeEventFilter(shown)
    assert shown.windows == []


def test_a_hidden_list_reads_again_only_when_shown(bureau: Bureau, sqlite_engine: sa.Engine) -> None:
    clients = bureau.liste("clients")
    bureau.liste("interventions")
    read: list[int] = []
    clients.model.loaded.connect(read.append)
    bureau.bus.publish("clients")
    bureau.settle()
    assert read == []
    bureau.workspace.open_section("clients")
    bureau.settle()
    assert read == [3]


def test_the_last_exchange_dates_the_lists(bureau: Bureau) -> None:
    bureau.liste()
    bureau.workspace.set_synced(datetime(2026, 1, 5, 14, 5, tzinfo=UTC))
    assert bureau.workspace.status.freshness.text() == "Données locales du 05/01 à 15:05"


@pytest.mark.parametrize(
    ("key", "blank", "filtered"),
    [
        ("inventaires", "Aucun inventaire", "Aucun inventaire ne répond à ces critères"),
        ("objectifs", "Aucun objectif : ceux du catalogue valent", "Aucun objectif ne répond à ces critères"),
    ],
)
def test_an_empty_list_speaks_of_criteria_only_when_there_are_some(
    bureau: Bureau, key: str, blank: str, filtered: str
) -> None:
    page = bureau.liste(key)
    for text, title in (("", blank), ("introuvable", filtered)):
        page.filter.set_text(text)
        bureau.settle()
        said = [label.text() for label in page.stack.currentWidget().findChildren(QLabel)]
        assert title in said
        assert ({blank, filtered} - {title}).isdisjoint(said)
