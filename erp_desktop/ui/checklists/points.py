"""The points of a checklist: one is added, taken out or moved up; each time the checklist has its next version."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLayout, QVBoxLayout, QWidget

from erp_desktop.domain.enums import TypePoint
from erp_desktop.domain.preventif.checklist import Point, PointInput
from erp_desktop.services.checklists import models
from erp_desktop.ui.forms import entry
from erp_desktop.ui.forms.editors import ChoiceEditor, FlagEditor, MoneyEditor, TextEditor
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.kit.controls import Field, IconLabel, Text, clear, icon_button
from erp_desktop.ui.kit.i18n import isolate, tr
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


_USUAL = {"type_point": TypePoint.OUI_NON.value, "obligatoire": True}


class PointsTab(entry.EntryPart):
    """Follows the checklist of its panel."""

    unsaved = "Point non ajouté"
    blamed = "libelle"

    def __init__(self, panel: FormPanel) -> None:
        self._points: tuple[Point, ...] = ()
        self._writable = False
        super().__init__(panel, tr("Nouveau point"), 4)
        words = tr("Une intervention garde la version avec laquelle elle a été créée.")
        self.between.addWidget(Text(words, "caption", "text.secondary", wrap=True))

    def make_fields(self) -> list[QLayout | QWidget]:
        self.words, self.kind = TextEditor(tr("Niveau d'huile")), ChoiceEditor(labels.options(TypePoint))
        self.unit, self.low, self.high = TextEditor("bar"), MoneyEditor("", decimals=3), MoneyEditor("", decimals=3)
        self.required = FlagEditor(tr("Obligatoire"))
        self.fields = {
            "libelle": Field(tr("Libellé"), self.words), "type_point": Field(tr("Réponse attendue"), self.kind),
            "unite": Field(tr("Unité"), self.unit), "minimum": Field(tr("Minimum"), self.low),
            "maximum": Field(tr("Maximum"), self.high), "obligatoire": Field("", self.required),
        }  # fmt: skip
        for field in self.fields.values():
            field.editor.changed.connect(self.changed)  # type: ignore[attr-defined]
        self.kind.changed.connect(self._fit)
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.addWidget(self.fields["libelle"], 0, 0, 1, 3)
        grid.addWidget(self.fields["type_point"], 1, 0, 1, 2)
        grid.addWidget(self.fields["obligatoire"], 1, 2)
        for place, name in enumerate(("unite", "minimum", "maximum")):
            grid.addWidget(self.fields[name], 2, place)
        self.restore({})
        return [grid]

    def _fit(self) -> None:
        """Unit and limits belong to a measure."""
        for name in ("unite", "minimum", "maximum"):
            self.fields[name].setVisible(self.kind.value() == TypePoint.MESURE)

    def show_record(self, row_id: int | None, record: Any) -> None:
        self._row_id = row_id
        self._points = record.points if record is not None else ()
        self._writable = record is not None and self._panel.spec.writes(self._panel.contexte.acteur, record)
        self.form.setVisible(self._writable)
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
        return entry.typed(self.fields, _USUAL)

    def restore(self, kept: dict[str, Any]) -> None:
        entry.put_back(self.fields, kept, _USUAL)
        self._fit()

    def begin_next(self) -> None:
        self.words.inner.setFocus()

    def add(self) -> None:
        """Add the point typed, at the end."""
        values, before = entry.read(self.fields), self._points
        if values is not None:
            self.submit(
                lambda session, acteur, row_id: models.reviser(
                    session, acteur, row_id, [*map(_typed, before), PointInput(**values)]
                ),
                tr("Point ajouté"),
            )

    def _remove(self, rank: int) -> None:
        self._revise([point for place, point in enumerate(self._points) if place != rank], tr("Point retiré"))

    def _move_up(self, rank: int) -> None:
        moved = list(self._points)
        moved[rank - 1], moved[rank] = moved[rank], moved[rank - 1]
        self._revise(moved, tr("Point déplacé"))

    def _revise(self, wanted: Sequence[Point], words: str) -> None:
        """Give the checklist these points; the toast brings the ones before back."""
        before = self._points
        self.take_away(
            lambda session, acteur, row_id: models.reviser(session, acteur, row_id, list(map(_typed, wanted))), words,
            lambda session, acteur, row_id: models.reviser(session, acteur, row_id, list(map(_typed, before))),
        )  # fmt: skip
