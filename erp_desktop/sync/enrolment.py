"""Making a centre, its agencies and its devices.

A device is a PostgreSQL login of its own, member of ``erp_device``, tied to one agency in ``sync.devices``. Enrolment
creates the login, a new cache file beside its final name, the first copy, and only then puts the file in place; a
failure takes the login back and leaves no file.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from erp_desktop import clock
from erp_desktop.db import ids, migrate, secrets
from erp_desktop.db.engine import create_pg_engine, create_sqlite_engine, normalise_url
from erp_desktop.db.registry import TABLES
from erp_desktop.db.wire import read_expression
from erp_desktop.errors import CentralUnreachableError, DuplicateError, ErpError, NotAllowedError, UserError
from erp_desktop.sync.cache import Cache, dumps
from erp_desktop.sync.hydrate import Progress
from erp_desktop.sync.link import Link
from erp_desktop.sync.outbox import wire
from erp_desktop.sync.snapshot import first_copy


@dataclass(frozen=True, slots=True)
class Enrolled:
    poste: int
    login: str
    agence_id: int
    agence_code: str
    cache: Path
    rows: int


def init_centre(engine: sa.Engine, source: Path | None = None, key: str | None = None) -> str:
    """Create or complete the central schema; returns the revision. ``source`` is a stand-alone cache to promote."""
    with engine.connect() as connection:
        migrate.upgrade(connection)
        connection.commit()
    with engine.begin() as connection:
        revision = str(connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one())
        if source is not None:
            _promote(connection, source, key)
    return revision


def _promote(connection: sa.Connection, source: Path, key: str | None) -> None:
    if connection.execute(sa.text("SELECT EXISTS (SELECT 1 FROM agences)")).scalar_one():
        raise UserError("Le centre contient déjà des données : une base autonome ne peut y être promue.")
    with Cache(source, key) as cache:
        for table in TABLES:
            names = ", ".join(table.names)
            values = ", ".join(read_expression(c.kind, f"r->>{i}") for i, c in enumerate(table.columns))
            statement = (
                f"INSERT INTO {table.name} ({names}) SELECT {values} FROM jsonb_array_elements(CAST(:p AS jsonb)) r"
            )
            cursor = cache.db.execute(f"SELECT {names} FROM {table.name} ORDER BY id")
            while rows := cursor.fetchmany(5_000):
                connection.execute(sa.text(statement), {"p": dumps([[wire(v) for v in row] for row in rows])})


def add_agence(engine: sa.Engine, code: str, nom: str, ville: str | None = None) -> int:
    """Add an agency; returns its id.

    Raises:
        DuplicateError: the code is taken.
        UserError: the code is not 3 to 5 letters.
    """
    code = code.strip().upper()
    if not (3 <= len(code) <= 5 and code.isascii() and code.isalpha()):
        raise UserError("Le code d'une agence a de 3 à 5 lettres, par exemple CAS.")
    with engine.begin() as connection:
        if connection.execute(sa.text("SELECT 1 FROM agences WHERE code = :c"), {"c": code}).first():
            raise DuplicateError(f"L'agence {code} existe déjà.")
        identifier = ids.allocate(connection, 1)[0]
        connection.execute(
            sa.text(
                "INSERT INTO agences (id, code, nom, ville, created_at, updated_at) VALUES (:i, :c, :n, :v, :a, :a)"
            ),
            {"i": identifier, "c": code, "n": nom, "v": ville, "a": clock.now()},
        )
    return identifier


def enroll(
    url: str,
    agence: str,
    name: str,
    path: Path,
    *,
    secrets_file: Path | None = None,
    encrypted: bool = True,
    progress: Progress | None = None,
) -> Enrolled:
    """Enrol this machine as a device of an agency, with an administrator's URL.

    Raises:
        UserError: unknown agency, or a file already at ``path``.
        NotAllowedError: the login is refused, or may not enrol devices.
        CentralUnreachableError: nobody answers there.
        DatabaseRefusedError: the address cannot be read.
    """
    if path.exists():
        raise UserError(f"Le fichier {path} existe déjà ; une base locale n'est jamais écrasée.")
    path.parent.mkdir(parents=True, exist_ok=True)
    key = secrets.new_key() if encrypted else None
    password = secrets.new_password()
    engine = create_pg_engine(url)
    try:
        with in_french():
            poste, login, agence_id, code = register(engine, agence, name, password)
        device_url = normalise_url(url).set(username=login, password=password)
        with _undone_on_failure(lambda: unregister(engine, poste, login), path, secrets_file):
            _store(path, key, password, secrets_file, encrypted)
            rows = _first_copy(path, key, poste, code, name, device_url, progress)
    finally:
        engine.dispose()
    return Enrolled(poste, login, agence_id, code, path, rows)


@contextmanager
def in_french() -> Iterator[None]:
    """What the server refuses, in one French sentence."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        raise _french_error(error) from error


def _french_error(error: sa.exc.DBAPIError) -> ErpError:
    text, state = str(error.orig).strip(), getattr(error.orig, "pgcode", None)
    if state == "42501":
        return NotAllowedError(
            "Cet identifiant n'a pas le droit d'inscrire un poste ; prenez celui d'un administrateur."
        )
    if state in {"42P01", "3F000", "42883"}:
        return UserError("Cette base n'est pas un centre ERP MIF ; vérifiez son nom dans l'adresse.")
    if (
        "authentication failed" in text
        or "no password supplied" in text
        or ("does not exist" in text and "role" in text)
    ):
        return NotAllowedError("Le serveur central a refusé l'identifiant ou le mot de passe.")
    if "does not exist" in text and "database" in text:
        return UserError("La base demandée n'existe pas sur ce serveur.")
    return CentralUnreachableError("Le serveur central ne répond pas à cette adresse.")


def register(engine: sa.Engine, agence: str, name: str, password: str) -> tuple[int, str, int, str]:
    """Make the login of a new device of an agency; its number, login, agency's id and code."""
    with engine.begin() as connection:
        row = connection.execute(
            sa.text("SELECT id, code FROM agences WHERE code = :c AND is_active"), {"c": agence.strip().upper()}
        ).one_or_none()
        if row is None:
            known = connection.execute(sa.text("SELECT string_agg(code, ', ' ORDER BY code) FROM agences")).scalar()
            raise UserError(f"Agence inconnue : {agence}. Agences du centre : {known or 'aucune'}.")
        connection.execute(sa.text("LOCK TABLE sync.devices IN SHARE ROW EXCLUSIVE MODE"))
        poste = int(connection.execute(sa.text("SELECT coalesce(max(poste), 0) + 1 FROM sync.devices")).scalar_one())
        base = str(connection.execute(sa.text("SELECT current_database()")).scalar_one())
        # Logins belong to the server: the database's oid keeps them apart even from a dropped namesake's.
        oid = connection.execute(sa.text("SELECT oid FROM pg_database WHERE datname = current_database()")).scalar()
        login = f"erp_{base[:36]}_{oid}_p{poste}"
        connection.execute(
            sa.text("INSERT INTO sync.devices (poste, login, nom, agence_id) VALUES (:p, :l, :n, :a)"),
            {"p": poste, "l": login, "n": name, "a": row.id},
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
    return poste, login, int(row.id), str(row.code)


def unregister(engine: sa.Engine, poste: int, login: str) -> None:
    """Take back a device that never sent anything."""
    with engine.begin() as connection:
        quoted = connection.dialect.identifier_preparer.quote(login)
        connection.execute(sa.text("DELETE FROM sync.devices WHERE poste = :p"), {"p": poste})
        connection.exec_driver_sql(f"DROP OWNED BY {quoted}")
        connection.exec_driver_sql(f"DROP ROLE {quoted}")


@contextmanager
def _undone_on_failure(undo: Callable[[], None], path: Path, secrets_file: Path | None) -> Iterator[None]:
    try:
        yield
    except BaseException:
        for leftover in _working_files(path):
            leftover.unlink(missing_ok=True)
        if secrets_file is None:
            secrets.beside(path).unlink(missing_ok=True)
        with contextlib.suppress(sa.exc.SQLAlchemyError):
            undo()
        raise


def _working_files(path: Path) -> list[Path]:
    work = path.with_name(path.name + ".inscription")
    return [work, *(work.with_name(work.name + suffix) for suffix in ("-wal", "-shm", "-journal"))]


def _store(path: Path, key: str | None, password: str, file: Path | None, encrypted: bool) -> None:
    values = {"password": password} | ({"key": key} if key else {})
    try:
        secrets.store(path, values, file)
    except UserError:
        if encrypted:
            raise
        secrets.store(path, values, secrets.beside(path))


def _first_copy(
    path: Path, key: str | None, poste: int, code: str, name: str, url: sa.URL, progress: Progress | None
) -> int:
    work = _working_files(path)[0]
    for leftover in _working_files(path):
        leftover.unlink(missing_ok=True)
    create_cache(work, key, poste)
    link = Link(url.render_as_string(hide_password=False))
    try:
        with Cache(work, key) as cache:
            with cache.writing():
                cache.put(
                    url=url.set(password=None).render_as_string(), login=url.username, poste=poste, agence_code=code,
                    nom=name, dernier_lot=0, mode="agence",
                )  # fmt: skip
            rows = first_copy(cache, link, progress)
            # One file, no WAL beside it, before it takes its name.
            cache.db.execute("PRAGMA journal_mode = DELETE")
    finally:
        link.close()
    descriptor = os.open(work, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    work.replace(path)
    return rows


def create_cache(path: Path, key: str | None, poste: int) -> None:
    """A new cache at the head revision whose identifiers carry ``poste``."""
    engine = create_sqlite_engine(path, key)
    try:
        with engine.connect() as connection:
            migrate.upgrade(connection)
            connection.commit()
        with engine.begin() as connection:
            connection.execute(sa.text("UPDATE _allocateur SET poste = :p"), {"p": poste})
    finally:
        engine.dispose()


def device_link(cache: Cache, secrets_file: Path | None = None, **options: Any) -> Link:
    """The line of an enrolled cache, with its own login.

    Raises:
        UserError: the cache was never enrolled, or its password is not in the store.
    """
    url = normalise_url(cache.require("url"))
    stored = secrets.load(cache.path, secrets_file)
    mine = stored.get("login", url.username) == url.username
    password = stored.get("password" if mine else "former_password")
    if not password:
        raise UserError("Le mot de passe de ce poste n'est ni dans le trousseau ni dans le fichier de secrets.")
    return Link(url.set(password=password).render_as_string(hide_password=False), **options)


def revoke(engine: sa.Engine, poste: int, *, stolen: bool) -> None:
    """Refuse a device from now on; its rows at the centre stay."""
    with engine.begin() as connection:
        changed = connection.execute(
            sa.text("UPDATE sync.devices SET etat = :e WHERE poste = :p RETURNING poste"),
            {"e": "vole" if stolen else "retire", "p": poste},
        ).first()
    if changed is None:
        raise UserError(f"Aucun poste n° {poste} n'est inscrit.")


def devices(engine: sa.Engine) -> list[dict[str, Any]]:
    """Every enrolled device with what it last reported; instants are ISO text in UTC."""
    with engine.connect() as connection:
        rows = connection.execute(
            sa.text(
                "SELECT d.poste, d.nom, a.code AS agence, d.etat, d.login, d.version, d.revision, d.en_attente, "
                "d.dernier_lot, d.inscrit_a, d.vu_a FROM sync.devices d JOIN agences a ON a.id = d.agence_id "
                "ORDER BY d.poste"
            )
        )
        return [dict(r) for r in rows.mappings()]


def centre_status(engine: sa.Engine) -> dict[str, Any]:
    """Revision, agencies, devices, waiting conflicts and the age of the oldest transaction that holds the cursor."""
    with engine.connect() as connection:
        row = connection.execute(
            sa.text(
                "SELECT (SELECT version_num FROM alembic_version) AS revision, sync.epoque() AS epoque, "
                "(SELECT count(*) FROM agences) AS agences, (SELECT count(*) FROM sync.devices) AS postes, "
                "(SELECT count(*) FROM sync.row_state) AS etats, "
                "(SELECT count(*) FROM sync.conflits WHERE resolu IS NULL AND a_decider) AS conflits, "
                "(SELECT count(*) FROM sync.gares) AS gares, (SELECT coalesce(max(extract(epoch FROM now() - "
                "xact_start)), 0)::float FROM pg_stat_activity WHERE backend_xid IS NOT NULL "
                "AND pid <> pg_backend_pid()) AS retard_curseur_s"
            )
        )
        return dict(row.mappings().one())
