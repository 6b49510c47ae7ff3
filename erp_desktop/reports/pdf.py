"""The report on paper: its figures written in French, laid out by typst (``resources/templates``)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from erp_desktop.reports import palette
from erp_desktop.reports.graduations import paliers
from erp_desktop.reports.modele import RapportInterventions
from erp_desktop.reports.papers import engine
from erp_desktop.reports.papers.translated import Words
from erp_desktop.reports.presentation import FINE, ecrire, entier, instant, mad_court, pourcent
from erp_desktop.reports.sortie import keep
from erp_desktop.reports.tableaux import (
    DEFINITIONS,
    Colonne,
    Tableau,
    ecrire_indicateur,
    indicateurs,
    libelle_tranche,
    par_mois_ou_an,
    parts,
    rangee,
    tableaux,
)


def ecrire_pdf(rapport: RapportInterventions, cible: Path, langue: str = "fr") -> None:
    """Write ``cible`` whole or not at all, in any thread, in a language of ``translated.LANGUAGES``.

    Raises:
        UserError: the file cannot be written.
    """
    keep(cible, engine.pdf("rapport_interventions", donnees(rapport, langue)))


def donnees(r: RapportInterventions, langue: str = "fr") -> dict[str, Any]:
    """Everything that the template prints, already written."""
    dit = Words(langue)
    made = dit.deep(_donnees(r), frozenset({"couleur", "langue", "ton"}))
    # Its words are sentences of their own; the period has another form in each language.
    technicien = next((t.nom for t in r.techniciens if t.id == r.params.technicien_id), "")
    nomme = f" · {technicien}" if technicien and r.params.technicien_id is not None else ""
    virgule = "، " if langue == "ar" else ", "
    sujet = f"{dit.deep(r.agence)}{nomme}{virgule}{dit.period(r.params.debut, r.params.fin)}"
    fraicheur = dit("Calculé le {a} sur les données du {de}", a=dit.moment(instant(r.calcule_a)),
                    de=dit.moment(instant(r.donnees_du)))  # fmt: skip
    return {
        **made, "langue": langue, "mots": dit.templates(), "sujet": dit.kept(sujet), "sous_titre": dit.kept(sujet),
        "fraicheur": dit.kept(fraicheur), "phrase": dit.kept(_phrase(r, dit)),
    }  # fmt: skip


def _donnees(r: RapportInterventions) -> dict[str, Any]:
    c = palette.claire()
    tous = {t.cle: t for t in tableaux(r)}
    mois = par_mois_ou_an(r)
    noms, par_mois = [nom for nom, _ in mois], len(mois) == len(r.par_mois)
    pas = "par mois" if par_mois else "par an"
    couts = [(e.nom, [float(p) for p in parts(e.cout)], mad_court(e.cout.total))
             for e in r.equipements[:8] if e.cout.total > 0]  # fmt: skip
    # From light to dark, skipping the second tint so that neighbours stay apart.
    rampe = (c.ordinal[0], c.ordinal[2], c.ordinal[3], c.ordinal[4])
    combien = len(tous["equipements"].lignes)
    return {
        "titre": "Rapport des interventions",
        "couleurs": {nom: v for nom, v in asdict(c).items() if not isinstance(v, dict)} | {"neutre": c.discret},
        "tuiles": [_tuile(i) for i in indicateurs(r)],
        "mois": _barres(f"Créées et clôturées {pas}", "", noms,
                        [("créées", c.series[0], [m.creees for _, m in mois]),
                         ("clôturées", c.series[2], [m.cloturees for _, m in mois])]),
        "ages": _barres("Ancienneté de l’encours", f"{entier(r.encours)} par âge",
                        [libelle_tranche(a.mini, a.maxi) for a in r.anciennete],
                        [("encours", c.series[0], [a.nombre for a in r.anciennete])], rampe),
        "sla": _courbe(f"SLA tenus {pas}", noms, [m.sla.taux for _, m in mois]),
        "couts": _couchees("Équipements les plus coûteux", "MAD hors taxes", couts,
                           [("pièces", c.series[0]), ("main-d’œuvre", c.series[1]), ("autres", c.series[5])]),
        "repartitions": [
            _couchees(
                tous[cle].titre.removeprefix("Créées ").capitalize(), f"{entier(r.creees)} créées",
                [(nom, [n], f"{entier(n)} · {pourcent(part)}") for nom, n, part in tous[cle].lignes],
                [("", c.series[0])],
            ) for cle in ("type", "priorite", "statut")
        ],
        "techniciens": _tableau(tous["techniciens"], NOTE_TECHNICIENS + _note_heures(r)),
        "equipements": _tableau(
            _resume_equipements(tous["equipements"]),
            f"Les {combien} premiers sur {entier(r.nb_equipements)} équipements. "
            "Le classeur donne le détail des coûts.",
        ),
        "tableau_mois": _tableau(_tableau_mois(r, tous["mois"])) | {"largeurs": [13, 10, 11, 11, 11, 10, 17, 15, 16]},
        "definitions": DEFINITIONS,
    }  # fmt: skip


NOTE_TECHNICIENS = "SLA tenus : parmi les interventions clôturées dans la période qui avaient une date limite échue."


def _note_heures(r: RapportInterventions) -> str:
    exclues = sum(t.sans_duree for t in r.techniciens)
    if not exclues:
        return ""
    return f" Heures : {entier(r.cloturees - exclues)} lignes, {entier(exclues)} exclues (sans durée réelle)."


def _tuile(i: Any) -> dict[str, str]:
    valeur, unite = ecrire_indicateur(i)
    suite = f"{ecrire(i.genre, i.precedent)} {'au début' if i.cle == 'encours' else 'avant'}" if i.ecart else ""
    return {"libelle": i.libelle, "valeur": valeur, "unite": unite, "ecart": i.ecart, "ton": i.ton, "suite": suite,
            "detail": i.detail}  # fmt: skip


def _barres(
    titre: str, detail: str, categories: Sequence[str], series: Sequence[tuple[str, str, list[int]]],
    couleurs: Sequence[str] = (),
) -> dict[str, Any]:  # fmt: skip
    maximum = max((v for _, _, valeurs in series for v in valeurs), default=0)
    return {
        "titre": titre, "detail": "" if len(series) > 1 else detail, "categories": categories, "maximum": maximum,
        "couleurs": couleurs,
        "graduations": [{"v": g, "texte": entier(round(g))} for g in paliers(maximum)],
        "series": [{"nom": nom, "couleur": couleur, "valeurs": valeurs, "textes": [entier(v) for v in valeurs]}
                   for nom, couleur, valeurs in series],
    }  # fmt: skip


def _couchees(
    titre: str, detail: str, lignes: Sequence[tuple[str, Sequence[float], str]], couleurs: Sequence[tuple[str, str]]
) -> dict[str, Any]:
    return {
        "titre": titre, "detail": detail,
        "maximum": max((sum(valeurs) for _, valeurs, _ in lignes), default=0),
        "lignes": [{"libelle": nom, "parts": valeurs, "texte": texte} for nom, valeurs, texte in lignes],
        "couleurs": [{"nom": nom, "couleur": couleur} for nom, couleur in couleurs],
    }  # fmt: skip


def _courbe(titre: str, categories: Sequence[str], valeurs: Sequence[float | None]) -> dict[str, Any]:
    """Percentages; the last, the best and the worst carry their value."""
    connus = [(n, v) for n, v in enumerate(valeurs) if v is not None]
    bas = max(0, math.floor((min((v for _, v in connus), default=0) - 5) / 10) * 10)
    haut = max(min(100, math.ceil((max((v for _, v in connus), default=0) + 1) / 10) * 10), bas + 10)
    paliers_v = range(bas, haut + 1, 10 if haut - bas <= 40 else 20)
    pires = sorted(connus, key=lambda c: c[1])
    return {
        "titre": titre, "detail": "", "categories": categories, "valeurs": valeurs, "bas": bas, "haut": haut,
        "textes": [pourcent(v) for v in valeurs],
        "graduations": [{"v": g, "texte": f"{g}{FINE}%"} for g in paliers_v],
        "nommes": sorted({connus[-1][0], pires[0][0], pires[-1][0]}) if connus else [],
        "plus_bas": pires[0][0] if len(connus) > 1 else -1,
        "rien": "Aucun engagement échu dans cette période",
    }  # fmt: skip


def _tableau(t: Tableau, note: str = "") -> dict[str, Any]:
    def ecrits(ligne: Sequence[Any]) -> list[str]:
        return [ecrire("texte" if isinstance(v, str) else c.genre, v) for c, v in zip(t.colonnes, ligne, strict=True)]

    return {
        "titre": t.titre, "note": note if t.lignes else "", "colonnes": [c.nom for c in t.colonnes],
        "gauche": [c.genre in ("texte", "mois") for c in t.colonnes], "lignes": [ecrits(x) for x in t.lignes],
        "pied": ecrits(t.pied) if t.pied else [],
    }  # fmt: skip


def _tableau_mois(r: RapportInterventions, tableau: Tableau) -> Tableau:
    """Years instead of months when the period is long: the workbook keeps the months."""
    folds = par_mois_ou_an(r)
    if len(folds) == len(r.par_mois):
        return tableau
    colonnes = (Colonne("Année"), *tableau.colonnes[1:])
    return Tableau("mois", "Activité par an", colonnes, tuple(rangee(a, m) for a, m in folds), tableau.pied)


def _phrase(r: RapportInterventions, dit: Words) -> str:
    """What a manager reads first."""
    if not (r.creees or r.cloturees or r.encours):
        return dit("Aucune intervention dans cette période.")
    un = dit("1 intervention créée") if r.creees == 1 else dit("{n} interventions créées", n=entier(r.creees))
    deux = dit("1 clôturée") if r.cloturees == 1 else dit("{n} clôturées", n=entier(r.cloturees))
    if r.encours == r.encours_debut:
        suite = dit("l'encours reste à {n}.", n=entier(r.encours))
    else:
        suite = dit("l'encours passe de {avant} à {n}.", avant=entier(r.encours_debut), n=entier(r.encours))
    vieux = r.anciennete[-1].nombre
    age = ""
    if vieux:
        attend = dit("1 attend depuis plus de 30 jours.") if vieux == 1 else dit(
            "{n} attendent depuis plus de 30 jours.", n=entier(vieux))  # fmt: skip
        age = f" {attend}"
    virgule, point = ("، ", "؛ ") if dit.language == "ar" else (", ", "\u202f; " if dit.language == "fr" else "; ")
    return f"{un}{virgule}{deux}{point}{suite}{age}"


def _resume_equipements(tableau: Tableau) -> Tableau:
    """The five columns that fit a page's width."""
    garde = (0, 2, 3, 4, 8)
    lignes = tuple(
        (f"{ligne[0]} ({ligne[1]})", *(ligne[i] for i in garde[1:])) for ligne in tableau.lignes
    )  # fmt: skip
    return Tableau(tableau.cle, tableau.titre, tuple(tableau.colonnes[i] for i in garde), lignes)
