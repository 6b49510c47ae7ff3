"""How the board looks: cards, a technicien's row, the heads. Rectangles are logical and mirrored here for Arabic."""

from __future__ import annotations

from datetime import date, datetime

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen

from erp_desktop.domain import enums
from erp_desktop.domain.enums import TypeAbsence
from erp_desktop.services.planning import availability
from erp_desktop.services.planning.data import Away, Card, Person
from erp_desktop.ui.kit import icons, paint
from erp_desktop.ui.kit.i18n import isolate, language, tr
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.planning import words
from erp_desktop.ui.planning.geometry import DAY, HEAD_HEIGHT, HEAD_WIDTH, Grid, Piece, Row, bare
from erp_desktop.ui.wording import value_labels

AWAY_ICONS = {
    TypeAbsence.CONGE: "umbrella", TypeAbsence.MALADIE: "info", TypeAbsence.FORMATION: "certificate",
    TypeAbsence.ASTREINTE: "phone", TypeAbsence.AUTRE: "prohibit",
}  # fmt: skip


def faint(path: str, alpha: int) -> QColor:
    """A colour of the theme let through."""
    colour = QColor(theme().color(path))
    colour.setAlpha(alpha)
    return colour


class Pen:
    """Draws on one painter, reading from the side of the language.

    Args:
        outer: what rectangles are mirrored in.
    """

    def __init__(self, painter: QPainter, outer: QRect) -> None:
        self.painter, self.outer, self.rtl = painter, outer, theme().rtl

    def place(self, rect: QRect) -> QRect:
        return paint.visual(self.rtl, self.outer, rect)

    def fill(self, rect: QRect, colour: str) -> None:
        self.painter.fillRect(self.place(rect), theme().color(colour))

    def box(
        self, rect: QRect, radius: float, ground: QColor | None, border: QColor | None = None, width: float = 1
    ) -> None:  # fmt: skip
        paint.rounded(self.painter, self.place(rect), radius, ground, border, width)

    def text(self, rect: QRect, said: str, role: str = "body", colour: str = "text.primary") -> None:
        if rect.width() > 4:
            paint.text(self.painter, self.place(rect), said, rtl=self.rtl, font=theme().font(role),
                       colour=theme().color(colour))  # fmt: skip

    def icon(self, rect: QRect, name: str, colour: str, size: int = 14, weight: str = "regular") -> None:
        icons.draw(self.painter, self.place(rect), name, theme().color(colour), size, weight)

    def hatch(self, rect: QRect, ground: str = "surface.sunken") -> None:
        """Hours at which nobody works."""
        box = self.place(rect)
        self.painter.fillRect(box, theme().color(ground))
        self.painter.fillRect(box, QBrush(theme().color("border.subtle"), Qt.BrushStyle.BDiagPattern))


def card(pen: Pen, rect: QRect, piece: Piece, grid: Grid) -> None:
    """One card: band and tint say the statut, the border the deadline, marks at its end what deserves a look."""
    c, look = piece.card, theme()
    v, tone = c.visit, f"status.{piece.card.visit.statut}"
    crossing = c.key in grid.board.crossing
    alarm = (
        "semantic.danger.solid" if crossing or v.sla_etat == "late" else "sla.soon" if v.sla_etat == "soon" else ""
    )
    border = look.color(alarm) if alarm else faint(f"{tone}.solid", 90)
    pen.box(rect, 4, look.color(f"{tone}.soft"), border, 1.5 if alarm else 1)
    band = QRect(rect.x(), rect.y(), 4, rect.height())
    pen.box(band, 2, look.color(f"{tone}.solid"))
    # A short visit's words stand in its middle: letters reach beyond a line of its height and would be cut.
    line = 18
    top = rect.y() + (1 if rect.height() >= 20 else (rect.height() - line) // 2)
    mark = look.mark("status", v.statut)
    x = rect.x() + 9
    room = rect.right() - 4
    if rect.width() >= 24:
        pen.icon(QRect(x, top, 14, line), mark["icon"], f"{tone}.text", 13, mark["weight"])
        x += 18
    ends = _marks(c, crossing=crossing)
    if rect.width() >= 74:
        for name, ink, weight in ends[:2]:
            room -= 16
            pen.icon(QRect(room, top, 15, line), name, ink, 14, weight)
    if rect.width() < 60:
        # The rest is in its tooltip.
        return
    pen.text(QRect(x, top, room - x - 2, line), v.titre, "strong", f"{tone}.text")
    if rect.width() < 90:
        return
    if rect.height() >= 36:
        inner = QRect(rect.x() + 10, rect.y() + 18, rect.width() - 14, 16)
        pen.text(inner, v.client, "caption", "text.secondary")
    if rect.height() >= 54:
        inner = QRect(rect.x() + 10, rect.y() + 34, rect.width() - 14, 16)
        pen.text(inner, words.span(c.debut, c.fin), "caption", "text.secondary")
        if v.sla_etat in ("soon", "late") and rect.width() > 150:
            left = QRect(rect.right() - 66, rect.y() + 34, 62, 16)
            pen.icon(QRect(left.x(), left.y(), 14, 16), "clock", f"sla.{v.sla_etat}", 13)
            said = value_labels.remaining(v.sla_reste_min, late=v.sla_etat == "late")
            pen.text(left.adjusted(16, 0, 0, 0), said, "caption", f"sla.{v.sla_etat}")


def _marks(c: Card, *, crossing: bool) -> list[tuple[str, str, str]]:
    found = []
    if crossing:
        found.append(("warning", "semantic.danger.text", "regular"))
    if c.verrouille:
        found.append(("lock-key", "text.secondary", "regular"))
    if c.visit.sla_etat == "late" and not crossing:
        found.append(("clock", "semantic.danger.text", "regular"))
    if c.visit.priorite in ("urgente", "haute"):
        mark = theme().mark("priority", c.visit.priorite)
        found.append((mark["icon"], f"priority.{c.visit.priorite}.color", mark["weight"]))
    if c.role == "renfort":
        found.append(("users", "text.secondary", "regular"))
    return found


def row(pen: Pen, grid: Grid, line: Row) -> None:
    """A technicien's row without what moves: closed hours, absences, travels, cards, the head."""
    _ground(pen, grid, line)
    for away in grid.board.away_of.get(line.person.id, ()):
        _away(pen, grid, line, away)
    for piece in line.pieces:
        rect = grid.rect(line, piece.day, piece.begin, piece.end, piece.lane, piece.lanes)
        if grid.mode == DAY and piece.card.trajet:
            _road(pen, grid, line, piece, rect)
        card(pen, rect, piece, grid)
    head(pen, grid, line)
    pen.fill(QRect(0, line.y + line.height - 1, grid.width, 1), "border.subtle")


def _ground(pen: Pen, grid: Grid, line: Row) -> None:
    horaire = grid.board.horaire_de(line.person.id)
    for day, jour in enumerate(grid.days):
        cell = grid.cell(line, day)
        pen.fill(cell, "surface.base")
        spans = horaire.plages(jour)
        closed, at = [], grid.lo
        for a, b in spans:
            if a > at:
                closed.append((at, min(a, grid.hi)))
            at = max(at, b)
        if at < grid.hi:
            closed.append((at, grid.hi))
        for a, b in closed:
            if b > a:
                _span(pen, grid, line, day, a, b)
        if grid.mode == DAY:
            for hour in range(-(-grid.lo // 60), grid.hi // 60 + 1):
                pen.fill(QRect(grid.x_of(hour * 60), line.y, 1, line.height), "border.subtle")
        else:
            pen.fill(QRect(cell.x(), cell.y(), 1, cell.height()), "border.subtle")


def _span(pen: Pen, grid: Grid, line: Row, day: int, a: int, b: int) -> None:
    if grid.mode == DAY:
        x, right = grid.x_of(a), grid.x_of(b)
        pen.hatch(QRect(x, line.y, right - x, line.height))
        return
    cell = grid.cell(line, day)
    whole = a <= grid.lo and b >= grid.hi
    top = cell.y() if whole or a <= grid.lo else grid.y_of(line, a)
    bottom = cell.bottom() + 1 if whole or b >= grid.hi else grid.y_of(line, b)
    pen.hatch(QRect(cell.x(), top, cell.width(), bottom - top))


def _away(pen: Pen, grid: Grid, line: Row, away: Away) -> None:
    """A block over the days that it takes, its word in the first."""
    index = {d: n for n, d in enumerate(grid.days)}
    parts = [(index[d], a, b) for d, a, b in grid.pieces_of(away.debut, away.fin) if d in index]
    asked = away.statut != "acceptee"
    duty = away.type == TypeAbsence.ASTREINTE
    for n, (day, a, b) in enumerate(parts):
        if b <= grid.lo or a >= grid.hi:
            continue
        rect = grid.rect(line, day, a, b)
        if not duty:
            pen.hatch(rect, "surface.hover")
        dashed = QPen(theme().color("border.control" if not duty else "accent.border"), 1, Qt.PenStyle.DashLine)
        pen.painter.setPen(dashed)
        pen.painter.setBrush(Qt.BrushStyle.NoBrush)
        pen.painter.drawRoundedRect(pen.place(rect).adjusted(0, 0, -1, -1), 5, 5)
        if n == 0 or grid.mode == DAY:
            said = value_labels.label(enums.TypeAbsence, away.type)
            if asked:
                said = tr("{type} (demandé)", type=said)
            width = min(rect.width() - 6, paint.metrics("body").horizontalAdvance(said) + 34)
            tag = QRect(rect.x() + (rect.width() - width) // 2, rect.y() + max(2, (rect.height() - 22) // 2), width,
                        min(22, rect.height() - 2))  # fmt: skip
            pen.box(tag, 10, theme().color("surface.base"))
            pen.icon(QRect(tag.x() + 6, tag.y(), 16, tag.height()), AWAY_ICONS[TypeAbsence(away.type)],
                     "text.secondary", 14)  # fmt: skip
            pen.text(tag.adjusted(26, 0, -4, 0), said, "body", "text.secondary")


def road_begins(line: Row, piece: Piece) -> int:
    """Minute from which the travel to a card is drawn: in the room that what comes before leaves, never over it."""
    before = [one.end for one in line.pieces if one.day == piece.day and one.end <= piece.begin]
    return max([piece.begin - (piece.card.trajet or 0), *before])


def _road(pen: Pen, grid: Grid, line: Row, piece: Piece, rect: QRect) -> None:
    minutes = piece.card.trajet or 0
    left = grid.x_of(max(grid.lo, road_begins(line, piece)))
    if rect.x() - left < 6:
        return
    middle = rect.y() + rect.height() // 2
    pen.painter.setPen(QPen(theme().color("text.tertiary"), 2, Qt.PenStyle.DotLine))
    dots = pen.place(QRect(left, middle, rect.x() - left - 3, 1))
    pen.painter.drawLine(dots.left(), middle, dots.right(), middle)
    said = f"{isolate(str(minutes))} {tr('min')}"
    width = paint.metrics("caption").horizontalAdvance(said) + 4
    if width <= rect.x() - left:
        pen.text(
            QRect(left + (rect.x() - left - width) // 2, middle - 18, width, 16), said, "caption", "text.tertiary"
        )


def head(pen: Pen, grid: Grid, line: Row) -> None:
    """Name, team and load of a technicien."""
    person = line.person
    pen.fill(QRect(0, line.y, HEAD_WIDTH, line.height), "surface.base")
    pen.fill(QRect(HEAD_WIDTH - 1, line.y, 1, line.height), "border.default")
    avatar = QRect(12, line.y + 12, 28, 28)
    tints = ("accent", "semantic.success", "semantic.warning", "semantic.info", "semantic.danger")
    tint = tints[person.id % len(tints)]
    pen.box(avatar, 14, theme().color(f"{tint}.soft"))
    pen.painter.setFont(theme().font("caption"))
    pen.painter.setPen(theme().color(f"{tint}.text"))
    pen.painter.drawText(pen.place(avatar), Qt.AlignmentFlag.AlignCenter, paint.initials(person.nom))
    room = HEAD_WIDTH - 58
    pen.text(
        QRect(48, line.y + 9, room, 18), person.nom, "strong", "text.tertiary" if person.parti else "text.primary"
    )
    skill = person.competences[0].nom if person.competences else person.equipe or ""
    level = value_labels.label(enums.Niveau, person.niveau).lower()
    pen.text(QRect(48, line.y + 26, room, 17), " · ".join(filter(None, [skill, level])), "caption", "text.secondary")
    if person.parti:
        pen.text(QRect(48, line.y + 44, room, 17), tr("n'est plus en activité"), "caption", "semantic.warning.text")
        return
    planned, available = loads(grid, person)
    if not available:
        pen.text(QRect(48, line.y + 44, room, 17), tr("absent"), "caption", "text.tertiary")
        return
    share = planned / available
    ink = "semantic.danger.solid" if share > 1 else "semantic.warning.solid" if share > 0.9 else "accent.fill"
    bar(pen, QRect(48, line.y + 50, 62, 5), share, ink)
    said = f"{round(100 * share)} %"
    tone = "semantic.danger.text" if share > 1 else "text.secondary"
    pen.text(QRect(116, line.y + 44, HEAD_WIDTH - 120, 17), isolate(said), "strong" if share > 1 else "caption", tone)
    if grid.mode != DAY:
        _day_bars(pen, grid, line)


def _day_bars(pen: Pen, grid: Grid, line: Row) -> None:
    """How full each day is, at the foot of its cell."""
    for day, jour in enumerate(grid.days):
        planned, available = availability.load(grid.board, line.person.id, jour)
        if planned and available:
            share = planned / available
            ink = "semantic.danger.solid" if share > 1 else "border.control"
            cell = grid.cell(line, day)
            bar(pen, QRect(cell.x() + 5, cell.bottom() - 3, cell.width() - 10, 2), share, ink)


def bar(pen: Pen, rect: QRect, share: float, ink: str) -> None:
    pen.box(rect, rect.height() / 2, theme().color("sla.track"))
    filled = max(2, round(rect.width() * min(1.0, share))) if share else 0
    pen.box(QRect(rect.x(), rect.y(), filled, rect.height()), rect.height() / 2, theme().color(ink))


def loads(grid: Grid, person: Person) -> tuple[int, int]:
    """(planned, available) minutes of the days that are shown."""
    found = [availability.load(grid.board, person.id, d) for d in grid.days]
    return sum(p for p, _ in found), sum(a for _, a in found)


def heads(pen: Pen, grid: Grid, now: datetime) -> None:
    """The line of days or hours over the rows."""
    pen.fill(QRect(0, 0, grid.width, HEAD_HEIGHT), "surface.sunken")
    pen.text(QRect(16, 0, HEAD_WIDTH - 20, HEAD_HEIGHT), tr("Technicien · charge"), "body", "text.secondary")
    today = now.astimezone(grid.zone).date()
    if grid.mode == DAY:
        for hour in range(-(-grid.lo // 60), grid.hi // 60):
            x = grid.x_of(hour * 60)
            pen.text(QRect(x + 5, 0, 60, HEAD_HEIGHT), isolate(f"{hour:02}:00"), "caption", "text.secondary")
        holiday = grid.board.feries.get(grid.days[0])
        if holiday:
            pen.text(QRect(HEAD_WIDTH + 8, 24, 300, 18), holiday, "caption", "semantic.danger.text")
    else:
        for day, jour in enumerate(grid.days):
            _day_head(pen, grid, day, jour, today)
    pen.fill(QRect(0, HEAD_HEIGHT - 1, grid.width, 1), "border.default")
    pen.fill(QRect(HEAD_WIDTH - 1, 0, 1, HEAD_HEIGHT), "border.default")


def _day_head(pen: Pen, grid: Grid, day: int, jour: date, today: date) -> None:
    x, right = grid.columns[day], grid.columns[day + 1]
    ink = "accent.text" if jour == today else "text.primary"
    pen.text(QRect(x + 9, 5, right - x - 12, 18), words.short_day(jour), "strong", ink)
    pen.text(QRect(x + 9, 23, right - x - 12, 17), day_note(grid, jour, today), "caption",
             "accent.text" if jour == today else "text.secondary")  # fmt: skip


def day_note(grid: Grid, jour: date, today: date) -> str:
    """What is special about a day: its holiday, that it is today, that it is closed, its hours."""
    holiday = grid.board.feries.get(jour)
    spans = grid.board.horaire.plages(jour)
    if holiday and not spans:
        return holiday
    if not spans:
        return tr("fermé")
    if jour == today:
        return tr("aujourd'hui")
    if spans[-1][1] <= 13 * 60 + 30:
        return tr("matin")
    return isolate(f"{_clock(spans[0][0])} – {_clock(spans[-1][1])}")


def _clock(minute: int) -> str:
    hour, rest = divmod(minute, 60)
    if language() != "fr":
        return f"{hour:02}:{rest:02}"
    return f"{hour} h {rest:02}" if rest else f"{hour} h"


def overruns(pen: Pen, grid: Grid, now: datetime, scroll: int) -> None:
    """On a day: work under way past its planned end reaches up to now."""
    here = now.astimezone(grid.zone)
    minute = here.hour * 60 + here.minute
    if here.date() != grid.days[0]:
        return
    pen.painter.setBrush(Qt.BrushStyle.NoBrush)
    for line in grid.rows:
        for piece in line.pieces:
            if piece.card.visit.statut == enums.Statut.EN_COURS and piece.end < minute:
                rest = grid.rect(line, 0, piece.end, minute, piece.lane, piece.lanes)
                pen.painter.setPen(QPen(theme().color("status.en_cours.solid"), 1.5, Qt.PenStyle.DashLine))
                place = rest.translated(0, HEAD_HEIGHT - scroll)
                pen.painter.drawRoundedRect(pen.place(place), 4, 4)
                told, ink = f"+{words.length(minute - piece.end)}", "semantic.warning.text"
                first = QRect(place.x() + 6, place.y() + 3, place.width() - 10, min(18, place.height() - 3))
                pen.text(first, told, "strong", ink)
                if place.height() >= 40:
                    pen.text(QRect(place.x() + 6, place.y() + 21, place.width() - 10, 16), tr("dépassement"),
                             "caption", ink)  # fmt: skip


def now_line(pen: Pen, grid: Grid, now: datetime, top: int, bottom: int, scroll: int) -> None:
    """Where it is now: down the day, or across today's cells, behind the cards."""
    here = now.astimezone(grid.zone)
    minute = here.hour * 60 + here.minute
    if here.date() not in grid.days or not grid.lo <= minute <= grid.hi:
        return
    ink = theme().color("semantic.danger.solid")
    if grid.mode == DAY:
        x = grid.x_of(minute)
        cards = [grid.box(line, piece, scroll) for line in grid.rows for piece in line.pieces]
        on_it = [(max(HEAD_HEIGHT, box.y()), box.bottom() + 1) for box in cards if box.x() <= x + 1 <= box.right()]
        for first, last in bare(HEAD_HEIGHT - 8, bottom, on_it):
            pen.fill(QRect(x, first, 2, last - first), "semantic.danger.solid")
        tag = QRect(x - 21, 13, 44, 20)
        pen.box(tag, 10, ink)
        pen.painter.setFont(theme().font("strong"))
        pen.painter.setPen(theme().color("text.onAccent"))
        pen.painter.drawText(pen.place(tag), Qt.AlignmentFlag.AlignCenter, f"{here:%H:%M}")
        return
    day = grid.days.index(here.date())
    for line in grid.rows:
        y = grid.y_of(line, minute) - scroll + HEAD_HEIGHT
        if top <= y <= bottom:
            x, right = grid.columns[day], grid.columns[day + 1]
            cards = [grid.box(line, piece, scroll) for piece in line.pieces if piece.day == day]
            on_it = [(box.x(), box.right() + 1) for box in cards if box.y() <= y <= box.bottom()]
            for first, last in bare(x, right, on_it):
                pen.fill(QRect(first, y, last - first, 1), "semantic.danger.solid")
            pen.box(QRect(x - 3, y - 3, 6, 6), 3, ink)
