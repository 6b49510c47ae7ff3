"""The drawer that the bell opens: what the person was told, unread first; a click opens the record."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from erp_desktop.services import notifications
from erp_desktop.services.notifications import NotificationInfo
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.kit import paint
from erp_desktop.ui.kit.controls import Button, Elided, IconLabel, Text, clear, icon_button
from erp_desktop.ui.kit.held import Held, changed
from erp_desktop.ui.kit.i18n import number, tr
from erp_desktop.ui.kit.ring import KeyboardRing
from erp_desktop.ui.kit.surfaces import GivesBack, Surface
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.notifications import words
from erp_desktop.ui.notifications.choices import ChoicesBox
from erp_desktop.ui.wording import value_labels

WIDTH = 420


class Line(KeyboardRing, Surface):
    """One notice; a click or Enter opens what it is about, Space reads it or makes it new again."""

    opened = Signal()
    toggled = Signal()

    def __init__(self, one: NotificationInfo) -> None:
        super().__init__("surface.raised" if one.lu else "accent.soft", "border.subtle", sides="b")
        self.one = one
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 9, 12, 9)
        row.setSpacing(11)
        icon, colour = words.ICONS.get(one.evenement, ("bell", "text.secondary"))
        row.addWidget(IconLabel(icon, "text.tertiary" if one.lu else colour, 18), 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout()
        column.setSpacing(1)
        title, name, when = words.event(one), words.object_name(one), value_labels.instant(one.quand)
        column.addWidget(Elided(title, "body" if one.lu else "strong"))
        if name:
            column.addWidget(Elided(name, "body", "text.secondary"))
        by = tr("par {auteur}", auteur=one.auteur) if one.auteur else ""
        column.addWidget(Text(" · ".join(filter(None, (when, by))), "caption", "text.tertiary"))
        row.addLayout(column, 1)
        state = "" if one.lu else tr("non lue")
        self.setAccessibleName(", ".join(filter(None, (state, title, name, when, by))))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.opened.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.opened.emit()
        elif event.key() == Qt.Key.Key_Space:
            self.toggled.emit()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._ring:
            painter = QPainter(self)
            paint.focus_ring(painter, self.rect().adjusted(1, 1, -1, -1), 4)
            painter.end()


class NotificationsPanel(GivesBack, Surface):
    """Over the window's content at its trailing side; not modal, Esc closes it.

    Args:
        host: what it lies over; it follows its size.
        open_section: shows a section by its key.
    """

    counted = Signal(int)
    """How many are unread."""

    def __init__(self, contexte: Contexte, host: QWidget, open_section: Callable[[str], object]) -> None:
        super().__init__("surface.raised", "border.default", sides="st", parent=host)
        self._contexte, self._host, self._open_section = contexte, host, open_section
        self.rows: list[NotificationInfo] = []
        self.lines: list[Line] = []
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(tr("Notifications"))
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 1, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._head())
        self.choices = ChoicesBox(contexte)
        self.choices.hide()
        column.addWidget(self.choices)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QScrollArea.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inside = QWidget()
        inside.setObjectName("corps")
        self._items = QVBoxLayout(inside)
        self._items.setContentsMargins(0, 0, 0, 0)
        self._items.setSpacing(0)
        self._area.setWidget(inside)
        column.addWidget(self._area, 1)
        self.held = Held(self._area)
        column.addWidget(self.held)
        self.hide()
        host.installEventFilter(self)
        contexte.bus.data_changed.connect(self._changed)

    def _head(self) -> QWidget:
        strip = Surface("surface.raised", "border.subtle", sides="b")
        column = QVBoxLayout(strip)
        column.setContentsMargins(16, 10, 10, 8)
        column.setSpacing(4)
        row = QHBoxLayout()
        row.addWidget(Text(tr("Notifications"), "title"))
        row.addStretch()
        self.settings = icon_button("sliders-horizontal", tr("Choisir ce qui est annoncé"), self._toggle_choices)
        row.addWidget(self.settings)
        row.addWidget(icon_button("x", tr("Fermer"), self.hide))
        column.addLayout(row)
        row = QHBoxLayout()
        self.figure = Text("", "body", "text.secondary")
        row.addWidget(self.figure, 1)
        self.read_all = Button(tr("Tout marquer comme lu"), "link", on_click=self._read_all)
        row.addWidget(self.read_all)
        column.addLayout(row)
        return strip

    # Showing

    def toggle(self) -> None:
        if self.isVisible():
            self.hide()
        else:
            self.open()

    def open(self) -> None:
        self._place()
        self.choices.hide()
        self.show()
        self.raise_()
        self.setFocus(Qt.FocusReason.PopupFocusReason)
        self.reload()

    def _toggle_choices(self) -> None:
        self.choices.setVisible(self.choices.isHidden())
        if self.choices.isVisible():
            self.choices.reload()

    def _place(self) -> None:
        look = theme()
        top, bottom = look.px("frame.topBar"), look.px("frame.statusBar")
        width = min(WIDTH, self._host.width())
        x = 0 if look.rtl else self._host.width() - width
        self.setGeometry(x, top, width, self._host.height() - top - bottom)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._host and event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return super().eventFilter(watched, event)

    def _changed(self, changes: Any, initiator: object) -> None:
        if "notifications" in changes:
            self.reload(own=initiator is self)

    def reload(self, *, own: bool = True) -> None:
        """Count what is unread, and read the list again while it is open."""
        acteur, shown = self._contexte.acteur, self.isVisible()

        def read(session: Any) -> tuple[int, list[NotificationInfo]]:
            return notifications.non_lues(session, acteur), notifications.lister(session, acteur) if shown else []

        self._contexte.tasks.run(read, lambda found: self._take(*found, shown=shown, own=own), owner=self)

    def _take(self, unread: int, found: list[NotificationInfo], *, shown: bool, own: bool) -> None:
        self.counted.emit(unread)
        self.read_all.setEnabled(unread > 0)
        words_ = tr("Aucune non lue") if not unread else tr("1 non lue") if unread == 1 else ""
        self.figure.setText(words_ or tr("{n} non lues", n=number(unread)))
        if not shown or (found == self.rows and self._items.count()):
            return
        moved = changed({n.id: n for n in self.rows}, {n.id: n for n in found})
        self.held.take("list", moved, lambda: self._fill(found), at_once=own or not self.rows)

    def _fill(self, found: list[NotificationInfo]) -> None:
        here = next((line.one.id for line in self.lines if line.hasFocus()), None)
        clear(self._items)
        self.rows, self.lines = found, []
        for one in found:
            line = Line(one)
            line.opened.connect(partial(self._open, one))
            line.toggled.connect(partial(self._mark, [one.id], lu=not one.lu))
            self.lines.append(line)
            self._items.addWidget(line)
        if not found:
            text = Text(tr("Rien pour le moment : ce qui vous concerne sera annoncé ici."), "body", "text.tertiary",
                        wrap=True)  # fmt: skip
            text.setContentsMargins(16, 16, 16, 16)
            self._items.addWidget(text)
        self._items.addStretch()
        before: QWidget = self.read_all
        for line in self.lines:
            # Tab comes to them after the head of the drawer: what is made later would come after all else.
            QWidget.setTabOrder(before, line)
            before = line
        if (again := next((line for line in self.lines if line.one.id == here), None)) is not None:
            # A line that is still to be shown would leave the keyboard with the drawer.
            again.show()
            again.setFocus(Qt.FocusReason.ShortcutFocusReason)

    # Acts

    def _open(self, one: NotificationInfo) -> None:
        kind, row_id = words.opens(one)
        if not one.lu:
            self._mark([one.id])
        self.hide()
        if row_id is not None:
            self._contexte.open_record(kind, row_id)
        elif kind:
            self._open_section(kind)

    def _mark(self, ids: list[int], *, lu: bool = True) -> None:
        acteur = self._contexte.acteur
        self._contexte.tasks.run(
            lambda session: notifications.lire(session, acteur, ids, lu=lu),
            lambda done: self._contexte.bus.publish("notifications", *done, initiator=self), write=True, owner=self,
        )  # fmt: skip

    def _read_all(self) -> None:
        acteur = self._contexte.acteur

        def read(done: list[int]) -> None:
            self._contexte.bus.publish("notifications", *done, initiator=self)
            self._contexte.say(tr("Tout est marqué comme lu"), lambda: self._mark(done, lu=False))

        self._contexte.tasks.run(
            lambda session: notifications.tout_lire(session, acteur), read, write=True, owner=self
        )

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
        if step is None or not self.lines:
            super().keyPressEvent(event)
            return
        here = next((n for n, line in enumerate(self.lines) if line.hasFocus()), -1 if step > 0 else 0)
        line = self.lines[min(max(here + step, 0), len(self.lines) - 1)]
        line.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._area.ensureWidgetVisible(line)
