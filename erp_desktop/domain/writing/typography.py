"""French typography in one place: elision, apostrophes, the spaces that hold a quotation together."""

from __future__ import annotations

import re
from typing import Final

from erp_desktop.domain.recherche import plier

INSECABLE: Final = "\u00a0"
_CITATION = re.compile("(?<=[«“”])([\\s\u00a0]?)(\\S[^«»“”]{59,}?\\S)(?=[\\s\u00a0]?[»“”])")
_ASPIRES: Final = ("hangar", "hauteur", "haut", "huit", "hors", "onze")


def de(mot: str) -> str:
    """« de modifier », « d'annuler », « d'exécuter »; a mute h elides, an aspirated one does not."""
    plie = plier(mot)
    elide = plie[:1] in tuple("aeiouh") and not plie.startswith(_ASPIRES)
    return f"d'{mot}" if elide else f"de {mot}"


def composer(texte: str) -> str:
    """A French sentence as it is printed: curly apostrophes, and guillemets that no line break separates; composing
    twice changes nothing."""
    soigne = texte.replace("'", "’")
    return soigne.replace("« ", f"«{INSECABLE}").replace(" »", f"{INSECABLE}»")


def abreger(phrase: str) -> str:
    """A sentence that quotes what was typed at length: its beginning and its end are enough to know it by."""
    return _CITATION.sub(lambda cite: f"{cite[1]}{cite[2][:40]}…{cite[2][-12:]}", phrase)
