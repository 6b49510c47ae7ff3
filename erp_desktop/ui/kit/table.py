"""Lists of any length: a first page, then how many there are; rows when they are seen; all in the background."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QPainter

from erp_desktop.ui.kit.controls import plain
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.kit.places import Places, Source, changes
from erp_desktop.ui.tasks import Task, Tasks

R = TypeVar("R")
Index = QModelIndex | QPersistentModelIndex

ROW_ROLE = int(Qt.ItemDataRole.UserRole) + 1
COLUMN_ROLE = int(Qt.ItemDataRole.UserRole) + 2
WINDOW = 64
CACHED_ROWS = 4096
FIRST = WINDOW
"""Rows asked for at once when the question is new, more than a screen holds; how many there are follows."""
_LOOKED_AT = 3
"""Blocks that are read again with the list: what is on screen and what was just before."""

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
        kind: how the delegate paints it: text, strong, code, muted, pill, priority, sla, marks, figure, total.
        full: the complete text when the cell shows a short form.
        value: what the painter of pill, priority and sla needs besides the text.
        numeric: tabular figures, and more room in Arabic.
        draw: paints the whole cell instead of a kind: ``draw(painter, rect, row, rtl)``.
        head: paints the head instead of the title: ``head(painter, rect)``.
        wide: pixels it takes when the window has room; the rest goes to the column that stretches.
        hidden: offered by the column chooser, not shown at first.
        named: the title is somebody's word, a depot: it is cut where room lacks, and told whole by its head.
        tail: what has no room is cut in its middle: machines of a kind differ by the end of their name, as codes do.
        leaves: a list that is still too narrow does without these columns, the lowest number first.
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
    named: bool = False
    tail: bool = False
    leaves: int = 0

    @property
    def heading(self) -> str:
        """The title in the language in force; somebody's word is nobody's to translate."""
        return self.title if self.named or not self.title else tr(self.title)


class LazyTableModel(QAbstractTableModel, Generic[R]):
    """Shows as many rows as answer, at once, and fetches windows of 64 when they are painted.

    Of a long list the identifiers are read with them, a block at a time. Rows already known stay visible while
    fresher ones are read; answers to an older question are dropped.
    """

    first_shown = Signal()
    """The first page of a new question is there; how many answer it is not known yet."""
    loaded = Signal(int)
    """It is known how many rows answer the last question; their number."""
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
        self._places = Places()
        self._rows: OrderedDict[int, R] = OrderedDict()
        self._stale: set[int] = set()
        self._asked: set[int] = set()
        self._wanted: set[int] = set()
        self.asked = 0
        """The number of the last question: it grows with each."""
        self._paged = 0
        """The generation whose first page is shown."""
        self._question, self._turning = ("", "", False), False
        """What was asked last, and whether the rows shown are of the question before."""
        self._held: Places | None = None
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
    def ids(self) -> list[int]:
        """The identifiers that are known, in the order shown: every one unless the list is long."""
        return list(self._places.known())

    @property
    def whole(self) -> bool:
        """Whether every identifier is known."""
        return self._places.whole

    @property
    def busy(self) -> bool:
        return self._ids_task is not None

    def ask(self, text: str = "", sort: str = "", descending: bool = False) -> None:
        """Show what answers a filter, in an order; the present rows stay until the first page comes."""
        self._drop_held()
        self._question, self._turning = (text, sort, descending), True
        generation, source = self._begin(), self._source

        def first(session: Any) -> tuple[Places, list[R]]:
            ids, rows = source.page(session, text, sort, descending, FIRST, WINDOW)
            return Places(ids), rows

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
        if self._places.count and not self._turning:
            self._ask_all(self._begin(), hold=hold)
        else:
            self.ask(*self._question)

    def apply_held(self) -> None:
        """Show the order that was held back."""
        if (places := self._held) is not None:
            self._drop_held()
            self._stale = set(self._rows)
            self._show(places)
            self.loaded.emit(self._places.count)

    def _drop_held(self) -> None:
        if self._held is not None:
            self._held = None
            self.held_changed.emit(0)

    def _begin(self) -> int:
        if self._ids_task is not None:
            self._ids_task.cancel()
        self.asked += 1
        self.busy_changed.emit(True)
        return self.asked

    def _ask_all(self, generation: int, *, hold: bool = False) -> None:
        source, question, shown = self._source, self._question, self._places
        spans = shown.used(_LOOKED_AT)

        def read(session: Any) -> tuple[Places, int]:
            walk = source.walk(session, *question)
            places = Places(walk.ids, walk.count, walk.marks)
            for block in {block for span in spans for block in places.blocks_in(*span)}:
                if not places.has(block):
                    places.put(block, source.block(session, *question, walk.marks[block]))
            return places, changes(shown, places, spans) if hold else 0

        self._ids_task = self._tasks.run(
            read,
            lambda found: self._held_arrived(generation, *found) if hold else self._walked(generation, found[0]),
            lambda error: self._ids_failed(generation, error),
            long=True,
            owner=self,
        )

    def mark_stale(self, ids: frozenset[int]) -> None:
        """Read these rows again when they are painted; an empty set means all."""
        self._stale |= ids if ids else set(self._rows)
        self._asked.clear()
        self._tell_all()

    def _tell_all(self) -> None:
        if self._places.count:
            self.dataChanged.emit(self.index(0, 0), self.index(self._places.count - 1, len(self.columns) - 1))

    def _first_arrived(self, generation: int, places: Places, rows: list[R]) -> None:
        if generation != self.asked:
            return
        self._drop_held()
        self._stale, self._turning = set(self._rows), False
        self._keep(rows)
        self._show(places)
        if places.count < FIRST:
            self._finish()
        else:
            self._paged = generation
            self.first_shown.emit()
            self._ask_all(generation)

    def _walked(self, generation: int, places: Places) -> None:
        if generation != self.asked:
            return
        self._drop_held()
        held, page = self._places.count, [(0, self._places.count)]
        if self._paged == generation and held < places.count and places.within(page) == self._places.within(page):
            # The rest of a first page: what is on screen, chosen and scrolled to stays.
            self.beginInsertRows(QModelIndex(), held, places.count - 1)
            self._places = places
            self.endInsertRows()
        else:
            self._stale = set(self._rows)
            self._show(places)
        self._finish()

    def _held_arrived(self, generation: int, places: Places, changes: int) -> None:
        if generation != self.asked:
            return
        if changes:
            self._held = places
            self.held_changed.emit(changes)
        else:
            self._drop_held()
        self._ids_task = None
        self.busy_changed.emit(False)
        self.mark_stale(frozenset())

    def _finish(self) -> None:
        self._ids_task = None
        self.busy_changed.emit(False)
        self.loaded.emit(self._places.count)

    def _show(self, places: Places) -> None:
        self._asked.clear()
        self._wanted.clear()
        if self._places.same(places, self._places.used(_LOOKED_AT)):
            self._places = places
            self._tell_all()
            return
        self.beginResetModel()
        self._places = places
        self.endResetModel()

    def _keep(self, rows: list[R]) -> None:
        for row in rows:
            key = self._row_id(row)
            self._rows[key] = row
            self._rows.move_to_end(key)
            self._stale.discard(key)

    def _ids_failed(self, generation: int, error: Exception) -> None:
        if generation == self.asked:
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
            self._fetch_window(window)

    def _fetch_window(self, window: int) -> None:
        generation, source, question, places = self.asked, self._source, self._question, self._places
        first, end = window * WINDOW, (window + 1) * WINDOW
        missing = [block for block in places.blocks_in(first, end) if not places.has(block)]
        known = [] if missing else list(places.within([(first, end)]))

        def read(session: Any) -> tuple[dict[int, Sequence[int]], list[R]]:
            return places.read(session, source, question, known, missing, first, end)

        self._tasks.run(
            read,
            lambda found: self._rows_arrived(generation, window, places, *found),
            lambda error: self._rows_failed(generation, error),
            owner=self,
        )

    def _rows_arrived(
        self, generation: int, window: int, places: Places, blocks: dict[int, Sequence[int]], rows: list[R]
    ) -> None:
        if generation != self.asked:
            return
        for block, ids in blocks.items():
            places.put(block, ids)
        self._keep(rows)
        if len(self._rows) > CACHED_ROWS:
            while len(self._rows) > CACHED_ROWS:
                gone, _row = self._rows.popitem(last=False)
                self._stale.discard(gone)
            self._asked = {window}
        first = window * WINDOW
        last = min(first + WINDOW, self._places.count) - 1
        if last >= first:
            self.dataChanged.emit(self.index(first, 0), self.index(last, len(self.columns) - 1))

    def _rows_failed(self, generation: int, error: Exception) -> None:
        if generation == self.asked:
            self.failed.emit(error)

    def id_at(self, place: int) -> int | None:
        return self._places.at(place)

    def place_of(self, row_id: int) -> int:
        """The row number of an identifier, -1 when the list does not hold it, or not near what was looked at."""
        return self._places.of(row_id)

    def find(self, row_id: int, then: Callable[[int], object]) -> None:
        """Give ``then`` the row number of an identifier, wherever it is in the list; nothing when it is not in it."""
        if (place := self.place_of(row_id)) >= 0:
            then(place)
        if place >= 0 or self.whole:
            return
        generation, source, question, places = self.asked, self._source, self._question, self._places

        def read(session: Any) -> tuple[int, Sequence[int]] | None:
            block = source.find(session, *question, places.marks, row_id)
            return None if block is None else (block, source.block(session, *question, places.marks[block]))

        def found(answer: tuple[int, Sequence[int]] | None) -> None:
            if answer is not None and generation == self.asked:
                places.put(*answer)
                if (place := places.of(row_id)) >= 0:
                    then(place)

        self._tasks.run(read, found, owner=self)

    def row_at(self, place: int) -> R | None:
        """The row if it was read; asks for it otherwise, and again when it is stale."""
        key = self._places.at(place)
        row = None if key is None else self._rows.get(key)
        if row is None or key in self._stale:
            self._want(place)
        return row

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else self._places.count

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= self._places.count:
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
        shown = orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole
        return self.columns[section].heading if shown else None
