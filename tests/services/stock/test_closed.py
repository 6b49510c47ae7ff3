"""A place that was closed since a line took a part from it."""

from __future__ import annotations

from decimal import Decimal as D  # noqa: N817 - figures in a table

import pytest
import sqlalchemy as sa

from erp_desktop.db.session import transaction
from erp_desktop.domain.saisie import InterventionInput, LigneInput
from erp_desktop.domain.saisie.stock import DepotInput, MouvementInput, PieceInput
from erp_desktop.errors import TransitionError
from erp_desktop.models import LigneIntervention
from erp_desktop.services import interventions
from erp_desktop.services.stock import depots, ledger, parts, quantities
from tests.services.branch import Monde


def test_nothing_comes_back_to_a_place_that_was_closed_since(monde: Monde) -> None:
    """Neither does anything leave it: the line stays as it is until the place is open again."""
    store, van = (monde.faire(depots.create, monde.agent, DepotInput(nom=name)) for name in ("Magasin", "Fourgon 1"))
    joint = monde.faire(parts.create, monde.agent, PieceInput(reference="JNT-63", designation="Kit joints"))
    monde.faire(ledger.post, monde.agent, MouvementInput(
        type_mouvement="entree", piece_id=joint, depot_id=van, quantite="2", valeur_unitaire="80",
    ))  # fmt: skip
    ident = monde.faire(interventions.create, monde.agent,
                        InterventionInput(titre="Fuite", equipement_id=monde.equipement))  # fmt: skip
    part = LigneInput(type_ligne="piece", designation="Kit", quantite="2", prix_unitaire="120", piece_id=joint,
                      depot_id=van)  # fmt: skip
    line = monde.faire(interventions.ajouter_ligne, monde.agent, ident, part)

    def held() -> list[D]:
        with transaction(monde.engine, write=False) as session:
            return [quantities.in_depot(session, joint, place) for place in (store, van)]

    monde.faire(depots.update, monde.agent, van, {"statut": "clos"})
    back = "« Fourgon 1 » est clos depuis : rouvrez ce dépôt pour y remettre JNT-63"
    with pytest.raises(TransitionError, match=back):
        monde.faire(interventions.supprimer_ligne, monde.agent, line)
    for change in ({"quantite": "1"}, {"depot_id": store}):
        with pytest.raises(TransitionError, match=back):
            monde.faire(interventions.modifier_ligne, monde.agent, line, change)
    with pytest.raises(TransitionError, match=r"ou prenez JNT-63 dans un autre\."):
        monde.faire(interventions.modifier_ligne, monde.agent, line, {"quantite": "3"})
    assert monde.lire(sa.select(LigneIntervention.quantite, LigneIntervention.depot_id)) == [(D(2), van)]
    assert held() == [D(0), D(0)]
    monde.faire(interventions.modifier_ligne, monde.agent, line, {"prix_unitaire": "90"})
    monde.faire(depots.update, monde.agent, van, {"statut": "ouvert"})
    monde.faire(interventions.supprimer_ligne, monde.agent, line)
    assert held() == [D(0), D(2)]
