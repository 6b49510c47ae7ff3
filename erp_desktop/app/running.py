"""The desktop from its first window to its last thread."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from erp_desktop import log
from erp_desktop.app import single
from erp_desktop.app.desktop import Desktop
from erp_desktop.app.first_picture import Capture
from erp_desktop.app.new_version import NewVersion
from erp_desktop.services.support import incidents
from erp_desktop.settings import Settings
from erp_desktop.ui.bug import show_bug
from erp_desktop.ui.kit import paint
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.kit.theme import theme

_log = logging.getLogger(__name__)


def catch_bugs(desktop: Desktop) -> None:
    """Send errors that escape a slot to the log and to the window's dialog."""

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> Any:
        if issubclass(kind, KeyboardInterrupt):
            return sys.__excepthook__(kind, error, trace)
        _log.error("unexpected error", exc_info=(kind, error, trace))
        return show_bug(desktop.window, error)

    sys.excepthook = hook


def tell_of_abrupt_end(desktop: Desktop) -> None:
    """Say it calmly and once, to whoever logs in first: their drafts open by themselves."""

    def tell(_acteur: object) -> None:
        workspace = desktop.workspace
        if workspace is None or workspace.contexte.drafts.empty:
            words = tr("Le programme s'était arrêté sans se fermer. Rien n'était en cours de saisie.")
        else:
            words = tr("Le programme s'était arrêté sans se fermer. Ce qui était saisi est là, en brouillon.")
        desktop.window.say(words, kind="info")

    desktop.logged_in.connect(tell, Qt.ConnectionType.SingleShotConnection)


def _icon() -> QIcon:
    found = QIcon()
    for side in (16, 24, 32, 48, 64, 256):
        found.addPixmap(paint.mark(side, theme().color("accent.fill"), theme().color("text.onAccent")))
    return found


def run(settings: Settings | None = None, capture: Path | None = None, target: str = "") -> int:
    """Run the desktop until its window closes.

    Args:
        settings: options in force, by default the stored ones.
        capture: paint the first page that is ready into this PNG and end; the exit status is 1 when the database
            did not open.
        target: link to open, or file to enrol by; given to the window that is open on the same database, if any.
    """
    app = QApplication.instance() or QApplication(sys.argv[:1])
    if not isinstance(app, QApplication):
        raise RuntimeError("a QApplication is needed")
    app.setApplicationName("ERP MIF")
    if settings is not None:
        log.configure(settings.log_dir, settings.log_level)

    from erp_desktop.ui.first_start import wrong_settings

    chosen = settings if settings is not None else wrong_settings.settled(app, quiet=capture is not None)
    if chosen is None:
        return 1
    if capture is None and single.handed_over(chosen.cache, target):
        return 0
    desktop = Desktop(app, chosen)
    app.setWindowIcon(_icon())
    catch_bugs(desktop)
    if capture is not None:
        Capture(desktop, capture)
        desktop.start()
        return app.exec()
    entrance = single.Entrance(desktop, target)
    watch = incidents.Watch(chosen.log_dir, single.name_of(chosen.cache))
    if watch.abrupt:
        tell_of_abrupt_end(desktop)
    newer = NewVersion(chosen, desktop.window, desktop)
    desktop.built.connect(newer.attach)
    desktop.logged_in.connect(lambda _acteur: newer.look())
    desktop.start()
    status = app.exec()
    watch.end()
    newer.finish(entrance)
    return status
