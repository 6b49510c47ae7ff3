"""Several rows chosen by keyboard: what can be done with them, and one change of all, tried before it is written."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from erp_desktop import clock
from erp_desktop.domain.enums import Priorite
from erp_desktop.ui.bulk.panel import BulkPanel, editable
from erp_desktop.ui.bulk.values import words
from erp_desktop.ui.kit import table
from erp_desktop.ui.lists.page import ListPage
from erp_desktop.ui.wording import value_labels
from tests.ui.company import Monde
from tests.ui.window import Bureau

_PATIENCE = 30_000
_CTRL, _SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def values(engine: sa.Engine, column: str) -> dict[int, object]:
    with engine.connect() as connection:
        return {row[0]: row[1] for row in connection.execute(sa.text(f"SELECT id, {column} FROM interventions"))}


def by_title(bureau: Bureau) -> ListPage:
    page = bureau.liste()
    page.view.set_sort("titre", False)
    page.model.ask("", "titre", False)
    bureau.settle()
    page.view.setFocus()
    return page


def opened(bureau: Bureau, page: ListPage) -> BulkPanel:
    QTest.keyClick(page.selection.edit_button, Qt.Key.Key_Return)
    bureau.settle()
    assert page.selection.panel is not None
    return page.selection.panel


def tried(panel: BulkPanel, qtbot: QtBot, count: int) -> None:
    qtbot.waitUntil(lambda: len(panel.trial.trials) == count, timeout=_PATIENCE)


def type_in(widget: QWidget, text: str) -> None:
    widget.setFocus()
    QTest.keyClick(widget, Qt.Key.Key_A, _CTRL)
    QTest.keyClicks(widget, text)


def test_rows_are_chosen_by_keyboard_and_copied_whole(bureau: Bureau, monde: Monde, qtbot: QtBot) -> None:
    page = by_title(bureau)
    page.view.select_place(0)
    bureau.settle()
    assert page.selection.bar.isHidden()
    for _step in range(2):
        QTest.keyClick(page.view, Qt.Key.Key_Down, _SHIFT)
    assert page.view.selected_ids() == list(page.model.ids)[:3]
    assert page.selection.count.text() == "3 sélectionnées"
    for _step in range(2):
        QTest.keyClick(page.view, Qt.Key.Key_Down, _CTRL)
    QTest.keyClick(page.view, Qt.Key.Key_Space, _CTRL)
    assert page.view.selected_ids() == [*list(page.model.ids)[:3], page.model.ids[4]]
    QTest.keyClick(page.view, Qt.Key.Key_C, _CTRL)
    qtbot.waitUntil(lambda: QGuiApplication.clipboard().text().count("\n") == 3, timeout=_PATIENCE)
    assert "INT-CAS-04" in QGuiApplication.clipboard().text()
    QTest.keyClick(page.view, Qt.Key.Key_A, _CTRL)
    assert page.selection.size == len(monde.interventions)
    assert not page.selection.whole  # every answer is meant only when it is said
    QTest.keyClick(page.selection.all_button, Qt.Key.Key_Return)
    assert page.selection.whole
    page.form.close_panel()
    page.escape()
    assert page.selection.bar.isHidden()


def test_all_rows_stay_chosen_when_their_answer_comes_in_parts(
    bureau: Bureau, monde: Monde, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl+A before an answer, or before the rest of it, means all of that answer; not of a question asked later."""
    page = by_title(bureau)
    page.view.select_place(1)
    bureau.settle()
    monkeypatch.setattr(table, "FIRST", 2)
    at_once = page.model.first_shown.connect(lambda: QTest.keyClick(page.view, Qt.Key.Key_A, _CTRL))
    page.model.ask("", "titre", True)
    bureau.settle()
    page.model.disconnect(at_once)
    assert page.selection.size == page.model.rowCount() == len(monde.interventions)
    page.reload()
    bureau.settle()
    assert page.selection.size == len(monde.interventions)
    page.model.ask("statut:ouverte", "titre", True)
    QTest.keyClick(page.view, Qt.Key.Key_A, _CTRL)
    bureau.settle()
    assert 1 < page.selection.size == page.model.rowCount() < len(monde.interventions)
    page.selection.clear()
    page.model.ask("", "titre", False)
    bureau.settle()
    assert page.selection.size <= 1


def test_a_change_is_tried_row_by_row_written_whole_and_undone(
    bureau: Bureau, monde: Monde, qtbot: QtBot, sqlite_engine: sa.Engine
) -> None:
    page = by_title(bureau)
    before = values(sqlite_engine, "priorite")
    QTest.keyClick(page.view, Qt.Key.Key_A, _CTRL)
    panel = opened(bureau, page)
    assert panel.title.text() == "Modifier 6 interventions"
    assert page.form.isHidden()
    priority = panel.rows["priorite"]
    assert priority.held.text() == "4 valeurs différentes"
    assert not panel.apply_button.isEnabled()
    QTest.keyClick(priority.box, Qt.Key.Key_Space)
    priority.editor.combo.setFocus()
    QTest.keyClicks(priority.editor.combo, "Urg")
    tried(panel, qtbot, 6)
    by_id = {t.id: t for t in panel.trial.trials}
    closed = [by_id[monde.interventions[n]] for n in (4, 5)]
    assert [t.refused for t in closed] == [
        "Cette intervention est clôturée : elle ne se modifie plus.",
        "Cette intervention est annulée : elle ne se modifie plus.",
    ]
    assert values(sqlite_engine, "priorite") == before  # a trial writes nothing
    # One is urgent already, two are refused.
    assert panel.apply_button.text() == "Appliquer à 3"
    codes = {label.toolTip(): label.text() for label in panel.trial.findChildren(QLabel) if "INT-" in label.toolTip()}
    assert codes["INT-CAS-04-2026-00002"] == "04-00002", "short, as in the list"
    # One is left out, and stays so when the others are tried again.
    assert set(panel.trial.boxes) == set(monde.interventions[1:4])
    left = monde.interventions[2]
    QTest.keyClick(panel.trial.boxes[left], Qt.Key.Key_Space)
    assert panel.apply_button.text() == "Appliquer à 2"
    assert panel.trial.left.words.text() == "1 à part"
    panel.preview()
    bureau.settle()
    assert not panel.trial.boxes[left].isChecked()
    assert panel.apply_button.text() == "Appliquer à 2"
    assert page.save()
    qtbot.waitUntil(panel.isHidden, timeout=_PATIENCE)
    bureau.settle()
    changed = {i for i, value in values(sqlite_engine, "priorite").items() if value != before[i]}
    assert changed == {*monde.interventions[1:4]} - {left}
    bureau.window.toaster._undo_last()
    bureau.settle()
    assert values(sqlite_engine, "priorite") == before


def test_dates_move_by_open_days_and_words_are_added(
    bureau: Bureau, monde: Monde, qtbot: QtBot, sqlite_engine: sa.Engine
) -> None:
    friday = datetime(2027, 3, 5, 9, 30, tzinfo=UTC)
    one, other = monde.interventions[1], monde.interventions[2]
    with sqlite_engine.begin() as connection:
        connection.execute(
            sa.text("UPDATE interventions SET date_planifiee = :d, notes_internes = 'Clé au gardien' WHERE id = :i"),
            {"d": clock.to_text(friday), "i": one},
        )
    page = by_title(bureau)
    page.view.reselect([one, other])
    panel = opened(bureau, page)
    planned = panel.rows["date_planifiee"]
    QTest.keyClick(planned.box, Qt.Key.Key_Space)
    type_in(planned.editor.line, "+2 jours ouvres")
    notes = panel.rows["notes_internes"]
    QTest.keyClick(notes.box, Qt.Key.Key_Space)
    QTest.keyClicks(notes.editor.area, "Rappeler la veille")
    tried(panel, qtbot, 2)
    moved = next(t for t in panel.trial.trials if t.id == one)
    # Saturday is open, Sunday is not.
    assert moved.after.date_planifiee == datetime(2027, 3, 8, 9, 30, tzinfo=UTC)
    assert moved.after.notes_internes == "Clé au gardien\nRappeler la veille"
    refused = next(t for t in panel.trial.trials if t.id == other)
    assert refused.refused == "Il n'y a pas de date à décaler : donnez-en une."
    assert panel.apply_button.text() == "Appliquer à 1"
    page.escape()
    assert panel.isHidden()


def test_an_overlap_is_said_and_a_row_that_moved_meanwhile_stops_all(
    bureau: Bureau, monde: Monde, qtbot: QtBot, sqlite_engine: sa.Engine
) -> None:
    page = by_title(bureau)
    two = [monde.interventions[1], monde.interventions[2]]
    page.view.reselect(two)
    panel = opened(bureau, page)
    for name, text in (("technicien_id", "Hind"), ("date_planifiee", "05/03/2027 10h")):
        row = panel.rows[name]
        QTest.keyClick(row.box, Qt.Key.Key_Space)
        type_in(row.editor.inner, text)
        bureau.settle()
        QTest.keyClick(row.editor.inner, Qt.Key.Key_Tab)
        bureau.settle()
    tried(panel, qtbot, 2)
    assert [t.refused for t in panel.trial.trials] == ["", ""]
    said = [words for t in panel.trial.trials for words in t.warnings]
    assert any("est déjà pris de 10:00 à 11:00" in one for one in said)
    with sqlite_engine.begin() as connection:
        connection.execute(sa.text("UPDATE interventions SET statut = 'annulee' WHERE id = :i"), {"i": two[1]})
    panel.apply()
    qtbot.waitUntil(lambda: panel.banners.count() == 1, timeout=_PATIENCE)
    assert values(sqlite_engine, "date_planifiee")[two[0]] is None  # all or nothing


def test_what_changed_under_the_preview_is_shown_before_it_is_written(
    bureau: Bureau, monde: Monde, qtbot: QtBot, sqlite_engine: sa.Engine
) -> None:
    """The row says what somebody else made of it meanwhile; the others wait with it, until applied again."""
    page = by_title(bureau)
    two = monde.interventions[1:3]
    page.view.reselect(two)
    panel = opened(bureau, page)
    row = panel.rows["priorite"]
    QTest.keyClick(row.box, Qt.Key.Key_Space)
    row.editor.combo.setFocus()
    QTest.keyClicks(row.editor.combo, "Urg")
    tried(panel, qtbot, 2)
    assert panel.apply_button.text() == "Appliquer à 2"
    shown = {trial.id: trial.before.priorite for trial in panel.trial.trials}
    other = "basse" if shown[two[1]] != "basse" else "haute"
    with sqlite_engine.begin() as connection:
        connection.execute(sa.text("UPDATE interventions SET priorite = :p WHERE id = :i"), {"p": other, "i": two[1]})
        # Nobody changes that here: it is no reason to look again.
        connection.execute(sa.text("UPDATE interventions SET notes_internes = 'vu' WHERE id = :i"), {"i": two[0]})
    panel.apply()
    qtbot.waitUntil(lambda: panel.banners.count() == 1 and bool(panel.trial.boxes), timeout=_PATIENCE)
    bureau.settle()
    assert values(sqlite_engine, "priorite") | {two[1]: other} == values(sqlite_engine, "priorite")
    assert values(sqlite_engine, "priorite")[two[0]] == shown[two[0]], "nothing is written"
    told = [label.text() for label in panel.trial.findChildren(QLabel) if "depuis l’aperçu" in label.text()]
    names = dict(value_labels.options(Priorite))
    assert told == [f"A changé depuis l’aperçu (Priorité : {names[shown[two[1]]]} → {names[other]})."]
    assert panel.trial.warned.words.text() == "1 à vérifier"
    panel.apply()
    qtbot.waitUntil(panel.isHidden, timeout=_PATIENCE)
    bureau.settle()
    assert [values(sqlite_engine, "priorite")[one] for one in two] == ["urgente", "urgente"]


@pytest.mark.parametrize("key", ["interventions", "clients", "equipements", "techniciens", "contrats", "stock"])
def test_every_list_says_what_may_be_changed_in_bulk(bureau: Bureau, key: str) -> None:
    page = bureau.liste(key)
    fields = editable(page.spec)
    assert len(fields) >= 4
    assert all(one.on_create or one.bulk for one in fields)
    panel = BulkPanel(page.spec, page.contexte)
    bureau.qtbot.addWidget(panel)
    assert list(panel.rows) == [one.name for one in fields]
    if page.model.rowCount():
        record = page.model.row_at(0)
        assert all(isinstance(words(one, record), str) for one in fields if one.shown is None)
