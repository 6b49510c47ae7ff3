"""Reports on paper in the language of whoever reads them: the words of the window, figures kept in their order."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

from babel.dates import format_date

from erp_desktop.domain.writing import bidi, typography
from erp_desktop.domain.writing.accord import accorder
from erp_desktop.domain.writing.texts import texts
from erp_desktop.reports.presentation import jour, periode
from erp_desktop.reports.tableaux import Tableau

LANGUAGES = (("fr", "Français"), ("ar", "العربية"), ("en", "English"))
OF_TEMPLATES = (
    "Définitions", "Page", "Rien dans cette période", "Rien dans cette période.", "Maintenance industrielle",
    "Interventions créées, répartition",
)  # fmt: skip
"""What the templates of reports say by themselves."""
_FIGURES = re.compile(r"[\d\s\u202f\u00a0.,%+±\u2212–:/()-]*(?:MAD|h|min|k|M|pt)?[\d\s\u202f\u00a0]*")
_MEASURED = re.compile(
    r"[±+\u2212-]?\d[\d\u202f\u00a0 .,]*(?:h(?:[\u202f ]?\d\d)?|min|MAD|pt|%|k|M)\b|[±+\u2212-]?\d[\d.,]*[\u202f ]?%"
)
_HOURS = re.compile(r"([±+\u2212-]?\d(?:[\d\u202f.,]*\d)?)[\u202f\u00a0 ]?h(?:[\u202f\u00a0 ]?(\d\d))?(?![\w\u2069])")
_COUNTED = re.compile(r"([±+\u2212-]?\d(?:[\d\u202f.,]*\d)?)[\u202f\u00a0 ]?(min|pt)\b(?!\u2069)")
_BEFORE_UNIT = re.compile(r"(?<=\d) (?=(?:\d{3}|min|h|pt|MAD|k|M)\b|%)")
_ARABIC = re.compile(r"[\u0600-\u06ff]")
_MONTH = re.compile(r"(\D+?\.?)((?: \d{4})?)")


class Words:
    """A language; called with French words, it gives them in it."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._said: dict[str, str] = {}

    def __call__(self, french: str, **values: object) -> str:
        found = french if self.language == "fr" else texts(self.language).of(french) or french
        said = typography.composer(found)
        return accorder(said, values, self.language).format(**values) if values else said

    def kept(self, written: str) -> str:
        """Figures, codes and what people typed, in the order in which they are read."""
        if self.language != "ar":
            return written
        if _FIGURES.fullmatch(written) or _ARABIC.search(written):
            # What somebody typed stays: « prévenu à 15 h ».
            written = self._lasting(written)
        if not _ARABIC.search(written):
            return bidi.isoler(written)
        return bidi.isoler_dedans(_MEASURED.sub(lambda found: bidi.isoler(found[0]), written))

    def _lasting(self, written: str) -> str:
        """Durations and points as windows say them in Arabic: ``5:42 س``, ``34 د``."""
        hours = _HOURS.sub(
            lambda found: f"{bidi.isoler(found[1] + (':' + found[2] if found[2] else ''))}{bidi.FINE}{self('h')}",
            written,
        )
        return _COUNTED.sub(lambda found: f"{bidi.isoler(found[1])}{bidi.FINE}{self(found[2])}", hours)

    def moment(self, instant: str) -> str:
        """``17/11/2026 à 13:52``; other languages need no word between the two."""
        return instant if self.language == "fr" else instant.replace(" à ", " ")

    def period(self, begin: date, end: date) -> str:
        if self.language == "fr":
            return periode(begin, end)
        return self.kept(self("du {du} au {au}", du=jour(begin), au=jour(end)))

    def plain(self, written: str) -> str:
        """A word or phrase of a report for a file, without marks of direction; what is not known stays."""
        return bidi.nu(self._month(written) or self._whole(written)) if self.language != "fr" else written

    def table(self, one: Tableau) -> Tableau:
        """A table of the report with its heads, and the words of closed lists in it, in this language."""
        if self.language == "fr":
            return one
        listed = one.cle in {"statut", "type", "priorite", "anciennete"}

        def cells(row: tuple[Any, ...], *, words: bool) -> tuple[Any, ...]:
            return tuple(self.plain(cell) if words and isinstance(cell, str) else cell for cell in row)

        return replace(
            one, titre=self.plain(one.titre),
            colonnes=tuple(replace(column, nom=self.plain(column.nom)) for column in one.colonnes),
            lignes=tuple(cells(row, words=listed) for row in one.lignes),
            pied=None if one.pied is None else cells(one.pied, words=True),
        )  # fmt: skip

    def templates(self) -> dict[str, str]:
        """The words that ``dit`` of the templates looks up."""
        return {french: self(french) for french in OF_TEMPLATES}

    def deep(self, value: Any, skip: frozenset[str] = frozenset()) -> Any:
        """Data with every text in this language; under the keys of ``skip`` all stays as it is."""
        if self.language == "fr":
            return value
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, Mapping):
            return {key: one if key in skip else self.deep(one, skip) for key, one in value.items()}
        return [self.deep(one, skip) for one in value] if isinstance(value, list | tuple) else value

    def _text(self, written: str) -> str:
        if re.fullmatch("#[0-9a-fA-F]{6}", written):
            return written
        if written not in self._said:
            self._said[written] = self.kept(self._month(written) or self._whole(written))
        return self._said[written]

    def _whole(self, written: str) -> str:
        plain = written.replace(bidi.FINE, " ").replace("’", "'")
        known = texts(self.language)
        if plain in known.known:
            return known.known[plain]
        if _FIGURES.fullmatch(written):
            return written
        # Several sentences, or parts between commas, each known by itself, before one that takes the rest for a name.
        sentences = re.split(r"(?<=\.) (?=[A-ZÀ-Ý«])", written)
        if len(sentences) > 1:
            return " ".join(self._whole(one) for one in sentences)
        parts = written.split(", ")
        if len(parts) > 1 and all(known.of(one.replace(bidi.FINE, " ")) for one in parts):
            return ("، " if self.language == "ar" else ", ").join(self._whole(one) for one in parts)
        said = known.sentence(plain)
        return _BEFORE_UNIT.sub(bidi.FINE, said) if said is not None else written

    def _month(self, written: str) -> str | None:
        match = _MONTH.fullmatch(written)
        known = _months(self.language)
        return f"{known[match[1]]}{match[2]}" if match is not None and match[1] in known else None


@cache
def _months(language: str) -> dict[str, str]:
    """Short and long French name of a month → the short one of a language."""
    found: dict[str, str] = {}
    for month in range(1, 13):
        one = date(2026, month, 1)
        said = str(format_date(one, "MMM", locale="ar_MA" if language == "ar" else language))
        found |= {str(format_date(one, form, locale="fr")): said for form in ("MMM", "MMMM")}
    return found
