"""Two records with one key, made one from the inbox, and parted again by the toast."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from erp_desktop.ui.conflits.merging import FusionDialog
from erp_desktop.ui.conflits.page import ConflitsPage
from erp_desktop.ui.kit.controls import Text
from tests.ui.branch import Labo, Poste
from tests.ui.window import Bureau


@pytest.fixture
def postes(labo: Labo, mine: Poste) -> tuple[Poste, Poste]:
    return mine, labo.poste("atelier")


def page_of(window: Bureau) -> ConflitsPage:
    page = window.workspace.open_section("conflits")
    assert isinstance(page, ConflitsPage)
    window.settle()
    return page


def words(page: ConflitsPage) -> str:
    return " / ".join(t.text() for t in page.doublons.findChildren(Text) if t.isVisibleTo(page))


def dialog_of(page: ConflitsPage, window: Bureau) -> FusionDialog:
    button = next(b for b in page.doublons.findChildren(QPushButton) if b.text() == "Fusionner…")
    window.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert page.doublons.dialog is not None
    assert page.doublons.dialog.isVisible()
    return page.doublons.dialog


def test_two_clients_become_one_and_the_toast_parts_them(
    qtbot: QtBot, labo: Labo, postes: tuple[Poste, Poste], window: Bureau
) -> None:
    mine, theirs = postes
    kept, gone = labo.monde.clients[0], labo.refusal(mine, theirs)
    page = page_of(window)
    assert "Client «\u00a0Minoterie Chaouia\u00a0» existe deux fois" in words(page)
    dialog = dialog_of(page, window)
    said = " / ".join(t.text() for t in dialog.findChildren(Text))
    assert "Équipement × 2" in said
    assert "Deux postes ont saisi la même valeur (ICE)" in said
    assert dialog.choices() == {"nom_entreprise": "theirs"}
    dialog.keep_all("mine")
    qtbot.mouseClick(dialog.merge_button, Qt.MouseButton.LeftButton)
    window.settle()
    assert words(page) == ""
    assert mine.value("clients", gone, "id") is None
    mine.cycle()
    theirs.cycle()
    for poste in postes:
        assert poste.value("clients", kept, "nom_entreprise") == "Minoterie Chaouia"
        assert poste.value("equipements", labo.monde.machines[1], "client_id") == kept
    window.window.toaster.toasts[-1].undo()
    window.settle()
    mine.cycle()
    theirs.cycle()
    for poste in postes:
        assert poste.value("clients", kept, "nom_entreprise") == "Conserveries Atlas"
        assert poste.value("clients", gone, "nom_entreprise") == "Minoterie Chaouia"
        assert poste.value("equipements", labo.monde.machines[1], "client_id") == gone


def test_nothing_is_written_when_the_dialog_is_left(
    qtbot: QtBot, labo: Labo, postes: tuple[Poste, Poste], window: Bureau
) -> None:
    mine, theirs = postes
    gone = labo.refusal(mine, theirs)
    page = page_of(window)
    dialog = dialog_of(page, window)
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    window.settle()
    assert mine.value("clients", gone, "ice") == "001532097000001"
    assert "existe deux fois" in words(page)


def test_a_refused_merge_is_told(qtbot: QtBot, labo: Labo, postes: tuple[Poste, Poste], window: Bureau) -> None:
    mine, theirs = postes
    assert labo.salma is not None
    gone = labo.refusal(mine, theirs)
    page = page_of(window)
    dialog = dialog_of(page, window)
    # Corrected elsewhere while the dialog was open.
    mine.edit(labo.salma.user_id, "clients", gone, ice=None)
    qtbot.mouseClick(dialog.merge_button, Qt.MouseButton.LeftButton)
    window.settle()
    assert mine.value("clients", gone, "nom_entreprise") == "Minoterie Chaouia"
    assert len(window.window.toaster.toasts) == 1
