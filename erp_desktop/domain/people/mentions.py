"""How a person is named in texts: by name, electronic address, telephone or login, in the spellings that people use.

A mention is a regular expression that Python and PostgreSQL read alike (``re.IGNORECASE``, flag ``i``): what one
finds the other finds. It knows no accents, no order of first and last name, and a telephone in any spelling.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from itertools import permutations
from typing import Any

from erp_desktop.domain.recherche import chiffres, plier

MARK = "(effacé)"
"""What stands where a person was named."""
_ACCENTS = {
    "a": "aàâäáãå", "c": "cç", "e": "eéèêë", "i": "iîïíì", "n": "nñ", "o": "oôöóòõ", "u": "uùûüú", "y": "yÿý",
    "ا": "اأإآٱ", "ي": "يىئ", "ه": "هة", "و": "وؤ",
}  # fmt: skip
_APART = "[ \t\n\u00a0\u202f.,_'-]+"
_GAP = "[ .\u00a0\u202f()/-]*"
_ALONE = "(?<![0-9A-Za-zÀ-ɏ\u0600-\u06ff])", "(?![0-9A-Za-zÀ-ɏ\u0600-\u06ff])"
_FEW = 3
"""Words of a name that are looked for in any order; of longer ones, the last or the first word leads."""
_LEAST = 5
"""Letters of a name that is looked for in texts: fewer would be found in other words' company."""


def _letters(word: str) -> str:
    made = []
    for c in word:
        either = _ACCENTS.get(c, c)
        made.append(f"[{either}{either.upper()}]" if len(either) > 1 else re.escape(c))
    return "".join(made)


def name(text: str | None) -> list[str]:
    """Patterns of a full name in both orders, of several names each; none for one word or a very short name, which
    would be anybody's."""
    found: list[str] = []
    for part in [text or "", *re.split(r"[,;/()]", text or "")]:
        words = [w for w in re.split(r"[^\w]+|_", plier(part)) if w]
        if len(words) > 1 and sum(map(len, words)) >= _LEAST:
            whole = tuple(words)
            led = (whole, whole[::-1], (*whole[1:], whole[0]), (whole[-1], *whole[:-1]))
            orders = permutations(words) if len(words) <= _FEW else dict.fromkeys(led)
            found += [_ALONE[0] + _APART.join(map(_letters, order)) + _ALONE[1] for order in orders]
    return found


def words(text: str | None) -> list[str]:
    """The pattern of what a person gave as another way to be named, taken as it is."""
    found = plier(text or "").split()
    return [_ALONE[0] + _APART.join(map(_letters, found)) + _ALONE[1]] if found else []


def code(text: str | None) -> list[str]:
    """The pattern of an electronic address or a login."""
    clean = (text or "").strip()
    if len(clean) < _LEAST:
        return []
    return ["(?<![0-9A-Za-z.%+_-])" + re.escape(clean) + "(?![0-9A-Za-z_-])"]


def telephone(text: str | None) -> list[str]:
    """The pattern of a telephone, national or international, whatever stands between its figures."""
    figures = chiffres((text or "").strip())
    if len(figures) < 8:
        return []
    before = f"(?:(?:[+]|00)?212{_GAP}(?:[(]0[)]|0)?|0)?{_GAP}" if len(figures) == 9 else "[+]?"
    return ["(?<![0-9])" + before + _GAP.join(figures) + "(?![0-9])"]


def together(patterns: Iterable[str]) -> str | None:
    """One pattern of many; None of none."""
    found = list(dict.fromkeys(patterns))
    return "|".join(f"(?:{p})" for p in found) if found else None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def erased(value: Any, pattern: str) -> Any:
    """A text, or every text inside what JSON holds, without the person; anything else as it is."""
    if isinstance(value, str):
        return _compiled(pattern).sub(MARK, value)
    if isinstance(value, list):
        return [erased(v, pattern) for v in value]
    if isinstance(value, dict):
        return {erased(k, pattern): erased(v, pattern) for k, v in value.items()}
    return value


def names(value: Any, pattern: str) -> bool:
    """Whether a text names the person."""
    return isinstance(value, str) and _compiled(pattern).search(value) is not None
