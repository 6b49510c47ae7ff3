"""The board's view: paints rows once and keeps them, moves cards by mouse and keyboard, says what it shows."""

from __future__ import annotations

import time
from collections import OrderedDict
from datetime import date, datetime

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QFocusEvent,
    QHelpEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QToolTip, QWidget

from erp_desktop import clock
from erp_desktop.services.planning import checks, postpone
from erp_desktop.services.planning.data import Board, Card, Person, Visit
from erp_desktop.services.planning.postpone import Later
from erp_desktop.ui.kit import paint
from erp_desktop.ui.kit.controls import plain
from erp_desktop.ui.kit.i18n import comma, tr
from erp_desktop.ui.kit.ring import KeyboardRing
from erp_desktop.ui.kit.states import Reading
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.planning import air, drawing, mouse, words
from erp_desktop.ui.planning.geometry import DAY, HEAD_HEIGHT, HEAD_WIDTH, ROW_HEIGHTS, WEEK, Grid, Piece, Row
from erp_desktop.ui.planning.lift import FINE, QUARTER, RESIZE, Lift, snapped

_KEPT = 40
"""Painted rows that are kept."""
_BUDGET = 0.016
"""Seconds of painting new rows in one frame."""
Key = tuple[int, int]


class BoardView(KeyboardRing, QAbstractScrollArea):
    """Shows a board; never asks a database.

    Attributes:
        lift: cards in the air, None when all are down.
        current: the card that keys act on.
        marked: cards that move together.
    """

    dropped = Signal(object)
    """A :class:`Lift` was let go somewhere that nothing refuses."""
    turned_away = Signal(object)
    """One that was let go where it is refused."""
    put_off = Signal(object)
    """The offer that a card shows was taken."""
    opened = Signal(object)
    """The intervention of a card was asked for."""
    asked = Signal(str, object)
    """A key asked something of a card: ``retirer``, ``verrouiller``, ``suggestion``, ``absence``, ``repousser``."""
    mode_asked = Signal(str)
    day_asked = Signal(object)
    """None is today."""
    given_up = Signal()
    """What is in the air goes back to where it was."""
    grounded = Signal()
    """No card is in the air any more."""
    lifted = Signal()
    spoken = Signal(str)
    """What a screen reader was told."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QAbstractScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setMouseTracking(True)
        self.verticalScrollBar().setSingleStep(24)
        self.board: Board | None = None
        self.grid: Grid | None = None
        self.mode, self.jour = WEEK, clock.today()
        self.people: tuple[Person, ...] = ()
        self.writes = True
        self.lift: Lift | None = None
        self.pointer: QPoint | None = None
        self.current: Key | None = None
        self.marked: set[Key] = set()
        self.pressed: dict[Key, Later] = {}
        self._rows: OrderedDict[int, QPixmap] = OrderedDict()
        self.keys = air.Keys(self)
        self.mouse = mouse.Mouse(self)
        self.reading = Reading(self, tr("Lecture du planning…"), ROW_HEIGHTS[DAY], HEAD_WIDTH)
        self.reading.start()
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.timeout.connect(self.viewport().update)
        self._tick = QTimer(self)
        self._tick.setInterval(30_000)
        self._tick.timeout.connect(self._pass)
        self._tick.start()
        theme().changed.connect(self.repaint_all)

    # What is shown

    def show_board(self, board: Board, people: tuple[Person, ...], mode: str, jour: date) -> None:
        """Show a board; the card that keys act on stays the same one."""
        self.reading.stop()
        self.board, self.people, self.mode, self.jour = board, people, mode, jour
        self._lay()
        if self.current is not None and self.card(self.current) is None:
            self.current = None
        if self.current is None and self.hasFocus():
            self.set_current(next(iter(self.keys.order()), None), ring=self._ring)
        self.marked = {k for k in self.marked if self.card(k) is not None}
        self._pass()
        self._name()

    def _pass(self) -> None:
        """Time goes on: its line moves, and work past its end presses what comes next."""
        board = self.board if self.writes else None
        self.pressed = postpone.pressed(board, clock.now()) if board is not None else {}
        self.viewport().update()

    def _lay(self) -> None:
        if self.board is None:
            return
        self.grid = Grid(self.board, self.mode, self.people, self.viewport().width(), self.jour)
        room = self.viewport().height() - HEAD_HEIGHT
        self.verticalScrollBar().setRange(0, max(0, self.grid.height - room))
        self.verticalScrollBar().setPageStep(max(1, room))
        self.repaint_all()

    def repaint_all(self) -> None:
        self._rows.clear()
        self.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay()

    def sizeHint(self) -> QSize:
        return QSize(900, 600)

    def card(self, key: Key | None) -> Card | None:
        if self.board is None or key is None:
            return None
        return next((c for c in self.board.cards if c.key == key), None)

    @property
    def scrolled(self) -> int:
        return self.verticalScrollBar().value()

    # Painting

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        area = self.viewport().rect()
        painter.fillRect(area, theme().color("surface.base"))
        grid = self.grid
        if grid is None:
            painter.end()
            return
        painter.setClipRect(area.adjusted(0, HEAD_HEIGHT, 0, 0))
        until = time.perf_counter() + _BUDGET
        for n, row in enumerate(grid.rows):
            y = row.y - self.scrolled + HEAD_HEIGHT
            if y >= area.height() or y + row.height <= HEAD_HEIGHT:
                continue
            if n not in self._rows and time.perf_counter() > until:
                # The window goes on; what is still missing comes with the next frame.
                self._rest.start()
                break
            painter.drawPixmap(0, y, self._row(n, row))
        pen = drawing.Pen(painter, area)
        now = clock.now()
        if self.mode == WEEK:
            drawing.now_line(pen, grid, now, HEAD_HEIGHT, area.height(), self.scrolled)
        else:
            drawing.overruns(pen, grid, now, self.scrolled)
            air.paint_offers(self, pen)
        air.paint_marks(self, pen)
        painter.setClipping(False)
        drawing.heads(pen, grid, now)
        if self.mode == DAY:
            drawing.now_line(pen, grid, now, HEAD_HEIGHT, area.height(), self.scrolled)
        if self.lift is not None:
            air.paint_lift(self, pen)
        painter.end()

    def _row(self, n: int, row: Row) -> QPixmap:
        """A row as it was painted once; what moves is painted over it."""
        found = self._rows.get(n)
        if found is None:
            assert self.grid is not None  # noqa: S101 - asked by paintEvent alone
            ratio = self.devicePixelRatioF()
            found = QPixmap(round(self.grid.width * ratio), round(row.height * ratio))
            found.setDevicePixelRatio(ratio)
            painter = QPainter(found)
            painter.translate(0, -row.y)
            drawing.row(drawing.Pen(painter, QRect(0, row.y, self.grid.width, row.height)), self.grid, row)
            painter.end()
            self._rows[n] = found
            while len(self._rows) > _KEPT:
                self._rows.popitem(last=False)
        return found

    def visible(self, rect: QRect) -> QRect:
        """A rectangle of the grid where it is on the viewport, still logical."""
        return rect.translated(0, HEAD_HEIGHT - self.scrolled)

    def rects(self, key: Key) -> list[QRect]:
        """Where a card is, one rectangle for each day that shows it."""
        grid = self.grid
        card = self.card(key)
        if grid is None or card is None or (place := grid.row_of(card.technicien_id)) is None:
            return []
        row = grid.rows[place]
        return [
            self.visible(grid.rect(row, p.day, p.begin, p.end, p.lane, p.lanes))
            for p in row.pieces if p.card.key == key
        ]  # fmt: skip

    def at(self, key: Key) -> QPoint:
        """The middle of a card in the viewport's own coordinates, for who has to point at it."""
        rect = self.rects(key)[0]
        return paint.visual(theme().rtl, self.viewport().rect(), rect).center()

    def logical(self, position: QPoint) -> QPoint:
        """A viewport's point in the grid's coordinates."""
        x = self.viewport().width() - 1 - position.x() if theme().rtl else position.x()
        return QPoint(x, position.y() - HEAD_HEIGHT + self.scrolled)

    # The mouse

    def under(self, position: QPoint) -> tuple[Row, Piece, QRect] | None:
        """The card under a point of the viewport."""
        if self.grid is None or position.y() < HEAD_HEIGHT:
            return None
        spot = self.logical(position)
        return self.grid.piece_at(spot.x(), spot.y()) if spot.x() >= HEAD_WIDTH else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.mouse.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.mouse.move(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.mouse.release(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        found = self.under(event.position().toPoint())
        if found is not None:
            self.mouse.forget()
            self.opened.emit(found[1].card.visit.intervention_id)

    def begin(self, lift: Lift) -> None:
        """Lift cards; the board that they were lifted from stays until they are down."""
        self.lift = lift
        self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)
        self.lifted.emit()
        self.tell()

    def drag_to(self, position: QPoint, *, fine: bool = False) -> None:
        """Bring what is lifted under a point of the viewport."""
        grid, lift = self.grid, self.lift
        if grid is None or lift is None or not grid.rows:
            return
        self.pointer = position
        self._scroll_near(position)
        spot = self.logical(position)
        place = grid.row_at(min(max(spot.y(), 0), grid.height - 1)) or 0
        step = FINE if fine else QUARTER
        if lift.how == RESIZE:
            place = grid.row_of(lift.first.technicien_id) or 0
            day, minute = grid.minute_at(spot.x(), spot.y(), grid.rows[place])
            lift.stretch(grid.instant(day, snapped(minute, step)))
        else:
            day, minute = grid.minute_at(max(spot.x(), HEAD_WIDTH), spot.y(), grid.rows[place])
            lift.place(grid, place, grid.instant(day, max(0, snapped(minute - lift.grab, step))))
        refused = checks.refused(lift.problems)
        shape = Qt.CursorShape.ForbiddenCursor if refused else Qt.CursorShape.ClosedHandCursor
        self.viewport().setCursor(shape)
        self.tell()

    def _scroll_near(self, position: QPoint) -> None:
        bar = self.verticalScrollBar()
        if position.y() < HEAD_HEIGHT + 24:
            bar.setValue(bar.value() - 16)
        elif position.y() > self.viewport().height() - 24:
            bar.setValue(bar.value() + 16)

    def drop(self) -> bool:
        """Let go; False leaves it in the air because its place refuses it (keys) or it did not move."""
        lift = self.lift
        if lift is None:
            return False
        if checks.refused(lift.problems) or not lift.moved:
            refused = lift.moved
            words_ = words.problems(lift.problems) if refused else ""
            self.give_up()
            if refused:
                self.say(words_)
                self.turned_away.emit(lift)
            return False
        self._down()
        self.dropped.emit(lift)
        return True

    def give_up(self) -> bool:
        """Everything back where it was."""
        if self.lift is None:
            return False
        self.given_up.emit()
        self._down()
        return True

    def _down(self) -> None:
        self.mouse.forget()
        self.lift = None
        self.pointer = None
        self.viewport().unsetCursor()
        self.viewport().update()
        self.grounded.emit()

    # The keyboard

    def keyPressEvent(self, event) -> None:  # type: ignore[no-untyped-def]
        if not self.keys.press(event):
            super().keyPressEvent(event)

    def focusNextPrevChild(self, next_: bool) -> bool:
        """Tab goes through the cards, and leaves behind the last one."""
        if self.lift is not None:
            return True
        return self.keys.tab(forward=next_) or super().focusNextPrevChild(next_)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if self.current is None:
            self.keys.tab(forward=event.reason() != Qt.FocusReason.BacktabFocusReason)
        self.viewport().update()

    def set_current(self, key: Key | None, *, ring: bool = True) -> None:
        """Make a card the one that keys act on, in sight."""
        self.current, self._ring = key, ring
        rects = self.rects(key) if key is not None else []
        if rects and ring:
            bar = self.verticalScrollBar()
            if rects[0].top() < HEAD_HEIGHT:
                bar.setValue(bar.value() + rects[0].top() - HEAD_HEIGHT - 8)
            elif rects[0].bottom() > self.viewport().height():
                bar.setValue(bar.value() + rects[0].bottom() - self.viewport().height() + 8)
        self._name()
        self.viewport().update()

    @property
    def ring(self) -> bool:
        return self._ring and self.hasFocus()

    # What a screen reader hears

    def _name(self) -> None:
        card = self.card(self.current)
        if card is not None and self.board is not None:
            offer = self.pressed.get(card.key)
            asked = [words.later_asked(offer)] if offer is not None else []
            self.say(comma().join((words.card(self.board, card), *asked)))

    def tell(self) -> None:
        """Say where the lifted card is and what that breaks."""
        self.viewport().update()
        if self.lift is not None:
            self.say(air.verdict(self.lift))

    def say(self, said: str) -> None:
        self.setAccessibleDescription(said)
        QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.DescriptionChanged))
        self.spoken.emit(said)

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent) and self.board is not None:
            found = self.under(event.pos())
            if found is None:
                QToolTip.hideText()
            else:
                QToolTip.showText(event.globalPos(), plain(words.tip(self.board, found[1].card)))
            return True
        return super().viewportEvent(event)

    def lift_visit(self, visit: Visit, begin: datetime | None = None) -> None:
        """Lift work that waits; by keys it starts at the first row's next opening."""
        grid = self.grid
        if grid is None or self.board is None or not grid.rows or not self.writes:
            return
        place = air.start(self, visit)
        who = visit.technicien_id if grid.row_of(visit.technicien_id or 0) is not None else grid.rows[0].person.id
        self.begin(Lift.of_visit(self.board, visit, who or grid.rows[0].person.id, begin or place))
