"""Sixty thousand lines, three hundred of them bad, read, judged and written while the window stays free."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from tests.ui.imports.opening import judged, opened
from tests.ui.window import Bureau

_LINES, _EACH = 60_000, 200


def _file(path: Path) -> Path:
    lines = ["Raison sociale;ICE;Ville;Téléphone;Adresse électronique"]
    for n in range(_LINES):
        bad = "12AB" if n % _EACH == 7 else ""
        lines.append(f"Atelier {n:05d};{bad};Rabat;0522{n:06d};a{n}@exemple.ma")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8-sig")
    return path


@pytest.mark.soak
@pytest.mark.timeout(300)
def test_many_lines_with_some_bad_ones(
    bureau: Bureau, qtbot: QtBot, tmp_path: Path, sqlite_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.ui.imports.opening.PATIENCE", 240_000)

    def clients() -> int:
        with sqlite_engine.connect() as connection:
            return int(connection.execute(sa.text("SELECT count(*) FROM clients")).scalar_one())

    before, works, last = clients(), list[float](), [time.thread_time()]

    def tick() -> None:
        works.append(time.thread_time() - last[0])
        last[0] = time.thread_time()

    watchdog = QTimer()
    watchdog.timeout.connect(tick)
    watchdog.start(2)
    page = opened(bureau, qtbot, _file(tmp_path / "gros.csv"))
    judged(page, qtbot, _LINES // _EACH)
    assert {(one.colonne, one.valeur) for one in page.faults} == {("ICE", "12AB")}
    assert [one.ligne for one in page.faults][:2] == [9, 209], "as the file counts, its header included"
    assert not page.write_button.isEnabled()
    assert clients() == before
    page.apart.setFocus()
    QTest.keyClick(page.apart, Qt.Key.Key_Space)
    assert page.write_button.text().replace("\u202f", " ") == "Écrire 59 700 lignes"
    assert page.save()
    bureau.settle()
    watchdog.stop()
    assert clients() == before + 59_700
    assert max(works) < 0.15, sorted(works)[-3:]
