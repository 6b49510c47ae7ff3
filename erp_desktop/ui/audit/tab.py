"""The history of one record, beside its form."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from erp_desktop.services.audit import acts
from erp_desktop.services.audit.acts import Act
from erp_desktop.ui.audit import action, changed, where
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.forms.part import RecordPart
from erp_desktop.ui.kit.controls import IconLabel, Text, clear
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.wording import field_labels, value_labels

_SHOWN = 200
"""Acts on one record that are drawn; the journal has them all."""


class RecordHistoryTab(RecordPart):
    """Who did what to this record and what belongs to it, newest first.

    Args:
        table: of the record; the form's own.
    """

    def __init__(self, panel: FormPanel, table: str) -> None:
        super().__init__()
        self._panel, self._table = panel, table
        self._row_id: int | None = None
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(16, 12, 14, 12)
        self.column.setSpacing(10)

    def show_record(self, row_id: int | None, record: Any) -> None:  # noqa: ARG002
        self._row_id = row_id
        if row_id is None:
            self._show(None, [])
            return
        acteur, table = self._panel.contexte.acteur, self._table
        self._panel.contexte.tasks.run(
            lambda session: acts.of_record(session, acteur, table, row_id), lambda found: self._show(row_id, found),
            owner=self,
        )  # fmt: skip

    def _show(self, row_id: int | None, found: list[Act]) -> None:
        if row_id != self._row_id:
            return
        clear(self.column)
        for act in found[:_SHOWN]:
            self.column.addWidget(self._entry(act))
        if not found:
            self.column.addWidget(Text(tr("Aucune action enregistrée."), "body", "text.tertiary"))
        self.column.addStretch()
        self.counted.emit(len(found))

    def _entry(self, act: Act) -> QWidget:
        line = QWidget()
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(IconLabel("clock-counter-clockwise", "text.tertiary", 15), 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(1)
        what = action(act) if act.table == self._table else f"{action(act)} · {field_labels.table(act.table)}"
        words.addWidget(Text(what, "strong", wrap=True))
        for told in (*changed(act), *([act.remarque] if act.remarque else [])):
            words.addWidget(Text(told, "body", "text.secondary", wrap=True))
        who = f"{value_labels.instant(act.quand, year=True)} · {act.auteur or tr('auteur inconnu')}"
        place = where(act)
        told_place = f" · {place}" if place != value_labels.NONE else ""
        words.addWidget(Text(who + told_place, "caption", "text.tertiary"))
        row.addLayout(words, 1)
        return line


def history_of(table: str) -> tuple[str, Any]:
    """The tab for the form of a table."""
    return "Historique", partial(RecordHistoryTab, table=table)
