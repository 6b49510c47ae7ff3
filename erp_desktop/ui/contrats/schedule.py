"""When a contract is invoiced: the parts of its amount, past and to come, revised at each anniversary."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, Final

from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from erp_desktop import clock
from erp_desktop.domain.argent import format_montant as montant
from erp_desktop.domain.contrats.echeancier import Echeance
from erp_desktop.services import contrats
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.forms.part import RecordPart
from erp_desktop.ui.kit.controls import Text, clear
from erp_desktop.ui.kit.i18n import isolate, number, tr
from erp_desktop.ui.kit.surfaces import Pill
from erp_desktop.ui.wording import value_labels as labels

_PAST = 4
_STATES: Final = {
    "passee": ("archivee", "Passée"), "en_cours": ("en_cours", "En cours"), "a_venir": ("ouverte", "Prévue"),
}  # fmt: skip


class ScheduleTab(RecordPart):
    """Read only: the terms are changed under « Conditions »."""

    def __init__(self, panel: FormPanel) -> None:
        super().__init__()
        self._panel = panel
        self.shown: list[Echeance] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 14, 12)
        column.setSpacing(8)
        self.told = Text("", "body", "text.secondary", wrap=True)
        column.addWidget(self.told)
        held = QWidget()
        self.grid = QGridLayout(held)
        self.grid.setContentsMargins(0, 0, 0, 0)
        self.grid.setHorizontalSpacing(14)
        self.grid.setVerticalSpacing(7)
        self.grid.setColumnStretch(1, 1)
        column.addWidget(held)
        column.addStretch()

    def show_record(self, _row_id: int | None, record: Any) -> None:
        clear(self.grid)
        self.shown = []
        if record is None or not record.montant_annuel:
            self.told.setText(tr("Donnez le montant annuel et la facturation : l'échéancier s'en déduit."))
            self.counted.emit(0)
            return
        today = clock.today()
        every = contrats.echeances(record, today)
        past = [one for one in every if one.au < today]
        self.shown = [*past[-_PAST:], *(one for one in every if one.au >= today)]
        self.told.setText(self._summary(record, past))
        for line, one in enumerate(self.shown):
            self._line(line, one, today)
        self.counted.emit(len(every) - len(past))

    def _summary(self, record: Any, past: list[Echeance]) -> str:
        parts = []
        if record.revision_pct:
            what = f" ({record.indice})" if record.indice else ""
            rate = isolate(f"{record.revision_pct.normalize():f}".replace(".", ","))
            parts.append(tr("Révisé de {taux} % à chaque anniversaire{indice}.", taux=rate, indice=what))
        if past:
            total = sum((one.montant for one in past), Decimal(0))
            parts.append(tr("{n} échéances passées, {total} HT.", n=number(len(past)), total=isolate(montant(total))))
        parts.append(tr("Chaque échéance est due le premier jour de ce qu'elle couvre."))
        return " ".join(parts)

    def _line(self, line: int, one: Echeance, today: date) -> None:
        state = "passee" if one.au < today else "en_cours" if one.du <= today else "a_venir"
        days = tr("du {du} au {au}", du=isolate(labels.day(one.du)), au=isolate(labels.day(one.au)))
        year = tr("année {n}", n=number(one.annee))
        pill, words = _STATES[state]
        first = 2 * line
        for place, widget in enumerate((
            Text(isolate(labels.day(one.du)), "strong"), Text(isolate(montant(one.montant)), "strong"),
            Pill(pill, tr(words)),
        )):  # fmt: skip
            self.grid.addWidget(widget, first, place)
            widget.show()
        # Beside the others it would have the width of one word.
        covered = Text(f"{days} · {year}", "body", "text.secondary", wrap=True)
        self.grid.addWidget(covered, first + 1, 0, 1, 3)
        covered.show()
