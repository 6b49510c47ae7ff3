"""What a count has settled is not unsettled by a movement of before it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal as D  # noqa: N817 - figures in a table

import pytest

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.domain.saisie.stock import DepotInput, InventaireInput, MouvementInput, PieceInput
from erp_desktop.errors import UserError, ValidationError
from erp_desktop.services.stock import counting, depots, ledger, parts, quantities
from tests.services.branch import Monde


def test_a_movement_of_before_a_count_is_neither_undone_nor_added(monde: Monde) -> None:
    do, agent = monde.faire, monde.agent
    store, van = (do(depots.create, agent, DepotInput(nom=name)) for name in ("Magasin", "Fourgon"))
    joint = do(parts.create, agent, PieceInput(reference="JNT", designation="Joint"))

    def move(kind: str, depot: int, quantity: str, **more: object) -> int:
        typed = MouvementInput(type_mouvement=kind, piece_id=joint, depot_id=depot, quantite=quantity, **more)
        return int(do(ledger.post, agent, typed).ids[0])

    def held(depot: int) -> D:
        with transaction(monde.engine, write=False) as session:
            return quantities.in_depot(session, joint, depot)

    before = clock.now() - timedelta(minutes=5)
    wrong = move("entree", store, "10")
    moved = move("transfert", store, "4", vers_depot_id=van)
    sheet = do(counting.create, agent, InventaireInput(depot_id=van))
    do(counting.enter, agent, sheet, joint, D(1))
    do(counting.validate, agent, sheet)
    assert (held(store), held(van)) == (D(6), D(1))
    # The van was counted: what came into it before is in that figure, from either side of the transfer.
    with pytest.raises(UserError, match="après ce mouvement : le comptage en a tenu compte"):
        do(ledger.reverse, agent, moved)
    with pytest.raises(ValidationError, match="la date doit être après"):
        move("transfert", store, "1", vers_depot_id=van, date_effet=before)
    assert (held(store), held(van)) == (D(6), D(1))
    # The store was not.
    do(ledger.reverse, agent, wrong)
    assert (held(store), held(van)) == (D(-4), D(1))
    # What came since the count is undone as ever.
    later = move("entree", van, "2")
    do(ledger.reverse, agent, later)
    assert held(van) == D(1)
