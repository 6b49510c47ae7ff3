"""How much of one part each place should hold: a line for each, saved with Enter."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from erp_desktop.domain.enums import TypeDepot
from erp_desktop.domain.saisie.stock import SeuilInput
from erp_desktop.services.stock import parts
from erp_desktop.services.stock.parts import PlaceStock
from erp_desktop.ui.forms import entry
from erp_desktop.ui.forms.editors import MoneyEditor
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.forms.part import RecordPart
from erp_desktop.ui.forms.spec import ecrit_les_fiches
from erp_desktop.ui.kit.controls import Button, Field, Text, clear
from erp_desktop.ui.kit.i18n import tr


class ThresholdTab(RecordPart):
    """Follows the part of its panel.

    Attributes:
        rows: place → its two fields.
    """

    unsaved = "Seuil non enregistré"

    def __init__(self, panel: FormPanel) -> None:
        super().__init__()
        self._panel = panel
        self._row_id: int | None = None
        self.rows: dict[int, tuple[Field, Field]] = {}
        self._saved: dict[int, list[str]] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 14, 12)
        column.setSpacing(10)
        words = tr("Sans seuil ici, le stock minimum de la fiche vaut pour toute l'agence.")
        column.addWidget(Text(words, "caption", "text.secondary", wrap=True))
        self.holder = QVBoxLayout()
        self.holder.setSpacing(10)
        column.addLayout(self.holder)
        column.addStretch()

    def show_record(self, row_id: int | None, record: Any) -> None:
        typed = self.draft() if row_id == self._row_id else {}
        self._row_id = row_id
        clear(self.holder)
        self.rows = {}
        kept = (TypeDepot.AGENCE, TypeDepot.VEHICULE)
        for place in record.places if record is not None else ():
            if place.type_depot in kept:
                self.holder.addWidget(self._line(place))
        self.restore(typed)

    def _words(self, place: int) -> list[str]:
        return [field.editor.line.text().strip() for field in self.rows[place]]  # type: ignore[attr-defined]

    def draft(self) -> dict[str, Any]:
        typed = {place: self._words(place) for place in self.rows}
        return {str(place): words for place, words in typed.items() if words != self._saved[place]}

    def restore(self, kept: dict[str, Any]) -> None:
        for place, fields in self.rows.items():
            for field, words in zip(fields, kept.get(str(place), self._saved[place]), strict=True):
                field.editor.show_typed(words)  # type: ignore[attr-defined]
                field.say("")

    def _line(self, place: PlaceStock) -> QWidget:
        line = QWidget()
        column = QVBoxLayout(line)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(Text(place.depot, "strong"))
        least, most = MoneyEditor("0", decimals=3), MoneyEditor("0", decimals=3)
        fields = Field(tr("Minimum"), least), Field(tr("Maximum"), most)
        for editor, value in ((least, place.minimum), (most, place.maximum)):
            editor.show_value(None if value is None else f"{value.normalize():f}")
            editor.line.returnPressed.connect(partial(self.save, place.depot_id))
            editor.changed.connect(self.changed)
            editor.set_read_only(not ecrit_les_fiches(self._panel.contexte.acteur))
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(fields[0], 1)
        row.addWidget(fields[1], 1)
        column.addLayout(row)
        if ecrit_les_fiches(self._panel.contexte.acteur):
            keep = QHBoxLayout()
            keep.addStretch()
            keep.addWidget(Button(tr("Enregistrer le seuil"), on_click=partial(self.save, place.depot_id)))
            column.addLayout(keep)
        self.rows[place.depot_id] = fields
        self._saved[place.depot_id] = self._words(place.depot_id)
        return line

    def save(self, depot: int) -> None:
        """Keep the two figures of a place."""
        piece, contexte = self._row_id, self._panel.contexte
        fields = dict(zip(("minimum", "maximum"), self.rows[depot], strict=True))
        values = entry.read(fields)
        if piece is None or values is None:
            return
        words = self._words(depot)

        def done(_none: None) -> None:
            contexte.say(tr("Seuil enregistré"))
            if piece == self._row_id:
                self._saved[depot] = words
                self.changed.emit()
            else:
                self._panel.forget_part(piece, self)
            contexte.bus.publish("stock_seuils", initiator=self)
            if piece == self._row_id and not self._panel.dirty:
                self._panel.open_record(piece)

        contexte.tasks.run(
            lambda session: parts.set_threshold(session, contexte.acteur, piece, depot, SeuilInput(**values)),
            done, lambda error: entry.refuse(contexte, fields, error, "minimum"), write=True, owner=self,
        )  # fmt: skip
