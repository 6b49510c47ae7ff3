"""Rows that stay where they are while somebody aims at one: what came in meanwhile waits behind a button."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any, TypeVar

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QWidget

from erp_desktop.ui.kit.controls import Button
from erp_desktop.ui.kit.i18n import number, tr
from erp_desktop.ui.kit.places import differences

_RELEASE_MS = 700
"""How long the pointer must be away before rows move again: it often only crosses the edge."""

K = TypeVar("K", bound=Hashable)


def changed(old: Mapping[K, Any], new: Mapping[K, Any]) -> int:
    """How many rows come, go or change; when none does, how many change place."""
    return sum(old.get(key) != new.get(key) for key in old.keys() | new.keys()) or differences([*old], [*new])


def pointed(widget: QWidget) -> bool:
    """Whether the pointer is over a widget of the window at work."""
    seen = widget.isVisible() and widget.isActiveWindow()
    return seen and widget.rect().contains(widget.mapFromGlobal(QCursor.pos()))


class Held(Button):
    """« 3 changements, relire »: shown while something waits; a press applies it, as does nobody aiming any more.

    Args:
        watched: widgets whose rows must not move while the pointer is over them.
        busy: whether rows must stay for another reason, an open form say.
    """

    def __init__(self, *watched: QWidget, busy: Callable[[], bool] = lambda: False) -> None:
        super().__init__("", "soft", icon="arrows-clockwise", on_click=self.apply)
        self._watched, self._busy = watched, busy
        self._parts: dict[str, tuple[int, Callable[[], object]]] = {}
        # No higher than the buttons beside it: what is below must not move when it appears.
        self.setFixedHeight(30)
        self.setStyleSheet("QPushButton { min-height: 0; padding-top: 0; padding-bottom: 0; }")
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_RELEASE_MS)
        self._soon.timeout.connect(self._release)
        for widget in watched:
            widget.installEventFilter(self)
        self.hide()

    @property
    def aimed(self) -> bool:
        """Whether rows must stay where they are."""
        return any(map(pointed, self._watched)) or self._busy()

    def take(self, part: str, changes: int, apply: Callable[[], object], *, at_once: bool = False) -> None:
        """Apply what was read, or keep it while somebody aims; the last reading of a part is the one that counts.

        Args:
            changes: rows that would come, go, change or move; with none, nothing is seen to move.
            at_once: the person's own act, or nothing is shown yet.
        """
        if changes and not at_once and self.aimed:
            self.keep(part, changes, apply)
        else:
            self.drop(part)
            apply()

    def keep(self, part: str, changes: int, apply: Callable[[], object]) -> None:
        self._parts[part] = (changes, apply)
        self._say()

    def drop(self, part: str) -> None:
        self._parts.pop(part, None)
        self._say()

    def apply(self) -> None:
        """Show everything that waits."""
        parts, self._parts = self._parts, {}
        for _changes, apply in parts.values():
            apply()
        self._say()

    def let_go(self) -> None:
        """What held the rows may be over: look in a moment."""
        self._soon.start()

    def _release(self) -> None:
        if self._parts and not self.aimed:
            self.apply()

    def _say(self) -> None:
        changes = sum(count for count, _apply in self._parts.values())
        words = tr("1 changement, relire") if changes == 1 else tr("{n} changements, relire", n=number(changes))
        self.setText(words)
        self.setAccessibleName(words)
        self.setVisible(bool(self._parts))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Leave:
            self.let_go()
        return super().eventFilter(watched, event)
