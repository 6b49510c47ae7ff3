"""An import as the window leads it: columns of a file are given fields, its lines are judged in pieces, bad ones are
mended or left out, and what is good is written at once or not at all."""

from __future__ import annotations

from erp_desktop.services.importation.wizard.fields import TABLES, Champ, champs, permis, reprend
from erp_desktop.services.importation.wizard.files import (
    Choix,
    Fichier,
    Vue,
    autrement,
    commencer,
    garder,
    lue,
    ouvrir,
    proposer,
)
from erp_desktop.services.importation.wizard.memory import retenir, retrouver
from erp_desktop.services.importation.wizard.trial import Essai, Faute, agence_de, ecrire_tout, nommer, sans_option

__all__ = [
    "TABLES",
    "Champ",
    "Choix",
    "Essai",
    "Faute",
    "Fichier",
    "Vue",
    "agence_de",
    "autrement",
    "champs",
    "commencer",
    "ecrire_tout",
    "garder",
    "lue",
    "nommer",
    "ouvrir",
    "permis",
    "proposer",
    "reprend",
    "retenir",
    "retrouver",
    "sans_option",
]
