"""The report on paper: a Jinja2 template laid out by QTextDocument, charts drawn in vectors, A4 pages by QPdfWriter.

PySide6 is imported when a PDF is asked for, never before: the command line runs without it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2

from erp_desktop import paths
from erp_desktop.errors import UserError
from erp_desktop.reports import palette
from erp_desktop.reports.modele import MoisRapport, RapportInterventions
from erp_desktop.reports.presentation import ecrire, entier, instant, mad_court, periode, pourcent
from erp_desktop.reports.sortie import atomique
from erp_desktop.reports.tableaux import (
    DEFINITIONS,
    Colonne,
    Tableau,
    indicateurs,
    libelle_tranche,
    par_mois_ou_an,
    parts,
    tableaux,
)

if TYPE_CHECKING:
    from PySide6.QtCore import QRect, QRectF
    from PySide6.QtGui import QPainter, QTextDocument

    from erp_desktop.reports.charts import Toile

PX_PAR_MM = 96 / 25.4
MARGE_MM = (15.0, 24.0, 15.0, 18.0)
"""Left, top (with the letterhead), right, bottom (with the page number)."""
LARGEUR = (210 - MARGE_MM[0] - MARGE_MM[2]) * PX_PAR_MM
HAUTEUR = (297 - MARGE_MM[1] - MARGE_MM[3]) * PX_PAR_MM
RESOLUTION = 1200
TITRE_ET_SUITE = 120
"""Room that a heading needs below it for its table's head and first rows."""


@dataclass(frozen=True, slots=True)
class _Figure:
    """A drawing placed in the text: its size in logical pixels and what paints it."""

    largeur: float
    hauteur: float
    peindre: Callable[[Toile, QRectF], None]


def ecrire_pdf(rapport: RapportInterventions, cible: Path) -> None:
    """Write ``cible`` whole or not at all.

    Runs in any thread once a GUI application exists; without one it makes an offscreen application, which must then
    happen in the main thread.

    Raises:
        UserError: PySide6 is not installed, or the file cannot be written.
    """
    try:
        import PySide6.QtGui  # noqa: F401
    except ImportError as error:
        raise UserError(
            "Le format PDF demande le composant graphique PySide6, absent de cette installation ; "
            "les formats xlsx et csv restent possibles."
        ) from error
    atomique(cible, lambda fichier: _Document(rapport).imprimer(fichier))


def _application() -> Any:
    """The running application, or a new one that needs no screen."""
    from PySide6.QtGui import QGuiApplication

    courante = QGuiApplication.instance()
    if courante is not None:
        return courante
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    return QGuiApplication(["erp-admin"])


def _famille() -> str:
    from PySide6.QtGui import QFontDatabase

    if "Noto Sans" not in QFontDatabase.families():
        for fichier in sorted((paths.RESOURCES / "fonts").glob("NotoSans*.ttf")):
            QFontDatabase.addApplicationFont(str(fichier))
    return "Noto Sans" if "Noto Sans" in QFontDatabase.families() else "Sans Serif"


class _Document:
    """One report being laid out and printed."""

    def __init__(self, r: RapportInterventions) -> None:
        self.r = r
        self.palette = palette.claire()
        self.application = _application()
        self.famille = _famille()

    def imprimer(self, fichier: Path) -> None:
        from PySide6.QtCore import QMarginsF, QRectF
        from PySide6.QtGui import QPageLayout, QPageSize, QPainter, QPdfWriter

        r = self.r
        papier = QPdfWriter(str(fichier))
        papier.setResolution(RESOLUTION)
        papier.setTitle("Rapport des interventions")
        papier.setCreator("ERP MIF")
        papier.setPageLayout(
            QPageLayout(QPageSize(QPageSize.PageSizeId.A4), QPageLayout.Orientation.Portrait, QMarginsF(0, 0, 0, 0))
        )
        document, objets = self._composer()
        pages = document.pageCount()
        painter = QPainter()
        if not painter.begin(papier):
            raise UserError(f"Impossible d’écrire {fichier}.")
        try:
            painter.scale(RESOLUTION / 96, RESOLUTION / 96)
            for page in range(pages):
                if page:
                    papier.newPage()
                self._cadre(painter, page + 1, pages, f"{r.agence}, {periode(r.params.debut, r.params.fin)}")
                painter.save()
                painter.translate(MARGE_MM[0] * PX_PAR_MM, MARGE_MM[1] * PX_PAR_MM - page * HAUTEUR)
                document.drawContents(painter, QRectF(0, page * HAUTEUR, LARGEUR, HAUTEUR))
                painter.restore()
        finally:
            painter.end()
            del objets

    def _composer(self) -> tuple[QTextDocument, Any]:
        from PySide6.QtCore import QSizeF
        from PySide6.QtGui import QFont, QTextDocument

        document = QTextDocument()
        document.setUseDesignMetrics(True)
        police = QFont(self.famille)
        police.setPixelSize(12)
        police.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
        police.setStyleStrategy(QFont.StyleStrategy.ForceOutline)
        document.setDefaultFont(police)
        document.setDocumentMargin(0)
        document.setHtml(self._html())
        objets = _placer(document, self._figures(), self.palette, self.famille)
        document.setPageSize(QSizeF(LARGEUR, HAUTEUR))
        _garder_les_titres(document)
        return document, objets

    def _html(self) -> str:
        r = self.r
        environnement = jinja2.Environment(
            loader=jinja2.FileSystemLoader(paths.RESOURCES / "templates"), autoescape=True, trim_blocks=True
        )
        environnement.filters["ecrire"] = lambda valeur, genre: ecrire(genre, valeur)
        tous = {t.cle: t for t in tableaux(r)}
        technicien = next((t.nom for t in r.techniciens if t.id == r.params.technicien_id), "")
        return environnement.get_template("rapport_interventions.html").render(
            r=r, t=tous, c=self.palette, periode=periode(r.params.debut, r.params.fin), phrase=_phrase(r),
            technicien=technicien if r.params.technicien_id is not None else "", definitions=DEFINITIONS,
            equipements=_resume_equipements(tous["equipements"]), mois=self._tableau_mois(tous["mois"]),
        )  # fmt: skip

    def _tableau_mois(self, tableau: Tableau) -> Tableau:
        """Years instead of months when the period is long: the workbook keeps the months."""
        folds = par_mois_ou_an(self.r)
        if len(folds) == len(self.r.par_mois):
            return tableau
        colonnes = (Colonne("Année"), *tableau.colonnes[1:])
        return Tableau("mois", "Activité par an", colonnes, tuple(_rangee(a, m) for a, m in folds), tableau.pied)

    def _figures(self) -> dict[str, _Figure]:
        from erp_desktop.reports import charts

        r, c = self.r, self.palette
        tous = {t.cle: t for t in tableaux(r)}
        mois = par_mois_ou_an(r)
        pas = "par mois" if len(mois) == len(r.par_mois) else "par an"
        noms = [m for m, _ in mois]
        demie = (LARGEUR - 14) / 2
        # From light to dark, skipping the second tint so that neighbours stay apart.
        rampe = (c.ordinal[0], c.ordinal[2], c.ordinal[3], c.ordinal[4])

        def repartition(cle: str, largeur: float) -> _Figure:
            tableau = tous[cle]
            lignes = [charts.Barre(nom, (n,), f"{entier(n)} · {pourcent(part)}") for nom, n, part in tableau.lignes]
            titre = tableau.titre.removeprefix("Créées ").capitalize()
            return _Figure(largeur, 58 + 21 * len(lignes), lambda t, z: charts.barres_horizontales(
                t, z, titre, f"{entier(r.creees)} créées", lignes, [("", c.series[0])]))  # fmt: skip

        couts = [charts.Barre(e.nom, tuple(float(p) for p in parts(e.cout)), mad_court(e.cout.total))
                 for e in r.equipements[:8] if e.cout.total > 0]  # fmt: skip
        types_couts = [("pièces", c.series[0]), ("main-d’œuvre", c.series[1]), ("autres", c.series[5])]
        return {
            "tuiles": _Figure(LARGEUR, 104, lambda t, z: charts.tuiles(t, z, indicateurs(r))),
            "mois": _Figure(LARGEUR, 210, lambda t, z: charts.barres(
                t, z, f"Créées et clôturées {pas}", "", noms,
                [charts.Serie("créées", c.series[0], tuple(m.creees for _, m in mois)),
                 charts.Serie("clôturées", c.series[2], tuple(m.cloturees for _, m in mois))],
                nombre=lambda v: entier(round(v)))),
            "age_sla": _paire(_Figure(demie, 210, lambda t, z: charts.barres(
                t, z, "Ancienneté de l’encours", f"{entier(r.encours)} par âge",
                [libelle_tranche(a.mini, a.maxi) for a in r.anciennete],
                [charts.Serie("encours", c.series[0], tuple(a.nombre for a in r.anciennete))],
                couleurs=rampe, nombre=lambda v: entier(round(v)))), _Figure(demie, 210, lambda t, z: charts.courbe(
                t, z, f"SLA tenus {pas}", "", [(nom, m.sla.taux) for nom, m in mois]))),
            "couts": _Figure(LARGEUR, 62 + 24 * max(len(couts), 2), lambda t, z: charts.barres_horizontales(
                t, z, "Équipements les plus coûteux", "MAD hors taxes", couts, types_couts)),
            "types_priorites": _paire(repartition("type", demie), repartition("priorite", demie)),
            "statuts": repartition("statut", LARGEUR),
        }  # fmt: skip

    def _cadre(self, painter: QPainter, page: int, pages: int, sujet: str) -> None:
        """Letterhead and footer of one page."""
        from erp_desktop.reports.charts import Toile

        t = Toile(painter, self.palette, self.famille)
        g, d = MARGE_MM[0] * PX_PAR_MM, (210 - MARGE_MM[2]) * PX_PAR_MM
        haut = 9 * PX_PAR_MM
        _marque(t, g, haut)
        t.texte(t.rect(g + 34, haut - 1, 260, 16), "ERP MIF Maroc", 13, gras=True)
        t.texte(t.rect(g + 34, haut + 14, 260, 14), "Maintenance industrielle", 10, couleur=self.palette.discret)
        if page > 1:
            t.texte(t.rect(d - 420, haut - 1, 420, 16), "Rapport des interventions", 11, gras=True, cale="d")
            t.texte(t.rect(d - 420, haut + 14, 420, 14), sujet, 10, couleur=self.palette.discret, cale="d")
        t.trait(g, haut + 36, d, haut + 36, self.palette.filet, 0.75)
        bas = (297 - 12) * PX_PAR_MM
        t.trait(g, bas, d, bas, self.palette.filet, 0.75)
        fraicheur = f"Calculé le {instant(self.r.calcule_a)} sur les données du {instant(self.r.donnees_du)}"
        t.texte(t.rect(g, bas + 5, 500, 14), fraicheur, 10, couleur=self.palette.discret)
        t.texte(
            t.rect(d - 120, bas + 5, 120, 14), f"Page {page} / {pages}", 10, couleur=self.palette.discret, cale="d"
        )


def _marque(t: Toile, x: float, y: float) -> None:
    """The company's mark: a six-petal flower on the accent colour."""
    from PySide6.QtCore import QPointF

    cote = 26.0
    t.plein(t.rect(x, y, cote, cote), t.palette.accent, cote / 4)
    centre = QPointF(x + cote / 2, y + cote / 2)
    t.p.setPen(t.core.Qt.PenStyle.NoPen)
    t.p.setBrush(t.couleur(t.palette.fond))
    for dx, dy in ((0, -1), (0.87, -0.5), (0.87, 0.5), (0, 1), (-0.87, 0.5), (-0.87, -0.5)):
        t.p.drawEllipse(centre + QPointF(dx, dy) * cote * 0.165, cote * 0.125, cote * 0.125)
    t.p.drawEllipse(centre, cote * 0.16, cote * 0.16)
    t.p.setBrush(t.couleur(t.palette.accent))
    t.p.drawEllipse(centre, cote * 0.1, cote * 0.1)


def _placer(document: QTextDocument, figures: dict[str, _Figure], couleurs: palette.Palette, famille: str) -> Any:
    """Replace each ``⟦name⟧`` by its figure; the returned handler must outlive the document."""
    from PySide6.QtCore import QRectF, QSizeF
    from PySide6.QtGui import QPyTextObject, QTextCharFormat, QTextFormat

    from erp_desktop.reports.charts import Toile

    genre = int(QTextFormat.ObjectTypes.UserObject.value) + 1
    cle = int(QTextFormat.Property.UserProperty.value) + 1

    class Objet(QPyTextObject):
        def intrinsicSize(self, doc: QTextDocument, pos: int, forme: QTextFormat) -> QSizeF:  # noqa: ARG002, N802
            figure = figures[forme.property(cle)]
            return QSizeF(figure.largeur, figure.hauteur)

        def drawObject(  # noqa: N802
            self, painter: QPainter, rect: QRectF | QRect, doc: QTextDocument, pos: int, forme: QTextFormat  # noqa: ARG002
        ) -> None:  # fmt: skip
            painter.save()
            figures[forme.property(cle)].peindre(Toile(painter, couleurs, famille), QRectF(rect))
            painter.restore()

    objet = Objet(document)
    document.documentLayout().registerHandler(genre, objet)
    for nom in figures:
        curseur = document.find(f"⟦{nom}⟧")
        if curseur.isNull():
            raise KeyError(nom)
        forme = QTextCharFormat()
        forme.setObjectType(genre)
        forme.setProperty(cle, nom)
        curseur.insertText("\ufffc", forme)
    return objet


def _paire(gauche: _Figure, droite: _Figure) -> _Figure:
    """Two cards side by side, as high as the higher."""
    hauteur = max(gauche.hauteur, droite.hauteur)

    def peindre(t: Toile, zone: QRectF) -> None:
        gauche.peindre(t, t.rect(zone.x(), zone.y(), gauche.largeur, hauteur))
        droite.peindre(t, t.rect(zone.right() - droite.largeur, zone.y(), droite.largeur, hauteur))

    return _Figure(LARGEUR, hauteur, peindre)


def _garder_les_titres(document: QTextDocument) -> None:
    """Begin a page before a heading that would be left alone at the foot of one."""
    from PySide6.QtGui import QTextCursor, QTextFormat

    bloc = document.begin()
    while bloc.isValid():
        forme = bloc.blockFormat()
        if forme.headingLevel() == 2:
            haut = document.documentLayout().blockBoundingRect(bloc).y()
            reste = HAUTEUR - haut % HAUTEUR
            if reste < TITRE_ET_SUITE and haut > HAUTEUR:
                forme.setPageBreakPolicy(QTextFormat.PageBreakFlag.PageBreak_AlwaysBefore)
                QTextCursor(bloc).setBlockFormat(forme)
        bloc = bloc.next()


def _phrase(r: RapportInterventions) -> str:
    """What a manager reads first."""
    if not (r.creees or r.cloturees or r.encours):
        return "Aucune intervention dans cette période."
    debut = f"{_combien(r.creees, 'intervention créée', 'interventions créées')}, "
    debut += f"{_combien(r.cloturees, 'clôturée', 'clôturées')}"
    if r.encours == r.encours_debut:
        suite = f"l’encours reste à {entier(r.encours)}."
    else:
        suite = f"l’encours passe de {entier(r.encours_debut)} à {entier(r.encours)}."
    vieux = r.anciennete[-1].nombre
    age = f" {_combien(vieux, 'attend', 'attendent')} depuis plus de 30 jours." if vieux else ""
    return f"{debut}\u202f; {suite}{age}"


def _combien(n: int, un: str, plusieurs: str) -> str:
    return f"{entier(n)} {plusieurs if n > 1 else un}"


def _rangee(nom: str, m: MoisRapport) -> tuple[Any, ...]:
    return nom, m.creees, m.cloturees, m.sla.echus, m.sla.tenus, m.sla.taux, m.mttr.minutes


def _resume_equipements(tableau: Tableau) -> Tableau:
    """The five columns that fit a page's width."""
    garde = (0, 2, 3, 4, 8)
    lignes = tuple(
        (f"{ligne[0]} ({ligne[1]})", *(ligne[i] for i in garde[1:])) for ligne in tableau.lignes
    )  # fmt: skip
    return Tableau(tableau.cle, tableau.titre, tuple(tableau.colonnes[i] for i in garde), lignes)
