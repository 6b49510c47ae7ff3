"""What becomes of changes made on two sides: nothing is lost, every replica ends the same."""

from __future__ import annotations

import json

import pytest

from erp_desktop.db.session import transaction
from erp_desktop.errors import UserError
from erp_desktop.sync.inbox import conflicts
from tests.sync.lab import Device, Lab, T


def settled(lab: Lab) -> None:
    lab.settle()
    lab.converged()


def test_different_fields_of_one_row_are_both_kept(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    pk = lab.ids("interventions")[0]
    a.set("interventions", pk, titre="Fuite du vérin")
    b.set("interventions", pk, diagnostic="Joint racleur usé")
    lab.set("interventions", pk, duree_estimee=45)
    settled(lab)
    assert lab.sql("SELECT titre, diagnostic, duree_estimee FROM interventions WHERE id = %s", pk) == [
        ("Fuite du vérin", "Joint racleur usé", 45)
    ]
    assert a.conflicts() == b.conflicts() == []


def test_the_loser_of_one_field_is_kept_with_its_base_and_both_values(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    pk = lab.ids("interventions")[0]
    a.set("interventions", pk, titre="Titre de A")
    b.set("interventions", pk, titre="Titre de B")
    a.sync()
    result = b.sync()
    assert result.conflicts == 1
    settled(lab)
    assert lab.get("interventions", pk, "titre") == "Titre de A"
    assert b.conflicts() == [("interventions", pk, "titre", "Fuite 1", "Titre de B", "Titre de A")]
    assert b.value("SELECT politique || a_decider FROM sync_conflits") == "ask1"
    assert a.conflicts() == []


def test_both_sides_typing_the_same_value_is_no_conflict(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    pk = lab.ids("interventions")[0]
    for device in (a, b):
        device.set("interventions", pk, titre="Même titre")
    settled(lab)
    assert a.conflicts() == b.conflicts() == []


def test_a_centre_policy_field_is_listed_but_asks_nobody(lab: Lab) -> None:
    a = lab.device()
    pk = lab.ids("interventions")[0]
    lab.set("interventions", pk, temps_deplacement=60)
    a.set("interventions", pk, temps_deplacement=30)
    settled(lab)
    assert a.get("interventions", pk, "temps_deplacement") == 60
    assert a.conflicts() == [("interventions", pk, "temps_deplacement", None, 30, 60)]
    assert a.value("SELECT a_decider FROM sync_conflits") == 0


def test_updated_at_takes_the_later_instant_silently(lab: Lab) -> None:
    a = lab.device()
    pk = lab.ids("interventions")[0]
    lab.set("interventions", pk, updated_at="2026-11-21T10:00:00Z")
    a.set("interventions", pk, updated_at="2026-11-21T09:00:00.000000Z")
    settled(lab)
    assert a.get("interventions", pk, "updated_at") == "2026-11-21T10:00:00.000000Z"
    assert a.conflicts() == []


def _lost(lab: Lab) -> tuple[Device, int, int]:
    """A device that lost ``titre``: (device, row, conflict)."""
    device = lab.device()
    pk = lab.ids("interventions")[0]
    lab.set("interventions", pk, titre="Leur titre")
    device.set("interventions", pk, titre="Mon titre")
    settled(lab)
    return device, pk, int(device.value("SELECT id FROM sync_conflits"))


@pytest.mark.parametrize(
    ("keep", "value", "expected"),
    [("mine", None, "Mon titre"), ("theirs", None, "Leur titre"), (None, "Un autre", "Un autre")],
)
def test_a_choice_is_an_edit_that_reaches_the_centre_and_can_be_undone(
    lab: Lab, keep: conflicts.Keep | None, value: str | None, expected: str
) -> None:
    device, pk, conflict = _lost(lab)
    with transaction(device.engine) as session:
        conflicts.resolve(session, conflict, keep, value)
    settled(lab)
    assert lab.get("interventions", pk, "titre") == expected
    assert device.value("SELECT resolu FROM sync_conflits") == (keep or "value")
    with transaction(device.engine) as session, pytest.raises(UserError, match="déjà réglé"):
        conflicts.resolve(session, conflict, keep, value)
    with transaction(device.engine) as session:
        conflicts.undo(session, conflict)
    settled(lab)
    assert lab.get("interventions", pk, "titre") == "Leur titre"
    assert device.value("SELECT resolu FROM sync_conflits") is None


def test_a_conflict_solved_here_is_solved_at_the_centre(lab: Lab) -> None:
    device, _, conflict = _lost(lab)
    with transaction(device.engine) as session:
        conflicts.resolve(session, conflict, "mine")
    settled(lab)
    assert lab.value("SELECT resolu FROM sync.conflits WHERE id = %s", conflict) == "mine"


def test_statut_chained_offline_arrives_with_its_history(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    pk = lab.ids("interventions")[0]
    a.set("interventions", pk, technicien_id=lab.ids("techniciens")[0], diagnostic="Joint usé")
    for statut in ("affectee", "en_cours", "cloturee"):
        a.set("interventions", pk, statut=statut)
    settled(lab)
    assert lab.get("interventions", pk, "statut") == "cloturee"
    steps = [
        (json.loads(before)["statut"], json.loads(after)["statut"], poste)
        for before, after, poste in b.sql(
            "SELECT ancienne_valeur, nouvelle_valeur, poste FROM historiques_interventions "
            "WHERE intervention_id = ? ORDER BY id", pk
        )
    ]  # fmt: skip
    assert steps == [
        ("ouverte", "affectee", a.poste),
        ("affectee", "en_cours", a.poste),
        ("en_cours", "cloturee", a.poste),
    ]
    assert lab.value("SELECT count(*) FROM historiques_interventions WHERE recu_a IS NULL") == 0


def test_a_statut_that_can_follow_the_other_sides_wins(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    pk = lab.ids("interventions")[0]
    lab.set("interventions", pk, technicien_id=lab.ids("techniciens")[0])
    settled(lab)
    a.set("interventions", pk, statut="affectee")
    for statut in ("affectee", "en_cours"):
        b.set("interventions", pk, statut=statut)
    a.sync()
    settled(lab)
    assert lab.get("interventions", pk, "statut") == "en_cours"
    assert a.conflicts() == b.conflicts() == []


def test_a_statut_that_cannot_follow_loses_and_asks(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    pk = lab.ids("interventions")[0]
    lab.set("interventions", pk, technicien_id=lab.ids("techniciens")[0])
    settled(lab)
    a.set("interventions", pk, statut="annulee")
    b.set("interventions", pk, statut="affectee")
    a.sync()
    settled(lab)
    assert lab.get("interventions", pk, "statut") == "annulee"
    assert b.conflicts() == [("interventions", pk, "statut", "ouverte", "affectee", "annulee")]
    # What happened in the field stays in the history of both.
    assert lab.value("SELECT count(*) FROM historiques_interventions WHERE intervention_id = %s", pk) == 2
    with transaction(b.engine) as session, pytest.raises(UserError, match="annulee"):
        conflicts.resolve(session, int(b.value("SELECT id FROM sync_conflits")), "mine")
    settled(lab)
    assert b.parked() == []


def test_a_statut_that_skips_steps_is_parked(lab: Lab) -> None:
    a = lab.device()
    pk = lab.ids("interventions")[0]
    lab.set("interventions", pk, technicien_id=lab.ids("techniciens")[0], diagnostic="Joint usé")
    a.sync()
    a.set("interventions", pk, statut="cloturee")
    assert a.sync().parked == 1, "though cloturee can be reached through two more steps"
    assert a.parked()[0][1:] == ("statut", "Ce changement de statut ne suit pas les étapes permises.")
    a.set("interventions", pk, statut="ouverte")
    for statut in ("affectee", "en_cours", "cloturee"):
        a.set("interventions", pk, statut=statut)
    a.sync()
    assert lab.get("interventions", pk, "statut") == "ouverte", "the audit still tells the jump"


def _spare(lab: Lab) -> int:
    """A client that nothing refers to."""
    return int(lab.value(
        f"INSERT INTO clients (agence_id, nom_entreprise, ville, created_at, updated_at) "
        f"VALUES ({lab.agence('CAS')}, 'Seul', 'Rabat', '{T}', '{T}') RETURNING id"
    ))  # fmt: skip


def test_a_delete_of_a_row_changed_at_the_centre_loses(lab: Lab) -> None:
    pk = _spare(lab)
    a = lab.device()
    lab.set("clients", pk, ville="Salé")
    a.sql("DELETE FROM clients WHERE id = ?", pk)
    settled(lab)
    assert a.get("clients", pk, "ville") == "Salé"
    assert a.conflicts() == [("clients", pk, None, None, "supprime", "modifie")]
    assert a.value("SELECT a_decider FROM sync_conflits") == 1


def test_an_update_of_a_row_deleted_at_the_centre_revives_it(lab: Lab) -> None:
    pk = _spare(lab)
    a, b = lab.device(), lab.device()
    lab.sql("DELETE FROM clients WHERE id = %s", pk)
    b.sync()
    assert b.get("clients", pk, "ville") is None
    a.set("clients", pk, ville="Salé")
    settled(lab)
    assert lab.sql("SELECT nom_entreprise, ville FROM clients WHERE id = %s", pk) == [("Seul", "Salé")]
    assert b.get("clients", pk, "ville") == "Salé"
    assert a.conflicts() == [("clients", pk, None, None, "modifie", "supprime")]


def test_update_and_delete_on_two_devices_keep_the_update_in_both_orders(lab: Lab) -> None:
    first, second = _spare(lab), _spare(lab)
    a, b = lab.device(), lab.device()
    a.set("clients", first, ville="Fès")
    b.sql("DELETE FROM clients WHERE id = ?", first)
    a.set("clients", second, ville="Agadir")
    b.sql("DELETE FROM clients WHERE id = ?", second)
    a.sync()
    settled(lab)
    assert sorted(lab.value("SELECT array_agg(ville) FROM clients WHERE id IN (%s, %s)", first, second)) == [
        "Agadir", "Fès",
    ]  # fmt: skip
    third = _spare(lab)
    settled(lab)
    b.sql("DELETE FROM clients WHERE id = ?", third)
    a.set("clients", third, ville="Oujda")
    b.sync()
    assert lab.get("clients", third, "ville") is None
    settled(lab)
    assert lab.get("clients", third, "ville") == "Oujda"


def test_keeping_my_deletion_deletes_again(lab: Lab) -> None:
    pk = _spare(lab)
    a = lab.device()
    lab.set("clients", pk, ville="Salé")
    a.sql("DELETE FROM clients WHERE id = ?", pk)
    settled(lab)
    conflict = int(a.value("SELECT id FROM sync_conflits"))
    with transaction(a.engine) as session:
        conflicts.resolve(session, conflict, "mine")
    settled(lab)
    assert lab.get("clients", pk, "ville") is None
    with transaction(a.engine) as session, pytest.raises(UserError, match="supprimée"):
        conflicts.undo(session, conflict)


def test_both_sides_deleting_is_no_conflict(lab: Lab) -> None:
    pk = _spare(lab)
    a, b = lab.device(), lab.device()
    for device in (a, b):
        device.sql("DELETE FROM clients WHERE id = ?", pk)
    settled(lab)
    assert lab.get("clients", pk, "ville") is None
    assert a.conflicts() == b.conflicts() == []


def test_what_cancels_out_sends_nothing(lab: Lab) -> None:
    a = lab.device()
    a.sync()
    pk = lab.ids("interventions")[0]
    a.set("interventions", pk, titre="Essai")
    a.set("interventions", pk, titre="Fuite 1")
    a.sql(
        "INSERT INTO clients (id, agence_id, nom_entreprise, created_at, updated_at) VALUES (99, ?, 'Essai', ?, ?)",
        a.agence_id, T, T,
    )  # fmt: skip
    a.sql("DELETE FROM clients WHERE id = 99")
    before = lab.value("SELECT max(numero) FROM sync.lots")
    result = a.sync()
    assert (result.pushed, result.batches, result.round_trips) == (0, 0, 1)
    assert lab.value("SELECT max(numero) FROM sync.lots") == before
    assert a.waiting == 0
    lab.converged()


def test_edits_made_between_the_freeze_and_the_answer_are_kept(lab: Lab) -> None:
    a = lab.device()
    pk = lab.ids("interventions")[0]
    a.sync()
    a.set("interventions", pk, titre="Premier")
    frozen = a.syncer.outbox.next_batch(5000)
    assert frozen is not None
    a.set("interventions", pk, titre="Second")
    a.sql("DELETE FROM lignes_intervention WHERE intervention_id = ?", pk)
    a.sync()
    settled(lab)
    assert lab.get("interventions", pk, "titre") == "Second"
    assert lab.value("SELECT count(*) FROM lignes_intervention WHERE intervention_id = %s", pk) == 0
    assert a.conflicts() == []


def test_a_clash_loses_each_of_two_successive_local_values_visibly(lab: Lab) -> None:
    a = lab.device()
    pk = lab.ids("interventions")[0]
    a.sync()
    a.set("interventions", pk, titre="Premier")
    assert a.syncer.outbox.next_batch(5000) is not None
    a.set("interventions", pk, titre="Second")
    lab.set("interventions", pk, titre="Centre")
    settled(lab)
    assert a.get("interventions", pk, "titre") == "Centre"
    assert {row[4] for row in a.conflicts()} == {"Premier", "Second"}


def test_a_self_reference_and_its_parent_land_together(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    client = lab.ids("clients")[0]
    with a.console() as db:
        db.execute("BEGIN IMMEDIATE")
        # Child before parent: deferred here, one statement there.
        db.execute("PRAGMA defer_foreign_keys = ON")
        for pk, parent in ((9_000_001, 9_000_002), (9_000_002, None)):
            db.execute(
                "INSERT INTO equipements (id, agence_id, client_id, parent_id, nom, code_interne, created_at, "
                "updated_at) VALUES (?, ?, ?, ?, 'Pompe', ?, ?, ?)",
                (pk, a.agence_id, client, parent, f"EQ-{pk}", T, T),
            )
        db.execute("COMMIT")
    settled(lab)
    assert b.get("equipements", 9_000_001, "parent_id") == 9_000_002


def test_values_in_a_console_spelling_come_back_in_the_centres(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    pk = lab.ids("interventions")[0]
    a.set("interventions", pk, cout_externe="12.5", date_planifiee="2026-12-01 10:00:00+01")
    a.sql(
        "INSERT INTO lignes_intervention (agence_id, intervention_id, type_ligne, designation, quantite, "
        "prix_unitaire, taux_tva, created_at, updated_at) VALUES (?, ?, 'piece', 'Vis', '3', '1', '20', ?, ?)",
        a.agence_id, pk, "2026-11-20 08:00:00Z", T,
    )  # fmt: skip
    settled(lab)
    assert a.get("interventions", pk, "cout_externe") == "12.50"
    assert a.get("interventions", pk, "date_planifiee") == "2026-12-01T09:00:00.000000Z"
    assert (
        b.value("SELECT quantite || prix_unitaire FROM lignes_intervention WHERE designation = 'Vis'") == "3.0001.00"
    )
