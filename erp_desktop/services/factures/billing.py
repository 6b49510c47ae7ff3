"""What was billed already: lines of work and periods of contracts, by documents that count."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.domain.enums import StatutFacture, TypeFacture
from erp_desktop.models import Facture, LigneFacture
from erp_desktop.services.factures import balance
from erp_desktop.services.shared.lists import paquets


def live() -> list[sa.ColumnElement[bool]]:
    """What documents count: invoices that were not given up."""
    return [Facture.type_facture == TypeFacture.FACTURE.value, Facture.statut != StatutFacture.ANNULEE.value]


def lines(session: Session, column: str, ids: Iterable[int], but: int | None = None) -> dict[int, str]:
    """Line of work, or stretch of time → number of the document that bills it; those given back are left out.

    Args:
        column: ``ligne_intervention_id`` or ``temps_id``.
        but: a document that does not count.
    """
    line, found = LigneFacture, {}
    made = getattr(line, column)
    for block in paquets(list(ids)):
        asked = (
            sa.select(made, line.id, line.quantite, Facture.numero)
            .join(Facture, Facture.id == line.facture_id)
            .where(made.in_(block), Facture.id != (but or 0), *live())
            .order_by(line.id)
        )
        rows = list(session.execute(asked))
        back = balance.given_back([r[1] for r in rows], session)
        found.update({of: number for of, pk, quantity, number in rows if back.get(pk, 0) < quantity})
    return found


def whole(facture_ids: Sequence[int], session: Session) -> set[int]:
    """Those that credit notes gave back whole."""
    asked = sa.select(Facture.id).where(
        Facture.id.in_(facture_ids), balance.total() > 0, balance.credited() >= balance.total()
    )
    return set(session.scalars(asked))


def periods(session: Session, contrats: Sequence[int]) -> dict[int, list[tuple[date, date, str, bool]]]:
    """Contract → (first day, last day, number, given back whole) of each period in a document."""
    found: dict[int, list[tuple[date, date, str, bool]]] = {}
    f = Facture
    for block in paquets(contrats):
        asked = sa.select(f.contrat_id, f.periode_du, f.periode_au, f.numero, f.id).where(
            f.contrat_id.in_(block), f.periode_du.is_not(None), *live()
        )
        rows = list(session.execute(asked))
        back = whole([r[4] for r in rows], session)
        for contrat, begin, end, number, pk in rows:
            if contrat is not None and begin is not None and end is not None:
                found.setdefault(contrat, []).append((begin, end, number, pk in back))
    return found
