"""The first copy as it goes: one line per table, counting."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from erp_desktop.ui.kit.controls import IconLabel, Text
from erp_desktop.ui.kit.i18n import number, tr
from erp_desktop.ui.kit.surfaces import Card
from erp_desktop.ui.wording import field_labels

_SHOWN = ("clients", "equipements", "interventions", "lignes_intervention", "historiques_interventions", "documents")


class Copie(QWidget):
    """Progress of enrolment; the total is not known beforehand, the counts are."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        self.bar = QProgressBar()
        self.bar.setRange(0, 0)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(tr("Première copie"))
        column.addWidget(self.bar)
        card = Card("surface.sunken")
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(7)
        self._lines: dict[str, tuple[IconLabel, Text]] = {}
        for line, name in enumerate(_SHOWN):
            mark = IconLabel("circle-dashed", "text.tertiary", 14)
            count = Text("", "body", "text.secondary")
            grid.addWidget(mark, line, 0)
            grid.addWidget(Text(self._plural(name), "body"), line, 1)
            grid.addWidget(count, line, 2, Qt.AlignmentFlag.AlignRight)
            self._lines[name] = (mark, count)
        grid.setColumnStretch(1, 1)
        card.box.addLayout(grid)
        column.addWidget(card)
        row = QHBoxLayout()
        self.words = Text(tr("Inscription de ce poste auprès du siège…"), "body", "text.secondary")
        row.addWidget(self.words)
        row.addStretch()
        column.addLayout(row)
        self.counts: dict[str, int] = {}

    @staticmethod
    def _plural(name: str) -> str:
        return {
            "clients": tr("Clients"), "equipements": tr("Équipements"), "interventions": tr("Interventions"),
            "lignes_intervention": tr("Lignes d'intervention"), "historiques_interventions": tr("Historique"),
            "documents": tr("Documents"),
        }[name]  # fmt: skip

    def advance(self, name: str, count: int) -> None:
        """A table has ``count`` rows so far."""
        self.counts[name] = count
        if name in self._lines:
            for done in self._lines:
                if done in self.counts:
                    self._lines[done][0].set_icon("check-circle", "semantic.success.text", "fill")
            self._lines[name][1].setText(number(count))
        total = number(sum(self.counts.values()))
        self.words.setText(tr("{table} : {n} lignes copiées en tout", table=field_labels.table(name), n=total))
