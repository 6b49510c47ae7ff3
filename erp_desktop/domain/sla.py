"""Deadlines: clocks that run on an agency's opening hours and holidays, and pause in en_attente.

Pure functions over intervals. ``date_limite`` as stored already contains every finished pause: leaving en_attente
moves it on by the opening minutes that the pause took.
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from erp_desktop import clock
from erp_desktop.domain.enums import Priorite, Statut

HEURES: dict[Priorite, int | None] = {
    Priorite.URGENTE: 2,
    Priorite.HAUTE: 24,
    Priorite.NORMALE: 72,
    Priorite.BASSE: 168,
    Priorite.PROGRAMMEE: None,
}
"""Opening hours granted by priority; a contract's figures win. None: the planned date is the deadline."""
PART_BIENTOT = 0.25
_HORIZON = timedelta(days=3660)


class EtatSla(StrEnum):
    OK = "ok"
    SOON = "soon"
    LATE = "late"
    PAUSED = "paused"
    TENU = "tenu"
    NONE = "none"


@dataclass(frozen=True)
class Horaire:
    """When an agency's clock runs.

    Attributes:
        jours: ISO weekdays, 1 is Monday.
        plages: opening ranges of a working day, local time, ascending, not overlapping.
        feries: closed dates.
    """

    jours: frozenset[int]
    plages: tuple[tuple[time, time], ...]
    feries: frozenset[date] = field(default_factory=frozenset)
    zone: zoneinfo.ZoneInfo = clock.CASABLANCA

    @property
    def minutes_jour(self) -> int:
        return sum(_minute(fin) - _minute(debut) for debut, fin in self.plages)

    def ouvert(self, jour: date) -> bool:
        return jour.isoweekday() in self.jours and jour not in self.feries

    def ouvertures(self, jour: date) -> list[tuple[datetime, datetime]]:
        """Opening intervals of a date as aware instants, empty when closed."""
        if not self.ouvert(jour):
            return []
        return [
            (datetime.combine(jour, debut, self.zone).astimezone(UTC),
             datetime.combine(jour, fin, self.zone).astimezone(UTC))
            for debut, fin in self.plages
        ]  # fmt: skip


def _minute(heure: time) -> int:
    return heure.hour * 60 + heure.minute


def lire_horaire(jours_ouvres: str, horaires: str, feries: Iterable[date] = ()) -> Horaire:
    """Read an agency's ``jours_ouvres`` (``1,2,3``) and ``horaires`` (``08:30-12:30,14:00-18:30``).

    Raises:
        ValueError: unreadable, or the agency would never open.
    """
    jours = frozenset(int(j) for j in jours_ouvres.split(",") if j.strip())
    plages = []
    for morceau in horaires.split(","):
        debut, _, fin = morceau.strip().partition("-")
        plages.append((time.fromisoformat(debut), time.fromisoformat(fin)))
    plages.sort()
    suite = [heure for plage in plages for heure in plage]
    if not jours or not jours <= set(range(1, 8)) or suite != sorted(set(suite)):
        raise ValueError("Les jours ouvrés et les horaires ne se lisent pas (1,2,3,4,5 et 08:30-18:30).")
    return Horaire(jours, tuple(plages), frozenset(feries))


def minutes_ouvertes(horaire: Horaire, debut: datetime, fin: datetime) -> int:
    """Opening minutes between two instants; negative when ``fin`` precedes ``debut``. Seconds are cut off."""
    if fin < debut:
        return -minutes_ouvertes(horaire, fin, debut)
    premier, dernier = debut.astimezone(horaire.zone).date(), fin.astimezone(horaire.zone).date()
    total = timedelta()
    jour = premier
    entieres = 0
    while jour <= dernier:
        if premier < jour < dernier:
            entieres += horaire.ouvert(jour)
        else:
            for ouvre, ferme in horaire.ouvertures(jour):
                total += max(timedelta(), min(ferme, fin) - max(ouvre, debut))
        jour += timedelta(days=1)
    return int(total.total_seconds() // 60) + entieres * horaire.minutes_jour


def ajouter(horaire: Horaire, depart: datetime, minutes: int) -> datetime:
    """The instant at which ``minutes`` of opening time have passed since ``depart``."""
    reste = timedelta(minutes=minutes)
    jour = depart.astimezone(horaire.zone).date()
    limite = jour + _HORIZON + timedelta(minutes=minutes)
    while jour <= limite:
        for ouvre, ferme in horaire.ouvertures(jour):
            debut = max(ouvre, depart)
            if ferme > debut:
                if ferme - debut >= reste:
                    return debut + reste
                reste -= ferme - debut
        jour += timedelta(days=1)
    raise ValueError("L'agence n'ouvre jamais : la date limite ne se calcule pas.")


def fin_de_jour(horaire: Horaire, instant: datetime) -> datetime:
    """Closing time of the opening day that holds ``instant``, or of the next one."""
    jour = instant.astimezone(horaire.zone).date()
    for _ in range(_HORIZON.days):
        ouvertures = horaire.ouvertures(jour)
        if ouvertures and ouvertures[-1][1] >= instant:
            return ouvertures[-1][1]
        jour += timedelta(days=1)
    raise ValueError("L'agence n'ouvre jamais : la date limite ne se calcule pas.")


def heures(priorite: Priorite, contrat_urgence: int | None = None, contrat_normal: int | None = None) -> int | None:
    """Hours granted: the contract's figure for urgent or normal work when it has one, else the priority's."""
    if priorite is Priorite.PROGRAMMEE:
        return None
    du_contrat = contrat_urgence if priorite is Priorite.URGENTE else contrat_normal
    return du_contrat if du_contrat is not None else HEURES[priorite]


def echeance(
    horaire: Horaire,
    depart: datetime,
    accordees: int | None,
    planifiee: datetime | None = None,
    pauses: Iterable[tuple[datetime, datetime]] = (),
) -> datetime | None:
    """The deadline of work asked for at ``depart``.

    Args:
        accordees: opening hours granted; None takes the end of the planned day.
        planifiee: when the work is planned.
        pauses: finished stays in en_attente; their opening minutes are given back.
    """
    if accordees is None:
        return fin_de_jour(horaire, planifiee) if planifiee else None
    rendues = sum(max(0, minutes_ouvertes(horaire, a, b)) for a, b in pauses)
    return ajouter(horaire, depart, accordees * 60 + rendues)


def prolonger(horaire: Horaire, limite: datetime, pause_debut: datetime, pause_fin: datetime) -> datetime:
    """``limite`` moved on by the opening minutes of a pause; a deadline missed before the pause stays missed."""
    if limite <= pause_debut:
        return limite
    return ajouter(horaire, limite, max(0, minutes_ouvertes(horaire, pause_debut, pause_fin)))


@dataclass(frozen=True, slots=True)
class Situation:
    """State of the clock; ``reste_min`` in opening minutes, negative when late, None when nothing runs."""

    etat: EtatSla
    reste_min: int | None = None


def situation(
    horaire: Horaire,
    statut: Statut,
    creation: datetime,
    limite: datetime | None,
    fin: datetime | None,
    maintenant: datetime,
) -> Situation:
    """Where an intervention stands towards its deadline.

    Args:
        fin: end of work or closing, for a finished intervention.
    """
    if limite is None or statut is Statut.ANNULEE:
        return Situation(EtatSla.NONE)
    if statut in (Statut.CLOTUREE, Statut.ARCHIVEE):
        if fin is None or fin <= limite:
            return Situation(EtatSla.TENU)
        return Situation(EtatSla.LATE, -minutes_ouvertes(horaire, limite, fin))
    reste = minutes_ouvertes(horaire, maintenant, limite)
    if statut is Statut.EN_ATTENTE:
        return Situation(EtatSla.PAUSED, reste)
    if maintenant > limite:
        return Situation(EtatSla.LATE, min(reste, 0))
    entier = minutes_ouvertes(horaire, creation, limite)
    return Situation(EtatSla.SOON if reste < PART_BIENTOT * entier else EtatSla.OK, reste)
