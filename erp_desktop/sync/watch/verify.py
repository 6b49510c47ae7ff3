"""Comparison of a cache with the centre and repair of what differs; unsent changes are left alone.

Counts and hashes of buckets of rows are compared first, so that a cache in order costs a few kilobytes; only the rows
of buckets that differ are fetched and compared one by one. A hash that differs for a reason of spelling costs a look
at those rows and nothing else.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import sqlcipher3.dbapi2 as sqlcipher

from erp_desktop.centre.functions.verify import BUCKETS, bucket
from erp_desktop.errors import SyncError
from erp_desktop.registry.tables import BY_NAME, TABLES, Kind, SyncColumn, SyncTable
from erp_desktop.sync.exchange.apply import read_cursor, upsert_sql
from erp_desktop.sync.exchange.cache import Cache
from erp_desktop.sync.exchange.key_swaps import exchanged
from erp_desktop.sync.exchange.link import Link
from erp_desktop.sync.exchange.rejected import Applied, set_orphans_aside
from erp_desktop.sync.first_copy.by_rows import unescape

_PAGE = 50_000
"""Rows that may be about to come while a check compares, at most."""
_STRIDE = 200
"""Rows hashed between two looks whether somebody needs the line."""


@dataclass(slots=True)
class Verified:
    """Rows of the branch at the centre, how many were fetched, and by table (missing here, too many, different)."""

    rows: int = 0
    compared: int = 0
    differences: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    repaired: int = 0


class _Collect:
    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self.parts.append(data)
        return len(data)


def _native(table: SyncTable, line: str) -> list[Any]:
    fields: list[Any] = [unescape(f) for f in line.split("\t")][1:]
    for i, column in enumerate(table.columns):
        if fields[i] is None:
            continue
        if column.kind in {Kind.INT, Kind.BOOL}:
            fields[i] = int(fields[i])
        elif column.kind is Kind.FLOAT:
            fields[i] = float(fields[i])
        elif column.kind is Kind.BYTES:
            fields[i] = bytes.fromhex(fields[i])
    return fields


def _same(table: SyncTable, ours: tuple[Any, ...], theirs: list[Any]) -> bool:
    return all(
        a == b or (c.kind is Kind.JSON and a is not None and b is not None and _json_equal(a, b))
        for c, a, b in zip(table.columns, ours, theirs, strict=True)
    )


def _json_equal(a: str, b: str) -> bool:
    try:
        return bool(json.loads(a) == json.loads(b))
    except RecursionError:
        return "".join(a.split()) == "".join(b.split())


def _text(column: SyncColumn, value: Any) -> str:
    """A cached value as PostgreSQL writes its wire form."""
    if value is None:
        return "\x1e"
    match column.kind:
        case Kind.BYTES:
            return bytes(value).hex()
        case Kind.FLOAT:
            return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))
        case Kind.JSON:
            try:
                return _jsonb(json.loads(value, parse_int=_Number, parse_float=_Number))
            except RecursionError:
                # Nested deeper than Python follows: its own spelling costs a look at the row, and nothing else.
                return str(value)
        case _:
            return str(value)


class _Number(str):
    """Figures of JSON as they were written."""

    __slots__ = ()


def _jsonb(value: Any) -> str:
    """JSON as PostgreSQL prints its binary form: shorter keys first, a space after commas and colons."""
    if isinstance(value, dict):
        pairs = sorted(value.items(), key=lambda p: (len(p[0].encode()), p[0].encode()))
        return "{" + ", ".join(f"{json.dumps(k, ensure_ascii=False)}: {_jsonb(v)}" for k, v in pairs) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_jsonb, value)) + "]"
    return value if isinstance(value, _Number) else json.dumps(value, ensure_ascii=False)


class InterruptedCheckError(Exception):
    """Somebody needs the line: nothing was compared nor changed."""


def _hashes(cache: Cache, stop: Callable[[], bool]) -> dict[tuple[str, int], tuple[int, int]]:
    """(rows, hash) of every bucket of the cache that holds a row."""
    found: dict[tuple[str, int], list[int]] = defaultdict(lambda: [0, 0])
    for table in TABLES:
        for number, row in enumerate(cache.db.execute(f"SELECT {', '.join(table.names)} FROM {table.name}")):
            if number % _STRIDE == 0 and stop():
                raise InterruptedCheckError
            text = "\x1f".join(map(_text, table.columns, row))
            mine = found[table.name, (row[0] >> 3) % BUCKETS]
            mine[0] += 1
            digest = hashlib.md5(text.encode(), usedforsecurity=False).digest()
            mine[1] ^= int.from_bytes(digest[:8], "big", signed=True)
    return {key: (rows, mixed) for key, (rows, mixed) in found.items()}


def _coming(link: Link, cursor: tuple[str, int]) -> set[tuple[str, int]]:
    """Rows that the next pull brings: what differs there is new, not wrong."""
    pull = link.row("SELECT sync.tirer(%s::xid8, %s, %s)", (*cursor, _PAGE))[0]
    if not pull["n"]:
        return set()
    arriving = {(t, int(r[1])) for t, rows in pull["t"].items() for r in rows}
    return arriving | {(t, int(pk)) for t, pk, _ in (*pull["k"], *pull["d"])}


def verify(
    cache: Cache, link: Link, *, repair: bool = True, stop: Callable[[], bool] = lambda: False
) -> Verified:  # fmt: skip
    """Compare the branch with the centre; run right after a cycle.

    Rows that wait to be sent, are about to come or were set aside are skipped. With ``repair`` the centre's version
    is put in place of what differs.

    Raises:
        InterruptedCheckError: ``stop()`` said so while the cache was being hashed.
        SyncError: the centre's version does not fit in here; nothing was repaired.
    """
    done = Verified()
    texts: dict[str, str] = {}
    suspects: dict[str, list[int]] = defaultdict(list)
    ours_by_bucket = _hashes(cache, stop)
    with link.snapshot():
        theirs_by_bucket = {
            (name, place): (rows, mixed) for name, place, rows, mixed in link.rows("SELECT * FROM sync.empreintes()")
        }
        done.rows = sum(rows for rows, _ in theirs_by_bucket.values())
        for name, place in theirs_by_bucket.keys() | ours_by_bucket.keys():
            # A table that this program does not know is none of its rows.
            if name in BY_NAME and theirs_by_bucket.get((name, place)) != ours_by_bucket.get((name, place)):
                suspects[name].append(int(place))
        for name, places in suspects.items():
            sink = _Collect()
            wanted = ", ".join(map(str, places))
            link.copy_out(f"SELECT * FROM sync.{BY_NAME[name].copy}() c WHERE {bucket('c.id')} IN ({wanted})", sink)
            texts[name] = b"".join(sink.parts).decode()
        coming = _coming(link, read_cursor(cache)) if suspects else set()
    dirty = coming | set(
        cache.all(
            "SELECT nom_table, pk FROM sync_outbox UNION SELECT nom_table, pk FROM sync_recus_rejetes "
            # The total of an invoice with lines that wait here is that of these lines.
            "UNION SELECT 'factures', l.facture_id FROM sync_outbox o JOIN lignes_facture l ON l.id = o.pk "
            "WHERE o.nom_table = 'lignes_facture' "
            "UNION SELECT 'factures', ancien FROM sync_outbox WHERE nom_table = 'lignes_facture' "
            "AND op = 'U' AND colonne = 'facture_id' "
            "UNION SELECT 'factures', json_extract(CAST(ancien AS TEXT), '$.facture_id') FROM sync_outbox "
            "WHERE nom_table = 'lignes_facture' AND op = 'D'"
        )
    )
    wrong: list[tuple[SyncTable, list[list[Any]], list[int]]] = []
    for table in TABLES:
        if table.name not in suspects:
            continue
        wanted = ", ".join(map(str, suspects[table.name]))
        theirs = {int(r[0]): r for r in (_native(table, x) for x in texts[table.name].split("\n")[:-1])}
        ours = {
            r[0]: r
            for r in cache.all(
                f"SELECT {', '.join(table.names)} FROM {table.name} WHERE {bucket('id')} IN ({wanted})"
            )
        }
        done.compared += len(theirs)
        missing = [pk for pk in theirs.keys() - ours.keys() if (table.name, pk) not in dirty]
        extra = [pk for pk in ours.keys() - theirs.keys() if (table.name, pk) not in dirty]
        different = [
            pk
            for pk in theirs.keys() & ours.keys()
            if (table.name, pk) not in dirty and not _same(table, ours[pk], theirs[pk])
        ]
        if missing or extra or different:
            done.differences[table.name] = (len(missing), len(extra), len(different))
            wrong.append((table, [theirs[pk] for pk in [*missing, *different]], extra))
    if repair and wrong:
        try:
            _repair(cache, wrong, done)
        except sqlcipher.IntegrityError as error:
            tables = ", ".join(done.differences)
            raise SyncError(f"Des lignes diffèrent du centre et ne peuvent être remises ici ({tables}).") from error
    return done


def _repair(cache: Cache, wrong: list[tuple[SyncTable, list[list[Any]], list[int]]], done: Verified) -> None:
    with cache.writing(mute=True) as db:
        for table, rows, _ in wrong:
            try:
                db.executemany(upsert_sql(table), rows)
            except sqlcipher.IntegrityError:
                if not exchanged(cache, table, upsert_sql(table), rows):
                    raise
            done.repaired += len(rows)
        for table, _, extra in reversed(wrong):
            db.executemany(f"DELETE FROM {table.name} WHERE id = ?", [(pk,) for pk in extra])
            done.repaired += len(extra)
        touched = defaultdict(list, {table.name: [row[0] for row in rows] for table, rows, _ in wrong})
        set_orphans_aside(cache, touched, Applied())
