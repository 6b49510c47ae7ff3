"""The row of chips under the filter box: the same query, to click."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QLayout, QLayoutItem, QMenu, QWidget

from erp_desktop.ui.context import Contexte
from erp_desktop.ui.kit import paint
from erp_desktop.ui.kit.controls import clear
from erp_desktop.ui.kit.i18n import colon, number, tr
from erp_desktop.ui.kit.surfaces import Chip, CountChip
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.lists.query import Word, canonical, value_of, with_word, without, without_free_text, words
from erp_desktop.ui.lists.spec import Facet, ListSpec, Reader, Shortcut
from erp_desktop.ui.tasks import Task

_PAUSE_MS = 1000
"""How long nothing changes before a number that stands is counted again: nobody waits for it."""
_MOST = 1000
"""So many rows are « 999+ » on a chip."""


def value_words(facet: Facet, value: str) -> str:
    """The words of the options, else each value as typed: ``Clôturée, Archivée``."""
    options = facet.options() if facet.options else []
    parts = [part.strip() for part in value.split(",")] if options else [value]
    said = dict(options)
    return tr(", ").join(said.get(value_of(options, part), part) for part in parts)


class _Rows(QLayout):
    """Chips after one another, on as many rows as they take; one wider than a row is cut by itself."""

    _GAP, _HIGH = 6, 26

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self.setContentsMargins(0, 0, 0, 0)

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        places = self._places(width)
        return (places[-1].top() if places else 0) + self._HIGH

    def sizeHint(self) -> QSize:
        return QSize(0, self._HIGH)

    def minimumSize(self) -> QSize:
        return QSize(0, self._HIGH)

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        for item, place in zip(self._items, self._places(rect.width()), strict=True):
            item.setGeometry(paint.visual(theme().rtl, rect, place.translated(rect.topLeft())))

    def _places(self, width: int) -> list[QRect]:
        x = y = 0
        places = []
        for item in self._items:
            wanted = item.sizeHint()
            wide = min(wanted.width(), width)
            if x and x + wide > width:
                x, y = 0, y + self._HIGH
            places.append(QRect(x, y + 1, wide, wanted.height()))
            x += wide + self._GAP
        return places


class ChipRow(QWidget):
    """Shows a query as chips; :attr:`changed` carries the query after a click."""

    changed = Signal(str)

    def __init__(self, spec: ListSpec[Any], contexte: Contexte, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._facets = {facet.key: facet for facet in spec.facets}
        self._words = spec.words
        self._shortcuts = spec.shortcuts
        self._counted: list[tuple[str, CountChip]] = []
        """The filter of each shortcut in sight, and its chip."""
        self._counting: Task | None = None
        self._source: Reader | None = None
        self._blank = False
        """Whether the shortcuts in sight have no number yet."""
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.setInterval(_PAUSE_MS)
        self._again.timeout.connect(self._count)
        self._contexte = contexte
        self._text = ""
        self._row = _Rows(self)
        self.show_query("")

    def chips(self) -> list[Chip]:
        return [chip for chip in self.findChildren(Chip) if not chip.isHidden()]

    def show_query(self, text: str) -> None:
        """Rebuild the chips for a query."""
        self._text = text
        clear(self._row)
        set_keys = set()
        for word in words(text, self._words):
            if word.key:
                set_keys.add(word.key)
                self._row.addWidget(self.chip(word))
        free = " ".join(word.value for word in words(text, self._words) if not word.key)
        if free:
            chip = Chip(tr("Texte :"), tr("« {texte} »", texte=free))
            chip.removed.connect(lambda: self.changed.emit(without_free_text(text, self._words)))
            self._row.addWidget(chip)
        self._blank = True
        self._counted = [self._shortcut(one) for one in self._shortcuts if one.key not in set_keys]
        for facet in self._facets.values():
            if facet.shown and facet.key not in set_keys and (facet.options or facet.search):
                chip = Chip(tr(facet.label), caret=True)
                chip.clicked.connect(lambda _on=False, chip=chip, facet=facet: self._offer(chip, facet))
                self._row.addWidget(chip)
        self.updateGeometry()

    def _shortcut(self, one: Shortcut) -> tuple[str, CountChip]:
        text = with_word(self._text, one.key, one.value, self._words)
        chip = CountChip(tr(one.label), one.icon, one.tone)
        chip.clicked.connect(lambda: self.changed.emit(text))
        self._row.addWidget(chip)
        return text, chip

    def count(self, source: Reader) -> None:
        """Say on each shortcut how many rows of the present filter it would leave: now, else after a pause."""
        self._source = source
        if self._blank:
            self._count()
        else:
            self._again.start()

    def hideEvent(self, event: QHideEvent) -> None:
        # What is looked at next is not to wait for it.
        self._again.stop()
        if self._counting is not None:
            self._counting.cancel()
            self._counting, self._blank = None, True
        super().hideEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._blank:
            self._count()

    def _count(self) -> None:
        self._again.stop()
        if self._counting is not None:
            self._counting.cancel()
        counted, words, source = list(self._counted), self._words, self._source
        if not counted or source is None:
            return
        self._blank = False

        def read(session: Any) -> list[int]:
            return [source.count(session, canonical(text, words), _MOST) for text, _chip in counted]

        def show(numbers: list[int]) -> None:
            self._counting = None
            for (_text, chip), found in zip(counted, numbers, strict=True):
                chip.set_number(f"{number(_MOST - 1)}+" if found >= _MOST else number(found) if found else "")

        # A chip that could not be counted says no number; the list itself says why it could not be read.
        self._counting = self._contexte.tasks.run(
            read, show, lambda _error: self.forget_numbers(), long=True, owner=counted[0][1]
        )

    def forget_numbers(self) -> None:
        """What was counted is of a list that cannot be read any more."""
        self._blank = True
        for _text, chip in self._counted:
            chip.set_number("")

    def chip(self, word: Word) -> Chip:
        """A chip that removes one word of the present query; a click offers its other values."""
        facet = self._facets[word.key]
        chip = Chip(f"{tr(facet.label)}{colon().rstrip()}", value_words(facet, word.value))
        text = self._text
        chip.removed.connect(lambda: self.changed.emit(without(text, word)))
        if facet.options or facet.search:
            chip.clicked.connect(lambda: self._offer(chip, facet))
        return chip

    def _offer(self, chip: Chip, facet: Facet) -> None:
        if facet.options is not None:
            self._menu(chip, facet, facet.options())
        elif facet.search is not None:
            search, acteur = facet.search, self._contexte.acteur
            self._contexte.tasks.run(
                lambda session: search(session, acteur), lambda found: self._menu(chip, facet, found), owner=chip
            )  # fmt: skip

    def _menu(self, chip: Chip, facet: Facet, options: list[tuple[str, str]]) -> None:
        menu = QMenu(self)
        for value, said in options:
            menu.addAction(said, self._setter(facet.key, value))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(chip.mapToGlobal(chip.rect().bottomLeft()))

    def _setter(self, key: str, value: str) -> Callable[[], None]:
        return lambda: self.changed.emit(with_word(self._text, key, value, self._words))
