"""What an unknown value of a file probably meant: the known one whose letters are nearest."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Final

from erp_desktop.services.importation.values import plier

_LIKE: Final = 0.8
_LONGER: Final = 3
_SHORTEST: Final = 3
_SAID = re.compile(r", proche de « (.+) »$", re.DOTALL)


def _figures(words: str) -> str:
    return "".join(filter(str.isdigit, words))


def nearest(said: str, known: Iterable[str]) -> str | None:
    """The known value that ``said`` comes nearest to; None when none is near.

    What differs by a figure is another thing, not a slip: SR-03 is not meant by SR-04.
    """
    folded, figures = plier(said), _figures(said)
    if len(folded) < _SHORTEST:
        return None
    alike: dict[str, str] = {}
    for one in known:
        if _figures(one) == figures and abs(len(one) - len(said)) <= _LONGER:
            alike.setdefault(plier(one), one)
    found = difflib.get_close_matches(folded, alike, 1, _LIKE)
    return alike[found[0]] if found else None


def suffix(said: str, known: Iterable[str]) -> str:
    """What a reason says of it at its end, nothing when no value is near."""
    near = nearest(said, known)
    return f", proche de « {near} »" if near is not None else ""


def split(reason: str) -> tuple[str, str]:
    """A reason without that end, and the value that it names."""
    found = _SAID.search(reason)
    return (reason[: found.start()], found[1]) if found is not None else (reason, "")
