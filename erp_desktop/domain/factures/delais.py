"""Delays of payment and what comes of a late one: law 69-21 (art. 78-1 to 78-6 of the Code de commerce).

- 60 days when nothing was agreed, 120 at most when something was (art. 78-2).
- They run from the date of the invoice, which must be made in the month of the work or delivery; of one made later,
  from the end of that month (art. 78-2, 78-5).
- A late payer owes the creditor, without a reminder, no less than the key rate of Bank Al-Maghrib and a margin a year
  (art. 78-3; order 3030-12: 3 points), and the State a fine: the key rate for the first month, and 0.85 points more
  for each month or part of one that follows (art. 78-4).

Rates are rows of ``taux_legaux``, never code.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from erp_desktop.domain.argent import arrondir

DELAI_USUEL, DELAI_MAXIMUM = 60, 120
"""Days."""
TRANCHES = (30, 60, 90)
"""Days late that end each bucket of the ageing; the first one holds what is not due yet."""
NOMS_DES_TRANCHES = ("non_echu", "1_30", "31_60", "61_90", "plus_90")
RELANCES = (7, 21, 45)
"""Days after the due date from which the first, second and third reminder is called for."""
_ANNEE = Decimal(365)


def fin_de_mois(jour: date) -> date:
    return jour.replace(day=calendar.monthrange(jour.year, jour.month)[1])


def depart(date_facture: date, date_operation: date | None) -> date:
    """From when the delay runs."""
    return date_facture if date_operation is None else min(date_facture, fin_de_mois(date_operation))


def echeance(date_facture: date, jours: int | None) -> date:
    """Due date that was agreed."""
    return date_facture + timedelta(days=DELAI_USUEL if jours is None else jours)


def echeance_legale(date_facture: date, date_operation: date | None, jours: int | None) -> date:
    """The last day on which paying breaks no law, whatever was agreed above the maximum."""
    delai = min(DELAI_USUEL if jours is None else jours, DELAI_MAXIMUM)
    return depart(date_facture, date_operation) + timedelta(days=delai)


def retard(date_echeance: date | None, jour: date) -> int:
    """Days late on ``jour``; 0 when it is not due yet."""
    return max((jour - date_echeance).days, 0) if date_echeance is not None else 0


def tranche(jours: int) -> int:
    """Rank of the bucket of :data:`NOMS_DES_TRANCHES` for ``jours`` late."""
    return 0 if jours <= 0 else 1 + sum(jours > fin for fin in TRANCHES)


def interets(du: Decimal, jours: int, directeur: Decimal, marge: Decimal) -> Decimal:
    """What ``du``, ``jours`` late, owes the creditor besides; rates in percent a year."""
    return arrondir(du * (directeur + marge) / 100 * jours / _ANNEE) if jours > 0 and du > 0 else Decimal("0.00")


def mois_de_retard(jours: int) -> int:
    """Months or parts of one, of thirty days, as the declaration of delays counts them."""
    return -(-jours // 30) if jours > 0 else 0


def amende(du: Decimal, jours: int, directeur: Decimal, par_mois: Decimal) -> Decimal:
    """The payer's fine to the State for ``du``, ``jours`` late; rates in percent."""
    mois = mois_de_retard(jours)
    return arrondir(du * (directeur + par_mois * (mois - 1)) / 100) if mois and du > 0 else Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Etape:
    """The next reminder: its rank from 1, and from which day it is called for."""

    niveau: int
    des: date


def relance_suivante(date_echeance: date | None, niveau: int) -> Etape | None:
    """After the reminder of rank ``niveau`` (0: none yet); None after the third, or without a due date."""
    if date_echeance is None or niveau >= len(RELANCES):
        return None
    return Etape(niveau + 1, date_echeance + timedelta(days=RELANCES[niveau]))
