"""Fixtures of this room."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from erp_desktop.db.embedded import EmbeddedPostgres
from erp_desktop.db.engine import create_pg_engine, normalise_url
from tests.upgrade.central.guide import SERVERS, Centre
from tests.upgrade.central.old_centre import AVANT


@pytest.fixture
def centre(pg_server: EmbeddedPostgres, pg_older: Callable[[str], str]) -> Iterator[sa.Engine]:
    """A centre one release behind, with rows and their states."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    engine = create_pg_engine(pg_server.create_database(name, pg_older(AVANT)))
    yield engine
    engine.dispose()
    pg_server.drop_database(name)


# The newest at each run, the others by night.
@pytest.fixture(
    scope="module",
    params=[
        pytest.param(one, id=f"postgresql-{one[0]}", marks=[] if one is SERVERS[-1] else [pytest.mark.soak])
        for one in SERVERS
    ],
)
def guide_centre(request: pytest.FixtureRequest) -> Iterator[Centre]:
    """A server of its own for each file, of each version that is here."""
    version, binaries = request.param
    with EmbeddedPostgres(binaries=binaries) as server:
        address = normalise_url(server.database_url("erp")).set(username="erp_admin")
        yield Centre(server, version, address.render_as_string(hide_password=False))
