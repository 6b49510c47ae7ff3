"""Cyclic garbage is collected on the GUI thread only.

Python runs its collector on whichever thread allocates. On the database thread it would destroy widgets there, which
Qt forbids: seen as a deadlock between a destructor and the window, and as an aborted interpreter.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer


class Collector(QObject):
    """Turns the automatic collector off and runs it from a timer of the thread that made this object."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        gc.disable()
        self._timer = QTimer(self)
        self._timer.setInterval(1_000)
        self._timer.timeout.connect(self.run)
        self._timer.start()

    def run(self) -> None:
        """Collect the generations that are due by Python's own thresholds."""
        counts, limits = gc.get_count(), gc.get_threshold()
        for generation in (2, 1, 0):
            if counts[generation] > limits[generation]:
                gc.collect(generation)
                return
