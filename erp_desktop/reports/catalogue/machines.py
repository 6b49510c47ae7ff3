"""Figures of machines: time between failures, availability, downtime, and whether preventive visits come in time."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa

from erp_desktop import clock
from erp_desktop.domain.enums import EtatOccurrence, Statut, StatutEquipement, TypeIntervention
from erp_desktop.models import Arret, Occurrence, Planning
from erp_desktop.reports.catalogue.ask import (
    Ask,
    E,
    I,
    Rows,
    day_begins,
    jour_de,
    least,
    local_day,
    most,
    number,
    of_machine,
    part,
    seconds_of,
)
from erp_desktop.reports.catalogue.work import BACK, Parts
from erp_desktop.reports.figures.encours import FINIES
from erp_desktop.reports.sql import hors_index, secondes

_RETIRED = sa.or_(E.statut == StatutEquipement.RETIRE, E.is_active.is_(False))
_IN_USE = sa.not_(_RETIRED)


def _literal(seconds: int) -> sa.ColumnElement[int]:
    return sa.literal_column(str(seconds), sa.BigInteger)


def _since(ask: Ask) -> sa.ColumnElement[Any]:
    """Seconds since 1970 from which a machine counts: the beginning of the period, or its first day in use."""
    first, end = _literal(seconds_of(ask.t0)), _literal(seconds_of(ask.end))
    used = E.date_mise_en_service
    return sa.case(
        (used.is_(None), first), (used <= ask.scope.debut, first), (used > ask.scope.fin, end),
        else_=least(day_begins(ask, used), end),
    )  # fmt: skip


def _exposed(ask: Ask, *, sign: str) -> sa.Select[Any]:
    """Seconds that machines could have run; ``sign`` names the integer they are added to as well as ``num``."""
    time = sa.case((_IN_USE, _literal(seconds_of(ask.end)) - _since(ask)), else_=0)
    sums: dict[str, Any] = {"num": time} | ({"den": time} if sign == "den" else {})
    return part(ask, Rows(E, of_machine()), [], n=number(_IN_USE), exclues=number(_RETIRED), **sums)


def _stopped(ask: Ask) -> tuple[Rows, list[Any], Any]:
    """Downtime inside the period, of machines in use: where from, which rows, and the seconds of each."""
    a, end = Arret, _literal(seconds_of(ask.end))
    begin = most(secondes(a.debut), _since(ask))
    until = sa.case((a.fin.is_(None), end), else_=least(secondes(a.fin), end))
    rows = Rows(sa.join(a, E, E.id == a.equipement_id), of_machine())
    where = [_IN_USE, a.debut < ask.end, sa.or_(a.fin.is_(None), a.fin > ask.t0)]
    return rows, where, sa.case((until > begin, until - begin), else_=0)


def downtime(ask: Ask) -> Parts:
    rows, where, seconds = _stopped(ask)
    retired = part(ask, Rows(E, of_machine()), [_RETIRED], exclues=number(sa.true()))
    return [part(ask, rows, where, num=seconds, n=number(sa.true())), retired]


def between_failures(ask: Ask) -> Parts:
    rows, where, seconds = _stopped(ask)
    failures = part(
        ask, Rows(sa.join(I, E, E.id == I.equipement_id), of_machine()),
        [_IN_USE, *ask.inside(I.date_creation, ask.end), hors_index(I.type) == TypeIntervention.CORRECTIVE,
         hors_index(I.statut) != Statut.ANNULEE],
        den=number(sa.true()),
    )  # fmt: skip
    return [_exposed(ask, sign="num"), part(ask, rows, where, num=-seconds), failures]


def availability(ask: Ask) -> Parts:
    rows, where, seconds = _stopped(ask)
    return [_exposed(ask, sign="den"), part(ask, rows, where, num=-seconds)]


def preventive_kept(ask: Ask) -> Parts:
    o, p = Occurrence, Planning
    source = sa.join(o, p, p.id == o.planning_id).join(E, E.id == p.equipement_id)
    source = source.outerjoin(I, I.occurrence_id == o.id)
    due = jour_de(o.date_cible)
    late = due + sa.func.coalesce(p.tolerance_apres, 0)
    today = (clock.local(ask.now).date() - date(1970, 1, 1)).days
    done = sa.and_(I.id.is_not(None), I.statut.in_(FINIES), BACK.is_not(None))
    day = local_day(ask, BACK)
    in_time = sa.and_(done, day >= due - sa.func.coalesce(p.tolerance_avant, 0), day <= late)
    skipped = o.etat == EtatOccurrence.SAUTEE
    counted = sa.and_(sa.not_(skipped), sa.or_(done, late < sa.literal_column(str(today), sa.Integer)))
    where = [
        o.date_cible >= ask.scope.debut, o.date_cible <= ask.scope.fin, o.etat != EtatOccurrence.RETIREE,
    ]  # fmt: skip
    kept = number(sa.and_(counted, in_time))
    return [
        part(ask, Rows(source, of_machine(), o.date_cible, dated=True), where, num=kept, den=number(counted),
             n=number(counted), exclues=number(sa.not_(counted)))
    ]  # fmt: skip
