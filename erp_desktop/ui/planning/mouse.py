"""What the mouse does on the board: chooses, lifts, stretches, carries and lets go."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QMenu

from erp_desktop.services.planning.postpone import Later
from erp_desktop.ui.kit import paint
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.planning import air
from erp_desktop.ui.planning.geometry import DAY, Piece
from erp_desktop.ui.planning.lift import COPY, MOVE, RESIZE, Lift

if TYPE_CHECKING:
    from erp_desktop.ui.planning.view import BoardView

_ACTS = (
    ("O", "ouvrir", "Ouvrir l'intervention"), ("R", "suggestion", "Qui et quand"),
    ("P", "repousser", "Repousser, d'une heure ou à la prochaine place libre"),
    ("V", "verrouiller", "Verrouiller le créneau"), ("A", "absence", "Absences du technicien"),
    ("Suppr", "retirer", "Retirer du planning"),
)  # fmt: skip
_UNLOCK = "Déverrouiller le créneau"
_EDGE = 6
"""Pixels at a card's end that stretch it."""
_FAR = 6
"""Pixels that the pointer travels before a press is a drag."""


class Mouse:
    """The pointer over one view."""

    def __init__(self, view: BoardView) -> None:
        self.view = view
        self._pressed: tuple[QPoint, Piece] | None = None
        self.menu: QMenu | None = None
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        view.customContextMenuRequested.connect(self.offer)

    def offer(self, spot: QPoint) -> None:
        """What the letters do with a card, in words, under the right button; nothing waits for the answer."""
        view, found = self.view, self.view.under(spot)
        if found is None or view.lift is not None:
            return
        card = found[1].card
        view.set_current(card.key, ring=False)
        menu = self.menu = QMenu(view)
        for keys, what, words in _ACTS:
            if what == "retirer":
                menu.addSeparator()
            if view.writes or what in ("ouvrir", "absence"):
                said = _UNLOCK if what == "verrouiller" and card.verrouille else words
                menu.addAction(f"{tr(said)}\t{tr(keys)}", partial(view.asked.emit, what, card))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(view.viewport().mapToGlobal(spot))

    def forget(self) -> None:
        self._pressed = None

    def press(self, event: QMouseEvent) -> None:
        view = self.view
        if event.button() != Qt.MouseButton.LeftButton or view.lift is not None:
            return
        found = view.under(event.position().toPoint())
        if found is None:
            view.marked.clear()
            view.viewport().update()
            return
        key = found[1].card.key
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            view.marked ^= {key}
        elif key not in view.marked:
            view.marked.clear()
        view.set_current(key, ring=False)
        self._pressed = (event.position().toPoint(), found[1])

    def move(self, event: QMouseEvent) -> None:
        view, position = self.view, event.position().toPoint()
        if view.lift is not None:
            view.drag_to(position, fine=bool(event.modifiers() & Qt.KeyboardModifier.AltModifier))
        elif self._pressed is not None and event.buttons() & Qt.MouseButton.LeftButton:
            if (position - self._pressed[0]).manhattanLength() >= _FAR and view.writes:
                copy = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
                self._take(*self._pressed, copy=copy)
                view.drag_to(position)
        else:
            self._point(position)

    def _point(self, position: QPoint) -> None:
        found = self.view.under(position)
        shape = Qt.CursorShape.ArrowCursor
        if found is not None and self._offer(position, found[1]) is not None:
            shape = Qt.CursorShape.PointingHandCursor
        elif found is not None and self._on_edge(position, found[2]):
            along = self.view.mode == DAY
            shape = Qt.CursorShape.SizeHorCursor if along else Qt.CursorShape.SizeVerCursor
        elif found is not None:
            shape = Qt.CursorShape.OpenHandCursor
        self.view.viewport().setCursor(shape)

    def release(self, event: QMouseEvent) -> None:
        view, pressed = self.view, self._pressed
        self._pressed = None
        if view.lift is None and pressed is not None:
            offer = self._offer(event.position().toPoint(), pressed[1])
            if offer is not None and self._offer(*pressed) is offer:
                view.put_off.emit(offer)
        if view.lift is not None and event.button() == Qt.MouseButton.LeftButton:
            if view.viewport().rect().contains(event.position().toPoint()):
                view.drop()
            else:
                view.give_up()

    def _offer(self, position: QPoint, piece: Piece) -> Later | None:
        """The later place that a card says there, taken by a click on its words."""
        view = self.view
        offer, place = view.pressed.get(piece.card.key), air.offer_rect(view, piece.card.key)
        if offer is None or place is None or not view.writes:
            return None
        seen = paint.visual(theme().rtl, view.viewport().rect(), place)
        return offer if seen.contains(position) else None

    def _on_edge(self, position: QPoint, rect: QRect) -> bool:
        spot = self.view.logical(position)
        if self.view.mode == DAY:
            return rect.right() - spot.x() < _EDGE and rect.width() > 3 * _EDGE
        return rect.bottom() - spot.y() < _EDGE - 2 and rect.height() > 2 * _EDGE

    def _take(self, position: QPoint, piece: Piece, *, copy: bool) -> None:
        view, grid, board = self.view, self.view.grid, self.view.board
        if grid is None or board is None:
            return
        card = piece.card
        row = grid.rows[grid.row_of(card.technicien_id) or 0]
        rect = grid.rect(row, piece.day, piece.begin, piece.end, piece.lane, piece.lanes)
        if self._on_edge(position, rect):
            view.begin(Lift.of_cards(board, [card], RESIZE))
            return
        spot = view.logical(position)
        day, minute = grid.minute_at(spot.x(), spot.y(), row)
        held = (grid.instant(day, minute) - card.debut).total_seconds() // 60
        keys = sorted(view.marked - {card.key}) if card.key in view.marked else []
        others = [c for c in map(view.card, keys) if c is not None]
        view.begin(Lift.of_cards(board, [card, *others], COPY if copy else MOVE, int(held)))
