"""The demonstration's window: a real desktop on Casablanca's cache, with or without a screen."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from erp_desktop.app import Desktop
from erp_desktop.demo.stage import Branch
from erp_desktop.ui.lists.page import ListPage
from erp_desktop.ui.pictures import grab
from erp_desktop.ui.rapports import RapportsPage

SIZE = (1440, 900)


def _turn() -> None:
    """One turn of the event loop. Nothing but ``exec`` destroys what is to be deleted later: closed pages would stay,
    and each change of the look dress all of them."""
    QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def wait(condition: Callable[[], object], what: str, seconds: float = 20.0) -> None:
    """Let the window live until ``condition`` holds.

    Raises:
        TimeoutError: it did not within ``seconds``.
    """
    limit = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > limit:
            raise TimeoutError(f"la fenêtre attend encore : {what}")
        _turn()
        time.sleep(0.005)


def settle(seconds: float = 0.6) -> None:
    """Let lists load and animations end."""
    limit = time.monotonic() + seconds
    wait(lambda: time.monotonic() > limit, "le calme", seconds + 5)


def rest(desktop: Desktop, quiet: float = 0.25, seconds: float = 20.0) -> None:
    """Let the window live until its database was asked nothing for ``quiet`` seconds: debounced fields are slower."""
    limit, since = time.monotonic() + seconds, time.monotonic()
    while time.monotonic() < min(since + quiet, limit):
        _turn()
        if desktop.tasks is not None and desktop.tasks.pending:
            since = time.monotonic()
        time.sleep(0.005)


class Camera:
    """Takes numbered pictures of one window into a folder."""

    def __init__(self, desktop: Desktop, folder: Path) -> None:
        self.desktop = desktop
        self.folder = folder
        self.taken: list[Path] = []

    def shoot(self, name: str) -> Path:
        settle()
        path = self.folder / f"{len(self.taken) + 1:02d}-{name}.png"
        self.taken.append(grab(self.desktop.window, path))
        return path


def open_desktop(app: QApplication, branch: Branch) -> Desktop:
    """Start the desktop of a branch and wait for its login page."""
    desktop = Desktop(app, branch.settings)
    if app.platformName() == "offscreen":
        # The imaginary screen is small; pictures have the size of the mock-ups. On a real one the window fits it.
        desktop.window.resize(*SIZE)
    opened: list[bool] = []
    desktop.database_opened.connect(lambda: opened.append(True))
    desktop.start()
    wait(lambda: opened, "l'ouverture de la base")
    return desktop


def leave_on_signals(app: QApplication) -> QTimer:
    """Let Ctrl+C and a polite kill end the window like its close button; the timer must be kept.

    Python only looks at signals between two of its own steps, and Qt's loop takes none while nothing happens.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        # Through the loop: a signal that comes before it runs is not lost.
        signal.signal(number, lambda *_: QTimer.singleShot(0, app, app.quit))
    pulse = QTimer(app)
    pulse.timeout.connect(lambda: None)
    pulse.start(200)
    return pulse


def show(desktop: Desktop, section: str) -> Any:
    """Open a section of the working window and wait for what it shows."""
    if desktop.workspace is None:
        raise RuntimeError("nobody is logged in")
    page = desktop.workspace.open_section(section)
    if page is None:
        raise RuntimeError(f"no section {section}")
    if isinstance(page, ListPage):
        wait(lambda: page.model.rowCount() > 0, f"la liste {section}")
    if isinstance(page, RapportsPage):
        wait(lambda: page.dessine, "les graphiques", 60)
    rest(desktop)
    return page


def open_form(page: ListPage, place: int = 0) -> None:
    """Select a row of a list, whose form opens beside it."""
    page.view.clearSelection()
    page.view.select_place(place)
    wait(lambda: not page.form.isHidden() and page.form.row_id is not None, "la fiche")


def line(desktop: Desktop, up: bool) -> None:
    """Cut the line of a desktop or give it back, and wait until its status says so."""
    if desktop.sync is None:
        raise RuntimeError("this desktop has no line")
    desktop.sync.set_line(up)
    wait(lambda: desktop.state is not None and desktop.state.en_ligne is up, "l'état de la ligne")
