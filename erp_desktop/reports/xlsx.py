"""The report as a workbook: typed cells, one sheet per table, native charts."""

from __future__ import annotations

from datetime import datetime, time
from pathlib import Path
from typing import Any

from erp_desktop import clock
from erp_desktop.domain.writing import bidi
from erp_desktop.reports import palette
from erp_desktop.reports.modele import RapportInterventions
from erp_desktop.reports.papers.translated import Words
from erp_desktop.reports.presentation import instant
from erp_desktop.reports.sortie import atomique
from erp_desktop.reports.tableaux import DEFINITIONS, Genre, Tableau, indicateurs, tableaux
from erp_desktop.reports.tableur import workbook

FEUILLES = {
    "mois": "Par mois", "anciennete": "Ancienneté", "statut": "Statuts", "type": "Types", "priorite": "Priorités",
    "techniciens": "Techniciens", "equipements": "Équipements",
}  # fmt: skip
_FORMATS = {
    "texte": "@", "entier": "#,##0", "pourcent": "0.0%", "duree": '[h]" h "mm', "mad": '#,##0.00" MAD"',
    "mois": "mmm yyyy",
}  # fmt: skip
_LARGEURS = {"texte": 26, "entier": 14, "pourcent": 11, "duree": 19, "mad": 19, "mois": 12}


def ecrire(rapport: RapportInterventions, cible: Path, langue: str = "fr") -> None:
    """Write ``cible`` whole or not at all, its words in a language of ``papers.translated.LANGUAGES``.

    Raises:
        UserError: see :func:`erp_desktop.reports.sortie.atomique`.
    """

    def remplir(fichier: Path) -> None:
        with workbook(fichier) as classeur:
            _Classeur(classeur, Words(langue)).remplir(rapport)

    atomique(cible, remplir)


class _Classeur:
    def __init__(self, classeur: Any, dit: Words) -> None:
        self.classeur, self.dit = classeur, dit.plain
        self._table, self._langue = dit.table, dit.language
        self._sujet = dit.period
        self.couleurs = palette.claire()
        encre = self.couleurs.texte
        self.titre = classeur.add_format({"bold": True, "font_size": 16, "font_color": encre})
        self.gris = classeur.add_format({"font_color": self.couleurs.discret})
        self.entete = classeur.add_format({
            "bold": True, "font_color": encre, "bg_color": self.couleurs.creux, "bottom": 1,
            "border_color": self.couleurs.bordure, "text_wrap": True, "valign": "vcenter",
        })  # fmt: skip
        self.entete_droite = classeur.add_format({
            "bold": True, "font_color": encre, "bg_color": self.couleurs.creux, "bottom": 1, "align": "right",
            "border_color": self.couleurs.bordure, "text_wrap": True, "valign": "vcenter",
        })  # fmt: skip
        self.genres = {g: classeur.add_format({"num_format": f}) for g, f in _FORMATS.items()}
        self.totaux = {
            g: classeur.add_format({"num_format": f, "bold": True, "top": 1, "border_color": self.couleurs.bordure})
            for g, f in _FORMATS.items()
        }
        self.moment = classeur.add_format({"num_format": "dd/mm/yyyy hh:mm", "align": "left"})
        self.long = classeur.add_format({"text_wrap": True, "valign": "top"})
        self.gras = classeur.add_format({"bold": True, "valign": "top"})

    def remplir(self, r: RapportInterventions) -> None:
        self.classeur.set_properties({
            "title": self.dit("Rapport des interventions"), "company": "ERP MIF Maroc",
            "subject": f"{self.dit(r.agence)}, {bidi.nu(self._sujet(r.params.debut, r.params.fin))}",
            "created": clock.local(r.calcule_a).replace(tzinfo=None),
        })  # fmt: skip
        synthese = self._page("Synthèse")
        feuilles = {t.cle: self._feuille(self._table(t)) for t in tableaux(r)}
        self._synthese(synthese, r, feuilles)
        self._definitions()

    def _page(self, nom: str) -> Any:
        feuille = self.classeur.add_worksheet(self.dit(nom))
        if self._langue == "ar":
            feuille.right_to_left()
        return feuille

    def _synthese(self, feuille: Any, r: RapportInterventions, feuilles: dict[str, tuple[str, int]]) -> None:
        feuille.hide_gridlines(2)
        feuille.set_column(0, 0, 30)
        feuille.set_column(1, 2, 20)
        feuille.set_column(3, 3, 34)
        feuille.write_string(0, 0, self.dit("Rapport des interventions"), self.titre)
        feuille.write_string(
            1, 0, f"{self.dit(r.agence)}, {bidi.nu(self._sujet(r.params.debut, r.params.fin))}", self.gris
        )
        feuille.write_string(2, 0, self.dit("Calculé à"))
        feuille.write_datetime(2, 1, clock.local(r.calcule_a).replace(tzinfo=None), self.moment)
        feuille.write_string(3, 0, self.dit("Données du"))
        feuille.write_datetime(3, 1, clock.local(r.donnees_du).replace(tzinfo=None), self.moment)
        for colonne, nom in enumerate(("Indicateur", "Période", "Précédemment", "Précision")):
            feuille.write_string(5, colonne, self.dit(nom), self.entete_droite if colonne in {1, 2} else self.entete)
        lignes = [(i.libelle, i.genre, i.valeur, i.precedent, i.detail) for i in indicateurs(r)]
        lignes += [("Créées", "entier", r.creees, r.precedent.creees, ""),
                   ("Clôturées", "entier", r.cloturees, r.precedent.cloturees, "")]  # fmt: skip
        for n, (libelle, genre, valeur, avant, detail) in enumerate(lignes, start=6):
            feuille.write_string(n, 0, self.dit(libelle))
            self._cellule(feuille, n, 1, genre, valeur, self.genres)
            self._cellule(feuille, n, 2, genre, avant, self.genres)
            feuille.write_string(n, 3, self.dit(detail), self.gris)
        feuille.insert_chart(15, 0, self._graphique_mois(feuilles["mois"]))
        feuille.insert_chart(32, 0, self._graphique_age(feuilles["anciennete"]))
        feuille.set_landscape()
        feuille.set_paper(9)
        feuille.fit_to_pages(1, 0)
        feuille.set_footer(f"&L{instant(r.calcule_a)}&RPage &P / &N")

    def _feuille(self, tableau: Tableau) -> tuple[str, int]:
        feuille = self._page(FEUILLES[tableau.cle])
        nom = feuille.get_name()
        feuille.freeze_panes(1, 1)
        for i, colonne in enumerate(tableau.colonnes):
            feuille.set_column(i, i, _LARGEURS[colonne.genre])
            droite = colonne.genre not in {"texte", "mois"}
            feuille.write_string(0, i, colonne.nom, self.entete_droite if droite else self.entete)
            for n, ligne in enumerate(tableau.lignes, start=1):
                self._cellule(feuille, n, i, colonne.genre, ligne[i], self.genres)
            if tableau.pied:
                genre: Genre = "texte" if isinstance(tableau.pied[i], str) else colonne.genre
                self._cellule(feuille, len(tableau.lignes) + 1, i, genre, tableau.pied[i], self.totaux)
        if tableau.lignes:
            feuille.autofilter(0, 0, len(tableau.lignes), len(tableau.colonnes) - 1)
        feuille.set_landscape()
        feuille.set_paper(9)
        feuille.fit_to_pages(1, 0)
        feuille.repeat_rows(0)
        feuille.set_footer("&L&A&RPage &P / &N")
        return nom, len(tableau.lignes)

    def _cellule(self, feuille: Any, n: int, i: int, genre: Genre, valeur: Any, formats: dict[str, Any]) -> None:
        forme = formats[genre]
        if valeur is None:
            feuille.write_blank(n, i, None, forme)
        elif genre == "texte":
            feuille.write_string(n, i, valeur, forme)
        elif genre == "mois":
            feuille.write_datetime(n, i, datetime.combine(valeur, time()), forme)
        else:
            facteur = {"pourcent": 100, "duree": 24 * 60}.get(genre, 1)
            feuille.write_number(n, i, float(valeur) / facteur, forme)

    def _graphique_mois(self, ou: tuple[str, int]) -> Any:
        nom, n = ou
        graphique = self.classeur.add_chart({"type": "column"})
        for colonne, titre, couleur in (
            (1, "Créées", self.couleurs.series[0]),
            (2, "Clôturées", self.couleurs.series[2]),
        ):
            graphique.add_series({
                "name": self.dit(titre), "categories": [nom, 1, 0, n, 0], "values": [nom, 1, colonne, n, colonne],
                "fill": {"color": couleur}, "gap": 60, "overlap": 0, "data_labels": {"value": n <= 12},
            })  # fmt: skip
        graphique.set_title({"name": self.dit("Créées et clôturées par mois"), "name_font": {"size": 12}})
        graphique.set_x_axis({"num_format": "mmm yy", "text_axis": True})
        graphique.set_y_axis({"major_gridlines": {"visible": True, "line": {"color": self.couleurs.grille}}})
        graphique.set_legend({"position": "top"})
        graphique.set_size({"width": 760, "height": 320})
        return graphique

    def _graphique_age(self, ou: tuple[str, int]) -> Any:
        nom, n = ou
        graphique = self.classeur.add_chart({"type": "column"})
        graphique.add_series({
            "name": self.dit("Encours"), "categories": [nom, 1, 0, n, 0], "values": [nom, 1, 1, n, 1], "gap": 60,
            "points": [{"fill": {"color": c}} for c in self.couleurs.ordinal[-n:]], "data_labels": {"value": True},
        })  # fmt: skip
        graphique.set_title({"name": self.dit("Ancienneté de l’encours"), "name_font": {"size": 12}})
        graphique.set_y_axis({"major_gridlines": {"visible": True, "line": {"color": self.couleurs.grille}}})
        graphique.set_legend({"none": True})
        graphique.set_size({"width": 760, "height": 300})
        return graphique

    def _definitions(self) -> None:
        feuille = self._page("Définitions")
        feuille.hide_gridlines(2)
        feuille.set_column(0, 0, 28)
        feuille.set_column(1, 1, 110)
        for n, (nom, texte) in enumerate(DEFINITIONS):
            feuille.write_string(n, 0, self.dit(nom), self.gras)
            feuille.write_string(n, 1, self.dit(texte), self.long)
