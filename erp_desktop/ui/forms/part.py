"""A piece of a form beside its fields: the row of acts, or one more tab."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from erp_desktop.ui.kit.controls import Field


class RecordPart(QWidget):
    """Follows the record of its panel."""

    unsaved = "Saisie non enregistrée"
    """What :meth:`draft` holds, said when the record is left."""
    counted = Signal(int)
    """Number to show beside the tab's title."""
    offered = Signal(bool)
    """Whether this record has anything for the part; without, its tab is not there."""

    changed = Signal()
    """The person typed in the part; the draft of the record holds :meth:`draft` from now on."""

    def draft(self) -> dict[str, Any]:
        """What is typed here and not yet saved; empty when there is nothing."""
        return {}

    def restore(self, kept: dict[str, Any]) -> None:
        """Show what :meth:`draft` gave, or a blank part for an empty one. A part that takes input overrides both."""

    def take_focus(self) -> None:
        """Put the keyboard where the part begins."""
        self.focusNextChild()

    def save_typed(self) -> bool:
        """Save what is typed here; False when there is nothing to."""
        return False

    def escape(self) -> bool:
        """Close what is open inside the part; False when nothing is."""
        return False

    def show_record(self, row_id: int | None, record: Any) -> None:
        """The panel shows another record, the same one freshly read, or a blank one (None, None)."""
        raise NotImplementedError


def look_at(inner: QWidget) -> None:
    """Put the keyboard into a field, scrolled to wherever it stands, with what is said under it."""
    inner.setFocus()

    def scroll() -> None:
        shown: QWidget | None = inner
        while shown is not None and not isinstance(shown, Field):
            shown = shown.parentWidget()
        area: QWidget | None = shown
        while area is not None and not isinstance(area, QScrollArea):
            area = area.parentWidget()
        if area is not None and shown is not None:
            area.ensureWidgetVisible(shown, 0, 16)

    # The sentence under the field takes its room with the next turn of the event loop.
    QTimer.singleShot(0, inner, scroll)


def scroller(body: QWidget | None = None) -> QScrollArea:
    """A vertical scroll area around one page of a form, which may come later."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    if body is not None:
        area.setWidget(body)
    return area
