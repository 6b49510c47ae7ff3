"""A list on paper: the columns and rows that the window shows, on A4 across."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from erp_desktop.domain.writing import bidi
from erp_desktop.reports import palette, papier

TEMPLATE = "liste"
PER_PAGE = 28
"""Rows of one line that a page takes, about."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What is printed, in words.

    Attributes:
        largeurs: of each column, in any unit.
        gauche: whether a column aligns at its beginning; figures align at their end.
    """

    titre: str
    sujet: str
    fraicheur: str
    colonnes: Sequence[str]
    largeurs: Sequence[int]
    gauche: Sequence[bool]
    lignes: Sequence[Sequence[str]]
    langue: str


def composer(liste: Listing) -> bytes:
    """The PDF."""
    return papier.composer(papier.lire_modele(TEMPLATE), _donnees(liste, len(liste.lignes)))


def images(liste: Listing, rows: int, ppp: float) -> list[bytes]:
    """The pages of the first ``rows`` rows as PNG."""
    return papier.images(papier.lire_modele(TEMPLATE), _donnees(liste, rows), ppp)


def _donnees(liste: Listing, rows: int) -> dict[str, Any]:
    couleurs = {nom: v for nom, v in asdict(palette.claire()).items() if not isinstance(v, dict)}
    return {
        "titre": liste.titre, "sujet": bidi.isoler_dedans(liste.sujet), "langue": liste.langue,
        "fraicheur": bidi.isoler_dedans(liste.fraicheur), "couleurs": couleurs, "largeurs": list(liste.largeurs),
        "tableau": {
            "colonnes": list(liste.colonnes), "gauche": list(liste.gauche), "pied": [],
            "lignes": [[bidi.isoler_dedans(cell) for cell in row] for row in liste.lignes[:rows]],
        },
    }  # fmt: skip
