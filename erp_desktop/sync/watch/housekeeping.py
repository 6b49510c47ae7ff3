"""Housekeeping of the exchange at the centre, with an administrator's connection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from erp_desktop.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class Purged:
    """Deletions that were forgotten, and documents' contents that were deleted."""

    lignes: int
    contenus: int


def purge(engine: sa.Engine, days: int) -> Purged:
    """Forget deletions and evictions that every device seen in the last ``days`` days has received.

    Contents go too which a purge ``days`` days ago or earlier found without any description, and which have none
    since: neither a live row, nor a deletion that may be undone, nor a change in quarantine or refused.
    """
    with engine.begin() as connection:
        forgotten = connection.execute(sa.text("SELECT sync.purger(:d)"), {"d": days}).scalar_one()
        contents = connection.execute(sa.text("SELECT sync.purger_contenus(:d)"), {"d": days}).scalar_one()
    return Purged(int(forgotten), int(contents))


def quarantine(engine: sa.Engine) -> list[dict[str, Any]]:
    """What retired devices handed over and nobody took over yet; ``recu_a`` in UTC.

    ``documents`` counts the files that it describes, ``documents_manquants`` those whose bytes did not arrive.
    """
    with engine.connect() as connection:
        rows = connection.execute(
            sa.text(
                "SELECT q.id, q.poste, d.nom, (q.contenu->>'n')::int AS unites, q.recu_a, x.documents, "
                "x.documents_manquants FROM sync.quarantaine q JOIN sync.devices d ON d.poste = q.poste, "
                "LATERAL (SELECT count(*) AS documents, count(*) FILTER (WHERE c.complet IS NOT TRUE) "
                "AS documents_manquants FROM sync.decrits_en_quarantaine(q.id) r LEFT JOIN contenus c "
                "ON c.sha256 = sync.cle_contenu(q.agence_id, r.sha256)) x WHERE q.repris_a IS NULL ORDER BY q.id"
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
