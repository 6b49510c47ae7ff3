"""Saved views of a list, made and opened by keyboard; columns by key; what an old view tells does no harm."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from erp_desktop.db.session import transaction
from erp_desktop.errors import NotAllowedError
from erp_desktop.services import views as service
from erp_desktop.services.views import Column, Definition, read, read_columns
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.lists.columns import ColumnsPanel, present
from erp_desktop.ui.lists.page import ListPage
from tests.ui.company import Monde
from tests.ui.window import Bureau

_PATIENCE = 30_000


def shown(page: ListPage) -> list[str]:
    return [one.key for one in present(page.view) if one.shown]


def offered(page: ListPage) -> dict[str, bool]:
    """The words of the menu that is open, and whether they are ticked."""
    menu = next(one for one in page.findChildren(QMenu) if one.isVisible())
    found = {action.text(): action.isChecked() for action in menu.actions() if action.text()}
    menu.close()
    return found


def choose(page: ListPage, words: str) -> None:
    QTest.keyClick(page.views.button, Qt.Key.Key_Return)
    menu = next(one for one in page.findChildren(QMenu) if one.isVisible())
    for _step in range(len(menu.actions())):
        QTest.keyClick(menu, Qt.Key.Key_Down)
        if menu.activeAction() is not None and menu.activeAction().text() == tr(words):
            break
    assert menu.activeAction().text() == tr(words)
    QTest.keyClick(menu, Qt.Key.Key_Return)


def test_a_view_is_made_shared_and_opened_again(
    bureau: Bureau, monde: Monde, qtbot: QtBot, sqlite_engine: sa.Engine
) -> None:
    page = bureau.liste()
    QTest.keyClick(page.head.chooser, Qt.Key.Key_Return)
    panel = next(one for one in page.findChildren(ColumnsPanel) if one.isVisible())
    for _step in range(4):
        QTest.keyClick(panel.names, Qt.Key.Key_Down)
    assert panel.names.currentItem().text() == "Client"
    QTest.keyClick(panel.names, Qt.Key.Key_Space)
    QTest.keyClick(panel.names, Qt.Key.Key_Down)
    QTest.keyClick(panel.names, Qt.Key.Key_Up, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(panel.names, Qt.Key.Key_Return)
    assert shown(page)[3:5] == ["titre", "equipement"]
    assert "client" not in shown(page)
    page.filter.set_text("statut:ouverte")
    page.view.set_sort("titre", True)
    page.model.ask("statut:ouverte", "titre", True)
    bureau.settle()
    rows = list(page.model.ids)
    choose(page, "Enregistrer la vue…")
    QTest.keyClick(page.views.name.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.views.field.error.label.text() == "Donnez un nom à cette vue.", timeout=_PATIENCE)
    QTest.keyClicks(page.views.name.line, "Les ouvertes")
    page.views.shared.setFocus()
    QTest.keyClick(page.views.shared, Qt.Key.Key_Space)
    QTest.keyClick(page.views.save_button, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.views.button.text() == "Les ouvertes", timeout=_PATIENCE)
    choose(page, "Ouvrir la liste sur cette vue")
    bureau.settle()
    choose(page, "Liste d'origine")
    bureau.settle()
    assert page.model.rowCount() == len(monde.interventions)
    assert "client" in shown(page)
    assert page.views.button.text() == "Vues"
    choose(page, "Les ouvertes")
    bureau.settle()
    assert list(page.model.ids) == rows
    assert page.model.question == ("statut:ouverte", "titre", True)
    assert "client" not in shown(page)
    again = ListPage(page.spec, page.contexte)
    qtbot.addWidget(again)
    qtbot.waitUntil(lambda: again.views.button.text() == "Les ouvertes", timeout=_PATIENCE)
    bureau.settle()
    assert list(again.model.ids) == rows
    # Of a view that is replaced, whatever its capitals, the toast gives the former one back.
    page.filter.set_text("statut:cloturee")
    page.views.ask_name()
    page.views.name.show_value("les OUVERTES")
    QTest.keyClick(page.views.name.line, Qt.Key.Key_Return)
    bureau.settle()
    assert [one.definition.text for one in page.views.all] == ["statut:cloturee"]
    bureau.window.toaster._undo_last()
    bureau.settle()
    assert [(one.name, one.definition.text) for one in page.views.all] == [("Les ouvertes", "statut:ouverte")]
    choose(page, "Supprimer la vue")
    qtbot.waitUntil(lambda: page.views.button.text() == "Vues", timeout=_PATIENCE)
    bureau.window.toaster._undo_last()
    qtbot.waitUntil(lambda: page.views.button.text() == "Les ouvertes", timeout=_PATIENCE)
    assert monde.agent is not None
    with transaction(sqlite_engine) as session:
        (seen,) = service.views(session, monde.agent, "interventions")
        assert (seen.name, seen.mine, seen.owner) == ("Les ouvertes", False, "Nadia Chraibi")
        for act in (
            lambda: service.delete(session, monde.agent, seen.id),
            lambda: service.share(session, monde.agent, seen.id, False),
        ):
            with pytest.raises(NotAllowedError):
                act()
        service.save(session, monde.agent, "interventions", "À moi", Definition("presse"), shared=False)
    QTest.keyClick(page.views.button, Qt.Key.Key_Return)
    assert "À moi" not in offered(page)  # not shared


def test_an_old_view_with_unknown_words_opens(bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine) -> None:
    assert monde.responsable is not None
    old = Definition("client:atlas", "disparue", True, (Column("perdue", 90), Column("statut", 150), Column("titre")))
    with transaction(sqlite_engine) as session:
        service.save(session, monde.responsable, "interventions", "Ancienne", old, shared=False)
    page = bureau.liste()
    choose(page, "Ancienne")
    bureau.settle()
    assert page.model.question == ("client:atlas", page.spec.sort, page.spec.descending)
    assert shown(page)[:2] == ["statut", "titre"]
    assert len(shown(page)) == len(page.spec.columns)
    header = page.view.horizontalHeader()
    assert header.sectionSize(header.logicalIndex(0)) == 150


@pytest.mark.parametrize(
    "stored",
    [None, 7, [], {"colonnes": {"a": 1}}, {"colonnes": [None, {"cle": 3}, {"cle": "x", "largeur": "large"}],
     "filtre": 4, "tri": []}],
)  # fmt: skip
def test_a_definition_that_is_none_is_read_as_the_plain_list(stored: object) -> None:
    found = read(stored)
    assert (found.text, found.sort, found.descending) == ("", "", False)
    assert all(column.width == 0 for column in found.columns)
    assert read_columns("no json") == ()
