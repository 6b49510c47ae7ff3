"""A figure that is the difference of two measures: given only when it stands out of their noise, and taken again."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

ROUNDS = 3


def apart(whole: Sequence[float], part: Sequence[float]) -> float | None:
    """Seconds between two medians; None while their spread (median absolute deviations) may explain it."""
    gap = statistics.median(whole) - statistics.median(part)
    return gap if gap > 3 * (_spread(whole) + _spread(part)) and gap > 0 else None


def _spread(taken: Sequence[float]) -> float:
    middle = statistics.median(taken)
    return statistics.median(abs(one - middle) for one in taken)


def difference(whole: Callable[[], list[float]], part: Callable[[], list[float]]) -> float | None:
    """Measure both, again while the difference cannot be trusted; None when it never can.

    Args:
        whole: seconds of a few runs of the longer work.
        part: seconds of as many runs of what both works do.
    """
    longer: list[float] = []
    shorter: list[float] = []
    for _ in range(ROUNDS):
        shorter += part()
        longer += whole()
        found = apart(longer, shorter)
        if found is not None:
            return found
    return None
