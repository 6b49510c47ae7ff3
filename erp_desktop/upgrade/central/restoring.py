"""A backup of the centre back in service, on its server or a new one: whole, or not at all.

``pg_restore`` alone leaves what lies outside one database (logins, their limits, the right to connect) and, without
owners or rights, the fence around the agencies: such a centre serves nobody. Here the archive goes into a database of
its own, the fence is put up again, every login gets back what it had, the whole is compared with what this program
expects, and only then does it take the place of the former database, which is kept.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from erp_desktop import clock
from erp_desktop.centre import isolation
from erp_desktop.centre import logins as central_logins
from erp_desktop.db.engine import create_pg_engine, normalise_url, without_password
from erp_desktop.errors import DatabaseRefusedError, NotAllowedError, UnavailableError, UpgradeError, UserError
from erp_desktop.upgrade.central import archiving, checklist

# Numbers of transactions count anew on another server: what the archive holds would lie ahead of every cursor for
# years. Published copies are of the former identity, which no device takes.
_RENUMBER = """
UPDATE sync.row_state SET xid = pg_current_xact_id() WHERE xid > pg_current_xact_id();
UPDATE sync.purges SET xid = pg_current_xact_id() WHERE xid > pg_current_xact_id();
UPDATE sync.devices SET curseur_xid = NULL, curseur_seq = NULL WHERE curseur_xid > pg_current_xact_id();
DELETE FROM sync.instantanes;
"""
_OCCUPIED = """
SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
"""


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restoration did.

    Attributes:
        base: the database that serves now.
        remplacee: where the former one is, closed; None when there was none.
        identifiants: of devices and people, all of them.
        crees: of those, the ones that this server did not have.
        sans_mot_de_passe: of those, the ones whose password is not known here: their devices enrol anew.
    """

    base: str
    revision: str
    remplacee: str | None
    identifiants: tuple[str, ...]
    crees: tuple[str, ...]
    sans_mot_de_passe: tuple[str, ...]


def restore(
    url: str, archive: Path, *, replace: bool = False, progress: Callable[[str], object] | None = None
) -> Restored:
    """Put a backup of the centre back in service.

    Args:
        url: where it shall serve, as its future owner: one who may create databases, unless an empty one is there.
        archive: made by :func:`archiving.dump`; the file of logins beside it is used when it is there.
        replace: the database of ``url`` exists and is to be kept aside, closed, under another name.
        progress: told each step in French.

    Raises:
        UserError: no such archive, or the database is not empty.
        DatabaseRefusedError: the archive is damaged, or holds no centre.
        UpgradeError: it is of a newer program, or did not come out whole. Nothing was changed in any of these cases.
        NotAllowedError: this account may not do it.
        UnavailableError: no ``pg_restore`` here that fits.
    """
    tell = progress or (lambda _texte: None)
    tell("Relecture de la sauvegarde")
    programs = _programs(archive)
    target = normalise_url(url)
    base = str(target.database)
    stamp = f"{clock.now():%Y%m%d_%H%M%S}"
    with _server(target) as server:
        there = (
            server.execute(sa.text("SELECT 1 FROM pg_database WHERE datname = :b"), {"b": base}).first() is not None
        )
        aside = there and replace
        if there and not replace:
            _refuse_occupied(target)
        work = f"{base[:40]}_remise_{stamp}" if aside else base
        made = aside or not there
        if made:
            _create(server, work)
        try:
            done = _fill(target.set(database=work), archive, programs, tell)
            kept = _swap(server, base, work, f"{base[:40]}_avant_{stamp}") if aside else None
        except BaseException:
            if made:
                server.exec_driver_sql(f"DROP DATABASE IF EXISTS {_quote(server, work)} WITH (FORCE)")
            raise
    revision, logins = done
    return Restored(base, revision, kept, logins.tous, logins.crees, logins.sans_mot_de_passe)


def _quote(connection: sa.Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote(name)


@contextmanager
def _server(target: sa.URL) -> Iterator[sa.Connection]:
    engine = create_pg_engine(target.set(database="postgres").render_as_string(hide_password=False))
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            yield connection
    finally:
        engine.dispose()


def _create(server: sa.Connection, name: str) -> None:
    old, mighty = server.exec_driver_sql(
        "SELECT current_setting('server_version_num')::int < 150000, "
        "(SELECT rolsuper FROM pg_roles WHERE rolname = current_user)"
    ).one()
    if old and not mighty:
        # There schema public is the superuser's, whoever owns the database, and everybody may create in it.
        raise NotAllowedError(
            "Sur PostgreSQL 14, un superutilisateur fait d'abord une base vide et la ferme (SQL du guide) ; la "
            "sauvegarde y est remise sans --replace."
        )
    try:
        server.exec_driver_sql(f"CREATE DATABASE {_quote(server, name)} TEMPLATE template0 ENCODING 'UTF8'")
    except sa.exc.ProgrammingError as error:
        raise NotAllowedError(
            f"Ce compte ne peut pas créer la base {name} : {str(error.orig).splitlines()[0]}. Un superutilisateur la "
            "crée (createdb -O le compte -T template0 -E UTF8), ou donne CREATEDB au compte."
        ) from error
    server.exec_driver_sql(f"REVOKE ALL ON DATABASE {_quote(server, name)} FROM PUBLIC")


def _refuse_occupied(target: sa.URL) -> None:
    engine = create_pg_engine(target.render_as_string(hide_password=False))
    try:
        with engine.connect() as connection:
            if connection.exec_driver_sql(_OCCUPIED).scalar_one():
                raise UserError(
                    f"La base {target.database} n'est pas vide : --replace la garde de côté sous un autre nom, ou "
                    "indiquez une autre base."
                )
    finally:
        engine.dispose()


def _programs(archive: Path) -> list[Path]:
    """The ``pg_restore`` of this machine that can read the archive."""
    if not archive.is_file():
        raise UserError(f"La sauvegarde {archive} n'existe pas.")
    note = archive.with_suffix(".sha256")
    if note.is_file() and _digest(archive) not in note.read_text(encoding="utf-8", errors="replace").split()[:1]:
        raise DatabaseRefusedError(
            f"La sauvegarde {archive.name} n'est plus celle qui a été faite : son empreinte diffère."
        )
    found = archiving.client_programs("pg_restore")
    if not found:
        raise UnavailableError("pg_restore est introuvable sur ce poste.")
    able, told = [], ""
    for program in found:
        listing = subprocess.run([str(program), "--list", str(archive)], capture_output=True, check=False)  # noqa: S603
        if listing.returncode == 0 and b"TABLE public alembic_version" in listing.stdout:
            able.append(program)
        told = _why(listing.stderr.decode(errors="replace").strip())
    if not able:
        raise DatabaseRefusedError(
            f"La sauvegarde {archive.name} ne peut pas être lue comme celle d'un centre : {told}."
        )
    return able


def _why(said: str) -> str:
    """Why an archive is none, where the program that looked at it says so in its own language."""
    if not said:
        return "aucun centre"
    none = any(words in said for words in ("does not appear to be", "too short", "did not find magic string"))
    return "ce n'est pas une archive de pg_dump, ou elle est coupée" if none else said.splitlines()[-1]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fill(
    target: sa.URL, archive: Path, programs: list[Path], tell: Callable[[str], object]
) -> tuple[str, central_logins.Logins]:
    engine = create_pg_engine(target.render_as_string(hide_password=False))
    try:
        with engine.begin() as connection:
            # Policies name the groups.
            for statement in isolation.fence():
                connection.exec_driver_sql(statement.replace("%", "%%"))
        tell("Remise des données")
        _pg_restore(target, archive, programs)
        with engine.begin() as connection:
            connection.exec_driver_sql(_RENUMBER)
        tell("Droits, fonctions et identifiants")
        checklist.upgrade_central(engine, lambda _state: True, tell)
        with engine.begin() as connection:
            logins = central_logins.put_back(connection, archive)
        tell("Vérification")
        state = checklist.check_central(engine)
        if state.etat != "egal":
            raise UpgradeError(" ".join([f"La sauvegarde n'a pas donné un centre entier : {state.message}",
                                         *state.differences[:5]]))  # fmt: skip
        return str(state.revision), logins
    except sa.exc.ProgrammingError as error:
        if getattr(error.orig, "pgcode", None) == "42501":
            raise NotAllowedError(
                f"Ce compte ne peut pas remettre le centre : {str(error.orig).splitlines()[0]}."
            ) from error
        raise
    finally:
        engine.dispose()


def _pg_restore(target: sa.URL, archive: Path, programs: list[Path]) -> None:
    """Without owners and rights: they name roles of the former server, and are this program's to give."""
    plain = target.set(drivername="postgresql")
    environment = dict(os.environ)
    if plain.password:
        environment["PGPASSWORD"] = str(plain.password)
    address = without_password(plain).render_as_string(hide_password=False)
    told = ""
    for program in programs:
        command = [str(program), "--single-transaction", "--no-owner", "--no-privileges", "-d", address, str(archive)]
        done = subprocess.run(command, env=environment, capture_output=True, check=False)  # noqa: S603
        if done.returncode == 0:
            return
        told = done.stderr.decode(errors="replace").strip().splitlines()[0]
    raise UnavailableError(f"Restauration du centre impossible : {told}")


def _swap(server: sa.Connection, base: str, work: str, aside: str) -> str:
    """Give the restored database the name that devices ask for; the former one is closed and keeps everything."""
    server.exec_driver_sql(f"ALTER DATABASE {_quote(server, base)} ALLOW_CONNECTIONS false")
    try:
        server.execute(
            sa.text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :b"), {"b": base}
        )
        server.exec_driver_sql(f"ALTER DATABASE {_quote(server, base)} RENAME TO {_quote(server, aside)}")
    except sa.exc.DBAPIError:
        server.exec_driver_sql(f"ALTER DATABASE {_quote(server, base)} ALLOW_CONNECTIONS true")
        raise
    server.exec_driver_sql(f"ALTER DATABASE {_quote(server, work)} RENAME TO {_quote(server, base)}")
    return aside
