"""Deadlines: clocks that run on an agency's opening hours and holidays, and pause in en_attente.

Pure functions over intervals. ``date_limite`` as stored already contains every finished pause: leaving en_attente
moves it on by the opening minutes that the pause took.
"""

from __future__ import annotations

import calendar
import itertools
import re
import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from erp_desktop import clock
from erp_desktop.domain.enums import MotifHoraire, Priorite, Statut
from erp_desktop.errors import UserError

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
_BLOCS = 20
"""Days from which opening minutes are added up by months."""


class EtatSla(StrEnum):
    OK = "ok"
    SOON = "soon"
    LATE = "late"
    PAUSED = "paused"
    TENU = "tenu"
    NONE = "none"


Plage = tuple[int, int]
"""Opening and closing, minutes after local midnight; 1440 closes at the end of the day."""
Semaine = tuple[tuple[Plage, ...], ...]
"""The ranges of each weekday, Monday first, ascending and not overlapping; an empty one is closed."""
FIN_DU_JOUR = 1440
_HEURE = re.compile(r"(\d{1,2})(?:[:.](\d{2})(?::\d{2})?|[hH](\d{2})?)")


@dataclass(frozen=True)
class Periode:
    """A week that holds from one date to another, both included; None has no end on that side."""

    semaine: Semaine
    du: date | None = None
    au: date | None = None
    motif: MotifHoraire = MotifHoraire.NORMAL
    propre: bool = True
    """Of this agency, rather than of all of them."""

    def couvre(self, jour: date) -> bool:
        return (self.du is None or self.du <= jour) and (self.au is None or jour <= self.au)

    @property
    def rang(self) -> tuple[bool, bool, bool, date]:
        """The highest that covers a date decides: single dates, then seasons, one's own, the latest."""
        exception, normal = self.motif is MotifHoraire.EXCEPTION, self.motif is MotifHoraire.NORMAL
        return exception, not normal, self.propre, self.du or date.min


@dataclass(frozen=True)
class Horaire:
    """When an agency's clock runs.

    Attributes:
        periodes: weeks with their dates, the one that decides first; see :func:`composer`.
        feries: closed dates, unless an exception opens them.
    """

    periodes: tuple[Periode, ...]
    feries: frozenset[date] = field(default_factory=frozenset)
    zone: zoneinfo.ZoneInfo = clock.CASABLANCA
    _sums: dict[tuple[int, int], list[int]] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Of the months asked about: opening minutes before each of their days, and before the next month's first."""

    def plages(self, jour: date) -> tuple[Plage, ...]:
        """Opening ranges of a date, empty when closed."""
        for periode in self.periodes:
            if periode.couvre(jour):
                if jour in self.feries and periode.motif is not MotifHoraire.EXCEPTION:
                    return ()
                return periode.semaine[jour.isoweekday() - 1]
        return ()

    def ouvert(self, jour: date) -> bool:
        return bool(self.plages(jour))

    def dans(self, semaine: Semaine) -> Horaire:
        """The same clock within a week of somebody's own: what both have open."""
        mine = (
            replace(p, semaine=tuple(commun(a, b) for a, b in zip(p.semaine, semaine, strict=True)))
            for p in self.periodes
        )
        return Horaire(tuple(mine), self.feries, self.zone)

    def minutes(self, jour: date) -> int:
        """Opening minutes of a date, the hour that the clock skips or repeats counted as it passed."""
        plages = self.plages(jour)
        if plages and self._minuit(jour).utcoffset() != self._minuit(jour + timedelta(days=1)).utcoffset():
            passe = sum((b - a for a, b in self.ouvertures(jour)), timedelta())
            return int(passe.total_seconds() // 60)
        return sum(fin - debut for debut, fin in plages)

    def entre(self, premier: date, dernier: date) -> int:
        """Opening minutes of whole days, both included; a page of late work asks about the same years row by row."""
        total, annee, mois = 0, premier.year, premier.month
        while (annee, mois) <= (dernier.year, dernier.month):
            sommes = self._sums.get((annee, mois)) or self._month(annee, mois)
            jusque = dernier.day if (annee, mois) == (dernier.year, dernier.month) else len(sommes) - 1
            depuis = premier.day - 1 if (annee, mois) == (premier.year, premier.month) else 0
            total += sommes[jusque] - sommes[depuis]
            annee, mois = (annee, mois + 1) if mois < 12 else (annee + 1, 1)
        return total

    def _month(self, annee: int, mois: int) -> list[int]:
        jours = (date(annee, mois, 1) + timedelta(days=n) for n in range(calendar.monthrange(annee, mois)[1]))
        sommes = self._sums[annee, mois] = [0, *itertools.accumulate(map(self.minutes, jours))]
        return sommes

    def _minuit(self, jour: date) -> datetime:
        return datetime.combine(jour, time(), self.zone)

    def _instant(self, jour: date, minute: int) -> datetime:
        if minute == FIN_DU_JOUR:
            return self._minuit(jour + timedelta(days=1)).astimezone(UTC)
        return datetime.combine(jour, time(minute // 60, minute % 60), self.zone).astimezone(UTC)

    def ouvertures(self, jour: date) -> list[tuple[datetime, datetime]]:
        """Opening intervals of a date as aware instants, empty when closed."""
        return [(self._instant(jour, debut), self._instant(jour, fin)) for debut, fin in self.plages(jour)]


def lire_heure(texte: str) -> int:
    """``08:30``, as also ``8h30``, ``08.30`` or ``8h``, in minutes after midnight; a day may end at ``24:00``.

    Raises:
        ValueError: unreadable.
    """
    lue = _HEURE.fullmatch(texte.strip())
    if lue is None:
        raise ValueError(texte)
    heures, minutes = int(lue[1]), int(lue[2] or lue[3] or 0)
    if minutes > 59 or heures * 60 + minutes > FIN_DU_JOUR:
        raise ValueError(texte)
    return heures * 60 + minutes


def commun(un: tuple[Plage, ...], autre: tuple[Plage, ...]) -> tuple[Plage, ...]:
    """What two days' ranges have in common, in order."""
    pairs = ((max(a, c), min(b, d)) for a, b in un for c, d in autre)
    return tuple(sorted((a, b) for a, b in pairs if a < b))


def ecrire_heure(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


class FermeeError(UserError, ValueError):
    """An agency that does not open any more: a deadline counted in its hours is never reached."""

    def __init__(self) -> None:
        super().__init__("L'agence n'ouvre jamais : la date limite ne se calcule pas.")


class DesordreError(ValueError):
    """Ranges that are read, and end before they begin or run into each other."""


def lire_plages(texte: str) -> tuple[Plage, ...]:
    """``08:30-12:30,14:00-18:30``, in order.

    Raises:
        ValueError: unreadable.
        DesordreError: ranges that overlap or run backwards.
    """
    plages = []
    for morceau in texte.split(","):
        debut, _, fin = morceau.strip().partition("-")
        plages.append((lire_heure(debut), lire_heure(fin)))
    plages.sort()
    suite = [heure for plage in plages for heure in plage]
    if suite != sorted(set(suite)):
        told = "Ces horaires ne se lisent pas (08:30-12:30,14:00-18:30 ; la journée peut finir à 24:00)."
        raise DesordreError(told)
    return tuple(plages)


def composer(periodes: Iterable[Periode], feries: Iterable[date] = ()) -> Horaire:
    """The clock of these weeks, whatever their order."""
    return Horaire(tuple(sorted(periodes, key=lambda p: p.rang, reverse=True)), frozenset(feries))


def lire_horaire(jours_ouvres: str, horaires: str, feries: Iterable[date] = ()) -> Horaire:
    """Read an agency's ``jours_ouvres`` (``1,2,3``) and ``horaires`` (``08:30-12:30,14:00-18:30``).

    Raises:
        ValueError: unreadable, or the agency would never open.
    """
    jours = frozenset(int(j) for j in jours_ouvres.split(",") if j.strip())
    if not jours or not jours <= set(range(1, 8)):
        raise ValueError("Les jours ouvrés ne se lisent pas (1,2,3,4,5).")
    plages = lire_plages(horaires)
    return composer([Periode(tuple(plages if j in jours else () for j in range(1, 8)))], feries)


def minutes_ouvertes(horaire: Horaire, debut: datetime, fin: datetime) -> int:
    """Opening minutes between two instants; negative when ``fin`` precedes ``debut``. Seconds are cut off."""
    if fin < debut:
        return -minutes_ouvertes(horaire, fin, debut)
    premier, dernier = debut.astimezone(horaire.zone).date(), fin.astimezone(horaire.zone).date()
    total = timedelta()
    for jour in {premier, dernier}:
        for ouvre, ferme in horaire.ouvertures(jour):
            total += max(timedelta(), min(ferme, fin) - max(ouvre, debut))
    entieres = 0
    if (dernier - premier).days > _BLOCS:
        entieres = horaire.entre(premier + timedelta(days=1), dernier - timedelta(days=1))
    else:
        for n in range(1, (dernier - premier).days):
            entieres += horaire.minutes(premier + timedelta(days=n))
    return int(total.total_seconds() // 60) + entieres


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
    raise FermeeError


def fin_de_jour(horaire: Horaire, instant: datetime) -> datetime:
    """Closing time of the opening day that holds ``instant``, or of the next one."""
    jour = instant.astimezone(horaire.zone).date()
    for _ in range(_HORIZON.days):
        ouvertures = horaire.ouvertures(jour)
        if ouvertures and ouvertures[-1][1] >= instant:
            return ouvertures[-1][1]
        jour += timedelta(days=1)
    raise FermeeError


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
    *,
    minutes: int | None = None,
) -> datetime | None:
    """The deadline of work asked for at ``depart``.

    Args:
        accordees: opening hours granted; None takes the end of the planned day.
        planifiee: when the work is planned.
        pauses: finished stays in en_attente; their opening minutes are given back.
        minutes: granted instead, where a contract says so for this priority.
    """
    if minutes is None and accordees is not None:
        minutes = accordees * 60
    if minutes is None:
        return fin_de_jour(horaire, planifiee) if planifiee else None
    rendues = sum(max(0, minutes_ouvertes(horaire, a, b)) for a, b in pauses)
    return ajouter(horaire, depart, minutes + rendues)


def prolonger(horaire: Horaire, limite: datetime, pause_debut: datetime, pause_fin: datetime) -> datetime:
    """``limite`` moved on by the opening minutes of a pause; a deadline missed before the pause stays missed."""
    if limite <= pause_debut:
        return limite
    return ajouter(horaire, limite, max(0, minutes_ouvertes(horaire, pause_debut, pause_fin)))


def remise_en_service(fin_travaux: datetime | None, cloture: datetime | None) -> datetime | None:
    """When the machine was back: the end of the work, else the closing; None without closing (open or cancelled)."""
    return None if cloture is None else fin_travaux or cloture


def duree_active(
    horaire: Horaire, debut: datetime, fin: datetime, pauses: Iterable[tuple[datetime, datetime | None]] = ()
) -> int | None:
    """Opening minutes of work between its two ends, pauses out; None when no opening minute lies between them."""
    travail = minutes_ouvertes(horaire, debut, fin)
    for a, b in pauses:
        travail -= max(0, minutes_ouvertes(horaire, max(a, debut), min(b or fin, fin)))
    return travail if travail > 0 else None


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
        fin: what :func:`remise_en_service` says.
    """
    if limite is None or statut is Statut.ANNULEE:
        return Situation(EtatSla.NONE)
    if statut in (Statut.CLOTUREE, Statut.ARCHIVEE):
        if fin is None:
            return Situation(EtatSla.NONE)
        if fin <= limite:
            return Situation(EtatSla.TENU)
        return Situation(EtatSla.LATE, -minutes_ouvertes(horaire, limite, fin))
    reste = minutes_ouvertes(horaire, maintenant, limite)
    if statut is Statut.EN_ATTENTE:
        return Situation(EtatSla.PAUSED, reste)
    if maintenant > limite:
        return Situation(EtatSla.LATE, min(reste, 0))
    entier = minutes_ouvertes(horaire, creation, limite)
    return Situation(EtatSla.SOON if reste < PART_BIENTOT * entier else EtatSla.OK, reste)


def prise_en_charge(
    horaire: Horaire,
    statut: Statut,
    creation: datetime,
    limite: datetime,
    debut: datetime | None,
    maintenant: datetime,
) -> Situation:
    """Where an intervention stands towards the instant at which its work is to have begun.

    Nothing pauses before work begins. Work of which no beginning was noted is judged while it is still to begin only.
    """
    if debut is not None and statut is not Statut.ANNULEE:
        return situation(horaire, Statut.CLOTUREE, creation, limite, debut, maintenant)
    if statut not in (Statut.OUVERTE, Statut.AFFECTEE):
        return Situation(EtatSla.NONE)
    return situation(horaire, statut, creation, limite, None, maintenant)
