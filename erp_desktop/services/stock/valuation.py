"""What a part is worth: the weighted average cost of each agency, read from the ledger whenever it is asked for.

Nothing is stored: a movement that arrives late, or one that is reversed, is in its place of the order the next time
somebody looks. One statement for any number of parts; costs are integers of a ten-thousandth of a dirham and are
rounded half up at each entry, so that both engines and plain Python give the same figures.

An entry with a price moves the average; an exit, a transfer, a return or a found part without a price leave it. What
comes in while the stock is not above zero sets it anew. Quantities below zero are worth nothing and are shown apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.services.shared.lists import est_sqlite, paquets

_SQL = """
WITH RECURSIVE moved AS (
  SELECT piece_id, coalesce(agence_id, 0) AS agence, id, coalesce(date_effet, horodatage) AS quand,
         CAST(round(quantite * 1000) AS BIGINT) AS q,
         CASE WHEN quantite * 1 > 0
              THEN CAST(round(coalesce(valeur_unitaire, prix_unitaire) * 10000) AS BIGINT) END AS v
    FROM mouvements_stock WHERE type_mouvement <> 'transfert'{filter}),
dated AS (
  SELECT piece_id, agence, q, v, quand, id,
         sum(q) OVER (PARTITION BY agence, piece_id ORDER BY quand, id) - q AS avant FROM moved),
entered AS (
  SELECT piece_id, agence, CAST(avant AS {integer}) AS avant, CAST(q AS {integer}) AS q, CAST(v AS {integer}) AS v,
         row_number() OVER (PARTITION BY agence, piece_id ORDER BY quand, id) AS n FROM dated WHERE v IS NOT NULL),
averaged AS (
  SELECT piece_id, agence, n, v AS cout FROM entered WHERE n = 1
  UNION ALL
  SELECT e.piece_id, e.agence, e.n,
         CASE WHEN e.avant <= 0 THEN e.v
              ELSE {div}2 * (e.avant * a.cout + e.q * e.v) + e.avant + e.q{by} 2 * (e.avant + e.q){end} END
    FROM averaged a JOIN entered e ON e.piece_id = a.piece_id AND e.agence = a.agence AND e.n = a.n + 1)
SELECT a.piece_id, a.agence, a.cout FROM averaged a
  JOIN (SELECT piece_id, agence, max(n) AS n FROM averaged GROUP BY piece_id, agence) l
    ON l.piece_id = a.piece_id AND l.agence = a.agence AND l.n = a.n
"""

_PIECE, _AGENCE = sa.column("piece_id", sa.BigInteger()), sa.column("agence", sa.BigInteger())
_COUT: sa.ColumnClause[Any] = sa.column("cout", sa.Numeric())


def average_costs(session: Session, pieces: Sequence[int] | None = None) -> dict[tuple[int, int], Decimal]:
    """(part, agency) → average cost of one unit, MAD to a ten-thousandth; parts that never had a price are left out.

    Args:
        pieces: some parts; all when left out.
    """
    # Products of a whole stock and a price need more than 64 bits at the limits of the columns.
    shapes = (
        {"integer": "INTEGER", "div": "(", "by": ") / (", "end": ")"}
        if est_sqlite(session)
        else {"integer": "NUMERIC", "div": "div(", "by": ",", "end": ")"}
    )
    found: dict[tuple[int, int], Decimal] = {}
    for block in [None] if pieces is None else paquets(pieces):
        chosen = "" if block is None else " AND piece_id IN :pieces"
        text = sa.text(_SQL.format(filter=chosen, **shapes))
        if block is not None:
            text = text.bindparams(sa.bindparam("pieces", block, expanding=True))
        # As a table, beside which the centre answers what else is asked.
        costs = text.columns(_PIECE, _AGENCE, _COUT).subquery()
        asked = sa.select(costs.c.piece_id, costs.c.agence, costs.c.cout)
        found.update({(p, a): Decimal(int(c)).scaleb(-4) for p, a, c in session.execute(asked)})
    return found


def average_cost(session: Session, piece: int, agence: int | None) -> Decimal | None:
    """The average cost of one part in one agency; None when it never had a price."""
    return average_costs(session, [piece]).get((piece, agence or 0))


def amount(quantity: Decimal, cost: Decimal) -> Decimal:
    """MAD of a quantity at a unit cost, to the centime."""
    return (quantity * cost).quantize(Decimal("0.01"))
