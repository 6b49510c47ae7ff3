"""One upgrade of a centre at a time, by a lock that only a migrator has the right to take.

An advisory lock is anybody's who knows its number, and ``pg_locks`` shows the numbers: a device could hold an upgrade
up for as long as it liked. The lock is therefore one on ``alembic_version``, in a mode that hinders neither readers
nor writers but itself. Such a lock ends with its transaction and an upgrade has many, so a connection of its own
keeps it, in a transaction that has read and written nothing and holds nobody's rows.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import sqlalchemy as sa

from erp_desktop.errors import DatabaseBusyError

VERSION_TABLE = (
    "CREATE TABLE IF NOT EXISTS public.alembic_version "
    "(version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
)
_LOCK = "LOCK TABLE public.alembic_version IN SHARE UPDATE EXCLUSIVE MODE NOWAIT"

RUNNING = (
    "EXISTS (SELECT FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_class c ON c.oid = l.relation "
    "JOIN pg_catalog.pg_database d ON d.oid = l.database WHERE d.datname = current_database() AND l.granted "
    "AND l.mode = 'ShareUpdateExclusiveLock' AND c.relname = 'alembic_version')"
)
"""Whether somebody holds it, which anybody may ask."""


@contextmanager
def upgrade_lock(engine: sa.Engine, *, wait_s: float, silence_s: float = 60.0) -> Iterator[Callable[[], bool]]:
    """Hold the lock; yields a question: is it still held?

    Args:
        engine: connects as a migrator, directly to the server.
        wait_s: seconds to wait for another upgrade.
        silence_s: seconds without a word from this machine after which the server lets the lock go.

    Raises:
        DatabaseBusyError: another upgrade is running.
    """
    with engine.connect() as keeper:
        keeper.exec_driver_sql(f"SET idle_in_transaction_session_timeout = '{int(silence_s * 1000)}'")
        if keeper.exec_driver_sql("SELECT to_regclass('public.alembic_version')").scalar() is None:
            # Two may find it absent at once; the second one's is there then.
            with suppress(sa.exc.IntegrityError, sa.exc.ProgrammingError):
                keeper.exec_driver_sql(VERSION_TABLE)
        _finish(keeper)
        _take(keeper, time.monotonic() + wait_s)
        beat = _Heartbeat(keeper, silence_s / 4)
        try:
            yield beat.alive
        finally:
            beat.stop()
            with suppress(sa.exc.SQLAlchemyError):
                keeper.rollback()


def take_now(connection: sa.Connection) -> bool:
    """Take the lock until the end of this transaction; False when another upgrade has it, or this login may not.

    A transaction that was refused the lock is rolled back.
    """
    if connection.exec_driver_sql("SELECT to_regclass('public.alembic_version')").scalar() is None:
        return False
    try:
        connection.exec_driver_sql(_LOCK)
    except sa.exc.DBAPIError as error:
        if getattr(error.orig, "pgcode", None) not in {"55P03", "42501"}:
            raise
        connection.rollback()
        return False
    return True


def _finish(keeper: sa.Connection) -> None:
    try:
        keeper.commit()
    except sa.exc.SQLAlchemyError:
        keeper.rollback()


def _take(keeper: sa.Connection, deadline: float) -> None:
    while True:
        try:
            keeper.exec_driver_sql(_LOCK)
        except sa.exc.OperationalError as error:
            if getattr(error.orig, "pgcode", None) != "55P03":
                raise
            keeper.rollback()
            if time.monotonic() > deadline:
                raise DatabaseBusyError("Une autre mise à niveau est en cours sur ce serveur.") from error
            time.sleep(0.2)
        else:
            return


class _Heartbeat:
    """A word to the server now and then: one revision may take longer than a dead line is waited for."""

    def __init__(self, keeper: sa.Connection, every_s: float) -> None:
        self._keeper = keeper
        self._every_s = every_s
        self._stopped = threading.Event()
        self._one = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="verrou", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stopped.wait(self._every_s):
            if not self.alive():
                return

    def alive(self) -> bool:
        with self._one:
            try:
                self._keeper.exec_driver_sql("SELECT 1")
            except sa.exc.SQLAlchemyError:
                return False
            return True

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()
