"""What a cache file says of itself, read without changing one byte of it or beside it.

A database in WAL mode gets ``-wal`` and ``-shm`` files from its first reader, even a read-only one. So the file is
first read as if nobody could change it; only when side files say that it does not stand alone is more needed: our own
file is then opened as usual, a stranger's is read from a copy.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import sqlcipher3.dbapi2 as sqlcipher
from sqlalchemy.pool import NullPool

from erp_desktop.db.engine import connect_sqlite
from erp_desktop.db.locks import CacheLock
from erp_desktop.errors import DamagedError, DatabaseRefusedError, LostError
from erp_desktop.registry import revisions
from erp_desktop.upgrade import backup

_COLUMNS = (
    "SELECT m.name, c.name FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table' "
    "AND m.name NOT LIKE 'sqlite!_%' ESCAPE '!' AND m.name NOT LIKE '!_alembic!_tmp!_%' ESCAPE '!' ORDER BY 1, 2"
)

Said = tuple[str, str]
"""The revision that a file announces, and the mark of the columns that it has."""


def columns_mark(connection: Any) -> str:
    """A mark of all tables and columns of a plain connection: the same for every cache of a revision."""
    return hashlib.sha256(repr(connection.execute(_COLUMNS).fetchall()).encode()).hexdigest()[:16]


def absent(path: Path) -> bool:
    return not path.exists() or path.stat().st_size == 0


def read_revision(path: Path, key: str | None = None) -> str:
    """The revision of an existing file.

    Raises:
        DatabaseRefusedError: not a database of this program, or with no or several revisions; nothing was changed.
        DamagedError: it cannot be read as it should.
    """
    return _said(path, key)[0]


def known_revision(path: Path, key: str | None = None) -> str:
    """The same, for a file that this program may work on.

    Raises:
        DatabaseRefusedError: also when a newer program made it, or when it has not the structure that it announces.
    """
    said = _said(path, key)
    _accept(path, key, said)
    return said[0]


def _said(path: Path, key: str | None) -> Said:
    if path.exists() and absent(path):
        raise damaged(path, "elle est vide")
    try:
        said = _glance(path, key)
    except DatabaseRefusedError:
        if not backup.siblings(path):
            raise
        said = ("", "")
    if not backup.siblings(path):
        return said
    return _read(path, key) if revisions.position(said[0]) is not None else _read_copy(path, key)


def _accept(path: Path, key: str | None, said: Said) -> None:
    revision, columns = said
    rank = revisions.position(revision)
    if rank is None:
        raise DatabaseRefusedError(
            f"La base locale vient d'une version plus récente du programme (révision {revision}) : "
            "installez cette version. Rien n'a été modifié."
        )
    if columns != revisions.revisions()[rank].colonnes:
        _refuse_structure(path, key, revision)


def _refuse_structure(path: Path, key: str | None, revision: str) -> None:
    """Say in words what is not there; at the last revision something of one's own beside it harms nobody."""
    from erp_desktop.upgrade import fingerprint, structures

    # An edited history would answer for another one.
    revisions.verify()
    with tempfile.TemporaryDirectory(prefix="erp-mif-") as folder:
        copy = _copied(path, Path(folder))
        engine = sa.create_engine(
            "sqlite+pysqlite://", module=sqlcipher, poolclass=NullPool, creator=lambda: connect_sqlite(copy, key)
        )
        with engine.connect() as connection:
            wrong = fingerprint.without_machinery(structures.drift(connection, revision))
            found = structures.without_leftovers(fingerprint.read(connection))
        engine.dispose()
    wrong = [line for line in wrong if not line.startswith(structures.LEFTOVER)]
    if not wrong or (revision == revisions.head() and all(line.endswith("en trop") for line in wrong)):
        return
    really = structures.matching(found, "sqlite")
    remedy = "Voyez « erp-admin db doctor »"
    if really:
        remedy = f"Sa structure est celle de {really[-1]}, que « erp-admin db stamp {really[-1]} » inscrit"
    raise DatabaseRefusedError(
        f"La base locale {path.name} n'a pas la structure de la révision {revision} qu'elle annonce : "
        f"{' ; '.join(wrong[:3])}{' ; …' if len(wrong) > 3 else ''}. {remedy}. Elle n'a pas été modifiée."
    )


def refuse_stranger(path: Path, key: str | None = None) -> None:
    """Refuse what is not ours before the lock gets its file beside it; takes no lock and waits for nobody.

    Raises:
        DatabaseRefusedError: as :func:`known_revision`.
    """
    if absent(path) or CacheLock(path).path.exists():
        return
    try:
        _accept(path, key, _glance(path, key))
    except DatabaseRefusedError:
        # Another start may be at work since: it has made the lock, under which the file is read again.
        if CacheLock(path).path.exists():
            return
        if not backup.siblings(path):
            raise
        _accept(path, key, _read_copy(path, key))


def lost(path: Path) -> LostError:
    """What is said of a cache that is no more where it was."""
    told = "est vide" if path.exists() else "a disparu"
    return LostError(
        f"La base locale {path.name} {told}, alors que ce poste a déjà travaillé : reprenez sa dernière sauvegarde, "
        "ou prévenez l'informatique avant de recommencer sur une base neuve. Rien n'a été modifié."
    )


def damaged(path: Path, cause: str) -> DamagedError:
    return DamagedError(
        f"La base locale {path.name} est abîmée ({cause}) : restaurez une sauvegarde (erp-admin db restore)."
    )


def _glance(path: Path, key: str | None) -> Said:
    try:
        with closing(connect_sqlite(path, key, immutable=True)) as connection:
            # The text of every definition, which SQLite itself reads only as it needs them.
            connection.execute("SELECT name, sql FROM sqlite_schema").fetchall()
            return _stamp(connection, path)
    except (sqlcipher.DatabaseError, UnicodeError) as error:
        raise damaged(path, str(error)) from error


def _read(path: Path, key: str | None) -> Said:
    try:
        try:
            opened = connect_sqlite(path, key, read_only=True)
        except sqlcipher.OperationalError:
            # A transaction was cut short: only a writer can roll it back.
            opened = connect_sqlite(path, key)
        with closing(opened) as connection:
            return _stamp(connection, path)
    except (sqlcipher.DatabaseError, UnicodeError) as error:
        raise damaged(path, str(error)) from error


def _read_copy(path: Path, key: str | None) -> Said:
    with tempfile.TemporaryDirectory(prefix="erp-mif-") as folder:
        return _read(_copied(path, Path(folder)), key)


def _copied(path: Path, folder: Path) -> Path:
    copy = folder / path.name
    for file in (path, *backup.siblings(path)):
        if not file.name.endswith("-shm"):
            shutil.copyfile(file, copy.with_name(file.name))
    return copy


def _stamp(connection: Any, path: Path) -> Said:
    known = connection.execute(
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'alembic_version'"
    ).fetchone()[0]
    if not known:
        raise DatabaseRefusedError(f"Le fichier {path.name} n'est pas une base ERP MIF ; il n'a pas été modifié.")
    rows = [str(row[0]) for row in connection.execute("SELECT version_num FROM alembic_version")]
    if len(rows) != 1:
        told = "n'indique aucune révision" if not rows else f"indique plusieurs révisions ({', '.join(sorted(rows))})"
        raise DatabaseRefusedError(f"La base locale {path.name} {told} ; elle n'a pas été modifiée.")
    return rows[0], columns_mark(connection)
