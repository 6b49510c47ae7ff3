"""What the report's figures are called on the screen, in the language in force; printed papers speak French."""

from __future__ import annotations

from datetime import date

from erp_desktop.reports.presentation import FINE, periode
from erp_desktop.ui.kit.i18n import comma, isolate, language, said, tr
from erp_desktop.ui.wording import value_labels

_MOIS = {
    "janv.": "janvier", "févr.": "février", "mars": "mars", "avr.": "avril", "mai": "mai", "juin": "juin",
    "juil.": "juillet", "août": "août", "sept.": "septembre", "oct.": "octobre", "nov.": "novembre",
    "déc.": "décembre",
}  # fmt: skip
"""Short name on an axis → the name that the catalogues have."""


def detail(words: str) -> str:
    """What a figure counts and leaves out, part by part: ``27 réparations, 3 exclues``."""
    return comma().join(said(part) for part in words.split(", "))


def month(words: str) -> str:
    """A month on an axis, short: Arabic has no abbreviations and needs none."""
    if words not in _MOIS or language() == "fr":
        return words
    return tr(_MOIS[words]) if language() == "ar" else tr(_MOIS[words])[:3]


def age(words: str) -> str:
    """``3–7 j`` with the letter of days in this language."""
    if language() == "fr":
        return words
    days, _space, letter = words.rpartition(FINE)
    return f"{isolate(days)} {tr(letter)}"


def period(begin: date, end: date) -> str:
    """``du 1er au 31 octobre 2026``, or the two days in figures."""
    if language() == "fr":
        return periode(begin, end)
    return tr("du {du} au {au}", du=isolate(value_labels.day(begin)), au=isolate(value_labels.day(end)))


def of(freshness: str) -> str:
    """``locales de 14:05`` from ``à 14:05``; ``locales du 17/11 à 14:05`` stays."""
    return tr("de {heure}", heure=freshness.removeprefix("à ")) if freshness.startswith("à ") else freshness
