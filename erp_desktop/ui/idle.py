"""Notices that nobody is at the keyboard or the mouse any more."""

from __future__ import annotations

import shiboken6
from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtGui import QWindow
from PySide6.QtWidgets import QWidget

_SIGNS = frozenset({
    QEvent.Type.KeyPress, QEvent.Type.MouseButtonPress, QEvent.Type.MouseMove, QEvent.Type.Wheel,
    QEvent.Type.TouchBegin, QEvent.Type.TabletPress,
})  # fmt: skip


class IdleWatch(QObject):
    """Emits ``idle`` once nothing was struck or moved over a window for a while.

    It listens to the system's window, through which every key and every move goes once; a filter of the whole
    application would be called for each event of each widget.

    Args:
        minutes: 0 never emits.
    """

    idle = Signal()

    def __init__(self, window: QWidget, minutes: int, parent: QObject | None = None) -> None:
        super().__init__(parent if parent is not None else window)
        self.timer = QTimer(self)
        self.timer.setSingleShot(True)
        self.timer.setInterval(minutes * 60_000)
        self.timer.timeout.connect(self.idle)
        self._window = window
        self._handle: QWindow | None = None
        if minutes:
            window.installEventFilter(self)
            self._listen()
            self.timer.start()

    def _listen(self) -> None:
        """Listen to the system's window of now: Qt makes another where the first cannot show what was added to it."""
        self._window.winId()
        handle = self._window.windowHandle()
        if handle is not self._handle:
            handle.installEventFilter(self)
            self._handle = handle

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._window:
            if event.type() == QEvent.Type.WinIdChange:
                QTimer.singleShot(0, self, self._listen)
        elif event.type() in _SIGNS:
            self.timer.start()
        return False

    def stop(self) -> None:
        """Notice nothing more."""
        self.timer.stop()
        self._window.removeEventFilter(self)
        if self._handle is not None and shiboken6.isValid(self._handle):
            self._handle.removeEventFilter(self)
        self._handle = None
