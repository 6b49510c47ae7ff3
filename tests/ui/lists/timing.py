"""How long something takes, and how long the window's thread stands still meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QApplication

_PATIENCE_S = 120


def median(work: Callable[[], object], turns: int = 9) -> float:
    """Milliseconds."""
    took = []
    for _turn in range(turns):
        begun = time.perf_counter()
        work()
        took.append(time.perf_counter() - begun)
    return sorted(took)[turns // 2] * 1e3


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
