"""The order of plans by the next day that their list shows: of the visit that waits, else of the rule.

What a rule gives is in no index. Few plans are told it one by one and sorted by it; of more than that, those whose
visit waits come first in the order of their days, then the others.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db.abreast import abreast
from erp_desktop.domain.enums import AncrePlanning, EtatOccurrence, StatutPlanning
from erp_desktop.domain.preventif import rythme
from erp_desktop.domain.preventif.etats import OUVERTES
from erp_desktop.models import Intervention, Occurrence, Planning
from erp_desktop.services.preventif.dues import rythme_de
from erp_desktop.services.shared.lists import ListQuery, est_sqlite, hors_index
from erp_desktop.services.shared.places import Stratum
from erp_desktop.services.shared.places.sorts import Sort

FEW = 2000
"""Plans up to which the rule of each is asked."""
_FAR = timedelta(days=800)


def open_visits() -> sa.Select[int, date]:
    """Plan → the first day of its open visits."""
    o, i = Occurrence, Intervention
    return (
        sa.select(o.planning_id, sa.func.min(o.date_cible).label("jour"))
        .join(i, hors_index(i.occurrence_id) == o.id)
        # Along the open visits: there may be a hundred times as much other open work.
        .with_hint(i, "INDEXED BY idx_intervention_visites", "sqlite")
        .where(o.etat == EtatOccurrence.GENEREE, i.occurrence_id.is_not(None), i.statut.in_(OUVERTES))
        .group_by(o.planning_id)
    )


def by_visits() -> Sort:
    """By the first day on which somebody should go, of the plans with open work; then the others.

    Read from the open work, of which there is as much as people have to do, whatever the number of plans.
    """
    p, first = Planning, open_visits().subquery()

    def strata(down: bool) -> list[Stratum]:
        return [
            # From the visits to their plans: there are as many plans as machines.
            Stratum(
                sa.true(), [first.c.jour], down,
                join=lambda r: r.join(first, first.c.planning_id == p.id).with_hint(p, "NOT INDEXED", "sqlite"),
            ),
            Stratum(p.id.not_in(sa.select(first.c.planning_id)), (), down),
        ]  # fmt: skip

    return Sort([first.c.jour], lambda r: r.outerjoin(first, first.c.planning_id == p.id), strata)


def few(session: Session) -> bool:
    """Whether the plans of this database are few enough for :func:`sorted_by_day`."""
    return len(session.execute(sa.select(Planning.id).limit(FEW + 1)).all()) <= FEW


def sorted_by_day(session: Session, request: sa.Select[int], query: ListQuery) -> list[int] | None:
    """The plans that ``request`` selects, by the day that is shown; those without one at the end, both ways.

    None where this database has too many plans for it.
    """
    p, today = Planning, clock.today()
    asked = request.with_only_columns(
        p.id, p.statut, p.ancre, p.frequence, p.date_debut, p.prochaine_date, p.recurrence, p.date_fin,
        p.saison_debut, p.saison_fin,
    )  # fmt: skip
    if est_sqlite(session) and not few(session):
        return None
    # At the centre all three in one round trip.
    enough, waiting, plans = abreast(
        session, few, _waiting, lambda s: list(s.execute(asked.limit(FEW + 1)))
    )  # fmt: skip
    if not enough:
        return None
    dated: list[tuple[date, int]] = []
    dateless: list[int] = []
    for plan in plans:
        day = waiting.get(plan.id)
        if day is None and plan.statut == StatutPlanning.ACTIF:
            day = of_rule(plan, today)
        if day is None:
            dateless.append(plan.id)
        else:
            dated.append((day, plan.id))
    down = query.descendant
    found = [ident for _day, ident in sorted(dated, reverse=down)] + sorted(dateless, reverse=down)
    return found[: query.limite]


def _waiting(session: Session) -> dict[int, date]:
    return {row.planning_id: row.jour for row in session.execute(open_visits())}


def of_rule(plan: Any, day: date) -> date | None:
    """The next date of a plan of which nothing is open; None where it follows from a closing or a reading.

    Args:
        plan: a plan, or its columns.
    """
    return _first(rythme_de(plan, day), day) if plan.ancre == AncrePlanning.CALENDRIER else None


@lru_cache(maxsize=2 * FEW)
def _first(calendar: rythme.Rythme, day: date) -> date | None:
    try:
        return rythme.premiere(calendar, day, day + _FAR)
    except ValueError:
        # Another program wrote a rule that cannot be read; its form says so.
        return None
