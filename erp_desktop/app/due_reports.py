"""Sending the reports that are due while somebody works at the centre, or on a desktop of its own."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from erp_desktop.settings import Mode, Settings
from erp_desktop.ui.background import Fond

if TYPE_CHECKING:
    import sqlalchemy as sa

    from erp_desktop.db.replica import Replica

_log = logging.getLogger(__name__)
_EVERY_MS = 60_000


class DueReports(QObject):
    """Looks every minute, on a thread of its own.

    A branch's desktop leaves it to the centre, whose database alone tells two machines apart.
    """

    def __init__(
        self, engine: sa.Engine, settings: Settings, parent: QObject, replica: Replica | None = None
    ) -> None:
        super().__init__(parent)
        self._engine, self._settings, self._replica = engine, settings, replica
        self.fond = Fond(self)
        self.fond.failed.connect(lambda error: _log.error("reports not sent", exc_info=error))
        self._timer = QTimer(self)
        self._timer.setInterval(_EVERY_MS)
        self._timer.timeout.connect(self.look)
        if settings.mode is not Mode.AGENCE:
            self._timer.start()

    def look(self) -> None:
        """Send what is due now, unless that is under way."""
        if not self.fond.busy:
            self.fond.run(lambda _progress: self._send())

    def _send(self) -> int:
        from erp_desktop.reports.managers import sending

        return len(sending.run_due(self._engine, self._settings, replica=self._replica))

    def stop(self) -> None:
        self._timer.stop()
        self.fond.wait()
