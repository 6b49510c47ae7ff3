"""A field that finds a row of another table while its name is typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, QTimer
from PySide6.QtGui import QFocusEvent, QKeyEvent, QPainter, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QCompleter, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from erp_desktop.ui.forms.editors import Editor, Unreadable
from erp_desktop.ui.forms.spec import Choices
from erp_desktop.ui.kit import paint
from erp_desktop.ui.kit.controls import LineEdit
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.tasks import Task

_ID = int(Qt.ItemDataRole.UserRole) + 1
_DETAIL = int(Qt.ItemDataRole.UserRole) + 2
Search = Callable[[str, Callable[[Choices], object]], Task]


class _ChoiceDelegate(QStyledItemDelegate):
    """The words, then the detail in grey at the other end."""

    def sizeHint(self, _option: QStyleOptionViewItem, _index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(200, 30)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        look, box = theme(), option.rect
        rtl = look.rtl
        if option.state & QStyle.StateFlag.State_Selected:
            paint.rounded(painter, box.adjusted(2, 1, -2, -1), 4, look.color("surface.selected"))
        detail = str(index.data(_DETAIL) or "")
        wide = min(box.width() // 2, paint.metrics("caption").horizontalAdvance(detail) + 4) if detail else 0
        words = QRect(box.x() + 10, box.y(), box.width() - 26 - wide, box.height())
        paint.text(painter, paint.visual(rtl, box, words), str(index.data()), rtl=rtl, font=look.font("body"),
                   colour=look.color("text.primary"))  # fmt: skip
        place = QRect(box.right() - wide - 8, box.y(), wide, box.height())
        paint.text(painter, paint.visual(rtl, box, place), detail, rtl=rtl, font=look.font("caption"),
                   colour=look.color("text.tertiary"))  # fmt: skip


class _PickLine(LineEdit):
    """Down opens the whole list; leaving the field with unknown words restores the last choice."""

    def __init__(self, owner: PickerEditor, placeholder: str) -> None:
        super().__init__(placeholder, icon="magnifying-glass")
        self._owner = owner

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Down and not self._owner.popup_visible:
            self._owner.look_up(at_once=True)
            return
        super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self._owner.settle()


class PickerEditor(Editor):
    """Value: the identifier of the row chosen, or None.

    Args:
        search: asks for choices in the background and hands them to a callback.
    """

    _PAUSE_MS = 120

    def __init__(self, search: Search, placeholder: str = "") -> None:
        self.line = _PickLine(self, placeholder or tr("Tapez quelques lettres…"))
        super().__init__(self.line)
        self._search = search
        self._id: int | None = None
        self._words = ""
        self._asked: Task | None = None
        self._model = QStandardItemModel(self)
        self._completer: QCompleter | None = None
        self._popup: QListView | None = None
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(self._PAUSE_MS)
        self._pause.timeout.connect(self._ask)
        self.line.textEdited.connect(self._typed)

    @property
    def popup_visible(self) -> bool:
        return self._popup is not None and self._popup.isVisible()

    def _ready(self) -> QCompleter:
        """The completer, made when first needed: its popup is a window of its own."""
        if self._completer is None:
            self._completer = QCompleter(self._model, self)
            self._completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
            self._completer.setMaxVisibleItems(9)
            self._popup = QListView()
            self._completer.setPopup(self._popup)
            self._completer.setWidget(self.line)
            self._popup.setItemDelegate(_ChoiceDelegate(self._popup))
            self._completer.activated[QModelIndex].connect(self._chosen)  # type: ignore[index]
        return self._completer

    def value(self) -> Any:
        text = self.line.text().strip()
        if not text:
            return None
        if text != self._words:
            raise Unreadable(tr("Choisissez dans la liste."))
        return self._id

    def words(self) -> str:
        return self._words

    def show_value(self, value: Any, words: str = "") -> None:
        self._id, self._words = value, words if value is not None else ""
        self.line.setText(self._words)
        self.line.setCursorPosition(0)

    def set_read_only(self, read_only: bool) -> None:
        self.line.set_read_only(read_only)
        for action in self.line.actions():
            action.setVisible(not read_only)

    def look_up(self, *, at_once: bool = False) -> None:
        """Offer the choices for what is typed."""
        self._pause.start(0 if at_once else self._PAUSE_MS)

    def _typed(self, text: str) -> None:
        if not text.strip():
            self._id, self._words = None, ""
        self.changed.emit()
        self.look_up()

    def _ask(self) -> None:
        if self._asked is not None:
            self._asked.cancel()
        text = self.line.text().strip()
        self._asked = self._search("" if text == self._words else text, self._offer)

    def _offer(self, choices: Choices) -> None:
        self._model.clear()
        for row_id, words, detail in choices:
            item = QStandardItem(words)
            item.setData(row_id, _ID)
            item.setData(detail, _DETAIL)
            item.setAccessibleDescription(detail)
            self._model.appendRow(item)
        if choices and self.line.hasFocus():
            self._ready().complete()
        elif self._popup is not None:
            self._popup.hide()

    def _chosen(self, index: QModelIndex) -> None:
        self.choose(int(index.data(_ID)), str(index.data()))

    def choose(self, row_id: int, words: str) -> None:
        """Take a row as the person's choice."""
        self.show_value(row_id, words)
        self.changed.emit()

    def settle(self) -> None:
        """Words that were not chosen give way to the last choice."""
        self._pause.stop()
        if self.line.text().strip() not in ("", self._words):
            self.line.setText(self._words)
            self.changed.emit()
