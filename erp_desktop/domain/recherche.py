"""The filter box: typed words (``statut:ouverte avant:30/11``) and free text.

Values may be quoted (``client:"conserveries atlas"``); the same word twice widens it (one or the other), different
words narrow. Dates are typed as everywhere: see :mod:`erp_desktop.domain.dates`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from difflib import get_close_matches

from erp_desktop.domain import dates as grammaire
from erp_desktop.domain.writing.bidi import visible

_MOT = re.compile(r'(?:([^\W\d_][\w]*):)?(?:"([^"]*)"?|(\S+))?')


MOTS_MAX = 40
"""Words of one question; a pasted page would be a condition that no database takes."""


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


_ARABE = str.maketrans({"ى": "ي", "ة": "ه", "ـ": None})
"""Letters that Arabic hands write one for the other, and the stroke that only lengthens a word."""


def plier(texte: str) -> str:
    """Lower case without accents, ligatures spelled out; Arabic without vowels and with one form of each letter."""
    decompose = unicodedata.normalize("NFKD", texte.casefold().replace("œ", "oe").replace("æ", "ae"))
    return "".join(c for c in decompose if not unicodedata.combining(c)).translate(_ARABE)


_CHIFFRES = re.compile(r"[\d\s.\-/()+\u2010\u2011\u2013]+")


def chiffres(texte: str) -> str:
    """The figures of a telephone, an ICE or a badge in any spelling; empty when there is anything else in it.

    A Moroccan telephone loses what stands before its nine figures: ``+212 5 22…``, ``00212522…``, ``0522…`` are one.
    """
    if not _CHIFFRES.fullmatch(texte):
        return ""
    seuls = "".join(str(unicodedata.decimal(c)) for c in texte if c.isdecimal())
    international = re.fullmatch(r"(?:00)?2120?(\d{9})", seuls)
    national = re.fullmatch(r"0(\d{9})", seuls)
    return (international or national or [seuls, seuls])[1]


_PARTIE = re.compile(r"[^\W_]+")
_NOMBRE = re.compile(r"\+?\d(?:[\s.\-/()]{0,2}\d){5,}")


def parties(texte: str) -> list[str]:
    """The folded words of a text, without what stands between them."""
    return _PARTIE.findall(plier(texte))


def mots(texte: str) -> list[str]:
    """The folded words of a text, and each number written with separators as one word more."""
    entiers = [chiffres(trouve) for trouve in _NOMBRE.findall(texte)]
    return [*parties(texte), *(nombre for nombre in entiers if nombre)]


def serrer(texte: str) -> str:
    """Folded, with single spaces: two texts that serve as one name are equal."""
    return " ".join(plier(texte).split())


_APPEL = re.compile(r"(?<!\S)(?:0(?:[\s.-]{0,2}\d){9}|(?:\+|00)\d(?:[\s.-]{0,2}\d){9,13})(?!\S)")
"""A telephone in groups, as lists show it: one word, where spaces part words."""


def cherchee(texte: str) -> str:
    """What is typed or pasted to be looked for: its figures as they are kept, without the marks that nobody sees,
    a telephone in one word."""
    lu = visible(texte).translate(grammaire.CHIFFRES).strip()
    return _APPEL.sub(lambda found: re.sub(r"[^\d+]", "", found[0]), lu)


def lire_date(texte: str, aujourdhui: date, sens: grammaire.Sens = grammaire.Sens.PROCHE) -> date | None:
    """A day as people type it (see :mod:`erp_desktop.domain.dates`); None when unreadable, or with an hour."""
    lue = grammaire.lire(texte, datetime.combine(aujourdhui, time(12)), sens)
    return lue[0] if lue is not None and lue[1] is None else None


@dataclass(frozen=True, slots=True)
class Mot:
    """A word of the filter box with its place in the text; ``cle`` is empty for free text."""

    cle: str
    valeur: str
    debut: int
    fin: int


def _simple(texte: str) -> str:
    return " ".join(plier(texte).replace("_", " ").replace("-", " ").split())


def decouper(texte: str, cles: Collection[str], listes: Mapping[str, Iterable[str]]) -> list[Mot]:
    """The words of a filter in their order; ``x:y`` with an unknown ``x`` is free text.

    A value of a closed list takes the words that follow as long as they go on with it, so that ``statut:en cours``
    is read as it is shown; a known word before a space takes the next one.

    Args:
        listes: typed word → values of its closed list, and the words in which they are shown.
    """
    connus = {cle: [_simple(v) for v in valeurs] for cle, valeurs in listes.items()}
    trouves = [t for t in _MOT.finditer(texte) if t[0]]
    mots: list[Mot] = []
    place = 0
    while place < len(trouves):
        trouve = trouves[place]
        place += 1
        cle = plier(trouve[1] or "")
        if cle not in cles:
            mots.append(Mot("", (trouve[0] if trouve[1] else trouve[2] or trouve[0]).strip('"'), *trouve.span()))
            continue
        valeur, fin = trouve[2] if trouve[2] is not None else trouve[3] or "", trouve.end()
        if trouve[2] is None:
            if not valeur and place < len(trouves) and trouves[place][1] is None:
                suite = trouves[place]
                valeur, fin, place = suite[2] if suite[2] is not None else suite[3], suite.end(), place + 1
            while place < len(trouves) and trouves[place][1] is None and trouves[place][3] is not None:
                plus = f"{valeur} {trouves[place][3]}"
                if not any(dit.startswith(_simple(plus)) for dit in connus.get(cle, ())):
                    break
                valeur, fin, place = plus, trouves[place].end(), place + 1
        mots.append(Mot(cle, valeur, trouve.start(), fin))
    return mots


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
    # Every word before a colon, known or not: the unknown ones get a hint.
    ecrits = {plier(trouve[1]) for trouve in _MOT.finditer(texte) if trouve[1]}
    lus = decouper(texte, connus | datees | ecrits, closes)
    if len(lus) > MOTS_MAX:
        filtre.indices.append(f"Seuls les {MOTS_MAX} premiers mots du filtre comptent.")
    for mot in lus[:MOTS_MAX]:
        valeur = plier(mot.valeur).strip()
        if mot.cle:
            _ranger(filtre, mot.cle, valeur, connus, datees, closes, aujourdhui)
        elif valeur:
            filtre.libre.append(valeur)
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
        passe = mot.startswith(("cree_", "cloture_", "ouverte_"))
        lue = lire_date(valeur, aujourdhui, grammaire.Sens.PASSE if passe else grammaire.Sens.PROCHE)
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
        cherche = _simple(partie)
        possibles = [c for c in choix if _simple(c) == cherche]
        possibles = possibles or [c for c in choix if cherche and _simple(c).startswith(cherche)]
        if possibles:
            filtre.mots.setdefault(mot, []).extend(p for p in possibles if p not in filtre.mots.get(mot, []))
        elif cherche:
            filtre.mots.setdefault(mot, [])
            filtre.indices.append(f"« {partie} » n'est pas un {mot} connu ({', '.join(choix)}).")
