"""The reports screen: pick a period and an agency, look, export."""

from __future__ import annotations

import functools
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shiboken6
from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QColor, QDesktopServices, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QScrollArea,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from erp_desktop.errors import CentralUnreachableError, ErpError
from erp_desktop.reports import palette, pdf
from erp_desktop.reports.modele import ParamsRapport, RapportInterventions
from erp_desktop.reports.papers import engine
from erp_desktop.reports.papers.translated import LANGUAGES
from erp_desktop.reports.tableaux import Tableau, indicateurs, tableaux
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.kit import paint
from erp_desktop.ui.kit.controls import Brief, Button, IconLabel, Text, icon_button
from erp_desktop.ui.kit.dialogs import ask_target
from erp_desktop.ui.kit.i18n import said, tr
from erp_desktop.ui.kit.states import ErrorState, Recount
from erp_desktop.ui.kit.surfaces import Card
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.page import Page
from erp_desktop.ui.printing.preview import Paper, PreviewWindow
from erp_desktop.ui.rapports import wording
from erp_desktop.ui.rapports.charts import DESSINS
from erp_desktop.ui.rapports.drawing import Chart
from erp_desktop.ui.rapports.pickers import Choix
from erp_desktop.ui.rapports.table import TableauVue
from erp_desktop.ui.rapports.tile import ICONES, Tuile, Tuiles
from erp_desktop.ui.rapports.writing import Ecriture
from erp_desktop.ui.wording import value_labels

_log = logging.getLogger(__name__)
GRAPHES = (
    ("activite", "Créées et clôturées", 0, 0),
    ("anciennete", "Ancienneté de l'encours", 0, 1),
    ("sla", "SLA tenus", 1, 0),
    ("couts", "Équipements les plus coûteux", 1, 1),
)
FORMATS = {"pdf": ("PDF", "file-pdf"), "xlsx": ("XLSX", "file-xls"), "csv": ("CSV", "file-csv")}
_SERIES_ACTIVITE = (("créées", 0), ("clôturées", 2))
_SERIES_COUTS = (("pièces", 0), ("main-d'œuvre", 1), ("autres", 5))


@dataclass(frozen=True, slots=True)
class _Lu:
    rapport: RapportInterventions
    agences: tuple[tuple[int, str], ...]
    a_garder: bool


class RapportsPage(Page):
    """Computes on the database worker, writes files on a thread of its own; the window never waits.

    Attributes:
        rapport: what is shown, None until the first answer.
    """

    exporte = Signal(str, object)
    """A file is ready or failed: its path, and None or the exception."""

    def __init__(self, contexte: Contexte, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._contexte = contexte
        self.rapport: RapportInterventions | None = None
        self.choix = Choix(contexte.acteur, self)
        self.choix.change.connect(self.reload)
        self._graphes: dict[str, Chart] = {}
        self._demande, self._coupe = 0, False
        self._batir()
        self._recompte = Recount(self, self.tuiles.values)
        self.exporte.connect(self._exporte, Qt.ConnectionType.QueuedConnection)
        theme().changed.connect(self._redessiner)
        contexte.bus.data_changed.connect(self._donnees_changees)
        self.reload()

    # What is on the page

    def _batir(self) -> None:
        self._pile = QStackedLayout(self)
        zone = QScrollArea()
        zone.setWidgetResizable(True)
        zone.setAccessibleName(tr("Rapports"))
        zone.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        corps = QWidget()
        corps.setObjectName("corps")
        colonne = QVBoxLayout(corps)
        colonne.setContentsMargins(16, 12, 16, 16)
        colonne.setSpacing(12)
        colonne.addLayout(self._tete())
        colonne.addWidget(self.choix.dates)
        self.tuiles = {cle: Tuile(cle) for cle in ICONES}
        colonne.addWidget(Tuiles(list(self.tuiles.values())))
        grille = QGridLayout()
        grille.setSpacing(12)
        grille.setColumnStretch(0, 1)
        grille.setColumnStretch(1, 1)
        self._details: dict[str, Text] = {}
        self._places: dict[str, QVBoxLayout] = {}
        for cle, titre, ligne, cote in GRAPHES:
            grille.addWidget(self._carte(cle, titre), ligne, cote)
        colonne.addLayout(grille)
        self.tables = {"techniciens": TableauVue(tr("Techniciens")), "equipements": TableauVue(tr("Équipements"))}
        bas = QGridLayout()
        bas.setSpacing(12)
        bas.setColumnStretch(0, 1)
        bas.setColumnStretch(1, 1)
        for cote, (cle, titre) in enumerate((("techniciens", "Techniciens"), ("equipements", "Équipements"))):
            bas.addWidget(self._carte_table(cle, titre), 0, cote, Qt.AlignmentFlag.AlignTop)
        colonne.addLayout(bas)
        colonne.addStretch()
        zone.setWidget(corps)
        self._zone = zone
        self._pile.addWidget(zone)

    def _tete(self) -> QHBoxLayout:
        rangee = QHBoxLayout()
        rangee.setSpacing(8)
        rangee.addWidget(Text(tr("Rapports"), "page"))
        rangee.addSpacing(6)
        rangee.addWidget(self.choix.periode)
        rangee.addWidget(self.choix.agence)
        rangee.addWidget(icon_button("arrows-clockwise", tr("Recalculer (F5)"), self.reload))
        rangee.addStretch()
        rangee.addWidget(IconLabel("clock", "text.tertiary", 14))
        self.fraicheur = Brief("body", "text.tertiary")
        rangee.addWidget(self.fraicheur, 3)
        self.apercu = Button(tr("Aperçu"), icon="printer", on_click=self.print_out)
        rangee.addWidget(self.apercu)
        self.boutons: dict[str, Button] = {}
        for forme, (nom, icone) in FORMATS.items():
            choisir = functools.partial(self._choisir_fichier, forme)
            bouton = Button(nom, icon=icone, name=tr("Exporter en {format}", format=nom), on_click=choisir)
            bouton.setEnabled(False)
            self.boutons[forme] = bouton
            rangee.addWidget(bouton)
        return rangee

    def _carte(self, cle: str, titre: str) -> Card:
        carte = Card()
        tete = QHBoxLayout()
        tete.setSpacing(8)
        tete.addWidget(Text(tr(titre), "section"))
        self._details[cle] = Text("", "body", "text.tertiary")
        tete.addWidget(self._details[cle])
        tete.addStretch()
        series = {"activite": _SERIES_ACTIVITE, "couts": _SERIES_COUTS}.get(cle, ())
        for nom, rang in series:
            tete.addWidget(_Pastille(rang))
            tete.addWidget(Text(tr(nom), "body", "text.secondary"))
        carte.box.addLayout(tete)
        carte.setMinimumHeight(290)
        self._places[cle] = carte.box
        return carte

    def _carte_table(self, cle: str, titre: str) -> Card:
        carte = Card()
        tete = QHBoxLayout()
        tete.setSpacing(8)
        tete.addWidget(Text(tr(titre), "section"))
        self._details[cle] = Text("", "body", "text.tertiary")
        tete.addWidget(self._details[cle])
        tete.addStretch()
        carte.box.addLayout(tete)
        carte.box.addWidget(self.tables[cle])
        return carte

    # Computing and showing

    def reload(self) -> bool:
        self._demande += 1
        self._coupe = False
        acteur = self._contexte.acteur
        params = ParamsRapport(*self.choix.bornes, agence_id=self.choix.agence_id)

        def calculer(session: Any) -> _Lu:
            from erp_desktop.reports import interventions

            return _Lu(*interventions.lire(session, acteur, params))

        numero = self._demande

        def recu(lu: _Lu) -> None:
            self._recu(numero, lu)
            if lu.a_garder:
                self._garder(numero)

        self._dire(tr("calcul en cours…"))
        if self.rapport is not None:
            self._recompte.begin()
        self._contexte.tasks.run(
            calculer,
            recu,
            lambda erreur: self._echec(numero, erreur),
            figures=True,
            owner=self,
        )
        return True

    def _garder(self, numero: int, tours: int = 60) -> None:
        """Once it is shown, keep for the next time what was counted from the rows, a little at a time."""
        if numero != self._demande or not tours:
            return
        fin = self.choix.bornes[1]

        def garder(session: Any) -> bool:
            from erp_desktop.reports.figures import kept

            return kept.keep(session, fin)

        self._contexte.tasks.run(
            garder,
            lambda encore: self._garder(numero, tours - 1) if encore else None,
            # The report is there; the next one counts from the rows again.
            lambda erreur: _log.info("months not kept: %s", erreur),
            write=True,
            owner=self,
        )

    def _donnees_changees(self, changes: Any, _initiateur: object) -> None:
        if self._coupe:
            # As when the line to the centre is there again.
            self.reload()
        elif self.rapport is not None and {"interventions", "lignes_intervention"} & set(changes):
            self._dire(tr("des données ont changé depuis le calcul, F5 pour recalculer"))

    def _dire(self, mots: str, court: str = "") -> None:
        self.fraicheur.say(mots, court or mots)

    def _recu(self, numero: int, lu: _Lu) -> None:
        if numero != self._demande:
            return
        self._recompte.end()
        ancien = self._pile.currentWidget()
        if ancien is not None and ancien is not self._zone:
            self._pile.setCurrentWidget(self._zone)
            self._pile.removeWidget(ancien)
            ancien.deleteLater()
        r = self.rapport = lu.rapport
        self.choix.offrir(lu.agences)
        donnees = value_labels.freshness(r.donnees_du)
        mots = tr("calculé {a} sur les données {de}", a=value_labels.freshness(r.calcule_a), de=wording.of(donnees))
        self._dire(mots, tr("données {quand}", quand=donnees))
        suites = {
            "sla": tuple(m.sla.taux for m in r.par_mois), "mttr": tuple(m.mttr.minutes for m in r.par_mois),
            "prise_en_charge": tuple(m.prise_en_charge.minutes for m in r.par_mois),
            "remise_en_service": tuple(m.remise_en_service.minutes for m in r.par_mois),
            "encours": (), "cout": (),
        }  # fmt: skip
        for indicateur in indicateurs(r):
            self.tuiles[indicateur.cle].montrer(indicateur, suites[indicateur.cle])
        pas = tr("par mois") if len(r.par_mois) <= 24 else tr("par an")
        details = {"activite": pas, "sla": pas, "anciennete": tr("{n} par âge", n=r.encours),
                   "couts": tr("hors taxes, MAD"), "techniciens": tr("interventions clôturées"),
                   "equipements": tr("{n} sur {total}, du plus coûteux", n=len(r.equipements),
                                     total=r.nb_equipements)}  # fmt: skip
        for cle, texte in details.items():
            self._details[cle].setText(texte)
        tous = {t.cle: t for t in tableaux(r)}
        self.tables["techniciens"].montrer(tous["techniciens"])
        self.tables["equipements"].montrer(_resume(tous["equipements"]))
        for bouton in self.boutons.values():
            bouton.setEnabled(True)
        self.status_changed.emit(*self.status())
        self._dessiner()

    def _dessiner(self) -> None:
        if self.rapport is None:
            return
        for cle, *_ in GRAPHES:
            if cle not in self._graphes:
                self._graphes[cle] = Chart()
                self._places[cle].addWidget(self._graphes[cle])
            DESSINS[cle](self._graphes[cle], self.rapport)

    @property
    def dessine(self) -> bool:
        """Whether the charts are on the page."""
        return len(self._graphes) == len(GRAPHES)

    def _redessiner(self) -> None:
        if self.dessine:
            self._dessiner()

    def _echec(self, numero: int, erreur: Exception) -> None:
        if numero != self._demande:
            return
        self._recompte.end()
        self._dire("")
        self._coupe = isinstance(erreur, CentralUnreachableError)
        mots = said(str(erreur)) if isinstance(erreur, ErpError) else tr("Le détail est dans le journal de ce poste.")
        etat = ErrorState(tr("Ce rapport n'a pas pu être calculé"), mots,
                          [Button(tr("Réessayer"), "primary", on_click=self.reload)])  # fmt: skip
        self._pile.addWidget(etat)
        self._pile.setCurrentWidget(etat)

    def status(self) -> tuple[str, str]:
        return wording.period(*self.choix.bornes), self.fraicheur.text()

    def keys(self) -> tuple[tuple[str, str], ...]:
        return (
            ("Ctrl C", tr("copier les lignes choisies")), ("Ctrl P", tr("aperçu avant impression")),
            ("F5", tr("recalculer")),
        )  # fmt: skip

    # Exporting

    def print_out(self) -> bool:
        """Ctrl+P: the pages as they will be printed, in the language of the window or another."""
        if self.rapport is not None:
            data = {code: pdf.donnees(self.rapport, code) for code, _ in LANGUAGES}
            PreviewWindow(self._contexte, Paper(
                title=tr("Rapport des interventions"), name="rapport-interventions", count=1,
                pdf=lambda code: engine.pdf("rapport_interventions", data[code]),
                pages=lambda code, _count, ppi: engine.pages("rapport_interventions", data[code], ppi),
                languages=LANGUAGES,
            ), self).show()  # fmt: skip
        return True

    def _choisir_fichier(self, forme: str) -> QFileDialog:
        debut, fin = self.choix.bornes
        nom = f"rapport-interventions-{debut:%Y%m%d}-{fin:%Y%m%d}.{forme}"
        titre = tr("Exporter en {format}", format=FORMATS[forme][0])
        return ask_target(self, titre, nom, lambda cible: self.exporter(forme, cible))

    def exporter(self, forme: str, cible: Path) -> None:
        """Write what is shown to ``cible``, off the GUI thread; ``exporte`` tells the end."""
        if self.rapport is None:
            return
        rapport = self.rapport
        self.boutons[forme].setEnabled(False)

        ecriture = Ecriture(rapport, forme, cible)
        ecriture.finished.connect(functools.partial(_signaler, self, ecriture))
        ecriture.start()

    def _exporte(self, chemin: str, erreur: Exception | None) -> None:
        for bouton in self.boutons.values():
            bouton.setEnabled(True)
        if erreur is None:
            toast = self._contexte.say(tr("Rapport enregistré : {nom}", nom=Path(chemin).name), None, "success")
            _ajouter_ouvrir(toast, chemin)
        else:
            mots = said(str(erreur)) if isinstance(erreur, ErpError) else tr("Le rapport n'a pas pu être écrit.")
            self._contexte.say(mots, None, "danger")


class _Pastille(QWidget):
    """The colour of a series, beside its name."""

    def __init__(self, rang: int) -> None:
        super().__init__()
        self._rang = rang
        self.setFixedSize(10, 10)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint.rounded(painter, self.rect(), 2, QColor(palette.lire(theme().dark).series[self._rang]))
        painter.end()


def _ajouter_ouvrir(toast: Any, chemin: str) -> None:
    rangee = toast.layout() if isinstance(toast, QWidget) else None
    if isinstance(rangee, QHBoxLayout):
        ouvrir = Button(tr("Ouvrir"), "link", on_click=lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(chemin)))
        ouvrir.setStyleSheet(f"QPushButton {{ color: {theme().color('toast.action').name()}; }}")
        rangee.insertWidget(rangee.count() - 1, ouvrir)
        toast.adjustSize()


def _signaler(page: RapportsPage, ecriture: Ecriture) -> None:
    if shiboken6.isValid(page):
        page.exporte.emit(str(ecriture.cible), ecriture.erreur)


def _resume(tableau: Tableau) -> Tableau:
    """What fits half a page; the files give codes and the detail of costs."""
    garde = (0, 2, 3, 4, 8)
    colonnes = tuple(tableau.colonnes[i] for i in garde)
    return Tableau(tableau.cle, tableau.titre, colonnes, tuple(tuple(x[i] for i in garde) for x in tableau.lignes))
