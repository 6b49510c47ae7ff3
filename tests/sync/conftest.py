"""The ``lab`` fixture: a centre copied from a seeded database, caches copied from a migrated file."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from erp_desktop.db.embedded import EmbeddedPostgres
from erp_desktop.db.engine import connect_sqlite, create_sqlite_engine
from erp_desktop.sync import enrolment
from tests.sync.lab import Lab, seed


@pytest.fixture(scope="session")
def lab_template(pg_server: EmbeddedPostgres, pg_template: str) -> str:
    """Name of a seeded centre, to be copied, never used."""
    name = f"labo_{uuid.uuid4().hex[:8]}"
    seed(pg_server.create_database(name, pg_template))
    return name


@pytest.fixture
def lab(
    pg_server: EmbeddedPostgres,
    lab_template: str,
    sqlite_template: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Lab]:
    def from_template(path: Path, key: str | None, poste: int) -> None:
        """What ``create_cache`` makes, by copy of a file that the same migrations made."""
        if key is None:
            shutil.copyfile(sqlite_template, path)
        else:
            plain = connect_sqlite(sqlite_template, read_only=True)
            plain.execute(f"ATTACH DATABASE '{path}' AS chiffree KEY \"x'{key}'\"")
            plain.execute("SELECT sqlcipher_export('chiffree')")
            plain.close()
        engine = create_sqlite_engine(path, key)
        with engine.begin() as connection:
            connection.execute(sa.text("UPDATE _allocateur SET poste = :p"), {"p": poste})
        engine.dispose()

    monkeypatch.setattr(enrolment, "create_cache", from_template)
    name = f"lab_{uuid.uuid4().hex[:12]}"
    made = Lab(pg_server.create_database(name, lab_template), tmp_path)
    yield made
    made.close()
    pg_server.drop_database(name)
