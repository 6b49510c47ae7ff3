"""Caches by copy of a migrated file: what the migrations make, without running them once more."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from erp_desktop.db.engine import connect_sqlite, create_sqlite_engine


@functools.cache
def cache_maker(template: Path) -> Callable[[Path, str | None, int], None]:
    """What ``empty_cache.create_cache`` makes, by copy of a file that the same migrations made."""

    @functools.cache
    def numbered(poste: int) -> Path:
        """A file that knows its number already: writing it reads a thousand triggers first."""
        made = template.with_name(f"{template.stem}-{poste}{template.suffix}")
        shutil.copyfile(template, made)
        engine = create_sqlite_engine(made)
        with engine.begin() as connection:
            connection.execute(sa.text("UPDATE _allocateur SET poste = :p"), {"p": poste})
        engine.dispose()
        return made

    def make(path: Path, key: str | None, poste: int) -> None:
        if key is None:
            shutil.copyfile(numbered(poste), path)
            return
        plain = connect_sqlite(numbered(poste), read_only=True)
        plain.execute(f"ATTACH DATABASE '{path}' AS chiffree KEY \"x'{key}'\"")
        plain.execute("SELECT sqlcipher_export('chiffree')")
        plain.close()

    return make
