"""Housekeeping of the exchange at the centre, with an administrator's connection."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from erp_desktop.errors import NotFoundError


def purge(engine: sa.Engine, days: int) -> int:
    """Forget deletions and evictions that every device seen in the last ``days`` days has received; their number."""
    with engine.begin() as connection:
        return int(connection.execute(sa.text("SELECT sync.purger(:d)"), {"d": days}).scalar_one())


def quarantine(engine: sa.Engine) -> list[dict[str, Any]]:
    """What retired devices handed over and nobody took over yet; ``recu_a`` in UTC."""
    with engine.connect() as connection:
        rows = connection.execute(
            sa.text(
                "SELECT q.id, q.poste, d.nom, (q.contenu->>'n')::int AS unites, q.recu_a FROM sync.quarantaine q "
                "JOIN sync.devices d ON d.poste = q.poste WHERE q.repris_a IS NULL ORDER BY q.id"
            )
        )
        return [dict(r) for r in rows.mappings()]


def take_over(engine: sa.Engine, identifier: int) -> dict[str, Any]:
    """Merge one hand-over as if its device sent it now.

    Returns:
        ``poste``, ``unites``, and how many became ``conflits`` or were parked (``gares``).

    Raises:
        NotFoundError: unknown, or taken over already.
    """
    with engine.begin() as connection:
        done: dict[str, Any] | None = connection.execute(
            sa.text("SELECT sync.reprendre(:i)"), {"i": identifier}
        ).scalar_one()
    if done is None:
        raise NotFoundError(f"Rien n'attend en quarantaine sous le numéro {identifier}.")
    return done
