"""A key figure: name, value, trend line, change and what is counted."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QLinearGradient,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QWidget

from erp_desktop.reports.presentation import ecrire
from erp_desktop.reports.tableaux import Indicateur, ecrire_indicateur
from erp_desktop.ui.kit import icons, paint
from erp_desktop.ui.kit.i18n import colon, tr
from erp_desktop.ui.kit.states import Fading
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.rapports import wording
from erp_desktop.ui.wording import value_labels

ICONES = {
    "encours": "wrench", "sla": "check-circle", "prise_en_charge": "hourglass-medium", "mttr": "clock",
    "remise_en_service": "play-circle", "cout": "receipt",
}  # fmt: skip
_TONS = {"bon": "semantic.success.text", "mauvais": "semantic.warning.text", "neutre": "text.tertiary"}


class Tuile(Fading, QWidget):
    """Painted in one go; :meth:`montrer` gives it its figure."""

    def __init__(self, cle: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icone = ICONES[cle]
        self._indicateur: Indicateur | None = None
        self._suite: tuple[float | None, ...] = ()
        self.setFixedHeight(104)
        self.setMinimumWidth(190)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self.update)

    def montrer(self, indicateur: Indicateur, suite: tuple[float | None, ...]) -> None:
        """Show a figure and the months that lead to it (None: nothing that month)."""
        self._indicateur, self._suite = indicateur, suite
        valeur, unite = ecrire_indicateur(indicateur)
        valeur = value_labels.measured(valeur)
        self.setAccessibleName(
            f"{tr(indicateur.libelle)}{colon()}{valeur} {tr(unite)}, {wording.detail(indicateur.detail)}"
        )
        self.tip(ecrire(indicateur.genre, indicateur.valeur) if indicateur.genre == "mad" else "")
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, look = QPainter(self), theme()
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        paint.rounded(painter, self.rect(), look.px("radius.lg"), look.color("surface.raised"),
                      look.color("border.subtle"))  # fmt: skip
        if self._indicateur is None:
            for y, wide in ((18, 90), (42, 120), (78, 160)):
                box = paint.visual(rtl, self.rect(), QRect(16, y, wide, 10))
                paint.rounded(painter, box, 4, look.color("border.subtle"))
        else:
            painter.setOpacity(self.PALE if self.faded else 1.0)
            self._peindre(painter, self._indicateur, rtl)
        painter.end()

    def _ligne(
        self, painter: QPainter, x: int, y: int, wide: int, high: int, words: str, font: QFont, colour: str, rtl: bool
    ) -> None:
        box = paint.visual(rtl, self.rect(), QRect(x, y, wide, high))
        paint.text(painter, box, words, rtl=rtl, font=font, colour=theme().color(colour))

    def _peindre(self, painter: QPainter, i: Indicateur, rtl: bool) -> None:
        look, large = theme(), self.width()
        box = paint.visual(rtl, self.rect(), QRect(16, 12, 16, 18))
        icons.draw(painter, box, self._icone, look.color("text.secondary"), 16)
        self._ligne(painter, 39, 12, large - 50, 18, tr(i.libelle), look.font("body"), "text.secondary", rtl)
        valeur, unite = ecrire_indicateur(i)
        valeur = value_labels.measured(valeur)
        kpi = look.font("kpi")
        pris = int(QFontMetricsF(kpi).horizontalAdvance(valeur)) + 2
        self._ligne(painter, 16, 34, pris, 36, valeur, kpi, "text.primary", rtl)
        unite_large = int(QFontMetricsF(look.font("body")).horizontalAdvance(tr(unite))) + 2
        self._ligne(painter, 16 + pris + 5, 40, unite_large, 28, tr(unite), look.font("body"), "text.tertiary", rtl)
        libre = large - 32 - pris - unite_large - 14
        if libre >= 60 and sum(v is not None for v in self._suite) > 1:
            w = min(libre, 100)
            self._courbe(painter, QRectF(16 if rtl else large - 16 - w, 36, w, 30))
        x = 16
        if i.ecart:
            strong = look.font("strong")
            wide = int(QFontMetricsF(strong).horizontalAdvance(i.ecart)) + 2
            self._ligne(painter, x, 76, wide, 18, i.ecart, strong, _TONS[i.ton], rtl)
            x += wide + 7
        self._ligne(
            painter, x, 76, large - x - 12, 18, wording.detail(i.detail), look.font("body"), "text.tertiary", rtl
        )

    def _courbe(self, painter: QPainter, zone: QRectF) -> None:
        connus = [(n, v) for n, v in enumerate(self._suite) if v is not None]
        bas, haut = min(v for _, v in connus), max(v for _, v in connus)
        pas = zone.width() / (len(self._suite) - 1)

        def ou(n: int, v: float) -> QPointF:
            part = (v - bas) / (haut - bas) if haut > bas else 0.5
            return QPointF(zone.x() + n * pas, zone.bottom() - 3 - part * (zone.height() - 6))

        points = [ou(n, v) for n, v in connus]
        trace = QPainterPath(points[0])
        for point in points[1:]:
            trace.lineTo(point)
        dessous = QPainterPath(trace)
        dessous.lineTo(points[-1].x(), zone.bottom())
        dessous.lineTo(points[0].x(), zone.bottom())
        couleur = theme().color("accent.text")
        fondu = QLinearGradient(0, zone.y(), 0, zone.bottom())
        debut, fin = QColor(couleur), QColor(couleur)
        debut.setAlphaF(0.20)
        fin.setAlphaF(0.02)
        fondu.setColorAt(0, debut)
        fondu.setColorAt(1, fin)
        painter.fillPath(dessous, fondu)
        painter.setPen(QPen(couleur, 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(trace)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(couleur)
        painter.drawEllipse(points[-1], 3, 3)


class Tuiles(QWidget):
    """All key figures in one row where each has room for its words, else in two."""

    ASSEZ = 230

    def __init__(self, tuiles: list[Tuile]) -> None:
        super().__init__()
        self._tuiles = tuiles
        self._grille = QGridLayout(self)
        self._grille.setContentsMargins(0, 0, 0, 0)
        self._grille.setSpacing(12)
        self._colonnes = 0
        self._ranger(len(tuiles) // 2)

    def _ranger(self, colonnes: int) -> None:
        if colonnes == self._colonnes:
            return
        self._colonnes = colonnes
        for n, tuile in enumerate(self._tuiles):
            self._grille.addWidget(tuile, n // colonnes, n % colonnes)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        combien = len(self._tuiles)
        self._ranger(combien if event.size().width() >= combien * (self.ASSEZ + 12) else combien // 2)
