"""Python programs in processes of their own, forked from one that has imported everything: each is as separate as a
new one, at a twentieth of its cost.

``python -m tests.processes FD`` is the process that forks: it takes orders and files through a socket.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn, TextIO

ROOT = Path(__file__).resolve().parents[1]
_ONE_AT_A_TIME = threading.Lock()
_LONGEST_ORDER = 1 << 18


def child_environment() -> dict[str, str]:
    """For ``erp-admin`` in a process of its own: nothing of this machine's settings."""
    kept = {
        k: v for k, v in os.environ.items() if not k.startswith(("ERP_", "PG")) and k != "PYTHONDONTWRITEBYTECODE"
    }
    return kept | {"PYTHONUTF8": "1"}


@functools.cache
def _forking() -> socket.socket:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in (ours, theirs):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _LONGEST_ORDER)
    with theirs:
        _forking_process.append(subprocess.Popen(
            [sys.executable, "-m", "tests.processes", str(theirs.fileno())], pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL, env=child_environment(), cwd=ROOT,
        ))  # fmt: skip
    return ours


_forking_process: list[subprocess.Popen[bytes]] = []


class Program(subprocess.Popen[str]):
    """Like ``Popen([sys.executable, "-u", …], text=True)``, by a fork.

    ``args``: ``["-c", code, …]``, ``["-m", module, …]``, ``["erp-admin", …]`` or ``["alembic", …]``.
    """

    def __init__(
        self,
        args: Sequence[str | Path],
        *,
        env: dict[str, str] | None = None,
        cwd: Path = ROOT,
        stdin: int = subprocess.DEVNULL,
        stderr: int | None = subprocess.PIPE,
    ) -> None:
        words = [str(word) for word in args]
        given = child_environment() if env is None else env
        super().__init__(
            words, stdin=stdin, stdout=subprocess.PIPE, stderr=stderr, text=True, encoding="utf-8", env=given, cwd=cwd
        )

    def _execute_child(self, args: Any, *rest: Any) -> None:
        """What ``Popen`` calls once the pipes are there."""
        env, cwd = rest[5], rest[4]
        stdin, ours_in, ours_out, stdout, ours_err, stderr = rest[9:15]
        self._status, status = os.pipe()
        order = json.dumps([args, dict(env), str(cwd)]).encode()
        files = [stdin, stdout, stderr if stderr != -1 else 2, status]
        with _ONE_AT_A_TIME:
            socket.send_fds(_forking(), [order], files)
        for file in {stdin, stdout, stderr, status} - {-1}:
            os.close(file)
        del ours_in, ours_out, ours_err
        self._child_created = True
        self._told = b""
        self.pid = int(self._line())

    def _line(self) -> bytes:
        while b"\n" not in self._told:
            read = os.read(self._status, 100)
            if not read:
                raise AssertionError("the process that forks is gone")
            self._told += read
        line, _, self._told = self._told.partition(b"\n")
        return line

    def _try_wait(self, wait_flags: int) -> tuple[int, int]:
        if wait_flags & os.WNOHANG and not self._told and not select.select([self._status], [], [], 0)[0]:
            return 0, 0
        ended = int(self._line())
        os.close(self._status)
        return self.pid, ended

    def _internal_poll(self, *_: Any, **__: Any) -> int | None:
        if self.returncode is None:
            with self._waitpid_lock:
                if self.returncode is None:
                    pid, ended = self._try_wait(os.WNOHANG)
                    if pid:
                        self._handle_exitstatus(ended)
        return self.returncode


def erp_admin(
    *arguments: str | Path, env: dict[str, str] | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end in a process of its own; what it wrote and its exit status."""
    return together([["erp-admin", *arguments]], env=env, cwd=cwd or ROOT)[0]


def together(
    commands: Sequence[Sequence[str | Path]], *, env: dict[str, str] | None = None, cwd: Path = ROOT
) -> list[subprocess.CompletedProcess[str]]:
    """Run programs side by side, each in a process of its own, all to their ends."""
    running = [Program(words, env=env, cwd=cwd) for words in commands]
    done = []
    for program in running:
        out, errors = program.communicate()
        done.append(subprocess.CompletedProcess(program.args, program.returncode, out, errors))
    return done


def _play(words: list[str]) -> None:
    kind, *rest = words
    if kind == "-c":
        sys.argv = ["-c", *rest[1:]]
        exec(compile(rest[0], "<string>", "exec"), {"__name__": "__main__"})
    elif kind == "-m":
        sys.argv = [rest[0], *rest[1:]]
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    elif kind == "alembic":
        sys.argv = words
        # As ``python -m alembic``: the history is that of the folder where it is typed.
        sys.path.insert(0, str(Path.cwd()))
        importlib.import_module("alembic.config").main(prog="alembic")
    else:
        sys.argv = words
        importlib.import_module("erp_desktop.cli").main()


def _child(words: list[str], env: dict[str, str], cwd: str, files: list[int]) -> NoReturn:
    status = 1
    try:
        for number, file in enumerate(files):
            os.dup2(file, number)
        for file in files:
            if file > 2:
                os.close(file)
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(line_buffering=True, write_through=True)  # type: ignore[union-attr]
        os.environ.clear()
        os.environ.update(env)
        os.chdir(cwd)
        _play(words)
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status & 0xFF)


def _watch(words: list[str], env: dict[str, str], cwd: str, files: list[int]) -> NoReturn:
    """Fork the program, tell its number, and in the end its exit status."""
    *given, told = files
    child = os.fork()
    if child == 0:
        os.close(told)
        _child(words, env, cwd, given)
    os.write(told, f"{child}\n".encode())
    for file in given:
        if file > 2:
            os.close(file)
    ended = os.waitpid(child, 0)[1]
    with contextlib.suppress(OSError):
        os.write(told, f"{ended}\n".encode())
    os._exit(0)


def _stream(number: int) -> TextIO:
    """A text stream as over a pipe, whatever this process was given: its forks have pipes there."""
    kept, (reading, writing) = os.dup(number), os.pipe()
    os.dup2(writing, number)
    made = os.fdopen(number, "w", encoding="utf-8", closefd=False)
    os.dup2(kept, number)
    for file in (kept, reading, writing):
        os.close(file)
    return made


def serve(orders: socket.socket) -> None:
    """Fork for every order, until nobody can give one any more."""
    # Before Alembic is imported, which keeps the one that it finds.
    sys.stdout, sys.stderr = _stream(1), _stream(2)
    from erp_desktop import cli

    for group in cli.GROUPS:
        importlib.import_module(f"erp_desktop.cli.{group}")
    for module in ("alembic.command", "alembic.config", "alembic.autogenerate", "psycopg2", "sqlcipher3.dbapi2",
                   "erp_desktop.upgrade.start.startup", "erp_desktop.sync.syncer",
                   "erp_desktop.sync.device.enrolment"):  # fmt: skip
        importlib.import_module(module)
    # Ctrl+C is for the tests, which then let go of this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        order, files, _, _ = socket.recv_fds(orders, _LONGEST_ORDER, 4)
        if not order:
            return
        if os.fork() == 0:
            orders.close()
            signal.signal(signal.SIGINT, signal.default_int_handler)
            words, env, cwd = json.loads(order)
            _watch(words, env, cwd, files)
        for file in files:
            os.close(file)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
