"""Lines of text as a list's source, and a worker of one thread."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from erp_desktop.services.shared.places import Walk
from erp_desktop.ui.kit.table import Column


class OneThread:
    """A worker with the database worker's interface that hands out its thread's name as session."""

    def __init__(self) -> None:
        self.pool = ThreadPoolExecutor(1, thread_name_prefix="base")

    def together(self) -> AbstractContextManager[Any]:
        return nullcontext()

    def submit(self, fn: Any, *, write: bool = False, long: bool = False, figures: bool = False) -> Future[Any]:
        return self.pool.submit(lambda: fn(threading.current_thread().name))


@dataclass(frozen=True)
class Line:
    id: int
    nom: str


class Numbers:
    """A source of ``count`` rows that remembers what was asked."""

    def __init__(self, count: int) -> None:
        self.count, self.asked = count, list[list[int]]()

    def ids(self, _session: Any, text: str, _sort: str, descending: bool, limit: int | None) -> list[int]:
        found = [n for n in range(1, self.count + 1) if not text or text in str(n)]
        return (found[::-1] if descending else found)[:limit]

    def page(
        self, session: Any, text: str, sort: str, descending: bool, limit: int, shown: int
    ) -> tuple[list[int], list[Line]]:
        found = self.ids(session, text, sort, descending, limit)
        return found, self.rows(session, found[:shown])

    def walk(self, session: Any, text: str, sort: str, descending: bool) -> Walk:
        found = self.ids(session, text, sort, descending, None)
        return Walk(found, len(found))

    def block(self, *_asked: Any) -> list[int]:
        raise AssertionError("a list that is whole has no blocks")

    find = in_block = block

    def rows(self, _session: Any, ids: list[int]) -> list[Line]:
        self.asked.append(ids)
        return [Line(n, f"ligne {n}") for n in ids]


COLUMNS = [Column[Line]("nom", "Nom", 120, lambda row: row.nom, stretch=True)]
