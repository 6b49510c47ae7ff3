"""What is in the air over the board: ghosts with their verdict, marks of chosen cards, the keys that move them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QKeyEvent, QPen

from erp_desktop import clock
from erp_desktop.domain import enums
from erp_desktop.services.planning import availability, checks
from erp_desktop.services.planning.data import Visit
from erp_desktop.ui.kit import paint
from erp_desktop.ui.kit.i18n import apart, comma, tr
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.planning import words
from erp_desktop.ui.planning.drawing import Pen, faint
from erp_desktop.ui.planning.geometry import DAY, HEAD_HEIGHT, WEEK
from erp_desktop.ui.planning.lift import COPY, MOVE, QUARTER, Held, Lift
from erp_desktop.ui.wording import value_labels

if TYPE_CHECKING:
    from erp_desktop.ui.planning.view import BoardView

_LINE = 19
_ASKED = {"r": "suggestion", "v": "verrouiller", "a": "absence", "o": "ouvrir", "p": "repousser"}
"""What letters ask of a card."""


def verdict(lift: Lift) -> str:
    """Technicien, time and what it breaks, as one text."""
    h = lift.first
    person = lift.board.people.get(h.technicien_id)
    day = words.long_day(clock.local(h.debut).date())
    place = comma().join((person.nom if person else "", day, words.span(h.debut, h.fin)))
    broken = words.problems(lift.problems)
    return f"{place}. {broken}" if broken else f"{place}. {tr('Rien ne s’y oppose.')}"


def _good(lift: Lift) -> str:
    """Skill, road and margin, for a place that nothing refuses."""
    h, parts = lift.first, []
    person = lift.board.people.get(h.technicien_id)
    for needed in h.visit.requises:
        own = (
            next((s for s in person.competences if s.competence_id == needed.competence_id), None) if person else None
        )
        if own is not None:
            parts.append(f"{own.nom} {value_labels.label(enums.Niveau, own.niveau).lower()}")
    if road := lift.road():
        parts.append(tr("trajet {n} min", n=road))
    margin = checks.margin(lift.board, h.visit, h.fin)
    if margin is not None and margin >= 0:
        parts.append(tr("SLA tenu de {reste}", reste=words.length(margin)))
    return " · ".join(parts)


def paint_marks(view: BoardView, pen: Pen) -> None:
    """The ring of the card that keys act on, and frames around those that move together."""
    lifted = {h.card.key for h in view.lift.held if h.card is not None} if view.lift is not None else set()
    for key in view.marked | ({view.current} if view.current else set()):
        if key in lifted:
            continue
        for rect in view.rects(key):
            if key in view.marked:
                pen.box(rect.adjusted(-1, -1, 1, 1), 5, None, theme().color("accent.fill"), 2)
            elif view.ring:
                pen.box(rect.adjusted(-2, -2, 2, 2), 6, None, theme().color("focus"), 2)
            elif key == view.current:
                pen.box(rect, 4, None, theme().color("accent.fill"), 1.5)
    for key in lifted if view.lift is not None and view.lift.how != COPY else ():
        ground = faint("surface.base", 150)
        for rect in view.rects(key):
            pen.box(rect, 4, ground)


def offer_rect(view: BoardView, key: tuple[int, int]) -> QRect | None:
    """Where a card of the day says that it could go later, in place of its client; None on one too small for it."""
    rects = view.rects(key)
    if view.mode != DAY or not rects or rects[0].width() < 90 or rects[0].height() < 36:
        return None
    return QRect(rects[0].x() + 10, rects[0].y() + 18, rects[0].width() - 14, 16)


def paint_offers(view: BoardView, pen: Pen) -> None:
    """On cards that work past its end presses: how much later they could be."""
    for key, later in view.pressed.items():
        card, place = view.card(key), offer_rect(view, key)
        if card is None or place is None:
            continue
        pen.fill(place, f"status.{card.visit.statut}.soft")
        pen.text(place, words.later_asked(later), "caption", "semantic.warning.text")
        pen.box(view.rects(key)[0], 4, None, theme().color("semantic.warning.solid"), 1.5)


def paint_lift(view: BoardView, pen: Pen) -> None:
    """Ghosts where the cards would land, and the words about it beside the first one."""
    lift, grid = view.lift, view.grid
    if lift is None or grid is None:
        return
    anchor = None
    index = {d: n for n, d in enumerate(grid.days)}
    for h in lift.held:
        place = grid.row_of(h.technicien_id)
        if place is None:
            continue
        row = grid.rows[place]
        refused = checks.refused(h.problems)
        ink = "semantic.danger.solid" if refused else "semantic.warning.solid" if h.problems else "accent.fill"
        ground = "semantic.danger.soft" if refused else "semantic.warning.soft" if h.problems else "accent.soft"
        for day, a, b in grid.pieces_of(h.debut, h.fin):
            if day not in index:
                continue
            rect = view.visible(grid.rect(row, index[day], a, b))
            if refused:
                pen.painter.fillRect(pen.place(view.visible(grid.cell(row, index[day]))), faint(ground, 110))
                pen.fill(view.visible(QRect(0, row.y, 3, row.height)), ink)
            _ghost(pen, rect, h, ink, ground)
            anchor = anchor or rect
    if anchor is not None:
        _hint(view, pen, lift, anchor)


def _ghost(pen: Pen, rect: QRect, held: Held, ink: str, ground: str) -> None:
    pen.box(rect, 5, faint(ground, 215))
    pen.painter.setPen(QPen(theme().color(ink), 2, Qt.PenStyle.DashLine))
    pen.painter.setBrush(Qt.BrushStyle.NoBrush)
    pen.painter.drawRoundedRect(pen.place(rect).adjusted(1, 1, -1, -1), 5, 5)
    tone = ink.replace("solid", "text").replace("accent.fill", "accent.text")
    said = words.span(held.debut, held.fin) if rect.height() < 36 else held.visit.titre
    pen.text(rect.adjusted(8, 1, -4, 0).intersected(QRect(rect.x() + 8, rect.y() + 1, rect.width() - 12, 18)), said,
             "strong", tone)  # fmt: skip
    if rect.height() >= 36:
        pen.text(QRect(rect.x() + 8, rect.y() + 18, rect.width() - 12, 16), words.span(held.debut, held.fin),
                 "caption", tone)  # fmt: skip


def lines(lift: Lift) -> list[tuple[str, str, str]]:
    """(icon, colour, words) of the hint: where it goes, then why not, or what speaks for it."""
    h = lift.first
    person = lift.board.people.get(h.technicien_id)
    place = comma().join((words.span(h.debut, h.fin), apart(person.nom if person else "")))
    broken = lift.problems
    if checks.refused(broken):
        found = [("prohibit", "semantic.danger.text", tr("Refusé : {place}", place=place))]
    elif broken:
        found = [("warning", "semantic.warning.text", tr("Déposer avec un motif : {place}", place=place))]
    else:
        found = [("check-circle", "semantic.success.text", tr("Déposer ici : {place}", place=place))]
        if good := _good(lift):
            found.append(("", "text.secondary", good))
    for p in dict.fromkeys(broken):
        refuses = p.verdict == enums.VerdictPlanning.REFUSER
        found.append(("", "semantic.danger.text" if refuses else "semantic.warning.text", words.problem(p)))
    if checks.refused(broken) and len(lift.held) == 1 and (able := lift.able()):
        names = comma().join(map(apart, able))
        found.append(("", "text.secondary", tr("Peuvent la prendre à cette heure : {noms}", noms=names)))
    if len(lift.held) > 1:
        found.append(("", "text.secondary", tr("{n} cartes ensemble", n=len(lift.held))))
    return found[:7]


def _hint(view: BoardView, pen: Pen, lift: Lift, anchor: QRect) -> None:
    found = lines(lift)
    metrics = paint.metrics("strong")
    width = min(480, max(metrics.horizontalAdvance(said) for _, _, said in found) + 48)
    height = 16 + _LINE * len(found)
    area = view.viewport().rect()
    x = min(max(anchor.x(), 8), area.width() - width - 8)
    y = anchor.bottom() + 10
    if y + height > area.height() - 6:
        y = max(HEAD_HEIGHT + 4, anchor.top() - height - 10)
    box = QRect(x, y, width, height)
    shade = theme().color("shadow")
    pen.box(box.adjusted(-2, 1, 2, 5), 10, shade)
    edge = "semantic.danger.solid" if checks.refused(lift.problems) else "border.default"
    pen.box(box, 8, theme().color("surface.raised"), theme().color(edge))
    for n, (icon, ink, said) in enumerate(found):
        top = y + 8 + n * _LINE
        if icon:
            pen.icon(QRect(x + 10, top, 16, _LINE), icon, ink, 15, "fill")
        pen.text(QRect(x + 32, top, width - 42, _LINE), said, "strong" if n == 0 else "body", ink)


def start(view: BoardView, visit: Visit) -> datetime:
    """Where work that is lifted by a key first hovers: the next open hour of the days shown."""
    grid = view.grid
    if grid is None or view.board is None:
        return clock.now()
    now = clock.now()
    length = timedelta(minutes=visit.duree)
    who = visit.technicien_id or (grid.rows[0].person.id if grid.rows else 0)
    for day in grid.days:
        for a, b in availability.free(view.board, who, day):
            begin = availability.snapped(max(a, now))
            if begin + length <= b:
                return begin
    for day in grid.days:
        for a, _ in view.board.horaire_de(who).ouvertures(day):
            if a >= now:
                return a
    return grid.instant(0, grid.lo)


def later(view: BoardView, visit: Visit) -> date | None:
    """The day to go to before work is lifted by a key, when those shown are over; None when they are not."""
    grid = view.grid
    if grid is None or view.board is None or not view.writes or start(view, visit) >= clock.now():
        return None
    # A week shows its Sunday only when something is on it.
    last = grid.days[-1] if len(grid.days) == 1 else view.board.days[-1]
    return max(clock.today(), last + timedelta(days=1))


class Keys:
    """What keys do on the board."""

    def __init__(self, view: BoardView) -> None:
        self.view = view

    def press(self, event: QKeyEvent) -> bool:
        """Take a key; False leaves it to others."""
        if self.view.grid is None or self.view.board is None:
            return False
        return self._in_the_air(event) if self.view.lift is not None else self._on_the_ground(event)

    def _in_the_air(self, event: QKeyEvent) -> bool:
        view, lift, grid = self.view, self.view.lift, self.view.grid
        if lift is None or grid is None:
            return False
        key, modifiers = event.key(), event.modifiers()
        shift = bool(modifiers & Qt.KeyboardModifier.ShiftModifier)
        control = bool(modifiers & Qt.KeyboardModifier.ControlModifier)
        ahead = -1 if theme().rtl else 1
        across = {Qt.Key.Key_Left: -ahead, Qt.Key.Key_Right: ahead}.get(Qt.Key(key))
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if control and all(h.card is not None for h in lift.held):
                lift.how = COPY
                lift.judge()
            view.drop()
        elif key == Qt.Key.Key_Escape:
            view.give_up()
        elif across is not None and shift:
            lift.longer(QUARTER * across)
        elif across is not None:
            lift.step(grid, days=across) if control else lift.step(grid, minutes=QUARTER * across)
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down) and shift:
            lift.longer(QUARTER if key == Qt.Key.Key_Down else -QUARTER)
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            lift.step(grid, rows=1 if key == Qt.Key.Key_Down else -1)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Minus):
            lift.longer(QUARTER if key == Qt.Key.Key_Plus else -QUARTER)
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self._to_the_end(lift, opening=key == Qt.Key.Key_Home)
        else:
            return False
        if view.lift is not None:
            self._in_sight(view.lift)
            view.tell()
        return True

    def _to_the_end(self, lift: Lift, *, opening: bool) -> None:
        """To the opening, or so that it ends at the closing."""
        grid, h = self.view.grid, lift.first
        if grid is None:
            return
        hours = lift.board.horaire_de(h.technicien_id).ouvertures(h.debut.astimezone(grid.zone).date())
        if hours:
            row = grid.row_of(h.technicien_id) or 0
            lift.place(grid, row, hours[0][0] if opening else hours[-1][1] - (h.fin - h.debut))

    def _in_sight(self, lift: Lift) -> None:
        grid, bar = self.view.grid, self.view.verticalScrollBar()
        place = grid.row_of(lift.first.technicien_id) if grid is not None else None
        if grid is None or place is None:
            return
        row = grid.rows[place]
        room = self.view.viewport().height() - HEAD_HEIGHT
        if row.y < bar.value():
            bar.setValue(row.y)
        elif row.y + row.height > bar.value() + room:
            bar.setValue(row.y + row.height - room)

    def _on_the_ground(self, event: QKeyEvent) -> bool:
        view, key = self.view, event.key()
        card = view.card(view.current)
        letter = event.text().lower()
        if letter == "t":
            view.day_asked.emit(None)
        elif letter in ("j", "s"):
            view.mode_asked.emit(DAY if letter == "j" else WEEK)
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down):
            self._walk(Qt.Key(key))
        elif card is None:
            return False
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._lift()
        elif key == Qt.Key.Key_Delete:
            view.asked.emit("retirer", card)
        elif letter in _ASKED:
            view.asked.emit(_ASKED[letter], card)
        elif key == Qt.Key.Key_Space:
            view.marked ^= {card.key}
            view.viewport().update()
        else:
            return False
        return True

    def _lift(self) -> None:
        view = self.view
        card = view.card(view.current)
        if card is None or view.board is None or not view.writes:
            return
        others = [c for c in map(view.card, sorted(view.marked - {card.key})) if c is not None]
        together = others if card.key in view.marked else []
        view.begin(Lift.of_cards(view.board, [card, *together], MOVE))

    def order(self) -> list[tuple[int, int]]:
        """Cards in the order of Tab: by row, then by time."""
        grid = self.view.grid
        return list(dict.fromkeys(p.card.key for row in grid.rows for p in row.pieces)) if grid is not None else []

    def tab(self, *, forward: bool) -> bool:
        """The next card; False behind the last one."""
        found = self.order()
        if not found:
            return False
        if self.view.current not in found:
            self.view.set_current(found[0] if forward else found[-1])
            return True
        place = found.index(self.view.current) + (1 if forward else -1)
        if not 0 <= place < len(found):
            return False
        self.view.set_current(found[place])
        return True

    def _walk(self, key: Qt.Key) -> None:
        """Along a row by time, between rows to the card nearest in time."""
        view, grid = self.view, self.view.grid
        card = view.card(view.current)
        if grid is None or card is None:
            self.tab(forward=True)
            return
        place = grid.row_of(card.technicien_id) or 0
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            forward = (key == Qt.Key.Key_Right) != theme().rtl
            row = list(dict.fromkeys(p.card.key for p in grid.rows[place].pieces))
            spot = row.index(card.key) + (1 if forward else -1)
            if 0 <= spot < len(row):
                view.set_current(row[spot])
            return
        step = 1 if key == Qt.Key.Key_Down else -1
        place += step
        while 0 <= place < len(grid.rows):
            if pieces := grid.rows[place].pieces:
                view.set_current(min(pieces, key=lambda p: abs(p.card.debut - card.debut)).card.key)
                return
            place += step
