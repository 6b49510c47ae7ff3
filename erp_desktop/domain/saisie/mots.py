"""Words as they are kept, of a field or beside an act: one form of each letter, no mark that nobody sees."""

from __future__ import annotations

import re
import unicodedata

from erp_desktop.domain.writing.bidi import visible
from erp_desktop.errors import ValidationError

INTERDIT = "Ce texte contient un caractère interdit."
INTERDITS = re.compile("[\0\ud800-\udfff]")
"""No database keeps them: half a character, and the end of a text for whoever reads it in C."""
_INVISIBLES = re.compile(
    "[\x01-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u200b\u202a-\u202e\u2060\u2066-\u2069\ufeff]"
)  # fmt: skip
"""What a copy brings along: control characters, marks that turn the words after them over, spaces without width."""
MOTIF = 200
"""Characters of a reason."""
REMARQUE = 20_000


def propres(texte: str) -> str:
    """The words of a text; empty when nothing in it is seen.

    Raises:
        ValueError: it holds what cannot be kept.
    """
    if INTERDITS.search(texte):
        raise ValueError(INTERDIT)
    # A search finds what another keyboard typed, and does not stumble on what is not there.
    mots = unicodedata.normalize("NFC", _INVISIBLES.sub("", texte).strip())
    return mots if visible(mots).strip() else ""


def lire(texte: str, champ: str, maximum: int = MOTIF, *, exige: str = "") -> str:
    """Words typed beside an act, as :func:`propres`.

    Args:
        champ: field under which a refusal is said.
        exige: what is said when there are none; without it there may be none.

    Raises:
        ValidationError: under ``champ``.
    """
    try:
        mots = propres(texte)
    except ValueError as refus:
        raise ValidationError({champ: str(refus)}) from None
    if exige and not mots:
        raise ValidationError({champ: exige})
    if len(mots) > maximum:
        raise ValidationError({champ: f"{maximum} caractères au plus."})
    return mots
