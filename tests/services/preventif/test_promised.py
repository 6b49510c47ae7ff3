"""Machines under contract without a plan, at the centre as on a desktop."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.domain.preventif.saisie import PlanInput
from erp_desktop.models import Contrat, Equipement
from erp_desktop.services.preventif import form, promised
from tests.services.conftest import Monde


@pytest.mark.parametrize(
    ("statut", "resiliation", "covered"),
    [("en_cours", None, 1), ("suspendu", None, 0), ("brouillon", None, 0),
     ("resilie", timedelta(days=3), 1), ("resilie", timedelta(0), 0)],
)  # fmt: skip
def test_what_is_promised_and_not_planned(
    monde: Monde, statut: str, resiliation: timedelta | None, covered: int
) -> None:
    today: date = clock.today()
    with transaction(monde.engine, monde.responsable.user_id) as session:
        machine = session.get_one(Equipement, monde.equipement)
        contract = Contrat(
            numero_contrat="C-1", client_id=machine.client_id, type_contrat="maintenance_preventive", statut=statut,
            date_debut=today - timedelta(days=9), agence_id=machine.agence_id,
            date_resiliation=today + resiliation if resiliation is not None else None,
        )  # fmt: skip
        session.add(contract)
        session.flush()
        machine.contrat_id = contract.id
    with transaction(monde.engine, write=False) as session:
        found = promised.sans_plan(session, monde.responsable)
    assert (found.contrats, found.equipements) == (covered, covered)
    assert [one.id for one in found.machines] == [monde.equipement][:covered]
    monde.faire(form.create, monde.responsable, PlanInput(
        equipement_id=monde.equipement, modele_titre="Graissage", frequence="mensuel", date_debut=today))  # fmt: skip
    with transaction(monde.engine, write=False) as session:
        assert promised.sans_plan(session, monde.responsable) == promised.SansPlan(0, 0, ())
