"""Natural keys that change hands, on a device: sent in one unit, and taken whatever the order of the rows."""

from __future__ import annotations

from typing import Any

import sqlcipher3.dbapi2 as sqlcipher

from erp_desktop.centre.functions.key_swaps import natural_keys, provisional
from erp_desktop.registry.tables import BY_NAME, SyncTable
from erp_desktop.sync.exchange.cache import Cache

ROW_TROUBLE = (
    sqlcipher.IntegrityError, sqlcipher.DataError, sqlcipher.InterfaceError, sqlcipher.ProgrammingError,
    OverflowError, UnicodeError,
)  # fmt: skip
"""A row that this cache cannot hold: a rule refuses it, or SQLite has no such value; never a fault of the file."""


def passed_on(cache: Cache) -> list[tuple[tuple[str, int], tuple[str, int]]]:
    """(giver, taker) of natural keys that changed hands: neither can land without the other."""
    pairs = []
    changed = cache.all("SELECT DISTINCT nom_table, colonne FROM sync_outbox WHERE op = 'U' AND refus IS NULL")
    for name, column in changed:
        table = BY_NAME.get(name)
        if table is None or column not in {c for c, _ in natural_keys(table)}:
            continue
        found = cache.all(
            f"SELECT g.pk, t.id FROM sync_outbox g JOIN {table.name} t ON t.{table.column(column).name} = g.ancien "
            "WHERE g.nom_table = ? AND g.op = 'U' AND g.colonne = ? AND g.refus IS NULL AND t.id <> g.pk",
            name, column,
        )  # fmt: skip
        pairs += [((name, giver), (name, taker)) for giver, taker in found]
    return pairs


def one_by_one(cache: Cache, sql: str, rows: list[list[Any]]) -> list[tuple[list[Any], str]]:
    """Write what can be written; (row, reason) of the others."""
    refused = []
    for row in rows:
        cache.db.execute("SAVEPOINT ligne")
        try:
            cache.db.execute(sql, row)
        except ROW_TROUBLE as error:
            cache.db.execute("ROLLBACK TO ligne")
            refused.append((row, str(error)))
        cache.db.execute("RELEASE ligne")
    return refused


def exchanged(cache: Cache, table: SyncTable, sql: str, rows: list[list[Any]]) -> bool:
    """Take rows that exchanged a natural key: each gives its own up before any takes its new one."""
    given_up = ", ".join(f"{c} = {provisional(nullable)}" for c, nullable in natural_keys(table))
    if not given_up:
        return False
    cache.db.execute("SAVEPOINT echange")
    try:
        cache.db.executemany(f"UPDATE {table.name} SET {given_up} WHERE id = ?", [(row[0],) for row in rows])
        cache.db.executemany(sql, rows)
    except sqlcipher.IntegrityError:
        cache.db.execute("ROLLBACK TO echange")
        return False
    finally:
        cache.db.execute("RELEASE echange")
    return True
