"""Fields for a date, and for a date with its time: typed freely, read when left, never rewritten by a letter."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit

from erp_desktop import clock
from erp_desktop.domain.dates import DERNIERE_ANNEE, HORS_CALENDRIER, PREMIERE_ANNEE, Sens, lire, plus_mois
from erp_desktop.ui.forms.editors import LineEditor, Unreadable
from erp_desktop.ui.kit import icons
from erp_desktop.ui.kit.calendar_popup import CalendarPopup
from erp_desktop.ui.kit.controls import LineEdit
from erp_desktop.ui.kit.i18n import said, tr

_STEPS = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}


def to_instant(day: date, hour: time | None) -> datetime:
    """The instant of a wall-clock time in Morocco; 08:00 when no hour was typed."""
    return datetime.combine(day, hour or time(8), tzinfo=clock.CASABLANCA)


def written(value: date | datetime | None) -> str:
    if isinstance(value, datetime):
        return clock.local(value).strftime("%d/%m/%Y %H:%M")
    return value.strftime("%d/%m/%Y") if value else ""


class _DateLine(LineEdit):
    """Keys that are no letters move the date; all others are text."""

    def __init__(self, owner: DateEditor, placeholder: str) -> None:
        super().__init__(placeholder)
        self._owner = owner
        self.setToolTip(tr("= maintenant ; ↑ ↓ un jour, Ctrl ↑ ↓ une semaine, Pg un mois ; Alt ↓ calendrier"))
        action = self.addAction(
            icons.icon("calendar-blank", "text.tertiary"), QLineEdit.ActionPosition.TrailingPosition
        )
        action.setToolTip(tr("Calendrier"))
        action.triggered.connect(owner.open_calendar)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self.isReadOnly() and self._owner.key(Qt.Key(event.key()), event):
            return
        super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        # The focus is lost too while the form is being destroyed, and the field with it.
        if event.reason() != Qt.FocusReason.PopupFocusReason and shiboken6.isValid(self._owner):
            self._owner.settle()


class DateEditor(LineEditor):
    """A business date."""

    _HINT = "jj/mm/aaaa"
    _REFUSED = "Date attendue : 30/11, 30/11/2026, demain, lundi, 3 janvier…"

    def __init__(self, sens: Sens = Sens.PROCHE) -> None:
        self.line = _DateLine(self, tr(self._HINT))
        super().__init__(self.line)
        self._sens = sens
        self._shown: tuple[str, Any] = ("", None)
        self.calendar: CalendarPopup | None = None
        self.line.textEdited.connect(lambda _text: self.changed.emit())

    def _read(self) -> tuple[date, time | None] | None:
        return lire(self.line.text(), clock.local(clock.now()), self._sens)

    def value(self) -> Any:
        text = self.line.text().strip()
        if not text:
            return None
        if text == self._shown[0]:
            return self._shown[1]
        found = self._read()
        made = self._made(*found) if found is not None else None
        if made is None:
            raise Unreadable(tr(self._REFUSED))
        if not PREMIERE_ANNEE <= made.year <= DERNIERE_ANNEE:
            raise Unreadable(said(HORS_CALENDRIER))
        return made

    def _made(self, day: date, hour: time | None) -> Any:
        return day if hour is None else None

    def show_value(self, value: Any, words: str = "") -> None:
        text = words or written(value)
        # Shown to the minute, kept to the microsecond: an untouched instant is not a change.
        self._shown = (text, value)
        if not (self.line.hasFocus() and self.line.text() == text):
            self.line.setText(text)

    def settle(self) -> None:
        """Show in full what was understood; what was not stays, and is marked."""
        try:
            value = self.value()
        except Unreadable as error:
            self.doubted.emit(str(error))
            return
        if value is not None and self.line.text() != written(value):
            self.show_value(value)

    def set_read_only(self, read_only: bool) -> None:
        self.line.set_read_only(read_only)
        for action in self.line.actions():
            action.setVisible(not read_only)

    def key(self, key: Qt.Key, event: QKeyEvent) -> bool:
        """Act on a key that moves the date; tells whether it was one."""
        modifiers = event.modifiers()
        if key == Qt.Key.Key_Down and modifiers & Qt.KeyboardModifier.AltModifier:
            self.open_calendar()
            return True
        if event.text() == "=":
            here = clock.local(clock.now())
            self._put(here.date(), here.time())
            return True
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.settle()
            return False
        week = 7 if modifiers & Qt.KeyboardModifier.ControlModifier else 1
        found = self._read()
        day, hour = found if found is not None else (clock.today(), None)
        if key in _STEPS:
            self._put(day + timedelta(days=_STEPS[key] * week) if found else day, hour)
        elif key in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            self._put(plus_mois(day, 1 if key == Qt.Key.Key_PageUp else -1) if found else day, hour)
        else:
            return False
        return True

    def _put(self, day: date, hour: time | None) -> None:
        text = day.strftime("%d/%m/%Y")
        self.line.setText(f"{text} {hour.strftime('%H:%M')}" if self._keeps_hour and hour else text)
        self.line.textEdited.emit(self.line.text())

    @property
    def _keeps_hour(self) -> bool:
        return False

    def open_calendar(self) -> None:
        """Drop the month of the date typed, else this one."""
        if self.line.isReadOnly():
            return
        found = self._read()
        today = clock.today()
        self.calendar = CalendarPopup(found[0] if found else today, today, self)
        self.calendar.chosen.connect(lambda day: self._put(day, found[1] if found else None))
        self.calendar.drop(self.line)


class InstantEditor(DateEditor):
    """A planned time on Morocco's wall clock, kept as an instant in UTC."""

    _HINT = "jj/mm/aaaa hh:mm"
    _REFUSED = "Date et heure attendues : 30/11 9h, demain 14:30, lundi, 30/11/2026…"

    def _made(self, day: date, hour: time | None) -> datetime:
        return to_instant(day, hour).astimezone(UTC)

    @property
    def _keeps_hour(self) -> bool:
        return True
