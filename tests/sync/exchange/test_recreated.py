"""A row deleted and inserted again under its key: to the centre one update, whatever lay between."""

from __future__ import annotations

import pytest

from erp_desktop.db.session import transaction
from erp_desktop.sync.inbox.discard import abandonner
from tests.sync.lab import Device, Lab, T


def again(device: Device, pk: int, **changes: object) -> list[str]:
    """Statements that insert a client once more as it is, but for ``changes``."""
    columns = [r[1] for r in device.sql("PRAGMA table_info(clients)")]
    row = dict(zip(columns, device.sql("SELECT * FROM clients WHERE id = ?", pk)[0], strict=True)) | changes
    values = ", ".join("NULL" if v is None else f"'{v}'" if isinstance(v, str) else str(v) for v in row.values())
    return [f"DELETE FROM clients WHERE id = {pk}", f"INSERT INTO clients ({', '.join(row)}) VALUES ({values})"]


@pytest.fixture
def alone(lab: Lab) -> int:
    """A client that the centre knows and that nothing refers to."""
    pk = 77_000_000
    lab.sql("INSERT INTO clients (id, agence_id, nom_entreprise, ville, notes, created_at, updated_at) "
            "VALUES (%s, %s, 'Atlas', 'Fès', 'Au départ', %s, %s)", pk, lab.agence("CAS"), T, T)  # fmt: skip
    return pk


def state(lab: Lab, pk: int) -> tuple[object, ...]:
    return lab.sql("SELECT nom_entreprise, ville, notes FROM clients WHERE id = %s", pk)[0]


@pytest.mark.parametrize("together", [True, False], ids=["one transaction", "one after the other"])
def test_a_row_that_the_centre_knows_is_updated(lab: Lab, alone: int, together: bool) -> None:
    a, b = lab.device(), lab.device()
    statements = again(a, alone, ville="Rabat", notes=None)
    if together:
        a.group(*statements)
    else:
        for statement in statements:
            a.sql(statement)
    result = a.sync()
    assert (result.pushed, result.parked, result.conflicts) == (1, 0, 0)
    assert state(lab, alone) == ("Atlas", "Rabat", None)
    lab.settle()
    lab.converged()
    assert b.get("clients", alone, "ville") == "Rabat"
    assert a.waiting == 0


def test_what_the_other_side_changed_meanwhile_is_kept(lab: Lab, alone: int) -> None:
    """Three ways, field by field: the values before the deletion are the base."""
    a = lab.device()
    lab.set("clients", alone, ville="Tanger", notes="Du centre")
    a.group(*again(a, alone, nom_entreprise="Atlas & Fils", notes="D’ici"))
    lab.settle()
    assert state(lab, alone) == ("Atlas & Fils", "Tanger", "Du centre")
    assert a.conflicts() == [("clients", alone, "notes", "Au départ", "D’ici", "Du centre")]
    lab.converged()


def test_edits_before_the_deletion_and_after_it_count_from_the_first_base(lab: Lab, alone: int) -> None:
    a = lab.device()
    a.set("clients", alone, ville="Safi")
    a.group(*again(a, alone, notes="Deux"), f"UPDATE clients SET notes = 'Trois' WHERE id = {alone}")
    a.group(*again(a, alone, ville="Agadir"))
    lab.settle()
    assert state(lab, alone) == ("Atlas", "Agadir", "Trois")
    assert a.conflicts() == []
    lab.converged()


def test_the_same_row_again_sends_nothing(lab: Lab, alone: int) -> None:
    a = lab.device()
    before = lab.value("SELECT ver FROM sync.row_state WHERE nom_table = 'clients' AND pk = %s", alone)
    a.group(*again(a, alone))
    assert a.sync().pushed == 0
    assert a.waiting == 0
    assert lab.value("SELECT ver FROM sync.row_state WHERE nom_table = 'clients' AND pk = %s", alone) == before
    lab.settle()
    lab.converged()


def test_a_row_that_never_left_is_inserted_once_as_it_is_now(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    insert = "INSERT INTO clients (id, agence_id, nom_entreprise, ville, created_at, updated_at) VALUES "
    first = f"{insert} (78000000, {a.agence_id}, 'Né ici', 'Un', '{T}', '{T}')"
    a.group(first)
    a.group("DELETE FROM clients WHERE id = 78000000", first.replace("'Un'", "'Deux'"))
    a.group(first.replace("78000000", "78000008"), "DELETE FROM clients WHERE id = 78000008",
            first.replace("78000000", "78000008").replace("'Un'", "'Trois'"))  # fmt: skip
    result = a.sync()
    assert (result.pushed, result.parked) == (2, 0)
    lab.settle()
    assert [b.get("clients", pk, "ville") for pk in (78_000_000, 78_000_008)] == ["Deux", "Trois"]
    lab.converged()


def test_deleted_again_at_the_end_it_is_deleted(lab: Lab, alone: int) -> None:
    a = lab.device()
    a.group(*again(a, alone, ville="Rabat"), f"DELETE FROM clients WHERE id = {alone}")
    a.sync()
    assert lab.value("SELECT count(*) FROM clients WHERE id = %s", alone) == 0
    lab.settle()
    lab.converged()


@pytest.mark.parametrize("answered", [False, True], ids=["frozen", "answered"])
def test_inserted_again_once_its_deletion_is_on_its_way(lab: Lab, alone: int, answered: bool) -> None:
    a, b = lab.device(), lab.device()
    delete, insert = again(a, alone, ville="Rabat")
    a.sql(delete)
    assert a.syncer.outbox.next_batch(5_000) is not None
    if answered:
        a.sync()
    a.sql(insert)
    lab.settle()
    assert state(lab, alone) == ("Atlas", "Rabat", "Au départ")
    assert a.get("clients", alone, "ville") == b.get("clients", alone, "ville") == "Rabat"
    assert a.parked() == []
    lab.converged()


def test_a_child_row_comes_back_changed(lab: Lab) -> None:
    """A line deleted and written again in one transaction, as a form that saves everything does."""
    a, b = lab.device(), lab.device()
    pk = lab.ids("lignes_intervention")[0]
    columns = [r[1] for r in a.sql("PRAGMA table_info(lignes_intervention)")]
    names = ", ".join(columns)
    a.group(
        f"CREATE TEMP TABLE garde AS SELECT {names} FROM lignes_intervention WHERE id = {pk}",
        f"DELETE FROM lignes_intervention WHERE id = {pk}", "UPDATE garde SET designation = 'Joint neuf'",
        f"INSERT INTO lignes_intervention ({names}) SELECT {names} FROM garde",
    )  # fmt: skip
    lab.settle()
    assert lab.get("lignes_intervention", pk, "designation") == "Joint neuf"
    assert b.get("lignes_intervention", pk, "designation") == "Joint neuf"
    assert a.parked() == []
    lab.converged()


def test_a_signature_that_the_deletion_did_not_keep_is_one_on_both_sides(lab: Lab) -> None:
    a = lab.device()
    pk = lab.ids("interventions")[0]
    lab.sql("DELETE FROM lignes_intervention WHERE intervention_id = %s", pk)
    lab.sql("UPDATE interventions SET signature = '\\x0102' WHERE id = %s", pk)
    lab.settle()
    names = ", ".join(r[1] for r in a.sql("PRAGMA table_info(interventions)"))
    a.group(
        f"CREATE TEMP TABLE garde AS SELECT {names} FROM interventions WHERE id = {pk}",
        "UPDATE garde SET titre = 'Ressaisie', signature = NULL", f"DELETE FROM interventions WHERE id = {pk}",
        f"INSERT INTO interventions ({names}) SELECT {names} FROM garde",
    )  # fmt: skip
    lab.settle()
    assert lab.get("interventions", pk, "titre") == "Ressaisie"
    assert bytes(lab.get("interventions", pk, "signature")) == a.get("interventions", pk, "signature") == b"\x01\x02"
    lab.converged()


def test_given_up_it_is_as_before(lab: Lab, alone: int) -> None:
    a = lab.device()
    a.group(*again(a, alone, ville="Rabat", notes=None))
    with transaction(a.engine) as session:
        abandonner(session, "clients", alone)
    assert a.waiting == 0
    lab.settle()
    assert state(lab, alone) == ("Atlas", "Fès", "Au départ")
    lab.converged()
