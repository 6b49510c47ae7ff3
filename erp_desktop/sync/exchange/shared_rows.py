"""A change to what all agencies share, which only head office writes: the centre's value comes back by itself.

Parked, it could never land, and this cache would go on showing a value that nobody else has. What was typed stays in
the inbox as the side that lost.
"""

from __future__ import annotations

import json
from typing import Any

from erp_desktop import clock
from erp_desktop.registry.policies import Policy
from erp_desktop.registry.tables import BY_NAME
from erp_desktop.sync.exchange.cache import Cache, dumps
from erp_desktop.sync.exchange.content import wire


def give_back(cache: Cache, ids: list[int]) -> bool:
    """Undo a refused unit of updates of shared rows, capture muted.

    Args:
        ids: of the outbox lines of the unit.

    Returns:
        False when it holds anything else, or when its rows were changed again since: then it is parked as ever.
    """
    listed = dumps(ids)
    lines = cache.all(
        "SELECT nom_table, pk, op, colonne, ancien, user_id FROM sync_outbox "
        "WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id", listed,
    )  # fmt: skip
    rows = {(table, pk) for table, pk, *_ in lines}
    if any(op != "U" for _, _, op, *_ in lines) or not all(_shared(cache, *row, listed) for row in rows):
        return False
    first: dict[tuple[str, int, str], tuple[Any, int | None]] = {}
    for table, pk, _, column, old, user in lines:
        first.setdefault((table, pk, column), (old, user))
    for (table, pk, column), (old, user) in first.items():
        name = BY_NAME[table].column(column).name
        newer = json.loads(cache.get(f"centre:{table}:{pk}") or "{}")
        theirs = newer.get(name, old)
        mine = cache.value(f"SELECT {name} FROM {table} WHERE id = ?", pk)
        cache.db.execute(f"UPDATE {table} SET {name} = ? WHERE id = ?", (theirs, pk))
        if BY_NAME[table].column(name).policy is not Policy.MAX and mine != theirs:
            base, told, stands = (None if v is None else dumps(wire(v)) for v in (old, mine, theirs))
            cache.db.execute(
                "INSERT INTO sync_conflits (id, nom_table, pk, colonne, politique, base, mien, leur, auteur_mien, "
                "quand, a_decider) VALUES ((SELECT min(0, coalesce(min(id), 0)) - 1 FROM sync_conflits), ?, ?, ?, "
                "'centre', ?, ?, ?, ?, ?, 0)",
                (table, pk, name, base, told, stands, user, clock.to_text(clock.now())),
            )  # fmt: skip
    cache.db.execute("DELETE FROM sync_outbox WHERE id IN (SELECT value FROM json_each(?))", (listed,))
    return True


def _shared(cache: Cache, table: str, pk: int, listed: str) -> bool:
    """Whether a row belongs to no agency and only the listed outbox lines wait for it."""
    if not BY_NAME[table].scoped:
        return False
    found = cache.one(f"SELECT agence_id FROM {table} WHERE id = ?", pk)
    more = cache.one(
        "SELECT 1 FROM sync_outbox WHERE nom_table = ? AND pk = ? AND id NOT IN (SELECT value FROM json_each(?))",
        table, pk, listed,
    )  # fmt: skip
    return found is not None and found[0] is None and more is None
