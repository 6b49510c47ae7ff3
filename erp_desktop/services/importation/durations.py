"""Durations of imported files, in minutes: clocks, words, and bare figures whose unit the file does not say."""

from __future__ import annotations

import re
from datetime import time, timedelta
from decimal import Decimal

from erp_desktop.services.importation.values import Ecriture, Unite, decimal
from erp_desktop.services.sheets.model import Cell, text

_HORLOGE = re.compile(r"(\d{1,4}) ?[:hH] ?(\d{2})(?::(\d{2}))?")
_MOTS = re.compile(r"(.*\d) ?(?:(h|hrs?|heures?|hours?)|m|mn|mins?|minutes?)\.?", re.IGNORECASE)


def minutes(cellule: Cell, ecriture: Ecriture) -> Decimal:
    """Exact minutes; a whole figure without unit is minutes unless the file is said to count hours.

    Raises:
        ValueError: no duration, or a fraction whose unit nobody gave: 4.0 is four minutes or four hours.
    """
    if isinstance(cellule, timedelta):
        return Decimal(round(cellule.total_seconds())) / 60
    if isinstance(cellule, time):
        return Decimal(cellule.hour * 3600 + cellule.minute * 60 + cellule.second) / 60
    if isinstance(cellule, str) and (lu := _HORLOGE.fullmatch(cellule)):
        return Decimal(int(lu[1]) * 3600 + int(lu[2]) * 60 + int(lu[3] or 0)) / 60
    if isinstance(cellule, str) and (lu := _MOTS.fullmatch(cellule)):
        return decimal(lu[1], ecriture.nombres) * (60 if lu[2] else 1)
    if not isinstance(cellule, (str, Decimal)):
        raise ValueError(f"durée attendue, « {text(cellule)} » trouvé")
    valeur = decimal(cellule, ecriture.nombres)
    if ecriture.durees is None and (valeur % 1 or (isinstance(cellule, str) and re.search(r"[.,]0*$", cellule))):
        raise ValueError(f"« {text(cellule)} » : dites l'unité du fichier (--durees minutes ou heures)")
    return valeur * (60 if ecriture.durees is Unite.HEURES else 1)
