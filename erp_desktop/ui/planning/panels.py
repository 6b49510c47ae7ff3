"""What opens over the board and closes with Esc: the reason of a warning, who and when."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGraphicsDropShadowEffect, QHBoxLayout, QVBoxLayout, QWidget

from erp_desktop.services.planning.data import Problem, Visit
from erp_desktop.services.planning.suggestion import Suggestion
from erp_desktop.ui.forms.part import scroller
from erp_desktop.ui.kit.controls import Button, Elided, Field, IconLabel, LineEdit, Text, clear, icon_button
from erp_desktop.ui.kit.i18n import colon, tr
from erp_desktop.ui.kit.surfaces import GivesBack, Surface, in_sight
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.planning import words

_MARGIN = 16
_AROUND = 34
"""What lies over, between and under the title and the rest of a panel."""


class Panel(GivesBack, Surface):
    """A card that lies over its parent, in the middle of its top."""

    closed = Signal()

    def __init__(self, parent: QWidget, title: str, icon: str, width: int = 460) -> None:
        super().__init__("surface.raised", "border.default", theme().px("radius.lg"), parent=parent)
        self._over = parent
        self._wide = width
        outer = QVBoxLayout(self)
        outer.setContentsMargins(_MARGIN, 12, _MARGIN, 14)
        outer.setSpacing(8)
        self._head = head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(IconLabel(icon, "accent.text", 16))
        self.title = Elided(title, "section")
        head.addWidget(self.title, 1)
        head.addWidget(icon_button("x", tr("Fermer"), self.close_panel))
        outer.addLayout(head)
        self._body = QWidget()
        self._body.setObjectName("corps")
        self.box = QVBoxLayout(self._body)
        self.box.setContentsMargins(0, 0, 0, 0)
        self.box.setSpacing(8)
        self._area = scroller(self._body)
        outer.addWidget(self._area)
        shadow = QGraphicsDropShadowEffect(self)
        shadow.setBlurRadius(24)
        shadow.setOffset(0, 8)
        shadow.setColor(theme().color("shadow"))
        self.setGraphicsEffect(shadow)
        self.hide()

    @property
    def _room(self) -> QRect:
        return in_sight(self._over).adjusted(8, 8, -8, -8)

    def _inside(self) -> int:
        """How wide what the card says may be, before it has ever been laid out as well."""
        return min(self._wide, self._room.width()) - 2 * _MARGIN

    def show_over(self) -> None:
        room = self._room
        wide = min(self._wide, room.width())
        self.setFixedWidth(wide)
        self.show()
        column, taken = self.box, self._head.sizeHint().height() + _AROUND
        inside = column.totalHeightForWidth(self._inside()) if column.hasHeightForWidth() else -1
        # What has no room on a small screen scrolls.
        self._area.setFixedHeight(min(max(inside, column.totalSizeHint().height()), room.height() - taken))
        self.adjustSize()
        top = max(0, min(76, room.height() - self.height()))
        self.move(room.x() + (room.width() - wide) // 2, room.y() + top)
        self.raise_()

    def close_panel(self) -> bool:
        if self.isHidden():
            return False
        self.hide()
        self.closed.emit()
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # What is typed here is not for the board below.
        event.accept()


class ReasonPanel(Panel):
    """What stands in the way was said: later hours that are free, or a reason that the history keeps."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, tr("Planifier malgré cet avertissement ?"), "warning")
        self._then: Callable[[str], object] | None = None
        self._take: Callable[[], object] | None = None
        self._asked = 0
        self.said = Text("", "body", "semantic.warning.text", wrap=True)
        self.box.addWidget(self.said)
        self.later = Button("", "soft", icon="clock", on_click=self._taken)
        self.box.addWidget(self.later)
        self.still = Text("", "caption", "text.secondary", wrap=True)
        self.box.addWidget(self.still)
        self.edit = LineEdit(tr("Client prévenu, accord du responsable…"))
        self.edit.setMaxLength(500)
        self.field = Field(tr("Motif"), self.edit)
        self.edit.returnPressed.connect(self.accept)
        self.box.addWidget(self.field)
        row = QHBoxLayout()
        row.addStretch()
        row.addWidget(Button(tr("Abandonner"), on_click=self.close_panel))
        self.ok = Button(tr("Planifier"), "primary", on_click=self.accept)
        row.addWidget(self.ok)
        self.box.addLayout(row)

    def ask(
        self, problems: Sequence[Problem], then: Callable[[str], object], motif: str = "", refusal: str = ""
    ) -> int:  # fmt: skip
        """Ask why warnings are passed over; the number answered is what an :meth:`offer` for it names.

        Args:
            motif: what was typed before ``refusal`` was told.
        """
        self._open(tr("Planifier malgré cet avertissement ?"), said_once(problems), "semantic.warning.text", then)
        self.edit.setText(motif)
        self.field.say(refusal)
        self.edit.setFocus(Qt.FocusReason.OtherFocusReason)
        return self._asked

    def offer(self, asked: int, place: str, still: str, take: Callable[[], object]) -> None:
        """Later hours that do, found while the reason was asked: nothing if that is over."""
        if asked == self._asked and self.isVisible():
            self._show_offer(place, still, take)

    def refuse(self, problems: Sequence[Problem], place: str, still: str, take: Callable[[], object]) -> None:
        """A place that no reason allows, and later hours that do."""
        self._open(tr("Refusé à cette heure"), said_once(problems), "semantic.danger.text", None)
        self._show_offer(place, still, take)
        self.later.setFocus(Qt.FocusReason.OtherFocusReason)

    def put_off(self, now: str, place: str, still: str, take: Callable[[], object]) -> None:
        """Where work stands, and later hours."""
        self._open(tr("Repousser ?"), now, "text.secondary", None)
        self._show_offer(place, still, take)
        self.later.setFocus(Qt.FocusReason.OtherFocusReason)

    def _open(self, title: str, said: str, ink: str, then: Callable[[str], object] | None) -> None:
        self._asked += 1
        self._then, self._take = then, None
        self.title.setText(title)
        self.said.set_colour(ink)
        self._fill(self.said, said)
        self.later.hide()
        self.still.hide()
        self.field.setVisible(then is not None)
        self.ok.setVisible(then is not None)
        self.edit.clear()
        self.field.say("")
        self.show_over()

    def _show_offer(self, place: str, still: str, take: Callable[[], object]) -> None:
        self._take = take
        self.later.setText(place)
        self.later.setAccessibleName(f"{place}. {still}" if still else place)
        self._fill(self.still, still)
        self.later.show()
        self.still.setVisible(bool(still))
        self.show_over()

    def _fill(self, text: Text, words_: str) -> None:
        text.setText(words_)
        # What it had to have before would count as what these words take.
        text.setMinimumHeight(0)
        text.setMinimumHeight(max(0, text.heightForWidth(self._inside())))

    def accept(self) -> None:
        motif = self.edit.text().strip()
        if not motif:
            self.field.say(tr("Un motif est demandé : il est gardé dans l'historique."))
            return
        then = self._then
        self._done()
        if then is not None:
            then(motif)

    def _taken(self) -> None:
        take = self._take
        self._done()
        if take is not None:
            take()

    def _done(self) -> None:
        self._then = self._take = None
        self.hide()
        # Back to the board: hidden with the keyboard in it, it would hand it to the bar of the window.
        self.closed.emit()

    def close_panel(self) -> bool:
        self._then = self._take = None
        return super().close_panel()


def said_once(problems: Sequence[Problem]) -> str:
    return "\n".join(dict.fromkeys(words.problem(p) for p in problems))


class WhoAndWhenPanel(Panel):
    """The best five places for one visit, each with its reason; Enter or a click plans it."""

    chosen = Signal(object, object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, tr("Qui et quand"), "users", 620)
        self.rows: list[Button] = []
        self.list = QVBoxLayout()
        self.list.setSpacing(6)
        self.box.addLayout(self.list)

    def show_suggestions(self, visit: Visit, found: Sequence[Suggestion]) -> None:
        self.title.setText(tr("Qui et quand : {titre}", titre=visit.titre))
        clear(self.list)
        self.rows = []
        if not found:
            self.list.addWidget(Text(tr("Personne n'est libre assez longtemps dans les deux semaines."), wrap=True))
        for rank, one in enumerate(found, start=1):
            self.list.addWidget(self._row(visit, one, rank))
        self.show_over()
        if self.rows:
            self.rows[0].setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _row(self, visit: Visit, one: Suggestion, rank: int) -> QWidget:
        line = Surface("surface.sunken", "border.subtle", 6)
        across = QHBoxLayout(line)
        across.setContentsMargins(10, 6, 8, 6)
        across.setSpacing(10)
        across.addWidget(Text(str(rank), "strong", "accent.text"))
        column = QVBoxLayout()
        column.setSpacing(1)
        column.addWidget(Elided(f"{one.nom} · {words.when(one)}", "strong"))
        why = Text(words.suggestion(one), "caption", "text.secondary", wrap=True)
        why.setMinimumWidth(400)
        why.setMinimumHeight(why.heightForWidth(430))
        column.addWidget(why)
        across.addLayout(column, 1)
        button = Button(tr("Planifier"), "primary" if rank == 1 else "default",
                        name=f"{tr('Planifier')}{colon()}{one.nom}, {words.when(one)}. {words.suggestion(one)}",
                        on_click=lambda: self._take(visit, one))  # fmt: skip
        self.rows.append(button)
        across.addWidget(button)
        return line

    def _take(self, visit: Visit, one: Suggestion) -> None:
        self.hide()
        self.closed.emit()
        self.chosen.emit(visit, one)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
        if step is not None and self.rows:
            here = next((n for n, b in enumerate(self.rows) if b.hasFocus()), 0)
            self.rows[min(max(here + step, 0), len(self.rows) - 1)].setFocus(Qt.FocusReason.ShortcutFocusReason)
        event.accept()
