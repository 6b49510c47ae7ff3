"""One editor per kind of field; all speak values of the domain, not texts."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QStyleOptionComboBox, QWidget

from erp_desktop.domain import nombres
from erp_desktop.ui.kit import icons, paint
from erp_desktop.ui.kit.controls import LineEdit, TextArea, mark
from erp_desktop.ui.kit.i18n import decimal, said, tr
from erp_desktop.ui.kit.theme import theme

_BREAKS = re.compile(r"[\t\n\v\f\r\u2028\u2029]+")


class Unreadable(Exception):  # noqa: N818 - a state of the field, not an error of the program
    """What is typed is no value of this field; the text is a sentence for the clerk."""


class Editor(QWidget):
    """Base of the editors.

    ``changed`` is emitted when the person changes the value, never by :meth:`show_value`.
    """

    changed = Signal()
    doubted = Signal(str)
    """What was left in the field is no value, and why; empty when it is one again."""
    settled = Signal()
    """What was :attr:`pending` is decided."""

    def __init__(self, inner: QWidget) -> None:
        super().__init__()
        self.inner = inner
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(inner)
        self.setFocusProxy(inner)

    def value(self) -> Any:
        """The value typed.

        Raises:
            Unreadable: it is none.
        """
        raise NotImplementedError

    def show_value(self, value: Any, words: str = "") -> None:
        raise NotImplementedError

    def words(self) -> str:
        """The text shown, kept in drafts for pickers."""
        return ""

    @property
    def pending(self) -> bool:
        """Whether what is typed is being looked up."""
        return False

    def settle(self) -> None:
        """Decide what the words typed mean, as leaving the field does."""

    def ask_again(self) -> None:
        """Something that the words typed depend on has changed."""

    def typed(self) -> str:
        """Words that are no value, kept in drafts as they stand."""
        return ""

    def show_typed(self, text: str) -> None:
        """Put such words back."""

    def set_invalid(self, invalid: bool) -> None:
        mark(self.inner, "invalid", invalid)

    def set_read_only(self, read_only: bool) -> None:
        # The editor, not what is inside: Tab would stop at what stands for something disabled.
        self.setEnabled(not read_only)

    def setAccessibleName(self, name: str) -> None:
        super().setAccessibleName(name)
        self.inner.setAccessibleName(name)


class LineEditor(Editor):
    """What the editors of one line share: words that are no value stay in the field and in the draft."""

    line: LineEdit

    def typed(self) -> str:
        try:
            self.value()
        except Unreadable:
            return self.line.text().strip()
        return ""

    def show_typed(self, text: str) -> None:
        self.line.setText(text)


def write(line: LineEdit, text: str) -> None:
    """Show a text from its beginning; read again under the keyboard, its selection stays for the next key."""
    if line.hasFocus() and line.text() == text:
        return
    line.setText(text)
    line.setCursorPosition(0)


class TextEditor(LineEditor):
    """One line; an empty text is None."""

    def __init__(self, placeholder: str = "") -> None:
        self.line = LineEdit(placeholder)
        super().__init__(self.line)
        self.line.textEdited.connect(self._edited)

    def _edited(self, text: str) -> None:
        flat = _BREAKS.sub(" ", text)
        if flat != text:
            # Cells pasted from a table: their words side by side, for one line has no other place for them.
            self.line.setText(flat)
        self.changed.emit()

    def value(self) -> Any:
        return self.line.text().strip() or None

    def show_value(self, value: Any, words: str = "") -> None:
        write(self.line, words or ("" if value is None else str(value)))

    def set_read_only(self, read_only: bool) -> None:
        self.line.set_read_only(read_only)


class WholeEditor(TextEditor):
    def value(self) -> Any:
        text = self.line.text().strip()
        if not text:
            return None
        try:
            return int(nombres.lire_saisie(text, decimales=0))
        except ValueError:
            raise Unreadable(tr("Nombre entier attendu.")) from None


class MoneyEditor(TextEditor):
    """A decimal number as :mod:`erp_desktop.domain.nombres` reads it."""

    def __init__(
        self, placeholder: str = "", *, decimals: int = 2, most: Decimal | None = None, units: tuple[str, ...] = ()
    ) -> None:
        super().__init__(placeholder)
        self._limits: dict[str, Any] = {"decimales": decimals, "maximum": most, "unites": units}

    def value(self) -> Any:
        text = self.line.text().strip()
        if not text:
            return None
        try:
            return nombres.lire_saisie(text, **self._limits)
        except nombres.AmbiguousError as error:
            raise Unreadable(said(str(error))) from None
        except ValueError:
            raise Unreadable(tr("Nombre attendu, par exemple 1250,50.")) from None

    def show_value(self, value: Any, words: str = "") -> None:
        super().show_value(None if value is None else _written(value), words)


def _written(value: Any) -> str:
    """``348 000,00``, and ``6`` rather than 6,000, which reads two ways; what is no number stays."""
    try:
        known = Decimal(str(value))
    except InvalidOperation:
        return str(value)
    words = decimal(known)
    return words.rstrip("0").rstrip(",") if len(words.partition(",")[2]) > 2 else words


class AreaEditor(Editor):
    """Several lines; an empty text is None."""

    def __init__(self, placeholder: str, lines: int) -> None:
        self.area = TextArea(placeholder, lines=lines)
        if theme().rtl:
            # On the side of the fields around it, whichever letters are written.
            option = self.area.document().defaultTextOption()
            option.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignAbsolute)
            self.area.document().setDefaultTextOption(option)
        super().__init__(self.area)
        self._quiet = False
        self.area.textChanged.connect(lambda: None if self._quiet else self.changed.emit())

    def value(self) -> Any:
        return self.area.toPlainText().strip() or None

    def show_value(self, value: Any, words: str = "") -> None:
        text = words or value or ""
        if self.area.hasFocus() and self.area.toPlainText() == text:
            return
        self._quiet = True
        self.area.setPlainText(text)
        self._quiet = False

    def set_read_only(self, read_only: bool) -> None:
        self.area.set_read_only(read_only)


_CARET, _BEFORE = 18, 12


class Combo(QComboBox):
    """A combo box with the theme's caret; the wheel scrolls the form, not the value."""

    def sizeHint(self) -> QSize:
        # The caret is painted here: the style knows no room for it.
        return super().sizeHint() + QSize(_CARET, 0)

    def initStyleOption(self, option: QStyleOptionComboBox) -> None:
        """The words end before the caret, which is painted over what the style leaves to them."""
        super().initStyleOption(option)
        room = self.width() - _BEFORE - _CARET - 12
        option.currentText = self.fontMetrics().elidedText(option.currentText, Qt.TextElideMode.ElideRight, room)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        box = paint.visual(theme().rtl, self.rect(), QRect(self.width() - 26, 0, 18, self.height()))
        colour = theme().color("text.secondary" if self.isEnabled() else "text.disabled")
        icons.draw(painter, box, "caret-down", colour, 13)
        painter.end()


class ChoiceEditor(Editor):
    """A short closed list."""

    def __init__(self, options: list[tuple[str, str]]) -> None:
        self.combo = Combo()
        for value, words in options:
            self.combo.addItem(words, value)
        super().__init__(self.combo)
        self.combo.activated.connect(lambda _index: self.changed.emit())

    def value(self) -> Any:
        return self.combo.currentData()

    def show_value(self, value: Any, words: str = "") -> None:
        found = self.combo.findData(None if value is None else str(value))
        if found < 0 and value is not None:
            self.combo.addItem(words or str(value), str(value))
            found = self.combo.count() - 1
        self.combo.setCurrentIndex(found)


class FlagEditor(Editor):
    def __init__(self, words: str) -> None:
        self.box = QCheckBox(words)
        super().__init__(self.box)
        self.box.clicked.connect(lambda _on: self.changed.emit())

    def value(self) -> Any:
        return self.box.isChecked()

    def show_value(self, value: Any, words: str = "") -> None:  # noqa: ARG002
        self.box.setChecked(bool(value))


class InfoEditor(TextEditor):
    """Shown, never edited."""

    def __init__(self) -> None:
        super().__init__()
        self.line.set_read_only(True)

    def value(self) -> Any:
        return None

    def set_read_only(self, read_only: bool) -> None:  # noqa: ARG002
        self.line.set_read_only(True)
