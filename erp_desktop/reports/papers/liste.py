"""A list on paper: the columns and rows that the window shows, on A4 across."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from erp_desktop.domain.writing import bidi
from erp_desktop.reports.papers import engine
from erp_desktop.reports.papers.translated import Words

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
    return engine.pdf(TEMPLATE, donnees(liste, len(liste.lignes)))


def images(liste: Listing, rows: int, ppp: float) -> list[bytes]:
    """The pages of the first ``rows`` rows as PNG."""
    return engine.pages(TEMPLATE, donnees(liste, rows), ppp)


def donnees(liste: Listing, rows: int) -> dict[str, Any]:
    return {
        "titre": liste.titre, "mots": Words(liste.langue).templates(), "langue": liste.langue,
        "sujet": bidi.isoler_dedans(liste.sujet),
        "fraicheur": bidi.isoler_dedans(liste.fraicheur), "largeurs": list(liste.largeurs),
        "tableau": {
            "colonnes": list(liste.colonnes), "gauche": list(liste.gauche), "pied": [],
            "lignes": [[bidi.isoler_dedans(cell) for cell in row] for row in liste.lignes[:rows]],
        },
    }  # fmt: skip
