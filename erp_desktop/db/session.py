"""The one way into a database: a session that is one transaction, one capture group, one author."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import InvalidOperation
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from erp_desktop.db import fewer_trips, ids
from erp_desktop.db.pg_line import LineRefusedError
from erp_desktop.domain.people import given
from erp_desktop.errors import (
    CentralUnreachableError,
    CentralWaitsError,
    DamagedError,
    DatabaseBusyError,
    DiskFullError,
    ErpError,
    NotFoundError,
    OutcomeUnknownError,
    PasswordToChooseError,
    UserError,
)
from erp_desktop.models.base import Ligne

_DAMAGE = ("malformed", "not a database", "Could not decode to UTF-8", "hmac")
_OPEN_GROUP = sa.text(
    "UPDATE _sync_session SET groupe = (SELECT coalesce(max(id), 0) + 1 FROM sync_outbox), user_id = :user, "
    "remarque = NULL WHERE un = 1"
)
_CLOSE_GROUP = sa.text("UPDATE _sync_session SET groupe = NULL, user_id = NULL, remarque = NULL WHERE un = 1")


CUT = "La ligne vers le centre est coupée : rien n'a été enregistré, ce qui est à l'écran reste."
CUT_READING = "La ligne vers le centre est coupée : ce qui est à l'écran reste."
"""Of a reading, which may follow what was saved."""
UNSURE = (
    "La ligne a été coupée au moment d'enregistrer : le centre a tout reçu, ou rien. Relisez la fiche avant de "
    "recommencer."
)
GONE = "Cette fiche a été supprimée pendant l'enregistrement : rien n'a été écrit."
_STATE = sa.text("SELECT pg_xact_status(CAST(:x AS xid8))")
_END = sa.text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_xid = CAST(CAST(:x AS xid8) AS xid)"
)
AUTHOR_NAMED = "auteur"
"""Of ``Session.info``: whom the centre was told when the transaction began, until somebody says more."""
_IDS = "identifiants"
"""Of ``Session.info``: identifiers that came with the beginning, for the first rows that are made."""
_FIRST = "premiere"
"""Of ``Session.info``: table and identifier of the first row that was made."""
_RESERVED = 4
_SOME_IDS = "ARRAY(SELECT sync.nouvel_id() FROM generate_series(1, :n))"
_WHOLE = "REPEATABLE READ"
_TO_CHOOSE = "EM015"
_OF_ANOTHER_AGENCY = "EM002"
_HALF_WAY = {
    "EM016": "Le centre est en cours de mise à niveau : réessayez dans quelques minutes.",
    "EM017": "La mise à niveau du centre s'est arrêtée en chemin : prévenez l'informatique, qui la termine par "
    "« erp-admin db upgrade ».",
}
TOO_LONG = "Un texte est trop long."
TOO_LARGE = "Un nombre n'en est pas un, ou dépasse ce qui peut être gardé."
_NO_ROOM = {"22001": TOO_LONG, "22003": TOO_LARGE}
"""What the centre's columns have no room for; a cache refuses it by the same sentences, in its triggers."""
_RULES = frozenset({"EM003", "EM006", "EM021", "EM022"})
"""Under which the centre refuses a row in the words that a clerk reads."""
FOREIGN = "Ce changement vise une fiche d'une autre agence."
HELD = "Cette fiche ne change pas d'agence : d'autres, qui restent où elles sont, s'y rapportent."
_ASK_AGAIN_S = 6.0
"""How long a commit without answer is asked after."""


@contextmanager
def transaction(engine: sa.Engine, user_id: int | None = None, *, write: bool = True) -> Iterator[Session]:
    """Run a block in one transaction: committed at its end, rolled back by any exception.

    Args:
        engine: SQLite cache or central PostgreSQL.
        user_id: the author that captured changes will name.
        write: False opens a snapshot for reading that never waits for a writer; at the centre each statement sees
            what is committed when it begins, and costs one round trip, unless the engine is a :func:`snapshot`.

    Raises:
        DatabaseBusyError: another process kept the file locked.
        DiskFullError: nothing was written.
        DamagedError: the file cannot be read here.
        CentralUnreachableError: the line is cut; nothing was written.
        NotFoundError: a row that was to be changed went meanwhile.
        PasswordToChooseError: this login is of a person who has to choose a password first.
        OutcomeUnknownError: it was cut during the commit, and the centre cannot be asked.
    """
    xid: str | None = None
    committing = itself = False
    try:
        with (
            engine.connect().execution_options(write=write) as connection,
            fewer_trips.HoldingSession(connection, autoflush=True) as session,
        ):
            if engine.dialect.name == "postgresql":
                # BEGIN and COMMIT around a reading would be two round trips more.
                whole = connection.get_execution_options().get("isolation_level") == _WHOLE
                itself = write and user_id is not None and fewer_trips.begins_itself(connection)
                line: Any = connection.connection.dbapi_connection
                line.autocommit = itself or not (write or whole)
            if write:
                xid = _name_author(session, user_id, begin=itself)
            yield session
            session.flush()
            if write and engine.dialect.name == "sqlite":
                session.execute(_CLOSE_GROUP)
            committing = write
            session.commit()
    except DBAPIError as error:
        told = trouble(engine, error, write=write)
        if told is None:
            raise
        cut = isinstance(told, CentralUnreachableError)
        if not (cut and committing and xid is not None and landed(engine, xid)):
            raise told from error
    except StaleDataError as error:
        raise NotFoundError(GONE) from error
    except (StatementError, OverflowError) as error:
        if not _too_large(error):
            raise
        raise UserError(TOO_LARGE) from error


@contextmanager
def certain(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction of a server, of statements that no session makes; a commit without answer is asked after.

    Raises:
        OutcomeUnknownError: nobody can say whether it is there.
    """
    xid, committing = "", False
    try:
        with engine.begin() as connection:
            xid = str(connection.exec_driver_sql("SELECT pg_current_xact_id()::text").scalar_one())
            yield connection
            committing = True
    except DBAPIError as error:
        if not (committing and error.connection_invalidated and landed(engine, xid)):
            raise


def _too_large(error: Exception) -> bool:
    """Whether a number never came to the database: no column has room for it."""
    inner = error.orig if isinstance(error, StatementError) else error
    beyond = isinstance(inner, OverflowError) and "SQLite INTEGER" in str(inner)
    return beyond or isinstance(inner, InvalidOperation)


def snapshot(engine: sa.Engine) -> sa.Engine:
    """One view of the data for all statements of a reading, so that its figures add up while clerks work."""
    if engine.dialect.name == "postgresql":
        return engine.execution_options(isolation_level=_WHOLE)
    return engine


def _name_author(session: Session, user_id: int | None, *, begin: bool) -> str | None:
    """At the centre the number of the transaction, by which a commit without answer is asked after.

    Args:
        begin: nothing has begun the transaction yet.
    """
    if session.get_bind().dialect.name == "sqlite":
        session.execute(_OPEN_GROUP, {"user": user_id})
        return None
    if user_id is None:
        return None
    session.info[AUTHOR_NAMED] = str(user_id)
    sql = f"SELECT pg_current_xact_id()::text, set_config('erp.user_id', :user, true), {_SOME_IDS}"
    named = {"user": str(user_id), "n": _RESERVED}
    told = session.execute(sa.text(f"{fewer_trips.BEGIN if begin else ''}{sql}"), named).one()
    session.info[_IDS] = list(told[2])
    return str(told[0])


def landed(engine: sa.Engine, xid: str) -> bool:
    """Whether a transaction whose commit got no answer is there.

    Raises:
        OutcomeUnknownError: nobody can say yet.
    """
    until = time.monotonic() + _ASK_AGAIN_S
    while time.monotonic() < until:
        try:
            with engine.connect() as connection:
                state = connection.execute(_STATE, {"x": xid}).scalar()
                if state == "in progress":
                    # The server does not know yet that nobody is there any more.
                    connection.execute(_END, {"x": xid})
        except DBAPIError:
            state = None
        if state in {"committed", "aborted"}:
            return bool(state == "committed")
        time.sleep(0.2)
    raise OutcomeUnknownError(UNSURE, xid)


def trouble(engine: sa.Engine, error: DBAPIError, *, write: bool = False) -> ErpError | None:
    """What a person is told of a database that did not do as it was asked; None of a fault of the statement."""
    if engine.dialect.name == "sqlite":
        return sqlite_trouble(error.orig) or ruled_out(error)
    if isinstance(error.orig, LineRefusedError):
        return error.orig.told()
    code = getattr(error.orig, "pgcode", None)
    if code == _TO_CHOOSE:
        return PasswordToChooseError(given.TO_CHOOSE)
    if code in _HALF_WAY:
        return CentralWaitsError(_HALF_WAY[code])
    if code == _OF_ANOTHER_AGENCY:
        # Said when the transaction ends of what held a row back; its accents do not always come through then.
        return UserError(HELD if "y rapportent" in str(error.orig) else FOREIGN)
    if told := ruled_out(error):
        return told
    return CentralUnreachableError(CUT if write else CUT_READING) if error.connection_invalidated else None


def ruled_out(error: DBAPIError) -> UserError | None:
    """The sentence with which a rule of the database held a row back, whichever statement met it; None of no rule."""
    told, code = str(error.orig), getattr(error.orig, "pgcode", None)
    if code in _NO_ROOM:
        return UserError(_NO_ROOM[code])
    if code in _RULES:
        # Behind it stands where in the server it was said.
        return UserError(told.partition("\n")[0])
    driver = hasattr(error.orig, "pgcode") or "constraint" in told or told == "datatype mismatch"
    return UserError(told) if isinstance(error, IntegrityError) and not driver else None


def sqlite_trouble(error: BaseException | None) -> ErpError | None:
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
    reserved = session.info.get(_IDS, [])
    given, session.info[_IDS] = reserved[: len(new)], reserved[len(new) :]
    given += ids.allocate(session.connection(), len(new) - len(given))
    for row, identifier in zip(new, given, strict=True):
        row.id = identifier
        session.info.setdefault(_FIRST, (row.__tablename__, identifier))


def first_made(session: Session) -> tuple[str, int] | None:
    """Table and identifier of the first row that a session made; None while it made none."""
    found: tuple[str, int] | None = session.info.get(_FIRST)
    return found


def make_first(session: Session, identifier: int) -> None:
    """Give the next row that a session makes an identifier that was drawn for it before."""
    session.info[_IDS] = [identifier, *session.info.get(_IDS, [])]
