"""The delays of a contract by priority, and a small form that says one."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Any

from PySide6.QtWidgets import QGridLayout, QLayout, QWidget

from erp_desktop.domain.contrats.saisie import DelaiInput
from erp_desktop.domain.enums import HoraireSla, Priorite
from erp_desktop.services.contrats import delays
from erp_desktop.services.contrats.delays import Delai
from erp_desktop.ui.contrats import marks
from erp_desktop.ui.forms import entry
from erp_desktop.ui.forms.editors import ChoiceEditor, MoneyEditor
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.kit.controls import Field, Text, clear, icon_button
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.wording import value_labels as labels

_FIRST = str(Priorite.URGENTE)


def _hours(minutes: int | None) -> str:
    """``1 h 30``."""
    return labels.NONE if minutes is None else marks.hours(minutes)


def _typed(minutes: int | None) -> Decimal | None:
    """Hours as they are typed."""
    return None if minutes is None else (Decimal(minutes) / 60).quantize(Decimal("0.01"))


class DelaysTab(entry.EntryPart):
    """A line per priority that has delays of its own; saying one again replaces it."""

    unsaved = "Délai non ajouté"
    blamed = "resolution"

    def __init__(self, panel: FormPanel) -> None:
        self._writable = False
        super().__init__(panel, tr("Fixer un délai"), 8)

    def make_fields(self) -> list[QLayout | QWidget]:
        ranked = [(str(p), labels.label(Priorite, p)) for p in delays.RANKED]
        self.priority = ChoiceEditor(ranked)
        self.begun, self.done = MoneyEditor("1", decimals=2), MoneyEditor("4", decimals=2)
        self.fields = {
            "priorite": Field(tr("Priorité"), self.priority),
            "prise_en_charge": Field(tr("Prise en charge (h)"), self.begun),
            "resolution": Field(tr("Résolution (h)"), self.done),
        }  # fmt: skip
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.addWidget(self.fields["priorite"], 0, 0, 1, 2)
        grid.addWidget(self.fields["prise_en_charge"], 1, 0)
        grid.addWidget(self.fields["resolution"], 1, 1)
        self.priority.changed.connect(self.changed)
        for editor in (self.begun, self.done):
            editor.changed.connect(self.changed)
        return [grid]

    def show_record(self, row_id: int | None, record: Any) -> None:
        self._row_id = row_id
        acteur = self._panel.contexte.acteur
        self._writable = record is not None and self._panel.spec.writes(self._panel.contexte.acteur, record)
        self.form.setVisible(self._writable)
        if row_id is None or record is None:
            self._show(None, "", [])
            return
        covered = labels.label(HoraireSla, record.horaire_sla)
        self._panel.contexte.tasks.run(
            lambda session: delays.lister(session, acteur, row_id),
            lambda found: self._show(row_id, covered, found), owner=self,
        )  # fmt: skip

    def _show(self, row_id: int | None, covered: str, found: list[Delai]) -> None:
        if row_id != self._row_id:
            return
        clear(self.lines)
        if found:
            holder = QWidget()
            grid = QGridLayout(holder)
            grid.setContentsMargins(0, 0, 0, 0)
            grid.setHorizontalSpacing(12)
            for place, head in enumerate((tr("Priorité"), tr("Prise en charge"), tr("Résolution"))):
                grid.addWidget(Text(head, "caption", "text.tertiary"), 0, place)
            for line, one in enumerate(found, start=1):
                cells = (labels.label(Priorite, one.priorite), _hours(one.prise_en_charge_min),
                         _hours(one.resolution_min))  # fmt: skip
                for place, told in enumerate(cells):
                    grid.addWidget(Text(told, "body" if place else "strong"), line, place)
                if self._writable:
                    grid.addWidget(icon_button("trash", tr("Retirer le délai"), partial(self._remove, one)), line, 3)
            grid.setColumnStretch(0, 1)
            self.lines.addWidget(holder)
        words = tr("Compté sur : {heures}.", heures=covered) if found else tr(
            "Aucun délai par priorité : ceux du contrat valent, sinon ceux de la maison.")  # fmt: skip
        self.lines.addWidget(Text(words, "caption", "text.tertiary", wrap=True))
        self.counted.emit(len(found))

    def draft(self) -> dict[str, Any]:
        return entry.typed(self.fields, {"priorite": _FIRST})

    def restore(self, kept: dict[str, Any]) -> None:
        entry.put_back(self.fields, kept, {"priorite": _FIRST})

    def begin_next(self) -> None:
        self.begun.inner.setFocus()

    def add(self) -> None:
        values = entry.read(self.fields)
        if values is not None:
            self.submit(
                lambda session, acteur, row_id: delays.fixer(session, acteur, row_id, DelaiInput(**values)),
                tr("Délai fixé"),
            )

    def _remove(self, one: Delai) -> None:
        typed = DelaiInput(
            priorite=Priorite(one.priorite), prise_en_charge=_typed(one.prise_en_charge_min),
            resolution=_typed(one.resolution_min),
        )  # fmt: skip
        self.take_away(
            lambda session, acteur, row_id: delays.retirer(session, acteur, row_id, Priorite(typed.priorite)),
            tr("Délai retiré"),
            lambda session, acteur, row_id: delays.fixer(session, acteur, row_id, typed),
        )
