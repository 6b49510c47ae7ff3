"""Making another device of an existing cache: a cloned disk, a restored file, a centre that forgot the device."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from erp_desktop.db import secrets
from erp_desktop.db.engine import create_pg_engine, normalise_url, without_password
from erp_desktop.db.locks import CacheLock
from erp_desktop.sync.device.registration import in_french, register, unregister
from erp_desktop.sync.exchange.cache import Cache
from erp_desktop.sync.exchange.link import Link
from erp_desktop.sync.first_copy.by_rows import Progress
from erp_desktop.sync.first_copy.fresh_copy import rebase, send_again


@dataclass(frozen=True, slots=True)
class Reenrolled:
    """``resent`` batches, ``taken`` rows from the centre, ``renamed`` rows with new identifiers, ``waiting`` rows."""

    poste: int
    former_poste: int
    agence_code: str
    resent: int
    taken: int
    renamed: int
    waiting: int


def reenroll(
    url: str,
    path: Path,
    *,
    secrets_file: Path | None = None,
    name: str | None = None,
    progress: Progress | None = None,
) -> Reenrolled:
    """Enrol a cache again under a new device number, with everything that it has not sent.

    The former device stays as it is at the centre: the other copy of a cloned disk goes on under it.

    Args:
        url: an administrator's address of the centre.
        path: the cache; no program may have it open.
        secrets_file: where its secrets are, when not in the keyring.
        name: the device's new name; the former one otherwise.
        progress: rows of the fresh copy.

    Raises:
        UserError: the file was never enrolled, or its agency is gone.
        NotAllowedError: the login may not enrol devices.
        DatabaseBusyError: a program has the cache open.
        CentralUnreachableError: the line was cut; the cache is as before.
    """
    stored = secrets.load(path, secrets_file)
    lock = CacheLock(path)
    lock.exclusive()
    try:
        with Cache(path, stored.get("key")) as cache:
            return _reenroll(url, cache, stored, secrets_file, name, progress)
    finally:
        lock.release()


def _reenroll(
    url: str, cache: Cache, stored: dict[str, str], file: Path | None, name: str | None, progress: Progress | None
) -> Reenrolled:
    former, login, agence = int(cache.require("poste")), cache.require("login"), cache.require("agence_code")
    password = secrets.new_password()
    engine = create_pg_engine(url)
    try:
        with in_french():
            poste, new_login, _, code = register(
                engine, agence, name or cache.get("nom") or agence, password, former=former
            )
            with engine.connect() as connection:
                epoch = connection.execute(sa.text("SELECT sync.epoque()")).scalar_one()
                known = connection.execute(
                    sa.text("SELECT dernier_lot FROM sync.devices WHERE login = :l"), {"l": login}
                ).scalar()
        address = normalise_url(url).set(username=new_login, password=password)
        link = Link(address.render_as_string(hide_password=False))
        try:
            # Both passwords, so that the file finds its own whichever side of the commit the power fails.
            both = {**stored, "password": password, "login": new_login, "former_password": stored.get("password", "")}
            secrets.store(cache.path, both, file)
            sent = send_again(cache, link, known or 0, renumber=True) if epoch != cache.get("epoque") else 0
            identity = {
                "login": new_login, "nom": name or cache.get("nom"), "agence_code": code, "dernier_lot": sent,
                "url": without_password(address).render_as_string(),
                # Another device has another key.
                "cle_paquet": None, "paquet_numero": None,
            }  # fmt: skip
            done = rebase(cache, link, poste, progress, identity)
        except BaseException:
            secrets.store(cache.path, stored, file)
            with contextlib.suppress(sa.exc.SQLAlchemyError):
                unregister(engine, poste, new_login)
            raise
        finally:
            link.close()
    finally:
        engine.dispose()
    waiting = cache.value("SELECT count(*) FROM (SELECT DISTINCT nom_table, pk FROM sync_outbox)")
    return Reenrolled(poste, former, code, sent, done.taken, done.renamed, int(waiting))
