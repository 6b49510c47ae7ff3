"""The ``lab`` fixture: a centre copied from a seeded database, caches copied from a migrated file."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from erp_desktop.db.embedded import EmbeddedPostgres
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
    tmp_path: Path,
) -> Iterator[Lab]:
    name = f"lab_{uuid.uuid4().hex[:12]}"
    made = Lab(pg_server.create_database(name, lab_template), tmp_path)
    yield made
    made.close()
    pg_server.drop_database(name)
