"""Amounts of an invoice: exact decimals in MAD, each rounded half up to the centime, once, where it is printed.

A line's amount is quantity × price less the line's discount, rounded (what the paper prints at its end). The
document's discount is taken off each line, rounded; VAT is that of the line so reduced, at the line's own rate,
rounded. Everything else is a sum: the totals per rate, the discount, HT, VAT and TTC. So whoever adds up what is
printed finds the totals, and both engines find them with integers (``registry.invoices.totals``).

Sources: CGI art. 145-III (mentions of an invoice, VAT apart for each rate), art. 98–100 (rates), art. 89-bis and
117-IV, V (VAT kept back), art. 73-II-G (5 %, IS kept back), art. 252-I-B (stamp duty of 0.25 % on receipts in cash).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from erp_desktop.domain.argent import LigneMontant, TotalTaux, arrondir

_CENT = Decimal(100)
ZERO = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Ligne:
    """What a line's amounts are computed from; rates and discounts in percent."""

    quantite: Decimal
    prix_unitaire: Decimal
    taux: Decimal
    remise: Decimal = Decimal(0)
    """Off the line."""
    remise_document: Decimal = Decimal(0)

    @property
    def ht(self) -> Decimal:
        """What is printed at the end of the line: before the document's discount."""
        if not self.remise:
            return LigneMontant(self.quantite, self.prix_unitaire, self.taux).ht
        return arrondir(self.quantite * self.prix_unitaire * (_CENT - self.remise) / _CENT)

    @property
    def net(self) -> Decimal:
        return arrondir(self.ht * (_CENT - self.remise_document) / _CENT) if self.remise_document else self.ht

    @property
    def tva(self) -> Decimal:
        return arrondir(self.net * self.taux / _CENT)


@dataclass(frozen=True, slots=True)
class Totaux:
    """Totals of a document; ``par_taux`` (amounts after the discount) in ascending order of rate.

    Attributes:
        brut: sum of the printed lines.
        remise: what the document's discount takes off, positive.
        ht: after it.
    """

    par_taux: tuple[TotalTaux, ...]
    brut: Decimal
    remise: Decimal
    ht: Decimal
    tva: Decimal
    ttc: Decimal


def totaux(lignes: Iterable[Ligne]) -> Totaux:
    """Sum lines that are already rounded one by one, apart for each rate."""
    sommes: dict[Decimal, tuple[Decimal, Decimal]] = {}
    brut = ZERO
    for ligne in lignes:
        brut += ligne.ht
        ht, tva = sommes.get(ligne.taux, (ZERO, ZERO))
        sommes[ligne.taux] = (ht + ligne.net, tva + ligne.tva)
    par_taux = tuple(TotalTaux(taux, *sommes[taux]) for taux in sorted(sommes))
    ht = sum((t.ht for t in par_taux), ZERO)
    tva = sum((t.tva for t in par_taux), ZERO)
    return Totaux(par_taux, brut, brut - ht, ht, tva, ht + tva)


def timbre(encaisse: Decimal, taux: Decimal) -> Decimal:
    """Stamp duty on ``encaisse`` received in cash; ``taux`` in percent of the day (0.25 since 2014)."""
    return arrondir(encaisse * taux / _CENT)


@dataclass(frozen=True, slots=True)
class Retenues:
    """What the client keeps back of a document and pays to the State."""

    tva: Decimal
    impot: Decimal

    @property
    def total(self) -> Decimal:
        return self.tva + self.impot


def retenues(ht: Decimal, tva: Decimal, tva_pct: Decimal | None, is_pct: Decimal | None) -> Retenues:
    """Parts of the VAT and of the amount before tax, rounded one by one."""
    return Retenues(arrondir(tva * (tva_pct or 0) / _CENT), arrondir(ht * (is_pct or 0) / _CENT))


def net_a_recevoir(ttc: Decimal, retenu: Retenues) -> Decimal:
    return ttc - retenu.total


def repartir(montant: Decimal, dus: Sequence[Decimal]) -> list[Decimal]:
    """A payment spread over what is due, in its order, none above what it owes; what is left over goes nowhere."""
    parts = []
    for du in dus:
        part = max(min(montant, du), ZERO)
        parts.append(part)
        montant -= part
    return parts


def deduction(acompte: Sequence[TotalTaux]) -> list[tuple[Decimal, Decimal]]:
    """(rate, amount before tax to take off) of an advance on the final invoice: what it invoiced at each rate."""
    return [(t.taux, t.ht) for t in acompte if t.ht]
