"""What a file does not say and every line has: a value for each field that no column feeds, one for empty cells of
those that a column feeds, and the rate of each currency of the file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from erp_desktop.domain.nombres import DEVISES
from erp_desktop.services.importation.columns import Colonne
from erp_desktop.services.importation.wizard import Champ, Choix
from erp_desktop.ui.forms.date_editors import DateEditor, InstantEditor
from erp_desktop.ui.forms.editors import ChoiceEditor, Editor, MoneyEditor, TextEditor, Unreadable, WholeEditor
from erp_desktop.ui.kit.controls import Elided, Text
from erp_desktop.ui.kit.i18n import apart, isolate, tr
from erp_desktop.ui.wording.value_labels import NONE, options

_CURRENCY, _COST = "devise", "cout_externe"
_MINUTES = " min"


def _editor(one: Champ) -> Editor:
    if one.values is not None:
        return ChoiceEditor([("", NONE), *options(one.values)])
    if one.kind == "flag":
        return ChoiceEditor([("", NONE), ("oui", tr("Oui")), ("non", tr("Non"))])
    made: dict[str, Callable[[], Editor]] = {
        "date": DateEditor, "instant": InstantEditor, "whole": WholeEditor, "duration": WholeEditor,
        "decimal": lambda: MoneyEditor(decimals=3),
    }  # fmt: skip
    return made.get(one.kind, TextEditor)()


def _written(kind: str, value: Any) -> str:
    """A value as an import reads it one way only, whatever the file's own convention, order of dates and unit."""
    if value is None or value == "":
        return ""
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, Decimal):
        digits = f"{value:f}"
        # Thousands come in threes: four digits behind a dot are decimals to everyone.
        return f"{digits}0" if len(digits.partition(".")[2]) == 3 else digits
    return f"{value}{_MINUTES}" if kind == "duration" else str(value)


def _read(kind: str, words: str) -> Any:
    """The value that :func:`_written` wrote; None for what a later version wrote otherwise."""
    readers: dict[str, Callable[[str], Any]] = {
        "date": date.fromisoformat, "instant": datetime.fromisoformat, "whole": int,
        "duration": lambda said: int(said.removesuffix(_MINUTES)),
        "decimal": lambda said: Decimal(said).normalize() + 0,
    }  # fmt: skip
    try:
        return readers.get(kind, str)(words)
    except (ValueError, ArithmeticError):
        return None


class Everywhere(QWidget):
    """A line for each field, those that must be given first; :attr:`changed` when something is said.

    Attributes:
        editors: field → its value.
        rates: currency → MAD for one.
    """

    changed = Signal()
    grown = Signal()
    """The rate of one more currency is asked for."""

    def __init__(self, fields: Sequence[Champ], columns: Sequence[Colonne], choice: Choix) -> None:
        super().__init__()
        self._fields = {one.name: one for one in sorted(fields, key=lambda one: not one.required) if not one.own}
        self._columns = {one.name: one for one in columns}
        self._fed: dict[str, str] = {}
        self._kept = dict(choice.taux)
        self.editors: dict[str, Editor] = {}
        self.rates: dict[str, MoneyEditor] = {}
        self._names: dict[str, Elided] = {}
        self._rows: dict[str, list[QWidget]] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 12, 0, 0)
        column.setSpacing(6)
        column.addWidget(Text(tr("Pour toutes les lignes"), "strong"))
        self._rates = QGridLayout()
        self._rates.setSpacing(6)
        self._rates.setColumnStretch(4, 1)
        column.addLayout(self._rates)
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(0, 3)
        grid.setColumnStretch(1, 4)
        column.addLayout(grid)
        said = {**choice.defauts, **choice.constantes}
        for row, one in enumerate(self._fields.values()):
            editor, name = _editor(one), Elided("", "body")
            editor.show_value(_read(one.kind, said[one.name]) if one.name in said else self._nothing(editor))
            editor.changed.connect(self._typed)
            grid.addWidget(name, row, 0)
            grid.addWidget(editor, row, 1)
            self.editors[one.name], self._names[one.name] = editor, name

    def in_order(self) -> list[Editor]:
        """As they stand, for the keyboard."""
        return [*self.rates.values(), *self.editors.values()]

    @staticmethod
    def _nothing(editor: Editor) -> str | None:
        return "" if isinstance(editor, ChoiceEditor) else None

    def _typed(self) -> None:
        self._show_rates()
        self._mark()
        self.changed.emit()

    def show_fed(self, given: Mapping[str, str]) -> None:
        """Ask for what these columns leave open: column → field, or nothing."""
        self._fed = {name: column for column, name in given.items() if name}
        for name, editor in self.editors.items():
            one, column = self._fields[name], self._columns.get(self._fed.get(name, ""))
            words = tr(one.label) + (f" ({tr('min')})" if one.kind == "duration" else "")
            if column is not None:
                words = tr("{champ}, si la case est vide", champ=apart(words))
            elif one.required:
                words += " *"
            self._names[name].setText(words)
            editor.setAccessibleName(words)
            asked = column is None or column.empty > 0
            self._names[name].setVisible(asked)
            editor.setVisible(asked)
        self._show_rates()
        self._mark()

    def _value(self, name: str) -> str:
        try:
            return _written(self._fields[name].kind, self.editors[name].value())
        except Unreadable:
            return ""

    def _asked(self, name: str) -> bool:
        return not self.editors[name].isHidden()

    def constants(self) -> dict[str, str]:
        """Field that no column feeds → what every line says."""
        return {n: said for n in self.editors if n not in self._fed and (said := self._value(n))}

    def defaults(self) -> dict[str, str]:
        """Field that a column feeds → what its empty cells mean."""
        return {n: said for n in self.editors if n in self._fed and self._asked(n) and (said := self._value(n))}

    # Currencies

    def _currencies(self) -> list[str]:
        """Those of the file and of what was said of it, while there is a cost to convert."""
        if _CURRENCY not in self._fields or not {_COST} & {*self._fed, *self.constants()}:
            return []
        column = self._columns.get(self._fed.get(_CURRENCY, ""))
        found = set(column.currencies) if column is not None else set()
        said = self._value(_CURRENCY).upper() if self._asked(_CURRENCY) else ""
        if len(said) == 3 and said not in DEVISES:
            found.add(said)
        return sorted(found)

    def _show_rates(self) -> None:
        asked = self._currencies()
        for currency in asked:
            if currency not in self.rates:
                self._add_rate(currency)
        for currency, row in self._rows.items():
            for widget in row:
                widget.setVisible(currency in asked)

    def _add_rate(self, currency: str) -> None:
        editor, line = MoneyEditor(decimals=6), self._rates.rowCount()
        editor.setFixedWidth(120)
        editor.setAccessibleName(tr("MAD pour 1 {devise}", devise=currency))
        editor.show_value(_read("decimal", self._kept.get(currency, "").replace(",", ".")))
        editor.changed.connect(self._typed)
        self._rows[currency] = [Text(isolate(f"1 {currency}")), Text("="), editor, Text("MAD")]
        for place, widget in enumerate(self._rows[currency]):
            self._rates.addWidget(widget, line, place)
        self.rates[currency] = editor
        self.grown.emit()

    def _rate(self, currency: str) -> Decimal | None:
        try:
            value: Decimal | None = self.rates[currency].value()
        except Unreadable:
            return None
        return value

    def given_rates(self) -> dict[str, str]:
        """Currency → MAD for one, with a comma as the import asks."""
        said = {currency: self._rate(currency) for currency in self._currencies()}
        return {currency: f"{value:f}".replace(".", ",") for currency, value in said.items() if value}

    # What stands in the way

    def _mark(self) -> None:
        wrong = self._wrong()
        for name, editor in [*self.editors.items(), *self.rates.items()]:
            editor.set_invalid(name in wrong)

    def _wrong(self) -> dict[str, str]:
        """Field or currency → why what is written for it is no value."""
        found = {}
        asked: list[tuple[str, Editor]] = [(name, one) for name, one in self.editors.items() if self._asked(name)]
        asked += [(currency, self.rates[currency]) for currency in self._currencies()]
        for name, editor in asked:
            try:
                value = editor.value()
            except Unreadable as error:
                found[name] = str(error)
            else:
                if name in self.rates and value is not None and value <= 0:
                    found[name] = tr("Un taux est plus grand que zéro.")
        return found

    def why(self) -> str:
        """What is said here and is no value, in words; empty when all is."""
        for name, reason in self._wrong().items():
            label = tr(self._fields[name].label) if name in self._fields else name
            return tr("{champ} : {raison}", champ=label, raison=reason)
        return ""
