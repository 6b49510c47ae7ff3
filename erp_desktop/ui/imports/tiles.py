"""A figure of the dry run, with its word and its colour."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from erp_desktop.ui.kit.controls import IconLabel, Text
from erp_desktop.ui.kit.i18n import number
from erp_desktop.ui.kit.surfaces import Surface


class Tile(Surface):
    """``1 096 créations``."""

    def __init__(self, tone: str, icon: str, words: str) -> None:
        super().__init__("surface.raised", "border.subtle", 6)
        self._words = words
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        column.setSpacing(2)
        head = QHBoxLayout()
        head.setSpacing(6)
        head.addWidget(IconLabel(icon, f"semantic.{tone}.text", 16, "bold" if icon == "prohibit" else "fill"))
        self.figure = Text("—", "title")
        head.addWidget(self.figure)
        head.addStretch()
        column.addLayout(head)
        column.addWidget(Text(words, "caption", "text.secondary"))

    def say(self, value: int) -> None:
        self.figure.setText(number(value))
        self.setAccessibleName(f"{number(value)} {self._words}")
