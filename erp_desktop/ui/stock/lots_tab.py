"""Where the lots and serial numbers of a part are, and into which machines work has built them."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from erp_desktop.domain.suivi import SuiviPiece
from erp_desktop.services.stock import lots
from erp_desktop.services.stock.lots import Built, Held
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.forms.part import RecordPart
from erp_desktop.ui.kit.controls import Button, Text, clear
from erp_desktop.ui.kit.i18n import isolate, tr
from erp_desktop.ui.stock.figures import quantity
from erp_desktop.ui.wording import value_labels as labels


class LotsTab(RecordPart):
    """Follows the part of its panel."""

    def __init__(self, panel: FormPanel) -> None:
        super().__init__()
        self._panel = panel
        self._row_id: int | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 14, 12)
        column.setSpacing(6)
        self.lines = QVBoxLayout()
        self.lines.setSpacing(6)
        column.addLayout(self.lines)
        column.addStretch()

    def show_record(self, row_id: int | None, record: Any) -> None:
        self._row_id = row_id
        self.offered.emit(record is not None and record.suivi != SuiviPiece.AUCUN)
        if row_id is None:
            clear(self.lines)
            return
        acteur = self._panel.contexte.acteur
        self._panel.contexte.tasks.run(
            lambda session: lots.of_part(session, acteur, row_id), lambda found: self._show(row_id, *found),
            owner=self,
        )  # fmt: skip

    def _show(self, row_id: int, held: list[Held], built: list[Built]) -> None:
        if row_id != self._row_id:
            return
        clear(self.lines)
        if not held:
            self.lines.addWidget(Text(tr("Aucun lot en stock."), "body", "text.tertiary"))
        for here in held:
            tone = "semantic.danger.text" if here.trouble else "text.primary"
            detail = f"{here.depot} · {tr('à vérifier')}" if here.trouble else here.depot
            self.lines.addWidget(self._line(here.lot, detail, Text(quantity(here.quantite), "strong", tone)))
        if built:
            self.lines.addWidget(Text(tr("Posés"), "section"))
        for one in built:
            number = Button(isolate(one.numero), "link", on_click=partial(self._open, one.intervention_id))
            detail = " · ".join(filter(None, [one.equipement, labels.instant(one.quand), quantity(one.quantite)]))
            self.lines.addWidget(self._line(one.lot, detail, number))
        self.counted.emit(len(held))

    @staticmethod
    def _line(lot: str, detail: str, end: QWidget) -> QWidget:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(Text(isolate(lot), "strong"))
        words.addWidget(Text(detail, "caption", "text.secondary", wrap=True))
        row.addLayout(words, 1)
        row.addWidget(end)
        return holder

    def _open(self, intervention: int) -> None:
        self._panel.contexte.open_record("interventions", intervention)
