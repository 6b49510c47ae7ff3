"""What stands of the months that are kept, and of whom it does not: read once for a report.

A cache takes a month away as soon as a row of it is written. At the centre a month that was touched stands without
the agencies and techniciens whose rows were written since it was counted (``registry.monthly``).
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from importlib.metadata import version
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db.abreast import abreast
from erp_desktop.models.centre import rapports_mois as central
from erp_desktop.models.centre import rapports_touches as touched
from erp_desktop.models.local import rapports_mois as local
from erp_desktop.registry import monthly
from erp_desktop.reports.figures.measures import COUTS, LISTES
from erp_desktop.services.calendrier import Horloges

_FORM = 1
"""To be raised when a definition changes: what was kept by the former is counted again."""
Span = tuple[datetime, datetime]
Cell = tuple[int | None, int | None]
"""An agency and a technicien, by which the rows of a month are told apart."""


class Month(NamedTuple):
    """What is kept of a measure of a local month: ``wrong`` are the cells to be counted again, not in ``rows``."""

    rows: list[list[Any]]
    """(agency, technicien, …) and their sums."""
    wrong: tuple[Cell, ...] = ()


Months = dict[tuple[Span, str], Month]
"""By local month and measure."""
_CELL = sa.func.json_build_array(touched.c.agence_id, touched.c.technicien_id)
_TOUCHES = (
    sa.select(touched.c.mois_id, sa.cast(sa.func.json_agg(_CELL), sa.Text).label("fausses"))
    .group_by(touched.c.mois_id).subquery("touches")
)  # fmt: skip
"""Cells by month, as JSON text."""


def read(session: Session, since: datetime, before: datetime) -> tuple[Months, Horloges]:
    """The months that stand and begin before ``before``; of those that end before ``since`` the backlog alone.

    With the opening hours that they were found to hold by.
    """
    clocks, found = abreast(session, Clocks, lambda s: list(_standing(s, before, since)))
    holding = [(span, m, text, cells) for span, m, marks, text, cells in found if clocks.hold(json.loads(marks))]
    wrong: defaultdict[str, set[Cell]] = defaultdict(set)
    for _, measure, _, touched_cells in holding:
        if not _everybody(touched_cells):
            wrong[measure].update(touched_cells)
    months = {}
    for span, measure, content, touched_cells in holding:
        # The same of all months, so that one statement counts adjoining ones.
        cells = wrong[measure] if touched_cells else set()
        if not _everybody(touched_cells) and len(cells) <= monthly.CELLS:
            rows = json.loads(content)
            right = [row for row in rows if (row[0], row[1]) not in cells] if cells else rows
            months[span, measure] = Month(right, tuple(sorted(cells, key=repr)))
    return months, clocks.hours


def _everybody(cells: set[Cell]) -> bool:
    return any(agence == monthly.EVERY for agence, _ in cells)


def standing(session: Session, before: datetime) -> set[tuple[Span, str]]:
    """What :func:`read` would find with nothing wrong in it, not read."""
    clocks, stand = abreast(session, Clocks, lambda s: list(_standing(s, before)))
    return {(span, m) for span, m, marks, _, cells in stand if not cells and clocks.hold(json.loads(marks))}


def _standing(
    session: Session, before: datetime, since: datetime | None = None
) -> Iterator[tuple[Span, str, str, str, set[Cell]]]:  # fmt: skip
    """Span, measure, marks of the clocks, with ``since`` the content, and what was touched since it was counted."""
    if not usable(session):
        return
    t = local if sqlite(session) else central
    bind = clock.to_text if t is local else lambda x: x
    content = t.c.contenu if since else sa.literal("")
    wrong = sa.literal("[]") if t is local else _TOUCHES.c.fausses
    query = sa.select(t.c.debut, t.c.fin, t.c.mesure, t.c.horloges, content, wrong)
    query = query.where(t.c.debut < bind(before), t.c.marque == mark_of_definitions())
    if t is central:
        query = query.select_from(sa.outerjoin(t, _TOUCHES, _TOUCHES.c.mois_id == t.c.id))
        query = query.where(sa.not_(sa.exists().where(touched.c.mois_id == 0)))
    if since is not None:
        query = query.where(sa.or_(t.c.fin > bind(since), t.c.mesure == "encours"))
    for debut, fin, measure, marks, kept_, cells in session.execute(query):
        yield (_instant(debut), _instant(fin)), measure, marks, kept_, {(a, b) for a, b in json.loads(cells or "[]")}


class Clocks:
    """Marks of the agencies' opening hours, by which delays were counted."""

    def __init__(self, session: Session) -> None:
        self.hours = Horloges(session)
        self._marks: dict[int | None, str] = {}

    def mark(self, agence: int | None) -> str:
        if agence not in self._marks:
            horaire = self.hours.de(agence)
            self._marks[agence] = _digest((horaire.periodes, sorted(horaire.feries), horaire.zone.key))
        return self._marks[agence]

    def marks(self, agences: Iterable[int | None]) -> dict[str, str]:
        return {str(agence): self.mark(agence) for agence in set(agences)}

    def hold(self, marks: dict[str, str]) -> bool:
        return all(self.mark(None if a == "None" else int(a)) == mark for a, mark in marks.items())


def mark_of_definitions() -> str:
    return _digest((_FORM, LISTES, COUTS, version("tzdata")))


def _digest(what: object) -> str:
    return hashlib.blake2b(repr(what).encode(), digest_size=8).hexdigest()


def _instant(stored: Any) -> datetime:
    return clock.from_text(stored) if isinstance(stored, str) else stored


def sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"


def untouched() -> sa.ColumnElement[bool]:
    return sa.not_(sa.exists().where(touched.c.mois_id.in_((central.c.id, 0))))


def usable(session: Session, *, write: bool = False) -> bool:
    """Whether the triggers that keep the months true stand, and whoever asks may use the months."""
    if sqlite(session):
        names = session.execute(sa.text("SELECT name FROM sqlite_schema WHERE type = 'trigger'")).scalars()
        return sum(monthly.keeps(n) for n in names) == monthly.NUMBER_CACHE
    rights = "INSERT, UPDATE, DELETE" if write else "SELECT"

    def may(table: str) -> sa.ColumnElement[bool]:
        return sa.func.coalesce(
            sa.func.has_table_privilege(sa.func.to_regclass(table), rights, type_=sa.Boolean), sa.false()
        )

    trigger = sa.table("pg_trigger", sa.column("tgname", sa.Text), sa.column("tgenabled", sa.Text))
    armed = sa.select(sa.func.count()).select_from(trigger)
    armed = armed.where(trigger.c.tgname.in_(monthly.TRIGGERS), trigger.c.tgenabled == "A")
    allowed = sa.and_(may("sync.rapports_mois"), may("sync.rapports_touches")).label("allowed")
    found = session.execute(sa.select(allowed, armed.scalar_subquery().label("armed"))).one()
    return bool(found[0]) and found[1] == monthly.NUMBER
