"""A row that takes another identifier, wherever this cache names it."""

from __future__ import annotations

import json

from erp_desktop.registry.tables import TABLES, SyncTable
from erp_desktop.sync.exchange.cache import Cache, dumps


def rename(cache: Cache, table: SyncTable, pk: int, new: int) -> None:
    """Give row ``pk`` the identifier ``new``; inside a muted transaction that defers foreign keys."""
    cache.db.execute(f"UPDATE main.{table.name} SET id = ? WHERE id = ?", (new, pk))
    point_at(cache, table, pk, new)
    cache.db.execute("UPDATE sync_outbox SET pk = ? WHERE nom_table = ? AND pk = ?", (new, table.name, pk))


def point_at(cache: Cache, table: SyncTable, pk: int, new: int) -> None:
    """Let everything that names row ``pk`` name ``new``: children, their bases, conflicts and parked units."""
    db = cache.db
    for child in TABLES:
        for reference in child.references:
            if reference.target == table.name:
                column = reference.column
                db.execute(f"UPDATE main.{child.name} SET {column} = ? WHERE {column} = ?", (new, pk))
                db.execute(
                    "UPDATE sync_outbox SET ancien = ? "
                    "WHERE nom_table = ? AND colonne = ? AND op = 'U' AND ancien = ?",
                    (new, child.name, column, pk),
                )
    db.execute("UPDATE sync_conflits SET pk = ? WHERE nom_table = ? AND pk = ?", (new, table.name, pk))
    named = []
    for gare, content in cache.all("SELECT id, contenu FROM sync_gares WHERE etat = 'gare'"):
        rows = json.loads(content)
        if [table.name, pk] in rows:
            named.append((dumps([[table.name, new] if row == [table.name, pk] else row for row in rows]), gare))
    db.executemany("UPDATE sync_gares SET contenu = ? WHERE id = ?", named)


def become(cache: Cache, table: SyncTable, pk: int, new: int) -> None:
    """The centre had a row with this one's natural key: both are one, under its identifier.

    What was typed here since goes on waiting, for the row that it became.
    """
    if cache.value(f"SELECT 1 FROM {table.name} WHERE id = ?", pk) is None:
        return
    waits = {op for (op,) in cache.all("SELECT op FROM sync_outbox WHERE nom_table = ? AND pk = ?", table.name, pk)}
    if "I" in waits:
        # Its unit was refused for another reason: the centre is asked again when it goes.
        return
    if cache.value(f"SELECT 1 FROM {table.name} WHERE id = ?", new) is None:
        rename(cache, table, pk, new)
    elif not waits:
        point_at(cache, table, pk, new)
        cache.db.execute(f"DELETE FROM {table.name} WHERE id = ?", (pk,))
    cache.db.execute("DELETE FROM sync_versions WHERE nom_table = ? AND pk = ?", (table.name, pk))
    cache.db.execute("DELETE FROM sync_meta WHERE cle = ?", (f"centre:{table.name}:{pk}",))
