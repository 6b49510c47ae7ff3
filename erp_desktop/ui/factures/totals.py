"""Below the list of invoices: what those of the whole filter come to."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from erp_desktop.services.factures import Pied
from erp_desktop.ui.factures import marks
from erp_desktop.ui.kit.controls import Text
from erp_desktop.ui.kit.i18n import colon, tr
from erp_desktop.ui.kit.states import Fading, FadingText
from erp_desktop.ui.kit.surfaces import Surface
from erp_desktop.ui.wording import value_labels as labels

_NARROW = 640
_NAMES = {"total_ht": "HT", "total_tva": "TVA", "total_ttc": "TTC", "regle": "Réglé", "solde": "Reste dû"}


class TotalsFoot(Surface):
    """Without tax, tax, with tax, settled and due; a dash while it is being read, never a zero.

    Attributes:
        amounts: figure by its name in ``Pied``.
    """

    def __init__(self) -> None:
        super().__init__("surface.sunken", "border.default", sides="t")
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 7, 16, 7)
        row.setSpacing(6)
        self.count = Text("", "body", "text.secondary")
        row.addWidget(self.count)
        row.addStretch()
        self.amounts: dict[str, FadingText] = {}
        self._wide: list[QWidget] = []
        for name, words in _NAMES.items():
            caption, amount = Text(tr(words), "caption", "text.secondary"), FadingText(labels.NONE, "strong")
            row.addSpacing(12)
            row.addWidget(caption)
            row.addWidget(amount)
            self.amounts[name] = amount
            if name in ("total_ht", "total_tva", "regle"):
                self._wide += [caption, amount]
        self.wait()

    def figures(self) -> Iterable[Fading]:
        return self.amounts.values()

    def wait(self) -> None:
        """The figures of another filter are being read."""
        self.count.setText(tr("Total du filtre (MAD)"))
        for amount in self.amounts.values():
            amount.setText(labels.NONE)

    def show_totals(self, found: Pied, counted: str) -> None:
        """``counted`` says of how many."""
        self.count.setText(tr("Total du filtre (MAD)") + colon() + counted)
        for name, amount in self.amounts.items():
            value: Decimal = getattr(found, name)
            amount.setText(marks.money(value))
            amount.setAccessibleName(f"{tr(_NAMES[name])} {marks.mad(value)}")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        for one in self._wide:
            one.setVisible(self.width() >= _NARROW)
