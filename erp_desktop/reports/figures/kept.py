"""What is kept of each local month beside the rows, and how a report is put together from it.

Every replica keeps its own, counted from its rows, and sends it to nobody. ``registry.monthly`` takes a month away
when a row that it counts is written, whoever writes it; :func:`keep` counts it again. A report uses what stands and
counts the rest from the rows, so that a month that is missing costs time and nothing else
(``docs/adr/0014-chiffres-gardes-par-mois.md``).
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib.metadata import version
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db.abreast import abreast
from erp_desktop.db.session import transaction
from erp_desktop.models import Intervention
from erp_desktop.models.centre import rapports_mois as central
from erp_desktop.models.centre import rapports_touches as touched
from erp_desktop.models.local import rapports_mois as local
from erp_desktop.registry import monthly
from erp_desktop.reports.figures.measures import BY_SCOPE, COUTS, LISTES, MEASURES, Spans, Sums
from erp_desktop.reports.modele import ParamsRapport, mois_touches
from erp_desktop.reports.sql import minuit
from erp_desktop.services.calendrier import Horloges

_FORM = 1
"""To be raised when a definition changes: what was kept by the former is counted again."""
_TURNS = 100
I = Intervention  # noqa: E741
_KEYS: dict[str, tuple[Any, ...]] = {"encours": (I.technicien_id,)}
"""What a report tells the sums apart by beside the rank; ``paires`` names its own."""
_DATED = {"sla": I.date_limite, "closes": I.date_cloture, "paires": I.date_cloture}
"""What places a row in a month, where it is not its creation."""
Span = tuple[datetime, datetime]


Months = dict[tuple[Span, str], list[list[Any]]]
"""Rows of (agency, technicien, …) and their sums, by local month and measure."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a report's span ``rank``, added or taken off: the ``rows`` of a kept month, or what its span holds."""

    rank: int
    span: Span
    rows: list[list[Any]] | None = None
    sign: int = 1


def read(session: Session, since: datetime, before: datetime) -> Months:
    """The months that stand and begin before ``before``; of those that end before ``since`` the backlog alone."""
    found = {}
    clocks, stand = abreast(session, _Clocks, lambda s: list(_standing(s, before, since)))
    for span, measure, marks, content in stand:
        if clocks.hold(json.loads(marks)):
            found[span, measure] = json.loads(content)
    return found


def standing(session: Session, before: datetime) -> set[tuple[Span, str]]:
    """What :func:`read` would find, not read."""
    clocks, stand = abreast(session, _Clocks, lambda s: list(_standing(s, before)))
    return {(span, measure) for span, measure, marks, _ in stand if clocks.hold(json.loads(marks))}


def _standing(
    session: Session, before: datetime, since: datetime | None = None
) -> Iterator[tuple[Span, str, str, str]]:  # fmt: skip
    """Span, measure, marks of the clocks, and with ``since`` the content."""
    if not _usable(session):
        return
    t = local if _sqlite(session) else central
    bind = clock.to_text if t is local else lambda x: x
    query = sa.select(t.c.debut, t.c.fin, t.c.mesure, t.c.horloges, t.c.contenu if since else sa.literal(""))
    query = query.where(t.c.debut < bind(before), t.c.marque == _mark())
    if since is not None:
        query = query.where(sa.or_(t.c.fin > bind(since), t.c.mesure == "encours"))
    if t is central:
        query = query.where(_untouched())
    for debut, fin, measure, marks, content in session.execute(query):
        yield (_instant(debut), _instant(fin)), measure, marks, content


def pieces(bounds: Sequence[datetime], months: Months, measure: str, *, first: int = 0) -> list[Piece]:
    """The adjoining spans between ``bounds``, whose ranks begin at ``first``, cut at the limits of local months.

    A kept month that is mostly inside is taken, less the rest of it.
    """
    made = []
    for rank, (debut, fin) in enumerate(pairwise(bounds), start=first):
        for span in spans_of_months(debut, fin):
            a, b = max(debut, span[0]), min(fin, span[1])
            rows = months.get((span, measure))
            if rows is None or (b - a) * 2 <= span[1] - span[0]:
                made.append(Piece(rank, (a, b)))
                continue
            made.append(Piece(rank, span, rows))
            made += [Piece(rank, rest, sign=-1) for rest in ((span[0], a), (b, span[1])) if rest[0] < rest[1]]
    return made


def total(
    session: Session, measure: str, parts: Iterable[Piece], params: ParamsRapport, scope: Sequence[Any]
) -> Sums:
    """The sums of a measure over ``parts``, by rank and ``_KEYS``, of the agency and the technicien of ``params``."""
    sums: Sums = {}
    raw: defaultdict[Span, list[Piece]] = defaultdict(list)

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
            raw[part.span].append(part)
            continue
        rank, sign = part.rank, part.sign
        for row in part.rows:
            if whole or (agence in (None, row[0]) and technicien in (None, row[1])):
                add((rank, *row[first:width]), row[width:], sign)
    known = _known(session, _DATED.get(measure, I.date_creation)) if raw else None
    for run in _runs(raw):
        bounds = [run[0][0], *(fin for _, fin in run)]
        if known is None or bounds[-1] <= known[0] or (bounds[0] > known[1] and measure != "encours"):
            # Years without any row: reading none takes a long statement all the same.
            continue
        wide = (min(bounds[-1], known[1]) - max(bounds[0], known[0])) * 3 > known[1] - known[0]
        spans = Spans(bounds, scope, _KEYS.get(measure, ()), wide)
        for (n, *key), values in MEASURES[measure](session, spans).items():
            for part in raw[run[n]]:
                add((part.rank, *key), values, part.sign)
    return sums


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


def spans_of_months(debut: datetime, fin: datetime) -> list[Span]:
    """The local months that the time from ``debut`` to before ``fin`` touches, each from midnight to midnight."""
    if debut >= fin:
        return []
    days = (clock.local(debut).date(), clock.local(fin - timedelta(microseconds=1)).date())
    return [(minuit(m), minuit((m + timedelta(days=31)).replace(day=1))) for m in mois_touches(*days)]


def first_month(session: Session) -> datetime | None:
    """The midnight that begins the month of the oldest intervention."""
    known = _known(session)
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
    if known is None or not _usable(session, write=True):
        return False
    spans = spans_of_months(known[0], min(minuit(fin + timedelta(days=1)), known[1] + timedelta(seconds=1)))
    if not spans:
        return False
    return (_keep_local if _sqlite(session) else _keep_central)(session, spans, most)


def keep_all(engine: sa.Engine, fin: date) -> None:
    """:func:`keep` until nothing is missing, each time in a transaction of its own; writers may always bring more."""
    for _ in range(_TURNS):
        with transaction(engine) as session:
            if not keep(session, fin):
                return


def _missing(session: Session, spans: list[Span]) -> dict[str, list[Span]]:
    there = standing(session, spans[-1][1])
    found = {measure: [span for span in spans if (span, measure) not in there] for measure in MEASURES}
    return {measure: missing for measure, missing in found.items() if missing}


def _keep_local(session: Session, spans: list[Span], most: int) -> bool:
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


def _keep_central(session: Session, spans: list[Span], _most: int) -> bool:
    t = central
    announced: defaultdict[str, dict[Span, int]] = defaultdict(dict)
    query = sa.select(t.c.id, t.c.debut, t.c.fin, t.c.mesure).where(t.c.contenu.is_(None), _untouched())
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
    session.execute(sa.delete(t).where(sa.or_(sa.not_(_untouched()), *overlap)))
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
    for (rank, *key), values in MEASURES[measure](session, Spans(bounds, (), by, wide)).items():
        rows[rank].append([*key, *values])
    clocks = _Clocks(session)
    return [
        {
            "marque": _mark(),
            "horloges": json.dumps(clocks.marks(row[0] for row in month) if measure == "closes" else {}),
            "contenu": json.dumps(month, separators=(",", ":")),
        }
        for month in rows
    ]


class _Clocks:
    """Marks of the agencies' opening hours, by which delays were counted."""

    def __init__(self, session: Session) -> None:
        self._clocks = Horloges(session)
        self._marks: dict[int | None, str] = {}

    def mark(self, agence: int | None) -> str:
        if agence not in self._marks:
            horaire = self._clocks.de(agence)
            self._marks[agence] = _digest((horaire.periodes, sorted(horaire.feries), horaire.zone.key))
        return self._marks[agence]

    def marks(self, agences: Iterable[int | None]) -> dict[str, str]:
        return {str(agence): self.mark(agence) for agence in set(agences)}

    def hold(self, marks: dict[str, str]) -> bool:
        return all(self.mark(None if a == "None" else int(a)) == mark for a, mark in marks.items())


def _mark() -> str:
    return _digest((_FORM, LISTES, COUTS, version("tzdata")))


def _digest(what: object) -> str:
    return hashlib.blake2b(repr(what).encode(), digest_size=8).hexdigest()


def _instant(stored: Any) -> datetime:
    return clock.from_text(stored) if isinstance(stored, str) else stored


def _sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"


def _untouched() -> sa.ColumnElement[bool]:
    return sa.not_(sa.exists().where(touched.c.mois_id.in_((central.c.id, 0))))


def _known(session: Session, column: Any = I.date_creation) -> Span | None:
    """The first and the last instant of a column, by default the creations."""
    # Each by its end of the index, both in one round trip.
    ends = (sa.select(end(column)).scalar_subquery() for end in (sa.func.min, sa.func.max))
    first, last = session.execute(sa.select(*ends)).one()
    return None if first is None or last is None else (first, last)


def _usable(session: Session, *, write: bool = False) -> bool:
    """Whether the triggers that keep the months true stand, and whoever asks may use the months."""
    if _sqlite(session):
        names = session.execute(sa.text("SELECT name FROM sqlite_schema WHERE type = 'trigger'")).scalars()
        return sum(monthly.keeps(n) for n in names) == monthly.NUMBER_CACHE
    rights = "INSERT, UPDATE, DELETE" if write else "SELECT"
    found = session.execute(
        sa.text(
            "SELECT coalesce(has_table_privilege(to_regclass('sync.rapports_mois'), :rights) AND "
            "has_table_privilege(to_regclass('sync.rapports_touches'), :rights), false), (SELECT count(*) FROM "
            "pg_trigger WHERE tgname = ANY(:names) AND tgenabled = 'A')"
        ),
        {"rights": rights, "names": list(monthly.TRIGGERS)},
    ).one()
    return bool(found[0]) and found[1] == monthly.NUMBER
