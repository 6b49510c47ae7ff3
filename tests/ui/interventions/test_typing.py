"""What is typed in an intervention: kept through saving, refusals and crashes, picked, by keyboard alone."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton
from pytestqt.qtbot import QtBot

from erp_desktop.db.engine import connect_sqlite
from erp_desktop.db.worker import DbWorker
from erp_desktop.domain.enums import Role
from erp_desktop.errors import raison
from erp_desktop.services.drafts import _as_os_error
from erp_desktop.ui.forms.editors import Unreadable
from erp_desktop.ui.forms.page import RecordPage
from erp_desktop.ui.forms.picker import PickerEditor
from tests.ui.company import Monde
from tests.ui.interventions.reading import column, open_form
from tests.ui.window import Bureau


def test_a_crash_costs_no_typing(
    qtbot: QtBot, worker: DbWorker, monde: Monde, tmp_path: Path, sqlite_engine: sa.Engine
) -> None:
    assert monde.agent is not None
    first = Bureau(qtbot, worker, monde.agent, tmp_path)
    page = first.liste()
    open_form(first, page, monde.interventions[2])
    editor = page.form.fields.editors["description"]
    editor.show_value("Saisie en cours")
    editor.changed.emit()
    qtbot.waitUntil(lambda: "Brouillon gardé" in page.form.draft_words.text())
    told = page.form.draft_words
    told.resize(400, told.height())
    assert told.shown == told.text()
    # Beside a list there may be no room for the sentence: the hour is never cut off.
    told.resize(80, told.height())
    assert told.shown == told.text().split()[-1]
    first.finish()  # what the process had written before it died
    second = Bureau(qtbot, worker, monde.agent, tmp_path)
    page = second.liste()
    open_form(second, page, monde.interventions[2])
    assert page.form.fields.editors["description"].value() == "Saisie en cours"
    assert page.form.dirty
    page.form.save()
    second.settle()
    assert column(sqlite_engine, monde.interventions[2], "description") == "Saisie en cours"
    assert second.drafts.find("interventions", monde.interventions[2]) is None


def test_a_draft_that_the_disk_refuses_is_not_called_kept(
    bureau: Bureau, monde: Monde, qtbot: QtBot, tmp_path: Path
) -> None:
    row, file = monde.interventions[2], tmp_path / "brouillons" / "brouillons.sqlite"
    page = bureau.liste()
    open_form(bureau, page, row)
    file.mkdir(parents=True)
    editor, told = page.form.fields.editors["description"], page.form.draft_words

    def type_on(words: str) -> None:
        editor.show_value(words)
        editor.changed.emit()

    type_on("Saisie en cours")
    qtbot.waitUntil(lambda: "non gardé" in told.text())
    assert told.text() == "Brouillon non gardé : accès refusé, ou fichier ouvert dans un autre programme"
    # When there is room again the next letters are kept.
    file.rmdir()
    type_on("Saisie en cours.")
    qtbot.waitUntil(lambda: told.text().startswith("Brouillon gardé à"))
    bureau.drafts._pool.submit(lambda: None).result(10)
    qtbot.wait(50)
    assert told.text().startswith("Brouillon gardé à")
    # A disk that is full is named.
    small = connect_sqlite(file, None)
    small.execute(f"PRAGMA max_page_count = {small.execute('PRAGMA page_count').fetchone()[0]}")
    with pytest.raises(OSError, match="full") as refused, _as_os_error():
        small.execute("CREATE TABLE plein AS SELECT zeroblob(100000) AS x")
    small.close()
    assert raison(refused.value) == "le disque est plein"


def test_a_new_intervention_is_typed_with_pickers(
    bureau: Bureau, monde: Monde, qtbot: QtBot, sqlite_engine: sa.Engine
) -> None:
    bureau.liste()
    page = bureau.workspace.open_record("interventions", None)
    assert isinstance(page, RecordPage)
    bureau.settle()
    fields = page.panel.fields
    qtbot.keyClicks(fields.editors["titre"].inner, "Moteur grille")
    client = fields.editors["client_id"]
    assert isinstance(client, PickerEditor)
    client.inner.setFocus()
    qtbot.keyClicks(client.inner, "chaouia")
    bureau.settle()
    assert client.popup_visible
    assert client.popup is not None
    qtbot.keyClick(client.popup, Qt.Key.Key_Down)
    qtbot.keyClick(client.popup, Qt.Key.Key_Return)
    assert client.value() == monde.clients[1]
    machine = fields.editors["equipement_id"]
    assert isinstance(machine, PickerEditor)
    offered: list[tuple[int, str, str]] = []
    machine._search("", offered.extend)
    bureau.settle()
    assert {row_id for row_id, _words, _detail in offered} == {monde.machines[1], monde.machines[3]}
    machine.choose(*offered[0][:2])
    page.save()
    bureau.settle()
    assert page.panel.row_id is not None
    assert str(column(sqlite_engine, page.panel.row_id, "numero")).startswith("INT-CAS-")
    assert column(sqlite_engine, page.panel.row_id, "client_id") == monde.clients[1]
    tabs = bureau.workspace.tabs
    assert tabs.current == f"interventions/{page.panel.row_id}"
    assert tabs.strip.tabText(tabs.strip.currentIndex()).startswith("INT-CAS-")
    other = bureau.workspace.open_record("interventions", None)
    assert other is not page


def test_an_intervention_is_made_from_the_keyboard_alone(
    bureau: Bureau, monde: Monde, qtbot: QtBot, sqlite_engine: sa.Engine
) -> None:
    page = bureau.liste()
    control = Qt.KeyboardModifier.ControlModifier

    def strike(key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        focus = QApplication.focusWidget()
        assert focus is not None
        qtbot.keyClick(focus, key, modifier)

    def pick(words: str) -> None:
        focus = QApplication.focusWidget()
        qtbot.keyClicks(focus, words)
        bureau.settle()
        popup = QApplication.activePopupWidget() or focus
        qtbot.keyClick(popup, Qt.Key.Key_Down)
        qtbot.keyClick(popup, Qt.Key.Key_Return)

    strike(Qt.Key.Key_N, control)
    bureau.settle()
    qtbot.keyClicks(QApplication.focusWidget(), "Moteur grille")
    strike(Qt.Key.Key_S, control)
    bureau.settle()
    refused = {
        name: row.error.label.text() for name, row in page.form.fields.rows.items() if not row.error.isHidden()
    }
    assert list(refused) == ["equipement_id"]
    assert refused["equipement_id"].endswith(".")
    page.form.fields.editors["titre"].inner.setFocus()
    strike(Qt.Key.Key_Tab)
    pick("chaouia")
    strike(Qt.Key.Key_Tab)
    pick("silo")
    strike(Qt.Key.Key_S, control)
    bureau.settle()
    assert page.form.row_id is not None
    assert column(sqlite_engine, page.form.row_id, "titre") == "Moteur grille"
    assert column(sqlite_engine, page.form.row_id, "client_id") == monde.clients[1]
    assert column(sqlite_engine, page.form.row_id, "equipement_id") == monde.machines[3]
    assert page.view.current_id() == page.form.row_id


def test_words_not_chosen_are_no_value(bureau: Bureau, monde: Monde, qtbot: QtBot) -> None:
    page = bureau.liste()
    open_form(bureau, page, monde.interventions[2])
    picker = page.form.fields.editors["technicien_id"]
    assert isinstance(picker, PickerEditor)
    qtbot.keyClicks(picker.inner, "zzz")
    page.form.save()
    bureau.settle()
    said = page.form.fields.rows["technicien_id"].error.label.text()
    assert said == "Aucun résultat pour «\u00a0zzz\u00a0» : corrigez, ou videz le champ."
    picker.settle()
    assert picker.inner.text() == "zzz"  # type: ignore[attr-defined]
    with pytest.raises(Unreadable):
        picker.value()


def test_a_technicien_cannot_create(qtbot: QtBot, worker: DbWorker, monde: Monde, tmp_path: Path) -> None:
    from dataclasses import replace

    assert monde.agent is not None
    bureau = Bureau(qtbot, worker, replace(monde.agent, role=Role.TECHNICIEN), tmp_path)
    words = [b.text() for b in bureau.workspace.top.findChildren(QPushButton)]
    assert "Nouvelle intervention" not in words
    page = bureau.liste()
    assert page.new_record() is False


def test_keys_struck_while_saving_are_kept(
    bureau: Bureau, monde: Monde, qtbot: QtBot, worker: DbWorker, sqlite_engine: sa.Engine
) -> None:
    page, row_id = bureau.liste(), monde.interventions[2]
    open_form(bureau, page, row_id)
    line = page.form.fields.editors["titre"].inner
    assert isinstance(line, QLineEdit)
    line.selectAll()
    qtbot.keyClicks(line, "Premier")
    gate = threading.Event()
    worker.submit(lambda _session: gate.wait(60))
    page.form.save()
    qtbot.keyClicks(line, " puis second")
    gate.set()
    bureau.settle()
    assert column(sqlite_engine, row_id, "titre") == "Premier"
    assert line.text() == "Premier puis second"
    assert page.form.dirty
    page.form.save()
    bureau.settle()
    assert column(sqlite_engine, row_id, "titre") == "Premier puis second"


def test_a_late_refusal_never_lands_on_another_record(
    bureau: Bureau, monde: Monde, worker: DbWorker, sqlite_engine: sa.Engine
) -> None:
    page, first, second = bureau.liste(), monde.interventions[2], monde.interventions[3]
    open_form(bureau, page, first)
    editor = page.form.fields.editors["titre"]
    editor.show_value("")
    editor.changed.emit()
    gate = threading.Event()
    worker.submit(lambda _session: gate.wait(60))
    page.form.save()
    page.form.open_record(second)
    gate.set()
    bureau.settle()
    assert page.form.row_id == second
    assert not page.form.dirty
    assert page.form.fields.rows["titre"].error.isHidden()
    draft = bureau.drafts.find("interventions", first)
    assert draft is not None
    assert "titre" in draft.values


def test_pasted_tables_long_texts_and_marks_of_direction_lose_nothing(
    bureau: Bureau, monde: Monde, qtbot: QtBot, sqlite_engine: sa.Engine
) -> None:
    page, row_id = bureau.liste(), monde.interventions[2]
    open_form(bureau, page, row_id)
    fields = page.form.fields
    title, notes = fields.editors["titre"].line, fields.editors["notes_internes"]  # type: ignore[attr-defined]
    board = QGuiApplication.clipboard()
    board.setText("Palier\tusé\r\nSKF\t6205")
    title.setFocus()
    title.selectAll()
    title.paste()
    board.setText("Réf\tQté\n6205\t2\n" + "x" * 20_000)
    notes.inner.setFocus()
    notes.inner.paste()  # type: ignore[attr-defined]
    page.form.save()
    bureau.settle()
    assert title.text() == "Palier usé SKF 6205", "the cells of a table side by side in one line"
    assert fields.rows["notes_internes"].error.label.text() == "20000 caractères au plus."
    assert len(notes.value()) == 20_015, "nothing typed is lost"
    assert column(sqlite_engine, row_id, "titre") == "Fuite d'huile vérin principal"
    notes.show_value("Réf\tQté\n6205\t2")
    notes.changed.emit()
    title.setText("\u202eabc\u2067 \u200fمضخة \u2069")
    page.form.save()
    bureau.settle()
    assert column(sqlite_engine, row_id, "titre") == "abc \u200fمضخة", "what turns the words beside it is not kept"
    assert column(sqlite_engine, row_id, "notes_internes") == "Réf\tQté\n6205\t2"
