"""Lists that grow with the business: each order that they offer is read along an index, any place of it at once."""

from __future__ import annotations

import itertools
from datetime import date
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import StatutContrat, StatutFacture, TypeFacture
from erp_desktop.domain.factures.enums import EtatFacture
from erp_desktop.models import (
    Client,
    Contrat,
    Equipement,
    Facture,
    Imputation,
    Intervention,
    Occurrence,
    Paiement,
    PieceDetachee,
    Planning,
)
from erp_desktop.services.preventif import next_days
from erp_desktop.services.shared import places
from erp_desktop.services.shared.lists import ListQuery
from erp_desktop.ui import sections
from erp_desktop.ui.kinds import KINDS
from tests.services.branch import Monde

SHORT = {"techniciens", "depots", "inventaires", "checklists", "modeles", "objectifs"}
"""A few hundred rows at most, whatever the business: read whole, as the referentials of the administration are."""
STATES: dict[str, list[str]] = {"contrats": list(StatutContrat), "factures": list(EtatFacture)}
"""In which order each list shows the states of its rows."""
LOOKED_UP = {"interventions", "mouvements"}
"""Lists whose rows are looked up in their table beside the index of an order."""
FILTERS = {"equipements": "statut:operationnel", "preventif": "statut:actif", "clients": "type:entreprise"}
_TITLES = ("Étau", "étau", "Zinc", "Alarme", "étau")


def _fill(monde: Monde) -> None:
    """Rows of equal keys, and rows that lack what is sorted by."""
    with transaction(monde.engine, monde.agent.user_id) as session:
        for n, title in enumerate(_TITLES):
            some = title if n % 2 else None
            client = Client(agence_id=monde.cas, nom_entreprise=title, ville=some, telephone=some and "+212522000111")
            session.add(client)
            session.flush()
            contract = Contrat(
                agence_id=monde.cas, numero_contrat=f"C-{n}", client_id=client.id, type_contrat="contrat_cadre",
                statut=list(StatutContrat)[n], date_debut=date(2025, 1, 1),
                date_fin=(date(2025, 5, 1), None, date(2099, 1, 1))[n % 3],
            )  # fmt: skip
            machine = Equipement(
                agence_id=monde.cas, client_id=client.id, nom=title, code_interne=f"E-{n}", marque=some, modele=some,
                type_equipement=some, localisation=some, criticite="critique" if some else "standard",
            )  # fmt: skip
            session.add_all([contract, machine])
            session.flush()
            plan = Planning(
                agence_id=monde.cas, equipement_id=machine.id, frequence="mensuel" if some else "annuel",
                modele_titre=title, modele_duree_estimee=60 if some else None,
            )  # fmt: skip
            session.add_all([
                plan,
                Facture(
                    agence_id=monde.cas, client_id=client.id, numero=f"PROV-{n}", statut=StatutFacture.BROUILLON,
                    date_facture=date(2025, 2, 1 + n) if some else None, total_ttc=Decimal(120 if some else 9),
                ),
                PieceDetachee(agence_id=monde.cas, reference=f"P-{n}", designation=title, famille=some),
            ])  # fmt: skip
            session.flush()
            if some:
                visit = Occurrence(
                    agence_id=monde.cas, planning_id=plan.id, cle=f"2025-03-{n}", etat="generee",
                    date_prevue=date(2025, 3, 1),
                    date_cible=date(2025, 3, 1 + n),
                )  # fmt: skip
                session.add(visit)
                session.flush()
                work = Intervention(
                    agence_id=monde.cas, numero=f"INT-V-{n}", titre=title, client_id=client.id,
                    equipement_id=machine.id, occurrence_id=visit.id, date_creation=clock.now(),
                )  # fmt: skip
                session.add(work)
        _settle(session)


def _settle(session: Session) -> None:
    """Of five invoices one stays a draft, one is paid, one late, one not yet, and one is a credit note."""
    if session.get_bind().dialect.name == "sqlite":
        session.execute(sa.text("UPDATE _sync_session SET muet = 1"))
    _draft, paid, late, owed, back = session.scalars(sa.select(Facture).order_by(Facture.numero))
    for invoice, until in ((paid, 2025), (late, 2025), (owed, 2099), (back, 2025)):
        invoice.statut, invoice.date_echeance = StatutFacture.VALIDEE, date(until, 6, 1)
        invoice.total_ttc = Decimal(9) if invoice is back else Decimal(120)
    back.type_facture, back.facture_origine_id = TypeFacture.AVOIR, owed.id
    money = {"montant": paid.total_ttc, "agence_id": paid.agence_id}
    payment = Paiement(date_paiement=date(2025, 7, 1), mode_paiement="virement", **money)
    session.add(payment)
    session.flush()
    session.add(Imputation(paiement_id=payment.id, facture_id=paid.id, **money))
    session.flush()
    if session.get_bind().dialect.name == "sqlite":
        session.execute(sa.text("UPDATE _sync_session SET muet = 0"))


def test_a_list_that_grows_is_marked_out_in_each_order_that_it_offers(
    monde: Monde, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A first page, the blocks and the whole answer are one order, both ways."""
    monkeypatch.setattr(next_days, "FEW", -1)
    assert {kind for kind in KINDS if sections.spec(kind).places is None} == SHORT
    _fill(monde)
    monkeypatch.setattr(places, "BLOCK", 2)
    monkeypatch.setattr(places, "WHOLE", 2)
    with transaction(monde.engine, write=False) as session:
        for kind in sorted(set(KINDS) - SHORT - {"interventions", "mouvements"}):
            spec = sections.spec(kind)
            long = spec.places
            sortable = {column.key for column in spec.columns if column.key}
            assert {key for key in sortable if long.order(session, ListQuery("", key)) is None} == set(), kind
            asked = [("", key) for key in sorted(sortable)] + [("", "")]
            asked += [(FILTERS[kind], key) for key in sorted(sortable)] if kind in FILTERS else []
            for (text, key), down in zip(asked, itertools.cycle((False, True, True))):
                query = ListQuery(text, key, down)
                whole = long.ids(session, monde.admin, query)
                assert len(whole) >= 5, kind
                if key == "etat":
                    shown = [STATES[kind].index(row.etat) for row in spec.rows(session, monde.admin, whole)]
                    assert shown == sorted(shown, reverse=down)
                    assert len(set(shown)) == 4 + (kind == "contrats")
                page = long.ids(session, monde.admin, ListQuery(text, key, down, 4))
                assert page == whole[:4], (kind, query)
                walk = long.walk(session, monde.admin, query, 3)
                blocks = [long.block(session, monde.admin, query, mark) for mark in walk.marks]
                assert list(itertools.chain(*blocks)) == whole, (kind, query)
                assert (walk.count, walk.ids) == (len(whole), whole[: len(walk.ids)])
                for number, block in enumerate(blocks):
                    found = long.find(session, monde.admin, query, walk.marks, block[-1])
                    assert found == number, (kind, query)


def test_a_first_page_is_read_along_the_index_of_its_order(monde: Monde, monkeypatch: pytest.MonkeyPatch) -> None:
    """No order of a long list sorts its table, nor reads it from end to end."""
    if monde.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL weighs few rows otherwise")
    monkeypatch.setattr(next_days, "FEW", -1)
    with transaction(monde.engine, write=False) as session:
        for kind in sorted(set(KINDS) - SHORT):
            spec = sections.spec(kind)
            for key in {column.key for column in spec.columns if column.key} - {"prochaine"}:
                query = ListQuery("", key)
                order = spec.places.order(session, query)
                for stratum in (getattr(order, "groups", None) and order.strata()) or order:
                    request = stratum.of(spec.places.request(session, monde.admin, query), spec.places.key).limit(9)
                    told = session.execute(sa.text(f"EXPLAIN QUERY PLAN {_said(request, session)}")).all()
                    plan = " / ".join(row[3] for row in told)
                    far = key in ("client", "equipement")
                    assert ("TEMP B-TREE FOR ORDER BY" not in plan) or far, (kind, key, plan)
                    # Each identifier that is passed over in the table is a page of the disk.
                    alone = stratum.index is None or kind in LOOKED_UP
                    read = [row[3] for row in told if row[3].startswith(("SCAN", "SEARCH"))]
                    assert alone or all("COVERING" in step for step in read), (kind, key, plan)
                    if stratum.keys and isinstance(stratum.keys[0].type, sa.String) and key not in ("statut", "etat"):
                        ranged = isinstance(stratum.where, sa.sql.elements.True_) or read[0].startswith("SEARCH")
                        assert ranged, (kind, key, "passes over the rows without a value", plan)
        # From the open visits to their plans, though the words that narrow them have an index.
        spec = sections.spec("preventif")
        query = ListQuery("statut:actif", "prochaine")
        [due, *_others] = spec.places.order(session, query) or []
        request = due.of(spec.places.request(session, monde.admin, query), spec.places.key).limit(9)
        told = session.execute(sa.text(f"EXPLAIN QUERY PLAN {_said(request, session)}")).all()
        assert any(row[3].startswith("SEARCH plannings USING INTEGER PRIMARY KEY") for row in told), told


def _said(request: sa.Select[int], session: Session) -> str:
    return str(request.compile(session.get_bind(), compile_kwargs={"literal_binds": True}))
