"""One cycle of a cache in a process that kills itself at a chosen statement boundary; run by ``test_kills``.

Reads ``[cache, address, boundary, units a batch]`` a line and answers with a line: ``tué`` when the process died
there, ``fini`` when the cycle ended before. Each cycle runs in a fork, so that modules are imported once.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from erp_desktop.sync.exchange.cache import Cache
from erp_desktop.sync.exchange.link import Link
from erp_desktop.sync.syncer import Syncer

_STATEMENTS = {"execute", "executemany"}


class Fuse:
    """Dies at the ``left``-th boundary; a statement has one before it and one behind it."""

    def __init__(self, left: int) -> None:
        self.left = left

    def burn(self) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class Watched:
    """A connection whose statements burn the fuse."""

    def __init__(self, inner: Any, fuse: Fuse, names: set[str]) -> None:
        self._inner, self._fuse, self._names = inner, fuse, names

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name not in self._names:
            return found

        def run(*arguments: Any) -> Any:
            self._fuse.burn()
            answer = found(*arguments)
            self._fuse.burn()
            return answer

        return run


def cycle(path: Path, url: str, boundary: int, batch: int) -> None:
    fuse = Fuse(boundary)
    cache, link = Cache(path), Link(url)
    cache.db = Watched(cache.db, fuse, _STATEMENTS)
    watched: Any = Watched(link, fuse, {"row", "connect"})
    Syncer(cache, watched, batch=batch).run()
    link.close()
    cache.close()


def main() -> None:
    for line in sys.stdin:
        path, url, boundary, batch = json.loads(line)
        child = os.fork()
        if child == 0:
            cycle(Path(path), url, boundary, batch)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            print("tué", flush=True)
        else:
            print("fini" if status == 0 else f"statut {status}", flush=True)


if __name__ == "__main__":
    main()
