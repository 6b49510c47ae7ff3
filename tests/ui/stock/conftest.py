"""A place to count and to take from."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from erp_desktop.db.session import transaction
from erp_desktop.domain.saisie.stock import DepotInput, MouvementInput, PieceInput
from erp_desktop.services.stock import depots, ledger, parts
from tests.ui.company import Monde


@pytest.fixture
def magasin(monde: Monde, sqlite_engine: sa.Engine) -> dict[str, int]:
    """A store with ten seals and an empty van."""
    who = monde.responsable
    assert who is not None
    with transaction(sqlite_engine, who.user_id) as session:
        made = {
            "magasin": depots.create(session, who, DepotInput(nom="Magasin")),
            "fourgon": depots.create(
                session, who, DepotInput(nom="Fourgon 1", type_depot="vehicule", technicien_id=monde.techniciens[0])
            ),
            "joint": parts.create(session, who, PieceInput(reference="JNT-63", designation="Kit joints Ø63",
                                                           code_barres="3606480012204", prix_unitaire="120")),
        }  # fmt: skip
        typed = {"piece_id": made["joint"], "depot_id": made["magasin"], "quantite": "10", "valeur_unitaire": "80"}
        ledger.post(session, who, MouvementInput(type_mouvement="entree", **typed))
    return made
