"""The import page with a file read into it."""

from __future__ import annotations

from pathlib import Path

from pytestqt.qtbot import QtBot

from erp_desktop.ui.imports.page import ImportPage
from tests.ui.window import Bureau

PATIENCE = 30_000
"""Milliseconds for what a file of some lines takes on the slowest machine."""


def opened(bureau: Bureau, qtbot: QtBot, path: Path, kind: str = "clients") -> ImportPage:
    page = bureau.workspace.open_record(f"import-{kind}", None)
    assert isinstance(page, ImportPage)
    page.open_file(path)
    qtbot.waitUntil(lambda: page.file is not None and page.pages.currentIndex() == 1, timeout=PATIENCE)
    bureau.settle()
    return page


def judged(page: ImportPage, qtbot: QtBot, bad: int) -> None:
    qtbot.waitUntil(lambda: page._judged and page.bad.figure.text() == str(bad), timeout=PATIENCE)
