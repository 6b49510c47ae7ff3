"""Drafts of contracts between branches: nobody validates what they did not see, and what comes later says so."""

from __future__ import annotations

from datetime import date

from erp_desktop.centre.functions import rules
from erp_desktop.db.session import transaction
from erp_desktop.domain.contrats.saisie import CouvertureInput, DelaiInput, PeriodeInput
from erp_desktop.domain.enums import Priorite, StatutContrat
from erp_desktop.models import Contrat
from erp_desktop.services import contrats
from erp_desktop.services.contrats import coverage, delays, periods
from erp_desktop.sync.inbox.conflicts import unpark
from erp_desktop.sync.inbox.discard import abandonner_groupe
from tests.sync.branches.test_contrats import do, drafted, refusals
from tests.sync.lab import Lab


def test_a_draft_that_was_validated_meanwhile_is_not_changed_unseen(lab: Lab) -> None:
    a, b, contract = drafted(lab)
    do(a, lab, contrats.changer_statut, contract, StatutContrat.EN_COURS)
    do(b, lab, contrats.update, contract, {"montant_annuel": 150})
    a.sync()
    b.sync()
    assert (lab.get("contrats", contract, "statut"), lab.get("contrats", contract, "montant_annuel")) == (
        "en_cours", 100)  # fmt: skip
    assert (refusals(a), refusals(b)) == ([], [rules.VALIDATED])
    assert b.conflicts() == []
    # Whoever typed it has read the contract as it is now: sent again, it is a change of a running contract.
    (ident, _code, _reason), *_ = b.parked()
    with transaction(b.engine) as session:
        assert session.get_one(Contrat, contract).statut == "en_cours"
        unpark(session, ident)
    lab.settle()
    assert lab.get("contrats", contract, "montant_annuel") == 150
    assert (refusals(a), refusals(b)) == ([], [])
    lab.converged()
    do(a, lab, contrats.changer_statut, contract, StatutContrat.SUSPENDU, "Impayé")
    do(b, lab, contrats.update, contract, {"objet": "Compresseurs"})
    lab.settle()
    assert (refusals(a), refusals(b)) == ([], []), "of a contract that runs, different fields are both kept"
    lab.converged()


def test_a_draft_that_changed_meanwhile_is_not_validated_unseen(lab: Lab) -> None:
    a, b, contract = drafted(lab)
    do(b, lab, contrats.update, contract, {"montant_annuel": 150})
    do(a, lab, contrats.changer_statut, contract, StatutContrat.EN_COURS)
    b.sync()
    a.sync()
    assert lab.get("contrats", contract, "statut") == "brouillon"
    assert (refusals(a), refusals(b)) == ([rules.DRAFT_MOVED], [])
    assert lab.value("SELECT count(*) FROM contrat_periodes") == 0
    # The desktop that validated has the other's amount by now.
    (ident, _code, _reason), *_ = a.parked()
    with transaction(a.engine) as session:
        assert session.get_one(Contrat, contract).montant_annuel == 150
        unpark(session, ident)
    lab.settle()
    assert lab.get("contrats", contract, "statut") == "en_cours"
    assert lab.value("SELECT count(*) FROM contrat_periodes") == 1
    assert (refusals(a), refusals(b)) == ([], [])
    lab.converged()


def test_machines_delays_and_periods_are_part_of_the_draft(lab: Lab) -> None:
    """Who validates has seen them, and what comes later finds a validated contract; two who change them merge."""
    a, b, contract = drafted(lab)
    machine, other = lab.ids("equipements")[:2]
    lab.sql("UPDATE equipements SET client_id = %s WHERE id = %s",
            lab.get("equipements", machine, "client_id"), other)  # fmt: skip
    lab.settle()
    one, two = (CouvertureInput(equipement_id=e, du=date(2026, 1, 1)) for e in (machine, other))
    do(a, lab, contrats.couvrir, contract, one)
    do(b, lab, contrats.couvrir, contract, two)
    lab.settle()
    assert (refusals(a), refusals(b), a.conflicts(), b.conflicts()) == ([], [], [], [])
    assert lab.value("SELECT count(*) FROM contrat_equipements") == 2
    year = PeriodeInput(du=date(2026, 1, 1), au=date(2026, 12, 31), interventions_incluses=6)
    changes = (
        (coverage.retirer, machine), (periods.ajouter, year),
        (delays.fixer, DelaiInput(priorite="urgente", prise_en_charge="2")),
    )  # fmt: skip
    for act, typed in changes:
        do(b, lab, act, contract, typed)
        do(a, lab, contrats.changer_statut, contract, StatutContrat.EN_COURS)
        b.sync()
        a.sync()
        assert (refusals(a), refusals(b)) == ([rules.DRAFT_MOVED], []), act.__name__
        (ident, _code, _reason), *_ = a.parked()
        with transaction(a.engine) as session:
            abandonner_groupe(session, ident)
        lab.settle()
        assert lab.get("contrats", contract, "statut") == "brouillon"
    do(a, lab, contrats.changer_statut, contract, StatutContrat.EN_COURS)
    do(b, lab, delays.retirer, contract, Priorite.URGENTE)
    a.sync()
    b.sync()
    assert (refusals(a), refusals(b)) == ([], [rules.VALIDATED])
    assert lab.value("SELECT count(*) FROM sla_regles WHERE contrat_id = %s", contract) == 1
    with transaction(b.engine) as session:
        unpark(session, b.parked()[0][0])
    lab.settle()
    assert lab.value("SELECT count(*) FROM sla_regles WHERE contrat_id = %s", contract) == 0
    assert (refusals(a), refusals(b)) == ([], [])
    lab.converged()


def test_ones_own_draft_is_edited_and_validated_in_any_number_of_exchanges(lab: Lab) -> None:
    a, _b, contract = drafted(lab)
    do(a, lab, contrats.update, contract, {"montant_annuel": 150})
    a.sync()
    do(a, lab, contrats.update, contract, {"objet": "Compresseurs"})
    do(a, lab, contrats.changer_statut, contract, StatutContrat.EN_COURS)
    do(a, lab, contrats.update, contract, {"penalites_retard": 10})
    lab.settle()
    assert refusals(a) == []
    assert lab.get("contrats", contract, "statut") == "en_cours"
    # Both validate it: nothing to settle.
    a, b, contract = drafted(lab)
    for device in (a, b):
        do(device, lab, contrats.changer_statut, contract, StatutContrat.EN_COURS)
    lab.settle()
    assert (refusals(a), refusals(b)) == ([], [])
    lab.converged()
