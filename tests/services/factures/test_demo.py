"""The invoices of the demonstration: one of every state, at a centre and in a stand-alone file."""

from __future__ import annotations

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.services import factures
from erp_desktop.services.factures import demo
from tests.services.branch import Monde
from tests.services.factures.office import law


def test_every_state_is_shown(monde: Monde) -> None:
    law(monde.engine)
    monde.executer("UPDATE clients SET ice = '001525713000077' WHERE agence_id = :a", a=monde.cas)
    with transaction(monde.engine) as session:
        demo.fill(session, [monde.cas], clock.now())
        demo.fill(session, [monde.cas], clock.now())
    shown = {t.etat: t.nombre for t in monde.faire(factures.tuiles, monde.responsable)}
    assert {state for state, count in shown.items() if not count} == {"a_transmettre"}
    assert shown["en_retard"] == 6
    if monde.engine.dialect.name == "postgresql":
        assert [s.defauts for s in monde.faire(factures.verifier, monde.siege)] == [(), ()]
