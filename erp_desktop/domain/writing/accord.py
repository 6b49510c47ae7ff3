"""Counted nouns agree with their figure: « 5 قطع » but « 18 قطعة », « 1 colonne » but « 2 colonnes ».

``resources/translations/noms-comptes-{language}.json`` holds them. In French and English a noun has a singular and
a plural; none takes the singular in French, « 0 ligne », the plural in English. In Arabic the singular (after 0, 1
and hundreds) is followed by the two duals, nominative then oblique, which say two without a figure, by the plural
(3 to 10) and by the singular that follows 11 to 99.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache

from erp_desktop import paths
from erp_desktop.domain.writing import bidi

_OBLIQUE = frozenset(
    {"أول", "أكثر", "إلى", "بعد", "تصدير", "جاء", "خلال", "سوى", "على", "عن", "في", "كتابة", "من", "وعن"}
)
"""Words after which an Arabic dual is in the oblique case."""
_SPACES = str.maketrans("", "", f" \u00a0{bidi.FINE}")
Forms = tuple[str, ...]
"""Singular, then what the language has of: dual, oblique dual, plural, singular after 11."""


def accorder(template: str, values: Mapping[str, object], language: str) -> str:
    """A text of this language with its ``{fields}`` still open, its counted nouns as their figures will have them."""
    found = _lexicon(language)
    if found is None or not values:
        return template
    pattern, forms = found

    def agreed(match: re.Match[str]) -> str:
        figure, signed = _whole(values.get(match["field"]))
        if figure is None:
            return match[0]
        noun, before = forms[match["noun"]], match["before"] or ""
        if len(noun) > 2 and figure == 2 and not signed:
            return before + noun[2 if before.strip() in _OBLIQUE else 1]
        return f"{before}{{{match['field']}}} {_form(noun, figure, language)}"

    return pattern.sub(agreed, template)


def single(figure: int, language: str) -> bool:
    """Whether so many are said in the singular."""
    return figure == 1 or (figure == 0 and language == "fr")


def _form(noun: Forms, figure: int, language: str) -> str:
    if len(noun) == 2:
        return noun[0] if single(figure, language) else noun[1]
    tail = figure % 100
    return noun[3] if 3 <= tail <= 10 else noun[4] if tail >= 11 else noun[0]


def _whole(value: object) -> tuple[int | None, bool]:
    """The figure of a value as it is shown, 1 234 or +2, and whether it has a sign; None: it is none."""
    shown = bidi.nu(str(value)).translate(_SPACES)
    said = shown.lstrip("+-\u2212")
    return int(said) if said.isascii() and said.isdecimal() else None, said != shown


@cache
def _lexicon(language: str) -> tuple[re.Pattern[str], dict[str, Forms]] | None:
    file = paths.RESOURCES / "translations" / f"noms-comptes-{language}.json"
    if not file.is_file():
        return None
    read: dict[str, str | list[str]] = json.loads(file.read_text(encoding="utf-8"))
    forms: dict[str, Forms] = {}
    for singular, rest in read.items():
        noun = (singular, rest) if isinstance(rest, str) else (singular, *rest)
        for form in noun:
            # However the tanwin of the accusative is spelled.
            for spelled in (form, form.replace("ًا", "ا"), form.replace("ًا", "اً")):
                forms.setdefault(spelled, noun)
    longest = sorted(map(re.escape, forms), key=len, reverse=True)
    return re.compile(rf"(?P<before>\S+ )?\{{(?P<field>\w+)\}} (?P<noun>{'|'.join(longest)})(?!\w)"), forms
