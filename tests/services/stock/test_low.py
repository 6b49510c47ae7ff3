"""What is under a minimum and what is to be ordered: the row, the filter, the foot and the notice say the same."""

from __future__ import annotations

from decimal import Decimal as D  # noqa: N817 - figures in a table

import pytest
import sqlalchemy as sa

from erp_desktop.domain.saisie import InterventionInput, LigneInput
from erp_desktop.domain.saisie.stock import DepotInput, MouvementInput, PieceInput, SeuilInput
from erp_desktop.errors import ValidationError
from erp_desktop.models import MouvementStock
from erp_desktop.services import interventions, notifications
from erp_desktop.services.shared.lists import ListQuery
from erp_desktop.services.stock import depots, ledger, parts, totals
from tests.services.branch import Monde


def _told(monde: Monde) -> list[str]:
    monde.faire(notifications.produire, monde.responsable)
    told = monde.faire(notifications.lister, monde.responsable)
    return [n.contenu for n in told if n.evenement == "stock_minimum"]


def test_a_place_under_its_own_minimum_and_what_is_set_aside_count(monde: Monde) -> None:
    store = monde.faire(depots.create, monde.agent, DepotInput(nom="Magasin"))
    van = monde.faire(depots.create, monde.agent, DepotInput(nom="Fourgon 1", type_depot="vehicule"))
    joint = monde.faire(parts.create, monde.agent, PieceInput(reference="JNT-63", designation="Kit joints"))

    def listed(text: str) -> list[int]:
        return list(monde.faire(parts.ids, monde.agent, ListQuery(text)))

    def row() -> parts.PartRow:
        (found,) = monde.faire(parts.rows, monde.agent, [joint])
        return found

    def foot() -> tuple[int, int]:
        found = monde.faire(totals.totals, monde.agent, "")
        assert found is not None
        return found.sous_minimum, found.a_commander

    for depot, quantity in ((store, "13"), (van, "1")):
        monde.faire(ledger.post, monde.agent, MouvementInput(type_mouvement="entree", piece_id=joint,
                                                             depot_id=depot, quantite=quantity))  # fmt: skip
    monde.faire(parts.set_threshold, monde.agent, joint, store, SeuilInput(minimum="4", maximum="13"))
    assert listed("etat:sous_minimum") == listed("etat:a_commander") == []
    # What a planned visit sets aside is no longer there to take.
    job = monde.faire(interventions.create, monde.agent, InterventionInput(titre="x", equipement_id=monde.equipement))
    line = LigneInput(type_ligne="piece", designation="Kit", prix_unitaire="1", piece_id=joint, depot_id=store,
                      quantite="3", prevue=True)  # fmt: skip
    monde.faire(interventions.ajouter_ligne, monde.agent, job, line)
    assert (listed("etat:a_commander"), row().a_commander, foot()) == ([joint], D(2), (0, 1))
    monde.executer("UPDATE interventions SET statut = 'annulee' WHERE id = :i", i=job)
    assert (listed("etat:a_commander"), row().a_commander, foot()) == ([], D(0), (0, 0))
    # A van under its own minimum is told of, however much the store has; ordering is not what it needs.
    assert _told(monde) == []
    monde.faire(parts.set_threshold, monde.agent, joint, van, SeuilInput(minimum="2"))
    monde.faire(parts.set_threshold, monde.agent, joint, store, SeuilInput(minimum="4"))
    found = row()
    assert (found.total, found.minimum, found.low, found.short) == (D(14), D(6), True, False)
    assert (found.bas, found.a_commander) == ({van: "vehicule"}, D(0))
    assert (listed("etat:sous_minimum"), listed("etat:a_commander"), foot()) == ([joint], [], (1, 0))
    assert _told(monde) == ["JNT-63 · Kit joints"]
    # A closed place keeps its threshold and asks for nothing.
    monde.executer("UPDATE depots SET statut = 'clos' WHERE id = :d", d=van)
    assert (row().minimum, row().low, listed("etat:sous_minimum"), foot()) == (D(4), False, [], (0, 0))
    assert monde.faire(parts.get, monde.agent, joint).minimum == D(4)


def test_a_part_set_aside_in_a_place_that_closed_is_taken_from_another(monde: Monde) -> None:
    store, van = (monde.faire(depots.create, monde.agent, DepotInput(nom=name)) for name in ("Magasin", "Fourgon 1"))
    joint = monde.faire(parts.create, monde.agent, PieceInput(reference="JNT-63", designation="Kit joints"))
    job = monde.faire(interventions.create, monde.agent, InterventionInput(titre="x", equipement_id=monde.equipement))
    typed = LigneInput(type_ligne="piece", designation="Kit", quantite="1", prix_unitaire="1", piece_id=joint,
                       depot_id=van, prevue=True)  # fmt: skip
    line = monde.faire(interventions.ajouter_ligne, monde.agent, job, typed)
    monde.faire(depots.update, monde.agent, van, {"statut": "clos"})
    with pytest.raises(ValidationError) as refused:
        monde.faire(interventions.modifier_ligne, monde.agent, line, {"prevue": False})
    assert refused.value.champs == {"depot_id": ledger.CLOSED}
    assert monde.lire(sa.select(MouvementStock.id)) == []
    monde.faire(interventions.modifier_ligne, monde.agent, line, {"prevue": False, "depot_id": store})
    assert monde.lire(sa.select(MouvementStock.depot_id, MouvementStock.quantite)) == [(store, D(-1))]
