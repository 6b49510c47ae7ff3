"""The quotas of a period as its days go by, on both engines."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.domain.contrats import quotas
from erp_desktop.domain.contrats.saisie import ContratInput
from erp_desktop.domain.enums import StatutContrat
from erp_desktop.domain.saisie import InterventionInput
from erp_desktop.models import Intervention
from erp_desktop.services import contrats, interventions
from erp_desktop.services.contrats import periods
from tests.services.branch import Monde


def test_a_period_foretells_its_quotas(monde: Monde, monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: now)
    with transaction(monde.engine) as session:
        terms = ContratInput(client_id=monde.client, date_debut=date(2026, 1, 1), date_fin=date(2026, 12, 31),
                             nb_interventions_incluses=4, heures_incluses=10)  # fmt: skip
        ident = contrats.create(session, monde.agent, terms)
        contrats.changer_statut(session, monde.responsable, ident, StatutContrat.EN_COURS)
        for month in (1, 2, 3):
            typed = InterventionInput(titre="Travail", equipement_id=monde.equipement, contrat_id=ident)
            job = session.get_one(Intervention, interventions.create(session, monde.agent, typed))
            job.statut, job.technicien_id, job.duree_reelle, job.diagnostic = "cloturee", monde.karim, 60, "fait"
            job.date_debut_travaux = datetime(2026, month, 3, 8, tzinfo=UTC)
            job.date_fin_travaux = datetime(2026, month, 3, 9, tzinfo=UTC)
    with transaction(monde.engine) as session:
        (period,) = periods.lister(session, monde.agent, ident)
    # On its hundredth day; 3 of 4, and 3 h of 10.
    day = period.du + timedelta(days=99)
    now = datetime.combine(day, time(12), clock.CASABLANCA).astimezone(UTC)
    with transaction(monde.engine) as session:
        (period,) = periods.lister(session, monde.agent, ident)
    days = (period.au - period.du).days + 1
    assert period.prevision == quotas.Prevision(round(3 * days / 100), period.du + timedelta(days=133))
    assert period.prevision_minutes is not None
    assert period.prevision_minutes.a_la_fin == round(180 * days / 100)
    now = datetime.combine(period.au, time(12), clock.CASABLANCA).astimezone(UTC) + timedelta(days=1)
    with transaction(monde.engine) as session:
        (period,) = periods.lister(session, monde.agent, ident)
    assert (period.prevision, period.prevision_minutes) == (None, None)
