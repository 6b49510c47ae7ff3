"""Engines: one SQLite (through SQLCipher, keyed or plain) and PostgreSQL through psycopg2.

The SQLite driver is left in autocommit and every transaction begins explicitly, so that DDL is transactional and a
writer takes its lock at once instead of failing half-way. Reads begin DEFERRED: they never wait for a writer (WAL).
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psycopg2
import sqlalchemy as sa
import sqlcipher3.dbapi2 as sqlcipher
from psycopg2 import extensions
from sqlalchemy import event
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.pool import NullPool, Pool, QueuePool, StaticPool

from erp_desktop import clock, paths
from erp_desktop.db import pg_line
from erp_desktop.errors import DatabaseRefusedError, NotADatabaseError

_HEX_KEY = re.compile(r"[0-9a-f]{64}")
BUSY_MS = 10_000


def connect_sqlite(
    path: Path | str, key: str | None = None, *, read_only: bool = False, immutable: bool = False
) -> Any:
    """Open one DB-API connection in autocommit.

    Args:
        path: the cache file.
        key: 64 hexadecimal digits, or None for a plain file.
        read_only: open the file without any right to change it.
        immutable: read the file alone, as if nobody could change it: no lock, no side file is made or read.

    Raises:
        DatabaseRefusedError: the file is not a database, or not one that this key opens.
    """
    if key is not None and not _HEX_KEY.fullmatch(key):
        raise DatabaseRefusedError("La clé de la base locale n'a pas la forme attendue.")
    read_only = read_only or immutable
    if not read_only:
        private(Path(path))
    mode = "?mode=ro&immutable=1" if immutable else "?mode=ro"
    target = f"{paths.real(Path(path)).as_uri()}{mode}" if read_only else str(path)
    try:
        connection = sqlcipher.connect(
            target, isolation_level=None, check_same_thread=False, uri=read_only, timeout=BUSY_MS / 1000,
            cached_statements=256,
        )  # fmt: skip
    except sqlcipher.OperationalError as error:
        raise DatabaseRefusedError(f"Le fichier {Path(path).name} ne peut pas être ouvert ({error}).") from error
    try:
        if key is not None:
            connection.execute(f"PRAGMA key = \"x'{key}'\"")
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlcipher.DatabaseError as error:
        connection.close()
        if "not a database" in str(error):
            raise NotADatabaseError(
                f"Le fichier {Path(path).name} n'est pas une base ERP MIF, ou sa clé n'est pas la bonne."
            ) from error
        raise
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    connection.execute("PRAGMA foreign_keys = ON")
    if not read_only:
        # FULL: a committed keystroke survives a power cut, not only a crash of the program.
        connection.execute("PRAGMA synchronous = FULL")
        # A page that is not kept is decrypted anew: of a million rows a filter asked again took 120 ms with 16 MB.
        connection.execute("PRAGMA cache_size = -48000")
    return connection


def private(path: Path) -> None:
    """Make a file, if need be, and leave it to its owner alone; its side files take the same rights from SQLite.

    A file that is there is never opened here: closing it would drop the locks that SQLite holds on it for this
    process. One of somebody else, or on a disk without rights, stays as it is, and so does a device.
    """
    if os.name != "posix" or str(path) == ":memory:":
        return
    with contextlib.suppress(OSError):
        if not path.exists():
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        elif path.is_file() and path.stat().st_mode & 0o077:
            path.chmod(0o600)


def enter_wal(connection: Any) -> None:
    """Put a cache in WAL mode.

    SQLite's busy timeout does not cover this switch, and two programs may open a new or upgraded file at once.

    Raises:
        sqlcipher3.OperationalError: another program held the file for longer than the busy timeout.
    """
    deadline = time.monotonic() + BUSY_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlcipher.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def create_sqlite_engine(path: Path | str, key: str | None = None) -> sa.Engine:
    """An engine on a cache file in WAL mode; each transaction begins as its execution option ``write`` says."""

    def creator() -> Any:
        connection = connect_sqlite(path, key)
        enter_wal(connection)
        return connection

    engine = sa.create_engine(
        "sqlite+pysqlite://", creator=creator, module=sqlcipher, poolclass=QueuePool, pool_size=3, max_overflow=2,
        json_deserializer=_read_json, hide_parameters=True,
    )  # fmt: skip
    _begin_explicitly(engine)
    return engine


def create_copy_engine(path: Path, key: str | None = None) -> sa.Engine:
    """An engine on a working copy that is thrown away when anything goes wrong, and made lasting only at its end.

    So nothing is written twice or waited for: the journal lies in memory, which still undoes a failed transaction.
    """

    def creator() -> Any:
        connection = connect_sqlite(path, key)
        for pragma in ("journal_mode = MEMORY", "synchronous = OFF", "temp_store = MEMORY", "cache_size = -128000"):
            connection.execute(f"PRAGMA {pragma}").fetchone()
        return connection

    engine = sa.create_engine("sqlite+pysqlite://", creator=creator, module=sqlcipher, poolclass=QueuePool,
                              hide_parameters=True)  # fmt: skip
    _begin_explicitly(engine)
    return engine


def create_engine_over(connection: Any) -> sa.Engine:
    """An engine on the one connection that its caller opened and closes: it is not to be disposed of."""
    engine = sa.create_engine(
        "sqlite+pysqlite://", creator=lambda: connection, module=sqlcipher, poolclass=StaticPool, hide_parameters=True
    )
    _begin_explicitly(engine)
    return engine


class _Compiler(SQLiteCompiler):
    """Writes the index that a query names for SQLite after its table; SQLAlchemy has hints for other engines only."""

    def get_from_hint_text(self, table: Any, text: str | None) -> str | None:  # noqa: ARG002
        return text


def _begin_explicitly(engine: sa.Engine) -> None:
    engine.dialect.statement_compiler = _Compiler

    @event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        write = connection.get_execution_options().get("write", True)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


_SEVERAL = re.compile(r"([\w+]+://(?:[^@/]*@)?)([^@/?]*,[^@/?]*)(.*)", re.DOTALL)
_SERVER = re.compile(r"(\[[^\]]*\]|[^:\[\]]*)(?::(\d*))?")
UNREADABLE_ADDRESS = (
    "L'adresse du centre n'est pas lisible : postgresql://identifiant@hôte:port/base ; dans un mot de passe, "
    "@ / : et % s'écrivent %40 %2F %3A %25."
)


def normalise_url(url: str) -> sa.URL:
    """Read a PostgreSQL URL; the bare and libpq spellings mean psycopg2.

    Of several servers (``h1:5432,h2:5433``) the one that may be written is meant, unless the address says otherwise.

    Raises:
        DatabaseRefusedError: not a PostgreSQL URL.
    """
    several = _SEVERAL.fullmatch(url)
    try:
        parsed = sa.make_url(f"{several[1]}plusieurs{several[3]}" if several else url)
        servers = _servers(several[2]) if several else _query_servers(parsed)
    except (sa.exc.ArgumentError, ValueError) as error:
        raise DatabaseRefusedError(UNREADABLE_ADDRESS) from error
    if "@" in (parsed.host or ""):
        raise DatabaseRefusedError(UNREADABLE_ADDRESS)
    if parsed.drivername not in {"postgresql", "postgres", "postgresql+psycopg2"} or not parsed.database:
        raise DatabaseRefusedError("L'adresse du centre doit avoir la forme postgresql://hôte:port/base.")
    if len(servers) > 1:
        hosts, ports = (",".join(column) for column in zip(*servers, strict=True))
        # Said in the query too, where SQLAlchemy and libpq's programs find each server's own port.
        every: dict[str, str | tuple[str, ...]] = {"host": hosts, "port": ports}
        given = dict(parsed.query)
        query = {"target_session_attrs": "read-write", **(every | given if several else given | every)}
        parsed = parsed.set(host=hosts, query=query)
    return parsed.set(drivername="postgresql+psycopg2")


def _servers(text: str) -> list[tuple[str, str]]:
    """Several servers between two slashes; SQLAlchemy writes those of IPv6 in one pair of brackets."""
    if text.startswith("[") and text.find("]") == len(text) - 1:
        return [(one, "5432") for one in text[1:-1].split(",")]
    return [_server(one) for one in text.split(",")]


def _server(text: str) -> tuple[str, str]:
    """Host and port of one of several servers."""
    found = _SERVER.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return found[1].strip("[]"), found[2] or "5432"


def _query_servers(url: sa.URL) -> list[tuple[str, str]]:
    """SQLAlchemy's own spelling: each server in the query."""
    named = url.query.get("host")
    return [_server(one) for one in named] if isinstance(named, tuple) else []


def without_password(url: sa.URL) -> sa.URL:
    """The same address for a command line or a file: ``URL.set(password=None)`` keeps the password."""
    return url._replace(password=None)


def is_loopback(url: sa.URL) -> bool:
    """Whether every server that an address names, in its query too, is this machine."""
    named = [url.host, url.query.get("host"), url.query.get("hostaddr")]
    texts = [one for given in named if given for one in ((given,) if isinstance(given, str) else given)]
    hosts = {_bare(one) for text in texts for one in text.split(",")}
    return all(h in {"", "localhost", "127.0.0.1", "::1"} or h.startswith(("/", "@")) for h in hosts)


def _bare(text: str) -> str:
    found = _SERVER.fullmatch(text)
    return found[1].strip("[]") if found else text


def create_pg_engine(
    url: str, *, pool: type[Pool] = NullPool, connect_timeout_s: int = 5, line: Mapping[str, object] | None = None
) -> sa.Engine:
    """An engine on the centre. TLS is verified in full except towards a loopback address.

    Args:
        line: more of libpq's arguments, by name.
    """
    parsed = normalise_url(url)
    if not is_loopback(parsed) and "sslmode" not in parsed.query:
        parsed = parsed.update_query_dict({"sslmode": "verify-full"})
    options: dict[str, Any] = {"connect_timeout": connect_timeout_s, **(line or {})}
    engine = sa.create_engine(
        parsed, poolclass=pool, connect_args=options, json_deserializer=_read_json, hide_parameters=True,
        # Many rows changed one by one are sent together.
        executemany_mode="values_plus_batch", use_native_hstore=False,
    )  # fmt: skip
    _asks_nothing(engine.dialect)

    @event.listens_for(engine, "do_connect")
    def opened(_dialect: object, _record: object, _positional: object, arguments: dict[str, Any]) -> Any:
        return pg_line.connect(**arguments)

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: object) -> None:
        for reader in _READERS:
            extensions.register_type(reader, connection)

    return engine


def _asks_nothing(dialect: Any) -> None:
    """Have the first line of an engine tell what SQLAlchemy would ask of the server: seven round trips.

    The server announces its version and how a text is quoted; the rest is what every line begins with.
    """

    def version(connection: sa.Connection) -> tuple[int, int]:
        number = _driver(connection).server_version
        return number // 10_000, number % 10_000

    def escapes(connection: sa.Connection) -> None:
        dialect._backslash_escapes = _driver(connection).get_parameter_status(_QUOTED) == "off"  # noqa: SLF001

    dialect._get_server_version_info = version  # noqa: SLF001
    dialect._set_backslash_escapes = escapes  # noqa: SLF001
    dialect._get_default_schema_name = lambda _connection: pg_line.SESSION["search_path"]  # noqa: SLF001
    dialect.get_default_isolation_level = lambda _line: _ISOLATION


_QUOTED = "standard_conforming_strings"
_ISOLATION = pg_line.SESSION["default_transaction_isolation"].upper()


def _driver(connection: sa.Connection) -> Any:
    return connection.connection.dbapi_connection


def _read_json(text: str) -> Any:
    """JSON as stored; one that cannot be read (nested too deep) is said so in its place, and loses no other row."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return {clock.UNREADABLE: text[:200]}


def _reader(standard: Any, otherwise: Callable[[str], Any]) -> Any:
    """The driver's reader of a type, but a value that Python cannot hold is marked instead of ending the answer."""

    def read(value: Any, cursor: Any) -> Any:
        try:
            return standard(value, cursor)
        except (ValueError, OverflowError, psycopg2.DataError):
            return otherwise(str(value))

    return extensions.new_type(standard.values, f"TOLERANT_{standard.name}", read)


_READERS = (
    _reader(extensions.PYDATETIMETZ, clock.UnreadableInstant.of),
    _reader(extensions.PYDATE, clock.UnreadableDay.of),
)


POOLER = (
    "La connexion passe par un répartiteur (PgBouncer) : le verrou de mise à niveau ne tient pas d'une transaction à "
    "l'autre. Indiquez l'adresse directe du serveur."
)


def is_direct(connection: sa.Connection) -> bool:
    """Whether a connection to PostgreSQL reaches the server itself; a pooler announces a process of its own.

    To be asked before a session lock is taken: a pooler keeps it after its client has left.
    """
    line = connection.connection.driver_connection
    announced = None if line is None else line.info.backend_pid
    return bool(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar() == announced)


Opener = Callable[[], sa.Engine]
