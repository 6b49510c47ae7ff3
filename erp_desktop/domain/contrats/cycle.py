"""The life of a contract: states, the end that comes by itself, renewal."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from erp_desktop.domain.enums import StatutContrat


class Presse(StrEnum):
    """How near the end of a contract is."""

    PROCHE = "proche"
    URGENT = "urgent"


SUIVANTS: dict[StatutContrat, tuple[StatutContrat, ...]] = {
    StatutContrat.BROUILLON: (StatutContrat.EN_COURS,),
    StatutContrat.EN_COURS: (StatutContrat.SUSPENDU, StatutContrat.RESILIE),
    StatutContrat.SUSPENDU: (StatutContrat.EN_COURS, StatutContrat.RESILIE),
    StatutContrat.EXPIRE: (StatutContrat.RESILIE,),
    StatutContrat.RESILIE: (),
}
"""What a responsable does. A contract expires by its date and lives on by a renewal, never by a press of a button."""
AVEC_MOTIF = frozenset({StatutContrat.SUSPENDU, StatutContrat.RESILIE})
VIVANTS = frozenset({StatutContrat.EN_COURS, StatutContrat.SUSPENDU, StatutContrat.EXPIRE})
"""What was validated and is not ended."""
RAPPELS = (90, 60, 30)
"""Days before the end at which a renewal is called for."""
PROCHE, URGENT = 60, 15
"""Days before the end from which it deserves a look, and from which it presses."""
UN_JOUR = timedelta(days=1)
SEUIL_ALERTE = 80
"""Percent of a quota that deserve a look when the contract says nothing."""


def effectif(statut: str, date_fin: date | None, jour: date) -> StatutContrat:
    """The state on ``jour``: what runs past its last day is expired; a contract without an end never is."""
    connu = StatutContrat(statut)
    vit = connu in (StatutContrat.EN_COURS, StatutContrat.SUSPENDU)
    return StatutContrat.EXPIRE if vit and date_fin is not None and date_fin < jour else connu


def en_vigueur(statut: str, debut: date, fin: date | None, resiliation: date | None, jour: date) -> bool:
    """Whether what a contract promises holds for work asked for on ``jour``."""
    if jour < debut or (fin is not None and jour > fin):
        return False
    if statut == StatutContrat.RESILIE:
        return resiliation is not None and jour < resiliation
    return statut in (StatutContrat.EN_COURS, StatutContrat.EXPIRE)


def plus_mois(jour: date, mois: int) -> date:
    """The same day of another month, or the last one of a month that is shorter."""
    annee, rang = divmod(jour.year * 12 + jour.month - 1 + mois, 12)
    return date(annee, rang + 1, min(jour.day, calendar.monthrange(annee, rang + 1)[1]))


def suite(fin: date, mois: int) -> tuple[date, date]:
    """First and last day of ``mois`` months after ``fin``."""
    debut = fin + UN_JOUR
    return debut, plus_mois(debut, mois) - UN_JOUR


def rappel(fin: date | None, jour: date) -> int | None:
    """Which of :data:`RAPPELS` the end has come within; None when it is further off or past."""
    if fin is None or fin < jour:
        return None
    return min((r for r in RAPPELS if (fin - jour).days <= r), default=None)


def presse(jours: int | None) -> Presse | None:
    """How near an end is, by the days that are left; None when nothing presses, or it is past."""
    if jours is None or not 0 <= jours <= PROCHE:
        return None
    return Presse.URGENT if jours <= URGENT else Presse.PROCHE


def preavis(fin: date | None, jours: int | None) -> date | None:
    """Last day on which a notice ends the contract in time."""
    return None if fin is None or jours is None else fin - timedelta(days=jours)


@dataclass(frozen=True, slots=True)
class Plage:
    """A period's place among the others."""

    numero: int
    du: date
    au: date


def chevauche(plages: list[Plage], du: date, au: date, sauf: int | None = None) -> Plage | None:
    """The period that shares a day with ``du``–``au``."""
    return next((p for p in plages if p.numero != sauf and p.du <= au and du <= p.au), None)
