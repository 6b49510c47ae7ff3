"""Days and instants of imported files: what spreadsheets, SAP and people write; a ``ValueError`` says why not."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum

from erp_desktop import clock
from erp_desktop.domain import dates
from erp_desktop.services.sheets.model import Cell, text

_HEURE = r"(?:(?:[ T,]+(?:à )?|\s*à )(\d{1,2})(?:[:hH](\d{2})?(?::(\d{2}))?(?:[.,]\d{1,6})?) ?([AaPp][Mm])?)?"
_CHIFFRES = re.compile(r"(\d{1,4})([/.\- ])(\d{1,2})\2(\d{4}|\d{1,2})" + _HEURE)
_COLLEE = re.compile(r"(19|20|21)(\d{2})(\d{2})(\d{2})")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}([ T].+)?")
_LETTRES = re.compile(r"\d{1,2}(?:er)?[ .-]+[^\W\d]{3,}\.?[ .-]+\d{4}(?:,? \d{1,2}[:hH]\d{2})?")
_SERIE = re.compile(r"\d{5}(?:[.,]\d+)?")
_ORIGINE = datetime(1899, 12, 30)  # noqa: DTZ001 - a sheet's days have no zone
_SERIES = (Decimal(10_000), Decimal(73_050))
"""1927 to 2099: a shorter number is no date that work was done on."""

_AU_CHOIX = "date comme 03/04/2026 lue jour, puis mois : rien dans le fichier ne le prouve (--dates)"
_PROUVE = "date dont l'ordre se voit"


class Ordre(StrEnum):
    """How a file orders day, month and year when it begins with neither a year nor a word."""

    JMA = "jma"
    MJA = "mja"


def _serie(jours: Decimal) -> datetime | None:
    if not _SERIES[0] <= jours < _SERIES[1]:
        return None
    exact = _ORIGINE + timedelta(days=int(jours), seconds=round(float(jours % 1) * 86_400))
    return exact.replace(microsecond=0)


def _ecrit(lu: re.Match[str], ordre: Ordre, notes: Counter[str]) -> datetime:
    premier, separateur, second, dernier, heure, minute, seconde, midi = lu.groups()
    if len(premier) == 4:
        an, mois, jour = int(premier), int(second), int(dernier)
        if len(dernier) == 4:
            raise ValueError(premier)
    else:
        jour, mois, an = int(premier), int(second), int(dernier)
        if len(premier) > 2:
            raise ValueError(premier)
        if ordre is Ordre.MJA:
            jour, mois = mois, jour
        if jour != mois and separateur != ".":
            # Nobody who writes dots puts the month first.
            notes[_AU_CHOIX if max(jour, mois) <= 12 else _PROUVE] += 1
        if len(dernier) < 4:
            notes["année sur deux chiffres"] += 1
            an += 2000 if an <= clock.today().year % 100 + 1 else 1900
    h = int(heure or 0)
    if midi:
        if not 1 <= h <= 12:
            raise ValueError(heure)
        h = h % 12 + (12 if midi.lower() == "pm" else 0)
    return datetime(an, mois, jour, h, int(minute or 0), int(seconde or 0))  # noqa: DTZ001 - the caller gives the zone


def moment(cellule: Cell, ordre: Ordre, notes: Counter[str]) -> datetime:
    """A date with or without time; aware only when the text says its zone.

    Args:
        notes: counts what was understood rather than read.

    Raises:
        ValueError: no date, or one of another century.
    """
    lu = _moment(cellule, ordre, notes)
    if lu is None:
        ecrit = text(cellule)
        conseil = ""
        if ordre is Ordre.JMA and re.fullmatch(r"(0?[1-9]|1[0-2])[/.-](1[3-9]|2\d|3[01])[/.-]\d{4}.*", ecrit):
            conseil = " (mois avant le jour : --dates mja)"
        raise ValueError(f"date illisible « {ecrit} »{conseil}")
    if not 1900 <= lu.year < 2200:
        raise ValueError(f"année invraisemblable : {text(cellule)}")
    return lu


def _moment(cellule: Cell, ordre: Ordre, notes: Counter[str]) -> datetime | None:
    if isinstance(cellule, datetime):
        return cellule
    if isinstance(cellule, date):
        return datetime.combine(cellule, time())
    if isinstance(cellule, Decimal):
        return _compter(_serie(cellule), notes)
    if not isinstance(cellule, str):
        return None
    try:
        if lu := _CHIFFRES.fullmatch(cellule):
            return _ecrit(lu, ordre, notes)
        if _ISO.fullmatch(cellule):
            return datetime.fromisoformat(cellule)
        if lu := _COLLEE.fullmatch(cellule):
            return datetime(int(lu[1] + lu[2]), int(lu[3]), int(lu[4]))  # noqa: DTZ001 - the caller gives the zone
        if _LETTRES.fullmatch(cellule):
            trouve = dates.lire(re.sub(r"[ .-]+", " ", cellule), clock.local(clock.now()))
            return datetime.combine(trouve[0], trouve[1] or time()) if trouve else None
    except ValueError:
        return None
    return _compter(_serie(Decimal(cellule.replace(",", "."))), notes) if _SERIE.fullmatch(cellule) else None


def _compter(lu: datetime | None, notes: Counter[str]) -> datetime | None:
    if lu is not None:
        notes["date donnée en nombre de jours, comme un tableur la garde"] += 1
    return lu


def conclure(notes: Counter[str], ordre: Ordre | None) -> None:
    """After the last line: orders that nobody gave are told when no date of the file shows them."""
    if notes.pop(_PROUVE, 0) or ordre is not None:
        notes.pop(_AU_CHOIX, None)


def jour(cellule: Cell, ordre: Ordre, notes: Counter[str]) -> date:
    """The day, Morocco's when the cell says an instant.

    Raises:
        ValueError: see :func:`moment`.
    """
    lu = moment(cellule, ordre, notes)
    if lu.tzinfo is not None:
        lu = lu.astimezone(clock.CASABLANCA)
    if lu.time().replace(tzinfo=None) != time():
        notes["heure laissée de côté, cette colonne est une date"] += 1
    return lu.date()


def instant(cellule: Cell, ordre: Ordre, notes: Counter[str]) -> datetime:
    """An aware instant; a time without zone is Morocco's wall clock.

    Raises:
        ValueError: see :func:`moment`.
    """
    lu = moment(cellule, ordre, notes)
    return lu.replace(tzinfo=clock.CASABLANCA) if lu.tzinfo is None else lu
