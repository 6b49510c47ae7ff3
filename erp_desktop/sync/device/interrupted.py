"""What an enrolment that was killed or lost its line leaves behind, and whether the next one may go on with it.

Left are the device's secrets, stored before its login exists, and the unfinished cache with what lies beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
import sqlcipher3.dbapi2 as sqlcipher

from erp_desktop.db import secrets
from erp_desktop.errors import DatabaseRefusedError
from erp_desktop.registry import revisions
from erp_desktop.sync.device.registration import unregister
from erp_desktop.sync.exchange.cache import Cache
from erp_desktop.sync.first_copy.by_rows import begun
from erp_desktop.sync.first_copy.published import leftovers


@dataclass(frozen=True, slots=True)
class Device:
    """A login at the centre, and what opens it and its cache here; ``key`` None is a cache in clear."""

    poste: int
    login: str
    agence_id: int
    code: str
    password: str
    key: str | None


def device(
    engine: sa.Engine, agence: str, name: str, path: Path, file: Path | None, *, encrypted: bool
) -> Device | None:  # fmt: skip
    """The device that an interrupted enrolment registered for the cache at ``path``; None: begin anew.

    It is gone on with while the centre knows its login in this agency and never received anything from it. What does
    not fit is thrown away, here and, where it never came to work, at the centre.
    """
    left = secrets.load(path, file)
    found = _known(engine, left["login"]) if "login" in left and "password" in left else None
    mine = found is not None and found.code == agence.strip().upper() and ("key" in left) is encrypted
    if found is None or not mine or not fits(working_files(path)[0], left.get("key"), left["login"], found.epoque):
        throw_away(path)
    if found is None:
        return None
    if not mine:
        if found.neuf:
            unregister(engine, found.poste, found.login)
        return None
    with engine.begin() as connection:
        connection.execute(
            sa.text("UPDATE sync.devices SET nom = :n WHERE poste = :p"), {"n": name, "p": found.poste}
        )
    return Device(found.poste, found.login, int(found.agence_id), found.code, left["password"], left.get("key"))


def _known(engine: sa.Engine, login: str) -> sa.Row[tuple[object, ...]] | None:
    with engine.connect() as connection:
        return connection.execute(
            sa.text(
                "SELECT d.poste, d.login, d.agence_id, a.code, sync.epoque() AS epoque, "
                "d.curseur_xid IS NULL AS neuf "
                "FROM sync.devices d JOIN agences a ON a.id = d.agence_id AND a.is_active "
                "WHERE d.login = :l AND d.etat = 'actif' AND d.dernier_lot = 0"
            ),
            {"l": login},
        ).one_or_none()


def fits(work: Path, key: str | None, login: str, epoch: str) -> bool:
    """Whether an unfinished cache is of this device, of the centre's epoch and of this program's revision."""
    if not work.exists():
        return False
    try:
        with Cache(work, key) as cache:
            started = (begun(cache) or {}).get("epoque") or cache.get("epoque")
            return (
                cache.get("login") == login
                and cache.value("SELECT version_num FROM alembic_version") == revisions.head()
                and started in {None, epoch}
            )
    except (DatabaseRefusedError, sqlcipher.DatabaseError):
        return False


def throw_away(path: Path) -> None:
    """Remove what an enrolment at ``path`` left, but for its secrets."""
    for leftover in working_files(path):
        leftover.unlink(missing_ok=True)


def working_files(path: Path) -> list[Path]:
    """The unfinished cache of an enrolment at ``path``, and what lies beside it."""
    work = path.with_name(path.name + ".inscription")
    beside = [work.with_name(work.name + suffix) for suffix in ("-wal", "-shm", "-journal")]
    return [work, *beside, *leftovers(work)]
