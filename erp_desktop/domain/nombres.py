"""Figures as people and files write them, read strictly: one grammar for forms, imports and the command line.

``1 234,50`` (any space), ``1.234,50`` and ``1,234.50`` are one number. Thousands come in threes and with one
separator, so ``1 2 3``, ``1e5`` and ``1_000`` are none. ``1,234`` alone reads two ways: a form takes the comma for
the decimal mark, as Moroccans type; a file is asked for its convention, because a price off by a thousand passes
unseen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum
from typing import Final

from erp_desktop.domain.writing.bidi import visible

DEVISES: Final = ("MAD", "DHS", "DH")
"""Words that may follow an amount."""
POURCENT: Final = ("%",)
_LONGUEUR = 40
_CARACTERES = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹٫٬’−", "01234567890123456789,.'-")
_PARTS = re.compile(r"([-+]?) ?((?=[.,]?\d)[\d., ']*\d)(-?)")


class Convention(StrEnum):
    """Which of the two marks parts the decimals."""

    VIRGULE = "virgule"
    POINT = "point"


_FORMES: Final = {
    mark: re.compile(rf"(?:\d+|[1-9]\d{{0,2}}(?:([ '{other}])\d{{3}})(?:\1\d{{3}})*)?(?:{re.escape(own)}\d+)?")
    for mark, own, other in ((Convention.VIRGULE, ",", "."), (Convention.POINT, ".", ","))
}


class AmbiguousError(ValueError):
    """A figure that reads two ways; ``lectures`` holds both, the thousands first, without separators."""

    def __init__(self, texte: str, lectures: tuple[str, str]) -> None:
        self.texte, self.lectures = f"« {texte} »", lectures
        super().__init__(f"« {texte} » se lit {lectures[0]} ou {lectures[1]} : écrivez l'un des deux.")


def _decompose(texte: str, unites: tuple[str, ...]) -> dict[Convention, Decimal]:
    """The value by each convention that the text follows; a text without marks follows both.

    Raises:
        ValueError: it follows none.
    """
    propre = " ".join(visible(texte).translate(_CARACTERES).split())
    for unite in unites:
        if propre.upper().endswith(unite):
            propre = propre[: -len(unite)].rstrip()
            break
    found = _PARTS.fullmatch(propre) if propre.isascii() and len(propre) <= _LONGUEUR else None
    if found is None or (found[1] and found[3]):
        raise ValueError(f"« {texte} » n'est pas un nombre.")
    signe, corps = "-" if "-" in (found[1], found[3]) else "", found[2]
    valeurs = {}
    for convention, forme in _FORMES.items():
        if forme.fullmatch(corps):
            garde = "," if convention is Convention.VIRGULE else "."
            chiffres = "".join(c for c in corps if c.isdigit() or c == garde).replace(",", ".")
            valeur = Decimal(signe + chiffres)
            # Minus nothing is nothing: a rate, a stock or a price of « -0 » is not kept.
            valeurs[convention] = valeur or abs(valeur)
    if not valeurs:
        raise ValueError(f"« {texte} » n'est pas un nombre.")
    return valeurs


def lire(
    texte: str,
    *,
    convention: Convention | None = None,
    entier: bool = False,
    maximum: Decimal | None = None,
    unites: tuple[str, ...] = (),
) -> Decimal:
    """The number that a text says, exactly.

    Args:
        texte: digits in European or Arabic script, ``5-`` being minus five as SAP writes it.
        convention: settles what reads two ways, and only that.
        entier: only a whole number is possible, which leaves one reading of ``1,234``.
        maximum: nor is one beyond this.
        unites: words that may follow.

    Raises:
        AmbiguousError: two readings are possible and ``convention`` does not say which.
        ValueError: not a number, or not a whole one.
    """
    valeurs = _decompose(texte, unites)
    possibles = {
        c: v
        for c, v in valeurs.items()
        if (not entier or v == v.to_integral_value()) and (maximum is None or abs(v) <= maximum)
    }
    if not possibles and entier and all(v != v.to_integral_value() for v in valeurs.values()):
        raise ValueError("Un nombre entier est attendu.")
    # Beyond the maximum in every reading: the caller says how far one may go.
    possibles = possibles or valeurs
    if len(set(possibles.values())) == 1:
        return next(iter(possibles.values()))
    if convention is not None:
        return possibles[convention]
    petit, grand = sorted(possibles.values(), key=abs)
    raise AmbiguousError(texte.strip(), (f"{grand:f}", f"{petit:f}".replace(".", ",")))


def lire_saisie(
    texte: str,
    *,
    decimales: int = 2,
    maximum: Decimal | None = None,
    unites: tuple[str, ...] = (),
) -> Decimal:
    """The number typed in a form: a comma is the decimal mark.

    The dot of a keypad is one as well, unless ``1.234`` could be meant either way.

    Raises:
        ValueError: as :func:`lire`.
    """
    dot_only = "." in texte and "," not in texte
    # With two decimals at most, 1.234 can only be a thousand and more.
    convention = None if dot_only and decimales > 2 else Convention.VIRGULE
    valeur = lire(texte, convention=convention, maximum=maximum, unites=unites)
    if decimales == 0 and valeur != valeur.to_integral_value():
        raise ValueError("Un nombre entier est attendu.")
    return valeur


def convention_de(textes: Iterable[str], unites: tuple[str, ...] = ()) -> Convention | None:
    """The convention that figures of one file show, None when none does or they disagree."""
    vues: set[Convention] = set()
    for texte in textes:
        try:
            valeurs = _decompose(texte, unites)
        except ValueError:
            continue
        if len(valeurs) == 1:
            vues.update(valeurs)
    return vues.pop() if len(vues) == 1 else None
