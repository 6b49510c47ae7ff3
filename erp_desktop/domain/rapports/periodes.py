"""The periods that a manager picks by name; the same for the screens and for what is sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

Bornes = tuple[date, date]


@dataclass(frozen=True, slots=True)
class Periode:
    """A named period; ``bornes(today)`` gives its first and last day."""

    cle: str
    nom: str
    bornes: Callable[[date], Bornes]


def _mois_dernier(jour: date) -> Bornes:
    fin = jour.replace(day=1) - timedelta(days=1)
    return fin.replace(day=1), fin


def _trimestre(jour: date) -> Bornes:
    return date(jour.year, (jour.month - 1) // 3 * 3 + 1, 1), jour


def _douze_mois(jour: date) -> Bornes:
    """The eleven whole months before, and this one so far."""
    debut = jour.replace(day=1)
    return date(debut.year - (debut.month < 12), debut.month % 12 + 1, 1), jour


PERIODES = (
    Periode("30j", "30 derniers jours", lambda j: (j - timedelta(days=29), j)),
    Periode("mois", "Mois en cours", lambda j: (j.replace(day=1), j)),
    Periode("mois-1", "Mois dernier", _mois_dernier),
    Periode("trimestre", "Trimestre en cours", _trimestre),
    Periode("12m", "12 derniers mois", _douze_mois),
    Periode("annee", "Année en cours", lambda j: (date(j.year, 1, 1), j)),
)
