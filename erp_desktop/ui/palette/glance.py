"""The record under the mark at a glance: its fields, its last interventions, what the keys do with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from erp_desktop import clock
from erp_desktop.domain.argent import format_montant
from erp_desktop.domain.enums import Statut
from erp_desktop.ui.forms.part import scroller
from erp_desktop.ui.kinds import table_of
from erp_desktop.ui.kit.controls import Elided, Text, clear
from erp_desktop.ui.kit.i18n import isolate, tr
from erp_desktop.ui.kit.paint import KeyCap
from erp_desktop.ui.kit.surfaces import Pill, Surface
from erp_desktop.ui.wording import field_labels, value_labels

if TYPE_CHECKING:
    from datetime import date

    from erp_desktop.services.search.preview import Apercu, Compte

WIDTH: Final = 320


def _stored(value: object) -> object:
    """A value as the wording of fields reads it."""
    if hasattr(value, "hour"):
        return clock.to_text(value)  # type: ignore[arg-type]
    day: date | None = value if hasattr(value, "isoformat") else None  # type: ignore[assignment]
    return day.isoformat() if day is not None else value


class Glance(Surface):
    """Empty until a record is shown."""

    def __init__(self) -> None:
        super().__init__("surface.raised", "border.subtle", sides="s")
        self.setFixedWidth(WIDTH)
        body = QWidget()
        body.setObjectName("corps")
        self._column = QVBoxLayout(body)
        self._column.setContentsMargins(18, 16, 18, 14)
        self._column.setSpacing(7)
        self._column.setAlignment(Qt.AlignmentFlag.AlignTop)
        # Where the window is low, on a small screen at 150 %, what has no room is scrolled to.
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroller(body))

    def empty(self) -> None:
        clear(self._column)

    def show_record(self, shown: Apercu, pinned: bool) -> None:
        """Show a record.

        Args:
            pinned: whether it is among the pinned ones.
        """
        self.empty()
        kind = shown.reponse.table
        self._add(Text(shown.reponse.libelle, "strong", wrap=True))
        self._add(Text(field_labels.table(table_of(kind)), "caption", "text.tertiary"))
        fields = QWidget()
        grid = QGridLayout(fields)
        grid.setContentsMargins(0, 6, 0, 4)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        for line, (name, value) in enumerate(shown.champs.items()):
            # A technicien's telephone is that of their account.
            owner = "users" if name == "phone" else table_of(kind)
            grid.addWidget(Text(field_labels.champ(owner, name), "caption", "text.secondary"), line, 0)
            words = field_labels.valeur(owner, name, _stored(value))
            grid.addWidget(Elided(words), line, 1)
        if shown.compte is not None:
            self._account(grid, shown.compte)
        self._add(fields)
        if shown.dernieres:
            self._add(Text(tr("Dernières interventions"), "caption", "text.tertiary"))
            for one in shown.dernieres:
                self._line(Elided(one.libelle), Pill(one.statut, value_labels.label(Statut, one.statut)))
        self._add(Text(tr("Actions"), "caption", "text.tertiary"))
        pin = tr("Ne plus épingler") if pinned else tr("Épingler")
        for words, keys in (
            (tr("Ouvrir"), tr("Entrée")), (pin, "Ctrl D"), (tr("Copier le lien"), "Ctrl L"),
        ):  # fmt: skip
            self._line(Text(words), KeyCap(keys))

    def _account(self, grid: QGridLayout, account: Compte) -> None:
        """Which contract is in force, and what is still due."""
        told = tr("aucun en cours")
        if account.contrat is not None:
            told = field_labels.valeur("contrats", "type_contrat", account.contrat)
            if account.fin is not None:
                told = tr("{type}, au {jour}", type=told, jour=isolate(value_labels.day(account.fin)))
        due = Elided(isolate(format_montant(account.encours)) if account.encours else value_labels.NONE)
        if account.en_retard:
            due.set_colour("semantic.danger.text")
        for words, shown in ((tr("Contrat"), Elided(told)), (tr("Encours dû"), due)):
            line = grid.rowCount()
            grid.addWidget(Text(words, "caption", "text.secondary"), line, 0)
            grid.addWidget(shown, line, 1)

    def _add(self, widget: QWidget) -> None:
        self._column.addWidget(widget)
        widget.show()

    def _line(self, words: QWidget, mark: QWidget) -> None:
        line = QWidget()
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(words, 1)
        row.addWidget(mark)
        self._add(line)
