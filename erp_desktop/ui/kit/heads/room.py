"""How the columns of a list share its width, and which give way where it lacks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from PySide6.QtWidgets import QHeaderView

from erp_desktop.ui.kit.heads import full_width, least_width
from erp_desktop.ui.kit.table import Column, LazyTableModel

_TIGHT: Final = 0.7
"""Share of their width that columns of words keep when room lacks."""
_NAME: Final = 140
"""Room that the column which stretches keeps while columns of words can give theirs."""
_SHORT_NAME: Final = 120
"""What is left of it rather than that a list is scrolled by a few points."""


class Room:
    """The width of one list; the columns that it does without are no choice of the person."""

    def __init__(self, model: LazyTableModel[Any], header: QHeaderView) -> None:
        self._model, self._header = model, header
        self._left_out: set[int] = set()

    def shows(self, section: int) -> bool:
        """Whether a column is chosen, though the list may be too narrow for it."""
        return section in self._left_out or not self._header.isSectionHidden(section)

    def bring_back(self) -> None:
        """Show every column that is chosen, whatever the room."""
        self._leave_out(set())

    def _leave_out(self, gone: set[int]) -> None:
        for n in gone ^ self._left_out:
            self._header.setSectionHidden(n, n in gone)
        self._left_out = gone

    def share(self, wide: int) -> None:
        """Give the room of a large window to the columns that need it, not to the one that stretches alone."""
        columns, header = self._model.columns, self._header
        stretching = next((column for column in columns if column.stretch), None)
        if stretching is None:
            return
        shown = [n for n, column in enumerate(columns) if self.shows(n) and not column.stretch]
        least = {n: least_width(self._model, n) for n in shown}
        wishes = {n: max(0, max(columns[n].wide, full_width(self._model, n)) - least[n]) for n in shown}
        place = columns.index(stretching)
        room = wide - sum(least.values()) - max(stretching.width, stretching.wide)
        share = min(1.0, max(0.0, room / (sum(wishes.values()) or 1)))
        floor = min(stretching.width, _NAME)
        least = _kept(columns, least, floor, wide)
        # What still does not fit is scrolled to, rather than a name cut to nothing.
        short = wide - sum(least.values()) < min(floor, _SHORT_NAME)
        self._leave_out(set(shown) - set(least))
        for n in least:
            header.resizeSection(n, least[n] + round(wishes[n] * share))
        mode = QHeaderView.ResizeMode.Interactive if short else QHeaderView.ResizeMode.Stretch
        if header.sectionResizeMode(place) != mode:
            header.setSectionResizeMode(place, mode)
        if short:
            header.resizeSection(place, floor)

    def widen(self, wide: int) -> None:
        """Show again what was left out once there is room beside widths that the person chose."""
        columns, header = self._model.columns, self._header
        if not self._left_out:
            return
        taken = sum(
            _NAME if column.stretch else least_width(self._model, n) if n in self._left_out else header.sectionSize(n)
            for n, column in enumerate(columns)
        )
        if taken <= wide:
            self.bring_back()


def _kept(columns: Sequence[Column[Any]], least: dict[int, int], floor: int, wide: int) -> dict[int, int]:
    """The columns that stay, with their widths: words shortened first, then columns left out."""
    leaving = sorted((n for n in least if columns[n].leaves), key=lambda n: -columns[n].leaves)
    staying = dict(least)
    while True:
        found = _tightened(columns, staying, floor + sum(staying.values()) - wide)
        if not leaving or wide - sum(found.values()) >= min(floor, _SHORT_NAME):
            return found
        del staying[leaving.pop()]


def _tightened(columns: Sequence[Column[Any]], least: dict[int, int], missing: int) -> dict[int, int]:
    """Take what is missing from the columns of words, which are read when shortened; never from figures."""
    words = [n for n in least if columns[n].kind in ("text", "muted", "strong") and not columns[n].numeric]
    if missing <= 0 or not words:
        return least
    kept = max(_TIGHT, 1 - missing / sum(least[n] for n in words))
    return {n: round(wide * kept) if n in words else wide for n, wide in least.items()}
