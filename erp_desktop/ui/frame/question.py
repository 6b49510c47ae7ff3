"""A question that covers the window until it is answered."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from erp_desktop.ui.kit.controls import Button, Text
from erp_desktop.ui.kit.surfaces import Card, Surface


class QuestionPage(Surface):
    """A card with a title, and two answers at its foot; Enter gives the one that has the keyboard, Esc says no.

    Attributes:
        card: what belongs between title and answers is added to its box before ``ask``.
    """

    answered = Signal(bool)

    def __init__(self, title: str) -> None:
        super().__init__("surface.app")
        column = QVBoxLayout(self)
        column.addStretch(2)
        self.card = Card()
        self.card.setFixedWidth(520)
        self.card.box.addWidget(Text(title, "title", wrap=True))
        # Between stretches, not aligned: an aligned card would not grow with the lines of its sentence.
        row = QHBoxLayout()
        row.addStretch()
        row.addWidget(self.card)
        row.addStretch()
        column.addLayout(row)
        column.addStretch(3)

    def ask(self, words: str, answers: tuple[Button, Button], first: Button) -> None:
        """Say what either answer does, and give the keyboard to one of them."""
        self.card.box.addWidget(Text(words, "body", "text.secondary", wrap=True))
        foot = QHBoxLayout()
        foot.addStretch()
        for answer in answers:
            foot.addWidget(answer)
        self.card.box.addLayout(foot)
        self._first = first

    def setFocus(self, reason: Qt.FocusReason = Qt.FocusReason.OtherFocusReason) -> None:
        """Give the keyboard to the answer that ``ask`` named."""
        self._first.setFocus(reason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.answered.emit(False)
            return
        super().keyPressEvent(event)
