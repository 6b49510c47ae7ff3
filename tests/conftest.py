"""Databases for every test: built once by the migrations, then copied.

``TEST_PG_URL`` names a server to use instead of a private one.
"""

from __future__ import annotations

import os

os.environ["QT_QPA_PLATFORM"] = "offscreen"
# Tests start hundreds of processes: modules are compiled once.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

import contextlib
import ctypes
import functools
import gc
import shutil
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
import sqlcipher3._sqlite3
from argon2 import PasswordHasher

from erp_desktop.db.embedded import EmbeddedPostgres
from erp_desktop.db.engine import create_pg_engine, create_sqlite_engine
from erp_desktop.domain.people import empreinte
from erp_desktop.sync.first_copy import empty_cache
from erp_desktop.upgrade import migrate
from tests import compiled, made_once
from tests.caches import cache_maker
from tests.migrations.rows import remplir
from tests.sync.lab import Lab, seed
from tests.sync.ready_caches import ReadyCaches

# Hundreds of accounts sign in here; test_auth tries the cost that is shipped. Written as long as that one.
empreinte.hasher = PasswordHasher(time_cost=1, memory_cost=10_000, parallelism=1, hash_len=32)


def _uncounted_memory() -> None:
    """Six thousand caches are opened here: SQLite does not count what it takes, under one lock for all threads."""
    memstatus = 9
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(sqlcipher3._sqlite3.__file__)
        library.sqlite3_shutdown()
        library.sqlite3_config(memstatus, 0)
        library.sqlite3_initialize()


_uncounted_memory()


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        made_once.begin()


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        made_once.end()


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Iterator[None]:
    """Modules are imported without a look for rubbish; of a run by several processes each compiles a part of them."""
    worker = getattr(session.config, "workerinput", None)
    gc.disable()
    try:
        if worker is not None and not sys.dont_write_bytecode:
            number = int(worker["workerid"].removeprefix("gw"))
            compiled.share(session.config, Path(__file__).parent, number, worker["workercount"])
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    """What the modules made stays until the end: it is not looked through again and again for rubbish."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


_GIVEN = bool(os.environ.get("TEST_PG_URL"))
_HEAD, _SEEDED = ("modele", "labo") if not _GIVEN else (f"{n}_{uuid.uuid4().hex[:8]}" for n in ("modele", "labo"))


def _make_templates(server: EmbeddedPostgres) -> None:
    engine = create_pg_engine(server.create_database(_HEAD))
    try:
        with engine.connect() as connection:
            migrate.upgrade(connection)
        # A third of what every copy would carry: rows of the catalogue that each revision left behind.
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM FULL")
    finally:
        engine.dispose()
    seed(server.create_database(_SEEDED, _HEAD))


def _make_cluster(folder: Path) -> None:
    with EmbeddedPostgres() as server:
        _make_templates(server)
        server.stop(keep=folder)


@pytest.fixture(scope="session")
def pg_server() -> Iterator[EmbeddedPostgres]:
    """One PostgreSQL server per test process, with the templates."""
    if _GIVEN:
        with EmbeddedPostgres() as server:
            _make_templates(server)
            yield server
    else:
        with EmbeddedPostgres(copy_of=made_once.made_once("postgres", _make_cluster)) as server:
            yield server


@pytest.fixture(scope="session")
def pg_template(pg_server: EmbeddedPostgres) -> str:
    """Name of a database at the head revision, to be copied, never used."""
    return _HEAD


@pytest.fixture
def pg_url(pg_server: EmbeddedPostgres, pg_template: str) -> Iterator[str]:
    """Address of a fresh central database at the head revision."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    yield pg_server.create_database(name, pg_template)
    pg_server.drop_database(name)


@pytest.fixture
def pg_empty_url(pg_server: EmbeddedPostgres) -> Iterator[str]:
    """Address of a fresh database without any table."""
    name = f"v_{uuid.uuid4().hex[:12]}"
    yield pg_server.create_database(name)
    pg_server.drop_database(name)


@pytest.fixture(scope="session")
def pg_older(pg_server: EmbeddedPostgres, pg_template: str) -> Callable[[str], str]:
    """Revision → name of a centre with rows that came back there from the head; to be copied, never used."""

    @functools.cache
    def made(revision: str) -> str:
        name = f"ancien_{revision}_{uuid.uuid4().hex[:8]}"
        engine = create_pg_engine(pg_server.create_database(name, pg_template))
        try:
            with engine.connect() as connection:
                remplir(connection, 1000, 3)
                migrate.downgrade(connection, revision)
        finally:
            engine.dispose()
        return name

    return made


def _make_cache(path: Path) -> None:
    engine = create_sqlite_engine(path)
    try:
        with engine.connect() as connection:
            migrate.upgrade(connection, verified_after=True)
            raw = connection.connection.dbapi_connection
            assert raw is not None
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[attr-defined]
    finally:
        engine.dispose()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache at the head revision, to be copied, never opened."""
    path = tmp_path_factory.mktemp("modele") / "modele.sqlite"
    shutil.copyfile(made_once.made_once("modele.sqlite", _make_cache), path)
    return path


@pytest.fixture(autouse=True)
def _caches_by_copy(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """New caches are copies of the migrated one, but where the migrations themselves are tried."""
    if "migrations" not in request.path.parts:

        def make(path: Path, key: str | None, poste: int) -> None:
            cache_maker(request.getfixturevalue("sqlite_template"))(path, key, poste)

        monkeypatch.setattr(empty_cache, "create_cache", make)


@pytest.fixture
def sqlite_path(sqlite_template: Path, tmp_path: Path) -> Path:
    """A fresh cache file at the head revision."""
    path = tmp_path / "cache.sqlite"
    shutil.copyfile(sqlite_template, path)
    return path


@pytest.fixture
def sqlite_engine(sqlite_path: Path) -> Iterator[sa.Engine]:
    engine = create_sqlite_engine(sqlite_path)
    yield engine
    engine.dispose()


@pytest.fixture
def pg_engine(pg_url: str) -> Iterator[sa.Engine]:
    engine = create_pg_engine(pg_url)
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> sa.Engine:
    """The same test on a cache and on a centre."""
    name = "sqlite_engine" if request.param == "sqlite" else "pg_engine"
    made = request.getfixturevalue(name)
    assert isinstance(made, sa.Engine)
    return made


@pytest.fixture(scope="session")
def lab_template(pg_server: EmbeddedPostgres) -> str:
    """Name of a seeded centre, to be copied, never used."""
    return _SEEDED


@pytest.fixture(scope="session")
def ready_caches(
    pg_server: EmbeddedPostgres, lab_template: str, tmp_path_factory: pytest.TempPathFactory
) -> ReadyCaches:
    return ReadyCaches(pg_server, lab_template, tmp_path_factory.mktemp("prets"))


@pytest.fixture
def lab(
    request: pytest.FixtureRequest, pg_server: EmbeddedPostgres, lab_template: str, tmp_path: Path
) -> Iterator[Lab]:
    # Enrolment itself is tried in its own rooms.
    enrolled = {"first_copy", "device"} & set(request.path.parts)
    ready = None if enrolled else request.getfixturevalue("ready_caches")
    name = f"lab_{uuid.uuid4().hex[:12]}"
    replaced = "upgrade" in request.path.parts
    made = Lab(pg_server.create_database(name, lab_template), tmp_path, ready=ready, keep=not replaced)
    yield made
    made.close()
    pg_server.drop_database(name)
