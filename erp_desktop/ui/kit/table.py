"""Lists of any length: a first page, then every identifier, rows when they become visible; all in the background."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QPainter

from erp_desktop.ui.kit.controls import plain
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.tasks import Task, Tasks

R = TypeVar("R")
Index = QModelIndex | QPersistentModelIndex

ROW_ROLE = int(Qt.ItemDataRole.UserRole) + 1
COLUMN_ROLE = int(Qt.ItemDataRole.UserRole) + 2
WINDOW = 64
CACHED_ROWS = 4096
FIRST = 4 * WINDOW
"""Identifiers asked for at once when the question is new; the others follow."""


LABEL = "="
"""A title that is said where the column is mapped."""


@dataclass(frozen=True)
class Column(Generic[R]):
    """One column of a list.

    Attributes:
        key: stable name, also what is asked from the service as sort key; empty when not sortable.
        title: French text, translated when shown; ``LABEL`` in a ``ListSpec``: what the column of the key declares.
        width: pixels, ignored when ``stretch``.
        text: what is shown, copied and read aloud.
        kind: how the delegate paints it: text, strong, code, muted, pill, priority, sla or marks.
        full: the complete text when the cell shows a short form.
        value: what the painter of pill, priority and sla needs besides the text.
        numeric: tabular figures, and more room in Arabic.
        draw: paints the whole cell instead of a kind: ``draw(painter, rect, row, rtl)``.
        head: paints the head instead of the title: ``head(painter, rect)``.
        wide: pixels it takes when the window has room; the rest goes to the column that stretches.
        hidden: offered by the column chooser, not shown at first.
    """

    key: str
    title: str
    width: int
    text: Callable[[R], str]
    kind: str = "text"
    stretch: bool = False
    full: Callable[[R], str] | None = None
    value: Callable[[R], Any] | None = None
    numeric: bool = False
    hidden: bool = False
    wide: int = 0
    draw: Callable[[QPainter, QRect, R, bool], None] | None = None
    head: Callable[[QPainter, QRect], None] | None = None


class Source(Protocol[R]):
    """Where a list reads; both run on the database worker."""

    def ids(self, session: Any, text: str, sort: str, descending: bool, limit: int | None) -> list[int]: ...

    def rows(self, session: Any, ids: list[int]) -> list[R]: ...


def differences(old: Sequence[Hashable], new: Sequence[Hashable]) -> int:
    """How many rows come, go or change place from one order to another: the fewest that explain it."""
    start, end_old, end_new = 0, len(old), len(new)
    while start < min(end_old, end_new) and old[start] == new[start]:
        start += 1
    while min(end_old, end_new) > start and old[end_old - 1] == new[end_new - 1]:
        end_old, end_new = end_old - 1, end_new - 1
    places = {row_id: place for place, row_id in enumerate(old[start:end_old])}
    kept = [places[row_id] for row_id in new[start:end_new] if row_id in places]
    come_or_gone = (end_new - start - len(kept)) + (end_old - start - len(kept))
    # What need not move is the longest run of rows whose order is the same in both.
    tails: list[int] = []
    for place in kept:
        at = bisect_left(tails, place)
        tails[at : at + 1] = [place]
    return come_or_gone + len(kept) - len(tails)


class LazyTableModel(QAbstractTableModel, Generic[R]):
    """Shows ``len(ids)`` rows at once and fetches windows of 64 when they are painted.

    Rows already known stay visible while fresher ones are read; answers to an older question are dropped.
    """

    first_shown = Signal()
    """The first page of a new question is there; how many answer it is not known yet."""
    loaded = Signal(int)
    """The identifiers of the last question arrived; their number."""
    failed = Signal(object)
    busy_changed = Signal(bool)
    held_changed = Signal(int)
    """How many rows an order held back would move, add or take away; 0 when none waits."""

    def __init__(
        self, tasks: Tasks, source: Source[R], columns: Sequence[Column[R]], row_id: Callable[[R], int],
        parent: QObject | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self._tasks, self._source, self._row_id = tasks, source, row_id
        self.columns = list(columns)
        # Packed: a million identifiers are 8 MB here and 40 as a list.
        self._ids = array("q")
        self._rows: OrderedDict[int, R] = OrderedDict()
        self._stale: set[int] = set()
        self._asked: set[int] = set()
        self._wanted: set[int] = set()
        self._generation = 0
        self._paged = 0
        """The generation whose first page is shown."""
        self._question = ("", "", False)
        self._held: array[int] | None = None
        self._ids_task: Task | None = None
        self._gather = QTimer(self)
        self._gather.setSingleShot(True)
        self._gather.setInterval(0)
        self._gather.timeout.connect(self._fetch)

    @property
    def question(self) -> tuple[str, str, bool]:
        """The filter text, sort key and descending flag in force."""
        return self._question

    @property
    def ids(self) -> Sequence[int]:
        """Every identifier in the order shown; not to be changed."""
        return self._ids

    @property
    def busy(self) -> bool:
        return self._ids_task is not None

    def ask(self, text: str = "", sort: str = "", descending: bool = False) -> None:
        """Show what answers a filter, in an order; the present rows stay until the first page comes."""
        self._drop_held()
        self._question = (text, sort, descending)
        generation, source = self._begin(), self._source

        def first(session: Any) -> tuple[array[int], list[R]]:
            ids = array("q", source.ids(session, text, sort, descending, FIRST))
            return ids, source.rows(session, list(ids[:WINDOW]))

        self._ids_task = self._tasks.run(
            first,
            lambda found: self._first_arrived(generation, *found),
            lambda error: self._ids_failed(generation, error),
            owner=self,
        )

    def refresh(self, *, hold: bool = False) -> None:
        """Ask the same question again and consider every row stale; nothing moves until the whole answer is there.

        Args:
            hold: read rows again where they stand, and keep another order back until :meth:`apply_held`.
        """
        if self._ids:
            self._ask_all(self._begin(), hold=hold)
        else:
            self.ask(*self._question)

    @property
    def held(self) -> bool:
        """Whether an order waits to be applied."""
        return self._held is not None

    def apply_held(self) -> None:
        """Show the order that was held back."""
        ids = self._held
        if ids is not None:
            self._drop_held()
            self._stale = set(self._rows)
            self._show(ids)
            self.loaded.emit(len(self._ids))

    def _drop_held(self) -> None:
        if self._held is not None:
            self._held = None
            self.held_changed.emit(0)

    def _begin(self) -> int:
        if self._ids_task is not None:
            self._ids_task.cancel()
        self._generation += 1
        self.busy_changed.emit(True)
        return self._generation

    def _ask_all(self, generation: int, *, hold: bool = False) -> None:
        source, question, shown = self._source, self._question, self._ids

        def read(session: Any) -> tuple[array[int], int]:
            ids = array("q", source.ids(session, *question, None))
            return ids, differences(shown, ids) if hold else 0

        self._ids_task = self._tasks.run(
            read,
            lambda found: self._held_arrived(generation, *found) if hold else self._ids_arrived(generation, found[0]),
            lambda error: self._ids_failed(generation, error),
            long=True,
            owner=self,
        )

    def mark_stale(self, ids: frozenset[int]) -> None:
        """Read these rows again when they are painted; an empty set means all."""
        self._stale |= ids if ids else set(self._rows)
        self._asked.clear()
        if self._ids:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._ids) - 1, len(self.columns) - 1))

    def _first_arrived(self, generation: int, ids: array[int], rows: list[R]) -> None:
        if generation != self._generation:
            return
        self._drop_held()
        self._stale = set(self._rows)
        self._keep(rows)
        self._show(ids)
        if len(ids) < FIRST:
            self._finish()
        else:
            self._paged = generation
            self.first_shown.emit()
            self._ask_all(generation)

    def _ids_arrived(self, generation: int, ids: array[int]) -> None:
        if generation != self._generation:
            return
        self._drop_held()
        held = len(self._ids)
        if self._paged == generation and held < len(ids) and ids[:held] == self._ids:
            # The rest of a first page: what is on screen, chosen and scrolled to stays.
            self.beginInsertRows(QModelIndex(), held, len(ids) - 1)
            self._ids = ids
            self.endInsertRows()
        else:
            self._stale = set(self._rows)
            self._show(ids)
        self._finish()

    def _held_arrived(self, generation: int, ids: array[int], changes: int) -> None:
        if generation != self._generation:
            return
        if ids == self._ids:
            self._drop_held()
        else:
            self._held = ids
            self.held_changed.emit(changes)
        self._ids_task = None
        self.busy_changed.emit(False)
        self.mark_stale(frozenset())

    def _finish(self) -> None:
        self._ids_task = None
        self.busy_changed.emit(False)
        self.loaded.emit(len(self._ids))

    def _show(self, ids: array[int]) -> None:
        self._asked.clear()
        self._wanted.clear()
        if ids == self._ids:
            if ids:
                self.dataChanged.emit(self.index(0, 0), self.index(len(ids) - 1, len(self.columns) - 1))
            return
        self.beginResetModel()
        self._ids = ids
        self.endResetModel()

    def _keep(self, rows: list[R]) -> None:
        for row in rows:
            key = self._row_id(row)
            self._rows[key] = row
            self._rows.move_to_end(key)
            self._stale.discard(key)

    def _ids_failed(self, generation: int, error: Exception) -> None:
        if generation == self._generation:
            self._ids_task = None
            self.busy_changed.emit(False)
            self.failed.emit(error)

    def _want(self, place: int) -> None:
        window = place // WINDOW
        if window not in self._asked and window not in self._wanted:
            self._wanted.add(window)
            self._gather.start()

    def _fetch(self) -> None:
        windows, self._wanted = sorted(self._wanted), set()
        # Scrolling fast leaves windows behind that nobody looks at any more.
        for window in windows[-6:]:
            self._asked.add(window)
            ids = list(self._ids[window * WINDOW : (window + 1) * WINDOW])
            if ids:
                self._fetch_window(window, ids)

    def _fetch_window(self, window: int, ids: list[int]) -> None:
        generation, source = self._generation, self._source
        self._tasks.run(
            lambda session: source.rows(session, ids),
            lambda rows: self._rows_arrived(generation, window, rows),
            lambda error: self._rows_failed(generation, error),
            owner=self,
        )

    def _rows_arrived(self, generation: int, window: int, rows: list[R]) -> None:
        if generation != self._generation:
            return
        self._keep(rows)
        if len(self._rows) > CACHED_ROWS:
            while len(self._rows) > CACHED_ROWS:
                gone, _row = self._rows.popitem(last=False)
                self._stale.discard(gone)
            self._asked = {window}
        first = window * WINDOW
        last = min(first + WINDOW, len(self._ids)) - 1
        if last >= first:
            self.dataChanged.emit(self.index(first, 0), self.index(last, len(self.columns) - 1))

    def _rows_failed(self, generation: int, error: Exception) -> None:
        if generation == self._generation:
            self.failed.emit(error)

    def id_at(self, place: int) -> int | None:
        return self._ids[place] if 0 <= place < len(self._ids) else None

    def place_of(self, row_id: int) -> int:
        """The row number of an identifier, -1 when the list does not hold it."""
        try:
            return self._ids.index(row_id)
        except ValueError:
            return -1

    def row_at(self, place: int) -> R | None:
        """The row if it was read; asks for it otherwise, and again when it is stale."""
        key = self._ids[place]
        row = self._rows.get(key)
        if row is None or key in self._stale:
            self._want(place)
        return row

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._ids)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._ids):
            return None
        column = self.columns[index.column()]
        if role == COLUMN_ROLE:
            return column
        if role == ROW_ROLE:
            return self.row_at(index.row())
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            row = self.row_at(index.row())
            if row is None:
                return tr("chargement…") if role == Qt.ItemDataRole.AccessibleTextRole else None
            if role == Qt.ItemDataRole.AccessibleTextRole:
                return ", ".join(filter(None, (c.text(row) for c in self.columns)))
            if role == Qt.ItemDataRole.ToolTipRole:
                return plain((column.full or column.text)(row))
            return column.text(row)
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return tr(self.columns[section].title) if self.columns[section].title else ""
        return None
