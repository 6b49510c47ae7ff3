"""Money: exact decimals in MAD; VAT rounded per line, half up, to the centime."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

CENTIME = Decimal("0.01")
MILLIERS = "\u202f"
"""Narrow no-break space: an ordinary one would break lines and reverse the figure in Arabic."""
INSECABLE = "\u00a0"


def arrondir(montant: Decimal) -> Decimal:
    return montant.quantize(CENTIME, rounding=ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class LigneMontant:
    """What amounts are computed from; ``taux`` is in percent."""

    quantite: Decimal
    prix_unitaire: Decimal
    taux: Decimal

    @property
    def ht(self) -> Decimal:
        return arrondir(self.quantite * self.prix_unitaire)

    @property
    def tva(self) -> Decimal:
        return arrondir(self.ht * self.taux / 100)


@dataclass(frozen=True, slots=True)
class TotalTaux:
    taux: Decimal
    ht: Decimal
    tva: Decimal


@dataclass(frozen=True, slots=True)
class Totaux:
    """Totals of a document; ``par_taux`` in ascending order of rate."""

    par_taux: tuple[TotalTaux, ...]
    ht: Decimal
    tva: Decimal
    ttc: Decimal


def totaux(lignes: Iterable[LigneMontant]) -> Totaux:
    """Sum lines that are already rounded one by one, apart for each rate."""
    sommes: dict[Decimal, tuple[Decimal, Decimal]] = {}
    for ligne in lignes:
        ht, tva = sommes.get(ligne.taux, (Decimal(0), Decimal(0)))
        sommes[ligne.taux] = (ht + ligne.ht, tva + ligne.tva)
    par_taux = tuple(TotalTaux(taux, *sommes[taux]) for taux in sorted(sommes))
    ht = sum((t.ht for t in par_taux), Decimal("0.00"))
    tva = sum((t.tva for t in par_taux), Decimal("0.00"))
    return Totaux(par_taux, ht, tva, ht + tva)


def timbre(total_ttc: Decimal, *, especes: bool) -> Decimal:
    """Droit de timbre: 0.25 % of what is received in cash, nothing otherwise."""
    return arrondir(total_ttc * Decimal("0.0025")) if especes else Decimal("0.00")


def format_montant(montant: Decimal, devise: str = "MAD") -> str:
    """``1 234 567,80 MAD`` with no-break spaces; an empty ``devise`` prints the figure alone."""
    chiffres = f"{arrondir(montant):,.2f}".replace(",", MILLIERS).replace(".", ",")
    return f"{chiffres}{INSECABLE}{devise}" if devise else chiffres
