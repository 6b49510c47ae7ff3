"""Stock on both engines: the ledger, the lines that draw on it, counts, and what it is worth."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.domain.saisie import InterventionInput, LigneInput
from erp_desktop.domain.saisie.stock import DepotInput, InventaireInput, MouvementInput, PieceInput, SeuilInput
from erp_desktop.errors import DuplicateError, NotAllowedError, TransitionError, UserError, ValidationError
from erp_desktop.models import Depot, LigneIntervention, MouvementStock, PieceDetachee
from erp_desktop.services import interventions
from erp_desktop.services.shared.lists import ListQuery
from erp_desktop.services.stock import (
    counting,
    counts,
    depots,
    ledger,
    lookup,
    lots,
    movements,
    parts,
    quantities,
    transfers,
    valuation,
)
from tests.services.branch import Monde
from tests.services.stock.lots import count_by_lot, held_lots

D = Decimal


@pytest.fixture
def magasin(monde: Monde) -> dict[str, int]:
    """A store, Karim's van, another agency's store, and two parts."""
    return {
        "magasin": monde.faire(depots.create, monde.agent, DepotInput(nom="Magasin")),
        "fourgon": monde.faire(
            depots.create, monde.agent,
            DepotInput(nom="Fourgon 1", type_depot="vehicule", technicien_id=monde.karim),
        ),
        "ailleurs": monde.faire(depots.create, monde.autre_agent, DepotInput(nom="Magasin")),
        "joint": monde.faire(
            parts.create, monde.agent,
            PieceInput(reference="JNT-63", designation="Kit joints Ø63", code_barres="3606480012204",
                       prix_unitaire="120", stock_minimum="4"),
        ),
        "graisse": monde.faire(
            parts.create, monde.agent, PieceInput(reference="GRS-EP2", designation="Graisse", unite="kg")
        ),
    }  # fmt: skip


def move(monde: Monde, kind: str, piece: int, depot: int, quantity: str, **more: Any) -> ledger.Posted:
    typed = MouvementInput(type_mouvement=kind, piece_id=piece, depot_id=depot, quantite=quantity, **more)
    return monde.faire(ledger.post, monde.agent, typed)


def refused(monde: Monde, kind: str, piece: int, depot: int, quantity: object, **more: Any) -> dict[str, str]:
    with pytest.raises(ValidationError) as told:
        move(monde, kind, piece, depot, quantity, **more)  # type: ignore[arg-type]
    return told.value.champs


def held(monde: Monde, piece: int, depot: int) -> Decimal:
    with transaction(monde.engine, write=False) as session:
        return quantities.in_depot(session, piece, depot)


def test_the_ledger_and_what_it_refuses(monde: Monde, magasin: dict[str, int]) -> None:
    joint, store, van = magasin["joint"], magasin["magasin"], magasin["fourgon"]
    assert move(monde, "entree", joint, store, "10", valeur_unitaire="100").stock == D(10)
    moved = move(monde, "transfert", joint, store, "4,5", vers_depot_id=van)
    assert (held(monde, joint, store), held(monde, joint, van)) == (D("5.5"), D("4.5"))
    pair = monde.lire(
        sa.select(MouvementStock.quantite, MouvementStock.transfert_id, MouvementStock.valeur_unitaire)
        .where(MouvementStock.id.in_(moved.ids)).order_by(MouvementStock.id)
    )  # fmt: skip
    assert [tuple(r) for r in pair] == [(D("-4.5"), moved.ids[0], D(100)), (D("4.5"), moved.ids[0], D(100))]
    # Below zero: made and said for an exit, refused for a transfer.
    told = move(monde, "sortie", joint, van, "5")
    assert told.stock == D("-0.5")
    assert told.warning == "JNT-63 est à -0,5 dans Fourgon 1 : à compter."
    assert refused(monde, "transfert", joint, van, "1", vers_depot_id=store) == {
        "quantite": "Fourgon 1 n'en a que -0,5 : comptez-le avant de transférer."
    }
    assert refused(monde, "transfert", joint, store, "1", vers_depot_id=store) == {"vers_depot_id": ledger.SAME}
    assert set(refused(monde, "transfert", joint, store, "1")) == {"vers_depot_id"}
    assert refused(monde, "entree", joint, store, None) == {"quantite": "Ce champ est obligatoire."}
    assert refused(monde, "sortie", joint, store, "0") == {"quantite": "Un mouvement porte sur une quantité."}
    assert set(refused(monde, "sortie", joint, store, "-1")) == {"quantite"}
    assert set(refused(monde, "ajustement", joint, store, "1")) == {"motif"}
    assert refused(monde, "entree", joint, magasin["ailleurs"], "1") == {"depot_id": ledger.NO_DEPOT}
    later = clock.now() + timedelta(days=1)
    assert refused(monde, "entree", joint, store, "1", date_effet=later) == {"date_effet": "Cette date est à venir."}
    typed = MouvementInput(type_mouvement="entree", piece_id=joint, depot_id=store, quantite="1")
    with pytest.raises(NotAllowedError):
        monde.faire(ledger.post, monde.technicien, typed)
    # The papers of a day: either side of a transfer names both places; an exit for no job goes where it says.
    gone = move(monde, "sortie", joint, store, "2", motif="Agence de Tanger")
    entered = monde.lire(sa.select(MouvementStock.id).order_by(MouvementStock.id.desc()))
    for chosen in ([r.id for r in entered], [moved.ids[1], *told.ids, *gone.ids]):
        papers = monde.faire(transfers.lister, monde.agent, chosen)
        assert [(p.sortie, p.depuis, p.vers, [(x.reference, x.quantite) for x in p.lignes]) for p in papers] == [
            (False, "Magasin", "Fourgon 1", [("JNT-63", D("4.5"))]), (True, "Fourgon 1", "", [("JNT-63", D(5))]),
            (True, "Magasin", "Agence de Tanger", [("JNT-63", D(2))]),
        ]  # fmt: skip
    assert monde.faire(transfers.lister, monde.autre_agent, moved.ids) == []
    monde.faire(ledger.reverse, monde.agent, gone.ids[0])
    # A reversal names what it undoes, takes both rows of a transfer back, once.
    monde.faire(ledger.reverse, monde.agent, moved.ids[1], "Erreur")
    assert (held(monde, joint, store), held(monde, joint, van)) == (D(10), D(-5))
    for ident in moved.ids:
        with pytest.raises(UserError, match="déjà été contre-passé"):
            monde.faire(ledger.reverse, monde.agent, ident)
    every = [r.id for r in monde.lire(sa.select(MouvementStock.id))]
    assert [p.vers for p in monde.faire(transfers.lister, monde.agent, every)] == [""], "reversed, it went nowhere"
    rows, count = monde.faire(movements.of_part, monde.agent, joint)
    assert count == 8
    assert [r.solde for r in rows][-4:] == [D(5), D(10), D("5.5"), D(10)]
    assert (rows[0].autre, rows[-1].annule, rows[-2].annule) == ("Magasin", False, True)
    listed = monde.faire(movements.ids, monde.agent, ListQuery("depot:fourgon type:sortie"))
    assert [r.quantite for r in monde.faire(movements.rows, monde.agent, listed)] == [D(-5)]


def test_a_place_closes_only_when_it_is_empty(monde: Monde, magasin: dict[str, int]) -> None:
    joint, store, van = magasin["joint"], magasin["magasin"], magasin["fourgon"]
    move(monde, "entree", joint, van, "1")
    with pytest.raises(ValidationError, match="contient encore 1 référence"):
        monde.faire(depots.update, monde.agent, van, {"statut": "clos"})
    move(monde, "transfert", joint, van, "1", vers_depot_id=store)
    monde.faire(depots.update, monde.agent, van, {"statut": "clos"})
    assert refused(monde, "entree", joint, van, "1") == {"depot_id": ledger.CLOSED}
    assert refused(monde, "transfert", joint, store, "1", vers_depot_id=van) == {"vers_depot_id": ledger.CLOSED}
    with pytest.raises(ValidationError, match="clos"):
        monde.faire(counting.create, monde.agent, InventaireInput(depot_id=van))
    with pytest.raises(DuplicateError):
        monde.faire(depots.create, monde.agent, DepotInput(nom="Magasin"))


def test_a_line_takes_its_part_and_gives_it_back(monde: Monde, magasin: dict[str, int]) -> None:
    joint, store, van = magasin["joint"], magasin["magasin"], magasin["fourgon"]
    move(monde, "entree", joint, van, "3", valeur_unitaire="80")
    ident = monde.faire(interventions.create, monde.agent,
                        InterventionInput(titre="Fuite", equipement_id=monde.equipement))  # fmt: skip
    part = {"type_ligne": "piece", "designation": "Kit", "quantite": "2", "prix_unitaire": "120", "piece_id": joint}
    line = monde.faire(interventions.ajouter_ligne, monde.agent, ident, LigneInput(**part, depot_id=van))
    assert held(monde, joint, van) == D(1)
    monde.faire(interventions.modifier_ligne, monde.agent, line, {"quantite": "3"})
    assert held(monde, joint, van) == D(0)
    monde.faire(interventions.modifier_ligne, monde.agent, line, {"depot_id": store, "quantite": "1"})
    assert (held(monde, joint, van), held(monde, joint, store)) == (D(3), D(-1))
    assert [n.depot for n in monde.faire(lookup.negatives, monde.agent, joint)] == ["Magasin"]
    monde.faire(interventions.supprimer_ligne, monde.agent, line)
    assert (held(monde, joint, van), held(monde, joint, store)) == (D(3), D(0))
    trail = monde.lire(
        sa.select(MouvementStock.quantite, MouvementStock.type_mouvement, MouvementStock.valeur_unitaire)
        .where(MouvementStock.ligne_intervention_id == line).order_by(MouvementStock.id)
    )  # fmt: skip
    assert [tuple(r) for r in trail] == [
        (D(-2), "sortie", D(80)), (D(-1), "sortie", D(80)), (D(-1), "sortie", D(80)), (D(3), "retour", D(80)),
        (D(1), "retour", D(80)),
    ]  # fmt: skip
    # Planned, it is set aside; taken, it leaves.
    line = monde.faire(interventions.ajouter_ligne, monde.agent, ident, LigneInput(**part, depot_id=van, prevue=True))
    assert held(monde, joint, van) == D(3)
    card = monde.faire(parts.get, monde.agent, joint)
    assert (card.total, card.reserve, [r.quantite for r in card.reservations]) == (D(3), D(2), [D(2)])
    monde.faire(interventions.modifier_ligne, monde.agent, line, {"prevue": False})
    assert (held(monde, joint, van), monde.faire(parts.get, monde.agent, joint).reserve) == (D(1), D(0))
    for wrong in ({"depot_id": magasin["ailleurs"]}, {"depot_id": None, "prevue": True}):
        with pytest.raises(ValidationError):
            monde.faire(interventions.modifier_ligne, monde.agent, line, wrong)
    info = monde.faire(interventions.lignes, monde.agent, ident)[0]
    assert (info.depot, info.unite, info.prevue) == ("Fourgon 1", "u", False)
    with pytest.raises(UserError, match="suit une ligne"):
        monde.faire(ledger.reverse, monde.agent, monde.lire(sa.select(sa.func.max(MouvementStock.id)))[0][0])
    monde.executer("UPDATE interventions SET statut = 'annulee' WHERE id = :i", i=ident)
    for act, values in ((interventions.supprimer_ligne, ()), (interventions.modifier_ligne, ({"quantite": "9"},))):
        with pytest.raises(TransitionError):
            monde.faire(act, monde.agent, line, *values)
    assert monde.lire(sa.select(LigneIntervention.quantite)) == [(D(2),)]


def test_a_count_posts_the_difference_at_the_moment_of_counting(monde: Monde, magasin: dict[str, int]) -> None:
    joint, grease, store = magasin["joint"], magasin["graisse"], magasin["magasin"]
    move(monde, "entree", joint, store, "10", valeur_unitaire="150")
    move(monde, "entree", grease, store, "6")
    sheet = monde.faire(counting.create, monde.agent, InventaireInput(depot_id=store))
    with pytest.raises(ValidationError, match="déjà en cours de comptage : IVT-CAS-00-"):
        monde.faire(counting.create, monde.agent, InventaireInput(depot_id=store))
    with pytest.raises(UserError, match="Rien n'est compté"):
        monde.faire(counting.validate, monde.agent, sheet)
    found = monde.faire(counting.find_part, monde.agent, "3606480012204")
    assert found == monde.faire(counting.find_part, monde.agent, "jnt-63") == joint
    with pytest.raises(ValidationError, match="aucune pièce"):
        monde.faire(counting.find_part, monde.agent, "999")
    for _ in range(3):
        last = monde.faire(counting.enter, monde.agent, sheet, joint, D(1))
    assert last == D(3)
    monde.faire(counting.enter, monde.agent, sheet, joint, D(2), "Casse", exact=True)
    with pytest.raises(ValidationError, match="moins que zéro"):
        monde.faire(counting.enter, monde.agent, sheet, joint, D(-5))
    for much, told in (("1.2345", "3 décimales au plus."), ("1e30", "Ce nombre est trop grand.")):
        with pytest.raises(ValidationError) as refused_count:
            monde.faire(counting.enter, monde.agent, sheet, joint, D(much), exact=True)
        assert refused_count.value.champs == {"quantite": told}
    # Taken from the shelf after it was counted: no difference.
    move(monde, "sortie", joint, store, "2")
    view = monde.faire(counting.get, monde.agent, sheet)
    line = next(x for x in view.lines if x.piece_id == joint)
    assert (line.attendu, line.compte, line.ecart, line.valeur, line.motif, line.bouge) == (
        D(10), D(2), D(-8), D(-1200), "Casse", 1,
    )  # fmt: skip
    assert next(x for x in view.lines if x.piece_id == grease).compte is None
    with pytest.raises(UserError, match="1 ligne reste"):
        monde.faire(counting.validate, monde.agent, sheet)
    with pytest.raises(NotAllowedError, match="1000 MAD"):
        monde.faire(counting.validate, monde.agent, sheet, partial=True)
    done = monde.faire(counting.validate, monde.responsable, sheet, partial=True)
    assert (done.posted, done.value) == (1, D(-1200))
    assert (held(monde, joint, store), held(monde, grease, store)) == (D(0), D(6))
    with pytest.raises(UserError, match="terminé"):
        monde.faire(counting.enter, monde.agent, sheet, joint, D(1))
    assert monde.faire(counting.get, monde.agent, sheet).gaps[0].ecart == D(-8)
    before = clock.now() - timedelta(days=1)
    assert set(refused(monde, "entree", joint, store, "1", date_effet=before)) == {"date_effet"}
    with pytest.raises(UserError, match="suit un inventaire"):
        monde.faire(ledger.reverse, monde.agent, monde.lire(sa.select(sa.func.max(MouvementStock.id)))[0][0])
    listed = monde.faire(counts.ids, monde.agent, ListQuery("etat:valide"))
    assert [(r.depot, r.comptees) for r in monde.faire(counts.rows, monde.agent, listed)] == [("Magasin", 1)]
    other = monde.faire(counting.create, monde.agent, InventaireInput(depot_id=store))
    monde.faire(counting.cancel, monde.agent, other)
    assert monde.faire(counts.ids, monde.autre_agent, ListQuery()) == []


def test_the_list_tells_what_is_low_negative_or_asleep(monde: Monde, magasin: dict[str, int]) -> None:
    joint, grease, store, van = (magasin[k] for k in ("joint", "graisse", "magasin", "fourgon"))
    move(monde, "entree", joint, store, "3", valeur_unitaire="100")
    move(monde, "sortie", joint, van, "1")
    monde.faire(parts.set_threshold, monde.agent, joint, store, SeuilInput(minimum="4", maximum="10"))
    with pytest.raises(ValidationError, match="inférieur"):
        SeuilInput(minimum="4", maximum="3")

    def listed(text: str) -> list[int]:
        return monde.faire(parts.ids, monde.agent, ListQuery(text))

    assert listed("etat:negatif") == listed("etat:sous_minimum") == listed("etat:a_commander") == [joint]
    assert listed("etat:dormant") == [grease]
    assert listed("3606480012204") == listed("depot:fourgon") == [joint]
    assert listed("") == [grease, joint]
    row = monde.faire(parts.rows, monde.agent, [joint])[0]
    assert (row.magasin, row.fourgons, row.total, row.minimum, row.a_commander, row.valeur, row.low, row.negatif) == (
        D(3), D(-1), D(2), D(4), D(8), D(300), True, True,
    )  # fmt: skip
    card = monde.faire(parts.get, monde.agent, joint)
    assert (card.valeur, card.valeur_nette, card.cout_moyen) == (D(300), D(200), D(100))
    assert monde.faire(lookup.total_value, monde.agent) == D(300)
    assert [c.stock for c in monde.faire(lookup.choices, monde.agent, "jnt", store)] == [D(3)]
    with pytest.raises(DuplicateError):
        monde.faire(parts.create, monde.agent, PieceInput(reference="JNT-63", designation="x"))
    with pytest.raises(ValidationError, match="elle-même"):
        monde.faire(parts.update, monde.agent, joint, {"remplacee_par_id": joint})
    assert monde.faire(parts.ids, monde.autre_agent, ListQuery()) == []


@pytest.mark.timeout(60)
def test_parts_that_two_desktops_replaced_by_each_other_are_walked_once_around(monde: Monde) -> None:
    first, second, third = (
        monde.faire(parts.create, monde.agent, PieceInput(reference=f"R-{n}", designation="Joint")) for n in "123"
    )
    monde.faire(parts.update, monde.agent, first, {"remplacee_par_id": second})
    with transaction(monde.engine) as session:
        session.execute(sa.update(PieceDetachee).where(PieceDetachee.id == second).values(remplacee_par_id=first))
    monde.faire(parts.update, monde.agent, third, {"remplacee_par_id": first})
    assert monde.faire(parts.get, monde.agent, third).remplacee_par_id == first


def average(rows: list[Any]) -> dict[tuple[int, int], Decimal]:
    """The weighted average in plain Python: one row after the other, in the order of the ledger."""
    stock: dict[tuple[int, int], int] = defaultdict(int)
    cost: dict[tuple[int, int], int] = {}
    for r in sorted(rows, key=lambda r: (r.date_effet or r.horodatage, r.id)):
        if r.type_mouvement == "transfert":
            continue
        key, q = (r.piece_id, r.agence_id), int(r.quantite * 1000)
        price = r.valeur_unitaire if r.valeur_unitaire is not None else r.prix_unitaire
        if q > 0 and price is not None:
            v, s = int(price * 10_000), stock[key]
            if s <= 0 or key not in cost:
                cost[key] = v
            else:
                cost[key] = (2 * (s * cost[key] + q * v) + s + q) // (2 * (s + q))
        stock[key] += q
    return {key: Decimal(c).scaleb(-4) for key, c in cost.items()}


def test_the_average_cost_is_that_of_plain_python(monde: Monde, magasin: dict[str, int]) -> None:
    import random

    chance, start = random.Random(7), clock.now() - timedelta(days=30)
    kinds = ("entree", "entree", "sortie", "sortie", "retour", "ajustement", "transfert")
    with transaction(monde.engine) as session:
        for n in range(400):
            kind = chance.choice(kinds)
            q = D(chance.randrange(1, 9_999)).scaleb(-3) * (-1 if kind == "sortie" else 1)
            piece = chance.choice([magasin["joint"], magasin["graisse"]])
            priced = kind in ("entree", "retour") and chance.random() < 0.8
            session.add(
                MouvementStock(
                    agence_id=monde.cas, piece_id=piece, depot_id=magasin["magasin"], type_mouvement=kind, quantite=q,
                    horodatage=start + timedelta(minutes=chance.randrange(9_000)),
                    date_effet=start + timedelta(minutes=n) if chance.random() < 0.3 else None,
                    valeur_unitaire=D(chance.randrange(1, 99_999_999)).scaleb(-4) if priced else None,
                    prix_unitaire=D("12.34") if kind == "entree" and n % 5 == 0 else None,
                )
            )  # fmt: skip
    with transaction(monde.engine, write=False) as session:
        rows = list(session.scalars(sa.select(MouvementStock)))
        wanted = average(rows)
        assert len(wanted) == 2
        assert valuation.average_costs(session) == wanted
        assert valuation.average_costs(session, [magasin["joint"]]) == {
            k: v for k, v in wanted.items() if k[0] == magasin["joint"]
        }
        assert session.scalar(sa.select(sa.func.count()).select_from(Depot)) == 3
        assert session.scalar(sa.select(sa.func.count()).select_from(PieceDetachee)) == 2


def test_units_of_a_followed_part_are_told_apart(monde: Monde, magasin: dict[str, int]) -> None:
    store, van, part = magasin["magasin"], magasin["fourgon"], magasin["joint"]
    monde.faire(parts.update, monde.agent, part, {"suivi": "lot"})
    with pytest.raises(ValidationError, match="Cette pièce est suivie"):
        move(monde, "entree", part, store, "5")
    move(monde, "entree", part, store, "5", lot=" l-1 ", valeur_unitaire="10")
    move(monde, "entree", part, store, "2", lot="L-2", valeur_unitaire="10")
    with pytest.raises(ValidationError, match="n'en a que 2"):
        move(monde, "transfert", part, store, "3", vers_depot_id=van, lot="L-2")
    moved = move(monde, "transfert", part, store, "3", vers_depot_id=van, lot="L-1")
    assert held_lots(monde, part) == {("L-1", store): D(2), ("L-1", van): D(3), ("L-2", store): D(2)}
    monde.faire(ledger.reverse, monde.agent, moved.ids[0])
    assert held_lots(monde, part, "L-1") == {("L-1", store): D(5), ("L-1", van): D(0)}
    # A part that nobody follows keeps no lot: one that is typed is not dropped unseen.
    assert refused(monde, "entree", magasin["graisse"], store, "1", lot="X") == {
        "lot": "Cette pièce n'est suivie ni par lot ni par série : videz ce champ."
    }
    move(monde, "entree", magasin["graisse"], store, "1")
    assert held_lots(monde, magasin["graisse"]) == {}

    monde.faire(parts.update, monde.agent, magasin["graisse"], {"suivi": "serie"})
    serial = magasin["graisse"]
    with pytest.raises(ValidationError, match="une à une"):
        move(monde, "entree", serial, store, "2", lot="S1")
    move(monde, "entree", serial, store, "1", lot="S1")
    for kind, depot in (("entree", store), ("entree", van), ("sortie", van)):
        with pytest.raises(ValidationError, match="Le numéro de série S1 est dans Magasin"):
            move(monde, kind, serial, depot, "1", lot="s1")
    move(monde, "transfert", serial, store, "1", vers_depot_id=van, lot="S1")

    job = monde.faire(
        interventions.create, monde.agent, InterventionInput(titre="Graissage", equipement_id=monde.equipement)
    )
    typed = {
        "type_ligne": "piece",
        "piece_id": serial,
        "designation": "Graisse",
        "quantite": "1",
        "prix_unitaire": "1",
    }
    with pytest.raises(ValidationError, match="Cette pièce est suivie"):
        monde.faire(interventions.ajouter_ligne, monde.agent, job, LigneInput(**typed, depot_id=van))
    line = monde.faire(interventions.ajouter_ligne, monde.agent, job, LigneInput(**typed, depot_id=van, lot="S1"))
    held, built = monde.faire(lots.of_part, monde.agent, serial)
    assert held == []
    (one,) = built
    assert (one.lot, one.intervention_id, one.quantite) == ("S1", job, D(1))
    assert one.equipement
    # What is typed over keeps its unit; another one goes out in its place, and the line taken away brings it back.
    monde.faire(interventions.modifier_ligne, monde.agent, line, {"prix_unitaire": "3"})
    move(monde, "entree", serial, van, "1", lot="S2")
    monde.faire(interventions.modifier_ligne, monde.agent, line, {"lot": "S2"})
    assert [(h.lot, h.depot_id) for h in monde.faire(lots.of_part, monde.agent, serial)[0]] == [("S1", van)]
    monde.faire(interventions.supprimer_ligne, monde.agent, line)
    assert {h.lot for h in monde.faire(lots.of_part, monde.agent, serial)[0]} == {"S1", "S2"}
    count_by_lot(monde, magasin, part, serial, move)
    # Two desktops took one in offline: it is listed, nothing is refused.
    with transaction(monde.engine) as session:
        ledger.add(session, monde.agent, session.get_one(Depot, store), piece_id=serial, type_mouvement="entree",
                   quantite=D(1), lot="S1")  # fmt: skip
    assert {(h.lot, h.trouble) for h in monde.faire(lots.of_part, monde.agent, serial)[0]} == {
        ("S1", True), ("S2", False),
    }  # fmt: skip
