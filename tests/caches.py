"""Caches by copy of a migrated file: what the migrations make, without running them once more."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from erp_desktop.db.engine import connect_sqlite, create_sqlite_engine


def cache_maker(template: Path) -> Callable[[Path, str | None, int], None]:
    """What ``empty_cache.create_cache`` makes, by copy of a file that the same migrations made."""

    def make(path: Path, key: str | None, poste: int) -> None:
        if key is None:
            shutil.copyfile(template, path)
        else:
            plain = connect_sqlite(template, read_only=True)
            plain.execute(f"ATTACH DATABASE '{path}' AS chiffree KEY \"x'{key}'\"")
            plain.execute("SELECT sqlcipher_export('chiffree')")
            plain.close()
        engine = create_sqlite_engine(path, key)
        with engine.begin() as connection:
            connection.execute(sa.text("UPDATE _allocateur SET poste = :p"), {"p": poste})
        engine.dispose()

    return make
