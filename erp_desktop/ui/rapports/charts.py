"""The charts of the screen, on pyqtgraph; this module is imported when the first one is shown."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QWheelEvent

from erp_desktop.reports import palette
from erp_desktop.reports.graduations import paliers
from erp_desktop.reports.modele import RapportInterventions
from erp_desktop.reports.presentation import FINE, entier, mad_court, pourcent
from erp_desktop.reports.tableaux import libelle_tranche, par_mois_ou_an, parts
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.kit.theme import theme

NOM_MAX = 24


class Graphe(pg.PlotWidget):  # type: ignore[misc]
    """A still chart: no zoom, no menu; the wheel scrolls the page."""

    def __init__(self) -> None:
        super().__init__()
        self.setMouseEnabled(x=False, y=False)
        self.setMenuEnabled(False)
        self.hideButtons()
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMinimumHeight(230)
        self.setFrameShape(self.Shape.NoFrame)
        # Time runs left to right in every language, and axes stay at their place.
        self.getPlotItem().setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        for cote in ("left", "bottom"):
            axe = self.getAxis(cote)
            axe.setStyle(tickLength=0, tickTextOffset=6)
        self.effacer()

    def effacer(self) -> None:
        """An empty chart in the colours in force."""
        self.clear()
        look = theme()
        self.setBackground(look.color("surface.raised"))
        for cote in ("left", "bottom"):
            axe = self.getAxis(cote)
            axe.setTextPen(look.color("text.tertiary"))
            axe.setPen(look.color("border.default") if cote == "bottom" else pg.mkPen(None))
            axe.setTickFont(look.font("caption"))

    def wheelEvent(self, ev: QWheelEvent) -> None:
        ev.ignore()

    def grille(self, graduations: Sequence[float], ecrire: Callable[[float], str], *, cote: str = "left") -> None:
        couleur = theme().color("border.subtle")
        for g in graduations[1:]:
            trait = pg.InfiniteLine(pos=g, angle=0 if cote == "left" else 90, pen=pg.mkPen(couleur, width=1))
            trait.setZValue(-10)
            self.addItem(trait)
        self.getAxis(cote).setTicks([[(g, ecrire(g)) for g in graduations]])

    def barre(self, couleur: QColor | str, **geometrie: Any) -> None:
        self.addItem(pg.BarGraphItem(pen=pg.mkPen(None), brush=pg.mkBrush(couleur), **geometrie))

    def etiquette(
        self, x: float, y: float, texte: str, ancre: tuple[float, float], couleur: str, role: str = "strong"
    ) -> None:
        mot = pg.TextItem(texte, color=theme().color(couleur), anchor=ancre)
        mot.setFont(theme().font(role))
        self.addItem(mot)
        mot.setPos(x, y)

    def rien(self, texte: str) -> None:
        """Say that there is nothing, in the middle."""
        self.getAxis("left").setTicks([[]])
        self.getAxis("bottom").setTicks([[]])
        mot = pg.TextItem(texte, color=theme().color("text.tertiary"), anchor=(0.5, 0.5))
        mot.setFont(theme().font("body"))
        self.addItem(mot)
        self.setRange(xRange=(0, 1), yRange=(0, 1), padding=0)
        mot.setPos(0.5, 0.5)
        self.setAccessibleName(texte)


def _couleurs() -> palette.Palette:
    return palette.lire(theme().dark)


def anciennete(g: Graphe, r: RapportInterventions) -> None:
    """The backlog by age, pale to dark."""
    g.effacer()
    maximum = max(t.nombre for t in r.anciennete)
    if not maximum:
        g.rien(tr("Aucun encours"))
        return
    rampe = _couleurs().ordinal
    noms = [libelle_tranche(t.mini, t.maxi) for t in r.anciennete]
    g.grille(paliers(maximum), lambda v: entier(round(v)))
    for n, tranche in enumerate(r.anciennete):
        # The second tint is skipped so that neighbours stay apart.
        g.barre(rampe[n + (n > 0)], x=[n], height=[tranche.nombre], width=0.58)
        g.etiquette(n, tranche.nombre, entier(tranche.nombre), (0.5, 1.0), "text.primary")
    g.getAxis("bottom").setTicks([list(enumerate(noms))])
    g.setRange(xRange=(-0.5, len(noms) - 0.5), yRange=(0, maximum * 1.14), padding=0)
    g.setAccessibleName(", ".join(f"{nom} : {t.nombre}" for nom, t in zip(noms, r.anciennete, strict=True)))


def activite(g: Graphe, r: RapportInterventions) -> None:
    """Created and closed, side by side for each month."""
    g.effacer()
    mois = par_mois_ou_an(r)
    maximum = max(max(m.creees, m.cloturees) for _, m in mois)
    if not maximum:
        g.rien(tr("Rien dans cette période"))
        return
    series = _couleurs().series
    g.grille(paliers(maximum), lambda v: entier(round(v)))
    lisible = len(mois) * len(entier(maximum)) <= 38
    for decalage, couleur, valeurs in ((-0.225, series[0], [m.creees for _, m in mois]),
                                       (0.225, series[2], [m.cloturees for _, m in mois])):  # fmt: skip
        g.barre(couleur, x=[n + decalage for n in range(len(mois))], height=valeurs, width=0.43)
        for n, valeur in enumerate(valeurs):
            if lisible and valeur:
                g.etiquette(n + decalage, valeur, entier(valeur), (0.5, 1.0), "text.primary", "caption")
    saut = max(1, math.ceil(len(mois) / 13))
    g.getAxis("bottom").setTicks([[(n, nom) for n, (nom, _) in enumerate(mois) if n % saut == 0]])
    g.setRange(xRange=(-0.6, len(mois) - 0.4), yRange=(0, maximum * 1.14), padding=0)
    g.setAccessibleName(", ".join(f"{nom} : {m.creees} / {m.cloturees}" for nom, m in mois))


def sla(g: Graphe, r: RapportInterventions) -> None:
    """Share of commitments kept, month by month; a month without one leaves a gap."""
    g.effacer()
    points = [(n, nom, m.sla.taux) for n, (nom, m) in enumerate(par_mois_ou_an(r))]
    connus = [(n, nom, taux) for n, nom, taux in points if taux is not None]
    if not connus:
        g.rien(tr("Aucun engagement échu dans cette période"))
        return
    bas = max(0, math.floor((min(t for *_, t in connus) - 5) / 10) * 10)
    haut = max(min(100, math.ceil((max(t for *_, t in connus) + 1) / 10) * 10), bas + 10)
    pas = 10 if haut - bas <= 40 else 20
    g.grille([float(v) for v in range(bas, haut + 1, pas)], lambda v: f"{round(v)}{FINE}%")
    couleur = QColor(_couleurs().series[0])
    dessous = QColor(couleur)
    dessous.setAlpha(30)
    nan = float("nan")
    g.plot([n for n, *_ in points], [nan if t is None else t for *_, t in points], pen=pg.mkPen(couleur, width=2),
           connect="finite", symbol="o" if len(connus) <= 13 else None, symbolSize=5, symbolBrush=couleur,
           symbolPen=None, fillLevel=bas if len(connus) == len(points) else None, brush=dessous)  # fmt: skip
    nommes = {len(connus) - 1, *(choix(range(len(connus)), key=lambda i: connus[i][2]) for choix in (max, min))}
    for i in nommes:
        n, _, taux = connus[i]
        # Under the point when the line comes from, or goes, above it.
        creux = any(voisin[2] > taux for voisin in connus[max(0, i - 1) : i + 2])
        dessous_libre = creux and taux - bas > (haut - bas) / 6
        g.etiquette(n, taux, pourcent(taux), (0.5, -0.15 if dessous_libre else 1.15), "accent.text")
    saut = max(1, math.ceil(len(points) / 13))
    g.getAxis("bottom").setTicks([[(n, nom) for n, nom, _ in points if n % saut == 0]])
    g.setRange(xRange=(-0.5, len(points) - 0.5), yRange=(bas, haut + (haut - bas) * 0.12), padding=0)
    g.setAccessibleName(", ".join(f"{nom} : {pourcent(taux)}" for _, nom, taux in connus))


def couts(g: Graphe, r: RapportInterventions) -> None:
    """The most expensive machines: parts, labour, the rest; the total at the end."""
    g.effacer()
    machines = [e for e in r.equipements[:6] if e.cout.total > 0]
    if not machines:
        g.rien(tr("Aucun coût dans cette période"))
        return
    series = _couleurs().series
    maximum = float(max(e.cout.total for e in machines))
    for n, e in enumerate(machines):
        y, x = -n, 0.0
        for couleur, part in zip((series[0], series[1], series[5]), parts(e.cout), strict=True):
            large = max(float(part), 0.0)
            g.barre(couleur, x0=[x], y=[y], width=[large], height=0.6)
            x += large
        g.etiquette(x, y, mad_court(e.cout.total), (-0.1, 0.5), "text.primary")
    g.getAxis("left").setTicks([[(-n, _court(e.nom)) for n, e in enumerate(machines)]])
    g.getAxis("bottom").setTicks([[]])
    g.setRange(xRange=(0, maximum * 1.16), yRange=(-max(len(machines), 4) + 0.4, 0.6), padding=0)
    g.setAccessibleName(", ".join(f"{e.nom} : {mad_court(e.cout.total)}" for e in machines))


def _court(nom: str) -> str:
    return nom if len(nom) <= NOM_MAX else nom[: NOM_MAX - 1] + "…"


DESSINS: dict[str, Callable[[Graphe, RapportInterventions], None]] = {
    "activite": activite,
    "anciennete": anciennete,
    "sla": sla,
    "couts": couts,
}
