"""What waits to be planned, beside the board: the nearest deadline first, dragged or lifted from here."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QRect, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QHBoxLayout, QToolTip, QVBoxLayout, QWidget

from erp_desktop.domain.recherche import cherchee
from erp_desktop.services.planning import backlog
from erp_desktop.services.planning.data import Board, Visit, Waiting
from erp_desktop.services.search import exact
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.interventions.list import LISTE
from erp_desktop.ui.kit import paint
from erp_desktop.ui.kit.controls import Button, LineEdit, Text, plain
from erp_desktop.ui.kit.i18n import comma, said, tr
from erp_desktop.ui.kit.surfaces import Surface
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.lists.query import canonical, quoted
from erp_desktop.ui.planning import words
from erp_desktop.ui.planning.desk import sentence
from erp_desktop.ui.planning.drawing import Pen, faint
from erp_desktop.ui.tasks import Task
from erp_desktop.ui.wording import value_labels

CARD = 80
GAP = 8
WIDTH = 258


class BacklogView(QAbstractScrollArea):
    """A painted list of visits; what is dragged out of it is followed by the board.

    Attributes:
        away: the visit that is in the air.
        empty: what is said where there is none.
    """

    taken = Signal(object)
    """A visit is lifted by the keyboard."""
    dragged = Signal(object, object)
    """A visit is over a point of the screen."""
    released = Signal(object)
    """The mouse let go at a point of the screen."""
    asked = Signal(str, object)
    opened = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QAbstractScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.verticalScrollBar().setSingleStep(20)
        self.visits: tuple[Visit, ...] = ()
        self.current = 0
        self.away: int | None = None
        self.writes = True
        self.empty = ""
        self._pressed: tuple[QPoint, Visit] | None = None
        self._dragging = False
        theme().changed.connect(self.viewport().update)

    def show_visits(self, visits: tuple[Visit, ...]) -> None:
        kept = self.visit.intervention_id if self.visit is not None else None
        self.visits = visits
        places = [n for n, v in enumerate(visits) if v.intervention_id == kept]
        self.current = places[0] if places else min(self.current, max(0, len(visits) - 1))
        self._measure()
        self._name()

    @property
    def visit(self) -> Visit | None:
        return self.visits[self.current] if self.current < len(self.visits) else None

    def _measure(self) -> None:
        height = len(self.visits) * (CARD + GAP) + GAP
        room = self.viewport().height()
        self.verticalScrollBar().setRange(0, max(0, height - room))
        self.verticalScrollBar().setPageStep(max(1, room))
        self.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._measure()

    def rect_of(self, place: int) -> QRect:
        top = place * (CARD + GAP) + 2 - self.verticalScrollBar().value()
        return QRect(10, top, self.viewport().width() - 20, CARD)

    def _at(self, position: QPoint) -> int | None:
        return next((n for n in range(len(self.visits)) if self.rect_of(n).contains(position)), None)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        area = self.viewport().rect()
        painter.fillRect(area, theme().color("surface.nav"))
        pen = Pen(painter, area)
        if not self.visits and self.empty:
            painter.setPen(theme().color("text.secondary"))
            painter.setFont(theme().font("body"))
            flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
            painter.setLayoutDirection(Qt.LayoutDirection.LayoutDirectionAuto)
            painter.drawText(area.adjusted(16, 24, -16, 0), flags, self.empty)
        for n, visit in enumerate(self.visits):
            rect = self.rect_of(n)
            if rect.bottom() >= 0 and rect.top() <= area.height():
                self._paint(pen, rect, visit, n)
        painter.end()

    def _paint(self, pen: Pen, rect: QRect, visit: Visit, place: int) -> None:
        look = theme()
        chosen = place == self.current and self.hasFocus()
        border = "accent.fill" if chosen else "border.subtle"
        away = visit.intervention_id == self.away
        ground = faint("surface.selected" if chosen else "surface.raised", 90 if away else 255)
        pen.box(rect, 8, ground, look.color(border), 2 if chosen else 1)
        mark = look.mark("priority", visit.priorite)
        pen.icon(QRect(rect.x() + 8, rect.y() + 7, 18, 18), mark["icon"], f"priority.{visit.priorite}.color", 15,
                 mark["weight"])  # fmt: skip
        inner = rect.adjusted(30, 6, -8, 0)
        pen.text(QRect(inner.x(), inner.y(), inner.width(), 19), visit.titre, "strong")
        told = " · ".join(filter(None, [visit.client, visit.ville]))
        pen.text(QRect(inner.x(), inner.y() + 19, inner.width(), 17), told, "caption", "text.secondary")
        line = QRect(inner.x(), inner.y() + 38, inner.width(), 18)
        pen.icon(QRect(line.x(), line.y(), 14, 18), "clock", "text.tertiary", 13)
        pen.text(QRect(line.x() + 18, line.y(), 52, 18), words.length(visit.duree), "caption", "text.secondary")
        if visit.sla_etat != "none":
            room = QRect(line.x() + 74, line.y(), line.width() - 74, 18)
            paint.sla(pen.painter, pen.place(room), visit.sla_etat, visit.sla_part,
                      words.left(visit), rtl=pen.rtl)  # fmt: skip
        needs = comma().join(s.nom for s in visit.requises) or visit.equipement
        pen.icon(QRect(line.x(), line.y() + 17, 14, 17), "wrench", "text.tertiary", 13)
        pen.text(QRect(line.x() + 18, line.y() + 17, line.width() - 18, 17), needs, "caption", "text.tertiary")

    # The mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = self._at(event.position().toPoint())
        if place is not None and event.button() == Qt.MouseButton.LeftButton:
            self.current = place
            self._pressed = (event.position().toPoint(), self.visits[place])
            self._name()
            self.viewport().update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None or not self.writes:
            return
        if not self._dragging and (event.position().toPoint() - self._pressed[0]).manhattanLength() < 6:
            return
        self._dragging = True
        self.dragged.emit(self._pressed[1], event.globalPosition().toPoint())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        dragging, self._dragging, self._pressed = self._dragging, False, None
        if dragging:
            self.released.emit(event.globalPosition().toPoint())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        place = self._at(event.position().toPoint())
        if place is not None:
            self.opened.emit(self.visits[place].intervention_id)

    # The keyboard

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1, Qt.Key.Key_PageUp: -6, Qt.Key.Key_PageDown: 6}
        visit = self.visit
        key = Qt.Key(event.key())
        if key in steps and self.visits:
            self.current = min(max(self.current + steps[key], 0), len(self.visits) - 1)
            self._in_sight()
            self._name()
        elif visit is not None and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.taken.emit(visit)
        elif visit is not None and event.text().lower() in ("r", "o"):
            self.asked.emit("suggestion" if event.text().lower() == "r" else "ouvrir", visit)
        else:
            super().keyPressEvent(event)

    def _in_sight(self) -> None:
        rect, bar = self.rect_of(self.current), self.verticalScrollBar()
        if rect.top() < 0:
            bar.setValue(bar.value() + rect.top() - GAP)
        elif rect.bottom() > self.viewport().height():
            bar.setValue(bar.value() + rect.bottom() - self.viewport().height() + GAP)
        self.viewport().update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._name()
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.viewport().update()

    def _name(self) -> None:
        visit = self.visit
        self.setAccessibleDescription(words.visit(visit) if visit is not None else "")
        QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.DescriptionChanged))

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            place = self._at(event.pos())
            if place is None:
                QToolTip.hideText()
            else:
                v = self.visits[place]
                due = tr("Échéance : {date}", date=value_labels.instant(v.date_limite))
                if v.sla_debut:
                    late = value_labels.remaining(v.sla_reste_min, late=v.sla_etat == "late")
                    due = f"{tr('Prise en charge : {objet}', objet=late)}\n{due}"
                said = f"{v.numero} · {v.titre}\n{v.client} · {v.equipement}\n{due}"
                QToolTip.showText(event.globalPos(), plain(said))
            return True
        return super().viewportEvent(event)


class BacklogSide(Surface):
    """The list under its title, with how many there are, what is looked for in it, and the way to all of it.

    Attributes:
        first: visits that are shown at most; it grows as the list is scrolled.
        waiting: what is shown.
        whole: what was shown last without anything looked for.
    """

    def __init__(self, contexte: Contexte, *, writes: bool) -> None:
        super().__init__("surface.nav", "border.subtle", sides="s")
        self._contexte = contexte
        self._board: Board | None = None
        self._task: Task | None = None
        self.waiting = self.whole = Waiting()
        self.first = backlog.PAGE
        self.setFixedWidth(WIDTH)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 12, 0, 0)
        column.setSpacing(4)
        head = QHBoxLayout()
        head.setContentsMargins(12, 0, 12, 0)
        head.addWidget(Text(tr("À planifier"), "section"))
        self.count = Text("", "strong", "accent.text")
        head.addWidget(self.count)
        head.addStretch()
        column.addLayout(head)
        self.search = LineEdit(tr("Client, machine, priorite:haute…"))
        self.search.setAccessibleName(tr("Chercher dans ce qui est à planifier"))
        self.search.setClearButtonEnabled(True)
        within = QHBoxLayout()
        within.setContentsMargins(10, 2, 10, 0)
        within.addWidget(self.search)
        column.addLayout(within)
        self.hint = Text("", "caption", "text.secondary", wrap=True)
        self.hint.setContentsMargins(12, 0, 12, 2)
        self.hint.setMinimumHeight(36)
        column.addWidget(self.hint)
        self.view = BacklogView()
        self.view.setAccessibleName(tr("Interventions à planifier"))
        self.view.writes = writes
        column.addWidget(self.view, 1)
        self.others = Button(tr("Les voir tous dans la liste"), "link", on_click=self._open_list)
        self.others.hide()
        column.addWidget(self.others)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(180)
        self._pause.timeout.connect(self._look)
        self.search.textChanged.connect(lambda _text: self._pause.start())
        self.search.returnPressed.connect(self._look)
        self.view.verticalScrollBar().valueChanged.connect(self._scrolled)
        self._say_hint()

    @property
    def asked(self) -> tuple[str, int]:
        """The words that visits are to answer, and how many are shown."""
        return canonical(cherchee(self.search.text()), LISTE.words), self.first

    def follow(self, board: Board) -> None:
        """Show what waits beside a board that was just read."""
        self._board = board
        if board.waiting.texte == self.asked[0]:
            self._show(board.waiting)
        else:
            self._ask()

    def clear_search(self) -> bool:
        """Show again all that waits; whether there was anything typed."""
        typed = bool(self.search.text())
        self.search.clear()
        return typed

    def _look(self) -> None:
        self._pause.stop()
        self._say_hint()
        if self.asked[0] != self.waiting.texte:
            self.first = backlog.PAGE
            self._ask()

    def _say_hint(self) -> None:
        hints = " ".join(map(said, LISTE.hints(self.asked[0])))
        self.hint.setText(hints or tr("Triés par échéance SLA. Glissez une carte, ou Entrée puis les flèches."))

    def _scrolled(self, value: int) -> None:
        bar = self.view.verticalScrollBar()
        shown = len(self.waiting.visits)
        if value > bar.maximum() - bar.pageStep() and self._task is None and shown < self.waiting.total:
            self.first = shown + backlog.PAGE
            self._ask()

    def _ask(self) -> None:
        if self._task is not None:
            self._task.cancel()
        agence = self._board.agence_id if self._board is not None else None
        acteur, (texte, first) = self._contexte.acteur, self.asked
        self._task = self._contexte.tasks.run(
            lambda session: backlog.page(session, acteur, agence, texte, first), self._show, self._failed, owner=self
        )

    def _show(self, waiting: Waiting) -> None:
        self._task, self.waiting = None, waiting
        if not waiting.texte:
            self.whole = waiting
        self.count.setText(words.counted(waiting))
        self.view.empty = tr("Rien à planifier ne répond à ces critères.") if waiting.texte else ""
        self.view.show_visits(waiting.visits)
        self.others.setVisible(waiting.over or len(waiting.visits) < waiting.total)

    def _failed(self, error: Exception) -> None:
        self._task = None
        self._contexte.say(sentence(error), None, "danger")

    def _open_list(self) -> None:
        board, wanted = self._board, [backlog.FILTER]
        if board is not None and board.agence_id is not None and len(board.agences) > 1:
            wanted.append(f"agence:{quoted(exact.row(board.agence, board.agence_id))}")
        self._contexte.open_list("interventions", " ".join([*wanted, self.asked[0]]).strip())
