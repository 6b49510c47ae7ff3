"""When a contract is invoiced, and how much: parts of its annual amount, revised each year, due as each begins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from erp_desktop.domain.argent import arrondir
from erp_desktop.domain.contrats.cycle import UN_JOUR, plus_mois
from erp_desktop.domain.enums import ModeFacturation

MOIS = {ModeFacturation.MENSUEL: 1, ModeFacturation.TRIMESTRIEL: 3, ModeFacturation.ANNUEL: 12}
"""Months that one invoice covers."""
_CENT = Decimal(100)


@dataclass(frozen=True, slots=True)
class Echeance:
    """One invoice to come, or that came; ``montant`` is before tax, in MAD.

    Attributes:
        numero: from 1, over the whole contract.
        annee: year of the contract it belongs to, from 1.
        du, au: what it covers, both days included; it is due on ``du``.
    """

    numero: int
    annee: int
    du: date
    au: date
    montant: Decimal


def montant_de_l_annee(montant_annuel: Decimal, revision_pct: Decimal | None, annee: int) -> Decimal:
    """The amount of the contract's ``annee``-th year: each anniversary revises that of the year before."""
    return arrondir(montant_annuel * (1 + (revision_pct or Decimal(0)) / _CENT) ** (annee - 1))


def echeancier(
    montant_annuel: Decimal, mode: ModeFacturation, debut: date, fin: date | None, horizon: date,
    revision_pct: Decimal | None = None,
) -> list[Echeance]:  # fmt: skip
    """Every part that begins up to ``horizon`` and not after ``fin``, oldest first.

    The parts of a whole year add up to its amount to the centime; one that ``fin`` cuts short is owed by its days.
    """
    pas = MOIS[mode]
    parts = 12 // pas
    trouvees: list[Echeance] = []
    while True:
        rang = len(trouvees)
        annee, part = rang // parts + 1, rang % parts
        du = plus_mois(debut, rang * pas)
        if du > horizon or (fin is not None and du > fin):
            return trouvees
        au = plus_mois(debut, (rang + 1) * pas) - UN_JOUR
        somme = montant_de_l_annee(montant_annuel, revision_pct, annee)
        montant = arrondir(somme * (part + 1) / parts) - arrondir(somme * part / parts)
        if fin is not None and fin < au:
            montant = arrondir(montant * ((fin - du).days + 1) / ((au - du).days + 1))
            au = fin
        trouvees.append(Echeance(rang + 1, annee, du, au, montant))
