"""Contracts between branches: the last visit spent twice, one machine and one period entered on two desktops."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from erp_desktop import clock
from erp_desktop.centre.functions import rules
from erp_desktop.db.engine import create_pg_engine
from erp_desktop.db.session import transaction
from erp_desktop.domain.contrats import quotas as rule
from erp_desktop.domain.contrats.saisie import ContratInput, CouvertureInput, PeriodeInput
from erp_desktop.domain.enums import Imputation, Role, StatutContrat
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.saisie import InterventionInput
from erp_desktop.errors import UserError
from erp_desktop.models import Avenant, Contrat, ContratPeriode, Intervention
from erp_desktop.services import contrats, interventions
from erp_desktop.services.contrats import amendments, following, periods
from erp_desktop.services.contrats.amendments import AvenantInput
from erp_desktop.services.shared import quotas
from erp_desktop.sync.exchange.reasons import french_reason
from erp_desktop.sync.inbox import conflicts
from tests.sync.lab import Device, Lab


def do(device: Device, lab: Lab, act: Any, *values: Any) -> Any:
    """One act of the branch's responsable on a desktop."""
    user = lab.value("SELECT min(id) FROM users WHERE role = 'responsable'")
    person = Acteur(user, "R", Role.RESPONSABLE, device.agence_id, device.agence, device.poste)
    with transaction(device.engine, user) as session:
        return act(session, person, *values)


def spend(session: Any, person: Acteur, contract: int, machine: int, day: int) -> int:
    """A visit under the contract that began on that day of November."""
    job = interventions.create(
        session, person, InterventionInput(titre="Visite", equipement_id=machine, contrat_id=contract)
    )
    row = session.get_one(Intervention, job)
    row.date_debut_travaux = datetime(2026, 11, day, 9, tzinfo=UTC)
    row.duree_reelle = 60
    return job


def counted(engine: sa.Engine, contract: int) -> list[rule.Consommation]:
    with transaction(engine, write=False) as session:
        query = sa.select(ContratPeriode).where(ContratPeriode.contrat_id == contract).order_by(ContratPeriode.numero)
        return [quotas.consommation(session, one) for one in session.scalars(query)]


def test_two_desktops_cut_off_spend_one_quota(lab: Lab) -> None:
    lab.sql("UPDATE users SET role = 'responsable' WHERE username = 'cas_1'")
    machine = lab.ids("equipements")[0]
    client = lab.get("equipements", machine, "client_id")
    a, b = lab.device(), lab.device()
    contract = do(a, lab, contrats.create, ContratInput(
        client_id=client, date_debut=date(2026, 1, 1), date_fin=date(2026, 12, 31), nb_interventions_incluses=1,
    ))  # fmt: skip
    do(a, lab, contrats.changer_statut, contract, StatutContrat.EN_COURS)
    lab.settle()
    # Cut off, each covers the machine, lays the same period out and spends the last visit; one takes the terms over.
    do(a, lab, contrats.couvrir, contract, CouvertureInput(equipement_id=machine, du=date(2026, 2, 1)))
    do(b, lab, contrats.couvrir, contract, CouvertureInput(equipement_id=machine, du=date(2026, 3, 1)))
    do(a, lab, contrats.update, contract, {"date_fin": "2027-12-31"})
    do(b, lab, contrats.update, contract, {"date_fin": "2027-12-31"})
    year = PeriodeInput(du=date(2027, 1, 1), au=date(2027, 12, 31), interventions_incluses=4)
    for device in (a, b):
        do(device, lab, periods.ajouter, contract, year)
    later = do(a, lab, spend, contract, machine, 12)
    earlier = do(b, lab, spend, contract, machine, 11)
    assert [c.hors_quota for device in (a, b) for c in counted(device.engine, contract)] == [0, 0, 0, 0]
    lab.settle()
    assert [d.parked() for d in (a, b)] == [[], []]
    assert lab.value("SELECT count(*) FROM contrat_equipements") == 1
    assert lab.value("SELECT count(*) FROM contrat_periodes") == 2
    # Both visits are kept; the later one is beyond the quota, on every replica alike.
    first, second = counted(a.engine, contract)
    assert first.imputations == {earlier: Imputation.CONTRAT, later: Imputation.A_FACTURER}
    assert (first.interventions, first.hors_quota, second.interventions) == (2, 1, 0)
    assert counted(b.engine, contract) == [first, second]
    # Suspended here and ended there: one question, the state with its reason, and both come to one answer.
    do(a, lab, contrats.changer_statut, contract, StatutContrat.SUSPENDU, "Impayé")
    do(b, lab, contrats.changer_statut, contract, StatutContrat.RESILIE, "Départ")
    lab.settle()
    lab.converged()
    stands = (lab.get("contrats", contract, "statut"), lab.get("contrats", contract, "motif"))
    assert stands in {("suspendu", "Impayé"), ("resilie", "Départ")}


def test_an_amendment_takes_effect_on_its_day_on_every_replica_alike(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.sql("UPDATE users SET role = 'responsable' WHERE username = 'cas_1'")
    client = lab.get("equipements", lab.ids("equipements")[0], "client_id")
    a, b = lab.device(), lab.device()
    day = clock.today() + timedelta(days=10)
    contract = do(a, lab, contrats.create, ContratInput(
        client_id=client, date_debut=date(2026, 1, 1), montant_annuel=100, temps_reponse_urgence=8,
    ))  # fmt: skip
    do(a, lab, contrats.changer_statut, contract, StatutContrat.EN_COURS)
    for term, value in (("montant_annuel", 120), ("temps_reponse_urgence", 4), ("montant_annuel", 130)):
        do(a, lab, amendments.add, contract, AvenantInput(
            objet=f"{term} {value}", date_effet=day, terme=term, valeur=value))  # fmt: skip
    lab.settle()
    centre = create_pg_engine(lab.url)
    lab.engines.append(centre)

    def held(engine: sa.Engine) -> list[Any]:
        asked = sa.select(Contrat.montant_annuel, Contrat.temps_reponse_urgence).where(Contrat.id == contract)
        applied = sa.select(Avenant.applique_le).order_by(Avenant.id)
        with transaction(engine, write=False) as session:
            return [tuple(session.execute(asked).one()), *session.scalars(applied)]

    def run(engine: sa.Engine) -> list[int]:
        with transaction(engine) as session:
            return amendments.take_effect(session)

    replicas = (a.engine, b.engine, centre)
    assert [run(engine) for engine in replicas] == [[], [], []], "the day before, nothing"
    assert [held(engine) for engine in replicas] == [[(100, 8), None, None, None]] * 3
    monkeypatch.setattr(clock, "today", lambda: day)
    # Cut off from each other, each writes them; the exchange has nothing to settle.
    assert [run(engine) for engine in replicas] == [[contract] * 3] * 3
    midnight = datetime.combine(day, time(), clock.CASABLANCA).astimezone(UTC)
    assert [held(engine) for engine in replicas] == [[(130, 4), midnight, midnight, midnight]] * 3
    assert [run(engine) for engine in replicas] == [[], [], []], "once"
    lab.settle()
    assert [d.conflicts() for d in (a, b)] == [[], []]
    assert [d.parked() for d in (a, b)] == [[], []]
    lab.converged()
    assert [held(engine) for engine in replicas] == [[(130, 4), midnight, midnight, midnight]] * 3


def _in_force_since_january(lab: Lab, **terms: Any) -> tuple[Device, Device, int, list[tuple[sa.Engine, int | None]]]:
    """A contract of 2026 that two desktops have; both of them and the centre, with who writes there."""
    lab.sql("UPDATE users SET role = 'responsable' WHERE username = 'cas_1'")
    client = lab.get("equipements", lab.ids("equipements")[0], "client_id")
    a, b = lab.device(), lab.device()
    contract = do(a, lab, contrats.create, ContratInput(
        client_id=client, date_debut=date(2026, 1, 1), nb_interventions_incluses=4, **terms,
    ))  # fmt: skip
    do(a, lab, contrats.changer_statut, contract, StatutContrat.EN_COURS)
    lab.settle()
    centre = create_pg_engine(lab.url)
    lab.engines.append(centre)
    agent = lab.value("SELECT id FROM users WHERE username = 'cas_2'")
    return a, b, contract, [(a.engine, agent), (b.engine, None), (centre, None)]


def test_a_year_that_is_over_is_followed_by_one_period_whoever_lays_it_out(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b, contract, everywhere = _in_force_since_january(lab)
    monkeypatch.setattr(clock, "today", lambda: date(2027, 1, 2))
    for engine, user in everywhere:
        with transaction(engine, user) as session:
            assert list(following.follow(session)) == [contract]
        with transaction(engine, user) as session:
            assert following.follow(session) == {}
    lab.settle()
    assert [d.conflicts() + d.parked() for d in (a, b)] == [[], []]
    lab.converged()
    laid = "SELECT numero, du, au, interventions_incluses FROM contrat_periodes ORDER BY numero"
    assert a.sql(laid) == [(1, "2026-01-01", "2026-12-31", 4), (2, "2027-01-01", "2027-12-31", 4)]


def test_a_tacit_contract_is_carried_on_once_whoever_does_it(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its end, its period, the covers that end with it, and what the history of its open work says of it."""
    a, b, contract, everywhere = _in_force_since_january(
        lab, date_fin=date(2026, 12, 31), reconduction="tacite", duree_mois=12, temps_reponse_normal=2
    )
    machine = lab.ids("equipements")[0]
    do(a, lab, contrats.couvrir, contract, CouvertureInput(
        equipement_id=machine, du=date(2026, 1, 1), au=date(2026, 12, 31),
    ))  # fmt: skip
    monkeypatch.setattr(clock, "today", lambda: date(2027, 1, 2))
    asked = datetime(2027, 1, 2, 9, tzinfo=UTC)
    with monkeypatch.context() as morning:
        morning.setattr(clock, "now", lambda: asked)
        job = do(a, lab, interventions.create, InterventionInput(
            titre="Fuite", equipement_id=machine, contrat_id=contract,
        ))  # fmt: skip
    lab.settle()
    for minute, (engine, user) in enumerate(everywhere):
        with monkeypatch.context() as later, transaction(engine, user) as session:
            later.setattr(clock, "now", lambda minute=minute: asked + timedelta(hours=1, minutes=minute))
            assert following.carry_on(session) == [contract]
            assert list(following.follow(session)) == [contract]
    lab.settle()
    assert [d.conflicts() + d.parked() for d in (a, b)] == [[], []]
    lab.converged()
    assert b.sql("SELECT date_fin, statut FROM contrats WHERE id = ?", contract) == [("2027-12-31", "en_cours")]
    assert b.sql("SELECT au FROM contrat_equipements") == [("2027-12-31",)]
    assert a.value("SELECT count(*) FROM contrat_periodes") == 2
    told = (
        "SELECT horodatage, remarque FROM historiques_interventions WHERE intervention_id = ? AND action = 'echeance'"
    )
    [(when, words)] = a.sql(told, job)
    assert words.startswith("échéance recalculée : contrat CTR-")
    assert when == clock.to_text(asked + timedelta(seconds=1)), "just behind its creation: the contract ended before"
    assert b.sql(told, job) == [(when, words)]


def drafted(lab: Lab) -> tuple[Device, Device, int]:
    """Two desktops that have the same draft."""
    lab.sql("UPDATE users SET role = 'responsable' WHERE username = 'cas_1'")
    client = lab.get("equipements", lab.ids("equipements")[0], "client_id")
    a, b = lab.device(), lab.device()
    contract = do(a, lab, contrats.create, ContratInput(
        client_id=client, date_debut=date(2026, 1, 1), montant_annuel=100, nb_interventions_incluses=4,
    ))  # fmt: skip
    lab.settle()
    return a, b, contract


def refusals(device: Device) -> list[str]:
    return [french_reason(code, reason) for _id, code, reason in device.parked()]


def test_amendments_made_apart_get_numbers_of_their_own(lab: Lab) -> None:
    a, b, contract = drafted(lab)
    do(a, lab, contrats.changer_statut, contract, StatutContrat.EN_COURS)
    lab.settle()

    def amend(device: Device, words: str) -> int:
        return int(do(device, lab, amendments.add, contract, AvenantInput(objet=words, date_effet=clock.today())))

    def numbers(device: Device) -> dict[str, int]:
        with transaction(device.engine, write=False) as session:
            asked = sa.select(Avenant.objet, Avenant.numero).where(Avenant.contrat_id == contract)
            return {row.objet: row.numero for row in session.execute(asked)}

    amend(a, "premier")
    lab.settle()
    amend(a, "de A")
    second, _third = amend(b, "de B"), amend(b, "encore de B")
    assert numbers(b) == {"premier": 1, "de B": 2, "encore de B": 3}
    a.sync()
    b.sync()
    told = {"premier": 1, "de A": 2, "de B": 3, "encore de B": 4}
    assert numbers(b) == told, "in one exchange"
    lab.settle()
    assert [numbers(d) for d in (a, b)] == [told, told]
    lab.converged()
    # Who made them is told, and asked nothing: a number that is taken cannot be kept.
    assert a.conflicts() == []
    assert [(t, column, mine, theirs) for t, _pk, column, _base, mine, theirs in b.conflicts()] == [
        ("avenants", "numero", 2, 3), ("avenants", "numero", 3, 4)]  # fmt: skip
    with transaction(b.engine) as session:
        first = min(conflicts.liste(session), key=lambda c: c.id)
        assert (first.pk, first.a_decider, first.policy) == (second, False, "centre_seul")
        with pytest.raises(UserError, match="déjà pris"):
            conflicts.resolve(session, first.id, "mine")
    # The next one follows.
    amend(b, "cinquième")
    lab.settle()
    assert numbers(a)["cinquième"] == 5
    assert len(b.conflicts()) == 2
    lab.converged()


def test_a_draft_of_an_agent_is_validated_on_the_same_desktop_before_any_exchange(lab: Lab) -> None:
    lab.sql("UPDATE users SET role = 'responsable' WHERE username = 'cas_1'")
    client = lab.get("equipements", lab.ids("equipements")[0], "client_id")
    a = lab.device()
    agent = lab.value("SELECT id FROM users WHERE username = 'cas_2'")
    lab.sql("UPDATE users SET role = 'agent' WHERE id = %s", agent)
    a.sync()

    def by_agent(act: Any, *values: Any) -> Any:
        person = Acteur(agent, "A", Role.AGENT, a.agence_id, a.agence, a.poste)
        with transaction(a.engine, agent) as session:
            return act(session, person, *values)

    made = by_agent(contrats.create, ContratInput(client_id=client, date_debut=date(2026, 1, 1), montant_annuel=100))
    do(a, lab, contrats.changer_statut, made, StatutContrat.EN_COURS)
    a.sync()
    assert refusals(a) == []
    assert lab.get("contrats", made, "statut") == "en_cours"
    # One that the centre knows likewise, typed into first.
    second = by_agent(contrats.create, ContratInput(client_id=client, date_debut=date(2026, 1, 1)))
    a.sync()
    by_agent(contrats.update, second, {"montant_annuel": 90})
    do(a, lab, contrats.changer_statut, second, StatutContrat.EN_COURS)
    a.sync()
    assert refusals(a) == []
    assert (lab.get("contrats", second, "statut"), lab.get("contrats", second, "montant_annuel")) == ("en_cours", 90)
    # Nobody gets a right by touching a row beside an agent.
    third = by_agent(contrats.create, ContratInput(client_id=client, date_debut=date(2026, 1, 1)))
    a.sync()
    a.set("contrats", third, statut="en_cours")
    a.sync()
    assert refusals(a) == [rules.CONTRACT]
