"""A technicien's own hours: ``08:00-12:00, 14:00-18:00; sam 08:00-12:00``.

Parts are told apart by semicolons. Each is the hours of the days that it begins with (``lun-ven``, ``lundi, jeudi``,
``sam``), or without any of every day that no other part names; ``repos`` is a day off. Hours are ``08:30``, ``8h30``
or ``8h``. What the agency's calendar closes stays closed: a technicien's hours are within it.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

from erp_desktop.domain import sla

JOURS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
EXEMPLE = "08:00-12:00, 14:00-18:00; sam 08:00-12:00"
ILLISIBLE = f"Ces horaires ne se lisent pas : écrivez-les comme {EXEMPLE}."
_REPOS = "repos"
_DASHES = str.maketrans("–—−", "---")
_SPAN = re.compile(r"(\d{1,2})(?:[:h](\d{2})?)? ?(?:-|a) ?(\d{1,2})(?:[:h](\d{2})?)?")


def lire(texte: str | None) -> sla.Semaine | None:
    """The week that a text says, Monday first; None when it says none, or cannot be read."""
    letters = unicodedata.normalize("NFKD", (texte or "").translate(_DASHES)).lower()
    plain = " ".join("".join(c for c in letters if not unicodedata.combining(c)).replace(" ", " ").split())
    named: dict[int, tuple[sla.Plage, ...]] = {}
    usual: tuple[sla.Plage, ...] | None = None
    for part in filter(None, (p.strip() for p in plain.split(";"))):
        words = re.match(r"[^\d]*", part)[0] if not part.endswith(_REPOS) else part.removesuffix(_REPOS)  # type: ignore[index]
        days, spans = _days(words.strip(" :")), _spans(part[len(words) :])
        if days is None or spans is None or any(d in named for d in days) or (not days and usual is not None):
            return None
        if days:
            named |= dict.fromkeys(days, spans)
        else:
            usual = spans
    week = tuple(named.get(d, usual or ()) for d in range(7))
    return week if any(week) else None


def _days(words: str) -> list[int] | None:
    """The weekdays named, 0 is Monday; empty for none, None when a word is no day."""
    found: list[int] = []
    for piece in filter(None, re.split(r"[,/ ]+(?:et )?", re.sub(r" ?(?:-| au | a ) ?", "-", words))):
        ends = [_day(word) for word in piece.split("-")]
        if None in ends or len(ends) > 2:
            return None
        first, last = ends[0] or 0, ends[-1] or 0
        if last < first:
            return None
        found += range(first, last + 1)
    return found if len(set(found)) == len(found) else None


def _day(word: str) -> int | None:
    word = word.strip(".")
    return next((n for n, name in enumerate(JOURS) if len(word) > 1 and name.startswith(word)), None)


def _spans(words: str) -> tuple[sla.Plage, ...] | None:
    """The hours of a day, in order; empty for a day off, None when they cannot be read."""
    if words.strip() == _REPOS:
        return ()
    found = []
    for piece in re.split(r" ?(?:,| et ) ?", words.strip()):
        match = _SPAN.fullmatch(piece)
        if match is None:
            return None
        hours = [int(n or 0) for n in match.groups()]
        begin, end = hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]
        if max(hours[1], hours[3]) > 59 or not begin < end <= sla.FIN_DU_JOUR:
            return None
        found.append((begin, end))
    found.sort()
    return tuple(found) if all(a[1] < b[0] for a, b in pairwise(found)) else None


def groupes(semaine: sla.Semaine) -> list[tuple[int, int, tuple[sla.Plage, ...]]]:
    """(first weekday, last weekday, hours) of neighbouring days of the same hours, 0 is Monday."""
    made: list[tuple[int, int, tuple[sla.Plage, ...]]] = []
    for day, spans in enumerate(semaine):
        if made and made[-1][2] == spans:
            made[-1] = (made[-1][0], day, spans)
        else:
            made.append((day, day, spans))
    return made
