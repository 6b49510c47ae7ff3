"""A piece of a form beside its fields: the row of acts, or one more tab."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from erp_desktop.errors import DamagedError, DeviceErasedError, ErpError
from erp_desktop.ui.kit.controls import Button, Field, IconLabel, Text
from erp_desktop.ui.kit.i18n import said, tr
from erp_desktop.ui.kit.surfaces import Card, Surface
from erp_desktop.ui.tasks import FailsAlone


class Unread(Surface):
    """Over the page of a part that could not be read: what it would show is not known."""

    def __init__(self, area: QScrollArea) -> None:
        super().__init__("surface.base", parent=area)
        self._again: Callable[[], object] = lambda: None
        self._detail = ""
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 14, 12)
        self.card = Card("surface.sunken")
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(IconLabel("warning-circle", "semantic.danger.text", 18))
        head.addWidget(Text(tr("Cette partie n'a pas pu être lue"), "section"), 1)
        self.card.box.addLayout(head)
        self.words = Text("", "body", "text.secondary", wrap=True)
        self.card.box.addWidget(self.words)
        row = QHBoxLayout()
        row.setSpacing(8)
        self.retry = Button(tr("Réessayer"), "soft", icon="arrows-clockwise", on_click=self._ask)
        row.addWidget(self.retry)
        row.addWidget(Button(tr("Copier le détail"), "ghost",
                             on_click=lambda: QGuiApplication.clipboard().setText(self._detail)))  # fmt: skip
        row.addStretch()
        self.card.box.addLayout(row)
        column.addWidget(self.card)
        column.addStretch()
        area.installEventFilter(self)
        self.setGeometry(area.rect())

    def _ask(self) -> None:
        self._again()

    def tell(self, error: Exception, again: Callable[[], object]) -> None:
        self._again = again
        self._detail = "".join(traceback.format_exception(error))
        expected = isinstance(error, ErpError)
        self.words.setText(said(str(error)) if expected else tr("Le détail est dans le journal de ce poste."))
        self.show()
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and isinstance(watched, QWidget) and watched is self.parent():
            self.setGeometry(watched.rect())
        return super().eventFilter(watched, event)


class RecordPart(FailsAlone, QWidget):
    """Follows the record of its panel; a tab whose reading fails says so in its place, and the others stand."""

    unread: Unread | None = None
    _not_read: frozenset[object] = frozenset()

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

    def reading_failed(self, what: object, error: Exception, again: Callable[[], object]) -> bool:
        viewport = self.parentWidget()
        area = viewport.parentWidget() if viewport is not None else None
        # A damaged database, or a desktop that was taken off, is of the whole window; a row of acts has no page.
        if isinstance(error, DamagedError | DeviceErasedError) or not isinstance(area, QScrollArea):
            return False
        self._not_read |= {what}
        if self.unread is None:
            self.unread = Unread(area)
        self.unread.tell(error, again)
        return True

    def reading_done(self, what: object) -> None:
        self._not_read -= {what}
        if self.unread is not None and not self._not_read:
            self.unread.hide()

    def begin_anew(self) -> None:
        """What failed was of the record shown before."""
        self._not_read = frozenset()
        if self.unread is not None:
            self.unread.hide()

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
