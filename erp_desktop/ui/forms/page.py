"""A form filling a tab of the window."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QVBoxLayout

from erp_desktop.ui.context import Contexte
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.forms.spec import FormSpec
from erp_desktop.ui.page import Page


class RecordPage(Page):
    """One record, or a blank form that becomes the record it creates."""

    def __init__(self, spec: FormSpec, contexte: Contexte, row_id: int | None, slot: int | None = None) -> None:
        super().__init__()
        self.panel = FormPanel(spec, contexte, beside_list=False)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.panel)
        self.panel.title_changed.connect(self.title_changed)
        self.panel.dirty_changed.connect(self.dirty_changed)
        self.panel.closed.connect(self.closed)
        self.panel.saved.connect(self._saved)
        self.panel.shown.connect(self._arrived)
        self._blank = row_id is None
        self._read = False
        # The window listens once the page stands in its tab.
        QTimer.singleShot(0, self, lambda: self.panel.open_record(row_id, slot))

    def _saved(self, row_id: int) -> None:
        if self._blank:
            self._blank = False
            self.record_created.emit(row_id)

    def take_focus(self, why: Qt.FocusReason = Qt.FocusReason.OtherFocusReason) -> None:
        """Into the first field; the page itself holds the keyboard until the record is read."""
        self.setFocus(why)
        if self._read:
            self._arrived()

    def _arrived(self) -> None:
        self._read = True
        if self.hasFocus() and not self.panel.take_focus():
            super().take_focus()

    def untouched(self) -> bool:
        return self._blank and not self.panel.dirty

    def save(self) -> bool:
        self.panel.save()
        return True

    def print_out(self) -> bool:
        return self.panel.print_out()

    def reload(self) -> bool:
        if self.panel.row_id is not None and not self.panel.dirty:
            self.panel.open_record(self.panel.row_id)
        return True

    def record_panel(self) -> FormPanel:
        return self.panel

    def escape(self) -> bool:
        return self.panel.escape()

    def leave(self) -> None:
        self.panel.keep_now()
