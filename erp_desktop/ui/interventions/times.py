"""Times of techniciens on an intervention: who, from when to when, at what price."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLayout, QVBoxLayout, QWidget

from erp_desktop import clock
from erp_desktop.domain.dates import Sens
from erp_desktop.domain.enums import MotifAttente, Role, Statut, TypeTemps
from erp_desktop.domain.saisie.temps import TempsInput
from erp_desktop.domain.transitions import TERMINES
from erp_desktop.errors import ValidationError
from erp_desktop.services import interventions
from erp_desktop.services.interventions import AttenteInfo, TempsInfo
from erp_desktop.services.shared import choices as choix
from erp_desktop.ui.forms import entry
from erp_desktop.ui.forms.choices import choices
from erp_desktop.ui.forms.date_editors import InstantEditor
from erp_desktop.ui.forms.editors import ChoiceEditor, FlagEditor, MoneyEditor, Unreadable
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.forms.picker import PickerEditor
from erp_desktop.ui.forms.spec import Choices
from erp_desktop.ui.interventions.lines import money
from erp_desktop.ui.kit.controls import Field, IconLabel, Text, clear, icon_button
from erp_desktop.ui.kit.i18n import isolate, tr
from erp_desktop.ui.tasks import Task
from erp_desktop.ui.wording import value_labels

_ICONS = {"travail": "wrench", "trajet": "map-pin", "attente": "hourglass-medium"}


def _chosen(picker: PickerEditor) -> Any:
    try:
        return picker.value()
    except Unreadable:
        return None


class TimesTab(entry.EntryPart):
    """The stretches in their order with their sums, and a small form that notes one."""

    unsaved = "Temps non noté"
    blamed = "debut"

    def __init__(self, panel: FormPanel) -> None:
        self._agence: int | None = None
        self._usual: tuple[int | None, str] = (None, "")
        self._open = False
        super().__init__(panel, tr("Noter un temps"), 6)
        self.total = Text("", "strong", wrap=True)
        self.between.addWidget(self.total)

    def make_fields(self) -> list[QLayout | QWidget]:
        self.who = PickerEditor(self._people)
        self.kind = ChoiceEditor(value_labels.options(TypeTemps))
        self.kind.show_value(TypeTemps.TRAVAIL.value)
        self.begin, self.end = InstantEditor(Sens.PASSE), InstantEditor(Sens.PASSE)
        self.tariff = PickerEditor(self._tariffs, tr("celui du jour"))
        self.quantity = MoneyEditor("1", decimals=3)
        self.anyway = FlagEditor(tr("Noter quand même"))
        self.fields = {
            "technicien_id": Field(tr("Technicien"), self.who), "type": Field(tr("Type"), self.kind),
            "debut": Field(tr("Début"), self.begin), "fin": Field(tr("Fin"), self.end),
            "tarif_id": Field(tr("Tarif"), self.tariff), "quantite": Field(tr("Quantité"), self.quantity),
            "malgre": Field("", self.anyway),
        }  # fmt: skip
        for field in self.fields.values():
            field.editor.changed.connect(self.changed)  # type: ignore[attr-defined]
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        for place, name in enumerate(("technicien_id", "type", "debut", "fin", "tarif_id", "quantite")):
            grid.addWidget(self.fields[name], place // 2, place % 2)
        grid.addWidget(self.fields["malgre"], 3, 0, 1, 2)
        self.fields["malgre"].hide()
        return [grid]

    def _offer(self, search: Any, offer: Any) -> Task:
        def failed(error: Exception) -> None:
            self._panel.contexte.tasks.failed.emit(error)
            offer(None)

        return self._panel.contexte.tasks.run(search, offer, failed, owner=self)

    def _people(self, text: str, offer: Any) -> Task:
        acteur = self._panel.contexte.acteur
        return self._offer(lambda session: choices(choix.techniciens(session, acteur, text)), offer)

    def _tariffs(self, text: str, offer: Any) -> Task:
        acteur, agence, kind = self._panel.contexte.acteur, self._agence, self.kind.value()
        try:
            when = self.begin.value()
        except Unreadable:
            when = None

        def found(session: Any) -> Choices:
            told = interventions.tarifs(session, acteur, agence, kind, when)
            return [
                (one.id, one.libelle, f"{money(one.prix_unitaire)} / {one.unite}")
                for one in told if text.casefold() in one.libelle.casefold()
            ]  # fmt: skip

        return self._offer(found, offer)

    def show_record(self, row_id: int | None, record: Any) -> None:
        acteur = self._panel.contexte.acteur
        may = record is not None and acteur.role != Role.CLIENT
        self._row_id, self._agence = row_id, None if record is None else record.agence_id
        self._open = may and Statut(record.statut) not in TERMINES
        # Once the work is closed times are only ever added.
        self.form.setVisible(self._open or (may and record.statut == Statut.CLOTUREE))
        if row_id is None:
            self._show(None, [], [])
            return
        self._usual = (record.technicien_id, record.technicien or "")
        if not self.draft():
            self.who.show_value(*self._usual)
        self._read()

    def draft(self) -> dict[str, Any]:
        typed = {"debut": self.begin.line.text(), "fin": self.end.line.text(), "quantite": self.quantity.line.text(),
                 "tarif": self.tariff.line.text()}  # fmt: skip
        kept: dict[str, Any] = {name: text.strip() for name, text in typed.items() if text.strip()}
        if not kept:
            # The technicien of the intervention is only proposed.
            return {}
        kept |= {"technicien": self.who.line.text().strip(), "type": self.kind.value()}
        return kept | {f"{name}_id": _chosen(editor) for name, editor in self._pickers().items()}

    def _pickers(self) -> dict[str, PickerEditor]:
        return {"technicien": self.who, "tarif": self.tariff}

    def restore(self, kept: dict[str, Any]) -> None:
        for field in self.fields.values():
            field.say("")
        self._doubt(False)
        self.kind.show_value(kept.get("type", TypeTemps.TRAVAIL.value))
        self.tariff.show_value(None)
        self.who.show_value(*(self._usual if not kept else (None, "")))
        for name, picker in self._pickers().items():
            if kept.get(f"{name}_id") is not None:
                picker.show_value(kept[f"{name}_id"], str(kept.get(name, "")))
            elif name in kept:
                picker.show_typed(str(kept[name]))
        for name, editor in (("debut", self.begin), ("fin", self.end), ("quantite", self.quantity)):
            editor.line.setText(str(kept.get(name, "")))

    def _doubt(self, on: bool) -> None:
        self.fields["malgre"].setVisible(on)
        if not on:
            self.anyway.show_value(False)

    def _read(self) -> None:
        row_id, acteur = self._row_id, self._panel.contexte.acteur
        if row_id is not None:
            self._panel.contexte.tasks.run(
                lambda session: interventions.durees(session, acteur, row_id),
                lambda found: self._show(row_id, *found), owner=self,
            )  # fmt: skip

    def _show(self, row_id: int | None, found: list[TempsInfo], waited: list[AttenteInfo]) -> None:
        if row_id != self._row_id:
            return
        clear(self.lines)
        for wait in waited:
            self.lines.addWidget(self._wait(wait))
        for one in found:
            self.lines.addWidget(self._line(one))
        if not found and not waited:
            self.lines.addWidget(Text(tr("Aucun temps noté."), "body", "text.tertiary"))
        sums = {kind: sum(one.minutes for one in found if one.type == kind) for kind in TypeTemps}
        words = [f"{value_labels.label(TypeTemps, kind)} {value_labels.spent(n)}" for kind, n in sums.items() if n]
        charged = sum((one.montant for one in found if one.montant is not None), Decimal(0))
        if charged:
            words.append(tr("{montant} MAD HT", montant=money(charged)))
        self.total.setText(" · ".join(words))
        self.total.setVisible(bool(words))
        self.counted.emit(len(found))

    def _wait(self, one: AttenteInfo) -> QWidget:
        """Why and how long the intervention stood still; made by its statut, so nothing is taken away here."""
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 2, 0, 2)
        row.setSpacing(10)
        row.addWidget(IconLabel("pause-circle", "semantic.warning.text", 16), 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(Text(value_labels.label(MotifAttente, one.motif), "strong", wrap=True))
        if one.fin is None:
            when = tr("en attente depuis {debut}", debut=value_labels.instant(one.debut))
        elif clock.local(one.fin).date() == clock.local(one.debut).date():
            when = tr("{debut} à {fin}", debut=value_labels.instant(one.debut), fin=value_labels.hour(one.fin))
        else:
            when = tr("{debut} à {fin}", debut=value_labels.instant(one.debut), fin=value_labels.instant(one.fin))
        detail = " · ".join(filter(None, [when, one.remarque, one.auteur]))
        words.addWidget(Text(detail, "caption", "text.tertiary", wrap=True))
        row.addLayout(words, 1)
        row.addWidget(Text(value_labels.spent(one.minutes), "strong", "text.secondary"))
        return holder

    def _line(self, one: TempsInfo) -> QWidget:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 2, 0, 2)
        row.setSpacing(10)
        row.addWidget(IconLabel(_ICONS.get(one.type, "clock"), "text.tertiary", 16), 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(Text(one.technicien or tr("technicien inconnu"), "strong", wrap=True))
        when = tr("{debut} à {fin}", debut=value_labels.instant(one.debut), fin=value_labels.hour(one.fin))
        detail = f"{value_labels.label(TypeTemps, one.type)} · {when}"
        if one.prix_unitaire is not None:
            price = f"{money(one.prix_unitaire)} / {one.unite}"
            count = f"{one.quantite.normalize():f} × ".replace(".", ",") if one.quantite is not None else ""
            detail += f" · {isolate(count + price)}"
        words.addWidget(Text(detail, "caption", "text.tertiary", wrap=True))
        row.addLayout(words, 1)
        amounts = QVBoxLayout()
        amounts.setSpacing(0)
        amounts.addWidget(Text(value_labels.spent(one.minutes), "strong"), 0, Qt.AlignmentFlag.AlignTrailing)
        if one.montant is not None:
            amounts.addWidget(
                Text(money(one.montant), "caption", "text.secondary"), 0, Qt.AlignmentFlag.AlignTrailing
            )
        row.addLayout(amounts)
        if self._open:
            row.addWidget(icon_button("trash", tr("Retirer ce temps"), partial(self._remove, one)))
        return holder

    def begin_next(self) -> None:
        self.begin.inner.setFocus()

    def add(self) -> None:
        values = entry.read(self.fields)
        if values is not None:
            told = {name: value for name, value in values.items() if value is not None}
            self.submit(
                lambda session, acteur, row_id: interventions.ajouter_temps(
                    session, acteur, row_id, TempsInput(**told)
                ),
                tr("Temps noté"),
            )

    def refused(self, error: Exception) -> None:
        if isinstance(error, ValidationError) and "malgre" in error.champs:
            self._doubt(True)
        super().refused(error)

    def _remove(self, one: TempsInfo) -> None:
        again = TempsInput(
            technicien_id=one.technicien_id, type=TypeTemps(one.type), debut=one.debut, fin=one.fin,
            tarif_id=one.tarif_id, quantite=one.quantite, malgre=True,
        )  # fmt: skip
        self.take_away(
            lambda session, acteur, _row_id: interventions.supprimer_temps(session, acteur, one.id),
            tr("Temps retiré"),
            lambda session, acteur, row_id: interventions.ajouter_temps(session, acteur, row_id, again),
        )
