"""The first copy of a branch: COPY out of one snapshot, straight into a new cache file.

The file is filled beside its final place without indexes, triggers or foreign-key checks, which come back at the end
and are then verified as a whole; it takes its name in one rename. The cursor starts at the snapshot's xmin, so what
was still uncommitted is pulled by the next cycle.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from erp_desktop.db import capture
from erp_desktop.db.engine import create_sqlite_engine
from erp_desktop.db.registry import TABLES, Kind, SyncTable
from erp_desktop.errors import SyncError
from erp_desktop.sync.cache import Cache
from erp_desktop.sync.link import Link

_ESCAPES = {"\\t": "\t", "\\n": "\n", "\\r": "\r", "\\b": "\b", "\\f": "\f", "\\v": "\v", "\\\\": "\\"}
_PIECE = 2 << 20
"""Bytes of COPY's text inserted at once."""

Progress = Callable[[str, int], None]
"""Called with a table's name and the rows copied so far."""


def unescape(value: str) -> str | None:
    r"""One field of COPY's text form: ``\N`` is NULL, backslash sequences are control characters."""
    if value == r"\N":
        return None
    out, start = [], 0
    while (at := value.find("\\", start)) >= 0:
        out.append(value[start:at])
        out.append(_ESCAPES.get(value[at : at + 2], value[at + 1 : at + 2]))
        start = at + 2
    return "".join([*out, value[start:]])


class _Sink:
    """What COPY writes into: splits lines and fields and inserts them by pieces."""

    def __init__(self, db: Any, table: SyncTable, progress: Progress | None) -> None:
        names = table.names
        self.db = db
        self.table = table
        self.progress = progress
        self.count = 0
        self._insert = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
        self._blobs = [i for i, c in enumerate(table.columns) if c.kind is Kind.BYTES]
        self._parts: list[bytes] = []
        self._size = 0

    def write(self, data: bytes) -> int:
        self._parts.append(data)
        self._size += len(data)
        if self._size >= _PIECE:
            whole, _, rest = b"".join(self._parts).rpartition(b"\n")
            self._insert_lines(whole)
            self._parts, self._size = [rest], len(rest)
        return len(data)

    def flush(self) -> None:
        """Insert what is left once COPY has ended; its text ends with a line feed."""
        self._insert_lines(b"".join(self._parts).removesuffix(b"\n"))
        self._parts, self._size = [], 0

    def _insert_lines(self, text: bytes) -> None:
        rows = []
        versions = []
        for line in text.decode().split("\n") if text else ():
            fields: list[Any] = line.split("\t")
            if "\\" in line:
                fields = [f if "\\" not in f else unescape(f) for f in fields]
                for i in self._blobs:
                    if fields[i + 1] is not None:
                        fields[i + 1] = bytes.fromhex(fields[i + 1])
            elif self._blobs:
                for i in self._blobs:
                    fields[i + 1] = bytes.fromhex(fields[i + 1])
            versions.append((self.table.name, fields[1], fields[0]))
            del fields[0]
            rows.append(fields)
        self.db.executemany(self._insert, rows)
        self.db.executemany("INSERT INTO sync_versions (nom_table, pk, ver) VALUES (?, ?, ?)", versions)
        self.count += len(rows)
        if self.progress:
            self.progress(self.table.name, self.count)


def hydrate(cache: Cache, link: Link, progress: Progress | None = None) -> int:
    """Fill a cache that holds no synchronised row yet, from one snapshot of the centre; returns the rows copied.

    Raises:
        SyncError: the copy does not hold together (a row's parent is missing).
        CentralUnreachableError: the line was cut; the file is to be thrown away.
    """
    with link.snapshot():
        start = link.row("SELECT sync.debut_copie()")[0]
        return fill(cache, start, lambda table: f"SELECT * FROM sync.copie_{table.name}()", link, progress)


def fill(
    cache: Cache,
    start: dict[str, Any],
    query: Callable[[SyncTable], str],
    link: Link,
    progress: Progress | None = None,
) -> int:
    """COPY each table's ``query`` (version first, then the columns in wire form) into the cache, and finish it."""

    def copy(table: SyncTable) -> int:
        sink = _Sink(cache.db, table, progress)
        link.copy_out(query(table), sink)
        sink.flush()
        return sink.count

    return load(cache, start, copy)


def load(cache: Cache, start: dict[str, Any], copy: Callable[[SyncTable], int]) -> int:
    """Run ``copy`` for every table without indexes, triggers or checks; put them back, verify, set the cursor.

    Args:
        cache: holds no synchronised row yet.
        start: ``epoque``, ``x`` (xmin of the copy's snapshot) and ``agence``.
        copy: inserts one table's rows and returns their number.
    """
    db = cache.db
    names = {t.name for t in TABLES}
    indexes = [
        (name, sql)
        for name, table, sql in cache.all("SELECT name, tbl_name, sql FROM main.sqlite_schema WHERE type = 'index'")
        if sql and table in names
    ]
    db.execute("PRAGMA foreign_keys = OFF")
    db.execute("PRAGMA synchronous = OFF")
    # Whoever fills a file throws it away when this fails, so it needs no log to be written twice.
    db.execute("PRAGMA journal_mode = MEMORY")
    db.execute("PRAGMA cache_size = -200000")
    with cache.writing() as db:
        db.execute("UPDATE _sync_session SET muet = 1")
        for (name,) in cache.all("SELECT name FROM main.sqlite_schema WHERE type = 'trigger' AND name LIKE 'erp_%'"):
            db.execute(f"DROP TRIGGER main.{name}")
        for name, _ in indexes:
            db.execute(f"DROP INDEX main.{name}")
        copied = sum(copy(table) for table in TABLES)
        for _, sql in indexes:
            db.execute(sql)
        orphans = db.execute("PRAGMA main.foreign_key_check").fetchall()
        if orphans:
            raise SyncError(
                f"La première copie est incohérente : {len(orphans)} lignes sans parent ({orphans[0][0]})."
            )
        cache.put(epoque=start["epoque"], curseur_xid=start["x"], curseur_seq=0, agence_id=start["agence"])
        db.execute("UPDATE _sync_session SET muet = 0")
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA cache_size = -16000")
    engine = create_sqlite_engine(cache.path, cache.key)
    try:
        with engine.begin() as connection:
            capture.install(connection)
    finally:
        engine.dispose()
    return copied
