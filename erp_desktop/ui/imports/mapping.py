"""Which field each column of a file feeds: its letter, an example, the kind read from every row, and the choice;
above them how the file is read, below them what it does not say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from erp_desktop.services.importation.wizard import Champ, Choix, Fichier
from erp_desktop.ui.forms.editors import ChoiceEditor
from erp_desktop.ui.forms.part import scroller
from erp_desktop.ui.imports.everywhere import Everywhere
from erp_desktop.ui.imports.reading import Reading
from erp_desktop.ui.kit.controls import Elided, IconLabel, Text
from erp_desktop.ui.kit.i18n import number, tr


def kinds() -> dict[str, str]:
    return {"text": tr("Texte"), "number": tr("Nombre"), "date": tr("Date j/m/a"), "flag": tr("Oui ou non")}


def letter(place: int) -> str:
    """``A``, ``B`` … ``AA``, as a spreadsheet names its columns."""
    name = ""
    while place >= 0:
        name, place = chr(ord("A") + place % 26) + name, place // 26 - 1
    return name


class Columns(QWidget):
    """The table of columns; :attr:`changed` when a field is chosen."""

    changed = Signal()
    anew = Signal()
    """The file is to be read again, as another sheet or in another encoding."""

    def __init__(self) -> None:
        super().__init__()
        self._fields: Sequence[Champ] = ()
        self.editors: dict[str, ChoiceEditor] = {}
        self._marks: dict[str, IconLabel] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self.reading = Reading()
        self.reading.changed.connect(self.changed)
        self.reading.anew.connect(self.anew)
        self._grid.addWidget(self.reading, 0, 0)
        self._area: QWidget | None = None
        self.everywhere: Everywhere | None = None

    def show_file(self, file: Fichier, fields: Sequence[Champ], choice: Choix, *, before: bool) -> None:
        """Show the columns of a file with the fields given to them, and how it is read.

        Args:
            before: an import knows again what an earlier one brought.
        """
        self._fields, self.editors, self._marks = fields, {}, {}
        body = QWidget()
        body.setObjectName("corps")
        grid = QGridLayout(body)
        grid.setContentsMargins(16, 4, 12, 12)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(6)
        for place, words in enumerate((tr("Colonne du fichier"), tr("Exemple"), tr("Type lu"), tr("Champ de l'ERP"))):
            grid.addWidget(Text(words, "caption", "text.tertiary"), 0, place + (place > 0))
        options = [("", tr("Ne pas importer"))]
        options += [(one.name, f"{tr(one.label)} *" if one.required else tr(one.label)) for one in fields]
        for row, column in enumerate(file.colonnes, start=1):
            grid.addWidget(self._name(row - 1, column.name), row, 0, 1, 2)
            grid.addWidget(Elided(column.sample, "body", "text.secondary"), row, 2)
            words = kinds()[column.kind]
            if column.odd:
                words = tr("{type} ? ({n} autres)", type=words, n=number(column.odd))
            kind = Text(words, "body", "semantic.warning.text" if column.odd else "text.secondary")
            grid.addWidget(kind, row, 3)
            editor = ChoiceEditor(options)
            editor.show_value(choice.champs.get(column.name, ""))
            editor.setAccessibleName(tr("Champ de la colonne {nom}", nom=column.name))
            editor.changed.connect(self._chosen)
            grid.addWidget(editor, row, 4)
            mark = IconLabel("check-circle", "semantic.success.text", 16, "fill")
            grid.addWidget(mark, row, 5)
            self.editors[column.name], self._marks[column.name] = editor, mark
        for place, stretch in ((1, 3), (2, 3), (3, 2), (4, 4)):
            grid.setColumnStretch(place, stretch)
        self.everywhere = Everywhere(fields, file.colonnes, choice)
        self.everywhere.changed.connect(self.changed)
        self.everywhere.grown.connect(self._order)
        grid.addWidget(self.everywhere, len(file.colonnes) + 1, 0, 1, 6)
        grid.setRowStretch(len(file.colonnes) + 2, 1)
        if self._area is not None:
            self._area.hide()
            self._area.deleteLater()
        self._area = scroller(body)
        self._grid.addWidget(self._area, 1, 0)
        self.reading.show_file(file, choice, before=before)
        self._order()
        self._say()

    def _order(self) -> None:
        """The keyboard goes down the page, though what it goes through was made at different times."""
        below = self.everywhere.in_order() if self.everywhere is not None else []
        for one, after in pairwise([*self.reading.editors.values(), *self.editors.values(), *below]):
            QWidget.setTabOrder(one.inner, after.inner)

    @staticmethod
    def _name(place: int, name: str) -> QWidget:
        label = Elided(f"{letter(place)}   {name}", "strong")
        label.setMinimumWidth(110)
        return label

    def _chosen(self) -> None:
        self._say()
        self.changed.emit()

    def _say(self) -> None:
        fed = set(self.given().values())
        self.reading.show_kinds({one.kind for one in self._fields if one.name in fed})
        if self.everywhere is not None:
            self.everywhere.show_fed(self.given())
        twice = self._twice()
        for name, editor in self.editors.items():
            value = str(editor.value() or "")
            icon, tone = ("warning", "warning") if value in twice else ("check-circle", "success")
            if value:
                self._marks[name].set_icon(icon, f"semantic.{tone}.text", "fill")
            else:
                self._marks[name].set_icon("minus", "text.tertiary")

    def _twice(self) -> set[str]:
        counts = Counter(filter(None, self.given().values()))
        return {value for value, times in counts.items() if times > 1}

    def given(self) -> dict[str, str]:
        """Column → field, or nothing."""
        return {name: str(editor.value() or "") for name, editor in self.editors.items()}

    def choice(self) -> Choix:
        """All that was said here of the file."""
        said, written = self.everywhere, self.reading.written()
        if said is None:
            return Choix(self.given(), ecriture=written)
        return Choix(
            self.given(), ecriture=written, constantes=said.constants(), defauts=said.defaults(),
            taux=said.given_rates(), existants=self.reading.existing(),
        )  # fmt: skip

    def why(self) -> str:
        """What stands in the way of judging the file, in words; empty when nothing does."""
        choice, twice = self.choice(), self._twice()
        fed = {*choice.champs.values(), *choice.constantes}
        missing = [one for one in self._fields if one.required and one.name not in fed]
        unread = self.everywhere.why() if self.everywhere is not None else ""
        if unread:
            return unread
        if missing:
            told = tr("Aucune colonne ne donne : {champs}.", champs=", ".join(tr(one.label) for one in missing))
            if all(one.own for one in missing):
                return told
            return f"{told} {tr('Cela peut se dire pour toutes les lignes, sous les colonnes.')}"
        if twice:
            labels = [tr(one.label) for one in self._fields if one.name in twice]
            return tr("Deux colonnes donnent : {champs}.", champs=", ".join(labels))
        return ""
