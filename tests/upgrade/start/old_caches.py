"""Caches of earlier revisions, made once, and what must hold of them after a start."""

from __future__ import annotations

import hashlib
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import sqlcipher3.dbapi2 as sqlcipher

from erp_desktop.db.engine import create_sqlite_engine
from erp_desktop.registry import revisions
from erp_desktop.upgrade import backup, fingerprint, migrate
from tests.migrations.rows import contenu, remplir
from tests.processes import Program

KEY = "5a" * 32


OLD = "8a4b0c2e6d3f"
"""The last without a schema for the exchange, with an outbox: what is renamed since has its old name there."""

RECENT = revisions.revisions()[-6].revision
"""Five revisions behind, for what does not depend on how many: each takes its time."""


@cache
def _made(revision: str, key: str | None) -> tuple[bytes, dict[str, list[dict[str, Any]]]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cache.sqlite"
        engine = create_sqlite_engine(path, key)
        with engine.connect() as connection:
            migrate.upgrade(connection, revision, verified_after=True)
            remplir(connection, 1000, 4)
            rows = contenu(connection)
        engine.dispose()
        assert not backup.siblings(path)
        return path.read_bytes(), rows


def make(path: Path, revision: str, key: str | None = None) -> dict[str, list[dict[str, Any]]]:
    """A cache at ``revision`` with rows; its content."""
    content, rows = _made(revision, key)
    path.write_bytes(content)
    return rows


def whole(engine: sa.Engine, rows: dict[str, list[dict[str, Any]]], but: tuple[str, ...] = ()) -> None:
    """The cache has every row and the structure of the models."""
    with engine.connect() as connection:
        now = contenu(connection)
        assert fingerprint.check(connection) == []
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    for table, old in rows.items():
        if table not in but:
            assert len(now[table]) == len(old), table


def mark(path: Path) -> dict[str, tuple[str, int]]:
    """Content and time of every file of the folder."""
    return {
        p.name: (hashlib.sha256(p.read_bytes()).hexdigest(), p.stat().st_mtime_ns)
        for p in path.parent.iterdir()
        if p.is_file()
    }


def run(code: str, *arguments: str) -> Program:
    return Program(["-c", code, *arguments])


def _newer(path: Path) -> None:
    connection = sqlcipher.connect(str(path), isolation_level=None)
    connection.execute("UPDATE alembic_version SET version_num = 'abcdefabcdef'")
    connection.close()
