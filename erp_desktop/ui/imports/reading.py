"""How a file is written, where it does not show it by itself: marks of its numbers, order of its dates, unit of its
durations. Each is asked only of a file that has some."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from erp_desktop.domain.nombres import Convention
from erp_desktop.services.importation.dates import Ordre
from erp_desktop.services.importation.values import Ecriture, Unite
from erp_desktop.ui.forms.editors import ChoiceEditor
from erp_desktop.ui.kit.controls import Text
from erp_desktop.ui.kit.i18n import isolate, tr

_ASKED_OF = {
    "nombres": {"decimal", "whole", "duration"}, "dates": {"date", "instant"}, "durees": {"duration"},
}  # fmt: skip
"""Choice → the kinds of fields that it is about."""


class Reading(QWidget):
    """A choice each, side by side; :attr:`changed` when one is made."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 0, 12, 8)
        column.setSpacing(6)
        column.addWidget(Text(tr("Comment lire ce fichier"), "strong"))
        row = QHBoxLayout()
        row.setSpacing(10)
        column.addLayout(row)
        automatic = ("", tr("Automatique"))
        self.editors = {
            "nombres": ChoiceEditor(
                [automatic, (Convention.VIRGULE, isolate("1 234,56")), (Convention.POINT, isolate("1,234.56"))]
            ),
            "dates": ChoiceEditor(
                [automatic, (Ordre.JMA, tr("jour/mois/année")), (Ordre.MJA, tr("mois/jour/année"))]
            ),
            "durees": ChoiceEditor([automatic, (Unite.MINUTES, tr("minutes")), (Unite.HEURES, tr("heures"))]),
        }
        self._boxes: dict[str, QWidget] = {}
        for name, words in (("nombres", tr("Nombres")), ("dates", tr("Dates")), ("durees", tr("Durées"))):
            editor, box = self.editors[name], QWidget()
            inner = QVBoxLayout(box)
            inner.setContentsMargins(0, 0, 0, 0)
            inner.setSpacing(2)
            inner.addWidget(Text(words, "caption", "text.tertiary"))
            inner.addWidget(editor)
            editor.setAccessibleName(words)
            editor.changed.connect(self.changed)
            row.addWidget(box, 1)
            self._boxes[name] = box
        self.hide()

    def show_written(self, written: Ecriture) -> None:
        for name, editor in self.editors.items():
            editor.show_value(getattr(written, name) or "")

    def show_kinds(self, kinds: AbstractSet[str]) -> None:
        """Ask only what the kinds of the fields that are fed leave open."""
        asked = {name for name, of in _ASKED_OF.items() if of & kinds}
        for name, box in self._boxes.items():
            box.setVisible(name in asked)
        self.setVisible(bool(asked))

    def written(self) -> Ecriture:
        """What was chosen."""
        numbers, dates, durations = (str(self.editors[name].value() or "") for name in _ASKED_OF)
        return Ecriture(
            Convention(numbers) if numbers else None, Ordre(dates) if dates else None,
            durees=Unite(durations) if durations else None,
        )  # fmt: skip
