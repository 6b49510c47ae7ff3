"""Where unsaved typing is kept between two starts: one small file with the key of the cache, for its owner alone.

Beside the cache rather than in it: a draft is nobody's change, so it is never captured, sent or counted, and a fresh
copy of the cache leaves it in place.
"""

from __future__ import annotations

import contextlib
import errno
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlcipher3.dbapi2 as sqlcipher

from erp_desktop.db.engine import connect_sqlite
from erp_desktop.errors import DatabaseRefusedError

_log = logging.getLogger(__name__)
_TABLE = (
    "CREATE TABLE IF NOT EXISTS brouillons (user_id INTEGER NOT NULL, fiche TEXT NOT NULL, contenu TEXT NOT NULL, "
    "PRIMARY KEY (user_id, fiche)) WITHOUT ROWID"
)

_CAUSES = {"disk is full": errno.ENOSPC, "readonly": errno.EROFS, "unable to open": errno.EACCES}


@contextlib.contextmanager
def _as_os_error() -> Iterator[None]:
    try:
        yield
    except (sqlcipher.DatabaseError, DatabaseRefusedError) as error:
        code = next((code for words, code in _CAUSES.items() if words in str(error)), 0)
        raise (OSError(code, str(error)) if code else OSError(str(error))) from error


class Coffre:
    """The drafts of one person.

    Args:
        path: the file; created when first needed.
        key: the cache's SQLCipher key; None where the cache itself is not encrypted.
    """

    def __init__(self, path: Path, user_id: int, key: str | None) -> None:
        self._path, self._user_id, self._key = path, user_id, key

    def _open(self) -> Any:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = connect_sqlite(self._path, self._key)
        try:
            # Nothing of a draft given up is left in the free pages of the file.
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute(_TABLE)
        except sqlcipher.DatabaseError:
            connection.close()
            raise
        return connection

    def read(self) -> dict[str, str]:
        """Every draft by the name of its record; a file that cannot be read is set aside beside its successor."""
        if not self._path.exists():
            return {}
        try:
            with contextlib.closing(self._open()) as connection:
                found = connection.execute(
                    "SELECT fiche, contenu FROM brouillons WHERE user_id = ?", (self._user_id,)
                ).fetchall()
        except sqlcipher.OperationalError:
            _log.warning("drafts cannot be opened now", exc_info=True)
            return {}
        except (sqlcipher.DatabaseError, DatabaseRefusedError):
            _log.warning("unreadable drafts set aside", exc_info=True)
            with contextlib.suppress(OSError):
                self._path.replace(self._path.with_name(self._path.name + ".illisible"))
            return {}
        return dict(found)

    def write(self, fiche: str, contenu: str | None) -> None:
        """Keep one draft, or forget it for None.

        Raises:
            OSError: the file cannot be written.
        """
        if contenu is None and not self._path.exists():
            return
        with _as_os_error(), contextlib.closing(self._open()) as connection:
            if contenu is None:
                connection.execute("DELETE FROM brouillons WHERE user_id = ? AND fiche = ?", (self._user_id, fiche))
            else:
                connection.execute(
                    "INSERT OR REPLACE INTO brouillons (user_id, fiche, contenu) VALUES (?, ?, ?)",
                    (self._user_id, fiche, contenu),
                )
