"""Stock between branches: what two desktops do while they are cut off comes to one ledger that agrees."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from erp_desktop.centre.functions import stock as central_stock
from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import Role
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.saisie import LigneInput
from erp_desktop.domain.saisie.stock import DepotInput, InventaireInput, MouvementInput
from erp_desktop.models import MouvementStock
from erp_desktop.registry import rules
from erp_desktop.services import interventions
from erp_desktop.services.stock import counting, depots, ledger, parts
from tests.sync.histories.play import stock_agrees
from tests.sync.lab import Device, Lab, T


def do(device: Device, lab: Lab, act: Any, *values: Any, **more: Any) -> Any:
    """One act of the branch's responsable on a desktop."""
    user = lab.value("SELECT min(id) FROM users WHERE role = 'responsable'")
    person = Acteur(user, "R", Role.RESPONSABLE, device.agence_id, device.agence, device.poste)
    with transaction(device.engine, user) as session:
        return act(session, person, *values, **more)


def test_two_desktops_cut_off_come_to_one_ledger(lab: Lab) -> None:
    lab.sql("UPDATE users SET role = 'responsable' WHERE username = 'cas_1'")
    part, store, job = lab.ids("pieces_detachees")[0], lab.ids("depots")[0], lab.ids("interventions")[0]
    a, b = lab.device(), lab.device()
    entry = MouvementInput(type_mouvement="entree", piece_id=part, depot_id=store, quantite="20", valeur_unitaire="5")
    first = do(a, lab, ledger.post, entry).ids[0]
    line = do(a, lab, interventions.ajouter_ligne, job,
              LigneInput(type_ligne="piece", designation="Joint", quantite="2", prix_unitaire="9", piece_id=part,
                         depot_id=store))  # fmt: skip
    lab.settle()
    # Both change the quantity of one line; one takes a line of its own while the other counts.
    do(a, lab, interventions.modifier_ligne, line, {"quantite": "3"})
    do(b, lab, interventions.modifier_ligne, line, {"quantite": "5"})
    do(b, lab, ledger.post, MouvementInput(type_mouvement="sortie", piece_id=part, depot_id=store, quantite="4"))
    for device in (a, b):
        do(device, lab, ledger.reverse, first)
    sheet = do(a, lab, counting.create, InventaireInput(depot_id=store))
    do(a, lab, counting.enter, sheet, part, Decimal(11))
    do(a, lab, counting.validate, sheet)
    lab.settle()
    # The second reversal of one movement is set aside, and given up.
    refused = [code for d in (a, b) for _, code, _ in d.parked()]
    assert refused == ["doublon"]
    assert len(a.conflicts() + b.conflicts()) == 1
    for ask in (lab.sql, a.sql):
        stock_agrees(ask)
    quantity = lab.get("lignes_intervention", line, "quantite")
    taken = lab.value("SELECT sum(quantite) FROM mouvements_stock WHERE ligne_intervention_id = %s", line)
    assert (quantity, taken) == (Decimal(3), Decimal(-3))
    # Deleted there, edited here: the line stays, and so does what it takes.
    do(a, lab, interventions.supprimer_ligne, line)
    do(b, lab, interventions.modifier_ligne, line, {"designation": "Joint racleur"})
    lab.settle()
    stock_agrees(lab.sql)
    assert do(b, lab, parts.get, part).total == sum(
        (Decimal(r[0]) for r in b.sql("SELECT quantite FROM mouvements_stock WHERE piece_id = ?", part)), Decimal()
    )


def test_lots_that_two_desktops_move_and_count_come_to_one_ledger(lab: Lab) -> None:
    lab.sql("UPDATE users SET role = 'responsable' WHERE username = 'cas_1'")
    lab.sql("UPDATE pieces_detachees SET suivi = 'lot'")
    part, store, job = lab.ids("pieces_detachees")[0], lab.ids("depots")[0], lab.ids("interventions")[0]
    a, b = lab.device(), lab.device()

    def move(device: Device, kind: str, quantity: str, lot: str) -> None:
        do(device, lab, ledger.post, MouvementInput(type_mouvement=kind, piece_id=part, depot_id=store,
                                                    quantite=quantity, lot=lot))  # fmt: skip

    move(a, "entree", "5", "L-1")
    move(a, "entree", "7", "L-2")
    line = do(a, lab, interventions.ajouter_ligne, job,
              LigneInput(type_ligne="piece", designation="Joint", quantite="1", prix_unitaire="9", piece_id=part,
                         depot_id=store, lot="L-1"))  # fmt: skip
    lab.settle()
    # One lot is taken here before it is counted there; a line's lot and its quantity are changed on two sides.
    move(b, "sortie", "2", "L-2")
    do(a, lab, interventions.modifier_ligne, line, {"quantite": "2"})
    do(b, lab, interventions.modifier_ligne, line, {"lot": "L-2"})
    sheet = do(a, lab, counting.create, InventaireInput(depot_id=store))
    do(a, lab, counting.enter, sheet, part, Decimal(7), lot="L-2")
    # What is taken back was not counted, here and at the centre.
    do(a, lab, counting.enter, sheet, part, Decimal(2), lot="L-1")
    do(a, lab, counting.take_back, sheet, part, Decimal(2), "L-1")
    do(a, lab, counting.validate, sheet, partial=True)
    lab.settle()
    counted = "SELECT count(*) FROM mouvements_stock WHERE inventaire_id IS NOT NULL AND lot = 'L-1'"
    assert [ask(counted) for ask in (lab.sql, a.sql, b.sql)] == [[(0,)]] * 3
    for ask in (lab.sql, a.sql, b.sql):
        stock_agrees(ask)
    held = dict(lab.sql("SELECT lot, sum(quantite) FROM mouvements_stock WHERE piece_id = %s GROUP BY lot", part))
    assert set(held) == {"L-1", "L-2"}, "what the centre posts says of which lot"


def test_two_names_that_differ_by_an_accent_alone_do_not_both_stay(lab: Lab) -> None:
    lab.sql("UPDATE users SET role = 'responsable' WHERE username = 'cas_1'")
    a, b = lab.device(), lab.device()
    do(a, lab, depots.create, DepotInput(nom="Réserve"))
    other = do(b, lab, depots.create, DepotInput(nom="reserve"))
    lab.settle()
    assert [(code, reason) for _, code, reason in a.parked() + b.parked()] == [("regle", rules.SAME_DEPOT)]
    do(b, lab, depots.update, other, {"nom": "Réserve nord"})
    lab.settle()
    assert lab.sql("SELECT nom FROM depots WHERE nom ILIKE 'R%' ORDER BY nom") == [("Réserve",), ("Réserve nord",)]


def test_the_centre_refuses_half_a_transfer_and_a_count_that_is_over(lab: Lab) -> None:
    a = lab.device()
    part, store = lab.ids("pieces_detachees")[0], lab.ids("depots")[0]
    half = (
        "INSERT INTO mouvements_stock (piece_id, depot_id, type_mouvement, quantite, horodatage, created_at, "
        "updated_at, transfert_id) VALUES (?, ?, 'transfert', '3.000', ?, ?, ?, 77)"
    )
    a.sql(half, part, store, T, T, T)
    a.sql("INSERT INTO inventaires (depot_id, numero, ouvert_a, created_at, updated_at, etat) "
          "VALUES (?, 'IVT-1', ?, ?, ?, 'annule')", store, T, T, T)  # fmt: skip
    a.without_local_rules()
    a.sync()
    assert [(code, reason) for _, code, reason in a.parked()] == [("regle", central_stock.TRANSFER)]
    a.sql("UPDATE inventaires SET etat = 'ouvert'")
    a.sync()
    assert [reason for _, _, reason in a.parked()][-1] == rules.COUNT_OVER
    a.sql("DELETE FROM inventaires")
    a.sync()
    assert lab.value("SELECT count(*) FROM inventaires") == 1
    with transaction(a.engine, write=False) as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(MouvementStock)) == 1
