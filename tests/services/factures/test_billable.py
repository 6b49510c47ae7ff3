"""The board of what is to be billed: whatever lies between, and who pays each job."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.domain.contrats.saisie import ContratInput
from erp_desktop.domain.enums import ModeFacturation, StatutContrat
from erp_desktop.domain.saisie import InterventionInput, LigneInput
from erp_desktop.models import ContratPeriode, Intervention
from erp_desktop.services import contrats, factures, interventions
from erp_desktop.services.factures import billable
from tests.services.branch import Monde
from tests.services.factures.office import law, validate

_DAY = datetime(2026, 11, 2, 8, tzinfo=UTC)


def _job(monde: Monde, title: str, day: int, contract: int | None = None) -> int:
    """Closed work with 100 MAD of parts."""
    typed = InterventionInput(titre=title, equipement_id=monde.equipement, contrat_id=contract)
    ident: int = monde.faire(interventions.create, monde.agent, typed)
    part = LigneInput(type_ligne="piece", designation="Joint", quantite="2", prix_unitaire="50")
    monde.faire(interventions.ajouter_ligne, monde.agent, ident, part)
    with transaction(monde.engine) as session:
        row = session.get_one(Intervention, ident)
        row.contrat_id, row.technicien_id, row.diagnostic, row.statut = contract, monde.karim, "fait", "cloturee"
        row.date_debut_travaux = row.date_fin_travaux = row.date_cloture = _DAY + timedelta(days=day)
    return ident


def _contract(monde: Monde, **more: object) -> int:
    typed = ContratInput(client_id=monde.client, date_debut=date(2026, 1, 1), date_fin=date(2027, 12, 31), **more)
    ident: int = monde.faire(contrats.create, monde.agent, typed)
    monde.faire(contrats.changer_statut, monde.responsable, ident, StatutContrat.EN_COURS)
    return ident


def test_what_nobody_billed_comes_however_much_lies_before_it(monde: Monde, monkeypatch: pytest.MonkeyPatch) -> None:
    law(monde.engine)
    monkeypatch.setattr(billable, "MOST", 2)
    quota = _contract(monde, nb_interventions_incluses=4)
    old = _job(monde, "Vieille", 0)
    paid = [_job(monde, f"Au contrat {n}", n + 1, quota) for n in range(5)]
    billed = [_job(monde, f"Facturée {n}", n + 10) for n in range(4)]
    invoice = monde.faire(factures.depuis_interventions, monde.agent, billed)

    def board() -> list[tuple[int, str, Decimal]]:
        return [(a.id, a.raison, a.reste) for a in monde.faire(billable.interventions, monde.agent)]

    # The fifth job of four: the quota is used up by those that began before it.
    assert board() == [(paid[4], "Hors quota", Decimal(100)), (old, "Sans contrat", Decimal(100))]
    # What a credit note gave back is to be billed again; the latest come first.
    validate(monde, invoice)
    validate(monde, monde.faire(factures.avoir, monde.agent, invoice))
    assert [one[0] for one in board()] == [billed[3], billed[2]]
    # A contract that counts nothing is not one whose periods leave the day out.
    plain = _contract(monde)
    job = _job(monde, "Sans quota", 20, plain)
    assert board()[0] == (job, "Contrat sans quota", Decimal(100))
    with transaction(monde.engine) as session:
        session.add(ContratPeriode(contrat_id=plain, agence_id=monde.cas, numero=1, du=date(2026, 1, 1),
                                   au=date(2026, 6, 30), interventions_incluses=3))  # fmt: skip
    assert board()[0] == (job, "Hors période du contrat", Decimal(100))


def test_a_period_that_nobody_billed_is_asked_for_however_old(monde: Monde, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is late after three months, and leaves the board by being billed alone."""
    law(monde.engine)
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 16, 9, tzinfo=UTC))
    ident = _contract(monde, montant_annuel="12000", mode_facturation=ModeFacturation.TRIMESTRIEL)

    def board() -> list[tuple[date | None, Decimal, int]]:
        return [(a.du, a.reste, a.retard) for a in monde.faire(billable.periodes, monde.agent) if a.id == ident]

    part = Decimal(3000)
    assert board() == [
        (date(2026, 1, 1), part, 319), (date(2026, 4, 1), part, 229), (date(2026, 7, 1), part, 138),
        (date(2026, 10, 1), part, 0),
    ]  # fmt: skip
    monde.faire(factures.depuis_periode, monde.agent, ident, date(2026, 4, 1))
    assert [row[0] for row in board()] == [date(2026, 1, 1), date(2026, 7, 1), date(2026, 10, 1)]
    # Years later it still is there.
    monkeypatch.setattr(clock, "now", lambda: datetime(2029, 1, 16, 9, tzinfo=UTC))
    assert board()[0] == (date(2026, 1, 1), part, 1111)
    assert len(board()) == 7, "up to the contract's end"
