"""The agencies' clocks, read once per call or as they are typed, and the pauses of an intervention."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db.abreast import together
from erp_desktop.domain import sla
from erp_desktop.domain.contrats import cycle
from erp_desktop.domain.enums import HoraireSla, MotifHoraire, Priorite, Statut
from erp_desktop.errors import ValidationError
from erp_desktop.models import (
    Agence,
    Contrat,
    HistoriqueIntervention,
    HoraireAgence,
    Intervention,
    JourFerie,
    SlaRegle,
)

_SEMAINES = sa.select(
    HoraireAgence.agence_id, HoraireAgence.motif, HoraireAgence.valable_du, HoraireAgence.valable_au,
    HoraireAgence.jour_iso, HoraireAgence.debut, HoraireAgence.fin,
).order_by(HoraireAgence.debut, HoraireAgence.fin)  # fmt: skip
_CONTINU = sla.lire_horaire("1,2,3,4,5,6,7", "00:00-24:00")
_SECOURS = sla.lire_horaire("1,2,3,4,5,6", "08:30-18:30")


@dataclass(frozen=True, slots=True)
class PriseEnCharge:
    """When work is to begin under its contract, and where it stands; empty where the contract does not say.

    Attributes:
        reste_min: opening minutes, negative when late.
        attendue: not begun yet: its clock runs before that of the deadline.
    """

    limite: datetime | None = None
    etat: str = sla.EtatSla.NONE.value
    reste_min: int | None = None
    attendue: bool = False

    def ou(self, etat: str, reste_min: int | None, limite: datetime | None) -> Due:
        """What is due next: that work begins, where its contract says how soon, else its end as given."""
        return Due(self.etat, self.reste_min, self.limite) if self.attendue else Due(etat, reste_min, limite)


@dataclass(frozen=True, slots=True)
class Due:
    """What lists, forms and the planning count first; ``reste_min`` in opening minutes, negative when late."""

    etat: str
    reste_min: int | None
    limite: datetime | None

    def part(self, creation: datetime, maintenant: datetime) -> float:
        """Share of the time from ``creation`` on that is left, 0 to 1."""
        if self.limite is None or self.reste_min is None or self.limite <= creation:
            return 0.0
        return min(1.0, max(0.0, (self.limite - maintenant) / (self.limite - creation)))


class Horloges:
    """Opening hours by agency: its dated weeks, else the text of its row, else (unreadable) the usual ones."""

    def __init__(self, session: Session) -> None:
        communs: set[date] = set()
        propres: dict[int, set[date]] = {}
        feries, lignes, agences, delais = together(
            session, sa.select(JourFerie.agence_id, JourFerie.jour), _SEMAINES,
            sa.select(Agence.id, Agence.jours_ouvres, Agence.horaires),
            sa.select(SlaRegle.contrat_id, SlaRegle.priorite, SlaRegle.prise_en_charge_min, SlaRegle.resolution_min),
        )  # fmt: skip
        self._delais = {(contrat, priorite): (debut, fin) for contrat, priorite, debut, fin in delais}
        for agence, jour in feries:
            (communs if agence is None else propres.setdefault(agence, set())).add(jour)
        semaines = _periodes(lignes)
        self._secours = sla.composer([*_SECOURS.periodes, *semaines.get(None, [])], communs)
        self._par_agence: dict[int, sla.Horaire] = {}
        for ident, jours, horaires in agences:
            siennes = [*semaines.get(ident, []), *semaines.get(None, [])]
            if not any(p.motif is MotifHoraire.NORMAL and p.propre for p in siennes):
                siennes += _du_texte(jours, horaires)
            self._par_agence[ident] = sla.composer(siennes, communs | propres.get(ident, set()))

    def de(self, agence_id: int | None, couverture: str | None = None) -> sla.Horaire:
        """The clock of an agency's work; ``couverture``: the ``horaire_sla`` of its contract."""
        if couverture == HoraireSla.CONTINU:
            return _CONTINU
        return self._par_agence.get(agence_id or 0, self._secours)

    def delais(self, contrat: Contrat | None, priorite: str) -> tuple[int | None, int | None]:
        """Minutes until work of a priority is begun and is done, as the contract's own lines say."""
        return self._delais.get((contrat.id, priorite), (None, None)) if contrat is not None else (None, None)


def _du_texte(jours: str, horaires: str) -> tuple[sla.Periode, ...]:
    try:
        return sla.lire_horaire(jours, horaires).periodes
    except ValueError:
        return _SECOURS.periodes


def lire_periodes(session: Session) -> dict[int | None, list[sla.Periode]]:
    """The dated weeks of each agency; under None those of all."""
    return _periodes(session.execute(_SEMAINES))


def _periodes(lignes: Iterable[Any]) -> dict[int | None, list[sla.Periode]]:
    lues: dict[tuple[int | None, str, date | None, date | None], dict[int, list[sla.Plage]]] = {}
    for agence, motif, du, au, jour, debut, fin in lignes:
        semaine = lues.setdefault((agence, motif, du, au), {})
        semaine.setdefault(jour, []).append((sla.lire_heure(debut), sla.lire_heure(fin)))
    trouvees: dict[int | None, list[sla.Periode]] = {}
    for (agence, motif, du, au), semaine in lues.items():
        jours = tuple(tuple(semaine.get(j, ())) for j in range(1, 8))
        trouvees.setdefault(agence, []).append(sla.Periode(jours, du, au, MotifHoraire(motif), agence is not None))
    return trouvees


def pauses(session: Session, intervention_id: int) -> list[tuple[datetime, datetime | None]]:
    """Stays in en_attente from the audit, in order; the last one's end is None while it lasts."""
    lignes = session.execute(
        sa.select(HistoriqueIntervention.statut, HistoriqueIntervention.horodatage)
        .where(HistoriqueIntervention.intervention_id == intervention_id, HistoriqueIntervention.action == "statut")
        .order_by(HistoriqueIntervention.horodatage, HistoriqueIntervention.id)
    )
    trouvees: list[tuple[datetime, datetime | None]] = []
    for statut, quand in lignes:
        if trouvees and trouvees[-1][1] is None:
            trouvees[-1] = (trouvees[-1][0], quand)
        if statut == Statut.EN_ATTENTE:
            trouvees.append((quand, None))
    return trouvees


def tenu_par(contrat: Contrat | None, creation: datetime) -> Contrat | None:
    """The contract, if what it promises holds for work asked for at ``creation``."""
    if contrat is None or not cycle.en_vigueur(
        contrat.statut, contrat.date_debut, contrat.date_fin, contrat.date_resiliation, clock.local(creation).date()
    ):
        return None
    return contrat


def horaire_de(
    session: Session, intervention: Intervention, contrat: Contrat | None, horloges: Horloges | None = None
) -> sla.Horaire:
    """The clock on which an intervention's deadline runs."""
    tenu = tenu_par(contrat, intervention.date_creation)
    return (horloges or Horloges(session)).de(intervention.agence_id, tenu.horaire_sla if tenu else None)


def echeance(
    session: Session, intervention: Intervention, contrat: Contrat | None, horloges: Horloges | None = None,
    arrets: list[tuple[datetime, datetime | None]] | None = None,
) -> datetime | None:  # fmt: skip
    """The deadline from the priority, the contract, the planned date and the finished pauses.

    Args:
        horloges: read once, when many deadlines are computed.
        arrets: its :func:`pauses`, where they were read already.
    """
    horloges = horloges or Horloges(session)
    horaire = horaire_de(session, intervention, contrat, horloges)
    contrat = tenu_par(contrat, intervention.date_creation)
    heures = sla.heures(
        Priorite(intervention.priorite),
        contrat.temps_reponse_urgence if contrat else None,
        contrat.temps_reponse_normal if contrat else None,
    )
    if arrets is None:
        arrets = pauses(session, intervention.id) if intervention.id else []
    finies = [(a, b) for a, b in arrets if b is not None]
    return sla.echeance(horaire, intervention.date_creation, heures, intervention.date_planifiee, finies,
                        minutes=horloges.delais(contrat, intervention.priorite)[1])  # fmt: skip


def prise_en_charge(horloges: Horloges, travail: Any, contrat: Contrat | None, maintenant: datetime) -> PriseEnCharge:
    """When work is to begin, from its contract's delay for its priority.

    Args:
        travail: an intervention, or a row with its agency, priority, statut, creation and beginning.
    """
    tenu = tenu_par(contrat, travail.date_creation)
    minutes = horloges.delais(tenu, travail.priorite)[0]
    if tenu is None or minutes is None:
        return PriseEnCharge()
    horaire = horloges.de(travail.agence_id, tenu.horaire_sla)
    limite = sla.ajouter(horaire, travail.date_creation, minutes)
    debut = travail.date_debut_travaux
    found = sla.prise_en_charge(
        horaire, Statut(travail.statut), travail.date_creation, limite, debut, maintenant
    )  # fmt: skip
    attendue = debut is None and found.etat is not sla.EtatSla.NONE
    return PriseEnCharge(limite, found.etat.value, found.reste_min, attendue)


def plages_tapees(texte: str, champ: str) -> tuple[sla.Plage, ...]:
    """Ranges of hours as they are typed.

    Raises:
        ValidationError: under ``champ``, unreadable.
    """
    try:
        return sla.lire_plages(texte)
    except sla.DesordreError:
        dit = f"« {texte} » ne se lit pas : une plage finit après avoir commencé."
    except ValueError:
        dit = f"« {texte} » ne se lit pas : 08:30-12:30,14:00-18:30, jusqu'à 24:00."
    raise ValidationError({champ: dit})


def lire_semaine(texte: str) -> dict[int, Sequence[sla.Plage]]:
    """``1-5=08:30-12:30,14:00-18:30 6=08:30-12:30``: weekdays, then their ranges; a weekday not named is closed.

    Raises:
        ValidationError: under ``semaine``, unreadable.
    """
    semaine: dict[int, Sequence[sla.Plage]] = {}
    for morceau in texte.split():
        jours, _, plages = morceau.partition("=")
        premier, _, dernier = jours.partition("-")
        if not (re.fullmatch(r"\d{1,3}-?(\d{1,3})?", jours) and plages):
            raise ValidationError(
                {"semaine": f"« {morceau} » ne se lit pas : 1-5=08:30-18:30 6=08:30-12:30 (1 est lundi)."}
            )
        bornes = range(int(premier), int(dernier or premier) + 1)
        if not bornes or bornes[0] < 1 or bornes[-1] > 7:
            raise ValidationError({"semaine": f"« {jours} » : les jours vont de 1 (lundi) à 7 (dimanche)."})
        semaine |= dict.fromkeys(bornes, plages_tapees(plages, "semaine"))
    if not semaine:
        raise ValidationError(
            {"semaine": "Une semaine sans aucune ouverture : la date limite ne se calculerait jamais."}
        )
    return semaine
