"""Logins of devices at the centre: made and taken back with an administrator's connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from erp_desktop.db.pg_line import LineRefusedError
from erp_desktop.db.session import certain
from erp_desktop.errors import CentralUnreachableError, ErpError, NotAllowedError, UserError
from erp_desktop.upgrade.central import checklist


@contextmanager
def in_french() -> Iterator[None]:
    """What the server refuses, in one French sentence."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        raise _french_error(error) from error


def _french_error(error: sa.exc.DBAPIError) -> ErpError:
    if isinstance(error.orig, LineRefusedError):
        return error.orig.told()
    state = getattr(error.orig, "pgcode", None)
    if state == "42501":
        return NotAllowedError(
            "Cet identifiant n'a pas le droit d'inscrire un poste ; prenez celui d'un administrateur."
        )
    if state in {"42P01", "3F000", "42883"}:
        return UserError("Cette base n'est pas un centre ERP MIF ; vérifiez son nom dans l'adresse.")
    if state and state[:2] not in {"08", "53", "57"}:
        return UserError(f"Le centre a refusé : {str(error.orig).splitlines()[0]}")
    return CentralUnreachableError("Le serveur central ne répond pas à cette adresse.")


NAME_MAX = 60


def register(
    engine: sa.Engine, agence: str, name: str, password: str, before: Callable[[str], None] | None = None,
    *, until: datetime | None = None, former: int | None = None, by: int | None = None,
) -> tuple[int, str, int, str]:  # fmt: skip
    """Make the login of a new device of an agency; its number, login, agency's id and code.

    Args:
        engine: of an administrator.
        agence: code.
        name: of the device; :data:`NAME_MAX` characters at most.
        password: of the login.
        before: called with the login before it exists for others.
        until: the device is only awaited, until then, by whoever has ``password``; None: it is there.
        former: the number under which its file was enrolled before; what waits in it has that device's numbers.
        by: account of whoever enrols it; None: known by the login of ``engine``.
    """
    name = name.strip()
    if not name or len(name) > NAME_MAX:
        raise UserError(f"Le nom d'un poste compte de 1 à {NAME_MAX} caractères.")
    with certain(engine) as connection:
        checklist.require_whole(connection)
        row = connection.execute(
            sa.text("SELECT id, code FROM agences WHERE code = :c AND is_active"), {"c": agence.strip().upper()}
        ).one_or_none()
        if row is None:
            codes = "SELECT string_agg(code, ', ' ORDER BY code) FROM agences WHERE is_active"
            known = connection.execute(sa.text(codes)).scalar()
            raise UserError(f"Agence inconnue : {agence}. Agences du centre : {known or 'aucune'}.")
        connection.execute(sa.text("LOCK TABLE sync.devices IN SHARE ROW EXCLUSIVE MODE"))
        poste = int(connection.execute(sa.text("SELECT coalesce(max(poste), 0) + 1 FROM sync.devices")).scalar_one())
        base = str(connection.execute(sa.text("SELECT current_database()")).scalar_one())
        # Logins belong to the server: the database's oid keeps them apart even from a dropped namesake's.
        oid = connection.execute(sa.text("SELECT oid FROM pg_database WHERE datname = current_database()")).scalar()
        login = f"erp_{base[:36]}_{oid}_p{poste}"
        connection.execute(
            sa.text(
                "INSERT INTO sync.devices (poste, login, nom, agence_id, etat, expire_a, succede, details) "
                "VALUES (:p, :l, :n, :a, :e, :u, :f, pg_catalog.jsonb_build_object(CAST('inscrit_par' AS text), "
                "coalesce(pg_catalog.to_jsonb(coalesce(CAST(:b AS bigint), (SELECT user_id FROM sync.logins "
                "WHERE login = session_user))), pg_catalog.to_jsonb(CAST(session_user AS text)))))"
            ),
            {
                "p": poste,
                "l": login,
                "n": name,
                "a": row.id,
                "e": "attendu" if until else "actif",
                "u": until,
                "f": former if former != poste else None,
                "b": by,
            },
        )
        quoted = connection.dialect.identifier_preparer.quote(login)
        connection.execute(
            sa.text(f"CREATE ROLE {quoted} LOGIN PASSWORD :p IN ROLE erp_device").bindparams(
                sa.bindparam("p", password, literal_execute=True)
            )
        )
        connection.exec_driver_sql(
            f"GRANT CONNECT ON DATABASE {connection.dialect.identifier_preparer.quote(base)} TO {quoted}"
        )
        connection.execute(sa.text("SELECT sync.borner(:l, 'actif')"), {"l": login})
        if before is not None:
            before(login)
    return poste, login, int(row.id), str(row.code)


def unregister(engine: sa.Engine, poste: int, login: str) -> None:
    """Take back a device that never sent anything.

    What it was granted is named: ``DROP OWNED`` asks for its rights, which an owner who is no superuser has not.
    """
    with certain(engine) as connection:
        _drop(connection, poste, login)


def _drop(connection: sa.Connection, poste: int, login: str) -> None:
    quote = connection.dialect.identifier_preparer.quote
    base = str(connection.execute(sa.text("SELECT current_database()")).scalar_one())
    connection.execute(sa.text("DELETE FROM sync.devices WHERE poste = :p"), {"p": poste})
    connection.exec_driver_sql(f"REVOKE CONNECT ON DATABASE {quote(base)} FROM {quote(login)}")
    connection.exec_driver_sql(f"DROP ROLE {quote(login)}")


def withdraw(engine: sa.Engine, poste: int) -> bool:
    """Take back a code that nobody used yet; False when its device came, or there is none."""
    with certain(engine) as connection:
        # Whoever comes at this moment waits, and finds that the code served.
        login = connection.execute(
            sa.text("SELECT login FROM sync.devices WHERE poste = :p AND etat = 'attendu' FOR UPDATE"), {"p": poste}
        ).scalar()
        if login is None:
            return False
        _drop(connection, poste, str(login))
    return True


def _as_member(connection: sa.Connection, login: str, statement: str) -> list[str]:
    """What is someone else's is dropped by a member of theirs: who made a login may become one, for that long."""
    quote = connection.dialect.identifier_preparer.quote
    member, newer = connection.execute(
        sa.text("SELECT pg_has_role(:l, 'USAGE'), current_setting('server_version_num')::int >= 160000"),
        {"l": login},
    ).one()
    if member:
        return [statement]
    how = " WITH INHERIT TRUE" if newer else ""
    return [f"GRANT {quote(login)} TO CURRENT_USER{how}", statement, f"REVOKE {quote(login)} FROM CURRENT_USER"]


@dataclass(frozen=True, slots=True)
class Revocation:
    """What became of the login of a revoked device.

    Attributes:
        sessions: ended.
        reste: what this administrator's account could not take away, one French line each.
    """

    sessions: int
    reste: tuple[str, ...]


def revoke(engine: sa.Engine, poste: int, *, stolen: bool) -> Revocation:
    """Refuse a device from now on; its rows at the centre stay.

    Its sessions end, and with them what they hold; what it made in the database goes. Its login can still open two
    lines, to learn that it is revoked. Asked for again, whatever is left of it is done.

    Raises:
        UserError: no such device.
        CentralUnreachableError: the line was cut on the way.
    """
    state = "vole" if stolen else "retire"
    with certain(engine) as connection:
        login = connection.execute(
            sa.text("UPDATE sync.devices SET etat = :e WHERE poste = :p RETURNING login"), {"e": state, "p": poste}
        ).scalar()
        if login is None:
            raise UserError(f"Aucun poste n° {poste} n'est inscrit.")
    try:
        return _shut_out(engine, str(login), state)
    except sa.exc.DBAPIError as error:
        if not error.connection_invalidated:
            raise
        raise CentralUnreachableError(
            "La ligne a été coupée : ce poste est déjà refusé, et peut avoir une session ouverte. Recommencez quand "
            "la ligne reviendra."
        ) from error


def _shut_out(engine: sa.Engine, login: str, state: str) -> Revocation:
    """Take its rights, what it made and its sessions away from a login."""
    left: list[str] = []
    with engine.begin() as connection:
        if connection.execute(sa.text("SELECT to_regrole(quote_ident(:l))"), {"l": login}).scalar() is None:
            return Revocation(0, ("son identifiant n'existe pas sur ce serveur",))
        quote = connection.dialect.identifier_preparer.quote
        base = quote(str(connection.execute(sa.text("SELECT current_database()")).scalar_one()))
        for statements, told in (
            ([f"SELECT sync.borner('{login.replace(chr(39), chr(39) * 2)}', '{state}')"],
             "ses droits et ses limites sont restés ceux d'un poste actif"),
            ([*_as_member(connection, login, f"DROP OWNED BY {quote(login)}"),
              f"GRANT CONNECT ON DATABASE {base} TO {quote(login)}"], "ce qu'il a créé dans la base y est encore"),
        ):  # fmt: skip
            try:
                with connection.begin_nested():
                    for statement in statements:
                        connection.exec_driver_sql(statement)
            except sa.exc.DBAPIError as error:
                if error.connection_invalidated:
                    raise
                left.append(f"{told} ({str(error.orig).splitlines()[0]})")
    with engine.connect() as connection:
        try:
            ended = connection.execute(
                sa.text(
                    "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity "
                    "WHERE usename = :l"
                ),
                {"l": login},
            ).scalar_one()
        except sa.exc.ProgrammingError:
            return Revocation(0, (*left, "ses sessions sont restées ouvertes (GRANT pg_signal_backend TO ce compte)"))
    return Revocation(int(ended), tuple(left))
