"""The year of a plan in one cell, its months above, and the load of its weeks below, on one scale of days."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta

from PySide6.QtCore import QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygon, QResizeEvent
from PySide6.QtWidgets import QWidget

from erp_desktop import clock
from erp_desktop.domain.preventif.etats import Etat
from erp_desktop.services.preventif.year import Mark, Week
from erp_desktop.ui.kit import paint
from erp_desktop.ui.kit.controls import Button
from erp_desktop.ui.kit.i18n import isolate, number, tr
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.rapports.wording import month

MONTHS = ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc.")
WEEKLY = 40
"""Dates of a year from which they are drawn as a band."""
_INK = {
    Etat.FAITE: "sla.ok", Etat.AFFECTEE: "status.affectee.solid", Etat.EN_COURS: "status.en_cours.solid",
    Etat.GENEREE: "accent.fill", Etat.A_GENERER: "accent.fill", Etat.EN_RETARD: "semantic.danger.solid",
    Etat.MANQUEE: "semantic.danger.solid", Etat.SAUTEE: "text.tertiary", Etat.RETIREE: "text.tertiary",
}  # fmt: skip


def wx(rect: QRect, year: int, day: date) -> int:
    """Where a day is; time runs from left to right in every language."""
    first = date(year, 1, 1)
    length = (date(year + 1, 1, 1) - first).days
    return rect.x() + round(rect.width() * ((day - first).days + 0.5) / length)


def months(painter: QPainter, rect: QRect, year: int) -> None:
    """The head of the strip."""
    look, font = theme(), theme().font("caption")
    painter.setFont(font)
    for rank, name in enumerate(MONTHS, 1):
        x = wx(rect, year, date(year, rank, 1))
        end = wx(rect, year, date(year, rank, 28)) + 4
        if rank % 2 == 0 and rect.width() < 420:
            continue
        place = QRect(x, rect.y(), max(30, end - x + 12), rect.height())
        paint.text(painter, place, month(name), rtl=False, font=font, colour=look.color("text.tertiary"))


def marks(painter: QPainter, rect: QRect, year: int, found: Sequence[Mark]) -> None:
    """The dates of one plan: their shapes differ as well as their colours."""
    look, middle = theme(), rect.center().y()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for rank in range(1, 13):
        x = wx(rect, year, date(year, rank, 1))
        painter.fillRect(QRect(x, rect.y(), 1, rect.height()), look.color("border.subtle"))
    today = clock.today()
    if today.year == year:
        painter.fillRect(QRect(wx(rect, year, today), rect.y() - 2, 2, rect.height() + 4),
                         look.color("semantic.danger.solid"))  # fmt: skip
    late = [m for m in found if m.state in (Etat.EN_RETARD, Etat.MANQUEE)]
    if len(found) >= WEEKLY:
        for state, solid in ((Etat.FAITE, True), (Etat.GENEREE, True), (Etat.A_GENERER, False)):
            mine = [m.day for m in found if m.state is state]
            if mine:
                left, right = wx(rect, year, min(mine)) - 4, wx(rect, year, max(mine)) + 4
                ink = look.color(_INK[state])
                box = QRect(left, middle - 4, right - left, 8)
                paint.rounded(painter, box, 4, ink if solid else None, ink, 1.4)
        found = late
    for mark in found:
        _mark(painter, QPoint(wx(rect, year, mark.day), middle), mark.state)


def _mark(painter: QPainter, at: QPoint, state: Etat) -> None:
    ink = theme().color(_INK[state])
    box = QRectF(at.x() - 4.5, at.y() - 4.5, 9, 9)
    painter.setPen(QPen(ink, 1.6))
    painter.setBrush(ink)
    if state in (Etat.EN_RETARD, Etat.MANQUEE):
        painter.setBrush(ink if state is Etat.EN_RETARD else Qt.BrushStyle.NoBrush)
        painter.drawPolygon(QPolygon([at + QPoint(0, -5), at + QPoint(5, 4), at + QPoint(-5, 4)]))
    elif state in (Etat.AFFECTEE, Etat.EN_COURS, Etat.GENEREE):
        painter.drawRoundedRect(box, 2, 2)
    elif state is Etat.SAUTEE:
        painter.drawLine(at + QPoint(-4, -4), at + QPoint(4, 4))
        painter.drawLine(at + QPoint(-4, 4), at + QPoint(4, -4))
    else:
        painter.setBrush(ink if state is Etat.FAITE else Qt.BrushStyle.NoBrush)
        painter.drawEllipse(box)


class Legend(QWidget):
    """What the shapes mean."""

    _SHOWN = ((Etat.FAITE, "réalisée"), (Etat.GENEREE, "créée"), (Etat.A_GENERER, "à générer"),
              (Etat.EN_RETARD, "en retard"), (Etat.SAUTEE, "sautée"))  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(18)
        self._fit()
        self.setAccessibleName(", ".join(tr(words) for _, words in self._SHOWN))

    def _fit(self) -> None:
        measure = paint.metrics("caption")
        self.setFixedWidth(sum(measure.horizontalAdvance(tr(words)) + 26 for _, words in self._SHOWN))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, look, rtl = QPainter(self), theme(), theme().rtl
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        measure, x = paint.metrics("caption"), 0
        for state, words in self._SHOWN:
            wide = measure.horizontalAdvance(tr(words)) + 26
            box = paint.visual(rtl, self.rect(), QRect(x, 0, wide, self.height()))
            mark = paint.visual(rtl, box, QRect(box.x(), box.y(), 14, box.height()))
            _mark(painter, mark.center(), state)
            said = paint.visual(rtl, box, QRect(box.x() + 16, box.y(), wide - 18, box.height()))
            paint.text(painter, said, tr(words), rtl=rtl, font=look.font("caption"),
                       colour=look.color("text.secondary"))  # fmt: skip
            x += wide
        painter.end()


class LoadStrip(QWidget):
    """Hours of preventive work of each week of the year, under the strip of the plans.

    Args:
        span: where the strip is: its left edge and its width.

    Attributes:
        smooth: called with the first overloaded week; None for who may not move visits.
    """

    def __init__(self, span: Callable[[], tuple[int, int]]) -> None:
        super().__init__()
        self._span = span
        self.smooth: Callable[[date], object] | None = None
        self.weeks: list[Week] = []
        self.year = clock.today().year
        self.setFixedHeight(132)
        self.smooth_button = Button("", icon="arrows-out-line-horizontal", on_click=self._asked, parent=self)
        self.smooth_button.hide()

    def show_weeks(self, year: int, weeks: list[Week]) -> None:
        self.year, self.weeks = year, weeks
        self.setAccessibleName(f"{tr('Charge par semaine')}. {self.sentence()}")
        over = self.crowded()
        self.smooth_button.setVisible(bool(over) and self.smooth is not None)
        if over:
            self.smooth_button.setText(tr("Lisser la semaine {n}…", n=number(over[0].monday.isocalendar().week)))
            self._put_button()
        self.update()

    def _asked(self) -> None:
        over = self.crowded()
        if over and self.smooth is not None:
            self.smooth(over[0].monday)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._put_button()

    def _put_button(self) -> None:
        button, high = self.smooth_button, 30
        button.resize(button.sizeHint().width(), high)
        place = QRect(16, self.height() - high - 10, button.width(), high)
        button.setGeometry(paint.visual(theme().rtl, self.rect(), place))

    def crowded(self) -> list[Week]:
        """Weeks to come that ask for more than there is."""
        monday = clock.today() - timedelta(days=clock.today().weekday())
        return [w for w in self.weeks if w.monday >= monday and w.capacity and w.done + w.ahead > w.capacity]

    def sentence(self) -> str:
        """What calls for a look, in words."""
        if not self.weeks or not any(w.done + w.ahead for w in self.weeks):
            return tr("Aucune visite cette année.")
        over = self.crowded()
        if over:
            w = over[0]
            return tr("Semaine {n} : {h} h prévues, {trop} h de trop.", n=number(w.monday.isocalendar().week),
                      h=number(round((w.done + w.ahead) / 60)),
                      trop=number(round((w.done + w.ahead - w.capacity) / 60)))  # fmt: skip
        most = max(self.weeks, key=lambda w: w.done + w.ahead)
        return tr("Semaine la plus chargée : {n}, {h} h sur {c} h.", n=number(most.monday.isocalendar().week),
                  h=number(round((most.done + most.ahead) / 60)), c=number(round(most.capacity / 60)))  # fmt: skip

    def paintEvent(self, _event: QPaintEvent) -> None:
        look, rtl = theme(), theme().rtl
        painter = QPainter(self)
        painter.fillRect(self.rect(), look.color("surface.base"))
        painter.fillRect(0, 0, self.width(), 1, look.color("border.default"))
        left, wide = self._span()
        strip = QRect(left, 8, wide, self.height() - 28)
        beside = QRect(16, 0, max(0, left - 32), self.height()) if not rtl else QRect(
            left + wide + 16, 0, max(0, self.width() - left - wide - 32), self.height())  # fmt: skip
        self._words(painter, beside)
        hours = [w.done + w.ahead for w in self.weeks]
        most = max([*hours, 60])
        # Far above the bars the line of what there is would flatten them; it is then said in words only.
        limit = max((w.capacity for w in self.weeks), default=0)
        top = max(most, limit) if limit <= 2 * most else most
        today, font = clock.today(), look.font("caption")
        bar = max(3, strip.width() // 56)
        for rank, week in enumerate(self.weeks):
            total = week.done + week.ahead
            day = max(week.monday, date(self.year, 1, 1))
            x, height = wx(strip, self.year, day), round(strip.height() * total / top)
            over = bool(week.capacity) and total > week.capacity
            past = week.monday + timedelta(days=6) < today
            ink = "semantic.danger.solid" if over and not past else "text.disabled" if past else "accent.fill"
            painter.fillRect(QRect(x, strip.bottom() - height, bar, height), look.color(ink))
            if rank % 10 == 0:
                box = QRect(x, strip.bottom() + 2, 40, 16)
                paint.text(painter, box, tr("S{n}", n=week.monday.isocalendar().week), rtl=False, font=font,
                           colour=look.color("text.tertiary"))  # fmt: skip
        painter.fillRect(QRect(strip.x(), strip.bottom(), strip.width(), 1), look.color("border.default"))
        if limit:
            self._capacity(painter, strip, min(1.0, limit / top), limit)
        painter.end()

    def _capacity(self, painter: QPainter, strip: QRect, share: float, limit: int) -> None:
        """The line of what there is, with its hours; at the top edge and pointing up where it is far above."""
        look, font = theme(), theme().font("caption")
        height = strip.bottom() - round(strip.height() * share)
        above = QRect(strip.x(), strip.y(), strip.width(), height - strip.y())
        if above.height() > 0:
            band = QColor(look.color("semantic.danger.solid"))
            band.setAlpha(14)
            painter.fillRect(above, band)
        painter.setPen(QPen(look.color("semantic.danger.solid"), 1, Qt.PenStyle.DashLine))
        painter.drawLine(strip.x(), height, strip.right(), height)
        words = tr("capacité {h} h", h=isolate(number(round(limit / 60))))
        most = max((w.done + w.ahead for w in self.weeks), default=0)
        words += " ↑" if limit > 2 * most else ""
        box = QRect(strip.x() + 4, height - 16 if height - strip.y() >= 14 else height + 2, strip.width(), 15)
        paint.text(painter, box, words, rtl=False, font=font, colour=look.color("semantic.danger.text"))

    def _words(self, painter: QPainter, rect: QRect) -> None:
        look, rtl = theme(), theme().rtl
        lines = (
            (tr("Charge par semaine"), "strong", "text.primary"),
            (tr("heures de préventif, face aux heures ouvrées des techniciens"), "caption", "text.tertiary"),
            (self.sentence(), "body", "semantic.danger.text" if self.crowded() else "text.secondary"),
        )
        for rank, (said, role, ink) in enumerate(lines):
            box = QRect(rect.x(), 14 + 24 * rank, rect.width(), 20)
            paint.text(painter, box, said, rtl=rtl, font=look.font(role), colour=look.color(ink))
