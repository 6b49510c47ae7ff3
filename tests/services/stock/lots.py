"""Lots of followed parts: where they are, and their counts."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from erp_desktop.db.session import transaction
from erp_desktop.domain.saisie.stock import InventaireInput
from erp_desktop.errors import ValidationError
from erp_desktop.services.stock import counting, lots
from tests.services.branch import Monde

D = Decimal


def held_lots(monde: Monde, part: int, lot: str | None = None) -> dict[tuple[str, int], Decimal]:
    with transaction(monde.engine, write=False) as session:
        return lots.held(session, part, lot)


def count_by_lot(monde: Monde, magasin: dict[str, int], part: int, serial: int, move: Callable[..., Any]) -> None:
    """Of the part, five of L-1 and two of L-2 are in the store; of the other the van has two serial numbers."""
    store, van = magasin["magasin"], magasin["fourgon"]
    sheet = monde.faire(counting.create, monde.agent, InventaireInput(depot_id=store))

    def enter(piece: int, quantity: int, of: int = sheet, **more: Any) -> None:
        monde.faire(counting.enter, monde.agent, of, piece, D(quantity), **more)

    def seen(piece: int = part, of: int = sheet) -> list[tuple[str | None, Decimal, Decimal | None]]:
        lines = monde.faire(counting.get, monde.agent, of).lines
        return [(x.lot, x.attendu, x.compte) for x in lines if x.piece_id == piece]

    assert seen() == [("L-1", D(5), None), ("L-2", D(2), None)]
    assert seen(serial) == [("", D(1), None)], "entered before it was followed"
    with pytest.raises(ValidationError, match="Cette pièce est suivie"):
        enter(part, 1)
    # By the code of the part, then any lot; a lot's own label says both.
    found = monde.faire(counting.find, monde.agent, "jnt-63")
    assert (found.piece_id, found.followed, found.lot) == (part, True, None)
    assert monde.faire(counting.find, monde.agent, "l-3", part).lot == "L-3"
    with pytest.raises(ValidationError, match="aucune pièce"):
        monde.faire(counting.find, monde.agent, "l-3")
    assert monde.faire(counting.find, monde.agent, " s1 ").piece_id == serial
    enter(part, 4, lot="l-1")
    enter(part, 3, lot="L-3")
    enter(serial, 0, exact=True, lot="")
    assert seen() == [("L-1", D(5), D(4)), ("L-2", D(2), None), ("L-3", D(0), D(3))]
    move(monde, "sortie", part, store, "1", lot="L-1")
    monde.faire(counting.validate, monde.responsable, sheet, partial=True)
    assert {key: n for key, n in held_lots(monde, part).items() if n} == {
        ("L-1", store): D(3), ("L-2", store): D(2), ("L-3", store): D(3),
    }  # fmt: skip
    assert seen(serial) == [("", D(1), D(0))]
    # A serial number is one unit: not twice, not by threes.
    there = monde.faire(counting.create, monde.agent, InventaireInput(depot_id=van))
    with pytest.raises(ValidationError, match="une à une"):
        enter(serial, 3, there, lot="S1")
    enter(serial, 1, there, lot="S1")
    with pytest.raises(ValidationError, match="S1 est déjà compté"):
        enter(serial, 1, there, lot="s1")
    enter(serial, 0, there, exact=True, lot="S2")
    assert seen(serial, there) == [("S1", D(1), D(1)), ("S2", D(1), D(0))]
    monde.faire(counting.validate, monde.responsable, there)
    assert {key: n for key, n in held_lots(monde, serial).items() if n} == {("S1", van): D(1)}
    move(monde, "entree", serial, van, "1", lot="S2")
