"""Rows deleted and inserted again under their key: to the centre an update of what they were before."""

from __future__ import annotations

import json
from typing import Any

from erp_desktop.registry.tables import BY_NAME, present_name
from erp_desktop.sync.exchange.cache import Cache


def olds_of_deleted(table: str, deleted: str | bytes) -> dict[str, Any]:
    """Values of a deleted row as its capture kept them, by the columns' present names; no blobs."""
    names = BY_NAME[table].names
    kept = {present_name(table, c): v for c, v in json.loads(deleted).items()}
    return {c: v for c, v in kept.items() if c in names and c != "id"}


def before(table: str, olds: dict[str, Any], deleted: str | bytes) -> tuple[dict[str, Any], frozenset[str]]:
    """Every value that the row had before its first change, and the columns of which that is not known (None)."""
    known = {**olds_of_deleted(table, deleted), **olds}
    unknown = frozenset(BY_NAME[table].names) - known.keys() - {"id"}
    return known | dict.fromkeys(unknown), unknown


def forget_removals(cache: Cache, keys: list[list[Any]]) -> None:
    """Sent from here and live there: a removal of such a row that was set aside is past."""
    if keys and cache.one("SELECT 1 FROM sync_recus_rejetes WHERE json_type(contenu) = 'object' LIMIT 1"):
        cache.db.executemany(
            "DELETE FROM sync_recus_rejetes WHERE nom_table = ? AND pk = ? AND json_type(contenu) = 'object'",
            [k[:2] for k in keys],
        )
