"""Rows that an administrator moves to another agency: what belongs to them goes along, or the move is refused."""

from __future__ import annotations

import json

import psycopg2
import pytest

from erp_desktop.db.engine import create_pg_engine
from erp_desktop.sync.watch import health
from erp_desktop.sync.watch.coherence import incoherences, reparer
from tests.sync.lab import Lab

CLOSURE = {
    "equipements": "client_id = {0}",
    "interventions": "client_id = {0}",
    "lignes_intervention": "intervention_id IN (SELECT id FROM interventions WHERE client_id = {0})",
    "contrats": "client_id = {0}",
}


def agencies(lab: Lab) -> tuple[int, int]:
    return tuple(r[0] for r in lab.sql("SELECT id FROM agences ORDER BY code"))  # type: ignore[return-value]


def with_contract(lab: Lab, client: int) -> None:
    """A contract on the client, its machine and one intervention: the references that go across."""
    lab.sql(
        "INSERT INTO contrats (agence_id, numero_contrat, client_id, type_contrat, date_debut, created_at, "
        "updated_at) "
        "SELECT agence_id, 'C-' || id, id, 'maintenance_complete', '2026-01-01', now(), now() FROM clients "
        "WHERE id = %s", client,
    )  # fmt: skip
    for table in ("equipements", "interventions"):
        lab.sql(
            f"UPDATE {table} SET contrat_id = (SELECT id FROM contrats WHERE client_id = %s) WHERE client_id = %s",
            client, client,
        )  # fmt: skip


def test_a_client_moves_with_all_that_belongs_to_it(lab: Lab) -> None:
    a, b = lab.device("CAS"), lab.device("TNG")
    client = lab.ids("clients")[0]
    with_contract(lab, client)
    lab.settle()
    _, tanger = agencies(lab)
    lab.sql("UPDATE clients SET agence_id = %s WHERE id = %s", tanger, client)
    for table, condition in CLOSURE.items():
        homes = lab.sql(f"SELECT agence_id, count(*) FROM {table} WHERE {condition.format(client)} GROUP BY 1")
        assert [h for h, _ in homes] == [tanger], table
    lab.settle()
    lab.converged()
    assert a.value("SELECT count(*) FROM interventions WHERE client_id = ?", client) == 0
    assert b.value("SELECT count(*) FROM interventions WHERE client_id = ?", client) == 2
    lab.device("CAS")
    lab.device("TNG")
    lab.settle()
    lab.converged()


def test_a_move_that_would_tear_something_is_refused_with_what_holds_it(lab: Lab) -> None:
    casa, tanger = agencies(lab)
    client = lab.ids("clients")[0]
    lab.sql(
        "UPDATE interventions SET technicien_id = (SELECT id FROM techniciens WHERE agence_id = %s LIMIT 1) "
        "WHERE client_id = %s", casa, client,
    )  # fmt: skip
    with pytest.raises(psycopg2.Error, match="technicien_id") as refused:
        lab.sql("UPDATE clients SET agence_id = %s WHERE id = %s", tanger, client)
    assert refused.value.pgcode == "EM002"
    with pytest.raises(psycopg2.Error, match=r"interventions.*technicien_id") as refused:
        lab.sql("UPDATE users SET agence_id = %s WHERE agence_id = %s AND role = 'technicien'", tanger, casa)
    assert refused.value.pgcode == "EM002"
    assert lab.value("SELECT agence_id FROM clients WHERE id = %s", client) == casa


def test_a_shared_part_in_use_is_not_given_to_one_agency(lab: Lab) -> None:
    casa, tanger = agencies(lab)
    part = lab.ids("pieces_detachees")[0]
    lab.sql("UPDATE pieces_detachees SET agence_id = NULL WHERE id = %s", part)
    lab.sql("UPDATE lignes_intervention SET piece_id = %s WHERE agence_id = %s", part, tanger)
    with pytest.raises(psycopg2.Error, match=r"lignes_intervention.*piece_id"):
        lab.sql("UPDATE pieces_detachees SET agence_id = %s WHERE id = %s", casa, part)
    lab.sql("UPDATE pieces_detachees SET agence_id = %s WHERE id = %s", tanger, part)


@pytest.mark.parametrize("published", [False, True], ids=["by rows", "published"])
def test_a_torn_client_never_stops_a_first_copy_and_is_named_and_mended(lab: Lab, published: bool) -> None:
    a = lab.device("CAS")
    client = lab.ids("clients")[0]
    lab.settle()
    _, tanger = agencies(lab)
    lab.torn(f"UPDATE clients SET agence_id = {tanger} WHERE id = {client}")
    engine = create_pg_engine(lab.url)
    try:
        if published:
            said = lab.admin("server", "snapshot")
            assert said.returncode == 0, said.stderr
        # What cannot stand without the client is set aside on an old and on a new desktop alike, and shown.
        new = lab.device("CAS")
        for device in (a, new):
            device.sync()
            rejected = {r[0] for r in device.sql("SELECT DISTINCT nom_table FROM sync_recus_rejetes")}
            assert rejected & {"equipements", "clients"}
        assert new.value("SELECT count(*) FROM equipements") == 2
        said = [c for c in health.sante_centre(engine) if c.sujet == "cohérence"]
        assert said[0].niveau == "panne"
        assert "clients « Client CAS 1 » (TNG)" in said[0].message

        answer = lab.admin("server", "coherence", "--json")
        assert answer.returncode == 1
        left = json.loads(answer.stdout)["reste"]
        assert {(i["table"], i["cible"], i["pk"]) for i in left} == {
            ("equipements", "clients", client), ("interventions", "clients", client),
        }  # fmt: skip
        assert [r.reste for r in reparer(engine)] == [False]
        with engine.connect() as connection:
            assert incoherences(connection) == []
    finally:
        engine.dispose()
    assert {r[0] for r in lab.sql("SELECT agence_id FROM interventions WHERE client_id = %s", client)} == {tanger}
    lab.settle()
    for device in (a, new):
        assert device.value("SELECT count(*) FROM sync_recus_rejetes") == 0
    lab.converged()


def test_what_cannot_go_along_is_put_back_together_where_it_was(lab: Lab) -> None:
    casa, tanger = agencies(lab)
    client, part = lab.ids("clients")[0], lab.ids("pieces_detachees")[0]
    lab.sql(
        "UPDATE interventions SET technicien_id = (SELECT id FROM techniciens WHERE agence_id = %s LIMIT 1) "
        "WHERE client_id = %s", casa, client,
    )  # fmt: skip
    lab.sql("UPDATE pieces_detachees SET agence_id = NULL WHERE id = %s", part)
    lab.sql("UPDATE lignes_intervention SET piece_id = %s", part)
    lab.torn(f"UPDATE clients SET agence_id = {tanger} WHERE id = {client}")
    lab.torn(f"UPDATE pieces_detachees SET agence_id = {casa} WHERE id = {part}")
    engine = create_pg_engine(lab.url)
    try:
        done = {r.cible: r for r in reparer(engine)}
    finally:
        engine.dispose()
    assert not any(r.reste for r in done.values())
    assert lab.value("SELECT agence_id FROM clients WHERE id = %s", client) == casa
    assert lab.value("SELECT agence_id FROM pieces_detachees WHERE id = %s", part) is None
    lab.device("CAS")
    lab.device("TNG")
    lab.settle()
    lab.converged()
