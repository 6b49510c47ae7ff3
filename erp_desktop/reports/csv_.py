"""The report as CSV for French spreadsheets: one figure per line, ``;``, UTF-8 with BOM, decimal comma."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from erp_desktop import clock
from erp_desktop.reports.modele import RapportInterventions
from erp_desktop.reports.papers.translated import Words
from erp_desktop.reports.tableaux import Tableau, indicateurs, tableaux
from erp_desktop.reports.tableur import CsvFile

ENTETE = ("rubrique", "element", "mesure", "valeur", "unite")
_UNITES = {"entier": "", "pourcent": "%", "duree": "min", "mad": "MAD", "texte": "", "mois": ""}


def ecrire(rapport: RapportInterventions, cible: Path, langue: str = "fr") -> None:
    """Write ``cible`` whole or not at all, its words in a language of ``papers.translated.LANGUAGES``.

    Raises:
        UserError: see :class:`erp_desktop.reports.sortie.Unfinished`.
    """
    with CsvFile(cible) as sortie:
        dit = Words(langue)
        sortie.row([dit.plain(nom) for nom in ENTETE])
        for rubrique, element, mesure, valeur, unite in _rangees(rapport, dit):
            sortie.row((dit.plain(rubrique), element, dit.plain(mesure), valeur, unite))


def _rangees(r: RapportInterventions, dit: Words) -> Iterator[tuple[str, str, str, str, str]]:
    yield "Rapport", "", "Agence", dit.plain(r.agence), ""
    for nom, jour in (("Début", r.params.debut), ("Fin", r.params.fin)):
        yield "Rapport", "", nom, jour.isoformat(), ""
    for nom, instant in (("Calculé à", r.calcule_a), ("Données du", r.donnees_du)):
        yield "Rapport", "", nom, clock.local(instant).strftime("%Y-%m-%d %H:%M"), ""
    for i in indicateurs(r):
        yield "Indicateurs", "", i.libelle, _valeur(i.valeur), _UNITES[i.genre]
    yield "Indicateurs", "", "Créées", str(r.creees), ""
    yield "Indicateurs", "", "Clôturées", str(r.cloturees), ""
    for tableau in tableaux(r):
        yield from _mesures(dit.table(tableau))


def _mesures(tableau: Tableau) -> Iterator[tuple[str, str, str, str, str]]:
    textes = [i for i, c in enumerate(tableau.colonnes) if c.genre in {"texte", "mois"}]
    for ligne in tableau.lignes:
        element = " · ".join(_valeur(ligne[i]) for i in textes)
        for i, colonne in enumerate(tableau.colonnes):
            if i not in textes:
                yield tableau.titre, element, colonne.nom, _valeur(ligne[i]), _UNITES[colonne.genre]


def _valeur(valeur: Any) -> str:
    if valeur is None:
        return ""
    if isinstance(valeur, date):
        return valeur.strftime("%Y-%m")
    if isinstance(valeur, Decimal):
        return format(valeur, ".2f").replace(".", ",")
    if isinstance(valeur, float):
        return format(valeur, ".2f").replace(".", ",")
    return str(valeur)
