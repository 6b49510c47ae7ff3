"""Acts on an intervention under a quick or a slow hand, and what its parts hold when it is left."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QCheckBox, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import Statut
from erp_desktop.domain.saisie import LigneInput
from erp_desktop.domain.saisie.stock import DepotInput, PieceInput
from erp_desktop.services import interventions
from erp_desktop.services.stock import depots, parts
from erp_desktop.ui.forms.date_editors import InstantEditor
from erp_desktop.ui.forms.editors import MoneyEditor, TextEditor
from erp_desktop.ui.forms.page import RecordPage
from erp_desktop.ui.forms.picker import PickerEditor
from erp_desktop.ui.interventions.acts import ActsBar
from erp_desktop.ui.interventions.lines import LinesTab
from erp_desktop.ui.kit.controls import Button
from erp_desktop.ui.kit.surfaces import Banner
from tests.ui.company import Monde
from tests.ui.interventions.reading import column, open_form
from tests.ui.window import Bureau


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
    bureau.qtbot.waitUntil(lambda: not bar._deaf.isActive())


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
    assert [str(offer.vers) for offer in bar._rest] == ["en_cours", "archivee"]
    cut = [b for b in bar.findChildren(Button) if b.isVisible() and b.text() and b.width() < b.sizeHint().width()]
    assert cut == [], "what stands beside the gap is whole"
    bar._be_deaf()
    bar._pressed("en_cours")
    assert bar.entry.isHidden(), "deaf for the double-click interval"


def test_a_closing_tells_of_the_parts_that_were_set_aside_and_not_taken(
    bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine
) -> None:
    """Afterwards its lines are final: the way back is offered while it is."""
    assert monde.responsable is not None
    row_id, who = monde.interventions[0], monde.responsable
    with transaction(sqlite_engine, who.user_id) as session:
        store = depots.create(session, who, DepotInput(nom="Magasin"))
        part = parts.create(session, who, PieceInput(reference="JNT-63", designation="Kit joints"))
        line = LigneInput(type_ligne="piece", designation="Kit joints", quantite="2", prix_unitaire="9",
                          piece_id=part, depot_id=store, prevue=True)  # fmt: skip
        interventions.ajouter_ligne(session, who, row_id, line)
    bar, _ = _closable(bureau, monde)
    bar.go("cloturee")
    bureau.settle()
    assert column(sqlite_engine, row_id, "statut") == "cloturee"
    told = bureau.window.toaster.toasts[-1]
    assert told.accessibleName() == "Statut : Clôturée · Pièces prévues restées au dépôt : 1"
    told.undo()
    bureau.settle()
    assert column(sqlite_engine, row_id, "statut") == "en_cours"
    with transaction(sqlite_engine, who.user_id) as session:
        (kept,) = interventions.lignes(session, who, row_id)
        interventions.modifier_ligne(session, who, kept.id, {"prevue": False})
    bureau.bus.publish("lignes_intervention")
    bureau.bus.publish("interventions", row_id)
    bureau.settle()
    _wait_hearing(bureau, bar)
    bar.go("cloturee")
    bureau.settle()
    assert bureau.window.toaster.toasts[-1].accessibleName() == "Statut : Clôturée"


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
    assert bar.entry.isHidden()
    with transaction(sqlite_engine, write=False) as session:
        told = interventions.historique(session, bureau.acteur, row_id)
    assert "Fuite revenue" in [entry.remarque for entry in told]


def test_a_transition_is_taken_back_while_nothing_followed(
    bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine
) -> None:
    bar, row_id = _closable(bureau, monde)
    bar.ask_pause()
    assert bar.escape()
    assert not any("abandon" in toast.accessibleName() for toast in bureau.window.toaster.toasts)
    bar.go("en_attente")
    bureau.settle()
    assert column(sqlite_engine, row_id, "statut") == "en_attente"
    # From a field in which nothing is typed, too.
    title = bar._panel.fields.editors["titre"].inner
    title.setFocus()
    QTest.keyClick(title, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
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
    strip = bureau.workspace.tabs.strip
    assert strip.tabText(1).endswith(" : Second appel"), "told apart from other new ones"
    assert bureau.workspace.tabs.current == "interventions"


def test_an_unfinished_record_open_in_a_tab_is_gone_to_and_any_can_be_given_up(bureau: Bureau, qtbot: QtBot) -> None:
    first = bureau.workspace.open_record("interventions", None)
    assert isinstance(first, RecordPage)
    bureau.settle()
    titre = first.panel.fields.editors["titre"]
    assert isinstance(titre, TextEditor)
    qtbot.keyClicks(titre.line, "Premier appel")
    first.panel.keep_now()
    page = bureau.liste()
    page.new_record()
    bureau.settle()

    def offered(words: str) -> QPushButton:
        return next(one for one in page.form.findChildren(QPushButton) if one.text() == words and one.isVisible())

    offered("Reprendre").click()
    assert bureau.workspace.page is first
    assert page.form.fields.editors["titre"].value() is None
    # Left in no tab, it is taken up or given up from the list of them.
    bureau.workspace.close_tab(bureau.workspace.tabs.current)
    page = bureau.liste()
    offered("Abandonner").click()
    assert bureau.drafts.unfinished() == []
    bureau.window.toaster.toasts[-1].undo()
    assert [one.values["titre"] for _kind, _slot, one in bureau.drafts.unfinished()] == ["Premier appel"]


def test_more_unfinished_records_than_tabs_are_told_and_listed_on_a_blank_form(bureau: Bureau) -> None:
    for n in range(11):
        bureau.drafts.keep("interventions", -1 - n, {"titre": f"Appel {n}"})
    bureau.workspace.open_unfinished()
    bureau.settle()
    assert len(bureau.workspace.tabs.keys) == 8
    assert any("encore gardées : 3." in toast.accessibleName() for toast in bureau.window.toaster.toasts)
    page = bureau.liste()
    page.new_record()
    bureau.settle()
    banners = page.form.findChildren(Banner)
    told = " ".join(label.text() for banner in banners for label in banner.findChildren(QLabel))
    assert all(f"Appel {n}" in told for n in range(11))


def test_every_error_is_shown_at_once_and_the_first_has_the_keyboard(bureau: Bureau, qtbot: QtBot) -> None:
    page = bureau.liste()
    page.new_record()
    bureau.settle()
    fields = page.form.fields
    client, plan = fields.editors["client_id"], fields.editors["date_planifiee"]
    assert isinstance(client, PickerEditor)
    assert isinstance(plan, InstantEditor)
    plan.line.setFocus()
    plan.line.setText("un de ces jours")
    client.line.setText("zzz inconnu")
    page.form.save_button.setEnabled(True)
    page.form.save()
    bureau.settle()
    wrong = [name for name in fields.base if fields.rows[name].error.label.text()]
    assert {"client_id", "date_planifiee", "titre"} <= set(wrong)
    assert fields.editors[wrong[0]].inner.hasFocus()
    assert client.line.property("invalid") is True
    assert page.form.row_id is None


def test_an_act_waits_for_the_words_of_a_picker(bureau: Bureau, qtbot: QtBot, monde: Monde) -> None:
    page = bureau.liste()
    page.view.select_id(monde.interventions[2])
    bureau.settle()
    picker = page.form.fields.editors["technicien_id"]
    assert isinstance(picker, PickerEditor)
    picker.line.setText("Hind")
    picker.line.textEdited.emit("Hind")
    bar = page.form.bar
    assert isinstance(bar, ActsBar)
    bar.go("affectee")
    bureau.settle()
    assert picker.value() == monde.techniciens[1]
    assert page.form.record.statut == "affectee"


def test_escape_closes_the_innermost_thing_only(bureau: Bureau, qtbot: QtBot, monde: Monde) -> None:
    page = bureau.liste()
    page.view.select_id(monde.interventions[2])
    bureau.settle()
    date = page.form.fields.editors["date_planifiee"]
    assert isinstance(date, InstantEditor)
    bureau.workspace.keys.toggle()
    page.form._banner("info", "Un mot")
    bureau.settle()
    date.line.setFocus()
    date.open_calendar()
    assert date.calendar is not None

    def escape() -> None:
        bureau.window.activateWindow()
        QTest.keyClick(
            QApplication.activePopupWidget() or QApplication.focusWidget() or bureau.window, Qt.Key.Key_Escape
        )
        bureau.settle()

    def open_things() -> list[bool]:
        banners = [one for one in page.form.findChildren(Banner) if one.isVisible()]
        popup = QApplication.activePopupWidget() is not None
        return [popup, bureau.workspace.keys.isVisible(), bool(banners), not page.form.isHidden()]

    for closed in range(5):
        assert open_things() == [False] * closed + [True] * (4 - closed)
        escape()


def test_enter_presses_every_button_that_can_have_the_keyboard(bureau: Bureau, monde: Monde) -> None:
    page = bureau.liste()
    page.view.select_id(monde.interventions[2])
    bureau.settle()
    bureau.window.say("Fait", lambda: None)
    deaf = []
    for button in bureau.window.findChildren(QAbstractButton):
        if (
            button.focusPolicy() & Qt.FocusPolicy.TabFocus
            and not isinstance(button, QCheckBox)
            and button.isEnabled()
        ):
            button.blockSignals(True)
            key = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Return, Qt.KeyboardModifier.NoModifier)
            button.event(key)
            button.blockSignals(False)
            if not key.isAccepted():
                deaf.append(type(button).__name__)
    assert deaf == []
