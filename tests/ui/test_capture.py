"""The first window: its place, and its first page as a picture (``erp-mif --capture``) for IT."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from erp_desktop import paths
from erp_desktop.settings import Settings
from erp_desktop.ui.main_window import MainWindow, first_place, first_size


def _capture(folder: Path, **options: str) -> tuple[int, QImage]:
    picture = folder / "page.png"
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ERP_")}
    done = subprocess.run(
        [sys.executable, "-m", "erp_desktop", "--capture", str(picture)], cwd=paths.ROOT, check=False, timeout=120,
        env={**environment, "QT_QPA_PLATFORM": "offscreen", "PYTHONUTF8": "1", "ERP_DATA_DIR": str(folder),
             "ERP_LOG_DIR": str(folder / "journaux"), **options},
    )  # fmt: skip
    return done.returncode, QImage(str(picture))


def test_the_first_start_shows_the_wizard(tmp_path: Path) -> None:
    status, picture = _capture(tmp_path)
    assert status == 0
    assert (picture.width(), picture.height()) == (1440, 900)
    assert not (tmp_path / "erp-mif.sqlite").exists()


def test_an_existing_database_shows_the_login(sqlite_path: Path, tmp_path: Path) -> None:
    status, picture = _capture(tmp_path, ERP_MODE="autonome", ERP_CACHE_NAME=sqlite_path.name)
    assert status == 0
    assert not picture.isNull()


def test_a_refused_database_ends_with_one(tmp_path: Path) -> None:
    (tmp_path / "erp-mif.sqlite").write_bytes(b"rien d'une base" * 100)
    status, picture = _capture(tmp_path, ERP_MODE="autonome")
    assert status == 1
    assert not picture.isNull()


@pytest.mark.parametrize(
    ("screen", "size"),
    [((1366, 728), (1364, 688)), ((1280, 680), (1278, 640)), ((1024, 728), (1022, 688)), ((1920, 1040), (1440, 900))],
)
def test_the_first_window_fits_its_screen(screen: tuple[int, int], size: tuple[int, int]) -> None:
    assert first_size(QSize(*screen)).toTuple() == size
    # The title bar stands above the page, 40 high at most; a task bar at the top or the left moves all of it.
    room = QRect(QPoint(60, 30), QSize(*screen))
    assert room.contains(QRect(first_place(room), QSize(size[0], size[1] + 40)))


def test_a_window_opens_again_where_it_was_left(qtbot: QtBot, tmp_path: Path) -> None:
    places = []
    for _ in range(3):
        window = MainWindow(Settings(data_dir=tmp_path, log_dir=tmp_path))
        qtbot.addWidget(window)
        if not places:
            window.resize(700, 500)
            window.move(40, 60)
        window.show()
        places.append((window.pos(), window.size()))
        window.close()
    assert places[1:] == places[:1] * 2
