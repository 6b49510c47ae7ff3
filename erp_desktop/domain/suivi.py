"""How units of a part are told apart, and how their lots and serial numbers are written."""

from __future__ import annotations

from enum import StrEnum


class SuiviPiece(StrEnum):
    """By what the units of a part are told apart.

    A lot has any number of units, in any number of places; a serial number is one unit, in one place.
    """

    AUCUN = "aucun"
    LOT = "lot"
    SERIE = "serie"


def spelled(lot: str | None) -> str:
    """A lot as it is kept, whoever types or scans it: capitals, single spaces; empty for none."""
    return " ".join((lot or "").split()).upper()


REPRISE = "Frappe annulée"
"""Motive of the entry of a count that takes back the one before it: together they are as if nobody had counted."""
