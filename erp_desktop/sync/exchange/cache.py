"""A device's cache as the exchange sees it: one raw connection, its settings, its transactions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import sqlcipher3.dbapi2 as sqlcipher

from erp_desktop.db.engine import connect_sqlite, enter_wal
from erp_desktop.db.session import sqlite_trouble
from erp_desktop.errors import DeviceErasedError, UserError

ERASED = (
    "Ce poste a été retiré par un administrateur : ses données ont été effacées d'ici. "
    "L'informatique peut l'inscrire de nouveau, sur un fichier neuf."
)

Row = tuple[Any, ...]


class Cache:
    """An open cache file. Not shared between threads.

    Args:
        path: the SQLite file.
        key: its encryption key, or None.
    """

    def __init__(self, path: Path, key: str | None = None) -> None:
        self.path = path
        self.key = key
        self.db = connect_sqlite(path, key)
        enter_wal(self.db)

    def close(self) -> None:
        self.db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def writing(self, *, mute: bool = False) -> Iterator[Any]:
        """One IMMEDIATE transaction; with ``mute`` nothing in it is captured. Rolled back whole by any exception.

        Raises:
            DiskFullError: nothing was written.
            DatabaseBusyError: another process kept the file locked.
        """
        try:
            self.db.execute("BEGIN IMMEDIATE")
            if mute:
                self.db.execute("PRAGMA defer_foreign_keys = ON")
                self.db.execute("UPDATE _sync_session SET muet = 1")
            yield self.db
            if mute:
                self.db.execute("UPDATE _sync_session SET muet = 0")
            self.db.execute("COMMIT")
        except BaseException as error:
            if self.db.in_transaction:
                self.db.execute("ROLLBACK")
            if isinstance(error, sqlcipher.OperationalError) and (told := sqlite_trouble(error)):
                raise told from error
            raise

    def all(self, sql: str, *parameters: object) -> list[Row]:
        return list(self.db.execute(sql, parameters).fetchall())

    def one(self, sql: str, *parameters: object) -> Row | None:
        row: Row | None = self.db.execute(sql, parameters).fetchone()
        return row

    def value(self, sql: str, *parameters: object) -> Any:
        row = self.one(sql, *parameters)
        return row[0] if row else None

    def get(self, name: str) -> str | None:
        """A setting of the exchange from ``sync_meta``."""
        return self.value("SELECT valeur FROM sync_meta WHERE cle = ?", name)  # type: ignore[no-any-return]

    def put(self, **values: str | int | None) -> None:
        """Store settings in the caller's transaction."""
        self.db.executemany(
            "INSERT OR REPLACE INTO sync_meta (cle, valeur) VALUES (?, ?)",
            [(k, None if v is None else str(v)) for k, v in values.items()],
        )

    def require(self, name: str) -> str:
        """A setting that every enrolled cache has.

        Raises:
            UserError: this file was never enrolled.
            DeviceErasedError: its device was revoked and its data erased.
        """
        value = self.get(name)
        if value is None:
            if self.get("efface_a") is not None:
                raise DeviceErasedError(ERASED)
            raise UserError("Cette base locale n'est pas inscrite auprès d'un centre (erp-admin device enroll).")
        return value

    @property
    def columns(self) -> dict[str, set[str]]:
        tables = [r[0] for r in self.all("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return {t: {c[1] for c in self.all(f'PRAGMA table_info("{t}")')} for t in tables}


def dumps(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
