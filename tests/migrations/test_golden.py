"""Databases as customers have them on their disks, one per listed revision, kept for ever and upgraded here."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path
from typing import Any

import pytest

from erp_desktop.db.engine import create_pg_engine, create_sqlite_engine
from erp_desktop.registry import revisions
from erp_desktop.upgrade import fingerprint
from erp_desktop.upgrade.central import checklist
from erp_desktop.upgrade.start import startup
from tests.migrations.golden.faire import HERE, KEY, SUMS
from tests.migrations.rows import contenu

RELEASED = "9b5c1d3f7e4a"
"""The last revision of the latest release, 0.1.0."""

CACHES = sorted(HERE.glob("*.sqlite.gz"), key=lambda p: revisions.position(p.name[:12]) or 0)
CENTRES = sorted(HERE.glob("*.sql.gz"), key=lambda p: revisions.position(p.name[:12]) or 0)

# Columns that a revision fills or translates in rows that exist, as its text says.
CHANGED = {"users.role", "users.full_name", "equipements.client_id", "interventions.client_id"}


def unchanged(before: dict[str, list[dict[str, Any]]], after: dict[str, list[dict[str, Any]]]) -> None:
    """Every old row is there with every value that its table still has."""
    assert any(before.values())
    for table, rows in before.items():
        assert rows, table
        key = next(iter(rows[0]))
        found = {row[key]: row for row in after[table]}
        for row in rows:
            kept = {c: v for c, v in row.items() if c in found[row[key]] and f"{table}.{c}" not in CHANGED}
            assert kept == {c: found[row[key]][c] for c in kept}, table


def test_every_listed_revision_has_its_golden_files_and_none_was_touched() -> None:
    known = {row.revision for row in revisions.revisions()}
    assert {path.name.removesuffix(".sql.gz") for path in CENTRES} == known
    assert {path.name[:12] for path in CACHES} == known
    listed = dict(reversed(line.split()) for line in SUMS.read_text(encoding="utf-8").splitlines())
    assert {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in HERE.glob("*.gz")} == listed


# Every tenth one at each run, the encrypted one with them; all of them by night.
@pytest.mark.parametrize(
    "golden",
    [
        p if n % 10 == 0 or "chiffree" in p.name else pytest.param(p, marks=pytest.mark.soak)
        for n, p in enumerate(CACHES)
    ],
    ids=lambda p: p.name.removesuffix(".sqlite.gz"),
)
def test_a_golden_cache_opens_at_the_head_with_every_row(golden: Path, tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    path.write_bytes(gzip.decompress(golden.read_bytes()))
    key = KEY if "chiffree" in golden.name else None
    engine = create_sqlite_engine(path, key)
    with engine.connect() as connection:
        before = contenu(connection)
    engine.dispose()
    assert startup.read_revision(path, key) == golden.name[:12]
    engine = startup.open_local(path, key)
    try:
        with engine.connect() as connection:
            assert fingerprint.check(connection) == []
            connection.rollback()
            unchanged(before, contenu(connection))
    finally:
        engine.dispose()


# Every thirtieth one at each run, all of them by night: a centre takes seconds.
@pytest.mark.parametrize(
    "golden",
    [p if n % 30 == 10 else pytest.param(p, marks=pytest.mark.soak) for n, p in enumerate(CENTRES)],
    ids=lambda p: p.name.removesuffix(".sql.gz"),
)
def test_a_golden_centre_reaches_the_head_with_every_row(golden: Path, pg_template: str, pg_empty_url: str) -> None:
    engine = create_pg_engine(pg_empty_url)
    try:
        with engine.begin() as connection:
            raw = connection.connection.dbapi_connection
            assert raw is not None
            raw.cursor().execute(
                "SET LOCAL check_function_bodies = false;" + gzip.decompress(golden.read_bytes()).decode()
            )
        with engine.connect() as connection:
            before = contenu(connection)
        assert checklist.check_central(engine).revision == golden.name[:12]
        checklist.upgrade_central(engine, lambda _state: True)
        with engine.connect() as connection:
            assert fingerprint.check(connection) == []
            connection.rollback()
            unchanged(before, contenu(connection))
        assert checklist.check_central(engine).etat == "egal"
    finally:
        engine.dispose()
