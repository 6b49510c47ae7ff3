"""Keys in dialogs, Qt's own and the program's: Enter presses what has the focus, Esc closes the innermost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QDialog,
    QFileDialog,
    QLineEdit,
    QMainWindow,
    QMessageBox,
    QTreeView,
)
from pytestqt.qtbot import QtBot

from erp_desktop import clock
from erp_desktop.sync.inbox.duplicates import ChampFusion, Doublon
from erp_desktop.ui.bug import show_bug
from erp_desktop.ui.conflits.merging import FusionDialog
from erp_desktop.ui.kit.dialogs import ask_files, ask_target


@pytest.fixture
def window(qtbot: QtBot) -> QMainWindow:
    made = QMainWindow()
    qtbot.addWidget(made)
    made.show()
    return made


def pressed_by_enter(qtbot: QtBot, make: Callable[[], QDialog]) -> dict[str, list[str]]:
    """Button that has the focus → the buttons that Enter presses then."""
    found: dict[str, list[str]] = {}
    place = 0
    while True:
        dialog = make()
        qtbot.waitUntil(dialog.isActiveWindow)
        buttons = [
            b for b in dialog.findChildren(QAbstractButton)
            if b.isVisible() and b.isEnabled() and b.focusPolicy() & Qt.FocusPolicy.TabFocus
        ]  # fmt: skip
        if place == len(buttons):
            dialog.close()
            return found
        hits: list[str] = []
        names = [button.objectName() or button.text().replace("&", "") for button in buttons]
        for name, button in zip(names, buttons, strict=True):
            button.clicked.connect(lambda _checked=False, name=name, hits=hits: hits.append(name))
        buttons[place].setFocus(Qt.FocusReason.TabFocusReason)
        key = Qt.Key.Key_Enter if place % 2 else Qt.Key.Key_Return
        gone: list[bool] = []
        dialog.destroyed.connect(lambda *_, gone=gone: gone.append(True))
        qtbot.keyClick(buttons[place], key)
        found[names[place]] = hits
        if not gone and not dialog.isHidden():
            dialog.close()
        qtbot.wait(1)
        place += 1


def test_enter_presses_the_focused_button_of_every_dialog_of_qt(
    qtbot: QtBot, window: QMainWindow, tmp_path: Path
) -> None:
    saved: list[Path] = []

    def save() -> QDialog:
        dialog = ask_target(window, "Enregistrer", "liste.csv", saved.append, ["CSV (*.csv)"])
        dialog.setDirectory(str(tmp_path))
        return dialog

    for make, least in (
        (save, 5), (lambda: ask_files(window, "Choisir", ["Tous (*)"], saved.extend, many=True), 5),
        (lambda: show_bug(window, ValueError("essai")), 2),
    ):  # fmt: skip
        found = pressed_by_enter(qtbot, make)
        assert len(found) >= least, found
        assert found == {name: [name] for name in found}
    # Only the button that saves did: not once the one of the parent folder.
    assert saved == [tmp_path / "liste.csv"]


def test_esc_closes_the_innermost_of_a_file_dialog_only(qtbot: QtBot, window: QMainWindow, tmp_path: Path) -> None:
    for name in ("abc.csv", "abd.csv"):
        (tmp_path / name).touch()
    dialog = ask_target(window, "Enregistrer", "x.csv", lambda _path: None)
    dialog.setDirectory(str(tmp_path))
    dialog.setViewMode(QFileDialog.ViewMode.Detail)
    qtbot.waitUntil(dialog.isActiveWindow)
    name, folder = dialog.findChild(QLineEdit, "fileNameEdit"), dialog.findChild(QComboBox, "lookInCombo")
    files = dialog.findChild(QTreeView, "treeView")
    assert isinstance(name, QLineEdit)
    assert isinstance(folder, QComboBox)
    assert isinstance(files, QTreeView)
    model = files.model()
    # What is typed before the folder is read is completed by nothing, and never again.
    qtbot.waitUntil(lambda: model.rowCount(files.rootIndex()) == 2)
    name.clear()
    qtbot.keyClicks(name, "ab")
    completer = name.completer()
    assert completer is not None
    qtbot.waitUntil(completer.popup().isVisible)
    qtbot.keyClick(completer.popup(), Qt.Key.Key_Escape)
    assert not completer.popup().isVisible()
    assert (name.text(), dialog.isVisible()) == ("ab", True)
    folder.showPopup()
    qtbot.waitUntil(lambda: QApplication.activePopupWidget() is not None)
    qtbot.keyClick(folder.view(), Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: QApplication.activePopupWidget() is None)
    assert dialog.isVisible()
    files.setCurrentIndex(model.index(0, 0, files.rootIndex()))
    files.edit(files.currentIndex())
    editor = files.findChild(QLineEdit)
    assert isinstance(editor, QLineEdit)
    qtbot.keyClick(editor, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: files.findChild(QLineEdit) is None)
    assert dialog.isVisible()
    with qtbot.waitSignal(dialog.rejected):
        qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert window.isVisible()


def test_the_message_and_the_merge_close_alone(qtbot: QtBot, window: QMainWindow) -> None:
    fields = (ChampFusion("ville", "Rabat", "Salé", True), ChampFusion("contact", "Ali", "Ali B.", True))
    double = Doublon(1, "clients", 2, 1, ("ice",), "Conserveries Atlas", clock.now(), fields, {}, {}, None)
    dialog = FusionDialog(double, window)
    dialog.open()
    qtbot.waitUntil(dialog.isActiveWindow)
    mine = dialog.groups["ville"].button(0)
    mine.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(mine, Qt.Key.Key_Return)
    assert dialog.isVisible()
    assert dialog.choices()["ville"] == "mine"
    box = show_bug(dialog, ValueError("essai"))
    qtbot.waitUntil(box.isActiveWindow)
    closed: list[bool] = []
    box.destroyed.connect(lambda *_: closed.append(True))
    qtbot.keyClick(box, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: bool(closed))
    assert dialog.isVisible()
    assert dialog.findChildren(QMessageBox) == []
    decided: list[int] = []
    dialog.finished.connect(decided.append)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert decided == [QDialog.DialogCode.Rejected]
    assert window.isVisible()
    dialog.open()
    qtbot.waitUntil(dialog.isActiveWindow)
    dialog.merge_button.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(dialog.merge_button, Qt.Key.Key_Enter)
    assert decided[1:] == [QDialog.DialogCode.Accepted]
