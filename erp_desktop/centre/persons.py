"""A person's own login at the centre: what their program connects with where no device is enrolled.

It is a member of ``erp_central``: row-level security keeps it to what its account may see, and the centre opens
nothing to it before the person has chosen a password of the program (ADR 0026). Its name says nothing of the person,
and tells its database apart from others of the server, as a device's does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from psycopg2.extensions import encrypt_password

from erp_desktop.errors import NotFoundError, UserError

_PERSON = """
SELECT u.id, u.username, u.is_active AND u.role <> 'client' AS admis, l.login FROM public.users u
  LEFT JOIN sync.logins l ON l.user_id = u.id WHERE lower(u.username) = lower(btrim(:username))
"""
_ALL = """
SELECT l.login, u.username, u.is_active AS actif, to_regrole(quote_ident(l.login)) IS NOT NULL AS present
  FROM sync.logins l JOIN public.users u ON u.id = l.user_id ORDER BY u.username
"""
_NAME = """
SELECT 'erp_' || left(datname, 20) || '_' || oid || '_u' || CAST(:user AS bigint)
  FROM pg_catalog.pg_database WHERE datname = current_database()
"""
SHORTEST = 12


@dataclass(frozen=True, slots=True)
class PersonLogin:
    """One login, and whose it is.

    Attributes:
        present: on this server; a restored centre may name one that it has not.
    """

    login: str
    username: str
    actif: bool
    present: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of the sessions of a login.

    Attributes:
        reste: that this account could not end.
    """

    login: str
    sessions: int
    reste: int


def known(connection: sa.Connection) -> list[PersonLogin]:
    """Every person's own login, by account."""
    return [PersonLogin(*row) for row in connection.execute(sa.text(_ALL))]


def give(connection: sa.Connection, username: str, password: str) -> str:
    """Make the login of an account; its name.

    Args:
        connection: of who may create roles, in a transaction.
        password: of the login, at least ``SHORTEST`` characters; the server is told its verifier alone.

    Raises:
        NotFoundError: no such account.
        UserError: one that is closed or a client's, or one that has a login.
    """
    person = _person(connection, username)
    if not person.admis:
        raise UserError("Un compte désactivé, ou celui d'un client, n'a pas d'identifiant PostgreSQL.")
    if person.login is not None and _present(connection, person.login):
        raise UserError("Ce compte a déjà un identifiant PostgreSQL ; « user login reset » le renouvelle.")
    login = person.login or str(connection.execute(sa.text(_NAME), {"user": person.id}).scalar_one())
    quote = connection.dialect.identifier_preparer.quote
    verifier = _verifier(connection, login, password)
    # Left by an account that was erased, or by a restored centre: nobody's, and made anew.
    if not _present(connection, login):
        connection.exec_driver_sql(f"CREATE ROLE {quote(login)} LOGIN")
    _alter(connection, login, verifier)
    connection.exec_driver_sql(f"GRANT erp_central TO {quote(login)}")
    connection.exec_driver_sql(f"GRANT CONNECT ON DATABASE {_base(connection)} TO {quote(login)}")
    connection.execute(
        sa.text("INSERT INTO sync.logins (login, user_id) VALUES (:l, :u) ON CONFLICT (login) DO NOTHING"),
        {"l": login, "u": person.id},
    )
    return login


def reset(connection: sa.Connection, username: str, password: str) -> Ended:
    """Another password; what was opened with the former one ends.

    Raises:
        NotFoundError: no such account.
        UserError: one without a login.
    """
    login = _login(connection, username)
    if not _present(connection, login):
        raise UserError("Son identifiant n'existe pas sur ce serveur : « user login add » le refait.")
    _alter(connection, login, _verifier(connection, login, password))
    return _end(connection, login)


def take(connection: sa.Connection, username: str) -> Ended:
    """Take the login away, with what is open; the account stays.

    Raises:
        NotFoundError: no such account.
        UserError: one without a login.
    """
    login = _login(connection, username)
    connection.execute(sa.text("DELETE FROM sync.logins WHERE login = :l"), {"l": login})
    if not _present(connection, login):
        return Ended(login, 0, 0)
    quoted = connection.dialect.identifier_preparer.quote(login)
    connection.exec_driver_sql(f"ALTER ROLE {quoted} NOLOGIN")
    ended = _end(connection, login)
    connection.exec_driver_sql(f"REVOKE CONNECT ON DATABASE {_base(connection)} FROM {quoted}")
    connection.exec_driver_sql(f"DROP ROLE {quoted}")
    return ended


def _person(connection: sa.Connection, username: str) -> Any:
    row = connection.execute(sa.text(_PERSON), {"username": username}).first()
    if row is None:
        raise NotFoundError(f"Aucun compte ne répond à « {username} ».")
    return row


def _login(connection: sa.Connection, username: str) -> str:
    """Of an account, or what an erased one left."""
    person = _person(connection, username)
    if person.login is not None:
        return str(person.login)
    login = str(connection.execute(sa.text(_NAME), {"user": person.id}).scalar_one())
    if not _present(connection, login):
        raise UserError("Ce compte n'a pas d'identifiant PostgreSQL.")
    return login


def _present(connection: sa.Connection, login: str) -> bool:
    return bool(connection.execute(sa.text("SELECT to_regrole(quote_ident(:l)) IS NOT NULL"), {"l": login}).scalar())


def _base(connection: sa.Connection) -> str:
    name = str(connection.exec_driver_sql("SELECT current_database()").scalar_one())
    return connection.dialect.identifier_preparer.quote(name)


def _verifier(connection: sa.Connection, login: str, password: str) -> str:
    """What the server keeps of a password: its log and its statistics see no other."""
    if len(password) < SHORTEST:
        raise UserError(f"Le mot de passe d'un identifiant PostgreSQL a {SHORTEST} caractères au moins.")
    line: Any = connection.connection.dbapi_connection
    return str(encrypt_password(password, login, scope=line, algorithm="scram-sha-256"))


def _alter(connection: sa.Connection, login: str, verifier: str) -> None:
    quoted = connection.dialect.identifier_preparer.quote(login)
    statement = sa.text(f"ALTER ROLE {quoted} LOGIN PASSWORD :p")
    connection.execute(statement.bindparams(sa.bindparam("p", verifier, literal_execute=True)))


def _end(connection: sa.Connection, login: str) -> Ended:
    """End what a login has open; another's sessions ask for pg_signal_backend."""
    open_now = "SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE usename = :l"
    ending = "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = :l"
    try:
        with connection.begin_nested():
            done = int(connection.execute(sa.text(ending), {"l": login}).scalar_one())
    except sa.exc.ProgrammingError:
        return Ended(login, 0, int(connection.execute(sa.text(open_now), {"l": login}).scalar_one()))
    return Ended(login, done, 0)
