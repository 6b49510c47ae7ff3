"""The points of a checklist: one is added, taken out or moved up; each time the checklist has its next version."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from erp_desktop.domain.enums import TypePoint
from erp_desktop.domain.people import roles
from erp_desktop.domain.preventif.checklist import Point, PointInput
from erp_desktop.services.checklists import models
from erp_desktop.ui.forms import entry
from erp_desktop.ui.forms.editors import ChoiceEditor, FlagEditor, MoneyEditor, TextEditor
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.forms.part import RecordPart
from erp_desktop.ui.kit.controls import Button, Field, IconLabel, Text, clear, icon_button
from erp_desktop.ui.kit.i18n import isolate, tr
from erp_desktop.ui.kit.surfaces import Card
from erp_desktop.ui.wording import value_labels as labels

ICONS = {
    TypePoint.OUI_NON: "check-circle", TypePoint.MESURE: "gauge", TypePoint.TEXTE: "note-pencil",
    TypePoint.PHOTO: "file-text",
}  # fmt: skip


def expected(point: Point) -> str:
    """What an answer should be: ``Mesure · 5,5 à 7 bar · obligatoire``."""
    told = [labels.label(TypePoint, point.type_point)]
    low, high = (
        f"{v.normalize():f}".replace(".", ",") if v is not None else "" for v in (point.minimum, point.maximum)
    )
    unit = f" {point.unite}" if point.unite else ""
    if low and high:
        told.append(isolate(f"{low} – {high}{unit}"))
    elif low or high:
        told.append(isolate(f"{'≥' if low else '≤'} {low or high}{unit}"))
    elif unit:
        told.append(isolate(unit.strip()))
    if point.obligatoire:
        told.append(tr("obligatoire"))
    return " · ".join(told)


def _typed(point: Point) -> PointInput:
    return PointInput(
        libelle=point.libelle, type_point=point.type_point, unite=point.unite, minimum=point.minimum,
        maximum=point.maximum, obligatoire=point.obligatoire,
    )  # fmt: skip


class PointsTab(RecordPart):
    """Follows the checklist of its panel."""

    unsaved = "Point non ajouté"

    def __init__(self, panel: FormPanel) -> None:
        super().__init__()
        self._panel = panel
        self._row_id: int | None = None
        self._points: tuple[Point, ...] = ()
        self._writable = False
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 14, 12)
        column.setSpacing(8)
        words = tr("Une intervention garde la version avec laquelle elle a été créée.")
        column.addWidget(Text(words, "caption", "text.secondary", wrap=True))
        self.lines = QVBoxLayout()
        self.lines.setSpacing(4)
        column.addLayout(self.lines)
        self.card = self._entry()
        column.addWidget(self.card)
        column.addStretch()

    def _entry(self) -> QWidget:
        card = Card("surface.sunken")
        card.box.addWidget(Text(tr("Nouveau point"), "strong"))
        self.words, self.kind = TextEditor(tr("Niveau d'huile")), ChoiceEditor(labels.options(TypePoint))
        self.unit, self.low, self.high = TextEditor("bar"), MoneyEditor("", decimals=3), MoneyEditor("", decimals=3)
        self.required = FlagEditor(tr("Obligatoire"))
        self.fields = {
            "libelle": Field(tr("Libellé"), self.words), "type_point": Field(tr("Réponse attendue"), self.kind),
            "unite": Field(tr("Unité"), self.unit), "minimum": Field(tr("Minimum"), self.low),
            "maximum": Field(tr("Maximum"), self.high), "obligatoire": Field("", self.required),
        }  # fmt: skip
        self.kind.show_value(TypePoint.OUI_NON.value)
        self.required.show_value(True)
        self.kind.changed.connect(self._fit)
        self.words.changed.connect(self.changed)
        self.words.line.returnPressed.connect(self.add)
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.addWidget(self.fields["libelle"], 0, 0, 1, 3)
        grid.addWidget(self.fields["type_point"], 1, 0, 1, 2)
        grid.addWidget(self.fields["obligatoire"], 1, 2)
        for place, name in enumerate(("unite", "minimum", "maximum")):
            grid.addWidget(self.fields[name], 2, place)
        card.box.addLayout(grid)
        row = QHBoxLayout()
        row.addStretch()
        self.add_button = Button(tr("Ajouter"), "soft", icon="plus", on_click=self.add)
        row.addWidget(self.add_button)
        card.box.addLayout(row)
        self._fit()
        return card

    def _fit(self) -> None:
        """Unit and limits belong to a measure."""
        for name in ("unite", "minimum", "maximum"):
            self.fields[name].setVisible(self.kind.value() == TypePoint.MESURE)

    def show_record(self, row_id: int | None, record: Any) -> None:
        self._row_id = row_id
        self._points = record.points if record is not None else ()
        may = roles.peut(self._panel.contexte.acteur.role, roles.Droit.PREVENTIF_ECRIRE)
        self._writable = row_id is not None and may
        self.card.setVisible(self._writable)
        clear(self.lines)
        for rank, point in enumerate(self._points):
            self.lines.addWidget(self._line(rank, point))
        if not self._points:
            self.lines.addWidget(Text(tr("Aucun point."), "body", "text.tertiary"))
        self.counted.emit(len(self._points))

    def _line(self, rank: int, point: Point) -> QWidget:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 2, 0, 2)
        row.setSpacing(10)
        row.addWidget(IconLabel(ICONS[TypePoint(point.type_point)], "text.tertiary", 16))
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(Text(point.libelle, "strong", wrap=True))
        words.addWidget(Text(expected(point), "caption", "text.tertiary", wrap=True))
        row.addLayout(words, 1)
        if self._writable:
            if rank:
                row.addWidget(icon_button("caret-up", tr("Monter"), partial(self._move_up, rank)))
            row.addWidget(icon_button("trash", tr("Retirer"), partial(self._remove, rank)))
        return holder

    def draft(self) -> dict[str, Any]:
        typed = self.words.typed().strip()
        return {"libelle": typed} if typed else {}

    def restore(self, kept: dict[str, Any]) -> None:
        for field in self.fields.values():
            field.say("")
        self.words.show_typed(str(kept.get("libelle", "")))

    def add(self) -> None:
        """Add the point typed, at the end."""
        values = entry.read(self.fields)
        if values is not None:
            self._revise(lambda: [*map(_typed, self._points), PointInput(**values)], clear_entry=True)

    def _remove(self, rank: int) -> None:
        left = [p for n, p in enumerate(self._points) if n != rank]
        self._revise(lambda: list(map(_typed, left)))

    def _move_up(self, rank: int) -> None:
        moved = list(self._points)
        moved[rank - 1], moved[rank] = moved[rank], moved[rank - 1]
        self._revise(lambda: list(map(_typed, moved)))

    def _revise(self, made: Any, *, clear_entry: bool = False) -> None:
        row_id, contexte = self._row_id, self._panel.contexte
        if row_id is None:
            return

        def work(session: Any) -> int:
            wanted: Sequence[PointInput] = made()
            return models.reviser(session, contexte.acteur, row_id, wanted)

        def done(_version: int) -> None:
            if clear_entry:
                self.restore({})
                self.changed.emit()
                self.words.inner.setFocus()
            contexte.bus.publish("checklists", row_id)

        contexte.tasks.run(work, done, lambda error: entry.refuse(contexte, self.fields, error, "libelle"),
                           write=True, owner=self)  # fmt: skip
