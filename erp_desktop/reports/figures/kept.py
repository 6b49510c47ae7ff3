"""What is kept of each local month beside the rows, and how a report is put together from it.

Every replica keeps its own, counted from its rows, and sends it to nobody. ``registry.monthly`` takes a month away
when a row that it counts is written, whoever writes it; :func:`keep` counts it again. A report uses what stands and
counts the rest from the rows, so that a month that is missing costs time and nothing else
(``docs/adr/0014-chiffres-gardes-par-mois.md``).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache, partial
from itertools import pairwise
from operator import add as plus
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db.abreast import abreast
from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import Statut
from erp_desktop.models import HistoriqueIntervention, Intervention
from erp_desktop.models.centre import rapports_mois as central
from erp_desktop.models.centre import rapports_touches as touched
from erp_desktop.models.local import rapports_mois as local
from erp_desktop.registry import monthly
from erp_desktop.reports.figures.measures import BY_SCOPE, MEASURES, Spans, Sums
from erp_desktop.reports.figures.stored import (
    Cell,
    Clocks,
    Months,
    Span,
    mark_of_definitions,
    read,
    sqlite,
    standing,
    untouched,
    usable,
)
from erp_desktop.reports.modele import ParamsRapport, mois_touches
from erp_desktop.reports.sql import minuit
from erp_desktop.services.calendrier import Horloges

__all__ = [
    "ends", "first_month", "keep", "keep_all", "may_keep", "pieces", "read", "spans_of_months", "standing", "total",
]  # fmt: skip
_TURNS = 100
I, H = Intervention, HistoriqueIntervention  # noqa: E741
_CANCELLED = H.statut == sa.literal_column(f"'{Statut.ANNULEE.value}'")
_KEYS: dict[str, tuple[Any, ...]] = {"encours": (I.technicien_id,)}
"""What a report tells the sums apart by beside the rank; ``paires`` names its own."""
_DATED: dict[str, tuple[Any, ...]] = {
    "sla": (I.date_limite,), "closes": (I.date_cloture,), "paires": (I.date_cloture,),
    "encours": (I.date_creation, I.date_cloture, H.horodatage),
}  # fmt: skip
"""What places a row in a month, where it is not its creation alone."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a report's span ``rank``, added or taken off: the ``rows`` of a kept month, or what its span holds.

    ``cells``: of these agencies and techniciens alone.
    """

    rank: int
    span: Span
    rows: list[list[Any]] | None = None
    sign: int = 1
    cells: tuple[Cell, ...] | None = None


def pieces(bounds: Sequence[datetime], months: Months, measure: str, *, first: int = 0) -> list[Piece]:
    """The adjoining spans between ``bounds``, whose ranks begin at ``first``, cut at the limits of local months.

    A kept month that is mostly inside is taken, less the rest of it.
    """
    made = []
    for rank, (debut, fin) in enumerate(pairwise(bounds), start=first):
        for span in spans_of_months(debut, fin):
            a, b = max(debut, span[0]), min(fin, span[1])
            month = months.get((span, measure))
            if month is None or (b - a) * 2 <= span[1] - span[0]:
                made.append(Piece(rank, (a, b)))
                continue
            made.append(Piece(rank, span, month.rows))
            if month.wrong:
                made.append(Piece(rank, span, cells=month.wrong))
            made += [Piece(rank, rest, sign=-1) for rest in ((span[0], a), (b, span[1])) if rest[0] < rest[1]]
    return made


def total(
    session: Session, measure: str, parts: Iterable[Piece], params: ParamsRapport, scope: Sequence[Any],
    hours: Horloges | None = None, known_ends: Ends | None = None,
) -> Sums:  # fmt: skip
    """The sums of a measure over ``parts``, by rank and ``_KEYS``, of the agency and the technicien of ``params``."""
    sums: Sums = {}
    raw: defaultdict[tuple[Cell, ...] | None, defaultdict[Span, list[Piece]]] = defaultdict(lambda: defaultdict(list))

    def add(key: tuple[Any, ...], values: Sequence[int], sign: int) -> None:
        there = sums.get(key)
        if there is None:
            sums[key] = [sign * v for v in values]
        elif sign > 0:
            sums[key] = [a + b for a, b in zip(there, values, strict=True)]
        else:
            sums[key] = [a - b for a, b in zip(there, values, strict=True)]

    width = 3 if measure == "paires" else 2
    first = 1 if measure == "paires" else width - len(_KEYS.get(measure, ()))
    agence, technicien = params.agence_id, params.technicien_id
    whole = agence is None and technicien is None
    for part in parts:
        if part.rows is None:
            raw[part.cells][part.span].append(part)
            continue
        rank = part.rank
        for row in part.rows:
            if whole or (agence in (None, row[0]) and technicien in (None, row[1])):
                key = (rank, *row[first:width])
                there = sums.get(key)
                sums[key] = row[width:] if there is None else list(map(plus, there, row[width:]))

    def count(cells: tuple[Cell, ...] | None, run: list[Span], known: Span | None) -> None:
        bounds = [run[0][0], *(fin for _, fin in run)]
        wide = known is not None and _most(bounds, known)
        within = scope if cells is None else (*scope, _of(cells))
        spans = Spans(bounds, within, _KEYS.get(measure, ()), wide, hours)
        for (n, *key), values in MEASURES[measure](session, spans).items():
            for part in raw[cells][run[n]]:
                add((part.rank, *key), values, part.sign)

    known = None
    if None in raw:
        dated = _DATED.get(measure, (I.date_creation,))
        known = _known(session, *dated) if known_ends is None else known_ends[measure]
    for cells, spans in raw.items():
        mine = cells and tuple(c for c in cells if agence in (None, c[0]) and technicien in (None, c[1]))
        for run in _runs(spans):
            # Years without any row: reading none takes a long statement all the same.
            if mine or (cells is None and known and run[-1][1] > known[0] and run[0][0] <= known[1]):
                count(cells, run, known)
    return sums


def _of(cells: Iterable[Cell]) -> sa.ColumnElement[bool]:
    return sa.or_(*(sa.and_(_is(I.agence_id, a), _is(I.technicien_id, t)) for a, t in cells))


def _is(column: Any, value: int | None) -> sa.ColumnElement[bool]:
    same: sa.ColumnElement[bool] = column.is_(None) if value is None else column == value
    return same


def _most(bounds: Sequence[datetime], known: Span) -> bool:
    """Whether a good part of all that is known lies between the bounds."""
    return (min(bounds[-1], known[1]) - max(bounds[0], known[0])) * 3 > known[1] - known[0]


def _runs(spans: Iterable[Span]) -> Iterator[list[Span]]:
    """Spans that follow each other without a gap, which one statement counts."""
    run: list[Span] = []
    for span in sorted(spans):
        if run and run[-1][1] != span[0]:
            yield run
            run = []
        run.append(span)
    if run:
        yield run


@lru_cache(4096)
def spans_of_months(debut: datetime, fin: datetime) -> tuple[Span, ...]:
    """The local months that the time from ``debut`` to before ``fin`` touches, each from midnight to midnight."""
    if debut >= fin:
        return ()
    days = (clock.local(debut).date(), clock.local(fin - timedelta(microseconds=1)).date())
    return tuple((minuit(m), minuit((m + timedelta(days=31)).replace(day=1))) for m in mois_touches(*days))


Ends = dict[str, "Span | None"]
"""Measure → the first and the last instant of what places its rows in a month."""


def ends(session: Session) -> Ends | None:
    """At the centre, where each question is a trip of its own, those of every measure; a cache asks as it goes."""
    if sqlite(session):
        return None
    asked = {measure: _DATED.get(measure, (I.date_creation,)) for measure in MEASURES}
    several = dict.fromkeys(asked.values())
    found = dict(zip(several, abreast(session, *(partial(_ends, columns=c) for c in several)), strict=True))
    return {measure: found[columns] for measure, columns in asked.items()}


def _ends(session: Session, columns: tuple[Any, ...]) -> Span | None:
    return _known(session, *columns)


def may_keep(session: Session) -> bool:
    """Whether :func:`keep` has anything to do for whoever asks; a cache finds out as it goes."""
    return sqlite(session) or usable(session, write=True)


def first_month(session: Session, known_ends: Ends | None = None) -> datetime | None:
    """The midnight that begins the month of the oldest intervention."""
    known = _known(session) if known_ends is None else known_ends["creees"]
    return minuit(clock.local(known[0]).date().replace(day=1)) if known else None


# --- counting what is missing


def keep(session: Session, fin: date, most: int = 3) -> bool:
    """Count what is missing of the months up to that of ``fin``, a few at a time.

    At the centre a month is announced in one transaction and counted in the next, see ``registry.monthly``.

    Args:
        session: writes; its transaction is the caller's.
        most: how many months one transaction of a cache counts while others wait for the file.

    Returns:
        Whether the same call in a transaction of its own would do more.
    """
    known = _known(session)
    if known is None or not usable(session, write=True):
        return False
    spans = spans_of_months(known[0], min(minuit(fin + timedelta(days=1)), known[1] + timedelta(seconds=1)))
    if not spans:
        return False
    return (_keep_local if sqlite(session) else _keep_central)(session, spans, most)


def keep_all(engine: sa.Engine, fin: date) -> None:
    """:func:`keep` until nothing is missing, each time in a transaction of its own; writers may always bring more."""
    for _ in range(_TURNS):
        with transaction(engine) as session:
            if not keep(session, fin):
                return


def _missing(session: Session, spans: Sequence[Span]) -> dict[str, list[Span]]:
    there = standing(session, spans[-1][1])
    found = {measure: [span for span in spans if (span, measure) not in there] for measure in MEASURES}
    return {measure: missing for measure, missing in found.items() if missing}


def _keep_local(session: Session, spans: Sequence[Span], most: int) -> bool:
    t, more = local, False
    for measure, missing in _missing(session, spans).items():
        run = next(_runs(missing))[:most]
        more |= len(run) < len(missing)
        for (debut, end), values in zip(run, build(session, measure, run), strict=True):
            limits = {"debut": clock.to_text(debut), "fin": clock.to_text(end), "mesure": measure}
            overlap = sa.and_(t.c.mesure == measure, t.c.debut < limits["fin"], t.c.fin > limits["debut"])
            session.execute(sa.delete(t).where(overlap))
            session.execute(sa.insert(t), [limits | values])
    return more


def _keep_central(session: Session, spans: Sequence[Span], _most: int) -> bool:
    t = central
    announced: defaultdict[str, dict[Span, int]] = defaultdict(dict)
    query = sa.select(t.c.id, t.c.debut, t.c.fin, t.c.mesure).where(t.c.contenu.is_(None), untouched())
    for ident, debut, end, measure in session.execute(query):
        if (debut, end) in spans:
            announced[measure][debut, end] = ident
    counted: list[dict[str, Any]] = []
    for measure, idents in announced.items():
        for run in _runs(idents):
            counted += [{"ident": idents[s], **v} for s, v in zip(run, build(session, measure, run), strict=True)]
    if counted:
        columns: dict[str, Any] = {name: sa.bindparam(name) for name in ("marque", "horloges", "contenu")}
        still = (t.c.id == sa.bindparam("ident"), t.c.contenu.is_(None))
        session.connection().execute(sa.update(t).where(*still).values(columns), counted)
    missing = [(*span, measure) for measure, found in _missing(session, spans).items() for span in found]
    # Nobody who writes is between its rows and the end of its transaction: see ``registry.monthly``.
    if not missing or not session.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(monthly.LOCK))):
        return False
    overlap = (sa.and_(t.c.mesure == m, t.c.debut < end, t.c.fin > debut) for debut, end, m in missing)
    session.execute(sa.delete(t).where(sa.or_(sa.not_(untouched()), *overlap)))
    session.execute(sa.delete(touched))
    session.execute(sa.insert(t), [{"debut": debut, "fin": end, "mesure": m} for debut, end, m in missing])
    return True


def build(session: Session, measure: str, run: Sequence[Span]) -> list[dict[str, str]]:
    """The columns of a measure of adjoining months, counted from the rows."""
    bounds = [run[0][0], *(fin for _, fin in run)]
    known = _known(session)
    wide = known is not None and (bounds[-1] - bounds[0]) * 3 > known[1] - known[0]
    by = BY_SCOPE[:1] if measure == "paires" else BY_SCOPE
    rows: list[list[list[Any]]] = [[] for _ in run]
    clocks = Clocks(session)
    for (rank, *key), values in MEASURES[measure](session, Spans(bounds, (), by, wide, clocks.hours)).items():
        rows[rank].append([*key, *values])
    return [
        {
            "marque": mark_of_definitions(),
            "horloges": json.dumps(clocks.marks(row[0] for row in month) if measure == "closes" else {}),
            "contenu": json.dumps(month, separators=(",", ":")),
        }
        for month in rows
    ]


def _known(session: Session, column: Any = I.date_creation, *others: Any) -> Span | None:
    """The first instant of a column, by default the creations, and the last of it or of another one.

    Of the history cancellations alone.
    """

    def end(which: Any, of: Any) -> sa.ScalarSelect[Any]:
        query = sa.select(which(of))
        return (query.where(_CANCELLED) if of is H.horodatage else query).scalar_subquery()

    # Each by its end of the index, all in one round trip.
    ends = (end(sa.func.min, column), *(end(sa.func.max, c) for c in (column, *others)))
    first, *lasts = session.execute(sa.select(*ends)).one()
    return None if first is None else (first, max(last for last in lasts if last is not None))
