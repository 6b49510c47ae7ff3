"""Snowflake identifiers: 41 bits of milliseconds since 2025-01-01, 19 bits of poste, 3 bits of sequence.

One row per database hands out blocks inside the caller's transaction, so the window, the command line and an import
share it. The counter is milliseconds × 8 + sequence: it follows the clock, may run ahead of it under bulk inserts,
and never goes back.
"""

from __future__ import annotations

import sqlalchemy as sa

from erp_desktop import clock

POSTE_BITS = 19
SEQUENCE_BITS = 3
MAX_POSTE = (1 << POSTE_BITS) - 1


def compose(counter: int, poste: int) -> int:
    """The identifier of a counter value (milliseconds × 8 + sequence) on a poste."""
    return (counter >> SEQUENCE_BITS) << (POSTE_BITS + SEQUENCE_BITS) | poste << SEQUENCE_BITS | counter & 7


def decompose(identifier: int) -> tuple[int, int]:
    """Inverse of :func:`compose`: (counter, poste)."""
    milliseconds = identifier >> (POSTE_BITS + SEQUENCE_BITS)
    return milliseconds << SEQUENCE_BITS | identifier & 7, identifier >> SEQUENCE_BITS & MAX_POSTE


def allocate(connection: sa.Connection, count: int) -> list[int]:
    """Take ``count`` new identifiers in the current transaction, ascending."""
    if count < 1:
        return []
    if connection.dialect.name == "postgresql":
        rows = connection.execute(sa.text("SELECT sync.nouvel_id() FROM generate_series(1, :n)"), {"n": count})
        return [row[0] for row in rows]
    row = connection.execute(
        sa.text(
            "UPDATE _allocateur SET suivant = max(suivant, :maintenant) + :n WHERE un = 1 RETURNING suivant, poste"
        ),
        {"maintenant": clock.now_ms() << SEQUENCE_BITS, "n": count},
    ).one()
    return [compose(counter, row.poste) for counter in range(row.suivant - count, row.suivant)]
