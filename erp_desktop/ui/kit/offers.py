"""The list that drops below a field while something is typed: words, and what tells them apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QPainter, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QCompleter, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from erp_desktop.ui.kit import paint
from erp_desktop.ui.kit.controls import plain
from erp_desktop.ui.kit.theme import theme

_KEY = int(Qt.ItemDataRole.UserRole) + 1
_DETAIL = int(Qt.ItemDataRole.UserRole) + 2
_ROW, _SIDE, _GAP, _WIDEST = 30, 10, 24, 760


@dataclass(frozen=True, slots=True)
class Offer:
    """One row.

    Attributes:
        key: what is handed back when it is chosen; None for a row that only tells something.
        words: what is chosen.
        detail: what tells rows with the same words apart.
    """

    key: Any
    words: str
    detail: str = ""


class _OfferDelegate(QStyledItemDelegate):
    """The words, then the details in grey, all beginning at the same place so that they compare at a glance."""

    words_room = 200

    def sizeHint(self, _option: QStyleOptionViewItem, _index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(200, _ROW)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        look, box = theme(), option.rect
        rtl = look.rtl
        known = index.data(_KEY) is not None
        if known and option.state & (QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver):
            paint.rounded(painter, box.adjusted(2, 1, -2, -1), 4, look.color("surface.selected"))
        detail = str(index.data(_DETAIL) or "")
        room = self.words_room if detail else box.width() - 2 * _SIDE
        words = QRect(box.x() + _SIDE, box.y(), room, box.height())
        paint.text(painter, paint.visual(rtl, box, words), str(index.data()), rtl=rtl, font=look.font("body"),
                   colour=look.color("text.primary" if known else "text.tertiary"))  # fmt: skip
        start = _SIDE + room + _GAP
        place = QRect(box.x() + start, box.y(), box.width() - start - _SIDE, box.height())
        paint.text(painter, paint.visual(rtl, box, place), detail, rtl=rtl, font=look.font("caption"),
                   colour=look.color("text.secondary"))  # fmt: skip


class _OfferList(QListView):
    """A list in which nothing is meant until somebody points at it.

    Qt makes the first row current as soon as a view takes the keyboard: leaving the field would take that row.
    """

    def event(self, event: QEvent) -> bool:
        escaping = isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape
        if escaping and event.type() == QEvent.Type.ShortcutOverride:
            # Esc closes this list, not the form behind it.
            event.accept()
            return True
        return super().event(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if not self.selectionModel().hasSelection():
            self.setCurrentIndex(QModelIndex())


class Offers(QObject):
    """Drops offers below a widget; the typing stays in the widget.

    ``chosen`` carries the key and the words of the row taken.
    """

    chosen = Signal(object, str)

    def __init__(self, widget: QWidget, parent: QObject) -> None:
        # Never the widget itself: the list has it as focus proxy and must not outlive it by a destructor.
        super().__init__(parent)
        self._widget = widget
        self._model = QStandardItemModel(self)
        self._completer: QCompleter | None = None
        self._popup: QListView | None = None
        self._delegate: _OfferDelegate | None = None
        self.items: list[Offer] = []

    @property
    def visible(self) -> bool:
        return self._popup is not None and self._popup.isVisible()

    @property
    def popup(self) -> QListView | None:
        return self._popup

    def _ready(self) -> QCompleter:
        """The completer, made when first needed: its popup is a window of its own."""
        if self._completer is None:
            self._completer = QCompleter(self._model, self)
            self._completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
            self._completer.setMaxVisibleItems(9)
            self._popup = _OfferList()
            self._popup.setMouseTracking(True)
            self._completer.setPopup(self._popup)
            self._completer.setWidget(self._widget)
            self._delegate = _OfferDelegate(self._popup)
            self._popup.setItemDelegate(self._delegate)
            self._widget.installEventFilter(self)
            self._completer.activated[QModelIndex].connect(self._activated)  # type: ignore[index]
        return self._completer

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Hide:
            self.hide()
        return False

    def show(self, items: Sequence[Offer], *, at: QRect | None = None) -> None:
        """Drop these rows below the widget, or below ``at`` inside it; none hides the list.

        The list is as wide as its rows need, whatever the width of the field.
        """
        self.items = list(items)
        self._model.clear()
        for one in items:
            row = QStandardItem(one.words)
            row.setData(one.key, _KEY)
            row.setData(one.detail, _DETAIL)
            row.setAccessibleDescription(one.detail)
            row.setToolTip(plain(" · ".join(filter(None, [one.words, one.detail]))))
            if one.key is None:
                row.setFlags(Qt.ItemFlag.NoItemFlags)
            self._model.appendRow(row)
        if not items:
            self.hide()
            return
        completer = self._ready()
        completer.complete(self._place(at))

    def _place(self, at: QRect | None) -> QRect:
        body, caption = paint.metrics("body"), paint.metrics("caption")
        words = max(body.horizontalAdvance(one.words) for one in self.items) + 4
        details = max(caption.horizontalAdvance(one.detail) for one in self.items)
        needed = words + (_GAP + details if details else 0) + 2 * _SIDE + 22
        field = at if at is not None else self._widget.rect()
        screen = self._widget.screen().availableGeometry().width() - 16
        width = max(field.width(), min(needed, _WIDEST, screen))
        if self._delegate is not None:
            self._delegate.words_room = min(words, round(width * 0.55)) if details else words
        left = field.right() - width + 1 if theme().rtl else field.x()
        return QRect(left, field.y(), width, field.height())

    def hide(self) -> None:
        if self._popup is not None:
            self._popup.hide()

    def highlighted(self) -> Offer | None:
        """The row under the keyboard's mark while the list is seen."""
        if self._popup is None or not self._popup.isVisible():
            return None
        index = self._popup.currentIndex()
        marked = index.isValid() and self._popup.selectionModel().isSelected(index) and index.row() < len(self.items)
        found = self.items[index.row()] if marked else None
        return found if found is not None and found.key is not None else None

    def _activated(self, index: QModelIndex) -> None:
        key = index.data(_KEY)
        if key is not None:
            self.chosen.emit(key, str(index.data()))
