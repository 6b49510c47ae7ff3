"""Long work that is not a database job of the open cache (enrolment, import): a thread, progress, one answer."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import shiboken6
from PySide6.QtCore import QObject, Qt, Signal

from erp_desktop.errors import ErpError

_log = logging.getLogger(__name__)
Avancer = Callable[[str, int], None]


class Fond(QObject):
    """Runs one callable at a time on a thread of its own; signals arrive on the thread that made this object."""

    progressed = Signal(str, int)
    finished = Signal(object)
    failed = Signal(object)
    _news = Signal(str, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thread: threading.Thread | None = None
        self._news.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    @property
    def busy(self) -> bool:
        return self._thread is not None

    def run(self, work: Callable[[Avancer], Any]) -> None:
        """Start ``work(progress)``.

        Raises:
            RuntimeError: something is under way.
        """
        if self._thread is not None:
            raise RuntimeError("background work is under way")
        self._thread = threading.Thread(target=self._go, args=(work,), name="demarrage", daemon=True)
        self._thread.start()

    def wait(self, timeout_s: float = 30.0) -> None:
        """Block until the work ends; for the end of the program."""
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _go(self, work: Callable[[Avancer], Any]) -> None:
        try:
            result = work(lambda name, count: self._say("avance", (name, count)))
        except Exception as error:  # noqa: BLE001 - whatever it was belongs to the one who asked
            if not isinstance(error, ErpError):
                _log.error("unexpected error in background work", exc_info=error)
            self._say("erreur", error)
        else:
            self._say("fini", result)

    def _say(self, kind: str, value: object) -> None:
        if shiboken6.isValid(self):
            self._news.emit(kind, value)

    def _deliver(self, kind: str, value: Any) -> None:
        if kind == "avance":
            self.progressed.emit(*value)
            return
        self._thread = None
        (self.finished if kind == "fini" else self.failed).emit(value)
