"""From captured changes to batches: units, coalescing, and bytes frozen before they are first sent.

Groups (transactions) that share a row form one *unit*, because new values are read from the live row; a unit lands
or is parked as a whole. A batch is frozen in ``sync_lots`` with its number and hash, and sent again verbatim until it
is answered.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from erp_desktop import clock
from erp_desktop.db.registry import TABLES, SyncTable
from erp_desktop.sync.cache import Cache, dumps


@dataclass(slots=True)
class Change:
    """What one row went through since it was last sent."""

    table: str
    pk: int
    user_id: int | None
    first: str
    last: str
    olds: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Unit:
    outbox: list[int] = field(default_factory=list)
    changes: dict[tuple[str, int], Change] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Batch:
    """A frozen batch.

    Attributes:
        content: the JSON sent to the centre, UTF-8.
        units: outbox ids of each unit, in the batch's order.
        rows: changed rows that it carries.
    """

    numero: int
    digest: str
    content: str
    units: list[list[int]]
    rows: int


class Outbox:
    """Plans units once for all that waits, and freezes them batch by batch while nothing new was captured."""

    def __init__(self, cache: Cache) -> None:
        self.cache = cache
        self.cancelled = False
        """Changes were dropped because they came to nothing; what waited for their rows may be tried again."""
        self._plan: list[Unit] = []
        self._seen: tuple[int | None, int] = (None, -1)

    def pending(self) -> int:
        """Rows waiting to be sent."""
        sql = "SELECT count(*) FROM (SELECT DISTINCT nom_table, pk FROM sync_outbox WHERE refus IS NULL)"
        return int(self.cache.value(sql))

    def unanswered(self) -> Batch | None:
        """The batch that was frozen and not answered yet."""
        row = self.cache.one(
            "SELECT numero, empreinte, contenu, sortants FROM sync_lots "
            "WHERE repondu_a IS NULL ORDER BY numero LIMIT 1"
        )
        if row is None:
            return None
        units = json.loads(row[3])
        return Batch(row[0], row[1], bytes(row[2]).decode(), units["u"], units["n"])

    def next_batch(self, limit: int) -> Batch | None:
        """The unanswered batch, else a newly frozen one of at most ``limit`` units; None when nothing waits."""
        if (again := self.unanswered()) is not None:
            return again
        if self.cache.value("SELECT 1 FROM sync_outbox WHERE refus IS NULL LIMIT 1") is None:
            return None
        with self.cache.writing() as db:
            # Another process may have frozen the same changes since; only the lock tells.
            if (again := self.unanswered()) is not None:
                return again
            while True:
                units = self._take(limit)
                if not units:
                    return None
                content, carried, poison = _content(self.cache, units)
                if poison:
                    self._set_aside(units, poison)
                    continue
                if not carried:
                    # Inserted and deleted, or changed and changed back: nothing to tell.
                    db.executemany("DELETE FROM sync_outbox WHERE id = ?", [(i,) for u in units for i in u.outbox])
                    self.cancelled = True
                    continue
                return self._freeze(units, content, carried)

    def _freeze(self, units: list[Unit], content: str, carried: int) -> Batch:
        numero = int(self.cache.get("dernier_lot") or 0) + 1
        digest = hashlib.sha256(content.encode()).hexdigest()
        ids = [unit.outbox for unit in units]
        self.cache.db.execute(
            "INSERT INTO sync_lots (numero, empreinte, contenu, sortants, cree_a) VALUES (?, ?, ?, ?, ?)",
            (numero, digest, content.encode(), dumps({"u": ids, "n": carried}), clock.to_text(clock.now())),
        )
        self.cache.put(dernier_lot=numero, resolus_envoyes_a=clock.to_text(clock.now()))
        return Batch(numero, digest, content, ids, carried)

    def _set_aside(self, units: list[Unit], poison: set[int]) -> None:
        now = clock.to_text(clock.now())
        for index in poison:
            unit = units[index]
            cursor = self.cache.db.execute(
                "INSERT INTO sync_gares (code, raison, contenu, quand) VALUES ('texte', ?, ?, ?)",
                ("un texte contient un caractère nul", dumps([list(k) for k in unit.changes]), now),
            )
            self.cache.db.executemany(
                "UPDATE sync_outbox SET refus = ? WHERE id = ?", [(str(cursor.lastrowid), i) for i in unit.outbox]
            )
        self._plan = []

    def _take(self, limit: int) -> list[Unit]:
        # A plan that misses a change captured meanwhile is still right: that change goes with the next plan, and
        # the values sent are read from the live rows either way.
        # ``data_version`` moves when another connection commits: what it took from the outbox must not go twice.
        seen = (self.cache.value("SELECT max(id) FROM sync_outbox"), self.cache.value("PRAGMA data_version"))
        if not self._plan or seen != self._seen:
            _reopen_parked(self.cache)
            self._plan = plan(self.cache)
            self._seen = seen
        units, self._plan = self._plan[:limit], self._plan[limit:]
        return units


def _reopen_parked(cache: Cache) -> None:
    """A row that was corrected after its refusal is sent again whole, with the units that waited for a parent."""
    touched = cache.all(
        "SELECT DISTINCT p.refus FROM sync_outbox p WHERE p.refus IS NOT NULL AND EXISTS "
        "(SELECT 1 FROM sync_outbox o WHERE o.nom_table = p.nom_table AND o.pk = p.pk AND o.refus IS NULL)"
    )
    if not touched:
        return
    waiting = cache.all("SELECT CAST(id AS TEXT) FROM sync_gares WHERE etat = 'gare' AND code = 'parent'")
    refusals = {r[0] for r in (*touched, *waiting)}
    cache.db.executemany("UPDATE sync_outbox SET refus = NULL WHERE refus = ?", [(r,) for r in refusals])
    cache.db.executemany("UPDATE sync_gares SET etat = 'renvoye' WHERE id = ?", [(int(r),) for r in refusals])


def plan(cache: Cache) -> list[Unit]:
    """Join captured groups that share a row into units, in the order of their first change."""
    rows = cache.db.execute(
        "SELECT id, coalesce(groupe, -id), user_id, nom_table, pk, op, colonne, ancien FROM sync_outbox "
        "WHERE refus IS NULL ORDER BY id"
    )
    unit_of_group: dict[int, Unit] = {}
    unit_of_row: dict[tuple[str, int], Unit] = {}
    groups_of: dict[int, list[int]] = defaultdict(list)
    for identifier, group, user_id, table, pk, op, column, old in rows:
        key = (table, pk)
        unit, other = unit_of_group.get(group), unit_of_row.get(key)
        if unit is None and other is None:
            unit = Unit()
        elif unit is None:
            unit = other
        elif other is not None and other is not unit:
            first, second = (unit, other) if unit.outbox[0] < other.outbox[0] else (other, unit)
            first.outbox += second.outbox
            first.changes.update(second.changes)
            for moved in second.changes:
                unit_of_row[moved] = first
            for moved_group in groups_of.pop(id(second), []):
                unit_of_group[moved_group] = first
                groups_of[id(first)].append(moved_group)
            second.outbox = []
            unit = first
        assert unit is not None  # noqa: S101 - narrows for the type checker
        if group not in unit_of_group:
            unit_of_group[group] = unit
            groups_of[id(unit)].append(group)
        unit_of_row[key] = unit
        unit.outbox.append(identifier)
        change = unit.changes.get(key)
        if change is None:
            change = unit.changes[key] = Change(table, pk, user_id, op, op)
        change.last = op
        if op == "U":
            change.olds.setdefault(column, old)
    units = {id(u): u for u in unit_of_row.values()}
    return sorted(units.values(), key=lambda u: min(u.outbox))


def wire(value: object) -> object:
    """A SQLite value as it crosses the line: bytes in hexadecimal, the rest as it is stored."""
    return value.hex() if isinstance(value, bytes) else value


def _live(cache: Cache, table: SyncTable, wanted: dict[int, Change]) -> dict[int, tuple[Any, ...]]:
    """(ver, values of the table's columns…) by pk, of the rows that still exist."""
    db = cache.db
    db.execute("CREATE TEMP TABLE IF NOT EXISTS _lot (pk INTEGER PRIMARY KEY)")
    db.execute("DELETE FROM temp._lot")
    db.executemany("INSERT INTO temp._lot VALUES (?)", [(pk,) for pk in wanted])
    columns = ", ".join(f"t.{c}" for c in table.names)
    return {
        row[1]: row
        for row in db.execute(
            f"SELECT coalesce(v.ver, 0), {columns} FROM temp._lot l JOIN {table.name} t ON t.id = l.pk "
            "LEFT JOIN sync_versions v ON v.nom_table = ? AND v.pk = l.pk",
            (table.name,),
        )
    }


def _content(cache: Cache, units: list[Unit]) -> tuple[str, int, set[int]]:
    """The batch's JSON, the rows that it carries, and the units that hold a text the centre cannot store."""
    by_table: dict[str, dict[int, tuple[int, Change]]] = defaultdict(dict)
    for index, unit in enumerate(units):
        for change in unit.changes.values():
            by_table[change.table][change.pk] = (index, change)
    held = _held(cache)
    inserts: dict[str, Any] = {}
    updates: dict[str, Any] = {}
    deletes: dict[str, Any] = {}
    carried = 0
    for table in TABLES:
        mine = by_table.get(table.name)
        if not mine:
            continue
        live = _live(cache, table, {pk: c for pk, (_, c) in mine.items()})
        shapes: dict[tuple[str, ...], list[list[Any]]] = defaultdict(list)
        names = table.names
        position = {c: i + 1 for i, c in enumerate(names)}
        for pk, (index, change) in mine.items():
            row = live.get(pk)
            if row is None:
                if change.first != "I":
                    deletes.setdefault(table.name, []).append([index, change.user_id, pk, _version(cache, table, pk)])
                continue
            if change.first == "I":
                block = inserts.setdefault(table.name, {"c": list(names), "r": []})
                block["r"].append([index, change.user_id, *map(wire, row[1:])])
                continue
            overtaken = held.get((table.name, pk), ())
            changed = sorted(
                (c for c, old in change.olds.items() if old != row[position[c]] or c in overtaken),
                key=position.__getitem__,
            )
            if changed:
                pairs = [wire(v) for c in changed for v in (change.olds[c], row[position[c]])]
                shapes[tuple(changed)].append([index, change.user_id, pk, row[0], *pairs])
        for shape, rows in shapes.items():
            carried += len(rows)
            updates.setdefault(table.name, []).append({"c": list(shape), "r": rows})
        carried += len(inserts.get(table.name, {"r": ()})["r"]) + len(deletes.get(table.name, ()))
    settled = cache.all("SELECT id, resolu FROM sync_conflits WHERE resolu IS NOT NULL AND resolu_a >= ?",
                        cache.get("resolus_envoyes_a") or "")  # fmt: skip
    payload = {"n": len(units), "i": inserts, "m": updates, "d": deletes, "r": [list(r) for r in settled]}
    content = dumps(payload)
    poison = _poisoned(inserts, updates) if "\\u0000" in content else set()
    return content, carried, poison


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
