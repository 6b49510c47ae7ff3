"""Notices that nobody is at the keyboard or the mouse any more."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
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
        window.winId()
        self._handle = window.windowHandle()
        if minutes:
            self._handle.installEventFilter(self)
            self.timer.start()

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() in _SIGNS:
            self.timer.start()
        return False

    def stop(self) -> None:
        """Notice nothing more."""
        self.timer.stop()
        self._handle.removeEventFilter(self)
