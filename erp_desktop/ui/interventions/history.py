"""Who did what, when, with the values before and after."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from erp_desktop.services import interventions
from erp_desktop.services.interventions import HistoriqueInfo
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.forms.part import RecordPart
from erp_desktop.ui.kit.controls import IconLabel, Text, clear
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.wording import value_labels


def claimed(entry: HistoriqueInfo) -> str:
    """What a poste says of an act is a claim: where it was made, and when head office heard of it; else nothing."""
    if not entry.poste:
        return ""
    if entry.recu_a is None:
        return tr("déclaré au poste {poste}, pas encore reçu au siège", poste=entry.poste)
    when = value_labels.instant(entry.recu_a, year=True)
    return tr("déclaré au poste {poste}, reçu au siège le {quand}", poste=entry.poste, quand=when)


class HistoryTab(RecordPart):
    """The audit of one intervention, newest first."""

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
            lambda session: interventions.historique(session, acteur, row_id),
            lambda found: self._show(row_id, found),
            owner=self,
        )

    def _show(self, row_id: int | None, found: list[HistoriqueInfo]) -> None:
        if row_id != self._row_id:
            return
        clear(self.column)
        for entry in found:
            self.column.addWidget(self._entry(entry))
        if not found:
            self.column.addWidget(Text(tr("Aucune action enregistrée."), "body", "text.tertiary"))
        self.column.addStretch()
        self.counted.emit(len(found))

    @staticmethod
    def _entry(entry: HistoriqueInfo) -> QWidget:
        line = QWidget()
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(IconLabel("clock-counter-clockwise", "text.tertiary", 15), 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(1)
        what = tr(entry.action)
        if entry.champ:
            what += f" · {entry.champ}"
        words.addWidget(Text(what, "strong", wrap=True))
        if entry.avant or entry.apres:
            change = f"{entry.avant or value_labels.NONE} → {entry.apres or value_labels.NONE}"
            words.addWidget(Text(change, "body", "text.secondary", wrap=True))
        if entry.remarque:
            words.addWidget(Text(entry.remarque, "body", "text.secondary", wrap=True))
        who = f"{value_labels.instant(entry.horodatage, year=True)} · {entry.auteur or tr('auteur inconnu')}"
        words.addWidget(Text(f"{who} · {claim}" if (claim := claimed(entry)) else who, "caption", "text.tertiary"))
        row.addLayout(words, 1)
        return line
