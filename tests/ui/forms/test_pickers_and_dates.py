"""What is typed in a picker or a date field is understood or stays; nothing typed is ever dropped or rewritten."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
import sqlalchemy as sa
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.models.equipements import Equipement
from erp_desktop.services import clients
from erp_desktop.services.clients import ClientInput
from erp_desktop.ui.forms.date_editors import DateEditor, to_instant
from erp_desktop.ui.forms.page import RecordPage
from erp_desktop.ui.forms.picker import PickerEditor
from tests.ui.company import Monde
from tests.ui.window import Bureau


def blank(bureau: Bureau) -> RecordPage:
    page = bureau.workspace.open_record("interventions", None)
    assert isinstance(page, RecordPage)
    bureau.settle()
    return page


def picker(page: RecordPage, name: str) -> PickerEditor:
    found = page.panel.fields.editors[name]
    assert isinstance(found, PickerEditor)
    return found


def type_in(qtbot: QtBot, editor: PickerEditor, words: str) -> None:
    editor.inner.setFocus()
    qtbot.keyClicks(editor.inner, words)


def leave(qtbot: QtBot) -> None:
    focus = QApplication.activePopupWidget() or QApplication.focusWidget()
    assert focus is not None
    qtbot.keyClick(focus, Qt.Key.Key_Tab)


def said(page: RecordPage, name: str) -> str:
    row = page.panel.fields.rows[name]
    return "" if row.error.isHidden() else row.error.label.text()


def test_tab_takes_the_only_match_at_once(bureau: Bureau, monde: Monde, qtbot: QtBot) -> None:
    page = blank(bureau)
    client = picker(page, "client_id")
    type_in(qtbot, client, "chaouia")
    leave(qtbot)  # before the list was even asked for
    qtbot.waitUntil(lambda: not client.pending)
    assert client.value() == monde.clients[1]
    assert client.inner.text() == "Minoterie Chaouia"  # type: ignore[attr-defined]
    assert said(page, "client_id") == ""
    # Marks that nobody sees are nothing: they would mean every row, and the only one there is was taken.
    client.show_typed("\u200f\u200b ")
    assert (client.unsettled, client.value()) == (False, None)


def test_tab_takes_the_highlighted_row(bureau: Bureau, monde: Monde, qtbot: QtBot) -> None:
    page = blank(bureau)
    client = picker(page, "client_id")
    type_in(qtbot, client, "e")
    qtbot.waitUntil(lambda: client.popup_visible)
    assert client.popup is not None
    qtbot.keyClick(client.popup, Qt.Key.Key_Down)
    qtbot.keyClick(client.popup, Qt.Key.Key_Down)
    marked = client.popup.currentIndex().data()
    leave(qtbot)
    assert client.words() == marked == "Minoterie Chaouia"
    assert client.value() == monde.clients[1]


def test_a_list_that_takes_the_keyboard_marks_no_row(bureau: Bureau, qtbot: QtBot) -> None:
    page = blank(bureau)
    client = picker(page, "client_id")
    type_in(qtbot, client, "e")
    qtbot.waitUntil(lambda: client.popup_visible)
    assert client.popup is not None
    QApplication.sendEvent(client.popup, QFocusEvent(QEvent.Type.FocusIn, Qt.FocusReason.PopupFocusReason))
    leave(qtbot)
    qtbot.waitUntil(lambda: not client.pending)
    assert client.inner.text() == "e"  # type: ignore[attr-defined]
    assert said(page, "client_id") != ""


def test_words_that_mean_no_row_stay_are_marked_and_block_the_save(
    bureau: Bureau, monde: Monde, qtbot: QtBot, sqlite_engine: sa.Engine
) -> None:
    page = blank(bureau)
    qtbot.keyClicks(page.panel.fields.editors["titre"].inner, "Moteur grille")
    client = picker(page, "client_id")
    type_in(qtbot, client, "e")  # three clients
    leave(qtbot)
    qtbot.waitUntil(lambda: not client.pending)
    assert client.inner.text() == "e"  # type: ignore[attr-defined]
    assert (
        said(page, "client_id")
        == "«\u00a0e\u00a0» n’est pas choisi : prenez une ligne de la liste, ou videz le champ."
    )
    machine = picker(page, "equipement_id")
    machine.choose(monde.machines[0], "Sertisseuse SR-03")
    page.save()
    bureau.settle()
    assert page.panel.row_id is None
    assert said(page, "client_id").startswith("«\u00a0e\u00a0» n’est pas choisi")
    with transaction(sqlite_engine, write=False) as session:
        count = session.execute(sa.text("SELECT count(*) FROM interventions WHERE titre = 'Moteur grille'"))
        assert count.scalar_one() == 0


def test_no_answer_is_said(bureau: Bureau, qtbot: QtBot) -> None:
    page = blank(bureau)
    client = picker(page, "client_id")
    type_in(qtbot, client, "zzz")
    qtbot.waitUntil(lambda: client.popup_visible)
    assert client.popup is not None
    assert [client.popup.model().index(n, 0).data() for n in range(client.popup.model().rowCount())] == [
        "aucun résultat"
    ]
    qtbot.keyClick(client.popup, Qt.Key.Key_Down)
    leave(qtbot)
    assert client.inner.text() == "zzz"  # type: ignore[attr-defined]
    assert said(page, "client_id") == "Aucun résultat pour «\u00a0zzz\u00a0» : corrigez, ou videz le champ."


def test_a_save_waits_for_the_match_under_way(
    bureau: Bureau, monde: Monde, qtbot: QtBot, sqlite_engine: sa.Engine
) -> None:
    page = blank(bureau)
    qtbot.keyClicks(page.panel.fields.editors["titre"].inner, "Moteur grille")
    type_in(qtbot, picker(page, "client_id"), "chaouia")
    type_in(qtbot, picker(page, "equipement_id"), "silo")
    page.save()
    qtbot.waitUntil(lambda: page.panel.row_id is not None)
    bureau.settle()
    with transaction(sqlite_engine, write=False) as session:
        row = session.execute(
            sa.text("SELECT client_id, equipement_id FROM interventions WHERE titre = 'Moteur grille'")
        )
        assert tuple(row.one()) == (monde.clients[1], monde.machines[3])


def test_a_letter_in_the_client_does_not_empty_the_machine(bureau: Bureau, monde: Monde, qtbot: QtBot) -> None:
    page = blank(bureau)
    client, machine = picker(page, "client_id"), picker(page, "equipement_id")
    client.choose(monde.clients[1], "Minoterie Chaouia")
    machine.choose(monde.machines[1], "Broyeur BR-07")
    type_in(qtbot, client, "x")
    assert machine.value() == monde.machines[1]
    client.choose(monde.clients[0], "Conserveries Atlas")
    assert machine.value() is None


def test_unfinished_words_survive_a_crash(bureau: Bureau, qtbot: QtBot) -> None:
    page = blank(bureau)
    type_in(qtbot, picker(page, "client_id"), "e")
    page.panel.keep_now()
    kept = page.panel.fields.draft()
    page.panel.fields.show_record(None)
    assert page.panel.fields.restore(kept)
    assert picker(page, "client_id").inner.text() == "e"  # type: ignore[attr-defined]


def test_the_list_is_as_wide_as_what_tells_rows_apart(
    bureau: Bureau, monde: Monde, qtbot: QtBot, sqlite_engine: sa.Engine
) -> None:
    with transaction(sqlite_engine) as session:
        for number in range(9):
            session.add(Equipement(
                client_id=monde.clients[number % 3], nom="Extrudeuse bivis de la ligne de production",
                code_interne=f"EX-{number:03d}", localisation=f"Bâtiment {number}, atelier de transformation",
                agence_id=monde.agence,
            ))  # fmt: skip
    page = blank(bureau)
    machine = picker(page, "equipement_id")
    machine.inner.setFixedWidth(180)
    type_in(qtbot, machine, "extrudeuse")
    qtbot.waitUntil(lambda: machine.popup_visible)
    assert machine.popup is not None
    assert machine.popup.width() > 500
    tips = {machine.popup.model().index(n, 0).data(Qt.ItemDataRole.ToolTipRole) for n in range(9)}
    assert len(tips) == 9
    assert any("Minoterie Chaouia" in tip and "Bâtiment 4" in tip for tip in tips)


def date_field(page: RecordPage, name: str = "date_planifiee") -> DateEditor:
    found = page.panel.fields.editors[name]
    assert isinstance(found, DateEditor)
    return found


def test_letters_never_rewrite_a_date_field(bureau: Bureau, qtbot: QtBot) -> None:
    page = blank(bureau)
    field = date_field(page)
    field.line.setFocus()
    qtbot.keyClicks(field.line, "demain 9h")
    assert field.line.text() == "demain 9h"
    tomorrow = clock.today() + timedelta(days=1)
    assert field.value() == to_instant(tomorrow, time(9))
    leave(qtbot)
    assert field.line.text() == tomorrow.strftime("%d/%m/%Y 09:00")
    field.line.setFocus()
    field.line.selectAll()
    qtbot.keyClicks(field.line, "dsm DSM")
    assert field.line.text() == "dsm DSM"
    leave(qtbot)
    assert field.line.text() == "dsm DSM"
    assert said(page, "date_planifiee").startswith("Date et heure attendues")


def test_keys_that_are_no_letters_move_the_date(bureau: Bureau, qtbot: QtBot) -> None:
    field = date_field(blank(bureau))
    field.line.setText("31/01/2027 14:30")
    control = Qt.KeyboardModifier.ControlModifier
    for key, modifier, expected in (
        (Qt.Key.Key_Up, Qt.KeyboardModifier.NoModifier, "01/02/2027 14:30"),
        (Qt.Key.Key_Down, control, "25/01/2027 14:30"),
        (Qt.Key.Key_PageUp, Qt.KeyboardModifier.NoModifier, "25/02/2027 14:30"),
        (Qt.Key.Key_PageDown, Qt.KeyboardModifier.NoModifier, "25/01/2027 14:30"),
    ):
        qtbot.keyClick(field.line, key, modifier)
        assert field.line.text() == expected


def test_the_calendar_puts_a_day_and_keeps_the_hour(bureau: Bureau, qtbot: QtBot) -> None:
    field = date_field(blank(bureau))
    field.line.setFocus()
    field.line.setText("30/11/2026 14:30")
    qtbot.keyClick(field.line, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    popup = field.calendar
    assert popup is not None
    qtbot.waitUntil(popup.isVisible)
    qtbot.keyClick(popup.grid, Qt.Key.Key_PageDown)
    qtbot.mouseClick(popup.grid, Qt.MouseButton.LeftButton, pos=popup.grid.place_of(date(2026, 12, 24)))
    assert field.line.text() == "24/12/2026 14:30"
    assert field.value() == datetime(2026, 12, 24, 14, 30, tzinfo=clock.CASABLANCA)


def test_an_hour_is_refused_where_only_a_day_is_kept(bureau: Bureau, qtbot: QtBot) -> None:
    page = bureau.workspace.open_record("equipements", None)
    assert isinstance(page, RecordPage)
    bureau.settle()
    field = date_field(page, "date_mise_en_service")
    field.line.setFocus()
    qtbot.keyClicks(field.line, "30/11/2026 9h")
    leave(qtbot)
    assert field.line.text() == "30/11/2026 9h"
    assert said(page, "date_mise_en_service").startswith("Date attendue")


@pytest.mark.parametrize("typed", ["31/12/9999", "01/01/0001"])
def test_a_date_that_no_calendar_of_the_program_has_is_said_under_its_field(
    bureau: Bureau, qtbot: QtBot, typed: str
) -> None:
    page = bureau.workspace.open_record("equipements", None)
    assert isinstance(page, RecordPage)
    bureau.settle()
    field = date_field(page, "date_mise_en_service")
    field.line.setFocus()
    qtbot.keyClicks(field.line, typed)
    leave(qtbot)
    assert said(page, "date_mise_en_service") == "Une date est hors du calendrier admis, de 1900 à 2199."


@pytest.mark.parametrize(
    "typed", ["\u2066+212\u202f5\u202f22\u202f30\u202f40\u202f50\u2069", "٠٥٢٢٣٠٤٠٥٠", "\u200fAtlas-77"]
)
def test_what_was_copied_from_a_window_is_found_in_a_list(
    bureau: Bureau, sqlite_engine: sa.Engine, typed: str
) -> None:
    with transaction(sqlite_engine, bureau.acteur.user_id) as session:
        client = ClientInput(nom_entreprise="Atlas-77", telephone="0522304050")
        made = clients.create(session, bureau.acteur, client)
    page = bureau.liste("clients")
    page.search(typed)
    bureau.settle()
    assert list(page.model.ids) == [made]


def test_a_client_already_on_file_is_told_while_typing(bureau: Bureau, monde: Monde, qtbot: QtBot) -> None:
    page = bureau.workspace.open_record("clients", None)
    assert isinstance(page, RecordPage)
    bureau.settle()
    fields = page.panel.fields
    notice = fields.rows["nom_entreprise"].notice
    qtbot.keyClicks(fields.editors["nom_entreprise"].inner, "conserveries  ÀTLAS")
    qtbot.waitUntil(notice.isVisible)
    assert notice.label.text() == "Déjà au fichier : Conserveries Atlas (Casablanca)."
    qtbot.keyClicks(fields.editors["nom_entreprise"].inner, " du Sud-Ouest")
    qtbot.waitUntil(notice.isHidden)
    bureau.settle()
    assert notice.isHidden()
    other = bureau.workspace.open_record("clients", monde.clients[0])
    assert isinstance(other, RecordPage)
    bureau.settle()
    assert other.panel.fields.rows["nom_entreprise"].notice.isHidden()
