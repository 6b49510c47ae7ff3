"""What every list that is declared promises, walked without a window."""

from __future__ import annotations

from dataclasses import fields

import pytest
import sqlalchemy as sa

from erp_desktop.db.session import transaction
from erp_desktop.models import Equipement
from erp_desktop.services import clients, equipements, techniciens
from erp_desktop.services.shared.lists import ListQuery
from erp_desktop.services.stock import depots
from erp_desktop.ui import sections
from tests.services.branch import Monde

LISTINGS = {
    "clients": clients.LISTING, "equipements": equipements.LISTING, "techniciens": techniciens.LISTING,
    "depots": depots.LISTING,
}  # fmt: skip


@pytest.mark.parametrize("kind", LISTINGS)
def test_a_list_understands_what_its_facets_offer(kind: str) -> None:
    spec, listing = sections.spec(kind), LISTINGS[kind]
    assert {facet.key for facet in spec.facets} <= set(listing.words)
    for facet in spec.facets:
        if facet.options is not None:
            assert {value for value, _ in facet.options()} <= set(listing.words[facet.key].values)


def test_a_list_sorts_by_every_field_of_its_rows_and_shows_what_it_found(monde: Monde) -> None:
    for kind, listing in LISTINGS.items():
        service = {"clients": clients, "equipements": equipements, "techniciens": techniciens, "depots": depots}[kind]
        every = set(monde.faire(service.ids, monde.admin, ListQuery()))
        for one in fields(listing.row):
            up = monde.faire(service.ids, monde.admin, ListQuery("", one.name))
            down = monde.faire(service.ids, monde.admin, ListQuery("", one.name, True))
            assert set(up) == set(down) == every, (kind, one.name)
        shown = monde.faire(service.rows, monde.admin, sorted(every, reverse=True))
        assert [row.id for row in shown] == sorted(every, reverse=True)
    by_client = monde.faire(equipements.ids, monde.admin, ListQuery("", "client"))
    assert [row.client for row in monde.faire(equipements.rows, monde.admin, by_client)] == [
        "Céramiques du Sud", "Conserveries Atlas"
    ]  # fmt: skip


def test_a_few_answers_are_sorted_as_all_of_them_are(monde: Monde) -> None:
    """By texts with accents, by texts that some have not, by codes: both ways, what has none at the end."""
    with transaction(monde.engine) as session:
        agence, client = session.execute(sa.select(Equipement.agence_id, Equipement.client_id)).first() or (0, 0)
        for n, nom in enumerate(("étau", "Étau", "Zinc", "alésage", "Œil", "zinc", "Étau")):
            told = {"code_interne": f"{'aBcDeFg'[n]}-{n}", "marque": nom if n % 2 else None, "localisation": "Hall"}
            session.add(
                Equipement(nom=nom, agence_id=agence, client_id=client, modele="M", type_equipement="presse", **told)
            )
    for tri in ("nom", "marque", "code_interne", "client"):
        for down in (False, True):
            every = monde.faire(equipements.ids, monde.admin, ListQuery("hall", tri, down))
            assert len(every) >= 7
            assert monde.faire(equipements.ids, monde.admin, ListQuery("hall", tri, down, 5)) == every[:5], tri
