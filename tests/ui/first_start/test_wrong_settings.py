"""A start with wrong settings: one window, a line of the log each, and the way on once they are right."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from erp_desktop import paths
from erp_desktop.settings import Settings, sources
from erp_desktop.ui.first_start.wrong_settings import WrongSettings, settled
from erp_desktop.ui.kit.controls import Text


def window_of(qapp: QApplication) -> WrongSettings:
    return next(w for w in qapp.topLevelWidgets() if isinstance(w, WrongSettings) and w.isVisible())


@pytest.fixture
def file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(sources, "policy_file", lambda: tmp_path / "rien.json")
    monkeypatch.setattr(paths, "log_dir", lambda: tmp_path / "journaux")
    monkeypatch.setenv("ERP_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("ERP_LOG_DIR", str(tmp_path / "journaux"))
    return tmp_path / "reglages.json"


def test_two_wrong_settings_are_one_window_then_the_start_goes_on(
    qapp: QApplication, qtbot: QtBot, file: Path, tmp_path: Path
) -> None:
    file.write_text(json.dumps({"langage": "fr", "sync_batch": "beaucoup"}), encoding="utf-8")
    seen: list[str] = []

    def correct_one_then_all() -> None:
        window = window_of(qapp)
        seen.append(window.title.text())
        seen.extend(label.text() for label in window.findChildren(Text))
        file.write_text(json.dumps({"sync_batch": "beaucoup"}), encoding="utf-8")
        window.again.click()
        seen.append(window.title.text())
        file.write_text(json.dumps({"sync_batch": 100}), encoding="utf-8")
        window.again.click()

    QTimer.singleShot(0, correct_one_then_all)
    found = settled(qapp, quiet=False)
    assert isinstance(found, Settings)
    assert found.sync_batch == 100
    assert seen[0] == "2 réglages sont à corriger"
    assert seen[-1] == "Un réglage est à corriger"
    assert "« langage » n'est pas un réglage ; vouliez-vous dire « language » ?" in seen
    assert str(file) in seen
    journal = (tmp_path / "journaux" / "erp-mif.log").read_text(encoding="utf-8")
    assert journal.count("réglage refusé") == 3
    assert "« sync_batch » ne peut pas être « beaucoup »" in journal


def test_leaving_keeps_the_file_and_starts_nothing(qapp: QApplication, qtbot: QtBot, file: Path) -> None:
    file.write_text("{", encoding="utf-8")
    QTimer.singleShot(0, lambda: window_of(qapp).close())
    assert settled(qapp, quiet=False) is None
    assert file.read_text(encoding="utf-8") == "{"


def test_with_nobody_to_answer_it_goes_to_the_terminal(
    qapp: QApplication, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text("{", encoding="utf-8")
    assert settled(qapp, quiet=True) is None
    assert f"{file} : ligne 1, colonne 2 : ce n'est pas du JSON." in capsys.readouterr().err
