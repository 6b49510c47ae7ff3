"""What a period of a contract includes and what of it is used up: counted from the work, never stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from erp_desktop.domain.enums import Imputation


@dataclass(frozen=True, slots=True)
class Travail:
    """Work of a period. ``decidee``: what a responsable said, which stands."""

    id: int
    minutes: int
    decidee: str | None = None


@dataclass(frozen=True, slots=True)
class Consommation:
    """What work has been charged to a period, what went beyond it and who pays for each.

    Attributes:
        imputations: identifier → who pays, in the order of the work.
    """

    interventions: int
    minutes: int
    hors_quota: int
    imputations: dict[int, Imputation]


def compter(travaux: Sequence[Travail], interventions: int | None, heures: int | None) -> Consommation:
    """Charge work in its order until a quota is used up; what follows is billed.

    Work counts towards the quota even when it is beyond it, so that 37 of 36 reads so; only what a responsable said
    to bill does not. The same rows give the same answer on every replica, whatever order they came in.

    Args:
        travaux: by date of work, then identifier.
        interventions, heures: what is included; None is without limit.
    """
    nombre = minutes = hors = 0
    imputations: dict[int, Imputation] = {}
    for travail in travaux:
        if travail.decidee == Imputation.A_FACTURER:
            imputations[travail.id] = Imputation.A_FACTURER
            continue
        nombre, minutes = nombre + 1, minutes + travail.minutes
        depasse = (interventions is not None and nombre > interventions) or (
            heures is not None and minutes > heures * 60
        )
        if depasse and travail.decidee != Imputation.CONTRAT:
            hors += 1
            imputations[travail.id] = Imputation.A_FACTURER
        else:
            imputations[travail.id] = Imputation.CONTRAT
    return Consommation(nombre, minutes, hors, imputations)


def part(nombre: int, minutes: int, interventions: int | None, heures: int | None) -> int | None:
    """Percent used up of the quota that is nearest to its end; None without a quota."""
    parts = []
    if interventions is not None:
        parts.append(100 * nombre // interventions if interventions else 100 * bool(nombre))
    if heures is not None:
        parts.append(100 * minutes // (heures * 60) if heures else 100 * bool(minutes))
    return max(parts, default=None)


TROP_TOT = 10
"""A pace is read once a tenth of the period has gone by."""


@dataclass(frozen=True, slots=True)
class Prevision:
    """Where a quota goes at the pace of the days gone by.

    Attributes:
        a_la_fin: what will be used up on the last day, in the unit of the quota.
        epuise: the day on which it will be used up; None when it lasts, or is used up already.
    """

    a_la_fin: int
    epuise: date | None


def prevoir(utilise: int, inclus: int, du: date, au: date, jour: date) -> Prevision | None:
    """The pace of a period so far, to its end; None outside of it, in its first tenth, or while nothing is used.

    Args:
        utilise, inclus: interventions, or minutes.
        jour: the last day that counts.
    """
    jours, ecoules = (au - du).days + 1, (jour - du).days + 1
    if not 1 <= ecoules <= jours or ecoules * TROP_TOT < jours or not utilise:
        return None
    a_la_fin = (2 * utilise * jours + ecoules) // (2 * ecoules)
    # The first day on which the pace reaches what is included.
    jour_plein = -(-inclus * ecoules // utilise)
    dure = utilise >= inclus or jour_plein > jours
    return Prevision(a_la_fin, None if dure else du + timedelta(days=jour_plein - 1))
