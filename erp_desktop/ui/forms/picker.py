"""A field that finds a row of another table while its name is typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import shiboken6
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QListView

from erp_desktop.domain.recherche import cherchee, serrer
from erp_desktop.domain.writing.bidi import visible
from erp_desktop.ui.forms.editors import Editor, Unreadable, write
from erp_desktop.ui.forms.spec import Choices
from erp_desktop.ui.kit.controls import LineEdit, plain
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.kit.offers import Offer, Offers
from erp_desktop.ui.tasks import Task

Search = Callable[[str, Callable[[Choices | None], object]], Task]
"""``search(text, offer)``; ``offer(None)`` when the reading failed."""


class _PickLine(LineEdit):
    """Down opens the whole list; Enter and leaving the field take the row meant."""

    def __init__(self, owner: PickerEditor, placeholder: str) -> None:
        super().__init__(placeholder, icon="magnifying-glass")
        self._owner = owner

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Down and not self._owner.popup_visible:
            self._owner.look_up(at_once=True)
            return
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._owner.unsettled:
            self._owner.settle()
            return
        super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        # The focus is lost too while the form is being destroyed, and the field with it.
        if event.reason() != Qt.FocusReason.PopupFocusReason and shiboken6.isValid(self._owner):
            self._owner.settle()


class PickerEditor(Editor):
    """Value: the identifier of the row chosen, or None.

    What is typed is never dropped. On leaving, the highlighted row is taken, else the only match, else the row that
    is called exactly so; other words stay, marked, and are no value.

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
        self._answered: tuple[str, Choices] | None = None
        """The text last asked for, and what answers it."""
        self._settling = False
        self._offers = Offers(self.line, self)
        self._offers.chosen.connect(self._chosen)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(self._PAUSE_MS)
        self._pause.timeout.connect(self._ask)
        self.line.textEdited.connect(self._typed)

    @property
    def popup_visible(self) -> bool:
        return self._offers.visible

    @property
    def popup(self) -> QListView | None:
        return self._offers.popup

    @property
    def _text(self) -> str:
        """What is seen of what is typed: marks alone would mean every row, and one that is alone would be taken."""
        return visible(self.line.text()).strip()

    @property
    def unsettled(self) -> bool:
        """Whether the words typed name no row yet."""
        return self._text not in ("", self._words)

    @property
    def pending(self) -> bool:
        return self._settling

    def value(self) -> Any:
        if not self._text:
            return None
        if self.unsettled:
            raise Unreadable(self._why())
        return self._id

    def _why(self) -> str:
        text = self._text
        if self._answered is not None and self._answered[0] == text and not self._answered[1]:
            return tr("Aucun résultat pour « {texte} » : corrigez, ou videz le champ.", texte=text)
        return tr("« {texte} » n'est pas choisi : prenez une ligne de la liste, ou videz le champ.", texte=text)

    def words(self) -> str:
        return self._words

    def typed(self) -> str:
        return self._text if self.unsettled else ""

    def show_typed(self, text: str) -> None:
        self.line.setText(text)

    def show_value(self, value: Any, words: str = "") -> None:
        self._id, self._words = value, words if value is not None else ""
        self._settling = False
        write(self.line, self._words)
        self.line.setToolTip("")

    def set_read_only(self, read_only: bool) -> None:
        self.line.set_read_only(read_only)
        for action in self.line.actions():
            action.setVisible(not read_only)

    def look_up(self, *, at_once: bool = False) -> None:
        """Offer the choices for what is typed."""
        self._pause.start(0 if at_once else self._PAUSE_MS)

    def ask_again(self) -> None:
        self._answered = None
        if self._settling:
            self._ask()
        elif self.line.hasFocus():
            self.look_up()

    def _typed(self, _text: str) -> None:
        if not self._text:
            self._id, self._words = None, ""
        self._settling = False
        self.changed.emit()
        self.look_up()

    def _ask(self) -> None:
        self._pause.stop()
        if self._asked is not None:
            self._asked.cancel()
        text = self._text
        wanted = "" if text == self._words else text
        self._asked = self._search(cherchee(wanted), lambda choices: self._offer(text, choices))

    def _offer(self, text: str, choices: Choices | None) -> None:
        self._asked = None
        if text != self._text:
            return
        if choices is None:
            self._settling = False
            self._offers.hide()
            self.doubted.emit(tr("La liste n'a pas pu être lue ; réessayez."))
            return
        self._answered = (text, choices)
        if self._settling:
            self._take()
            return
        if self.line.hasFocus():
            found = [Offer(row_id, words, detail) for row_id, words, detail in choices]
            self._offers.show(found or [Offer(None, tr("aucun résultat"))])
        else:
            self._offers.hide()

    def _chosen(self, row_id: int, words: str) -> None:
        detail = next((one.detail for one in self._offers.items if one.key == row_id), "")
        self.choose(int(row_id), words, detail)

    def choose(self, row_id: int, words: str, detail: str = "") -> None:
        """Take a row as the person's choice."""
        self.show_value(row_id, words)
        self.line.setToolTip(plain(" · ".join(filter(None, [words, detail]))))
        self.changed.emit()
        self.doubted.emit("")

    def settle(self) -> None:
        """Take the row meant by the words typed; words that mean none stay and are marked."""
        self._pause.stop()
        if not self.unsettled:
            self._settling = False
            return
        marked = self._offers.highlighted()
        self._offers.hide()
        if marked is not None:
            self._chosen(marked.key, marked.words)
            return
        if self._answered is not None and self._answered[0] == self._text:
            self._take()
            return
        self._settling = True
        self._ask()

    def _take(self) -> None:
        self._settling = False
        text, choices = self._answered or ("", [])
        exact = [one for one in choices if serrer(one[1]) == serrer(text)]
        meant = choices if len(choices) == 1 else exact
        if len(meant) == 1:
            self.choose(*meant[0])
        else:
            self.changed.emit()
            self.doubted.emit(self._why())
        self.settled.emit()
