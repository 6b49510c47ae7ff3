"""A delayed line that a process of its own carries, as the real one: its threads take no turns of the window's."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

from tests.sync.proxy import ChaosProxy


class FarLine:
    """What is asked of a :class:`ChaosProxy` that runs elsewhere.

    Attributes:
        port: where the window connects to.
    """

    def __init__(self, end: Connection) -> None:
        self._end, self._delay_s = end, 0.0
        self.port = int(end.recv())

    @property
    def turns(self) -> int:
        """Round trips so far."""
        self._end.send(None)
        return int(self._end.recv())

    @property
    def delay_s(self) -> float:
        """Half a round trip."""
        return self._delay_s

    @delay_s.setter
    def delay_s(self, value: float) -> None:
        self._delay_s = value
        self._end.send(value)
        self._end.recv()


def _carry(host: str, port: int, end: Connection) -> None:
    with ChaosProxy(host, port) as proxy:
        end.send(proxy.port)
        while (said := end.recv()) != "end":
            if said is not None:
                proxy.delay_s = said
            end.send(proxy.turns)


@contextmanager
def far_line(host: str, port: int) -> Iterator[FarLine]:
    """A line to an address, until the block ends."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_carry, args=(host, port, there), daemon=True)
    process.start()
    try:
        yield FarLine(here)
    finally:
        here.send("end")
        process.join(5)
