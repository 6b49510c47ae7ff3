"""The backlog of a report: what was open at both ends of a period, from the rows that can be, each by its index."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db.abreast import Work, abreast
from erp_desktop.domain.enums import Statut
from erp_desktop.models import HistoriqueIntervention, Intervention
from erp_desktop.reports.modele import ParamsRapport, Tranche
from erp_desktop.reports.sql import denombrer, hors_index, minuit, rang

TRANCHES = ((0, 2), (3, 7), (8, 30), (31, None))
"""Ages of the backlog in local days."""
EN_VIE = (Statut.OUVERTE, Statut.AFFECTEE, Statut.EN_COURS, Statut.EN_ATTENTE)
FINIES = (Statut.CLOTUREE, Statut.ARCHIVEE)
SANS_SUITE = (Statut.ANNULEE, Statut.ARCHIVEE)
I = Intervention  # noqa: E741


@dataclass(frozen=True, slots=True)
class Encours:
    """The backlog by age at ``au``, its part without a technicien, and how many there were at the beginning."""

    tranches: tuple[Tranche, ...]
    sans_technicien: int
    au: date
    debut: int


def compter(
    session: Session, params: ParamsRapport, t0: datetime, t1: datetime, a: datetime,
    portee: list[sa.ColumnElement[bool]],
) -> Encours:  # fmt: skip
    """Count what was open at ``t0`` and at ``t1`` from the rows alone, as ``interventions.calculer`` defines it."""
    au, bornes = _ages(params, a)
    nombres, sans, debut = _ouvertes(session, bornes, t0, t1, portee)
    return Encours(_tranches(nombres), sans, au, debut)


def par_ages(
    session: Session, params: ParamsRapport, t1: datetime, a: datetime, portee: list[sa.ColumnElement[bool]],
    a_la_fin: int, sans: int, debut: int,
) -> Encours:  # fmt: skip
    """The same when the numbers are known: only the youngest are looked at, the others are what remains."""
    au, bornes = _ages(params, a)
    recentes = [I.date_creation >= bornes[0], *portee]
    nombres = _ouvertes(session, bornes, t1, t1, recentes)[0] if bornes[0] < t1 else [0] * len(TRANCHES)
    nombres[-1] = a_la_fin - sum(nombres[:-1])
    return Encours(_tranches(nombres), sans, au, debut)


def _ages(params: ParamsRapport, a: datetime) -> tuple[date, list[datetime]]:
    """The day from which ages are counted, and what begins each bucket but the oldest."""
    au = min(params.fin, clock.local(a).date())
    # Oldest first: created before the midnight that begins the youngest day of a bucket.
    return au, [minuit(au - timedelta(days=mini - 1)) for mini, _ in reversed(TRANCHES[1:])]


def _tranches(nombres: list[int]) -> tuple[Tranche, ...]:
    return tuple(Tranche(mini, maxi, n) for (mini, maxi), n in zip(TRANCHES, nombres, strict=True))


def _ouvertes(
    session: Session, bornes: list[datetime], t0: datetime, t1: datetime, portee: list[sa.ColumnElement[bool]]
) -> tuple[list[int], int, int]:
    """By age at ``t1``, those without a technicien, and how many at ``t0``.

    Three sets without an intersection: what is alive now, what was closed since, what was cancelled since. Each is
    found by an index from the period on, so that the years before it cost nothing.
    """
    h = HistoriqueIntervention
    annulees = (
        sa.select(h.intervention_id, sa.func.max(h.horodatage).label("le"))
        .where(h.statut == sa.literal_column(f"'{Statut.ANNULEE.value}'"), h.horodatage >= t0)
        # By the index of cancellations: one in the order of the group would walk the whole history.
        .group_by(hors_index(h.intervention_id))
        .subquery("annulees")
    )
    statut = hors_index(I.statut)
    parties = (
        (sa.true(), None, (I.statut.in_(EN_VIE),)),
        (
            I.date_cloture >= t1, None,
            (I.date_cloture >= t0, statut.in_(FINIES), sa.or_(I.date_creation < t0, I.date_cloture >= t1)),
        ),
        (
            annulees.c.le >= t1, sa.join(annulees, I, I.id == annulees.c.intervention_id),
            (hors_index(I.date_cloture).is_(None), statut.in_(SANS_SUITE)),
        ),
    )  # fmt: skip
    nombres, sans, debut = [0] * len(TRANCHES), 0, 0

    def comptage(encore: Any, source: Any, conditions: tuple[Any, ...]) -> Work:
        dimensions = (
            (rang(I.date_creation, bornes), range(len(TRANCHES))), (_oui(encore), (False, True)),
            (_oui(I.technicien_id.is_(None)), (False, True)), (_oui(I.date_creation < t0), (False, True)),
        )  # fmt: skip
        ensemble = (I.date_creation < t1, *conditions, *portee)
        return lambda s: list(denombrer(s, dimensions, ensemble, source))

    for comptes in abreast(session, *(comptage(*partie) for partie in parties)):
        for (k, a_la_fin, seule, avant), _, n in comptes:
            if a_la_fin:
                nombres[len(TRANCHES) - 1 - k] += n
                sans += n if seule else 0
            debut += n if avant else 0
    return nombres, sans, debut


def _oui(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.case((condition, 1), else_=0)
