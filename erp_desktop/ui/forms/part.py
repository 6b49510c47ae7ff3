"""A piece of a form beside its fields: the row of acts, or one more tab."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget


class RecordPart(QWidget):
    """Follows the record of its panel."""

    counted = Signal(int)
    """Number to show beside the tab's title."""

    def show_record(self, row_id: int | None, record: Any) -> None:
        """The panel shows another record, the same one freshly read, or a blank one (None, None)."""
        raise NotImplementedError


def scroller(body: QWidget) -> QScrollArea:
    """A vertical scroll area around one page of a form."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(body)
    return area
