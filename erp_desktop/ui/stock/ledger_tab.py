"""The movements of one part with the balance after each, newest first; a wrong one is reversed, never changed."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from erp_desktop.domain.enums import TypeMouvement
from erp_desktop.errors import ErpError
from erp_desktop.services.stock import ledger, movements
from erp_desktop.services.stock.movements import MoveRow
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.forms.part import RecordPart
from erp_desktop.ui.forms.spec import ecrit_les_fiches
from erp_desktop.ui.kit.controls import Elided, IconLabel, Text, clear, icon_button
from erp_desktop.ui.kit.i18n import isolate, number, said, tr
from erp_desktop.ui.stock.figures import quantity
from erp_desktop.ui.wording import value_labels as labels

ICONS = {
    "entree": ("arrow-line-down", "semantic.success.text"), "sortie": ("arrow-line-up", "semantic.warning.text"),
    "transfert": ("arrows-left-right", "semantic.info.text"), "retour": ("arrow-u-up-left", "semantic.success.text"),
    "ajustement": ("list-bullets", "text.secondary"),
}  # fmt: skip
SHOWN = 60


def origin(row: MoveRow, *, short: bool = False) -> str:
    """What a movement came from, under its kind; with ``short`` a number without the letters that all share."""
    if row.autre:
        return tr("vers {depot}", depot=row.autre) if row.quantite < 0 else tr("depuis {depot}", depot=row.autre)
    came = labels.short_number(row.origine) if short else isolate(row.origine)
    told = (came, row.motif if row.motif != row.origine else "", isolate(row.lot))
    return " · ".join(dict.fromkeys(filter(None, told)))


def signed(row: MoveRow) -> str:
    return quantity(row.quantite, signed=True)


class LedgerTab(RecordPart):
    """Follows the part of its panel."""

    def __init__(self, panel: FormPanel) -> None:
        super().__init__()
        self._panel = panel
        self._row_id: int | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 14, 12)
        self.holder = QVBoxLayout()
        column.addLayout(self.holder)
        self.more = Text("", "caption", "text.tertiary", wrap=True)
        column.addWidget(self.more)
        column.addStretch()

    def show_record(self, row_id: int | None, _record: Any) -> None:
        self._row_id = row_id
        if row_id is None:
            self._show(None, [], 0)
            return
        acteur = self._panel.contexte.acteur
        self._panel.contexte.tasks.run(
            lambda session: movements.of_part(session, acteur, row_id, limit=SHOWN),
            lambda found: self._show(row_id, *found),
            owner=self,
        )

    def _show(self, row_id: int | None, rows: list[MoveRow], count: int) -> None:
        if row_id != self._row_id:
            return
        clear(self.holder)
        table = QWidget()
        grid = QGridLayout(table)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(7)
        heads = (tr("Date"), "", tr("Mouvement"), tr("Qté"), tr("Solde"))
        for n, words in enumerate(heads):
            grid.addWidget(Text(words, "caption", "text.tertiary"), 0, n)
        for n, row in enumerate(rows, start=1):
            self._line(grid, n, row)
        grid.setColumnStretch(2, 1)
        self.holder.addWidget(table)
        if not rows:
            self.holder.addWidget(Text(tr("Aucun mouvement pour le moment."), "body", "text.tertiary"))
        left = tr(
            "Les {n} derniers sur {total} : la section Mouvements les montre tous.", n=SHOWN, total=number(count)
        )
        self.more.setText(left if count > len(rows) else "")
        self.counted.emit(count)

    def _line(self, grid: QGridLayout, n: int, row: MoveRow) -> None:
        icon, colour = ICONS.get(row.type_mouvement, ICONS["ajustement"])
        grid.addWidget(Text(labels.instant(row.quand), "caption", "text.secondary"), n, 0)
        grid.addWidget(IconLabel(icon, colour, 14), n, 1)
        what = QWidget()
        words = QVBoxLayout(what)
        words.setContentsMargins(0, 0, 0, 0)
        words.setSpacing(0)
        words.addWidget(Text(labels.label(TypeMouvement, row.type_mouvement), "body"))
        # Beside a list there is no room for a column of places.
        words.addWidget(Elided(" · ".join(filter(None, [origin(row, short=True), row.depot, row.par])), "caption",
                               "text.secondary"))  # fmt: skip
        grid.addWidget(what, n, 2)
        tone = "semantic.success.text" if row.quantite > 0 else "text.primary"
        grid.addWidget(Text(signed(row), "strong", tone), n, 3, Qt.AlignmentFlag.AlignTrailing)
        balance = quantity(row.solde) if row.solde is not None else ""
        below = row.solde is not None and row.solde < 0
        grid.addWidget(Text(balance, "strong", "semantic.danger.text" if below else "text.primary"), n, 4,
                       Qt.AlignmentFlag.AlignTrailing)  # fmt: skip
        # Where it is kept in step with a line or a count, it is corrected there.
        if ecrit_les_fiches(self._panel.contexte.acteur) and not row.annule and not row.origine:
            button = icon_button("arrow-u-up-left", tr("Contre-passer"), lambda: self.reverse(row.id))
            grid.addWidget(button, n, 5)
        elif row.attente:
            grid.addWidget(IconLabel("cloud-arrow-up", "text.tertiary", 14), n, 5)

    def reverse(self, move: int) -> None:
        """Undo a movement by its opposite."""
        contexte, acteur, part = self._panel.contexte, self._panel.contexte.acteur, self._row_id

        def done(made: tuple[int, ...]) -> None:
            contexte.say(tr("Mouvement contre-passé"))
            contexte.bus.publish("mouvements_stock", *made, initiator=self)
            if part is not None and part == self._row_id and not self._panel.dirty:
                self._panel.open_record(part)

        def refused(error: Exception) -> None:
            if isinstance(error, ErpError):
                contexte.say(said(str(error)), kind="danger")
            else:
                contexte.tasks.failed.emit(error)

        contexte.tasks.run(
            lambda session: ledger.reverse(session, acteur, move), done, refused, write=True, owner=self
        )
