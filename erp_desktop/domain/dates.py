"""The grammar of typed dates and times, the same in forms and filters; ``docs/dates.md`` is its page for people."""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import Final

from erp_desktop.domain.writing.bidi import visible

CHIFFRES = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01234567890123456789")
_RELATIFS: Final = {
    "aujourd'hui": 0, "aujourdhui": 0, "auj": 0, "today": 0, "اليوم": 0,
    "demain": 1, "tomorrow": 1, "غدا": 1, "apres-demain": 2, "apres demain": 2, "بعد غد": 2,
    "hier": -1, "yesterday": -1, "امس": -1, "avant-hier": -2, "avant hier": -2, "اول امس": -2,
}  # fmt: skip
_JOURS: Final = (
    ("lundi", "monday", "الاثنين", "الإثنين"), ("mardi", "tuesday", "الثلاثاء"),
    ("mercredi", "wednesday", "الاربعاء"),
    ("jeudi", "thursday", "الخميس"), ("vendredi", "friday", "الجمعة"), ("samedi", "saturday", "السبت"),
    ("dimanche", "sunday", "الاحد"),
)  # fmt: skip
_MOIS: Final = (
    ("janvier", "january", "يناير"), ("fevrier", "february", "فبراير"), ("mars", "march", "مارس"),
    ("avril", "april", "ابريل"), ("mai", "may", "ماي"), ("juin", "june", "يونيو"),
    ("juillet", "july", "يوليوز"), ("aout", "august", "غشت"), ("septembre", "september", "شتنبر"),
    ("octobre", "october", "اكتوبر"), ("novembre", "november", "نونبر"), ("decembre", "december", "دجنبر"),
)  # fmt: skip
_SUITE, _PASSE = ("prochain", "prochaine", "next", "القادم"), ("dernier", "derniere", "last", "الماضي")
_HEURE = re.compile(
    r"(?:^|(?<=[\s,t]))(?:(?:a|at|vers|على|@)\s*)?"
    r"(?:(?P<h>\d{1,2})\s*(?:(?:h|:)\s*(?P<m>\d{2})?)(?:mn|min)?|(?P<mot>midi|minuit|noon|midnight))$"
)
_NUMERIQUE = re.compile(r"(\d{1,2})([/.\- ])(\d{1,2})(?:[/.\- ](\d{4}|\d{2}))?")
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
_COLLE = re.compile(r"(\d{2})(\d{2})(\d{4}|\d{2})?")
_LETTRES = re.compile(r"(\d{1,2})(?:er|st|nd|rd|th)?[ .]+([^\W\d]+)\.?(?: +(\d{4}|\d{2}))?")
_DECALAGE = re.compile(r"([+-]) ?(\d{1,4}) ?(j|d|s|w|m)?")
_DANS = re.compile(r"(dans|in|il y a) (\d{1,4}) (jours?|days?|semaines?|weeks?|mois|months?)")
_MARGE = timedelta(days=30)
PREMIERE_ANNEE, DERNIERE_ANNEE = 1900, 2199
"""The calendar of the program."""
HORS_CALENDRIER = f"Une date est hors du calendrier admis, de {PREMIERE_ANNEE} à {DERNIERE_ANNEE}."


class Sens(Enum):
    """Which year is meant when none is typed.

    ``FUTUR`` for what is planned, ``PASSE`` for what was done, ``PROCHE`` for a filter: this year's, except around
    New Year.
    """

    FUTUR = "futur"
    PASSE = "passe"
    PROCHE = "proche"


def _plier(texte: str) -> str:
    """Lower case, no accents (hamzas included), plain apostrophes, European digits, single spaces."""
    decompose = unicodedata.normalize("NFKD", visible(texte).casefold().replace("’", "'").translate(CHIFFRES))
    return " ".join("".join(c for c in decompose if not unicodedata.combining(c)).split())


def _an(texte: str) -> int:
    return int(texte) + (2000 if len(texte) == 2 else 0)


def _annee(jour: int, mois: int, aujourdhui: date, sens: Sens) -> date | None:
    """The day of the year meant; 29 February looks further for a year that has one."""
    if not 1 <= mois <= 12:
        return None
    annees = range(aujourdhui.year - 8, aujourdhui.year + 9)
    possibles = [date(an, mois, jour) for an in annees if 1 <= jour <= monthrange(an, mois)[1]]
    if not possibles:
        return None
    if sens is Sens.FUTUR:
        return min(d for d in possibles if d >= aujourdhui - _MARGE)
    if sens is Sens.PASSE:
        return max(d for d in possibles if d <= aujourdhui)
    cette_annee = [d for d in possibles if d.year == aujourdhui.year and abs((d - aujourdhui).days) <= 300]
    return cette_annee[0] if cette_annee else min(possibles, key=lambda d: abs((d - aujourdhui).days))


def plus_mois(jour: date, mois: int) -> date:
    """The same day some months away, or the last of a shorter month."""
    an, rang = divmod(jour.year * 12 + jour.month - 1 + mois, 12)
    return date(an, rang + 1, min(jour.day, monthrange(an, rang + 1)[1]))


def _rang(mot: str, noms: tuple[tuple[str, ...], ...]) -> int | None:
    """Place of a name; three letters are enough when they begin one name only."""
    trouves = [i for i, formes in enumerate(noms) if mot in map(_plier, formes)]
    if not trouves and len(mot) >= 3:
        trouves = [i for i, formes in enumerate(noms) if any(_plier(f).startswith(mot) for f in formes)]
    return trouves[0] if len(trouves) == 1 else None


def _jour_de_semaine(texte: str, aujourdhui: date, sens: Sens) -> date | None:
    mot, _espace, suite = texte.partition(" ")
    if mot in _SUITE + _PASSE:
        mot, suite = suite, mot
    rang = _rang(mot, _JOURS)
    if rang is None or (suite and suite not in _SUITE + _PASSE):
        return None
    if suite in _PASSE or (not suite and sens is Sens.PASSE):
        return aujourdhui - timedelta(days=(aujourdhui.weekday() - rang) % 7 or (7 if suite else 0))
    return aujourdhui + timedelta(days=(rang - aujourdhui.weekday()) % 7 or (7 if suite else 0))


def _decale(signe: int, nombre: int, unite: str, aujourdhui: date) -> date:
    if unite.startswith("m"):
        return plus_mois(aujourdhui, signe * nombre)
    return aujourdhui + timedelta(days=signe * nombre * (7 if unite[:1] in ("s", "w") else 1))


def _lire_jour(texte: str, aujourdhui: date, sens: Sens) -> date | None:
    if texte in _RELATIFS:
        return aujourdhui + timedelta(days=_RELATIFS[texte])
    if trouve := _ISO.fullmatch(texte):
        return date(int(trouve[1]), int(trouve[2]), int(trouve[3]))
    if trouve := _NUMERIQUE.fullmatch(texte):
        jour, mois, an = trouve[1], trouve[3], trouve[4]
        return date(_an(an), int(mois), int(jour)) if an else _annee(int(jour), int(mois), aujourdhui, sens)
    if trouve := _COLLE.fullmatch(texte):
        jour, mois, an = trouve.groups()
        return date(_an(an), int(mois), int(jour)) if an else _annee(int(jour), int(mois), aujourdhui, sens)
    if trouve := _LETTRES.fullmatch(texte):
        rang = _rang(trouve[2], _MOIS)
        if rang is None:
            return None
        if trouve[3]:
            return date(_an(trouve[3]), rang + 1, int(trouve[1]))
        return _annee(int(trouve[1]), rang + 1, aujourdhui, sens)
    if trouve := _DECALAGE.fullmatch(texte):
        return _decale(-1 if trouve[1] == "-" else 1, int(trouve[2]), trouve[3] or "j", aujourdhui)
    if trouve := _DANS.fullmatch(texte):
        return _decale(-1 if trouve[1] == "il y a" else 1, int(trouve[2]), trouve[3], aujourdhui)
    return _jour_de_semaine(texte, aujourdhui, sens)


def lire(texte: str, maintenant: datetime, sens: Sens = Sens.PROCHE) -> tuple[date, time | None] | None:
    """What was typed, or None when it is no date.

    Args:
        maintenant: the branch's wall clock, against which « demain » and « à 9h » are read.
        sens: which year, weekday and hour are meant when they are not typed.

    Returns:
        the day, and the time when one was typed. A time alone is today's; where a future date is expected and it has
        passed, tomorrow's.
    """
    plie = _plier(texte)
    heure: time | None = None
    try:
        if trouve := _HEURE.search(plie):
            if trouve["mot"]:
                heure = time(12 if trouve["mot"] in ("midi", "noon") else 0)
            else:
                heure = time(int(trouve["h"]), int(trouve["m"] or 0))
            plie = plie[: trouve.start()].rstrip(" ,t")
            if not plie:
                demain = sens is Sens.FUTUR and heure < maintenant.time().replace(tzinfo=None)
                return maintenant.date() + timedelta(days=demain), heure
        jour = _lire_jour(plie, maintenant.date(), sens)
    except (ValueError, OverflowError):
        return None
    return None if jour is None else (jour, heure)
