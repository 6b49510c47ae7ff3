"""The movements of one part with the balance after each, newest first; a wrong one is reversed, never changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from erp_desktop import clock
from erp_desktop.domain.enums import TypeMouvement
from erp_desktop.errors import ErpError
from erp_desktop.services.stock import ledger, movements
from erp_desktop.services.stock.movements import MoveRow
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.forms.part import RecordPart
from erp_desktop.ui.forms.spec import ecrit_les_fiches
from erp_desktop.ui.kit import paint
from erp_desktop.ui.kit.controls import Elided, IconLabel, Text, clear, icon_button
from erp_desktop.ui.kit.i18n import became, colon, comma, isolate, number, said, tr
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.stock.figures import quantity
from erp_desktop.ui.wording import value_labels as labels

ICONS = {
    "entree": ("arrow-line-down", "semantic.success.text"), "sortie": ("arrow-line-up", "semantic.warning.text"),
    "transfert": ("arrows-left-right", "semantic.info.text"), "retour": ("arrow-u-up-left", "semantic.success.text"),
    "ajustement": ("list-bullets", "text.secondary"),
}  # fmt: skip
SHOWN, DAYS = 60, 90
"""Movements that are listed, and the days that are drawn."""


def origin(row: MoveRow, *, short: bool = False) -> str:
    """What a movement came from, under its kind; with ``short`` a number without the letters that all share."""
    if row.autre:
        return tr("vers {depot}", depot=row.autre) if row.quantite < 0 else tr("depuis {depot}", depot=row.autre)
    came = labels.short_number(row.origine) if short else isolate(row.origine)
    told = (came, row.motif if row.motif != row.origine else "", isolate(row.lot))
    return " · ".join(dict.fromkeys(filter(None, told)))


def signed(row: MoveRow) -> str:
    return quantity(row.quantite, signed=True)


class BalanceChart(QWidget):
    """What there was of a part on each of the last days, its minimum, and when it runs out at that pace."""

    def __init__(self) -> None:
        super().__init__()
        self.points: list[tuple[datetime, Decimal]] = []
        """Each change with what there was after it, the oldest first; the first is where the days begin."""
        self.least = Decimal(0)
        self.runs_out: date | None = None
        self.setFixedHeight(88)

    def show_rows(self, rows: Sequence[MoveRow], *, whole: bool, least: Decimal) -> None:
        """Of the latest movements, newest first; ``whole`` says that there are no older ones."""
        now, self.least = clock.now(), least
        since = now - timedelta(days=DAYS)
        inside = [row for row in rows if row.quand > since and row.solde is not None]
        before = next((row.solde for row in rows if row.quand <= since), None)
        known = whole or before is not None
        found: dict[datetime, Decimal] = {}
        if inside and known:
            last = inside[-1]
            found[since] = before if before is not None else (last.solde or Decimal(0)) - last.quantite
        elif before is not None:
            found[since] = before
        for row in reversed(inside):
            # Both ends of a transfer are of one instant: what counts is what there was after it.
            found[row.quand] = row.solde or Decimal(0)
        self.points = list(found.items())
        self.runs_out = self._end(inside, now) if known else None
        self.setVisible(len(self.points) > 1)
        self.setAccessibleName(self._told())
        self.update()

    def _end(self, inside: Sequence[MoveRow], now: datetime) -> date | None:
        used = -sum((row.quantite for row in inside if row.type_mouvement in ("sortie", "retour")), Decimal(0))
        left = self.points[-1][1] if self.points else Decimal(0)
        days = left * DAYS / used if used > 0 and left > 0 else Decimal(0)
        return clock.local(now + timedelta(days=int(days))).date() if 0 < days <= 365 else None

    def _title(self) -> str:
        return tr("Solde sur 90 jours")

    def _outlook(self) -> str:
        if self.runs_out is None:
            return ""
        year = "" if self.runs_out.year == clock.today().year else f"/{self.runs_out.year}"
        return tr("rupture estimée {jour}", jour=isolate(f"{self.runs_out:%d/%m}{year}"))

    def _told(self) -> str:
        if not self.points:
            return self._title()
        kept = became(quantity(self.points[0][1]), quantity(self.points[-1][1]))
        least = tr("minimum {n}", n=quantity(self.least)) if self.least else ""
        return comma().join(filter(None, [f"{self._title()}{colon()}{kept}", least, self._outlook()]))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, look, rtl = QPainter(self), theme(), theme().rtl
        small = look.font("caption")
        head, ink = QRect(0, 0, self.width(), 16), look.color("text.secondary")
        paint.text(painter, head, self._title(), rtl=rtl, font=small, colour=ink)
        paint.text(painter, head, self._outlook(), rtl=False, font=small, colour=look.color("semantic.warning.text"),
                   end=not rtl)  # fmt: skip
        place = QRect(0, 22, self.width(), self.height() - 42)
        # Time runs from left to right in every language.
        line: list[QPointF] = []
        for when, left in self.points:
            x = self._across(place, when)
            line += [QPointF(x, line[-1].y())] if line else []
            line.append(QPointF(x, self._up(place, left)))
        line.append(QPointF(place.right(), line[-1].y()))
        ground = [QPointF(line[0].x(), place.bottom()), *line, QPointF(place.right(), place.bottom())]
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(look.color("accent.soft"))
        painter.drawPolygon(QPolygonF(ground))
        painter.setPen(QPen(look.color("accent.fill"), 1.6))
        painter.drawPolyline(QPolygonF(line))
        if self.least:
            level = self._up(place, self.least)
            painter.setPen(QPen(look.color("semantic.danger.text"), 1, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(0, level), QPointF(place.right(), level))
        foot, first = QRect(0, place.bottom() + 3, self.width(), 16), clock.local(self.points[0][0]).date()
        pale = look.color("text.tertiary")
        paint.text(painter, foot, isolate(f"{first:%d/%m}"), rtl=False, font=small, colour=pale)
        paint.text(painter, foot, tr("aujourd'hui"), rtl=False, font=small, colour=pale, end=True)
        painter.end()

    @staticmethod
    def _across(place: QRect, when: datetime) -> float:
        share = 1 - (clock.now() - when) / timedelta(days=DAYS)
        return place.x() + place.width() * min(1.0, max(0.0, share))

    def _up(self, place: QRect, value: Decimal) -> float:
        levels = [left for _when, left in self.points]
        low, high = min(Decimal(0), *levels), max(Decimal(1), self.least, *levels)
        return place.bottom() - place.height() * float((value - low) / (high - low))


class LedgerTab(RecordPart):
    """Follows the part of its panel."""

    def __init__(self, panel: FormPanel) -> None:
        super().__init__()
        self._panel = panel
        self._row_id: int | None = None
        self._least = Decimal(0)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 14, 12)
        self.chart = BalanceChart()
        self.chart.hide()
        column.addWidget(self.chart)
        self.holder = QVBoxLayout()
        column.addLayout(self.holder)
        self.more = Text("", "caption", "text.tertiary", wrap=True)
        column.addWidget(self.more)
        column.addStretch()

    def show_record(self, row_id: int | None, record: Any) -> None:
        self._row_id = row_id
        self._least = record.minimum if record is not None else Decimal(0)
        if row_id is None:
            self._show(None, [], 0)
            return
        acteur = self._panel.contexte.acteur
        self._panel.contexte.tasks.run(
            lambda session: movements.of_part(session, acteur, row_id, limit=SHOWN),
            lambda found: self._show(row_id, *found),
            owner=self,
        )

    def _show(self, row_id: int | None, rows: list[MoveRow], count: int) -> None:
        if row_id != self._row_id:
            return
        self.chart.show_rows(rows, whole=count <= len(rows), least=self._least)
        clear(self.holder)
        table = QWidget()
        grid = QGridLayout(table)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(7)
        heads = (tr("Date"), "", tr("Mouvement"), tr("Qté"), tr("Solde"))
        for n, words in enumerate(heads):
            grid.addWidget(Text(words, "caption", "text.tertiary"), 0, n)
        for n, row in enumerate(rows, start=1):
            self._line(grid, n, row)
        grid.setColumnStretch(2, 1)
        self.holder.addWidget(table)
        if not rows:
            self.holder.addWidget(Text(tr("Aucun mouvement pour le moment."), "body", "text.tertiary"))
        left = tr(
            "Les {n} derniers sur {total} : la section Mouvements les montre tous.", n=SHOWN, total=number(count)
        )
        self.more.setText(left if count > len(rows) else "")
        self.counted.emit(count)

    def _line(self, grid: QGridLayout, n: int, row: MoveRow) -> None:
        icon, colour = ICONS.get(row.type_mouvement, ICONS["ajustement"])
        grid.addWidget(Text(labels.instant(row.quand), "caption", "text.secondary"), n, 0)
        grid.addWidget(IconLabel(icon, colour, 14), n, 1)
        what = QWidget()
        words = QVBoxLayout(what)
        words.setContentsMargins(0, 0, 0, 0)
        words.setSpacing(0)
        words.addWidget(Text(labels.label(TypeMouvement, row.type_mouvement), "body"))
        # Beside a list there is no room for a column of places.
        words.addWidget(Elided(" · ".join(filter(None, [origin(row, short=True), row.depot, row.par])), "caption",
                               "text.secondary"))  # fmt: skip
        grid.addWidget(what, n, 2)
        tone = "semantic.success.text" if row.quantite > 0 else "text.primary"
        grid.addWidget(Text(signed(row), "strong", tone), n, 3, Qt.AlignmentFlag.AlignTrailing)
        balance = quantity(row.solde) if row.solde is not None else ""
        below = row.solde is not None and row.solde < 0
        grid.addWidget(Text(balance, "strong", "semantic.danger.text" if below else "text.primary"), n, 4,
                       Qt.AlignmentFlag.AlignTrailing)  # fmt: skip
        # Where it is kept in step with a line or a count, it is corrected there.
        if ecrit_les_fiches(self._panel.contexte.acteur) and not row.annule and not row.origine:
            button = icon_button("arrow-u-up-left", tr("Contre-passer"), lambda: self.reverse(row.id))
            grid.addWidget(button, n, 5)
        elif row.attente:
            grid.addWidget(IconLabel("cloud-arrow-up", "text.tertiary", 14), n, 5)

    def reverse(self, move: int) -> None:
        """Undo a movement by its opposite."""
        contexte, acteur, part = self._panel.contexte, self._panel.contexte.acteur, self._row_id

        def done(made: tuple[int, ...]) -> None:
            contexte.say(tr("Mouvement contre-passé"))
            contexte.bus.publish("mouvements_stock", *made, initiator=self)
            if part is not None and part == self._row_id and not self._panel.dirty:
                self._panel.open_record(part)

        def refused(error: Exception) -> None:
            if isinstance(error, ErpError):
                contexte.say(said(str(error)), kind="danger")
            else:
                contexte.tasks.failed.emit(error)

        contexte.tasks.run(
            lambda session: ledger.reverse(session, acteur, move), done, refused, write=True, owner=self
        )
