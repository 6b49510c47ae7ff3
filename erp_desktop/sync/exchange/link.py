"""The line to the centre: one dedicated autocommit psycopg2 connection, kept warm, with a deadline on everything.

What is counted: a round trip is one statement sent and answered; bytes are the kernel's own counters of the socket
(Linux; elsewhere they stay 0).
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg2
import sqlalchemy as sa
from psycopg2 import extensions

from erp_desktop.centre.lock import RUNNING
from erp_desktop.db import pg_line
from erp_desktop.db.engine import is_loopback, normalise_url
from erp_desktop.errors import (
    CentralUnreachableError,
    CentralWaitsError,
    CloneDetectedError,
    DeviceRevokedError,
    NotAllowedError,
    SchemaMismatchError,
    SyncError,
)

_SENT_AT, _RECEIVED_AT = 120, 128
"""Offsets of tcpi_bytes_acked and tcpi_bytes_received in Linux's struct tcp_info."""

_PATIENCE_MAX = 8
OLDER_CENTRE = (
    "Le centre est d'une version plus ancienne que ce poste et attend sa mise à niveau : prévenez l'informatique, "
    "qui la lance par « erp-admin db upgrade ». D'ici là le travail continue hors ligne, rien n'est perdu."
)
LEFT_HALF_WAY = (
    "La mise à niveau du centre s'est arrêtée en chemin : prévenez l'informatique, qui la termine par « erp-admin db "
    "upgrade ». D'ici là le travail continue hors ligne, rien n'est perdu."
)


class Link:
    """One connection to the centre.

    Args:
        url: PostgreSQL address with user and password.
        connect_timeout_s: seconds to open the line; twice as many after each attempt that they did not suffice for.
        deadline_s: seconds without a byte of an answer after which the line is declared dead.
    """

    def __init__(self, url: str, *, connect_timeout_s: int = 5, deadline_s: float = 120.0) -> None:
        self.url = normalise_url(url)
        self.connect_timeout_s = connect_timeout_s
        self.deadline_s = deadline_s
        self.round_trips = 0
        self.trip_s: float | None = None
        """Seconds of the quickest round trip on this line so far."""
        self.listening: bool | None = None
        """True: this line hears notifications; False: a pooler stands in between; None: not asked for."""
        self._connection: Any = None
        self._patience = 1
        self._alive = 0.0
        self._before = (0, 0)

    @property
    def open(self) -> bool:
        return self._connection is not None and not self._connection.closed

    def connect(self) -> None:
        """Open the line if it is closed.

        Raises:
            CentralUnreachableError: nobody answers.
            NotAllowedError: the login was refused, or the server is not the expected one.
            UserError: the base is not there.
        """
        if self.open:
            return
        arguments = libpq_arguments(self.url)
        arguments.update(
            connect_timeout=self.connect_timeout_s * self._patience, keepalives=1, keepalives_idle=10,
            keepalives_interval=5, keepalives_count=3, tcp_user_timeout=int(self.deadline_s * 1000),
            application_name="erp-mif",
        )  # fmt: skip
        try:
            self._connection = pg_line.connect(**arguments)
        except pg_line.LineRefusedError as error:
            if error.cause == "delai":
                # A line of two seconds a round trip needs a quarter of a minute to open.
                self._patience = min(_PATIENCE_MAX, 2 * self._patience)
            raise error.told() from error
        self._connection.autocommit = True
        self.listening = self.trip_s = None
        self.round_trips += 1
        self._before = (0, 0)

    def close(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(psycopg2.Error):
                self._connection.close()
            self._connection = None

    def abort(self) -> None:
        """Cut the line from another thread; a statement under way fails at once."""
        connection = self._connection
        if connection is not None and not connection.closed:
            with contextlib.suppress(OSError, psycopg2.Error):
                duplicate = socket.socket(fileno=os.dup(connection.fileno()))
                with contextlib.closing(duplicate):
                    duplicate.shutdown(socket.SHUT_RDWR)

    def row(self, sql: str, parameters: tuple[object, ...] = ()) -> tuple[Any, ...]:
        """Run one statement in one round trip and return its only row."""
        self.connect()
        with self._guard(), self._connection.cursor() as cursor:
            self.round_trips += 1
            started = time.perf_counter()
            cursor.execute(sql, parameters)
            took = time.perf_counter() - started
            self.trip_s = took if self.trip_s is None else min(took, self.trip_s)
            row: tuple[Any, ...] = cursor.fetchone()
            return row

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Run one statement in one round trip and return all its rows."""
        self.connect()
        with self._guard(), self._connection.cursor() as cursor:
            self.round_trips += 1
            cursor.execute(sql)
            return list(cursor.fetchall())

    def listen(self, *channels: str) -> bool:
        """Hear what the centre notifies on ``channels``; False behind a pooler, which hands the server line on.

        Args:
            channels: identifiers made by this program, never by a person.
        """
        self.listening = False
        if self.row("SELECT pg_backend_pid()")[0] == self._connection.info.backend_pid:
            with self._guard(), self._connection.cursor() as cursor:
                self.round_trips += 1
                cursor.execute("; ".join(f"LISTEN {channel}" for channel in channels))
            self.listening = True
        return self.listening

    def heard(self) -> list[str]:
        """Payloads of the notifications that have arrived, without waiting for more.

        Raises:
            CentralUnreachableError: the line is dead.
        """
        if not self.open or not self.listening:
            return []
        try:
            self._connection.poll()
        except psycopg2.Error as error:
            raise self._translate(error) from error
        found = [note.payload for note in self._connection.notifies]
        self._connection.notifies.clear()
        return found

    @property
    def called(self) -> bool:
        """Whether something arrived, between two statements, that :meth:`heard` has not given out yet."""
        return self.open and bool(self._connection.notifies or select.select([self.fileno()], [], [], 0)[0])

    def fileno(self) -> int:
        return int(self._connection.fileno())

    @property
    def in_snapshot(self) -> bool:
        """Whether :meth:`snapshot` is open on a living line."""
        return self.open and self._connection.info.transaction_status != extensions.TRANSACTION_STATUS_IDLE

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """A read-only REPEATABLE READ transaction around several statements."""
        self.connect()
        # Spelled out: the driver's own way to leave and return to autocommit costs two round trips more.
        self._run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        try:
            yield
        finally:
            if self.open:
                with contextlib.suppress(CentralUnreachableError):
                    self._run("ROLLBACK")

    def _run(self, sql: str) -> None:
        with self._guard(), self._connection.cursor() as cursor:
            self.round_trips += 1
            cursor.execute(sql)

    def copy_out(self, query: str, sink: Any, *, binary: bool = False) -> None:
        """COPY a query's rows, in text or PostgreSQL's binary form, into ``sink.write(bytes)``."""
        self.connect()
        with self._guard(), self._connection.cursor() as cursor:
            self.round_trips += 1
            form = " (FORMAT binary)" if binary else ""
            cursor.copy_expert(f"COPY ({query}) TO STDOUT{form}", _Heard(self, sink), size=1 << 18)

    def traffic(self) -> tuple[int, int]:
        """Bytes sent and received on this line so far; (0, 0) where the kernel does not tell."""
        if not self.open or not sys.platform.startswith("linux"):
            return self._before
        with contextlib.closing(socket.socket(fileno=os.dup(self._connection.fileno()))) as duplicate:
            try:
                info = duplicate.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
            except OSError:
                return self._before
        if len(info) >= _RECEIVED_AT + 8:
            self._before = (
                struct.unpack_from("Q", info, _SENT_AT)[0],
                struct.unpack_from("Q", info, _RECEIVED_AT)[0],
            )
        return self._before

    @contextlib.contextmanager
    def _guard(self) -> Iterator[None]:
        # libpq has no deadline of its own for a statement, and a half-open line answers nothing for minutes.
        self.touch()
        done = threading.Event()
        watch = threading.Thread(target=self._watch, args=(done,), name="échéance", daemon=True)
        watch.start()
        try:
            yield
        except psycopg2.Error as error:
            raise self._translate(error) from error
        finally:
            done.set()

    def touch(self) -> None:
        """The line has just brought something: its deadline starts again."""
        self._alive = time.monotonic()

    def _watch(self, done: threading.Event) -> None:
        while not done.wait(max(0.0, (left := self._alive + self.deadline_s - time.monotonic()))):
            if left <= 0:
                self.abort()
                return

    def _translate(self, error: psycopg2.Error) -> Exception:
        code = error.pgcode or ""
        text = (error.diag.message_primary or str(error)).strip()
        if code == "EM012":
            return CloneDetectedError.because(text)
        if code == "EM013":
            return CentralWaitsError(
                "Le centre a été remis en place sans ce qui sépare les agences : il ne sert personne avant sa mise à "
                "niveau (erp-admin db upgrade). Le travail continue hors ligne, rien n'est perdu."
            )
        if code == "EM011":
            return DeviceRevokedError(f"Le centre refuse ce poste : {text}.")
        if code == "42501" and error.diag.source_function == "aclcheck_error":
            admitted, revoked, left = self._standing()
            if revoked:
                return DeviceRevokedError("Le centre refuse ce poste : ce poste n'est plus autorisé.")
            # Half-way through an upgrade nobody is served.
            if admitted and left:
                return CentralWaitsError(LEFT_HALF_WAY)
            if admitted:
                return CentralWaitsError("Le centre est en cours de mise à niveau ; l'échange reprendra ensuite.")
        if code == "42883" and not error.diag.context:
            # A function that this program calls itself: its revision came with it.
            self.close()
            return SchemaMismatchError(OLDER_CENTRE)
        if code == "42501":
            return NotAllowedError(f"Le centre refuse ce poste : {text}.")
        if not code or code[:2] in {"08", "57"}:
            self.close()
            return CentralUnreachableError("La ligne avec le serveur central a été coupée.")
        if code in {"40001", "40P01", "55P03"}:
            return CentralWaitsError("Le centre est occupé ; le lot sera renvoyé.")
        return SyncError(f"Le centre a refusé l'échange : {text}.")

    def _standing(self) -> tuple[bool, bool, bool]:
        """Whether this login has anything to do at the centre, whether that is only to learn of its revocation, and
        whether nobody works on the upgrade that keeps it from being served.

        Otherwise only an upgrade takes rights on functions, from all.
        """
        try:
            with self._connection.cursor() as cursor:
                self.round_trips += 1
                cursor.execute(
                    "ROLLBACK; SELECT has_schema_privilege('sync', 'USAGE'), "
                    "coalesce(pg_has_role(to_regrole('erp_revoque'), 'MEMBER'), false) "
                    "AND NOT pg_has_role(to_regrole('erp_device'), 'MEMBER'), "
                    # It may have ended since the refusal.
                    f"NOT {RUNNING} AND NOT EXISTS (SELECT FROM pg_proc p "
                    "WHERE p.pronamespace = to_regnamespace('sync') AND has_function_privilege(p.oid, 'EXECUTE'))"
                )
                admitted, revoked, left = cursor.fetchone()
                return bool(admitted), bool(revoked), bool(left)
        except psycopg2.Error:
            return False, False, False


class _Heard:
    """A sink whose writes tell that the line lives: a long copy may take longer than the deadline."""

    def __init__(self, link: Link, sink: Any) -> None:
        self._link = link
        self._sink = sink

    def write(self, data: bytes) -> int:
        taken = int(self._sink.write(data))
        self._link.touch()
        return taken


def libpq_arguments(url: sa.URL) -> dict[str, Any]:
    """libpq's arguments of an address; TLS is verified in full except towards a loopback address."""
    arguments: dict[str, Any] = {
        "host": url.host, "port": url.port or 5432, "dbname": url.database, "user": url.username,
        "password": url.password, **url.query,
    }  # fmt: skip
    if not is_loopback(url):
        arguments.setdefault("sslmode", "verify-full")
    return {k: v for k, v in arguments.items() if v is not None}


extensions.register_type(extensions.UNICODE)
