"""How a file is written, where it does not show it by itself: its sheet and its encoding, marks of its numbers, order
of its dates, unit of its durations, country of its telephones; and what becomes of what an import brought before."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from functools import cache

from babel import Locale
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from erp_desktop.domain import telephone
from erp_desktop.domain.nombres import Convention
from erp_desktop.domain.recherche import plier
from erp_desktop.services.importation.dates import Ordre
from erp_desktop.services.importation.decisions import Existants
from erp_desktop.services.importation.values import Ecriture, Unite
from erp_desktop.services.importation.wizard import Choix, Fichier
from erp_desktop.ui.forms.editors import ChoiceEditor
from erp_desktop.ui.kit.controls import Text
from erp_desktop.ui.kit.i18n import isolate, language, tr

_ASKED_OF = {
    "nombres": {"decimal", "whole", "duration"}, "dates": {"date", "instant"}, "durees": {"duration"},
    "pays": {"phone"},
}  # fmt: skip
"""Choice → the kinds of fields that it is about."""
_ANEW = ("feuille", "encodage")
"""Choices for which the file is read again."""
_BESIDE = 3


def encodings() -> dict[str, str]:
    """Encoding → what people call it."""
    return {
        "utf-8": "UTF-8", "utf-16": "UTF-16", "cp1252": tr("Windows-1252 (Europe)"),
        "cp1256": tr("Windows-1256 (arabe)"), "cp850": tr("DOS 850 (anciens logiciels)"),
        "mac_roman": tr("Mac (anciens logiciels)"),
    }  # fmt: skip


@cache
def countries(code: str) -> tuple[tuple[str, str, int], ...]:
    """(country, name, telephone code), ours first, then in the order of the language; the first time a fifth of a
    second, which whoever reads the file takes."""
    names, known = Locale(code).territories, telephone.indicatifs()
    found = sorted((plier(names[one]), one) for one in known if one in names and one != telephone.MAROC)
    return tuple((one, names[one], known[one]) for one in (telephone.MAROC, *(c for _, c in found)))


class Reading(QWidget):
    """A choice each, three side by side; :attr:`changed` when one is made."""

    changed = Signal()
    anew = Signal()
    """Another sheet or encoding is said."""

    def __init__(self) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 0, 12, 8)
        column.setSpacing(6)
        column.addWidget(Text(tr("Comment lire ce fichier"), "strong"))
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(6)
        for place in range(_BESIDE):
            self._grid.setColumnStretch(place, 1)
        column.addLayout(self._grid)
        automatic = ("", tr("Automatique"))
        self.editors = {
            "feuille": ChoiceEditor([automatic]),
            "encodage": ChoiceEditor([automatic]),
            "nombres": ChoiceEditor(
                [automatic, (Convention.VIRGULE, isolate("1 234,56")), (Convention.POINT, isolate("1,234.56"))]
            ),
            "dates": ChoiceEditor(
                [automatic, (Ordre.JMA, tr("jour/mois/année")), (Ordre.MJA, tr("mois/jour/année"))]
            ),
            "durees": ChoiceEditor([automatic, (Unite.MINUTES, tr("minutes")), (Unite.HEURES, tr("heures"))]),
            "pays": ChoiceEditor([]),
            "existants": ChoiceEditor(
                [(Existants.REFUSER, tr("refuser la ligne")), (Existants.IGNORER, tr("laisser comme elles sont")),
                 (Existants.MAJ, tr("mettre à jour"))]
            ),
        }  # fmt: skip
        self._boxes: dict[str, QWidget] = {}
        for name, words in (
            ("feuille", tr("Feuille")), ("encodage", tr("Encodage")), ("nombres", tr("Nombres")),
            ("dates", tr("Dates")), ("durees", tr("Durées")), ("pays", tr("Téléphones sans indicatif")),
            ("existants", tr("Déjà importées")),
        ):  # fmt: skip
            editor, box = self.editors[name], QWidget(self)
            inner = QVBoxLayout(box)
            inner.setContentsMargins(0, 0, 0, 0)
            inner.setSpacing(2)
            inner.addWidget(Text(words, "caption", "text.tertiary"))
            inner.addWidget(editor)
            editor.setAccessibleName(words)
            editor.changed.connect(self.anew if name in _ANEW else self.changed)
            self._boxes[name] = box
        self._file: Fichier | None = None
        self._before = False
        self.hide()

    def show_file(self, file: Fichier, choice: Choix, *, before: bool) -> None:
        """What was chosen of a file.

        Args:
            before: an import knows again what an earlier one brought.
        """
        self._file, self._before = file, before
        self._offer("feuille", file.vue.feuille, {name: name for name in file.lu.sheets})
        self._offer("encodage", file.vue.encodage, encodings())
        self.editors["pays"].combo.clear()
        for one, name, prefix in countries(language()):
            self.editors["pays"].combo.addItem(f"{name} {isolate(f'+{prefix}')}", one)
        for name, editor in self.editors.items():
            value = choice.existants if name == "existants" else getattr(choice.ecriture, name)
            editor.show_value(value or "")

    def _offer(self, name: str, seen: str, known: dict[str, str]) -> None:
        """Fill a list that depends on the file; ``seen``: what nobody said."""
        combo = self.editors[name].combo
        combo.clear()
        combo.addItem(tr("Automatique ({quoi})", quoi=isolate(known.get(seen, seen))), "")
        for value, words in known.items():
            combo.addItem(words, value)

    def show_kinds(self, kinds: AbstractSet[str]) -> None:
        """Ask only what the file, and the kinds of the fields that are fed, leave open."""
        asked = {name for name, of in _ASKED_OF.items() if of & kinds}
        if self._file is not None:
            asked |= {"feuille"} if len(self._file.lu.sheets) > 1 else set()
            asked |= {"encodage"} if self._file.vue.encodage else set()
        asked |= {"existants"} if self._before else set()
        shown = [name for name in self._boxes if name in asked]
        for name, box in self._boxes.items():
            if name in asked:
                place = shown.index(name)
                self._grid.addWidget(box, place // _BESIDE, place % _BESIDE)
            box.setVisible(name in asked)
        self.setVisible(bool(asked))

    def written(self) -> Ecriture:
        """What was chosen of its writing."""
        said = {name: str(editor.value() or "") for name, editor in self.editors.items()}
        return Ecriture(
            Convention(said["nombres"]) if said["nombres"] else None, Ordre(said["dates"]) if said["dates"] else None,
            said["encodage"] or None, said["feuille"] or None,
            durees=Unite(said["durees"]) if said["durees"] else None, pays=said["pays"] or telephone.MAROC,
        )  # fmt: skip

    def existing(self) -> Existants:
        """What becomes of what was imported before."""
        return Existants(str(self.editors["existants"].value()))
