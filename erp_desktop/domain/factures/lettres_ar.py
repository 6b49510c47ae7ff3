"""An amount in Arabic words, as the foot of an Arabic paper says it: « … درهما و… سنتيما ».

All that is counted here (درهم, سنتيم, ألف, مليون, مليار) is masculine, so three to ten take their ة. What is counted
stands in the plural after three to ten, in the singular accusative after eleven to ninety-nine, in the singular
after hundreds and above; one and two are said by the noun itself, also behind a hundred (مائة درهم ودرهمان). A dual
loses its ن before what it counts (مائتا درهم). Written here for the reason that ``lettres`` gives.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from erp_desktop.domain.argent import arrondir
from erp_desktop.domain.factures.lettres import PLAFOND

_UNITES = (
    "صفر", "واحد", "اثنان", "ثلاثة", "أربعة", "خمسة", "ستة", "سبعة", "ثمانية", "تسعة", "عشرة", "أحد عشر", "اثنا عشر",
)  # fmt: skip
_DIZAINES = ("", "عشرة", "عشرون", "ثلاثون", "أربعون", "خمسون", "ستون", "سبعون", "ثمانون", "تسعون")
_CENTAINES = (
    "", "مائة", "مائتان", "ثلاثمائة", "أربعمائة", "خمسمائة", "ستمائة", "سبعمائة", "ثمانمائة", "تسعمائة",
)  # fmt: skip
_ET = " و"


@dataclass(frozen=True, slots=True)
class Compte:
    """The forms of a counted noun: one, two, two before another noun, three to ten, eleven and more."""

    un: str
    deux: str
    deux_lies: str
    pluriel: str
    accusatif: str


DIRHAM = Compte("درهم", "درهمان", "درهما", "دراهم", "درهما")
SANTIM = Compte("سنتيم", "سنتيمان", "سنتيما", "سنتيمات", "سنتيما")
_GRANDS = (
    (10**9, Compte("مليار", "ملياران", "مليارا", "ملايير", "مليارا")),
    (10**6, Compte("مليون", "مليونان", "مليونا", "ملايين", "مليونا")),
    (10**3, Compte("ألف", "ألفان", "ألفا", "آلاف", "ألفا")),
)


def _sous_cent(n: int) -> str:
    if n < len(_UNITES):
        return _UNITES[n]
    dizaine, unite = divmod(n, 10)
    if dizaine == 1:
        return f"{_UNITES[unite]} عشر"
    return f"{_UNITES[unite]}{_ET}{_DIZAINES[dizaine]}" if unite else _DIZAINES[dizaine]


def _sous_mille(n: int, *, lie: bool) -> str:
    """``lie``: the counted noun follows at once, before which مائتان loses its ن."""
    centaines, reste = divmod(n, 100)
    cent = "مائتا" if centaines == 2 and not reste and lie else _CENTAINES[centaines]
    return _ET.join(part for part in (cent, _sous_cent(reste) if reste else "") if part)


def _compter(n: int, nom: Compte, *, lie: bool = False) -> str:
    """Below a thousand, with what it counts; ``lie``: another noun follows at once."""
    if n == 1:
        return nom.un
    if n == 2:
        return nom.deux_lies if lie else nom.deux
    reste = n % 100
    if n > 100 and reste in (1, 2):
        return f"{_sous_mille(n - reste, lie=True)} {nom.un}{_ET}{_compter(reste, nom, lie=lie)}"
    if 3 <= reste <= 10:
        return f"{_sous_mille(n, lie=False)} {nom.pluriel}"
    if reste:
        return f"{_sous_mille(n, lie=False)} {nom.un if lie else nom.accusatif}"
    return f"{_sous_mille(n, lie=True)} {nom.un}"


def _grands(n: int, *, lie: bool) -> list[str]:
    """The thousands and above, each with its noun; ``lie``: the counted noun follows the last one at once."""
    parts: list[str] = []
    for valeur, nom in _GRANDS:
        nombre, n = divmod(n, valeur)
        if nombre:
            parts.append(_compter(nombre, nom, lie=lie and not n))
    return parts


def compter(n: int, nom: Compte) -> str:
    """``n`` of something in words.

    Raises:
        ValueError: negative, or ``lettres.PLAFOND`` and more.
    """
    if not 0 <= n < PLAFOND:
        raise ValueError(f"not said in words: {n}")
    if n in (1, 2):
        return f"{nom.un} واحد" if n == 1 else nom.deux
    haut, bas = n - n % 1000, n % 1000
    if not haut:
        told = _compter(bas, nom) if bas else f"{_UNITES[0]} {nom.un}"
        return f"{told} واحد" if bas > 100 and bas % 100 == 1 else told
    seul = bas in (0, 1, 2)
    parts = _grands(haut, lie=seul)
    if seul:
        parts[-1] += f" {nom.un}"
    if bas:
        told = _compter(bas, nom)
        parts.append(f"{told} واحد" if bas % 100 == 1 else told)
    return _ET.join(parts)


def en_lettres(montant: Decimal) -> str:
    """« خمسة آلاف وخمسمائة واثنان وأربعون درهما وأربعون سنتيما »; without centimes, no word of them.

    Raises:
        ValueError: negative, or a billion dirhams (10¹²) and more.
    """
    entiers, centimes = divmod(int(arrondir(montant) * 100), 100)
    if not centimes:
        return compter(entiers, DIRHAM)
    fin = compter(centimes, SANTIM)
    return f"{compter(entiers, DIRHAM)}{_ET}{fin}" if entiers else fin
