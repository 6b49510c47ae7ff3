"""The dates of a preventive plan: a frequency or an RRULE of RFC 5545, a season, closed days.

Dates, never instants. ``dates`` gives the same on every replica: what is generated from them meets under one key.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import islice, takewhile
from typing import Final

from dateutil.relativedelta import relativedelta
from dateutil.rrule import DAILY, MONTHLY, WEEKLY, YEARLY, rrule, rrulestr

from erp_desktop.domain.enums import Frequence, ReportFerie

HORIZON = 90
"""Days ahead that visits are made, unless the plan says otherwise."""
_PAS: Final = {
    Frequence.JOURNALIER: (DAILY, 1), Frequence.HEBDOMADAIRE: (WEEKLY, 1), Frequence.MENSUEL: (MONTHLY, 1),
    Frequence.TRIMESTRIEL: (MONTHLY, 3), Frequence.SEMESTRIEL: (MONTHLY, 6), Frequence.ANNUEL: (YEARLY, 1),
}  # fmt: skip
_DELAIS: Final = {
    Frequence.JOURNALIER: relativedelta(days=1), Frequence.HEBDOMADAIRE: relativedelta(weeks=1),
    Frequence.MENSUEL: relativedelta(months=1), Frequence.TRIMESTRIEL: relativedelta(months=3),
    Frequence.SEMESTRIEL: relativedelta(months=6), Frequence.ANNUEL: relativedelta(years=1),
}  # fmt: skip
_FREQ: Final = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_PARTS: Final = ("FREQ", "INTERVAL", "COUNT", "UNTIL", "BYMONTH", "BYMONTHDAY", "BYDAY", "BYSETPOS", "WKST")
_DAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_YEARS, _A_YEAR = 5, 400
_CYCLE: Final = timedelta(days=146_097)
"""Four hundred years: dates come back on the same days of the week."""
EXEMPLE = "FREQ=MONTHLY;BYDAY=1MO"


@dataclass(frozen=True, slots=True)
class Rythme:
    """When a plan is due by the calendar.

    Attributes:
        debut: the first date that the rule may give, and what it counts from.
        fin: the last one; None: without end.
        saison: first and last month, 1 to 12; the first past the second goes over the new year.
    """

    frequence: str
    debut: date
    recurrence: str | None = None
    fin: date | None = None
    saison: tuple[int, int] | None = None


def _entier(parts: dict[str, str], nom: str, bas: int, haut: int) -> int | None:
    if nom not in parts:
        return None
    if not re.fullmatch(r"-?\d{1,9}", parts[nom]):
        raise ValueError(f"« {nom}={parts[nom][:20]} » n'est pas un nombre entier.")
    valeur = int(parts[nom])
    if not bas <= valeur <= haut:
        raise ValueError(f"{nom} va de {bas} à {haut}.")
    return valeur


def _liste(parts: dict[str, str], nom: str, haut: int, *, signe: bool) -> list[int]:
    valeurs = []
    for morceau in parts.get(nom, "").split(",") if nom in parts else ():
        if not re.fullmatch(r"[+-]?\d{1,3}", morceau):
            raise ValueError(f"« {nom}={parts[nom][:20]} » ne se lit pas.")
        valeur = int(morceau)
        if not 1 <= (abs(valeur) if signe else valeur) <= haut:
            raise ValueError(f"{nom} va de 1 à {haut}.")
        valeurs.append(valeur)
    return valeurs


def _jours(parts: dict[str, str]) -> list[tuple[int, str]]:
    """(rank in the month or the year, 0 when there is none; day of the week)."""
    trouves = []
    for morceau in parts.get("BYDAY", "").split(",") if "BYDAY" in parts else ():
        lu = re.fullmatch(r"([+-]?[1-9]\d?)?(MO|TU|WE|TH|FR|SA|SU)", morceau)
        if lu is None:
            raise ValueError(f"« BYDAY={parts['BYDAY'][:20]} » ne se lit pas : MO, TU… ou 1MO pour le premier lundi.")
        trouves.append((int(lu[1] or 0), lu[2]))
    return trouves


def _fin_de_regle(parts: dict[str, str], debut: date) -> None:
    if "UNTIL" not in parts:
        return
    lu = re.fullmatch(r"(\d{8})(T\d{6}Z?)?", parts["UNTIL"])
    try:
        fin = datetime.strptime(lu[1] if lu else "", "%Y%m%d").date()  # noqa: DTZ007 - a date has no zone
    except ValueError:
        raise ValueError("UNTIL est une date de la forme AAAAMMJJ.") from None
    if fin < debut:
        raise ValueError("Cette règle finit avant de commencer.")
    if "COUNT" in parts:
        raise ValueError("COUNT ou UNTIL, pas les deux.")
    # A date like the others: a time of day or a zone would not compare with them.
    parts["UNTIL"] = f"{fin:%Y%m%d}"


def _jamais(freq: str, intervalle: int, parts: dict[str, str]) -> str | None:
    """Why the rule gives no date, or cannot be followed; what would be searched for ever is not searched."""
    mois, dates = _liste(parts, "BYMONTH", 12, signe=False), _liste(parts, "BYMONTHDAY", 31, signe=True)
    jours, rangs = _jours(parts), _liste(parts, "BYSETPOS", 366, signe=True)
    if dates and all(abs(d) > max(_LONGEST[m - 1] for m in mois or range(1, 13)) for d in dates):
        return "Cette règle ne commence jamais : aucun de ces mois n'a ce jour."
    if freq == "DAILY" and intervalle > 1 and (mois or dates or jours):
        return "Avec un intervalle en jours, ne choisissez ni mois ni jour : prenez WEEKLY ou MONTHLY."
    if freq == "WEEKLY" and dates:
        return "Une règle hebdomadaire ne choisit pas de jour du mois : prenez MONTHLY."
    if any(rang for rang, _ in jours) and freq not in ("MONTHLY", "YEARLY"):
        return "« Le n-ième lundi » demande FREQ=MONTHLY ou YEARLY."
    most = 5 if freq == "MONTHLY" or mois else 53
    if any(abs(rang) > most for rang, _ in jours):
        return "Cette règle ne commence jamais : ce jour n'existe pas autant de fois."
    if rangs:
        if freq == "DAILY":
            return "BYSETPOS demande FREQ=WEEKLY, MONTHLY ou YEARLY."
        if all(abs(r) > _choix(freq, mois, dates, jours) for r in rangs):
            return "Cette règle ne commence jamais : BYSETPOS dépasse le nombre de jours choisis."
    return None


def _choix(freq: str, mois: list[int], dates: list[int], jours: list[tuple[int, str]]) -> int:
    """How many days of a week, month or year a rule chooses from, at most."""
    if freq == "WEEKLY":
        return max(1, len(jours))
    entier = freq == "YEARLY" and not mois
    par_jour = sum(1 if rang else 53 if entier else 5 for rang, _ in jours)
    par_date = len(dates) * (12 if entier else 1)
    trouves = min(n for n in (par_jour or par_date, par_date or par_jour, 366)) or 1
    return trouves * (len(mois) if freq == "YEARLY" and mois else 1)


@lru_cache(maxsize=512)
def lire_regle(texte: str, debut: date) -> str:
    """An RRULE in its one form, checked against its first day.

    Raises:
        ValueError: one French sentence: it does not parse, never starts, never ends, or comes too often.
    """
    propre = "".join(texte.upper().split()).removeprefix("RRULE:").strip(";")
    parts: dict[str, str] = {}
    for morceau in propre.split(";"):
        nom, egal, valeur = morceau.partition("=")
        if not egal or not valeur:
            raise ValueError(f"Cette règle ne se lit pas : écrivez par exemple {EXEMPLE}.")
        if nom not in _PARTS:
            raise ValueError(f"« {nom[:20]} » n'est pas admis dans une règle.")
        if nom in parts:
            raise ValueError(f"« {nom} » est donné deux fois.")
        parts[nom] = valeur
    freq = parts.get("FREQ", "")
    if freq not in _FREQ:
        raise ValueError("FREQ est DAILY, WEEKLY, MONTHLY ou YEARLY.")
    if parts.get("INTERVAL", "1").lstrip("+-0") == "":
        raise ValueError("Cette règle ne finit jamais : un intervalle de 0 répète sans fin la même date.")
    intervalle = _entier(parts, "INTERVAL", 1, 999) or 1
    if _entier(parts, "COUNT", 0, 9_999) == 0:
        raise ValueError("Cette règle ne commence jamais : COUNT=0 ne donne aucune date.")
    if parts.get("WKST", "MO") not in _DAYS:
        raise ValueError("WKST est MO, TU, WE, TH, FR, SA ou SU.")
    _fin_de_regle(parts, debut)
    if raison := _jamais(freq, intervalle, parts):
        raise ValueError(raison)
    regle = ";".join(f"{nom}={parts[nom]}" for nom in _PARTS if nom in parts)
    trouvees = list(islice(_de_la_regle(regle, debut, debut + relativedelta(years=_YEARS)), _A_YEAR * _YEARS + 1))
    if not trouvees:
        raise ValueError(f"Cette règle ne commence jamais : aucune date en {_YEARS} ans.")
    if len(trouvees) > _A_YEAR * _YEARS:
        raise ValueError(f"Cette règle revient plus de {_A_YEAR} fois par an.")
    return regle


def _de_la_regle(regle: str, debut: date, au: date) -> Iterator[date]:
    """Followed where the calendar ends, whole cycles later: a rule that never comes is looked for until there."""
    parts = dict(morceau.split("=") for morceau in regle.split(";"))
    jusqua = parts.pop("UNTIL", None)
    fin = min(au, date.fromisoformat(jusqua)) if jusqua else au
    plus = _CYCLE * ((date.max.year - max(debut, fin).year) // 400)
    lue = rrulestr(";".join(f"{nom}={valeur}" for nom, valeur in parts.items()), dtstart=_minuit(debut + plus))
    return (d.date() - plus for d in takewhile(lambda d: d.date() - plus <= fin, lue))


def _minuit(jour: date) -> datetime:
    return datetime(jour.year, jour.month, jour.day)  # noqa: DTZ001 - dates only


def _simple(frequence: str, debut: date, du: date, au: date) -> Iterator[date]:
    freq, pas = _PAS[Frequence(frequence)]
    if freq in (DAILY, WEEKLY) and du > debut:
        # Straight to the window: a plan may be years old.
        semaine = 7 if freq == WEEKLY else 1
        debut += timedelta(days=-(-(du - debut).days // semaine) * semaine)
    options: dict[str, object] = {}
    if freq in (MONTHLY, YEARLY) and debut.day > 28:
        # The last day of a shorter month, where RFC 5545 would leave the month out.
        options = {"bymonthday": list(range(28, debut.day + 1)), "bysetpos": -1}
        if freq == YEARLY:
            options["bymonth"] = debut.month
    lue = rrule(freq, dtstart=_minuit(debut), interval=pas, **options)
    return (d.date() for d in takewhile(lambda d: d.date() <= au, lue))


def en_saison(jour: date, saison: tuple[int, int] | None) -> bool:
    if saison is None:
        return True
    premier, dernier = saison
    if premier <= dernier:
        return premier <= jour.month <= dernier
    return jour.month >= premier or jour.month <= dernier


def dates(rythme: Rythme, du: date, au: date) -> list[date]:
    """The due dates of the calendar between two days, both included, ascending.

    Raises:
        ValueError: a rule that another program wrote and that cannot be read.
    """
    return list(_entre(rythme, du, au))


def premiere(rythme: Rythme, du: date, au: date) -> date | None:
    """The first of :func:`dates`, without finding the others.

    Raises:
        ValueError: as :func:`dates`.
    """
    return next(_entre(rythme, du, au), None)


def _entre(rythme: Rythme, du: date, au: date) -> Iterator[date]:
    fin = min(au, rythme.fin) if rythme.fin is not None else au
    if fin < du or fin < rythme.debut:
        return iter(())
    if rythme.frequence == Frequence.RRULE:
        toutes = _de_la_regle(lire_regle(rythme.recurrence or "", rythme.debut), rythme.debut, fin)
    else:
        toutes = _simple(rythme.frequence, rythme.debut, du, fin)
    return (d for d in toutes if d >= du and en_saison(d, rythme.saison))


def suivante(frequence: str, apres: date) -> date:
    """The date that follows a closing by one interval; short months end it."""
    jour: date = apres + _DELAIS[Frequence(frequence)]
    return jour


def decaler(jour: date, report: str, ouvert: Callable[[date], bool]) -> date:
    """Where the visit of a due date goes when the agency is closed on it; unmoved when nothing opens in a month."""
    if report == ReportFerie.GARDER or ouvert(jour):
        return jour
    pas = timedelta(days=-1 if report == ReportFerie.AVANT else 1)
    for n in range(1, 32):
        if ouvert(jour + n * pas):
            return jour + n * pas
    return jour
