"""The password field: an eye to show it, a warning while capitals are locked."""

from __future__ import annotations

import os

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from erp_desktop.ui.kit import icons
from erp_desktop.ui.kit.controls import IconLabel, LineEdit, Text
from erp_desktop.ui.kit.i18n import tr

_CAPITAL = 0x14
TALL = "QLineEdit { min-height: 34px; }"
"""Fields of the screens before work are taller than those of forms."""


def _locked_on_windows() -> bool | None:
    """Whether capitals are locked where the system tells; None elsewhere."""
    if os.name != "nt":
        return None
    import ctypes

    state = ctypes.windll.user32.GetKeyState(_CAPITAL)  # type: ignore[attr-defined, unused-ignore]
    return bool(state & 1)


class MotDePasse(LineEdit):
    """A field whose text is hidden until the eye is clicked."""

    capitals_changed = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.setEchoMode(QLineEdit.EchoMode.Password)
        self.setInputMethodHints(Qt.InputMethodHint.ImhSensitiveData | Qt.InputMethodHint.ImhNoAutoUppercase)
        self._capitals = False
        self.eye = QAction(icons.icon("eye", "text.tertiary"), tr("Montrer le mot de passe"), self)
        self.eye.triggered.connect(self._toggle)
        self.addAction(self.eye, QLineEdit.ActionPosition.TrailingPosition)

    @property
    def capitals(self) -> bool:
        return self._capitals

    def _toggle(self) -> None:
        hidden = self.echoMode() == QLineEdit.EchoMode.Password
        self.setEchoMode(QLineEdit.EchoMode.Normal if hidden else QLineEdit.EchoMode.Password)
        self.eye.setIcon(icons.icon("eye-slash" if hidden else "eye", "text.tertiary"))
        self.eye.setText(tr("Cacher le mot de passe") if hidden else tr("Montrer le mot de passe"))

    def _set_capitals(self, locked: bool) -> None:
        if locked != self._capitals:
            self._capitals = locked
            self.capitals_changed.emit(locked)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        text = event.text()
        known = _locked_on_windows()
        if known is not None:
            self._set_capitals(known)
        elif event.key() == Qt.Key.Key_CapsLock:
            # The lock's state before this key is known only once a letter was typed.
            self._set_capitals(not self._capitals)
        elif len(text) == 1 and text.isalpha() and text.lower() != text.upper():
            shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self._set_capitals(text.isupper() != shift)
        super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        known = _locked_on_windows()
        if known is not None:
            self._set_capitals(known)


class CapitalsLine(QWidget):
    """Says under password fields that capitals are locked; unseen while they are not."""

    def __init__(self, *fields: MotDePasse) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 4, 0, 0)
        row.setSpacing(6)
        row.addWidget(IconLabel("warning", "semantic.warning.text", 13, "fill"))
        row.addWidget(Text(tr("Verrouillage des majuscules actif"), "body", "semantic.warning.text"))
        row.addStretch()
        self.hide()
        for field in fields:
            field.capitals_changed.connect(self.setVisible)
