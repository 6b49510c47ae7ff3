"""Captured changes joined into units, which land or are parked as a whole.

Transactions that share a row form one unit, because new values are read from the live row.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from erp_desktop.registry.tables import TABLES
from erp_desktop.sync.exchange.cache import Cache, dumps
from erp_desktop.sync.exchange.key_swaps import passed_on
from erp_desktop.sync.exchange.recreated import before

_AUDIT = "historiques_interventions"


@dataclass(slots=True)
class Change:
    """What one row went through since it was last sent.

    Attributes:
        user_id: who is named as its author: the first to touch it, or whoever of them has the right for all of it.
        others: who touched it besides.
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
    others: frozenset[int | None] = frozenset()


@dataclass(slots=True)
class Unit:
    outbox: list[int] = field(default_factory=list)
    changes: dict[tuple[str, int], Change] = field(default_factory=dict)


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
    audits: list[int] = []
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
            if table == _AUDIT and group is None:
                audits.append(pk)
            change = unit.changes[key] = Change(table, pk, user_id, op)
        elif user_id != change.user_id:
            change.others |= {user_id}
        if op == "U":
            change.olds.setdefault(column, old)
        elif op == "D":
            change.deleted = old
        elif op == "I" and change.first != "I" and change.deleted is not None:
            change.olds, change.unknown = before(table, change.olds, change.deleted)
    for giver, taker in (*passed_on(cache), *_audited(cache, audits)):
        one, two = unit_of_row.get(giver), unit_of_row.get(taker)
        if one is not None and two is not None and one is not two:
            _join(one, two, unit_of_row, unit_of_group, groups_of)
    needed = _needed(cache, unit_of_row)
    joined = True
    while joined:
        # What goes first must not name what comes into being behind it: the two may be in different batches.
        joined = False
        for child, parent in needed:
            one, two = unit_of_row[child], unit_of_row[parent]
            if one.outbox[0] < two.outbox[0]:
                _join(one, two, unit_of_row, unit_of_group, groups_of)
                joined = True
    units = {id(u): u for u in unit_of_row.values()}
    return sorted(units.values(), key=lambda u: u.outbox[0])


def _needed(cache: Cache, unit_of_row: dict[tuple[str, int], Unit]) -> list[tuple[tuple[str, int], tuple[str, int]]]:
    """Changed rows that name a row which was made since, each with that row."""
    born: set[str] = set()
    changed: dict[str, list[int]] = defaultdict(list)
    for (name, pk), unit in unit_of_row.items():
        changed[name].append(pk)
        if unit.changes[name, pk].first == "I":
            born.add(name)
    found = []
    for table in TABLES:
        for reference in table.references if table.name in changed else ():
            if reference.target not in born:
                continue
            rows = cache.db.execute(
                f"SELECT id, {reference.column} FROM {table.name} WHERE id IN (SELECT value FROM json_each(?)) "
                f"AND {reference.column} IS NOT NULL",
                (dumps(changed[table.name]),),
            )
            for pk, parent in rows:
                key = (reference.target, parent)
                made = unit_of_row.get(key)
                if made is not None and made.changes[key].first == "I":
                    found.append(((table.name, pk), key))
    return found


def _audited(cache: Cache, audits: list[int]) -> list[tuple[tuple[str, int], tuple[str, int]]]:
    """A console's change of statut and the audit row that its trigger wrote: the centre wants them together."""
    if not audits:
        return []
    rows = cache.all(
        f"SELECT id, intervention_id FROM {_AUDIT} WHERE id IN (SELECT value FROM json_each(?))", dumps(audits)
    )
    return [(("interventions", intervention), (_AUDIT, pk)) for pk, intervention in rows]


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
