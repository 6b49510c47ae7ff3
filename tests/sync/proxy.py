"""A TCP relay on 127.0.0.1 that misbehaves on command: cuts, delays, and lines that stay open but dead."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from types import TracebackType
from typing import Literal, Self

Direction = Literal["out", "in"]
"""``out`` is what the device sends, ``in`` what the centre answers."""


class ChaosProxy:
    """Relays to one address.

    Attributes:
        port: where devices connect to.
        delay_s: wait before each forwarded piece, in each direction.
        refusing: new connections are closed at once.
        frozen: nothing is forwarded any more, sockets stay open (half-open line).
        passed: bytes forwarded so far by direction.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.delay_s = 0.0
        self.refusing = False
        self.frozen = False
        self.passed = {"out": 0, "in": 0}
        self._budget: dict[str, int | None] = {"out": None, "in": None}
        self._lock = threading.Lock()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._threads: list[threading.Thread] = []
        self._closing = False
        self._spawn(self._accept)

    def _spawn(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def cut(self) -> None:
        """Cut every line now."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for side in pair:
                with contextlib.suppress(OSError):
                    side.shutdown(socket.SHUT_RDWR)

    def cut_after(self, count: int, direction: Direction) -> None:
        """Cut every line once ``count`` more bytes went in a direction; the byte after them is never delivered."""
        self._budget[direction] = count

    def heal(self) -> None:
        """Behave again."""
        self._budget = {"out": None, "in": None}
        self.delay_s, self.refusing, self.frozen = 0.0, False, False

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
            while piece := source.recv(1 << 16):
                while self.frozen and not self._closing:
                    time.sleep(0.01)
                if self.delay_s:
                    time.sleep(self.delay_s)
                budget = self._budget[direction]
                if budget is not None and len(piece) > budget:
                    sink.sendall(piece[:budget])
                    self._budget[direction] = None
                    self.cut()
                    return
                if budget is not None:
                    self._budget[direction] = budget - len(piece)
                sink.sendall(piece)
                self.passed[direction] += len(piece)
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
