"""What every list that is declared promises, walked without a window."""

from __future__ import annotations

from dataclasses import fields

import pytest

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
