"""Where a line's part comes from: the part, its depot or van, and whether it is only set aside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QWidget

from erp_desktop.domain.suivi import SuiviPiece
from erp_desktop.services.stock import lookup, quantities
from erp_desktop.services.stock.lookup import PartChoice
from erp_desktop.services.stock.quantities import Place
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.forms.editors import ChoiceEditor, FlagEditor, TextEditor
from erp_desktop.ui.forms.picker import PickerEditor
from erp_desktop.ui.forms.spec import Choices
from erp_desktop.ui.kit.controls import Field
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.stock.figures import quantity
from erp_desktop.ui.tasks import Task


class PartFields(QWidget):
    """Four fields for the form that adds a line."""

    changed = Signal()
    chosen = Signal(object)
    """The part taken, a :class:`PartChoice`: its words and price go into the line."""

    def __init__(self, contexte: Contexte) -> None:
        super().__init__()
        self._contexte = contexte
        self._found: dict[int, PartChoice] = {}
        self.part = PickerEditor(self._search, tr("Référence, désignation ou code-barres"))
        self.depot = ChoiceEditor([])
        self.lot = TextEditor(tr("Ce qui est posé"))
        self.planned = FlagEditor(tr("Prévue, à sortir plus tard"))
        self.fields = {
            "piece_id": Field(tr("Pièce"), self.part), "depot_id": Field(tr("Dépôt"), self.depot),
            "lot": Field(tr("Lot ou série"), self.lot), "prevue": Field("", self.planned),
        }  # fmt: skip
        self.planned.setAccessibleName(tr("Prévue, à sortir plus tard"))
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        for place, field in enumerate(self.fields.values()):
            grid.addWidget(field, place, 0)
        # A combo box is as wide as its longest place; the panel is not.
        self.depot.combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.depot.combo.setMinimumContentsLength(8)
        self.part.changed.connect(self._picked)
        self.fields["lot"].hide()
        for editor in (self.depot, self.lot, self.planned):
            editor.changed.connect(self.changed)

    def _search(self, text: str, offer: Callable[[Choices | None], object]) -> Task:
        acteur, depot = self._contexte.acteur, self.depot.value()

        def show(found: list[PartChoice]) -> None:
            self._found.update({c.id: c for c in found})
            offer([(c.id, f"{c.reference} · {c.designation}", f"{quantity(c.stock)} {c.unite}") for c in found])

        def failed(error: Exception) -> None:
            self._contexte.tasks.failed.emit(error)
            offer(None)

        return self._contexte.tasks.run(
            lambda session: lookup.choices(session, acteur, text, depot), show, failed, owner=self
        )

    def _picked(self) -> None:
        if not self.part.unsettled and (found := self._found.get(self.part.value() or 0)) is not None:
            self.fields["lot"].setVisible(found.suivi != SuiviPiece.AUCUN)
            self.chosen.emit(found)
        self.changed.emit()

    def show_for(self, technicien_id: int | None, *, begun: bool) -> None:
        """Offer the open places, the technicien's van first chosen; before the work begins a part is set aside."""
        acteur = self._contexte.acteur

        def show(places: list[Place]) -> None:
            kept = self.depot.value()
            self.depot.combo.clear()
            self.depot.combo.addItem(tr("Sans mouvement de stock"), None)
            for place in places:
                self.depot.combo.addItem(place.nom, place.id)
            van = next((p.id for p in places if technicien_id is not None and p.technicien_id == technicien_id), None)
            wanted = kept if kept is not None else van if van is not None else places[0].id if places else None
            self.depot.combo.setCurrentIndex(max(self.depot.combo.findData(wanted), 0))

        self.planned.show_value(not begun)
        self._contexte.tasks.run(lambda session: quantities.places(session, acteur, open_only=True), show, owner=self)

    def values(self) -> dict[str, Any]:
        """What the line takes.

        Raises:
            Unreadable: the words typed name no part.
        """
        part = self.part.value()
        if part is None:
            return {}
        depot = self.depot.value()
        planned = bool(self.planned.value()) and depot is not None
        return {"piece_id": part, "depot_id": depot, "prevue": planned, "lot": self.lot.value()}

    def clear(self) -> None:
        """Nothing chosen; the place stays, the next part often comes from it too."""
        self.part.show_value(None)
        self.lot.show_value(None)
        self.fields["lot"].hide()
        for field in self.fields.values():
            field.say("")
