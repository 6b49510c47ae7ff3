"""Scenarios that no other file plays: exchanged keys, cycles, wrong clocks, old clients, backfills, many branches."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest

from erp_desktop import clock
from erp_desktop.errors import ErpError
from erp_desktop.sync.exchange import cycle
from tests.sync.lab import Device, Lab, T


def keys(device: Device, table: str, column: str, *pks: int) -> list[object]:
    return [device.get(table, pk, column) for pk in pks]


@pytest.mark.parametrize(
    ("table", "column"), [("clients", "ice"), ("equipements", "code_interne"), ("pieces_detachees", "reference")]
)
def test_two_rows_exchange_a_natural_key_in_one_transaction(lab: Lab, table: str, column: str) -> None:
    a, b = lab.device(), lab.device()
    first, second = lab.ids(table)[:2]
    one, two = keys(a, table, column, first, second)
    a.group(
        f"UPDATE {table} SET {column} = '000000000000000' WHERE id = {first}",
        f"UPDATE {table} SET {column} = '{one}' WHERE id = {second}",
        f"UPDATE {table} SET {column} = '{two}' WHERE id = {first}",
    )
    a.set("interventions", lab.ids("interventions")[0], titre="Dans le même lot")
    lab.settle()
    assert a.parked() == []
    assert a.conflicts() == []
    assert [lab.get(table, pk, column) for pk in (first, second)] == [two, one]
    assert keys(b, table, column, first, second) == [two, one]
    assert b.value("SELECT count(*) FROM sync_recus_rejetes") == 0
    lab.converged()


def test_three_rows_pass_a_key_on_and_a_new_one_takes_the_first(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    pks = lab.ids("equipements")[:3]
    x, y, z = keys(a, "equipements", "code_interne", *pks)
    client = lab.ids("clients")[0]
    a.group(
        f"UPDATE equipements SET code_interne = 'p' WHERE id = {pks[0]}",
        f"UPDATE equipements SET code_interne = '{x}' WHERE id = {pks[2]}",
        f"UPDATE equipements SET code_interne = '{z}' WHERE id = {pks[1]}",
        f"UPDATE equipements SET code_interne = 'neuf' WHERE id = {pks[0]}",
        "INSERT INTO equipements (id, agence_id, client_id, nom, code_interne, created_at, updated_at) "
        f"VALUES (8000000, {a.agence_id}, {client}, 'Pompe', '{y}', '{T}', '{T}')",
    )
    lab.settle()
    assert a.parked() == []
    assert keys(b, "equipements", "code_interne", *pks, 8_000_000) == ["neuf", z, x, y]
    lab.converged()


def test_an_exchange_that_meets_a_real_duplicate_is_parked_whole(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    first, second = lab.ids("clients")[:2]
    one, two = keys(a, "clients", "ice", first, second)
    b.sql("INSERT INTO clients (id, agence_id, nom_entreprise, ice, created_at, updated_at) "
          "VALUES (8100000, ?, 'Troisième', '009999999999999', ?, ?)", b.agence_id, T, T)  # fmt: skip
    a.group(
        f"UPDATE clients SET ice = NULL WHERE id = {first}",
        f"UPDATE clients SET ice = '{one}' WHERE id = {second}",
        f"UPDATE clients SET ice = '009999999999999' WHERE id = {first}",
    )
    b.sync()
    a.sync()
    assert [code for _, code, _ in a.parked()] == ["doublon"]
    assert [lab.get("clients", pk, "ice") for pk in (first, second)] == [one, two]


def test_an_exchange_against_a_change_at_the_centre_loses_visibly(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    first, second = lab.ids("clients")[:2]
    one, two = keys(a, "clients", "ice", first, second)
    a.group(
        f"UPDATE clients SET ice = NULL WHERE id = {first}",
        f"UPDATE clients SET ice = '{one}' WHERE id = {second}",
        f"UPDATE clients SET ice = '{two}' WHERE id = {first}",
    )
    lab.set("clients", first, ice="001112223334445")
    lab.settle()
    assert [(c[1], c[2], c[4], c[5]) for c in a.conflicts()] == [(first, "ice", two, "001112223334445")]
    assert keys(b, "clients", "ice", first, second) == ["001112223334445", one]
    lab.converged()


def test_keys_exchanged_at_the_centre_arrive_whole(lab: Lab) -> None:
    a = lab.device()
    first, second = lab.ids("equipements")[:2]
    one, two = keys(a, "equipements", "code_interne", first, second)
    for pk, value in ((first, "provisoire"), (second, one), (first, two)):
        lab.set("equipements", pk, code_interne=value)
    a.sync()
    assert keys(a, "equipements", "code_interne", first, second) == [two, one]
    assert a.value("SELECT count(*) FROM sync_recus_rejetes") == 0
    lab.converged()


def test_rows_that_refer_to_each_other_in_a_circle_come_and_go(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    client = lab.ids("clients")[0]
    with a.console() as db:
        db.execute("BEGIN IMMEDIATE")
        db.execute("PRAGMA defer_foreign_keys = ON")
        for pk, parent in ((9_100_001, 9_100_003), (9_100_002, 9_100_001), (9_100_003, 9_100_002)):
            db.execute(
                "INSERT INTO equipements (id, agence_id, client_id, parent_id, nom, code_interne, created_at, "
                "updated_at) VALUES (?, ?, ?, ?, 'Ronde', ?, ?, ?)",
                (pk, a.agence_id, client, parent, f"EQ-{pk}", T, T),
            )
        db.execute("COMMIT")
    lab.settle()
    assert a.parked() == []
    assert keys(b, "equipements", "parent_id", 9_100_001, 9_100_002, 9_100_003) == [9_100_003, 9_100_001, 9_100_002]
    with b.console() as db:
        db.execute("BEGIN IMMEDIATE")
        db.execute("PRAGMA defer_foreign_keys = ON")
        db.execute("DELETE FROM equipements WHERE nom = 'Ronde'")
        db.execute("COMMIT")
    lab.settle()
    assert b.parked() == []
    assert a.value("SELECT count(*) FROM equipements WHERE nom = 'Ronde'") == 0
    lab.converged()


@pytest.mark.parametrize("years", [3, -5])
def test_a_wrong_clock_neither_wins_nor_loses(lab: Lab, monkeypatch: pytest.MonkeyPatch, years: int) -> None:
    wrong, right = lab.device(), lab.device()
    first, second = lab.ids("interventions")[:2]
    real = clock.now

    def off() -> object:
        return real() + timedelta(days=365 * years)

    monkeypatch.setattr(clock, "now", off)
    stamp = clock.to_text(clock.now())
    wrong.set("interventions", first, titre="De l'horloge fausse", updated_at=stamp)
    wrong.set("interventions", second, diagnostic="Seule à changer", updated_at=stamp)
    right.set("interventions", first, titre="De l'horloge juste", updated_at=T)
    right.sync()
    wrong.sync()
    assert lab.get("interventions", first, "titre") == "De l'horloge juste", (
        "the first to arrive, not the latest clock"
    )
    lab.settle()
    assert [(c[2], c[4], c[5]) for c in wrong.conflicts()] == [("titre", "De l'horloge fausse", "De l'horloge juste")]
    assert right.get("interventions", second, "diagnostic") == "Seule à changer"
    right.set("interventions", second, diagnostic="Après")
    lab.settle()
    assert wrong.get("interventions", second, "diagnostic") == "Après"
    lab.converged()


def test_an_old_client_leaves_columns_that_it_does_not_know_alone(lab: Lab) -> None:
    """What a client of an earlier revision sends: the columns that it has, by name."""
    device, other = lab.device(), lab.device()
    pk = lab.ids("interventions")[0]
    lab.set("interventions", pk, recommandations="D'une colonne récente", satisfaction_client=4)
    old = {
        "n": 2, "d": {}, "r": [],
        "i": {"clients": {"c": ["id", "agence_id", "nom_entreprise", "created_at", "updated_at"],
                          "r": [[0, None, 8_200_000, device.agence_id, "D'un ancien poste", T, T]]}},
        "m": {"interventions": [{"c": ["titre"], "r": [[1, None, pk, 1, device.get("interventions", pk, "titre"),
                                                        "D'un ancien poste"]]}]},
    }  # fmt: skip
    content = json.dumps(old)
    connection = device.connect()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sync.pousser(%s::jsonb, 1, %s)", (content, hashlib.sha256(content.encode()).hexdigest())
        )
        outcome = cursor.fetchone()[0]
    connection.close()
    assert (outcome["gares"], outcome["conflits"]) == ([], [])
    other.sync()
    assert other.get("interventions", pk, "titre") == "D'un ancien poste"
    assert other.get("interventions", pk, "recommandations") == "D'une colonne récente"
    assert other.get("interventions", pk, "satisfaction_client") == 4
    assert other.get("clients", 8_200_000, "niveau_service") == other.value(
        "SELECT niveau_service FROM clients WHERE id <> 8200000 LIMIT 1"
    )


BACKFILL = """INSERT INTO clients (agence_id, nom_entreprise, created_at, updated_at)
  SELECT a.id, 'Ancien ' || i, now(), now() FROM agences a, generate_series(1, %s) i WHERE a.code = 'CAS'"""


def backfill(lab: Lab, rows: int) -> tuple[int, float]:
    """A central change of every row while two devices work: (round trips of one, seconds of the other's edit)."""
    lab.sql(BACKFILL, rows)
    a, b = lab.device(), lab.device()
    lab.settle()
    lab.sql("UPDATE clients SET notes = 'Reprise ' || id")
    pk = lab.ids("interventions")[0]
    b.set("interventions", pk, titre="Pendant la reprise")
    started = time.monotonic()
    b.sync()
    took = time.monotonic() - started
    assert lab.get("interventions", pk, "titre") == "Pendant la reprise"
    done = a.sync()
    assert done.pulled >= rows
    # One more each time a page is full, and no word of the rows goes back.
    assert rows // cycle.PULL_PAGE < done.round_trips <= rows // cycle.PULL_PAGE + 3
    assert done.pushed == 0
    assert a.waiting == 0
    idle = a.sync()
    assert (idle.pulled, idle.round_trips) == (0, 1)
    assert lab.value("SELECT count(*) FROM sync.row_state WHERE nom_table = 'clients'") == lab.value(
        "SELECT count(*) FROM clients"
    )
    lab.settle()
    lab.converged()
    return done.round_trips, took


def test_a_central_backfill_comes_in_pages_and_starts_no_storm(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cycle, "PULL_PAGE", 600)
    backfill(lab, 1_700)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_central_backfill_of_a_million_rows_starts_no_storm(lab: Lab) -> None:
    trips, took = backfill(lab, 1_000_000)
    assert trips <= 203
    assert took < 600


@pytest.mark.parametrize("count", [8, pytest.param(20, marks=pytest.mark.soak)])
def test_many_branches_at_once(lab: Lab, tmp_path: Path, count: int) -> None:
    crowd(lab, devices=count, changes=25)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_fifty_devices_come_back_after_a_day_offline(lab: Lab, tmp_path: Path) -> None:
    crowd(lab, devices=50, changes=500)


def crowd(lab: Lab, devices: int, changes: int) -> float:
    """All devices push and pull at once; seconds until every change is at the centre and on every device."""
    agences = ["CAS", "TNG"]
    group = [lab.device(agences[i % 2]) for i in range(devices)]
    for number, device in enumerate(group):
        with device.console() as db:
            db.execute("BEGIN IMMEDIATE")
            db.executemany(
                "INSERT INTO clients (id, agence_id, nom_entreprise, created_at, updated_at) VALUES (?, ?, ?, ?, ?)",
                [(10_000_000 * (number + 1) + i, device.agence_id, f"D{number}-{i}", T, T) for i in range(changes)],
            )
            db.execute("COMMIT")
    errors: list[BaseException] = []
    most = 0
    start = threading.Barrier(devices + 1)

    def work(device: Device) -> None:
        try:
            start.wait()
            for _ in range(8):
                try:
                    device.sync()
                    return
                except ErpError as error:
                    errors.append(error)
            raise AssertionError(f"device {device.poste} never got through")
        except BaseException as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=work, args=(d,)) for d in group]
    for thread in threads:
        thread.start()
    start.wait()
    started = time.monotonic()
    while any(t.is_alive() for t in threads):
        most = max(most, lab.value(
            "SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND usename ~ '_p[0-9]+$'"
        ))  # fmt: skip
        threads[0].join(0.05)
    seconds = time.monotonic() - started
    print(f"{devices} postes, {changes} changements chacun : {seconds:.1f} s, {most} connexions au plus")
    assert errors == []
    assert most <= devices, "one connection a device"
    assert lab.value("SELECT count(*) FROM clients WHERE id >= 10000000 AND nom_entreprise ~ '^D[0-9]+-'") == (
        devices * changes
    )
    assert all(d.parked() == [] and d.conflicts() == [] for d in group)
    lab.settle()
    lab.converged()
    return seconds
