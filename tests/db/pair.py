"""A primary, its streaming replica and, in front of each, a PgBouncer in transaction pooling: real servers of this
machine, as ``docs/guide_it.md`` sets them up.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg2

from erp_desktop.db.embedded import _demoted, _free_port, system_binaries

LONGEST_WAIT_S = 60.0


def until(holds: Callable[[], bool], what: str) -> float:
    """Wait for a condition; returns the seconds it took."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > LONGEST_WAIT_S:
            raise AssertionError(f"not within {LONGEST_WAIT_S:.0f} s: {what}")
        time.sleep(0.05)
    return time.monotonic() - began


def _pooler() -> str | None:
    return shutil.which("pgbouncer", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")


def available() -> bool:
    """Whether this machine has a PostgreSQL of its own and PgBouncer."""
    return system_binaries() is not None and _pooler() is not None


class Pair:
    """Two servers with trust authentication on free local ports; every commit waits for the replica.

    Attributes:
        ports: of the primary and of the replica.
        poolers: of the PgBouncer before each, once :meth:`pool` was called.
    """

    def __init__(self) -> None:
        binaries = system_binaries()
        if binaries is None or not (binaries / "pg_basebackup").exists():
            raise AssertionError("PostgreSQL of the distribution is needed: apt-get install postgresql")
        self._binaries = binaries
        self.folder = Path(tempfile.mkdtemp(prefix="erp-mif-paire-"))
        self._own(self.folder)
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self.ports = (_free_port(), _free_port())
        self.poolers: tuple[int, ...] = ()
        try:
            self._run("initdb", "-D", self.folder / "primaire", "-U", "postgres", "-A", "trust", "-E", "UTF8",
                      "--locale=C.UTF-8", "-N")  # fmt: skip
            self._serve("primaire", self.ports[0], synchronous_standby_names="*", synchronous_commit="on")
            self._run("pg_basebackup", "-D", self.folder / "replique", "-R", "-X", "stream", "-c", "fast",
                      "-h", "127.0.0.1", "-p", str(self.ports[0]), "-U", "postgres")  # fmt: skip
            self._serve("replique", self.ports[1], max_standby_streaming_delay="5s")
            sync = "SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')"
            until(lambda: self.value(0, sync) == 1, "a synchronous replica")
        except BaseException:
            self.stop()
            raise

    def _own(self, path: Path) -> None:
        if os.geteuid() == 0:
            shutil.chown(path, "nobody", "nogroup")

    def _run(self, program: str, *words: str | Path) -> None:
        subprocess.run([self._binaries / program, *words], check=True, capture_output=True, cwd=self.folder,
                       **_demoted())  # fmt: skip

    def _start(self, name: str, *command: str | Path) -> None:
        with (self.folder / f"{name}.log").open("wb") as log:
            # A session of its own, so that all its processes are killed at once, as a machine that loses its power.
            self._running[name] = subprocess.Popen(
                command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True, **_demoted(),
            )  # fmt: skip

    def _serve(self, name: str, port: int, **options: str) -> None:
        settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": "100",
                    "timezone": "UTC", "port": str(port), **options}  # fmt: skip
        said = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        self._start(name, self._binaries / "postgres", "-D", self.folder / name, *said)
        until(lambda: self._answers(port), f"{name} answers")

    def _answers(self, port: int) -> bool:
        with contextlib.suppress(psycopg2.OperationalError), contextlib.closing(self._connect(port)):
            return True
        return False

    def _connect(self, port: int, base: str = "postgres") -> Any:
        connection = psycopg2.connect(host="127.0.0.1", port=port, user="postgres", dbname=base)
        connection.autocommit = True
        return connection

    def value(self, server: int, sql: str, base: str = "postgres") -> Any:
        """One value of the primary (0) or the replica (1)."""
        with contextlib.closing(self._connect(self.ports[server], base)) as line, line.cursor() as cursor:
            cursor.execute(sql)
            row = cursor.fetchone() if cursor.description else None
            return row[0] if row else None

    def url(self, base: str, *ports: int) -> str:
        servers = ",".join(f"127.0.0.1:{port}" for port in ports or self.ports)
        return f"postgresql://postgres@{servers}/{base}"

    def pool(self, *users: str) -> None:
        """Start both poolers, for these users; each hands a server's line on after every transaction."""
        program = _pooler()
        if program is None:
            raise FileNotFoundError("pgbouncer")
        (self.folder / "users.txt").write_text("".join(f'"{user}" ""\n' for user in users))
        self.poolers = (_free_port(), _free_port())
        for port, server in zip(self.poolers, self.ports, strict=True):
            file = self.folder / f"pgbouncer-{port}.ini"
            file.write_text(
                f"[databases]\n* = host=127.0.0.1 port={server}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
                f"listen_port = {port}\nunix_socket_dir =\nauth_type = trust\nauth_file = {self.folder}/users.txt\n"
                "pool_mode = transaction\ndefault_pool_size = 8\nserver_login_retry = 1\nquery_wait_timeout = 10\n"
                "ignore_startup_parameters = extra_float_digits,options\n"
            )
            self._start(file.stem, program, file)
            until(lambda port=port: self._answers(port) or port == self.poolers[1], "pgbouncer answers")

    def kill_primary(self) -> None:
        server = self._running.pop("primaire")
        os.killpg(server.pid, signal.SIGKILL)
        server.wait(30)

    def promote(self) -> None:
        """Make the replica the centre, once it has replayed all that it received."""
        replayed = "SELECT pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn()"
        until(lambda: bool(self.value(1, replayed)), "the replica has replayed its log")
        self.value(1, "SELECT pg_promote()")

    def stop(self) -> None:
        for server in self._running.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)
            server.wait(30)
        self._running.clear()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:  # fmt: skip
        self.stop()
