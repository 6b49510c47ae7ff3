"""What a device's own login can do at the centre, tried with a plain driver: its agency, through functions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest
from psycopg2 import errors

from erp_desktop.db.engine import create_pg_engine
from erp_desktop.registry.tables import TABLES
from erp_desktop.sync.device import registration
from tests.sync.lab import Device, Lab, T


@pytest.fixture
def device(lab: Lab) -> Device:
    return lab.device("CAS")


@pytest.fixture
def line(device: Device) -> Iterator[Any]:
    connection = device.connect()
    with connection.cursor() as cursor:
        yield cursor
    connection.close()


def push(line: Any, number: int, **parts: Any) -> dict[str, Any]:
    """Send a hand-made batch; returns the outcome."""
    content = json.dumps({"n": 1, "i": {}, "m": {}, "d": {}, "r": [], **parts})
    line.execute(
        "SELECT sync.pousser(%s::jsonb, %s, %s)", (content, number, hashlib.sha256(content.encode()).hexdigest())
    )
    outcome: dict[str, Any] = line.fetchone()[0]
    return outcome


def update(table: str, column: str, pk: int, base: Any, mine: Any) -> dict[str, Any]:
    return {"m": {table: [{"c": [column], "r": [[0, None, pk, 1, base, mine]]}]}}


def insert(table: str, **values: Any) -> dict[str, Any]:
    row = {"created_at": T, "updated_at": T, **values}
    return {"i": {table: {"c": list(row), "r": [[0, None, *row.values()]]}}}


def codes(outcome: dict[str, Any]) -> list[str]:
    return [g[2] for g in outcome["gares"]]


def test_no_table_can_be_touched_directly(lab: Lab, line: Any) -> None:
    tables = [f"public.{r[0]}" for r in lab.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    tables += [f"sync.{r[0]}" for r in lab.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'sync'")]
    assert len(tables) > 25
    reached = []
    for table in tables:
        for statement in (
            f"SELECT 1 FROM {table} LIMIT 1", f"DELETE FROM {table}", f"INSERT INTO {table} DEFAULT VALUES",
            f"TRUNCATE {table}", f"ALTER TABLE {table} ADD COLUMN intrus int",
        ):  # fmt: skip
            try:
                line.execute(statement)
            except errors.InsufficientPrivilege:
                continue
            except psycopg2.Error as error:
                reached.append((statement, str(error)))
            else:
                reached.append((statement, "done"))
    allowed = {"SELECT 1 FROM sync.schema_compat LIMIT 1"}
    assert [r for r in reached if r[0] not in allowed] == []


def test_only_the_entries_can_be_executed(lab: Lab, device: Device) -> None:
    allowed = {
        r[0] for r in lab.sql(
            "SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace "
            "WHERE n.nspname = 'sync' AND has_function_privilege(%s, p.oid, 'EXECUTE')", device.login
        )
    }  # fmt: skip
    assert allowed == {
        "pousser", "tirer", "instantane", "debut_copie", "inscrire", "signaler", "confier_cle", "adieu",
        "annoncer", "cycle",
        "empreintes", "instantane_suite", "connexion", "connexion_sel", "changer_secret",
        "poste", "agence", "toutes_agences", "epoque",
        "auteur", *(name for t in TABLES for name, _ in t.generations),
        "documents_manquants", "document_deposer", "document_lire", "adieu_manquants", "adieu_document",
    }  # fmt: skip


@pytest.mark.parametrize(
    "call",
    [
        "sync.noter('clients', 1, 0, 'deleted', NULL)", "sync.appliquer('{}', '[0,1)', 1, 1, 1)",
        "sync.inserer('clients', '{}', '[0,1)', 1, 1)", "sync.corps_users(ARRAY[1]::bigint[])",
        "sync.ranimer('clients', '[]', '[0,1)', 1, 1, 1)", "sync.supprimer('clients', '[]', '[0,1)', 1, 1, 1)",
        "sync.ranger_contenu('0:a', 'a', 1, 0, 'AA==')", "sync.decrits_en_quarantaine(1)",
        "sync.decrits_par_retire(ARRAY['a'])", "sync.purger_contenus(1)", "sync.cle_contenu(1, 'a')",
    ],
)  # fmt: skip
def test_internal_functions_are_refused(line: Any, call: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        line.execute(f"SELECT {call}")


def test_a_device_that_is_there_takes_nothing_over(line: Any) -> None:
    line.execute("SELECT sync.inscrire()")
    assert line.fetchone() == ("servi",)


def test_an_active_device_cannot_fill_the_quarantine(lab: Lab, line: Any) -> None:
    line.execute("SELECT sync.adieu('{\"n\": 1}')")
    assert line.fetchone() == ("actif",)
    assert lab.value("SELECT count(*) FROM sync.quarantaine") == 0


def test_another_agencys_row_cannot_be_changed_or_deleted(lab: Lab, line: Any) -> None:
    other = lab.ids("clients", "TNG")[0]
    assert codes(push(line, 1, **update("clients", "ville", other, "Tanger", "Pirate"))) == ["partie"]
    push(line, 2, d={"clients": [[0, None, other, 1]]})
    assert lab.sql("SELECT ville FROM clients WHERE id = %s", other) == [("Tanger",)]
    assert lab.value("SELECT etat FROM sync.row_state WHERE nom_table = 'clients' AND pk = %s", other) == "live"


def test_a_row_cannot_be_given_to_or_taken_from_another_agency(lab: Lab, device: Device, line: Any) -> None:
    mine, tng = lab.ids("clients")[0], lab.agence("TNG")
    for number, target in enumerate((tng, None), 1):
        assert codes(push(line, number, **update("clients", "agence_id", mine, device.agence_id, target))) == [
            "droit"
        ]
    assert codes(push(line, 3, **insert("clients", id=5, agence_id=tng, nom_entreprise="Pirate"))) == ["droit"]
    assert codes(push(line, 4, **insert("clients", id=5, agence_id=None, nom_entreprise="Pirate"))) == ["droit"]
    assert lab.get("clients", mine, "agence_id") == device.agence_id
    assert lab.value("SELECT count(*) FROM clients WHERE nom_entreprise = 'Pirate'") == 0


def test_shared_data_and_people_are_read_only(lab: Lab, device: Device, line: Any) -> None:
    user = lab.ids("users")[0]
    shared = lab.value(
        f"INSERT INTO clients (nom_entreprise, created_at, updated_at) VALUES ('Partagé', '{T}', '{T}') RETURNING id"
    )
    tries = [
        update("users", "role", user, "agent", "admin"), update("users", "hashed_password", user, None, "x"),
        insert("users", id=6, agence_id=device.agence_id, username="x", email="x", full_name="x", role="admin"),
        update("agences", "nom", device.agence_id, "Casablanca", "Pirate"), {"d": {"users": [[0, None, user, 1]]}},
        insert("taux_tva", id=7), {"d": {"historiques_interventions": [[0, None, 1, 1]]}},
        update("clients", "ville", shared, None, "Pirate"),
    ]  # fmt: skip
    outcomes = [codes(push(line, n, **parts)) for n, parts in enumerate(tries, 1)]
    assert all(len(o) == 1 for o in outcomes), outcomes
    assert lab.sql("SELECT role, hashed_password FROM users WHERE id = %s", user) == [("agent", "secret-hash")]
    assert lab.get("clients", shared, "ville") is None


def test_another_agencys_row_cannot_be_referred_to(lab: Lab, device: Device, line: Any) -> None:
    theirs = lab.ids("clients", "TNG")[0]
    new = insert("equipements", id=8, agence_id=device.agence_id, client_id=theirs, nom="P", code_interne="EQ-X",
                 statut="operationnel", criticite="standard", is_active=1)  # fmt: skip
    assert codes(push(line, 1, **new)) == ["agence"]
    mine = lab.ids("equipements")[0]
    own = lab.get("equipements", mine, "client_id")
    assert codes(push(line, 2, **update("equipements", "client_id", mine, own, theirs))) == ["agence"]
    assert lab.get("equipements", mine, "client_id") == own


@pytest.mark.parametrize("name", ["clients; DROP TABLE clients", "pg_authid", "sync.devices", "users"])
def test_names_that_are_not_in_the_registry_go_nowhere(lab: Lab, line: Any, name: str) -> None:
    outcome = push(line, 1, i={name: {"c": ["id"], "r": [[0, None, 1]]}}, d={name: [[0, None, 1, 1]]})
    assert codes(outcome) in ([], ["refus"], ["droit"])
    assert lab.value("SELECT count(*) FROM clients") == 6
    bad = update("clients", "ville = 'x' --", lab.ids("clients")[0], None, "x")
    assert codes(push(line, 2, **bad)) == ["refus"]


def test_nothing_of_another_agency_is_ever_served(lab: Lab, line: Any) -> None:
    theirs = {pk for table in TABLES if table.scoped for pk in lab.ids(table.name, "TNG")}
    served = set()
    for table in TABLES:
        line.execute(f"SELECT * FROM sync.{table.copy}()")
        columns = [c.name for c in line.description]
        assert "hashed_password" not in columns
        rows = line.fetchall()
        served |= {r[columns.index("id")] for r in rows}
        assert "secret-hash" not in str(rows)
    line.execute("SELECT sync.tirer('0'::xid8, 0, 100000)")
    answer = json.dumps(line.fetchone()[0])
    assert len(theirs) > 20
    assert not theirs & served
    assert [pk for pk in theirs if str(pk) in answer] == []
    assert "secret-hash" not in answer
    assert "TNG 1" not in answer


def test_another_devices_batch_can_neither_be_seen_nor_replayed(lab: Lab, device: Device, line: Any) -> None:
    other = lab.device("CAS")
    pk = lab.ids("interventions")[0]
    other.set("interventions", pk, titre="De l'autre poste")
    batch = other.syncer.outbox.next_batch(5000)
    assert batch is not None
    other.sync()
    line.execute("SELECT sync.pousser(%s::jsonb, %s, %s)", (batch.content, batch.numero, batch.digest))
    assert "rejoue" not in line.fetchone()[0], "the other's stored outcome is not this device's"
    assert lab.sql("SELECT poste FROM sync.lots ORDER BY poste") == [(device.poste,), (other.poste,)]


def test_a_view_in_the_temporary_schema_runs_nothing(lab: Lab, line: Any) -> None:
    line.execute("CREATE TEMP TABLE clients (id bigint, agence_id bigint, ville text)")
    line.execute("CREATE TEMP VIEW users AS SELECT 1::bigint AS id")
    line.execute("CREATE FUNCTION pg_temp.poste() RETURNS integer LANGUAGE sql AS 'SELECT 1'")
    line.execute("SET search_path = pg_temp, sync, public")
    line.execute("SELECT count(*) FROM sync.copie_clients()")
    assert line.fetchone()[0] == 3
    pk = lab.ids("clients")[0]
    assert codes(push(line, 1, **update("clients", "ville", pk, "Casablanca", "Mohammedia"))) == []
    assert lab.get("clients", pk, "ville") == "Mohammedia"


def test_a_forged_author_of_another_agency_is_refused(lab: Lab, device: Device, line: Any) -> None:
    stranger = lab.ids("users", "TNG")[0]
    row = insert("historiques_interventions", id=9, agence_id=device.agence_id, user_id=stranger, action="note",
                 intervention_id=lab.ids("interventions")[0], horodatage=T, poste=999)  # fmt: skip
    assert codes(push(line, 1, **row)) == ["auteur"]
    own = insert("historiques_interventions", id=9, agence_id=device.agence_id, user_id=lab.ids("users")[0],
                 intervention_id=lab.ids("interventions")[0], action="note", horodatage=T, poste=999)  # fmt: skip
    assert codes(push(line, 2, **own)) == []
    assert lab.get("historiques_interventions", 9, "poste") == device.poste, "the centre stamps the device itself"


def test_a_revoked_device_gets_nothing_at_all(lab: Lab, device: Device, line: Any) -> None:
    engine = create_pg_engine(lab.url)
    done = registration.revoke(engine, device.poste, stolen=True)
    engine.dispose()
    assert done.sessions >= 1
    assert done.reste == ()
    with pytest.raises(psycopg2.OperationalError):
        line.execute("SELECT 1")
    lines = [device.connect(), device.connect()]
    with pytest.raises(psycopg2.OperationalError, match="too many connections"):
        device.connect()
    with lines[0].cursor() as cursor:
        for call in (
            "sync.pousser('{\"n\": 0}'::jsonb, 1, 'x')", "sync.tirer('0'::xid8, 0, 10)", "sync.debut_copie()",
            "sync.empreintes()", "sync.documents_manquants('{a}')", "sync.document_lire('a', 0, 1)",
            "sync.document_deposer('a', 0, 'AA==')", *(f"sync.{name}()" for t in TABLES for name, _ in t.generations),
            "sync.agence()", "sync.poste()", "sync.instantane()", "sync.signaler('1', 'x', 0)",
            "sync.connexion('cas_1', 'x')", "sync.connexion_sel('cas_1')",
        ):  # fmt: skip
            with pytest.raises(errors.InsufficientPrivilege):
                cursor.execute(f"SELECT {call}")
        with pytest.raises(errors.InsufficientPrivilege):
            cursor.execute("SELECT 1 FROM sync.schema_compat")
        cursor.execute(
            "SELECT array_agg(p.proname::text ORDER BY p.proname) FROM pg_proc p "
            "WHERE p.pronamespace = 'sync'::regnamespace AND has_function_privilege(p.oid, 'EXECUTE')"
        )
        assert cursor.fetchone() == (["adieu", "adieu_document", "adieu_manquants"],)
        cursor.execute("SELECT sync.adieu('{\"n\": 1}'), sync.adieu_manquants('{a}')")
        assert cursor.fetchone() == ("vole", {})
    for connection in lines:
        connection.close()
    assert lab.value("SELECT count(*) FROM sync.quarantaine") == 0


def test_the_login_entry_shows_no_hash_and_knows_no_other_agency(lab: Lab, line: Any) -> None:
    lab.sql("UPDATE users SET hashed_password = '$argon2id$v=19$m=65536,t=3,p=4$c2Vs$c2VjcmV0'")
    proof = "$argon2id$v=19$m=65536,t=3,p=4$c2Vs$c2VjcmV0"
    line.execute("SELECT sync.connexion_sel('cas_1')")
    assert line.fetchone()[0] == proof.rpartition("$")[0]
    line.execute("SELECT user_id FROM sync.connexion('cas_1', %s)", (proof,))
    assert line.fetchone()[0] == lab.ids("users")[0]
    line.execute("SELECT user_id FROM sync.connexion('tng_1', %s)", (proof,))
    assert line.fetchone()[0] is None
    line.execute("SELECT sync.connexion_sel('tng_1'), sync.connexion_sel('tng_1')")
    first, second = line.fetchone()
    assert first == second != proof.rpartition("$")[0], "an unknown account has a salt like any other"


def test_a_device_cannot_become_anyone_else(lab: Lab, line: Any) -> None:
    for statement in (
        "SET ROLE erp_sync", "SET ROLE erp_central", "SET ROLE postgres", "SET SESSION AUTHORIZATION postgres",
        "CREATE ROLE intrus LOGIN", "CREATE SCHEMA intrus", "CREATE TABLE public.intrus (a int)",
        "COPY (SELECT 1) TO PROGRAM 'true'", "ALTER SYSTEM SET log_statement = 'all'",
    ):  # fmt: skip
        with pytest.raises(psycopg2.Error):
            line.execute(statement)
