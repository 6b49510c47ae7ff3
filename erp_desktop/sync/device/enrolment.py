"""Making a centre, its agencies and its devices.

A device is a PostgreSQL login of its own, member of ``erp_device``, tied to one agency in ``sync.devices``. Enrolment
creates the login, a new cache file beside its final name, the first copy, and only then puts the file in place. A
refusal takes the login back and leaves no file; after a dead line or a killed program the next enrolment at the same
place goes on with the same device, behind the last row that arrived.
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

from erp_desktop import clock, paths
from erp_desktop.db import ids, secrets
from erp_desktop.db.engine import create_pg_engine, normalise_url, without_password
from erp_desktop.db.locks import CacheLock
from erp_desktop.domain.administration.saisie import AgenceInput
from erp_desktop.errors import CentralUnreachableError, DuplicateError, UserError
from erp_desktop.registry import revisions
from erp_desktop.registry.tables import TABLES
from erp_desktop.registry.wire_form import read_expression
from erp_desktop.sync.device import interrupted
from erp_desktop.sync.device.interrupted import Device, working_files
from erp_desktop.sync.device.registration import in_french, register, unregister
from erp_desktop.sync.exchange.cache import Cache, dumps
from erp_desktop.sync.exchange.content import wire
from erp_desktop.sync.exchange.link import Link
from erp_desktop.sync.first_copy import empty_cache
from erp_desktop.sync.first_copy.by_rows import Progress
from erp_desktop.sync.first_copy.published import first_copy
from erp_desktop.upgrade.central import checklist
from erp_desktop.upgrade.start.startup import read_revision


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
    if source is not None:
        if not source.is_file():
            raise UserError(f"Le fichier {source} n'existe pas.")
        # Before the centre is made, and before anything is opened for writing.
        if read_revision(source, key) != revisions.head():
            raise UserError(f"La base {source.name} n'est pas à la révision de ce programme : erp-admin db upgrade.")
    revision = checklist.upgrade_central(engine, lambda _state: True).apres
    with engine.begin() as connection:
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
        ValidationError: the code is not 3 to 5 letters, or there is no name.
    """
    typed = AgenceInput(code=code, nom=nom, ville=ville)
    code = typed.code
    with engine.begin() as connection:
        checklist.require_whole(connection)
        if connection.execute(sa.text("SELECT 1 FROM agences WHERE code = :c"), {"c": code}).first():
            raise DuplicateError(f"L'agence {code} existe déjà.")
        identifier = ids.allocate(connection, 1)[0]
        connection.execute(
            sa.text(
                "INSERT INTO agences (id, code, nom, ville, created_at, updated_at) VALUES (:i, :c, :n, :v, :a, :a)"
            ),
            {"i": identifier, "c": code, "n": typed.nom, "v": typed.ville, "a": clock.now()},
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

    What an enrolment that was killed or lost its line left at ``path`` is gone on with when it is of this agency and
    this centre, and thrown away otherwise.

    Raises:
        UserError: unknown agency, or a file already at ``path``.
        NotAllowedError: the login is refused, or may not enrol devices.
        CentralUnreachableError: nobody answers there, or no more; what arrived stays for the next attempt.
        DatabaseBusyError: another program is enrolling at this place.
        DatabaseRefusedError: the address cannot be read.
    """
    if path.exists():
        raise UserError(f"Le fichier {path} existe déjà ; une base locale n'est jamais écrasée.")
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_pg_engine(url)
    lock = CacheLock(path)
    try:
        lock.exclusive()
        with in_french():
            device = interrupted.device(engine, agence, name, path, secrets_file, encrypted=encrypted)
            if device is None:
                device = _new(engine, agence, name, path, secrets_file, encrypted=encrypted)
        with _undone_on_refusal(lambda: unregister(engine, device.poste, device.login), path, secrets_file):
            rows = fill(path, device, name, normalise_url(url), progress)
    finally:
        lock.release()
        engine.dispose()
    return Enrolled(device.poste, device.login, device.agence_id, device.code, path, rows)


def _new(
    engine: sa.Engine, agence: str, name: str, path: Path, file: Path | None, *, encrypted: bool
) -> Device:  # fmt: skip
    key = secrets.new_key() if encrypted else None
    password = secrets.new_password()

    def keep(login: str) -> None:
        keep_secrets(path, {"password": password, "login": login} | ({"key": key} if key else {}), file, encrypted)

    try:
        return Device(*register(engine, agence, name, password, before=keep), password, key)
    except BaseException:
        forget(path, file)
        raise


@contextmanager
def _undone_on_refusal(undo: Callable[[], None], path: Path, secrets_file: Path | None) -> Iterator[None]:
    try:
        yield
    except (CentralUnreachableError, KeyboardInterrupt):
        raise
    except BaseException:
        forget(path, secrets_file)
        with contextlib.suppress(sa.exc.SQLAlchemyError):
            undo()
        raise


def forget(path: Path, secrets_file: Path | None) -> None:
    interrupted.throw_away(path)
    if secrets_file is None:
        secrets.beside(path).unlink(missing_ok=True)


def keep_secrets(path: Path, values: dict[str, str], file: Path | None, encrypted: bool) -> None:
    """Keep a device's secrets; beside a cache that is not encrypted where there is no keyring."""
    try:
        secrets.store(path, values, file)
    except UserError:
        if encrypted:
            raise
        secrets.store(path, values, secrets.beside(path))


def fill(path: Path, device: Device, name: str, centre: sa.URL, progress: Progress | None) -> int:
    """Make the cache of a device that the centre knows, and give it its name once it is whole; rows copied."""
    work = working_files(path)[0]
    url = centre.set(username=device.login, password=device.password)
    if not work.exists():
        # Ours alone: a cache that is not encrypted holds its branch in clear.
        os.close(os.open(work, os.O_RDWR | os.O_CREAT, 0o600))
        empty_cache.create_cache(work, device.key, device.poste)
    link = Link(url.render_as_string(hide_password=False))
    try:
        with Cache(work, device.key) as cache:
            with cache.writing():
                cache.put(
                    url=without_password(url).render_as_string(), login=device.login, poste=device.poste,
                    agence_code=device.code, nom=name, dernier_lot=0, mode="agence",
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
    paths.put_in_place(work, path, patience_s=20)
    return rows


def device_link(cache: Cache, secrets_file: Path | None = None, **options: Any) -> Link:
    """The line of an enrolled cache, with its own login.

    Raises:
        UserError: the cache was never enrolled, or its password is not in the store.
    """
    url = normalise_url(cache.require("url"))
    # A new or upgraded file is another one to what its secrets follow.
    secrets.bind(cache.path, secrets_file, cache.db)
    stored = secrets.load(cache.path, secrets_file)
    mine = stored.get("login", url.username) == url.username
    password = stored.get("password" if mine else "former_password")
    if not password:
        raise UserError("Le mot de passe de ce poste n'est ni dans le trousseau ni dans le fichier de secrets.")
    return Link(url.set(password=password).render_as_string(hide_password=False), **options)


def centre_status(engine: sa.Engine) -> dict[str, Any]:
    """Revision, agencies, devices, waiting conflicts and the age of the oldest transaction that holds the cursor.

    Of a centre that is not whole: only what it is (``etat``, ``message``) and its revision.
    """
    state = checklist.check_central(engine)
    head: dict[str, Any] = {"etat": state.etat, "message": state.message, "revision": state.revision}
    if state.etat in {"vide", "ancien", "incoherent"}:
        return head | {"differences": list(state.differences)}
    with engine.connect() as connection:
        row = connection.execute(
            sa.text(
                "SELECT sync.epoque() AS epoque, "
                "(SELECT count(*) FROM agences) AS agences, (SELECT count(*) FROM sync.devices) AS postes, "
                "(SELECT count(*) FROM sync.row_state) AS etats, "
                "(SELECT count(*) FROM sync.conflits WHERE resolu IS NULL AND a_decider) AS conflits, "
                "(SELECT count(*) FROM sync.gares) AS gares, (SELECT coalesce(max(extract(epoch FROM now() - "
                "xact_start)), 0)::float FROM pg_stat_activity WHERE backend_xid IS NOT NULL "
                "AND pid <> pg_backend_pid()) AS retard_curseur_s"
            )
        )
        return head | dict(row.mappings().one())
