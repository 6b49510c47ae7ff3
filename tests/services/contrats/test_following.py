"""Periods that follow each other while a contract runs on."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.domain.contrats.saisie import CouvertureInput
from erp_desktop.domain.enums import StatutContrat
from erp_desktop.domain.saisie import InterventionInput
from erp_desktop.models import ContratPeriode, Intervention
from erp_desktop.services import contrats, equipements, interventions
from erp_desktop.services.contrats import amendments, following, periods
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


def test_a_tacit_contract_carries_on_from_its_end(monde: Monde, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody ended it: its terms hold on, its quota begins anew, and work asked for meanwhile is under it."""
    terms = {"date_debut": date(2025, 12, 1), "date_fin": date(2026, 11, 30), "nb_interventions_incluses": 2}
    tacit = draft(monde, **terms, reconduction="tacite", duree_mois=6, temps_reponse_normal=2)
    others = [draft(monde, **terms, reconduction=kind) for kind in ("expresse", "aucune")]
    stopped, ended = (draft(monde, **terms, reconduction="tacite") for _ in range(2))
    for ident in (tacit, *others, stopped, ended):
        run(monde, ident)
    for ident, statut in ((stopped, StatutContrat.SUSPENDU), (ended, StatutContrat.RESILIE)):
        monde.faire(contrats.changer_statut, monde.responsable, ident, statut, "Impayé")

    def end(ident: int) -> tuple[str, date | None]:
        card = monde.faire(contrats.get, monde.agent, ident)
        return card.etat, card.date_fin

    with transaction(monde.engine) as session:
        assert following.carry_on(session) == [], "its last day is to come"
    later = datetime(2026, 12, 2, 9, 0, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert end(tacit) == ("expire", date(2026, 11, 30))
    job = monde.faire(interventions.create, monde.agent,
                      InterventionInput(titre="Fuite", equipement_id=monde.equipement, contrat_id=tacit))  # fmt: skip
    with transaction(monde.engine) as session:
        before = session.get_one(Intervention, job).date_limite
        assert following.any_over(session)
        assert following.carry_on(session) == [tacit]
        assert following.follow(session).keys() == {tacit}
        assert not following.any_over(session)
        after = session.get_one(Intervention, job).date_limite
        assert before is not None
        assert after == later + timedelta(hours=2) < before, "two hours, as the contract says"
        periods_ = [
            (p.numero, p.du, p.au, p.interventions_incluses) for p in periods.lister(session, monde.agent, tacit)
        ]
    assert end(tacit) == ("en_cours", date(2027, 5, 31))
    assert periods_ == [(2, date(2026, 12, 1), date(2027, 5, 31), 2), (1, date(2025, 12, 1), date(2026, 11, 30), 2)]
    for ident in others:
        assert end(ident) == ("expire", date(2026, 11, 30))
    # What ended long ago is over, whatever was ticked then.
    monde.executer("UPDATE contrats SET date_fin = '2026-08-31' WHERE id = :i", i=tacit)
    with transaction(monde.engine) as session:
        assert not following.any_over(session)


def test_a_renewal_for_longer_than_a_period_is_counted_by_periods(monde: Monde) -> None:
    ident = draft(monde, date_debut=date(2026, 1, 1), date_fin=date(2026, 12, 31), duree_mois=24,
                  nb_interventions_incluses=2)  # fmt: skip
    run(monde, ident)
    monde.faire(contrats.renouveler, monde.responsable, ident)
    assert monde.faire(contrats.get, monde.agent, ident).date_fin == date(2028, 12, 31)
    laid = monde.faire(periods.lister, monde.agent, ident)
    assert [(p.du, p.au, p.interventions_incluses) for p in laid] == [
        (date(2027, 1, 1), date(2027, 12, 31), 2), (date(2026, 1, 1), date(2026, 12, 31), 2),
    ]  # fmt: skip


def _covered(monde: Monde, contract: int, *ends: date | None) -> dict[int, date | None]:
    """Machines of the contract's client under it from its first day, with the ends that were typed."""
    found = {}
    for rank, end in enumerate(ends):
        machine = monde.faire(equipements.create, monde.agent, equipements.EquipementInput(
            client_id=monde.client, nom=f"Pompe {rank}", code_interne=f"P-{contract}-{rank}",
        ))  # fmt: skip
        monde.faire(contrats.couvrir, monde.responsable, contract,
                    CouvertureInput(equipement_id=machine, du=date(2026, 1, 1), au=end))  # fmt: skip
        found[machine] = end
    return found


def _ends(monde: Monde, contract: int) -> list[date | None]:
    found = monde.faire(contrats.couverts, monde.agent, contract)
    return [c.au for c in sorted(found, key=lambda c: c.equipement_id)]


def test_a_cover_that_ends_with_its_contract_is_renewed_with_it(
    monde: Monde, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that left earlier stays ended, one without an end needs none; a renewal taken back takes them back."""
    end, early = date(2026, 11, 30), date(2026, 10, 31)
    terms = {"date_debut": date(2025, 12, 1), "date_fin": end, "duree_mois": 12}
    renewed, amended = (draft(monde, **terms) for _ in range(2))
    tacit = draft(monde, **terms, reconduction="tacite")
    for ident in (renewed, tacit, amended):
        run(monde, ident)
        _covered(monde, ident, end, early, None)
    back = monde.faire(contrats.renouveler, monde.responsable, renewed)
    assert _ends(monde, renewed) == [date(2027, 11, 30), early, None]
    monde.faire(contrats.revenir, monde.responsable, back)
    assert _ends(monde, renewed) == [end, early, None]
    # A typed end and that of an amendment carry them as well.
    monde.faire(contrats.update, monde.responsable, amended, {"date_fin": date(2026, 12, 31)})
    assert _ends(monde, amended) == [date(2026, 12, 31), early, None]
    monde.faire(amendments.add, monde.responsable, amended, amendments.AvenantInput(
        objet="Prolongé", date_effet=date(2026, 11, 1), terme="date_fin", valeur=date(2027, 3, 31),
    ))  # fmt: skip
    assert _ends(monde, amended) == [date(2027, 3, 31), early, None]

    later = datetime(2026, 12, 2, 9, 0, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: later)
    with transaction(monde.engine) as session:
        assert following.carry_on(session) == [tacit]
    assert _ends(monde, tacit) == [date(2027, 11, 30), early, None]
    # Taken off after the end, a machine does not come back with a late renewal.
    machine = sorted(c.equipement_id for c in monde.faire(contrats.couverts, monde.agent, renewed))[0]
    monde.faire(contrats.retirer, monde.responsable, renewed, machine)
    monde.faire(contrats.renouveler, monde.responsable, renewed)
    assert _ends(monde, renewed) == [date(2026, 12, 1), early, None]
