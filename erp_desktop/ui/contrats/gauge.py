"""A quota drawn: what is used up, and how far the period has gone."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from erp_desktop.ui.kit import paint
from erp_desktop.ui.kit.controls import Text
from erp_desktop.ui.kit.theme import theme

_HEIGHT = 10


class _Track(QWidget):
    def __init__(self, state: str, share: float, gone: float | None) -> None:
        super().__init__()
        self._state, self._share, self._gone = state, share, gone
        self.setFixedHeight(_HEIGHT + 6)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, look, rtl = QPainter(self), theme(), theme().rtl
        whole = QRect(0, 3, self.width(), _HEIGHT)
        paint.rounded(painter, whole, _HEIGHT / 2, look.color("sla.track"))
        filled = round(self.width() * min(1.0, self._share))
        if filled:
            part = paint.visual(rtl, whole, QRect(0, 3, max(_HEIGHT, filled), _HEIGHT))
            paint.rounded(painter, part, _HEIGHT / 2, look.color(f"sla.{self._state}"))
        if self._gone is not None:
            mark = paint.visual(rtl, whole, QRect(round((self.width() - 2) * self._gone), 0, 2, _HEIGHT + 6))
            painter.fillRect(mark, look.color("text.primary"))
        painter.end()


class Gauge(QWidget):
    """A name, ``30 / 36`` and a bar; the mark is how much of the period has gone by.

    Args:
        state: ok, soon or late.
        share: part used up; 1 and more is full.
        gone: part of the period gone by; None outside of it.
        forecast: where the pace leads, below the bar; ``short``: to no good end.
    """

    def __init__(
        self, name: str, figures: str, state: str, share: float, gone: float | None, forecast: str = "",
        *, short: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        row = QHBoxLayout()
        row.addWidget(Text(name, "body", "text.secondary"))
        row.addStretch()
        self.figures = Text(figures, "strong")
        self.figures.setAlignment(Qt.AlignmentFlag.AlignTrailing | Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.figures)
        column.addLayout(row)
        column.addWidget(_Track(state, share, gone))
        if forecast:
            ink = "semantic.warning.text" if short else "text.secondary"
            column.addWidget(Text(forecast, "caption", ink, wrap=True))
        self.setAccessibleName(", ".join(filter(None, (f"{name} {figures}", forecast))))
