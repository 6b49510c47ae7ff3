"""Figures of techniciens: time worked and planned, on the hours that they have."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain.enums import EtatCreneau, TypeTemps
from erp_desktop.models import Creneau, Technicien, Temps
from erp_desktop.reports.catalogue.ask import Ask, Key, Value, Values, least, most, seconds_of
from erp_desktop.reports.figures.delais import Echelle
from erp_desktop.reports.sql import secondes
from erp_desktop.services.calendrier import Horloges
from erp_desktop.services.planning.availability import blocking, union
from erp_desktop.services.planning.reading import away


def occupation(session: Session, ask: Ask) -> Values:
    """Time noted as work or travel."""
    return _shares(session, ask, ask.end, Temps, Temps.type.in_((TypeTemps.TRAVAIL, TypeTemps.TRAJET)))


def load(session: Session, ask: Ask) -> Values:
    """Time planned, to come as well."""
    return _shares(session, ask, ask.t1, Creneau, Creneau.etat != EtatCreneau.ANNULE)


def _shares(session: Session, ask: Ask, end: datetime, table: Any, condition: Any) -> Values:
    first, last = (sa.literal_column(str(seconds_of(x)), sa.BigInteger) for x in (ask.t0, end))
    spent = least(secondes(table.fin), last) - most(secondes(table.debut), first)
    query = (
        sa.select(table.technicien_id, sa.func.sum(spent))
        .where(table.debut < end, table.fin > ask.t0, condition)
        .group_by(table.technicien_id)
    )  # fmt: skip
    times = {t: int(n) for t, n in session.execute(query)}
    hours = _Hours(session, ask.t0, end)
    found: Values = {}
    t = Technicien
    people = sa.select(t.id, t.agence_id, t.is_active)
    for name, value in ask.scope.filters.items():
        people = people.where((t.id if name == "technicien" else t.agence_id) == value)
    group: Callable[[Any], Key] = {
        None: lambda _: 0, "agence": lambda r: r.agence_id, "technicien": lambda r: r.id,
    }[ask.group]  # fmt: skip
    for row in session.execute(people):
        one = Value(times.get(row.id, 0), hours.of(row.id, row.agence_id), 1) if row.is_active else Value(exclues=1)
        found[group(row)] = found.get(group(row), Value()) + one
    return found


class _Hours:
    """Opening seconds of an agency between two instants, less a technicien's absences."""

    def __init__(self, session: Session, begin: datetime, end: datetime) -> None:
        self._session, self._begin, self._end = session, begin, end
        self._clocks = Horloges(session)
        self._scales: dict[int | None, Echelle] = {}
        self._away: dict[int | None, dict[int, list[tuple[datetime, datetime]]]] = {}

    def of(self, technicien: int, agence: int | None) -> int:
        if agence not in self._scales:
            days = [clock.local(x).date() for x in (self._begin, self._end)]
            one = timedelta(days=1)
            self._scales[agence] = Echelle(self._clocks.de(agence), days[0] - one, days[1] + one)
            absent: dict[int, list[tuple[datetime, datetime]]] = {}
            if self._begin < self._end:
                for a in blocking(away(self._session, agence, self._begin, self._end)):
                    absent.setdefault(a.technicien_id, []).append((max(a.debut, self._begin), min(a.fin, self._end)))
            self._away[agence] = absent
        gone = sum(self._open(agence, a, b) for a, b in union(self._away[agence].get(technicien, [])))
        return self._open(agence, self._begin, self._end) - gone

    def _open(self, agence: int | None, begin: datetime, end: datetime) -> int:
        scale = self._scales[agence]
        return scale.ouvertes(seconds_of(end)) - scale.ouvertes(seconds_of(begin))
