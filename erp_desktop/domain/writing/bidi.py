"""Figures, telephones, ranges and codes inside text of either direction, on screens and on papers alike.

In a right-to-left paragraph every engine sets « 1 234 567,80 » with plain spaces as 567,80 234 1, « 08:30-12:30 » as
12:30-08:30, and a minus at the right. An isolate keeps the order inside; a space that does not break keeps it whole.
"""

from __future__ import annotations

import re
import unicodedata

LRI, FSI, PDI, RLM = "\u2066", "\u2068", "\u2069", "\u200f"
FINE = "\u202f"
"""Narrow no-break space: thousands, telephones."""

_SIGNES = dict.fromkeys(map(ord, (LRI, FSI, PDI, RLM)))
_ENTRE_CHIFFRES = re.compile(r"(?<=\d)[ \u00a0](?=\d)(?!\d{1,2}:\d\d)")
_AVANT_HEURE = re.compile(r"(?<=\d) (?=\d{1,2}:\d\d)")
_CODE = r"(?:[A-Z]{2,}(?:[ -][A-Z]+)*[ -]\d[\w-]*|(?=[\dA-Za-z-]*[A-Za-z])\d[\dA-Za-z]*(?:-[\dA-Za-z]+)*)"
_ISOLE = re.compile("[\u2066-\u2068][^\u2069]*\u2069")
_LETTRE = re.compile("([A-Za-z\u00c0-\u024f])|[\u200f\u0590-\u08ff\ufb1d-\ufefc]")
_ARABE = re.compile("[\u0620-\u064a]")
_A_ISOLER = re.compile(
    # A code with the one it is given in brackets, INT-CAS-3-2026-0042 (SKF 6205-2RS), else a figure, a telephone or a
    # range, with its sign and its unit; the mark that ends a sentence is none of it.
    rf"(?<![\w\u2066])(?:{_CODE}(?: \({_CODE}\))?"
    r"|[+\u2212-]?\d(?:[.,:/\u202f\u00a0 \u2013-]?\d)*(?:\u202f?%)?)(?![\w\u2069])"
)


def isoler(texte: str) -> str:
    """``texte`` as one run written from left to right, whatever surrounds it; an empty one stays empty.

    Spaces between digits become narrow no-break spaces, before an hour a wide one: 17/11 is not read on into 13:40.
    """
    if not texte or texte.startswith(LRI):
        return texte
    return LRI + _AVANT_HEURE.sub("\u00a0", _ENTRE_CHIFFRES.sub(FINE, texte)) + PDI


def isoler_dedans(phrase: str) -> str:
    """A sentence with each of its figures, telephones, ranges and codes isolated."""
    return _A_ISOLER.sub(lambda trouve: isoler(trouve[0]), phrase)


def vers_la_gauche(texte: str, sinon: bool) -> bool:
    """Whether the first letter of ``texte`` is of a script written from right to left; ``sinon`` without a letter."""
    for lettre in texte:
        sens = unicodedata.bidirectional(lettre)
        if sens in ("L", "R", "AL"):
            return sens != "L"
    return sinon


def mener(texte: str) -> str:
    """An Arabic sentence that begins with a Latin word, marked as read from right to left all the same.

    Left alone, « Space: » would put the sentence behind it on its left, word after word from the wrong end.
    """
    premiere = _LETTRE.search(_ISOLE.sub("", texte))
    return RLM + texte if premiere is not None and premiere[1] and _ARABE.search(texte) else texte


def visible(texte: str) -> str:
    """Without what nobody sees and comes along with what is copied: marks of direction and of joining, control
    characters, halves of characters; ends of lines stay."""
    if texte.isascii() and texte.isprintable():
        return texte
    return "".join(c for c in texte if unicodedata.category(c) not in ("Cf", "Cc", "Cs") or c in "\t\n\v\f\r\x85")


def nu(texte: str) -> str:
    """Without isolates and marks: what is copied or exported is data."""
    return texte.translate(_SIGNES)
