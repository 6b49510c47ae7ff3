"""Cyclic garbage is collected on the GUI thread only.

Python runs its collector on whichever thread allocates. On the database thread it would destroy widgets there, which
Qt forbids: seen as a deadlock between a destructor and the window, and as an aborted interpreter. What the program
itself consists of, some 190,000 objects, stays out of it: looking through them took 60 to 90 ms of that thread.
"""

from __future__ import annotations

import gc
import sys
from typing import Any

from PySide6.QtCore import QObject, QTimer

_TURN_S = 0.001
"""After which the thread that runs gives way to the window's; five times as long made a paint stand still at each
of its calls of Qt while a page was read, and reads no faster."""


class Collector(QObject):
    """Turns the automatic collector off and runs it from a timer of the thread that made this object.

    What is there by then is for good, and is not looked through again. The other threads give way to it soon.

    Args:
        ready: a signal of the moment at which the rest of the program is there, and no page yet.
    """

    def __init__(self, parent: QObject, ready: Any = None) -> None:
        super().__init__(parent)
        self._whole = False
        if ready is not None:
            ready.connect(self._settle)
        sys.setswitchinterval(_TURN_S)
        gc.disable()
        gc.freeze()
        self._timer = QTimer(self)
        self._timer.setInterval(1_000)
        self._timer.timeout.connect(self.run)
        self._timer.start()

    def _settle(self) -> None:
        # Once: what is left of closed pages later on is garbage.
        if not self._whole:
            self._whole = True
            gc.freeze()

    def run(self) -> None:
        """Collect the generations that are due by Python's own thresholds."""
        counts, limits = gc.get_count(), gc.get_threshold()
        for generation in (2, 1, 0):
            if counts[generation] > limits[generation]:
                gc.collect(generation)
                return
