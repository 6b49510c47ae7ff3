"""The filter box: typed words (``statut:ouverte avant:30/11``) and free text.

Values may be quoted (``client:"conserveries atlas"``); the same word twice widens it (one or the other), different
words narrow. Dates: ``30/11``, ``30/11/2026``, ``2026-11-30``, ``aujourd'hui``, ``hier``, ``demain``, ``-7j``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from difflib import get_close_matches

_MOT = re.compile(r'(?:([^\W\d_][\w]*):)?(?:"([^"]*)"?|(\S+))?')
_DATE = re.compile(r"(\d{1,2})/(\d{1,2})(?:/(\d{4}|\d{2}))?")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")
_RECUL = re.compile(r"([+-]\d{1,4})j?")


@dataclass(frozen=True, slots=True)
class Filtre:
    """What was understood.

    Attributes:
        mots: typed word → values, folded (no accents, lower case).
        dates: typed word → date.
        libre: free words, folded; all must be found.
        indices: French hints about what was not understood.
    """

    mots: dict[str, list[str]] = field(default_factory=dict)
    dates: dict[str, date] = field(default_factory=dict)
    libre: list[str] = field(default_factory=list)
    indices: list[str] = field(default_factory=list)


def plier(texte: str) -> str:
    """Lower case without accents, ligatures spelled out."""
    decompose = unicodedata.normalize("NFKD", texte.casefold().replace("œ", "oe").replace("æ", "ae"))
    return "".join(c for c in decompose if not unicodedata.combining(c))


def serrer(texte: str) -> str:
    """Folded, with single spaces: two texts that serve as one name are equal."""
    return " ".join(plier(texte).split())


def lire_date(texte: str, aujourdhui: date) -> date | None:
    """A date as people type it; without a year, the year of ``aujourdhui``. None when unreadable."""
    plie = plier(texte).replace("’", "'")
    mots = {"aujourd'hui": 0, "aujourdhui": 0, "auj": 0, "hier": -1, "demain": 1}
    try:
        if plie in mots:
            return aujourdhui + timedelta(days=mots[plie])
        if _ISO.fullmatch(plie):
            return date.fromisoformat(plie)
        if trouve := _DATE.fullmatch(plie):
            jour, mois, annee = trouve.groups()
            an = aujourdhui.year if annee is None else int(annee) + (2000 if len(annee) == 2 else 0)
            return date(an, int(mois), int(jour))
        if trouve := _RECUL.fullmatch(plie):
            return aujourdhui + timedelta(days=int(trouve[1]))
    except (ValueError, OverflowError):
        pass
    return None


def analyser(
    texte: str,
    mots: Iterable[str],
    aujourdhui: date,
    listes: Mapping[str, Iterable[str]] | None = None,
    dates: Iterable[str] = (),
) -> Filtre:
    """Read the filter box.

    Args:
        mots: known typed words with text values.
        listes: typed word → closed list of values; a beginning is enough (``statut:ouv``).
        dates: known typed words with dates.
    """
    closes = {mot: list(valeurs) for mot, valeurs in (listes or {}).items()}
    connus = {*mots, *closes}
    datees = set(dates)
    filtre = Filtre()
    for trouve in _MOT.finditer(texte):
        mot, cite, nu = trouve.groups()
        valeur = plier(cite if cite is not None else nu or "").strip()
        if mot is None:
            if valeur:
                filtre.libre.append(valeur)
            continue
        _ranger(filtre, plier(mot), valeur, connus, datees, closes, aujourdhui)
    return filtre


def _ranger(
    filtre: Filtre,
    mot: str,
    valeur: str,
    connus: set[str],
    datees: set[str],
    closes: dict[str, list[str]],
    aujourdhui: date,
) -> None:
    if mot not in connus | datees:
        proche = get_close_matches(mot, sorted(connus | datees), 1)
        aide = (
            f"vouliez-vous dire « {proche[0]}: » ?" if proche else f"connus : {', '.join(sorted(connus | datees))}."
        )
        filtre.indices.append(f"Mot de filtre inconnu « {mot}: » ; {aide}")
        filtre.libre.append(f"{mot}:{valeur}" if valeur else mot)
    elif not valeur:
        filtre.indices.append(f"Complétez « {mot}: » par une valeur.")
    elif mot in datees:
        lue = lire_date(valeur, aujourdhui)
        if lue is None:
            filtre.indices.append(f"« {valeur} » n'est pas une date (30/11, 30/11/2026, hier, -7j).")
        else:
            filtre.dates[mot] = lue
    elif mot in closes:
        _ranger_liste(filtre, mot, valeur, closes[mot])
    else:
        filtre.mots.setdefault(mot, []).append(valeur)


def _ranger_liste(filtre: Filtre, mot: str, valeur: str, choix: list[str]) -> None:
    for partie in valeur.split(","):
        cherche = partie.strip().replace(" ", "_").replace("-", "_")
        possibles = [c for c in choix if c == cherche] or [c for c in choix if cherche and c.startswith(cherche)]
        if possibles:
            filtre.mots.setdefault(mot, []).extend(p for p in possibles if p not in filtre.mots.get(mot, []))
        elif cherche:
            filtre.mots.setdefault(mot, [])
            filtre.indices.append(f"« {partie} » n'est pas un {mot} connu ({', '.join(choix)}).")
