"""Cards in the air: where they would land, and what that would break, before they are let go."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from erp_desktop.domain.enums import ReglePlanning
from erp_desktop.services.planning import checks
from erp_desktop.services.planning.actions import Wish
from erp_desktop.services.planning.availability import travel
from erp_desktop.services.planning.data import SHORTEST, Board, Card, Person, Problem, Visit
from erp_desktop.ui.planning.geometry import Grid

QUARTER = 15
FINE = 5
MOVE, RESIZE, COPY = "move", "resize", "copy"


@dataclass(frozen=True, slots=True)
class Held:
    """One card in the air.

    Attributes:
        card: where it was; None for work that had no place.
        problems: what its present place breaks.
    """

    visit: Visit
    card: Card | None
    technicien_id: int
    debut: datetime
    fin: datetime
    problems: tuple[Problem, ...] = ()

    @property
    def moved(self) -> bool:
        c = self.card
        return c is None or (c.technicien_id, c.debut, c.fin) != (self.technicien_id, self.debut, self.fin)


class Lift:
    """What is lifted, the first of it under the pointer or the keys.

    Args:
        how: :data:`MOVE`, :data:`RESIZE` or :data:`COPY`.
        grab: minutes between the beginning of the first card and the point by which it is held.
    """

    def __init__(self, board: Board, held: list[Held], how: str = MOVE, grab: int = 0) -> None:
        self.board, self.how, self.grab = board, how, grab
        self.origin = list(held)
        self.held = list(held)
        self.judge()

    @classmethod
    def of_cards(cls, board: Board, cards: list[Card], how: str = MOVE, grab: int = 0) -> Lift:
        return cls(board, [Held(c.visit, c, c.technicien_id, c.debut, c.fin) for c in cards], how, grab)

    @classmethod
    def of_visit(cls, board: Board, visit: Visit, technicien_id: int, debut: datetime) -> Lift:
        fin = debut + timedelta(minutes=visit.duree)
        return cls(board, [Held(visit, None, technicien_id, debut, fin)])

    @property
    def first(self) -> Held:
        return self.held[0]

    @property
    def problems(self) -> list[Problem]:
        return [p for h in self.held for p in h.problems]

    @property
    def moved(self) -> bool:
        return self.how == COPY or any(h.moved for h in self.held)

    def judge(self) -> None:
        """Judge every card at its place, the others of the lift out of its way."""
        going = {h.card.key for h in self.held if h.card is not None and self.how != COPY}
        board = self.board
        rest = tuple(c for c in board.cards if c.key not in going)
        facts = replace(board, cards=rest)
        for n, h in enumerate(self.held):
            own = h.card if self.how != COPY else None
            self.held[n] = replace(
                h, problems=tuple(checks.judge(facts, h.visit, h.technicien_id, h.debut, h.fin, own))
            )

    def able(self, most: int = 3) -> list[str]:
        """Who else could take the first card at its hours, by name; a deadline that is passed is nobody's fault."""
        h, board = self.first, self.board
        own = h.card if self.how != COPY else None
        facts = replace(board, cards=tuple(c for c in board.cards if own is None or c.key != own.key))

        def fits(person: Person) -> bool:
            broken = checks.judge(facts, h.visit, person.id, h.debut, h.fin, own)
            return person.id != h.technicien_id and all(p.regle is ReglePlanning.SLA for p in broken)

        return [person.nom for person in islice(filter(fits, board.people.values()), most)]

    def place(self, grid: Grid, row: int, debut: datetime) -> None:
        """Bring the first card to a row and an instant; the others keep their distance."""
        first = self.origin[0]
        here = grid.row_of(first.technicien_id)
        rows = row - here if here is not None else 0
        shift = debut - first.debut
        for n, h in enumerate(self.origin):
            place = grid.row_of(h.technicien_id)
            target = row if n == 0 else (place + rows if place is not None else None)
            who = h.technicien_id
            if target is not None:
                who = grid.rows[min(max(target, 0), len(grid.rows) - 1)].person.id
            self.held[n] = replace(h, technicien_id=who, debut=h.debut + shift, fin=h.fin + shift)
        self.judge()

    def step(self, grid: Grid, minutes: int = 0, rows: int = 0, days: int = 0) -> None:
        """Move by keys, from where it is."""
        here = grid.row_of(self.first.technicien_id) or 0
        row = min(max(here + rows, 0), len(grid.rows) - 1)
        when = self.first.debut
        if days:
            local = when.astimezone(grid.zone)
            when = grid.local_instant(local.date() + timedelta(days=days), local.hour * 60 + local.minute)
        self.place(grid, row, when + timedelta(minutes=minutes))

    def stretch(self, fin: datetime) -> None:
        """Give the first card another end."""
        h = self.first
        self.held[0] = replace(h, fin=max(fin, h.debut + SHORTEST))
        self.judge()

    def longer(self, minutes: int) -> None:
        """By keys: all cards as much."""
        for n, h in enumerate(self.held):
            self.held[n] = replace(
                h, fin=max(h.fin + timedelta(minutes=minutes), h.debut + timedelta(minutes=QUARTER))
            )
        # Further moves keep the new length.
        self.origin = [
            replace(o, fin=o.debut + (h.fin - h.debut)) for o, h in zip(self.origin, self.held, strict=True)
        ]
        self.judge()

    def wishes(self) -> list[Wish]:
        return [
            Wish(h.visit.intervention_id, h.technicien_id, h.debut, h.fin, h.card.slot_id if h.card else None, h.card,
                 copy=self.how == COPY)
            for h in self.held
        ]  # fmt: skip

    def road(self) -> int:
        """Minutes on the road before the first card, as far as the board knows."""
        h = self.first
        before = [
            c for c in self.board.cards_of.get(h.technicien_id, ())
            if c.fin <= h.debut and c.debut.date() == h.debut.date() and (h.card is None or c.key != h.card.key)
        ]  # fmt: skip
        return travel(before[-1] if before else None, h.visit.client_id, h.visit.ville, None, h.visit.deplacement)


def snapped(minute: int, step: int) -> int:
    return round(minute / step) * step
