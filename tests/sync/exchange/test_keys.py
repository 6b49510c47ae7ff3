"""Rows that are one because their natural key is: settled by the centre, without a person."""

from __future__ import annotations

import json
import time

import pytest

from erp_desktop.errors import CentralUnreachableError
from tests.sync.lab import Device, Lab, T

LATER = "2026-11-21T09:00:00.000000Z"


def prefer(device: Device, valeur: str, *, changed: str = T, cle: str = "theme") -> int:
    """A setting of the agency's clerk; its row."""
    device.sql(
        "INSERT INTO preferences (user_id, cle, valeur, created_at, updated_at) SELECT min(id), ?, ?, ?, ? "
        "FROM users WHERE role = 'agent'", cle, json.dumps(valeur), T, changed,
    )  # fmt: skip
    return int(device.value("SELECT id FROM preferences WHERE cle = ?", cle))


def settled(lab: Lab) -> None:
    lab.settle()
    lab.converged()
    for device in lab.devices:
        assert device.parked() == []
        assert device.sql("SELECT * FROM sync_recus_rejetes") == []
        assert device.waiting == 0


def test_one_setting_saved_on_two_desktops_is_one_row(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    first = prefer(a, "sombre")
    prefer(b, "sombre")
    a.sync()
    settled(lab)
    assert lab.sql("SELECT id, valeur FROM preferences") == [(first, "sombre")]
    assert a.conflicts() == b.conflicts() == []


@pytest.mark.parametrize(
    ("mine_changed", "theirs_changed", "stands"),
    [(LATER, T, "clair"), (T, LATER, "sombre"), (LATER, LATER, "sombre"), (T, T, "sombre")],
)
def test_what_only_one_side_worked_on_stands(lab: Lab, mine_changed: str, theirs_changed: str, stands: str) -> None:
    a, b = lab.device(), lab.device()
    prefer(a, "sombre", changed=theirs_changed)
    prefer(b, "clair", changed=mine_changed)
    a.sync()
    settled(lab)
    assert [r[0] for r in lab.sql("SELECT valeur FROM preferences")] == [stands]
    both = mine_changed == theirs_changed
    assert [c[2] for c in b.conflicts()] == (["valeur"] if both else [])
    assert a.conflicts() == []


def test_a_view_that_both_worked_on_is_asked_about(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    for device, words in ((a, "statut:ouverte"), (b, "priorite:haute")):
        device.sql(
            "INSERT INTO vues_enregistrees (user_id, liste, nom, definition, created_at, updated_at) SELECT min(id), "
            "'interventions', 'Ma vue', ?, ?, ? FROM users WHERE role = 'agent'", json.dumps(words), T, T,
        )  # fmt: skip
    a.sync()
    settled(lab)
    assert b.sql("SELECT colonne, a_decider FROM sync_conflits") == [("definition", 1)]


def hire(device: Device) -> int:
    """The agency's clerk becomes a technicien here, and the store is his."""
    user = device.value("SELECT min(id) FROM users WHERE role = 'agent'")
    with device.console() as db:
        db.execute("BEGIN IMMEDIATE")
        db.execute(
            "INSERT INTO techniciens (user_id, numero_badge, created_at, updated_at) VALUES (?, ?, ?, ?)",
            (user, f"B{device.poste}", T, T),
        )
        db.execute("COMMIT")
    return int(device.value("SELECT id FROM techniciens WHERE user_id = ?", user))


def test_what_points_at_the_second_row_points_at_the_first(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    pk = lab.ids("interventions")[0]
    first, second = hire(a), hire(b)
    b.set("interventions", pk, technicien_id=second)
    b.sql("UPDATE depots SET technicien_id = ?", second)
    a.sync()
    settled(lab)
    assert lab.sql("SELECT technicien_id FROM interventions WHERE id = %s", pk) == [(first,)]
    assert b.value("SELECT technicien_id FROM depots") == first
    assert b.get("techniciens", second, "id") is None
    # The badges differ, and each side typed its own.
    assert [(c[2], c[4], c[5]) for c in b.conflicts()] == [("numero_badge", f"B{b.poste}", f"B{a.poste}")]
    assert b.conflicts()[0][1] == first


def test_links_of_the_second_row_meet_those_of_the_first(lab: Lab) -> None:
    """A key that names a row which is one with another: both links are one too, table after table."""
    skills = [
        lab.value("INSERT INTO competences (nom, created_at, updated_at) VALUES (%s, %s, %s) RETURNING id", nom, T, T)
        for nom in ("Soudure", "Froid")
    ]
    a, b = lab.device(), lab.device()
    for device, known in ((a, skills[:1]), (b, skills)):
        technicien = hire(device)
        for skill in known:
            device.sql(
                "INSERT INTO technicien_competence (technicien_id, competence_id, niveau, created_at, updated_at) "
                "VALUES (?, ?, 'expert', ?, ?)", technicien, skill, T, T,
            )  # fmt: skip
    first = a.value("SELECT id FROM technicien_competence")
    a.sync()
    settled(lab)
    assert lab.sql("SELECT competence_id FROM technicien_competence ORDER BY competence_id") == [(s,) for s in skills]
    assert lab.get("technicien_competence", first, "competence_id") == skills[0]
    assert lab.value("SELECT count(DISTINCT technicien_id) FROM technicien_competence") == 1


def test_what_was_typed_and_frozen_before_the_answer_follows(lab: Lab) -> None:
    """Three batches: the second row, what points at it, and an edit of it; the line is cut behind the first."""
    a, b = lab.device(), lab.device()
    pk = lab.ids("interventions")[0]
    first = hire(a)
    a.sync()
    second = hire(b)
    b.batch = 1
    proxy = lab.proxy(b)
    b.syncer.link.connect()
    proxy.cut_after(0, "in")
    with pytest.raises(CentralUnreachableError):
        b.sync()
    proxy.heal()
    b.set("interventions", pk, technicien_id=second)
    b.set("techniciens", second, equipe="Nuit")
    b.sql("UPDATE depots SET technicien_id = ?", second)
    settled(lab)
    assert lab.sql("SELECT technicien_id FROM interventions WHERE id = %s", pk) == [(first,)]
    assert lab.sql("SELECT equipe FROM techniciens WHERE id = %s", first) == [("Nuit",)]
    assert b.value("SELECT technicien_id FROM depots") == first


def test_a_setting_deleted_and_made_again_stays_itself(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    first = prefer(a, "sombre")
    settled(lab)
    a.sql("DELETE FROM preferences")
    prefer(a, "clair")
    settled(lab)
    assert lab.sql("SELECT id, valeur FROM preferences") == [(first, "clair")]
    assert a.conflicts() == b.conflicts() == []


def test_a_setting_made_again_elsewhere_takes_the_edit_of_the_first(lab: Lab) -> None:
    a, b, c = lab.device(), lab.device(), lab.device()
    first = prefer(a, "sombre")
    settled(lab)
    b.sql("DELETE FROM preferences")
    b.sync()
    second = prefer(b, "clair", changed=LATER)
    b.sync()
    c.set("preferences", first, valeur=json.dumps("bleu"))
    settled(lab)
    assert lab.sql("SELECT id, valeur FROM preferences") == [(second, "clair")]
    assert [(x[1], x[2], x[4]) for x in c.conflicts()] == [(second, "valeur", '"bleu"')]


def test_a_key_that_another_transaction_is_just_taking_is_waited_for(lab: Lab) -> None:
    """Seen only once the unique index says so: the unit is tried again with what is there then."""
    a = lab.device()
    prefer(a, "sombre")
    other = lab.connect()
    other.autocommit = False
    with other.cursor() as cursor:
        cursor.execute(
            "INSERT INTO preferences (agence_id, user_id, cle, valeur, created_at, updated_at) SELECT agence_id, id, "
            "'theme', '\"sombre\"', %s, %s FROM users WHERE username = 'cas_1' RETURNING id", (T, T),
        )  # fmt: skip
        first = cursor.fetchone()[0]
        process = a.start("sync", "run")
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        for _ in range(3_000):
            if lab.value(waiting) or process.poll() is not None:
                break
            time.sleep(0.01)
        other.commit()
    told = process.communicate(timeout=60)
    assert process.returncode == 0, told
    other.close()
    settled(lab)
    assert lab.sql("SELECT id FROM preferences") == [(first,)]


def test_a_fresh_copy_meets_a_row_that_waits_under_the_same_key(lab: Lab) -> None:
    """Away for longer than deletions are remembered: the key of a waiting row is held by a row of the fresh copy."""
    a, b = lab.device(), lab.device()
    settled(lab)
    first = prefer(a, "sombre")
    pk = lab.value(
        "INSERT INTO clients (agence_id, nom_entreprise, created_at, updated_at) "
        "VALUES (%s, 'Seul', %s, %s) RETURNING id", lab.agence("CAS"), T, T,
    )  # fmt: skip
    a.sync()
    lab.sql("DELETE FROM clients WHERE id = %s", pk)
    a.sync()
    prefer(b, "sombre")
    lab.sql("INSERT INTO sync.purges (scope, xid, lignes) SELECT 0, pg_current_xact_id(), 1")
    b.hang_up()
    assert b.sync().restarted
    settled(lab)
    assert lab.sql("SELECT id FROM preferences") == [(first,)]


def test_a_program_of_before_still_gets_its_duplicate_to_settle(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    first = prefer(a, "sombre")
    a.sync()
    user = lab.value("SELECT user_id FROM preferences")
    columns = ["id", "agence_id", "user_id", "cle", "valeur", "created_at", "updated_at"]
    row = [0, None, first + 8, b.agence_id, user, "theme", '"sombre"', T, T]
    lot = {"n": 1, "i": {"preferences": {"c": columns, "r": [row]}}, "m": {}, "d": {}, "r": []}
    with b.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT sync.pousser(%s::jsonb, 1, 'a')", (json.dumps(lot),))
        assert [g[2] for g in cursor.fetchone()[0]["gares"]] == ["doublon"]
