"""Periods that follow each other while a contract runs on."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import StatutContrat
from erp_desktop.models import ContratPeriode
from erp_desktop.services import contrats, interventions
from erp_desktop.services.contrats import following, periods
from tests.services.branch import Monde
from tests.services.contrats.test_contrats import _done as done
from tests.services.contrats.test_contrats import _draft as draft
from tests.services.contrats.test_contrats import _run as run


@pytest.fixture(autouse=True)
def _monday(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 16, 9, 0, tzinfo=UTC))


def test_what_is_included_a_year_is_so_in_each_year(monde: Monde, monkeypatch: pytest.MonkeyPatch) -> None:
    """A period that is over is followed by another one, up to the end of the contract; work in it is not billed."""
    several = draft(monde, nb_interventions_incluses=2, montant_annuel="1200", date_debut=date(2024, 7, 1),
                     date_fin=date(2027, 3, 31))  # fmt: skip
    endless = draft(monde, heures_incluses=10, date_fin=None)
    plain = draft(monde, date_debut=date(2024, 7, 1))
    for ident in (several, endless, plain):
        run(monde, ident)

    def laid(ident: int) -> list[tuple[Any, ...]]:
        with transaction(monde.engine) as session:
            found = periods.lister(session, monde.agent, ident)
        return [(p.numero, p.du, p.au, p.interventions_incluses, p.heures_incluses, p.montant) for p in found[::-1]]

    # Validated late, it has the periods that are past too.
    assert laid(several) == [
        (1, date(2024, 7, 1), date(2025, 6, 30), 2, None, 1200),
        (2, date(2025, 7, 1), date(2026, 6, 30), 2, None, 1200),
        (3, date(2026, 7, 1), date(2027, 3, 31), 2, None, 1200),
    ]  # fmt: skip
    assert [p[:3] for p in laid(endless)] == [(1, date(2026, 1, 1), date(2026, 12, 31))]
    with transaction(monde.engine) as session:
        assert not following.any_over(session)
        assert following.follow(session) == {}
    later = datetime(2027, 1, 4, 9, 0, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: later)
    job = done(monde, endless, date(2027, 1, 4))
    with transaction(monde.engine) as session:
        assert interventions.get(session, monde.agent, job).charge is None, "no period takes it"
        assert following.any_over(session)
        assert list(following.follow(session)) == [endless]
        assert not following.any_over(session)
    assert laid(endless)[1:] == [(2, date(2027, 1, 1), date(2027, 12, 31), None, 10, None)]
    with transaction(monde.engine) as session:
        charge = interventions.get(session, monde.agent, job).charge
        assert charge is not None
        assert charge.imputation == "contrat"
        # Periods of another length go on at theirs, from the last day, whatever their numbers; a stopped one waits.
        contrats.changer_statut(session, monde.responsable, endless, StatutContrat.SUSPENDU, "Impayé")
        for period in periods.lister(session, monde.agent, endless):
            session.delete(session.get_one(ContratPeriode, period.id))
        session.flush()
        ends = {1: (date(2026, 4, 1), date(2026, 9, 30)), 2: (date(2026, 1, 1), date(2026, 3, 31))}
        for number, (du, au) in ends.items():
            session.add(ContratPeriode(contrat_id=endless, agence_id=monde.cas, numero=number, du=du, au=au,
                                       interventions_incluses=3))  # fmt: skip
        session.flush()
        assert not following.any_over(session)
        back = contrats.changer_statut(session, monde.responsable, endless, StatutContrat.EN_COURS)
    six = [(1, *ends[1]), (3, date(2026, 10, 1), date(2027, 3, 31))]
    assert [p[:3] for p in laid(endless)] == [(2, *ends[2]), *six]
    monde.faire(contrats.revenir, monde.responsable, back)
    assert [p[0] for p in laid(endless)] == [2, 1]
    assert laid(plain) == []
