"""From captured changes to batches: units, coalescing, and bytes frozen before they are first sent.

Groups (transactions) that share a row form one *unit*, because new values are read from the live row; a unit lands
or is parked as a whole. A batch is frozen in ``sync_lots`` with its number and hash, and sent again verbatim until it
is answered.
"""

from __future__ import annotations

import gc
import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from erp_desktop import clock
from erp_desktop.db.registry import TABLES, SyncTable
from erp_desktop.sync.cache import Cache, dumps
from erp_desktop.sync.exchanged import passed_on
from erp_desktop.sync.reborn import before


@dataclass(slots=True)
class Change:
    """What one row went through since it was last sent.

    Attributes:
        olds: values before the first change, by column.
        deleted: the row as it was when it was last deleted, in JSON.
        unknown: columns whose value before is not known, because a deletion does not keep it.
    """

    table: str
    pk: int
    user_id: int | None
    first: str
    olds: dict[str, Any] = field(default_factory=dict)
    deleted: str | bytes | None = None
    unknown: frozenset[str] = frozenset()


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


@dataclass(frozen=True, slots=True)
class Draft:
    """The content of the units that come next, and the state of the outbox that it was read from."""

    seen: tuple[int | None, int]
    units: list[Unit]
    content: str
    carried: int
    poison: set[int]


class Outbox:
    """Plans units once for all that waits, and freezes them batch by batch while nothing new was captured."""

    def __init__(self, cache: Cache) -> None:
        self.cache = cache
        self.cancelled = False
        """Changes were dropped because they came to nothing; what waited for their rows may be tried again."""
        self._plan: list[Unit] = []
        self._seen: tuple[int | None, int] = (None, -1)
        self._draft: Draft | None = None

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
            while (draft := self._take(limit)) is not None:
                if draft.poison:
                    self._set_aside(draft.units, draft.poison)
                    continue
                if not draft.carried:
                    # Inserted and deleted, or changed and changed back: nothing to tell.
                    ids = [(i,) for u in draft.units for i in u.outbox]
                    db.executemany("DELETE FROM sync_outbox WHERE id = ?", ids)
                    self.cancelled = True
                    continue
                return self._freeze(draft.units, draft.content, draft.carried)
        return None

    def prepare(self, limit: int) -> None:
        """Draft the batch that follows the one under way, while the line is busy with that one."""
        self._draft = None
        if self._plan:
            seen, units = self._state(), self._plan[:limit]
            self._draft = Draft(seen, units, *_content(self.cache, units))

    def touched(self, rows: Collection[tuple[str, int]]) -> None:
        """Drop a draft that holds one of these rows: an answer changed them here since it was made."""
        if self._draft is not None and any(not u.changes.keys().isdisjoint(rows) for u in self._draft.units):
            self._draft = None

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

    def _state(self) -> tuple[int | None, int]:
        # ``data_version`` moves when another connection commits: what it took from the outbox must not go twice.
        return self.cache.value("SELECT max(id) FROM sync_outbox"), self.cache.value("PRAGMA data_version")

    def _take(self, limit: int) -> Draft | None:
        # A plan that misses a change captured meanwhile is still right: that change goes with the next plan, and
        # the values sent are read from the live rows either way.
        seen = self._state()
        draft, self._draft = self._draft, None
        if not self._plan or seen != self._seen:
            _reopen_parked(self.cache)
            self._plan = plan(self.cache)
            self._seen = seen
            draft = None
        if draft is None or draft.seen != seen:
            units = self._plan[:limit]
            if not units:
                return None
            draft = Draft(seen, units, *_content(self.cache, units))
        self._plan = self._plan[len(draft.units) :]
        return draft


@contextmanager
def without_collector() -> Iterator[None]:
    """A plan is many small objects, all alive and without cycles: walking them costs a third of a push."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _reopen_parked(cache: Cache) -> None:
    """A row that was corrected after its refusal is sent again whole, with the units that waited for a parent."""
    refused = cache.all("SELECT DISTINCT refus, nom_table, pk FROM sync_outbox WHERE refus IS NOT NULL")
    if not refused:
        return
    loose = set(cache.all("SELECT nom_table, pk FROM sync_outbox WHERE refus IS NULL"))
    touched = {(refusal,) for refusal, table, pk in refused if (table, pk) in loose}
    if not touched:
        return
    waiting = cache.all("SELECT CAST(id AS TEXT) FROM sync_gares WHERE etat = 'gare' AND code = 'parent'")
    refusals = {r[0] for r in (*touched, *waiting)}
    cache.db.executemany("UPDATE sync_outbox SET refus = NULL WHERE refus = ?", [(r,) for r in refusals])
    cache.db.executemany("UPDATE sync_gares SET etat = 'renvoye' WHERE id = ?", [(int(r),) for r in refusals])


def plan(cache: Cache, *, parked: bool = False) -> list[Unit]:
    """Join captured groups that share a row or pass a natural key on into units, oldest first; ``parked`` too."""
    which = "" if parked else "WHERE refus IS NULL "
    rows = cache.db.execute(
        f"SELECT id, groupe, user_id, nom_table, pk, op, colonne, ancien FROM sync_outbox {which}ORDER BY id"
    )
    unit_of_group: dict[int, Unit] = {}
    unit_of_row: dict[tuple[str, int], Unit] = {}
    groups_of: dict[int, list[int]] = defaultdict(list)
    unit: Unit | None = None
    change: Change | None = None
    noted: tuple[str, int, int | None] | None = None
    for identifier, group, user_id, table, pk, op, column, old in rows:
        if op == "U" and noted == (table, pk, group) and unit is not None and change is not None:
            # One more column of the row just noted: most of a bulk update.
            unit.outbox.append(identifier)
            change.olds.setdefault(column, old)
            continue
        noted = (table, pk, group)
        key = (table, pk)
        unit = unit_of_row.get(key)
        # Without a group a change is one of its own, which nothing else can join by its number.
        if group is not None and (other := unit_of_group.get(group)) is not unit:
            if unit is None:
                unit = other
            elif other is not None:
                unit = _join(unit, other, unit_of_row, unit_of_group, groups_of)
        if unit is None:
            unit = Unit()
        if group is not None and group not in unit_of_group:
            unit_of_group[group] = unit
            groups_of[id(unit)].append(group)
        unit.outbox.append(identifier)
        change = unit.changes.get(key)
        if change is None:
            unit_of_row[key] = unit
            change = unit.changes[key] = Change(table, pk, user_id, op)
        if op == "U":
            change.olds.setdefault(column, old)
        elif op == "D":
            change.deleted = old
        elif op == "I" and change.first != "I" and change.deleted is not None:
            change.olds, change.unknown = before(table, change.olds, change.deleted)
    for giver, taker in passed_on(cache):
        one, two = unit_of_row.get(giver), unit_of_row.get(taker)
        if one is not None and two is not None and one is not two:
            _join(one, two, unit_of_row, unit_of_group, groups_of)
    units = {id(u): u for u in unit_of_row.values()}
    return sorted(units.values(), key=lambda u: u.outbox[0])


def everything(cache: Cache) -> str:
    """All that waits, parked units included, as the content of one batch."""
    units = plan(cache, parked=True)
    content, _, poison = _content(cache, units)
    if poison:
        content, _, _ = _content(cache, [u for i, u in enumerate(units) if i not in poison])
    return content


def _join(
    one: Unit,
    two: Unit,
    unit_of_row: dict[tuple[str, int], Unit],
    unit_of_group: dict[int, Unit],
    groups_of: dict[int, list[int]],
) -> Unit:
    """Make two units one, the older; returns it."""
    first, second = (one, two) if one.outbox[0] < two.outbox[0] else (two, one)
    first.outbox += second.outbox
    first.changes.update(second.changes)
    for moved in second.changes:
        unit_of_row[moved] = first
    for moved_group in groups_of.pop(id(second), []):
        unit_of_group[moved_group] = first
        groups_of[id(first)].append(moved_group)
    second.outbox = []
    return first


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


def _content(cache: Cache, units: list[Unit]) -> tuple[str, int, set[int]]:
    """The batch's JSON, the rows that it carries, and the units that hold a text the centre cannot store."""
    by_table: dict[str, list[tuple[int, Change]]] = defaultdict(list)
    for index, unit in enumerate(units):
        for change in unit.changes.values():
            by_table[change.table].append((index, change))
    held = _held(cache)
    inserts: dict[str, Any] = {}
    updates: dict[str, Any] = {}
    deletes: dict[str, Any] = {}
    for table in TABLES:
        mine = by_table.get(table.name)
        if not mine:
            continue
        _inserted(cache, table, [m for m in mine if m[1].first == "I"], inserts)
        gone = _updated(cache, table, [m for m in mine if m[1].first != "I"], held, updates)
        if gone:
            deletes[table.name] = [[i, c.user_id, c.pk, _version(cache, table, c.pk)] for i, c in gone]
    carried = sum(len(b["r"]) for b in (*inserts.values(), *(b for blocks in updates.values() for b in blocks)))
    carried += sum(map(len, deletes.values()))
    settled = cache.all("SELECT id, resolu FROM sync_conflits WHERE resolu IS NOT NULL AND resolu_a >= ?",
                        cache.get("resolus_envoyes_a") or "")  # fmt: skip
    payload = {"n": len(units), "i": inserts, "m": updates, "d": deletes, "r": [list(r) for r in settled]}
    content = dumps(payload)
    poison = _poisoned(inserts, updates) if "\\u0000" in content else set()
    return content, carried, poison


Indexed = list[tuple[int, Change]]
"""Changes with the index of their unit in the batch."""


def _inserted(cache: Cache, table: SyncTable, born: Indexed, inserts: dict[str, Any]) -> None:
    """Add the rows that were born here; those that died here too leave no trace."""
    live = _live(cache, table, table.names, [c.pk for _, c in born])
    rows = [[i, c.user_id, *map(wire, live[c.pk][2:])] for i, c in born if c.pk in live]
    if rows:
        inserts[table.name] = {"c": list(table.names), "r": rows}


def _updated(
    cache: Cache, table: SyncTable, known: Indexed, held: dict[tuple[str, int], set[str]], updates: dict[str, Any]
) -> Indexed:
    """Add the fields that differ from what they were, one block per set of columns; return the deleted rows."""
    position = {c: i for i, c in enumerate(table.names)}
    by_columns: dict[tuple[str, ...], Indexed] = defaultdict(list)
    for pair in known:
        by_columns[tuple(pair[1].olds)].append(pair)
    gone: Indexed = []
    blocks: dict[tuple[str, ...], list[list[Any]]] = defaultdict(list)
    for captured, pairs in by_columns.items():
        columns = tuple(sorted(captured, key=position.__getitem__))
        live = _live(cache, table, columns or ("id",), [c.pk for _, c in pairs])
        for index, change in pairs:
            row = live.get(change.pk)
            if row is None:
                gone.append((index, change))
                continue
            overtaken = held.get((table.name, change.pk), ())
            changed: list[str] = []
            values: list[object] = []
            for column, new in zip(columns, row[2:], strict=False):
                old = change.olds[column]
                # What is not known to have changed goes with base NULL: the centre's answer makes both sides one.
                if old != new or column in overtaken or column in change.unknown:
                    changed.append(column)
                    values += (wire(old), wire(new))
            if changed:
                blocks[tuple(changed)].append([index, change.user_id, change.pk, row[1], *values])
    if blocks:
        updates[table.name] = [{"c": list(columns), "r": rows} for columns, rows in blocks.items()]
    return gone


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
