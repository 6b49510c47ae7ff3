"""Tab goes through a page as it is laid out, whatever of it was made first."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractScrollArea, QGridLayout, QLayout, QScrollArea, QSplitter, QWidget


def laid(layout: QLayout) -> list[QWidget]:
    """The widgets of a layout, in its order.

    Never by ``itemAt``: PySide keeps an item that was asked for after Qt deleted it, and the next object at its
    address ended the process.
    """
    holder = layout.parentWidget()
    inside = [] if holder is None else [one for one in holder.children() if isinstance(one, QWidget)]
    places = {layout.indexOf(one): one for one in inside}
    return [places[place] for place in sorted(places) if place >= 0]


def _stop(widget: QWidget) -> bool:
    """Whether Tab could come by, now or once it is shown and enabled: by itself, or for what it holds."""
    taker: QWidget | None = widget
    while taker is not None and (inner := taker.focusProxy()) is not None:
        taker = inner if widget.isAncestorOf(inner) else None
    return taker is not None and bool(taker.focusPolicy() & Qt.FocusPolicy.TabFocus)


def _compound(widget: QWidget) -> bool:
    """Whether it hands the keyboard to what it holds: it goes through the order of Tab as one."""
    return (inner := widget.focusProxy()) is not None and widget.isAncestorOf(inner)


def _cells(layout: QLayout) -> Iterator[QWidget | QLayout]:
    """Without ``itemAt``: see :func:`laid`."""
    holder = layout.parentWidget()
    widgets = [] if holder is None else [one for one in holder.children() if isinstance(one, QWidget)]
    layouts = [one for one in layout.children() if isinstance(one, QLayout)]
    found: list[tuple[int, QWidget | QLayout]] = [(layout.indexOf(one), one) for one in widgets]
    found += [(layout.indexOf(one), one) for one in layouts]
    found = [cell for cell in found if cell[0] >= 0]
    if isinstance(layout, QGridLayout):
        found.sort(key=lambda cell: layout.getItemPosition(cell[0])[:2])  # type: ignore[index]
    else:
        found.sort(key=lambda cell: cell[0])
    yield from (one for _place, one in found)


def _parts(holder: QWidget | QLayout) -> Iterator[QWidget | QLayout]:
    """What lies in a widget or a layout, in the order of reading; what is laid out by hand is not told."""
    if isinstance(holder, QLayout):
        yield from _cells(holder)
    elif isinstance(holder, QScrollArea):
        if (inside := holder.widget()) is not None:
            yield inside
    elif isinstance(holder, QSplitter):
        yield from map(holder.widget, range(holder.count()))
    elif not isinstance(holder, QAbstractScrollArea) and (layout := holder.layout()) is not None:
        yield from _cells(layout)


def _last(widget: QWidget) -> QWidget:
    """Where the keyboard leaves it: Qt goes wrong over a compound whose part scrolls."""
    inner = widget.focusProxy() if _compound(widget) else None
    return _last(inner) if inner is not None else widget


def _laid(holder: QWidget | QLayout) -> Iterator[QWidget]:
    if isinstance(holder, QWidget) and _stop(holder):
        yield holder
        if _compound(holder):
            return
    for part in _parts(holder):
        yield from _laid(part)


class Order:
    """The order of Tab in a page; set again when what lies in it has changed."""

    def __init__(self, root: QWidget) -> None:
        self._root = root
        self._set: list[int] = []

    def follow(self) -> None:
        """Let Tab go by what lies in the page as it is laid out; what is in no layout comes after it."""
        laid = [one for one in _laid(self._root) if one is not self._root]
        found = [shiboken6.getCppPointer(one)[0] for one in laid]
        if found == self._set:
            return
        self._set = found
        for before, one in pairwise(laid):
            QWidget.setTabOrder(_last(before), one)
