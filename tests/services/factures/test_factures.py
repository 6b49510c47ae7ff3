"""Invoices on a cache and at a centre: drafts, validation, credit notes, advances, payments, statements."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from erp_desktop import clock
from erp_desktop.domain.factures.saisie import (
    PaiementInput,
    PartInput,
)
from erp_desktop.errors import TransitionError, ValidationError
from erp_desktop.services import factures
from erp_desktop.services.shared.lists import ListQuery
from tests.services.branch import Monde
from tests.services.factures.office import drafted, law, line, validate, validated

D = Decimal


@pytest.fixture
def office(monde: Monde) -> Monde:
    law(monde.engine)
    return monde


def test_the_invoice_of_the_drawing(office: Monde) -> None:
    pk = drafted(
        office, line("320", "4.5"), line("215", "2"), line("602"), line("4.5", "46", "10"), line("320", "3"),
        line("1240"), remise_pct="5", retenue_tva_pct="75",
    )  # fmt: skip
    card = office.faire(factures.get, office.agent, pk)
    assert (card.total_ht, card.total_tva, card.total_ttc) == (D("4635.05"), D("907.35"), D("5542.40"))
    told = office.faire(factures.totaux, office.agent, pk)
    assert (told.brut, told.remise, told.ttc) == (D("4879.00"), D("243.95"), D("5542.40"))
    assert [(t.taux, t.ht, t.tva) for t in told.par_taux] == [
        (D("10.00"), D("196.65"), D("19.67")), (D("20.00"), D("4438.40"), D("887.68"))
    ]  # fmt: skip
    validate(office, pk)
    due = office.faire(factures.attendu, office.agent, pk)
    assert (due.retenue_tva, due.net) == (D("680.51"), D("4861.89"))
    with pytest.raises(TransitionError, match="corrigez-la par un avoir"):
        office.faire(factures.update, office.responsable, pk, {"intitule": "x"})


def test_payments(office: Monde) -> None:
    a, b = validated(office, line("1000")), validated(office, line("500"))
    today = clock.today()

    def pay(mode: str, *parts: PartInput, **more: object) -> int:
        return office.faire(factures.encaisser, office.agent, PaiementInput(
            parts=[p.model_dump() for p in parts], date_paiement=today, mode_paiement=mode, **more))  # fmt: skip

    with pytest.raises(ValidationError, match="n'attend plus que 600,00"):
        pay("virement", PartInput(facture_id=b, montant="600.01"))
    cash = pay("especes", PartInput(facture_id=b, montant="200"))
    told = office.faire(factures.recu, office.agent, cash)
    assert (told.timbre, told.encaisse) == (D("0.50"), D("200.50"))
    cheque = pay("cheque", PartInput(facture_id=a, montant="1200", retenue_tva="150"),
                 PartInput(facture_id=b, montant="400"), reference="CHQ 7")  # fmt: skip
    assert [office.faire(factures.get, office.agent, i).etat for i in (a, b)] == ["payee", "payee"]
    told = office.faire(factures.recu, office.agent, cheque)
    assert (told.montant, told.retenu, told.encaisse) == (D("1600.00"), D("150.00"), D("1450.00"))
    office.faire(factures.annuler, office.responsable, cheque, "Chèque sans provision")
    assert [office.faire(factures.get, office.agent, i).solde for i in (a, b)] == [D("1200.00"), D("400.00")]
    rows = office.faire(
        factures.rows, office.agent, office.faire(factures.ids, office.agent, ListQuery("statut:partielle"))
    )
    assert [(r.id, r.regle, r.solde) for r in rows] == [(b, D("200.00"), D("400.00"))]
    assert next((t.nom, t.montant) for t in office.faire(factures.balance_agee, office.agent)) == (
        "non_echu",
        D("1600.00"),
    )
    st = office.faire(factures.releve, office.agent, office.client, date(2026, 1, 1), today)
    assert st.solde == D("1600.00")
    foot = office.faire(factures.pied, office.agent)
    assert (foot.nombre, foot.total_ttc, foot.solde) == (2, D("1800.00"), D("1600.00"))
    assert {t.etat: t.nombre for t in office.faire(factures.tuiles, office.agent)}["validee"] == 1
