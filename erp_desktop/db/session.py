"""The one way into a database: a session that is one transaction, one capture group, one author."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from erp_desktop.db import ids
from erp_desktop.errors import DamagedError, DatabaseBusyError, DiskFullError, UnavailableError
from erp_desktop.models.base import Ligne

_DAMAGE = ("malformed", "not a database", "Could not decode to UTF-8", "hmac")
_OPEN_GROUP = sa.text(
    "UPDATE _sync_session SET groupe = (SELECT coalesce(max(id), 0) + 1 FROM sync_outbox), user_id = :user, "
    "remarque = NULL WHERE un = 1"
)
_CLOSE_GROUP = sa.text("UPDATE _sync_session SET groupe = NULL, user_id = NULL, remarque = NULL WHERE un = 1")


@contextmanager
def transaction(engine: sa.Engine, user_id: int | None = None, *, write: bool = True) -> Iterator[Session]:
    """Run a block in one transaction: committed at its end, rolled back by any exception.

    Args:
        engine: SQLite cache or central PostgreSQL.
        user_id: the author that captured changes will name.
        write: False opens a snapshot for reading that never waits for a writer.

    Raises:
        DatabaseBusyError: another process kept the file locked.
        DiskFullError: nothing was written.
        DamagedError: the file cannot be read here.
    """
    connection = engine.connect().execution_options(write=write)
    try:
        with connection, Session(connection, autoflush=True) as session:
            if write:
                _name_author(session, user_id)
            yield session
            session.flush()
            if write and engine.dialect.name == "sqlite":
                session.execute(_CLOSE_GROUP)
            session.commit()
    except DatabaseError as error:
        told = sqlite_trouble(error.orig)
        if told is None:
            raise
        raise told from error


def _name_author(session: Session, user_id: int | None) -> None:
    if session.get_bind().dialect.name == "sqlite":
        session.execute(_OPEN_GROUP, {"user": user_id})
    elif user_id is not None:
        session.execute(sa.text("SELECT set_config('erp.user_id', :user, true)"), {"user": str(user_id)})


def sqlite_trouble(error: BaseException | None) -> UnavailableError | DamagedError | None:
    """What a person is told of a driver's error that is not the statement's; None when it is."""
    text = str(error)
    if "locked" in text or "busy" in text:
        return DatabaseBusyError("La base locale est occupée par un autre programme ; réessayez dans un instant.")
    if "disk is full" in text or "disk I/O" in text:
        return DiskFullError("Le disque est plein : rien n'a été perdu, libérez de la place puis réessayez.")
    if any(sign in text for sign in _DAMAGE):
        return DamagedError(f"La base locale est abîmée ({text}) : reprenez sa dernière sauvegarde.")
    return None


@event.listens_for(Session, "before_flush")
def _assign_identifiers(session: Session, _context: object, _instances: object) -> None:
    new = [row for row in session.new if isinstance(row, Ligne) and row.id is None]
    for row, identifier in zip(new, ids.allocate(session.connection(), len(new)), strict=True):
        row.id = identifier
