"""A key figure with its target and what led to it, and one thing that waits for a decision; both open their rows."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPainterPath, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from erp_desktop.domain.rapports.figures import BY_KEY
from erp_desktop.reports.managers.dashboard import Tile
from erp_desktop.reports.managers.decisions import Decision
from erp_desktop.reports.managers.rows import Place
from erp_desktop.ui.kit import icons, paint
from erp_desktop.ui.kit.controls import Button, EnterPresses
from erp_desktop.ui.kit.i18n import colon, number, tr
from erp_desktop.ui.kit.ring import KeyboardRing
from erp_desktop.ui.kit.states import Fading
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.tableau import words

_ICONS = {
    "encours": "wrench", "sla_tenus": "check-circle", "mttr": "clock", "mtbf": "gauge",
    "premier_passage": "user-circle-check", "satisfaction": "star",
}  # fmt: skip
_CHEVRON = "caret-right"


class _Opening(KeyboardRing, EnterPresses, Fading, QAbstractButton):
    """A painted button that opens rows."""

    opened = Signal(object)
    """A :class:`Place`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.place: Place | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.clicked.connect(lambda: self.opened.emit(self.place) if self.place is not None else None)
        theme().changed.connect(self.update)

    def _text(self, painter: QPainter, box: QRect, said: str, role: str, colour: str, *, strong: bool = False) -> int:
        """Words in left-to-right coordinates; returns how wide they are."""
        rtl, font = theme().rtl, theme().font("strong" if strong else role, tabular=role == "kpi")
        paint.text(painter, paint.visual(rtl, self.rect(), box), said, rtl=rtl, font=font,
                   colour=theme().color(colour))  # fmt: skip
        return QFontMetrics(font).horizontalAdvance(said)

    def _icon(self, painter: QPainter, box: QRect, name: str, colour: str, size: int = 16) -> None:
        icons.draw(painter, paint.visual(theme().rtl, self.rect(), box), name, theme().color(colour), size)

    def _wide(self, said: str, role: str) -> int:
        return QFontMetrics(theme().font(role)).horizontalAdvance(said)


class TileButton(_Opening):
    """Value, trend, target as a tick on a bar; the whole tile opens its rows.

    Attributes:
        retry: asks again for a figure that could not be computed; hidden while there is one.
    """

    again = Signal()

    def __init__(self, figure: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.figure = figure
        self.tile: Tile | None = None
        self.trend: tuple[float | None, ...] = ()
        self.failed = False
        self.retry = Button(tr("Réessayer"), "link", on_click=self.again.emit, parent=self,
                            name=tr("Réessayer : {quoi}", quoi=tr(BY_KEY[figure].nom)))  # fmt: skip
        self.retry.hide()
        self.setFixedHeight(102)
        self.setMinimumWidth(150)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(tr(BY_KEY[figure].nom))

    def show_tile(self, tile: Tile, place: Place | None) -> None:
        """Without a place there is nothing to open: the tile says why."""
        self.tile, self.place, self.failed = tile, place, False
        self.retry.hide()
        known = BY_KEY[self.figure]
        value, unit = words.figure(known.unite, tile.number)
        said = [f"{tr(known.nom)}{colon()}{value} {unit}".strip(), words.change(tile), words.target(tile),
                tr("{n} lignes, {m} exclues", n=number(tile.value.n), m=number(tile.value.exclues))]  # fmt: skip
        if tile.refused:
            self.setAccessibleName(f"{said[0]}, {tr(tile.refused)}")
            self.tip(tr(tile.refused))
            self.update()
            return
        self.setAccessibleName(", ".join(filter(None, said)))
        self.tip(f"{said[-1]}. {tr(known.formule)} {tr('Exclues :')} {tr(known.exclues)}")
        self.update()

    def show_failed(self, tile: Tile) -> None:
        """The figure could not be computed: there is nothing to open, and no target to hold it against."""
        self.tile, self.place, self.failed = tile, None, True
        self.setAccessibleName(f"{tr(BY_KEY[self.figure].nom)}{colon()}{tr('calcul impossible')}")
        self.tip(tr("Le détail est dans le journal de ce poste."))
        self._put_retry()
        self.retry.show()
        self.update()

    def _put_retry(self) -> None:
        size = self.retry.sizeHint()
        box = QRect(self.width() - 8 - size.width(), 68, size.width(), size.height())
        self.retry.setGeometry(paint.visual(theme().rtl, self.rect(), box))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._put_retry()

    def show_trend(self, trend: tuple[float | None, ...]) -> None:
        self.trend = trend
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, look, wide = QPainter(self), theme(), self.width()
        ground = "surface.hover" if self.underMouse() else "surface.raised"
        paint.rounded(painter, self.rect(), look.px("radius.lg"), look.color(ground), look.color("border.subtle"))
        self._icon(painter, QRect(14, 11, 16, 18), _ICONS[self.figure], "text.secondary")
        self._text(painter, QRect(36, 11, wide - 66, 18), tr(BY_KEY[self.figure].nom), "body", "text.secondary")
        if self.place is not None:
            self._icon(painter, QRect(wide - 26, 11, 14, 18), _CHEVRON, "text.tertiary", 14)
        painter.setOpacity(self.PALE if self.faded else 1.0)
        if self.tile is None:
            for y, long in ((40, 90), (74, 120)):
                box = paint.visual(look.rtl, self.rect(), QRect(14, y, long, 12))
                paint.rounded(painter, box, 4, look.color("border.subtle"))
        else:
            self._draw(painter, self.tile, wide)
        painter.setOpacity(1.0)
        if self.faded and self.tile is not None:
            self._icon(painter, QRect(14, 71, 14, 16), "hourglass-medium", "text.secondary", 13)
            self._text(painter, QRect(32, 70, wide - 46, 18), tr("recalcul…"), "body", "text.secondary")
        if self._ring:
            paint.focus_ring(painter, self.rect().adjusted(1, 1, -1, -1), look.px("radius.lg"))
        painter.end()

    def _draw(self, painter: QPainter, tile: Tile, wide: int) -> None:
        look, known = theme(), BY_KEY[self.figure]
        if self.failed and self.faded:
            self._text(painter, QRect(14, 32, 60, 36), "—", "kpi", "text.tertiary")
            return
        if self.failed:
            self._text(painter, QRect(14, 32, 60, 36), "—", "kpi", "text.tertiary")
            self._icon(painter, QRect(14, 71, 14, 16), "warning", "semantic.danger.text", 14)
            room = wide - 32 - 8 - self.retry.width()
            self._text(painter, QRect(32, 70, room, 18), tr("calcul impossible"), "body", "semantic.danger.text")
            return
        if tile.refused:
            # Why there is nothing, in the place of all that would be.
            painter.setFont(look.font("caption"))
            painter.setPen(look.color("text.secondary"))
            lead = Qt.AlignmentFlag.AlignRight if look.rtl else Qt.AlignmentFlag.AlignLeft
            flags = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignAbsolute | lead
            painter.drawText(QRect(14, 36, wide - 28, 60), flags, tr(tile.refused))
            return
        value, unit = words.figure(known.unite, tile.number)
        long = self._wide(value, "kpi") + 4
        self._text(painter, QRect(14, 32, long, 36), value, "kpi", "text.primary")
        self._text(painter, QRect(18 + long, 40, self._wide(unit, "body") + 3, 26), unit, "body", "text.tertiary")
        left = wide - 28 - long - self._wide(unit, "body") - 12
        if left > 44 and sum(v is not None for v in self.trend) > 1:
            long = min(left, 66)
            self._curve(painter, QRectF(14 if look.rtl else wide - 14 - long, 36, long, 28))
        if self.faded:
            # What stands there says that it is counted anew.
            return
        x, change = 14, words.change(tile)
        if change:
            colour = words.tone(tile.change, known.sens)
            self._icon(
                painter, QRect(x, 71, 14, 16), "caret-up" if (tile.change or 0) > 0 else "caret-down", colour, 13
            )
            x += 18
            x += self._text(painter, QRect(x, 70, wide // 2, 18), change, "strong", colour, strong=True) + 6
        goal = words.target(tile)
        if goal:
            long = self._wide(goal, "caption") + 2
            start = max(x, wide - 14 - long)
            self._text(painter, QRect(start, 70, wide - 12 - start, 18), goal, "caption", "text.secondary")
            self._bar(painter, tile, wide)

    def _bar(self, painter: QPainter, tile: Tile, wide: int) -> None:
        look, found, goal = theme(), tile.number, tile.target
        track = QRect(14, 91, wide - 28, 4)
        paint.rounded(painter, track, 2, look.color("sla.track"))
        if found is None or goal is None:
            return
        top = max(found, goal) * 1.06 or 1
        met = found <= goal if BY_KEY[self.figure].sens < 0 else found >= goal
        colour = look.color("semantic.success.solid" if met else "semantic.warning.solid")
        filled = QRect(14, 91, max(4, round(found / top * track.width())), 4)
        paint.rounded(painter, paint.visual(look.rtl, self.rect(), filled), 2, colour)
        tick = QRect(14 + round(goal / top * track.width()), 88, 2, 10)
        painter.fillRect(paint.visual(look.rtl, self.rect(), tick), look.color("text.primary"))

    def _curve(self, painter: QPainter, zone: QRectF) -> None:
        known = [(n, v) for n, v in enumerate(self.trend) if v is not None]
        low, high = min(v for _, v in known), max(v for _, v in known)
        step = zone.width() / (len(self.trend) - 1)
        points = [
            QPointF(zone.x() + n * step, zone.bottom() - 3 - ((v - low) / (high - low) if high > low else 0.5)
                    * (zone.height() - 6))
            for n, v in known
        ]  # fmt: skip
        path = QPainterPath(points[0])
        for point in points[1:]:
            path.lineTo(point)
        colour = theme().color("accent.text")
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(colour, 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(path)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawEllipse(points[-1], 3, 3)


class DecisionButton(_Opening):
    """An icon, what to decide, and an example."""

    def __init__(self, decision: Decision, now: datetime, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.decision = decision
        self._title, self._detail = words.decision(decision, now)
        self.place = Place(decision.section, decision.words) if decision.section else None
        self.setAccessibleName(f"{self._title}, {self._detail}")
        self.setFixedHeight(54)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(240, 54)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, look, wide = QPainter(self), theme(), self.width()
        painter.setOpacity(self.PALE if self.faded else 1.0)
        if self.underMouse():
            paint.rounded(painter, self.rect(), 6, look.color("surface.hover"))
        icon, kind = words.ICONS[self.decision.kind]
        self._icon(painter, QRect(10, 8, 18, 20), icon, f"semantic.{kind}.text", 18)
        room = wide - 40 - (26 if self.place is not None else 8)
        self._text(painter, QRect(40, 8, room, 19), self._title, "strong", "text.primary")
        self._text(painter, QRect(40, 28, room, 18), self._detail, "body", "text.secondary")
        if self.place is not None:
            self._icon(painter, QRect(wide - 24, 8, 14, 19), _CHEVRON, "text.tertiary", 14)
        painter.fillRect(QRect(10, self.height() - 1, wide - 20, 1), look.color("border.subtle"))
        if self._ring:
            paint.focus_ring(painter, self.rect().adjusted(1, 1, -1, -2), 6)
        painter.end()
