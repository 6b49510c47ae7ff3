"""Comparison of a cache with the centre, row by row, and repair of what differs; unsent changes are left alone."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from erp_desktop.db.registry import TABLES, Kind, SyncTable
from erp_desktop.sync.apply import upsert_sql
from erp_desktop.sync.cache import Cache
from erp_desktop.sync.hydrate import unescape
from erp_desktop.sync.link import Link


@dataclass(slots=True)
class Verified:
    """``differences``: table → (missing here, too many here, different)."""

    rows: int = 0
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

    return bool(json.loads(a) == json.loads(b))


def verify(cache: Cache, link: Link, *, repair: bool = True) -> Verified:
    """Compare every synchronised row with the centre; run right after a cycle.

    Rows that wait to be sent are skipped. With ``repair`` the centre's version is put in place of what differs.
    """
    done = Verified()
    texts: dict[str, str] = {}
    with link.snapshot():
        for table in TABLES:
            sink = _Collect()
            link.copy_out(f"SELECT * FROM sync.copie_{table.name}()", sink)
            texts[table.name] = b"".join(sink.parts).decode()
    dirty = set(cache.all("SELECT DISTINCT nom_table, pk FROM sync_outbox"))
    wrong: list[tuple[SyncTable, list[list[Any]], list[int]]] = []
    for table in TABLES:
        theirs = {int(r[0]): r for r in (_native(table, x) for x in texts[table.name].split("\n")[:-1])}
        ours = {r[0]: r for r in cache.all(f"SELECT {', '.join(table.names)} FROM {table.name}")}
        done.rows += len(theirs)
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
        with cache.writing(mute=True) as db:
            for table, rows, _ in wrong:
                db.executemany(upsert_sql(table), rows)
                done.repaired += len(rows)
            for table, _, extra in reversed(wrong):
                db.executemany(f"DELETE FROM {table.name} WHERE id = ?", [(pk,) for pk in extra])
                done.repaired += len(extra)
    return done
