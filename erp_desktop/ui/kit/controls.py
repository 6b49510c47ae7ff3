"""Texts, buttons and fields, styled by property and by the theme's tokens."""

from __future__ import annotations

import html
from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPalette, QShowEvent
from PySide6.QtWidgets import (
    QApplication,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLayout,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QWidget,
)

from erp_desktop.ui.kit import icons, paint
from erp_desktop.ui.kit.i18n import led, said
from erp_desktop.ui.kit.ring import KeyboardRing
from erp_desktop.ui.kit.theme import theme


def plain(words: str) -> str:
    """Words for a tooltip or a box, which Qt reads as rich text when they look like it.

    A client may well be called ``<img src=…>``: it is seen as these characters, and no file is read for it.
    """
    if "<" not in words:
        return words
    return f"<span>{html.escape(words, quote=False)}</span>".replace("\n", "<br>")


def restyle(widget: QWidget) -> None:
    """Apply the style sheet again after a property changed."""
    style = widget.style()
    style.unpolish(widget)
    style.polish(widget)
    widget.update()


def mark(widget: QWidget, name: str, value: object) -> None:
    """Set a dynamic property that the style sheet reads."""
    if widget.property(name) != value:
        widget.setProperty(name, value)
        restyle(widget)


def clear(layout: QLayout) -> None:
    """Take every widget out of a layout and delete it; hidden first, for deletion comes later. The focus stays there:
    the next of the window would get what is typed."""
    focused = QApplication.focusWidget()
    while (item := layout.takeAt(0)) is not None:
        if (widget := item.widget()) is not None:
            holder = widget.parentWidget()
            if focused is not None and holder is not None and (widget is focused or widget.isAncestorOf(focused)):
                holder.setFocus(Qt.FocusReason.OtherFocusReason)
            widget.hide()
            widget.deleteLater()


class Text(QLabel):
    """A label with a font of the scale and a colour token; follows the theme."""

    def __init__(
        self, words: str = "", role: str = "body", colour: str = "text.primary", *, wrap: bool = False,
        parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__(led(words), parent)
        self._role, self._colour = role, colour
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(wrap)
        self.setForegroundRole(QPalette.ColorRole.WindowText)
        self._refresh()
        theme().changed.connect(self._refresh)

    def setText(self, words: str) -> None:
        super().setText(led(words))

    def setToolTip(self, words: str) -> None:
        super().setToolTip(plain(words))

    def set_colour(self, colour: str) -> None:
        self._colour = colour
        self._refresh()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        # The style sheet puts a palette back that it saved when the look changed before the label was first seen.
        if self.palette().color(QPalette.ColorRole.WindowText) != theme().color(self._colour):
            self._refresh()

    def _refresh(self) -> None:
        self.setFont(theme().font(self._role))
        if theme().rtl and not self.alignment() & Qt.AlignmentFlag.AlignHCenter:
            # A label aligns by its words; one not yet translated still belongs on the reading side.
            self.setAlignment(paint.leading(True))
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.WindowText, theme().color(self._colour))
        self.setPalette(palette)


class Elided(Text):
    """A one-line text that shortens itself; the whole is in the tooltip."""

    def __init__(self, words: str = "", role: str = "body", colour: str = "text.primary") -> None:
        super().__init__(words, role, colour)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def minimumSizeHint(self) -> QSize:
        return QSize(24, super().minimumSizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        shown = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        self.setToolTip(self.text() if shown != self.text() else "")
        painter = QPainter(self)
        paint.text(painter, self.rect(), self.text(), rtl=self.layoutDirection() == Qt.LayoutDirection.RightToLeft,
                   font=self.font(), colour=self.palette().color(QPalette.ColorRole.WindowText))  # fmt: skip
        painter.end()


class Brief(Text):
    """A one-line text with a shorter saying, shown where the whole does not fit; the whole is then in the tooltip."""

    def __init__(self, role: str = "body", colour: str = "text.primary") -> None:
        super().__init__("", role, colour)
        self._brief = ""
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def say(self, words: str, brief: str) -> None:
        """Show ``words``, or ``brief`` where there is no room for them."""
        self._brief = brief
        self.setText(words)
        self.setAccessibleName(words)

    @property
    def shown(self) -> str:
        """What there is room for."""
        metrics = self.fontMetrics()
        fits = metrics.horizontalAdvance(self.text()) <= self.width()
        return self.text() if fits else metrics.elidedText(self._brief, Qt.TextElideMode.ElideRight, self.width())

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        shown = self.shown
        self.setToolTip("" if shown == self.text() else self.text())
        painter = QPainter(self)
        paint.text(painter, self.rect(), shown, rtl=self.layoutDirection() == Qt.LayoutDirection.RightToLeft,
                   font=self.font(), colour=self.palette().color(QPalette.ColorRole.WindowText))  # fmt: skip
        painter.end()


class EnterPresses:
    """Mixed into a button, before its Qt class: Enter presses it when it is focused, as Space does.

    A key held down presses once.
    """

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if not event.isAutoRepeat():
                self.click()  # type: ignore[attr-defined]
            return
        super().keyPressEvent(event)  # type: ignore[misc]


class Button(KeyboardRing, EnterPresses, QPushButton):
    """A button of a kind: primary, default, ghost, soft, danger, link, icon or segment.

    Disabled while it has the keyboard, as by its own act, it does not hand it to a neighbour as Qt would: the
    keyboard waits on what the button lies on, so that Tab goes on from there, and is the button's again once it is
    enabled, unless it was taken elsewhere meanwhile.
    A double click is one press: the second does no act again, nor that of what has come under the pointer.

    Attributes:
        steps: every press counts, as of one that goes a month further.
        hands_to: who gets the keyboard instead, for good; for a button that its act leaves disabled.
    """

    hands_to: QWidget | None = None
    _waits: tuple[QWidget, Qt.FocusReason] | None = None

    def __init__(
        self, words: str = "", kind: str = "default", *, icon: str = "", weight: str = "regular",
        on_click: Callable[[], object] | None = None, tip: str = "", name: str = "", steps: bool = False,
        parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__(words, parent)
        self.steps = steps
        self.setProperty("kind", kind)
        if icon:
            colour = {"primary": "text.onAccent", "danger": "semantic.danger.text", "soft": "accent.text"}
            self.setIcon(icons.icon(icon, colour.get(kind, "text.secondary"), weight))
            self.setIconSize(QSize(theme().px("control.icon"), theme().px("control.icon")))
        if kind == "icon":
            self.setFixedSize(30, 30)
        if kind == "link":
            self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAutoDefault(False)
        self.setToolTip(tip)
        self.setAccessibleName(name or tip or words)
        if on_click is not None:
            self.clicked.connect(lambda _checked=False: on_click())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self.steps:
            super().mouseDoubleClickEvent(event)

    def setToolTip(self, words: str) -> None:
        super().setToolTip(plain(words))

    def setEnabled(self, on: bool) -> None:
        window, seen, unseen = self.window(), Qt.FocusReason.ShortcutFocusReason, Qt.FocusReason.OtherFocusReason
        if not on and self.isEnabled() and window.focusWidget() is self:
            if self.hands_to is not None:
                self.hands_to.setFocus(seen)
            elif (place := self.parentWidget()) is not None:
                self._waits = (place, seen if self.keyboard else unseen)
                place.setFocus(unseen)
        super().setEnabled(on)
        if on and self._waits is not None:
            (place, reason), self._waits = self._waits, None
            if window.focusWidget() is place:
                self.setFocus(reason)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.keyboard and self.property("kind") == "primary":
            # The ring of the others has the colour that this one is filled with.
            painter = QPainter(self)
            paint.rounded(painter, self.rect().adjusted(2, 2, -2, -2), 3, None, theme().color("text.onAccent"), 2)
            painter.end()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        mark(self, "keyboard", self.keyboard)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        mark(self, "keyboard", False)


def icon_button(icon: str, name: str, on_click: Callable[[], object] | None = None, *, steps: bool = False) -> Button:
    """A square button with an icon only; ``name`` is its tooltip and accessible name."""
    return Button("", "icon", icon=icon, tip=name, on_click=on_click, steps=steps)


class ErrorLine(QWidget):
    """The domain's sentence under a field, in the language in force; hidden while empty."""

    def __init__(self, parent: QWidget | None = None, *, tone: str = "danger") -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 2, 0, 0)
        row.setSpacing(5)
        self._icon = IconLabel("warning-circle", f"semantic.{tone}.text", 13, "fill")
        self.label = Text("", "caption", f"semantic.{tone}.text", wrap=True)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.label, 1)
        self.hide()

    def say(self, words: str) -> None:
        self.label.setText(said(words))
        self.setVisible(bool(words))


class IconLabel(QWidget):
    """A themed icon that is not a button."""

    def __init__(
        self, name: str, colour: str = "text.secondary", size: int = 16, weight: str = "regular",
        parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self._name, self._colour, self._size, self._weight = name, colour, size, weight
        self.setFixedSize(size, size + 2)

    def set_icon(self, name: str, colour: str, weight: str = "regular") -> None:
        self._name, self._colour, self._weight = name, colour, weight
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        icons.draw(painter, self.rect(), self._name, theme().color(self._colour), self._size, self._weight)
        painter.end()


def show_hint(field: QLineEdit | QPlainTextEdit, on: bool) -> None:
    """Show what to type in an empty field, or a dash where nothing can be typed."""
    kept = field.property("hint")
    if on and kept is not None:
        field.setPlaceholderText(kept)
        field.setProperty("hint", None)
    elif not on and kept is None and field.placeholderText():
        field.setProperty("hint", field.placeholderText())
        field.setPlaceholderText("—")


class LineEdit(QLineEdit):
    """A one-line field; ``icon`` is drawn at its end."""

    def __init__(self, placeholder: str = "", *, icon: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setPlaceholderText(placeholder)
        if theme().rtl:
            self.setAlignment(paint.leading(True))
        if icon:
            self.addAction(icons.icon(icon, "text.tertiary"), QLineEdit.ActionPosition.TrailingPosition)

    def setToolTip(self, words: str) -> None:
        super().setToolTip(plain(words))

    def set_invalid(self, invalid: bool) -> None:
        mark(self, "invalid", invalid)

    def set_read_only(self, read_only: bool) -> None:
        self.setReadOnly(read_only)
        show_hint(self, not read_only)
        restyle(self)


class TextArea(QPlainTextEdit):
    """A field of several lines; Tab leaves it."""

    def __init__(self, placeholder: str = "", *, lines: int = 3, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setPlaceholderText(placeholder)
        self.setTabChangesFocus(True)
        # What holds it would otherwise grow into the empty room of a short form.
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(lines * theme().px("font.scale.body.line") + 14)

    def setToolTip(self, words: str) -> None:
        super().setToolTip(plain(words))

    def set_invalid(self, invalid: bool) -> None:
        mark(self, "invalid", invalid)

    def set_read_only(self, read_only: bool) -> None:
        self.setReadOnly(read_only)
        show_hint(self, not read_only)
        restyle(self)


class Field(QWidget):
    """A label, its editor and the error line below; the label is the editor's buddy."""

    def __init__(self, label: str, editor: QWidget, *, label_width: int = 0, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.editor = editor
        self.error = ErrorLine()
        self.notice = ErrorLine(tone="warning")
        """What deserves a look and refuses nothing."""
        self.label = Text(label, "body", "text.secondary", wrap=bool(label_width))
        self.label.setBuddy(editor)
        editor.setAccessibleName(label)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8 if label_width else 0)
        grid.setVerticalSpacing(4 if not label_width else 0)
        if label_width:
            self.label.setFixedWidth(label_width - 8)
            self.label.setMinimumHeight(30)
            grid.addWidget(self.label, 0, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(editor, 0, 1)
            grid.addWidget(self.error, 1, 1)
            grid.addWidget(self.notice, 2, 1)
        else:
            grid.addWidget(self.label, 0, 0)
            grid.addWidget(editor, 1, 0)
            grid.addWidget(self.error, 2, 0)
            grid.addWidget(self.notice, 3, 0)

    def say(self, words: str) -> None:
        """Show the domain's sentence and mark the editor; an empty text clears both."""
        self.error.say(words)
        # The frame is drawn by the field inside, where there is one.
        mark(getattr(self.editor, "inner", self.editor), "invalid", bool(words))
        self.editor.setAccessibleDescription(said(words))
