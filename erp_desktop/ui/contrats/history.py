"""The tab of what happened to a contract, and of what is agreed to come."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from erp_desktop import clock
from erp_desktop.services.contrats import history
from erp_desktop.services.contrats.history import Fait
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.forms.part import RecordPart
from erp_desktop.ui.kit.controls import IconLabel, Text, clear
from erp_desktop.ui.kit.i18n import isolate, tr
from erp_desktop.ui.wording import value_labels as labels


class ContractHistoryTab(RecordPart):
    """Read only; the latest first, what is still to come with a calendar."""

    def __init__(self, panel: FormPanel) -> None:
        super().__init__()
        self._panel = panel
        self._row_id: int | None = None
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(16, 12, 14, 12)
        self.column.setSpacing(10)

    def show_record(self, row_id: int | None, _record: Any) -> None:
        self._row_id = row_id
        if row_id is None:
            self._show(None, [])
            return
        acteur = self._panel.contexte.acteur
        self._panel.contexte.tasks.run(
            lambda session: history.history(session, acteur, row_id), lambda found: self._show(row_id, found),
            owner=self,
        )  # fmt: skip

    def _show(self, row_id: int | None, found: list[Fait]) -> None:
        if row_id != self._row_id:
            return
        clear(self.column)
        for one in found:
            self.column.addWidget(self._line(one))
        self.column.addStretch()
        self.counted.emit(len(found))

    @staticmethod
    def _line(one: Fait) -> QWidget:
        line = QWidget()
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        icon = "calendar-dots" if one.jour > clock.today() else "clock-counter-clockwise"
        row.addWidget(IconLabel(icon, "text.tertiary", 15), 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(1)
        words.addWidget(Text(" ".join(filter(None, [tr(one.quoi), isolate(one.detail)])), "strong", wrap=True))
        told = " · ".join(filter(None, [isolate(labels.day(one.jour)), isolate(one.auteur)]))
        words.addWidget(Text(told, "caption", "text.tertiary"))
        row.addLayout(words, 1)
        return line
