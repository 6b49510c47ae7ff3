"""The meters of a machine: their last readings, and a line in which the next one is typed."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QLayout, QVBoxLayout, QWidget

from erp_desktop.services import compteurs
from erp_desktop.services.compteurs import CompteurInfo, CompteurInput, ReleveInput
from erp_desktop.services.preventif import meters
from erp_desktop.services.preventif.generation import Bilan
from erp_desktop.ui.forms import entry
from erp_desktop.ui.forms.editors import FlagEditor, MoneyEditor, TextEditor
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.kit.controls import Button, Field, Text, clear
from erp_desktop.ui.kit.i18n import apart, isolate, number, tr
from erp_desktop.ui.wording import value_labels as labels

_USUAL = {"remise_a_zero": False}


class MetersTab(entry.EntryPart):
    """Follows the machine of its panel.

    Attributes:
        readings: meter → the fields of its next reading.
    """

    unsaved = "Relevé non enregistré"
    blamed = "nom"

    def __init__(self, panel: FormPanel) -> None:
        self.readings: dict[int, dict[str, Field]] = {}
        self._kept: dict[str, Any] = {}
        super().__init__(panel, tr("Nouveau compteur"), 10)

    def make_fields(self) -> list[QLayout | QWidget]:
        self.name, self.unit = TextEditor(tr("Heures de marche")), TextEditor("h")
        self.fields = {"nom": Field(tr("Nom"), self.name), "unite": Field(tr("Unité"), self.unit)}
        for field in self.fields.values():
            field.editor.changed.connect(self.changed)  # type: ignore[attr-defined]
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.fields["nom"], 3)
        row.addWidget(self.fields["unite"], 1)
        return [row]

    def show_record(self, row_id: int | None, record: Any) -> None:
        if row_id != self._row_id:
            clear(self.lines)
            self.readings, self._kept = {}, {}
        self._row_id = row_id
        may = record is not None and self._panel.spec.writes(self._panel.contexte.acteur, record)
        self.form.setVisible(may)
        if row_id is None:
            self.counted.emit(0)
            return
        acteur = self._panel.contexte.acteur
        self._panel.contexte.tasks.run(
            lambda session: compteurs.lister(session, acteur, row_id), lambda found: self._show(row_id, found),
            owner=self,
        )  # fmt: skip

    def _show(self, row_id: int, found: list[CompteurInfo]) -> None:
        if row_id != self._row_id:
            return
        kept = self._readings()
        clear(self.lines)
        self.readings = {}
        for meter in found:
            self.lines.addWidget(self._line(meter))
        self._show_readings(kept)
        if not found:
            self.lines.addWidget(Text(tr("Aucun compteur pour le moment."), "body", "text.tertiary"))
        self.counted.emit(len(found))

    def _line(self, meter: CompteurInfo) -> QWidget:
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        last = tr("jamais relevé")
        if meter.index_lu is not None:
            last = tr("{index} {unite}, le {jour}", index=isolate(f"{meter.index_lu.normalize():f}"),
                      unite=isolate(meter.unite), jour=labels.instant(meter.releve_a, year=True))  # fmt: skip
        column.addWidget(Text(f"{apart(meter.nom)} · {last}", "strong", wrap=True))
        value, reset = MoneyEditor("", decimals=3), FlagEditor(tr("Remise à zéro"))
        fields = {"valeur": Field(tr("Nouvel index"), value), "remise_a_zero": Field("", reset)}
        value.setAccessibleName(f"{tr('Nouvel index')} {meter.nom}")
        value.line.returnPressed.connect(partial(self.read, meter.id))
        for field in fields.values():
            field.editor.changed.connect(self.changed)  # type: ignore[attr-defined]
        self.readings[meter.id] = fields
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(fields["valeur"], 2)
        row.addWidget(fields["remise_a_zero"], 1)
        row.addWidget(Button(tr("Relever"), "soft", on_click=partial(self.read, meter.id)))
        column.addLayout(row)
        return holder

    def _readings(self) -> dict[str, Any]:
        """Meter → what is typed for it; of a machine whose meters are still being read, what its draft held."""
        typed = {str(ident): entry.typed(fields, _USUAL) for ident, fields in self.readings.items()}
        return {ident: one for ident, one in typed.items() if one} if self.readings else dict(self._kept)

    def _show_readings(self, kept: dict[str, Any]) -> None:
        self._kept = kept
        for ident, fields in self.readings.items():
            entry.put_back(fields, kept.get(str(ident), {}), _USUAL)

    def draft(self) -> dict[str, Any]:
        kept = {"compteur": entry.typed(self.fields), "releves": self._readings()}
        return {name: one for name, one in kept.items() if one}

    def restore(self, kept: dict[str, Any]) -> None:
        entry.put_back(self.fields, kept.get("compteur", {}))
        self._show_readings(dict(kept.get("releves", {})))

    def begin_next(self) -> None:
        self.name.inner.setFocus()

    def read(self, meter: int) -> None:
        """Write the reading typed down; a visit that it calls for is made at once."""
        fields, contexte, row_id = self.readings[meter], self._panel.contexte, self._row_id
        values = entry.read(fields)
        if values is None or row_id is None:
            return

        def done(bilan: Bilan) -> None:
            if self._row_id == row_id and meter in self.readings:
                entry.put_back(self.readings[meter], {}, _USUAL)
                self.changed.emit()
            else:
                self._panel.forget_part(row_id, self)
            made = len(bilan.generees)
            contexte.say(
                tr("Relevé enregistré ; {n} visite créée", n=number(made)) if made else tr("Relevé enregistré")
            )
            contexte.bus.publish("equipements", row_id)
            if made:
                contexte.bus.publish("interventions")

        contexte.tasks.run(
            lambda session: meters.relever(session, contexte.acteur, meter, ReleveInput(**values)), done,
            lambda error: entry.refuse(contexte, fields, error, "valeur"), write=True, owner=self,
        )  # fmt: skip

    def add(self) -> None:
        """Give the machine a meter."""
        values = entry.read(self.fields)
        if values is not None:
            told = {"nom": values["nom"], "unite": values["unite"] or "h"}
            self.submit(
                lambda session, acteur, row_id: compteurs.ajouter(session, acteur, row_id, CompteurInput(**told)),
                tr("Compteur ajouté"),
            )
