"""Keeps the index of words up to date behind the window, for a moment at a time."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, QTimer

from erp_desktop.ui.context import Contexte

_FIRST_MS, _QUIET_MS, _BETWEEN_MS, _AGAIN_MS = 6_000, 3_000, 60, 60_000
_TABLES = ("interventions", "lignes_intervention", "historiques_interventions", "clients", "equipements")


class WordsKeeper(QObject):
    """Looks for what was written once the window is up, and a little after each change."""

    def __init__(self, contexte: Contexte, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._contexte = contexte
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.look)
        self._timer.start(_FIRST_MS)
        contexte.bus.data_changed.connect(self._changed)

    def _changed(self, changes: Any, _initiator: object) -> None:
        if any(table in changes for table in _TABLES) and not self._timer.isActive():
            self._timer.start(_QUIET_MS)

    def look(self) -> None:
        """Read what waits, if anything does."""
        from erp_desktop.services.search import words

        def found(waits: bool) -> None:
            if waits:
                self._contexte.tasks.run(words.catch_up, self._done, self._failed, write=True, owner=self)

        self._contexte.tasks.run(words.waits, found, self._failed, owner=self)

    def _done(self, more: bool) -> None:
        if more:
            self._timer.start(_BETWEEN_MS)

    def _failed(self, _error: Exception) -> None:
        # Somebody else is writing, or the line is cut: a search looks at the rows themselves meanwhile.
        self._timer.start(_AGAIN_MS)
