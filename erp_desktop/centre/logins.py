"""Logins of a centre beside its backup: they belong to the server, and an archive of one database has none of them.

A file beside the archive names the login of each device and person, with its password's verifier where the account
that made the backup may read it (a superuser). A verifier lets nobody in by itself, but a weak password can be
guessed from it: the file is as secret as the archive.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from erp_desktop.db.engine import private
from erp_desktop.errors import UserError
from erp_desktop.registry.search_path import PATH

_LOGINS = """
SELECT login, 'erp_device' AS groupe FROM sync.devices WHERE poste > 0
UNION ALL SELECT login, 'erp_central' FROM sync.logins ORDER BY 1
"""
_VERIFIERS = "SELECT rolname::text, rolpassword FROM pg_catalog.pg_authid WHERE rolname = ANY(%(names)s)"


@dataclass(frozen=True, slots=True)
class Logins:
    """What became of the logins of a restored centre.

    Attributes:
        crees: that this server did not have.
        sans_mot_de_passe: of those, with no password: their devices enrol anew.
    """

    tous: tuple[str, ...]
    crees: tuple[str, ...]
    sans_mot_de_passe: tuple[str, ...]


def beside(archive: Path) -> Path:
    return archive.with_suffix(".identifiants.json")


def write(connection: sa.Connection, archive: Path) -> Path | None:
    """Note the logins beside an archive that was just made; None when there is no exchange to log in for."""
    connection.exec_driver_sql(f"SET LOCAL search_path = {PATH}")
    if connection.exec_driver_sql("SELECT to_regclass('sync.logins')").scalar() is None:
        return None
    groups = {str(row[0]): str(row[1]) for row in connection.exec_driver_sql(_LOGINS)}
    verifiers: dict[str, str | None] = {}
    if connection.exec_driver_sql("SELECT has_table_privilege('pg_catalog.pg_authid', 'SELECT')").scalar():
        verifiers = {r[0]: r[1] for r in connection.exec_driver_sql(_VERIFIERS, {"names": list(groups)})}
    target = beside(archive)
    target.unlink(missing_ok=True)
    private(target)
    rows = [
        {"login": login, "groupe": group, "verificateur": verifiers.get(login)} for login, group in groups.items()
    ]
    target.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    return target


def _verifiers(archive: Path) -> dict[str, str]:
    source = beside(archive)
    if not source.is_file():
        return {}
    try:
        rows = json.loads(source.read_text(encoding="utf-8"))
        return {str(r["login"]): str(r["verificateur"]) for r in rows if r["verificateur"]}
    except (ValueError, TypeError, KeyError) as error:
        raise UserError(f"Le fichier {source.name} n'est pas celui d'une sauvegarde du centre.") from error


def put_back(connection: sa.Connection, archive: Path) -> Logins:
    """Give every login of the restored database what it needs on this server: a role, its group, its limits.

    Args:
        connection: of the owner, who may create roles; inside a transaction.
        archive: the restored one.
    """
    quote = connection.dialect.identifier_preparer.quote
    base = quote(str(connection.exec_driver_sql("SELECT current_database()").scalar_one()))
    known = _verifiers(archive)
    made, mute, everyone = [], [], []
    for login, group in connection.exec_driver_sql(_LOGINS).fetchall():
        everyone.append(login)
        there = connection.execute(sa.text("SELECT to_regrole(quote_ident(:l)) IS NOT NULL"), {"l": login}).scalar()
        if not there:
            verifier = known.get(login)
            statement = sa.text(f"CREATE ROLE {quote(login)} LOGIN" + (" PASSWORD :p" if verifier else ""))
            if verifier:
                statement = statement.bindparams(sa.bindparam("p", verifier, literal_execute=True))
            connection.execute(statement)
            made.append(login)
            mute += [] if verifier else [login]
        if group == "erp_central":
            connection.exec_driver_sql(f"GRANT erp_central TO {quote(login)}")
        connection.exec_driver_sql(f"GRANT CONNECT ON DATABASE {base} TO {quote(login)}")
    connection.exec_driver_sql("SELECT sync.borner(login, etat) FROM sync.devices WHERE poste > 0")
    return Logins(tuple(everyone), tuple(made), tuple(mute))
