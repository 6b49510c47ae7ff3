"""Acts on an intervention under a quick or a slow hand, and what its parts hold when it is left."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QWidget
from pytestqt.qtbot import QtBot

from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import Statut
from erp_desktop.services import interventions
from erp_desktop.ui.forms.editors import MoneyEditor, TextEditor
from erp_desktop.ui.interventions.actes import ActsBar
from erp_desktop.ui.interventions.lignes import LinesTab
from erp_desktop.ui.kit.controls import Button
from erp_desktop.ui.kit.surfaces import Banner
from tests.gui.bureau import Bureau
from tests.gui.monde import Monde
from tests.gui.test_interventions import column, open_form


def _closable(bureau: Bureau, monde: Monde) -> tuple[ActsBar, int]:
    page, row_id = bureau.liste(), monde.interventions[0]
    open_form(bureau, page, row_id)
    editor = page.form.fields.editors["diagnostic"]
    editor.show_value("Galet cassé")
    editor.changed.emit()
    page.form.save()
    bureau.settle()
    bar = page.form.bar
    assert isinstance(bar, ActsBar)
    return bar, row_id


def _wait_hearing(bureau: Bureau, bar: ActsBar) -> None:
    bureau.qtbot.waitUntil(lambda: not bar._deaf.isActive(), timeout=30_000)


def test_a_double_click_closes_and_does_nothing_more(
    bureau: Bureau, monde: Monde, qtbot: QtBot, sqlite_engine: sa.Engine
) -> None:
    bar, row_id = _closable(bureau, monde)
    button = bar.buttons["cloturee"]
    middle = button.mapTo(bar, button.rect().center())
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    bureau.settle()
    assert column(sqlite_engine, row_id, "statut") == "cloturee"
    assert not isinstance(bar.childAt(middle), Button), "nothing under the pointer"
    assert "archivee" not in bar.buttons
    assert [str(offer.vers) for offer in bar._rest] == ["archivee"]
    bar._be_deaf()
    bar.buttons["en_cours"].click()
    assert bar._reopening.isHidden(), "deaf for the double-click interval"


def test_a_closed_intervention_is_opened_again_for_a_reason(
    bureau: Bureau, monde: Monde, qtbot: QtBot, sqlite_engine: sa.Engine
) -> None:
    bar, row_id = _closable(bureau, monde)
    bar.go("cloturee")
    bureau.settle()
    _wait_hearing(bureau, bar)
    bar.buttons["en_cours"].click()
    qtbot.keyClick(bar.motive, Qt.Key.Key_Return)
    assert bar.reason.text() == "Donnez le motif de la réouverture."
    qtbot.keyClicks(bar.motive, "Fuite revenue")
    qtbot.keyClick(bar.motive, Qt.Key.Key_Return)
    bureau.settle()
    assert column(sqlite_engine, row_id, "statut") == "en_cours"
    assert column(sqlite_engine, row_id, "date_cloture") is None
    assert bar._reopening.isHidden()
    with transaction(sqlite_engine, write=False) as session:
        told = interventions.historique(session, bureau.acteur, row_id)
    assert "Fuite revenue" in [entry.remarque for entry in told]


def test_a_transition_is_taken_back_while_nothing_followed(
    bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine
) -> None:
    bar, row_id = _closable(bureau, monde)
    bar.go("en_attente")
    bureau.settle()
    assert column(sqlite_engine, row_id, "statut") == "en_attente"
    bureau.window.toaster._undo_last()
    bureau.settle()
    assert column(sqlite_engine, row_id, "statut") == "en_cours"
    with transaction(sqlite_engine) as session:
        retour = interventions.changer_statut(session, bureau.acteur, row_id, Statut.EN_ATTENTE)
    with transaction(sqlite_engine) as session:
        interventions.changer_statut(session, bureau.acteur, row_id, Statut.EN_COURS)
    with pytest.raises(Exception, match="a changé depuis"), transaction(sqlite_engine) as session:
        interventions.revenir(session, bureau.acteur, retour)


def test_a_half_typed_line_stays_with_its_intervention(bureau: Bureau, monde: Monde, qtbot: QtBot) -> None:
    page, first, second = bureau.liste(), monde.interventions[0], monde.interventions[2]
    open_form(bureau, page, first)
    tab = page.form.parts[0]
    assert isinstance(tab, LinesTab)
    qtbot.keyClicks(tab.designation.line, "Galet tendeur")
    qtbot.keyClicks(tab.price.line, "12,")
    assert page.form.dirty
    open_form(bureau, page, second)
    assert tab.designation.line.text() == tab.price.line.text() == ""
    assert tab.tax.line.text() == "20"
    assert any("Ligne non ajoutée" in one.accessibleName() for one in bureau.window.findChildren(QWidget))
    open_form(bureau, page, first)
    assert (tab.designation.line.text(), tab.price.line.text()) == ("Galet tendeur", "12,")
    page.form.cancel()
    bureau.settle()
    assert tab.designation.line.text() == ""
    assert bureau.drafts.find("interventions", first) is None


def test_enter_presses_the_focused_button_and_adds_the_line(
    bureau: Bureau, monde: Monde, qtbot: QtBot, sqlite_engine: sa.Engine
) -> None:
    page, row_id = bureau.liste(), monde.interventions[0]
    open_form(bureau, page, row_id)
    tab = page.form.parts[0]
    assert isinstance(tab, LinesTab)
    tab.designation.show_value("Galet")
    tab.quantity.line.setText("deux")
    tab.price.line.setText("mille")
    qtbot.keyClick(tab.add_button, Qt.Key.Key_Return)
    assert not tab.fields["quantite"].error.isHidden()
    assert not tab.fields["prix_unitaire"].error.isHidden()
    tab.quantity.line.setText("2")
    tab.price.line.setText("1\u00a0250,50")
    qtbot.keyClick(tab.price.line, Qt.Key.Key_Return)
    bureau.settle()
    with transaction(sqlite_engine, write=False) as session:
        (line,) = interventions.lignes(session, bureau.acteur, row_id)
    assert (str(line.prix_unitaire), tab.designation.line.text()) == ("1250.50", "")


def test_a_price_is_read_with_any_space(qtbot: QtBot) -> None:
    editor = MoneyEditor()
    qtbot.addWidget(editor)
    for space in (" ", "\u00a0", "\u202f", "\t"):
        editor.line.setText(f"1{space}250,5")
        assert str(editor.value()) == "1250.5"


def test_a_second_blank_form_never_holds_the_first_one(bureau: Bureau, qtbot: QtBot) -> None:
    page = bureau.liste()
    page.new_record()
    titre = page.form.fields.editors["titre"]
    assert isinstance(titre, TextEditor)
    qtbot.keyClicks(titre.line, "Premier appel")
    page.new_record()
    bureau.settle()
    assert titre.line.text() == ""
    qtbot.keyClicks(titre.line, "Second appel")
    page.form.keep_now()
    assert [one.values["titre"] for _kind, _slot, one in bureau.drafts.unfinished()] == [
        "Premier appel",
        "Second appel",
    ]
    (banner,) = page.form.findChildren(Banner)
    (resume,) = [one for one in banner.findChildren(QPushButton) if one.text() == "Reprendre"]
    resume.click()
    bureau.settle()
    assert titre.line.text() == "Premier appel"
    page.form.cancel()
    assert [one.values["titre"] for _kind, _slot, one in bureau.drafts.unfinished()] == ["Second appel"]
    bureau.workspace.open_unfinished()
    bureau.settle()
    assert len(bureau.workspace.tabs.keys) == 2
    assert bureau.workspace.tabs.current == "interventions"
