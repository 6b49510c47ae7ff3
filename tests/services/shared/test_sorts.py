"""Lists that grow with the business: each order that they offer is read along an index, any place of it at once."""

from __future__ import annotations

import itertools
from datetime import date
from decimal import Decimal

import pytest
import sqlalchemy as sa

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import StatutContrat, StatutFacture
from erp_desktop.models import (
    Client,
    Contrat,
    Equipement,
    Facture,
    Intervention,
    Occurrence,
    PieceDetachee,
    Planning,
)
from erp_desktop.services.shared import places
from erp_desktop.services.shared.lists import ListQuery
from erp_desktop.ui import sections
from erp_desktop.ui.kinds import KINDS
from tests.services.branch import Monde

SHORT = {"techniciens", "depots", "inventaires", "checklists", "modeles", "objectifs"}
"""A few hundred rows at most, whatever the business: read whole, as the referentials of the administration are."""
COMPUTED = {
    "clients": {"nb_equipements"}, "contrats": {"etat", "part"}, "stock": {"total"},
    "factures": {"etat", "retard", "regle", "solde"},
}  # fmt: skip
"""Columns that sort by what is computed from other rows, which no index of the list's own table holds."""
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
                statut=StatutContrat.EN_COURS, date_debut=date(2025, 1, 1),
                date_fin=date(2030, 1, 1) if some else None,
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


def test_a_list_that_grows_is_marked_out_in_each_order_that_it_offers(
    monde: Monde, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A first page, the blocks and the whole answer are one order, both ways; only what is computed has no blocks."""
    assert {kind for kind in KINDS if sections.spec(kind).places is None} == SHORT
    _fill(monde)
    monkeypatch.setattr(places, "BLOCK", 2)
    monkeypatch.setattr(places, "WHOLE", 2)
    with transaction(monde.engine, write=False) as session:
        for kind in sorted(set(KINDS) - SHORT - {"interventions", "mouvements"}):
            spec = sections.spec(kind)
            long = spec.places
            sortable = {column.key for column in spec.columns if column.key}
            computed = {key for key in sortable if long.order(session, ListQuery("", key)) is None}
            assert computed == COMPUTED.get(kind, set()), kind
            asked = [("", key) for key in sorted(sortable - computed)] + [("", "")]
            asked += [(FILTERS[kind], key) for key in sorted(sortable - computed)] if kind in FILTERS else []
            for (text, key), down in zip(asked, itertools.cycle((False, True, True))):
                query = ListQuery(text, key, down)
                whole = long.ids(session, monde.admin, query)
                assert len(whole) >= 5, kind
                page = long.ids(session, monde.admin, ListQuery(text, key, down, 4))
                assert page == whole[:4], (kind, query)
                walk = long.walk(session, monde.admin, query, 3)
                blocks = [long.block(session, monde.admin, query, mark) for mark in walk.marks]
                assert list(itertools.chain(*blocks)) == whole, (kind, query)
                assert (walk.count, walk.ids) == (len(whole), whole[: len(walk.ids)])
                for number, block in enumerate(blocks):
                    found = long.find(session, monde.admin, query, walk.marks, block[-1])
                    assert found == number, (kind, query)


def test_a_first_page_is_read_along_the_index_of_its_order(monde: Monde) -> None:
    """No order of a long list sorts its table, nor reads it from end to end."""
    if monde.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL weighs few rows otherwise")
    with transaction(monde.engine, write=False) as session:
        for kind in sorted(set(KINDS) - SHORT):
            spec = sections.spec(kind)
            for key in (
                {column.key for column in spec.columns if column.key} - COMPUTED.get(kind, set()) - {"prochaine"}
            ):
                query = ListQuery("", key)
                order = spec.places.order(session, query)
                for stratum in (getattr(order, "groups", None) and order.strata()) or order:
                    request = stratum.of(spec.places.request(session, monde.admin, query), spec.places.key).limit(9)
                    told = session.execute(sa.text(f"EXPLAIN QUERY PLAN {_said(request, session)}")).all()
                    plan = " / ".join(row[3] for row in told)
                    far = key in ("client", "equipement")
                    assert ("TEMP B-TREE FOR ORDER BY" not in plan) or far, (kind, key, plan)


def _said(request: sa.Select[int], session: sa.orm.Session) -> str:
    return str(request.compile(session.get_bind(), compile_kwargs={"literal_binds": True}))
