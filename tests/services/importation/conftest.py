"""Fixtures of this room."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from erp_desktop.db.session import transaction
from erp_desktop.models import Agence
from tests.services.branch import Monde


@pytest.fixture
def cible(request: pytest.FixtureRequest, monde: Monde) -> list[str]:
    if monde.engine.dialect.name == "sqlite":
        return ["--cache", str(request.getfixturevalue("sqlite_path"))]
    return ["--url", str(request.getfixturevalue("pg_url"))]


@pytest.fixture
def agence(engine: sa.Engine) -> int:
    with transaction(engine) as session:
        row = Agence(code="CAS", nom="Casablanca")
        session.add(row)
        session.flush()
        return row.id
