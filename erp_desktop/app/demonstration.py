"""From this window to the demonstration, which is a program of its own: it needs no enrolment and touches no data."""

from __future__ import annotations

import sys

from PySide6.QtCore import QProcess

from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.main_window import MainWindow


def leave_for(window: MainWindow) -> None:
    """Start the demonstration in a process of its own and close ``window``; say so where it does not start."""
    frozen = getattr(sys, "frozen", False)
    arguments = ["--demo"] if frozen else ["-m", "erp_desktop", "--demo"]
    if not QProcess.startDetached(sys.executable, arguments)[0]:
        window.say(tr("La démonstration n'a pas pu démarrer."), kind="danger")
        return
    window.close()
