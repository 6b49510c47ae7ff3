"""Messages that pass: stacked bottom-centre, with an undo where the act has one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol, cast

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QColor, QEnterEvent, QKeyEvent, QKeySequence, QPainter, QPaintEvent, QPalette, QShortcut
from PySide6.QtWidgets import (
    QApplication,
    QGraphicsDropShadowEffect,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

from erp_desktop.ui.kit import icons, paint
from erp_desktop.ui.kit.controls import Button, IconLabel
from erp_desktop.ui.kit.i18n import said, tr
from erp_desktop.ui.kit.theme import theme

_STACK = 3
_EDITORS: Final = (QLineEdit, QPlainTextEdit, QTextEdit)


class Toast(QWidget):
    """One message; closes itself, not while the pointer is on it."""

    def __init__(self, words: str, undo: Callable[[], object] | None, kind: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._undo = undo
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 8, 10, 8)
        row.setSpacing(10)
        tint = {"success": "sla.ok", "danger": "semantic.danger.solid"}.get(kind, "toast.action")
        name = {"success": "check-circle", "danger": "warning-octagon"}.get(kind, "info")
        row.addWidget(IconLabel(name, tint, 16, "fill"))
        words = said(words)
        label = QLabel(words)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setFont(theme().font("body"))
        self._ink(label, theme().color("toast.text"))
        row.addWidget(label)
        if undo is not None:
            button = Button(tr("Annuler"), "link", on_click=self.undo)
            button.setStyleSheet(f"QPushButton {{ color: {theme().color('toast.action').name()}; }}")
            row.addWidget(button)
            caps = QLabel("Ctrl Z")
            caps.setTextFormat(Qt.TextFormat.PlainText)
            caps.setFont(theme().font("caption"))
            self._ink(caps, theme().color("toast.text"))
            edge = QColor(theme().color("toast.text"))
            edge.setAlphaF(0.45)
            caps.setStyleSheet(f"QLabel {{ border: 1px solid {edge.name(QColor.NameFormat.HexArgb)}; "
                               "border-radius: 4px; padding: 0 5px; }")  # fmt: skip
            row.addWidget(caps, 0, Qt.AlignmentFlag.AlignVCenter)
        close = Button("", "icon", tip=tr("Fermer"), on_click=self.dismiss)
        close.setFixedSize(24, 24)
        close.setIcon(icons.icon("x", "toast.text"))
        row.addWidget(close)
        for button in self.findChildren(Button):
            # A button that was pressed and goes away hands the keyboard to what comes next: never to a message, whose
            # act has a key of its own and which leaves by itself.
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._clock = QTimer(self)
        self._clock.setSingleShot(True)
        seconds = theme().px("motion.toast.secondsUndo" if undo else "motion.toast.seconds")
        self._clock.setInterval(seconds * 1000)
        self._clock.timeout.connect(self.dismiss)
        self._clock.start()
        shadow = QGraphicsDropShadowEffect(self)
        shadow.setBlurRadius(32)
        shadow.setOffset(0, 10)
        shadow.setColor(theme().color("shadow"))
        self.setGraphicsEffect(shadow)
        self.setAccessibleName(words)

    @staticmethod
    def _ink(label: QLabel, colour: QColor) -> None:
        palette = label.palette()
        palette.setColor(QPalette.ColorRole.WindowText, colour)
        label.setPalette(palette)

    @property
    def can_undo(self) -> bool:
        return self._undo is not None

    def undo(self) -> None:
        act, self._undo = self._undo, None
        self.dismiss()
        if act is not None:
            act()

    def hold(self, held: bool) -> None:
        """Neither seen nor counted down while it is held back."""
        self.setVisible(not held)
        if held:
            self._clock.stop()
        else:
            self._clock.start()

    def dismiss(self) -> None:
        self._clock.stop()
        self.hide()
        self.setParent(None)
        self.deleteLater()

    def enterEvent(self, event: QEnterEvent) -> None:
        self._clock.stop()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._clock.start()
        super().leaveEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint.rounded(painter, self.rect(), theme().px("radius.lg"), theme().color("toast.bg"))
        painter.end()


class TakesBack(Protocol):
    """A page with entries of its own that Ctrl+Z takes back before any message's act."""

    def take_back(self) -> bool:
        """Take the last one back; False when there is none."""


class Toaster(QObject):
    """Shows toasts over a window; Ctrl+Z undoes the last one that can be.

    What is typed in the focused field goes first, as everywhere; then the entries of its page, then the messages.
    """

    def __init__(self, window: QWidget, margin: int = 92) -> None:
        super().__init__(window)
        self._window, self._margin = window, margin
        self._held = False
        self._shortcut = QShortcut(QKeySequence.StandardKey.Undo, window)
        self._shortcut.activated.connect(self._undo_last)
        window.installEventFilter(self)
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.focusChanged.connect(self._watch)

    @property
    def toasts(self) -> list[Toast]:
        return [child for child in self._window.children() if isinstance(child, Toast)]

    def say(self, words: str, undo: Callable[[], object] | None = None, kind: str = "success") -> Toast:
        for old in self.toasts[: -(_STACK - 1)] if len(self.toasts) >= _STACK else []:
            old.dismiss()
        for old in self.toasts if kind == "danger" else []:
            # A line that is cut refuses several readings at once: that is one message.
            if old.accessibleName() == said(words):
                old.dismiss()
        toast = Toast(words, undo, kind, self._window)
        toast.hold(self._held)
        toast.raise_()
        self._place()
        return toast

    def hold(self, held: bool) -> None:
        """Keep every message back, and its undo, until somebody is there again."""
        self._held = held
        for toast in self.toasts:
            toast.hold(held)

    def _undo_last(self) -> None:
        if self._held:
            return
        place = QApplication.focusWidget()
        while place is not None:
            if hasattr(place, "take_back") and cast("TakesBack", place).take_back():
                return
            place = place.parentWidget()
        for toast in reversed(self.toasts):
            if toast.can_undo:
                toast.undo()
                return

    def _place(self) -> None:
        bottom = self._window.height() - self._margin
        for toast in reversed(self.toasts):
            toast.adjustSize()
            bottom -= toast.height()
            toast.move((self._window.width() - toast.width()) // 2, bottom)
            bottom -= 8

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._window and event.type() == QEvent.Type.Resize:
            self._place()
        pressed = event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent)
        if pressed and event.matches(QKeySequence.StandardKey.Undo) and not _typed_in(watched):  # type: ignore[attr-defined]
            # A field takes Ctrl+Z even when it has nothing to undo.
            event.ignore()
            return True
        return super().eventFilter(watched, event)

    def _watch(self, old: QWidget | None, new: QWidget | None) -> None:
        if isinstance(old, _EDITORS):
            old.removeEventFilter(self)
        if isinstance(new, _EDITORS):
            new.installEventFilter(self)


def _typed_in(field: QObject) -> bool:
    """Whether a field has something of its own to undo."""
    if isinstance(field, QLineEdit):
        return field.isUndoAvailable()
    return isinstance(field, QPlainTextEdit | QTextEdit) and field.document().isUndoAvailable()
