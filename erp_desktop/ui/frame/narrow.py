"""A bar of the window where there is not room for all of it, as on a small screen at 200 %."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from erp_desktop.ui.kit.surfaces import Surface


@dataclass
class Spare:
    """A part of a bar that it can do without.

    Attributes:
        gain: points that the bar wins by doing without it.
        give_up: does without it, or takes it back.
    """

    gain: Callable[[], int]
    give_up: Callable[[bool], None]
    given: bool = False


class NarrowBar(Surface):
    """Gives up its spare parts, the first one first, until the others fit."""

    _LEAST = 420

    def spare(self, *parts: QWidget) -> None:
        """Widgets that go together."""

        def gain() -> int:
            layout = self.layout()
            between = layout.spacing() if layout is not None else 0
            return sum(min(part.sizeHint().width(), part.maximumWidth()) + between for part in parts)

        def give_up(given: bool) -> None:
            for part in parts:
                part.setVisible(not given)

        self.spares.append(Spare(gain, give_up))

    @property
    def spares(self) -> list[Spare]:
        """What may be given up, in that order."""
        if not hasattr(self, "_spares"):
            self._spares: list[Spare] = []
        return self._spares

    def minimumSizeHint(self) -> QSize:
        return QSize(self._LEAST, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def event(self, event: QEvent) -> bool:
        done = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:
            self._fit()
        return done

    def _fit(self) -> None:
        layout = self.layout()
        if layout is None:
            return
        need = layout.totalMinimumSize().width() + sum(one.gain() for one in self.spares if one.given)
        for one in self.spares:
            wanted = need > self.width()
            if wanted:
                need -= one.gain()
            if one.given != wanted:
                one.given = wanted
                one.give_up(wanted)
