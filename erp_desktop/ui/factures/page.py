"""The page of invoices: the list under its figures, and the way to what is still to be billed."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QWidget

from erp_desktop.services import factures
from erp_desktop.services.factures import Pied, Tranche, Tuile
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.factures import LISTE, marks
from erp_desktop.ui.factures.strip import InvoiceStrip
from erp_desktop.ui.factures.totals import TotalsFoot
from erp_desktop.ui.forms.spec import ecrit_les_fiches
from erp_desktop.ui.kit.controls import Button, Text
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.lists.page import ListPage
from erp_desktop.ui.lists.progress import AddedUp
from erp_desktop.ui.lists.query import canonical
from erp_desktop.ui.lists.remembered import after
from erp_desktop.ui.lists.rows.selection import COPIED

_PAUSE_MS = 150
_SHOWS = frozenset({"factures", "lignes_facture", "paiements", "imputations", "demandes_validation"})


class InvoicesPage(ListPage):
    """The list; its figures are those of every invoice that the person sees, whatever the filter."""

    def __init__(self, contexte: Contexte) -> None:
        super().__init__(LISTE, contexte)
        acteur = contexte.acteur
        self._sums = AddedUp(
            self, read=lambda session, text: factures.pied(session, acteur, text), show=self._show_totals,
            wait=self.totals.wait, shown=self.totals.figures,
        )  # fmt: skip
        self.filter.changed.connect(lambda text: self.strip.show_filter(canonical(text, self.spec.words)))
        self.chosen_due = Text("", "body", "text.secondary")
        if isinstance(row := self.selection.bar.layout(), QHBoxLayout):
            row.insertWidget(1, self.chosen_due)
        self._soon_due = after(self, _PAUSE_MS, self._read_due)
        self.view.selectionModel().selectionChanged.connect(lambda *_: self._due_changed())
        contexte.bus.data_changed.connect(self._stale)
        self._read()

    def more_acts(self) -> Sequence[QWidget]:
        self.billable = Button(tr("À facturer"), "default", icon="wrench",
                               on_click=lambda: self.contexte.open_record("a_facturer", None))  # fmt: skip
        self.billable.setShortcut("Ctrl+G")
        return (self.billable,) if ecrit_les_fiches(self.contexte.acteur) else ()

    def above(self) -> QWidget:
        self.strip = InvoiceStrip(self.search)
        return self.strip

    def below(self) -> QWidget:
        self.totals = TotalsFoot()
        return self.totals

    def _stale(self, changes: Any, _initiator: object) -> None:
        if _SHOWS & set(changes):
            self._read()
            self._sums.stale()

    def _due_changed(self) -> None:
        self.chosen_due.setText("")
        if 1 < self.selection.size <= COPIED:
            self._soon_due.start()

    def _read_due(self) -> None:
        """What is still due of the rows chosen, beside how many they are."""
        acteur, chosen = self.contexte.acteur, self.view.chosen_spans()

        def read(session: Any, ids: list[int]) -> Decimal:
            return sum((row.solde for row in factures.rows(session, acteur, ids)), Decimal(0))

        def shown(due: Decimal) -> None:
            if chosen == self.view.chosen_spans():
                self.chosen_due.setText(tr("solde {montant}", montant=marks.mad(due)))

        self.selection.then(
            lambda ids: self.contexte.tasks.run(lambda session: read(session, ids), shown, owner=self)
        )

    def _show_totals(self, found: Pied) -> None:
        self.totals.show_totals(found, self.spec.counted(found.nombre))

    def _read(self) -> None:
        acteur = self.contexte.acteur

        def read(session: Any) -> tuple[list[Tuile], list[Tranche]]:
            return factures.tuiles(session, acteur), factures.balance_agee(session, acteur)

        def failed(error: Exception) -> None:
            self.strip.recount.end()
            self.contexte.tasks.failed.emit(error)

        self.strip.recount.begin()
        self.contexte.tasks.run(
            read, lambda found: self.strip.show_figures(*found), failed, owner=self, long=True
        )  # fmt: skip

    def keys(self) -> Sequence[tuple[str, str]]:
        return [*super().keys(), ("Ctrl G", tr("À facturer"))]
