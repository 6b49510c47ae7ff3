"""The page of parts: a column for each place where they are few, and what the filter comes to below."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHBoxLayout, QWidget

from erp_desktop.domain.enums import StatutDepot, TypeDepot
from erp_desktop.services.stock import quantities
from erp_desktop.services.stock.parts import PartRow
from erp_desktop.services.stock.quantities import ZERO, Place
from erp_desktop.services.stock.totals import MOST, Totals, totals
from erp_desktop.ui.bus import Changes
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.kit.controls import Button, Text, plain
from erp_desktop.ui.kit.i18n import number, tr
from erp_desktop.ui.kit.states import FadingText
from erp_desktop.ui.kit.surfaces import Surface
from erp_desktop.ui.kit.table import Column
from erp_desktop.ui.lists.columns import key_of, swap
from erp_desktop.ui.lists.page import ListPage
from erp_desktop.ui.lists.progress import AddedUp
from erp_desktop.ui.stock import COLUMNS, LISTE, draw_held
from erp_desktop.ui.stock.figures import money, quantity
from erp_desktop.ui.wording import value_labels as labels

FEW, MANY = 4, 16
"""So many places have a column each instead of the sums; so many can be had from the choice of columns."""
_SUMS = ("Magasin", "Fourgons")
_COUNTED = frozenset({"pieces_detachees", "mouvements_stock", "stock_seuils", "lignes_intervention"})


def _held(place: int, row: PartRow) -> str:
    if place in row.bas:
        return f"⚠ {quantity(row.depots.get(place, ZERO))}"
    return quantity(row.depots.get(place, ZERO), blank=True)


def _draw_held(place: int, painter: QPainter, rect: QRect, row: PartRow, rtl: bool) -> None:
    draw_held(painter, rect, row.depots.get(place, ZERO), rtl, low=place in row.bas)


def place_columns(places: Sequence[Place]) -> list[Column[PartRow]]:
    """The columns of quantities by place: one each, stores first, or those of the sums with the places on offer."""
    sums = [column for column in COLUMNS if column.title in _SUMS]
    known = [p for p in places if p.type_depot in (TypeDepot.AGENCE, TypeDepot.VEHICULE)]
    known = [p for p in known if p.statut == StatutDepot.OUVERT]
    names = {p.nom for p in known}
    if not known or len(known) > MANY or len(names) < len(known):
        # Those of several agencies are called the same: their sums are what can be read.
        return sums
    few = len(known) <= FEW
    taken = {column.title for column in COLUMNS} - (set(_SUMS) if few else set())
    made = [
        Column("", p.nom if p.nom not in taken else tr("Dépôt {nom}", nom=p.nom), 66, partial(_held, p.id), "figure",
               numeric=True, hidden=not few, named=True, draw=partial(_draw_held, p.id))
        for p in known
    ]  # fmt: skip
    return made if few else [*sums, *made]


def _left_out(unpriced: int) -> str:
    """What a total in money does not hold."""
    return tr("Sans prix d'entrée, non comptées : {n}", n=number(unpriced)) if unpriced else ""


class TotalsFoot(Surface):
    """How many are low and what it takes to order, then the value; a dash while it is read, never a zero.

    Args:
        chosen: called with the words of the filter that shows the rows of a figure.
    """

    def __init__(self, chosen: Callable[[str], object]) -> None:
        super().__init__("surface.sunken", "border.default", sides="t")
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 6, 16, 6)
        row.setSpacing(14)
        self.low = Button("", "link", on_click=lambda: chosen("etat:sous_minimum"))
        self.ordered = Button("", "link", on_click=lambda: chosen("etat:a_commander"))
        row.addWidget(self.low)
        row.addWidget(self.ordered)
        row.addStretch()
        row.addWidget(Text(tr("Valeur MAD"), "caption", "text.secondary"))
        self.value = FadingText(labels.NONE, "strong")
        row.addWidget(self.value)
        self.wait()

    def wait(self) -> None:
        """The figures of another filter are being read."""
        self.value.setText(labels.NONE)
        self.low.hide()
        self.ordered.hide()

    def show_totals(self, found: Totals | None) -> None:
        """None: the filter finds too many."""
        if found is None:
            self.wait()
            self.value.setText(tr("au-delà de {n}, filtrez pour les totaux", n=number(MOST)))
            return
        self.value.setText(money(found.valeur))
        self.value.tip(_left_out(found.sans_prix))
        self.value.setAccessibleName(f"{tr('Valeur MAD')} {money(found.valeur)}")
        self.low.setText(tr("Sous le minimum : {n}", n=number(found.sous_minimum)))
        self.low.setVisible(found.sous_minimum > 0)
        self.ordered.setText(tr("À commander : {n}, pour {montant} MAD", n=number(found.a_commander),
                                montant=money(found.besoin)))  # fmt: skip
        self.ordered.setToolTip(plain(_left_out(found.besoin_sans_prix)))
        self.ordered.setVisible(found.a_commander > 0)
        for button in (self.low, self.ordered):
            button.setAccessibleName(button.text())


class PartsPage(ListPage):
    """The list of parts."""

    def __init__(self, contexte: Contexte) -> None:
        super().__init__(LISTE, contexte)
        acteur = contexte.acteur
        self._sums = AddedUp(
            self, read=lambda session, text: totals(session, acteur, text), show=self.foot.show_totals,
            wait=self.foot.wait, shown=lambda: [self.foot.value],
        )  # fmt: skip
        contexte.bus.data_changed.connect(self._moved)
        self._read_places()

    def below(self) -> QWidget:
        self.foot = TotalsFoot(self.search)
        return self.foot

    def _moved(self, changes: Changes, _initiator: object) -> None:
        if "depots" in changes:
            self._read_places()
        if _COUNTED & set(changes):
            self._sums.stale()

    # A column for each place

    def _read_places(self) -> None:
        acteur = self.contexte.acteur
        self.contexte.tasks.run(
            lambda session: quantities.places(session, acteur), self._show_places, lambda _error: None, owner=self
        )

    def _show_places(self, places: Sequence[Place]) -> None:
        wanted, present = place_columns(places), self.model.columns
        first = next(n for n, column in enumerate(COLUMNS) if column.title in _SUMS)
        fixed = {key_of(column) for column in COLUMNS} - set(_SUMS)
        end = next(n for n in range(first, len(present)) if key_of(present[n]) in fixed)
        if [(c.title, c.hidden) for c in present[first:end]] == [(c.title, c.hidden) for c in wanted]:
            return
        swap(self.view, first, end - first, wanted)
        self.spec = replace(self.spec, columns=list(self.model.columns))
        self.look.restore_columns()
