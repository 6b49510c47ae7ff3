"""An amount in English words, for who reads an invoice's form in English; no paper is in it."""

from __future__ import annotations

from decimal import Decimal

from erp_desktop.domain.argent import arrondir
from erp_desktop.domain.factures.lettres import PLAFOND

_SMALL = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_LARGE = ((10**9, "billion"), (10**6, "million"), (1_000, "thousand"))


def _below_hundred(n: int) -> str:
    if n < 20:
        return _SMALL[n]
    ten, unit = divmod(n, 10)
    return f"{_TENS[ten]}-{_SMALL[unit]}" if unit else _TENS[ten]


def _below_thousand(n: int) -> str:
    hundreds, rest = divmod(n, 100)
    if not hundreds:
        return _below_hundred(rest)
    told = f"{_SMALL[hundreds]} hundred"
    return f"{told} and {_below_hundred(rest)}" if rest else told


def cardinal(n: int) -> str:
    """``n`` in words.

    Raises:
        ValueError: negative, or ``lettres.PLAFOND`` and more.
    """
    if not 0 <= n < PLAFOND:
        raise ValueError(f"not said in words: {n}")
    if n == 0:
        return _SMALL[0]
    words = []
    for value, name in _LARGE:
        many, n = divmod(n, value)
        if many:
            words.append(f"{_below_thousand(many)} {name}")
    if n:
        words.append(f"and {_below_hundred(n)}" if words and n < 100 else _below_thousand(n))
    return " ".join(words)


def en_lettres(montant: Decimal) -> str:
    """``five thousand five hundred and forty-two dirhams and forty centimes``; no word of no centime.

    Raises:
        ValueError: negative, or a billion dirhams (10¹²) and more.
    """
    whole, rest = divmod(int(arrondir(montant) * 100), 100)
    told = f"{cardinal(whole)} dirham{'' if whole == 1 else 's'}"
    if not rest:
        return told
    end = f"{cardinal(rest)} centime{'' if rest == 1 else 's'}"
    return f"{told} and {end}" if whole else end
