"""The first copy of a branch: COPY out of one snapshot, straight into a new cache file.

The file is filled beside its final place without indexes, triggers or foreign-key checks, which come back at the end
and are then verified as a whole; it takes its name in one rename. The cursor starts at the snapshot's xmin, so what
was still uncommitted is pulled by the next cycle. A line that is cut goes on behind the last row that it brought, and
so does a program that was killed: a note in the file says what the copy started from and which tables are done.
"""

from __future__ import annotations

import contextlib
import json
import logging
import random
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

from erp_desktop.db.engine import create_engine_over
from erp_desktop.db.triggers import replace
from erp_desktop.errors import CentralUnreachableError, SyncError
from erp_desktop.models import Base
from erp_desktop.registry import capture
from erp_desktop.registry.tables import BY_NAME, TABLES, Kind, SyncTable
from erp_desktop.sync.exchange.cache import Cache, dumps
from erp_desktop.sync.exchange.cycle import Cycle
from erp_desktop.sync.exchange.link import Link
from erp_desktop.sync.exchange.rejected import Applied, set_orphans_aside

_log = logging.getLogger(__name__)
_ESCAPES = {"\\t": "\t", "\\n": "\n", "\\r": "\r", "\\b": "\b", "\\f": "\f", "\\v": "\v", "\\\\": "\\"}
_PIECE = 2 << 20
"""Bytes of COPY's text inserted at once."""
_ATTEMPTS, _LONGEST_WAIT_S = 12, 4.0
"""Attempts in a row that may bring nothing before a first copy gives up, and what it waits between two of them: half
a minute in all. Over the worst line that it must bear, most attempts are cut before the line is open."""

KEPT_EVERY_S = 2.0
"""Seconds of a first copy that a killed program loses at most."""

T = TypeVar("T")
Keep = Callable[[], None]
"""Called between two pieces: makes what was copied lasting now and then."""
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

    def __init__(self, cache: Cache, table: SyncTable, keep: Keep, progress: Progress | None) -> None:
        self.db = cache.db
        self.table = table
        self.keep = keep
        self.progress = progress
        self.count, self.last = arrived(cache, table)
        """Rows inserted, and the greatest key: where an interrupted copy goes on."""
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
        self._taken = time.monotonic()

    def write(self, data: bytes) -> int:
        self._parts.append(data)
        self._size += len(data)
        if self._size >= _PIECE or time.monotonic() - self._taken >= KEPT_EVERY_S:
            self._take()
        return len(data)

    def _take(self) -> None:
        self._taken = time.monotonic()
        whole, _, rest = b"".join(self._parts).rpartition(b"\n")
        self._parts, self._size = [rest], len(rest)
        self._insert_lines(whole)

    def flush(self) -> None:
        """Insert every whole line; what an interrupted COPY left of another one is forgotten."""
        self._take()
        self._parts, self._size = [], 0

    def end(self) -> None:
        """All is here: most rows are at their first version, which none was noted for."""
        name = self.table.name
        self.db.execute(
            f"INSERT OR IGNORE INTO sync_versions (nom_table, pk, ver) SELECT '{name}', id, 1 FROM {name} ORDER BY id"
        )

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
        self.keep()
        if self.progress:
            self.progress(self.table.name, self.count)


def begun(cache: Cache) -> dict[str, Any] | None:
    """The note of a first copy that this file holds in part: what it started from, and how far it is."""
    note = cache.get("copie")
    return json.loads(note) if note else None


def arrived(cache: Cache, table: SyncTable) -> tuple[int, int]:
    """Rows of a table that a first copy brought so far, and the greatest key of them."""
    rows, last = cache.all(f"SELECT count(*), coalesce(max(id), 0) FROM main.{table.name}")[0]
    return int(rows), int(last)


def hydrate(cache: Cache, link: Link, progress: Progress | None = None) -> int:
    """Fill a cache that holds no synchronised row yet, or only those that :func:`begun` tells of; returns its rows.

    All tables come from one snapshot of the centre. When the line is cut or the program is killed, the copy goes on
    behind the last row that arrived, without that snapshot; the cursor stays at its start, and a cycle then brings
    what changed.

    Raises:
        CentralUnreachableError: the line brought nothing more in several attempts; the file may be gone on with.
    """
    found = begun(cache)
    with contextlib.ExitStack() as lines:

        def begin() -> dict[str, Any]:
            lines.close()
            lines.enter_context(link.snapshot())
            made: dict[str, Any] = link.row("SELECT sync.debut_copie()")[0]
            return made

        start, torn = found or persist(begin), found is not None

        def copy(table: SyncTable, keep: Keep) -> None:
            if table.name not in start["tables"]:
                return
            sink = _Sink(cache, table, keep, progress)

            def attempt() -> None:
                nonlocal torn
                torn = torn or not link.in_snapshot
                try:
                    link.copy_out(f"SELECT * FROM sync.{table.copy}({sink.last})", sink)
                finally:
                    sink.flush()

            persist(attempt, lambda: sink.last)
            sink.end()

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
            wait_s = min(_LONGEST_WAIT_S, 0.1 * 4 ** (failures - 1))
            time.sleep(wait_s * (1 + random.random() / 2))  # noqa: S311


class _Rest(Cycle):
    """What changed while a first copy was under way; nothing here waits to be sent yet."""

    def start_again(self, known: int | None) -> int:  # noqa: ARG002
        """Leave this copy to be thrown away: it can no longer be made whole."""
        with self.cache.writing(mute=True) as db:
            db.execute("DELETE FROM sync_meta WHERE cle = 'login'")
        raise SyncError(
            "Le centre a changé pendant la première copie et ne peut plus la compléter : relancez la même commande, "
            "elle repart du début."
        )


def catch_up(cache: Cache, link: Link) -> None:
    """Bring a copy that was interrupted to one state, then verify it as a whole."""
    persist(_Rest(cache, link).run, lambda: int(cache.require("curseur_xid")))
    with cache.writing(mute=True) as db:
        _check_parents(cache)
        db.execute("DELETE FROM sync_meta WHERE cle = 'copie'")


def _check_parents(cache: Cache) -> None:
    """Set aside the rows whose parent did not come: a centre's inconsistency must not keep a whole branch waiting.

    They show in ``sync rejected`` and ``sync health``, and are taken as soon as their parent is there.
    """
    orphans: dict[str, list[int]] = defaultdict(list)
    for table, row, *_ in cache.all("PRAGMA main.foreign_key_check"):
        if table not in BY_NAME:
            raise SyncError(f"La première copie est incohérente : une ligne sans parent dans {table}.")
        orphans[table].append(row)
    if orphans:
        _log.warning("first copy: rows without their parent set aside: %s", {t: len(r) for t, r in orphans.items()})
        set_orphans_aside(cache, orphans, Applied())


def fill(
    cache: Cache,
    start: dict[str, Any],
    query: Callable[[SyncTable], str],
    link: Link,
    progress: Progress | None = None,
) -> int:
    """COPY each table's ``query`` (version first, then the columns in wire form) into the cache, and finish it."""

    def copy(table: SyncTable, keep: Keep) -> None:
        sink = _Sink(cache, table, keep, progress)
        link.copy_out(query(table), sink)
        sink.flush()
        sink.end()

    return load(cache, start, copy)


def load(
    cache: Cache, start: dict[str, Any], copy: Callable[[SyncTable, Keep], None],
    whole: Callable[[], bool] = lambda: True,
) -> int:  # fmt: skip
    """Run ``copy`` for every table without indexes, triggers or checks; put them back, verify, set the cursor.

    Args:
        cache: holds no synchronised row yet, or those of a copy that was begun from the same ``start``.
        start: ``epoque``, ``x`` (xmin of the copy's snapshot) and ``agence``.
        copy: inserts the rows of one table that are not here yet, and their versions.
        whole: asked at the end: False leaves the check of the references to who brings the rest.

    Returns:
        The synchronised rows that are here now.
    """
    db = cache.db
    db.execute("PRAGMA foreign_keys = OFF")
    # What is appended to a file needs no undo: this journal stays small, where a WAL would write everything twice.
    db.execute("PRAGMA main.journal_mode = DELETE")
    db.execute("PRAGMA cache_size = -200000")
    kept = time.monotonic()

    def keep() -> None:
        nonlocal kept
        if time.monotonic() - kept >= KEPT_EVERY_S:
            cache.put(copie=dumps(note))
            db.execute("COMMIT")
            db.execute("BEGIN IMMEDIATE")
            kept = time.monotonic()

    with cache.writing() as db:
        note = begun(cache) or _strip(cache, start)
        for table in TABLES:
            if table.name in note["faites"] or note["pleine"]:
                continue
            copy(table, keep)
            note["faites"].append(table.name)
            keep()
        if not note["pleine"]:
            for sql in note["index"]:
                db.execute(sql)
            note["pleine"] = True
            cache.put(epoque=start["epoque"], curseur_xid=start["x"], curseur_seq=0, agence_id=start["agence"],
                      copie=dumps(note))  # fmt: skip
            if whole():
                _check_parents(cache)
                db.execute("DELETE FROM sync_meta WHERE cle = 'copie'")
            db.execute("UPDATE _sync_session SET muet = 0")
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("PRAGMA cache_size = -16000")
    with create_engine_over(db).begin() as connection:
        capture.install(connection)
    return sum(arrived(cache, table)[0] for table in TABLES)


def _strip(cache: Cache, start: dict[str, Any]) -> dict[str, Any]:
    """Take away what slows a copy down, muted for its length; returns the note by which another process goes on."""
    names = {t.name for t in TABLES}
    indexes = [
        (name, sql)
        for name, table, sql in cache.all("SELECT name, tbl_name, sql FROM main.sqlite_schema WHERE type = 'index'")
        if sql and table in names
    ]
    cache.db.execute("UPDATE _sync_session SET muet = 1")
    triggers = cache.all("SELECT name FROM main.sqlite_schema WHERE type = 'trigger' AND name LIKE 'erp_%'")
    replace(cache.db, [name for (name,) in triggers], {})
    for name, _ in indexes:
        cache.db.execute(f"DROP INDEX main.{name}")
    note = {**start, "index": [sql for _, sql in indexes], "faites": [], "pleine": False}
    cache.put(copie=dumps(note))
    return note
