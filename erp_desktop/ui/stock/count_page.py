"""The sheet of one count: scan, or type into the table; the end posts the differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial

from PySide6.QtCore import QModelIndex, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from erp_desktop.domain.enums import EtatInventaire
from erp_desktop.errors import ErpError
from erp_desktop.services.stock import counting
from erp_desktop.services.stock.counting import Counted, Key, Sheet
from erp_desktop.ui.bus import Changes
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.forms.spec import ecrit_les_fiches
from erp_desktop.ui.kit.controls import Button, Elided, Text
from erp_desktop.ui.kit.i18n import isolate, number, said, tr
from erp_desktop.ui.kit.surfaces import Pill, Surface
from erp_desktop.ui.page import Page
from erp_desktop.ui.printing.counts import print_count
from erp_desktop.ui.stock.count_scanner import Scanner, sentence
from erp_desktop.ui.stock.count_side import KEYS, CountSide, keys_line
from erp_desktop.ui.stock.count_table import BLIND, COUNTED, MOTIVE, CountModel, CountTable
from erp_desktop.ui.stock.figures import money, quantity
from erp_desktop.ui.wording import value_labels as labels

ALL, LEFT, GAPS, DONE = "tout", "a_compter", "ecarts", "comptees"

PILLS = {
    EtatInventaire.OUVERT: "en_attente", EtatInventaire.VALIDE: "cloturee", EtatInventaire.ANNULE: "annulee",
}  # fmt: skip
"""State of a count → the mark of the kit that looks like it."""


class CountPage(Page):
    """One count in a tab of its own.

    Attributes:
        sheet: as last read; None before.
    """

    def __init__(self, contexte: Contexte, row_id: int) -> None:
        super().__init__()
        self.contexte, self.row_id = contexte, row_id
        self.sheet: Sheet | None = None
        self._shown = ALL
        self._entered: list[tuple[Key, Decimal]] = []
        self.model = CountModel(self)
        self.table = CountTable(self.model)
        self.table.setAccessibleName(tr("Feuille de comptage"))
        self._scanner = Scanner(contexte, row_id)
        self.code, self.error, self.told = self._scanner.code, self._scanner.error, self._scanner.told
        self._lay_out()
        self.begins_at = self.code
        self._scanner.counted.connect(self._done)
        self.model.entered.connect(self._typed)
        self.table.written.connect(self._show_rows)
        self.model.wrong.connect(self._scanner.say_wrong)
        self.table.selectionModel().currentChanged.connect(self._say_of)
        contexte.bus.data_changed.connect(self._data_changed)
        QTimer.singleShot(0, self, self._read)

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        left = Surface("surface.base")
        column = QVBoxLayout(left)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(10)
        head = QHBoxLayout()
        names = QVBoxLayout()
        names.setSpacing(1)
        self.number_line = Text("", "caption", "text.secondary")
        self.title = Elided("", "page")
        names.addWidget(self.number_line)
        names.addWidget(self.title)
        head.addLayout(names, 1)
        self.print_button = Button(tr("Imprimer la feuille"), icon="printer", on_click=self.print_out)
        self.cancel_button = Button(tr("Annuler l'inventaire"), on_click=self.cancel)
        self.partial_button = Button(tr("Terminer sans le reste"), on_click=lambda: self.finish(partial=True))
        self.finish_button = Button(tr("Terminer et régler les écarts"), "primary", icon="check",
                                    on_click=lambda: self.finish(partial=False))  # fmt: skip
        for button in (self.print_button, self.cancel_button, self.partial_button, self.finish_button):
            head.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(head)
        # Below: beside the number or the title the acts would cut it.
        state = QHBoxLayout()
        self.pill = Pill(PILLS[EtatInventaire.OUVERT], "")
        self.pill.hide()
        state.addWidget(self.pill)
        state.addStretch()
        self.reason = Text("", "caption", "text.tertiary")
        state.addWidget(self.reason)
        column.addLayout(state)
        column.addWidget(self._scanner)
        chips = QHBoxLayout()
        chips.setSpacing(8)
        self.chips: dict[str, Button] = {}
        for key in (ALL, LEFT, GAPS, DONE):
            button = Button("", "segment", on_click=partial(self.show_only, key))
            button.setCheckable(True)
            self.chips[key] = button
            chips.addWidget(button)
        self.blind = Button(tr("Comptage aveugle"), "segment", icon="eye-slash", on_click=self._blind)
        self.blind.setCheckable(True)
        chips.addWidget(self.blind)
        chips.addStretch()
        column.addLayout(chips)
        column.addWidget(self.table, 1)
        self.keys_line = keys_line()
        column.addWidget(self.keys_line)
        for code, act in ((Qt.Key.Key_F2, self.correct), (Qt.Key.Key_F3, self.next_shelf)):
            shortcut = QShortcut(QKeySequence(code), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(act)
        row.addWidget(left, 1)
        self.side = CountSide()
        row.addWidget(self.side)

    # Reading and showing

    def _read(self) -> None:
        acteur = self.contexte.acteur
        self.contexte.tasks.run(
            lambda session: counting.get(session, acteur, self.row_id), self._show, owner=self
        )  # fmt: skip

    def _show(self, sheet: Sheet) -> None:
        self.sheet = sheet
        begun = sheet.etat == EtatInventaire.OUVERT and ecrit_les_fiches(self.contexte.acteur)
        self.title_changed.emit(sheet.numero)
        self.number_line.setText(isolate(sheet.numero))
        self.title.setText(tr("Inventaire — {depot}", depot=sheet.depot))
        self._scanner.setVisible(begun)
        self.model.writable = begun
        if not begun:
            self.model.forget()
        for button in (self.cancel_button, self.partial_button, self.finish_button):
            button.setVisible(begun)
        left = len(sheet.lines) - len(sheet.counted)
        self.finish_button.setEnabled(begun and not left and bool(sheet.counted))
        self.partial_button.setEnabled(begun and bool(left) and bool(sheet.counted))
        words = tr("Terminer : {n} lignes restent à compter.", n=number(left)) if left else ""
        self.reason.setText(words if begun else "")
        self.reason.setVisible(begun)
        self.pill.set_status(PILLS[EtatInventaire(sheet.etat)], labels.label(EtatInventaire, sheet.etat))
        self.pill.show()
        counts = {ALL: len(sheet.lines), LEFT: left, GAPS: len(sheet.gaps), DONE: len(sheet.counted)}
        names = {ALL: tr("Tout"), LEFT: tr("À compter"), GAPS: tr("Écarts"), DONE: tr("Comptées")}
        for key, button in self.chips.items():
            button.setText(f"{names[key]}  {number(counts[key])}")
            button.setChecked(key == self._shown)
        self._show_rows()
        self.side.show_sheet(sheet, blind=self.blind.isChecked())
        self.keys_line.setVisible(begun)
        self.status_changed.emit(*self.status())

    def _show_rows(self) -> None:
        """What is being typed into a line stays; the lines are shown afresh when it is done."""
        if self.sheet is not None and not self.table.writing:
            self.model.show_rows(self._chosen(self.sheet))

    def _chosen(self, sheet: Sheet) -> list[Counted]:
        tests: dict[str, Callable[[Counted], bool]] = {
            ALL: lambda _x: True, LEFT: lambda x: x.compte is None, GAPS: lambda x: bool(x.ecart),
            DONE: lambda x: x.compte is not None,
        }  # fmt: skip
        keep = tests[self._shown]
        return [line for line in sheet.lines if keep(line)]

    def show_only(self, which: str) -> None:
        """All lines, those left to count, those with a difference, or those counted."""
        self._shown = which
        if self.sheet is not None:
            self._show(self.sheet)

    def _blind(self) -> None:
        for column in BLIND:
            self.table.setColumnHidden(column, self.blind.isChecked())
        if self.sheet is not None:
            self.side.show_gaps(self.sheet, blind=self.blind.isChecked())

    # Entering

    def _typed(self, key: Key, counted: Decimal, motive: str) -> None:
        acteur = self.contexte.acteur
        before = next((x.compte for x in self.model.rows if x.key == key), None) or Decimal(0)
        column, typed = (MOTIVE, motive) if motive else (COUNTED, quantity(counted))

        def refused(error: Exception) -> None:
            self._refused(error)
            if isinstance(error, ErpError):
                self.model.refuse(key, column, typed, sentence(error))

        self.contexte.tasks.run(
            lambda session: counting.enter(
                session, acteur, self.row_id, key[0], counted, motive, exact=True, lot=key[1]
            ),
            lambda total: self._entered_there(key, counted - before, total), refused, write=True, owner=self,
        )  # fmt: skip

    def _say_of(self, here: QModelIndex) -> None:
        if here.isValid():
            self.model.say(self.model.rows[here.row()].key, here.column())

    def _entered_there(self, key: Key, more: Decimal, total: Decimal) -> None:
        self._scanner.say_again()
        self._done(key, more, total)

    def _done(self, key: Key, more: Decimal, total: Decimal) -> None:
        self._entered.append((key, more))

        def show(sheet: Sheet) -> None:
            self._show(sheet)
            line = next((x for x in sheet.lines if x.key == key), None)
            if line is not None:
                name = f"{line.designation} · {isolate(line.lot)}" if line.lot else line.designation
                self.told.setText(tr("{piece} : {n} comptés", piece=name, n=quantity(total)))
                place = next((n for n, x in enumerate(self.model.rows) if x.key == key), None)
                if place is not None and not self.table.in_use:
                    self.table.setCurrentIndex(self.model.index(place, COUNTED))

        acteur = self.contexte.acteur
        self.contexte.tasks.run(lambda session: counting.get(session, acteur, self.row_id), show, owner=self)
        self.contexte.bus.publish("lignes_inventaire", initiator=self)

    def _refused(self, error: Exception) -> None:
        if not isinstance(error, ErpError):
            self.contexte.tasks.failed.emit(error)
            return
        self._scanner.say_wrong(sentence(error))
        self._read()

    def correct(self) -> None:
        """F2: write over what was counted, of the line of the cursor; from the scanner, of the last one entered."""
        rows = self.model.rows
        place = self.table.currentIndex().row()
        if not self.table.in_use and self._entered:
            last = self._entered[-1][0]
            place = next((n for n, x in enumerate(rows) if x.key == last), place)
        if rows and self.model.writable:
            self.table.write_over(max(place, 0))

    def next_shelf(self) -> None:
        """F3: the first line of another shelf, one where something is left to count while there is any."""
        rows, here = self.model.rows, self.table.currentIndex().row()
        if not rows:
            return
        shelf = rows[here].emplacement if here >= 0 else None
        after = [(here + n) % len(rows) for n in range(1, len(rows) + 1)] if here >= 0 else list(range(len(rows)))
        others = [place for place in after if rows[place].emplacement != shelf]
        found = next((place for place in others if rows[place].compte is None), others[0] if others else None)
        if found is not None:
            self.table.setFocus(Qt.FocusReason.ShortcutFocusReason)
            self.table.setCurrentIndex(self.model.index(found, COUNTED))

    def take_back(self) -> bool:
        """Take the last entry of this page back, by its opposite; False when nothing was entered here."""
        if not self._entered:
            return False
        (piece, lot), more = self._entered.pop()
        motive_only = not more and self._motive_of((piece, lot))
        acteur = self.contexte.acteur
        self.contexte.tasks.run(
            lambda session: counting.take_back(session, acteur, self.row_id, piece, more, lot),
            lambda _total: self._read(), self._refused, write=True, owner=self,
        )  # fmt: skip
        self.told.setText(tr("Motif annulé") if motive_only else tr("Frappe annulée"))
        return True

    def _motive_of(self, key: Key) -> str:
        return next((x.motif for x in self.sheet.lines if x.key == key), "") if self.sheet is not None else ""

    # The end

    def finish(self, *, partial: bool) -> None:
        """Post the differences."""
        acteur = self.contexte.acteur
        if self.model.refused:
            self._show_refused()
            return

        def done(made: counting.Validated) -> None:
            self.contexte.say(
                tr("Inventaire validé : {n} écarts, {valeur} MAD", n=made.posted, valeur=money(made.value))
            )
            self._over()

        self.contexte.tasks.run(
            lambda session: counting.validate(session, acteur, self.row_id, partial=partial), done, self._refused,
            write=True, owner=self,
        )  # fmt: skip

    def _show_refused(self) -> None:
        """Put the cursor where what was typed is not counted, and say why."""
        key, column = next(iter(self.model.refused))
        if all(x.key != key for x in self.model.rows):
            self.show_only(ALL)
        place = next((n for n, x in enumerate(self.model.rows) if x.key == key), None)
        if place is not None:
            self.table.setFocus(Qt.FocusReason.OtherFocusReason)
            self.table.setCurrentIndex(self.model.index(place, column))
        self.model.say(key, column)

    def cancel(self) -> None:
        """Give the count up; its entries stay readable."""
        acteur = self.contexte.acteur

        def done(_none: None) -> None:
            self.contexte.say(tr("Inventaire annulé"))
            self._over()

        self.contexte.tasks.run(
            lambda session: counting.cancel(session, acteur, self.row_id), done, self._refused, write=True, owner=self
        )

    def _over(self) -> None:
        for table in ("inventaires", "mouvements_stock"):
            self.contexte.bus.publish(table, initiator=self)
        self._read()

    # What the window's keys do

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """A scan belongs to the code, wherever a click left the keyboard: its Enter would press a button."""
        held = event.modifiers() & ~(Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier)
        if held or not self._scanner.isVisible() or not event.text().isprintable() or not event.text():
            super().keyPressEvent(event)
            return
        self._scanner.begin(event.text())

    def _data_changed(self, changes: Changes, initiator: object) -> None:
        if initiator is not self and {"inventaires", "lignes_inventaire", "mouvements_stock"} & set(changes):
            self._read()

    def reload(self) -> bool:
        self._read()
        return True

    def print_out(self) -> bool:
        print_count(self.contexte, self.row_id, self, blind=self.blind.isChecked())
        return True

    def escape(self) -> bool:
        if self.table.in_use and self.model.forget():
            self._scanner.say_again()
            return True
        return self._scanner.forget()

    def focus_filter(self) -> bool:
        self.code.setFocus(Qt.FocusReason.ShortcutFocusReason)
        return True

    def status(self) -> tuple[str, str]:
        return (said(self.side.progress.text()), "")

    def keys(self) -> Sequence[tuple[str, str]]:
        return KEYS
