"""Natural keys that change hands within one transaction: A takes B's code while B takes A's.

Uniqueness is checked row by row, so no order of updates gets through a cycle, and constraints deferred to COMMIT
could no longer tell which unit breaks them. A unit refused as a duplicate is therefore tried once more with the keys
that it gives up set to a provisional value first; what is a duplicate still is one.
"""

from __future__ import annotations

import sqlalchemy as sa

from erp_desktop.centre.sql import sql
from erp_desktop.models import Base
from erp_desktop.registry.tables import BY_NAME, TABLES, Kind, SyncTable


def natural_keys(table: SyncTable) -> list[tuple[str, bool]]:
    """(column, nullable) of each text column that a unique constraint or index of ``table`` covers."""
    mapped = Base.metadata.tables[table.name]
    unique = [c for k in mapped.constraints if isinstance(k, sa.UniqueConstraint) for c in k.columns]
    unique += [c for i in mapped.indexes if i.unique for c in i.columns]
    names = {c.name for c in unique}
    return [
        (c.name, bool(mapped.columns[c.name].nullable))
        for c in table.columns
        if c.name in names and c.kind is Kind.TEXT
    ]


def provisional(nullable: bool, key: str = "id") -> str:
    """SQL, on both engines, for a value that no other row has."""
    return "NULL" if nullable else f"'⇄' || {key}"


def _values() -> str:
    return ", ".join(
        f"('{table.name}', '{column}', {str(nullable).lower()})"
        for table in TABLES
        if table.device_writes and not table.append_only
        for column, nullable in natural_keys(BY_NAME[table.name])
    )


SWAP = sql("key_swaps/swap", VALUES=_values())
