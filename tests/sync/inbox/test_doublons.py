"""One natural key typed twice: both rows side by side, one row in the end with all that was below, the way back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from erp_desktop.db.session import transaction
from erp_desktop.errors import NotFoundError, UserError
from erp_desktop.registry.tables import BY_NAME
from erp_desktop.sync.inbox import merging
from erp_desktop.sync.inbox.duplicates import Doublon, doublons
from tests.sync.lab import Device, Lab, T

ICE = "001234567890123"


def add(device: Device, table: str, pk: int, **values: object) -> int:
    row = {"id": pk, "agence_id": device.agence_id, "created_at": T, "updated_at": T, **values}
    device.sql(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", *row.values())
    return pk


def client(device: Device, pk: int, **values: object) -> int:
    return add(device, "clients", pk, **{"nom_entreprise": f"Atlas {pk}", "ice": ICE, **values})


def machine(device: Device, pk: int, owner: int, **values: object) -> int:
    values = {"client_id": owner, "nom": f"Pompe {pk}", "code_interne": f"EQ-{pk}", **values}
    return add(device, "equipements", pk, **values)


def found(device: Device) -> list[Doublon]:
    with transaction(device.engine, write=False) as session:
        return doublons(session)


def merge(device: Device, double: Doublon, *arguments: Any, **options: Any) -> int:
    with transaction(device.engine) as session:
        return merging.fusionner(session, double.gare, double.mienne, *arguments, **options)


def undo(device: Device, number: int) -> None:
    with transaction(device.engine) as session:
        merging.annuler(session, number)


def content(device: Device) -> dict[str, dict[int, list[Any]]]:
    """Every row but for when it was last touched."""
    found: dict[str, dict[int, list[Any]]] = {}
    for name, rows in device.rows().items():
        columns = BY_NAME[name].names
        found[name] = {
            pk: [v for c, v in zip(columns, row, strict=True) if c != "updated_at"] for pk, row in rows.items()
        }
    return found


def refusals(device: Device) -> list[str]:
    """Codes of what is parked, dependants left out."""
    return [code for _, code, _ in device.parked() if code != "parent"]


@pytest.fixture
def two(lab: Lab) -> tuple[Device, Device]:
    """Both devices of one agency typed the same client, each with a machine; b's was refused."""
    a, b = lab.device(), lab.device()
    client(a, 71, ville="Rabat", telephone="+212522000001")
    machine(a, 81, 71)
    client(b, 72, ville="Salé", email="atlas@exemple.ma")
    machine(b, 82, 72)
    machine(b, 83, 72, parent_id=82)
    add(b, "interventions", 92, numero="INT-92", titre="Fuite", client_id=72, equipement_id=83, date_creation=T)
    add(b, "documents", 95, nom_fichier="x.pdf", type_document="rapport", mime_type="application/pdf", taille=1,
        sha256="0" * 64, equipement_id=82)  # fmt: skip
    a.sync()
    b.sync()
    return a, b


def test_both_rows_are_shown_side_by_side(lab: Lab, two: tuple[Device, Device]) -> None:
    _, b = two
    (double,) = found(b)
    assert (double.table, double.mienne, double.autre, double.cle) == ("clients", 72, 71, ("ice",))
    shown = {c.champ: (c.mien, c.leur, c.libre) for c in double.champs}
    assert shown["ice"] == (ICE, ICE, False)
    assert shown["ville"] == ("Salé", "Rabat", True)
    assert shown["telephone"] == (None, "+212522000001", True)
    assert "notes" not in shown, "empty on both sides"
    assert double.enfants == {"equipements": 2, "interventions": 1}
    assert double.obstacle is None


def test_one_row_everywhere_with_all_that_was_below_both(lab: Lab, two: tuple[Device, Device]) -> None:
    _, b = two
    merge(b, found(b)[0], choix={"nom_entreprise": "mine"})
    lab.settle()
    lab.converged()
    assert lab.sql("SELECT id, nom_entreprise, ville, telephone, email FROM clients WHERE ice = %s", ICE) == [
        (71, "Atlas 72", "Rabat", "+212522000001", "atlas@exemple.ma")
    ], "what only one side filled in is kept"
    assert lab.sql("SELECT id FROM equipements WHERE client_id = 71 ORDER BY id") == [(81,), (82,), (83,)]
    assert lab.get("interventions", 92, "client_id") == 71
    assert lab.get("equipements", 83, "parent_id") == 82
    assert lab.get("documents", 95, "equipement_id") == 82
    assert lab.value("SELECT count(*) FROM clients WHERE id = 72") == 0
    assert b.parked() == []
    assert b.value("SELECT count(*) FROM sync_outbox") == 0
    assert found(b) == []


def test_mine_may_survive(lab: Lab, two: tuple[Device, Device]) -> None:
    _, b = two
    merge(b, found(b)[0], "mine", choix={"ville": "theirs"})
    lab.settle()
    lab.converged()
    assert lab.sql("SELECT id, nom_entreprise, ville, telephone, email FROM clients WHERE ice = %s", ICE) == [
        (71, "Atlas 72", "Rabat", "+212522000001", "atlas@exemple.ma")
    ]


def test_undone_before_it_went_nothing_has_happened(lab: Lab, two: tuple[Device, Device]) -> None:
    _, b = two
    before = content(b)
    number = merge(b, found(b)[0], "mine")
    assert content(b) != before
    undo(b, number)
    assert content(b) == before
    with pytest.raises(UserError, match="déjà annulée"):
        undo(b, number)
    b.sync()
    assert refusals(b) == ["doublon"]
    assert lab.get("clients", 71, "nom_entreprise") == "Atlas 71"
    # And it can be merged after all.
    merge(b, found(b)[0])
    lab.settle()
    lab.converged()
    assert lab.value("SELECT count(*) FROM equipements WHERE client_id = 71") == 3


def test_undone_after_it_went_both_rows_are_back(lab: Lab, two: tuple[Device, Device]) -> None:
    a, b = two
    before = content(b)
    number = merge(b, found(b)[0], "mine")
    lab.settle()
    lab.converged()
    undo(b, number)
    assert content(b) == before
    lab.settle()
    assert refusals(b) == ["doublon"], "as it was before the merge"
    assert content(b) == before
    # A new ICE settles it: everything lands and is where it belongs.
    b.set("clients", 72, ice="001234567890124")
    lab.settle()
    lab.converged()
    assert lab.sql("SELECT id FROM equipements WHERE client_id = 72 ORDER BY id") == [(82,), (83,)]
    assert lab.sql("SELECT nom_entreprise, ville, email FROM clients WHERE id = 71") == [("Atlas 71", "Rabat", None)]
    assert a.get("clients", 72, "ville") == "Salé"


def test_undo_leaves_what_others_changed_since(lab: Lab, two: tuple[Device, Device]) -> None:
    a, b = two
    number = merge(b, found(b)[0], "mine")
    lab.settle()
    a.set("clients", 71, ville="Kénitra")
    # Another client of the seed takes the machine.
    other = lab.ids("clients")[-1]
    a.set("equipements", 82, client_id=other)
    lab.settle()
    undo(b, number)
    assert b.get("clients", 71, "ville") == "Kénitra"
    assert b.get("clients", 71, "nom_entreprise") == "Atlas 71"
    assert b.get("equipements", 82, "client_id") == other
    assert b.get("equipements", 83, "client_id") == 72


def test_a_row_known_to_the_centre_that_took_a_taken_key(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    first, second = lab.ids("clients")[:2]
    taken, own = lab.get("clients", first, "ice"), lab.get("clients", second, "ice")
    below = lab.sql("SELECT id FROM equipements WHERE client_id IN (%s, %s) ORDER BY id", first, second)
    b.set("clients", second, ice=taken)
    b.sync()
    (double,) = found(b)
    assert (double.mienne, double.autre) == (second, first)
    before = content(a)
    number = merge(b, double)
    lab.settle()
    lab.converged()
    assert lab.value("SELECT count(*) FROM clients WHERE id = %s", second) == 0
    assert lab.sql("SELECT id FROM equipements WHERE client_id = %s ORDER BY id", first) == below
    undo(b, number)
    lab.settle()
    lab.converged()
    assert b.parked() == []
    assert lab.get("clients", second, "ice") == own, "with the key that the centre knew"
    assert content(a) == before


def test_a_key_that_is_unique_in_the_cache_too(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    owner, equipement = lab.sql("SELECT client_id, id FROM equipements WHERE agence_id = %s LIMIT 1", a.agence_id)[0]
    terms = {
        "client_id": owner,
        "numero_contrat": "CTR-1",
        "type_contrat": "contrat_cadre",
        "date_debut": "2026-01-01",
    }
    add(a, "contrats", 61, **terms, montant_annuel="1000.00")
    add(b, "contrats", 62, **terms, penalites_retard="2.50")
    b.set("equipements", equipement, contrat_id=62)
    a.sync()
    b.sync()
    assert b.value("SELECT count(*) FROM sync_recus_rejetes") == 1
    (double,) = found(b)
    assert (double.mienne, double.autre) == (62, 61)
    number = merge(b, double)
    lab.settle()
    lab.converged()
    assert b.value("SELECT count(*) FROM sync_recus_rejetes") == 0
    assert lab.sql("SELECT id, montant_annuel::text, penalites_retard::text FROM contrats") == [
        (61, "1000.00", "2.50")
    ]
    assert lab.get("equipements", equipement, "contrat_id") == 61
    undo(b, number)
    lab.settle()
    lab.converged()
    assert lab.sql("SELECT id, numero_contrat FROM contrats ORDER BY id") == [(61, "CTR-1"), (62, "CTR-1 (bis)")]
    assert lab.get("equipements", equipement, "contrat_id") == 62


def test_links_that_both_rows_have_are_not_doubled(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    # Parked for a program of before, or a batch that it froze; today's are one row at once.
    monkeypatch.setattr("erp_desktop.sync.exchange.content.PROTOCOL", 1)
    a, b = lab.device(), lab.device()
    user = lab.ids("users")[0]
    skill = lab.value(
        f"INSERT INTO competences (nom, created_at, updated_at) VALUES ('Soudure', '{T}', '{T}') RETURNING id"
    )
    for device in (a, b):
        device.sync()
    for device, pk in ((a, 51), (b, 52)):
        add(device, "techniciens", pk, user_id=user, numero_badge=f"B{pk}")
        add(device, "technicien_competence", pk + 10, technicien_id=pk, competence_id=skill, niveau="expert")
    row = lab.ids("interventions")[0]
    b.set("interventions", row, technicien_id=52)
    a.sync()
    b.sync()
    merge(b, found(b)[0])
    lab.settle()
    lab.converged()
    assert lab.sql("SELECT id, technicien_id FROM technicien_competence") == [(61, 51)]
    assert lab.get("interventions", row, "technicien_id") == 51
    assert lab.value("SELECT count(*) FROM techniciens WHERE user_id = %s", user) == 1


def test_a_part_of_the_row_that_goes_takes_its_place(lab: Lab) -> None:
    a = lab.device()
    owner = lab.ids("clients")[0]
    machine(a, 81, owner, numero_serie="S-1")
    machine(a, 80, owner)
    a.sync()
    machine(a, 82, owner, numero_serie="S-1", parent_id=80)
    a.set("equipements", 81, parent_id=82)
    a.sync()
    number = merge(a, found(a)[0])
    assert a.get("equipements", 81, "parent_id") == 80
    undo(a, number)
    assert a.get("equipements", 81, "parent_id") == 82
    merge(a, found(a)[0])
    lab.settle()
    lab.converged()
    assert lab.get("equipements", 81, "parent_id") == 80


def test_another_agencys_row_cannot_be_merged_nor_seen(lab: Lab) -> None:
    a, b = lab.device("TNG"), lab.device("CAS")
    client(a, 71, notes="secret de Tanger")
    a.sync()
    client(b, 72)
    machine(b, 82, 72)
    b.sync()
    (double,) = found(b)
    assert (double.mienne, double.autre, double.champs) == (72, None, ())
    assert "autre agence" in (double.obstacle or "")
    with pytest.raises(UserError, match="autre agence"):
        merge(b, double)


def test_machines_of_two_clients_wait_for_their_clients(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    client(a, 71)
    machine(a, 81, 71, numero_serie="S-1")
    client(b, 72)
    machine(b, 82, 72, numero_serie="S-1")
    a.sync()
    b.sync()
    merge(b, next(d for d in found(b) if d.table == "clients"))
    b.sync()
    (double,) = found(b)
    assert (double.table, double.mienne, double.autre, double.obstacle) == ("equipements", 82, 81, None)
    merge(b, double)
    lab.settle()
    lab.converged()
    assert lab.sql("SELECT id, client_id FROM equipements WHERE numero_serie = 'S-1'") == [(81, 71)]
    # Two real clients: no.
    other, third = lab.ids("clients")[:2]
    machine(a, 84, other, numero_serie="S-2")
    machine(b, 85, third, numero_serie="S-2")
    a.sync()
    b.sync()
    with pytest.raises(UserError, match="deux clients différents"):
        merge(b, found(b)[0])


def test_a_ledger_at_the_centre_is_never_moved(lab: Lab) -> None:
    a = lab.device()
    one, two = lab.ids("pieces_detachees")[:2]
    add(a, "mouvements_stock", 41, piece_id=two, depot_id=lab.ids("depots")[0], type_mouvement="entree",
        quantite="5.000", horodatage=T)  # fmt: skip
    a.sync()
    a.set("pieces_detachees", two, reference=lab.get("pieces_detachees", one, "reference"))
    a.sync()
    before = content(a)
    with pytest.raises(UserError, match="ne changent jamais"):
        merge(a, found(a)[0])
    assert content(a) == before


def test_what_is_not_to_be_chosen_is_refused(lab: Lab, two: tuple[Device, Device]) -> None:
    _, b = two
    (double,) = found(b)
    before = content(b)
    for choice in ({"ice": "mine"}, {"agence_id": "mine"}, {"id; DROP TABLE clients": "mine"}):
        with pytest.raises(UserError, match="ne se choisissent pas"):
            merge(b, double, choix=choice)
    assert content(b) == before
    merge(b, double)
    with pytest.raises(NotFoundError):
        merge(b, double)
    with pytest.raises(NotFoundError):
        undo(b, 999)


def test_a_merge_is_one_unit(lab: Lab, two: tuple[Device, Device]) -> None:
    """All of it lands in one batch, or none: another device never sees half of it."""
    _, b = two
    last = b.value("SELECT max(id) FROM sync_outbox")
    merge(b, found(b)[0])
    written = {r[0] for r in b.sql("SELECT id FROM sync_outbox WHERE id > ?", last)}
    batch = b.syncer.outbox.next_batch(5_000)
    assert batch is not None
    assert [written <= set(unit) for unit in batch.units].count(True) == 1
    b.sync()
    lab.settle()
    lab.converged()


def test_the_command_line_lists_merges_and_parts(lab: Lab, two: tuple[Device, Device]) -> None:
    _, b = two
    b.hang_up()

    def erp(*arguments: str, status: int = 0) -> Any:
        done = b.run(*arguments, "--json")
        assert done.returncode == status, done.stderr
        return json.loads(done.stdout) if done.stdout else None

    (double,) = erp("sync", "duplicates")
    assert (double["mienne"], double["autre"], double["obstacle"]) == (72, 71, None)
    number = erp("sync", "merge", str(double["gare"]), "72", "--field", "ville=mine")["merged"]
    assert b.get("clients", 71, "ville") == "Salé"
    assert erp("sync", "unmerge", str(number)) == {"unmerged": number}
    assert b.get("clients", 71, "ville") == "Rabat"
    erp("sync", "merge", str(double["gare"]), "72", "--keep", "yours", status=2)
    assert erp("sync", "merge", "99", "72", status=1)["error"]["code"] == "introuvable"
