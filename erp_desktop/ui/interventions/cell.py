"""A value of a line that is changed where it stands: Enter or Tab keeps it, Esc gives the former one back."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent

from erp_desktop.domain import nombres
from erp_desktop.ui.kit.controls import LineEdit
from erp_desktop.ui.kit.i18n import said, tr


class Cell(LineEdit):
    """One number.

    Args:
        keep: called with a new value; the cell is made anew once it is written.
        reading: how a number is read (``nombres.lire_saisie``).
    """

    def __init__(
        self, value: Decimal, name: str, width: int, keep: Callable[[Decimal], object], **reading: Any
    ) -> None:
        super().__init__()
        self._before = f"{value.normalize():f}".replace(".", ",")
        self._keep, self._reading = keep, reading
        self.setText(self._before)
        self.setAccessibleName(name)
        self.setAlignment(Qt.AlignmentFlag.AlignTrailing)
        self.setFixedWidth(width)
        self.editingFinished.connect(self._done)

    def event(self, event: QEvent) -> bool:
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Escape
            and self.text() != self._before
        ):
            # The window's own Esc would leave the form.
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.text() != self._before:
            self.setText(self._before)
            self.say("")
            self.selectAll()
        elif event.key() == Qt.Key.Key_F2:
            self.selectAll()
        else:
            super().keyPressEvent(event)

    def say(self, words: str) -> None:
        """Why the value is refused; empty when it is not."""
        self.set_invalid(bool(words))
        self.setToolTip(words)
        self.setAccessibleDescription(words)

    def _done(self) -> None:
        if self.text().strip() == self._before:
            return
        try:
            value = nombres.lire_saisie(self.text().strip(), **self._reading)
        except nombres.AmbiguousError as error:
            self.say(said(str(error)))
        except ValueError:
            self.say(tr("Nombre attendu, par exemple 1250,50."))
        else:
            self.say("")
            self._before = self.text().strip()
            self._keep(value)
