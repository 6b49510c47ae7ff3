"""Tells every open screen what changed, and who did it."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject, Signal

Changes = Mapping[str, frozenset[int]]
"""Table → identifiers of the rows that changed; an empty set means any row of the table."""


class Bus(QObject):
    """One per window."""

    data_changed = Signal(object, object)
    """``(changes: Changes, initiator: object | None)``; who saved, or None for the sync."""

    def publish(self, table: str, *ids: int, initiator: object | None = None) -> None:
        self.data_changed.emit({table: frozenset(ids)}, initiator)
