"""What a report holds: frozen values that cross threads and layers, no session behind them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from erp_desktop.errors import ValidationError


@dataclass(frozen=True, slots=True)
class ParamsRapport:
    """What to report on.

    Attributes:
        debut: first local day (Africa/Casablanca), inclusive.
        fin: last local day, inclusive.
        agence_id: one agency, or None for all that the database holds.
        technicien_id: one technicien's own work, or None for everybody.
        top: how many équipements to list, most expensive first.

    Raises:
        ValidationError: when ``fin`` precedes ``debut``.
    """

    debut: date
    fin: date
    agence_id: int | None = None
    technicien_id: int | None = None
    top: int = 10

    def __post_init__(self) -> None:
        if self.fin < self.debut:
            raise ValidationError({"fin": "La fin de la période précède son début."})


@dataclass(frozen=True, slots=True)
class Volume:
    """How many interventions carry one value of a closed list (``cle`` is the stored value)."""

    cle: str
    nombre: int


@dataclass(frozen=True, slots=True)
class Sla:
    """Commitments that fell due, and those kept."""

    echus: int
    tenus: int

    @property
    def taux(self) -> float | None:
        """Per cent, or None when nothing fell due."""
        return 100 * self.tenus / self.echus if self.echus else None


@dataclass(frozen=True, slots=True)
class Mttr:
    """Repairs whose active time is known, how long they took together, and how many are left out without one."""

    reparations: int
    total_min: int
    exclues: int = 0

    @property
    def nombre(self) -> int:
        return self.reparations

    @property
    def minutes(self) -> float | None:
        """Mean minutes, or None without a timed repair."""
        return self.total_min / self.reparations if self.reparations else None


@dataclass(frozen=True, slots=True)
class Delai:
    """Delays that are known, how long they are together, and how many corrective interventions have none."""

    nombre: int
    total_s: int
    exclues: int = 0

    @property
    def minutes(self) -> float | None:
        """Mean minutes, or None without one."""
        return self.total_s / 60 / self.nombre if self.nombre else None


@dataclass(frozen=True, slots=True)
class MoisRapport:
    """One local calendar month, clipped to the period; ``mois`` is its first day."""

    mois: date
    creees: int
    cloturees: int
    sla: Sla
    mttr: Mttr
    prise_en_charge: Delai
    remise_en_service: Delai


@dataclass(frozen=True, slots=True)
class Tranche:
    """Open interventions by age in local days; ``maxi`` is None for the last bucket."""

    mini: int
    maxi: int | None
    nombre: int


@dataclass(frozen=True, slots=True)
class Cout:
    """Costs before tax in MAD, exact to the centime."""

    pieces: Decimal
    main_oeuvre: Decimal
    deplacement: Decimal
    autres: Decimal
    externe: Decimal
    """Taken over from imported work orders, which give no detail."""

    @property
    def total(self) -> Decimal:
        return self.pieces + self.main_oeuvre + self.deplacement + self.autres + self.externe


@dataclass(frozen=True, slots=True)
class LigneTechnicien:
    """Work closed in the period by one technicien; ``id`` None gathers what nobody was assigned to."""

    id: int | None
    nom: str
    nombre: int
    minutes: int
    sla: Sla
    cout: Cout
    sans_duree: int = 0
    """Closed without a ``duree_reelle``, which ``minutes`` leaves out."""


@dataclass(frozen=True, slots=True)
class LigneEquipement:
    """Work closed in the period on one machine."""

    id: int
    code: str
    nom: str
    client: str
    nombre: int
    minutes: int
    cout: Cout


@dataclass(frozen=True, slots=True)
class Precedent:
    """The same figures for the period of equal length just before."""

    debut: date
    fin: date
    creees: int
    cloturees: int
    sla: Sla
    mttr: Mttr
    prise_en_charge: Delai
    remise_en_service: Delai


@dataclass(frozen=True, slots=True)
class RapportInterventions:
    """See :func:`erp_desktop.reports.interventions.calculer` for what each figure means."""

    params: ParamsRapport
    agence: str
    calcule_a: datetime
    donnees_du: datetime
    creees: int
    cloturees: int
    sans_date_cloture: int
    """Created in the period and closed nobody knows when: in none of the figures of closed work."""
    encours: int
    encours_debut: int
    sans_technicien: int
    anciennete_au: date
    anciennete: tuple[Tranche, ...]
    par_statut: tuple[Volume, ...]
    par_type: tuple[Volume, ...]
    par_priorite: tuple[Volume, ...]
    par_mois: tuple[MoisRapport, ...]
    sla: Sla
    mttr: Mttr
    prise_en_charge: Delai
    remise_en_service: Delai
    minutes: int
    cout: Cout
    techniciens: tuple[LigneTechnicien, ...]
    equipements: tuple[LigneEquipement, ...]
    nb_equipements: int
    precedent: Precedent


def sla_total(parts: Iterable[Sla]) -> Sla:
    liste = list(parts)
    return Sla(sum(s.echus for s in liste), sum(s.tenus for s in liste))


def mttr_total(parts: Iterable[Mttr]) -> Mttr:
    liste = list(parts)
    return Mttr(sum(m.reparations for m in liste), sum(m.total_min for m in liste),
                sum(m.exclues for m in liste))  # fmt: skip


def delai_total(parts: Iterable[Delai]) -> Delai:
    liste = list(parts)
    return Delai(sum(d.nombre for d in liste), sum(d.total_s for d in liste), sum(d.exclues for d in liste))


def cout_total(parts: Iterable[Cout]) -> Cout:
    liste = list(parts)
    zero = Decimal("0.00")
    return Cout(
        sum((c.pieces for c in liste), zero), sum((c.main_oeuvre for c in liste), zero),
        sum((c.deplacement for c in liste), zero), sum((c.autres for c in liste), zero),
        sum((c.externe for c in liste), zero),
    )  # fmt: skip


def mois_touches(debut: date, fin: date) -> list[date]:
    """First days of the calendar months that the period touches."""
    premier, dernier = debut.year * 12 + debut.month - 1, fin.year * 12 + fin.month - 1
    return [date(m // 12, m % 12 + 1, 1) for m in range(premier, dernier + 1)]
