"""Above the list of invoices: how many stand in each state, and what clients owe by how late it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from erp_desktop.domain.factures.enums import EtatFacture
from erp_desktop.reports import palette
from erp_desktop.services.factures import Tranche, Tuile
from erp_desktop.ui.factures import marks
from erp_desktop.ui.kit import icons, paint
from erp_desktop.ui.kit.controls import EnterPresses, Text
from erp_desktop.ui.kit.i18n import colon, isolate, number, tr
from erp_desktop.ui.kit.ring import KeyboardRing
from erp_desktop.ui.kit.states import Fading, Recount
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.wording import value_labels as labels

AGES = {
    "non_echu": "Non échu", "1_30": "1 à 30 jours", "31_60": "31 à 60 jours", "61_90": "61 à 90 jours",
    "plus_90": "Plus de 90 jours",
}  # fmt: skip
"""Bucket of the ageing → its words."""
_SHOWN = (
    EtatFacture.BROUILLON, EtatFacture.A_TRANSMETTRE, EtatFacture.VALIDEE, EtatFacture.ENVOYEE,
    EtatFacture.EN_RETARD, EtatFacture.PAYEE, EtatFacture.REJETEE,
)  # fmt: skip


_MARKED = 120
"""Pixels from which a tile has room for a mark before its title."""


@dataclass(frozen=True, slots=True)
class _Said:
    """Title, figure and amount of one tile."""

    title: str
    figure: str
    amount: str
    words: str
    """The filter that shows its rows."""
    pill: str = ""
    """The pill whose mark stands before the title."""


class _Tile(KeyboardRing, EnterPresses, Fading, QAbstractButton):
    """A painted figure that filters the list."""

    HEIGHT = 62

    def __init__(self, chosen: Callable[[str], object], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._said = _Said("", "", "", "")
        self._alarm = self._on = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(self.HEIGHT)
        self.setMinimumWidth(84)
        self.clicked.connect(lambda: chosen(self._said.words))

    def show_figure(self, said: _Said, *, alarm: bool = False) -> None:
        self._said, self._alarm = said, alarm
        self.setAccessibleName(f"{said.title}{colon()}{said.figure}, {said.amount}")
        self.tip(f"{said.title} · {said.amount}")
        self.update()

    def show_filter(self, words: Sequence[str]) -> None:
        """Whether its rows are those that the list shows."""
        self._on = self._said.words in words
        self.setProperty("on", self._on)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(120, self.HEIGHT)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, look, box = QPainter(self), theme(), self.rect()
        ground, edge = ("accent.soft", "accent.fill") if self._on else ("surface.raised", "border.subtle")
        paint.rounded(painter, box, 6, look.color(ground), look.color(edge), 1.5 if self._on else 1)
        colour = "semantic.danger.text" if self._alarm else "text.primary"
        for top, words, role, ink in (
            (5, self._said.title, "caption", "text.secondary"), (20, self._said.figure, "section", colour),
            (41, self._said.amount, "caption", "text.secondary"),
        ):  # fmt: skip
            place = QRect(10, top, box.width() - 18, 20)
            if top == 5 and self._said.pill and box.width() >= _MARKED:
                mark, tone = paint.pill_look(self._said.pill)
                icons.draw(painter, paint.visual(look.rtl, box, QRect(10, top, 14, 20)), mark["icon"],
                           look.color(f"{tone}.text"), 14, mark["weight"])  # fmt: skip
                place.adjust(19, 0, 0, 0)
            font = look.font(role)
            short = QFontMetrics(font).elidedText(words, Qt.TextElideMode.ElideRight, place.width())
            # The name of what is counted is not old.
            painter.setOpacity(self.PALE if self.faded and words is not self._said.title else 1.0)
            paint.text(painter, paint.visual(look.rtl, box, place), short, rtl=look.rtl, font=font,
                       colour=look.color(ink))  # fmt: skip
        painter.setOpacity(1.0)
        if self._ring:
            paint.focus_ring(painter, box, 6)
        painter.end()


def shades() -> list[QColor]:
    """The colours of what is due, from not yet to the latest: those of the charts, then a danger."""
    series = palette.lire(theme().dark).series
    return [*(QColor(series[n]) for n in (5, 3, 4, 1)), theme().color("semantic.danger.solid")]


class _Bar(QWidget):
    """Shares of what is due, from not yet due to the latest."""

    def __init__(self) -> None:
        super().__init__()
        self._shares: list[float] = []
        self.setFixedHeight(10)

    def show_shares(self, shares: Sequence[float]) -> None:
        self._shares = list(shares)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, look, left = QPainter(self), theme(), 0
        for share, ink in zip(self._shares, shades(), strict=False):
            wide = round(share * self.width())
            if wide:
                place = paint.visual(look.rtl, self.rect(), QRect(left, 0, max(2, wide - 2), 10))
                paint.rounded(painter, place, 2, ink, look.color("border.default"))
            left += wide
        painter.end()


class InvoiceStrip(QWidget):
    """Tiles and ageing; a click asks for their rows.

    Args:
        chosen: called with the words of the filter.
    """

    def __init__(self, chosen: Callable[[str], object]) -> None:
        super().__init__()
        self._filter = ""
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        row = QHBoxLayout()
        row.setSpacing(8)
        self.tiles = {state: _Tile(chosen) for state in _SHOWN}
        for tile in self.tiles.values():
            row.addWidget(tile)
        column.addLayout(row)
        head = QHBoxLayout()
        head.addWidget(Text(tr("Balance âgée"), "strong"))
        self.due = Text("", "body", "text.secondary")
        head.addWidget(self.due)
        head.addStretch()
        column.addLayout(head)
        self.bar = _Bar()
        column.addWidget(self.bar)
        ages = QHBoxLayout()
        ages.setSpacing(8)
        self.ages = {name: _Tile(chosen) for name in AGES}
        for age in self.ages.values():
            ages.addWidget(age)
        column.addLayout(ages)
        self.recount = Recount(self, lambda: [*self.tiles.values(), *self.ages.values()])

    def show_filter(self, text: str) -> None:
        """Mark what the filter box asks for, typed or clicked."""
        self._filter = text
        for tile in (*self.tiles.values(), *self.ages.values()):
            tile.show_filter(text.split())

    def show_figures(self, tiles: Sequence[Tuile], ages: Sequence[Tranche]) -> None:
        """Counts and amounts of every invoice of the person's scope."""
        self.recount.end()
        for one in tiles:
            state = EtatFacture(one.etat)
            if state in self.tiles:
                said = _Said(labels.label(EtatFacture, state), isolate(number(one.nombre)), marks.mad(one.montant),
                             f"statut:{one.etat}", marks.PILLS[state])  # fmt: skip
                self.tiles[state].show_figure(said, alarm=state is EtatFacture.EN_RETARD and one.nombre > 0)
        total = sum((age.montant for age in ages), Decimal(0))
        self.due.setText(tr("{montant} ouverts", montant=marks.mad(total)))
        self.bar.show_shares([float(age.montant / total) if total else 0.0 for age in ages])
        for age in ages:
            share = round(100 * age.montant / total) if total else 0
            said = _Said(tr(AGES[age.nom]), isolate(f"{number(share)} %"), marks.mad(age.montant), f"age:{age.nom}")
            self.ages[age.nom].show_figure(said, alarm=age.nom == "plus_90" and age.nombre > 0)
        self.show_filter(self._filter)
