"""What an answer brought, and what of it is set aside here to be tried again at each cycle."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from erp_desktop import clock
from erp_desktop.registry.tables import TABLES, SyncTable
from erp_desktop.sync.exchange.cache import Cache, dumps


@dataclass(slots=True)
class Applied:
    pushed: int = 0
    pulled: int = 0
    conflicts: int = 0
    parked: int = 0
    rejected: int = 0
    parked_rows: int = 0
    tables: set[str] = field(default_factory=set)
    fiches: list[int] = field(default_factory=list)
    """Interventions that came, in their order."""


def reject(cache: Cache, table: SyncTable, row: list[Any], reason: str, done: Applied) -> None:
    values = [v.hex() if isinstance(v, bytes) else v for v in row]
    cache.db.execute(
        "INSERT OR REPLACE INTO sync_recus_rejetes (nom_table, pk, raison, contenu, quand) VALUES (?, ?, ?, ?, ?)",
        (table.name, row[0], reason, dumps(values), clock.to_text(clock.now())),
    )
    done.rejected += 1


def references_to(name: str) -> list[tuple[str, str]]:
    """(table, column) of every foreign key to ``name``."""
    return [(t.name, r.column) for t in TABLES for r in t.references if r.target == name]


def touch(cache: Cache, pks: list[int]) -> None:
    cache.db.execute("CREATE TEMP TABLE IF NOT EXISTS _touches (pk INTEGER PRIMARY KEY)")
    cache.db.execute("DELETE FROM temp._touches")
    cache.db.executemany("INSERT OR IGNORE INTO temp._touches VALUES (?)", [(pk,) for pk in pks])


def set_orphans_aside(cache: Cache, touched: dict[str, list[int]], done: Applied) -> None:
    """Set aside touched rows whose parent is not here, or their foreign key would refuse the whole pull at COMMIT.

    Args:
        cache: inside a muted transaction.
        touched: keys by table, a ``defaultdict``; emptied.
        done: counts them as rejected.
    """
    for table in TABLES:
        if not table.references:
            continue
        missing = " OR ".join(
            f"(t.{r.column} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {r.target} p WHERE p.id = t.{r.column}))"
            for r in table.references
        )
        columns = ", ".join(f"t.{c}" for c in table.names)
        # Again while something went, because a table may refer to itself.
        while pks := touched.pop(table.name, None):
            touch(cache, pks)
            # CROSS: or SQLite reads the whole table and looks each row up among the touched ones.
            orphans = cache.all(
                f"SELECT {columns} FROM temp._touches x CROSS JOIN {table.name} t ON t.id = x.pk WHERE {missing}"
            )
            for orphan in orphans:
                reject(cache, table, list(orphan), "le parent de cette ligne n'est pas encore arrivé", done)
                cache.db.execute(f"DELETE FROM {table.name} WHERE id = ?", (orphan[0],))
                for child, column in references_to(table.name):
                    found = cache.all(f"SELECT id FROM {child} WHERE {column} = ?", orphan[0])
                    touched[child] += [r[0] for r in found]


def postpone(cache: Cache, name: str, pk: int, what: dict[str, object], reason: str, done: Applied) -> None:
    cache.db.execute(
        "INSERT OR REPLACE INTO sync_recus_rejetes (nom_table, pk, raison, contenu, quand) VALUES (?, ?, ?, ?, ?)",
        (name, pk, reason, dumps(what), clock.to_text(clock.now())),
    )
    done.rejected += 1
