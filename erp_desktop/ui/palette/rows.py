"""The rows below the box: a heading for each section, then what answers, the matching letters tinted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from erp_desktop.domain.enums import Statut, StatutContrat
from erp_desktop.domain.recherche import plier
from erp_desktop.ui.kit import icons, paint
from erp_desktop.ui.kit.controls import plain
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.wording import value_labels

HEADINGS: Final = {
    "clients": "Clients", "interventions": "Interventions", "equipements": "Équipements",
    "techniciens": "Techniciens", "contrats": "Contrats", "factures": "Factures",
    "stock": "Pièces", "preventif": "Préventif", "inventaires": "Inventaires", "depots": "Dépôts",
    "mouvements": "Mouvements",
    "modeles": "Modèles", "checklists": "Checklists",
}  # fmt: skip
"""Kind of record → what stands over its answers."""
_ROW: Final = int(Qt.ItemDataRole.UserRole) + 1
_HEADING: Final = int(Qt.ItemDataRole.UserRole) + 2
_HEIGHT, _HEAD, _SIDE, _ICON = 40, 28, 12, 18
_PILLS: Final = {"en_cours": "en_cours", "brouillon": "ouverte", "suspendu": "en_attente"}
"""Statut of a contract → the pill of an intervention that looks like it; any other is drawn as archived."""


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that can be chosen.

    Attributes:
        record: kind and identifier, for a record.
        act: what a command does; None for a record.
        statut: stored value, drawn as a pill.
        keys: drawn at the end, ``Ctrl N``.
    """

    words: str
    detail: str
    icon: str
    record: tuple[str, int] | None = None
    act: Callable[[], object] | None = None
    statut: str = ""
    keys: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """Something to do, offered by its words.

    Attributes:
        keys: the keys that do it too, as they are drawn.
        also: other words by which it is found, never shown.
        names: what it is called in the other languages, by which it is found too.
        called: what it goes to, in every language; typed whole, the commands come before every record.
    """

    words: str
    icon: str
    act: Callable[[], object]
    keys: str = ""
    also: str = ""
    names: Sequence[str] = ()
    called: Sequence[str] = ()


_fold = lru_cache(2048)(plier)


def called(commands: Sequence[Command], words: str) -> bool:
    """Whether ``words`` are the whole name of what one of them goes to."""
    wanted = _fold(words)
    return any(_fold(name) == wanted for one in commands for name in one.called)


def named(commands: Sequence[Command], words: str) -> list[Command]:
    """Those that ``words`` name in one language: first those found by what is shown, then by another language."""
    wanted = _fold(words).split()

    def has(name: str) -> bool:
        folded = _fold(name)
        return all(word in folded for word in wanted)

    shown = [one for one in commands if has(f"{one.words} {one.also}")]
    return [*shown, *(one for one in commands if one not in shown and any(map(has, one.names)))]


def matches(words: str, wanted: Sequence[str]) -> list[tuple[int, int]]:
    """Where in ``words`` the folded ``wanted`` stand: (start, length), in order, never overlapping."""
    # Folding may change the length of a letter: each folded letter remembers where it came from.
    folded, origin = "", list[int]()
    for place, letter in enumerate(words):
        for part in plier(letter):
            folded += part
            origin.append(place)
    found = list[tuple[int, int]]()
    for word in wanted:
        start = folded.find(word) if word else -1
        if start >= 0:
            first, last = origin[start], origin[start + len(word) - 1]
            if all(last < begin or first >= begin + size for begin, size in found):
                found.append((first, last - first + 1))
    return sorted(found)


class _Delegate(QStyledItemDelegate):
    def __init__(self, parent: Answers) -> None:
        super().__init__(parent)
        self.wanted: list[str] = []

    def sizeHint(self, _option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(200, _HEAD if index.data(_HEADING) else _HEIGHT)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        look, box, rtl = theme(), option.rect, theme().rtl
        heading = index.data(_HEADING)
        if heading:
            place = QRect(box.x() + _SIDE, box.y() + 6, box.width() - 2 * _SIDE, box.height() - 6)
            paint.text(painter, paint.visual(rtl, box, place), heading, rtl=rtl, font=look.font("caption"),
                       colour=look.color("text.tertiary"))  # fmt: skip
            return
        row: Row = index.data(_ROW)
        if option.state & QStyle.StateFlag.State_Selected:
            paint.rounded(painter, box.adjusted(2, 1, -2, -1), 6, look.color("surface.selected"))
            edge = paint.visual(rtl, box, QRect(box.x() + 2, box.y() + 8, 3, box.height() - 16))
            painter.fillRect(edge, look.color("accent.fill"))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            paint.rounded(painter, box.adjusted(2, 1, -2, -1), 6, look.color("surface.hover"))
        icons.draw(painter, paint.visual(rtl, box, QRect(box.x() + _SIDE, box.y(), _ICON, box.height())), row.icon,
                   look.color("text.secondary"), 16)  # fmt: skip
        end = self._end(painter, box, row, rtl)
        left = _SIDE + _ICON + 12
        room = box.width() - left - end - 8
        top, high = (box.y() + 4, 18) if row.detail else (box.y(), box.height())
        self._words(painter, box, QRect(box.x() + left, top, room, high), row.words)
        if row.detail:
            place = QRect(box.x() + left, box.y() + 21, room, 15)
            paint.text(painter, paint.visual(rtl, box, place), row.detail, rtl=rtl, font=look.font("caption"),
                       colour=look.color("text.secondary"))  # fmt: skip

    def _end(self, painter: QPainter, box: QRect, row: Row, rtl: bool) -> int:
        """Draw what stands at the trailing side; returns the room that it takes."""
        if row.statut and row.record is not None:
            kind = StatutContrat if row.record[0] == "contrats" else Statut
            pill = _PILLS.get(row.statut, "archivee") if kind is StatutContrat else row.statut
            label = value_labels.label(kind, row.statut)
            wide = paint.pill_width(label)
            place = QRect(box.right() - _SIDE - wide, box.y(), wide, box.height())
            paint.pill(painter, paint.visual(rtl, box, place), pill, label, rtl=rtl)
            return wide + _SIDE
        if row.keys:
            wide = paint.metrics("caption").horizontalAdvance(row.keys) + 14
            place = QRect(box.right() - _SIDE - wide, box.y() + (box.height() - 18) // 2, wide, 18)
            paint.keycap(painter, paint.visual(rtl, box, place), row.keys)
            return wide + _SIDE
        return _SIDE

    def _words(self, painter: QPainter, box: QRect, place: QRect, words: str) -> None:
        look, rtl = theme(), theme().rtl
        metrics = QFontMetrics(look.font("body"))
        shown = metrics.elidedText(words, Qt.TextElideMode.ElideRight, place.width())
        # Words that read against the window are drawn whole: the place of a letter in them is Qt's to know.
        if words.isascii() or not rtl:
            for start, size in matches(shown, self.wanted):
                x = metrics.horizontalAdvance(shown[:start])
                wide = metrics.horizontalAdvance(shown[start : start + size])
                tall = min(place.height(), metrics.height())
                mark = QRect(place.x() + x - 1, place.center().y() - tall // 2 + 1, wide + 2, tall)
                if rtl:
                    mark.moveLeft(box.x() + box.right() - (place.x() + metrics.horizontalAdvance(shown)) + x)
                paint.rounded(painter, mark, 3, look.color("surface.selected"))
        paint.text(painter, paint.visual(rtl, box, place), words, rtl=rtl, font=look.font("body"),
                   colour=look.color("text.primary"))  # fmt: skip


class Answers(QListView):
    """The rows; the keyboard stays in the box, which moves the mark here."""

    pressed_row = Signal(object)
    marked = Signal(object)
    """The :class:`Row` under the mark, or None."""

    def __init__(self) -> None:
        super().__init__()
        self._model = QStandardItemModel(self)
        self.setModel(self._model)
        self._delegate = _Delegate(self)
        self.setItemDelegate(self._delegate)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.clicked.connect(self._clicked)
        self.selectionModel().currentChanged.connect(lambda now, _before: self.marked.emit(now.data(_ROW)))

    def wipe(self, wanted: Sequence[str]) -> None:
        """Take every row away; ``wanted`` are the folded words to tint in those to come."""
        self._delegate.wanted = list(wanted)
        self._model.clear()

    def add(self, heading: str, rows: Sequence[Row]) -> None:
        """Add a section below the others; the mark goes to the first row there is, and stays."""
        if not rows:
            return
        head = QStandardItem(heading)
        head.setData(heading, _HEADING)
        head.setFlags(Qt.ItemFlag.NoItemFlags)
        self._model.appendRow(head)
        for row in rows:
            item = QStandardItem(row.words)
            item.setData(row, _ROW)
            item.setAccessibleDescription(row.detail)
            item.setToolTip(plain(" · ".join(filter(None, [row.words, row.detail]))))
            self._model.appendRow(item)
        if self.row is None:
            self.step(1)

    @property
    def row(self) -> Row | None:
        """What is marked."""
        found: Row | None = self.currentIndex().data(_ROW)
        return found

    @property
    def rows(self) -> list[Row]:
        every: list[Any] = [self._model.index(place, 0).data(_ROW) for place in range(self._model.rowCount())]
        return [row for row in every if row is not None]

    def step(self, by: int) -> None:
        """Move the mark to the next row that can be chosen, over headings, round the ends."""
        count, place = self._model.rowCount(), self.currentIndex().row()
        for _ in range(count):
            place = (place + by) % count if place >= 0 or by > 0 else count - 1
            index = self._model.index(place, 0)
            if index.data(_ROW) is not None:
                self.setCurrentIndex(index)
                self.scrollTo(self._model.index(place - 1, 0) if place == 1 else index)
                return

    def _clicked(self, index: QModelIndex) -> None:
        row = index.data(_ROW)
        if row is not None:
            self.pressed_row.emit(row)
