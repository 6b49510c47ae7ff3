"""Lists that change under the pointer, filters typed as they are shown, completion, answers to the last question."""

from __future__ import annotations

import random

import pytest
import sqlalchemy as sa
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QHelpEvent, QTextDocument
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolTip
from pytestqt.qtbot import QtBot

from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import Statut
from erp_desktop.ui.interventions.list import LISTE
from erp_desktop.ui.kit import i18n
from erp_desktop.ui.kit.controls import plain
from erp_desktop.ui.kit.held import pointed
from erp_desktop.ui.kit.places import differences
from erp_desktop.ui.lists.page import ListPage
from erp_desktop.ui.lists.query import canonical, words
from erp_desktop.ui.wording import value_labels
from tests.ui.company import Monde
from tests.ui.window import Bureau


def shown(page: ListPage) -> list[int]:
    return list(page.model.ids)


def title_of(engine: sa.Engine, row_id: int, titre: str) -> None:
    with transaction(engine) as session:
        session.execute(sa.text("UPDATE interventions SET titre = :t WHERE id = :i"), {"t": titre, "i": row_id})


def by_title(bureau: Bureau) -> ListPage:
    page = bureau.liste()
    page.view.set_sort("titre", False)
    page.model.ask("", "titre", False)
    bureau.settle()
    return page


def point_at(bureau: Bureau, page: ListPage, place: int) -> QPoint:
    spot = page.view.visualRect(page.model.index(place, 1)).center()
    QTest.mouseMove(page.view.viewport(), spot)
    bureau.qtbot.waitUntil(lambda: pointed(page.view.viewport()))
    return spot


@pytest.mark.parametrize(
    ("old", "new", "count"),
    [
        ([1, 2, 3], [1, 2, 3], 0), ([1, 2, 3, 4], [4, 1, 2, 3], 1), ([1, 2, 3], [1, 3], 1),
        ([1, 2, 3], [5, 1, 2, 3, 6], 2), ([1, 2, 3, 4, 5], [5, 4, 3, 2, 1], 4), ([], [1, 2], 2), ([1, 2], [], 2),
    ],
)  # fmt: skip
def test_changes_are_counted_as_few_as_they_are(old: list[int], new: list[int], count: int) -> None:
    assert differences(old, new) == count


def test_one_moved_row_in_many_is_one_change() -> None:
    old = list(range(5000))
    new = old.copy()
    new.insert(random.Random(7).randrange(4000), new.pop())
    assert differences(old, new) == 1


def test_rows_stay_under_the_pointer_until_they_are_asked_to_move(
    bureau: Bureau, monde: Monde, qtbot: QtBot, sqlite_engine: sa.Engine
) -> None:
    page = by_title(bureau)
    before = shown(page)
    spot = point_at(bureau, page, 2)
    aimed, last, top = before[2], before[-1], page.view.mapTo(page, QPoint(0, 0))
    title_of(sqlite_engine, last, "AAA en tête")
    bureau.bus.publish("interventions", last)
    qtbot.waitUntil(page.held.isVisible)
    bureau.settle()
    assert shown(page) == before
    assert page.view.visualRect(page.model.index(2, 1)).center() == spot
    assert page.view.mapTo(page, QPoint(0, 0)) == top
    assert page.held.text() == "1 changement, relire"
    row = page.model.row_at(len(before) - 1)
    assert row is not None
    assert row.titre == "AAA en tête"  # read again where it stands
    qtbot.mouseClick(page.view.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    bureau.settle()
    assert page.form.row_id == aimed
    page.held.click()
    assert shown(page) == [last, *before[:-1]]
    assert page.held.isHidden()
    assert page.view.current_id() == aimed


def test_an_open_form_holds_the_order_and_closing_it_lets_go(
    bureau: Bureau, monde: Monde, qtbot: QtBot, sqlite_engine: sa.Engine
) -> None:
    page = by_title(bureau)
    before = shown(page)
    assert page.view.select_id(before[1])
    qtbot.waitUntil(lambda: page.form.row_id == before[1])
    bureau.settle()
    QTest.mouseMove(bureau.workspace.nav, QPoint(5, 5))
    title_of(sqlite_engine, before[-1], "AAA en tête")
    bureau.bus.publish("interventions", before[-1])
    qtbot.waitUntil(page.held.isVisible)
    assert shown(page) == before
    page.form.close_panel()
    qtbot.waitUntil(lambda: shown(page) == [before[-1], *before[:-1]])
    assert page.held.isHidden()


def test_nobody_aiming_the_order_follows_at_once(bureau: Bureau, qtbot: QtBot, sqlite_engine: sa.Engine) -> None:
    page = by_title(bureau)
    QTest.mouseMove(bureau.workspace.nav, QPoint(5, 5))
    before = shown(page)
    title_of(sqlite_engine, before[-1], "AAA en tête")
    bureau.bus.publish("interventions", before[-1])
    qtbot.waitUntil(lambda: shown(page) == [before[-1], *before[:-1]])


def test_several_chosen_rows_stay_chosen_when_the_order_follows(
    bureau: Bureau, qtbot: QtBot, sqlite_engine: sa.Engine
) -> None:
    page = by_title(bureau)
    before = shown(page)
    page.view.reselect([before[1], before[3]])
    title_of(sqlite_engine, before[-1], "AAA en tête")
    bureau.bus.publish("interventions", before[-1])
    qtbot.waitUntil(page.held.isVisible)
    page.held.click()
    assert page.view.selected_ids() == [before[1], before[3]]


def test_a_label_is_a_value_and_a_new_question_forgets_the_old_answer(bureau: Bureau, qtbot: QtBot) -> None:
    page = bureau.liste()
    page.filter.set_text("introuvable")
    bureau.settle()
    assert page.count.text() == "aucun résultat"
    page.filter.set_text("statut:en cours")
    assert page.count.text() != "aucun résultat"
    assert page.stack.currentWidget() is page.view
    bureau.settle()
    assert page.model.rowCount() == 1
    assert page.hint.isHidden()
    assert "Statut : En cours" in [chip.text() for chip in page.chips.chips()]
    page.filter.set_text("statut: affectée broyeur")
    bureau.settle()
    assert [chip.text() for chip in page.chips.chips()][:2] == ["Statut : Affectée", "Texte : «\u00a0broyeur\u00a0»"]
    assert page.model.rowCount() == 1
    page.filter.set_text("statut:cloturee,archivee")
    bureau.settle()
    assert page.chips.chips()[0].text() == "Statut : Clôturée, Archivée"


@pytest.mark.parametrize(
    ("language", "typed"), [("fr", "statut:En cours"), ("en", "statut:In progress"), ("ar", None)]
)
def test_values_are_accepted_in_the_language_shown(qapp: QApplication, language: str, typed: str | None) -> None:
    i18n.set_language(qapp, language)
    typed = typed or f"statut:{value_labels.label(Statut, 'en_cours')}"
    assert canonical(f"{typed} presse", LISTE.words) == "statut:en_cours presse"


def test_words_end_where_they_stop_being_a_value() -> None:
    keys = {"statut": [("en_cours", "En cours"), ("en_attente", "En attente")], "client": []}
    found = [(w.key, w.value) for w in words("statut:en attente palier client:atlas froid", keys)]
    assert found == [("statut", "en attente"), ("", "palier"), ("client", "atlas"), ("", "froid")]
    assert canonical('statut:"en cours" client:"Froid Atlas"', keys) == 'statut:en_cours client:"Froid Atlas"'


def test_the_filter_completes_words_and_values(bureau: Bureau, qtbot: QtBot) -> None:
    page = bureau.liste()
    page.focus_filter()
    edit, offers = page.filter.edit, page.completion.offers
    qtbot.keyClicks(edit, "sta")
    qtbot.waitUntil(lambda: offers.visible)
    assert [one.words for one in offers.items] == ["statut:"]
    assert offers.popup is not None
    qtbot.keyClick(offers.popup, Qt.Key.Key_Down)
    qtbot.keyClick(offers.popup, Qt.Key.Key_Return)
    assert edit.toPlainText() == "statut:"
    qtbot.waitUntil(lambda: len(offers.items) == 7)
    qtbot.keyClicks(edit, "en")
    assert [one.words for one in offers.items] == ["En cours", "En attente"]
    qtbot.keyClick(offers.popup, Qt.Key.Key_Down)
    qtbot.keyClick(offers.popup, Qt.Key.Key_Return)
    assert edit.toPlainText() == "statut:en_cours "
    bureau.settle()
    qtbot.waitUntil(lambda: page.model.rowCount() == 1)
    qtbot.keyClicks(edit, "technicien:ala")
    qtbot.waitUntil(lambda: [one.words for one in offers.items] == ["Karim Alaoui"])


def test_a_hostile_name_is_seen_as_characters_and_no_file_is_read(
    bureau: Bureau, monde: Monde, qtbot: QtBot, sqlite_engine: sa.Engine
) -> None:
    hostile = '<img src="file:///etc/hostname"><b>Atlas</b>'
    with transaction(sqlite_engine) as session:
        session.execute(
            sa.text("UPDATE clients SET nom_entreprise = :n WHERE id = :i"), {"n": hostile, "i": monde.clients[0]}
        )
    page = bureau.liste()
    place = page.model.place_of(monde.interventions[0])
    index = page.model.index(place, 4)
    assert index.data() == hostile
    tip = index.data(Qt.ItemDataRole.ToolTipRole)
    document = QTextDocument()
    document.setHtml(tip)
    assert document.toPlainText() == hostile
    assert "<img" not in tip
    point_at(bureau, page, place)
    QApplication.sendEvent(
        page.view.viewport(),
        QHelpEvent(
            QEvent.Type.ToolTip, page.view.visualRect(index).center(),
            page.view.viewport().mapToGlobal(page.view.visualRect(index).center()),
        ),
    )  # fmt: skip
    assert QToolTip.text() == plain(hostile)


@pytest.mark.parametrize(
    ("language", "typed"),
    [("fr", "Statut:ouverte avant:30/11"), ("en", "status:open before:30/11"), ("ar", "الحالة:مفتوح قبل:30/11")],
)
def test_filters_are_typed_in_the_language_of_the_window_and_the_stored_words_stay(
    qapp: QApplication, language: str, typed: str
) -> None:
    before = i18n.language()
    i18n.set_language(qapp, language)
    try:
        assert canonical(typed, LISTE.words) == "statut:ouverte avant:30/11"
        assert canonical("statut:ouverte avant:30/11", LISTE.words) == "statut:ouverte avant:30/11"
        assert [w.key for w in words(typed, LISTE.words)] == ["statut", "avant"]
    finally:
        i18n.set_language(qapp, before)
