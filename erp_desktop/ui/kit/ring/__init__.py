"""Who has the keyboard is seen to have it: its ring, which no click shows, comes back with the focus."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QPlainTextEdit, QScrollArea, QTextEdit, QWidget

KEYBOARD = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason, Qt.FocusReason.ShortcutFocusReason)
_AWAY = (Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason)
"""Another window, or a menu, takes the focus and gives it back."""


class KeyboardRing:
    """Mixed into a widget, before its Qt class: knows whether the keyboard brought the focus.

    Its painter then draws the ring.
    """

    _ring = False
    _left_ringed = False

    @property
    def keyboard(self) -> bool:
        """Whether the ring is drawn."""
        return self._ring

    @property
    def by_keys(self) -> bool:
        """Whether it is drawn, or was when a menu or another window took the focus: what these open is for keys."""
        return self._ring or self._left_ringed

    def focusInEvent(self, event: QFocusEvent) -> None:
        # A popup takes and gives twice: as a popup, and as a window.
        back = event.reason() in _AWAY and (self._left_ringed or self._ring)
        self._ring, self._left_ringed = event.reason() in KEYBOARD or back, False
        super().focusInEvent(event)  # type: ignore[misc]

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._left_ringed = event.reason() in _AWAY and (self._left_ringed or self._ring)
        self._ring = False
        super().focusOutEvent(event)  # type: ignore[misc]


def calm(area: QScrollArea, *, still: bool) -> None:
    """Leave the ring of an area that only scrolls away, until it is left: no key brought the keyboard there."""
    if bool(area.property("calm")) != still:
        area.setProperty("calm", still)
        area.style().unpolish(area)
        area.style().polish(area)


def reason_of(holder: QWidget | None) -> Qt.FocusReason:
    """Why the keyboard goes on from a widget, or comes back to it: by keys, where it is ringed or typed in."""
    ringed = holder.by_keys if isinstance(holder, KeyboardRing) else bool(getattr(holder, "keyboard", False))
    ringed = ringed or isinstance(holder, QLineEdit | QTextEdit | QPlainTextEdit)
    return Qt.FocusReason.ShortcutFocusReason if ringed else Qt.FocusReason.OtherFocusReason


def reason() -> Qt.FocusReason:
    """Why the keyboard goes on from where it is now."""
    return reason_of(QApplication.focusWidget())
