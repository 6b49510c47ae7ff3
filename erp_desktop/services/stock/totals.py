"""What the parts that a filter finds come to: the sums of the very rows that the list shows."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy.orm import Session

from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.services.shared.lists import ListQuery
from erp_desktop.services.stock import parts, valuation

MOST = 5000
"""Parts that are added up at most: a catalogue of a hundred thousand would be read whole for a line of figures."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Of every part that a filter finds.

    Attributes:
        nombre: parts.
        sous_minimum: of these, parts below their minimum.
        a_commander: parts to order.
        besoin: MAD that they cost at the average cost.
        besoin_sans_prix: of those to order, parts that never had a price: ``besoin`` leaves them out.
        valeur: MAD of what is held.
        sans_prix: parts held that never had a price: ``valeur`` leaves them out.
    """

    nombre: int
    sous_minimum: int
    a_commander: int
    besoin: Decimal
    besoin_sans_prix: int
    valeur: Decimal
    sans_prix: int


def totals(session: Session, acteur: Acteur, text: str) -> Totals | None:
    """Of the filter as it is typed in the list; None when it finds more than :data:`MOST`.

    Raises:
        NotAllowedError
    """
    found = parts.ids(session, acteur, ListQuery(text, limite=MOST + 1))
    if len(found) > MOST:
        return None
    rows = parts.rows(session, acteur, found)
    ordered = [r for r in rows if r.a_commander]
    return Totals(
        len(rows),
        sum(r.low for r in rows),
        len(ordered),
        sum((valuation.amount(r.a_commander, r.cout) for r in ordered if r.cout is not None), Decimal(0)),
        sum(r.cout is None for r in ordered),
        sum((r.valeur for r in rows if r.valeur is not None), Decimal(0)),
        sum(r.valeur is None and r.total > 0 for r in rows),
    )
