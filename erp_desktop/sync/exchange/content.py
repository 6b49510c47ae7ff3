"""What a batch says: the rows and fields of its units, read from the live rows, as the centre's merge takes them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from erp_desktop.centre.functions.envelope import LARGEST_TOLD, MOST_BLOCKS
from erp_desktop.registry.policies import PROTOCOL
from erp_desktop.registry.tables import TABLES, SyncTable
from erp_desktop.sync.exchange.cache import Cache, dumps
from erp_desktop.sync.exchange.units import Change, Unit


def wire(value: object) -> object:
    """A SQLite value as it crosses the line: bytes in hexadecimal, the rest as it is stored."""
    return value.hex() if isinstance(value, bytes) else value


def _live(cache: Cache, table: SyncTable, columns: tuple[str, ...], pks: list[int]) -> dict[int, tuple[Any, ...]]:
    """(pk, ver, values of ``columns``…) by pk, of the rows that still exist."""
    shown = ", ".join(f"t.{c}" for c in columns)
    return {
        row[0]: row
        for row in cache.db.execute(
            f"SELECT t.id, coalesce(v.ver, 0), {shown} FROM json_each(?) l JOIN {table.name} t ON t.id = l.value "
            "LEFT JOIN sync_versions v ON v.nom_table = ? AND v.pk = t.id",
            (dumps(pks), table.name),
        )
    }


@dataclass(frozen=True, slots=True)
class Content:
    """What units say.

    Attributes:
        text: the batch's JSON.
        carried: changed rows in it.
        poison: units that hold a text the centre cannot store.
        whole: every captured field is told; otherwise some were changed back since.
        large: the centre might refuse so much at once; fewer units must be told.
    """

    text: str
    carried: int
    poison: set[int]
    whole: bool
    large: bool


def content_of(cache: Cache, units: list[Unit]) -> Content:
    """Read what ``units`` say from the live rows."""
    by_table: dict[str, list[tuple[int, Change]]] = defaultdict(list)
    for index, unit in enumerate(units):
        for change in unit.changes.values():
            by_table[change.table].append((index, change))
    _name_authors(cache, units)
    held = _held(cache)
    inserts: dict[str, Any] = {}
    updates: dict[str, Any] = {}
    deletes: dict[str, Any] = {}
    whole = True
    for table in TABLES:
        mine = by_table.get(table.name)
        if not mine:
            continue
        _inserted(cache, table, [m for m in mine if m[1].first == "I"], inserts)
        gone, told = _updated(cache, table, [m for m in mine if m[1].first != "I"], held, updates)
        whole = whole and told
        if gone:
            deletes[table.name] = [[i, c.user_id, c.pk, _version(cache, table, c.pk)] for i, c in gone]
    carried = sum(len(b["r"]) for b in (*inserts.values(), *(b for blocks in updates.values() for b in blocks)))
    carried += sum(map(len, deletes.values()))
    settled = cache.all("SELECT id, resolu FROM sync_conflits WHERE resolu IS NOT NULL AND resolu_a >= ?",
                        cache.get("resolus_envoyes_a") or "")  # fmt: skip
    payload = {
        "v": PROTOCOL, "n": len(units), "i": inserts, "m": updates, "d": deletes, "r": [list(r) for r in settled],
    }  # fmt: skip
    text = dumps(payload)
    large = len(units) > 1 and (len(text) > LARGEST_TOLD or sum(map(len, updates.values())) > MOST_BLOCKS)
    return Content(text, carried, _poisoned(inserts, updates) if "\\u0000" in text else set(), whole, large)


def _name_authors(cache: Cache, units: list[Unit]) -> None:
    """Of several people who touched a row, name one who may validate: the centre asks for it of the whole row."""
    shared = [change for unit in units for change in unit.changes.values() if change.others]
    if not shared:
        return
    query = "SELECT id FROM users WHERE role IN ('admin', 'responsable') AND is_active"
    may: set[int] = {row[0] for row in cache.db.execute(query)}
    for change in shared:
        if change.user_id not in may:
            change.user_id = min(may.intersection(change.others), default=change.user_id)


Indexed = list[tuple[int, Change]]
"""Changes with the index of their unit in the batch."""


def _inserted(cache: Cache, table: SyncTable, born: Indexed, inserts: dict[str, Any]) -> None:
    """Add the rows that were born here; those that died here too leave no trace."""
    live = _live(cache, table, table.sent, [c.pk for _, c in born])
    rows = [[i, c.user_id, *map(wire, live[c.pk][2:])] for i, c in born if c.pk in live]
    if rows:
        inserts[table.name] = {"c": list(table.sent), "r": rows}


def _updated(
    cache: Cache, table: SyncTable, known: Indexed, held: dict[tuple[str, int], set[str]], updates: dict[str, Any]
) -> tuple[Indexed, bool]:
    """Add the fields that differ from what they were, one block per set of columns; a group goes whole.

    Returns:
        The deleted rows, and whether every captured field of the others was added.
    """
    position = {c: i for i, c in enumerate(table.names)}
    by_columns: dict[tuple[str, ...], Indexed] = defaultdict(list)
    for pair in known:
        by_columns[tuple(pair[1].olds)].append(pair)
    gone: Indexed = []
    whole = True
    blocks: dict[tuple[str, ...], list[list[Any]]] = defaultdict(list)
    for captured, pairs in by_columns.items():
        parts = _parts(table, captured, position)
        columns = tuple(c for part in parts for c in part)
        seen = _seen(table)
        live = _live(cache, table, (*columns, *seen) or ("id",), [c.pk for _, c in pairs])
        for index, change in pairs:
            row = live.get(change.pk)
            if row is None:
                gone.append((index, change))
                continue
            overtaken = held.get((table.name, change.pk), ())
            changed: list[str] = []
            values: list[object] = []
            place, olds = 2, change.olds
            for part in parts:
                news = row[place : place + len(part)]
                place += len(part)
                # What was not captured is as it was. What is not known to have changed goes with base NULL: the
                # centre's answer makes both sides one.
                if any(
                    olds.get(c, new) != new or c in overtaken or c in change.unknown
                    for c, new in zip(part, news, strict=True)
                ):
                    for column, new in zip(part, news, strict=True):
                        changed.append(column)
                        values += (wire(olds.get(column, new)), wire(new))
            whole = whole and len(changed) == len(columns)
            if changed and table.witness not in changed:
                for column, now in zip(seen, row[place:], strict=True):
                    changed.append(column)
                    values += (wire(now), wire(now))
            if changed:
                blocks[tuple(changed)].append([index, change.user_id, change.pk, row[1], *values])
    if blocks:
        updates[table.name] = [{"c": list(columns), "r": rows} for columns, rows in blocks.items()]
    return gone, whole


def _parts(table: SyncTable, captured: Iterable[str], position: dict[str, int]) -> list[tuple[str, ...]]:
    """What is decided together, for the columns that were captured: groups whole, the others one by one."""
    groups = table.group_of
    parts = {groups[c].columns if c in groups else (c,) for c in captured}
    return sorted(parts, key=lambda part: position[part[0]])


def _seen(table: SyncTable) -> tuple[str, ...]:
    """The witness of a row's state, with what is decided with it."""
    if not table.witness:
        return ()
    group = table.group_of.get(table.witness)
    return group.columns if group is not None else (table.witness,)


def _held(cache: Cache) -> dict[tuple[str, int], set[str]]:
    """Fields whose newer value from the centre was set aside because they were dirty here.

    Such a field is sent even when it was changed back: only the centre's answer brings its value here.
    """
    held = {}
    for key, value in cache.all("SELECT cle, valeur FROM sync_meta WHERE cle LIKE 'centre:%'"):
        _, table, pk = key.split(":")
        held[table, int(pk)] = set(json.loads(value))
    return held


def _poisoned(inserts: dict[str, Any], updates: dict[str, Any]) -> set[int]:
    blocks = [*inserts.values(), *(b for bs in updates.values() for b in bs)]
    return {r[0] for b in blocks for r in b["r"] if any(isinstance(v, str) and "\0" in v for v in r)}


def _version(cache: Cache, table: SyncTable, pk: int) -> int:
    return int(cache.value("SELECT ver FROM sync_versions WHERE nom_table = ? AND pk = ?", table.name, pk) or 0)
