"""Ends a line whose answer does not come any more though nobody closed it: a proxy that hangs, a server that stands.

The system tells of packets that nobody acknowledges (``tcp_user_timeout``, keep-alives); what acknowledges them and
then says nothing is found here: the server is asked, on another line, whether it is at work on what was asked.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Mapping
from typing import Any

import psycopg2

from erp_desktop.db import pg_line

ANSWER_S = 10.0
"""After so long without an answer the server is asked what became of the question, and again each time."""
PROBE_S = 5
"""What the server is given to say so."""
_EVERY_S = 0.5
_STATE = (
    "SELECT state IN ('active', 'fastpath function call') OR state_change > clock_timestamp() - interval '5 s' "
    "FROM pg_stat_activity WHERE pid = %s"
)


class Patience:
    """Watches the lines of one engine, by a thread that is there while an answer is waited for.

    Args:
        arguments: of the driver, by which another line is opened.
    """

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        self._arguments = dict(arguments)
        self._asked: dict[Any, float] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def begins(self, line: Any) -> None:
        """Something was asked on a line."""
        with self._lock:
            self._asked[line] = time.monotonic()
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="patience", daemon=True)
                self._thread.start()

    def ends(self, line: Any) -> None:
        """The answer is there, or it failed."""
        with self._lock:
            self._asked.pop(line, None)

    def _watch(self) -> None:
        looked: dict[Any, tuple[float, float]] = {}
        while True:
            time.sleep(_EVERY_S)
            with self._lock:
                asked = dict(self._asked)
                if not asked:
                    self._thread = None
                    return
            looked = {line: told for line, told in looked.items() if asked.get(line) == told[0]}
            for line, since in asked.items():
                _since, last = looked.get(line, (since, since))
                if time.monotonic() - last < ANSWER_S:
                    continue
                at_work = self._at_work(line)
                looked[line] = (since, time.monotonic())
                with self._lock:
                    # What was answered meanwhile is none of this line's troubles.
                    if not at_work and self._asked.get(line) == since:
                        pg_line.give_up(line)

    def _at_work(self, line: Any) -> bool:
        """Whether the server is busy with what was asked, as it says; one that does not know the line is believed."""
        given: dict[str, Any] = {**self._arguments, "connect_timeout": PROBE_S}
        try:
            with contextlib.closing(pg_line.connect(**given)) as probe:
                waited = threading.Timer(PROBE_S, pg_line.give_up, (probe,))
                waited.daemon = True
                waited.start()
                try:
                    with probe.cursor() as cursor:
                        cursor.execute(_STATE, (line.info.backend_pid,))
                        row = cursor.fetchone()
                finally:
                    waited.cancel()
        except psycopg2.Error:
            return False
        return row is None or bool(row[0])
