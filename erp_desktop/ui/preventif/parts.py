"""The parts that each visit of a plan sets aside."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLayout, QWidget

from erp_desktop.domain.preventif.saisie import PieceInput
from erp_desktop.services.preventif import parts
from erp_desktop.services.preventif.parts import PieceInfo
from erp_desktop.services.stock import lookup
from erp_desktop.ui.forms import entry
from erp_desktop.ui.forms.editors import MoneyEditor
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.forms.picker import PickerEditor
from erp_desktop.ui.kit.controls import Field, IconLabel, Text, clear, icon_button
from erp_desktop.ui.kit.i18n import isolate, tr
from erp_desktop.ui.tasks import Task


class PartsTab(entry.EntryPart):
    """Follows the plan of its panel."""

    unsaved = "Pièce non ajoutée"
    blamed = "piece_id"

    def __init__(self, panel: FormPanel) -> None:
        self._writable = False
        super().__init__(panel, tr("Ajouter une pièce"), 6)
        words = tr("Réservées au magasin de l'agence à la création de chaque visite.")
        self.between.addWidget(Text(words, "caption", "text.secondary", wrap=True))

    def make_fields(self) -> list[QLayout | QWidget]:
        self.part, self.quantity = PickerEditor(self._search), MoneyEditor("1", decimals=3)
        self.fields = {"piece_id": Field(tr("Pièce"), self.part), "quantite": Field(tr("Quantité"), self.quantity)}
        for field in self.fields.values():
            field.editor.changed.connect(self.changed)  # type: ignore[attr-defined]
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.addWidget(self.fields["piece_id"], 0, 0)
        grid.addWidget(self.fields["quantite"], 0, 1)
        grid.setColumnStretch(0, 3)
        grid.setColumnStretch(1, 1)
        return [grid]

    def _search(self, text: str, offer: Any) -> Task:
        acteur, tasks = self._panel.contexte.acteur, self._panel.contexte.tasks

        def failed(error: Exception) -> None:
            tasks.failed.emit(error)
            offer(None)

        def read(session: Any) -> list[tuple[int, str, str]]:
            return [(p.id, p.reference, p.designation) for p in lookup.choices(session, acteur, text)]

        return tasks.run(read, offer, failed, owner=self)

    def show_record(self, row_id: int | None, record: Any) -> None:
        self._row_id = row_id
        self._writable = record is not None and self._panel.spec.writes(self._panel.contexte.acteur, record)
        self.form.setVisible(self._writable)
        if row_id is None:
            self._show(None, [])
            return
        acteur = self._panel.contexte.acteur
        self._panel.contexte.tasks.run(
            lambda session: parts.lister(session, acteur, row_id), lambda found: self._show(row_id, found),
            owner=self,
        )  # fmt: skip

    def _show(self, row_id: int | None, found: list[PieceInfo]) -> None:
        if row_id != self._row_id:
            return
        clear(self.lines)
        for one in found:
            holder = QWidget()
            row = QHBoxLayout(holder)
            row.setContentsMargins(0, 2, 0, 2)
            row.setSpacing(10)
            row.addWidget(IconLabel("package", "text.tertiary", 16))
            row.addWidget(Text(f"{isolate(one.reference)} · {one.designation}", "body", wrap=True), 1)
            row.addWidget(Text(f"{isolate(f'{one.quantite.normalize():f}')} {one.unite}", "strong"))
            if self._writable:
                row.addWidget(icon_button("trash", tr("Retirer"), partial(self._remove, one)))
            self.lines.addWidget(holder)
        if not found:
            self.lines.addWidget(Text(tr("Aucune pièce."), "body", "text.tertiary"))
        self.counted.emit(len(found))

    def draft(self) -> dict[str, Any]:
        return entry.typed(self.fields)

    def restore(self, kept: dict[str, Any]) -> None:
        entry.put_back(self.fields, kept)

    def begin_next(self) -> None:
        self.part.inner.setFocus()

    def add(self) -> None:
        """Add the part chosen, or give the one that is there another quantity."""
        values = entry.read(self.fields)
        if values is not None:
            told = {"piece_id": values["piece_id"], "quantite": values["quantite"] or "1"}
            self.submit(
                lambda session, acteur, row_id: parts.ajouter(session, acteur, row_id, PieceInput(**told)),
                tr("Pièce ajoutée au plan"),
            )

    def _remove(self, one: PieceInfo) -> None:
        again = PieceInput(piece_id=one.piece_id, quantite=one.quantite)
        self.take_away(
            lambda session, acteur, _row_id: parts.retirer(session, acteur, one.id), tr("Pièce retirée du plan"),
            lambda session, acteur, row_id: parts.ajouter(session, acteur, row_id, again),
        )  # fmt: skip
