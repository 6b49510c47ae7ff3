"""An amount in French words, as the foot of a Moroccan invoice says it: « … dirhams et … centimes ».

Written here and not taken from a package: the one that exists brings sixty languages and a parser of command lines
that has no wheel. The rules are those of the Académie (cents and vingts agree when nothing follows, mille never does,
« et un » from 21 to 71, « de » after million and milliard when nothing follows), with hyphens below one hundred only,
as before 1990. ``tests/domain/factures`` checks ten thousand amounts against rules written apart.
"""

from __future__ import annotations

from decimal import Decimal

from erp_desktop.domain.argent import arrondir

_PETITS = (
    "zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix", "onze", "douze", "treize",
    "quatorze", "quinze", "seize", "dix-sept", "dix-huit", "dix-neuf",
)  # fmt: skip
_DIZAINES = {2: "vingt", 3: "trente", 4: "quarante", 5: "cinquante", 6: "soixante", 8: "quatre-vingt"}
_GRANDS = ((10**9, "milliard"), (10**6, "million"))
PLAFOND = 10**12
"""The first whole number that is not said."""


def _sous_cent(n: int, *, final: bool) -> str:
    if n < 20:
        return _PETITS[n]
    dizaine, unite = divmod(n, 10)
    if dizaine in (7, 9):
        dizaine, unite = dizaine - 1, unite + 10
    base = _DIZAINES[dizaine]
    if unite == 0:
        return f"{base}s" if dizaine == 8 and final else base
    lien = " et " if unite in (1, 11) and dizaine != 8 else "-"
    return f"{base}{lien}{_PETITS[unite]}"


def _sous_mille(n: int, *, final: bool) -> str:
    """``final``: no « mille » follows, before which cent and vingt take no s."""
    centaines, reste = divmod(n, 100)
    mots = []
    if centaines:
        cent = "cents" if centaines > 1 and not reste and final else "cent"
        mots.append(cent if centaines == 1 else f"{_PETITS[centaines]} {cent}")
    if reste or not centaines:
        mots.append(_sous_cent(reste, final=final))
    return " ".join(mots)


def cardinal(n: int) -> str:
    """``n`` in words.

    Raises:
        ValueError: negative, or :data:`PLAFOND` and more.
    """
    if not 0 <= n < PLAFOND:
        raise ValueError(f"not said in words: {n}")
    if n == 0:
        return _PETITS[0]
    mots = []
    for valeur, nom in _GRANDS:
        nombre, n = divmod(n, valeur)
        if nombre:
            mots.append(f"{_sous_mille(nombre, final=True)} {nom}{'s' if nombre > 1 else ''}")
    milliers, n = divmod(n, 1000)
    if milliers:
        mots.append("mille" if milliers == 1 else f"{_sous_mille(milliers, final=False)} mille")
    if n:
        mots.append(_sous_mille(n, final=True))
    return " ".join(mots)


def en_lettres(montant: Decimal) -> str:
    """« cinq mille cinq cent quarante-deux dirhams et quarante centimes »; no « zéro centime ».

    Raises:
        ValueError: negative, or a billion dirhams (10¹²) and more.
    """
    entiers, centimes = divmod(int(arrondir(montant) * 100), 100)
    mots = cardinal(entiers)
    de = "de " if entiers and entiers % 10**6 == 0 else ""
    texte = f"{mots} {de}dirham{'s' if entiers > 1 else ''}"
    if not centimes:
        return texte
    fin = f"{cardinal(centimes)} centime{'s' if centimes > 1 else ''}"
    return f"{texte} et {fin}" if entiers else fin
