"""A window at work on a real database, for tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from erp_desktop.app import Desktop
from erp_desktop.db.worker import DbWorker
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.settings import Settings
from erp_desktop.ui.bus import Bus
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.drafts import Drafts
from erp_desktop.ui.lists.page import ListPage
from erp_desktop.ui.main_window import MainWindow
from erp_desktop.ui.notifications.watcher import Watcher
from erp_desktop.ui.sections import records, sections
from erp_desktop.ui.tasks import Tasks
from erp_desktop.ui.workspace import Workspace

LONGEST_PAUSE_MS = 300
"""After so long without a key the program asks; slower timers keep drafts and the look of a list."""


def _pausing(timer: QTimer) -> bool:
    return timer.isActive() and timer.isSingleShot() and timer.interval() <= LONGEST_PAUSE_MS


def settle(qtbot: QtBot, window: QWidget, tasks: Tasks) -> None:
    """Wait until nothing is read or written and no pause of the typing is running.

    All objects of a window are thousands to go through: between two looks only the timers found running are asked.
    """
    running: list[QTimer] = []

    def quiet() -> bool:
        return tasks.pending == 0 and not any(isValid(timer) and _pausing(timer) for timer in running)

    still = 0
    while still < 2:
        qtbot.waitUntil(quiet)
        # What comes to rest may have asked for something that begins with the next turn of the event loop.
        qtbot.wait(1)
        running[:] = filter(_pausing, window.findChildren(QTimer))
        still = still + 1 if quiet() else 0


def at_rest(qtbot: QtBot, desktop: Desktop) -> Workspace:
    """The workspace of a whole program, once nothing is read or written in it."""
    assert desktop.workspace is not None
    assert desktop.tasks is not None
    settle(qtbot, desktop.window, desktop.tasks)
    return desktop.workspace


def watched(qtbot: QtBot, shown: Workspace) -> None:
    """What the window looks for by the clock is looked for once, and not again: it would be counted too."""
    (watcher,) = shown.findChildren(Watcher)
    qtbot.waitUntil(lambda: watcher._known is not None)
    watcher._again.stop()


class Bureau:
    """A window at work on a real database."""

    def __init__(self, qtbot: QtBot, worker: DbWorker, acteur: Acteur, folder: Path) -> None:
        self.qtbot, self.worker, self.acteur = qtbot, worker, acteur
        worker.user_id = acteur.user_id
        self.settings = Settings(data_dir=folder, log_dir=folder)
        self.window = MainWindow(self.settings)
        self._finished = False
        qtbot.addWidget(self.window, before_close_func=lambda _window: self.finish())
        self.window.resize(1440, 900)
        self.tasks, self.bus = Tasks(worker), Bus()
        self.failures: list[object] = []
        self.tasks.failed.connect(self.failures.append)
        self.tasks.told.connect(self.failures.append)
        self.drafts = Drafts(folder / "brouillons", acteur.user_id)
        contexte = Contexte(
            acteur, self.settings, self.tasks, self.bus, self.drafts, self.window.say,
            self._open_record, lambda kind, slot, show: self.workspace.unfinished_at(kind, slot, show=show),
            self._open_list,
            self._begin,
        )  # fmt: skip
        self.workspace = Workspace(contexte, sections(), records(), "Casablanca", "Casablanca · poste 04")
        self.window.show_content(self.workspace)
        self.window.show()
        self.window.activateWindow()
        qtbot.waitUntil(self.window.isActiveWindow)

    def _open_list(self, key: str, words: str) -> object:
        return self.workspace.open_list(key, words)

    def _open_record(self, kind: str, row_id: int | None) -> object:
        return self.workspace.open_record(kind, row_id)

    def _begin(self, kind: str, values: Mapping[str, Any]) -> object:
        return self.workspace.begin(kind, values)

    def settle(self) -> None:
        """Wait until nothing is read or written and no pause of the typing is running."""
        settle(self.qtbot, self.window, self.tasks)

    def liste(self, key: str = "interventions") -> ListPage:
        page = self.workspace.open_section(key)
        assert isinstance(page, ListPage)
        self.settle()
        return page

    def finish(self) -> None:
        """Leave every page, wait for the work under way, write the last draft."""
        if not self._finished:
            self._finished = True
            self.workspace.leave()
            self.settle()
            self.drafts.close()
