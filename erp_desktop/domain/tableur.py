"""Texts in files that spreadsheets open: what they would run as a formula stays a text, and comes back as it was."""

from __future__ import annotations

import re

_FORMULES = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NEGATIF = re.compile(r"-\d[\d.,  \u00a0\u202f]*")


def _executable(texte: str) -> bool:
    """A spreadsheet would compute it; a plain negative figure is only itself, a ``+212…`` would lose its plus."""
    return texte.startswith(_FORMULES) and not _NEGATIF.fullmatch(texte)


def proteger(texte: str) -> str:
    """The text with an apostrophe before what would be computed; :func:`rendre` takes it away again."""
    return f"'{texte}" if _executable(texte.lstrip("'")) else texte


def rendre(texte: str) -> str:
    """The text that :func:`proteger` was given; any other comes back as it is."""
    return texte[1:] if texte.startswith("'") and _executable(texte.lstrip("'")) else texte
