"""A list of a million rows, of which the window knows the blocks that were looked at."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Event
from typing import Any

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from erp_desktop.ui.kit.table import FIRST, LazyTableModel
from erp_desktop.ui.kit.table_view import ListView
from erp_desktop.ui.tasks import Tasks
from tests.ui.kit.lines import COLUMNS, Line, Numbers


@dataclass(frozen=True)
class Begin:
    place: int


class Marked(Numbers):
    """A long list: its rows are told by their blocks of a hundred, and every block is remembered that was read."""

    STEP = 100

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.read: list[int] = []

    def walk(self, session: Any, text: str, sort: str, descending: bool) -> Any:
        first = self.ids(session, text, sort, descending, 3 * self.STEP)
        return Long(first, self.count, [Begin(place) for place in range(0, self.count, self.STEP)])

    def block(self, _session: Any, _text: str, _sort: str, _descending: bool, mark: Begin) -> list[int]:
        self.read.append(mark.place // self.STEP)
        return list(range(mark.place + 1, min(mark.place + self.STEP, self.count) + 1))

    def in_block(
        self, session: Any, text: str, sort: str, descending: bool, mark: Begin, first: int, shown: int
    ) -> tuple[list[int], list[Line]]:
        found = self.block(session, text, sort, descending, mark)
        return found, self.rows(session, found[first : first + shown])

    def find(self, _session: Any, _text: str, _sort: str, _descending: bool, _marks: Any, row_id: int) -> int | None:
        return (row_id - 1) // self.STEP if 0 < row_id <= self.count else None


@dataclass(frozen=True)
class Long:
    ids: list[int]
    count: int
    marks: list[Begin]


def test_a_long_list_knows_what_was_looked_at_and_finds_the_rest(qtbot: QtBot, tasks: Tasks) -> None:
    source = Marked(1_000_000)
    model = LazyTableModel[Line](tasks, source, COLUMNS, lambda row: row.id)
    view = ListView(model)
    qtbot.addWidget(view)
    view.resize(400, 300)
    view.show()
    with qtbot.waitSignal(model.loaded) as loaded:
        model.ask()
    assert loaded.args == [1_000_000]
    assert model.rowCount() == 1_000_000
    assert not model.whole
    assert model.id_at(700_000) is None
    view.scrollToBottom()
    qtbot.waitUntil(lambda: model.row_at(999_999) == Line(1_000_000, "ligne 1000000"), timeout=30_000)
    assert set(source.read) <= {9_998, 9_999}
    # Many jumps later the identifiers of the first ones are forgotten.
    for place in range(50_000, 950_000, 10_000):
        qtbot.waitUntil(lambda place=place: model.row_at(place) is not None, timeout=30_000)  # type: ignore[misc]
    assert len(model.ids) <= 32 * source.STEP
    # A row is found wherever it stands, and one that is gone nowhere.
    view.select_quietly(123_456)
    qtbot.waitUntil(lambda: view.current_id() == 123_456, timeout=30_000)
    assert view.currentIndex().row() == 123_455
    view.select_quietly(2_000_000)
    qtbot.waitUntil(lambda: tasks.pending == 0, timeout=30_000)
    assert view.current_id() == 123_456
    # The order is held back where rows came, and shown when it is asked for.
    source.count += 7
    held: list[int] = []
    model.held_changed.connect(held.append)
    model.refresh(hold=True)
    qtbot.waitUntil(lambda: not model.busy, timeout=30_000)
    assert held == [7]
    assert model.rowCount() == 1_000_000
    model.apply_held()
    assert model.rowCount() == 1_000_007
    qtbot.waitUntil(lambda: tasks.pending == 0, timeout=30_000)


class Slow(Marked):
    """How many rows there are is told when the test says so."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.told = Event()

    def walk(self, session: Any, text: str, sort: str, descending: bool) -> Any:
        assert self.told.wait(60)
        return super().walk(session, text, sort, descending)


class Paints(QObject):
    """How often a widget was painted."""

    def __init__(self, watched: QWidget) -> None:
        super().__init__(watched)
        self.count = 0
        watched.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802
        self.count += event.type() == QEvent.Type.Paint
        return False


def test_rows_that_come_below_those_in_sight_paint_nothing_again(qtbot: QtBot, tasks: Tasks) -> None:
    source = Slow(100_000)
    model = LazyTableModel[Line](tasks, source, COLUMNS, lambda row: row.id)
    view = ListView(model)
    qtbot.addWidget(view)
    view.resize(400, 300)
    view.show()
    paints = Paints(view.viewport())
    model.ask()
    qtbot.waitUntil(lambda: model.rowCount() == FIRST)
    qtbot.wait(100)
    shown, reach = paints.count, view.verticalScrollBar().maximum()
    assert shown > 0
    with qtbot.waitSignal(model.loaded):
        source.told.set()
    view.set_waiting(False)
    qtbot.wait(100)
    assert paints.count == shown
    assert view.verticalScrollBar().maximum() > 100 * reach
    # What is in sight is painted as ever: rows that come where there was room, and those scrolled to.
    view.scrollToBottom()
    qtbot.waitUntil(lambda: paints.count > shown)
    source.count, shown = 5, paints.count
    model.ask()
    qtbot.waitUntil(lambda: model.rowCount() == 5 and paints.count > shown)
