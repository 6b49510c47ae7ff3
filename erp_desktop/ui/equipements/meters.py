"""The meters of a machine: their last readings, and a line in which the next one is typed."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from erp_desktop.domain.people import roles
from erp_desktop.services import compteurs
from erp_desktop.services.compteurs import CompteurInfo, CompteurInput, ReleveInput
from erp_desktop.services.preventif import meters
from erp_desktop.services.preventif.generation import Bilan
from erp_desktop.ui.forms import entry
from erp_desktop.ui.forms.editors import FlagEditor, MoneyEditor, TextEditor
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.forms.part import RecordPart
from erp_desktop.ui.kit.controls import Button, Field, Text, clear
from erp_desktop.ui.kit.i18n import isolate, number, tr
from erp_desktop.ui.kit.surfaces import Card
from erp_desktop.ui.wording import value_labels as labels


class MetersTab(RecordPart):
    """Follows the machine of its panel.

    Attributes:
        readings: meter → the fields of its next reading.
    """

    unsaved = "Relevé non enregistré"

    def __init__(self, panel: FormPanel) -> None:
        super().__init__()
        self._panel = panel
        self._row_id: int | None = None
        self.readings: dict[int, dict[str, Field]] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 14, 12)
        column.setSpacing(10)
        self.lines = QVBoxLayout()
        self.lines.setSpacing(10)
        column.addLayout(self.lines)
        self.card = self._new_meter()
        column.addWidget(self.card)
        column.addStretch()

    def _new_meter(self) -> QWidget:
        card = Card("surface.sunken")
        card.box.addWidget(Text(tr("Nouveau compteur"), "strong"))
        self.name, self.unit = TextEditor(tr("Heures de marche")), TextEditor("h")
        self.fields = {"nom": Field(tr("Nom"), self.name), "unite": Field(tr("Unité"), self.unit)}
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.fields["nom"], 3)
        row.addWidget(self.fields["unite"], 1)
        card.box.addLayout(row)
        act = QHBoxLayout()
        act.addStretch()
        act.addWidget(Button(tr("Ajouter"), "soft", icon="plus", on_click=self.add))
        card.box.addLayout(act)
        return card

    def show_record(self, row_id: int | None, record: Any) -> None:  # noqa: ARG002
        self._row_id = row_id
        may = roles.peut(self._panel.contexte.acteur.role, roles.Droit.FICHIER_ECRIRE)
        self.card.setVisible(row_id is not None and may)
        if row_id is None:
            clear(self.lines)
            self.readings = {}
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
        clear(self.lines)
        self.readings = {}
        for meter in found:
            self.lines.addWidget(self._line(meter))
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
                      unite=meter.unite, jour=labels.instant(meter.releve_a, year=True))  # fmt: skip
        column.addWidget(Text(f"{meter.nom} · {last}", "strong", wrap=True))
        value, reset = MoneyEditor("", decimals=3), FlagEditor(tr("Remise à zéro"))
        fields = {"valeur": Field(tr("Nouvel index"), value), "remise_a_zero": Field("", reset)}
        value.setAccessibleName(f"{tr('Nouvel index')} {meter.nom}")
        value.line.returnPressed.connect(partial(self.read, meter.id))
        value.changed.connect(self.changed)
        self.readings[meter.id] = fields
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(fields["valeur"], 2)
        row.addWidget(fields["remise_a_zero"], 1)
        row.addWidget(Button(tr("Relever"), "soft", on_click=partial(self.read, meter.id)))
        column.addLayout(row)
        return holder

    def draft(self) -> dict[str, Any]:
        typed: dict[str, Any] = {}
        for ident, fields in self.readings.items():
            editor: Any = fields["valeur"].editor
            if editor.line.text().strip():
                typed[str(ident)] = editor.line.text().strip()
        return typed

    def restore(self, kept: dict[str, Any]) -> None:
        for ident, fields in self.readings.items():
            editor: Any = fields["valeur"].editor
            editor.line.setText(str(kept.get(str(ident), "")))

    def read(self, meter: int) -> None:
        """Write the reading typed down; a visit that it calls for is made at once."""
        fields, contexte, row_id = self.readings[meter], self._panel.contexte, self._row_id
        values = entry.read(fields)
        if values is None or row_id is None:
            return

        def done(bilan: Bilan) -> None:
            self.changed.emit()
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
        contexte, row_id, values = self._panel.contexte, self._row_id, entry.read(self.fields)
        if row_id is None or values is None:
            return
        typed = {"nom": values["nom"], "unite": values["unite"] or "h"}

        def added(_id: int) -> None:
            self.name.show_value(None)
            self.unit.show_value(None)
            contexte.say(tr("Compteur ajouté"))
            contexte.bus.publish("equipements", row_id)

        contexte.tasks.run(
            lambda session: compteurs.ajouter(session, contexte.acteur, row_id, CompteurInput(**typed)), added,
            lambda error: entry.refuse(contexte, self.fields, error, "nom"), write=True, owner=self,
        )  # fmt: skip
