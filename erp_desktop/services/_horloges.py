"""The agencies' clocks, read once per call, and the pauses of an intervention."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.domain import sla
from erp_desktop.domain.enums import Priorite, Statut
from erp_desktop.models import Agence, Contrat, HistoriqueIntervention, Intervention, JourFerie

_SECOURS = sla.lire_horaire("1,2,3,4,5,6", "08:30-18:30")


class Horloges:
    """Opening hours by agency; an agency whose hours cannot be read keeps the usual ones."""

    def __init__(self, session: Session) -> None:
        feries = frozenset(session.scalars(sa.select(JourFerie.jour)))
        self._secours = sla.Horaire(_SECOURS.jours, _SECOURS.plages, feries)
        self._par_agence: dict[int, sla.Horaire] = {}
        for ident, jours, horaires in session.execute(sa.select(Agence.id, Agence.jours_ouvres, Agence.horaires)):
            try:
                self._par_agence[ident] = sla.lire_horaire(jours, horaires, feries)
            except ValueError:
                continue

    def de(self, agence_id: int | None) -> sla.Horaire:
        return self._par_agence.get(agence_id or 0, self._secours)


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


def echeance(session: Session, intervention: Intervention, contrat: Contrat | None) -> datetime | None:
    """The deadline from the priority, the contract, the planned date and the finished pauses."""
    heures = sla.heures(
        Priorite(intervention.priorite),
        contrat.temps_reponse_urgence if contrat else None,
        contrat.temps_reponse_normal if contrat else None,
    )
    finies = [(a, b) for a, b in pauses(session, intervention.id) if b is not None] if intervention.id else []
    horaire = Horloges(session).de(intervention.agence_id)
    return sla.echeance(horaire, intervention.date_creation, heures, intervention.date_planifiee, finies)
