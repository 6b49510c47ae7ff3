"""What the centre refuses is set aside whole, with a reason in French, and never blocks the rest."""

from __future__ import annotations

import json

from erp_desktop.db.session import transaction
from erp_desktop.sync.inbox import conflicts
from tests.sync.lab import Device, Lab, T


def add_client(device: Device, pk: int, ice: str | None = None, nom: str = "Atlas") -> None:
    device.sql(
        "INSERT INTO clients (id, agence_id, nom_entreprise, ice, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)",
        pk, device.agence_id, nom, ice, T, T,
    )  # fmt: skip


def add_equipement(device: Device, pk: int, client: int) -> None:
    device.sql(
        "INSERT INTO equipements (id, agence_id, client_id, nom, code_interne, created_at, updated_at) "
        "VALUES (?, ?, ?, 'Pompe', ?, ?, ?)",
        pk, device.agence_id, client, f"EQ-{pk}", T, T,
    )  # fmt: skip


def unpark(device: Device, group: int) -> None:
    with transaction(device.engine) as session:
        conflicts.unpark(session, group)


def test_the_same_natural_key_twice_is_parked_and_lands_once_corrected(lab: Lab) -> None:
    a, b = lab.device(), lab.device("TNG")
    add_client(a, 71, "001234567890123")
    add_client(b, 72, "001234567890123")
    a.sync()
    assert b.sync().parked == 1
    group, code, reason = b.parked()[0]
    assert (code, reason) == ("doublon", "Cet ICE appartient déjà à un autre client.")
    assert lab.value("SELECT count(*) FROM clients WHERE ice = '001234567890123'") == 1
    assert b.sync().parked == 0, "a parked unit is not sent again by itself"
    # Corrected, then sent again on purpose.
    with b.console() as db:
        db.execute("UPDATE clients SET ice = '001234567890124' WHERE id = 72")
    unpark(b, group)
    b.sync()
    assert lab.get("clients", 72, "ice") == "001234567890124"
    assert b.parked() == []
    lab.settle()
    lab.converged()


def test_a_correction_alone_sends_a_parked_row_again(lab: Lab) -> None:
    a = lab.device()
    taken = lab.value("SELECT ice FROM clients ORDER BY id LIMIT 1")
    add_client(a, 71, taken)
    add_equipement(a, 81, 71)
    assert a.sync().parked >= 1
    a.set("clients", 71, ice="001234567890125")
    lab.settle()
    assert lab.get("equipements", 81, "client_id") == 71
    assert a.parked() == []
    lab.converged()


def test_a_parked_group_is_given_up_from_the_command_line(lab: Lab) -> None:
    a = lab.device()
    taken = lab.value("SELECT ice FROM clients ORDER BY id LIMIT 1")
    kept = lab.ids("equipements")[0]
    before = a.get("equipements", kept, "client_id")
    a.group(
        "INSERT INTO clients (id, nom_entreprise, ice, created_at, updated_at) "
        f"VALUES (71, 'Atlas', '{taken}', '{T}', '{T}')",
        f"INSERT INTO equipements (id, client_id, nom, code_interne, created_at, updated_at) "
        f"VALUES (81, 71, 'Four', 'F-81', '{T}', '{T}')",
        f"UPDATE equipements SET client_id = 71 WHERE id = {kept}",
    )
    a.sync()
    # A console writes without a group: three were refused, two of them for the want of the first.
    group = next(number for number, code, _ in a.parked() if code == "doublon")
    assert len(a.parked()) == 3
    a.hang_up()

    done = a.run("sync", "discard", str(group), "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, {"discarded": group, "rows": 1}), done.stderr
    assert a.parked() == []
    assert a.value("SELECT count(*) FROM sync_outbox") == 0
    assert a.value("SELECT count(*) FROM clients WHERE id = 71") == 0
    assert a.value("SELECT count(*) FROM equipements WHERE id = 81") == 0
    assert a.get("equipements", kept, "client_id") == before
    again = a.run("sync", "discard", str(group))
    assert (again.stderr.strip(), again.returncode) == (
        f"erp-admin : Aucun groupe {group} n'est mis de côté.", 1,
    )  # fmt: skip
    lab.settle()
    lab.converged()


def test_a_parked_row_that_is_deleted_here_is_forgotten(lab: Lab) -> None:
    a = lab.device()
    add_client(a, 71, lab.value("SELECT ice FROM clients ORDER BY id LIMIT 1"))
    a.sync()
    a.sql("DELETE FROM clients WHERE id = 71")
    lab.settle()
    assert a.parked() == []
    assert a.value("SELECT count(*) FROM sync_outbox") == 0
    lab.converged()


def test_a_child_of_a_refused_parent_waits_for_it(lab: Lab) -> None:
    a = lab.device()
    add_client(a, 71, lab.value("SELECT ice FROM clients ORDER BY id LIMIT 1"))
    a.sync()
    add_equipement(a, 81, 71)
    a.sync()
    groups = {code: (number, reason) for number, code, reason in a.parked()}
    assert groups["parent"][1] == "La fiche dont dépend ce changement n'existe pas, ou plus, au centre."
    with a.console() as db:
        db.execute("UPDATE clients SET ice = NULL WHERE id = 71")
    unpark(a, groups["doublon"][0])
    lab.settle()
    assert lab.get("equipements", 81, "client_id") == 71
    assert a.parked() == []
    lab.converged()


def test_what_came_to_name_a_later_row_goes_with_it_however_small_the_batches(lab: Lab) -> None:
    a = lab.device()
    a.batch = 1
    user = a.value("SELECT min(id) FROM users WHERE role = 'agent'")
    a.sql("INSERT INTO depots (nom, type_depot, created_at, updated_at) VALUES ('F', 'vehicule', ?, ?)", T, T)
    a.set("interventions", lab.ids("interventions")[0], titre="Entre les deux")
    a.group(
        f"INSERT INTO techniciens (user_id, created_at, updated_at) VALUES ({user}, '{T}', '{T}')",
        f"UPDATE depots SET technicien_id = (SELECT id FROM techniciens WHERE user_id = {user}) WHERE nom = 'F'",
    )
    lab.settle()
    assert a.parked() == []
    lab.converged()


def test_a_child_under_a_parent_deleted_at_the_centre_is_parked(lab: Lab) -> None:
    pk = lab.value(
        f"INSERT INTO clients (agence_id, nom_entreprise, created_at, updated_at) "
        f"VALUES ({lab.agence('CAS')}, 'Seul', '{T}', '{T}') RETURNING id"
    )  # fmt: skip
    a = lab.device()
    add_equipement(a, 81, pk)
    lab.sql("DELETE FROM clients WHERE id = %s", pk)
    a.sync()
    assert [code for _, code, _ in a.parked()] == ["parent"]
    assert a.get("equipements", 81, "client_id") == pk, "what waits here keeps its parent here"
    assert a.sync().parked == 0, "the line is not blocked"
    a.sql("DELETE FROM equipements WHERE id = 81")
    lab.settle()
    lab.converged()


def test_deleting_what_the_centre_still_needs_says_so(lab: Lab) -> None:
    a = lab.device()
    client = lab.ids("clients")[0]
    for table in ("lignes_intervention", "interventions", "equipements"):
        assert lab.ids(table), table
    with a.console() as db:
        # Another program that ignores foreign keys.
        db.execute("PRAGMA foreign_keys = OFF")
        db.execute("DELETE FROM clients WHERE id = ?", (client,))
    a.sync()
    assert [r[1:] for r in a.parked()] == [
        ("parent", "D'autres fiches du centre dépendent de celle qui est supprimée ici.")
    ]
    assert lab.get("clients", client, "id") == client


def test_one_poison_in_five_thousand_is_found_and_the_rest_lands(lab: Lab) -> None:
    a = lab.device()
    taken = lab.value("SELECT ice FROM clients ORDER BY id LIMIT 1")
    with a.console() as db:
        db.execute("BEGIN IMMEDIATE")
        db.executemany(
            "INSERT INTO clients (id, agence_id, nom_entreprise, ice, created_at, updated_at) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            [(100_000 + 2 * i, a.agence_id, f"C{i}", taken if i == 3210 else None, T, T) for i in range(5_000)],
        )
        db.execute("COMMIT")
    result = a.sync()
    assert (result.pushed, result.parked, result.batches) == (4_999, 1, 1)
    assert a.parked()[0][1] == "doublon"
    assert lab.value("SELECT count(*) FROM clients WHERE id BETWEEN 100000 AND 200000") == 4_999
    # Found by the centre within the batch that holds it: a batch is not sent again in halves.
    assert result.round_trips < 12


def test_a_text_with_a_null_character_never_leaves(lab: Lab) -> None:
    a = lab.device()
    first, second = lab.ids("interventions")[:2]
    a.set("interventions", first, titre="avant\0après")
    a.set("interventions", second, titre=r"littéral \u0000 permis")
    result = a.sync()
    assert result.pushed == 1
    assert [(code, reason) for _, code, reason in a.parked()] == [("texte", "un texte contient un caractère nul")]
    assert lab.get("interventions", second, "titre") == r"littéral \u0000 permis"
    a.set("interventions", first, titre="avant après")
    lab.settle()
    assert a.parked() == []
    lab.converged()


def test_two_halves_that_would_not_fit_are_decided_together(lab: Lab) -> None:
    """Urgence demands priorité urgente: taken field by field, this row would break the rule on both sides."""
    pk = lab.ids("interventions")[0]
    lab.set("interventions", pk, priorite="urgente")
    a = lab.device()
    a.set("interventions", pk, priorite="basse")
    lab.set("interventions", pk, urgence=True)
    a.sync()
    assert a.parked() == []
    assert a.value("SELECT count(*) FROM sync_recus_rejetes") == 0
    lab.settle()
    assert (a.get("interventions", pk, "urgence"), a.get("interventions", pk, "priorite")) == (1, "urgente")
    assert [(t, k) for t, k, *_ in a.conflicts()] == [("interventions", pk)]
    lab.converged()


def test_a_version_that_cannot_be_taken_is_kept_and_tried_again(lab: Lab) -> None:
    a = lab.device()
    pk = lab.ids("clients")[0]
    with a.console() as db:
        db.execute("CREATE TRIGGER regle_locale BEFORE UPDATE ON clients WHEN NEW.ville = 'Interdite' BEGIN "
                   "SELECT RAISE(ABORT, 'ville interdite ici'); END")  # fmt: skip
    lab.set("clients", pk, ville="Interdite")
    other = lab.ids("clients")[1]
    lab.set("clients", other, ville="Permise")
    a.sync()
    assert a.get("clients", other, "ville") == "Permise"
    assert a.sql("SELECT nom_table, pk FROM sync_recus_rejetes") == [("clients", pk)]
    lab.set("clients", other, ville="Encore")
    a.sync()
    assert a.value("SELECT count(*) FROM sync_recus_rejetes") == 1, "it is still to be taken"
    a.sql("DROP TRIGGER regle_locale")
    lab.set("clients", other, ville="Fin")
    a.sync()
    assert a.value("SELECT count(*) FROM sync_recus_rejetes") == 0
    lab.converged()


def test_an_insert_without_agency_is_this_agencys(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    a.sql("INSERT INTO clients (nom_entreprise, created_at, updated_at) VALUES ('Sans agence', ?, ?)", T, T)
    pk = lab.ids("interventions")[0]
    a.sql(
        "INSERT INTO lignes_intervention (intervention_id, type_ligne, designation, quantite, prix_unitaire, "
        "taux_tva, created_at, updated_at) VALUES (?, 'piece', 'Vis', '1.000', '2.00', '20.00', ?, ?)", pk, T, T,
    )  # fmt: skip
    lab.settle()
    assert lab.value("SELECT agence_id FROM clients WHERE nom_entreprise = 'Sans agence'") == a.agence_id
    assert lab.value("SELECT agence_id FROM lignes_intervention WHERE designation = 'Vis'") == a.agence_id
    assert b.value("SELECT count(*) FROM lignes_intervention WHERE designation = 'Vis'") == 1
    assert a.parked() == []
    lab.converged()


def test_a_refused_field_changed_back_takes_what_the_centre_holds_by_now(lab: Lab) -> None:
    a = lab.device()
    one, other = lab.ids("equipements")[:2]
    first, taken = lab.get("equipements", one, "code_interne"), lab.get("equipements", other, "code_interne")
    a.set("equipements", one, code_interne=taken)
    assert a.sync().parked == 1
    lab.set("equipements", one, code_interne="Z-9")
    a.sync()
    a.set("equipements", one, code_interne=first)
    a.sync()
    with transaction(a.engine) as session:
        for gare, _, _ in a.parked():
            conflicts.unpark(session, gare)
    lab.settle()
    lab.converged()
    assert lab.get("equipements", one, "code_interne") == "Z-9"
