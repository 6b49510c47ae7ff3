"""The filter box: one line whose typed words stand out."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QFont,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QSyntaxHighlighter,
    QTextCharFormat,
    QTextOption,
)
from PySide6.QtWidgets import QFrame, QHBoxLayout, QTextEdit, QWidget

from erp_desktop.domain.recherche import cherchee
from erp_desktop.ui.kit import paint
from erp_desktop.ui.kit.controls import Button, IconLabel
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.kit.offers import Offers
from erp_desktop.ui.kit.paint import KeyCap
from erp_desktop.ui.kit.surfaces import Surface
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.lists.query import Keys, words


class _Highlighter(QSyntaxHighlighter):
    def __init__(self, edit: QTextEdit, keys: Keys) -> None:
        super().__init__(edit.document())
        self._keys = keys

    def highlightBlock(self, text: str) -> None:
        look = QTextCharFormat()
        look.setForeground(theme().color("accent.text"))
        look.setFontWeight(QFont.Weight.DemiBold)
        for word in words(text, self._keys):
            if word.key:
                self.setFormat(word.start, len(word.key) + 1, look)


class _Line(QTextEdit):
    """A text edit of one line."""

    submitted = Signal()
    left_down = Signal()
    focused = Signal(bool)

    def __init__(self, hint: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._hint = hint
        self.offers: Offers | None = None
        self.setAcceptRichText(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTabChangesFocus(True)
        self.setLineWrapMode(QTextEdit.LineWrapMode.NoWrap)
        self.setWordWrapMode(QTextOption.WrapMode.NoWrap)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)
        self.document().setDocumentMargin(0)
        self.setFixedHeight(20)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.document().isEmpty():
            painter = QPainter(self.viewport())
            look, room = theme(), self.viewport().rect().adjusted(2, 0, -2, -1)
            paint.text(painter, room, self._hint, rtl=look.rtl, font=self.font(), colour=look.color("text.tertiary"))
            painter.end()

    def sizeHint(self) -> QSize:
        return QSize(200, 20)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        taking = self.offers is not None and self.offers.highlighted() is not None
        closing = self.offers is not None and self.offers.visible and event.key() == Qt.Key.Key_Escape
        if closing or (taking and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab)):
            event.ignore()  # the list of completions takes it
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.submitted.emit()
        elif event.key() == Qt.Key.Key_Down:
            self.left_down.emit()
        else:
            super().keyPressEvent(event)

    def insertFromMimeData(self, source: QMimeData) -> None:
        self.insertPlainText(" ".join(source.text().split()))

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.focused.emit(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.focused.emit(False)


class FilterBox(Surface):
    """Emits :attr:`changed` a moment after the typing stops, at once on Enter."""

    changed = Signal(str)
    left_down = Signal()
    _PAUSE_MS = 180

    def __init__(self, keys: Keys, placeholder: str, parent: QWidget | None = None) -> None:
        super().__init__("surface.base", "border.control", theme().px("radius.sm"), parent=parent)
        self.setFixedHeight(32)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 0, 4, 0)
        row.setSpacing(8)
        row.addWidget(IconLabel("funnel", "accent.text", 16))
        self.edit = _Line(placeholder)
        self.edit.setAccessibleName(tr("Filtre de la liste"))
        self._highlighter = _Highlighter(self.edit, keys)
        theme().changed.connect(self._highlighter.rehighlight)
        row.addWidget(self.edit, 1)
        row.addWidget(KeyCap("Ctrl F"))
        self._clear = Button("", "icon", icon="x", tip=tr("Effacer les filtres"), on_click=lambda: self.set_text(""))
        self._clear.setFixedSize(26, 26)
        row.addWidget(self._clear)
        self._said = ""
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(self._PAUSE_MS)
        self._pause.timeout.connect(self._say)
        self.edit.textChanged.connect(self._typed)
        self.edit.submitted.connect(self._say)
        self.edit.left_down.connect(self.left_down)
        self.edit.focused.connect(
            lambda on: self.set_look("surface.base", "focus" if on else "border.control")
        )  # fmt: skip
        self._clear.hide()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.edit.hasFocus():
            painter = QPainter(self)
            paint.rounded(painter, self.rect(), theme().px("radius.sm"), None, theme().color("focus"), 2)
            painter.end()

    def text(self) -> str:
        return cherchee(self.edit.toPlainText())

    def set_text(self, text: str) -> None:
        """Replace the filter and say so at once."""
        self.edit.setPlainText(text)
        self._say()

    def _typed(self) -> None:
        self._clear.setVisible(bool(self.edit.toPlainText()))
        self._pause.start()

    def _say(self) -> None:
        self._pause.stop()
        if self.text() != self._said:
            self._said = self.text()
            self.changed.emit(self._said)
