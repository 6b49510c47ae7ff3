"""Where things are on the board: the only place that turns time into pixels and back.

Coordinates are logical: reading starts at x = 0, whatever the language, and y counts from the first technicien. In a
week each cell is a day of a technicien with its hours downwards; on a day the hours run along the row.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from PySide6.QtCore import QRect

from erp_desktop.services.planning.data import Board, Card, Person

HEAD_WIDTH, HEAD_HEIGHT = 176, 46
DAY, WEEK = "jour", "semaine"
ROW_HEIGHTS = {DAY: 83, WEEK: 92}
_TALLEST = 220
_GAP = 4
_LEAST = 15
"""Pixels that a card has at least in the direction of time."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A card, or the part of it that one day shows; ``lane`` of ``lanes`` at once."""

    card: Card
    day: int
    begin: int
    end: int
    lane: int = 0
    lanes: int = 1


def bare(begin: int, end: int, taken: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The stretches of a line that nothing lies on."""
    for first, last in sorted(taken):
        if first > begin:
            yield begin, min(first, end)
        begin = max(begin, last)
    if begin < end:
        yield begin, end


@dataclass(frozen=True, slots=True)
class Row:
    """A technicien's row: ``y`` and ``height`` in pixels."""

    person: Person
    y: int
    height: int
    pieces: tuple[Piece, ...]


class Grid:
    """The places of one board in a width.

    Attributes:
        lo, hi: minutes after midnight between which hours are shown.
        columns: x of each day's beginning, and the end of the last.
    """

    def __init__(self, board: Board, mode: str, people: tuple[Person, ...], width: int, jour: date) -> None:
        self.board, self.mode = board, mode
        self.zone = board.horaire.zone
        self.days = (jour,) if mode == DAY else self._shown_days(board)
        self.width = max(width, HEAD_WIDTH + 320)
        self.lo, self.hi = self._hours()
        self.columns = self._columns()
        self.rows = self._rows(people)
        self._tops = [row.y for row in self.rows]
        self.height = self.rows[-1].y + self.rows[-1].height if self.rows else 0
        self._places = {row.person.id: n for n, row in enumerate(self.rows)}

    @staticmethod
    def _shown_days(board: Board) -> tuple[date, ...]:
        """Sunday only when the agency opens or somebody works."""
        worked = {c.debut.astimezone(board.horaire.zone).date() for c in board.cards}
        return tuple(d for d in board.days if d.isoweekday() != 7 or board.horaire.ouvert(d) or d in worked)

    def _hours(self) -> tuple[int, int]:
        spans = [p for d in self.days for p in self.board.horaire.plages(d)] or [(480, 1080)]
        lo, hi = min(a for a, _ in spans), max(b for _, b in spans)
        if self.mode == DAY:
            lo, hi = lo - 60, hi + 60
            for card in self.board.cards:
                for day, a, b in self.pieces_of(card.debut, card.fin):
                    if day == self.days[0]:
                        lo, hi = min(lo, a // 60 * 60), max(hi, -(-b // 60) * 60)
        return max(0, lo), min(1440, hi)

    def _columns(self) -> list[int]:
        if self.mode == DAY:
            return [HEAD_WIDTH, self.width]
        # Half a day takes half the room.
        usual = max((self.board.horaire.minutes(d) for d in self.days), default=1) or 1
        shares = []
        for d in self.days:
            open_minutes = self.board.horaire.minutes(d)
            closed_week_day = open_minutes == 0 and d.isoweekday() < 6
            shares.append(1.0 if closed_week_day else max(0.62, min(1.0, open_minutes / usual)))
        room, made = self.width - HEAD_WIDTH, [HEAD_WIDTH]
        made += [HEAD_WIDTH + round(room * sum(shares[: n + 1]) / sum(shares)) for n in range(len(shares))]
        return made

    def pieces_of(self, debut: datetime, fin: datetime) -> list[tuple[date, int, int]]:
        """(day, first minute, last minute) of each local day that a span touches."""
        a, b = debut.astimezone(self.zone), fin.astimezone(self.zone)
        found, day = [], a.date()
        while day <= b.date():
            begin = a.hour * 60 + a.minute if day == a.date() else 0
            end = b.hour * 60 + b.minute if day == b.date() else 1440
            if end > begin:
                found.append((day, begin, end))
            day += timedelta(days=1)
        return found

    def _rows(self, people: tuple[Person, ...]) -> list[Row]:
        index = {d: n for n, d in enumerate(self.days)}
        rows, y = [], 0
        for person in people:
            found = []
            for card in self.board.cards_of.get(person.id, ()):
                for day, a, b in self.pieces_of(card.debut, card.fin):
                    if day in index:
                        found.append(Piece(card, index[day], a, b))
            if self.mode == DAY:
                pieces = self._lanes(found, self.width - HEAD_WIDTH)
                height = max(ROW_HEIGHTS[DAY], 22 + 30 * max((p.lanes for p in pieces), default=1))
            else:
                height = self._week_height(found)
                pieces = self._lanes(found, height - 2 * _GAP)
            rows.append(Row(person, y, height, pieces))
            y += height
        return rows

    @staticmethod
    def _week_height(pieces: list[Piece]) -> int:
        counts = Counter(p.day for p in pieces)
        return max(ROW_HEIGHTS[WEEK], min(_TALLEST, 24 * max(counts.values(), default=1)))

    def _lanes(self, pieces: list[Piece], room: int) -> tuple[Piece, ...]:
        """Pieces with their lanes: side by side lies what overlaps, in time or as it is drawn in ``room`` pixels."""
        least = -(-_LEAST * (self.hi - self.lo) // max(1, room))

        def drawn(piece: Piece) -> tuple[int, int]:
            begin = max(self.lo, min(piece.begin, self.hi - least))
            return begin, max(piece.end, begin + least)

        made: list[Piece] = []
        group: list[Piece] = []
        ends: list[int] = []

        def close() -> None:
            made.extend(replace(p, lanes=len(ends)) for p in group)
            group.clear()
            ends.clear()

        for piece in sorted(pieces, key=lambda p: (p.day, *drawn(p), p.begin, p.card.key)):
            begin, end = drawn(piece)
            if group and (piece.day != group[-1].day or begin >= max(ends)):
                close()
            lane = next((n for n, taken in enumerate(ends) if taken <= begin), len(ends))
            if lane == len(ends):
                ends.append(end)
            else:
                ends[lane] = end
            group.append(replace(piece, lane=lane))
        close()
        return tuple(made)

    # Time to pixels

    def fraction(self, minute: int) -> float:
        return (min(max(minute, self.lo), self.hi) - self.lo) / max(1, self.hi - self.lo)

    def x_of(self, minute: int) -> int:
        """On a day: where a minute is."""
        return HEAD_WIDTH + round((self.width - HEAD_WIDTH) * self.fraction(minute))

    def y_of(self, row: Row, minute: int) -> int:
        """In a week: where a minute is in a row."""
        return row.y + _GAP + round((row.height - 2 * _GAP) * self.fraction(minute))

    def box(self, row: Row, piece: Piece, scroll: int) -> QRect:
        """The place of a card on the viewport, as it is scrolled."""
        found = self.rect(row, piece.day, piece.begin, piece.end, piece.lane, piece.lanes)
        return found.translated(0, HEAD_HEIGHT - scroll)

    def rect(self, row: Row, day: int, begin: int, end: int, lane: int = 0, lanes: int = 1) -> QRect:
        """The place of a span of one day."""
        if self.mode == DAY:
            x, right = self.x_of(begin), self.x_of(end)
            room = row.height - 20
            top = row.y + 10 + room * lane // lanes
            return QRect(x, top, max(_LEAST, right - x - 1), room // lanes - (2 if lanes > 1 else 0))
        left, right = self.columns[day] + _GAP, self.columns[day + 1] - _GAP
        top, bottom = self.y_of(row, begin), self.y_of(row, end)
        top = min(top, row.y + row.height - _GAP - _LEAST)
        step = (right - left) / lanes
        return QRect(
            round(left + step * lane),
            top,
            round(step) - (2 if lane + 1 < lanes else 0),
            max(_LEAST, bottom - top - 1),
        )

    def cell(self, row: Row, day: int) -> QRect:
        return QRect(self.columns[day], row.y, self.columns[day + 1] - self.columns[day], row.height)

    # Pixels to time

    def row_of(self, technicien_id: int) -> int | None:
        return self._places.get(technicien_id)

    def row_at(self, y: int) -> int | None:
        if not self.rows or y < 0 or y >= self.height:
            return None
        return bisect_right(self._tops, y) - 1

    def minute_at(self, x: int, y: int, row: Row) -> tuple[int, int]:
        """(day, minute) under a point, not snapped."""
        if self.mode == DAY:
            share = (x - HEAD_WIDTH) / max(1, self.width - HEAD_WIDTH)
            day = 0
        else:
            day = min(max(bisect_right(self.columns, x) - 1, 0), len(self.days) - 1)
            share = (y - row.y - _GAP) / max(1, row.height - 2 * _GAP)
        return day, round(self.lo + min(max(share, 0.0), 1.0) * (self.hi - self.lo))

    def instant(self, day: int, minute: int) -> datetime:
        return self.local_instant(self.days[day], minute)

    def local_instant(self, day: date, minute: int) -> datetime:
        """Wall-clock minutes of a day as an instant."""
        later, rest = divmod(minute, 1440)
        there = datetime.combine(day + timedelta(days=later), time(rest // 60, rest % 60), self.zone)
        return there.astimezone(UTC)

    def piece_at(self, x: int, y: int) -> tuple[Row, Piece, QRect] | None:
        """The card under a point, the uppermost."""
        place = self.row_at(y)
        if place is None:
            return None
        row = self.rows[place]
        for piece in reversed(row.pieces):
            rect = self.rect(row, piece.day, piece.begin, piece.end, piece.lane, piece.lanes)
            if rect.contains(x, y):
                return row, piece, rect
        return None
