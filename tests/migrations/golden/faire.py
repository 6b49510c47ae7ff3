"""Makes the golden databases of a listed revision: ``python -m tests.migrations.golden.faire REVISION …``.

``REVISION-chiffree`` makes an encrypted cache.

Run once, when a revision is listed in the manifest. A file that exists is never made again: it is what customers have
on their disks. ``SOMMES`` lists the files, so that a test sees one that was touched.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import sqlalchemy as sa

from erp_desktop.db.embedded import EmbeddedPostgres
from erp_desktop.db.engine import connect_sqlite, create_pg_engine, create_sqlite_engine
from erp_desktop.registry import revisions
from erp_desktop.upgrade import migrate
from tests.migrations.rows import remplir

HERE = Path(__file__).parent
SUMS = HERE / "SOMMES"
KEY = "5e" * 32
"""Encrypts the one golden file whose name ends in ``-chiffree``."""


def fill(engine: sa.Engine, revision: str) -> None:
    """Rows of the first revision, carried through the history, and rows of the released one."""
    first = revisions.revisions()[0].revision
    with engine.connect() as connection:
        migrate.upgrade(connection, first)
        remplir(connection, 1000, 2)
        if revision != first:
            migrate.upgrade(connection, revision)
            remplir(connection, 2000, 3)


def sqlite(revision: str, target: Path, key: str | None = None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        made, closed = Path(folder) / "base.sqlite", Path(folder) / "close.sqlite"
        engine = create_sqlite_engine(made, key)
        fill(engine, revision)
        engine.dispose()
        connection = connect_sqlite(made, key)
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("VACUUM INTO ?", (str(closed),))
        connection.close()
        target.write_bytes(gzip.compress(closed.read_bytes(), 9, mtime=0))


def postgresql(revision: str, target: Path) -> None:
    with EmbeddedPostgres() as server:
        url = server.create_database("modele")
        engine = create_pg_engine(url)
        fill(engine, revision)
        address = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        engine.dispose()
        if server.binaries is None:
            raise SystemExit("pg_dump is needed")
        dumped = subprocess.run(
            [server.binaries / "pg_dump", "--inserts", "--rows-per-insert=50", "--no-owner", "--no-privileges",
             "--no-comments", "-d", address],
            check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
    # Without the commands of one psql and the settings of one server version, any later server reads it.
    kept = re.sub(r"^(\\|SET |SELECT pg_catalog\.set_config|--).*\n", "", dumped, flags=re.MULTILINE)
    target.write_bytes(gzip.compress(re.sub(r"\n{2,}", "\n", kept).encode(), 9, mtime=0))


def main() -> None:
    for asked in sys.argv[1:]:
        revision = asked.removesuffix("-chiffree")
        if revisions.position(revision) is None:
            raise SystemExit(f"unknown revision {revision}")
        cache, centre = HERE / f"{asked}.sqlite.gz", HERE / f"{asked}.sql.gz"
        if cache.exists() or centre.exists():
            raise SystemExit(f"{asked}: a golden file is never made again")
        sqlite(revision, cache, KEY if asked != revision else None)
        if asked == revision:
            postgresql(revision, centre)
    files = sorted(HERE.glob("*.gz"))
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    SUMS.write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
