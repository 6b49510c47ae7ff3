"""A row of acts under the head of a form: their buttons, why one is refused, and the motive that some ask for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QEvent, QRect, QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QLayout, QLayoutItem, QStyle, QVBoxLayout, QWidget

from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.ui.forms.panel import Action, FormPanel
from erp_desktop.ui.forms.part import RecordPart
from erp_desktop.ui.kit.controls import Button, IconLabel, LineEdit, Text
from erp_desktop.ui.kit.i18n import said, tr, unparted


class Lines(QLayout):
    """Widgets beside each other, each as wide as it asks for; what finds no room begins another line."""

    def __init__(self, spacing: int) -> None:
        super().__init__()
        self._items: list[QLayoutItem] = []
        self.setSpacing(spacing)

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, place: int) -> QLayoutItem | None:
        return self._items[place] if 0 <= place < len(self._items) else None

    def takeAt(self, place: int) -> QLayoutItem | None:
        return self._items.pop(place) if 0 <= place < len(self._items) else None

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._place(QRect(0, 0, width, 0), moved=False)

    def sizeHint(self) -> QSize:
        return self.minimumSize()

    def minimumSize(self) -> QSize:
        found = QSize()
        for item in self._items:
            found = found.expandedTo(item.sizeHint())
        return found

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        self._place(rect, moved=True)

    def _place(self, rect: QRect, *, moved: bool) -> int:
        """Height that the lines take in a width."""
        holder = self.parentWidget()
        direction = holder.layoutDirection() if holder is not None else Qt.LayoutDirection.LeftToRight
        x, y, high = rect.left(), rect.top(), 0
        for item in self._items:
            if item.isEmpty():
                continue
            size = item.sizeHint()
            if x > rect.left() and x + size.width() > rect.right() + 1:
                x, y, high = rect.left(), y + high + self.spacing(), 0
            if moved:
                box = QRect(x, y, min(size.width(), rect.width()), size.height())
                item.setGeometry(QStyle.visualRect(direction, rect, box))
            x, high = x + size.width() + self.spacing(), max(high, size.height())
        return y + high - rect.top()


class ActBar(RecordPart):
    """What every row of acts has. The noun fills ``lines`` with buttons and says what an act does.

    Args:
        motive: name of the line in which a reason is typed.
        confirm: words of the button beside it.
        on_motive: called by that button, and by Enter in the line.

    Attributes:
        lines: place of the buttons.
        reason: why an act is refused, or what is missing.
    """

    def __init__(
        self, panel: FormPanel, *, motive: str, confirm: str, on_motive: Action, margins: tuple[int, int, int, int],
        spacing: int,
    ) -> None:  # fmt: skip
        super().__init__()
        self._panel = panel
        self._row_id: int | None = None
        self.buttons: dict[str, Button] = {}
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(*margins)
        self.column.setSpacing(spacing)
        self.lines = Lines(8)
        self.column.addLayout(self.lines)
        line = QHBoxLayout()
        line.setSpacing(5)
        self._icon = IconLabel("info", "text.tertiary", 13)
        self.reason = Text("", "caption", "text.tertiary", wrap=True)
        line.addWidget(self._icon)
        line.addWidget(self.reason, 1)
        self.column.addLayout(line)
        self.motive = LineEdit(motive)
        self.motive.setAccessibleName(motive)
        self.motive.returnPressed.connect(on_motive)
        self.motive.textEdited.connect(lambda _text: self.changed.emit())
        self.entry = QWidget()
        asked = QHBoxLayout(self.entry)
        asked.setContentsMargins(0, 0, 0, 0)
        asked.addWidget(self.motive, 1)
        self.confirm_button = Button(confirm, "soft", on_click=on_motive)
        asked.addWidget(self.confirm_button)
        self.column.addWidget(self.entry)
        self.entry.hide()
        self.hide()

    def event(self, event: QEvent) -> bool:
        # In a low window the page is to scroll rather than squeeze what wraps here.
        if event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.Resize):
            high = self.column.minimumHeightForWidth(self.width())
            if high != self.minimumHeight():
                self.setMinimumHeight(high)
        return super().event(event)

    def explain(self, words: str) -> None:
        """Say why an act is refused, or what is missing; empty words say nothing."""
        self.reason.setText(unparted(words))
        self._icon.setVisible(bool(words))
        self.reason.setVisible(bool(words))

    def ask_motive(self, on: bool) -> None:
        """Open the line of the motive, or close it with what it held."""
        if not on:
            self.motive.clear()
            self.motive.set_invalid(False)
        self.entry.setVisible(on)
        if on:
            self.motive.setFocus(Qt.FocusReason.OtherFocusReason)

    def typed_motive(self, missing: str) -> str:
        """What the line holds; without a word ``missing`` is said, and the line has the cursor."""
        typed = self.motive.text().strip()
        self.motive.set_invalid(not typed)
        if not typed:
            self.explain(missing)
            self.motive.setFocus()
        return typed

    def refuse(self, button: Button, why: str) -> None:
        """Say on a button why it is disabled."""
        button.setToolTip(why)
        button.setAccessibleDescription(why)

    def act(
        self, again: Action, do: Callable[[Any, Acteur, int], Any], words: str,
        take_back: Callable[[Any, Acteur, Any], None] | None, undone_words: str = "",
    ) -> None:  # fmt: skip
        """Do something with the record shown; what is typed in its form is saved in the same transaction.

        Args:
            again: this act once more, when words of a field are decided first.
            do: ``do(session, acteur, row_id)``.
            words: the toast.
            take_back: ``take_back(session, acteur, what do returned)``; None: there is no way back.
            undone_words: the toast of the way back, when it is more than a change of statut.
        """
        row_id, panel = self._row_id, self._panel
        if row_id is None or not panel.settled(again) or panel.fields.values() is None:
            return
        spec, contexte, acteur = panel.spec, panel.contexte, panel.contexte.acteur
        changes = panel.fields.changes()

        def work(session: Any) -> Any:
            if changes:
                spec.update(session, acteur, row_id, changes)
            return do(session, acteur, row_id)

        def undo(done: Any) -> None:
            if take_back is None:
                return

            def undone(_none: None) -> None:
                contexte.say(undone_words or tr("Changement de statut défait"), kind="info")
                contexte.bus.publish(spec.table, row_id)

            contexte.tasks.run(
                lambda session: take_back(session, acteur, done), undone,
                lambda error: contexte.say(said(str(error)), kind="danger"), write=True,
            )  # fmt: skip

        panel.run_act(work, words, undo if take_back is not None else None)
