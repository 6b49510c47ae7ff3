"""Which techniciens the board shows: team, skill, town; narrowed in memory, nothing is read again."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from PySide6.QtCore import QPoint, Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu, QWidget

from erp_desktop.services.planning.data import Board, Person
from erp_desktop.ui.kit.i18n import number, tr
from erp_desktop.ui.kit.surfaces import Chip, CountChip

NAMES = {"equipe": "Équipe", "competence": "Compétence", "ville": "Ville"}


class Chips(QWidget):
    """Three filters and the count of overlaps.

    Attributes:
        chosen: filter → the value in force.
    """

    changed = Signal()
    next_crossing = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(8)
        self.chosen: dict[str, str] = {}
        self._options: dict[str, list[str]] = {}
        self._crossings = 0
        self.chips: dict[str, Chip] = {}
        self._build()

    def offer(self, board: Board) -> None:
        """What this board can be narrowed by, and how many of its cards overlap."""
        people = board.techniciens
        self._options = {
            "equipe": sorted({p.equipe for p in people if p.equipe}),
            "competence": sorted({s.nom for p in people for s in p.competences}),
            "ville": sorted({c.visit.ville for c in board.cards if c.visit.ville}),
        }
        self._crossings = len(board.crossing)
        self._build()

    def _build(self) -> None:
        while (item := self._row.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self.chips = {}
        for key, name in NAMES.items():
            chip = Chip(tr(name), self.chosen.get(key, ""), caret=key not in self.chosen)
            chip.clicked.connect(lambda _on=False, k=key: self._menu(k))
            chip.removed.connect(lambda k=key: self.choose(k, ""))
            self.chips[key] = chip
            self._row.addWidget(chip)
        if self._crossings:
            crossing = CountChip(tr("Chevauchements"), "warning")
            crossing.set_number(number(self._crossings))
            crossing.clicked.connect(self.next_crossing)
            self.chips["crossing"] = crossing
            self._row.addWidget(crossing)
        self._row.addStretch()

    def _menu(self, key: str) -> QMenu:
        menu = QMenu(self)
        for value in self._options.get(key, []):
            menu.addAction(value, partial(self.choose, key, value))
        if not self._options.get(key):
            menu.addAction(tr("Rien à choisir")).setEnabled(False)
        menu.popup(self.chips[key].mapToGlobal(QPoint(0, self.chips[key].height() + 2)))
        return menu

    def choose(self, key: str, value: str) -> None:
        """Narrow by a value; an empty one lifts the filter."""
        if value:
            self.chosen[key] = value
        else:
            self.chosen.pop(key, None)
        self._build()
        self.changed.emit()

    def people(self, board: Board) -> tuple[Person, ...]:
        """The techniciens that stay, in the board's order."""
        return tuple(p for p in board.techniciens if self._stays(board, p))

    def _stays(self, board: Board, person: Person) -> bool:
        wanted = self.chosen
        if "equipe" in wanted and person.equipe != wanted["equipe"]:
            return False
        if "competence" in wanted and wanted["competence"] not in {s.nom for s in person.competences}:
            return False
        towns: Iterable[str | None] = (c.visit.ville for c in board.cards_of.get(person.id, ()))
        return "ville" not in wanted or wanted["ville"] in set(towns)
