"""Puts the bell, its panel and the watcher into a working window; the desktop's tray shows what is announced."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal, SignalInstance
from PySide6.QtWidgets import QSystemTrayIcon, QWidget

from erp_desktop.ui.kit import icons
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.notifications.panel import NotificationsPanel
from erp_desktop.ui.notifications.watcher import Watcher
from erp_desktop.ui.workspace import Workspace

_MESSAGE_MS = 10_000


class Tray(QObject):
    """The program's icon beside the system's clock, where the system has such a place."""

    clicked = Signal()

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._icon: QSystemTrayIcon | None = None
        if QSystemTrayIcon.isSystemTrayAvailable():
            self._icon = QSystemTrayIcon(icons.icon("wrench", "accent.text"), self)
            self._icon.setToolTip("ERP MIF")
            self._icon.activated.connect(lambda _reason: self._wanted())
            self._icon.messageClicked.connect(self._wanted)
            self._icon.show()

    def show(self, title: str, text: str) -> bool:
        """Show a message; False when the system has no tray."""
        if self._icon is None:
            return False
        self._icon.showMessage(title, text, QSystemTrayIcon.MessageIcon.Information, _MESSAGE_MS)
        return True

    def _wanted(self) -> None:
        self._window.showNormal() if self._window.isMinimized() else self._window.show()
        self._window.raise_()
        self._window.activateWindow()
        self.clicked.emit()


def attach_notifications(
    made: Workspace, show: Callable[[str, str], bool], wanted: SignalInstance | None = None
) -> tuple[NotificationsPanel, Watcher]:
    """Build the panel and the watcher of a workspace.

    Args:
        show: shows title and text on the desktop; where it cannot, messages pass inside the window.
        wanted: somebody clicked on such a message.
    """
    contexte = made.contexte
    panel = NotificationsPanel(contexte, made, made.open_section)

    def announce(title: str, text: str) -> None:
        if not show(title, text):
            contexte.say(tr("{titre} : {texte}", titre=title, texte=text.replace("\n", " · ")), None, "info")

    watcher = Watcher(contexte, announce, made)
    watcher.told.connect(lambda: panel.reload(own=False))
    panel.counted.connect(made.top.bell.set_count)
    made.top.bell.clicked.connect(panel.toggle)
    made.drawers.append(panel)
    if wanted is not None:
        wanted.connect(panel.open)
    return panel, watcher
