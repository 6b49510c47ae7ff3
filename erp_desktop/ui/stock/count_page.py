"""The sheet of one count: scan, or type into the table; the end posts the differences."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from erp_desktop import clock
from erp_desktop.domain.enums import EtatInventaire
from erp_desktop.errors import ErpError
from erp_desktop.services.stock import counting
from erp_desktop.services.stock.counting import Counted, Key, Sheet
from erp_desktop.ui.bus import Changes
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.forms.spec import ecrit_les_fiches
from erp_desktop.ui.kit.controls import Button, Elided, Text, clear
from erp_desktop.ui.kit.i18n import isolate, number, said, tr
from erp_desktop.ui.kit.surfaces import Card, Surface
from erp_desktop.ui.page import Page
from erp_desktop.ui.printing.counts import print_count
from erp_desktop.ui.stock.count_scanner import Scanner, sentence
from erp_desktop.ui.stock.count_table import BLIND, COUNTED, CountModel, CountTable
from erp_desktop.ui.stock.figures import money, quantity
from erp_desktop.ui.wording import value_labels as labels

ALL, LEFT, GAPS, DONE = "tout", "a_compter", "ecarts", "comptees"


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
        self.model.wrong.connect(self._scanner.say_wrong)
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
        self.title = Text("", "page")
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
        self.reason = Text("", "caption", "text.tertiary")
        column.addWidget(self.reason, 0, Qt.AlignmentFlag.AlignTrailing)
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
        row.addWidget(left, 1)
        row.addWidget(self._side())

    def _side(self) -> QWidget:
        side = Surface("surface.sunken", "border.subtle", sides="s")
        side.setFixedWidth(290)
        column = QVBoxLayout(side)
        column.setContentsMargins(14, 14, 14, 14)
        column.setSpacing(12)
        column.addWidget(Text(tr("Avancement"), "section"))
        self.progress = Text("", "strong")
        column.addWidget(self.progress)
        self.since = Text("", "caption", "text.tertiary", wrap=True)
        column.addWidget(self.since)
        gaps = Card()
        gaps.box.addWidget(Text(tr("Écarts à ce stade"), "strong"))
        self.gaps = QVBoxLayout()
        gaps.box.addLayout(self.gaps)
        column.addWidget(gaps)
        last = Card()
        last.box.addWidget(Text(tr("Dernières saisies"), "strong"))
        self.entries = QVBoxLayout()
        last.box.addLayout(self.entries)
        column.addWidget(last)
        end = Card()
        end.box.addWidget(Text(tr("À la fin"), "strong"))
        end.box.addWidget(Text(
            tr("Les écarts deviennent des mouvements « ajustement », datés de l'instant du comptage et motivés. Rien "
               "n'est effacé. Au-delà de {n} MAD, un responsable valide.", n=quantity(counting.LIMIT)),
            "caption", "text.secondary", wrap=True,
        ))  # fmt: skip
        column.addWidget(end)
        column.addStretch()
        return side

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
        for button in (self.cancel_button, self.partial_button, self.finish_button):
            button.setVisible(begun)
        left = len(sheet.lines) - len(sheet.counted)
        self.finish_button.setEnabled(begun and not left and bool(sheet.counted))
        self.partial_button.setEnabled(begun and bool(left) and bool(sheet.counted))
        words = tr("Terminer : {n} lignes restent à compter.", n=number(left)) if left else ""
        self.reason.setText(words if begun else labels.label(EtatInventaire, sheet.etat))
        counts = {ALL: len(sheet.lines), LEFT: left, GAPS: len(sheet.gaps), DONE: len(sheet.counted)}
        names = {ALL: tr("Tout"), LEFT: tr("À compter"), GAPS: tr("Écarts"), DONE: tr("Comptées")}
        for key, button in self.chips.items():
            button.setText(f"{names[key]}  {number(counts[key])}")
            button.setChecked(key == self._shown)
        self.model.show_rows(self._chosen(sheet))
        self.progress.setText(
            tr("{n} lignes comptées sur {total}", n=number(len(sheet.counted)), total=number(len(sheet.lines)))
        )
        self.since.setText(tr("commencé {quand}", quand=labels.freshness(sheet.ouvert_a)))
        self._show_gaps(sheet)
        self._show_entries(sheet)
        self.status_changed.emit(*self.status())

    def _chosen(self, sheet: Sheet) -> list[Counted]:
        tests: dict[str, Callable[[Counted], bool]] = {
            ALL: lambda _x: True, LEFT: lambda x: x.compte is None, GAPS: lambda x: bool(x.ecart),
            DONE: lambda x: x.compte is not None,
        }  # fmt: skip
        keep = tests[self._shown]
        return [line for line in sheet.lines if keep(line)]

    def _show_gaps(self, sheet: Sheet) -> None:
        clear(self.gaps)
        less = [x for x in sheet.gaps if (x.ecart or 0) < 0]
        more = [x for x in sheet.gaps if (x.ecart or 0) > 0]
        for words, found, tone in (
            (tr("Manquants"), less, "semantic.danger.text"), (tr("Excédents"), more, "semantic.warning.text"),
        ):  # fmt: skip
            value = sum((x.valeur for x in found if x.valeur is not None), Decimal(0))
            shown = "—" if self.blind.isChecked() else f"{number(len(found))} · {money(value)}"
            self.gaps.addWidget(_pair(words, shown, tone))

    def _show_entries(self, sheet: Sheet) -> None:
        clear(self.entries)
        for entry in sheet.entries:
            words = f"{clock.local(entry.quand):%H:%M}  {isolate(entry.designation)}"
            words += f" · {isolate(entry.lot)}" if entry.lot else ""
            self.entries.addWidget(_pair(words, quantity(entry.quantite, signed=True), "text.primary"))
        if not sheet.entries:
            self.entries.addWidget(Text(tr("Rien n'est encore compté."), "caption", "text.tertiary"))

    def show_only(self, which: str) -> None:
        """All lines, those left to count, those with a difference, or those counted."""
        self._shown = which
        if self.sheet is not None:
            self._show(self.sheet)

    def _blind(self) -> None:
        for column in BLIND:
            self.table.setColumnHidden(column, self.blind.isChecked())
        if self.sheet is not None:
            self._show_gaps(self.sheet)

    # Entering

    def _typed(self, key: Key, counted: Decimal, motive: str) -> None:
        acteur = self.contexte.acteur
        before = next((x.compte for x in self.model.rows if x.key == key), None) or Decimal(0)
        self.contexte.tasks.run(
            lambda session: counting.enter(
                session, acteur, self.row_id, key[0], counted, motive, exact=True, lot=key[1]
            ),
            lambda total: self._entered_there(key, counted - before, total), self._refused, write=True, owner=self,
        )  # fmt: skip

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
                if place is not None and not self.table.hasFocus():
                    self.table.setCurrentIndex(self.model.index(place, COUNTED))

        acteur = self.contexte.acteur
        self.contexte.tasks.run(lambda session: counting.get(session, acteur, self.row_id), show, owner=self)
        self.contexte.bus.publish("lignes_inventaire", initiator=self)

    def _refused(self, error: Exception) -> None:
        if not isinstance(error, ErpError):
            self.contexte.tasks.failed.emit(error)
            return
        self._scanner.say_wrong(sentence(error))

    def take_back(self) -> bool:
        """Take the last entry of this page back, by its opposite; False when nothing was entered here."""
        if not self._entered:
            return False
        (piece, lot), more = self._entered.pop()
        acteur = self.contexte.acteur
        self.contexte.tasks.run(
            lambda session: counting.take_back(session, acteur, self.row_id, piece, more, lot),
            lambda _total: self._read(), self._refused, write=True, owner=self,
        )  # fmt: skip
        self.told.setText(tr("Frappe annulée"))
        return True

    # The end

    def finish(self, *, partial: bool) -> None:
        """Post the differences."""
        acteur = self.contexte.acteur

        def done(made: counting.Validated) -> None:
            self.contexte.say(
                tr("Inventaire validé : {n} écarts, {valeur} MAD", n=made.posted, valeur=money(made.value))
            )
            self._over()

        self.contexte.tasks.run(
            lambda session: counting.validate(session, acteur, self.row_id, partial=partial), done, self._refused,
            write=True, owner=self,
        )  # fmt: skip

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
        return self._scanner.forget()

    def focus_filter(self) -> bool:
        self.code.setFocus(Qt.FocusReason.ShortcutFocusReason)
        return True

    def status(self) -> tuple[str, str]:
        return (said(self.progress.text()), "")


def _pair(words: str, value: str, tone: str) -> QWidget:
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    row.addWidget(Elided(words, "caption", "text.secondary"), 1)
    row.addWidget(Text(value, "strong", tone))
    return holder
