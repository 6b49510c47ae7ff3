"""How quantities and amounts of the stock are written."""

from __future__ import annotations

from decimal import Decimal

from erp_desktop.ui.kit.i18n import decimal, isolate
from erp_desktop.ui.wording import value_labels as labels


def quantity(value: Decimal, *, blank: bool = False, signed: bool = False) -> str:
    """``2``, ``2,5``, ``−1``; a dash for nothing when ``blank``."""
    if blank and not value:
        return "–"
    words = decimal(abs(value).normalize())
    return isolate(("\u2212" if value < 0 else "+" if signed and value else "") + words)


def money(value: Decimal | None) -> str:
    if value is None:
        return labels.NONE
    words = decimal(abs(value), ".2")
    return isolate(("\u2212" if value < 0 else "") + words)
