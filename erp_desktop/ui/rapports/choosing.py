"""What a report of one's own is made of: figures, what tells them apart, the period, what they are narrowed to."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from erp_desktop import clock
from erp_desktop.domain.dates import Sens
from erp_desktop.domain.rapports.definition import DATES, FILTERS, Definition
from erp_desktop.domain.rapports.figures import BY_KEY, FIGURES
from erp_desktop.domain.rapports.periodes import PERIODES
from erp_desktop.errors import ValidationError
from erp_desktop.reports.catalogue import compute
from erp_desktop.reports.catalogue.ask import Scope
from erp_desktop.reports.catalogue.compute import GROUPS
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.forms.date_editors import DateEditor
from erp_desktop.ui.forms.editors import ChoiceEditor, Editor, Unreadable
from erp_desktop.ui.kit.controls import Text, plain
from erp_desktop.ui.kit.i18n import said, tr
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.rapports.narrowing import LABELS, Narrowing

_HIGH = 26
"""Of a figure to tick."""


class Choosing(QWidget):
    """Fields under each other; a figure that the other fields refuse is pale, and its tip says why."""

    changed = Signal()

    def __init__(self, contexte: Contexte) -> None:
        super().__init__()
        self._filling = False
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(6)
        box.addWidget(Text(tr("Chiffres"), "section"))
        self.figures = QListWidget()
        self.figures.setAccessibleName(tr("Chiffres"))
        self.figures.setProperty("boxed", True)
        self.figures.setMinimumHeight(120)
        for one in FIGURES:
            item = QListWidgetItem(tr(one.nom))
            item.setData(Qt.ItemDataRole.UserRole, one.cle)
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsSelectable)
            item.setCheckState(Qt.CheckState.Unchecked)
            item.setSizeHint(QSize(0, _HIGH))
            self.figures.addItem(item)
        self.figures.itemChanged.connect(lambda _item: self._changed())
        box.addWidget(self.figures, 1)
        self.group = ChoiceEditor([("", tr("Ensemble")), *((key, tr(name)) for key, name in GROUPS.items())])
        dates = (DATES, tr("Choisir les dates…"))
        self.period = ChoiceEditor([*((p.cle, tr(p.nom)) for p in PERIODES), dates])
        self.days = (DateEditor(Sens.PASSE), DateEditor(Sens.PASSE))
        self.agency = ChoiceEditor([("", tr("Toutes les agences"))])
        self.agency.combo.setEnabled(contexte.acteur.agence_id is None)
        self._field(box, tr("Réparti par"), self.group)
        self._field(box, tr("Période"), self.period)
        self.dates = QWidget()
        inner = QVBoxLayout(self.dates)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(6)
        for name, editor in zip((tr("Premier jour"), tr("Dernier jour")), self.days, strict=True):
            self._field(inner, name, editor)
            editor.changed.connect(functools.partial(editor.set_invalid, False))
        self.dates.hide()
        box.addWidget(self.dates)
        self._field(box, tr("Agence"), self.agency)
        self.narrow = Narrowing(contexte, column=True)
        self.narrow.changed.connect(self._changed)
        box.addWidget(self.narrow)
        theme().changed.connect(self._mark)

    def _field(self, box: QVBoxLayout, name: str, editor: Editor) -> None:
        line = QHBoxLayout()
        line.addWidget(label := Text(name, "body", "text.secondary"))
        label.setMinimumWidth(LABELS)
        editor.setAccessibleName(name)
        editor.changed.connect(self._changed)
        line.addWidget(editor, 1)
        box.addLayout(line)

    def _items(self) -> list[QListWidgetItem]:
        return [self.figures.item(n) for n in range(self.figures.count())]

    @property
    def definition(self) -> Definition:
        """Raises: ValidationError: the two days are none."""
        keys = tuple(i.data(Qt.ItemDataRole.UserRole) for i in self._items()
                     if i.checkState() is Qt.CheckState.Checked)  # fmt: skip
        agency, periode = self.agency.value(), str(self.period.value())
        wanted = Definition(
            keys, str(self.group.value() or "") or None, periode, int(agency) if agency else None, **self.narrow.ids
        )
        if periode != DATES:
            return wanted
        days = []
        for editor in self.days:
            try:
                day = editor.value()
                if day is None:
                    raise Unreadable(tr("Indiquez les deux dates de la période."))
            except Unreadable as refusal:
                editor.set_invalid(True)
                raise ValidationError({"periode": str(refusal)}) from refusal
            days.append(day)
        if days[1] < days[0]:
            raise ValidationError({"fin": "La fin de la période précède son début."})
        return replace(wanted, debut=days[0], fin=days[1])

    def choose(self, wanted: Definition, named: Mapping[Any, str]) -> None:
        """Show a definition, without telling of a change.

        Args:
            named: what the rows are called that it is narrowed to, by (filter, identifier).
        """
        self._filling = True
        for item in self._items():
            on = item.data(Qt.ItemDataRole.UserRole) in wanted.figures
            item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
        self.group.show_value(wanted.group or "")
        self.period.show_value(wanted.periode)
        for editor, day in zip(self.days, wanted.days(clock.today()), strict=True):
            editor.show_value(day)
            editor.set_invalid(False)
        self.dates.setVisible(wanted.periode == DATES)
        self.agency.show_value(wanted.agence_id or "")
        self.narrow.show_ids({name: getattr(wanted, name) for name in FILTERS}, named)
        self._filling = False
        self._mark()

    def offer_agencies(self, found: tuple[tuple[int, str], ...]) -> None:
        combo, chosen = self.agency.combo, self.agency.value()
        if combo.count() == len(found) + 1:
            return
        combo.clear()
        for value, words in (("", tr("Toutes les agences")), *((str(i), name) for i, name in found)):
            combo.addItem(words, value)
        self.agency.show_value(chosen or "")

    def _changed(self) -> None:
        if self._filling:
            return
        shown = self.period.value() == DATES
        if shown != self.dates.isVisibleTo(self):
            self.dates.setVisible(shown)
        self._mark()
        self.changed.emit()

    def _mark(self) -> None:
        """Say of each figure what it is, or why it cannot be asked so."""
        today = clock.today()
        agency, group = self.agency.value(), str(self.group.value() or "") or None
        scope = Scope(today, today, int(agency) if agency else None, **self.narrow.ids)
        filling, self._filling = self._filling, True
        for item in self._items():
            figure = BY_KEY[item.data(Qt.ItemDataRole.UserRole)]
            why = compute.may_ask(figure.cle, scope, group)
            meant = f"{tr(figure.formule)} {tr('Exclues :')} {tr(figure.exclues)}"
            item.setToolTip(plain(meant if why is None else said(why)))
            item.setForeground(theme().color("text.primary" if why is None else "text.tertiary"))
            item.setData(Qt.ItemDataRole.AccessibleDescriptionRole, "" if why is None else said(why))
        self._filling = filling
