"""The first page as a picture, for IT and for the trial of a build."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QObject, QTimer

from erp_desktop.app.desktop import Desktop

_log = logging.getLogger(__name__)


class Capture(QObject):
    """Waits for the first page behind the opening, paints it into a file and ends the program."""

    SETTLED, PATIENCE = 5, 600
    """Ticks of 100 ms: without change, and in all."""

    def __init__(self, desktop: Desktop, file: Path) -> None:
        super().__init__(desktop)
        self._desktop, self._file = desktop, file
        # The same picture whatever the screen, an imaginary one included.
        desktop.window.resize(1440, 900)
        self._seen: object = None
        self._same = self._ticks = 0
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._look)
        self._timer.start(100)
        sys.excepthook = self._failed

    def _failed(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        _log.error("unexpected error", exc_info=(kind, error, trace))
        self._end(1)

    def _end(self, status: int) -> None:
        self._timer.stop()
        self._desktop.close()
        self._desktop.app.exit(status)

    def _look(self) -> None:
        from erp_desktop.ui.kit.states import ErrorState
        from erp_desktop.ui.main_window import Opening
        from erp_desktop.ui.pictures import grab

        self._ticks += 1
        content = self._desktop.window.centralWidget()
        self._same = self._same + 1 if content is self._seen and not isinstance(content, Opening) else 0
        self._seen = content
        if self._same >= self.SETTLED:
            grab(self._desktop.window, self._file)
            self._end(1 if isinstance(content, ErrorState) else 0)
        elif self._ticks >= self.PATIENCE:
            self._end(1)
