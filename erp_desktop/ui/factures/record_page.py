"""An invoice filling a tab: its form, and beside it the paper as it would be printed now."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QSplitter

from erp_desktop.ui.context import Contexte
from erp_desktop.ui.factures import FORM
from erp_desktop.ui.factures.paper import PaperPane
from erp_desktop.ui.forms.page import RecordPage

_SHOWS = frozenset({"factures", "lignes_facture", "clients"})
_ROOM = 1400
"""Width of a window below which the form needs all of it."""
_OPEN, _SIZES = "factures/apercu", "factures/volets-apercu"


class InvoiceRecordPage(RecordPage):
    """The paper follows what is saved and typed; that it is put away, and how wide, is remembered on this desktop."""

    def __init__(self, contexte: Contexte, row_id: int | None, slot: int | None = None) -> None:
        super().__init__(FORM, contexte, row_id, slot)
        folder = contexte.settings.data_dir
        self._memory = QSettings(str(folder / "fenetre.ini"), QSettings.Format.IniFormat)
        self.paper = PaperPane(contexte, self.panel.fields)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setHandleWidth(1)
        self.splitter.setChildrenCollapsible(False)
        if (column := self.layout()) is not None:
            column.removeWidget(self.panel)
            self.splitter.addWidget(self.panel)
            self.splitter.addWidget(self.paper)
            column.addWidget(self.splitter)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setStretchFactor(1, 0)
        self.splitter.setSizes([760, 440])
        if (sizes := self._memory.value(_SIZES)) is not None:
            self.splitter.restoreState(sizes)
        self.paper.set_open(str(self._memory.value(_OPEN, "oui")) == "oui")
        self.paper.toggled.connect(lambda on: self._memory.setValue(_OPEN, "oui" if on else "non"))
        self.splitter.splitterMoved.connect(lambda *_: self._memory.setValue(_SIZES, self.splitter.saveState()))
        self.panel.shown.connect(lambda: self.paper.show_record(self.panel.row_id))
        self.panel.fields.changed.connect(lambda: self.paper.show_record(self.panel.row_id))
        self.panel.dirty_changed.connect(lambda: self.paper.show_record(self.panel.row_id))
        contexte.bus.data_changed.connect(self._stale)

    def _stale(self, changes: Any, _initiator: object) -> None:
        if _SHOWS & set(changes):
            self.paper.show_record(self.panel.row_id)

    def _fit(self) -> None:
        self.paper.setVisible(self.window().width() >= _ROOM)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()
