"""A TCP relay on 127.0.0.1 that misbehaves on command: latency, loss, throttle, cuts, half-open lines."""

from __future__ import annotations

import collections
import contextlib
import random
import select
import socket
import threading
import time
from types import TracebackType
from typing import Literal, Self

from sqlalchemy.engine import URL, make_url

Direction = Literal["out", "in"]
"""``out`` is what the device sends, ``in`` what the centre answers."""

_SEGMENT = 1_460
_UNSENT = 1 << 20
"""Bytes on their way at which a direction reads no more."""


class ChaosProxy:
    """Relays to one address.

    Loss is what an application sees of it: TCP sends the segment again after a round trip, and everything behind
    it waits.

    Attributes:
        port: where devices connect to.
        delay_s: time that a byte takes in each direction (half a round trip); a line holds many at once.
        loss: share of 1,460-byte segments that are lost.
        bytes_per_s: throughput of each direction, None without limit.
        cut_every_s: seconds that a connection lives, None for ever.
        refusing: new connections are closed at once.
        frozen: nothing is forwarded any more, sockets stay open (half-open line).
        rewrite_backend_key: announce another server process than the real one, as a pooler does.
        passed: bytes forwarded so far by direction.
        connections: connections accepted so far.
        turns: how often the client spoke after the server had: round trips, where one line is at work.
    """

    def __init__(self, host: str, port: int, seed: int = 0) -> None:
        self._target = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = int(self._listener.getsockname()[1])
        self._chance = random.Random(seed)
        self.rewrite_backend_key = False
        self.passed = {"out": 0, "in": 0}
        self.connections = 0
        self.turns = 0
        self._spoke: Direction = "in"
        self._lock = threading.Lock()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._threads: list[threading.Thread] = []
        self._closing = False
        self.heal()
        self._spawn(self._accept)

    @classmethod
    def before(cls, url: str | URL) -> Self:
        """One before the server of an address."""
        server = make_url(url)
        return cls(server.host or "127.0.0.1", server.port or 5432)

    def _spawn(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads = [t for t in self._threads if t.is_alive()]
        thread.start()
        self._threads.append(thread)

    def cut(self) -> None:
        """Cut every line now."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            self._break(pair)

    def _break(self, pair: tuple[socket.socket, socket.socket]) -> None:
        for side in pair:
            with contextlib.suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)

    def cut_after(self, count: int, direction: Direction) -> None:
        """Cut every line once ``count`` more bytes went in a direction; the byte after them is never delivered."""
        self._budget[direction] = count

    def heal(self) -> None:
        """Behave again."""
        self._budget: dict[str, int | None] = {"out": None, "in": None}
        self.delay_s, self.loss, self.refusing, self.frozen = 0.0, 0.0, False, False
        self.bytes_per_s: float | None = None
        self.cut_every_s: float | None = None

    def close(self) -> None:
        self._closing = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        for thread in self._threads:
            thread.join(2)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _accept(self) -> None:
        while not self._closing:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            if self.refusing:
                client.close()
                continue
            try:
                server = socket.create_connection(self._target, 5)
            except OSError:
                client.close()
                continue
            for side in (client, server):
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._pairs.append((client, server))
            lives = [2]
            self._spawn(self._pump, client, server, "out", lives)
            self._spawn(self._pump, server, client, "in", lives)

    def _pump(self, source: socket.socket, sink: socket.socket, direction: Direction, lives: list[int]) -> None:
        try:
            self._relay(source, sink, direction)
        except OSError:
            return
        finally:
            with contextlib.suppress(OSError):
                sink.shutdown(socket.SHUT_RDWR)
            with self._lock:
                lives[0] -= 1
                last = not lives[0]
            if last:
                source.close()
                sink.close()

    def _relay(self, source: socket.socket, sink: socket.socket, direction: Direction) -> None:
        travelling: collections.deque[tuple[float, bytes]] = collections.deque()
        born, under_way, last_due, ended = time.monotonic(), 0, 0.0, False
        while travelling or not ended:
            now = time.monotonic()
            if self.cut_every_s is not None and now - born > self.cut_every_s:
                self._break((source, sink))
                return
            reading = [source] if not ended and under_way < _UNSENT else []
            wait = 0.5 if not travelling else max(0.0, travelling[0][0] - now)
            if self.cut_every_s is not None:
                wait = min(wait, max(0.0, born + self.cut_every_s - now))
            if not reading:
                time.sleep(min(wait, 0.05))
            elif select.select(reading, [], [], wait)[0]:
                piece = source.recv(1 << 16)
                ended = not piece
                if piece:
                    last_due = self._due(len(piece), last_due)
                    travelling.append((last_due, self._as_pooler(piece) if direction == "in" else piece))
                    under_way += len(piece)
            while self.frozen and not self._closing:
                time.sleep(0.01)
            while travelling and travelling[0][0] <= time.monotonic():
                piece = travelling.popleft()[1]
                under_way -= len(piece)
                if not self._deliver(piece, sink, direction):
                    return

    def _due(self, size: int, last_due: float) -> float:
        due = max(last_due, time.monotonic() + self.delay_s)
        if self.bytes_per_s:
            due += size / self.bytes_per_s
        if self.loss:
            for _ in range(-(-size // _SEGMENT)):
                while self._chance.random() < self.loss:
                    due += 2 * self.delay_s
        return due

    def _deliver(self, piece: bytes, sink: socket.socket, direction: Direction) -> bool:
        self.turns += (self._spoke, direction) == ("in", "out")
        self._spoke = direction
        budget = self._budget[direction]
        if budget is not None and len(piece) > budget:
            sink.sendall(piece[:budget])
            self._budget[direction] = None
            self.cut()
            return False
        if budget is not None:
            self._budget[direction] = budget - len(piece)
        sink.sendall(piece)
        self.passed[direction] += len(piece)
        return True

    def _as_pooler(self, piece: bytes) -> bytes:
        # BackendKeyData: 'K', length 12, process, key; it comes between the parameters and ReadyForQuery.
        if not self.rewrite_backend_key or (at := piece.find(b"K\x00\x00\x00\x0c")) < 0:
            return piece
        return piece[: at + 5] + (7).to_bytes(4, "big") + piece[at + 9 :]
