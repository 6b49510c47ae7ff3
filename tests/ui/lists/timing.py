"""How long something takes, and how long the window's thread stands still meanwhile."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from PySide6.QtWidgets import QApplication
from sqlalchemy.orm import Session

from tests.benchmarks.sync_speed import Figure

SOON_MS = 50
"""Under which first rows and any other place of a list are there."""
_PATIENCE_S = 120
PROCESSOR = "processeur"
"""Set in the environment: what reads a cache is told in processor time, for a machine that others use as well."""


def now() -> float:
    """Seconds of the clock, or of this process's processor time."""
    return time.process_time() if os.environ.get(PROCESSOR) else time.perf_counter()


def median(work: Callable[[], object], turns: int = 9) -> float:
    """Milliseconds."""
    took = []
    for _turn in range(turns):
        begun = now()
        work()
        took.append(now() - begun)
    return sorted(took)[turns // 2] * 1e3


def bare(session: Session, work: Callable[[], object]) -> Callable[[], object]:
    """What ``work`` asks of a cache, asked again by the driver alone."""
    asked: list[tuple[str, Any]] = []

    def heard(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        asked.append((statement, parameters))

    connection = session.connection()
    sa.event.listen(connection, "before_cursor_execute", heard)
    work()
    sa.event.remove(connection, "before_cursor_execute", heard)
    raw: Any = connection.connection.dbapi_connection
    return lambda: [raw.execute(statement, parameters).fetchall() for statement, parameters in asked]


class Worst:
    """The slowest of each kind of reading of a cache, beside its own statements asked by the driver alone."""

    def __init__(self, session: Session, turns: int = 9) -> None:
        self._session, self._turns = session, turns
        self._found: dict[str, tuple[float, str, Callable[[], object]]] = {}

    def take(self, what: str, told: str, work: Callable[[], object]) -> None:
        took = median(work, self._turns)
        if what not in self._found or took > self._found[what][0]:
            self._found[what] = took, told, work

    def figures(self, about: str) -> Iterator[Figure]:
        for what, (took, told, work) in self._found.items():
            floor = median(bare(self._session, work), self._turns)
            yield Figure(f"{about} : {what} ({told})", took, floor, "ms", at_most=SOON_MS)


def acted(app: QApplication, act: Callable[[], object], done: Callable[[], bool]) -> tuple[float, float, float]:
    """Milliseconds until it is done, the longest turn of the window's thread, and of its own work in one turn."""
    begun, worked = time.perf_counter(), time.thread_time()
    act()
    app.processEvents()
    longest, own = time.perf_counter() - begun, time.thread_time() - worked
    while not done():
        turn, worked = time.perf_counter(), time.thread_time()
        if turn - begun > _PATIENCE_S:
            raise TimeoutError("the list never answered")
        app.processEvents()
        longest, own = max(longest, time.perf_counter() - turn), max(own, time.thread_time() - worked)
        time.sleep(0.0005)
    return (time.perf_counter() - begun) * 1e3, longest * 1e3, own * 1e3


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6
