"""Parts, labour, travel and other lines of an intervention, with totals."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLayout, QVBoxLayout, QWidget

from erp_desktop import clock
from erp_desktop.domain import nombres
from erp_desktop.domain.enums import Role, Statut, TypeLigne, TypeTarif
from erp_desktop.domain.saisie import LigneInput
from erp_desktop.domain.transitions import TERMINES
from erp_desktop.services import interventions
from erp_desktop.services.administration.referentials import Rate, tarif_du_jour
from erp_desktop.services.interventions import LigneInfo
from erp_desktop.services.stock.lookup import PartChoice
from erp_desktop.ui.forms import entry
from erp_desktop.ui.forms.editors import ChoiceEditor, MoneyEditor, TextEditor, Unreadable
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.interventions.cell import Cell
from erp_desktop.ui.kit.controls import Field, Text, clear, icon_button
from erp_desktop.ui.kit.i18n import decimal, isolate, tr
from erp_desktop.ui.stock.part_fields import PartFields
from erp_desktop.ui.wording import value_labels


def money(value: Decimal) -> str:
    """``1 234 567,80`` with narrow no-break spaces."""
    return isolate(decimal(value, ".2"))


class LinesTab(entry.EntryPart):
    """The lines and, while the intervention is open, a small form that adds one.

    Attributes:
        planned: how many parts are set aside and were not taken.
    """

    unsaved = "Ligne non ajoutée"
    blamed = "designation"

    def __init__(self, panel: FormPanel) -> None:
        self.planned = 0
        self._open = False
        self._agence: int | None = None
        self.parts = PartFields(panel.contexte)
        super().__init__(panel, tr("Ajouter une ligne"), 6)
        self.total = Text("", "strong")
        self.between.addWidget(self.total, 0, Qt.AlignmentFlag.AlignTrailing)

    def make_fields(self) -> list[QLayout | QWidget]:
        self.kind = ChoiceEditor(value_labels.options(TypeLigne))
        self.kind.show_value(TypeLigne.MAIN_OEUVRE.value)
        self.designation = TextEditor(tr("Désignation"))
        self.quantity = MoneyEditor("1", decimals=3)
        self.price = MoneyEditor("0,00", units=nombres.DEVISES)
        self.tax = MoneyEditor("20", most=Decimal(100), units=nombres.POURCENT)
        self.tax.show_value(Decimal(20))
        self._typed = {"designation": self.designation, "quantite": self.quantity, "prix_unitaire": self.price,
                       "taux_tva": self.tax}  # fmt: skip
        for editor in (self.kind, *self._typed.values()):
            editor.changed.connect(self.changed)
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        self.fields = {
            "type_ligne": Field(tr("Type"), self.kind), "designation": Field(tr("Désignation"), self.designation),
            "quantite": Field(tr("Quantité"), self.quantity), "prix_unitaire": Field(tr("Prix HT"), self.price),
            "taux_tva": Field(tr("TVA %"), self.tax),
        }  # fmt: skip
        grid.addWidget(self.fields["type_ligne"], 0, 0, 1, 3)
        grid.addWidget(self.fields["designation"], 0, 3, 1, 3)
        for place, name in enumerate(("quantite", "prix_unitaire", "taux_tva")):
            grid.addWidget(self.fields[name], 1, 2 * place, 1, 2)
        self.parts.changed.connect(self.changed)
        self.parts.chosen.connect(self._part_chosen)
        self.kind.changed.connect(self._kind_changed)
        for editor in (self.kind, self.quantity):
            editor.changed.connect(self._propose_rate)
        self.fields |= self.parts.fields
        self._kind_changed()
        return [grid, self.parts]

    def _kind_changed(self) -> None:
        self.parts.setVisible(self.kind.value() == TypeLigne.PIECE)

    def _propose_rate(self) -> None:
        """What an hour or a kilometre costs today, once a quantity is typed and no price is."""
        kind, agence = str(self.kind.value()), self._agence
        if kind not in set(TypeTarif) or not self.quantity.line.text().strip() or self.price.line.text().strip():
            return

        def found(rate: Rate | None) -> None:
            if rate is None or self.price.line.text().strip() or self.kind.value() != kind:
                return
            self.price.show_value(rate.prix_unitaire)
            self.tax.show_value(rate.taux_tva)
            if not self.designation.line.text().strip():
                self.designation.show_value(rate.libelle)
            self.changed.emit()

        self._panel.contexte.tasks.run(
            lambda session: tarif_du_jour(session, agence, kind, clock.today()), found, owner=self
        )

    def _part_chosen(self, part: PartChoice) -> None:
        """What the part says goes into the line; the quantity is what one types next."""
        self.designation.show_value(part.designation)
        if part.prix_unitaire is not None:
            self.price.show_value(part.prix_unitaire)
        self.tax.show_value(part.taux_tva)
        self.quantity.inner.setFocus()

    def show_record(self, row_id: int | None, record: Any) -> None:
        if row_id != self._row_id:
            self.planned = 0
        self._row_id = row_id
        self._agence = record.agence_id if record is not None else None
        acteur = self._panel.contexte.acteur
        self._open = record is not None and acteur.role != Role.CLIENT and Statut(record.statut) not in TERMINES
        # Once the work is closed lines are only ever added.
        closed = record is not None and record.statut == Statut.CLOTUREE and acteur.role != Role.CLIENT
        self.form.setVisible(self._open or closed)
        if self._open or closed:
            begun = Statut(record.statut) not in (Statut.OUVERTE, Statut.AFFECTEE)
            self.parts.show_for(record.technicien_id, begun=begun)
        if row_id is None:
            self._show(None, [])
        else:
            self._read()

    def draft(self) -> dict[str, Any]:
        kept = {name: editor.line.text() for name, editor in self._typed.items() if editor.line.text().strip()}
        if not set(kept) - {"taux_tva"} and kept.get("taux_tva") == "20":
            return {}
        return {**kept, "type_ligne": self.kind.value()}

    def restore(self, kept: dict[str, Any]) -> None:
        for field in self.fields.values():
            field.say("")
        self.kind.show_value(kept.get("type_ligne", TypeLigne.MAIN_OEUVRE.value))
        self.parts.clear()
        self._kind_changed()
        for name, editor in self._typed.items():
            editor.line.setText(str(kept.get(name, "" if kept or name != "taux_tva" else "20")))

    def _read(self) -> None:
        row_id, acteur = self._row_id, self._panel.contexte.acteur
        if row_id is not None:
            self._panel.contexte.tasks.run(
                lambda session: interventions.lignes(session, acteur, row_id),
                lambda found: self._show(row_id, found),
                owner=self,
            )

    def _show(self, row_id: int | None, found: list[LigneInfo]) -> None:
        if row_id != self._row_id:
            return
        clear(self.lines)
        for line in found:
            self.lines.addWidget(self._line(line))
        if not found:
            self.lines.addWidget(Text(tr("Aucune ligne pour le moment."), "body", "text.tertiary"))
        self.planned = sum(line.prevue for line in found)
        total = sum((line.total_ht for line in found if not line.prevue), Decimal(0))
        self.total.setText(tr("Total HT : {montant} MAD", montant=money(total)))
        self.total.setVisible(bool(found))
        self.counted.emit(len(found))

    def _line(self, line: LigneInfo) -> QWidget:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 2, 0, 2)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(Text(line.designation, "body", wrap=True))
        quantity = f"{line.quantite.normalize():f}".replace(".", ",")
        detail = f"{value_labels.label(TypeLigne, line.type_ligne)} · {quantity} × {money(line.prix_unitaire)}"
        if line.depot:
            detail += f" · {tr('prévue, {depot}', depot=line.depot) if line.prevue else line.depot}"
        if line.lot:
            detail += f" · {tr('lot {n}', n=isolate(line.lot))}"
        words.addWidget(Text(detail, "caption", "text.tertiary", wrap=True))
        if self._open:
            words.addLayout(self._numbers(line))
        row.addLayout(words, 1)
        row.addWidget(Text(money(line.total_ht), "strong", "text.tertiary" if line.prevue else "text.primary"))
        if self._open and line.prevue:
            row.addWidget(icon_button("upload-simple", tr("Sortir du dépôt"), lambda: self._take(line)))
        if self._open:
            row.addWidget(icon_button("trash", tr("Retirer la ligne"), lambda: self._remove(line)))
        return holder

    def _numbers(self, line: LigneInfo) -> QHBoxLayout:
        """Quantity and price, to be typed over."""
        cells = QHBoxLayout()
        cells.setSpacing(6)
        for name, told, width, reading in (
            ("quantite", tr("Quantité de {nom}", nom=line.designation), 58, {"decimales": 3}),
            ("prix_unitaire", tr("Prix de {nom}", nom=line.designation), 88, {"unites": nombres.DEVISES}),
        ):
            cells.addWidget(Cell(getattr(line, name), told, width, partial(self._change, line, name), **reading))
        cells.addStretch()
        return cells

    def _input(self) -> dict[str, Any] | None:
        own = {name: field for name, field in self.fields.items() if name not in self.parts.fields}
        values = entry.read(own)
        return None if values is None else {name: value for name, value in values.items() if value is not None}

    def begin_next(self) -> None:
        self.designation.inner.setFocus()

    def add(self) -> None:
        values = self._input()
        if values is None:
            return
        if self.kind.value() == TypeLigne.PIECE:
            try:
                values |= self.parts.values()
            except Unreadable as error:
                self.fields["piece_id"].say(str(error))
                return
        self.submit(
            lambda session, acteur, row_id: interventions.ajouter_ligne(
                session, acteur, row_id, LigneInput(**values)),
            tr("Ligne ajoutée"),
        )  # fmt: skip

    def _change(self, line: LigneInfo, name: str, value: Decimal) -> None:
        """A number of a line was typed over."""
        self.write_over(
            getattr(line, name), value,
            lambda session, acteur, wanted: interventions.modifier_ligne(session, acteur, line.id, {name: wanted}),
            self._read,
        )  # fmt: skip

    def _take(self, line: LigneInfo) -> None:
        """A planned part leaves its depot."""
        row_id, contexte = self._row_id, self._panel.contexte
        if row_id is not None:
            contexte.tasks.run(
                lambda session: interventions.modifier_ligne(session, contexte.acteur, line.id, {"prevue": False}),
                lambda _none: self.told(row_id, tr("Pièce sortie du dépôt")), self.refused, write=True, owner=self,
            )  # fmt: skip

    def _remove(self, line: LigneInfo) -> None:
        names = (
            "type_ligne",
            "designation",
            "quantite",
            "prix_unitaire",
            "taux_tva",
            "piece_id",
            "depot_id",
            "prevue",
            "lot",
        )
        values = {name: getattr(line, name) for name in names}
        self.take_away(
            lambda session, acteur, _row_id: interventions.supprimer_ligne(session, acteur, line.id),
            tr("Ligne retirée"),
            lambda session, acteur, row_id: interventions.ajouter_ligne(
                session, acteur, row_id, LigneInput(**values)),
        )  # fmt: skip

    def told(self, row_id: int, words: str, undo: Callable[[], None] | None = None) -> None:
        contexte = self._panel.contexte
        contexte.say(words, undo)
        contexte.bus.publish("interventions", row_id, initiator=self._panel)
        contexte.bus.publish("mouvements_stock", initiator=self._panel)
        if row_id == self._row_id:
            self._read()
