"""Round graduations for the axis of a chart."""

from __future__ import annotations

import math


def paliers(maximum: float, combien: int = 4) -> list[float]:
    """Graduations from 0 up to the last one not above ``maximum``, at most ``combien`` steps.

    Steps are 1, 2, 2.5 or 5 times a power of ten, and never less than 1: counts have no fractions.
    """
    if maximum <= 0:
        return [0.0]
    brut = maximum / combien
    ordre = 10.0 ** math.floor(math.log10(brut))
    pas = max(next(m for m in (1, 2, 2.5, 5, 10) if m * ordre >= brut * 0.999) * ordre, 1.0)
    return [pas * i for i in range(int(maximum / pas + 1e-9) + 1)]
