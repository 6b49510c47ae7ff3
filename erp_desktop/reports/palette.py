"""The colours of charts and printed pages, read from the theme's tokens."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache

from erp_desktop import paths


@dataclass(frozen=True, slots=True)
class Palette:
    """sRGB ``#RRGGBB``; ``ordinal`` runs from least to most grave, ``series`` tells categories apart."""

    fond: str
    creux: str
    texte: str
    secondaire: str
    discret: str
    bordure: str
    filet: str
    accent: str
    accent_doux: str
    series: tuple[str, ...]
    ordinal: tuple[str, ...]
    grille: str
    axe: str
    cible: str
    bon: str
    mauvais: str
    statuts: dict[str, str]
    priorites: dict[str, str]


@cache
def lire(sombre: bool) -> Palette:
    """The palette of one of the two schemes."""
    fichier = paths.RESOURCES / "theme" / "tokens.json"
    c = json.loads(fichier.read_text(encoding="utf-8"))["color"]["dark" if sombre else "light"]
    return Palette(
        fond=c["surface"]["base"],
        creux=c["surface"]["sunken"],
        texte=c["text"]["primary"],
        secondaire=c["text"]["secondary"],
        discret=c["text"]["tertiary"],
        bordure=c["border"]["default"],
        filet=c["border"]["subtle"],
        accent=c["accent"]["fill"],
        accent_doux=c["accent"]["soft"],
        series=tuple(c["chart"]["series"]),
        ordinal=tuple(c["chart"]["ordinal"]),
        grille=c["chart"]["grid"],
        axe=c["chart"]["axis"],
        cible=c["chart"]["target"],
        bon=c["semantic"]["success"]["text"],
        mauvais=c["semantic"]["warning"]["text"],
        statuts={cle: v["solid"] for cle, v in c["status"].items()},
        priorites={cle: v["color"] for cle, v in c["priority"].items()},
    )


def claire() -> Palette:
    """Paper is always light."""
    return lire(False)
