"""What a report adds up of a span of time, from the rows: sums of integers by span, agency and technicien.

Every figure of a report is a sum over the rows of some span, so that months counted before, and what lies between
them, are put together by addition, and part of a month is also the month less the rest (``reports.figures.kept``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.db.abreast import Work, abreast
from erp_desktop.domain.enums import Priorite, Statut, TypeIntervention, TypeLigne
from erp_desktop.models import HistoriqueIntervention, Intervention, LigneIntervention
from erp_desktop.reports.figures import delais
from erp_desktop.reports.figures.encours import EN_VIE, FINIES, SANS_SUITE
from erp_desktop.reports.sql import Dimension, centimes, centimes_ligne, code, denombrer, hors_index, rang
from erp_desktop.services.calendrier import Horloges

I = Intervention  # noqa: E741
_STATUT: sa.ColumnElement[str] = hors_index(I.statut)
COUTS = (TypeLigne.PIECE, TypeLigne.MAIN_OEUVRE, TypeLigne.DEPLACEMENT, TypeLigne.AUTRE)
LISTES = (tuple(Statut), tuple(TypeIntervention), tuple(Priorite))
CREEES = 2 + sum(map(len, LISTES))
"""Created, those of them that are closed nobody knows when, then how many of each statut, type and priorité."""
CLOSES = 1 + 3 * delais.PARTS
"""Closed, then the delays of the correctives among them."""
SLA = 2
"""Commitments due, and kept."""
PAIRE = 6 + len(COUTS)
"""Closed, minutes, without minutes, with a deadline, kept, then centimes: external and by type of line."""
BY_SCOPE = (I.agence_id, I.technicien_id)
"""Columns that a kept sum is told apart by."""

Sums = dict[tuple[Any, ...], list[int]]
"""(rank, *columns told apart) → one integer per figure."""


@dataclass(frozen=True, slots=True)
class Spans:
    """Adjoining spans of time, each with its rank from 0, and the rows of a scope.

    Attributes:
        bounds: the n + 1 instants of n spans, ascending.
        scope: conditions on the rows.
        by: columns that the sums are told apart by.
        wide: whether the spans hold a good part of all rows, so that a pass costs less than jumps by an index.
        hours: the opening hours, where they were read already.
    """

    bounds: Sequence[datetime]
    scope: Sequence[sa.ColumnElement[bool]] = ()
    by: Sequence[Any] = ()
    wide: bool = False
    hours: Horloges | None = None

    def column(self, column: Any) -> sa.ColumnElement[datetime]:
        return hors_index(column) if self.wide else column

    def inside(self, column: Any) -> list[sa.ColumnElement[bool]]:
        c = self.column(column)
        return [c >= self.bounds[0], c < self.bounds[-1], *self.scope]

    def rank(self, column: Any) -> Dimension:
        return rang(self.column(column), self.bounds[1:-1]), range(len(self.bounds) - 1)


Measure = Callable[[Session, Spans], Sums]


def created(session: Session, spans: Spans) -> Sums:
    """``CREEES`` by creation."""
    undated = sa.case((sa.and_(I.date_cloture.is_(None), _STATUT.in_(FINIES)), 1), else_=0)
    dimensions = (
        spans.rank(I.date_creation), (undated, (0, 1)),
        *((code(c, v), range(len(v))) for c, v in zip((I.statut, I.type, I.priorite), LISTES, strict=True)),
    )  # fmt: skip
    sums: Sums = defaultdict(lambda: [0] * CREEES)
    for (rank, undated_, *codes), by, n in denombrer(session, dimensions, spans.inside(I.date_creation), by=spans.by):
        sum_, place = sums[rank, *by], 2
        sum_[0] += n
        sum_[1] += n * undated_
        for code_, values in zip(codes, LISTES, strict=True):
            sum_[place + code_] += n
            place += len(values)
    return sums


def due(session: Session, spans: Spans) -> Sums:
    """``SLA`` by deadline."""
    dimensions = (spans.rank(I.date_limite), (sa.case((in_time(), 1), else_=0), (0, 1)))
    sums: Sums = defaultdict(lambda: [0] * SLA)
    conditions = (*spans.inside(I.date_limite), commitment())
    for (rank, kept), by, n in denombrer(session, dimensions, conditions, by=spans.by):
        sum_ = sums[rank, *by]
        sum_[0] += n
        sum_[1] += n * kept
    return sums


def closed(session: Session, spans: Spans) -> Sums:
    """``CLOSES`` by closing; the correctives one by one, for their delays."""
    rank = spans.rank(I.date_cloture)
    conditions = _closings(spans)
    sums: Sums = defaultdict(lambda: [0] * CLOSES)
    for (k,), by, n in denombrer(session, (rank,), conditions, by=spans.by):
        sums[k, *by][0] += n
    corrective = sa.and_(*conditions, I.type == TypeIntervention.CORRECTIVE)
    for key, delays in delais.correctives(session, (rank[0], *spans.by), corrective, spans.hours).items():
        sums[key][1:] = delays
    return sums


def worked(session: Session, spans: Spans) -> Sums:
    """``PAIRE`` by closing, told apart by technicien and équipement as well."""
    line, total = LigneIntervention, sa.func.sum
    amount = centimes_ligne(line.quantite, line.prix_unitaire)
    # By no index: one in the order of the techniciens would jump into the table for each row of it.
    keys = (
        spans.rank(I.date_cloture)[0].label("rang"),
        *(hors_index(c).label(f"c{n}") for n, c in enumerate((*spans.by, I.technicien_id, I.equipement_id))),
    )
    grouped: list[sa.ColumnElement[Any]] = [sa.literal_column(key.name) for key in keys]
    conditions = _closings(spans)
    promised = I.date_limite.is_not(None)
    work = (
        sa.select(
            *keys, sa.func.count(), sa.func.coalesce(total(I.duree_reelle), 0), _number(I.duree_reelle.is_(None)),
            _number(promised), _number(sa.and_(promised, in_time())),
            sa.func.coalesce(total(centimes(I.cout_externe)), 0),
        ).where(*conditions).group_by(*grouped)
    )  # fmt: skip
    costs = (
        sa.select(*keys, *(total(sa.case((line.type_ligne == t, amount), else_=0)) for t in COUTS))
        .select_from(sa.join(I, line, line.intervention_id == I.id))
        .where(*conditions, line.prevue.is_(False)).group_by(*grouped)
    )  # fmt: skip
    width, nothing = len(keys), [0] * len(COUTS)
    sums: Sums = {tuple(r[:width]): [*map(int, r[width:]), *nothing] for r in session.execute(work)}
    for r in session.execute(costs):
        sums[tuple(r[:width])][-len(COUTS) :] = map(int, r[width:])
    return sums


def backlog(session: Session, spans: Spans) -> Sums:
    """How many more began to be open than ceased to be, one figure.

    What was open at an instant is the sum of all before it. An intervention ceases at its closing, or at its
    cancellation; one that was over before it was created, or nobody knows when, was never open.
    """
    sums: Sums = defaultdict(lambda: [0])
    h = HistoriqueIntervention
    cancelled: sa.ColumnElement[str] = sa.literal_column(f"'{Statut.ANNULEE.value}'")
    again = h.__table__.alias("apres")
    last = (
        sa.select(h.intervention_id, sa.func.max(h.horodatage).label("le"))
        .where(h.statut == cancelled, h.horodatage >= spans.bounds[0], h.horodatage < spans.bounds[-1],
               ~sa.exists().where(again.c.intervention_id == h.intervention_id, again.c.statut == cancelled,
                                  again.c.horodatage >= spans.bounds[-1]))
        .group_by(hors_index(h.intervention_id)).subquery("annulees")
    )  # fmt: skip
    without = sa.and_(hors_index(I.date_cloture).is_(None), _STATUT.in_(SANS_SUITE))
    later = sa.exists().where(h.intervention_id == I.id, h.statut == cancelled, h.horodatage >= I.date_creation)
    counted = sa.or_(
        _STATUT.in_(EN_VIE), sa.and_(_STATUT.in_(FINIES), I.date_cloture >= I.date_creation), sa.and_(without, later)
    )
    creation, cloture = spans.rank(I.date_creation), spans.rank(I.date_cloture)
    ends = (rang(last.c.le, spans.bounds[1:-1]), creation[1])
    parts: tuple[tuple[int, Dimension, tuple[Any, ...], Any], ...] = (
        (1, creation, (*spans.inside(I.date_creation), counted), None),
        (-1, cloture, (*_closings(spans), I.date_cloture >= I.date_creation), None),
        (-1, ends, (last.c.le >= I.date_creation, without, *spans.scope),
         sa.join(last, I, I.id == last.c.intervention_id)),
    )  # fmt: skip
    numbers = abreast(session, *(_counting(spans.by, *part[1:]) for part in parts))
    for (sign, *_), found in zip(parts, numbers, strict=True):
        for (rank,), by, n in found:
            sums[rank, *by][0] += sign * n
    return sums


def _counting(by: Sequence[Any], dimension: Dimension, conditions: Sequence[Any], source: Any) -> Work:
    return lambda session: list(denombrer(session, (dimension,), conditions, source, by=by))


MEASURES: dict[str, Measure] = {
    "creees": created, "sla": due, "closes": closed, "paires": worked, "encours": backlog,
}  # fmt: skip


def still_to_come(
    session: Session, since: datetime, before: datetime, scope: Sequence[sa.ColumnElement[bool]], now: datetime
) -> dict[int | None, tuple[int, int]]:
    """Of the closings, by technicien, those whose deadline is not past, and the kept ones among them."""
    cloture = hors_index(I.date_cloture)
    query = (
        sa.select(I.technicien_id, sa.func.count(), _number(in_time()))
        .where(I.date_limite >= now, cloture >= since, cloture < before, _STATUT.in_(FINIES), *scope)
        .group_by(hors_index(I.technicien_id))
    )  # fmt: skip
    return {t: (n, int(kept)) for t, n, kept in session.execute(query)}


def _closings(spans: Spans) -> list[sa.ColumnElement[bool]]:
    return [*spans.inside(I.date_cloture), _STATUT.in_(FINIES)]


def in_time() -> sa.ColumnElement[bool]:
    """``sla.remise_en_service`` at or before the deadline."""
    return sa.and_(I.date_cloture.is_not(None), sa.func.coalesce(I.date_fin_travaux, I.date_cloture) <= I.date_limite)


def commitment() -> sa.ColumnElement[bool]:
    """Neither cancelled nor standing still."""
    # Written out: what is summed twice in the same words is counted once.
    dated = sa.or_(I.date_cloture.is_not(None), _STATUT.not_in(_words(*FINIES, *SANS_SUITE)))
    return sa.and_(_STATUT.not_in(_words(Statut.ANNULEE, Statut.EN_ATTENTE)), dated)


def _words(*statuts: Statut) -> list[sa.ColumnElement[str]]:
    return [sa.literal_column(f"'{s.value}'", sa.String) for s in dict.fromkeys(statuts)]


def _number(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)
