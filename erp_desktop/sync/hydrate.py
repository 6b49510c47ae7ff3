"""The first copy of a branch: COPY out of one snapshot, straight into a new cache file.

The file is filled beside its final place without indexes, triggers or foreign-key checks, which come back at the end
and are then verified as a whole; it takes its name in one rename. The cursor starts at the snapshot's xmin, so what
was still uncommitted is pulled by the next cycle. A line that is cut goes on behind the last row that it brought.
"""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable
from typing import Any, TypeVar

from erp_desktop.db import capture
from erp_desktop.db.engine import create_sqlite_engine
from erp_desktop.db.registry import TABLES, Kind, SyncTable
from erp_desktop.errors import CentralUnreachableError, SyncError
from erp_desktop.models import Base
from erp_desktop.sync.cache import Cache
from erp_desktop.sync.link import Link

_ESCAPES = {"\\t": "\t", "\\n": "\n", "\\r": "\r", "\\b": "\b", "\\f": "\f", "\\v": "\v", "\\\\": "\\"}
_PIECE = 2 << 20
"""Bytes of COPY's text inserted at once."""
_ATTEMPTS = 6
"""Attempts in a row that may bring nothing before a first copy gives up, half a minute in all."""

T = TypeVar("T")
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
    r"""What COPY writes into: splits lines and fields and inserts them by pieces.

    Most lines hold no backslash but that of ``\N``, which the INSERT itself turns into NULL; others go a slower way.
    """

    def __init__(self, db: Any, table: SyncTable, progress: Progress | None) -> None:
        self.db = db
        self.table = table
        self.progress = progress
        self.count = 0
        self.last = 0
        """Greatest key inserted: where an interrupted copy goes on."""
        nullable = Base.metadata.tables[table.name].columns
        into = f"INSERT INTO {table.name} ({', '.join(table.names)}) VALUES "
        # ?1 is the row's version.
        marks = [f"?{i}" for i in range(2, len(table.columns) + 2)]
        blob = [f"unhex({m})" if c.kind is Kind.BYTES else m for c, m in zip(table.columns, marks, strict=True)]
        null = [f"nullif({m}, '\\N')" if nullable[n].nullable else m for n, m in zip(table.names, marks, strict=True)]
        both = [f"unhex({n})" if c.kind is Kind.BYTES else n for c, n in zip(table.columns, null, strict=True)]
        self._insert = f"{into} ({', '.join(both)})"
        self._insert_unescaped = f"{into} ({', '.join(blob)})"
        self._parts: list[bytes] = []
        self._size = 0

    def write(self, data: bytes) -> int:
        self._parts.append(data)
        self._size += len(data)
        if self._size >= _PIECE:
            self._take()
        return len(data)

    def _take(self) -> None:
        whole, _, rest = b"".join(self._parts).rpartition(b"\n")
        self._parts, self._size = [rest], len(rest)
        self._insert_lines(whole)

    def flush(self) -> None:
        """Insert every whole line; what an interrupted COPY left of another one is forgotten."""
        self._take()
        self._parts, self._size = [], 0

    def _insert_lines(self, text: bytes) -> None:
        if not text:
            return
        rows: list[list[str | None]] = []
        escaped: list[list[str | None]] = []
        for line in text.decode().split("\n"):
            if "\\" in line and line.count("\\") != line.count("\\N"):
                escaped.append([f if "\\" not in f else unescape(f) for f in line.split("\t")])
            else:
                rows.append([*line.split("\t")])
        self.db.executemany(self._insert, rows)
        self.db.executemany(self._insert_unescaped, escaped)
        self.db.executemany(
            "INSERT INTO sync_versions (nom_table, pk, ver) VALUES (?, ?, ?)",
            [(self.table.name, r[1], r[0]) for r in (*rows, *escaped) if r[0] != "1"],
        )
        self.count += len(rows) + len(escaped)
        ends = [int(group[-1][1] or 0) for group in (rows, escaped) if group]
        self.last = max(self.last, *ends)
        if self.progress:
            self.progress(self.table.name, self.count)


def hydrate(cache: Cache, link: Link, progress: Progress | None = None) -> int:
    """Fill a cache that holds no synchronised row yet; returns the rows copied.

    All tables come from one snapshot of the centre. When the line is cut, the copy goes on behind the last row that
    arrived, without that snapshot; the cursor stays at its start, and a cycle then brings what changed.

    Raises:
        SyncError: the copy does not hold together (a row's parent is missing).
        CentralUnreachableError: the line brought nothing more in several attempts; the file is to be thrown away.
    """
    with contextlib.ExitStack() as lines:

        def begin() -> dict[str, Any]:
            lines.close()
            lines.enter_context(link.snapshot())
            made: dict[str, Any] = link.row("SELECT sync.debut_copie()")[0]
            return made

        start, torn = persist(begin), False

        def copy(table: SyncTable) -> int:
            if table.name not in start["tables"]:
                return 0
            sink = _Sink(cache.db, table, progress)

            def attempt() -> None:
                nonlocal torn
                torn = torn or not link.in_snapshot
                try:
                    link.copy_out(f"SELECT * FROM sync.copie_{table.name}({sink.last})", sink)
                finally:
                    sink.flush()

            persist(attempt, lambda: sink.last)
            return sink.count

        rows = load(cache, start, copy, whole=lambda: not torn)
    if torn:
        catch_up(cache, link)
    return rows


def persist(attempt: Callable[[], T], progressed: Callable[[], int] = lambda: 0) -> T:
    """Repeat ``attempt`` over a line that is cut, as long as ``progressed()`` grows every few times.

    Raises:
        CentralUnreachableError: several attempts in a row brought nothing.
    """
    failures, before = 0, progressed()
    while True:
        try:
            return attempt()
        except CentralUnreachableError:
            now = progressed()
            failures, before = (1, now) if now > before else (failures + 1, before)
            if failures >= _ATTEMPTS:
                raise
            time.sleep(0.1 * 4 ** (failures - 1) * (1 + random.random() / 2))  # noqa: S311


def catch_up(cache: Cache, link: Link) -> None:
    """Bring a copy that was interrupted to one state, then verify it as a whole."""
    from erp_desktop.sync.cycle import Syncer

    syncer = Syncer(cache, link)
    persist(syncer.run, lambda: int(cache.require("curseur_xid")))
    _verify_parents(cache.db)


def _verify_parents(db: Any) -> None:
    orphans = db.execute("PRAGMA main.foreign_key_check").fetchall()
    if orphans:
        raise SyncError(f"La première copie est incohérente : {len(orphans)} lignes sans parent ({orphans[0][0]}).")


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


def load(
    cache: Cache, start: dict[str, Any], copy: Callable[[SyncTable], int], whole: Callable[[], bool] = lambda: True
) -> int:
    """Run ``copy`` for every table without indexes, triggers or checks; put them back, verify, set the cursor.

    Args:
        cache: holds no synchronised row yet.
        start: ``epoque``, ``x`` (xmin of the copy's snapshot) and ``agence``.
        copy: inserts one table's rows and returns their number; rows without a version get version 1.
        whole: asked at the end: False leaves the check of the references to who brings the rest.
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
        copied = 0
        for table in TABLES:
            copied += copy(table)
            db.execute(
                f"INSERT OR IGNORE INTO sync_versions (nom_table, pk, ver) "
                f"SELECT '{table.name}', id, 1 FROM main.{table.name} ORDER BY id"
            )
        for _, sql in indexes:
            db.execute(sql)
        if whole():
            _verify_parents(db)
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
