"""The line of a window that works straight on the centre: seen by its jobs, asked again while it is cut."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from erp_desktop import clock
from erp_desktop.ui.bus import Bus
from erp_desktop.ui.tasks import Tasks

if TYPE_CHECKING:
    from erp_desktop.ui.workspace import Workspace

_AGAIN_MS = 5_000


class CentralLine(QObject):
    """Says in the status bar that the line is cut, and since when, or that it is there again.

    Args:
        tasks: its jobs are the only witnesses; nothing is asked of a line that answers.
        bus: told that all may have changed, when the line answers again.

    Attributes:
        since: when the line was found cut; None while it answers.
    """

    def __init__(self, tasks: Tasks, bus: Bus, parent: QObject) -> None:
        super().__init__(parent)
        self._tasks, self._bus = tasks, bus
        self._workspace: Workspace | None = None
        self.since: datetime | None = None
        self._again = QTimer(self)
        self._again.setInterval(_AGAIN_MS)
        self._again.timeout.connect(self.ask)
        tasks.line.connect(self._changed)

    def attach(self, workspace: Workspace | None) -> None:
        """Speak in this workspace from now on, or in none."""
        self._workspace = workspace
        if workspace is not None:
            # There is no exchange to look at.
            workspace.status.sync.setEnabled(False)
        self._show()

    def ask(self) -> None:
        """One short question of a table, which a centre half-way through an upgrade refuses; told as any answer."""
        import sqlalchemy as sa

        question = sa.text("SELECT 1 FROM agences LIMIT 1")
        self._tasks.run(lambda session: session.scalar(question), None, lambda _error: None, owner=self)

    def stop(self) -> None:
        self._again.stop()

    def _changed(self, answers: bool) -> None:
        from erp_desktop.registry.tables import BY_NAME

        self.since = None if answers else clock.now()
        self._show()
        if answers:
            self._again.stop()
            self._bus.data_changed.emit({table: frozenset() for table in BY_NAME}, None)
        else:
            self._again.start()

    def _show(self) -> None:
        if self._workspace is not None:
            self._workspace.status.sync.show_state(online=self.since is None, since=self.since)
