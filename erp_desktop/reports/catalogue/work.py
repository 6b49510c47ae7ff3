"""Figures of interventions: the backlog, commitments, delays, failures, satisfaction."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from erp_desktop.domain.enums import Statut, TypeIntervention
from erp_desktop.domain.rapports.figures import REPEAT_DAYS
from erp_desktop.models import HistoriqueIntervention
from erp_desktop.reports.catalogue.ask import (
    DAY,
    Ask,
    E,
    I,
    Rows,
    Value,
    Values,
    local_day,
    narrowed,
    needs_machine,
    part,
    seconds_of,
    times,
    work,
    work_columns,
)
from erp_desktop.reports.figures import delais
from erp_desktop.reports.figures.encours import EN_VIE, FINIES, SANS_SUITE
from erp_desktop.reports.figures.measures import commitment, in_time
from erp_desktop.reports.sql import hors_index, secondes

Parts = list[sa.Select[Any]]
_STATUT: Any = hors_index(I.statut)
_CORRECTIVE = hors_index(I.type) == TypeIntervention.CORRECTIVE
_ALIVE = _STATUT != Statut.ANNULEE
BACK = sa.func.coalesce(I.date_fin_travaux, I.date_cloture, type_=I.date_cloture.type)
"""``domain.sla.remise_en_service``."""


def closings(ask: Ask) -> list[Any]:
    return [*ask.inside(I.date_cloture), _STATUT.in_(FINIES)]


def _made(ask: Ask) -> list[Any]:
    return ask.inside(I.date_creation)


def created(ask: Ask) -> Parts:
    one = sa.func.count()
    return [part(ask, work(I.date_creation, machine=needs_machine(ask)), _made(ask), num=one, n=one)]


def closed(ask: Ask) -> Parts:
    one = sa.func.count()
    return [part(ask, work(I.date_cloture, machine=needs_machine(ask)), closings(ask), num=one, n=one)]


def failures(ask: Ask) -> Parts:
    rows = work(I.date_creation, machine=needs_machine(ask))
    alive = times(_ALIVE)
    return [part(ask, rows, [*_made(ask), _CORRECTIVE], num=alive, counted=alive)]


def _backlog(ask: Ask, **sums: Any) -> Parts:
    """What was open at the end, as ``reports.figures.encours`` finds it: three sets without an intersection."""
    h, end = HistoriqueIntervention, ask.end
    rows = work(I.date_creation, machine=needs_machine(ask))
    cancelled = (
        sa.select(h.intervention_id)
        .where(h.statut == sa.literal_column(f"'{Statut.ANNULEE.value}'"), h.horodatage >= end)
    )  # fmt: skip
    # What is open is found by its statut, what ended since by its end: nearly every row was begun before.
    begun = hors_index(I.date_creation) < end
    return [
        part(ask, rows, [begun, I.statut.in_(EN_VIE)], **sums),
        part(ask, rows, [begun, I.date_cloture >= end, _STATUT.in_(FINIES)], **sums),
        part(ask, rows, [begun, I.id.in_(cancelled), hors_index(I.date_cloture).is_(None),
                         _STATUT.in_(SANS_SUITE)], **sums),
    ]  # fmt: skip


def backlog(ask: Ask) -> Parts:
    one = sa.func.count()
    undated = [*_made(ask), _STATUT.in_(FINIES), hors_index(I.date_cloture).is_(None)]
    unknown = part(ask, work(I.date_creation, machine=needs_machine(ask)), undated, exclues=one)
    return [*_backlog(ask, num=one, n=one), unknown]


def backlog_hours(ask: Ask) -> Parts:
    return _backlog(ask, num=I.duree_estimee, counted=sa.func.count(I.duree_estimee))


def backlog_age(ask: Ask) -> Parts:
    one = sa.func.count()
    age = sa.literal_column(str(seconds_of(ask.end)), sa.BigInteger) - secondes(I.date_creation)
    return _backlog(ask, num=age, den=one, n=one)


def _due(ask: Ask, counted: Any, kept: Any) -> Parts:
    rows = work(I.date_limite, machine=needs_machine(ask))
    promised, good = times(counted), times(sa.and_(counted, kept))
    return [part(ask, rows, ask.inside(I.date_limite, ask.end), num=good, den=promised, counted=promised)]


def sla_kept(ask: Ask) -> Parts:
    return _due(ask, commitment(), in_time())


def sla_begun(ask: Ask) -> Parts:
    unknown = sa.and_(_STATUT.in_(FINIES), I.date_debut_travaux.is_(None))
    begun = sa.and_(I.date_debut_travaux.is_not(None), I.date_debut_travaux <= I.date_limite)
    return _due(ask, sa.and_(commitment(), sa.not_(unknown)), begun)


def response(session: Session, ask: Ask) -> Values:
    """Opening time is counted by the calendar of each agency, so that no database can: the rows are read once."""
    columns = work_columns()
    # Of each row: the delays are read from interventions alone.
    columns["type_equipement"] = sa.select(E.type_equipement).where(E.id == I.equipement_id).scalar_subquery()
    key: Any = sa.literal_column("0", sa.Integer)
    if ask.group is not None:
        key = ask.month(I.date_cloture) if ask.group == "mois" else columns[ask.group]
    condition = sa.and_(*closings(ask), _CORRECTIVE, *narrowed(ask, columns))
    found: Values = {}
    for (group,), sums in delais.correctives(session, (key.label("groupe_"),), condition).items():
        n, total, out = sums[3:6]
        found[group] = Value(total, n, n, out)
    return found


def repair(ask: Ask) -> Parts:
    known = sa.func.count(I.duree_reelle)
    rows = work(I.date_cloture, machine=needs_machine(ask))
    return [part(ask, rows, [*closings(ask), _CORRECTIVE], num=I.duree_reelle, den=known, counted=known)]


def restoration(ask: Ask) -> Parts:
    elapsed = secondes(BACK) - secondes(I.date_creation)
    known = times(elapsed >= 0)
    rows = work(I.date_cloture, machine=needs_machine(ask))
    return [
        part(ask, rows, [*closings(ask), _CORRECTIVE], num=sa.case((elapsed >= 0, elapsed)), den=known, counted=known)
    ]  # fmt: skip


def preventive_share(ask: Ask) -> Parts:
    preventive = sa.case((I.type == TypeIntervention.PREVENTIVE, I.duree_reelle))
    rows = work(I.date_cloture, machine=needs_machine(ask))
    return [
        part(ask, rows, closings(ask), num=preventive, den=I.duree_reelle, counted=sa.func.count(I.duree_reelle))
    ]  # fmt: skip


def planned(ask: Ask) -> Parts:
    counted = sa.and_(_ALIVE, sa.not_(sa.and_(_STATUT.in_(FINIES), I.date_debut_travaux.is_(None))))
    kept = sa.and_(counted, I.date_debut_travaux.is_not(None),
                   local_day(ask, I.date_debut_travaux) == local_day(ask, I.date_planifiee))  # fmt: skip
    rows = work(I.date_planifiee, machine=needs_machine(ask))
    return [
        part(ask, rows, ask.inside(I.date_planifiee, ask.end), num=times(kept), den=times(counted),
             counted=times(counted))
    ]  # fmt: skip


def _correctives(name: str, when: Any, where: list[Any]) -> Any:
    """Failures with a code, read once: joined by machine and code, whatever index there is."""
    return (
        sa.select(I.id.label("id"), I.equipement_id.label("machine"), I.probleme_id.label("code"),
                  secondes(when).label("quand"))
        .where(*where, _CORRECTIVE, I.probleme_id.is_not(None))
        .cte(name, nesting=True).prefix_with("MATERIALIZED")
    )  # fmt: skip


def _within(earlier: Any, later: Any) -> list[Any]:
    return [
        later.c.machine == earlier.c.machine, later.c.code == earlier.c.code, later.c.id != earlier.c.id,
        later.c.quand >= earlier.c.quand, later.c.quand <= earlier.c.quand + REPEAT_DAYS * DAY,
    ]  # fmt: skip


def first_time(ask: Ask) -> Parts:
    follow = aliased(I)
    done = _correctives("closes", I.date_cloture, closings(ask))
    limit = ask.t1 + timedelta(days=REPEAT_DAYS)
    again = _correctives("revenues", I.date_creation, [I.date_creation >= ask.t0, I.date_creation < limit, _ALIVE])
    back = sa.select(done.c.id).where(*_within(done, again))
    followed = sa.select(follow.origine_id).where(follow.origine_id.is_not(None), follow.statut != Statut.ANNULEE)
    first = sa.and_(I.id.not_in(back), I.id.not_in(followed))
    one = sa.func.count()
    rows = work(I.date_cloture, machine=needs_machine(ask))
    return [part(ask, rows, [*closings(ask), _CORRECTIVE], num=times(first), den=one, n=one)]


def repeats(ask: Ask) -> Parts:
    since = ask.t0 - timedelta(days=REPEAT_DAYS)
    done = _correctives(
        "anciennes", I.date_cloture, [I.date_cloture >= since, I.date_cloture < ask.t1, _STATUT.in_(FINIES)]
    )
    again = _correctives("nouvelles", I.date_creation, [*_made(ask), _ALIVE])
    back = sa.select(again.c.id).where(*_within(done, again))
    counted = sa.and_(_ALIVE, I.probleme_id.is_not(None))
    rows = work(I.date_creation, machine=needs_machine(ask))
    return [
        part(ask, rows, [*_made(ask), _CORRECTIVE], num=times(sa.and_(counted, I.id.in_(back))), den=times(counted),
             counted=times(counted))
    ]  # fmt: skip


def satisfaction(ask: Ask) -> Parts:
    known = sa.func.count(I.satisfaction_client)
    rows = work(I.date_cloture, machine=needs_machine(ask))
    return [part(ask, rows, closings(ask), num=I.satisfaction_client, den=known, counted=known)]


def lines(ask: Ask, line: Any) -> Rows:
    """Lines of interventions, placed by the closing."""
    source: Any = sa.join(I, line, line.intervention_id == I.id)
    if needs_machine(ask):
        source = source.join(E, E.id == I.equipement_id)
    return Rows(source, work_columns(), I.date_cloture)
