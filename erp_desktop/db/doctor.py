"""Quick diagnosis of a database: what is wrong, and what to do about it. Reads only."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
import sqlcipher3.dbapi2 as sqlcipher

from erp_desktop import clock
from erp_desktop.db import backup, central_schema, fingerprint, history, startup
from erp_desktop.db.engine import connect_sqlite, create_sqlite_engine
from erp_desktop.db.locks import CacheLock
from erp_desktop.errors import DatabaseBusyError, ErpError


@dataclass(frozen=True, slots=True)
class Constat:
    """One finding; ``etat`` is ``ok``, ``attention`` or ``erreur``."""

    controle: str
    etat: str
    detail: str


def cache(path: Path, key: str | None) -> list[Constat]:
    """Examine a cache file that exists."""
    found = [_in_use(path), _room(path)]
    try:
        revision = startup.read_revision(path, key)
    except ErpError as error:
        return [*found, Constat("fichier", "erreur", str(error)), _copies(path)]
    found += [_revision(revision), _copies(path), *_leftovers(path)]
    connection = connect_sqlite(path, key, read_only=True)
    try:
        problems = [row[0] for row in connection.execute("PRAGMA quick_check(5)") if row[0] != "ok"]
        orphans = connection.execute("PRAGMA foreign_key_check").fetchall()
    except sqlcipher.DatabaseError as error:
        problems, orphans = [str(error)], []
    finally:
        connection.close()
    found.append(_list("intégrité", problems, "fichier lisible de bout en bout", "erp-admin db restore"))
    found.append(_list("références", sorted({r[0] for r in orphans}), "aucune ligne orpheline", "tables à corriger"))
    if revision == history.head() and not problems:
        found.append(_structure_of(path, key))
    return found


def _structure_of(path: Path, key: str | None) -> Constat:
    engine = create_sqlite_engine(path, key)
    try:
        with engine.connect().execution_options(write=False) as connection:
            wrong = fingerprint.check(connection)
    finally:
        engine.dispose()
    return _list("structure", wrong, "celle du programme", "erp-admin db check")


def _list(name: str, wrong: list[str], good: str, remedy: str) -> Constat:
    if not wrong:
        return Constat(name, "ok", good)
    more = f" (et {len(wrong) - 3} autres)" if len(wrong) > 3 else ""
    return Constat(name, "erreur", f"{' ; '.join(wrong[:3])}{more} : {remedy}")


def _in_use(path: Path) -> Constat:
    lock = CacheLock(path)
    if not lock.path.exists():
        return Constat("verrou", "ok", "personne ne travaille sur le fichier")
    try:
        lock.exclusive(0.0)
    except DatabaseBusyError:
        return Constat("verrou", "attention", "un programme travaille sur le fichier")
    lock.release()
    return Constat("verrou", "ok", "personne ne travaille sur le fichier")


def _room(path: Path) -> Constat:
    free, size = shutil.disk_usage(path.parent).free, path.stat().st_size
    told = f"{free // 1_000_000} Mo libres pour un fichier de {max(1, size // 1_000_000)} Mo"
    return Constat("disque", "ok" if free > 3 * size else "erreur", told)


def _revision(revision: str) -> Constat:
    rank = history.position(revision)
    if rank is None:
        return Constat("révision", "erreur", f"{revision} : d'une version plus récente du programme")
    behind = len(history.revisions()) - 1 - rank
    if behind:
        return Constat("révision", "attention", f"{revision} : {behind} révision(s) en attente, erp-admin db upgrade")
    return Constat("révision", "ok", revision)


def _copies(path: Path) -> Constat:
    saved = backup.backups(path)
    if not saved:
        return Constat("sauvegardes", "attention", "aucune : erp-admin db backup")
    return Constat("sauvegardes", "ok", f"{len(saved)}, la dernière du {clock.local(saved[0].quand):%d/%m/%Y %H:%M}")


def _leftovers(path: Path) -> Iterator[Constat]:
    for name in (".upgrading", ".restauration"):
        rest = path.with_name(path.name + name)
        if rest.exists():
            told = "reste d'une opération interrompue, effacé à la prochaine mise à niveau"
            yield Constat("restes", "attention", f"{rest.name} : {told}")


def centre(engine: sa.Engine) -> list[Constat]:
    """Examine a central database."""
    state = central_schema.check_central(engine)
    level = {"egal": "ok", "ancien": "attention", "vide": "attention", "recent": "attention"}.get(
        state.etat, "erreur"
    )
    detail = " ; ".join([state.message, *state.differences[:3]])
    found = [Constat("structure", level, detail), Constat("révision", level, state.revision or "aucune")]
    with engine.connect() as connection:
        version = int(connection.exec_driver_sql("SHOW server_version_num").scalar_one())
        shown = connection.exec_driver_sql("SHOW server_version").scalar_one()
        found.append(Constat("serveur", "ok" if version >= 140000 else "erreur", f"PostgreSQL {shown}, 14 au moins"))
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
        found.append(Constat("encodage", "ok" if encoding == "UTF8" else "erreur", str(encoding)))
        idle = connection.exec_driver_sql(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "AND state LIKE 'idle in transaction%%' AND state_change < now() - interval '1 minute'"
        ).scalar_one()
        told = f"{idle} session(s) laissée(s) dans une transaction : elles bloqueraient une mise à niveau"
        found.append(
            Constat("sessions", "attention" if idle else "ok", told if idle else "aucune transaction oubliée")
        )
        locks = connection.exec_driver_sql(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        ).scalar_one()
        found.append(
            Constat("attentes", "attention" if locks else "ok", f"{locks} requête(s) en attente d'un verrou")
        )
    return found
