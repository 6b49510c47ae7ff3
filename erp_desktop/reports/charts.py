"""Charts for the printed report, drawn with QPainter: bars with direct labels, an ordinal ramp for ages, no pies.

Lengths are logical pixels at 96 dpi; the painter's transform decides the real size, so that a PDF stays vectorial.
PySide6 is imported by the first :class:`Toile`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from erp_desktop.reports.graduations import paliers
from erp_desktop.reports.palette import Palette
from erp_desktop.reports.presentation import FINE, ecrire
from erp_desktop.reports.tableaux import Indicateur, ecrire_indicateur

if TYPE_CHECKING:
    from PySide6.QtCore import QRectF
    from PySide6.QtGui import QColor, QFont, QPainter

RAYON = 6.0
MARGE = 14.0


@dataclass(frozen=True, slots=True)
class Serie:
    """One series of values, one colour; the values follow the categories."""

    nom: str
    couleur: str
    valeurs: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Barre:
    """A horizontal bar of stacked parts, and the text written at its end."""

    libelle: str
    parts: tuple[float, ...]
    texte: str


class Toile:
    """A painter with the report's fonts and colours.

    Args:
        painter: active; its coordinates are logical pixels.
        palette: the colours.
        famille: the font family.
    """

    def __init__(self, painter: QPainter, palette: Palette, famille: str) -> None:
        from PySide6 import QtCore, QtGui

        self.core, self.gui = QtCore, QtGui
        self.p, self.palette, self.famille = painter, palette, famille

    def couleur(self, hexa: str) -> QColor:
        return self.gui.QColor(hexa)

    def police(self, px: float, gras: bool = False) -> QFont:
        police = self.gui.QFont(self.famille)
        police.setPixelSize(round(px))
        police.setWeight(self.gui.QFont.Weight.DemiBold if gras else self.gui.QFont.Weight.Normal)
        police.setHintingPreference(self.gui.QFont.HintingPreference.PreferNoHinting)
        return police

    def largeur(self, texte: str, px: float, gras: bool = False) -> float:
        return float(self.gui.QFontMetricsF(self.police(px, gras)).horizontalAdvance(texte))

    def rect(self, x: float, y: float, w: float, h: float) -> QRectF:
        return self.core.QRectF(x, y, w, h)

    def texte(
        self, zone: QRectF, texte: str, px: float = 11, *, gras: bool = False, couleur: str = "", cale: str = "g"
    ) -> None:
        """Write one line, elided; ``cale``: g(auche), d(roite) or c(entre), vertically centred."""
        drapeaux = {
            "g": self.core.Qt.AlignmentFlag.AlignLeft,
            "d": self.core.Qt.AlignmentFlag.AlignRight,
            "c": self.core.Qt.AlignmentFlag.AlignHCenter,
        }
        police = self.police(px, gras)
        mesure = self.gui.QFontMetricsF(police)
        if mesure.horizontalAdvance(texte) > zone.width() + 0.5:
            texte = mesure.elidedText(texte, self.core.Qt.TextElideMode.ElideRight, zone.width())
        self.p.setFont(police)
        self.p.setPen(self.couleur(couleur or self.palette.texte))
        sans_coupe = int(self.core.Qt.TextFlag.TextSingleLine) | int(self.core.Qt.TextFlag.TextDontClip)
        self.p.drawText(zone, int(drapeaux[cale] | self.core.Qt.AlignmentFlag.AlignVCenter) | sans_coupe, texte)

    def plein(self, zone: QRectF, couleur: str, rayon: float = 0) -> None:
        if zone.width() <= 0 or zone.height() <= 0:
            return
        self.p.setPen(self.core.Qt.PenStyle.NoPen)
        self.p.setBrush(self.couleur(couleur))
        if rayon:
            self.p.drawRoundedRect(zone, rayon, rayon)
        else:
            self.p.drawRect(zone)

    def trait(self, x1: float, y1: float, x2: float, y2: float, couleur: str, epaisseur: float = 1) -> None:
        self.p.setPen(self.gui.QPen(self.couleur(couleur), epaisseur))
        self.p.drawLine(self.core.QPointF(x1, y1), self.core.QPointF(x2, y2))

    def carte(self, zone: QRectF, titre: str, detail: str = "") -> QRectF:
        """A bordered card with its title; returns what is left inside."""
        self.p.setPen(self.gui.QPen(self.couleur(self.palette.bordure), 0.75))
        self.p.setBrush(self.couleur(self.palette.fond))
        self.p.drawRoundedRect(zone.adjusted(0.5, 0.5, -0.5, -0.5), RAYON, RAYON)
        x, y, w = zone.x() + MARGE, zone.y() + 10, zone.width() - 2 * MARGE
        pris = min(self.largeur(titre, 13, gras=True) + 10, w)
        self.texte(self.rect(x, y, pris, 20), titre, 13, gras=True)
        if detail:
            self.texte(self.rect(x + pris, y + 1, w - pris, 20), detail, 11, couleur=self.palette.discret)
        return self.rect(x, y + 28, w, zone.height() - 28 - 10 - 10)

    def legende(self, zone: QRectF, entrees: Sequence[tuple[str, str]]) -> None:
        """Coloured squares and names, right-aligned on the card's title line."""
        x = zone.right()
        for nom, couleur in reversed(entrees):
            w = self.largeur(nom, 11)
            x -= w
            self.texte(self.rect(x, zone.y() - 27, w + 1, 20), nom, 11, couleur=self.palette.secondaire)
            x -= 14
            self.plein(self.rect(x, zone.y() - 21, 9, 9), couleur, 2)
            x -= 12


def tuiles(t: Toile, zone: QRectF, valeurs: Sequence[Indicateur]) -> None:
    """The row of key figures: name, value, change (welcome or not) and what is counted."""
    ecart = 10.0
    w = (zone.width() - ecart * (len(valeurs) - 1)) / len(valeurs)
    tons = {"bon": t.palette.bon, "mauvais": t.palette.mauvais, "neutre": t.palette.discret}
    for n, i in enumerate(valeurs):
        carte = t.rect(zone.x() + n * (w + ecart), zone.y(), w, zone.height())
        t.p.setPen(t.gui.QPen(t.couleur(t.palette.bordure), 0.75))
        t.p.setBrush(t.couleur(t.palette.fond))
        t.p.drawRoundedRect(carte.adjusted(0.5, 0.5, -0.5, -0.5), RAYON, RAYON)
        x, dedans = carte.x() + 11, w - 20
        t.texte(t.rect(x, carte.y() + 9, dedans, 18), i.libelle, 11, couleur=t.palette.secondaire)
        valeur, unite = ecrire_indicateur(i)
        taille = 24 if t.largeur(valeur, 24, gras=True) + t.largeur(unite, 11) + 6 <= dedans else 18
        t.texte(t.rect(x, carte.y() + 28, dedans, 32), valeur, taille, gras=True)
        if unite:
            decalage = t.largeur(valeur, taille, gras=True) + 6
            t.texte(t.rect(x + decalage, carte.y() + 32, dedans - decalage, 28), unite, 11, couleur=t.palette.discret)
        y = carte.y() + 62
        if i.ecart:
            pris = t.largeur(i.ecart, 11, gras=True) + 6
            t.texte(t.rect(x, y, pris, 16), i.ecart, 11, gras=True, couleur=tons[i.ton])
            suite = f"{ecrire(i.genre, i.precedent)} {'au début' if i.cle == 'encours' else 'avant'}"
            t.texte(t.rect(x + pris, y, dedans - pris, 16), suite, 10, couleur=t.palette.discret)
        t.texte(t.rect(x, y + 16, dedans, 16), i.detail, 10, couleur=t.palette.discret)


def _vide(t: Toile, zone: QRectF, texte: str = "Rien dans cette période") -> None:
    t.texte(zone, texte, 11, couleur=t.palette.discret, cale="c")


def barres(
    t: Toile,
    zone: QRectF,
    titre: str,
    detail: str,
    categories: Sequence[str],
    series: Sequence[Serie],
    *,
    couleurs: Sequence[str] = (),
    nombre: Callable[[float], str],
) -> None:
    """Vertical bars, grouped by category, each with its value above while it has room.

    Args:
        couleurs: one per category (an ordinal ramp) instead of one per series.
    """
    dedans = t.carte(zone, titre, "" if len(series) > 1 else detail)
    if len(series) > 1:
        t.legende(dedans, [(s.nom, s.couleur) for s in series])
    maximum = max((v for s in series for v in s.valeurs), default=0)
    if maximum <= 0:
        _vide(t, dedans)
        return
    graduations = paliers(maximum)
    marge_g = max(t.largeur(nombre(g), 10) for g in graduations) + 6
    bas, haut = dedans.bottom() - 18, dedans.y() + 16
    echelle = (bas - haut) / maximum
    for g in graduations:
        y = bas - g * echelle
        t.trait(dedans.x() + marge_g, y, dedans.right(), y, t.palette.grille if g else t.palette.bordure, 0.75)
        t.texte(t.rect(dedans.x(), y - 7, marge_g - 6, 14), nombre(g), 10, couleur=t.palette.axe, cale="d")
    pas = (dedans.width() - marge_g) / len(categories)
    epaisseur = min(pas * (0.58 if len(series) == 1 else 0.74) / len(series), 46)
    lisible = max(t.largeur(nombre(v), 10, gras=True) for s in series for v in s.valeurs) <= epaisseur + 3
    saut = max(1, math.ceil(max(t.largeur(c, 10) + 6 for c in categories) / pas))
    for n, categorie in enumerate(categories):
        centre = dedans.x() + marge_g + pas * (n + 0.5)
        if n % saut == 0:
            t.texte(t.rect(centre - pas * saut / 2, bas + 3, pas * saut, 15), categorie, 10,
                    couleur=t.palette.axe, cale="c")  # fmt: skip
        for k, s in enumerate(series):
            x = centre + (k - len(series) / 2) * epaisseur
            h = s.valeurs[n] * echelle
            t.plein(t.rect(x + 0.5, bas - h, epaisseur - 1, h), couleurs[n] if couleurs else s.couleur)
            if lisible and (s.valeurs[n] or len(series) == 1):
                t.texte(
                    t.rect(x - 12, bas - h - 15, epaisseur + 24, 14), nombre(s.valeurs[n]), 10, gras=True, cale="c"
                )


def barres_horizontales(
    t: Toile, zone: QRectF, titre: str, detail: str, lignes: Sequence[Barre], couleurs: Sequence[tuple[str, str]]
) -> None:
    """One stacked bar per line, its name at the left and its total at its end."""
    dedans = t.carte(zone, titre, detail)
    if len(couleurs) > 1:
        t.legende(dedans, couleurs)
    maximum = max((sum(b.parts) for b in lignes), default=0)
    if not lignes or maximum <= 0:
        _vide(t, dedans)
        return
    gauche = min(max(t.largeur(b.libelle, 11) for b in lignes), dedans.width() * 0.36) + 8
    droite = max(t.largeur(b.texte, 11, gras=True) for b in lignes) + 8
    pas = min(dedans.height() / len(lignes), 30)
    h = min(pas * 0.62, 16)
    x0, longueur = dedans.x() + gauche, dedans.width() - gauche - droite
    t.trait(x0, dedans.y(), x0, dedans.y() + pas * len(lignes), t.palette.bordure, 0.75)
    for n, barre in enumerate(lignes):
        y = dedans.y() + pas * n
        t.texte(t.rect(dedans.x(), y, gauche - 8, pas), barre.libelle, 11, couleur=t.palette.secondaire, cale="d")
        x = x0 + 0.5
        for (_, couleur), part in zip(couleurs, barre.parts, strict=True):
            w = longueur * max(part, 0) / maximum
            t.plein(t.rect(x, y + (pas - h) / 2, w, h), couleur)
            x += w
        t.texte(t.rect(x + 6, y, droite, pas), barre.texte, 11, gras=True)


def courbe(t: Toile, zone: QRectF, titre: str, detail: str, points: Sequence[tuple[str, float | None]]) -> None:
    """Percentages over time; a month without commitment leaves a gap. The last, best and worst carry their value."""
    dedans = t.carte(zone, titre, detail)
    connus = [(n, v) for n, (_, v) in enumerate(points) if v is not None]
    if not connus:
        _vide(t, dedans, "Aucun engagement échu dans cette période")
        return
    bas_v = max(0.0, math.floor((min(v for _, v in connus) - 5) / 10) * 10)
    haut_v = min(100.0, math.ceil((max(v for _, v in connus) + 1) / 10) * 10)
    haut_v = max(haut_v, bas_v + 10)
    marge_g = t.largeur(f"100{FINE}%", 10) + 8
    bas, haut = dedans.bottom() - 18, dedans.y() + 12
    pas_v = 10 if haut_v - bas_v <= 40 else 20
    for g in range(int(bas_v), int(haut_v) + 1, pas_v):
        y = bas - (g - bas_v) / (haut_v - bas_v) * (bas - haut)
        ligne = t.palette.bordure if g == int(bas_v) else t.palette.grille
        t.trait(dedans.x() + marge_g, y, dedans.right(), y, ligne, 0.75)
        t.texte(t.rect(dedans.x(), y - 7, marge_g - 6, 14), f"{g}{FINE}%", 10, couleur=t.palette.axe, cale="d")
    pas = (dedans.width() - marge_g) / len(points)
    saut = max(1, math.ceil(max(t.largeur(c, 10) + 6 for c, _ in points) / pas))

    def ou(n: int, v: float) -> tuple[float, float]:
        return dedans.x() + marge_g + pas * (n + 0.5), bas - (v - bas_v) / (haut_v - bas_v) * (bas - haut)

    for n, (libelle, _) in enumerate(points):
        if n % saut == 0:
            x = dedans.x() + marge_g + pas * (n + 0.5)
            t.texte(t.rect(x - pas * saut / 2, bas + 3, pas * saut, 15), libelle, 10, couleur=t.palette.axe, cale="c")
    for (n, v), (m, w) in pairwise(connus):
        if m == n + 1:
            t.trait(*ou(n, v), *ou(m, w), t.palette.series[0], 1.75)
    nommes = {connus[-1][0], max(connus, key=lambda c: c[1])[0], min(connus, key=lambda c: c[1])[0]}
    for n, v in connus:
        x, y = ou(n, v)
        if n in nommes or len(connus) <= 12:
            t.plein(t.rect(x - 2.5, y - 2.5, 5, 5), t.palette.series[0], 2.5)
        if n in nommes:
            texte = f"{v:.1f}".replace(".", ",") + f"{FINE}%"
            w = t.largeur(texte, 10, gras=True)
            gauche = min(max(x - w / 2, dedans.x() + marge_g), dedans.right() - w)
            dessous = v == min(c[1] for c in connus) and len(connus) > 1 and y + 18 < bas
            t.texte(t.rect(gauche, y + 5 if dessous else y - 18, w + 1, 14), texte, 10, gras=True,
                    couleur=t.palette.series[0])  # fmt: skip
